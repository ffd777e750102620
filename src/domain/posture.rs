//! A finding: what a platform or a database says of its own condition, beside the release that it runs.

use serde::Serialize;

use super::environment::Status;
use crate::sanitize::Text;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Posture {
    /// What: `connections`, `backups`, `open alerts`.
    pub name: Text,
    /// How it stands; `Unknown` where it could not be looked at.
    pub status: Status,
    /// What was found, with its numbers.
    pub says: Text,
    /// Where it fails, the service cannot do its work; else it is a risk.
    pub stops: bool,
}

impl Posture {
    /// A finding.
    #[must_use]
    pub fn new(name: &str, status: Status, says: impl AsRef<str>) -> Self {
        Self { name: Text::clean(name), status, says: Text::clean(says.as_ref()), stops: false }
    }

    /// The same finding, of something without which the service cannot do its work.
    #[must_use]
    pub fn stopping(self) -> Self {
        Self { stops: true, ..self }
    }
}

/// A thing that was looked at, by its name, or why it could not be.
pub type Looked<E> = (&'static str, Result<Posture, E>);

/// The worst of them, and how many are as bad as a warning.
#[must_use]
pub fn worst(all: &[Posture]) -> Option<(&Posture, usize)> {
    let bad = all.iter().filter(|one| matches!(one.status, Status::Warn | Status::Fail)).count();
    all.iter().max_by_key(|one| rank(one.status)).map(|one| (one, bad))
}

/// How bad a state is, 0 = well: what could not be looked at is worse than that, and better than what is known to be wrong.
#[must_use]
pub fn rank(status: Status) -> u8 {
    match status {
        Status::Fail => 3,
        Status::Warn => 2,
        Status::Unknown => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_told_and_unknown_is_not_good() {
        let all = [("a", Status::Ok), ("b", Status::Unknown), ("c", Status::Warn)]
            .map(|(name, status)| Posture::new(name, status, ""));
        let (one, bad) = worst(&all).expect("there are some");
        assert_eq!((one.name.as_str(), bad), ("c", 1));
        assert_eq!(worst(&all[..2]).map(|(one, _)| one.status), Some(Status::Unknown));
        assert_eq!(worst(&[]), None);
    }
}
