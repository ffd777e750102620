//! Leases of machines: each is on the disk before it is asked for, and is given back however the operation ends, also when
//! nothing can be written any more.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::operator::{LOOK, Operator, Trouble};
use super::step_at::StepAt;
use crate::clock::Timestamp;
use crate::domain::environment::Platform;
use crate::domain::ids::OpId;
use crate::domain::operation::{LeftLease, Operation, StepReport, StepState, Wait};
use crate::platform::fly::{Fly, Lease};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;
use crate::store::Store;
use crate::store::journal::{About, CallOutcome};

/// A lease outlives the wait for a version; it is prolonged while checks settle (docs/platforms/fly.md section 3.4).
pub(in crate::engine) const LEASE: Duration = Duration::from_secs(120);

/// Leases that are held now, by machine, with its app.
#[derive(Default)]
pub(in crate::engine) struct Leases {
    held: Mutex<BTreeMap<String, (String, Lease)>>,
    unwritten: Mutex<Vec<String>>,
    /// Machines that are leased by somebody else and waited for, with what is known of that lease.
    waiting: Mutex<BTreeMap<String, (Option<Timestamp>, Text)>>,
    /// One of them is waited for now, or no more.
    changed: Notify,
}

impl Leases {
    fn waits(&self, id: &str, lease: Option<(Option<Timestamp>, Text)>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match lease {
            Some(lease) => drop(waiting.insert(id.to_owned(), lease)),
            None if waiting.remove(id).is_none() => return,
            None => {}
        }
        self.changed.notify_one();
    }

    fn waited(&self, id: &str) -> Option<(Option<Timestamp>, Text)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn hold(&self, app: &str, id: &str, lease: &Lease) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), (app.to_owned(), lease.clone()));
    }

    /// A machine that is gone takes its lease along.
    pub(in crate::engine) fn forget(&self, id: &str) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn all(&self) -> Vec<(String, String, Lease)> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().map(|(id, (app, lease))| (app.clone(), id.clone(), lease.clone())).collect()
    }
}

impl Operator {
    /// Claims a machine, in the name of this operation. Where the answer is lost, or an operation that was cut short may hold the machine
    /// still, the lease itself tells whose it is: one that names this operation is ours. Another one is waited for until it ends, for two
    /// minutes at most, and nothing is sent meanwhile.
    pub(in crate::engine) async fn lease(&self, fly: &Fly, app: &str, id: &str) -> Result<Lease, Trouble> {
        let end = self.clock.mono() + LEASE;
        let (call, name) = (format!("lease machine {id}"), claimed_by(self.plan.op));
        let mut lost = false;
        loop {
            let ask = || async {
                let lease = fly.acquire_lease(app, id, (LEASE, &name)).await?;
                // From here on it is given back, whatever happens to the row that says so.
                self.leases.hold(app, id, &lease);
                Ok(lease)
            };
            let about = self.about(app, id);
            let error = match self.sent(&call, Some(&about), ask, until).await? {
                Ok(lease) => {
                    self.leases.waits(id, None);
                    return Ok(lease);
                }
                Err(error) => error,
            };
            lost |= super::operator::lost(&error);
            let left = self.plan.continues.is_some() && error.kind == ErrorKind::Conflict;
            if !lost && !left {
                return Err(Trouble::Failed(Text::from(format!("machine {id} could not be claimed: {error}"))));
            }
            // It is asked for again only once nobody is known to have it.
            loop {
                let held = self.unless_stopped(fly.held_lease(app, id)).await?;
                if let Ok(Some(lease)) = &held
                    && lease.description.as_str() == name
                {
                    self.leases.hold(app, id, lease);
                    let says = "the answer was lost; the lease of the machine names this operation";
                    self.written(&call, says, CallOutcome::Taken, lease.expires_at).await?;
                    self.leases.waits(id, None);
                    return Ok(lease.clone());
                }
                if matches!(held, Ok(None)) && self.clock.mono() <= end {
                    // A platform that goes on losing answers is not asked without a pause.
                    self.unless_stopped(tokio::time::sleep(LOOK * 2)).await?;
                    break;
                }
                let told = holder(id, &held, lost);
                if self.clock.mono() > end {
                    let text = format!("machine {id} could not be claimed in {} s: {told}; {error}", LEASE.as_secs());
                    return Err(Trouble::Failed(Text::from(text)));
                }
                let ends = held.ok().flatten().and_then(|lease| lease.expires_at);
                self.leases.waits(id, Some((ends, Text::from(told))));
                // Whoever has it may give it back before it ends.
                let left = ends.map(|at| at.duration_since(self.clients.http.now_at(Platform::Fly)));
                let left = left.and_then(|left| Duration::try_from(left).ok()).unwrap_or(LOOK * 5);
                self.unless_stopped(tokio::time::sleep(left.clamp(LOOK, LOOK * 5))).await?;
            }
        }
    }

    /// Does the work of these steps, and tells of each meanwhile which lease its machine waits for.
    pub(in crate::engine) async fn telling<T>(
        &self,
        operation: &mut Operation,
        steps: &[(StepAt, &str)],
        work: impl Future<Output = T>,
    ) -> T {
        tokio::pin!(work);
        loop {
            let tell = async {
                self.leases.changed.notified().await;
                let mut waiting = BTreeMap::new();
                for (at, id) in steps {
                    let one = self.leases.waited(id);
                    let known = waiting.entry(*at).or_insert(None);
                    *known = known.take().or(one);
                }
                for (at, lease) in waiting {
                    match lease {
                        Some((until, told)) => self.waits(operation, at, Wait::Lease { until }, told).await,
                        None => self.waits_no_more(operation, at).await,
                    }
                }
            };
            // The work goes on while this is written down: it may be in the midst of a row of its own.
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = tell => {}
            }
        }
    }

    /// A step that waited for a lease goes on.
    async fn waits_no_more(&self, operation: &mut Operation, at: StepAt) {
        let waits = |step: &StepReport| matches!(step.state, StepState::Waiting(Wait::Lease { .. }));
        if at.of(operation).is_some_and(waits) {
            self.note(operation, at, Text::from("leased")).await;
        }
    }

    /// Nobody else may touch the machine while its checks settle. Where the answer is lost, the lease that is held goes on.
    pub(in crate::engine) async fn prolong(
        &self,
        fly: &Fly,
        app: &str,
        id: &str,
        lease: &mut Lease,
    ) -> Result<(), Trouble> {
        let call = format!("prolong the lease of {id}");
        let ask = || fly.refresh_lease(app, id, lease, LEASE);
        match self.sent(&call, Some(&self.about(app, id)), ask, until).await? {
            Ok(longer) => {
                self.leases.hold(app, id, &longer);
                *lease = longer;
                Ok(())
            }
            Err(error) if super::operator::lost(&error) => Ok(()),
            Err(error) => Err(Trouble::of_change(&error)),
        }
    }

    fn about(&self, app: &str, id: &str) -> About {
        About::Lease { app: app.into(), machine: id.into(), until: self.clock.now() + LEASE }
    }

    /// Gives a lease back, also when this cannot be written down or the operation is to stop: a machine that stays leased keeps
    /// everybody out.
    pub(in crate::engine) async fn give_back(&self, fly: &Fly, app: &str, id: &str, lease: &Lease) {
        let call = format!("release the lease of {id}");
        let about = About::Free { app: app.into(), machine: id.into() };
        let noted = self.store.intent_about(self.plan.op, &call, &about).await.is_ok();
        let result = fly.release_lease(app, id, lease).await;
        let says = result.as_ref().map_or_else(ToString::to_string, |()| "accepted".to_owned());
        let answer = CallOutcome::of(result.is_ok(), result.as_ref().is_err_and(super::operator::lost));
        let noted = noted && self.store.outcome(self.plan.op, &call, &says, answer, None).await.is_ok();
        if result.is_ok() {
            self.leases.forget(id);
            if !noted {
                self.leases.unwritten.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
            }
        }
    }

    /// The end of an operation: what is still held is given back; what could not be, and what could not be written down of it, is
    /// told.
    pub(in crate::engine) async fn free(&self) -> Vec<String> {
        if let Some(fly) = &self.clients.fly {
            for (app, id, lease) in self.leases.all() {
                self.give_back(fly, &app, &id, &lease).await;
            }
        }
        let holds = |(_, id, lease): (String, String, Lease)| {
            let until = lease.expires_at.map_or_else(|| "for two minutes".to_owned(), |at| format!("until {at:.0}"));
            format!("machine {id} stays leased {until}: nobody can change it before")
        };
        let mut told: Vec<String> = self.leases.all().into_iter().map(holds).collect();
        let unwritten = self.leases.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        if !unwritten.is_empty() {
            told.push(format!("leases given back, which the journal does not hold: {}", unwritten.join(", ")));
        }
        told
    }

    /// Gives back what an operation that was cut short still holds.
    pub(in crate::engine) async fn free_left(&self, op: OpId, left: &[LeftLease]) {
        if let Some(fly) = &self.clients.fly {
            for one in left {
                let _ = free_left(fly, &self.store, op, one).await;
            }
        }
    }
}

/// What a lease is taken for, as the platform tells it to everybody: it names the operation.
fn claimed_by(op: OpId) -> String {
    format!("flightdeck operation {op}")
}

/// Who holds a machine that is waited for, and until when.
fn holder(id: &str, held: &Result<Option<Lease>, PlatformError>, lost: bool) -> String {
    let lease = match held {
        Ok(Some(lease)) => lease,
        Ok(None) => return format!("machine {id} is not leased"),
        Err(error) => return format!("who has leased machine {id} could not be read: {error}"),
    };
    let who = if lease.owner.is_empty() { "somebody" } else { lease.owner.as_str() };
    let what = if lease.description.is_empty() { String::new() } else { format!(" ({})", lease.description) };
    let ends = lease.expires_at.map(|at| format!(", which ends by itself at {at:.0}")).unwrap_or_default();
    // A lease without a name may be of anybody who uses this token.
    let own = if lost && lease.description.is_empty() {
        "; perhaps it is this operation's own: the answer to its claim was lost"
    } else {
        ""
    };
    format!("machine {id} is leased, held by {who}{what}{ends}{own}")
}

/// Whether a lease is the one that an operation has left behind: it names the operation, or ends when the platform said.
fn left_by(lease: &Lease, op: OpId, left: &LeftLease) -> bool {
    lease.description.as_str() == claimed_by(op) || (left.certain && lease.expires_at == Some(left.until))
}

/// Gives back a lease that an operation cut short has left behind; what became of it, in words. The platform tells the nonce of a
/// lease to whoever may use it (docs/platforms/fly.md section 3.4), so that none is kept: its name, or the time of its end, tells that
/// it is the same lease. The rows of it belong to the operation that took the lease.
pub(in crate::engine) async fn free_left(fly: &Fly, store: &Store, op: OpId, left: &LeftLease) -> Text {
    let (app, id) = (left.app.as_str(), left.machine.as_str());
    let holds = format!("machine {id} of {app} stays leased until {:.0}", left.until);
    let told = match fly.held_lease(app, id).await {
        Ok(None) => format!("machine {id} of {app} is leased no more"),
        Ok(Some(lease)) if left_by(&lease, op, left) => {
            let call = format!("release the lease of {id}");
            let about = About::Free { app: app.into(), machine: id.into() };
            // A machine that stays leased keeps everybody out: it is given back also when this cannot be written down.
            let noted = store.intent_about(op, &call, &about).await.is_ok();
            let result = fly.release_lease(app, id, &lease).await;
            let says = result.as_ref().map_or_else(ToString::to_string, |()| "accepted".to_owned());
            let answer = CallOutcome::of(result.is_ok(), result.as_ref().is_err_and(super::operator::lost));
            let noted = noted && store.outcome(op, &call, &says, answer, None).await.is_ok();
            match result {
                Ok(()) if noted => format!("the lease of machine {id} of {app} was given back"),
                Ok(()) => format!("the lease of machine {id} of {app} was given back, which the journal does not hold"),
                Err(error) => format!("{holds}: {error}"),
            }
        }
        Ok(Some(lease)) => {
            let until = lease.expires_at.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
            format!("machine {id} of {app} is leased until {until}, which is not known to be ours: it was left alone")
        }
        Err(error) => format!("{holds}: {error}"),
    };
    Text::from(told)
}

fn until(lease: &Lease) -> Option<Timestamp> {
    lease.expires_at
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn lease(owner: &str, description: &str) -> Lease {
        let expires_at = Timestamp::from_second(1_800_000_000).ok();
        let nonce = SecretString::from("n");
        Lease { nonce, expires_at, version: None, owner: Text::from(owner), description: Text::from(description) }
    }

    #[test]
    fn whose_lease_it_may_be_is_told_with_its_end() {
        let told = |one: Lease, lost| holder("d89", &Ok(Some(one)), lost);
        let until = "which ends by itself at 2027-01-15T08:00:00Z";
        assert_eq!(
            told(lease("1@tokens", "deploy"), true),
            format!("machine d89 is leased, held by 1@tokens (deploy), {until}")
        );
        let own = "perhaps it is this operation's own: the answer to its claim was lost";
        assert_eq!(told(lease("", ""), true), format!("machine d89 is leased, held by somebody, {until}; {own}"));
        assert_eq!(told(lease("1@tokens", ""), false), format!("machine d89 is leased, held by 1@tokens, {until}"));
    }

    #[test]
    fn a_lease_that_was_left_behind_is_known_by_its_name_or_by_its_end() {
        let (op, other) = (OpId(uuid::Uuid::from_u128(1)), OpId(uuid::Uuid::from_u128(2)));
        let left = |certain, second| LeftLease {
            app: "api".into(),
            machine: "d89".into(),
            until: Timestamp::from_second(second).unwrap(),
            certain,
        };
        assert!(left_by(&lease("", &claimed_by(op)), op, &left(false, 1)), "its answer was lost");
        assert!(!left_by(&lease("", &claimed_by(other)), op, &left(false, 1_800_000_000)));
        assert!(left_by(&lease("", ""), op, &left(true, 1_800_000_000)));
        assert!(!left_by(&lease("", ""), op, &left(true, 1_800_000_001)));
    }
}
