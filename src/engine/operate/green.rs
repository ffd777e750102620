//! Blue-green on Fly, with a switch that a person may hold (fly.md section 6): new machines are made outside the proxy and judged
//! there; until they are let in, whatever goes wrong destroys them, and nothing that serves was touched.
//!
//! The old machines are not leased while the new ones are judged, which may take as long as a person likes: they are looked at
//! again before the switch, and must be what they were.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{LOOK, Operator, PATIENCE, Trouble};
use crate::domain::operation::{Operation, PlanPart, Wait};
use crate::engine::preflight::green::{TAG, TWIN, metadata, of_release};
use crate::platform::fly::{Fly, Lease, Machine, WaitResult};
use crate::sanitize::Text;

/// Longest hold: machines that nobody uses cost money.
const HOLD: Duration = Duration::from_secs(30 * 60);

/// What is put in the place of what.
pub(super) struct Swap<'a> {
    /// The image of the new machines.
    pub(super) image: &'a str,
    /// The old machines.
    pub(super) blues: &'a [Text],
    /// A person says when.
    pub(super) hold: bool,
    /// A release row left open: id and version.
    pub(super) row: Option<&'a (Text, u64)>,
}

impl Operator {
    pub(super) async fn swap(
        &self,
        fly: &Fly,
        part: &PlanPart,
        swap: Swap<'_>,
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        let row = self.step(op, first, self.row(fly, app, (swap.image, "bluegreen"), swap.row)).await?;
        let at = first + 1;
        if let Err(trouble) = self.made_and_held(fly, part, (&row, &swap), op, at).await {
            if let Trouble::Failed(why) = trouble {
                return Err(self.called_off(fly, app, &row.0, why).await);
            }
            return Err(trouble);
        }
        let at = at + swap.blues.len() + usize::from(swap.hold);
        let ended = self.switched(fly, part, (&row.0, &swap), op, at).await;
        if let Err(Trouble::Failed(_)) = ended {
            // Both colours may serve from here on: nothing is destroyed by itself any more.
            let _ =
                self.change(&format!("PATCH release {} failed", row.0), || fly.patch_release(&row.0, "failed")).await;
        }
        ended?;
        self.step(op, at + 3, self.close(fly, app, &row, swap.image)).await
    }

    /// New machines, one for each old one, and the word of a person.
    async fn made_and_held(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (row, swap): (&(String, u64), &Swap<'_>),
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        for (index, blue) in swap.blues.iter().enumerate() {
            self.step(op, first + index, self.green(fly, app, (blue.as_str(), swap.image), row)).await?;
        }
        if swap.hold {
            self.hold(op, first + swap.blues.len()).await?;
        }
        // What was computed on must hold still: somebody may have deployed meanwhile.
        let now = self.look(|| fly.machines(app)).await?;
        for blue in swap.blues {
            let then = part.revisions.iter().find(|(id, _)| id == blue);
            let same = |machine: &&Machine| {
                then.is_some_and(|(id, revision)| id.as_str() == machine.id && revision.as_str() == machine.instance_id)
            };
            if now.iter().find(same).is_none() {
                return Err(Trouble::Failed(Text::from(format!("machine {blue} was changed by somebody else"))));
            }
        }
        Ok(())
    }

    /// A new machine in the place of an old one. After a crash it may be there already: its metadata tells.
    async fn green(
        &self,
        fly: &Fly,
        app: &str,
        (blue, image): (&str, &str),
        (release, version): &(String, u64),
    ) -> Result<((), Text), Trouble> {
        let all = self.look(|| fly.machines(app)).await?;
        let there = of_release(&all, release).find(|machine| metadata(machine, TWIN) == Some(blue)).cloned();
        let green = match there {
            Some(machine) => machine,
            None => {
                let old = all.iter().find(|machine| machine.id == blue);
                let old = old.ok_or_else(|| Trouble::Failed(Text::from(format!("machine {blue} is gone"))))?;
                let mut config = old.config.clone();
                config["image"] = image.into();
                config["metadata"]["fly_release_id"] = release.as_str().into();
                config["metadata"]["fly_release_version"] = version.to_string().into();
                config["metadata"][TAG] = self.plan.computed_at.as_second().to_string().into();
                config["metadata"][TWIN] = blue.into();
                let (region, call) =
                    (old.region.to_string(), format!("POST machine in {} in place of {blue}", old.region));
                self.change(&call, || fly.create_machine(app, &region, &config, true)).await?
            }
        };
        let told = self.settle(fly, (app, &green.id), &green.instance_id, image, None).await?;
        Ok(((), Text::from(format!("{} {told}", green.id))))
    }

    /// Waits for a person: the switch, or its end.
    async fn hold(&self, op: &mut Operation, at: usize) -> Result<(), Trouble> {
        self.begin_step(op, at).await;
        let held = Text::from("held: G switches over, X destroys the new machines");
        self.waits(op, at, Wait::Switch, held).await;
        let end = self.clock.mono() + HOLD;
        let said = loop {
            if self.running.stopped().is_some() {
                return Err(Trouble::Stopped);
            }
            match self.store.answered(self.plan.op).await {
                Ok(Some((true, who))) => break Ok(Text::from(format!("switched by {who}"))),
                Ok(Some((false, who))) => break Err(Text::from(format!("called off by {who}"))),
                // A journal that cannot be read now may be in a moment; the hold ends in any case.
                Ok(None) | Err(_) if self.clock.mono() < end => tokio::time::sleep(LOOK).await,
                Ok(None) | Err(_) => break Err(Text::from("nobody switched within 30 minutes")),
            }
        };
        self.step(op, at, async { said.map(|told| ((), told)).map_err(Trouble::Failed) }).await
    }

    /// The new machines go, and the release is closed.
    async fn called_off(&self, fly: &Fly, app: &str, row: &str, why: Text) -> Trouble {
        let Ok(all) = self.look(|| fly.machines(app)).await else {
            // Nothing is claimed of machines that could not be seen; the row stays open, by which they are found again.
            let text = format!("{why}; the new machines could not be listed, and may be there still");
            return Trouble::Unknown(Text::from(text));
        };
        let mut left: Vec<String> = Vec::new();
        // One that serves already, because this takes up what was cut short, is never destroyed by itself.
        let serving = of_release(&all, row).filter(|green| !green.cordoned).count();
        for green in of_release(&all, row).filter(|green| green.cordoned) {
            let call = format!("DELETE machine {}", green.id);
            if self.change(&call, || fly.destroy_machine(app, &green.id, None)).await.is_err() {
                left.push(green.id.clone());
            }
        }
        let _ = self.change(&format!("PATCH release {row} failed"), || fly.patch_release(row, "failed")).await;
        let end = match (left.is_empty(), serving) {
            (true, 0) => "the new machines were destroyed".to_owned(),
            (true, some) => format!("{some} new machines serve beside the old ones"),
            (false, _) => {
                format!("{} could NOT be destroyed and costs money: fly machine destroy --force", left.join(", "))
            }
        };
        Trouble::Failed(Text::from(format!("{why}; {end}")))
    }

    /// New machines in, old machines out, with time for connections to end.
    async fn switched(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (row, swap): (&str, &Swap<'_>),
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        let enter = async {
            let all = self.look(|| fly.machines(app)).await?;
            let greens: Vec<&Machine> = of_release(&all, row).collect();
            for green in greens.iter().filter(|machine| machine.cordoned) {
                let call = format!("uncordon machine {}", green.id);
                self.turn(&call, || fly.set_cordoned(app, &green.id, false, None)).await?;
            }
            tokio::time::sleep(self.drain()).await;
            Ok(((), Text::from(format!("{} new machines serve", greens.len()))))
        };
        self.step(op, first, enter).await?;
        let mut leases: BTreeMap<String, Lease> = BTreeMap::new();
        let leave = async {
            let all = self.look(|| fly.machines(app)).await?;
            let out = |blue: &Text| all.iter().any(|one| one.id == blue.as_str() && one.cordoned);
            for blue in swap.blues {
                let lease = self.lease(fly, app, blue.as_str()).await?;
                leases.insert(blue.to_string(), lease);
                if out(blue) {
                    continue;
                }
                let call = format!("cordon machine {blue}");
                self.turn(&call, || fly.set_cordoned(app, blue.as_str(), true, leases.get(blue.as_str()))).await?;
            }
            tokio::time::sleep(self.drain()).await;
            Ok(((), Text::from(format!("{} old machines get nothing more", swap.blues.len()))))
        };
        let left = self.step(op, first + 1, leave).await;
        let gone = match left {
            Ok(()) => self.step(op, first + 2, self.destroyed(fly, app, &leases)).await,
            Err(trouble) => Err(trouble),
        };
        if gone.is_err() {
            for (id, lease) in &leases {
                self.give_back(fly, app, id, lease).await;
            }
        }
        gone
    }

    /// Stops machines, so that they may end what they do, and destroys them.
    async fn destroyed(&self, fly: &Fly, app: &str, leases: &BTreeMap<String, Lease>) -> Result<((), Text), Trouble> {
        for (id, lease) in leases {
            self.gone(fly, app, id, lease).await?;
        }
        Ok(((), Text::from(format!("{} destroyed", leases.len()))))
    }

    /// Stops one machine and destroys it.
    pub(super) async fn gone(&self, fly: &Fly, app: &str, id: &str, lease: &Lease) -> Result<(), Trouble> {
        let machine = self.look(|| fly.machine(app, id)).await?;
        if machine.state.as_str() == "started" {
            self.turn(&format!("stop machine {id}"), || fly.stop_machine(app, id, Some(lease))).await?;
            let wait = || fly.wait(app, id, &machine.instance_id, "stopped", Duration::from_secs(60));
            if self.look(wait).await? == WaitResult::TimedOut {
                return Err(Trouble::Failed(Text::from(format!("machine {id} did not stop in 60 s; it is cordoned"))));
            }
        }
        let call = format!("DELETE machine {id}");
        self.turn(&call, || fly.destroy_machine(app, id, Some(lease))).await?;
        self.leases.forget(id);
        Ok(())
    }

    /// How long connections get to end.
    pub(super) fn drain(&self) -> Duration {
        self.settings.fly.as_ref().map_or(Duration::ZERO, |access| access.drain)
    }

    /// The way back: the old machines serve again, the new ones go.
    pub(super) async fn swap_back(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (blues, greens, row): (&[Text], &[Text], &(Text, u64)),
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        self.step(op, first, self.serve_again(fly, app, blues)).await?;
        let away = async {
            for green in greens {
                let call = format!("DELETE machine {green}");
                self.turn(&call, || fly.destroy_machine(app, green.as_str(), None)).await?;
            }
            Ok(((), Text::from(format!("{} destroyed", greens.len()))))
        };
        self.step(op, first + 1, away).await?;
        let close = async {
            let (id, version) = row;
            let call = format!("PATCH release {id} interrupted");
            self.change(&call, || fly.patch_release(id.as_str(), "interrupted")).await?;
            Ok(((), Text::from(format!("v{version} interrupted"))))
        };
        self.step(op, first + 2, close).await
    }

    async fn serve_again(&self, fly: &Fly, app: &str, blues: &[Text]) -> Result<((), Text), Trouble> {
        let end = self.clock.mono() + PATIENCE;
        for blue in blues.iter().map(Text::as_str) {
            let machine = self.look(|| fly.machine(app, blue)).await?;
            let lease = self.lease(fly, app, blue).await?;
            let served = async {
                if machine.state.as_str() == "stopped" {
                    self.turn(&format!("start machine {blue}"), || fly.start_machine(app, blue, Some(&lease))).await?;
                }
                if machine.cordoned {
                    let call = format!("uncordon machine {blue}");
                    self.turn(&call, || fly.set_cordoned(app, blue, false, Some(&lease))).await?;
                }
                Ok(())
            }
            .await;
            self.give_back(fly, app, blue, &lease).await;
            served?;
        }
        loop {
            let all = self.look(|| fly.machines(app)).await?;
            let well = |machine: &Machine| {
                machine.state.as_str() == "started" && !machine.cordoned && machine.checks.0 == machine.checks.1
            };
            let ready = blues.iter().filter(|blue| all.iter().any(|one| one.id == blue.as_str() && well(one))).count();
            if ready == blues.len() {
                return Ok(((), Text::from(format!("{ready} old machines serve"))));
            }
            if self.clock.mono() > end {
                return Err(Trouble::Failed(Text::from(format!("only {ready} of {} old machines serve", blues.len()))));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
