//! Reads concurrency groups, only while a run waits for one: a group that nobody waits for holds nobody up.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::pipeline::{Lane, LaneRun, Run, RunState};
use crate::platform::github::Github;
use crate::sanitize::Text;

/// Fills in the lanes of the runs. What cannot be read stays empty: the run itself says that it is `pending`, and a server that does
/// not know the endpoint must not take away the list of runs.
pub(super) async fn fill(github: &Github, runs: &mut [Run]) {
    let mut groups: BTreeSet<String> = BTreeSet::new();
    for run in runs.iter().filter(|run| waits(run)) {
        groups.extend(github.lanes_of(run.id).await.into_iter().flatten().map(|name| name.to_string()));
    }
    let numbers: BTreeMap<u64, u64> = runs.iter().map(|run| (run.id, run.number.0)).collect();
    for group in groups {
        let Ok(mut members) = github.lane(&group).await else { continue };
        for one in &mut members {
            if let Some(number) = numbers.get(&one.run) {
                one.name = Text::from(format!("{} #{number}", one.name));
            }
        }
        for run in &mut *runs {
            run.lanes.extend(lane(&group, &members, run.id));
        }
    }
}

fn waits(run: &Run) -> bool {
    run.state == RunState::Blocked || run.jobs.iter().any(|job| job.state == RunState::Blocked)
}

fn lane(group: &str, members: &[LaneRun], run: u64) -> Option<Lane> {
    let at = members.iter().position(|one| one.run == run)?;
    let (ahead, behind) = (members.get(..at)?, members.get(at + 1..)?);
    Some(Lane { group: Text::clean(group), ahead: ahead.to_vec(), behind: behind.to_vec() })
}
