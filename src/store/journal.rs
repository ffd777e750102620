//! The journal: append-only rows, each holding the hash of the one before it, synced before the call returns.
//!
//! An operation writes `begin`, then for every call that changes something an `intent` before it and an `outcome` after it, and
//! at last an `end`. What has begun and not ended is in flight, or the console died during it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{Row as _, Sqlite, SqliteConnection, Transaction};

use super::chain::hash;
use super::head::Head;
use super::{Store, StoreError};
use crate::domain::ids::OpId;
use crate::domain::operation::Operation;
use crate::sanitize::Text;

/// Counts the decisions on an operation.
const DECIDED: &str = "select count(*) from journal where op = ? and event = 'abandon'";

/// What a call takes or gives back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A machine is leased, or its lease prolonged.
    Lease {
        /// The app.
        app: Text,
        /// The machine.
        machine: Text,
        /// When it ends by itself at the latest.
        until: Timestamp,
    },
    /// A lease is given back.
    Free {
        /// The app.
        app: Text,
        /// The machine.
        machine: Text,
    },
}

/// What is known of a call that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// The platform took it.
    Taken,
    /// The platform refused it.
    Refused,
    /// No answer came: it may have been taken.
    Lost,
}

impl CallOutcome {
    /// By whether it was accepted, and whether its answer was lost.
    #[must_use]
    pub fn of(accepted: bool, lost: bool) -> Self {
        match (accepted, lost) {
            (true, _) => Self::Taken,
            (false, true) => Self::Lost,
            (false, false) => Self::Refused,
        }
    }
}

/// What became of an operation that was to go on with an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takeover {
    /// It has begun, and the earlier one is left.
    Begun,
    /// Somebody decided on the earlier one first. Nothing was written.
    Decided,
    /// Another operation has begun since the rows that were read. Nothing was written.
    Late,
}

impl Store {
    /// An operation begins.
    ///
    /// # Errors
    /// When the row is not on the disk; nothing may be called then.
    pub async fn begin(&self, operation: &Operation) -> Result<(), StoreError> {
        self.append(operation.id, "begin", json!(operation)).await
    }

    /// An operation begins that goes on with an earlier one, which is left by it: both in one transaction, since two that claim to be
    /// open would each refuse the finish of the other. `seen` is the last row that was looked at before.
    ///
    /// # Errors
    /// When the rows are not on the disk; nothing may be called then.
    pub async fn take_over(&self, operation: &Operation, earlier: OpId, seen: i64) -> Result<Takeover, StoreError> {
        self.stands()?;
        let why = json!({ "why": format!("continued by {}", operation.id) });
        let work = async {
            let mut tx = self.pool.begin_with("begin immediate").await?;
            let decided = sqlx::query_scalar::<_, i64>(DECIDED).bind(earlier.to_string()).fetch_one(&mut *tx).await?;
            if decided > 0 {
                return Ok(Takeover::Decided);
            }
            let begun = "select count(*) from journal where id > ? and event = 'begin'";
            if sqlx::query_scalar::<_, i64>(begun).bind(seen).fetch_one(&mut *tx).await? > 0 {
                return Ok(Takeover::Late);
            }
            self.row(&mut tx, operation.id, "begin", &json!(operation)).await?;
            let head = self.row(&mut tx, earlier, "abandon", &why).await?;
            tx.commit().await?;
            self.heads.write(&head);
            Ok(Takeover::Begun)
        };
        work.await.map_err(|error: sqlx::Error| self.failed(&error))
    }

    /// A call will be sent.
    ///
    /// # Errors
    /// When the row is not on the disk; the call must not be sent then.
    pub async fn intent(&self, op: OpId, call: &str) -> Result<(), StoreError> {
        self.append(op, "intent", json!({ "call": call })).await
    }

    /// A call will be sent that takes something or gives it back, which the next start has to know.
    ///
    /// # Errors
    /// As [`Store::intent`].
    pub async fn intent_about(&self, op: OpId, call: &str, about: &About) -> Result<(), StoreError> {
        self.append(op, "intent", json!({ "call": call, "about": about })).await
    }

    /// What became of it: in words, as a type, and when what it took ends by itself.
    ///
    /// # Errors
    /// When the row is not on the disk.
    pub async fn outcome(
        &self,
        op: OpId,
        call: &str,
        result: &str,
        answer: CallOutcome,
        until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let body = json!({ "call": call, "result": result, "answer": answer, "until": until });
        self.append(op, "outcome", body).await
    }

    /// An operation has ended, or is left as it is.
    ///
    /// # Errors
    /// When the row is not on the disk.
    pub async fn end(&self, operation: &Operation) -> Result<(), StoreError> {
        self.append(operation.id, "end", json!(operation)).await
    }

    /// How an operation stands.
    ///
    /// # Errors
    /// When the row is not on the disk.
    pub async fn progress(&self, operation: &Operation) -> Result<(), StoreError> {
        self.append(operation.id, "progress", json!(operation)).await
    }

    /// Somebody decides on an operation that was cut short or ended half-way: it is left, or another one goes on with it. Of two who
    /// decide at once the first one does, and the other one's answer is false.
    ///
    /// # Errors
    /// When the row is not on the disk.
    pub async fn abandon(&self, op: OpId, why: &str) -> Result<bool, StoreError> {
        self.append_if(Some(DECIDED), op, "abandon", json!({ "why": why })).await
    }

    /// A person lets an operation that is held go on, or calls it off.
    ///
    /// # Errors
    /// When the row is not on the disk.
    pub async fn answer(&self, op: OpId, go: bool, who: &str) -> Result<(), StoreError> {
        self.append(op, if go { "switch" } else { "call off" }, json!({ "who": who })).await
    }

    /// What a person said to an operation that is held, and who; the last word counts.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn answered(&self, op: OpId) -> Result<Option<(bool, String)>, StoreError> {
        self.stands()?;
        let query = "select event, body from journal where op = ? and event in ('switch', 'call off') order by id desc";
        let row = sqlx::query(query).bind(op.to_string()).fetch_optional(&self.pool).await;
        let Some(row) = row.map_err(|error| self.failed(&error))? else { return Ok(None) };
        let read = || -> Result<(String, String), sqlx::Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
        let (event, body) = read().map_err(|error| self.failed(&error))?;
        let body: Value = serde_json::from_str(&body).map_err(|error| self.strange("an answer in it", error))?;
        Ok(Some((event == "switch", body["who"].as_str().unwrap_or_default().to_owned())))
    }

    async fn append(&self, op: OpId, event: &str, body: Value) -> Result<(), StoreError> {
        self.append_if(None, op, event, body).await.map(drop)
    }

    /// Appends the row of what a person did in this store to the transaction that does it, and ends that: both are on the disk, or
    /// neither is.
    pub(super) async fn commit_with(
        &self,
        mut tx: Transaction<'_, Sqlite>,
        event: &str,
        body: &Value,
    ) -> Result<(), StoreError> {
        let head = self.row(&mut tx, OpId(uuid::Uuid::now_v7()), event, body).await;
        let head = head.map_err(|error| self.failed(&error))?;
        tx.commit().await.map_err(|error| self.failed(&error))?;
        self.heads.write(&head);
        Ok(())
    }

    /// Appends a row, unless a query about the operation counts something; looked at in the transaction that writes.
    async fn append_if(
        &self,
        unless: Option<&'static str>,
        op: OpId,
        event: &str,
        body: Value,
    ) -> Result<bool, StoreError> {
        self.stands()?;
        let work = async {
            // Taken for writing before the last hash is read: two consoles must not hang two rows on one.
            let mut tx = self.pool.begin_with("begin immediate").await?;
            if let Some(query) = unless {
                let found = sqlx::query_scalar::<_, i64>(query).bind(op.to_string()).fetch_one(&mut *tx).await?;
                if found > 0 {
                    return Ok(false);
                }
            }
            let head = self.row(&mut tx, op, event, &body).await?;
            tx.commit().await?;
            self.heads.write(&head);
            Ok(true)
        };
        work.await.map_err(|error| self.failed(&error))
    }

    /// One row behind the last one, in a transaction that is taken for writing; the row is the head once that is on the disk.
    async fn row(&self, tx: &mut SqliteConnection, op: OpId, event: &str, body: &Value) -> Result<Head, sqlx::Error> {
        let at = self.clock.now().to_string();
        let (op, body) = (op.to_string(), body.to_string());
        let last = sqlx::query("select hash from journal order by id desc limit 1").fetch_optional(&mut *tx).await?;
        let last: String = match last {
            Some(row) => row.try_get(0)?,
            None => String::new(),
        };
        let insert = sqlx::query("insert into journal (at, op, event, body, hash) values (?, ?, ?, ?, ?)");
        let insert = insert.bind(&at).bind(&op).bind(event).bind(&body);
        let hash = hash(&last, &at, &op, event, &body);
        let done = insert.bind(&hash).execute(&mut *tx).await?;
        Ok(Head { row: done.last_insert_rowid(), hash })
    }
}
