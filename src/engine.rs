//! The engine: background tasks that keep feeds fresh and tell the application what they learn. It starts tasks in one place
//! (`supervisor`), speaks through two bounded lanes ([`lanes`]), and every task ends on [`EngineHandle::shutdown`].

mod feeds;
pub mod lanes;
pub mod poll;
mod supervisor;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::SharedClock;
use crate::config::Settings;
use crate::domain::feed::FeedId;
pub use lanes::Lanes;

/// Longest wait for tasks to end on quit.
const SHUTDOWN: Duration = Duration::from_secs(2);

/// Which feeds an engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// Everything but log lines, for commands that answer once.
    State,
}

/// Starts the tasks.
pub struct Engine;

impl Engine {
    /// Starts a feed for everything that the settings name and returns at once: clients, certificates and connections are
    /// made inside the tasks. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(settings: Arc<Settings>, clock: SharedClock, scope: Scope) -> (EngineHandle, Lanes) {
        let (outbox, lanes) = lanes::open();
        let supervisor = supervisor::Supervisor::default();
        let mut refresh = HashMap::new();
        for (id, feed) in feeds::all(&settings, &clock, &outbox, scope) {
            let wake = Arc::new(Notify::new());
            refresh.insert(id.clone(), Arc::clone(&wake));
            let poller = poll::Poller::new(id, settings.poll, Arc::clone(&clock), outbox.clone(), wake);
            supervisor.start(poller.run(feed));
        }
        (EngineHandle { supervisor, refresh }, lanes)
    }
}

/// The running engine.
pub struct EngineHandle {
    supervisor: supervisor::Supervisor,
    refresh: HashMap<FeedId, Arc<Notify>>,
}

impl EngineHandle {
    /// Feeds that run.
    pub fn feeds(&self) -> impl Iterator<Item = &FeedId> {
        self.refresh.keys()
    }

    /// Reads these feeds now; an empty list means all. Always harmless.
    pub fn refresh(&self, feeds: &[FeedId]) {
        for (id, wake) in &self.refresh {
            if feeds.is_empty() || feeds.contains(id) {
                wake.notify_one();
            }
        }
    }

    /// Ends every task; returns when all have ended or after two seconds.
    pub async fn shutdown(self) {
        self.supervisor.stop(SHUTDOWN).await;
    }
}
