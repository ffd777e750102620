//! The only place of the simulator that starts tasks; all of them end when it stops.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a stop waits for requests that are under way.
const GRACE: Duration = Duration::from_secs(2);

/// A set of tasks with one end.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    cancel: CancellationToken,
}

impl Tasks {
    /// Cancelled when the set ends.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Starts a task. It has to end by itself after the token is cancelled.
    #[expect(clippy::disallowed_methods, reason = "the one place of the simulator that starts tasks")]
    pub fn start<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(self.tracker.track_future(task));
    }

    /// Cancels and waits, two seconds at most.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.tracker.close();
        // A connection that outlives the grace dies with the runtime.
        let _ = tokio::time::timeout(GRACE, self.tracker.wait()).await;
    }
}
