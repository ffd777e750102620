//! Runs that exist already: one that is over runs again, and one that an operation cut short has started is followed.

use futures_util::future::BoxFuture;

use crate::domain::operation::{Plan, PlanPart, Request};
use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::pipeline::attempt;
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::{Ask, Plans};
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use std::time::Duration;

use jiff::SignedDuration;

use super::Draft;
use crate::clock::Timestamp;
use crate::config::WorkflowSettings;
use crate::domain::environment::{EnvInfo, Status};
use crate::domain::ids::Sha;
use crate::domain::operation::{Act, OpState, Operation, StepKind};
use crate::domain::pipeline::Run;
use crate::engine::operations::past::{Past, not_before, told, unread};
use crate::engine::operations::pipeline;
use crate::platform::github::Github;
use crate::sanitize::Text;

/// GitHub runs a run again for so long after it was made (docs/platforms/github.md section 4.3).
const RERUN_WITHIN: Duration = Duration::from_secs(30 * 24 * 3_600);
/// And so often.
const RERUNS: u32 = 50;

/// What is asked for.
pub(in crate::engine) struct Planner {
    pub(in crate::engine) run: u64,
    pub(in crate::engine) failed: bool,
}

impl Plans for Planner {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(async move {
            let (github, mut refusals) = (pipeline::github(ask)?, Vec::new());
            let asked = (self.run, self.failed);
            let draft = draft(github, ask.env, asked, ask.past, ask.now, &mut refusals).await?;
            pipeline::plan(ask, Request::Rerun { run: self.run, failed: self.failed }, draft, refusals).await
        })
    }
}

/// Jobs of a run that are asked for again; the run is followed to its end.
pub(in crate::engine) struct Work {
    pub(in crate::engine) run: u64,
    pub(in crate::engine) failed: bool,
}

impl Performs for Work {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            on.operator.run_again(on.operator.github()?, on.part, (self.run, self.failed), on.op, on.steps).await
        })
    }

    fn after_attempt(&self, part: &PlanPart) -> Option<u32> {
        part.revisions.first().and_then(|(_, attempt)| attempt.as_str().parse().ok())
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(attempt(operator, part))
    }

    fn done(&self, part: &PlanPart) -> String {
        format!("{} {}", part.resource, part.to.0)
    }
}

/// A run that an operation cut short had started: it is followed to its end, and nothing is sent.
pub(in crate::engine) struct Follow {
    pub(in crate::engine) run: u64,
}

impl Performs for Follow {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move { on.operator.followed(on.operator.github()?, self.run, on.op, on.steps).await })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(attempt(operator, part))
    }

    fn done(&self, part: &PlanPart) -> String {
        format!("{} {}", part.resource, part.to.0)
    }

    fn follows(&self, _: &PlanPart) -> Option<Text> {
        Some(Text::from(self.run.to_string()))
    }
}

/// A run that is over, to be run again; its limits are told before GitHub refuses for them in words that mislead.
pub(in crate::engine) async fn draft(
    github: &Github,
    env: &EnvInfo,
    (id, failed): (u64, bool),
    past: &Past,
    now: Timestamp,
    refusals: &mut Vec<Text>,
) -> Result<Draft, Text> {
    let run = github.run(id).await.map_err(|error| unread(error, id))?;
    let name = run.name();
    let ahead = github.ahead();
    if past.earlier.as_ref().is_some_and(|earlier| again(&run, earlier, ahead)) {
        if run.over() && run.status != Status::Ok {
            return Err(Text::from(format!(
                "{name} has run again already, and attempt {} is over: {}; leave the operation as it is, then it can be run once more",
                run.number.1, run.words
            )));
        }
        // One that has ended well is seen to have, and what it was to bring is proven.
        return Ok(follow(env, &run, Some(run.sha.clone())));
    }
    if past.earlier.as_ref().is_some_and(Operation::sent) {
        return Err(Text::from(format!(
            "{name} may have been asked to run again, and GitHub shows no newer attempt; nothing is sent again; look at it on \
             GitHub, then leave the operation as it is"
        )));
    }
    if !run.over() {
        refusals.push(Text::from(format!("{name} is not over yet: {}; cancel it first", run.words)));
    }
    let made = run.created_at.map_or(Duration::ZERO, |at| now.duration_since(at).try_into().unwrap_or_default());
    if made > RERUN_WITHIN {
        refusals.push(Text::from(format!(
            "{name} is older than 30 days: GitHub does not run it again; a promotion dispatches a new one"
        )));
    }
    if run.number.1 > RERUNS {
        refusals.push(Text::from(format!("{name} has run again 50 times: GitHub does not run it once more")));
    }
    if failed && run.status == Status::Ok {
        refusals.push(Text::from(format!("no job of {name} failed")));
    }
    let what = if failed { "the jobs that failed, and those that depend on them" } else { "every job" };
    let steps = vec![
        StepKind::AskRerun.step(format!("ask for {what} again")),
        StepKind::FollowRun.step("follow it to its end"),
    ];
    let warnings = vec![Text::from(format!(
        "it runs the workflow and the commit of then ({}), with the rights of {}",
        run.sha.short(),
        run.actor
    ))];
    let stays = vec![Text::from("secrets and variables: those of now")];
    let to = (Text::from(format!("attempt {}", run.number.1 + 1)), Some(run.sha.clone()));
    let part = pipeline::part(env, Some(&run), to, Act::Rerun { run: id, failed }, steps);
    Ok(Draft::of(part, warnings, stays))
}

/// Whether a run has run again since an operation asked for that, or for another one that it goes on with: whoever follows the run does so
/// since its new attempt was seen. Else by its attempts: a clock that differs makes the attempt before look younger than the call, or hides
/// the new one. Older journals have nothing but the time.
fn again(run: &Run, earlier: &Operation, ahead: SignedDuration) -> bool {
    if earlier.follows.as_ref().is_some_and(|id| id.as_str() == run.id.to_string()) {
        return true;
    }
    match earlier.after_attempt {
        Some(before) => run.number.1 > before,
        None => run.started_at.is_some_and(|at| not_before(at, ahead, earlier.started_at)),
    }
}

/// The run that an operation cut short had started: what was asked for is not asked for again. `None` = there is none.
pub(in crate::engine) async fn taken_up(
    github: &Github,
    env: &EnvInfo,
    earlier: &Operation,
    workflow: &WorkflowSettings,
) -> Result<Option<Draft>, Text> {
    // By its rows, not by its steps: a step begins before the intent of its call is written.
    let asked = earlier.follows.is_some() || earlier.called || earlier.state == OpState::Unknown;
    if !asked {
        return Ok(None);
    }
    let run = match earlier.follows.as_ref().and_then(|id| id.as_str().parse().ok()) {
        Some(id) => Some(github.run(id).await.map_err(told)?),
        None => {
            let since = earlier.after_run.map_or(Since::Time(earlier.started_at, github.ahead()), Since::Run);
            let runs = github.runs(30).await.map_err(told)?;
            runs.into_iter().rfind(|run| dispatched(run, &workflow.file, since))
        }
    };
    match run {
        Some(run) if run.over() && run.status != Status::Ok => {
            let text = format!(
                "{} is over: {}; leave the operation as it is, then promote anew or run it again",
                run.name(),
                run.words
            );
            Err(Text::from(text))
        }
        Some(run) => Ok(Some(follow(env, &run, earlier.commit.clone()))),
        None => Err(Text::from(format!(
            "a dispatch of {} may have been taken and its run is not listed; nothing is dispatched again; look at it on GitHub, \
             then `flightdeck leave` leaves it",
            workflow.file
        ))),
    }
}

/// What was there before a run was asked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Since {
    /// This one was the newest: GitHub numbers runs as they come.
    Run(u64),
    /// The time, where no run was kept, and how far GitHub's clock is ahead.
    Time(Timestamp, SignedDuration),
}

/// Whether it is a run of this workflow that was asked for since.
pub(in crate::engine) fn dispatched(run: &Run, file: &str, since: Since) -> bool {
    let later = match since {
        Since::Run(newest) => run.id > newest,
        Since::Time(after, ahead) => run.created_at.is_some_and(|at| not_before(at, ahead, after)),
    };
    later && run.event.as_str() == "workflow_dispatch" && run.of_file(file)
}

/// The commit is what the operation was to bring: the run's own is that of its branch, where the workflow takes another one.
fn follow(env: &EnvInfo, run: &Run, commit: Option<Sha>) -> Draft {
    let to = (run.words.clone(), commit);
    let title = format!("follow {} to its end; nothing is sent", run.name());
    let steps = vec![StepKind::FollowRun.step(title)];
    let part = pipeline::part(env, Some(run), to, Act::Follow { run: run.id }, steps);
    Draft::of(part, Vec::new(), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run_state::RunState;
    use crate::domain::testing;

    #[test]
    fn a_run_that_was_there_before_the_call_is_never_its_own_whatever_the_clocks_say() {
        let event = Text::from("workflow_dispatch");
        let run = Run { event, ..testing::run(137, RunState::Gated, Status::Paused) };
        // By the clock of the platform it was made three hours after the operation began.
        let (hours, at) = (SignedDuration::from_hours, run.created_at.unwrap());
        let own = |since| dispatched(&run, "deploy.yml", since);
        assert!(own(Since::Time(at - hours(3), hours(0))), "older journals have nothing but the time");
        assert!(!own(Since::Time(at + hours(3), hours(0))));
        assert!(own(Since::Time(at + hours(3), hours(-3))), "and what is known of the platform's clock");
        assert!(!own(Since::Run(137)) && own(Since::Run(136)));
        assert!(!dispatched(&run, "other.yml", Since::Run(136)));
    }

    #[test]
    fn another_attempt_is_known_by_its_number_whatever_the_clocks_say() {
        let attempt = |number: u32| {
            let run = testing::run(137, RunState::Ended, Status::Ok);
            Run { started_at: run.created_at, number: (run.number.0, number), ..run }
        };
        // The platform's clock is three hours ahead of ours, then three hours behind.
        for hours in [-3, 3] {
            let at = attempt(1).created_at.unwrap() + SignedDuration::from_hours(hours);
            let (id, title) = (crate::domain::ids::OpId(uuid::Uuid::nil()), Text::default());
            let begun = Operation::begun(id, crate::domain::operation::OpKind::Rerun, "production".into(), title, at);
            let asked = Operation { after_attempt: Some(1), ..begun.clone() };
            let again = |run: &Run, earlier: &Operation| again(run, earlier, SignedDuration::ZERO);
            assert!(!again(&attempt(1), &asked) && again(&attempt(2), &asked), "{hours}");
            assert_eq!(again(&attempt(1), &begun), hours < 0, "older journals have nothing but the time");
            // What an operation followed that went on with it has run again, though it began before that one.
            let followed = Operation { follows: Some(Text::from("137")), ..begun.clone() };
            assert!(again(&attempt(2), &followed), "{hours}");
            let other = Operation { follows: Some(Text::from("138")), ..begun };
            assert_eq!(again(&attempt(2), &other), hours < 0, "{hours}");
        }
    }

    #[test]
    fn the_attempt_that_was_the_newest_is_known_from_the_first_row_on() {
        let of = |act: Act| {
            let tier = crate::domain::environment::Tier::Production;
            let env = EnvInfo { id: "production".into(), tier, services: Vec::new(), writable: true };
            let to = (Text::from("attempt 3"), None);
            let run = testing::run(137, RunState::Ended, Status::Ok);
            let part = pipeline::part(&env, Some(&Run { number: (run.number.0, 2), ..run }), to, act, Vec::new());
            crate::engine::operations::work(&part.act).after_attempt(&part)
        };
        assert_eq!(of(Act::Rerun { run: 137, failed: false }), Some(2));
        assert_eq!(of(Act::Follow { run: 137 }), None, "it asks for none");
    }
}
