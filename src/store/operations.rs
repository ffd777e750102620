//! Operations as the journal tells them: how each stands, which were cut short, and who carries one out now.

use std::collections::BTreeMap;
use std::fs::File;

use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::journal::{About, CallOutcome};
use super::{Store, StoreError};
use crate::domain::ids::OpId;
use crate::domain::late::LateCall;
use crate::domain::operation::{LeftLease, OpState, Operation};
use crate::sanitize::Text;

/// Held while an operation is carried out. The system lets it go when the process ends, however it ends: that is how another
/// console tells an operation under way from one that was cut short.
#[derive(Debug)]
pub struct Hold(File);

impl Drop for Hold {
    fn drop(&mut self) {
        // Closing the file would do; saying so keeps a forked child from holding on.
        let _ = self.0.unlock();
    }
}

impl Store {
    /// Says that this process carries an operation out, until the hold is dropped.
    ///
    /// # Errors
    /// When the file of the hold cannot be made, or another process carries the operation out.
    pub fn hold(&self, op: OpId) -> Result<Hold, StoreError> {
        let file = self.hold_file(op).map_err(|error| super::db::unwritable(&self.place, &error))?;
        file.try_lock().map_err(|error| super::db::unwritable(&self.place, &std::io::Error::from(error)))?;
        Ok(Hold(file))
    }

    /// Whether some process carries an operation out now.
    fn held(&self, op: OpId) -> Result<bool, StoreError> {
        let path = self.dir.join("operations").join(format!("{op}.lock"));
        let failed = |error: std::io::Error| super::db::unwritable(&self.place, &error);
        match File::open(path) {
            // Shared: who looks must not be taken for who holds. A holder locks before its `begin`, and nobody looks sooner.
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => Ok(false),
                Err(std::fs::TryLockError::WouldBlock) => Ok(true),
                Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    fn hold_file(&self, op: OpId) -> std::io::Result<File> {
        let dir = self.dir.join("operations");
        std::fs::create_dir_all(&dir)?;
        std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(format!("{op}.lock")))
    }

    /// The newest operations, oldest first, each as it stands: its last state on the disk, and cut short when it has no end
    /// and nobody carries it out.
    ///
    /// # Errors
    /// When the file cannot be read, or an operation in it cannot be understood: it must not go unseen.
    pub async fn operations(&self, limit: u32) -> Result<Vec<Operation>, StoreError> {
        self.stands()?;
        // Of what an operation told on its way the last word counts: the rows before it are many and long.
        let query = "with chosen (op) as ( \
                     select op from (select op from journal where event = 'begin' order by id desc limit ?) union \
                     select op from (select op from journal where event = 'begin' except \
                                     select op from journal where event in ('end', 'abandon'))) \
                     select id, op, event, body, at from journal where op in (select op from chosen) \
                     and (event <> 'progress' or id in (select max(id) from journal \
                          where event = 'progress' and op in (select op from chosen) group by op)) order by id";
        let rows = sqlx::query(query).bind(limit).fetch_all(&self.pool).await.map_err(|error| self.failed(&error))?;
        self.told(&rows)
    }

    /// One operation, however long ago.
    ///
    /// # Errors
    /// When it is not in the file, or cannot be read or understood.
    pub async fn one(&self, op: OpId) -> Result<Operation, StoreError> {
        self.stands()?;
        let query = "select id, op, event, body, at from journal where op = ? order by id";
        let rows = sqlx::query(query).bind(op.to_string()).fetch_all(&self.pool).await;
        let told = self.told(&rows.map_err(|error| self.failed(&error))?)?;
        told.into_iter().next().ok_or_else(|| self.strange(&format!("operation {op}"), "it is not in the file"))
    }

    /// The operations that these rows tell of.
    fn told(&self, rows: &[SqliteRow]) -> Result<Vec<Operation>, StoreError> {
        let mut stories: Vec<Story> = Vec::new();
        for row in rows {
            let read = || -> Result<(i64, String, String, String, String), sqlx::Error> {
                Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?))
            };
            let (id, op, event, body, at) = read().map_err(|error| self.failed(&error))?;
            let at = at.parse().map_err(|error| self.strange(&format!("the time of row {id} of it"), error))?;
            let body: Value =
                serde_json::from_str(&body).map_err(|error| self.strange(&format!("row {id} of it"), error))?;
            match stories.iter_mut().find(|story| story.op == op) {
                Some(story) => story.take(&event, at, body),
                None if event == "begin" => {
                    stories.push(Story { op, last: body, open: true, ..Story::default() });
                }
                None => {}
            }
        }
        stories.into_iter().map(|story| self.operation(story)).collect()
    }

    /// Operations that have begun, did not end, and that nobody carries out.
    ///
    /// # Errors
    /// As [`Store::operations`].
    pub async fn interrupted(&self) -> Result<Vec<Operation>, StoreError> {
        Ok(self.operations(1).await?.into_iter().filter(|operation| operation.interrupted).collect())
    }

    fn operation(&self, story: Story) -> Result<Operation, StoreError> {
        let which = || format!("operation {} of it", Text::clean(&story.op));
        let read = serde_json::from_value::<Operation>(story.last);
        let mut operation = read.map_err(|error| self.strange(&which(), error))?;
        operation.interrupted = story.open && !self.held(operation.id)?;
        operation.leases = Vec::new();
        if operation.interrupted {
            operation.called = story.taken || !story.unknown.is_empty();
            let now = self.clock.now();
            operation.leases = story.leases.into_values().filter(|lease| lease.until > now).collect();
        }
        let open = operation.open_question();
        if open {
            operation.unknown_calls = story.unknown.iter().map(|(call, _)| Text::from(call.as_str())).collect();
        }
        // What was left may still see one of its calls land.
        if open || story.left.is_some() {
            let late = |(call, sent_at): &(String, Timestamp)| LateCall {
                call: Text::from(call.as_str()),
                sent_at: *sent_at,
                against: false,
            };
            // A lease ends by itself, and is told as one.
            let own = story.unknown.iter().filter(|(call, _)| !story.about.contains_key(call));
            operation.late_calls.extend(own.map(late));
        } else {
            operation.late_calls = Vec::new();
        }
        if let Some(why) = story.left {
            operation.state = OpState::Left;
            operation.outcome = Text::from(why);
        }
        Ok(operation)
    }
}

/// What the rows of one operation say.
#[derive(Default)]
struct Story {
    op: String,
    last: Value,
    open: bool,
    /// Calls that no answer is known of, and when each was sent.
    unknown: Vec<(String, Timestamp)>,
    /// A call was not refused.
    taken: bool,
    left: Option<String>,
    /// What calls under way take or give back.
    about: BTreeMap<String, About>,
    /// What is held, by machine.
    leases: BTreeMap<Text, LeftLease>,
}

impl Story {
    fn take(&mut self, event: &str, at: Timestamp, body: Value) {
        let call = body["call"].as_str().unwrap_or_default();
        match event {
            "intent" => {
                self.unknown.push((call.to_owned(), at));
                if let Ok(about) = serde_json::from_value::<About>(body["about"].clone()) {
                    self.intends(call, about);
                }
            }
            "outcome" => {
                // Rows of older consoles do not say whether the answer came.
                let answer = serde_json::from_value(body["answer"].clone()).ok();
                if answer == Some(CallOutcome::Lost) {
                    return;
                }
                self.taken |= answer != Some(CallOutcome::Refused);
                if let Some(index) = self.unknown.iter().position(|(sent, _)| sent == call) {
                    self.unknown.remove(index);
                }
                let until = serde_json::from_value(body["until"].clone()).ok();
                if let (Some(about), Some(answer)) = (self.about.remove(call), answer) {
                    self.answered(about, answer, until);
                }
            }
            "progress" => self.last = body,
            "end" => (self.last, self.open) = (body, false),
            "abandon" => {
                self.left = Some(body["why"].as_str().unwrap_or_default().to_owned());
                self.open = false;
            }
            _ => {}
        }
    }
}

impl Story {
    /// From the intent on a machine may be leased.
    fn intends(&mut self, call: &str, about: About) {
        if let About::Lease { app, machine, until } = &about {
            let known = self.leases.get(machine).is_some_and(|known| known.certain);
            if !known {
                let lease = LeftLease { app: app.clone(), machine: machine.clone(), until: *until, certain: false };
                self.leases.insert(machine.clone(), lease);
            }
        }
        self.about.insert(call.to_owned(), about);
    }

    fn answered(&mut self, about: About, answer: CallOutcome, ends: Option<Timestamp>) {
        match (about, answer) {
            (About::Lease { app, machine, until }, CallOutcome::Taken) => {
                let (until, certain) = ends.map_or((until, false), |until| (until, true));
                self.leases.insert(machine.clone(), LeftLease { app, machine, until, certain });
            }
            // A lease that is not prolonged is held still, to its end.
            (About::Lease { machine, .. }, _) => {
                if self.leases.get(&machine).is_some_and(|known| !known.certain) {
                    self.leases.remove(&machine);
                }
            }
            (About::Free { machine, .. }, CallOutcome::Taken) => drop(self.leases.remove(&machine)),
            (About::Free { .. }, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::operation::OpKind;
    use crate::store::journal::Takeover;

    fn operation() -> Operation {
        let at = Timestamp::UNIX_EPOCH;
        let id = OpId(uuid::Uuid::now_v7());
        Operation::begun(id, OpKind::RollBack, "production".into(), Text::from("production: backend v42 → v41"), at)
    }

    #[tokio::test]
    async fn what_has_begun_and_not_ended_is_found_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let (done, open) = (operation(), operation());
        store.begin(&done).await.unwrap();
        store.end(&done).await.unwrap();
        let hold = store.hold(open.id).unwrap();
        store.begin(&open).await.unwrap();
        store.intent(open.id, "first").await.unwrap();
        store.outcome(open.id, "first", "accepted", CallOutcome::Taken, None).await.unwrap();
        let mut later = open.clone();
        later.state = OpState::Proving;
        store.progress(&later).await.unwrap();
        store.intent(open.id, "second").await.unwrap();
        assert!(store.interrupted().await.unwrap().is_empty(), "it is being carried out");
        drop((hold, store));
        let look = File::open(dir.path().join("operations").join(format!("{}.lock", open.id))).unwrap();
        look.try_lock_shared().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        later.interrupted = true;
        later.unknown_calls = vec![Text::from("second")];
        later.called = true;
        let mut found = store.interrupted().await.unwrap();
        let late = std::mem::take(&mut found[0].late_calls);
        assert_eq!(late.iter().map(|late| (late.call.as_str(), late.against)).collect::<Vec<_>>(), [("second", false)]);
        assert_eq!(found, [later]);
        assert!(store.abandon(open.id, "looked: v41 is live").await.unwrap());
        assert!(!store.abandon(open.id, "another one").await.unwrap(), "it is decided");
        assert!(store.interrupted().await.unwrap().is_empty());
        let all = store.operations(10).await.unwrap();
        assert_eq!(all.iter().map(|one| one.state).collect::<Vec<_>>(), [OpState::Running, OpState::Left]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_many_who_take_an_operation_over_at_once_one_does() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        for _ in 0..8 {
            let one = operation();
            store.begin(&one).await.unwrap();
            // Two consoles, each with its own connections.
            let other = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
            let takes = [&store, &other, &store, &other].map(|store| store.abandon(one.id, "continued"));
            let took = futures_util::future::join_all(takes).await;
            assert_eq!(took.into_iter().filter(|took| *took.as_ref().unwrap()).count(), 1);
            let rows = store.list(100).await.unwrap();
            let left = rows.iter().filter(|row| row.event == "abandon" && row.op == one.id.to_string());
            assert_eq!(left.count(), 1);
        }
    }

    #[tokio::test]
    async fn what_goes_on_with_an_operation_begins_and_leaves_it_or_does_neither() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let (earlier, next, third) = (operation(), operation(), operation());
        store.begin(&earlier).await.unwrap();
        let open = async || store.interrupted().await.unwrap().into_iter().map(|one| one.id).collect::<Vec<_>>();
        // Whichever of its two rows does not reach the disk, the other one does not either.
        for event in ["begin", "abandon"] {
            let crash = format!(
                "create trigger crash before insert on journal when new.event = '{event}' begin select raise(abort, 'crash'); end"
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(crash)).execute(&store.pool).await.unwrap();
            let seen = store.height().await.unwrap();
            assert!(store.take_over(&next, earlier.id, seen).await.is_err());
            sqlx::raw_sql("drop trigger crash").execute(&store.pool).await.unwrap();
            assert_eq!(open().await, [earlier.id], "{event}");
        }
        let seen = store.height().await.unwrap();
        assert_eq!(
            store.take_over(&next, earlier.id, seen - 1).await.unwrap(),
            Takeover::Late,
            "another one has begun"
        );
        assert_eq!(store.take_over(&next, earlier.id, seen).await.unwrap(), Takeover::Begun);
        assert_eq!(open().await, [next.id]);
        let seen = store.height().await.unwrap();
        assert_eq!(store.take_over(&third, earlier.id, seen).await.unwrap(), Takeover::Decided);
        assert_eq!(open().await, [next.id]);
        assert_eq!(store.verify().await.unwrap(), Ok(3));
    }

    #[tokio::test]
    async fn a_lease_that_was_not_given_back_is_known_with_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let (op, now) = (operation(), SystemClock::shared().now());
        let later = |seconds| now + jiff::SignedDuration::from_secs(seconds);
        store.begin(&op).await.unwrap();
        let lease = |machine: &str, until| About::Lease { app: "api".into(), machine: machine.into(), until };
        let left = async || {
            let found = store.one(op.id).await.unwrap().leases;
            found.into_iter().map(|one| (one.machine.to_string(), one.until, one.certain)).collect::<Vec<_>>()
        };
        store.intent_about(op.id, "lease a", &lease("a", later(120))).await.unwrap();
        assert_eq!(left().await, [("a".to_owned(), later(120), false)], "it may have been taken");
        store.outcome(op.id, "lease a", "accepted", CallOutcome::Taken, Some(later(119))).await.unwrap();
        assert_eq!(left().await, [("a".to_owned(), later(119), true)]);
        store.intent_about(op.id, "lease b", &lease("b", later(120))).await.unwrap();
        store.outcome(op.id, "lease b", "held by maria", CallOutcome::Refused, None).await.unwrap();
        store.intent_about(op.id, "prolong a", &lease("a", later(200))).await.unwrap();
        store.outcome(op.id, "prolong a", "gone", CallOutcome::Refused, None).await.unwrap();
        assert_eq!(left().await, [("a".to_owned(), later(119), true)]);
        let free = About::Free { app: "api".into(), machine: "a".into() };
        store.intent_about(op.id, "free a", &free).await.unwrap();
        assert_eq!(left().await.len(), 1, "nobody knows whether it was given back");
        store.outcome(op.id, "free a", "accepted", CallOutcome::Taken, None).await.unwrap();
        assert_eq!(left().await, []);
    }
}
