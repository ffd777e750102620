//! A run that is to end.

use futures_util::future::BoxFuture;

use crate::domain::environment::EnvInfo;
use crate::domain::operation::{Act, Operation, StepKind};
use crate::domain::operation::{Plan, PlanPart, Request};
use crate::domain::pipeline::RunState;
use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::past::Past;
use crate::engine::operations::past::unread;
use crate::engine::operations::pipeline::attempt;
use crate::engine::operations::pipeline::{self, Draft};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::{Ask, Plans};
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use crate::platform::github::Github;
use crate::sanitize::Text;

/// What is asked for.
pub(in crate::engine) struct Planner {
    pub(in crate::engine) run: u64,
}

impl Plans for Planner {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(async move {
            let (github, mut refusals) = (pipeline::github(ask)?, Vec::new());
            let draft = cancel(github, ask.env, self.run, ask.past, &mut refusals)
                .await
                .map_err(|error| unread(error, self.run))?;
            pipeline::plan(ask, Request::Cancel { run: self.run }, draft, refusals).await
        })
    }
}

/// A run whose end is asked for, and seen.
pub(in crate::engine) struct Work {
    pub(in crate::engine) run: u64,
    pub(in crate::engine) asked: bool,
}

impl Performs for Work {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(
            async move { on.operator.cancel(on.operator.github()?, (self.run, self.asked), on.op, on.steps).await },
        )
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

    // No commit changes by it.
    fn shows(&self, _: &PlanPart) -> bool {
        false
    }
}

async fn cancel(
    github: &Github,
    env: &EnvInfo,
    id: u64,
    past: &Past,
    refusals: &mut Vec<Text>,
) -> Result<Draft, PlatformError> {
    let run = github.run(id).await?;
    let name = run.name();
    let to = (Text::from("cancelled"), Some(run.sha.clone()));
    if past.earlier.is_some() && run.over() && run.state == RunState::Cancelled {
        let part = pipeline::part(env, Some(&run), to, Act::CancelRun { run: id, asked: true }, Vec::new());
        return Ok(Draft::arrived(part, format!("{name} is cancelled")));
    }
    if run.over() {
        let way = if past.earlier.is_some() { "; it was not cancelled; leave the operation as it is" } else { "" };
        refusals.push(Text::from(format!("{name} is over: {}{way}", run.words)));
    }
    // A run takes a while to end after it was asked to.
    let asked = past.earlier.as_ref().is_some_and(Operation::sent);
    let ask = (!asked).then(|| StepKind::AskCancel.step("ask for the end of the run"));
    let steps = ask.into_iter().chain([StepKind::FollowRun.step("see it end")]).collect();
    let warnings = vec![Text::from("a deploy under way stops where it is: check what is live afterwards")];
    let stays = vec![Text::from("what its jobs have deployed already")];
    let part = pipeline::part(env, Some(&run), to, Act::CancelRun { run: id, asked }, steps);
    Ok(Draft::of(part, warnings, stays))
}
