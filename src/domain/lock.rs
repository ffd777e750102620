//! Locks on environments and bad marks on commits. Both are kept in the store and seen by every console that shares it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::ids::Sha;
use super::span::since;
use crate::sanitize::Text;

/// A person's lock on an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lock {
    /// Who.
    pub who: Text,
    /// Why.
    pub why: Text,
    /// Since when.
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub at: Timestamp,
    /// Until when; `None` = until it is given back.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub until: Option<Timestamp>,
}

impl Lock {
    /// Whether it has not run out.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }

    /// In one line, with what tells most first: `LOCKED by maria 3h05m ago, until 16:02Z: migration`. `whose` is who, as it is said here.
    #[must_use]
    pub fn badge(&self, whose: &str, now: Timestamp) -> String {
        let until =
            self.until.map_or_else(|| "no end set".to_owned(), |until| format!("until {}", until.strftime("%H:%MZ")));
        format!("LOCKED by {whose} {} ago, {until}: {}", since(self.at, now), self.why)
    }

    /// Who, without the address behind the name.
    #[must_use]
    pub fn holder(&self) -> &str {
        self.who.as_str().split_once(" <").map_or(self.who.as_str(), |(name, _)| name)
    }

    /// How long it holds, to follow a sentence: `until 16:02Z`, `until it is given back`.
    #[must_use]
    pub fn lasts(&self) -> String {
        self.until.map_or_else(|| "until it is given back".to_owned(), |at| format!("until {}", at.strftime("%H:%MZ")))
    }

    /// In one line: `locked by maria: migration, since 14:02Z`.
    #[must_use]
    pub fn words(&self) -> String {
        let until = self.until.map(|until| format!(", until {}", until.strftime("%H:%MZ"))).unwrap_or_default();
        format!("locked by {}: {}, since {}{until}", self.who, self.why, self.at.strftime("%H:%MZ"))
    }
}

/// For how long an environment may be locked from the screen; `None` = until it is given back.
pub const SPANS: [Option<SignedDuration>; 5] = [
    None,
    Some(SignedDuration::from_mins(30)),
    Some(SignedDuration::from_hours(2)),
    Some(SignedDuration::from_hours(8)),
    Some(SignedDuration::from_hours(24)),
];

/// For how long, with its end: `for 2h00m, until 16:02Z`; `until it is given back`.
#[must_use]
pub fn lasting(span: Option<SignedDuration>, now: Timestamp) -> String {
    let end = span.and_then(|span| now.checked_add(span).ok());
    end.map_or_else(
        || "until it is given back".to_owned(),
        |end| format!("for {}, until {}", since(now, end), end.strftime("%Y-%m-%d %H:%MZ")),
    )
}

/// A commit that nobody should bring anywhere again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Mark {
    /// Who says so.
    pub who: Text,
    /// Why.
    pub why: Text,
    /// Since when.
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub at: Timestamp,
}

impl Mark {
    /// The mark on a commit, and the commit as it was marked: platforms cut commits, image tags most of all.
    #[must_use]
    pub fn of<'m>(marks: &'m BTreeMap<Sha, Self>, sha: &Sha) -> Option<(&'m Sha, &'m Self)> {
        marks.get_key_value(sha).or_else(|| marks.iter().find(|(marked, _)| marked.same(sha)))
    }

    /// The first of these commits that is marked, in one line: nothing goes there.
    pub fn against<'a>(marks: &BTreeMap<Sha, Self>, mut commits: impl Iterator<Item = &'a Sha>) -> Option<Text> {
        let (sha, (_, mark)) = commits.find_map(|sha| Some((sha, Self::of(marks, sha)?)))?;
        Some(Text::from(format!("{} is marked bad: {}", sha.short(), mark.words())))
    }

    /// In one line: `corrupts rows (maria)`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} ({})", self.why, self.who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_holds_for_a_commit_that_is_cut_and_for_a_whole_one() {
        let whole = Sha::from("9df49c2a41f09df49c2a41f09df49c2a41f09df4");
        let short = Sha::from("9df49c2");
        let mark = || Mark { who: Text::from("maria"), why: Text::from("corrupts rows"), at: Timestamp::UNIX_EPOCH };
        for (marked, asked) in [(&whole, &short), (&short, &whole), (&whole, &whole)] {
            let marks: BTreeMap<Sha, Mark> = [(marked.clone(), mark())].into();
            let (key, _) = Mark::of(&marks, asked).expect("it is the same commit");
            assert_eq!(key, marked, "the mark is taken off by the name under which it was put");
            assert!(Mark::against(&marks, std::iter::once(asked)).is_some());
        }
        let other: BTreeMap<Sha, Mark> = [(Sha::from("9df49c3"), mark())].into();
        assert!(Mark::of(&other, &whole).is_none());
    }
}
