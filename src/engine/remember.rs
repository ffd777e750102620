//! The memory on the disk: opened once, read again when anybody wrote it, told as facts. Another console may write the same
//! file; what it does shows here within one look.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};

use super::lanes::Outbox;
use super::preflight::Past;
use crate::clock::{SharedClock, Timestamp};
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::history::{History, JournalRow};
use crate::domain::ids::{DeploymentId, EnvId, OpId, ServiceId, Sha};
use crate::domain::operation::{OpKind, Operation};
use crate::sanitize::Text;
use crate::store::journal::Entry;
use crate::store::{Store, StoreError};

/// Pause between two looks at the file.
const LOOK: Duration = Duration::from_secs(2);
/// Rows and operations shown.
const ROWS: u32 = 500;
const OPERATIONS: u32 = 50;

/// The store, opened when first needed, and the operations that this process carries out. Cheap to clone.
#[derive(Clone)]
pub(super) struct Memory {
    dir: PathBuf,
    clock: SharedClock,
    open: Arc<OnceCell<Store>>,
    own: Arc<Mutex<HashSet<OpId>>>,
    changed: Arc<Notify>,
}

impl Memory {
    pub(super) fn new(dir: PathBuf, clock: SharedClock) -> Self {
        Self { dir, clock, open: Arc::default(), own: Arc::default(), changed: Arc::default() }
    }

    pub(super) async fn store(&self) -> Result<Store, StoreError> {
        let open = || Store::open(&self.dir, Arc::clone(&self.clock));
        self.open.get_or_try_init(open).await.cloned()
    }

    /// An operation of this process: it tells its own state, fresher than the file.
    pub(super) fn mine(&self, op: OpId) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(op);
    }

    /// What a plan needs to know; nothing when the file cannot be read, which the journal's own feed tells.
    pub(super) async fn past(&self, kind: OpKind, env: &EnvId, continues: Option<OpId>) -> Past {
        let read = async {
            let store = self.store().await?;
            let (durations, verified) = tokio::try_join!(store.durations(kind, env), store.verified())?;
            Ok::<Past, StoreError>(Past { durations, verified, continues })
        };
        read.await.unwrap_or(Past { continues, ..Past::default() })
    }

    /// Remembers that a deployment was seen healthy.
    pub(super) async fn verified(
        &self,
        service: &ServiceId,
        deployment: &DeploymentId,
        sha: &Sha,
    ) -> Result<(), StoreError> {
        self.store().await?.mark_verified(service, deployment, sha, self.clock.now()).await?;
        self.changed.notify_one();
        Ok(())
    }

    /// A person leaves an interrupted operation as it is.
    pub(super) async fn leave(&self, op: OpId, why: &str) -> Result<(), StoreError> {
        self.store().await?.abandon(op, why).await?;
        self.changed.notify_one();
        Ok(())
    }

    /// Tells what the file says, again whenever it changed.
    pub(super) async fn watch(self, outbox: Outbox) {
        let mut told = Told::default();
        let mut last_ok = None;
        loop {
            let now = self.clock.now();
            let state = match self.look(&mut told, &outbox).await {
                Ok(()) => {
                    last_ok = Some(now);
                    FeedState::Fresh(now)
                }
                Err(error) => {
                    let since = *told.failing.get_or_insert(now);
                    FeedState::Failing { last_ok, since, why: Text::from(error.to_string()), denied: false }
                }
            };
            outbox.tell(Fact::Feed(FeedId::Journal, FeedStatus { state, interval: LOOK })).await;
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    async fn look(&self, told: &mut Told, outbox: &Outbox) -> Result<(), StoreError> {
        let store = self.store().await?;
        let (height, verified) = tokio::try_join!(store.height(), store.verified())?;
        told.failing = None;
        let open = told.operations.values().any(|one| one.interrupted || !one.state.ended());
        if height != told.height || open {
            self.operations(&store, told, outbox).await?;
        }
        if height == told.height && verified == told.history.verified && told.any {
            return Ok(());
        }
        if height != told.height || !told.any {
            let broken = store.verify().await?.err();
            let broken = broken.map(|broken| Text::from(format!("row {}: {}", broken.row, broken.why)));
            let rows = store.list(ROWS).await?.iter().map(row).collect();
            told.history = History { rows, height, broken, ..History::default() };
        }
        (told.height, told.any, told.history.verified) = (height, true, verified);
        outbox.tell(Fact::History(Box::new(told.history.clone()))).await;
        Ok(())
    }

    async fn operations(&self, store: &Store, told: &mut Told, outbox: &Outbox) -> Result<(), StoreError> {
        for operation in store.operations(OPERATIONS).await? {
            let own = self.own.lock().unwrap_or_else(PoisonError::into_inner).contains(&operation.id);
            if own || told.operations.get(&operation.id) == Some(&operation) {
                continue;
            }
            outbox.tell(Fact::Operation(Box::new(operation.clone()))).await;
            told.operations.insert(operation.id, operation);
        }
        Ok(())
    }
}

/// What was told last.
#[derive(Default)]
struct Told {
    any: bool,
    height: i64,
    history: History,
    operations: BTreeMap<OpId, Operation>,
    failing: Option<Timestamp>,
}

fn row(entry: &Entry) -> JournalRow {
    let body = |key: &str| entry.body[key].as_str().unwrap_or_default();
    let what = ["title", "call", "why"].iter().map(|key| body(key)).find(|text| !text.is_empty()).unwrap_or_default();
    let end = ["result", "outcome"].iter().map(|key| body(key)).find(|text| !text.is_empty()).unwrap_or_default();
    let says = if end.is_empty() { what.to_owned() } else { format!("{what}: {end}") };
    JournalRow {
        id: entry.id,
        at: entry.at.parse().ok(),
        op: Text::from(entry.op.as_str()),
        event: Text::from(entry.event.as_str()),
        says: Text::from(says),
    }
}
