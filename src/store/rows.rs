//! What stands in the journal, as it is read again: rows, newest first, each in one line.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};
use crate::domain::ids::EnvId;
use crate::domain::operation::{StepReport, StepState};
use crate::domain::order::Order;

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
            "lock" | "unlock" | "mark" | "unmark" => claimed(&self.body, &what),
            _ if !end.is_empty() => format!("{what}: {end}"),
            _ => what,
        }
    }
}

/// What a person claimed or gave back, why and who, with what stood there before.
fn claimed(body: &Value, what: &str) -> String {
    let text = |of: &Value, key: &str| of[key].as_str().unwrap_or_default().to_owned();
    let before = &body["replaces"];
    let before = before.is_object().then(|| format!("{} ({})", text(before, "why"), text(before, "who")));
    let (why, who) = (text(body, "why"), text(body, "who"));
    let why = match (why.is_empty(), before) {
        (false, Some(before)) => return format!("{what}: {why}, by {who}; this replaces {before}"),
        (true, Some(before)) => format!(": it was {before}"),
        (false, None) => format!(": {why}"),
        (true, None) => String::new(),
    };
    format!("{what}{why}, by {who}")
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

/// Which rows are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Those of one operation, by its id or the end of it.
    pub operation: Option<String>,
    /// Those about one environment, and those about all of them: marks.
    pub environment: Option<EnvId>,
}

/// Rows of an environment: what a person did to it, the operations that began in it, and marks, which are about all. A row that is no JSON
/// is about none.
const CHOSEN: &str = "select id, at, op, event, body from journal where (?1 is null or substr(op, -length(?1)) = ?1) \
    and (?2 is null or event in ('mark', 'unmark') \
        or (event in ('lock', 'unlock') and json_valid(body) and json_extract(body, '$.title') = ?2) \
        or op in (select op from journal where event = 'begin' and json_valid(body) and json_extract(body, '$.env') = ?2)) \
    order by id desc limit ?3";

fn read(row: &SqliteRow) -> Result<Entry, sqlx::Error> {
    Ok(Entry {
        id: row.try_get(0)?,
        at: row.try_get(1)?,
        op: row.try_get(2)?,
        event: row.try_get(3)?,
        body: body(row.try_get(4)?),
    })
}

impl Store {
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
        rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| self.failed(&error))
    }

    /// When the first row was written; `None` = none ever was.
    ///
    /// # Errors
    /// When the file cannot be read, or the row cannot be understood.
    pub async fn began(&self) -> Result<Option<Timestamp>, StoreError> {
        self.stands()?;
        let query = sqlx::query_scalar::<_, String>("select at from journal order by id limit 1");
        let at = query.fetch_optional(&self.pool).await.map_err(|error| self.failed(&error))?;
        at.map(|at| at.parse().map_err(|error| self.strange("the first row of it", error))).transpose()
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

    /// The last of the rows that are asked for, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn chosen(&self, asked: &Asked, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.stands()?;
        let query = sqlx::query(CHOSEN).bind(asked.operation.as_deref());
        let query = query.bind(asked.environment.as_ref().map(EnvId::as_str)).bind(limit);
        let rows = query.fetch_all(&self.pool).await.map_err(|error| self.failed(&error))?;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| self.failed(&error))
    }
}

/// What a row says; one that is no JSON is shown as it is.
fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::ids::{OpId, Sha};
    use crate::domain::lock::{Lock, Mark};
    use crate::domain::operation::{OpKind, Operation};
    use crate::sanitize::Text;

    fn operation(env: &str) -> Operation {
        let (op, title) = (OpId(uuid::Uuid::now_v7()), Text::from("production: backend v42 → v41"));
        Operation::begun(op, OpKind::RollBack, env.into(), title, Timestamp::UNIX_EPOCH)
    }

    #[tokio::test]
    async fn rows_of_an_environment_are_its_operations_its_locks_and_the_marks_of_all() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let now = SystemClock::shared().now();
        assert_eq!(store.began().await.unwrap(), None);
        let (own, other) = (operation("production"), operation("prod"));
        for one in [&own, &other] {
            store.begin(one).await.unwrap();
        }
        // Between the rows of an operation lie others.
        let lock = Lock { who: "maria".into(), why: "production".into(), at: now, until: None };
        store.lock(&"prod".into(), &lock).await.unwrap();
        store.lock(&"production".into(), &lock).await.unwrap();
        let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: now };
        store.mark(&Sha::from("abc"), Some(&mark), "maria").await.unwrap();
        for one in [&own, &other] {
            store.intent(one.id, "call").await.unwrap();
        }
        sqlx::raw_sql("insert into journal (at, op, event, body, hash) values ('', 'x', 'begin', 'no json', '')")
            .execute(&store.pool)
            .await
            .unwrap();
        assert!(store.began().await.unwrap().is_some_and(|at| at >= now));
        let asked = |environment: Option<&str>, operation: Option<String>| Asked {
            environment: environment.map(EnvId::from),
            operation,
        };
        let rows = async |asked: Asked, limit| {
            let rows = store.chosen(&asked, limit).await.unwrap();
            rows.iter().map(|row| (row.id, row.event.clone())).collect::<Vec<_>>()
        };
        let row = |id: i64, event: &str| (id, event.to_owned());
        let all = [row(6, "intent"), row(5, "mark"), row(4, "lock"), row(1, "begin")];
        assert_eq!(rows(asked(Some("production"), None), 9).await, all);
        assert_eq!(rows(asked(Some("production"), None), 2).await, all[..2]);
        assert_eq!(rows(asked(Some("staging"), None), 9).await, [row(5, "mark")]);
        let end = other.id.to_string()[28..].to_owned();
        assert_eq!(rows(asked(None, Some(end)), 9).await, [row(7, "intent"), row(2, "begin")]);
        assert_eq!(rows(Asked::default(), 9).await.len(), 8);
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
        store.progress(&Operation { steps, ..operation("production") }).await.unwrap();
        store.progress(&operation("production")).await.unwrap();
        let said: Vec<String> = store.list(2).await.unwrap().iter().map(Entry::says).collect();
        assert_eq!(said, ["production: backend v42 → v41", "step 2 of 3: backend · machine 7d30 fra: running"]);
    }
}
