//! A finding: what a platform or a database says of its own condition, beside the release that it runs.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::environment::Status;
use super::state::State;
use crate::sanitize::Text;

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// What: `connections`, `backups`, `open alerts`.
    pub name: Text,
    /// How it stands; `Unknown` where the answer does not tell: a word that no table knows, a part of a list.
    pub status: Status,
    /// What was found, with its numbers.
    pub says: Text,
    /// Where it fails, the service cannot do its work; else it is a risk.
    pub stops: bool,
}

impl Finding {
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
pub type Looked<E> = (&'static str, Result<Finding, E>);

/// A finding, when it was read, and how long it may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What was found.
    pub finding: Finding,
    /// When.
    pub at: Timestamp,
    /// How old it may be: three rounds of whoever reads it.
    pub good_for: Duration,
}

/// Whether a check was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// It was read at the last look.
    Read(Seen),
    /// The token has never been allowed to read it. That is told, and it makes nothing worse; nothing is verified healthy beside it.
    Denied(Text),
    /// The platform has never shown it: the plan does not include it, or it is not there. That is told, and nothing follows from it.
    Absent(Text),
    /// The last look could not read it.
    Unread {
        /// Why.
        why: Text,
        /// Since when it cannot be read.
        since: Timestamp,
        /// What was read before.
        last: Option<Seen>,
    },
}

/// Whether a check was read, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Read {
    /// At the last look.
    Read,
    /// The token may not.
    Denied,
    /// The platform does not show it.
    Absent,
    /// The last look could not.
    Unread,
}

/// One check of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What: `connections`, `backups`, `open alerts`.
    pub name: Text,
    /// Whether it was read, and what it says.
    pub reading: Reading,
}

impl Check {
    /// A check that was read.
    #[must_use]
    pub fn read(finding: Finding, at: Timestamp, good_for: Duration) -> Self {
        Self { name: finding.name.clone(), reading: Reading::Read(Seen { finding, at, good_for }) }
    }

    /// What was read last, at whatever time.
    #[must_use]
    pub fn last(&self) -> Option<&Seen> {
        match &self.reading {
            Reading::Read(seen) => Some(seen),
            Reading::Denied(_) | Reading::Absent(_) => None,
            Reading::Unread { last, .. } => last.as_ref(),
        }
    }

    /// What was read lately enough to count; `rhythm` is how old it may be by the present rhythm of its reader.
    #[must_use]
    pub fn lately(&self, now: Timestamp, rhythm: Duration) -> Option<&Seen> {
        self.last().filter(|seen| age(seen.at, now) <= seen.good_for.max(rhythm))
    }

    /// Why it could not be read at the last look, and since when nothing was: `not read for 47s: supabase: timeout`.
    #[must_use]
    pub fn unread(&self, now: Timestamp) -> Option<String> {
        let Reading::Unread { why, since, last } = &self.reading else { return None };
        let span = |at: Timestamp| super::span::since(at, now);
        Some(match last {
            Some(seen) => format!("not read for {}: {why}", span(seen.at)),
            None => format!("never read, tried for {}: {why}", span(*since)),
        })
    }

    /// Whether nobody will ever read it as things are: the token may not, or the platform does not show it.
    #[must_use]
    pub fn denied(&self) -> bool {
        matches!(self.reading, Reading::Denied(_) | Reading::Absent(_))
    }

    /// Whether there is something to read, and the token has never been allowed to.
    #[must_use]
    pub fn withheld(&self) -> bool {
        matches!(self.reading, Reading::Denied(_))
    }

    /// Whether it was read, in a word.
    #[must_use]
    pub fn read_how(&self) -> Read {
        match &self.reading {
            Reading::Read(_) => Read::Read,
            Reading::Denied(_) => Read::Denied,
            Reading::Absent(_) => Read::Absent,
            Reading::Unread { .. } => Read::Unread,
        }
    }

    /// How it stands by the last look; `Unknown` where that could not read it.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.reading {
            Reading::Read(seen) => seen.finding.status,
            Reading::Denied(_) | Reading::Absent(_) | Reading::Unread { .. } => Status::Unknown,
        }
    }

    /// The word for it: what does not stop the service is a risk.
    #[must_use]
    pub fn state(&self) -> State {
        match State::of(self.status()) {
            State::Failing if !self.stops() => State::Degraded,
            state => state,
        }
    }

    /// Where it fails, the service cannot do its work.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.last().is_some_and(|seen| seen.finding.stops)
    }

    /// What the last look found, or why there was none, with what was found before.
    #[must_use]
    pub fn says(&self) -> String {
        match &self.reading {
            Reading::Read(seen) => seen.finding.says.to_string(),
            Reading::Denied(why) => format!("not for this token: {why}"),
            Reading::Absent(why) => format!("not shown by the platform: {why}"),
            Reading::Unread { why, since, last: None } => {
                format!("never read since {}: {why}", since.strftime("%H:%M:%SZ"))
            }
            Reading::Unread { why, last: Some(seen), .. } => {
                let (at, says) = (seen.at.strftime("%H:%M:%SZ"), &seen.finding.says);
                format!("not read since {at}: {why}; said then: {says}")
            }
        }
    }
}

/// A check as programs read it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Told<'a> {
    name: &'a Text,
    status: Status,
    says: String,
    stops: bool,
    reading: Read,
    /// When it was read last; null where it never was.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    read_at: Option<Timestamp>,
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let read_at = self.last().map(|seen| seen.at);
        let (status, says, stops, reading) = (self.status(), self.says(), self.stops(), self.read_how());
        Told { name: &self.name, status, says, stops, reading, read_at }.serialize(serializer)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Check {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Check".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Told::json_schema(generator)
    }
}

fn age(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or_default()
}

/// The worst of what was read, and how many are as bad as a warning.
pub fn worst<'a>(all: impl IntoIterator<Item = &'a Finding>) -> Option<(&'a Finding, usize)> {
    let all: Vec<&Finding> = all.into_iter().collect();
    let bad = all.iter().filter(|one| matches!(one.status, Status::Warn | Status::Fail)).count();
    all.iter().rev().max_by_key(|one| rank(one.status)).map(|one| (*one, bad))
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
            .map(|(name, status)| Finding::new(name, status, ""));
        let (one, bad) = worst(&all).expect("there are some");
        assert_eq!((one.name.as_str(), bad), ("c", 1));
        assert_eq!(worst(&all[..2]).map(|(one, _)| one.status), Some(Status::Unknown));
        assert_eq!(worst(&[]), None);
    }

    #[test]
    fn what_was_not_read_says_so_and_since_when_in_json_too() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).expect("a time");
        let seen = Seen {
            finding: Finding::new("locks", Status::Ok, "nobody waits"),
            at: at(0),
            good_for: Duration::from_secs(30),
        };
        let unread = |last| Check {
            name: Text::from("locks"),
            reading: Reading::Unread { why: Text::from("timeout"), since: at(10), last },
        };
        let known = unread(Some(seen));
        assert!(known.lately(at(30), Duration::ZERO).is_some());
        assert!(known.lately(at(31), Duration::ZERO).is_none());
        assert!(known.lately(at(31), Duration::from_secs(60)).is_some(), "its reader is slower now");
        assert_eq!(known.unread(at(12)).as_deref(), Some("not read for 12s: timeout"));
        assert_eq!(unread(None).unread(at(12)).as_deref(), Some("never read, tried for 2s: timeout"));
        let value = serde_json::json!(known);
        assert_eq!((&value["status"], &value["reading"]), (&"unknown".into(), &"unread".into()), "{value}");
        assert_eq!(value["read_at"], at(0).to_string());
    }
}
