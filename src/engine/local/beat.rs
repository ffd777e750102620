//! Tells readers when the next frame is due. A reader of a trickle reads just before it: reading earlier would only wake three
//! threads for lines that nobody sees yet.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::SharedClock;

/// How long before a frame is due its lines are read: as long as they take to the screen.
const LEAD: Duration = Duration::from_micros(1500);
/// Pause where no frame is due.
const APART: Duration = Duration::from_millis(3);
/// Longest pause.
const LONGEST: Duration = Duration::from_millis(40);

/// Shared by the loop, which sets it, and the readers.
#[derive(Clone)]
pub struct Beat {
    /// Nanoseconds of the clock.
    due: Arc<AtomicU64>,
    clock: SharedClock,
}

impl std::fmt::Debug for Beat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beat").field("due", &self.due).finish_non_exhaustive()
    }
}

impl Beat {
    /// One by this clock, with no frame due.
    #[must_use]
    pub fn new(clock: SharedClock) -> Self {
        Self { due: Arc::default(), clock }
    }

    /// Says when the next frame will be drawn if anything changes, by the monotonic clock.
    pub fn set(&self, due: Duration) {
        self.due.store(u64::try_from(due.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long until it is time to read for the next frame; `None` where none is due.
    fn left(&self) -> Option<Duration> {
        let due = Duration::from_nanos(self.due.load(Ordering::Relaxed));
        let left = due.saturating_sub(LEAD).saturating_sub(self.clock.mono());
        (!left.is_zero()).then_some(left.min(LONGEST))
    }

    /// Waits, by a function that does, until it is time to read on.
    pub(super) fn pause(&self, wait: impl Fn(Duration)) {
        if self.left().is_none() {
            // What was read last is being drawn just now, and then the next frame will be due.
            wait(APART);
        }
        if let Some(left) = self.left() {
            wait(left);
        }
    }

    /// Time since the clock was made.
    pub(super) fn mono(&self) -> Duration {
        self.clock.mono()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn lines_are_read_just_before_a_frame_and_soon_where_none_is_due() {
        let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
        let beat = Beat::new(clock.clone());
        let waits = |meanwhile: &dyn Fn()| {
            let all = std::cell::RefCell::new(Vec::new());
            beat.pause(|time| {
                all.borrow_mut().push(time);
                clock.advance(time);
                meanwhile();
            });
            all.into_inner()
        };
        let nothing = || {};
        assert_eq!(waits(&nothing), [APART]);
        beat.set(Duration::from_millis(33));
        assert_eq!(waits(&nothing), [Duration::from_millis(30) - LEAD]);
        assert_eq!(waits(&nothing), [APART], "the frame is late");
        let drawn = || beat.set(Duration::from_millis(60));
        assert_eq!(waits(&drawn), [APART, Duration::from_millis(21)]);
        beat.set(Duration::from_secs(9));
        assert_eq!(waits(&nothing), [LONGEST]);
    }
}
