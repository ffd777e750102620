//! What services say of their own condition.

use super::Known;
use super::part::{Part, loudest, told};
use crate::domain::environment::Status;
use crate::domain::feed::{FeedId, FeedStatus};
use crate::domain::finding::{self, Check, Finding, Reading};
use crate::domain::ids::ServiceId;
use crate::domain::span;
use crate::domain::state::State;

impl Known<'_> {
    /// What a service says of its condition: how it stands, and why. `None` = nobody looks, or the token may not.
    #[must_use]
    pub fn condition(&self, id: &ServiceId) -> Option<(State, String)> {
        let parts = self.checked(id);
        loudest(&parts).map(|(part, was)| (part.state(), told(part, was)))
    }

    /// What a service says of its condition: the worst that was read lately, and what could not be read. Each check has its own age.
    /// What the token may not see is no part of it.
    pub(super) fn checked(&self, id: &ServiceId) -> Vec<Part> {
        let feed = FeedId::Findings(id.clone());
        let status = self.feeds.get(&feed);
        let Some(all) = self.findings.get(id) else {
            let awaited = status.is_some_and(|status| !status.never_allowed());
            let unread = Part { said: None, ..Part::new(State::Unknown, "") };
            return awaited.then(|| self.aged(&feed, "its checks ", unread)).into_iter().collect();
        };
        let rhythm = status.map(FeedStatus::horizon).unwrap_or_default();
        let lately = |check: &'_ Check| check.lately(self.now, rhythm).map(|seen| seen.finding.clone());
        let known: Vec<Finding> = all.iter().filter_map(lately).collect();
        let mut parts = vec![found(&known)];
        // Old is unknown, whoever reads it: a reader that fails as a whole tells nothing of its checks.
        let dark = |check: &&Check| !check.denied() && check.lately(self.now, rhythm).is_none();
        let gap = |check: &Check| match check.last() {
            Some(seen) => format!("not read for {}", span::since(seen.at, self.now)),
            None => check.unread(self.now).unwrap_or_default(),
        };
        let old: Vec<&Check> = all.iter().filter(dark).collect();
        if let Some(first) = old.first() {
            let was = old.iter().filter_map(|check| check.last()).map(|seen| said(&seen.finding));
            let gap = format!("{} {}{}", first.name, gap(first), more(old.len()));
            parts.push(Part {
                said: was.max_by_key(|state| state.weight()),
                gap: Some(gap),
                ..Part::new(State::Unknown, "")
            });
        }
        // Read lately enough, and not at the last look: what stands stands, and it is told.
        let late = |check: &&Check| matches!(check.reading, Reading::Unread { .. }) && !dark(check);
        let late: Vec<&Check> = all.iter().filter(late).collect();
        if let Some(first) = late.first() {
            parts.push(Part::new(State::Healthy, format!("{} {}{}", first.name, gap(first), more(late.len()))));
        }
        parts
    }
}

/// ` (+2 more)`, of so many in all.
fn more(all: usize) -> String {
    if all > 1 { format!(" (+{} more)", all - 1) } else { String::new() }
}

/// What a finding says of the service. What is wrong there is a risk; the platform and the probes tell whether it serves, unless the
/// finding itself says that it does not.
fn said(finding: &Finding) -> State {
    match finding.status {
        Status::Fail if finding.stops => State::Failing,
        Status::Fail | Status::Warn => State::Degraded,
        // The answer came and does not tell: a word that no table knows.
        Status::Unknown => State::Unknown,
        Status::Ok | Status::Paused | Status::Running => State::Healthy,
    }
}

/// The worst of what was read.
fn found(known: &[Finding]) -> Part {
    // Of equals the worse one, and then the first.
    let weight = |one: &&Finding| (said(one).weight(), finding::rank(one.status));
    let Some(one) = known.iter().rev().max_by_key(weight) else { return Part::new(State::Healthy, "") };
    let bad = known.iter().filter(|one| said(one).weight() > 0).count();
    match said(one) {
        State::Healthy => Part::new(State::Healthy, ""),
        state => Part::new(state, format!("{} {}{}", one.name, one.says, more(bad))),
    }
}
