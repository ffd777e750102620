//! Which lines are shown.

use std::collections::BTreeSet;

use super::Row;
use crate::domain::ids::ServiceId;
use crate::domain::log::Level;

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Text that a line must hold, without regard to case; empty = any.
    pub text: String,
    /// Show what does not hold it.
    pub inverse: bool,
    /// The lowest level shown.
    pub level: Level,
    /// Sources that are not shown.
    pub hidden: BTreeSet<ServiceId>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { text: String::new(), inverse: false, level: Level::Trace, hidden: BTreeSet::new() }
    }
}

impl Filter {
    pub(super) fn passes(&self, row: &Row) -> bool {
        let line = match row {
            Row::Line(line) => line,
            Row::Gap(service, ..) => return !self.hidden.contains(service),
        };
        if self.hidden.contains(&line.service) {
            return false;
        }
        if line.level < self.level {
            return false;
        }
        self.text.is_empty() || contains(line.message.as_str(), &self.text) != self.inverse
    }
}

/// Whether `text` holds `needle`, which is lower-case, without regard to ASCII case.
pub(super) fn contains(text: &str, needle: &str) -> bool {
    find(text, needle).is_some()
}

/// Where `text` holds `needle`, which is lower-case, without regard to ASCII case: the byte at which it begins. Both ends of
/// the match are boundaries of characters.
#[must_use]
pub fn find(text: &str, needle: &str) -> Option<usize> {
    let (bytes, wanted) = (text.as_bytes(), needle.as_bytes());
    let Some((first, rest)) = wanted.split_first() else { return Some(0) };
    let (low, high) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    memchr::memchr2_iter(low, high, bytes)
        .find(|at| bytes.get(at + 1..at + wanted.len()).is_some_and(|tail| tail.eq_ignore_ascii_case(rest)))
}
