//! The chain of hashes that the rows of the journal make, followed from where it was followed to.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};

/// Where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Broken {
    /// The first row that is wrong.
    pub row: i64,
    /// What is wrong with it, in words.
    pub why: &'static str,
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

impl Store {
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

/// The hash a row must have, and the one it has.
fn hashes(last: &str, row: &SqliteRow) -> Result<(String, String), sqlx::Error> {
    let wanted = hash(last, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
    Ok((wanted, row.try_get(5)?))
}

/// The hash of a row behind another one.
pub(super) fn hash(last: &str, at: &str, op: &str, event: &str, body: &str) -> String {
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
    use crate::domain::ids::OpId;

    fn operation() -> OpId {
        OpId(uuid::Uuid::now_v7())
    }

    #[tokio::test]
    async fn two_consoles_write_one_chain_and_a_changed_row_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let one = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let two = Store::open(dir.path(), SystemClock::shared()).await.unwrap();
        let op = operation();
        let write = async |store: &Store| {
            for _ in 0..20 {
                store.intent(op, "call").await.unwrap();
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
        let op = operation();
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
            store.intent(operation(), "call").await.unwrap();
        }
        sqlx::query("update journal set body = x'ff' where id = 4").execute(&store.pool).await.unwrap();
        assert_eq!(store.verify().await.unwrap().unwrap_err().row, 4);
        assert!(store.list(5).await.is_err());
        sqlx::query("delete from journal where id = 2").execute(&store.pool).await.unwrap();
        assert_eq!(store.verify().await.unwrap(), Err(Broken { row: 3, why: "rows before it are missing" }));
    }
}
