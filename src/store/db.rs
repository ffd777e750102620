//! The file: made for its owner only, brought to the present schema, and its troubles in words.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqliteConnection, SqlitePool};

use super::StoreError;
use super::head::{self, Head, Heads, Unread};
use crate::sanitize::Text;

/// Applied in this order, each once: the file carries the number of those that are in it. A table that is missing afterwards was
/// taken away and is not made anew: an empty one would say that nothing is locked and nothing marked. Files of before the number
/// have the first three, which leave alone what is there.
const SCHEMA: [&str; 5] = [
    include_str!("../../assets/migrations/0001_journal.sql"),
    include_str!("../../assets/migrations/0002_history.sql"),
    include_str!("../../assets/migrations/0003_claims.sql"),
    include_str!("../../assets/migrations/0004_lookups.sql"),
    include_str!("../../assets/migrations/0005_claims_told.sql"),
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
            regular(dir, &file).map(|()| Some(file))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes the folder (700) when it is absent, and finds the file in it, which may be absent still.
pub(super) fn prepare(dir: &Path) -> io::Result<PathBuf> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(dir)?;
    private(dir)?;
    let file = dir.join(FILE);
    regular(dir, &file)?;
    Ok(file)
}

/// Makes a new store (600) under another name and gives it its own when all of it is on the disk: an empty file of that name was
/// never ours. Of two consoles that start at once the second one takes what the first one made. SQLite gives its side files the mode
/// of the file.
pub(super) async fn make(place: &str, dir: &Path, file: &Path) -> Result<(), StoreError> {
    let new = dir.join(format!("{FILE}.{}", uuid::Uuid::now_v7()));
    let made = fill(place, dir, file, &new).await;
    let _ = std::fs::remove_file(&new);
    made
}

async fn fill(place: &str, dir: &Path, file: &Path, new: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| unwritable(place, &error);
    let mut open = OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let handle = open.open(new).map_err(failed)?;
    // Nobody sees it before it is synced as a whole.
    let options = SqliteConnectOptions::new().filename(new).journal_mode(SqliteJournalMode::Memory);
    let options = options.synchronous(SqliteSynchronous::Off);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.map_err(|error| unusable(place, &error))?;
    let filled = migrate(&pool).await;
    pool.close().await;
    filled.map_err(|error| unusable(place, &error))?;
    handle.sync_all().map_err(failed)?;
    match std::fs::hard_link(new, file) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        // Not every file system has links.
        Err(_) if !file.exists() => std::fs::rename(new, file).map_err(failed)?,
        Err(error) => return Err(failed(error)),
    }
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
}

/// Which file it is that stands there, and whether anything is in it: another one in its place has another number.
pub(super) fn identity(file: &Path) -> io::Result<(u64, u64, bool)> {
    let found = file.metadata()?;
    #[cfg(unix)]
    let (device, number) = (std::os::unix::fs::MetadataExt::dev(&found), std::os::unix::fs::MetadataExt::ino(&found));
    #[cfg(not(unix))]
    let (device, number) = (0, 0);
    Ok((device, number, found.len() > 0))
}

/// Opening a pipe waits for its other end, for ever: the type is asked first. SQLite opens what lies beside the file as well.
fn regular(dir: &Path, file: &Path) -> io::Result<()> {
    let beside = ["", "-wal", "-shm", "-journal"].map(|suffix| {
        let mut path = file.as_os_str().to_owned();
        path.push(suffix);
        PathBuf::from(path)
    });
    for path in beside.into_iter().chain([head::path(dir)]) {
        match path.metadata() {
            Ok(found) if !found.is_file() => {
                let what = if found.is_dir() { "a folder" } else { "a pipe or a device" };
                return Err(io::Error::other(format!("{} is not a file but {what}", path.display())));
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

/// The number of the schema that the file has.
async fn version(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar::<_, i64>("pragma user_version").fetch_one(connection).await
}

/// The number of a schema that is newer than ours: the file is left alone then.
pub(super) async fn ahead(pool: &SqlitePool) -> Result<Option<i64>, sqlx::Error> {
    let found = version(&mut *pool.acquire().await?).await?;
    Ok(usize::try_from(found).ok().filter(|found| *found > SCHEMA.len()).map(|_| found))
}

/// Brings the file to the present schema.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let latest = i64::try_from(SCHEMA.len()).unwrap_or(i64::MAX);
    if version(&mut *pool.acquire().await?).await? >= latest {
        return Ok(());
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
    tx.commit().await
}

/// Whether the row that the head names stands in the journal as it was.
pub(super) async fn holds(pool: &SqlitePool, head: &Head) -> Result<bool, sqlx::Error> {
    if head.row == 0 {
        return Ok(true);
    }
    let found = sqlx::query_scalar::<_, String>("select hash from journal where id = ?").bind(head.row);
    Ok(found.fetch_optional(pool).await?.is_some_and(|hash| hash == head.hash))
}

/// The last row of the journal.
pub(super) async fn last(pool: &SqlitePool) -> Result<Head, sqlx::Error> {
    let last = "select id, hash from journal order by id desc limit 1";
    let last = sqlx::query_as::<_, (i64, String)>(last).fetch_optional(pool).await?;
    Ok(last.map(|(row, hash)| Head { row, hash }).unwrap_or_default())
}

/// What was in the store is not there any more, though it was: locks and bad marks may be missing in it.
pub(super) fn lost(place: &str, how: &Lost, heads: &Heads) -> StoreError {
    // What else says so has to go as well, where a person wants to go on without it.
    let also = heads.twin().filter(|path| path.exists()).map(|path| format!(" and {}", shown(path)));
    let also = also.unwrap_or_default();
    let (why, advice) = match how {
        Lost::Empty => (
            format!("{FILE} is empty, so that what was locked and marked in it is not known"),
            format!("put a copy of the file back, or remove flightdeck.sqlite, flightdeck.head{also} to begin anew"),
        ),
        Lost::Gone => (
            format!(
                "{FILE} is gone, though {} beside it says that it was there; what was locked and marked in it is not known",
                head::NAME
            ),
            format!("put a copy of the file back, or remove flightdeck.head{also} to begin anew"),
        ),
        Lost::Removed(twin) => (
            format!(
                "{FILE} and its folder's head are gone, though {} says that a journal was there; what was locked and marked in it is not known",
                shown(twin)
            ),
            format!("put a copy of the folder back, or remove {} to begin anew", shown(twin)),
        ),
        Lost::Rows(row) => (
            format!("row {row} of {FILE} is not there as it was written, so that later locks and marks may be missing"),
            format!(
                "put the newest copy of the file back, or remove flightdeck.head{also} to go on with what is there"
            ),
        ),
        Lost::Replaced => (
            format!("{FILE} was taken away, emptied or replaced while it was open"),
            "see what stands there, and start flightdeck again".to_owned(),
        ),
    };
    StoreError { place: place.to_owned(), why, advice: advice.into() }
}

fn shown(path: &Path) -> Text {
    Text::clean(&path.display().to_string())
}

/// How a store lost what was in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// The file has no content.
    Empty,
    /// There is no file where one was.
    Gone,
    /// Nothing of the folder is there, and this file in another place says that something was.
    Removed(PathBuf),
    /// A row that was written is not there.
    Rows(i64),
    /// Another file, or none, stands where this process opened one.
    Replaced,
}

/// What would say whether a store was there before cannot be read.
pub(super) fn untold(place: &str, unread: &Unread) -> StoreError {
    let file = shown(&unread.file);
    let why = format!(
        "{file}, which tells whether a journal was there before, cannot be read ({}), so that what was locked and marked is not known",
        unread.error
    );
    let advice = match unread.error.kind() {
        io::ErrorKind::Other => format!("remove it, and start flightdeck again: what stands in {place} is taken then"),
        _ => format!(
            "make it readable for you, with the folders that it lies in; or remove it to take what stands in {place}"
        ),
    };
    StoreError { place: place.to_owned(), why, advice: advice.into() }
}

/// The folder or the file cannot be made or written.
pub(super) fn unwritable(place: &str, error: &io::Error) -> StoreError {
    StoreError { place: place.to_owned(), why: format!("it cannot be written ({error})"), advice: ELSEWHERE.into() }
}

/// The file was made by a version that keeps more in it than this one can read.
pub(super) fn newer(place: &str, found: i64) -> StoreError {
    let why = format!("a newer flightdeck wrote it (schema {found}, this one knows {})", SCHEMA.len());
    StoreError {
        place: place.to_owned(),
        why,
        advice: "use that version, or name another folder in [state] dir".into(),
    }
}

/// A row that says something which this version does not understand: what it forbids is not known.
pub(super) fn strange(place: &str, which: &str, why: &str) -> StoreError {
    StoreError {
        place: place.to_owned(),
        why: format!("{which} cannot be understood ({why})"),
        advice: "a newer flightdeck may have written it: use that version, or name another folder in [state] dir"
            .into(),
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
    StoreError { place: place.to_owned(), why: format!("{says} ({error})"), advice: advice.into() }
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
