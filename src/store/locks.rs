//! Locks and bad marks, each journalled as what a person did.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::stand::{Kind, Row};
use super::{Store, StoreError};
use crate::domain::ids::{EnvId, Sha};
use crate::domain::lock::{Lock, Mark};
use crate::sanitize::Text;

/// What became of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locked {
    /// Nobody held the environment.
    Taken,
    /// One's own lock stands anew; as it was before.
    Renewed(Lock),
    /// Somebody else's lock holds, and nothing was changed.
    Held(Lock),
}

/// What became of giving an environment back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlocked {
    /// Nobody held it.
    Nothing,
    /// This lock is gone.
    Gone(Lock),
    /// Somebody else's lock holds, and nothing was changed.
    Held(Lock),
}

impl Store {
    /// Locks an environment. Somebody else's lock that has not run out stays.
    ///
    /// # Errors
    /// When it is not on the disk, or what is there cannot be read.
    pub async fn lock(&self, env: &EnvId, lock: &Lock) -> Result<Locked, StoreError> {
        let mut tx = self.writing().await?;
        self.whole(&mut tx, Kind::Locks).await?;
        let before = self.lock_of(&mut tx, env).await?;
        if let Some(held) = before.as_ref().filter(|held| held.who != lock.who) {
            return Ok(Locked::Held(held.clone()));
        }
        let insert = "insert into locks (env, who, why, at, until) values (?, ?, ?, ?, ?) on conflict (env) do update \
                      set who = excluded.who, why = excluded.why, at = excluded.at, until = excluded.until";
        let insert = sqlx::query(insert).bind(env.as_str()).bind(lock.who.as_str()).bind(lock.why.as_str());
        let insert = insert.bind(stamp(lock.at)).bind(lock.until.map(stamp));
        insert.execute(&mut *tx).await.map_err(|error| self.failed(&error))?;
        let stand = self.stand(&mut tx, Kind::Locks).await?;
        let body = json!({
            "title": env.as_str(), "who": lock.who, "why": lock.why, "at": stamp(lock.at), "until": lock.until,
            "replaces": before, "stand": stand.count, "content": stand.content,
        });
        self.commit_with(tx, "lock", &body).await?;
        Ok(before.map_or(Locked::Taken, Locked::Renewed))
    }

    /// Gives an environment back. Another person's lock goes only where it is the very one that was looked at, and for a reason;
    /// the journal keeps whose it was, who took it away and why.
    ///
    /// # Errors
    /// When it is not on the disk, or what is there cannot be read.
    pub async fn unlock(&self, env: &EnvId, who: &str, over: Option<(&Lock, &str)>) -> Result<Unlocked, StoreError> {
        let mut tx = self.writing().await?;
        self.whole(&mut tx, Kind::Locks).await?;
        let held = self.lock_of(&mut tx, env).await?;
        let own = held.as_ref().is_none_or(|held| held.who.as_str() == who);
        // Times are kept to the microsecond.
        let seen = |lock: &Lock, held: &Lock| lock.who == held.who && stamp(lock.at) == stamp(held.at);
        let over = over.filter(|(lock, _)| held.as_ref().is_some_and(|held| seen(lock, held)));
        if let (Some(held), false, None) = (&held, own, over) {
            return Ok(Unlocked::Held(held.clone()));
        }
        // One that has run out is no act of this person, and holds nothing where it lies.
        let Some(held) = held else { return Ok(Unlocked::Nothing) };
        let delete = sqlx::query("delete from locks where env = ?").bind(env.as_str());
        delete.execute(&mut *tx).await.map_err(|error| self.failed(&error))?;
        let why = over.map(|(_, why)| if own { String::new() } else { format!("{why}; it was {}", held.words()) });
        let stand = self.stand(&mut tx, Kind::Locks).await?;
        let why = why.unwrap_or_default();
        let body = json!({
            "title": env.as_str(), "who": who, "why": why, "lock": held, "stand": stand.count, "content": stand.content,
        });
        self.commit_with(tx, "unlock", &body).await?;
        Ok(Unlocked::Gone(held))
    }

    /// A transaction that is taken for writing.
    async fn writing(&self) -> Result<Transaction<'_, Sqlite>, StoreError> {
        self.stands()?;
        self.pool.begin_with("begin immediate").await.map_err(|error| self.failed(&error))
    }

    /// The lock that holds on an environment now.
    async fn lock_of(&self, connection: &mut SqliteConnection, env: &EnvId) -> Result<Option<Lock>, StoreError> {
        let query = "select env, who, why, at, until from locks where env = ?";
        let query = sqlx::query_as::<_, Row>(query).bind(env.as_str());
        let row = query.fetch_optional(connection).await.map_err(|error| self.failed(&error))?;
        let lock = row.map(|row| self.read_lock(row)).transpose()?;
        Ok(lock.map(|(_, lock)| lock).filter(|lock| lock.holds(self.clock.now())))
    }

    fn read_lock(&self, (env, who, why, at, until): Row) -> Result<(EnvId, Lock), StoreError> {
        let time = |text: &str| self.time(text, "the lock of", &env);
        let (at, until) = (time(&at)?, until.as_deref().map(time).transpose()?);
        let lock = Lock { who: Text::clean(&who), why: Text::clean(&why), at, until };
        Ok((EnvId::from(env), lock))
    }

    /// Locks that hold now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn locks(&self) -> Result<BTreeMap<EnvId, Lock>, StoreError> {
        self.stands()?;
        let mut tx = self.pool.begin().await.map_err(|error| self.failed(&error))?;
        let rows = self.rows(&mut tx, Kind::Locks).await?;
        // A row that is not understood is told as that: a newer console may have written it.
        let all: Vec<(EnvId, Lock)> = rows.iter().cloned().map(|row| self.read_lock(row)).collect::<Result<_, _>>()?;
        self.compare(&mut tx, Kind::Locks, &rows).await?;
        let now = self.clock.now();
        Ok(all.into_iter().filter(|(_, lock)| lock.holds(now)).collect())
    }

    /// Marks a commit bad, or takes the mark away; the mark that stood there before, which the journal keeps beside the new one.
    ///
    /// # Errors
    /// When it is not on the disk, or what is there cannot be read.
    pub async fn mark(&self, sha: &Sha, mark: Option<&Mark>, who: &str) -> Result<Option<Mark>, StoreError> {
        let mut tx = self.writing().await?;
        self.whole(&mut tx, Kind::Marks).await?;
        let query = sqlx::query_as::<_, Row>("select sha, who, why, at, null from marks where sha = ?");
        let before = query.bind(sha.as_str()).fetch_optional(&mut *tx).await.map_err(|error| self.failed(&error))?;
        let before = before.map(|row| self.read_mark(row)).transpose()?.map(|(_, mark)| mark);
        let work = match mark {
            Some(mark) => {
                let insert = "insert into marks (sha, who, why, at) values (?, ?, ?, ?) on conflict (sha) do update \
                              set who = excluded.who, why = excluded.why, at = excluded.at";
                let insert = sqlx::query(insert).bind(sha.as_str()).bind(mark.who.as_str()).bind(mark.why.as_str());
                insert.bind(stamp(mark.at)).execute(&mut *tx).await
            }
            None => sqlx::query("delete from marks where sha = ?").bind(sha.as_str()).execute(&mut *tx).await,
        };
        work.map_err(|error| self.failed(&error))?;
        let event = if mark.is_some() { "mark" } else { "unmark" };
        let why = mark.map(|mark| mark.why.to_string()).unwrap_or_default();
        let stand = self.stand(&mut tx, Kind::Marks).await?;
        let body = json!({
            "title": sha.as_str(), "who": who, "why": why, "at": mark.map(|mark| stamp(mark.at)), "replaces": before,
            "stand": stand.count, "content": stand.content,
        });
        self.commit_with(tx, event, &body).await?;
        Ok(before)
    }

    /// Commits marked bad.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn marks(&self) -> Result<BTreeMap<Sha, Mark>, StoreError> {
        self.stands()?;
        let mut tx = self.pool.begin().await.map_err(|error| self.failed(&error))?;
        let rows = self.rows(&mut tx, Kind::Marks).await?;
        let all = rows.iter().cloned().map(|row| self.read_mark(row)).collect::<Result<_, _>>()?;
        self.compare(&mut tx, Kind::Marks, &rows).await?;
        Ok(all)
    }

    fn read_mark(&self, (sha, who, why, at, _): Row) -> Result<(Sha, Mark), StoreError> {
        let at = self.time(&at, "the mark on", &sha)?;
        Ok((Sha::from(sha), Mark { who: Text::clean(&who), why: Text::clean(&why), at }))
    }

    fn time(&self, text: &str, what: &str, of: &str) -> Result<Timestamp, StoreError> {
        text.parse().map_err(|error| self.strange(&format!("{what} {}", Text::clean(of)), error))
    }
}

/// Times of one width, so that text compares as time does.
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn lock(who: &str, at: Timestamp, until: Option<Timestamp>) -> Lock {
        Lock { who: who.into(), why: "migration".into(), at, until }
    }

    #[tokio::test]
    async fn a_lock_is_held_against_others_until_it_ends_or_is_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let (env, now) = (EnvId::from("production"), SystemClock::shared().now());
        let past = now - jiff::SignedDuration::from_secs(60);
        assert_eq!(store.lock(&env, &lock("maria", past, Some(past))).await.unwrap(), Locked::Taken);
        assert!(store.locks().await.unwrap().is_empty(), "it has run out");
        assert_eq!(store.lock(&env, &lock("ali", past, None)).await.unwrap(), Locked::Taken, "it has run out");
        let held = store.lock(&env, &lock("maria", now, None)).await.unwrap();
        assert!(matches!(&held, Locked::Held(held) if held.who.as_str() == "ali"), "{held:?}");
        let renewed = store.lock(&env, &lock("ali", now, None)).await.unwrap();
        assert!(matches!(&renewed, Locked::Renewed(before) if before.until.is_none()), "{renewed:?}");
        let row = store.list(1).await.unwrap().remove(0);
        assert_eq!((row.event.as_str(), &row.body["replaces"]["why"]), ("lock", &json!("migration")));
        let Unlocked::Held(seen) = store.unlock(&env, "maria", None).await.unwrap() else { panic!("it is ali's") };
        let older = Lock { at: past, ..seen.clone() };
        let other = store.unlock(&env, "maria", Some((&older, "on call"))).await.unwrap();
        assert!(matches!(other, Unlocked::Held(_)), "it is not the one that was looked at");
        assert!(matches!(store.unlock(&env, "maria", Some((&seen, "on call"))).await.unwrap(), Unlocked::Gone(_)));
        assert_eq!(store.unlock(&env, "maria", None).await.unwrap(), Unlocked::Nothing);
        let rows = store.list(9).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.event.as_str()).collect::<Vec<_>>(), ["unlock", "lock", "lock", "lock"]);
        let why = rows[0].body["why"].as_str().unwrap();
        assert!(why.starts_with("on call; it was locked by ali: migration"), "{why}");
        assert_eq!((&rows[0].body["who"], &rows[0].body["lock"]["who"]), (&json!("maria"), &json!("ali")));
    }

    #[tokio::test]
    async fn a_row_that_is_not_understood_is_an_error_and_no_empty_list() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let now = SystemClock::shared().now();
        store.lock(&EnvId::from("staging"), &lock("maria", now, None)).await.unwrap();
        store.lock(&EnvId::from("production"), &lock("maria", now, None)).await.unwrap();
        for row in ["who = x'ff'", "at = 'in spring'", "until = 'tomorrow'", "why = x'00ff'"] {
            let spoil = format!("update locks set {row} where env = 'staging'");
            sqlx::raw_sql(sqlx::AssertSqlSafe(spoil)).execute(&store.pool).await.unwrap();
            let error = store.locks().await.unwrap_err().to_string();
            let place = dir.path().display().to_string();
            assert!(error.contains(&place) && error.contains("[state] dir"), "{row}: {error}");
        }
    }

    #[tokio::test]
    async fn what_the_journal_cannot_keep_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let (env, other, sha) = (EnvId::from("production"), EnvId::from("staging"), Sha::from("abc"));
        let now = SystemClock::shared().now();
        store.lock(&env, &lock("ali", now, None)).await.unwrap();
        // As a full disk does: rows are refused from here on.
        let full = "create trigger full before insert on journal begin select raise(abort, 'disk full'); end";
        sqlx::raw_sql(full).execute(&store.pool).await.unwrap();
        assert!(store.unlock(&env, "ali", None).await.is_err());
        assert!(store.lock(&other, &lock("ali", now, None)).await.is_err());
        assert!(store.lock(&env, &Lock { why: "later".into(), ..lock("ali", now, None) }).await.is_err());
        let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: now };
        assert!(store.mark(&sha, Some(&mark), "maria").await.is_err());
        let locks = store.locks().await.unwrap();
        assert_eq!(locks.keys().collect::<Vec<_>>(), [&env], "one is held still, the other is not");
        assert_eq!(locks[&env].why.as_str(), "migration");
        assert!(store.marks().await.unwrap().is_empty());
        sqlx::raw_sql("drop trigger full").execute(&store.pool).await.unwrap();
        assert!(matches!(store.unlock(&env, "ali", None).await.unwrap(), Unlocked::Gone(_)));
        assert_eq!(store.list(9).await.unwrap().len(), 2, "the lock and its end");
    }

    #[tokio::test]
    async fn a_mark_is_remembered_and_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let sha = Sha::from("abc");
        let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: SystemClock::shared().now() };
        assert_eq!(store.mark(&sha, Some(&mark), "maria").await.unwrap(), None);
        assert_eq!(store.marks().await.unwrap()[&sha].words(), "corrupts rows (maria)");
        let other = Mark { who: "ali".into(), why: "leaks".into(), at: mark.at };
        let before = store.mark(&sha, Some(&other), "ali").await.unwrap().unwrap();
        assert_eq!(before.words(), "corrupts rows (maria)", "what stood there is told");
        assert_eq!(store.mark(&sha, None, "maria").await.unwrap().unwrap().words(), "leaks (ali)");
        assert!(store.marks().await.unwrap().is_empty());
        assert_eq!(store.mark(&sha, None, "maria").await.unwrap(), None);
        let rows = store.list(9).await.unwrap();
        let said: Vec<String> = rows.iter().map(crate::store::rows::Entry::says).collect();
        let replaced = "abc: leaks, by ali; this replaces corrupts rows (maria)";
        assert_eq!(said[2..], [replaced.to_owned(), "abc: corrupts rows, by maria".to_owned()]);
        assert_eq!(said[1], "abc: it was leaks (ali), by maria");
        assert_eq!(rows[2].body["replaces"]["who"], "maria", "both reasons stand in the journal");
    }
}
