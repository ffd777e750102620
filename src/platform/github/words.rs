//! GitHub's words: `status` of runs, jobs and steps, `conclusion` once they are completed (docs/platforms/github.md section 4.1).

use crate::domain::pipeline::RunState;
use crate::platform::words::unknown;
use crate::sanitize::Text;

/// Every documented `status` but `completed`.
const STATUSES: [(&str, RunState); 5] = [
    ("requested", RunState::Queued),
    ("queued", RunState::Queued),
    ("pending", RunState::Blocked),
    ("waiting", RunState::Gated),
    ("in_progress", RunState::Running),
];

/// Every documented `conclusion`.
const CONCLUSIONS: [(&str, RunState); 9] = [
    ("success", RunState::Succeeded),
    ("failure", RunState::Failed),
    ("timed_out", RunState::Failed),
    ("startup_failure", RunState::Failed),
    ("cancelled", RunState::Cancelled),
    ("skipped", RunState::Skipped),
    ("neutral", RunState::Neutral),
    ("stale", RunState::Stale),
    ("action_required", RunState::NeedsPerson),
];

/// Every `status` of a run that is not over, as the filter of a list takes it.
pub(super) fn unfinished() -> impl Iterator<Item = &'static str> {
    STATUSES.iter().map(|(word, _)| *word)
}

/// The state of GitHub's two words, and as what it is told.
#[must_use]
pub(super) fn state(status: &str, conclusion: Option<&str>) -> (RunState, Text) {
    let find = |table: &[(&str, RunState)], word: &str| table.iter().find(|(known, _)| *known == word).map(|row| row.1);
    if status != "completed" {
        let known = find(&STATUSES, status);
        return known.map_or_else(|| (RunState::Unknown, unknown(status)), |state| (state, Text::clean(status)));
    }
    match conclusion.filter(|word| !word.is_empty()) {
        None => (RunState::Ended, Text::from("completed, no conclusion given")),
        Some(word) => match find(&CONCLUSIONS, word) {
            Some(RunState::NeedsPerson) => (RunState::NeedsPerson, Text::from("action_required: waits for a person")),
            Some(state) => (state, Text::clean(word)),
            None => (RunState::Ended, unknown(word)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Status;

    #[test]
    fn every_documented_word_has_its_meaning_and_success_is_one_word() {
        let meant = |status, conclusion| state(status, conclusion).0;
        for bad in ["failure", "timed_out", "startup_failure"] {
            assert_eq!(meant("completed", Some(bad)).status(), Status::Fail, "{bad}");
        }
        let ends = ["neutral", "skipped", "stale", "cancelled", "action_required", "brand_new_word", ""];
        for word in ends {
            let state = meant("completed", Some(word));
            assert!(!matches!(state.status(), Status::Ok | Status::Running), "{word} is {state:?}");
        }
        assert_eq!(meant("completed", None).status(), Status::Unknown);
        assert_eq!(meant("completed", Some("success")).status(), Status::Ok);
        assert!(!meant("completed", Some("action_required")).over(), "a person may let it go on");
        assert!(meant("completed", Some("skipped")).over() && meant("completed", Some("brand_new_word")).over());
        for (word, _) in STATUSES {
            assert!(!meant(word, None).over() && meant(word, None).status() != Status::Ok, "{word}");
        }
    }

    #[test]
    fn a_word_of_tomorrow_is_shown_as_unknown() {
        assert_eq!(state("completed", Some("brand_new_word")).1.as_str(), "unknown (brand_new_word)");
        assert_eq!(state("thinking", None), (RunState::Unknown, Text::from("unknown (thinking)")));
        assert_eq!(state("", None).1.as_str(), "no state given");
    }
}
