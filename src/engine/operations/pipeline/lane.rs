//! What a concurrency group means for a plan: who would have to wait for whom, and who would be called off
//! (docs/platforms/github.md section 4.6).

use crate::domain::ids::Sha;
use crate::domain::pipeline::{Gate, LaneRun, Run, RunState};
use crate::platform::PlatformError;
use crate::platform::github::Github;
use crate::sanitize::Text;

/// Who waits for this run, in words: its gate holds them, too. What cannot be read is no reason against an answer.
pub(in crate::engine) async fn held_by(github: &Github, run: &Run) -> Vec<Text> {
    let mut found = Vec::new();
    for group in github.lanes_of(run.id).await.into_iter().flatten() {
        let members = github.lane(group.as_str()).await.unwrap_or_default();
        if members.first().is_some_and(|first| first.run == run.id) && members.len() > 1 {
            let waits = named(github, members.iter().skip(1)).await;
            let does = if waits.len() == 1 { "waits" } else { "wait" };
            found
                .push(Text::from(format!("it holds concurrency group {group}: {} {does} behind it", waits.join(", "))));
        }
    }
    found
}

/// What a new run of a workflow for this commit meets: one that deploys it already, one that holds its concurrency group, and one that waits
/// there and that GitHub would cancel for it.
pub(in crate::engine) async fn met_by_a_new_run(
    github: &Github,
    file: &str,
    commit: &Sha,
) -> Result<Vec<Text>, PlatformError> {
    let mut found: Vec<Text> = Vec::new();
    // A run may wait for its group for days, with many newer ones before it in the list.
    let runs = github.current(100).await?;
    for run in runs.iter().filter(|run| run.may_be_of(file) && !run.over()) {
        if run.placeless() {
            found.push(untold(run));
        } else if deploys(run, commit) {
            found.push(already(run, commit, &github.pending_deployments(run.id).await?));
        }
        let words = match github.lanes_of(run.id).await {
            Ok(groups) if groups.is_empty() => continue,
            _ if run.state == RunState::Blocked => {
                "waits for its concurrency group already: GitHub cancels it for a newer one"
            }
            _ => "is under way and may hold the concurrency group: a new run waits for its end",
        };
        found.push(Text::from(format!("{} ({}) {words}", run.name(), run.words)));
    }
    Ok(found)
}

/// That a run may deploy there, too: nothing tells of which workflow it is.
fn untold(run: &Run) -> Text {
    Text::from(format!("{} ({}) may deploy there: its workflow's file is not told", run.name(), run.words))
}

/// Whether a run brings a commit, as far as its own tells: what is dispatched may take another one as its input.
fn deploys(run: &Run, commit: &Sha) -> bool {
    run.sha.same(commit) && run.event.as_str() != "workflow_dispatch"
}

/// That a run brings the commit already, and what is to be done instead of another one.
fn already(run: &Run, commit: &Sha, gates: &[Gate]) -> Text {
    let (name, sha) = (run.name(), commit.short());
    // Of several, the one that needs a person, or something else that does not come by itself.
    let named = gates.iter().find(|gate| !gate.reviewers.is_empty());
    let gate = named.or_else(|| gates.iter().find(|gate| !gate.opens_itself())).or(gates.first());
    let Some(gate) = gate else {
        return Text::from(format!("{name} already deploys {sha}: its end is to be waited for instead"));
    };
    let end = match (gate.opens_itself(), gate.reviewers.is_empty()) {
        (true, _) => ": it goes on by itself",
        (false, true) => ": its end is to be waited for instead",
        (false, false) => ": approve it instead",
    };
    Text::from(format!("{name} already deploys {sha} and {}{end}", gate.waits()))
}

/// Runs of a group as people call them; by the platform's name alone where they cannot be read.
pub(in crate::engine) async fn named<'a>(github: &Github, runs: impl Iterator<Item = &'a LaneRun>) -> Vec<String> {
    let name = async |one: &LaneRun| github.run(one.run).await.map_or_else(|_| one.name.to_string(), |run| run.name());
    let mut all = Vec::new();
    for one in runs {
        all.push(name(one).await);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Status;
    use crate::domain::testing;

    #[test]
    fn a_promotion_is_told_of_the_run_that_brings_its_commit_already() {
        let run = testing::run(137, RunState::Gated, Status::Paused);
        let commit = run.sha.clone();
        let gate = |wait_minutes: u32, who: &[&str]| Gate {
            env: "production".into(),
            env_number: 1,
            wait_minutes,
            wait_since: None,
            reviewers: who.iter().map(|who| Text::from(*who)).collect(),
            may_approve: false,
        };
        let told = already(&run, &commit, &[gate(30, &[]), gate(0, &["tkowal"])]);
        let expected =
            format!("{} already deploys {} and waits for tkowal: approve it instead", run.name(), commit.short());
        assert_eq!(told.as_str(), expected);
        let ends = |gates: &[Gate], end: &str| {
            let told = already(&run, &commit, gates);
            assert!(told.as_str().ends_with(&format!(" and {end}")), "{told}");
        };
        ends(&[gate(30, &[])], "waits for its timer: it goes on by itself");
        let nobody = "waits at a gate that names no reviewer: its end is to be waited for instead";
        ends(&[gate(0, &[])], nobody);
        ends(&[gate(30, &[]), gate(0, &[])], nobody);
        assert!(already(&run, &commit, &[]).as_str().contains("its end is to be waited for"));
        let push = Run { event: Text::from("push"), ..run };
        assert!(deploys(&push, &commit) && !deploys(&push, &"f00dfee0000".into()));
        let placeless = untold(&Run { file: Text::default(), ..push.clone() });
        assert!(placeless.as_str().ends_with("may deploy there: its workflow's file is not told"), "{placeless}");
        let dispatched = Run { event: Text::from("workflow_dispatch"), ..push };
        assert!(!deploys(&dispatched, &commit), "its input may be another one");
    }
}
