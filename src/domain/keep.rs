//! Where the store lies, and since when what it knows is known.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use crate::sanitize::Text;

/// A store that is younger knows little of what was said before it.
const YOUNG: SignedDuration = SignedDuration::from_hours(24);

/// Where the store lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// Its folder.
    pub dir: PathBuf,
    /// The file in another place that says that a store was there: what tells a folder that was removed from one that never was.
    /// `None` where a store is expected to go, such as among temporary files.
    pub twin: Option<PathBuf>,
}

impl From<&Path> for Keep {
    fn from(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), twin: None }
    }
}

impl From<&PathBuf> for Keep {
    fn from(dir: &PathBuf) -> Self {
        Self::from(dir.as_path())
    }
}

impl From<&Keep> for Keep {
    fn from(keep: &Keep) -> Self {
        keep.clone()
    }
}

/// What is to be told of a store that began lately, or in which nothing was kept: that nothing stands against an operation is no more than
/// that nobody said so here since then.
#[must_use]
pub fn since(began: Option<Timestamp>, now: Timestamp) -> Option<Text> {
    match began {
        None => Some(Text::from("first run with this state folder: earlier locks, marks and operations are unknown")),
        Some(began) if now.duration_since(began) < YOUNG => Some(Text::from(format!(
            "this store began {}: locks, marks and operations of before are not known",
            began.strftime("%Y-%m-%d %H:%MZ")
        ))),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_without_a_past_says_so_until_it_has_one() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-28T21:40:30Z");
        assert!(since(None, now).unwrap().as_str().contains("first run with this state folder"));
        let young = since(Some(at("2026-11-28T20:00:00Z")), now).unwrap();
        assert!(young.as_str().contains("this store began 2026-11-28 20:00Z"), "{young}");
        assert_eq!(since(Some(at("2026-11-27T20:00:00Z")), now), None);
    }
}
