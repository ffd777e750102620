//! Fly's words for releases. They are free text that the deploying tool writes (docs/platforms/fly.md section 5), so a release that
//! a tool left open says `running` for ever.

use jiff::{SignedDuration, Timestamp};

use crate::domain::environment::Status;
use crate::platform::words::{Row, meaning, outdated};
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
    fn a_release_that_says_running_since_yesterday_is_not_in_progress() {
        let at = |hour: i64| Timestamp::from_second(3_600 * hour).expect("a time");
        assert_eq!(release("running", Some(at(0)), at(1)), (Status::Running, Text::from("running")));
        let old = release("running", Some(at(0)), at(24));
        assert_eq!(old, (Status::Unknown, Text::from("unknown (running since 1970-01-01 00:00Z)")));
        assert_eq!(release("complete", Some(at(0)), at(24)).0, Status::Ok);
        assert_eq!(release("paused?", None, at(24)), (Status::Unknown, Text::from("unknown (paused?)")));
    }
}
