//! The journal: append-only rows, each holding the hash of the one before it, synced before the call returns.
//!
//! An operation writes `begin`, then for every call that changes something an `intent` before it and an `outcome` after it, and
//! at last an `end`. What has begun and not ended is in flight, or the console died during it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite, SqliteConnection, Transaction};

use super::head::{self, Head};
use super::{Store, StoreError};
use crate::domain::ids::OpId;
use crate::domain::operation::{Operation, StepReport, StepState};
use crate::domain::order::Order;
use crate::sanitize::Text;

/// Counts the decisions on an operation.
const DECIDED: &str = "select count(*) from journal where op = ? and event = 'abandon'";

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// RFC 3339, UTC.
    pub at: String,
    /// The operation.
    pub op: String,
    /// `begin`, `intent`, `outcome`, `progress`, `switch`, `call off`, `end`, `abandon`.
    pub event: String,
    /// What it says.
    pub body: Value,
}

impl Entry {
    /// The row in one line: what is done and by whose order, what a call led to, how an operation ended.
    #[must_use]
    pub fn says(&self) -> String {
        let body = |key: &str| self.body[key].as_str().unwrap_or_default();
        let first = |keys: &[&str]| {
            keys.iter().map(|key| body(key)).find(|text| !text.is_empty()).unwrap_or_default().to_owned()
        };
        let (what, end) = (first(&["title", "call", "why"]), first(&["result", "outcome"]));
        match self.event.as_str() {
            // How it ended is what a person looks for; what it was stands in its first row.
            "end" if !end.is_empty() => format!("{end} ({what})"),
            "begin" => {
                let order = serde_json::from_value::<Order>(self.body["order"].clone()).unwrap_or_default().words();
                if order.is_empty() { what } else { format!("{what}, {order}") }
            }
            "progress" => step(&self.body).unwrap_or(what),
            _ if !end.is_empty() => format!("{what}: {end}"),
            _ => what,
        }
    }
}

/// How far an operation has come by a row of its progress: the step that began last, as it stands.
fn step(body: &Value) -> Option<String> {
    let steps: Vec<StepReport> = serde_json::from_value(body["steps"].clone()).ok()?;
    let begun = |one: &StepReport| !matches!(one.state, StepState::Todo | StepState::Skipped);
    let (at, one) = steps.iter().enumerate().rev().find(|(_, one)| begun(one))?;
    let detail = if one.detail.is_empty() { String::new() } else { format!(" ({})", one.detail) };
    let (name, title, word) = (&one.service.name, &one.title, one.state.word());
    Some(format!("step {} of {}: {name} · {title}: {word}{detail}", at + 1, steps.len()))
}

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
pub enum Answer {
    /// The platform took it.
    Taken,
    /// The platform refused it.
    Refused,
    /// No answer came: it may have been taken.
    Lost,
}

impl Answer {
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

/// Where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The first row that is wrong.
    pub row: i64,
    /// What is wrong with it, in words.
    pub why: &'static str,
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
            head::write(&self.dir, &head);
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
        answer: Answer,
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
        head::write(&self.dir, &head);
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
            head::write(&self.dir, &head);
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

    /// The last rows, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn list(&self, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.since(0, limit).await
    }

    /// The last rows behind this one, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn since(&self, row: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.stands()?;
        let query = "select id, at, op, event, body from journal where id > ? order by id desc limit ?";
        let rows = sqlx::query(query).bind(row).bind(limit).fetch_all(&self.pool).await;
        let rows = rows.map_err(|error| self.failed(&error))?;
        let entry = |row: &SqliteRow| {
            Ok(Entry {
                id: row.try_get(0)?,
                at: row.try_get(1)?,
                op: row.try_get(2)?,
                event: row.try_get(3)?,
                body: body(row.try_get(4)?),
            })
        };
        rows.iter().map(entry).collect::<Result<_, _>>().map_err(|error: sqlx::Error| self.failed(&error))
    }

    /// Rows ever written: the number of the last one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn height(&self) -> Result<i64, StoreError> {
        self.stands()?;
        let query = sqlx::query_scalar::<_, i64>("select coalesce(max(id), 0) from journal");
        query.fetch_one(&self.pool).await.map_err(|error| self.failed(&error))
    }

    /// Checks the whole chain, slice by slice: the number of rows, or the first row that is wrong. Rows cut off the end leave no
    /// trace in it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn verify(&self) -> Result<Result<u64, Broken>, StoreError> {
        let mut link = Link::default();
        loop {
            match self.follow(&mut link, SLICE).await? {
                Ok(true) => {}
                Ok(false) => return Ok(Ok(link.read)),
                Err(broken) => return Ok(Err(broken)),
            }
        }
    }

    /// Follows the chain from where it was followed to, so many rows at most: whether there is more, or the first row that is
    /// wrong. Of the rows before it only the last is looked at again.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn follow(&self, link: &mut Link, most: u32) -> Result<Result<bool, Broken>, StoreError> {
        self.stands()?;
        let query = "select id, at, op, event, body, hash from journal where id >= ? order by id limit ?";
        let rows = sqlx::query(query).bind(link.row).bind(most.saturating_add(1)).fetch_all(&self.pool).await;
        let rows = rows.map_err(|error| self.failed(&error))?;
        let mut rows = rows.iter();
        if link.row > 0 {
            let known = rows.next().and_then(|row| Some((row.try_get(0).ok()?, row.try_get(5).ok()?)));
            if known != Some((link.row, link.hash.clone())) {
                return Ok(Err(Broken { row: link.row, why: "it was cut off or changed since it was read" }));
            }
        }
        let mut count = 0;
        for row in rows.take(usize::try_from(most).unwrap_or(usize::MAX)) {
            let id: i64 = row.try_get(0).map_err(|error| self.failed(&error))?;
            // Rows are numbered without gaps: nothing is ever deleted, and a failed insert takes no number.
            if id != link.row + 1 {
                return Ok(Err(Broken { row: id, why: "rows before it are missing" }));
            }
            match hashes(&link.hash, row) {
                Ok((wanted, found)) if wanted == found => (link.row, link.hash) = (id, wanted),
                Ok(_) => return Ok(Err(Broken { row: id, why: "it or the row before it was changed" })),
                Err(_) => return Ok(Err(Broken { row: id, why: "it is not text any more" })),
            }
            (count, link.read) = (count + 1, link.read + 1);
        }
        Ok(Ok(count == most))
    }
}

/// Rows that are read at once while the chain is followed: a row of a large operation has tens of kilobytes.
const SLICE: u32 = 200;

/// How far the chain was followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// The last row that is right.
    pub row: i64,
    /// Rows whose hash was reckoned.
    pub read: u64,
    hash: String,
}

/// What a row says; one that is no JSON is shown as it is.
fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// The hash a row must have, and the one it has.
fn hashes(last: &str, row: &SqliteRow) -> Result<(String, String), sqlx::Error> {
    let wanted = hash(last, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
    Ok((wanted, row.try_get(5)?))
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
    use crate::domain::operation::OpKind;
    use crate::sanitize::Text;

    fn operation() -> Operation {
        Operation::begun(
            OpId(uuid::Uuid::now_v7()),
            OpKind::RollBack,
            "production".into(),
            Text::from("production: backend v42 → v41"),
            Timestamp::UNIX_EPOCH,
        )
    }

    #[tokio::test]
    async fn a_row_of_progress_names_its_step() {
        use crate::domain::ids::ServiceId;
        use crate::domain::operation::StepKind;
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let step = |title: &str, state| StepReport {
            service: ServiceId::new("production", "backend"),
            kind: StepKind::UpdateMachine,
            title: Text::from(title),
            state,
            detail: Text::default(),
            started_at: None,
            spoke_at: None,
            ended_at: None,
            pace: None,
        };
        let steps = vec![
            step("machine 6921 iad", StepState::Done),
            step("machine 7d30 fra", StepState::Running),
            step("proof", StepState::Todo),
        ];
        store.progress(&Operation { steps, ..operation() }).await.unwrap();
        store.progress(&operation()).await.unwrap();
        let said: Vec<String> = store.list(2).await.unwrap().iter().map(Entry::says).collect();
        assert_eq!(said, ["production: backend v42 → v41", "step 2 of 3: backend · machine 7d30 fra: running"]);
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
        assert_eq!(two.verify().await.unwrap().unwrap_err().row, 7);
    }

    #[tokio::test]
    async fn what_was_followed_is_not_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let op = operation().id;
        let write = async |count: u32| {
            let mut tx = store.pool.begin().await.unwrap();
            let last = "select id, hash from journal order by id desc limit 1";
            let last = sqlx::query_as::<_, (i64, String)>(last).fetch_optional(&mut *tx).await.unwrap();
            let (mut id, mut last) = last.unwrap_or_default();
            for _ in 0..count {
                (id, last) = (id + 1, hash(&last, "now", "op", "intent", "{}"));
                let insert = sqlx::query("insert into journal values (?, 'now', 'op', 'intent', '{}', ?)");
                insert.bind(id).bind(&last).execute(&mut *tx).await.unwrap();
            }
            tx.commit().await.unwrap();
        };
        write(2_000).await;
        let mut link = Link::default();
        let mut slices = 0;
        while store.follow(&mut link, 300).await.unwrap().unwrap() {
            slices += 1;
        }
        assert_eq!((link.row, link.read, slices), (2_000, 2_000, 6));
        store.intent(op, "call").await.unwrap();
        assert_eq!(store.follow(&mut link, 300).await.unwrap(), Ok(false));
        assert_eq!((link.row, link.read), (2_001, 2_001), "one row came and one was read");
        assert_eq!(store.follow(&mut link, 300).await.unwrap(), Ok(false));
        assert_eq!(link.read, 2_001, "none came and none was read");
        assert_eq!(store.verify().await.unwrap(), Ok(2_001));
        sqlx::query("delete from journal where id >= 2000").execute(&store.pool).await.unwrap();
        assert_eq!(store.follow(&mut link, 300).await.unwrap().unwrap_err().row, 2_001);
        store.intent(op, "another").await.unwrap();
        store.intent(op, "another").await.unwrap();
        assert_eq!(store.follow(&mut link, 300).await.unwrap().unwrap_err().row, 2_001, "another one in its place");
    }

    #[tokio::test]
    async fn a_missing_row_and_a_row_of_bytes_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        for _ in 0..5 {
            store.intent(operation().id, "call").await.unwrap();
        }
        sqlx::query("update journal set body = x'ff' where id = 4").execute(&store.pool).await.unwrap();
        assert_eq!(store.verify().await.unwrap().unwrap_err().row, 4);
        assert!(store.list(5).await.is_err());
        sqlx::query("delete from journal where id = 2").execute(&store.pool).await.unwrap();
        assert_eq!(store.verify().await.unwrap(), Err(Broken { row: 3, why: "rows before it are missing" }));
    }
}
