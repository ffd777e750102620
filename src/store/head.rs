//! The head: a small file beside the store that keeps the last row of the journal that was known to be on the disk, and a twin: the same in
//! another place. A store that was emptied, deleted, or put back as an older copy looks like one in which nothing is locked and nothing
//! marked; the head is how that is known, and the twin is how it is known of a folder that was removed whole. Both say at least so
//! much, never more than what is there: they are written behind the row, by whoever comes last, and not synced.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::db::Lost;
use crate::domain::keep::Keep;

/// The file's name beside the store.
pub(super) const NAME: &str = "flightdeck.head";

/// The last row that was known to be there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) row: i64,
    pub(super) hash: String,
}

/// Where the head of a store in this folder lies.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

/// The two places of the head.
#[derive(Debug, Clone)]
pub(super) struct Heads(Keep);

impl Heads {
    pub(super) fn of(keep: &Keep) -> Self {
        Self(keep.clone())
    }

    pub(super) fn dir(&self) -> &Path {
        &self.0.dir
    }

    pub(super) fn twin(&self) -> Option<&Path> {
        self.0.twin.as_deref()
    }

    /// Where no store is: what says that there was one. A twin of a store that never had a row tells of nothing that was lost.
    pub(super) fn lost(&self) -> Result<Option<Lost>, Unread> {
        if read(&path(self.dir()))?.is_some() {
            return Ok(Some(Lost::Gone));
        }
        let Some(twin) = self.twin() else { return Ok(None) };
        let held = read(twin)?.is_some_and(|head| head.row > 0);
        Ok(held.then(|| Lost::Removed(twin.to_owned())))
    }

    /// What the heads say that are there, and whether each is.
    pub(super) fn read(&self) -> Result<(Vec<Head>, bool), Unread> {
        let beside = read(&path(self.dir()))?;
        let Some(twin) = self.twin() else { return Ok((beside.clone().into_iter().collect(), beside.is_some())) };
        let other = read(twin)?;
        let whole = beside.is_some() && other.is_some();
        Ok((beside.into_iter().chain(other).collect(), whole))
    }

    /// Keeps the head in both places, each whole or not at all. Where it cannot be written the one before stays, which is as true.
    pub(super) fn write(&self, head: &Head) {
        write(&path(self.dir()), head);
        if let Some(twin) = self.twin() {
            if let Some(parent) = twin.parent() {
                let mut folder = std::fs::DirBuilder::new();
                folder.recursive(true);
                #[cfg(unix)]
                std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
                let _ = folder.create(parent);
            }
            write(twin, head);
        }
    }
}

/// A head that is there and tells nothing: whether a store was there before is not known.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) file: PathBuf,
    pub(super) error: io::Error,
}

/// A head has some hundred bytes.
const LONGEST: u64 = 64 * 1024;

/// A head; `None` = there was never one. One that was cut off by a power cut names no row, and says still that a store was there.
fn read(file: &Path) -> Result<Option<Head>, Unread> {
    let unread = |error: io::Error| Unread { file: file.to_owned(), error };
    match regular(file).map_err(unread)? {
        false => Ok(None),
        true => {
            let mut bytes = Vec::new();
            let open = std::fs::File::open(file).map_err(unread)?;
            open.take(LONGEST).read_to_end(&mut bytes).map_err(unread)?;
            Ok(Some(serde_json::from_slice(&bytes).unwrap_or_default()))
        }
    }
}

/// Whether a file is there. Opening a pipe waits for its other end, for ever, and a link that leads nowhere looks like a file that never
/// was: the type is asked first.
fn regular(file: &Path) -> io::Result<bool> {
    let link = match file.symlink_metadata() {
        Ok(found) => found.is_symlink(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.metadata() {
        Ok(found) if found.is_file() => Ok(true),
        Ok(found) if found.is_dir() => Err(io::Error::other("it is not a file but a folder")),
        Ok(_) => Err(io::Error::other("it is not a file but a pipe or a device")),
        Err(error) if link && error.kind() == io::ErrorKind::NotFound => {
            Err(io::Error::other("it is a link that leads nowhere"))
        }
        Err(error) => Err(error),
    }
}

fn write(file: &Path, head: &Head) {
    let new = file.with_added_extension(uuid::Uuid::now_v7().to_string());
    let work = || -> io::Result<()> {
        let mut open = std::fs::OpenOptions::new();
        open.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        open.open(&new)?.write_all(serde_json::to_string(head)?.as_bytes())?;
        std::fs::rename(&new, file)
    };
    if work().is_err() {
        let _ = std::fs::remove_file(&new);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::clock::SystemClock;
    use crate::domain::ids::Sha;
    use crate::domain::lock::Mark;
    use crate::store::{Store, StoreError};

    async fn open(dir: &Path) -> Result<Store, StoreError> {
        Store::open(dir, SystemClock::shared()).await
    }

    /// A store that holds a bad mark, closed.
    async fn marked(dir: &Path, shas: &[&str]) {
        let store = open(dir).await.unwrap();
        for sha in shas {
            let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: SystemClock::shared().now() };
            store.mark(&Sha::from(*sha), Some(&mark), "maria").await.unwrap();
        }
        store.pool.close().await;
    }

    /// Whoever changes something and whoever only looks are told, and nothing is made anew.
    async fn refused(dir: &Path) -> String {
        let error = open(dir).await.unwrap_err().to_string();
        assert_eq!(Store::peek(dir, SystemClock::shared()).await.unwrap_err().to_string(), error);
        assert_eq!(open(dir).await.unwrap_err().to_string(), error, "it is not taken as new the next time");
        assert!(error.contains(&dir.display().to_string()) && error.contains("put"), "{error}");
        error
    }

    #[tokio::test]
    async fn an_emptied_a_deleted_and_an_older_store_are_not_taken_as_new() {
        let dir = tempfile::tempdir().unwrap();
        let (file, copy) = (dir.path().join("flightdeck.sqlite"), dir.path().join("copy"));
        assert!(Store::peek(dir.path(), SystemClock::shared()).await.unwrap().is_none(), "nothing was ever there");
        marked(dir.path(), &["abc"]).await;
        std::fs::copy(&file, &copy).unwrap();
        marked(dir.path(), &["def"]).await;
        let newest = std::fs::read(&file).unwrap();
        std::fs::write(&file, "").unwrap();
        let error = refused(dir.path()).await;
        assert!(error.contains("flightdeck.sqlite is empty"), "{error}");
        std::fs::remove_file(&file).unwrap();
        let error = refused(dir.path()).await;
        assert!(error.contains("flightdeck.sqlite is gone") && error.contains("flightdeck.head"), "{error}");
        std::fs::copy(&copy, &file).unwrap();
        let error = refused(dir.path()).await;
        assert!(error.contains("row 2 of flightdeck.sqlite"), "{error}");
        let other = tempfile::tempdir().unwrap();
        marked(other.path(), &["123", "456", "789"]).await;
        std::fs::copy(other.path().join("flightdeck.sqlite"), &file).unwrap();
        let error = refused(dir.path()).await;
        assert!(error.contains("row 2 of flightdeck.sqlite"), "another one in its place: {error}");
        std::fs::write(&file, newest).unwrap();
        let store = open(dir.path()).await.unwrap();
        assert_eq!(store.marks().await.unwrap().len(), 2, "it is as it was");
        store.pool.close().await;
        std::fs::copy(&copy, &file).unwrap();
        std::fs::remove_file(path(dir.path())).unwrap();
        assert_eq!(open(dir.path()).await.unwrap().marks().await.unwrap().len(), 1, "a person takes the older one");
    }

    #[tokio::test]
    async fn a_folder_that_was_removed_whole_is_not_taken_as_new() {
        let (home, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (dir, twin) = (home.path().join("state"), place.path().join("stores").join("one.head"));
        let keep = Keep { dir: dir.clone(), twin: Some(twin.clone()) };
        let open = async || Store::open(&keep, SystemClock::shared()).await;
        assert!(Store::peek(&keep, SystemClock::shared()).await.unwrap().is_none(), "there was never one");
        open().await.unwrap().pool.close().await;
        std::fs::remove_dir_all(&dir).unwrap();
        let store = open().await.expect("nothing was kept in it, so nothing is lost");
        let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: SystemClock::shared().now() };
        store.mark(&Sha::from("abc"), Some(&mark), "maria").await.unwrap();
        store.pool.close().await;
        let old = std::fs::read(dir.join("flightdeck.sqlite")).unwrap();
        let store = open().await.unwrap();
        store.mark(&Sha::from("def"), Some(&mark), "maria").await.unwrap();
        store.pool.close().await;
        std::fs::remove_dir_all(&dir).unwrap();
        for _ in 0..2 {
            let error = open().await.unwrap_err().to_string();
            assert!(error.contains("are gone") && error.contains(&twin.display().to_string()), "{error}");
            let peek = Store::peek(&keep, SystemClock::shared()).await.unwrap_err().to_string();
            assert_eq!(peek, error, "it is not taken as new the next time");
        }
        // A folder of before in its place, without a head of its own.
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("flightdeck.sqlite"), old).unwrap();
        let error = open().await.unwrap_err().to_string();
        assert!(error.contains("row 2 of flightdeck.sqlite") && error.contains(&twin.display().to_string()), "{error}");
        std::fs::remove_file(&twin).unwrap();
        assert_eq!(open().await.unwrap().marks().await.unwrap().len(), 1, "a person takes the older one");
        assert!(twin.exists(), "a store that had no twin gets one");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_head_that_cannot_be_read_is_named_with_the_way_out() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let (home, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (dir, stores) = (home.path().join("state"), place.path().join("stores"));
        let twin = stores.join("one.head");
        let keep = Keep { dir: dir.clone(), twin: Some(twin.clone()) };
        let open = async || Store::open(&keep, SystemClock::shared()).await;
        let refused = async || {
            let error = open().await.expect_err("it was taken as one that never was").to_string();
            let peek = Store::peek(&keep, SystemClock::shared()).await.unwrap_err().to_string();
            assert_eq!(peek, error);
            assert!(error.contains(&twin.display().to_string()), "the file at fault is named: {error}");
            assert!(!error.contains("make the folder writable"), "the state folder is well: {error}");
            error
        };
        let store = open().await.unwrap();
        let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: SystemClock::shared().now() };
        store.mark(&Sha::from("abc"), Some(&mark), "maria").await.unwrap();
        store.pool.close().await;
        std::fs::remove_file(&twin).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&twin).status().unwrap().success());
        let error = refused().await;
        assert!(error.contains("a pipe or a device") && error.contains("remove it"), "{error}");
        std::fs::remove_file(&twin).unwrap();
        std::fs::create_dir(&twin).unwrap();
        assert!(refused().await.contains("not a file but a folder"));
        std::fs::remove_dir(&twin).unwrap();
        symlink("/nowhere/at/all", &twin).unwrap();
        assert!(refused().await.contains("a link that leads nowhere"));
        std::fs::remove_file(&twin).unwrap();
        // A link to the real one is as good.
        let real = place.path().join("real");
        std::fs::copy(path(&dir), &real).unwrap();
        symlink(&real, &twin).unwrap();
        assert_eq!(open().await.unwrap().marks().await.unwrap().len(), 1);
        if !rustix::process::geteuid().is_root() {
            std::fs::set_permissions(&stores, std::fs::Permissions::from_mode(0o000)).unwrap();
            let error = refused().await;
            std::fs::set_permissions(&stores, std::fs::Permissions::from_mode(0o700)).unwrap();
            assert!(error.contains("make it readable for you"), "{error}");
        }
        assert_eq!(open().await.unwrap().marks().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn an_empty_file_of_that_name_is_no_new_store_without_a_head_either() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("flightdeck.sqlite"), "").unwrap();
        assert!(refused(dir.path()).await.contains("is empty"));
        std::fs::remove_file(dir.path().join("flightdeck.sqlite")).unwrap();
        marked(dir.path(), &["abc"]).await;
        std::fs::write(path(dir.path()), "").unwrap();
        drop(open(dir.path()).await.unwrap());
        std::fs::remove_file(dir.path().join("flightdeck.sqlite")).unwrap();
        assert!(refused(dir.path()).await.contains("is gone"), "a head that was cut off says so much");
    }

    #[tokio::test]
    async fn what_is_taken_away_while_it_is_open_is_neither_read_nor_written() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("flightdeck.sqlite");
        marked(dir.path(), &["abc"]).await;
        for away in [false, true] {
            let store = open(dir.path()).await.unwrap();
            let content = std::fs::read(&file).unwrap();
            if away {
                std::fs::remove_file(&file).unwrap()
            } else {
                std::fs::File::create(&file).map(drop).unwrap()
            }
            let op = crate::domain::ids::OpId(uuid::Uuid::now_v7());
            let lost = [
                // Of an operation that is held, nobody's answer would ever be seen.
                store.answered(op).await.unwrap_err(),
                store.one(op).await.unwrap_err(),
                store.verified().await.unwrap_err(),
                store.list(1).await.unwrap_err(),
                store.height().await.unwrap_err(),
                store.verify().await.unwrap_err(),
                store.marks().await.unwrap_err(),
                store.locks().await.unwrap_err(),
                store.operations(1).await.unwrap_err(),
                store.mark(&Sha::from("def"), None, "ali").await.unwrap_err(),
                store.intent(op, "call").await.unwrap_err(),
            ];
            assert!(lost.iter().all(|error| error.to_string().contains("taken away, emptied or replaced")), "{lost:?}");
            drop(store);
            std::fs::write(&file, content).unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_many_that_start_at_once_each_opens_the_same_store() {
        let dir = tempfile::tempdir().unwrap();
        let stores = futures_util::future::join_all((0..8).map(|_| open(dir.path()))).await;
        let last = stores.into_iter().map(Result::unwrap).next_back().unwrap();
        last.stands().unwrap();
        let names = std::fs::read_dir(dir.path()).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap());
        assert!(names.into_iter().all(|name| !name.contains("flightdeck.sqlite.") && !name.contains("head.")));
    }
}
