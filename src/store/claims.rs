//! Locks and bad marks, each journalled as what a person did.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::{Store, StoreError};
use crate::domain::claim::{Lock, Mark};
use crate::domain::ids::{EnvId, OpId, Sha};
use crate::sanitize::Text;

impl Store {
    /// Claims an environment. Somebody else's lock that has not run out stays, and is the answer.
    ///
    /// # Errors
    /// When it is not on the disk.
    pub async fn lock(&self, env: &EnvId, lock: &Lock) -> Result<Option<Lock>, StoreError> {
        let insert = "insert into locks (env, who, why, at, until) values (?, ?, ?, ?, ?) on conflict (env) do update \
                      set who = excluded.who, why = excluded.why, at = excluded.at, until = excluded.until \
                      where locks.who = excluded.who or (locks.until is not null and locks.until < excluded.at)";
        let insert = sqlx::query(insert).bind(env.as_str()).bind(lock.who.as_str()).bind(lock.why.as_str());
        let insert = insert.bind(stamp(lock.at)).bind(lock.until.map(stamp));
        let done = insert.execute(&self.pool).await.map_err(|error| self.failed(&error))?;
        if done.rows_affected() == 0 {
            return Ok(self.locks().await?.remove(env));
        }
        self.said("lock", json!({ "title": env.as_str(), "who": lock.who, "why": lock.why })).await?;
        Ok(None)
    }

    /// Gives an environment back, whoever holds it: the journal keeps who did.
    ///
    /// # Errors
    /// When it is not on the disk.
    pub async fn unlock(&self, env: &EnvId, who: &str) -> Result<bool, StoreError> {
        let delete = sqlx::query("delete from locks where env = ?").bind(env.as_str());
        let gone = delete.execute(&self.pool).await.map_err(|error| self.failed(&error))?.rows_affected() > 0;
        if gone {
            self.said("unlock", json!({ "title": env.as_str(), "who": who })).await?;
        }
        Ok(gone)
    }

    /// Locks that hold now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn locks(&self) -> Result<BTreeMap<EnvId, Lock>, StoreError> {
        let query = sqlx::query_as::<_, (String, String, String, String, Option<String>)>(
            "select env, who, why, at, until from locks",
        );
        let rows = query.fetch_all(&self.pool).await.map_err(|error| self.failed(&error))?;
        let now = self.clock.now();
        let mut locks = BTreeMap::new();
        for (env, who, why, at, until) in rows {
            let time = |text: &str| self.time(text, "the lock of", &env);
            let (at, until) = (time(&at)?, until.as_deref().map(time).transpose()?);
            if until.is_none_or(|until| until > now) {
                let lock = Lock { who: Text::clean(&who), why: Text::clean(&why), at, until };
                locks.insert(EnvId::from(env), lock);
            }
        }
        Ok(locks)
    }

    /// Marks a commit bad, or takes the mark away.
    ///
    /// # Errors
    /// When it is not on the disk.
    pub async fn mark(&self, sha: &Sha, mark: Option<&Mark>, who: &str) -> Result<(), StoreError> {
        let work = match mark {
            Some(mark) => {
                let insert = "insert into marks (sha, who, why, at) values (?, ?, ?, ?) on conflict (sha) do update \
                              set who = excluded.who, why = excluded.why, at = excluded.at";
                let insert = sqlx::query(insert).bind(sha.as_str()).bind(mark.who.as_str()).bind(mark.why.as_str());
                insert.bind(stamp(mark.at)).execute(&self.pool).await
            }
            None => sqlx::query("delete from marks where sha = ?").bind(sha.as_str()).execute(&self.pool).await,
        };
        work.map_err(|error| self.failed(&error))?;
        let event = if mark.is_some() { "mark" } else { "unmark" };
        let why = mark.map(|mark| mark.why.to_string()).unwrap_or_default();
        self.said(event, json!({ "title": sha.as_str(), "who": who, "why": why })).await
    }

    /// Commits marked bad.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn marks(&self) -> Result<BTreeMap<Sha, Mark>, StoreError> {
        let query = sqlx::query_as::<_, (String, String, String, String)>("select sha, who, why, at from marks");
        let rows = query.fetch_all(&self.pool).await.map_err(|error| self.failed(&error))?;
        let mark = |(sha, who, why, at): (String, String, String, String)| {
            let at = self.time(&at, "the mark on", &sha)?;
            Ok((Sha::from(sha), Mark { who: Text::clean(&who), why: Text::clean(&why), at }))
        };
        rows.into_iter().map(mark).collect()
    }

    fn time(&self, text: &str, what: &str, of: &str) -> Result<Timestamp, StoreError> {
        text.parse().map_err(|error| self.strange(&format!("{what} {}", Text::clean(of)), error))
    }

    async fn said(&self, event: &str, body: serde_json::Value) -> Result<(), StoreError> {
        self.append(OpId(uuid::Uuid::now_v7()), event, body).await
    }
}

/// Times of one width, so that text compares as time does.
fn stamp(at: Timestamp) -> String {
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
        assert_eq!(store.lock(&env, &lock("maria", past, Some(past))).await.unwrap(), None);
        assert!(store.locks().await.unwrap().is_empty(), "it has run out");
        assert_eq!(store.lock(&env, &lock("ali", now, None)).await.unwrap(), None);
        let held = store.lock(&env, &lock("maria", now, None)).await.unwrap().unwrap();
        assert_eq!(held.who.as_str(), "ali");
        assert_eq!(store.lock(&env, &lock("ali", now, None)).await.unwrap(), None, "one's own is renewed");
        assert!(store.unlock(&env, "maria").await.unwrap());
        assert!(!store.unlock(&env, "maria").await.unwrap());
        let events: Vec<String> = store.list(9).await.unwrap().into_iter().map(|row| row.event).collect();
        assert_eq!(events, ["unlock", "lock", "lock", "lock"]);
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
    async fn a_mark_is_remembered_and_taken_away() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let sha = Sha::from("abc");
        let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: SystemClock::shared().now() };
        store.mark(&sha, Some(&mark), "maria").await.unwrap();
        assert_eq!(store.marks().await.unwrap()[&sha].words(), "corrupts rows (maria)");
        store.mark(&sha, None, "maria").await.unwrap();
        assert!(store.marks().await.unwrap().is_empty());
    }
}
