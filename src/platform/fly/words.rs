//! Fly's words for apps, machines and releases. Those of a release are free text that the deploying tool writes (docs/platforms/fly.md
//! section 5), so a release that a tool left open says `running` for ever.

use jiff::{SignedDuration, Timestamp};

use crate::domain::environment::Status;
use crate::platform::words::{Row, meaning, outdated, unknown};
use crate::sanitize::Text;

/// Every word that the platform's own tool writes, and the one of its older API.
const RELEASES: [Row; 6] = [
    ("pending", Status::Running),
    ("running", Status::Running),
    ("complete", Status::Ok),
    ("succeeded", Status::Ok),
    ("failed", Status::Fail),
    ("interrupted", Status::Warn),
];

/// Every documented state of an app.
const APPS: [Row; 3] = [("deployed", Status::Ok), ("suspended", Status::Warn), ("pending", Status::Warn)];

/// What a machine does by its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It runs; its checks say how well.
    Runs,
    /// It does not run, and stays so until something starts it.
    Rests,
    /// It changes, for a while.
    Moves,
    /// It did not come up.
    Failed,
    /// It is no machine any more, and does not run.
    Ended,
    /// The word is not documented, or says a change for longer than one takes.
    Unknown,
}

/// How long a machine may start, stop or be made, and how long it may be updated; one that takes longer is stuck.
const CHANGES: SignedDuration = SignedDuration::from_mins(5);
const UPDATES: SignedDuration = SignedDuration::from_mins(10);

/// Every documented state of a machine, and how long it may last where it passes (docs/platforms/fly.md section 3.2).
const MACHINES: [(&str, Stage, Option<SignedDuration>); 16] = [
    ("created", Stage::Rests, None),
    ("started", Stage::Runs, None),
    ("stopped", Stage::Rests, None),
    ("suspended", Stage::Rests, None),
    ("failed", Stage::Failed, None),
    ("creating", Stage::Moves, Some(CHANGES)),
    ("starting", Stage::Moves, Some(CHANGES)),
    ("stopping", Stage::Moves, Some(CHANGES)),
    ("restarting", Stage::Moves, Some(CHANGES)),
    ("suspending", Stage::Moves, Some(CHANGES)),
    ("updating", Stage::Moves, Some(UPDATES)),
    ("replacing", Stage::Moves, Some(UPDATES)),
    ("destroying", Stage::Moves, Some(CHANGES)),
    ("launch_failed", Stage::Failed, None),
    ("destroyed", Stage::Ended, None),
    ("migrated", Stage::Ended, None),
];

/// What the state of a machine means, which it has had since then at the latest.
pub(super) fn machine(word: &str, since: Option<Timestamp>, now: Timestamp) -> (Stage, Text) {
    let Some((_, stage, limit)) = MACHINES.iter().find(|(known, ..)| *known == word) else {
        return (Stage::Unknown, unknown(word));
    };
    match limit.and_then(|limit| outdated(word, since, limit, now)) {
        Some(outdated) => (Stage::Unknown, outdated),
        None => (*stage, Text::clean(word)),
    }
}

/// A deploy waits for each machine for minutes; none of them lasts longer than this.
const DEPLOYS: SignedDuration = SignedDuration::from_hours(1);

/// What the state of an app means.
pub(super) fn app(word: &str) -> (Status, Text) {
    meaning(word, &APPS)
}

/// What the state of a release means.
pub(super) fn release(word: &str, created_at: Option<Timestamp>, now: Timestamp) -> (Status, Text) {
    let (status, words) = meaning(word, &RELEASES);
    match outdated(word, created_at, DEPLOYS, now).filter(|_| status == Status::Running) {
        Some(outdated) => (Status::Unknown, outdated),
        None => (status, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_changes_for_minutes_and_a_word_that_is_not_documented_is_told() {
        let at = |minute: i64| Timestamp::from_second(60 * minute).expect("a time");
        let told = |word: &str, minute: i64| {
            let (stage, words) = machine(word, Some(at(0)), at(minute));
            (stage, words.to_string())
        };
        assert_eq!(told("starting", 5), (Stage::Moves, "starting".to_owned()));
        assert_eq!(told("starting", 6), (Stage::Unknown, "unknown (starting since 1970-01-01 00:00Z)".to_owned()));
        assert_eq!(told("replacing", 10), (Stage::Moves, "replacing".to_owned()));
        assert_eq!(told("replacing", 11).0, Stage::Unknown);
        assert_eq!(told("stopped", 9_999), (Stage::Rests, "stopped".to_owned()));
        assert_eq!(told("launch_failed", 0).0, Stage::Failed);
        assert_eq!(told("migrated", 0).0, Stage::Ended);
        assert_eq!(told("hibernating", 0), (Stage::Unknown, "unknown (hibernating)".to_owned()));
    }

    #[test]
    fn a_release_that_says_running_since_yesterday_is_not_in_progress() {
        let at = |hour: i64| Timestamp::from_second(3_600 * hour).expect("a time");
        assert_eq!(release("running", Some(at(0)), at(1)), (Status::Running, Text::from("running")));
        let old = release("running", Some(at(0)), at(24));
        assert_eq!(old, (Status::Unknown, Text::from("unknown (running since 1970-01-01 00:00Z)")));
        assert_eq!(release("complete", Some(at(0)), at(24)).0, Status::Ok);
        assert_eq!(release("paused?", None, at(24)), (Status::Unknown, Text::from("unknown (paused?)")));
    }
}
