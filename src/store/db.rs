//! The file: made for its owner only, brought to the present schema, and its troubles in words.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use sqlx::SqlitePool;

use super::StoreError;

/// Applied in this order at every start; each leaves alone what is already there, so two consoles may start at once.
const SCHEMA: [&str; 3] = [
    include_str!("../../assets/migrations/0001_journal.sql"),
    include_str!("../../assets/migrations/0002_history.sql"),
    include_str!("../../assets/migrations/0003_claims.sql"),
];

/// Makes the folder (700) and the file (600) when they are absent. SQLite gives its side files the mode of the file.
pub(super) fn prepare(dir: &Path) -> io::Result<PathBuf> {
    let (mut folder, mut open) = (DirBuilder::new(), OpenOptions::new());
    folder.recursive(true);
    open.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        folder.mode(0o700);
        open.mode(0o600);
    }
    folder.create(dir)?;
    let file = dir.join("flightdeck.sqlite");
    open.open(&file)?;
    Ok(file)
}

pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    for step in SCHEMA {
        sqlx::raw_sql(step).execute(pool).await?;
    }
    Ok(())
}

/// The folder or the file cannot be made or written.
pub(super) fn unwritable(place: &str, error: &io::Error) -> StoreError {
    let advice = "make the folder writable for you, or name another in [state] dir";
    StoreError { place: place.to_owned(), why: format!("it cannot be written ({error})"), advice }
}

/// SQLite refused; its primary result code says what a person can do.
pub(super) fn unusable(place: &str, error: &sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
    // The low byte of an extended code is the primary one.
    let (says, advice) = match code.map(|code| code & 0xff) {
        Some(5 | 6) => ("another program holds it locked", "end the other program, or try again"),
        Some(8 | 14) => ("it cannot be written", "make the folder writable for you, or name another in [state] dir"),
        Some(13) => ("the disk is full", "free some space, or name another folder in [state] dir"),
        Some(11 | 26) => {
            ("the file is damaged", "move the file away to keep it, or name another folder in [state] dir")
        }
        _ => ("SQLite failed", "name another folder in [state] dir, or move the file away"),
    };
    StoreError { place: place.to_owned(), why: format!("{says} ({error})"), advice }
}

#[cfg(test)]
mod tests {
    use crate::clock::SystemClock;
    use crate::store::Store;

    #[tokio::test]
    async fn a_file_that_is_no_database_is_told_in_words() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("flightdeck.sqlite"), "this is text and no database, ".repeat(100)).unwrap();
        let error = Store::open(dir.path(), SystemClock::shared()).await.unwrap_err().to_string();
        assert!(error.contains("damaged") && error.contains("[state] dir"), "{error}");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_told_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Store::open(&file.join("state"), SystemClock::shared()).await.unwrap_err().to_string();
        assert!(error.contains("cannot be written") && error.contains("[state] dir"), "{error}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_may_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let _store = Store::open(&state, SystemClock::shared()).await.unwrap();
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&state), mode(&state.join("flightdeck.sqlite"))), (0o700, 0o600));
    }
}
