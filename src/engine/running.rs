//! The operations that this process carries out: how each stands, and how to end them between two calls.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::domain::ids::OpId;
use crate::domain::operation::Operation;
use crate::sanitize::Text;

/// Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Running {
    stop: CancellationToken,
    tasks: TaskTracker,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    why: Text,
    own: HashSet<OpId>,
    open: BTreeMap<OpId, Operation>,
}

impl Running {
    /// An operation of this process begins; it is waited for until the token is dropped.
    pub(super) fn begins(&self, op: OpId) -> TaskTrackerToken {
        self.lock().own.insert(op);
        self.tasks.token()
    }

    /// Whether an operation is of this process: it tells its own state, fresher than the file.
    pub(super) fn mine(&self, op: OpId) -> bool {
        self.lock().own.contains(&op)
    }

    /// How one stands. One that was cut short stays: it is told to whoever ends this process.
    pub(super) fn stands(&self, operation: &Operation) {
        let open = &mut self.lock().open;
        if operation.state.ended() {
            open.remove(&operation.id);
        } else {
            open.insert(operation.id, operation.clone());
        }
    }

    /// Those without an end.
    pub(super) fn open(&self) -> Vec<Operation> {
        self.lock().open.values().cloned().collect()
    }

    /// Ends every operation before its next call. The reason is told with what is left open.
    pub(super) fn stop(&self, why: Text) {
        self.lock().why = why;
        self.stop.cancel();
    }

    /// Why they are ended, if they are.
    pub(super) fn stopped(&self) -> Option<Text> {
        self.stop.is_cancelled().then(|| self.lock().why.clone())
    }

    /// Waits until they are ended.
    pub(super) async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Waits until the last one has said its last word, at most so long.
    pub(super) async fn over(&self, limit: Duration) {
        self.tasks.close();
        let _ = tokio::time::timeout(limit, self.tasks.wait()).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
