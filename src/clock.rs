//! The only reader of the machine's clocks. Everything else is handed the time, so that tests own it.

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use jiff::Timestamp;

/// A source of time.
pub trait Clock: Send + Sync + 'static {
    /// Wall time, UTC.
    fn now(&self) -> Timestamp;
    /// Monotonic time since the clock was made.
    fn mono(&self) -> Duration;
}

/// A clock that can be handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// The same, shared.
    #[must_use]
    pub fn shared() -> SharedClock {
        Arc::new(Self::new())
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn mono(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that moves when a test says so.
#[derive(Debug)]
pub struct ManualClock {
    base: Timestamp,
    nanos: std::sync::atomic::AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `base`.
    #[must_use]
    pub fn new(base: Timestamp) -> Self {
        Self { base, nanos: std::sync::atomic::AtomicU64::new(0) }
    }

    /// Moves both wall and monotonic time forward.
    pub fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.base + self.mono()
    }

    fn mono(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(std::sync::atomic::Ordering::SeqCst))
    }
}
