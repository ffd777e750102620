//! One thing that speaks for a state, and which of several speaks for all.

use super::Known;
use crate::domain::feed::{FeedId, Freshness};
use crate::domain::span::age;
use crate::domain::state::State;

/// One thing that speaks for a state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// What it says as if it had just been read; `None` = it was never read.
    pub said: Option<State>,
    /// Why, in short words that need no name before them if `named`.
    pub why: String,
    /// The words begin with the name of what they are about.
    pub named: bool,
    /// Why that cannot be said now: `not read for 47s`.
    pub gap: Option<String>,
    /// Nobody will ever read it as it is configured.
    pub absent: bool,
}

impl Part {
    pub fn new(said: State, why: impl Into<String>) -> Self {
        Self { said: Some(said), why: why.into(), named: false, gap: None, absent: false }
    }

    /// Whether it has words of its own.
    fn speaks(&self) -> bool {
        self.gap.is_some() || !self.why.is_empty()
    }

    pub fn saying(self, state: State) -> Self {
        Self { said: Some(state), ..self }
    }

    pub fn state(&self) -> State {
        if self.gap.is_some() { State::Unknown } else { self.said.unwrap_or(State::Unknown) }
    }
}

/// The part that speaks for all, and what all of them said when they were read.
pub(super) fn loudest(parts: &[Part]) -> Option<(&Part, State)> {
    let was = parts.iter().filter_map(|part| part.said).max_by_key(|state| state.weight());
    // Of equals the first that says why: `max_by_key` takes the last one. What was worse than unknown when it was last read may be so
    // still: it speaks before what is better than that, and after what is known to be as bad.
    let weight = |part: &&Part| {
        let before = part.said.filter(|_| part.gap.is_some()).map_or(0, State::weight);
        (part.state().weight().max(before), part.gap.is_none(), part.speaks())
    };
    let loudest = parts.iter().rev().max_by_key(weight)?;
    Some((loudest, was.unwrap_or(State::Unknown)))
}

/// The words of a part: with what it was, where it says nothing now.
pub(super) fn told(part: &Part, was: State) -> String {
    match (&part.gap, part.said) {
        (Some(gap), Some(_)) => format!("{gap}, was {was}"),
        (Some(gap), None) => gap.clone(),
        (None, _) => part.why.clone(),
    }
}

impl Known<'_> {
    /// Whether what a feed said may be said of now; a fact without a feed is told by a test or a record.
    pub(super) fn fresh(&self, feed: &FeedId) -> bool {
        self.feeds.get(feed).is_none_or(|status| matches!(status.freshness(self.now), Freshness::Fresh(_)))
    }

    /// A part with what its feed lets say of it now.
    pub(super) fn aged(&self, feed: &FeedId, what: &str, part: Part) -> Part {
        let gap = match self.feeds.get(feed).map(|status| (status, status.freshness(self.now))) {
            // A fact without a feed is told by a test or a record; it is as old as that.
            None | Some((_, Freshness::Fresh(_))) => part.said.is_none().then(|| format!("{what}not read yet")),
            Some((_, Freshness::Waiting)) => part.said.is_none().then(|| format!("{what}not read yet")),
            Some((_, Freshness::Stale(old))) => Some(format!("{what}not read for {}", age(old))),
            Some((status, Freshness::Failed)) => {
                let why = status.why().map(|why| format!(": {why}")).unwrap_or_default();
                Some(format!("{what}never read{why}"))
            }
        };
        Part { gap, ..part }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_when_it_was_last_read_is_not_hidden_by_what_is_better() {
        let old = |said| Part { gap: Some("not read for 47s".to_owned()), ..Part::new(said, "") };
        let first = |parts: &[Part]| loudest(parts).map(|(part, _)| part.state());
        let mixed = || Part::new(State::Mixed, "iad 9df49c2, fra 3e60eac");
        assert_eq!(first(&[mixed(), old(State::Failing)]), Some(State::Unknown));
        assert_eq!(first(&[mixed(), old(State::Healthy)]), Some(State::Mixed));
        let fails = Part::new(State::Failing, "503");
        assert_eq!(
            first(&[old(State::Failing), fails]),
            Some(State::Failing),
            "what is known to be as bad speaks first"
        );
    }
}
