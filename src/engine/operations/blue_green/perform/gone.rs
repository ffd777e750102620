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
    pub(super) async fn there_still(&self, fly: &Fly, app: &str, ids: &[String]) -> Result<Vec<String>, Trouble> {
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
pub(super) fn destroyed(all: usize, still: &[String]) -> String {
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
