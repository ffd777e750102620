//! Whether the tables of locks and marks are as the journal tells: what was changed behind its back is noticed, by number and by content.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::SqliteConnection;

use super::locks::stamp;
use super::{Store, StoreError};
use crate::sanitize::Text;

/// A lock or a mark as it lies in the file: environment or commit, who, why, since when, until when.
pub(super) type Row = (String, String, String, String, Option<String>);

/// The tables whose rows the journal tells.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Locks,
    Marks,
}

impl Kind {
    /// All of its rows, in an order that is always the same.
    fn rows(self) -> &'static str {
        match self {
            Self::Locks => "select env, who, why, at, until from locks order by env",
            Self::Marks => "select sha, who, why, at, null from marks order by sha",
        }
    }

    /// What the journal tells of it, oldest first. The first condition is that of the index of such rows, which is used for nothing less.
    fn told(self) -> &'static str {
        match self {
            Self::Locks => {
                "select event, body from journal where event in ('lock', 'unlock', 'mark', 'unmark') \
                 and event in ('lock', 'unlock') order by id"
            }
            Self::Marks => {
                "select event, body from journal where event in ('lock', 'unlock', 'mark', 'unmark') \
                 and event in ('mark', 'unmark') order by id"
            }
        }
    }

    /// The last thing that the journal tells of it.
    fn last(self) -> &'static str {
        match self {
            Self::Locks => {
                "select body from journal where event in ('lock', 'unlock', 'mark', 'unmark') \
                 and event in ('lock', 'unlock') order by id desc limit 1"
            }
            Self::Marks => {
                "select body from journal where event in ('lock', 'unlock', 'mark', 'unmark') \
                 and event in ('mark', 'unmark') order by id desc limit 1"
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Locks => "locks",
            Self::Marks => "marks",
        }
    }

    /// One of them, to be followed by what it is on.
    fn one(self) -> &'static str {
        match self {
            Self::Locks => "the lock of",
            Self::Marks => "the mark on",
        }
    }
}

/// A table as the journal keeps it: how many rows, and what they say. A row that was changed or put in another's place leaves the number
/// as it was.
pub(super) struct Stand {
    pub(super) count: i64,
    pub(super) content: String,
}

impl Stand {
    fn of(rows: &[Row]) -> Self {
        let mut hasher = Sha256::new();
        for (on, who, why, at, until) in rows {
            for part in [Some(on), Some(who), Some(why), Some(at), until.as_ref()] {
                // The length keeps "ab" + "c" apart from "a" + "bc", and nothing apart from an empty text.
                hasher.update(part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
                hasher.update(part.map_or("", String::as_str));
            }
        }
        let content = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { count: i64::try_from(rows.len()).unwrap_or(i64::MAX), content }
    }
}

impl Store {
    /// What is there.
    pub(super) async fn rows(&self, connection: &mut SqliteConnection, kind: Kind) -> Result<Vec<Row>, StoreError> {
        sqlx::query_as(kind.rows()).fetch_all(connection).await.map_err(|error| self.failed(&error))
    }

    pub(super) async fn stand(&self, connection: &mut SqliteConnection, kind: Kind) -> Result<Stand, StoreError> {
        self.rows(connection, kind).await.map(|rows| Stand::of(&rows))
    }

    /// Refuses a table that is not as the journal tells.
    pub(super) async fn whole(&self, connection: &mut SqliteConnection, kind: Kind) -> Result<(), StoreError> {
        let rows = self.rows(connection, kind).await?;
        self.compare(connection, kind, &rows).await
    }

    /// Refuses a table that holds other rows than the journal tells: one that was emptied or changed behind our back would say that nothing
    /// is locked and nothing marked, or something else than what is. Its last row keeps what the table was, so that one is read, however
    /// many there are. Journals of before told no number or no content, and are believed as far.
    pub(super) async fn compare(
        &self,
        connection: &mut SqliteConnection,
        kind: Kind,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let body: Option<String> = sqlx::query_scalar(kind.last())
            .fetch_optional(&mut *connection)
            .await
            .map_err(|error| self.failed(&error))?;
        let body: Value = body.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default();
        let Some(told) = body["stand"].as_i64() else { return Ok(()) };
        let (stand, name) = (Stand::of(rows), kind.name());
        if stand.count != told {
            let there = stand.count;
            let why =
                format!("it holds {there} {name}, and its journal tells of {told}: they were changed behind its back");
            return Err(self.changed(kind, why));
        }
        if body["content"].as_str().is_none_or(|content| content == stand.content) {
            return Ok(());
        }
        let which = self.differing(connection, kind, rows).await?;
        let which =
            which.map_or_else(|| format!("its {name} are"), |on| format!("{} {} is", kind.one(), Text::clean(&on)));
        Err(self.changed(kind, format!("{which} not as its journal tells: it was changed behind its back")))
    }

    fn changed(&self, kind: Kind, why: String) -> StoreError {
        let advice = format!(
            "put a copy of before back, or name another folder in [state] dir; flightdeck journal tells the {}",
            kind.name()
        );
        StoreError { place: self.place.clone(), why, advice: Cow::Owned(advice) }
    }

    /// Which of them differs from what the journal tells of it: asked only where it is known that one does.
    async fn differing(
        &self,
        connection: &mut SqliteConnection,
        kind: Kind,
        rows: &[Row],
    ) -> Result<Option<String>, StoreError> {
        let all = sqlx::query_as::<_, (String, String)>(kind.told()).fetch_all(connection).await;
        let mut told: BTreeMap<String, Value> = BTreeMap::new();
        for (event, body) in all.map_err(|error| self.failed(&error))? {
            let body: Value = serde_json::from_str(&body).unwrap_or_default();
            let Some(on) = body["title"].as_str().map(str::to_owned) else { continue };
            match event.as_str() {
                "lock" | "mark" => told.insert(on, body),
                _ => told.remove(&on),
            };
        }
        let same = |(on, who, why, at, until): &Row| {
            told.get(on).is_some_and(|body| {
                let end = body["until"].as_str().and_then(|at| at.parse().ok()).map(stamp);
                // Journals of before did not tell since when.
                let since = body["at"].as_str().is_none_or(|told| told == at);
                body["who"] == **who && body["why"] == **why && end == *until && since
            })
        };
        let strange = rows.iter().find(|row| !same(row)).map(|row| row.0.clone());
        let missing = || told.keys().find(|on| rows.iter().all(|row| row.0 != **on)).cloned();
        Ok(strange.or_else(missing))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::ids::{EnvId, Sha};
    use crate::domain::lock::{Lock, Mark};
    use crate::store::Locked;

    fn lock(who: &str, at: Timestamp, until: Option<Timestamp>) -> Lock {
        Lock { who: who.into(), why: "migration".into(), at, until }
    }

    #[tokio::test]
    async fn a_table_that_was_changed_behind_the_journals_back_is_no_empty_list() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let now = SystemClock::shared().now();
        let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: now };
        for env in ["staging", "production"] {
            store.lock(&EnvId::from(env), &lock("maria", now, None)).await.unwrap();
        }
        store.mark(&Sha::from("abc"), Some(&mark), "maria").await.unwrap();
        sqlx::raw_sql("delete from locks where env = 'production'").execute(&store.pool).await.unwrap();
        let error = store.locks().await.unwrap_err().to_string();
        assert!(error.contains("it holds 1 locks, and its journal tells of 2"), "{error}");
        assert_eq!(store.marks().await.unwrap().len(), 1, "nobody touched them");
        sqlx::raw_sql("delete from marks").execute(&store.pool).await.unwrap();
        assert!(store.marks().await.unwrap_err().to_string().contains("it holds 0 marks"));
        // The next lock does not heal it: nobody would know of the one that is gone.
        assert!(store.lock(&EnvId::from("staging"), &lock("maria", now, None)).await.is_err());
        assert!(store.mark(&Sha::from("def"), Some(&mark), "maria").await.is_err());
    }

    #[tokio::test]
    async fn a_claim_whose_content_was_changed_behind_the_journals_back_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let (now, production) = (SystemClock::shared().now(), EnvId::from("production"));
        let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: now };
        store.lock(&EnvId::from("staging"), &lock("maria", now, None)).await.unwrap();
        store.unlock(&EnvId::from("staging"), "maria", None).await.unwrap();
        store.lock(&production, &lock("ali", now, Some(now + jiff::SignedDuration::from_hours(8)))).await.unwrap();
        store.mark(&Sha::from("abc"), Some(&mark), "maria").await.unwrap();
        for (tamper, table, which) in [
            ("who = 'maria'", "locks", "the lock of production is not"),
            ("why = 'lunch'", "locks", "the lock of production is not"),
            ("at = '2020-01-01T00:00:00.000000Z'", "locks", "the lock of production is not"),
            // One that ran out holds nothing.
            ("until = '2020-01-01T00:00:00.000000Z'", "locks", "the lock of production is not"),
            ("until = null", "locks", "the lock of production is not"),
            ("env = 'staging'", "locks", "the lock of staging is not"),
            ("sha = 'def'", "marks", "the mark on def is not"),
            ("why = 'nothing'", "marks", "the mark on abc is not"),
            ("who = 'ali'", "marks", "the mark on abc is not"),
            ("at = '2020-01-01T00:00:00.000000Z'", "marks", "the mark on abc is not"),
        ] {
            let sql = |text: String| sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&store.pool);
            sql(format!("create table before as select * from {table}; update {table} set {tamper}")).await.unwrap();
            let (locks, marks) = (store.locks().await, store.marks().await);
            let (locked, marked) = (locks.as_ref().err(), marks.as_ref().err());
            let (refused, other) = if table == "locks" { (locked, marked) } else { (marked, locked) };
            let error = refused.unwrap_or_else(|| panic!("{tamper} was believed")).to_string();
            assert!(error.contains(which) && error.contains("[state] dir"), "{tamper}: {error}");
            assert!(other.is_none(), "{tamper}: nobody touched the others");
            // Nothing is written over it either: nobody would know what it was.
            let written = match table {
                "locks" => store.lock(&production, &lock("ali", now, None)).await.err(),
                _ => store.mark(&Sha::from("123"), Some(&mark), "maria").await.err(),
            };
            assert!(written.is_some_and(|error| error.to_string().contains(which)), "{tamper}");
            sql(format!("delete from {table}; insert into {table} select * from before; drop table before"))
                .await
                .unwrap();
            assert!(store.locks().await.is_ok() && store.marks().await.is_ok(), "it is as it was");
        }
        assert_eq!(store.locks().await.unwrap()[&production].who.as_str(), "ali");
        assert!(matches!(store.lock(&production, &lock("ali", now, None)).await.unwrap(), Locked::Renewed(_)));
    }

    #[tokio::test]
    async fn a_journal_that_kept_the_number_alone_is_believed_until_the_next_claim() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let now = SystemClock::shared().now();
        store.lock(&EnvId::from("production"), &lock("ali", now, None)).await.unwrap();
        let before = "update journal set body = json_remove(body, '$.content', '$.at')";
        sqlx::raw_sql(before).execute(&store.pool).await.unwrap();
        assert_eq!(store.locks().await.unwrap().len(), 1);
        store.lock(&EnvId::from("staging"), &lock("ali", now, None)).await.unwrap();
        sqlx::raw_sql("update locks set why = 'lunch' where env = 'production'").execute(&store.pool).await.unwrap();
        let error = store.locks().await.unwrap_err().to_string();
        assert!(error.contains("the lock of production is not as its journal tells"), "{error}");
    }
}
