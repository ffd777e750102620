//! How much of a list was read. A part is never taken for the whole.

use serde::Serialize;

/// How much of a list was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// All of it.
    Whole,
    /// A part.
    Part {
        /// Items read.
        read: u32,
        /// Items that there are, where the platform says.
        of: Option<u32>,
    },
}

impl Extent {
    /// Nothing was read.
    pub const NOTHING: Self = Self::Part { read: 0, of: None };

    /// What `read` items are of a list that has `total` items by the platform's word, and `more` when another page was offered.
    #[must_use]
    pub fn of(read: usize, total: Option<u32>, more: bool) -> Self {
        let read = u32::try_from(read).unwrap_or(u32::MAX);
        match total {
            Some(total) if total > read => Self::Part { read, of: Some(total) },
            None if more => Self::Part { read, of: None },
            _ => Self::Whole,
        }
    }

    /// Whether all of it was read.
    #[must_use]
    pub fn whole(self) -> bool {
        self == Self::Whole
    }

    /// The number of items as far as it is known: `12`, `100 of 256`, `100+`.
    #[must_use]
    pub fn count(self, items: usize) -> String {
        match self {
            Self::Whole => items.to_string(),
            Self::Part { read, of: Some(of) } => format!("{read} of {of}"),
            Self::Part { read, of: None } => format!("{read}+"),
        }
    }

    /// What is not known of these things, which end in `s`: `156 more jobs not read`; nothing when all was read.
    #[must_use]
    pub fn missing(self, what: &str) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::Part { read: 0, of: None } => Some(format!("{what} not read")),
            Self::Part { read, of: Some(of) } => Some(match of.saturating_sub(read) {
                1 => format!("1 more {} not read", what.strip_suffix('s').unwrap_or(what)),
                rest => format!("{rest} more {what} not read"),
            }),
            Self::Part { of: None, .. } => Some(format!("more {what} not read")),
        }
    }
}

/// A list with how much of it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<T> {
    /// What was read, in the platform's order.
    pub items: Vec<T>,
    /// How much that is.
    pub extent: Extent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_told_as_one() {
        let jobs = Extent::of(100, Some(256), false);
        assert_eq!(
            (jobs.count(100), jobs.missing("jobs")),
            ("100 of 256".to_owned(), Some("156 more jobs not read".to_owned()))
        );
        assert_eq!(Extent::of(255, Some(256), false).missing("jobs").as_deref(), Some("1 more job not read"));
        let alerts = Extent::of(300, None, true);
        assert_eq!(
            (alerts.count(300), alerts.missing("alerts")),
            ("300+".to_owned(), Some("more alerts not read".to_owned()))
        );
        let all = Extent::of(7, Some(7), false);
        assert_eq!((all.whole(), all.count(7), all.missing("jobs")), (true, "7".to_owned(), None));
        assert_eq!(Extent::NOTHING.missing("jobs").as_deref(), Some("jobs not read"));
    }
}
