//! Blue-green on Fly, with a switch that a person may hold (docs/platforms/fly.md section 6): new machines are made outside the
//! proxy and judged there; until they are let in, whatever goes wrong destroys them, and nothing that serves was touched.
//!
//! The old machines are not leased while the new ones are judged, which may take as long as a person likes: they are looked at
//! again before the switch, and must be what they were.

use futures_util::future::BoxFuture;

use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::steps::fleet;
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use std::collections::BTreeMap;
use std::time::Duration;

use super::{TAG, TWIN, of_release};
use crate::domain::amount::amount_does;
use crate::domain::operation::{Operation, PlanPart, Wait};
use crate::engine::operations::leases::LEASE;
use crate::engine::operations::operator::{LOOK, PATIENCE};
use crate::engine::operations::steps::machine::{Is, as_planned, or_gone};
use crate::platform::fly::{Fly, Lease, Machine, WaitResult, WholeConfig};
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
        Box::pin(async move { on.operator.swap(on.operator.fly()?, on.part, self, on.op, on.first).await })
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
                .swap_back(on.operator.fly()?, on.part, (self.blues, self.greens, self.row), on.op, on.first)
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
        first: usize,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        let begin = self.begun(fly, app, (swap.image, "bluegreen"), (swap.row, swap.aside));
        let row = self.step(op, first, begin).await?;
        let at = first + 1;
        if let Err(trouble) = Box::pin(self.made_and_held(fly, part, (&row, swap), op, at)).await {
            if let Trouble::Failed(why) = trouble {
                return Err(self.called_off(fly, app, (&row.0, swap.blues), why).await);
            }
            return Err(trouble);
        }
        let at = at + swap.blues.len() + usize::from(swap.hold);
        let ended = Box::pin(self.switched(fly, part, (&row.0, swap), op, at)).await;
        let served = match ended {
            Ok(served) => served,
            // Both colours may serve from here on: nothing is destroyed by itself any more.
            Err(trouble) => return Err(self.row_failed(fly, app, &row, trouble).await),
        };
        self.closed(op, at + 3, part, self.close(fly, part, &row, (swap.image, false), Some(served))).await
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
            self.step(op, first + index, self.green(fly, part, (blue.as_str(), swap.image), row)).await?;
        }
        if swap.hold {
            self.hold(op, first + swap.blues.len()).await?;
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
    async fn hold(&self, op: &mut Operation, at: usize) -> Result<(), Trouble> {
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

    /// The new machines go, and the release is closed.
    async fn called_off(&self, fly: &Fly, app: &str, (row, blues): (&str, &[Text]), why: Text) -> Trouble {
        let Ok(all) = self.look(|| fly.machines(app)).await else {
            // Nothing is claimed of machines that could not be seen; the row stays open, by which they are found again.
            let text = format!("{why}; the new machines could not be listed, and may be there still");
            return Trouble::Unknown(Text::from(text));
        };
        let mut left: Vec<String> = Vec::new();
        // One that serves already, because this takes up what was cut short, is never destroyed by itself.
        let seen = || of_release(&all, row).filter(|green| green.unread().is_none());
        let serving = seen().filter(|green| !green.cordoned).count();
        // What cannot be read is not judged by what it says of the proxy, and may be a new one even where it does not say so.
        let old = |machine: &&Machine| blues.iter().any(|blue| blue.as_str() == machine.id);
        let unread: Vec<&str> = all
            .iter()
            .filter(|machine| machine.in_fleet() && machine.unread().is_some() && !old(machine))
            .map(|machine| machine.id.as_str())
            .collect();
        let mut asked: Vec<String> = Vec::new();
        for green in seen().filter(|green| green.cordoned) {
            match self.destroy(fly, app, &green.id, None).await {
                Ok(()) => asked.push(green.id.clone()),
                Err(_) => left.push(green.id.clone()),
            }
        }
        let _ = self.patch(fly, app, row, "failed").await;
        // What was asked to go is called destroyed once it is seen to be gone.
        let Ok(still) = self.there_still(fly, app, &asked).await else {
            let text = format!("{why}; {} were asked to go, and may be there still", asked.join(", "));
            return Trouble::Unknown(Text::from(text));
        };
        if !unread.is_empty() {
            let text =
                format!("{why}; {} cannot be read, and may be new machines that are there still", unread.join(", "));
            return Trouble::Unknown(Text::from(text));
        }
        Trouble::Failed(Text::from(format!("{why}; {}", gone(asked.len(), &still, &left, serving))))
    }

    /// New machines in, old machines out, with time for connections to end.
    async fn switched(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (row, swap): (&str, &Swap<'_>),
        op: &mut Operation,
        first: usize,
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
        let served = self.step(op, first, Box::pin(enter)).await?;
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
        let left = self.leased_step(op, first + 1, &blues, Box::pin(leave)).await;
        let gone = match left {
            Ok(()) => self.step(op, first + 2, Box::pin(self.destroyed(fly, app, &mut leases))).await,
            Err(trouble) => Err(trouble),
        };
        if gone.is_err() {
            for (id, lease) in &leases {
                self.give_back(fly, app, id, lease).await;
            }
        }
        gone.map(|()| served)
    }

    /// Stops machines, so that they may end what they do, and destroys them; those that are gone take their leases along.
    pub(in crate::engine) async fn destroyed(
        &self,
        fly: &Fly,
        app: &str,
        leases: &mut BTreeMap<String, Lease>,
    ) -> Result<((), Text), Trouble> {
        let ids: Vec<String> = leases.keys().cloned().collect();
        for id in &ids {
            // Each machine may take a minute to stop, and those behind it wait for that.
            Box::pin(self.prolong_all(fly, app, leases)).await?;
            if let Some(lease) = leases.get(id) {
                self.gone(fly, app, id, lease).await?;
            }
            leases.remove(id);
        }
        let still = self.there_still(fly, app, &ids).await?;
        Ok(((), Text::from(destroyed(ids.len(), &still))))
    }

    /// Which of these machines are not gone after a while: one that is being destroyed is there until it is. Each is asked for by itself: the
    /// list leaves out what is on its way out where another one stands in its place.
    async fn there_still(&self, fly: &Fly, app: &str, ids: &[String]) -> Result<Vec<String>, Trouble> {
        let end = self.clock.mono() + PATIENCE / 4;
        let mut still = ids.to_vec();
        loop {
            let mut there = Vec::new();
            for id in still {
                let read = self.look(|| async { or_gone(fly.machine(app, &id).await) }).await?;
                if read.is_some_and(|one| one.state.as_str() != "destroyed") {
                    there.push(id);
                }
            }
            still = there;
            if still.is_empty() || self.clock.mono() > end {
                return Ok(still);
            }
            self.unless_stopped(tokio::time::sleep(LOOK)).await?;
        }
    }

    /// Stops one machine and destroys it.
    pub(in crate::engine) async fn gone(&self, fly: &Fly, app: &str, id: &str, lease: &Lease) -> Result<(), Trouble> {
        let machine = self.look(|| fly.machine(app, id)).await?;
        if machine.state.as_str() == "started" {
            self.run_or_rest(fly, (app, id), false, Some(lease)).await?;
            let wait = || fly.wait(app, id, &machine.instance_id, "stopped", Duration::from_secs(60));
            if self.look(wait).await? == WaitResult::TimedOut {
                return Err(Trouble::Failed(Text::from(format!("machine {id} did not stop in 60 s; it is cordoned"))));
            }
        }
        let gone = self.destroy(fly, app, id, Some(lease)).await;
        self.moves(&gone);
        gone?;
        self.leases.forget(id);
        Ok(())
    }

    /// Connections get their time to end. Machines that are held meanwhile stay so, however long that is.
    pub(in crate::engine) async fn drains(
        &self,
        fly: &Fly,
        app: &str,
        leases: &mut BTreeMap<String, Lease>,
    ) -> Result<(), Trouble> {
        let drain = self.settings.fly.as_ref().map_or(Duration::ZERO, |access| access.drain);
        let end = self.clock.mono() + drain;
        let mut prolong = self.clock.mono() + LEASE / 4;
        while let Some(left) = end.checked_sub(self.clock.mono()).filter(|left| !left.is_zero()) {
            if self.clock.mono() >= prolong {
                Box::pin(self.prolong_all(fly, app, leases)).await?;
                prolong = self.clock.mono() + LEASE / 4;
            }
            self.unless_stopped(tokio::time::sleep(left.min(LOOK / 4))).await?;
        }
        Ok(())
    }

    async fn prolong_all(&self, fly: &Fly, app: &str, leases: &mut BTreeMap<String, Lease>) -> Result<(), Trouble> {
        for (id, lease) in leases.iter_mut() {
            self.prolong(fly, app, id, lease).await?;
        }
        Ok(())
    }

    /// The way back: the old machines serve again, the new ones go.
    pub(in crate::engine) async fn swap_back(
        &self,
        fly: &Fly,
        part: &PlanPart,
        (blues, greens, row): (&[Text], &[Text], &(Text, u64)),
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let app = part.resource.as_str();
        let machines: Vec<&str> = blues.iter().map(Text::as_str).collect();
        self.leased_step(op, first, &machines, self.serve_again(fly, part, blues)).await?;
        let away = async {
            for green in greens {
                let gone = self.destroy(fly, app, green.as_str(), None).await;
                self.moves(&gone);
                gone?;
            }
            let ids: Vec<String> = greens.iter().map(ToString::to_string).collect();
            let still = self.there_still(fly, app, &ids).await?;
            Ok(((), Text::from(destroyed(ids.len(), &still))))
        };
        self.step(op, first + 1, away).await?;
        let close = async {
            let (id, version) = row;
            self.patch(fly, app, id.as_str(), "interrupted").await?;
            Ok(((), Text::from(format!("v{version} interrupted"))))
        };
        self.step(op, first + 2, close).await
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

/// How many of the machines that were to go are gone: `2 destroyed`, `1 destroyed; 148e is there still, 30 s after it was asked to go`.
fn destroyed(all: usize, still: &[String]) -> String {
    let done = format!("{} destroyed", all - still.len());
    match still {
        [] => done,
        still => format!("{done}; {}", lingers(still)),
    }
}

fn lingers(still: &[String]) -> String {
    let (be, they) = if still.len() == 1 { ("is", "it was") } else { ("are", "they were") };
    format!("{} {be} there still, {} s after {they} asked to go", still.join(", "), PATIENCE.as_secs() / 4)
}

/// What became of the new machines of a switch that was called off: of those that were `asked` to go some may be there `still`, some could
/// not be destroyed and are `left`, and some serve and are not touched.
fn gone(asked: usize, still: &[String], left: &[String], serving: usize) -> String {
    let mut told = Vec::new();
    if asked > still.len() || (asked == 0 && left.is_empty() && serving == 0) {
        told.push(match (asked, still.len()) {
            (0, _) => "no new machine was made".to_owned(),
            (_, 0) => "the new machines were destroyed".to_owned(),
            (all, some) => format!("{} of {all} new machines were destroyed", all - some),
        });
    }
    if !still.is_empty() {
        told.push(lingers(still));
    }
    if serving > 0 {
        told.push(format!("{} beside the old ones", amount_does(serving, "new machine", ("serves", "serve"))));
    }
    if !left.is_empty() {
        told.push(format!("{} could NOT be destroyed and costs money: fly machine destroy --force", left.join(", ")));
    }
    told.join("; ")
}

/// An old machine that is not listed any more.
fn vanished(id: &str) -> Trouble {
    Trouble::Failed(Text::from(format!("machine {id} is gone")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destroyed_is_said_of_what_is_seen_to_be_gone() {
        let ids = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(destroyed(2, &[]), "2 destroyed");
        assert_eq!(destroyed(2, &ids(&["b"])), "1 destroyed; b is there still, 30 s after it was asked to go");
        assert_eq!(gone(2, &[], &[], 0), "the new machines were destroyed");
        assert_eq!(
            gone(2, &ids(&["b"]), &[], 0),
            "1 of 2 new machines were destroyed; b is there still, 30 s after it was asked to go"
        );
        assert_eq!(gone(2, &ids(&["a", "b"]), &[], 0), "a, b are there still, 30 s after they were asked to go");
        assert_eq!(gone(0, &[], &[], 1), "1 new machine serves beside the old ones");
        assert!(
            gone(1, &[], &ids(&["c"]), 0)
                .ends_with("; c could NOT be destroyed and costs money: fly machine destroy --force")
        );
        assert_eq!(gone(0, &[], &[], 0), "no new machine was made");
    }
}
