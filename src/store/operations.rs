//! Operations as the journal tells them: how each stands, which were cut short, and who carries one out now.

use std::fs::File;

use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};
use crate::domain::ids::OpId;
use crate::domain::operation::{OpState, Operation};
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
            Ok(file) => match file.try_lock() {
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
        // Of what an operation told on its way the last word counts: the rows before it are many and long.
        let query = "with chosen (op) as ( \
                     select op from (select op from journal where event = 'begin' order by id desc limit ?) union \
                     select op from (select op from journal where event = 'begin' except \
                                     select op from journal where event in ('end', 'abandon'))) \
                     select id, op, event, body from journal where op in (select op from chosen) \
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
        let query = "select id, op, event, body from journal where op = ? order by id";
        let rows = sqlx::query(query).bind(op.to_string()).fetch_all(&self.pool).await;
        let told = self.told(&rows.map_err(|error| self.failed(&error))?)?;
        told.into_iter().next().ok_or_else(|| self.strange(&format!("operation {op}"), "it is not in the file"))
    }

    /// The operations that these rows tell of.
    fn told(&self, rows: &[SqliteRow]) -> Result<Vec<Operation>, StoreError> {
        let mut stories: Vec<Story> = Vec::new();
        for row in rows {
            let read = || -> Result<(i64, String, String, String), sqlx::Error> {
                Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
            };
            let (id, op, event, body) = read().map_err(|error| self.failed(&error))?;
            let body: Value =
                serde_json::from_str(&body).map_err(|error| self.strange(&format!("row {id} of it"), error))?;
            match stories.iter_mut().find(|story| story.op == op) {
                Some(story) => story.take(&event, body),
                None if event == "begin" => {
                    stories.push(Story { op, last: body, open: true, unknown: Vec::new(), left: None })
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
        if operation.interrupted {
            operation.unknown_calls = story.unknown.iter().map(|call| Text::from(call.as_str())).collect();
        }
        if let Some(why) = story.left {
            operation.state = OpState::Left;
            operation.outcome = Text::from(why);
        }
        Ok(operation)
    }
}

/// What the rows of one operation say.
struct Story {
    op: String,
    last: Value,
    open: bool,
    unknown: Vec<String>,
    left: Option<String>,
}

impl Story {
    fn take(&mut self, event: &str, body: Value) {
        let call = body["call"].as_str().unwrap_or_default();
        match event {
            "intent" => self.unknown.push(call.to_owned()),
            "outcome" => {
                if let Some(index) = self.unknown.iter().position(|sent| sent == call) {
                    self.unknown.remove(index);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::operation::OpKind;

    fn operation() -> Operation {
        let at = jiff::Timestamp::UNIX_EPOCH;
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
        store.outcome(open.id, "first", "done").await.unwrap();
        let mut later = open.clone();
        later.state = OpState::Proving;
        store.progress(&later).await.unwrap();
        store.intent(open.id, "second").await.unwrap();
        assert!(store.interrupted().await.unwrap().is_empty(), "it is being carried out");
        drop((hold, store));
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        later.interrupted = true;
        later.unknown_calls = vec![Text::from("second")];
        assert_eq!(store.interrupted().await.unwrap(), [later]);
        store.abandon(open.id, "looked: v41 is live").await.unwrap();
        assert!(store.interrupted().await.unwrap().is_empty());
        let all = store.operations(10).await.unwrap();
        assert_eq!(all.iter().map(|one| one.state).collect::<Vec<_>>(), [OpState::Running, OpState::Left]);
    }
}
