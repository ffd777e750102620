//! Vercel's words: `readyState` with its sub-state, checks, and the job that moves domains (docs/platforms/vercel.md sections 4 and
//! 5).

use jiff::{SignedDuration, Timestamp};

use crate::domain::environment::Status;
use crate::platform::words::{Row, meaning, outdated, unknown};
use crate::sanitize::Text;

/// Every documented `readyState`, and three that the platform's own tools still know.
const READY_STATES: [Row; 11] = [
    ("QUEUED", Status::Running),
    ("INITIALIZING", Status::Running),
    ("BUILDING", Status::Running),
    ("UPLOADING", Status::Running),
    ("ANALYZING", Status::Running),
    ("DEPLOYING", Status::Running),
    ("READY", Status::Ok),
    ("ERROR", Status::Fail),
    ("BLOCKED", Status::Fail),
    ("CANCELED", Status::Warn),
    ("DELETED", Status::Warn),
];

/// Every documented `readySubstate` of a deployment that is ready. None of them says that it is live now.
const SUBSTATES: [&str; 3] = ["STAGED", "ROLLING", "PROMOTED"];

/// Every documented `jobStatus` of a promotion or a rollback.
const JOBS: [Row; 5] = [
    ("pending", Status::Running),
    ("in-progress", Status::Running),
    ("succeeded", Status::Ok),
    ("failed", Status::Fail),
    ("skipped", Status::Warn),
];

/// A build ends within 45 minutes, after at most some time in the queue.
const BUILDS: SignedDuration = SignedDuration::from_hours(3);
/// Moving domains takes seconds.
const MOVES: SignedDuration = SignedDuration::from_mins(30);

/// What a deployment says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Said<'a> {
    /// `readyState`.
    pub(super) state: &'a str,
    /// `readySubstate`.
    pub(super) substate: &'a str,
    /// `checksConclusion`, or the state of the checks that stand before its domains.
    pub(super) checks: &'a str,
    /// Its domains could not be assigned.
    pub(super) alias_error: bool,
    /// When it was made.
    pub(super) created_at: Option<Timestamp>,
}

/// What a deployment's words mean together.
pub(super) fn deployment(said: &Said<'_>, now: Timestamp) -> (Status, Text) {
    let (status, mut words) = meaning(said.state, &READY_STATES);
    if status == Status::Running
        && let Some(outdated) = outdated(said.state, said.created_at, BUILDS, now)
    {
        return (Status::Unknown, outdated);
    }
    let mut worst = status;
    if !said.substate.is_empty() {
        let known = SUBSTATES.contains(&said.substate);
        let substate = if known { Text::clean(said.substate) } else { unknown(said.substate) };
        words = Text::clean(&format!("{words} {substate}"));
        if !known && status == Status::Ok {
            worst = Status::Unknown;
        }
    }
    if status == Status::Ok {
        match said.checks {
            // Checks that were skipped or cancelled are for whoever set them up to judge.
            "" | "succeeded" | "skipped" | "canceled" | "neutral" | "pending" => {}
            "failed" => (worst, words) = (Status::Warn, Text::clean(&format!("{words}, its checks failed"))),
            other => (worst, words) = (Status::Unknown, Text::clean(&format!("{words}, checks {}", unknown(other)))),
        }
        if said.alias_error {
            (worst, words) = (Status::Warn, Text::clean(&format!("{words}, its domains were not assigned")));
        }
    }
    (worst, words)
}

/// What the state of a promotion or a rollback means.
pub(super) fn job(word: &str, requested_at: Option<Timestamp>, now: Timestamp) -> (Status, Text) {
    let (status, words) = meaning(word, &JOBS);
    match outdated(word, requested_at, MOVES, now).filter(|_| status == Status::Running) {
        Some(outdated) => (Status::Unknown, outdated),
        None => (status, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<'a>(state: &'a str, substate: &'a str) -> Said<'a> {
        Said { state, substate, ..Said::default() }
    }

    #[test]
    fn a_state_is_told_with_its_substate_and_a_word_of_tomorrow_is_unknown() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(deployment(&said("READY", "STAGED"), now), (Status::Ok, Text::from("READY STAGED")));
        assert_eq!(
            deployment(&said("READY", "GLOWING"), now),
            (Status::Unknown, Text::from("READY unknown (GLOWING)"))
        );
        assert_eq!(deployment(&said("THAWING", ""), now), (Status::Unknown, Text::from("unknown (THAWING)")));
        assert_eq!(deployment(&said("", ""), now), (Status::Unknown, Text::from("no state given")));
        assert_eq!(deployment(&said("BLOCKED", ""), now).0, Status::Fail);
        let checked = Said { checks: "failed", ..said("READY", "STAGED") };
        assert_eq!(deployment(&checked, now), (Status::Warn, Text::from("READY STAGED, its checks failed")));
        let stray = Said { alias_error: true, ..said("READY", "") };
        assert_eq!(deployment(&stray, now).0, Status::Warn);
    }

    #[test]
    fn a_build_and_a_job_of_yesterday_do_not_go_on() {
        let now = Timestamp::from_second(86_400).expect("a time");
        let old = Said { created_at: Some(Timestamp::UNIX_EPOCH), ..said("BUILDING", "") };
        let (status, words) = deployment(&old, now);
        assert_eq!((status, words.as_str()), (Status::Unknown, "unknown (BUILDING since 1970-01-01 00:00Z)"));
        assert_eq!(job("in-progress", Some(Timestamp::UNIX_EPOCH), now).0, Status::Unknown);
        assert_eq!(job("in-progress", Some(now), now).0, Status::Running);
        assert_eq!(job("dozing", Some(now), now), (Status::Unknown, Text::from("unknown (dozing)")));
    }
}
