//! Blue-green on Fly, with a switch that a person may hold (docs/platforms/fly.md section 6): new machines are made outside the
//! proxy and judged there; until they are let in, whatever goes wrong destroys them, and nothing that serves was touched.
//!
//! The old machines are not leased while the new ones are judged, which may take as long as a person likes: they are looked at
//! again before the switch, and must be what they were.

mod gone;

use futures_util::future::BoxFuture;

use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::step_at::{PartSteps, StepAt};
use crate::engine::operations::steps::fleet;
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use std::collections::BTreeMap;
use std::time::Duration;

use super::{TAG, TWIN, of_release};
use crate::domain::amount::amount_does;
use crate::domain::operation::{Operation, PlanPart, StepKind, Wait};
use crate::engine::operations::operator::{LOOK, PATIENCE};
use crate::engine::operations::steps::machine::{Is, as_planned};
use crate::platform::fly::{Fly, Lease, Machine, WholeConfig};
use crate::sanitize::Text;

/// Longest hold: machines that nobody uses cost money.
const HOLD: Duration = Duration::from_secs(30 * 60);

/// What is put in the place of what.
pub(in crate::engine) struct Swap<'a> {
    /// The image of the new machines.
    pub(in crate::engine) image: &'a str,
    /// The old machines.
    pub(in crate::engine) blues: &'a [Text],
    /// A person says when.
    pub(in crate::engine) hold: bool,
    /// A release row left open: id and version.
    pub(in crate::engine) row: Option<&'a (Text, u64)>,
    /// A row left open that nothing goes on with.
    pub(in crate::engine) aside: Option<&'a (Text, u64)>,
}

/// The old machines take their place again.
pub(in crate::engine) struct SwapBack<'a> {
    pub(in crate::engine) greens: &'a [Text],
    pub(in crate::engine) blues: &'a [Text],
    pub(in crate::engine) row: &'a (Text, u64),
}

impl Performs for Swap<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move { on.operator.swap(on.operator.fly()?, on.part, self, on.op, on.steps).await })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(fleet::now(operator, part))
    }
}

impl Performs for SwapBack<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move {
            on.operator
                .swap_back(on.operator.fly()?, on.part, (self.blues, self.greens, self.row), on.op, on.steps)
                .await
        })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(fleet::now(operator, part))
    }
}

impl Operator {
    pub(in crate::engine) async fn swap(
        &self,
        fly: &Fly,
        part: &PlanPart,
        swap: &Swap<'_>,
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        let begin = self.begun(fly, app, (swap.image, "bluegreen"), (swap.row, swap.aside));
        let row = self.step(op, steps.at(StepKind::OpenRelease), begin).await?;
        if let Err(trouble) = Box::pin(self.made_and_held(fly, part, (&row, swap), op, steps)).await {
            if let Trouble::Failed(why) = trouble {
                return Err(self.called_off(fly, app, (&row.0, swap.blues), why).await);
            }
            return Err(trouble);
        }
        let ended = Box::pin(self.switched(fly, part, (&row.0, swap), op, steps)).await;
        let served = match ended {
            Ok(served) => served,
            // Both colours may serve from here on: nothing is destroyed by itself any more.
            Err(trouble) => return Err(self.row_failed(fly, app, &row, trouble).await),
        };
        let close = self.close(fly, part, &row, (swap.image, false), Some(served));
        self.closed(op, steps.at(StepKind::CloseRelease), part, close).await
    }

    /// New machines, one for each old one, and the word of a person.
    async fn made_and_held(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (row, swap): (&(String, u64), &Swap<'_>),
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        for blue in swap.blues.iter().map(Text::as_str) {
            let made = self.green(fly, part, (blue, swap.image), row);
            self.step(op, steps.of(StepKind::CreateMachine, blue), made).await?;
        }
        if swap.hold {
            self.hold(op, steps.at(StepKind::Hold)).await?;
        }
        // What was computed on must hold still: somebody may have deployed meanwhile.
        let now = self.look(|| fly.machines(app)).await?;
        for blue in swap.blues {
            let there = now.iter().find(|machine| machine.id == blue.as_str());
            as_planned(part, there.ok_or_else(|| vanished(blue.as_str()))?)?;
        }
        Ok(())
    }

    /// A new machine in the place of an old one. After a crash it may be there already: its metadata tells.
    async fn green(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (blue, image): (&str, &str),
        (release, version): &(String, u64),
    ) -> Result<((), Text), Trouble> {
        let app = part.resource.as_str();
        let all = self.look(|| fly.machines(app)).await?;
        let twin =
            |all: &[Machine]| of_release(all, release).find(|machine| machine.label(TWIN) == Some(blue)).cloned();
        let (green, sent) = match twin(&all) {
            Some(machine) => (machine, None),
            None => {
                let old = all.iter().find(|machine| machine.id == blue).ok_or_else(|| vanished(blue))?;
                let sent = as_planned(part, old)?
                    .with_image(image)
                    .label("fly_release_id", release)
                    .label("fly_release_version", &version.to_string())
                    .label(TAG, &self.plan.computed_at.as_second().to_string())
                    .label(TWIN, blue);
                let (region, call) =
                    (old.region.to_string(), format!("POST machine in {} in place of {blue}", old.region));
                let made = || async { Ok(twin(&fly.machines(app).await?)) };
                let made = self.change_or_find(&call, || fly.create_machine(app, &region, &sent, true), made).await?;
                (made, Some(sent))
            }
        };
        let is = Is { id: &green.id, version: &green.instance_id, rests: false };
        let told = self.settle(fly, app, &is, (image, sent.as_ref()), None).await?;
        Ok(((), Text::from(format!("{} {told}", green.id))))
    }

    /// Waits for a person: the switch, or its end.
    async fn hold(&self, op: &mut Operation, at: StepAt) -> Result<(), Trouble> {
        self.begin_step(op, at).await;
        let held = Text::from("held: the new machines are ready, and a person says whether they take over");
        self.waits(op, at, Wait::Switch, held.clone()).await;
        let end = self.clock.mono() + HOLD;
        let said = loop {
            if self.running.stopped().is_some() {
                return Err(Trouble::Stopped);
            }
            match self.store.answered(self.plan.op).await {
                Ok(Some((true, who))) => break Ok(Text::from(format!("switched by {who}"))),
                Ok(Some((false, who))) => break Err(Text::from(format!("called off by {who}"))),
                Ok(None) if self.clock.mono() < end => {
                    self.waits(op, at, Wait::Switch, held.clone()).await;
                    tokio::time::sleep(LOOK).await;
                }
                // A journal that cannot be read now may be in a moment; the hold ends in any case.
                Err(error) if self.clock.mono() < end => {
                    let dark = format!("held: the new machines are ready, and no answer can be read: {error}");
                    self.waits(op, at, Wait::Switch, Text::from(dark)).await;
                    tokio::time::sleep(LOOK).await;
                }
                Ok(None) => break Err(Text::from("nobody switched within 30 minutes")),
                Err(error) => break Err(Text::from(format!("no answer could be read for 30 minutes: {error}"))),
            }
        };
        self.step(op, at, async { said.map(|told| ((), told)).map_err(Trouble::Failed) }).await
    }

    /// New machines in, old machines out, with time for connections to end.
    async fn switched(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (row, swap): (&str, &Swap<'_>),
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<usize, Trouble> {
        let app = part.resource.as_str();
        let enter = async {
            let all = self.look(|| fly.machines(app)).await?;
            let greens: Vec<&Machine> = of_release(&all, row).filter(|one| one.unread().is_none()).collect();
            let missing =
                swap.blues.iter().find(|blue| !greens.iter().any(|green| green.label(TWIN) == Some(blue.as_str())));
            if let Some(blue) = missing {
                let text = format!("the new machine in place of {blue} cannot be seen: the old ones go on serving");
                return Err(Trouble::Failed(Text::from(text)));
            }
            for green in &greens {
                self.cordon(fly, app, green, false, None).await?;
            }
            Box::pin(self.drains(fly, app, &mut BTreeMap::new())).await?;
            Ok((greens.len(), Text::from(amount_does(greens.len(), "new machine", ("serves", "serve")))))
        };
        let served = self.step(op, steps.at(StepKind::EnterProxy), Box::pin(enter)).await?;
        let mut leases: BTreeMap<String, Lease> = BTreeMap::new();
        let leave = async {
            for blue in swap.blues {
                let lease = self.lease(fly, app, blue.as_str()).await?;
                leases.insert(blue.to_string(), lease);
                // Nobody can change it from here on; before, somebody may have.
                let now = self.look(|| fly.machine(app, blue.as_str())).await?;
                as_planned(part, &now)?;
                self.cordon(fly, app, &now, true, leases.get(blue.as_str())).await?;
            }
            Box::pin(self.drains(fly, app, &mut leases)).await?;
            Ok((
                (),
                Text::from(amount_does(swap.blues.len(), "old machine", ("gets nothing more", "get nothing more"))),
            ))
        };
        let blues: Vec<&str> = swap.blues.iter().map(Text::as_str).collect();
        let left = self.leased_step(op, steps.at(StepKind::LeaveProxy), &blues, Box::pin(leave)).await;
        let gone = match left {
            Ok(()) => {
                let away = Box::pin(self.destroyed(fly, app, &mut leases));
                self.step(op, steps.at(StepKind::DestroyMachines), away).await
            }
            Err(trouble) => Err(trouble),
        };
        if gone.is_err() {
            for (id, lease) in &leases {
                self.give_back(fly, app, id, lease).await;
            }
        }
        gone.map(|()| served)
    }

    /// The way back: the old machines serve again, the new ones go.
    pub(in crate::engine) async fn swap_back(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (blues, greens, row): (&[Text], &[Text], &(Text, u64)),
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        let machines: Vec<&str> = blues.iter().map(Text::as_str).collect();
        self.leased_step(op, steps.at(StepKind::EnterProxy), &machines, self.serve_again(fly, part, blues)).await?;
        let away = async {
            for green in greens {
                let gone = self.destroy(fly, app, green.as_str(), None).await;
                self.moves(&gone);
                gone?;
            }
            let ids: Vec<String> = greens.iter().map(ToString::to_string).collect();
            Ok(((), self.seen_gone(fly, app, &ids).await?))
        };
        self.step(op, steps.at(StepKind::DestroyMachines), away).await?;
        let close = async {
            let (id, version) = row;
            self.patch(fly, app, id.as_str(), "interrupted").await?;
            Ok(((), Text::from(format!("v{version} interrupted"))))
        };
        self.step(op, steps.at(StepKind::CloseRelease), close).await
    }

    async fn serve_again(&self, fly: &Fly, part: &PlanPart, blues: &[Text]) -> Result<((), Text), Trouble> {
        let app = part.resource.as_str();
        let end = self.clock.mono() + PATIENCE;
        for blue in blues.iter().map(Text::as_str) {
            let lease = self.lease(fly, app, blue).await?;
            let served = async {
                let machine = self.look(|| fly.machine(app, blue)).await?;
                as_planned(part, &machine)?;
                if machine.state.as_str() == "stopped" {
                    self.run_or_rest(fly, (app, blue), true, Some(&lease)).await?;
                }
                self.cordon(fly, app, &machine, false, Some(&lease)).await
            }
            .await;
            self.give_back(fly, app, blue, &lease).await;
            served?;
        }
        loop {
            let all = self.look(|| fly.machines(app)).await?;
            let well = |machine: &Machine| {
                let serves = machine.state.as_str() == "started" && machine.checks.0 == machine.checks.1;
                // One that the proxy starts when it is needed may be at rest again.
                let idle = machine.rests() && machine.whole().is_some_and(WholeConfig::idles);
                machine.unread().is_none() && !machine.cordoned && (serves || idle)
            };
            let ready = blues.iter().filter(|blue| all.iter().any(|one| one.id == blue.as_str() && well(one))).count();
            if ready == blues.len() {
                return Ok(((), Text::from(amount_does(ready, "old machine", ("serves", "serve")))));
            }
            if self.clock.mono() > end {
                return Err(Trouble::Failed(Text::from(format!("only {ready} of {} old machines serve", blues.len()))));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// An old machine that is not listed any more.
fn vanished(id: &str) -> Trouble {
    Trouble::Failed(Text::from(format!("machine {id} is gone")))
}
