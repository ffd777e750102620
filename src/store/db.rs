//! The file: made for its owner only, brought to the present schema, and its troubles in words.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use sqlx::SqlitePool;

use super::StoreError;

/// Applied in this order, each once: the file carries the number of those that are in it. A table that is missing afterwards was
/// taken away and is not made anew: an empty one would say that nothing is locked and nothing marked. Files of before the number
/// have the first three, which leave alone what is there.
const SCHEMA: [&str; 4] = [
    include_str!("../../assets/migrations/0001_journal.sql"),
    include_str!("../../assets/migrations/0002_history.sql"),
    include_str!("../../assets/migrations/0003_claims.sql"),
    include_str!("../../assets/migrations/0004_lookups.sql"),
];

/// The file's name in its folder.
const FILE: &str = "flightdeck.sqlite";

const ELSEWHERE: &str = "make the folder writable for you, or name another in [state] dir";

/// The file in a folder, where both are there; nothing is made.
pub(super) fn find(dir: &Path) -> io::Result<Option<PathBuf>> {
    let file = dir.join(FILE);
    match file.metadata() {
        Ok(_) => {
            private(dir)?;
            regular(&file).map(|()| Some(file))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

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
    private(dir)?;
    let file = dir.join(FILE);
    regular(&file)?;
    open.open(&file)?;
    Ok(file)
}

/// Opening a pipe waits for its other end, for ever: the type is asked first. SQLite opens what lies beside the file as well.
fn regular(file: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        match Path::new(&path).metadata() {
            Ok(found) if !found.is_file() => {
                let what = if found.is_dir() { "a folder" } else { "a pipe or a device" };
                return Err(io::Error::other(format!("{} is not a file but {what}", Path::new(&path).display())));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Among temporary files, where everybody may put something, our folder must be ours alone: another person's could hold a journal
/// that tells what they like.
#[cfg(unix)]
fn private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let open = |parent: &Path| parent.metadata().is_ok_and(|found| found.permissions().mode() & 0o002 != 0);
    // Where it is kept without a home: `config` names the same.
    let fallback = dir == std::env::temp_dir().join("flightdeck");
    if !fallback && !dir.parent().is_some_and(open) {
        return Ok(());
    }
    let found = dir.symlink_metadata()?;
    let (owner, we, mode) = (found.uid(), rustix::process::geteuid().as_raw(), found.permissions().mode() & 0o777);
    let why = match () {
        () if !found.is_dir() => "it is not a folder".to_owned(),
        () if owner != we => format!("it belongs to user {owner}, and this is user {we}"),
        () if mode & 0o022 != 0 => format!("others may write to it (mode {mode:o}, not 700)"),
        () if fallback && mode & 0o077 != 0 => {
            return std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700));
        }
        () => return Ok(()),
    };
    Err(io::Error::other(format!("among temporary files only a folder of one's own is used: {why}")))
}

#[cfg(not(unix))]
fn private(_dir: &Path) -> io::Result<()> {
    Ok(())
}

/// Brings the file to the present schema. The answer is the number of a newer one, which is left alone.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<Option<i64>, sqlx::Error> {
    let latest = i64::try_from(SCHEMA.len()).unwrap_or(i64::MAX);
    let version = async |connection: &mut sqlx::SqliteConnection| {
        sqlx::query_scalar::<_, i64>("pragma user_version").fetch_one(connection).await
    };
    let found = version(&mut *pool.acquire().await?).await?;
    if found >= latest {
        return Ok((found > latest).then_some(found));
    }
    // Two consoles may start at once: the second waits, and finds that it is done.
    let mut tx = pool.begin_with("begin immediate").await?;
    let found = version(&mut tx).await?;
    for step in SCHEMA.iter().skip(usize::try_from(found).unwrap_or(0)) {
        sqlx::raw_sql(*step).execute(&mut *tx).await?;
    }
    if found < latest {
        let number = format!("pragma user_version = {latest}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(number)).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok((found > latest).then_some(found))
}

/// The folder or the file cannot be made or written.
pub(super) fn unwritable(place: &str, error: &io::Error) -> StoreError {
    StoreError { place: place.to_owned(), why: format!("it cannot be written ({error})"), advice: ELSEWHERE }
}

/// The file was made by a version that keeps more in it than this one can read.
pub(super) fn newer(place: &str, found: i64) -> StoreError {
    let why = format!("a newer flightdeck wrote it (schema {found}, this one knows {})", SCHEMA.len());
    StoreError { place: place.to_owned(), why, advice: "use that version, or name another folder in [state] dir" }
}

/// A row that says something which this version does not understand: what it forbids is not known.
pub(super) fn strange(place: &str, which: &str, why: &str) -> StoreError {
    StoreError {
        place: place.to_owned(),
        why: format!("{which} cannot be understood ({why})"),
        advice: "a newer flightdeck may have written it: use that version, or name another folder in [state] dir",
    }
}

/// SQLite refused; its primary result code says what a person can do.
pub(super) fn unusable(place: &str, error: &sqlx::Error) -> StoreError {
    if matches!(error, sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::ColumnNotFound(_)) {
        return strange(place, "a row of it", &error.to_string());
    }
    let code = error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
    // The low byte of an extended code is the primary one.
    let (says, advice) = match code.map(|code| code & 0xff) {
        Some(1) => (
            "its tables were changed by something else",
            "put a copy of the file back, or name another folder in [state] dir",
        ),
        Some(5 | 6) => ("another program holds it locked", "end the other program, or try again"),
        Some(8 | 14) => ("it cannot be written", ELSEWHERE),
        Some(10) => {
            ("the disk cannot be read or written, or is full", "free some space, or name another folder in [state] dir")
        }
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
    use std::path::Path;
    use std::time::Duration;

    use crate::clock::SystemClock;
    use crate::store::Store;

    async fn refused(dir: &Path) -> String {
        let open = Store::open(dir, SystemClock::shared());
        let error = tokio::time::timeout(Duration::from_secs(20), open).await.expect("it is refused in time");
        error.expect_err("it is refused").to_string()
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_told_in_words() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("flightdeck.sqlite"), "this is text and no database, ".repeat(100)).unwrap();
        let error = refused(dir.path()).await;
        assert!(error.contains("damaged") && error.contains("[state] dir"), "{error}");
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_told_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = refused(&file.join("state")).await;
        assert!(error.contains("cannot be written") && error.contains("[state] dir"), "{error}");
    }

    #[tokio::test]
    async fn a_file_of_a_newer_console_is_left_alone_and_a_table_that_was_taken_away_is_not_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        sqlx::raw_sql("drop table marks").execute(&store.pool).await.unwrap();
        drop(store);
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let error = store.marks().await.unwrap_err().to_string();
        assert!(error.contains("no such table: marks") && error.contains("copy"), "{error}");
        sqlx::raw_sql("pragma user_version = 99").execute(&store.pool).await.unwrap();
        drop(store);
        let error = refused(dir.path()).await;
        assert!(error.contains("newer flightdeck") && error.contains("schema 99"), "{error}");
    }

    #[tokio::test]
    async fn a_file_of_before_the_number_keeps_what_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let old = "insert into marks values ('abc', 'maria', 'bad', '2026-01-01T00:00:00Z'); pragma user_version = 0";
        sqlx::raw_sql(old).execute(&store.pool).await.unwrap();
        drop(store);
        let store = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        assert_eq!(store.marks().await.unwrap().len(), 1);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_pipe_in_the_place_of_the_file_is_refused_in_time() {
        for name in ["flightdeck.sqlite", "flightdeck.sqlite-wal"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(name);
            assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
            let error = refused(dir.path()).await;
            assert!(error.contains("a pipe or a device"), "{error}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn where_everybody_may_write_a_folder_that_others_may_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path, mode: u32| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let state = dir.path().join("flightdeck");
        drop(Store::open(&state, SystemClock::shared()).await.unwrap());
        mode(&state, 0o770);
        drop(Store::open(&state, SystemClock::shared()).await.expect("a team may share one of its own"));
        mode(dir.path(), 0o1777);
        let error = refused(&state).await;
        assert!(error.contains("mode 770, not 700"), "{error}");
        mode(&state, 0o700);
        drop(Store::open(&state, SystemClock::shared()).await.unwrap());
        std::fs::rename(&state, dir.path().join("real")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("real"), &state).unwrap();
        let error = refused(&state).await;
        assert!(error.contains("not a folder"), "{error}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_may_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let _store = Store::open(&state, SystemClock::shared()).await.unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&state), mode(&state.join("flightdeck.sqlite"))), (0o700, 0o600));
    }
}
