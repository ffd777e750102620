//! Leases of machines: each is on the disk before it is asked for, and is given back however the operation ends, also when
//! nothing can be written any more.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::{LOOK, Operator, Trouble};
use crate::clock::Timestamp;
use crate::domain::ids::OpId;
use crate::domain::operation::{LeftLease, Operation, StepReport, StepState, Wait};
use crate::platform::fly::{Fly, Lease};
use crate::sanitize::Text;
use crate::store::Store;
use crate::store::journal::{About, Answer};

/// A lease outlives the wait for a version; it is prolonged while checks settle (docs/platforms/fly.md section 3.4).
pub(super) const LEASE: Duration = Duration::from_secs(120);

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
    pub(super) fn forget(&self, id: &str) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    fn all(&self) -> Vec<(String, String, Lease)> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().map(|(id, (app, lease))| (app.clone(), id.clone(), lease.clone())).collect()
    }
}

impl Operator {
    /// Claims a machine. After an operation that was cut short the claim may still be its own, as after a claim whose answer was
    /// lost, for two minutes at most: then waiting is right, and a refusal says that the call was not taken. A claim changes nothing
    /// of what runs, so it may be asked for again.
    pub(super) async fn lease(&self, fly: &Fly, app: &str, id: &str) -> Result<Lease, Trouble> {
        let end = self.clock.mono() + LEASE;
        let mut own = self.plan.continues.is_some();
        loop {
            let ask = || async {
                let lease = fly.acquire_lease(app, id, LEASE).await?;
                // From here on it is given back, whatever happens to the row that says so.
                self.leases.hold(app, id, &lease);
                Ok(lease)
            };
            let about = self.about(app, id);
            let error = match self.sent(&format!("lease machine {id}"), Some(&about), ask, until).await? {
                Ok(lease) => {
                    self.leases.waits(id, None);
                    return Ok(lease);
                }
                Err(error) => error,
            };
            own |= super::lost(&error);
            if !own || self.clock.mono() > end {
                return Err(Trouble::Failed(Text::from(format!("machine {id} could not be claimed: {error}"))));
            }
            // Whose lease it is the platform says in its refusal; when it ends, in the lease itself.
            let ends =
                self.unless_stopped(fly.held_lease(app, id)).await?.ok().flatten().and_then(|lease| lease.expires_at);
            let by_itself = ends.map(|at| format!(", which ends by itself at {at:.0}")).unwrap_or_default();
            let told = format!("machine {id} is leased{by_itself}: {}", error.message);
            self.leases.waits(id, Some((ends, Text::from(told))));
            self.unless_stopped(tokio::time::sleep(LOOK * 2)).await?;
        }
    }

    /// Does the work of these steps, and tells of each meanwhile which lease its machine waits for.
    pub(super) async fn telling<T>(
        &self,
        operation: &mut Operation,
        steps: &[(usize, &str)],
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
    async fn waits_no_more(&self, operation: &mut Operation, at: usize) {
        let waits = |step: &StepReport| matches!(step.state, StepState::Waiting(Wait::Lease { .. }));
        if operation.steps.get(at).is_some_and(waits) {
            self.note(operation, at, Text::from("leased")).await;
        }
    }

    /// Nobody else may touch the machine while its checks settle. Where the answer is lost, the lease that is held goes on.
    pub(super) async fn prolong(&self, fly: &Fly, app: &str, id: &str, lease: &mut Lease) -> Result<(), Trouble> {
        let call = format!("prolong the lease of {id}");
        let ask = || fly.refresh_lease(app, id, lease, LEASE);
        match self.sent(&call, Some(&self.about(app, id)), ask, until).await? {
            Ok(longer) => {
                self.leases.hold(app, id, &longer);
                *lease = longer;
                Ok(())
            }
            Err(error) if super::lost(&error) => Ok(()),
            Err(error) => Err(Trouble::of_change(&error)),
        }
    }

    fn about(&self, app: &str, id: &str) -> About {
        About::Lease { app: app.into(), machine: id.into(), until: self.clock.now() + LEASE }
    }

    /// Gives a lease back, also when this cannot be written down or the operation is to stop: a machine that stays leased keeps
    /// everybody out.
    pub(super) async fn give_back(&self, fly: &Fly, app: &str, id: &str, lease: &Lease) {
        let call = format!("release the lease of {id}");
        let about = About::Free { app: app.into(), machine: id.into() };
        let noted = self.store.intent_about(self.plan.op, &call, &about).await.is_ok();
        let result = fly.release_lease(app, id, lease).await;
        let says = result.as_ref().map_or_else(ToString::to_string, |()| "accepted".to_owned());
        let answer = Answer::of(result.is_ok(), result.as_ref().is_err_and(super::lost));
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
    pub(super) async fn free(&self) -> Vec<String> {
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
    pub(super) async fn free_left(&self, op: OpId, left: &[LeftLease]) {
        if let Some(fly) = &self.clients.fly {
            for one in left {
                let _ = free_left(fly, &self.store, op, one).await;
            }
        }
    }
}

/// Gives back a lease that an operation cut short has left behind; what became of it, in words. The platform tells the nonce of a
/// lease to whoever may use it (docs/platforms/fly.md section 3.4), so that none is kept: the time of its end tells that it is the
/// same lease. The rows of it belong to the operation that took the lease.
pub(in crate::engine) async fn free_left(fly: &Fly, store: &Store, op: OpId, left: &LeftLease) -> Text {
    let (app, id) = (left.app.as_str(), left.machine.as_str());
    let holds = format!("machine {id} of {app} stays leased until {:.0}", left.until);
    let told = match fly.held_lease(app, id).await {
        Ok(None) => format!("machine {id} of {app} is leased no more"),
        Ok(Some(lease)) if left.certain && lease.expires_at == Some(left.until) => {
            let call = format!("release the lease of {id}");
            let about = About::Free { app: app.into(), machine: id.into() };
            // A machine that stays leased keeps everybody out: it is given back also when this cannot be written down.
            let noted = store.intent_about(op, &call, &about).await.is_ok();
            let result = fly.release_lease(app, id, &lease).await;
            let says = result.as_ref().map_or_else(ToString::to_string, |()| "accepted".to_owned());
            let answer = Answer::of(result.is_ok(), result.as_ref().is_err_and(super::lost));
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
