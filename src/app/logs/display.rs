//! How log lines are displayed: wrapped or cut, the form of their times, the column that is left, the mark that times count from.

use jiff::Timestamp;

/// The choices of the reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Long lines take several rows instead of being cut.
    pub wrap: bool,
    /// The form of times.
    pub stamps: Stamps,
    /// Columns of long lines that have been moved out at the left.
    pub column: usize,
    /// Times are told from here, when set.
    pub mark: Option<Timestamp>,
}

/// The form of times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stamps {
    /// UTC, as on every other screen of a release.
    #[default]
    Utc,
    /// In the zone of this machine.
    Local,
    /// How long ago.
    Age,
    /// None.
    Off,
}

impl Stamps {
    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Utc => Self::Local,
            Self::Local => Self::Age,
            Self::Age => Self::Off,
            Self::Off => Self::Utc,
        }
    }
}
