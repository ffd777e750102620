//! A restart of a fleet: machine by machine, each back in service before the next, so that some always serve.

use futures_util::future::BoxFuture;

use super::steps::fleet;
use super::steps::fleet::{fleet, fly, part};
use crate::clock::Timestamp;
use crate::domain::environment::EnvInfo;
use crate::domain::ids::ServiceId;
use crate::domain::operation::{Act, Plan, Request, StepKind};
use crate::engine::feeds::Clients;
use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::past::{Past, not_before};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::step_at::PartSteps;
use crate::engine::operations::{Ask, Plans};
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use crate::platform::fly::Machine;

use std::time::Duration;

use super::steps::fleet::Fleet;
use super::steps::fly::Closed;
use super::steps::machine::{Is, as_planned};
use crate::domain::amount::amount_does;
use crate::domain::operation::{Operation, PlanPart};
use crate::platform::fly::{Fly, WaitResult};
use crate::sanitize::Text;

/// What is asked for.
pub(in crate::engine) struct Planner<'a> {
    pub(in crate::engine) service: &'a ServiceId,
}

impl Plans for Planner<'_> {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(plan(ask.clients, ask.env, self.service, ask.past, ask.now))
    }
}

/// Machines that are started anew, one by one.
pub(in crate::engine) struct Work<'a> {
    pub(in crate::engine) machines: &'a [Text],
}

impl Performs for Work<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move { on.operator.restart(on.operator.fly()?, on.part, self.machines, on.op, on.steps).await })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(fleet::now(operator, part))
    }
}

/// Every machine started anew, one by one; after an operation cut short, those that it has not come to.
pub(in crate::engine) async fn plan(
    clients: &Clients,
    env: &EnvInfo,
    service: &ServiceId,
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let (fly, info) = fly(clients, env, service, "restarted")?;
    let all = fleet(fly, info).await?;
    let (mut fleet, alone) = (all.whole.clone(), all.len() == 1);
    let resting = |machine: &&Machine| machine.rests();
    let rest: Vec<Text> = fleet
        .iter()
        .filter(resting)
        .map(|one| {
            let text = format!("{}: machine {} {} is {} and stays so", info.id.name, one.id, one.region, one.state);
            Text::from(text)
        })
        .collect();
    if rest.len() == all.len() {
        return Err(Text::from(format!("no machine of {} runs: there is nothing to restart", info.id)));
    }
    fleet.retain(|machine| !machine.rests());
    if let Some(earlier) = &past.earlier {
        fleet.retain(|machine| machine.updated_at.is_none_or(|at| !not_before(at, fly.ahead(), earlier.started_at)));
    }
    let step = |machine: &Machine| {
        let title = format!("machine {} {}: restart, wait, checks", machine.id, machine.region);
        StepKind::RestartMachine.step_of(&machine.id, title)
    };
    // One on its way out need not be restarted.
    let short = !all.unread.is_empty();
    let whole = short.then(|| StepKind::JudgeFleet.step(format!("see that all {} machines were restarted", all.len())));
    let steps = fleet.iter().map(step).chain(whole).collect();
    let machines = fleet.iter().map(|machine| Text::from(machine.id.as_str())).collect();
    let part = part(info, &all, Act::FlyRestart { machines }, steps);
    let alone = alone.then(|| Text::from("it has one machine: nothing serves while it starts"));
    Ok(Plan {
        stays: vec![Text::from("image and settings")],
        // docs/platforms/fly.md section 9: whatever starts reads the vault.
        warnings: all
            .warnings(&info.id.name)
            .into_iter()
            .chain(rest)
            .chain(alone)
            .chain([Text::from("secrets that were set meanwhile take effect")])
            .collect(),
        ..Plan::of(Request::Restart(service.clone()), env.id.clone(), vec![part], now)
    })
}

impl Operator {
    pub(in crate::engine) async fn restart(
        &self,
        fly: &Fly,
        part: &PlanPart,
        machines: &[Text],
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        for id in machines {
            let work = async { Ok(((), self.restart_one(fly, part, id.as_str()).await?)) };
            self.leased_step(op, steps.of(StepKind::RestartMachine, id.as_str()), &[id.as_str()], work).await?;
        }
        // A plan over machines that cannot be read says at its end what it did not reach.
        if !steps.has(StepKind::JudgeFleet) {
            return Ok(());
        }
        let look = async {
            let fleet = Fleet::of(self.look(|| fly.machines(part.resource.as_str())).await?);
            Ok(match fleet.part().filter(|_| !fleet.unread.is_empty()) {
                Some(told) => Closed::Part(Text::from(format!("restarted {told}"))),
                None if fleet.len() == part.revisions.len() => {
                    return Err(Trouble::Failed(Text::from(
                        "machines that could not be read are back: they were not restarted",
                    )));
                }
                None => {
                    let listed = amount_does(fleet.len(), "machine", ("is", "are"));
                    let text = format!("{listed} listed, the plan was for {}", part.revisions.len());
                    return Err(Trouble::Failed(Text::from(text)));
                }
            })
        };
        self.closed(op, steps.at(StepKind::JudgeFleet), part, look).await
    }

    async fn restart_one(&self, fly: &Fly, part: &PlanPart, id: &str) -> Result<Text, Trouble> {
        let app = part.resource.as_str();
        let mut lease = self.lease(fly, app, id).await?;
        let restarted = async {
            let now = self.look(|| fly.machine(app, id)).await?;
            as_planned(part, &now)?;
            let version = now.instance_id.as_str();
            let taken = || async {
                let there = fly.machine(app, id).await?;
                let moved = there.state.as_str() == "restarting" || there.updated_at > now.updated_at;
                Ok((moved && there.instance_id == version).then_some(()))
            };
            let call = format!("POST restart of machine {id}");
            self.turn_or_find(&call, || fly.restart_machine(app, id, &lease), taken).await?;
            match self.look(|| fly.wait(app, id, version, "started", Duration::from_secs(60))).await? {
                WaitResult::Reached => {}
                WaitResult::TimedOut => {
                    return Err(Trouble::Failed(Text::from(format!("machine {id} did not start again in 60 s"))));
                }
            }
            self.checks(fly, app, &Is { id, version, rests: false }, (None, None), Some(&mut lease)).await
        }
        .await;
        self.give_back(fly, app, id, &lease).await;
        restarted
    }
}
