//! Reads and writes the store while the console runs: it is opened once, read again when anybody wrote to it, and told as
//! facts. What another console writes shows here within one look.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};

use super::lanes::Outbox;
use super::running::Running;
use crate::clock::{SharedClock, Timestamp};
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::history::{Chain, History, JournalRow};
use crate::domain::ids::{DeploymentId, EnvId, OpId, ServiceId, Sha};
use crate::domain::keep::Keep;
use crate::domain::lock::{Lock, Mark};
use crate::domain::notice::Notice;
use crate::domain::operation::{OpKind, OpState, Operation};
use crate::engine::operations::past::Past;
use crate::redact::Redactor;
use crate::sanitize::Text;
use crate::store::chain::{Broken, Link};
use crate::store::rows::Entry;
use crate::store::{Locked, Store, StoreError, Unlocked};

/// Pause between two looks at the file.
pub(super) const LOOK: Duration = Duration::from_secs(2);
/// Rows and operations shown.
const ROWS: u32 = 500;
/// Rows of the chain that are followed in one go.
const SLICE: u32 = 1_000;
pub(super) const OPERATIONS: u32 = 50;

/// What a person gives as a reason, as it is kept for good: without a token that was pasted into it.
fn kept(why: &str) -> Text {
    Redactor::default().mask(Text::from(why))
}

/// The store, opened when first needed. Cheap to clone.
#[derive(Clone)]
pub(super) struct Memory {
    keep: Keep,
    clock: SharedClock,
    open: Arc<OnceCell<Store>>,
    running: Running,
    changed: Arc<Notify>,
}

impl Memory {
    pub(super) fn new(keep: Keep, clock: SharedClock, running: Running) -> Self {
        Self { keep, clock, open: Arc::default(), running, changed: Arc::default() }
    }

    pub(super) async fn store(&self) -> Result<Store, StoreError> {
        let open = || Store::open(&self.keep, Arc::clone(&self.clock));
        self.open.get_or_try_init(open).await.cloned()
    }

    /// What a plan needs to know of what was done and said before.
    ///
    /// # Errors
    /// When any of it cannot be read: what stands against the plan is not known then.
    pub(super) async fn past(&self, kind: OpKind, env: &EnvId, continues: Option<OpId>) -> Result<Past, StoreError> {
        let store = self.store().await?;
        let (began, durations) = tokio::try_join!(store.began(), store.durations(kind, env))?;
        let (verified, locks, marks) = tokio::try_join!(store.verified(), store.locks(), store.marks())?;
        let earlier = match continues {
            Some(op) => Some(store.one(op).await?),
            None => None,
        };
        let open = store.interrupted().await?;
        Ok(Past { began, durations, verified, lock: locks.get(env).cloned(), marks, continues, earlier, open })
    }

    /// Remembers that a deployment was verified healthy.
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

    /// Claims an environment; what is to be told about it.
    pub(super) async fn lock(
        &self,
        env: &EnvId,
        who: &str,
        why: &str,
        until: Option<Timestamp>,
    ) -> Result<Notice, StoreError> {
        let lock = Lock { who: Text::from(who), why: kept(why), at: self.clock.now(), until };
        let end = until.map_or_else(
            || "until you give it back".to_owned(),
            |until| format!("until {}", until.strftime("%Y-%m-%d %H:%MZ")),
        );
        let told = match self.store().await?.lock(env, &lock).await? {
            Locked::Taken => {
                Notice::done(format!("{env} is locked {end}: others on this store need a reason to change it"))
            }
            Locked::Renewed(before) => {
                Notice::done(format!("{env} is locked anew, {end}; before it was {}", before.words()))
            }
            Locked::Held(held) => Notice::refused(format!("{env} was not locked: it is {}", held.words())),
        };
        self.changed.notify_one();
        Ok(told)
    }

    /// Gives an environment back, another person's lock for a reason; what is to be told about it.
    pub(super) async fn unlock(
        &self,
        env: &EnvId,
        who: &str,
        over: Option<(&Lock, &str)>,
    ) -> Result<Notice, StoreError> {
        let over = over.map(|(lock, why)| (lock, kept(why)));
        let over = over.as_ref().map(|(lock, why)| (*lock, why.as_str()));
        let told = match self.store().await?.unlock(env, who, over).await? {
            Unlocked::Nothing => Notice::refused(format!("{env} was not locked")),
            Unlocked::Gone(lock) if lock.who.as_str() == who => Notice::done(format!("{env} is unlocked")),
            Unlocked::Gone(lock) => Notice::done(format!("{env} is unlocked; it was {}", lock.words())),
            Unlocked::Held(held) => Notice::refused(format!("{env} was not unlocked: it is {}", held.words())),
        };
        self.changed.notify_one();
        Ok(told)
    }

    /// Marks a commit bad, or takes the mark away.
    pub(super) async fn mark(&self, sha: &Sha, who: &str, why: Option<&str>) -> Result<Notice, StoreError> {
        let at = self.clock.now();
        let mark = why.map(|why| Mark { who: Text::from(who), why: kept(why), at });
        let before = self.store().await?.mark(sha, mark.as_ref(), who).await?.map(|before| before.words());
        self.changed.notify_one();
        let told = match (why, before) {
            (Some(_), None) => "is marked bad: nothing goes to it".to_owned(),
            (Some(_), Some(before)) => format!("is marked bad; this replaces the mark before: {before}"),
            (None, Some(before)) => format!("is no longer marked bad; it was: {before}"),
            (None, None) => "was not marked bad".to_owned(),
        };
        Ok(Notice::done(format!("{} {told}", sha.short())))
    }

    /// A person's word to an operation that is held.
    pub(super) async fn answer(&self, op: OpId, go: bool, who: &str) -> Result<(), StoreError> {
        self.store().await?.answer(op, go, who).await?;
        self.changed.notify_one();
        Ok(())
    }

    /// A person leaves an interrupted operation as it is; what it holds still, and the journal in which to say what becomes of that.
    /// The error is also that somebody else decided on it first.
    pub(super) async fn leave(&self, op: OpId, why: &str) -> Result<(Store, Operation), Text> {
        let told = |error: StoreError| Text::from(error.to_string());
        let store = self.store().await.map_err(told)?;
        let operation = store.one(op).await.map_err(told)?;
        if !store.abandon(op, kept(why).as_str()).await.map_err(told)? {
            let one = store.one(op).await.map_err(told)?;
            let text = format!("it was finished or left meanwhile: {}; nothing was changed", one.outcome);
            return Err(Text::from(text));
        }
        self.changed.notify_one();
        Ok((store, operation))
    }

    /// Tells what the file says, again whenever it changed.
    pub(super) async fn watch(self, outbox: Outbox) {
        let mut told = Told::default();
        let mut last_ok = None;
        loop {
            let now = self.clock.now();
            let (state, more) = match self.look(&mut told, &outbox).await {
                Ok(more) => {
                    last_ok = Some(now);
                    (FeedState::Fresh(now), more)
                }
                Err(error) => {
                    let (since, why) = (*told.failing.get_or_insert(now), Text::from(error.to_string()));
                    told.unread(&why, &outbox).await;
                    (FeedState::Failing { last_ok, since, why, denied: false, again: None }, false)
                }
            };
            outbox.tell(Fact::Feed(FeedId::Journal, FeedStatus { state, interval: LOOK })).await;
            if more {
                // The chain is followed slice by slice: whoever writes meanwhile gets his turn between two.
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// One look at the file; whether there is more of the chain to follow.
    async fn look(&self, told: &mut Told, outbox: &Outbox) -> Result<bool, StoreError> {
        let store = self.store().await?;
        let (height, verified, locks, marks) =
            tokio::try_join!(store.height(), store.verified(), store.locks(), store.marks())?;
        if told.history.began.is_none() {
            told.history.began = store.began().await?;
        }
        let open = told.operations.values().any(|one| one.interrupted || !one.state.ended());
        if height != told.history.height || open {
            self.operations(&store, told, outbox).await?;
        }
        if height != told.history.height {
            // A file in the place of the one before has other rows.
            let from = if height > told.history.height { told.history.height } else { 0 };
            let read = store.since(from, ROWS).await?;
            let held = std::mem::take(&mut told.history.rows);
            (told.history.rows, told.history.height) = (behind(&read, held, (from, height)), height);
        }
        let more = self.follow(&store, told).await?;
        (told.history.verified, told.history.locks, told.history.marks) = (verified, locks, marks);
        told.failing = None;
        told.tell(more, outbox).await;
        Ok(more)
    }

    /// Follows the chain from where it was followed to.
    async fn follow(&self, store: &Store, told: &mut Told) -> Result<bool, StoreError> {
        let from = told.link.row;
        match store.follow(&mut told.link, SLICE).await? {
            Ok(more) => {
                let known = matches!(told.history.chain, Chain::Holds { .. });
                if !known || told.link.row != from {
                    told.history.chain = Chain::Holds { row: told.link.row, at: self.clock.now() };
                }
                Ok(more)
            }
            Err(Broken { row, why }) => {
                let known = matches!(told.history.chain, Chain::Broken { row: known, .. } if known == row);
                if !known {
                    told.history.chain = Chain::Broken { row, why: Text::from(why), at: self.clock.now() };
                }
                Ok(false)
            }
        }
    }

    async fn operations(&self, store: &Store, told: &mut Told, outbox: &Outbox) -> Result<(), StoreError> {
        for operation in store.operations(OPERATIONS).await? {
            // Its own operations this process tells itself, but for a person's word that one of them is left.
            let own = self.running.mine(operation.id) && operation.state != OpState::Left;
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
    history: History,
    /// The same as it was told last.
    last: Option<History>,
    /// How far the chain was followed.
    link: Link,
    operations: BTreeMap<OpId, Operation>,
    failing: Option<Timestamp>,
}

impl Told {
    /// The file cannot be read: nothing is said of its chain any more.
    async fn unread(&mut self, why: &Text, outbox: &Outbox) {
        self.history.chain = Chain::Unread(why.clone());
        self.tell(false, outbox).await;
    }

    /// Tells what is new. How far the chain was followed is told at its end: a long one has thousands of slices.
    async fn tell(&mut self, more: bool, outbox: &Outbox) {
        let new = match &self.last {
            None => true,
            Some(last) if more => last.height != self.history.height || last.locks != self.history.locks,
            Some(last) => *last != self.history,
        };
        if new {
            self.last = Some(self.history.clone());
            outbox.tell(Fact::History(Box::new(self.history.clone()))).await;
        }
    }
}

/// The rows to show, newest first: those that were read behind row `from`, then those that were held up to it. What was written after the
/// height was read is left for the next look, which reads it again.
fn behind(read: &[Entry], held: Vec<JournalRow>, (from, height): (i64, i64)) -> Vec<JournalRow> {
    let new = read.iter().filter(|entry| entry.id <= height).map(row);
    new.chain(held.into_iter().filter(|row| row.id <= from)).take(ROWS as usize).collect()
}

fn row(entry: &Entry) -> JournalRow {
    JournalRow {
        id: entry.id,
        at: entry.at.parse().ok(),
        op: Text::from(entry.op.as_str()),
        event: Text::from(entry.event.as_str()),
        says: Text::from(entry.says()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::engine::lanes;

    #[test]
    fn a_row_that_is_written_between_two_readings_of_one_look_stands_there_once() {
        let entry = |id| Entry {
            id,
            at: String::new(),
            op: String::new(),
            event: "progress".to_owned(),
            body: serde_json::Value::Null,
        };
        let ids = |rows: &[JournalRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        // The height was 18 when it was read; 19 and 20 came before the rows were.
        let first = behind(&[entry(20), entry(19), entry(18), entry(17)], Vec::new(), (0, 18));
        assert_eq!(ids(&first), [18, 17]);
        let second = behind(&[entry(21), entry(20), entry(19)], first, (18, 21));
        assert_eq!(ids(&second), [21, 20, 19, 18, 17]);
        // A file in the place of the one before has other rows.
        assert_eq!(ids(&behind(&[entry(2), entry(1)], second, (0, 2))), [2, 1]);
    }

    #[tokio::test]
    async fn the_chain_is_told_as_what_was_read_of_it_and_no_row_is_read_twice() {
        let dir = tempfile::tempdir().unwrap();
        let clock = SystemClock::shared();
        let memory = Memory::new(dir.path().into(), Arc::clone(&clock), Running::default());
        let ((outbox, mut lanes), mut told) = (lanes::open(), Told::default());
        assert!(matches!(told.history.chain, Chain::Unread(_)), "before it was read");
        let store = memory.store().await.unwrap();
        for _ in 0..3 {
            store.intent(OpId(uuid::Uuid::now_v7()), "call").await.unwrap();
        }
        memory.look(&mut told, &outbox).await.unwrap();
        assert!(matches!(told.history.chain, Chain::Holds { row: 3, .. }), "{:?}", told.history.chain);
        let lock = Lock { who: "maria".into(), why: "migration".into(), at: clock.now(), until: None };
        assert_eq!(store.lock(&"staging".into(), &lock).await.unwrap(), Locked::Taken);
        memory.look(&mut told, &outbox).await.unwrap();
        memory.look(&mut told, &outbox).await.unwrap();
        assert_eq!((told.link.row, told.link.read), (4, 4));
        assert_eq!((told.history.rows.len(), told.history.rows[0].id), (4, 4));
        told.unread(&Text::from("the disk is away"), &outbox).await;
        assert_eq!(told.history.chain, Chain::Unread(Text::from("the disk is away")));
        memory.look(&mut told, &outbox).await.unwrap();
        assert!(matches!(told.history.chain, Chain::Holds { row: 4, .. }), "{:?}", told.history.chain);
        assert_eq!(told.link.read, 4, "what was followed is not read again");
        let mut chains = Vec::new();
        while let Ok(fact) = lanes.control.try_recv() {
            if let Fact::History(history) = fact {
                chains.push(matches!(history.chain, Chain::Holds { .. }));
            }
        }
        assert_eq!(chains, [true, true, false, true], "each is told once");
    }
}
