//! Times by our own clock. A platform stamps what it tells by its clock; beside our readings, our operations and what another platform tells
//! that time says nothing before the difference of the clocks is taken off. It is taken off where a fact is told
//! (`platform/http/ledger.rs` measures it), so that nobody who compares two times has to ask whose they are.

use jiff::{SignedDuration, Timestamp};

use super::environment::Declared;
use super::gate::Gate;
use super::pipeline::{Job, Run, Step};
use super::release::Deployment;

/// A time by our clock, of one by a clock that is so far ahead of it.
#[must_use]
pub fn time(at: Timestamp, ahead: SignedDuration) -> Timestamp {
    // That stands for a time that was not told.
    if at == Timestamp::UNIX_EPOCH { at } else { at.checked_sub(ahead).unwrap_or(at) }
}

/// Something that a platform tells with its times.
pub trait Stamped {
    /// The same with every time by our clock, of a platform whose clock is so far ahead of it.
    #[must_use]
    fn by_our_clock(self, ahead: SignedDuration) -> Self;
}

impl Stamped for Timestamp {
    fn by_our_clock(self, ahead: SignedDuration) -> Self {
        time(self, ahead)
    }
}

impl<T: Stamped> Stamped for Option<T> {
    fn by_our_clock(self, ahead: SignedDuration) -> Self {
        self.map(|one| one.by_our_clock(ahead))
    }
}

impl<T: Stamped> Stamped for Vec<T> {
    fn by_our_clock(self, ahead: SignedDuration) -> Self {
        if ahead.is_zero() { self } else { self.into_iter().map(|one| one.by_our_clock(ahead)).collect() }
    }
}

impl Stamped for Declared {
    fn by_our_clock(mut self, ahead: SignedDuration) -> Self {
        self.created_at = self.created_at.by_our_clock(ahead);
        if let Some(pin) = &mut self.pin {
            pin.at = pin.at.by_our_clock(ahead);
        }
        for one in &mut self.instances {
            one.failing_since = one.failing_since.by_our_clock(ahead);
        }
        self
    }
}

impl Stamped for Deployment {
    fn by_our_clock(self, ahead: SignedDuration) -> Self {
        Self { created_at: self.created_at.by_our_clock(ahead), ..self }
    }
}

impl Stamped for Run {
    fn by_our_clock(self, ahead: SignedDuration) -> Self {
        Self {
            created_at: self.created_at.by_our_clock(ahead),
            started_at: self.started_at.by_our_clock(ahead),
            updated_at: self.updated_at.by_our_clock(ahead),
            jobs: self.jobs.by_our_clock(ahead),
            gates: self.gates.by_our_clock(ahead),
            ..self
        }
    }
}

impl Stamped for Job {
    fn by_our_clock(self, ahead: SignedDuration) -> Self {
        Self {
            started_at: self.started_at.by_our_clock(ahead),
            completed_at: self.completed_at.by_our_clock(ahead),
            steps: self.steps.by_our_clock(ahead),
            ..self
        }
    }
}

impl Stamped for Step {
    fn by_our_clock(self, ahead: SignedDuration) -> Self {
        Self {
            started_at: self.started_at.by_our_clock(ahead),
            completed_at: self.completed_at.by_our_clock(ahead),
            ..self
        }
    }
}

impl Stamped for Gate {
    fn by_our_clock(self, ahead: SignedDuration) -> Self {
        Self { wait_since: self.wait_since.by_our_clock(ahead), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_was_told_is_moved_and_one_that_was_not_stays() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let ahead = SignedDuration::from_hours(3);
        assert_eq!((at + ahead).by_our_clock(ahead), at);
        assert_eq!((at - ahead).by_our_clock(-ahead), at, "one that is behind");
        assert_eq!(Timestamp::UNIX_EPOCH.by_our_clock(ahead), Timestamp::UNIX_EPOCH);
        assert_eq!(None::<Timestamp>.by_our_clock(ahead), None);
    }
}
