//! What outlives the console: the journal of operations, in SQLite. The only place that speaks SQL.

pub mod journal;

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::clock::SharedClock;

/// Longest wait for another console that writes.
const BUSY: Duration = Duration::from_secs(5);

/// Why the store cannot be used, in words.
#[derive(Debug, thiserror::Error)]
#[error("the journal in {place} cannot be used: {why}; name another folder in [state] dir, or move the file away")]
pub struct StoreError {
    place: String,
    why: String,
}

/// The open store, cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: SqlitePool,
    clock: SharedClock,
    place: String,
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
        let place = dir.display().to_string();
        let failed = |why: String| StoreError { place: place.clone(), why };
        std::fs::create_dir_all(dir).map_err(|error| failed(error.to_string()))?;
        let options = SqliteConnectOptions::new()
            .filename(dir.join("flightdeck.sqlite"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A row is on the disk when its insert returns: an intent must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.map_err(|error| failed(error.to_string()))?;
        let schema = include_str!("../assets/migrations/0001_journal.sql");
        sqlx::raw_sql(schema).execute(&pool).await.map_err(|error| failed(error.to_string()))?;
        Ok(Self { pool, clock, place })
    }

    fn failed(&self, error: &sqlx::Error) -> StoreError {
        StoreError { place: self.place.clone(), why: error.to_string() }
    }
}
