//! What outlives the console: the journal of operations and what was verified healthy, in SQLite. The only place that speaks SQL.

mod claims;
mod db;
pub mod history;
pub mod journal;
pub mod operations;

pub use claims::{Locked, Unlocked};

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::clock::SharedClock;
use crate::sanitize::Text;

/// Longest wait for another console that writes.
const BUSY: Duration = Duration::from_secs(5);

/// Why the store cannot be used, in words.
#[derive(Debug, thiserror::Error)]
#[error("the journal in {place} cannot be used: {why}; {advice}")]
pub struct StoreError {
    place: String,
    why: String,
    advice: &'static str,
}

/// The open store, cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: SqlitePool,
    clock: SharedClock,
    place: String,
    dir: PathBuf,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.place)
    }
}

impl Store {
    /// Opens `flightdeck.sqlite` in `dir`, making both when they are absent.
    ///
    /// # Errors
    /// When the folder cannot be written or the file is no database.
    pub async fn open(dir: &Path, clock: SharedClock) -> Result<Self, StoreError> {
        let place = Text::clean(&dir.display().to_string()).to_string();
        let file = db::prepare(dir).map_err(|error| db::unwritable(&place, &error))?;
        Self::connect(file, dir, place, clock).await
    }

    /// Opens what is there and makes nothing; `None` = nothing was ever written.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn peek(dir: &Path, clock: SharedClock) -> Result<Option<Self>, StoreError> {
        let place = Text::clean(&dir.display().to_string()).to_string();
        let file = db::find(dir).map_err(|error| db::unwritable(&place, &error))?;
        match file {
            Some(file) => Self::connect(file, dir, place, clock).await.map(Some),
            None => Ok(None),
        }
    }

    async fn connect(file: PathBuf, dir: &Path, place: String, clock: SharedClock) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            // A row is on the disk when its insert returns: an intent must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.map_err(|error| db::unusable(&place, &error))?;
        if let Some(found) = db::migrate(&pool).await.map_err(|error| db::unusable(&place, &error))? {
            return Err(db::newer(&place, found));
        }
        Ok(Self { pool, clock, place, dir: dir.to_owned() })
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
