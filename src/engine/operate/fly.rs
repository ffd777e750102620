//! Fly: a new release with an old image, machine by machine (fly.md section 7).

use std::time::Duration;

use futures_util::future::join_all;

use super::leases::LEASE;
use super::{LOOK, Operator, PATIENCE, Trouble};
use crate::domain::manner::Strategy;
use crate::domain::operation::{Operation, PlanPart, StepState};
use crate::platform::fly::{Fly, Lease, Machine, WaitResult};
use crate::sanitize::Text;

/// What a fleet is moved to.
pub(super) struct Roll<'a> {
    /// The image.
    pub(super) image: &'a str,
    /// Machines that do not run it yet, those of one wave side by side.
    pub(super) waves: &'a [Vec<Text>],
    /// In which way.
    pub(super) strategy: Strategy,
    /// A release row left open: id and version.
    pub(super) row: Option<&'a (Text, u64)>,
}

impl Operator {
    pub(super) async fn fly(
        &self,
        fly: &Fly,
        part: &PlanPart,
        to: Roll<'_>,
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        let row = self.step(op, first, self.row(fly, app, (to.image, to.strategy.word()), to.row)).await?;
        let rolled = self.roll(fly, part, (&to, &row), op, first + 1).await;
        if let Err(trouble) = rolled {
            // Best effort: a row that stays `running` misleads everybody else. Where it is not known what happened, the
            // row stays open for whoever finishes it.
            if matches!(trouble, Trouble::Failed(_)) {
                let call = format!("PATCH release {} failed", row.0);
                let _ = self.change(&call, || fly.patch_release(&row.0, "failed")).await;
            }
            return Err(trouble);
        }
        let machines: usize = to.waves.iter().map(Vec::len).sum();
        let looked = usize::from(to.strategy == Strategy::Immediate);
        self.step(op, first + 1 + machines + looked, self.close(fly, app, &row, to.image)).await
    }

    /// Wave after wave; what is sent to all at once is looked at afterwards.
    async fn roll(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (to, row): (&Roll<'_>, &(String, u64)),
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let careful = to.strategy != Strategy::Immediate;
        let mut updated: Vec<(String, String)> = Vec::new();
        let mut at = first;
        for wave in to.waves {
            for index in 0..wave.len() {
                self.begin_step(op, at + index).await;
            }
            let work = wave.iter().map(|machine| {
                let revision = part.revisions.iter().find(|(id, _)| id == machine);
                let revision = revision.map_or("", |(_, revision)| revision.as_str());
                self.machine(fly, part.resource.as_str(), (machine.as_str(), revision), (to.image, row), careful)
            });
            let mut trouble = None;
            for (index, ended) in join_all(work).await.into_iter().enumerate() {
                match ended {
                    Ok((version, told)) => {
                        updated.extend(wave.get(index).map(|machine| (machine.to_string(), version)));
                        self.end_step(op, at + index, StepState::Done, told).await;
                    }
                    Err(wrong) => {
                        self.fail_step(op, at + index, &wrong).await;
                        // What is not known weighs more than what failed.
                        if trouble.is_none() || matches!(wrong, Trouble::Unknown(_)) {
                            trouble = Some(wrong);
                        }
                    }
                }
            }
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
            at += wave.len();
        }
        if careful {
            return Ok(());
        }
        let look = async {
            let app = part.resource.as_str();
            let settled = updated.iter().map(|(id, version)| self.settle(fly, (app, id), version, to.image, None));
            for told in join_all(settled).await {
                told?;
            }
            Ok(((), Text::from(format!("{} machines run it, checks pass", updated.len()))))
        };
        self.step(op, at, look).await
    }

    /// Records the release, or goes on with the row that was left open.
    pub(super) async fn row(
        &self,
        fly: &Fly,
        app: &str,
        (image, strategy): (&str, &str),
        row: Option<&(Text, u64)>,
    ) -> Result<((String, u64), Text), Trouble> {
        if let Some((id, version)) = row {
            return Ok(((id.to_string(), *version), Text::from(format!("v{version}"))));
        }
        // What is deployed with it is the configuration of now: without it the row would tell of none.
        let definitions = self.look(|| fly.definitions(app)).await?;
        let known = definitions.into_iter().map(|(_, definition)| definition).find(serde_json::Value::is_object);
        let definition = known.unwrap_or_else(|| serde_json::json!({}));
        let create = || fly.create_release(app, image, strategy, &definition);
        let row = self.change(&format!("POST release of {app}"), create).await?;
        self.change(&format!("PATCH release {} running", row.id), || fly.patch_release(&row.id, "running")).await?;
        Ok(((row.id, row.version), Text::from(format!("v{}", row.version))))
    }

    /// Judges the whole fleet by image and checks, and closes the release: what was well a minute ago may not be.
    pub(super) async fn close(
        &self,
        fly: &Fly,
        app: &str,
        (id, version): &(String, u64),
        image: &str,
    ) -> Result<((), Text), Trouble> {
        let wanted = self.look(|| fly.image(app, image)).await?;
        let other = |one: &Machine| wanted.is_some() && one.digest != wanted;
        let ill = |one: &Machine| one.state.as_str() == "started" && one.checks.0 < one.checks.1;
        // A check that fails once while connections move is no verdict.
        let end = self.clock.mono() + PATIENCE / 4;
        let fleet = loop {
            let mut fleet = self.look(|| fly.machines(app)).await?;
            fleet.retain(|one| one.managed && one.host_status.as_str() == "ok");
            let settled = fleet.iter().any(other) || !fleet.iter().any(ill);
            if settled || self.clock.mono() > end {
                break fleet;
            }
            tokio::time::sleep(LOOK).await;
        };
        if let Some(machine) = fleet.iter().find(|one| other(one) || ill(one)) {
            let call = format!("PATCH release {id} failed");
            let _ = self.change(&call, || fly.patch_release(id, "failed")).await;
            let words: Vec<String> = machine.check_words.iter().map(ToString::to_string).collect();
            let what = if other(machine) { "it runs another image".to_owned() } else { words.join("; ") };
            return Err(Trouble::Failed(Text::from(format!("machine {}: {what}", machine.id))));
        }
        self.change(&format!("PATCH release {id} complete"), || fly.patch_release(id, "complete")).await?;
        Ok(((), Text::from(format!("v{version} complete on {} machines", fleet.len()))))
    }

    /// Updates a machine, and waits until it is well where that is asked for. The version that it has then.
    async fn machine(
        &self,
        fly: &Fly,
        app: &str,
        (id, revision): (&str, &str),
        (image, (release, version)): (&str, &(String, u64)),
        careful: bool,
    ) -> Result<(String, Text), Trouble> {
        let mut lease = self.lease(fly, app, id).await?;
        let updated = async {
            let now = self.look(|| fly.machine(app, id)).await?;
            if now.instance_id != revision {
                return Err(Trouble::Failed(Text::from(format!("machine {id} was changed by somebody else"))));
            }
            let mut config = now.config;
            config["image"] = image.into();
            config["metadata"]["fly_release_id"] = release.as_str().into();
            config["metadata"]["fly_release_version"] = version.to_string().into();
            let call = format!("update machine {id} to {image}");
            let machine = self.turn(&call, || fly.update_machine(app, id, &config, revision, &lease)).await?;
            if !careful {
                return Ok((machine.instance_id, Text::from("updated")));
            }
            let told = self.settle(fly, (app, id), &machine.instance_id, image, Some(&mut lease)).await?;
            Ok((machine.instance_id, told))
        }
        .await;
        self.give_back(fly, app, id, &lease).await;
        updated
    }

    /// Waits for the version, then looks at what really runs: a machine may have fallen back to its old one.
    pub(super) async fn settle(
        &self,
        fly: &Fly,
        (app, id): (&str, &str),
        version: &str,
        image: &str,
        lease: Option<&mut Lease>,
    ) -> Result<Text, Trouble> {
        let waited = self.look(|| fly.wait(app, id, version, "started", Duration::from_secs(60))).await?;
        match waited {
            WaitResult::Reached => {}
            WaitResult::TimedOut => {
                let machine = self.look(|| fly.machine(app, id)).await?;
                if machine.instance_id != version {
                    return Err(Trouble::Failed(fell_back(id)));
                }
                return Err(Trouble::Failed(Text::from(format!("machine {id} did not start in 60 s"))));
            }
        }
        let wanted = self.look(|| fly.image(app, image)).await?;
        self.checks(fly, (app, id), version, wanted.as_ref(), lease).await
    }

    /// Waits until the checks of a machine pass, while it runs this version (and this image, where one is wanted).
    pub(super) async fn checks(
        &self,
        fly: &Fly,
        (app, id): (&str, &str),
        version: &str,
        wanted: Option<&Text>,
        mut lease: Option<&mut Lease>,
    ) -> Result<Text, Trouble> {
        let end = self.clock.mono() + PATIENCE;
        let mut prolong = self.clock.mono() + LEASE / 4;
        loop {
            if let Some(lease) = lease.as_deref_mut().filter(|_| self.clock.mono() > prolong) {
                self.prolong(fly, app, id, lease).await?;
                prolong = self.clock.mono() + LEASE / 4;
            }
            let machine = self.look(|| fly.machine(app, id)).await?;
            if machine.instance_id != version || (wanted.is_some() && machine.digest.as_ref() != wanted) {
                return Err(Trouble::Failed(fell_back(id)));
            }
            let (passing, all) = machine.checks;
            if all == 0 && !has_checks(&machine.config) {
                return Ok(Text::from("started; no checks are configured"));
            }
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

/// Whether a configuration names checks: a machine that has just started may not have reported them yet.
pub(in crate::engine) fn has_checks(config: &serde_json::Value) -> bool {
    let some = |checks: &serde_json::Value| {
        checks.as_object().is_some_and(|all| !all.is_empty()) || checks.as_array().is_some_and(|all| !all.is_empty())
    };
    let services = config["services"].as_array().into_iter().flatten();
    some(&config["checks"]) || services.into_iter().any(|service| some(&service["checks"]))
}

/// A machine that went back to its old configuration by itself.
fn fell_back(id: &str) -> Text {
    Text::from(format!(
        "machine {id} fell back to its old version: it does not run the image that was asked for, whatever its release row says"
    ))
}
