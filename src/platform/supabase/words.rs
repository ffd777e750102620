//! Supabase's words: the state of a project and of its services (docs/platforms/supabase.md sections 3.1 and 3.2).

use jiff::{SignedDuration, Timestamp};

use crate::domain::environment::Status;
use crate::domain::span::age;
use crate::platform::words::{Row, meaning};
use crate::sanitize::Text;

/// Every documented state of a project. What is being paused is not being deployed; green is one word alone.
const PROJECT: [Row; 15] = [
    ("ACTIVE_HEALTHY", Status::Ok),
    ("ACTIVE_UNHEALTHY", Status::Fail),
    ("INACTIVE", Status::Paused),
    ("PAUSING", Status::Paused),
    ("GOING_DOWN", Status::Paused),
    ("COMING_UP", Status::Running),
    ("RESTORING", Status::Running),
    ("RESTARTING", Status::Running),
    ("UPGRADING", Status::Running),
    ("RESIZING", Status::Running),
    ("INIT_FAILED", Status::Fail),
    ("RESTORE_FAILED", Status::Fail),
    ("PAUSE_FAILED", Status::Fail),
    ("REMOVED", Status::Fail),
    ("UNKNOWN", Status::Unknown),
];

/// Every documented state of a service of a project.
const SERVICE: [Row; 3] = [("ACTIVE_HEALTHY", Status::Ok), ("COMING_UP", Status::Running), ("UNHEALTHY", Status::Fail)];

/// Every documented state of a step of a branch's run: a step that died is worth a look, the branch serves nobody.
const STEP: [Row; 7] = [
    ("CREATED", Status::Running),
    ("RUNNING", Status::Running),
    ("RESTARTING", Status::Running),
    ("REMOVING", Status::Running),
    ("PAUSED", Status::Paused),
    ("EXITED", Status::Ok),
    ("DEAD", Status::Warn),
];

/// Every documented state of an edge function.
const FUNCTION: [Row; 3] = [("ACTIVE", Status::Ok), ("THROTTLED", Status::Warn), ("REMOVED", Status::Warn)];

/// How long a state in motion may last before it is doubted: moving much data takes longer than starting and stopping.
fn limit(word: &str) -> Option<SignedDuration> {
    match word {
        "PAUSING" | "GOING_DOWN" | "COMING_UP" | "RESTARTING" => Some(SignedDuration::from_mins(15)),
        "RESTORING" | "UPGRADING" | "RESIZING" => Some(SignedDuration::from_mins(60)),
        _ => None,
    }
}

/// What the state of a project means.
pub(super) fn project(word: &str) -> (Status, Text) {
    meaning(word, &PROJECT)
}

/// What the state of a service of a project means.
pub(super) fn service(word: &str) -> (Status, Text) {
    meaning(word, &SERVICE)
}

/// What the state of a step of a branch's run means.
pub(super) fn step(word: &str) -> (Status, Text) {
    meaning(word, &STEP)
}

/// What the state of an edge function means.
pub(super) fn function(word: &str) -> (Status, Text) {
    meaning(word, &FUNCTION)
}

/// A state in motion that has been seen for too long: `PAUSING for 1h00m, stuck?`. The platform does not say when it began, so
/// it is at least that long.
pub(super) fn stuck(word: &str, since: Timestamp, now: Timestamp) -> Option<Text> {
    let lasted = now.duration_since(since);
    let span = std::time::Duration::try_from(lasted).ok()?;
    (lasted > limit(word)?).then(|| Text::clean(&format!("{word} for {}, stuck?", age(span))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_state_has_its_meaning_and_green_is_one_word() {
        let green: Vec<&str> = PROJECT.iter().filter(|row| row.1 == Status::Ok).map(|row| row.0).collect();
        assert_eq!(green, ["ACTIVE_HEALTHY"]);
        assert_eq!(project("PAUSING"), (Status::Paused, Text::from("PAUSING")));
        assert_eq!(project("GOING_DOWN").0, Status::Paused, "it serves nobody soon");
        for bad in ["INIT_FAILED", "RESTORE_FAILED", "PAUSE_FAILED", "REMOVED", "ACTIVE_UNHEALTHY"] {
            assert_eq!(project(bad).0, Status::Fail, "{bad}");
        }
        assert_eq!(project("DEFROSTING"), (Status::Unknown, Text::from("unknown (DEFROSTING)")));
        assert_eq!(project(""), (Status::Unknown, Text::from("no state given")));
        assert_eq!(service("LIMPING").0, Status::Unknown);
    }

    #[test]
    fn a_state_in_motion_that_lasts_is_doubted() {
        let at = |minute: i64| Timestamp::from_second(60 * minute).expect("a time");
        assert_eq!(stuck("PAUSING", at(0), at(10)), None);
        assert_eq!(stuck("PAUSING", at(0), at(60)), Some(Text::from("PAUSING for 1h00m, stuck?")));
        assert_eq!(stuck("UPGRADING", at(0), at(50)), None);
        assert_eq!(stuck("INACTIVE", at(0), at(5_000)), None, "a paused project may stay so");
    }
}
