//! The state that every route shares: the world behind its lock, the clock, the faults, the counts.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::Origins;
use super::faults::Fault;
use super::tasks::Tasks;
use super::world::World;
use crate::clock::SharedClock;

/// Handed to every router; cheap to clone.
#[derive(Clone)]
pub struct Shared(Arc<Inner>);

struct Inner {
    world: Mutex<World>,
    faults: Mutex<Vec<Fault>>,
    counts: Mutex<BTreeMap<Arc<str>, BTreeMap<String, u64>>>,
    origins: OnceLock<(Origins, String)>,
    clock: SharedClock,
    began: Duration,
    start: Timestamp,
    speed: f64,
    advanced: AtomicU64,
    taken: AtomicU64,
    changed: tokio::sync::Notify,
    tasks: Tasks,
    cancel: CancellationToken,
}

/// The world, held. Who asks for more than to read it is taken to have changed it.
pub struct WorldGuard<'a>(MutexGuard<'a, World>);

impl Deref for WorldGuard<'_> {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl DerefMut for WorldGuard<'_> {
    fn deref_mut(&mut self) -> &mut World {
        self.0.touched = true;
        &mut self.0
    }
}

/// A lock whose holder panicked still holds a usable world.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Wraps a world whose time begins now.
    #[must_use]
    pub fn new(world: World, clock: SharedClock, speed: f64, tasks: Tasks) -> Self {
        Self(Arc::new(Inner {
            start: world.start,
            world: Mutex::new(world),
            faults: Mutex::new(Vec::new()),
            counts: Mutex::new(BTreeMap::new()),
            origins: OnceLock::new(),
            began: clock.mono(),
            clock,
            speed,
            advanced: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            changed: tokio::sync::Notify::new(),
            cancel: tasks.token(),
            tasks,
        }))
    }

    /// The simulator's time: the start, plus the clock times the speed, plus what was advanced.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let passed = self.0.clock.mono().saturating_sub(self.0.began);
        let passed = Duration::try_from_secs_f64(passed.as_secs_f64() * self.0.speed).unwrap_or(passed);
        self.0.start + passed + Duration::from_nanos(self.0.advanced.load(Ordering::SeqCst))
    }

    /// The world at its present time. Never hold it across an await.
    pub fn world(&self) -> WorldGuard<'_> {
        let mut world = lock(&self.0.world);
        world.pass(self.now());
        WorldGuard(world)
    }

    /// Moves the time forward and wakes whoever waits.
    pub fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.0.advanced.fetch_add(nanos, Ordering::SeqCst);
        drop(self.world());
        self.wake();
    }

    /// Wakes whoever waits for the world to change.
    pub fn wake(&self) {
        self.0.changed.notify_waiters();
    }

    /// Returns when the world may have changed, 50 ms at the latest; `false` = the simulator ends.
    pub async fn changed(&self) -> bool {
        tokio::select! {
            () = self.0.cancel.cancelled() => false,
            () = self.0.changed.notified() => true,
            () = tokio::time::sleep(Duration::from_millis(50)) => true,
        }
    }

    /// Lets `span` of the simulator's time pass; `false` = the simulator ends.
    pub async fn pause(&self, span: Duration) -> bool {
        let until = self.now() + span;
        while self.now() < until {
            if !self.changed().await {
                return false;
            }
        }
        true
    }

    /// Work that goes on whether or not somebody still waits for it.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    /// Ends with the simulator.
    #[must_use]
    pub fn cancel(&self) -> &CancellationToken {
        &self.0.cancel
    }

    /// The faults that are switched on.
    pub fn faults(&self) -> MutexGuard<'_, Vec<Fault>> {
        lock(&self.0.faults)
    }

    /// Counts a request.
    pub fn count(&self, origin: &Arc<str>, route: String) {
        *lock(&self.0.counts).entry(Arc::clone(origin)).or_default().entry(route).or_default() += 1;
    }

    /// A request was carried out whose answer is held back.
    pub fn took(&self) {
        self.0.taken.fetch_add(1, Ordering::SeqCst);
        self.wake();
    }

    /// Requests that were carried out and whose answers were, or are, held back.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::SeqCst)
    }

    /// Requests by origin and route template.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        lock(&self.0.counts).iter().map(|(origin, routes)| (origin.to_string(), routes.clone())).collect()
    }

    /// Where everything listens; `None` only while the simulator starts.
    #[must_use]
    pub fn origins(&self) -> Option<&Origins> {
        self.0.origins.get().map(|(origins, _)| origins)
    }

    /// The base URL of the control origin; `None` only while the simulator starts.
    #[must_use]
    pub fn control(&self) -> Option<&str> {
        self.0.origins.get().map(|(_, control)| control.as_str())
    }

    /// Says where everything listens; once.
    pub fn set_origins(&self, origins: Origins, control: String) {
        let _ = self.0.origins.set((origins, control));
    }
}
