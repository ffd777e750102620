//! The operations: what a person may have done to an environment, each in one place. Two registries have a line for each: [`planner`] says who
//! plans what is asked for, [`work`] who carries a part of a plan out, reads again what it was computed on, and knows whether an edge can
//! show it. Nobody else in the engine decides by the kind of an operation.

mod blue_green;
mod calls;
mod guard;
pub(super) mod leases;
mod lever;
mod lookups;
pub(super) mod operator;
mod others;
pub(super) mod past;
mod pipeline;
pub(super) mod preflight;
mod promote;
mod prove;
mod redeploy;
mod restart;
mod revisions;
mod rollback;
pub(super) mod rows;
mod scale;
mod secret;
mod sought;
mod stands;
mod step_at;
mod steps;
mod told;
mod verified;
mod witness;

use futures_util::future::BoxFuture;

use self::operator::{Operator, Trouble};
use self::past::Past;
use self::revisions::Revisions;
use self::step_at::PartSteps;
use super::feeds::Clients;
use crate::clock::Timestamp;
use crate::config::Settings;
use crate::domain::environment::EnvInfo;
use crate::domain::operation::{Act, Operation, Plan, PlanPart, Request};
use crate::domain::spread::Spread;
use crate::platform::PlatformError;
use crate::sanitize::Text;

/// What a plan is computed from.
#[derive(Clone, Copy)]
struct Ask<'a> {
    clients: &'a Clients,
    settings: &'a Settings,
    env: &'a EnvInfo,
    past: &'a Past,
    now: Timestamp,
}

/// What is asked for, of one kind.
trait Plans: Send + Sync {
    /// Reads what it needs and computes the plan, or says why there can be none.
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>>;

    /// What is said of a service of which one part has arrived, or nothing, where a step failed.
    fn fell_short(&self, _: Spread) -> &'static str {
        "did not end well"
    }
}

/// A part of a plan that is carried out.
struct On<'a> {
    operator: &'a Operator,
    part: &'a PlanPart,
    op: &'a mut Operation,
    /// The steps that the plan has for it.
    steps: PartSteps<'a>,
}

/// How a part of a plan is carried out.
trait Performs: Send + Sync {
    /// Does it, step by step.
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>>;

    /// What the part was computed on, read again, in the form of the plan.
    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>>;

    /// Whether the edge can tell that it has arrived: it can where a commit changes there.
    fn shows(&self, _: &PlanPart) -> bool {
        true
    }

    /// The run or the deployment that it follows, where that is known before it begins.
    fn follows(&self, _: &PlanPart) -> Option<Text> {
        None
    }

    /// The attempt of a run that is the newest before it asks for another one.
    fn after_attempt(&self, _: &PlanPart) -> Option<u32> {
        None
    }

    /// What is said of it when it is done.
    fn done(&self, part: &PlanPart) -> String {
        format!("{} runs {}", part.service.name, part.to.0)
    }
}

/// Who plans it.
fn planner(request: &Request) -> Box<dyn Plans + '_> {
    match request {
        Request::RollBack(_) | Request::RollBackTo { .. } => Box::new(rollback::Planner { request }),
        Request::Promote => Box::new(promote::Planner),
        Request::Review { run, approve } => Box::new(pipeline::answer::Planner { run: *run, approve: *approve }),
        Request::Cancel { run } => Box::new(pipeline::cancel::Planner { run: *run }),
        Request::Rerun { run, failed } => Box::new(pipeline::rerun::Planner { run: *run, failed: *failed }),
        Request::Redeploy(service) => Box::new(redeploy::Planner { service }),
        Request::Restart(service) => Box::new(restart::Planner { service }),
        Request::Scale(service, counts) => Box::new(scale::Planner { service, counts }),
        Request::Throw(service, lever) => Box::new(lever::Planner { service, lever }),
        Request::SetSecret { service, key, value } => Box::new(secret::Planner { service, key, value }),
    }
}

/// Who does it.
fn work(act: &Act) -> Box<dyn Performs + '_> {
    match act {
        Act::FlyImage { image, waves, strategy, row, aside, anew } => Box::new(steps::fly::Roll {
            anew: *anew,
            image: image.as_str(),
            waves,
            strategy: *strategy,
            row: row.as_ref(),
            aside: aside.as_ref(),
        }),
        Act::FlySwap { image, blues, hold, row, aside } => Box::new(blue_green::perform::Swap {
            image: image.as_str(),
            blues,
            hold: *hold,
            row: row.as_ref(),
            aside: aside.as_ref(),
        }),
        Act::FlySwapBack { greens, blues, row } => Box::new(blue_green::perform::SwapBack { greens, blues, row }),
        Act::FlyScale { create, admit, destroy } => Box::new(scale::perform::Work { create, admit, destroy }),
        Act::FlyRestart { machines } => Box::new(restart::Work { machines }),
        Act::VercelRollback { asked } => Box::new(steps::vercel::Point { job: "rollback", asked: *asked }),
        Act::VercelPromote { asked } => Box::new(steps::vercel::Point { job: "promote", asked: *asked }),
        Act::VercelAliases(domains) => Box::new(steps::vercel::Aliases { domains }),
        Act::VercelBuild { .. } => Box::new(steps::vercel::Build),
        Act::VercelSwitch(lever) => Box::new(lever::perform::Work { lever }),
        Act::SetSecret { key, place } => Box::new(secret::perform::Work { key, place }),
        Act::Review { run, gates, approve } => Box::new(pipeline::answer::Work { run: *run, gates, approve: *approve }),
        Act::CancelRun { run, asked } => Box::new(pipeline::cancel::Work { run: *run, asked: *asked }),
        Act::Rerun { run, failed } => Box::new(pipeline::rerun::Work { run: *run, failed: *failed }),
        Act::Follow { run } => Box::new(pipeline::rerun::Follow { run: *run }),
        Act::Dispatch { workflow, reference, input } => {
            Box::new(promote::workflow::Work { workflow, reference, input })
        }
    }
}
