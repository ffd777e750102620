//! What outlives the console: the journal of operations and what was verified healthy, in SQLite. The only place that speaks SQL.

pub mod chain;
mod db;
mod head;
pub mod history;
pub mod journal;
mod locks;
pub mod operations;
pub mod rows;
mod stand;

pub use locks::{Locked, Unlocked};

use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use db::Lost;
use head::Heads;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::clock::SharedClock;
use crate::domain::keep::Keep;
use crate::sanitize::Text;

/// Longest wait for another console that writes.
const BUSY: Duration = Duration::from_secs(5);

/// Why the store cannot be used, in words.
#[derive(Debug, thiserror::Error)]
#[error("the journal in {place} cannot be used: {why}; {advice}")]
pub struct StoreError {
    place: String,
    why: String,
    advice: Cow<'static, str>,
}

/// The open store, cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: SqlitePool,
    clock: SharedClock,
    place: String,
    dir: PathBuf,
    heads: Heads,
    file: PathBuf,
    /// Which file was opened.
    identity: (u64, u64, bool),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.place)
    }
}

impl Store {
    /// Opens `flightdeck.sqlite` in a folder, making both when they are absent and were never there.
    ///
    /// # Errors
    /// When the folder cannot be written, the file is no database, or what was in it is gone.
    pub async fn open(keep: impl Into<Keep>, clock: SharedClock) -> Result<Self, StoreError> {
        let keep = keep.into();
        let (dir, heads) = (keep.dir.as_path(), Heads::of(&keep));
        let place = Text::clean(&dir.display().to_string()).to_string();
        let unwritable = |error: std::io::Error| db::unwritable(&place, &error);
        let file = db::prepare(dir).map_err(unwritable)?;
        // Read before the file is looked for: whoever makes both makes the head last.
        let lost = heads.lost().map_err(|unread| db::untold(&place, &unread))?;
        match (file.exists(), lost) {
            (true, _) => {}
            (false, Some(lost)) => return Err(db::lost(&place, &lost, &heads)),
            (false, None) => db::make(&place, dir, &file).await?,
        }
        Self::connect(file, heads, place, clock).await
    }

    /// Opens what is there and makes nothing; `None` = nothing was ever written.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn peek(keep: impl Into<Keep>, clock: SharedClock) -> Result<Option<Self>, StoreError> {
        let keep = keep.into();
        let (dir, heads) = (keep.dir.as_path(), Heads::of(&keep));
        let place = Text::clean(&dir.display().to_string()).to_string();
        let unwritable = |error: std::io::Error| db::unwritable(&place, &error);
        let lost = heads.lost().map_err(|unread| db::untold(&place, &unread))?;
        match (db::find(dir).map_err(unwritable)?, lost) {
            (Some(file), _) => Self::connect(file, heads, place, clock).await.map(Some),
            (None, Some(lost)) => Err(db::lost(&place, &lost, &heads)),
            (None, None) => Ok(None),
        }
    }

    async fn connect(file: PathBuf, heads: Heads, place: String, clock: SharedClock) -> Result<Self, StoreError> {
        let unwritable = |error: std::io::Error| db::unwritable(&place, &error);
        let identity = db::identity(&file).map_err(unwritable)?;
        if !identity.2 {
            return Err(db::lost(&place, &Lost::Empty, &heads));
        }
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .journal_mode(SqliteJournalMode::Wal)
            // A row is on the disk when its insert returns: an intent must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let unusable = |error: sqlx::Error| db::unusable(&place, &error);
        let pool = pool.map_err(unusable)?;
        if let Some(found) = db::ahead(&pool).await.map_err(unusable)? {
            return Err(db::newer(&place, found));
        }
        let (known, whole) = heads.read().map_err(|unread| db::untold(&place, &unread))?;
        for head in &known {
            if !db::holds(&pool, head).await.map_err(unusable)? {
                return Err(db::lost(&place, &Lost::Rows(head.row), &heads));
            }
        }
        db::migrate(&pool).await.map_err(unusable)?;
        if !whole {
            heads.write(&db::last(&pool).await.map_err(unusable)?);
        }
        let dir = heads.dir().to_owned();
        Ok(Self { pool, clock, place, dir, heads, file, identity })
    }

    /// The file that was opened is the one that stands there still: what is written to another one nobody reads.
    pub(super) fn stands(&self) -> Result<(), StoreError> {
        match db::identity(&self.file) {
            Ok(found) if found == self.identity => Ok(()),
            _ => Err(db::lost(&self.place, &Lost::Replaced, &self.heads)),
        }
    }

    /// The folder that it lies in, as people read it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    fn failed(&self, error: &sqlx::Error) -> StoreError {
        db::unusable(&self.place, error)
    }

    /// A row that is not understood.
    fn strange(&self, which: &str, why: impl std::fmt::Display) -> StoreError {
        let why = why.to_string();
        // What else could stand there is of no use to a reader.
        db::strange(&self.place, which, why.split(", expected").next().unwrap_or_default())
    }
}
