//! Restarting a fleet: machine by machine, each back in service before the next, so that some always serve.

use std::time::Duration;

use super::operator::{Operator, Trouble};
use super::steps::fleet::Fleet;
use super::steps::fly::Closed;
use super::steps::machine::{Is, as_planned};
use crate::domain::amount::amount_does;
use crate::domain::operation::{Operation, PlanPart};
use crate::platform::fly::{Fly, WaitResult};
use crate::sanitize::Text;

impl Operator {
    pub(in crate::engine) async fn restart(
        &self,
        fly: &Fly,
        part: &PlanPart,
        machines: &[Text],
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        for (index, id) in machines.iter().enumerate() {
            let work = async { Ok(((), self.restart_one(fly, part, id.as_str()).await?)) };
            self.leased_step(op, first + index, &[id.as_str()], work).await?;
        }
        // A plan over machines that cannot be read says at its end what it did not reach.
        if part.steps.len() == machines.len() {
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
        self.closed(op, first + machines.len(), part, look).await
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
