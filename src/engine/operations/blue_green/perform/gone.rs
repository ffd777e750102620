//! Machines that go: new ones of a switch that was called off, and old ones whose place was taken. They are said to be gone once that is
//! seen.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::amount::amount_does;
use crate::engine::operations::blue_green::of_release;
use crate::engine::operations::leases::LEASE;
use crate::engine::operations::operator::{LOOK, Operator, PATIENCE, Trouble};
use crate::engine::operations::steps::machine::or_gone;
use crate::platform::fly::{Fly, Lease, Machine, WaitResult};
use crate::sanitize::Text;

impl Operator {
    /// The new machines go, and the release is closed.
    pub(super) async fn called_off(&self, fly: &Fly, app: &str, (row, blues): (&str, &[Text]), why: Text) -> Trouble {
        let all = match self.look(|| fly.machines(app)).await {
            Ok(all) => all,
            Err(Trouble::Stopped) => return Trouble::Stopped,
            // Nothing is claimed of machines that could not be seen; the row stays open, by which they are found again.
            Err(Trouble::Failed(error) | Trouble::Unknown(error)) => {
                let text = format!("{why}; the new machines could not be listed, and may be there still: {error}");
                return Trouble::Unknown(Text::from(text));
            }
        };
        // One that serves already, because this takes up what was cut short, is never destroyed by itself.
        let seen = || of_release(&all, row).filter(|green| green.unread().is_none());
        // What cannot be read is not judged by what it says of the proxy, and may be a new one even where it does not say so.
        let old = |machine: &&Machine| blues.iter().any(|blue| blue.as_str() == machine.id);
        let unread = all.iter().filter(|machine| machine.in_fleet() && machine.unread().is_some() && !old(machine));
        let mut end = CalledOff {
            asked: Vec::new(),
            still: Ok(Vec::new()),
            left: Vec::new(),
            serving: seen().filter(|green| !green.cordoned).count(),
            unread: unread.map(|machine| machine.id.clone()).collect(),
        };
        for green in seen().filter(|green| green.cordoned) {
            match self.destroy(fly, app, &green.id, None).await {
                // One whose answer was lost is looked for, too.
                Ok(()) | Err(Trouble::Unknown(_)) => end.asked.push(green.id.clone()),
                Err(Trouble::Failed(_)) => end.left.push(green.id.clone()),
                Err(Trouble::Stopped) => return Trouble::Stopped,
            }
        }
        let _ = self.patch(fly, app, row, "failed").await;
        // What was asked to go is called destroyed once it is seen to be gone.
        end.still = match self.there_still(fly, app, &end.asked).await {
            Ok(still) => Ok(still),
            Err(Trouble::Stopped) => return Trouble::Stopped,
            Err(Trouble::Failed(error) | Trouble::Unknown(error)) => Err(error),
        };
        let told = Text::from(format!("{why}; {}", end.words()));
        if end.known() { Trouble::Failed(told) } else { Trouble::Unknown(told) }
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
        Ok(((), self.seen_gone(fly, app, &ids).await?))
    }

    /// What is seen of machines that were asked to go. That they cannot be looked at is told, and keeps nothing from going on: what was asked
    /// of the platform was asked.
    pub(super) async fn seen_gone(&self, fly: &Fly, app: &str, ids: &[String]) -> Result<Text, Trouble> {
        match self.there_still(fly, app, ids).await {
            Ok(still) => Ok(Text::from(destroyed(ids.len(), &still))),
            Err(Trouble::Stopped) => Err(Trouble::Stopped),
            Err(Trouble::Failed(why) | Trouble::Unknown(why)) => Ok(Text::from(unseen(ids, &why))),
        }
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

/// Machines that were asked to go and could not be looked at since: `148e was asked to go and was not seen gone: …`.
fn unseen(asked: &[String], why: &Text) -> String {
    let was = if asked.len() == 1 { "was" } else { "were" };
    format!("{} {was} asked to go and {was} not seen gone: {why}", asked.join(", "))
}

/// What became of the new machines of a switch that was called off.
struct CalledOff {
    /// Those that were asked to go.
    asked: Vec<String>,
    /// Those of them that are there still, or why that is not known.
    still: Result<Vec<String>, Text>,
    /// Those that could not be destroyed.
    left: Vec<String>,
    /// So many serve and are not touched.
    serving: usize,
    /// Machines that cannot be read.
    unread: Vec<String>,
}

impl CalledOff {
    /// Whether it is known of every new machine where it is.
    fn known(&self) -> bool {
        self.still.is_ok() && self.unread.is_empty()
    }

    fn words(&self) -> String {
        let mut told = Vec::new();
        let all = self.asked.len() + self.left.len() + self.serving;
        match &self.still {
            Err(why) => told.push(unseen(&self.asked, why)),
            Ok(still) => {
                match self.asked.len() - still.len() {
                    0 if all == 0 && self.unread.is_empty() => told.push("no new machine is there".to_owned()),
                    0 => {}
                    gone if gone == all && self.unread.is_empty() => {
                        told.push("the new machines were destroyed".to_owned());
                    }
                    gone if gone == all => {
                        told.push(format!("{} destroyed", amount_does(gone, "new machine", ("was", "were"))))
                    }
                    gone => told.push(format!("{gone} of {all} new machines were destroyed")),
                }
                if !still.is_empty() {
                    told.push(lingers(still));
                }
            }
        }
        if self.serving > 0 {
            told.push(format!("{} beside the old ones", amount_does(self.serving, "new machine", ("serves", "serve"))));
        }
        if !self.left.is_empty() {
            let costs = if self.left.len() == 1 { "costs" } else { "cost" };
            let ids = self.left.join(", ");
            told.push(format!("{ids} could NOT be destroyed and {costs} money: fly machine destroy --force"));
        }
        if !self.unread.is_empty() {
            let ids = self.unread.join(", ");
            told.push(match self.unread.len() {
                1 => format!("{ids} cannot be read, and may be a new machine that is there still"),
                _ => format!("{ids} cannot be read, and may be new machines that are there still"),
            });
        }
        told.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destroyed_is_said_of_what_is_seen_to_be_gone() {
        let ids = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(destroyed(2, &[]), "2 destroyed");
        assert_eq!(destroyed(2, &ids(&["b"])), "1 destroyed; b is there still, 30 s after it was asked to go");
        let why = Text::from("HTTP 403: no");
        assert_eq!(unseen(&ids(&["a"]), &why), "a was asked to go and was not seen gone: HTTP 403: no");
        assert_eq!(unseen(&ids(&["a", "b"]), &why), "a, b were asked to go and were not seen gone: HTTP 403: no");
    }

    #[test]
    fn whatever_became_of_new_machines_is_told_of_every_one() {
        let ids = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        let told = |asked: &[&str], still: Result<&[&str], &str>, left: &[&str], serving, unread: &[&str]| {
            let still = still.map(ids).map_err(Text::from);
            CalledOff { asked: ids(asked), still, left: ids(left), serving, unread: ids(unread) }.words()
        };
        let (costs, serves) = (
            "c could NOT be destroyed and costs money: fly machine destroy --force",
            "1 new machine serves beside the old ones",
        );
        let lingers = "b is there still, 30 s after it was asked to go";
        assert_eq!(told(&["a", "b"], Ok(&[]), &[], 0, &[]), "the new machines were destroyed");
        assert_eq!(told(&[], Ok(&[]), &[], 0, &[]), "no new machine is there");
        assert_eq!(
            told(&["a", "b"], Ok(&["b"]), &[], 0, &[]),
            format!("1 of 2 new machines were destroyed; {lingers}")
        );
        assert_eq!(
            told(&["a", "b"], Ok(&["a", "b"]), &[], 0, &[]),
            "a, b are there still, 30 s after they were asked to go"
        );
        assert_eq!(told(&[], Ok(&[]), &[], 1, &[]), serves);
        assert_eq!(told(&[], Ok(&[]), &["c"], 0, &[]), costs);
        assert_eq!(
            told(&["a", "b"], Ok(&[]), &["c"], 0, &[]),
            format!("2 of 3 new machines were destroyed; {costs}"),
            "one that is left is none that was destroyed"
        );
        assert_eq!(
            told(&["a", "b"], Ok(&["b"]), &["c"], 1, &[]),
            format!("1 of 4 new machines were destroyed; {lingers}; {serves}; {costs}")
        );
        let why = "HTTP 403: no";
        assert_eq!(
            told(&["a"], Err(why), &["c"], 1, &[]),
            format!("a was asked to go and was not seen gone: {why}; {serves}; {costs}"),
            "what is known beside it is not dropped"
        );
        let dark = "d cannot be read, and may be a new machine that is there still";
        assert_eq!(told(&[], Ok(&[]), &[], 0, &["d"]), dark);
        assert_eq!(
            told(&["a"], Ok(&[]), &["c"], 0, &["d"]),
            format!("1 of 2 new machines were destroyed; {costs}; {dark}")
        );
        assert_eq!(told(&["a"], Ok(&[]), &[], 0, &["d"]), format!("1 new machine was destroyed; {dark}"));
    }
}
