//! What a concurrency group means for a plan: who would have to wait for whom, and who would be called off
//! (docs/platforms/github.md section 4.6).

use crate::domain::pipeline::{LaneRun, Run, RunState};
use crate::platform::PlatformError;
use crate::platform::github::Github;
use crate::sanitize::Text;

/// Who waits for this run, in words: its gate holds them, too. What cannot be read is no reason against an answer.
pub(in crate::engine) async fn held_by(github: &Github, run: &Run) -> Vec<Text> {
    let mut found = Vec::new();
    for group in github.lanes_of(run.id).await.into_iter().flatten() {
        let members = github.lane(group.as_str()).await.unwrap_or_default();
        if members.first().is_some_and(|first| first.run == run.id) && members.len() > 1 {
            let waits = names(members.iter().skip(1));
            found.push(Text::from(format!("it holds lane {group}: {waits} behind it")));
        }
    }
    found
}

/// What a new run of a workflow meets: one that holds its lane, and one that waits there and that GitHub would cancel for it.
pub(in crate::engine) async fn met_by_a_new_run(github: &Github, file: &str) -> Result<Vec<Text>, PlatformError> {
    let mut found: Vec<Text> = Vec::new();
    // A run may wait for its lane for days, with many newer ones before it in the list.
    let runs = github.current(100).await?;
    for run in runs.iter().filter(|run| run.of_file(file) && !run.over()) {
        let words = match github.lanes_of(run.id).await {
            Ok(groups) if groups.is_empty() => continue,
            _ if run.state == RunState::Blocked => "waits for its lane already: GitHub cancels it for a newer one",
            _ => "is under way and may hold the lane: a new run waits for its end",
        };
        found.push(Text::from(format!("{} #{} ({}) {words}", run.workflow, run.number.0, run.words)));
    }
    Ok(found)
}

fn names<'a>(runs: impl Iterator<Item = &'a LaneRun>) -> String {
    let all: Vec<String> = runs.map(|one| format!("{} {}", one.name, one.run)).collect();
    format!("{} {}", all.join(", "), if all.len() == 1 { "waits" } else { "wait" })
}
