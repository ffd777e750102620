//! Restarting a fleet: machine by machine, each back in service before the next, so that some always serve.

use std::time::Duration;

use super::{Operator, Trouble};
use crate::domain::operation::{Operation, PlanPart};
use crate::platform::fly::{Fly, WaitResult};
use crate::sanitize::Text;

impl Operator {
    pub(super) async fn restart(
        &self,
        fly: &Fly,
        part: &PlanPart,
        machines: &[Text],
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let chosen = part.revisions.iter().filter(|(machine, _)| machines.contains(machine));
        for (index, (machine, version)) in chosen.enumerate() {
            let work = async {
                let told = self.restart_one(fly, (part.resource.as_str(), machine.as_str()), version.as_str()).await?;
                Ok(((), told))
            };
            self.step(op, first + index, work).await?;
        }
        Ok(())
    }

    async fn restart_one(&self, fly: &Fly, (app, id): (&str, &str), version: &str) -> Result<Text, Trouble> {
        let mut lease = self.lease(fly, app, id).await?;
        let restarted = async {
            self.turn(&format!("POST restart of machine {id}"), || fly.restart_machine(app, id, &lease)).await?;
            match self.look(|| fly.wait(app, id, version, "started", Duration::from_secs(60))).await? {
                WaitResult::Reached => {}
                WaitResult::TimedOut => {
                    return Err(Trouble::Failed(Text::from(format!("machine {id} did not start again in 60 s"))));
                }
            }
            self.checks(fly, (app, id), version, None, Some(&mut lease)).await
        }
        .await;
        self.give_back(fly, app, id, &lease).await;
        restarted
    }
}
