//! Something that is told once, with how it is meant: a success is not told with a warning's mark.

use super::environment::Status;
use crate::sanitize::Text;

/// What was told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it is meant.
    pub status: Status,
    /// In one line.
    pub says: Text,
}

impl Notice {
    /// What was asked for is done.
    pub fn done(says: impl Into<Text>) -> Self {
        Self { status: Status::Ok, says: says.into() }
    }

    /// What was asked for is on its way.
    pub fn under_way(says: impl Into<Text>) -> Self {
        Self { status: Status::Running, says: says.into() }
    }

    /// What was asked for was not done, or asks for something first: why.
    pub fn refused(says: impl Into<Text>) -> Self {
        Self { status: Status::Warn, says: says.into() }
    }

    /// What was asked for was tried and failed.
    pub fn failed(says: impl Into<Text>) -> Self {
        Self { status: Status::Fail, says: says.into() }
    }

    /// Its words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.says.as_str()
    }
}
