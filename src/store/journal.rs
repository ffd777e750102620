//! The journal: append-only rows, each holding the hash of the one before it, synced before the call returns.
//!
//! An operation writes `begin`, then for every call that changes something an `intent` before it and an `outcome` after it, and
//! at last an `end`. What has begun and not ended is in flight, or the console died during it.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use super::{Store, StoreError};
use crate::domain::ids::OpId;
use crate::domain::operation::Operation;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// RFC 3339, UTC.
    pub at: String,
    /// The operation.
    pub op: String,
    /// `begin`, `intent`, `outcome`, `end`.
    pub event: String,
    /// What it says.
    pub body: Value,
}

impl Store {
    /// An operation begins.
    ///
    /// # Errors
    /// When the row is not on the disk; nothing may be called then.
    pub async fn begin(&self, operation: &Operation) -> Result<(), StoreError> {
        self.append(operation.id, "begin", json!(operation)).await
    }

    /// A call will be sent.
    ///
    /// # Errors
    /// When the row is not on the disk; the call must not be sent then.
    pub async fn intent(&self, op: OpId, call: &str) -> Result<(), StoreError> {
        self.append(op, "intent", json!({ "call": call })).await
    }

    /// What became of it.
    ///
    /// # Errors
    /// When the row is not on the disk.
    pub async fn outcome(&self, op: OpId, call: &str, result: &str) -> Result<(), StoreError> {
        self.append(op, "outcome", json!({ "call": call, "result": result })).await
    }

    /// An operation has ended, or is left as it is.
    ///
    /// # Errors
    /// When the row is not on the disk.
    pub async fn end(&self, operation: &Operation) -> Result<(), StoreError> {
        self.append(operation.id, "end", json!(operation)).await
    }

    async fn append(&self, op: OpId, event: &str, body: Value) -> Result<(), StoreError> {
        let at = self.clock.now().to_string();
        let (op, body) = (op.to_string(), body.to_string());
        let work = async {
            // Taken for writing before the last hash is read: two consoles must not hang two rows on one.
            let mut tx = self.pool.begin_with("begin immediate").await?;
            let last =
                sqlx::query("select hash from journal order by id desc limit 1").fetch_optional(&mut *tx).await?;
            let last = last.map_or_else(String::new, |row| row.get(0));
            let insert = sqlx::query("insert into journal (at, op, event, body, hash) values (?, ?, ?, ?, ?)");
            let insert = insert.bind(&at).bind(&op).bind(event).bind(&body);
            insert.bind(hash(&last, &at, &op, event, &body)).execute(&mut *tx).await?;
            tx.commit().await
        };
        work.await.map_err(|error| self.failed(&error))
    }

    /// The last rows, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn list(&self, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let query = sqlx::query("select id, at, op, event, body from journal order by id desc limit ?").bind(limit);
        let rows = query.fetch_all(&self.pool).await.map_err(|error| self.failed(&error))?;
        let entry = |row: &sqlx::sqlite::SqliteRow| Entry {
            id: row.get(0),
            at: row.get(1),
            op: row.get(2),
            event: row.get(3),
            body: serde_json::from_str(row.get(4)).unwrap_or(Value::Null),
        };
        Ok(rows.iter().map(entry).collect())
    }

    /// Operations that have begun and not ended: their `begin` rows, and the calls whose outcome is not known.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn open_operations(&self) -> Result<Vec<(Entry, Vec<String>)>, StoreError> {
        let mut rows = self.list(u32::MAX).await?;
        rows.reverse();
        let of = |op: &str, event: &str| -> Vec<String> {
            let calls = rows.iter().filter(|row| row.op == op && row.event == event);
            calls.filter_map(|row| row.body["call"].as_str().map(str::to_owned)).collect()
        };
        let open = rows.iter().filter(|row| row.event == "begin");
        let open = open.filter(|row| !rows.iter().any(|end| end.event == "end" && end.op == row.op));
        Ok(open
            .map(|row| {
                let mut unknown = of(&row.op, "intent");
                for done in of(&row.op, "outcome") {
                    if let Some(index) = unknown.iter().position(|call| *call == done) {
                        unknown.remove(index);
                    }
                }
                (row.clone(), unknown)
            })
            .collect())
    }

    /// Checks the chain: the number of rows, or the first row that was changed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn verify(&self) -> Result<Result<u64, i64>, StoreError> {
        let rows = sqlx::query("select id, at, op, event, body, hash from journal order by id");
        let rows = rows.fetch_all(&self.pool).await.map_err(|error| self.failed(&error))?;
        let mut last = String::new();
        for row in &rows {
            let next = hash(&last, row.get(1), row.get(2), row.get(3), row.get(4));
            if next != row.get::<String, _>(5) {
                return Ok(Err(row.get(0)));
            }
            last = next;
        }
        Ok(Ok(rows.len() as u64))
    }
}

fn hash(last: &str, at: &str, op: &str, event: &str, body: &str) -> String {
    let mut hasher = Sha256::new();
    for part in [last, at, op, event, body] {
        // The length keeps "ab" + "c" apart from "a" + "bc".
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::operation::{OpKind, OpState};
    use crate::sanitize::Text;

    fn operation() -> Operation {
        Operation {
            id: OpId(uuid::Uuid::now_v7()),
            kind: OpKind::RollBack,
            env: "production".into(),
            title: Text::from("production: backend v42 → v41"),
            state: OpState::Running,
            steps: Vec::new(),
            started_at: jiff::Timestamp::UNIX_EPOCH,
            ended_at: None,
            outcome: Text::default(),
            interrupted: false,
        }
    }

    #[tokio::test]
    async fn what_has_begun_and_not_ended_is_found_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let (done, open) = (operation(), operation());
        store.begin(&done).await.unwrap();
        store.end(&done).await.unwrap();
        store.begin(&open).await.unwrap();
        store.intent(open.id, "first").await.unwrap();
        store.outcome(open.id, "first", "done").await.unwrap();
        store.intent(open.id, "second").await.unwrap();
        drop(store);
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let found = store.open_operations().await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].0.op.clone(), found[0].1.clone()), (open.id.to_string(), vec!["second".to_owned()]));
    }

    #[tokio::test]
    async fn two_consoles_write_one_chain_and_a_changed_row_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let one = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let two = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let op = operation();
        let write = async |store: &Store| {
            for _ in 0..20 {
                store.intent(op.id, "call").await.unwrap();
            }
        };
        tokio::join!(write(&one), write(&two));
        assert_eq!(one.verify().await.unwrap(), Ok(40));
        sqlx::query("update journal set body = '{}' where id = 7").execute(&one.pool).await.unwrap();
        assert_eq!(two.verify().await.unwrap(), Err(7));
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_told_in_words() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("flightdeck.sqlite"), "this is text and no database, ".repeat(100)).unwrap();
        let error = Store::open(dir.path(), SystemClock::shared()).await.unwrap_err().to_string();
        assert!(error.contains("cannot be used") && error.contains("[state] dir"), "{error}");
    }
}
