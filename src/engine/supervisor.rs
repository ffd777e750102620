//! The one place of the console that starts tasks, so that every one of them ends on cancel.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Owns the running tasks.
#[derive(Debug, Default)]
pub(super) struct Supervisor {
    tasks: TaskTracker,
    cancel: CancellationToken,
}

impl Supervisor {
    /// Starts a task; it is dropped at its next await when the supervisor stops.
    pub(super) fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        let cancel = self.cancel.clone();
        // Each layer of futures would hold the task by value, on the stack of a worker while it is polled.
        let mut task = Box::pin(task);
        self.tasks.spawn(async move {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = &mut task => {}
            }
        });
    }

    /// Cancels all tasks and waits for their end, at most `limit`.
    pub(super) async fn stop(self, limit: Duration) {
        self.cancel.cancel();
        self.tasks.close();
        let _ = tokio::time::timeout(limit, self.tasks.wait()).await;
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_task_ends_on_stop() {
        let supervisor = Supervisor::default();
        let tasks = supervisor.tasks.clone();
        for _ in 0..10 {
            supervisor.start(std::future::pending());
        }
        assert_eq!(tasks.len(), 10);
        supervisor.stop(Duration::from_secs(2)).await;
        assert!(tasks.is_empty());
    }

    #[tokio::test]
    async fn dropping_the_supervisor_ends_its_tasks_too() {
        let supervisor = Supervisor::default();
        let tasks = supervisor.tasks.clone();
        supervisor.start(std::future::pending());
        drop(supervisor);
        tasks.close();
        tokio::time::timeout(Duration::from_secs(10), tasks.wait()).await.expect("the task ends");
    }
}
