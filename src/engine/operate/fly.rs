//! Fly: a new release with an old image, machine by machine (fly.md section 7).

use std::time::Duration;

use super::{LOOK, Operator, PATIENCE, Trouble};
use crate::domain::operation::{Operation, PlanPart};
use crate::platform::fly::{Fly, Lease, WaitResult};
use crate::sanitize::Text;

/// A lease outlives the wait for a version; it is prolonged while checks settle (fly.md section 3.4).
const LEASE: Duration = Duration::from_secs(120);

impl Operator {
    pub(super) async fn fly(
        &self,
        fly: &Fly,
        part: &PlanPart,
        image: &str,
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        let definition = serde_json::json!({});
        let step = self.step(op, first, async {
            let row = self
                .change(&format!("POST release of {app}"), fly.create_release(app, image, "rolling", &definition))
                .await?;
            self.change(&format!("PATCH release {} running", row.id), fly.patch_release(&row.id, "running")).await?;
            Ok((row.clone(), Text::from(format!("v{}", row.version))))
        });
        let row = step.await?;
        let machines = part.steps.len().saturating_sub(2);
        for index in 0..machines {
            let Some((id, revision)) = part.revisions.get(index) else { break };
            let work = async {
                let detail =
                    self.machine(fly, app, (id.as_str(), revision.as_str()), image, (&row.id, row.version)).await?;
                Ok(((), detail))
            };
            if let Err(trouble) = self.step(op, first + 1 + index, work).await {
                // Best effort: a row that stays `running` misleads everybody else.
                let _ = self
                    .change(&format!("PATCH release {} failed", row.id), fly.patch_release(&row.id, "failed"))
                    .await;
                return Err(trouble);
            }
        }
        let close = async {
            self.change(&format!("PATCH release {} complete", row.id), fly.patch_release(&row.id, "complete")).await?;
            Ok(((), Text::from(format!("v{} complete", row.version))))
        };
        self.step(op, first + 1 + machines, close).await
    }

    async fn machine(
        &self,
        fly: &Fly,
        app: &str,
        (id, revision): (&str, &str),
        image: &str,
        (release, version): (&str, u64),
    ) -> Result<Text, Trouble> {
        let mut lease = self.change(&format!("lease machine {id}"), fly.acquire_lease(app, id, LEASE)).await?;
        let updated = async {
            let now = fly.machine(app, id).await.map_err(|error| Trouble::of_read(&error))?;
            if now.instance_id != revision {
                return Err(Trouble::Failed(Text::from(format!("machine {id} was changed by somebody else"))));
            }
            let mut config = now.config;
            config["image"] = image.into();
            config["metadata"]["fly_release_id"] = release.into();
            config["metadata"]["fly_release_version"] = version.to_string().into();
            let call = format!("update machine {id} to {image}");
            let machine = self.turn(&call, fly.update_machine(app, id, &config, revision, &lease)).await?;
            self.settle(fly, (app, id), &machine.instance_id, image, &mut lease).await
        }
        .await;
        let _ = self.change(&format!("release the lease of {id}"), fly.release_lease(app, id, &lease)).await;
        updated
    }

    /// Waits for the version, then looks at what really runs: a machine may have fallen back to its old one.
    async fn settle(
        &self,
        fly: &Fly,
        (app, id): (&str, &str),
        version: &str,
        image: &str,
        lease: &mut Lease,
    ) -> Result<Text, Trouble> {
        let waited = fly.wait(app, id, version, "started", Duration::from_secs(60)).await;
        match waited {
            Ok(WaitResult::Reached) => {}
            Ok(WaitResult::TimedOut) => {
                return Err(Trouble::Failed(Text::from(format!("machine {id} did not start in 60 s"))));
            }
            Err(error) => return Err(Trouble::of_read(&error)),
        }
        let wanted = fly.image(app, image).await.map_err(|error| Trouble::of_read(&error))?;
        let end = self.clock.mono() + PATIENCE;
        let mut prolong = self.clock.mono() + LEASE / 4;
        loop {
            if self.clock.mono() > prolong {
                // Nobody else may touch the machine while its checks settle.
                *lease = self
                    .change(&format!("prolong the lease of {id}"), fly.refresh_lease(app, id, lease, LEASE))
                    .await?;
                prolong = self.clock.mono() + LEASE / 4;
            }
            let machine = fly.machine(app, id).await.map_err(|error| Trouble::of_read(&error))?;
            if machine.instance_id != version || (wanted.is_some() && machine.digest != wanted) {
                return Err(Trouble::Failed(Text::from(format!(
                    "machine {id} fell back: it does not run the image that was asked for, whatever its release row says"
                ))));
            }
            let (passing, all) = machine.checks;
            if all > 0 && passing == all {
                return Ok(Text::from(format!("{passing}/{all} checks pass")));
            }
            if self.clock.mono() > end {
                let words: Vec<String> = machine.check_words.iter().map(ToString::to_string).collect();
                return Err(Trouble::Failed(Text::from(format!(
                    "checks of machine {id} do not pass: {}",
                    words.join("; ")
                ))));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
