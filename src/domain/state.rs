//! The words of states. One word per state, the same on the screen, in the text of commands and in their JSON.

use serde::{Deserialize, Serialize};

use super::environment::Status;

/// How a service, an environment, a probe or a gate stands. [`Status`] is the tone in which it is drawn; this is what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All of it was read, and all of it is well.
    Healthy,
    /// It serves, and something of it deserves a look.
    Degraded,
    /// A change is under way.
    Deploying,
    /// It waits for a person.
    Waiting,
    /// It is held on purpose and serves nobody.
    Paused,
    /// It changes between passing and failing.
    Flapping,
    /// Two releases are live where there should be one.
    Mixed,
    /// It is broken.
    Failing,
    /// It was not read, not lately, or not whole.
    Unknown,
}

impl State {
    /// Every state, from good to bad, [`State::Unknown`] at the end.
    pub const ALL: [Self; 9] = [
        Self::Healthy,
        Self::Degraded,
        Self::Deploying,
        Self::Waiting,
        Self::Paused,
        Self::Flapping,
        Self::Mixed,
        Self::Failing,
        Self::Unknown,
    ];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Deploying => "deploying",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Flapping => "flapping",
            Self::Mixed => "mixed",
            Self::Failing => "failing",
            Self::Unknown => "unknown",
        }
    }

    /// Its mark, one cell wide in every font.
    #[must_use]
    pub const fn mark(self, ascii: bool) -> &'static str {
        match (self, ascii) {
            (Self::Healthy, false) => "●",
            (Self::Healthy, true) => "*",
            (Self::Degraded, false) => "▲",
            (Self::Degraded, true) => "!",
            (Self::Failing, false) => "✖",
            (Self::Failing, true) => "x",
            (Self::Deploying, false) => "◌",
            (Self::Deploying, true) => "~",
            (Self::Waiting | Self::Paused, false) => "‖",
            (Self::Waiting | Self::Paused, true) => "=",
            (Self::Mixed, false) => "≠",
            (Self::Mixed, true) => "%",
            (Self::Flapping, false) => "≈",
            (Self::Flapping, true) => "^",
            (Self::Unknown, _) => "?",
        }
    }

    /// The tone in which it is drawn.
    #[must_use]
    pub const fn tone(self) -> Status {
        match self {
            Self::Healthy => Status::Ok,
            Self::Degraded | Self::Flapping => Status::Warn,
            Self::Deploying => Status::Running,
            Self::Waiting | Self::Paused => Status::Paused,
            Self::Mixed | Self::Failing => Status::Fail,
            Self::Unknown => Status::Unknown,
        }
    }

    /// How good it is, 0 = best; `None` for what is not known, which is neither good nor bad.
    #[must_use]
    pub const fn badness(self) -> Option<u8> {
        match self {
            Self::Healthy => Some(0),
            Self::Degraded => Some(1),
            Self::Deploying => Some(2),
            Self::Waiting => Some(3),
            Self::Paused => Some(4),
            Self::Flapping => Some(5),
            Self::Mixed => Some(6),
            Self::Failing => Some(7),
            Self::Unknown => None,
        }
    }

    /// Which of its parts speaks for a whole: the one with the highest weight. What is known to be broken outweighs what is not
    /// known, and that outweighs everything better: an unread part may be the broken one. What is paused serves nobody, which is worse
    /// for its visitors than two releases beside each other.
    #[must_use]
    pub const fn weight(self) -> u8 {
        match self {
            Self::Failing => 8,
            Self::Paused => 7,
            Self::Mixed => 6,
            Self::Flapping => 5,
            Self::Unknown => 4,
            Self::Waiting => 3,
            Self::Deploying => 2,
            Self::Degraded => 1,
            Self::Healthy => 0,
        }
    }

    /// The state that a tone of a platform or a check stands for.
    #[must_use]
    pub const fn of(tone: Status) -> Self {
        match tone {
            Status::Ok => Self::Healthy,
            Status::Unknown => Self::Unknown,
            Status::Paused => Self::Paused,
            Status::Running => Self::Deploying,
            Status::Warn => Self::Degraded,
            Status::Fail => Self::Failing,
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_an_order_and_unknown_is_aside() {
        let known: Vec<u8> = State::ALL.iter().filter_map(|state| state.badness()).collect();
        assert!(known.windows(2).all(|pair| pair[0] < pair[1]) && known.len() == State::ALL.len() - 1);
        assert_eq!(State::Unknown.badness(), None);
        // What is not known may be broken: it is never outweighed by anything good.
        for state in State::ALL.into_iter().filter(|state| *state != State::Unknown) {
            let trouble = matches!(state, State::Failing | State::Paused | State::Mixed | State::Flapping);
            assert_eq!(state.weight() > State::Unknown.weight(), trouble, "{state}");
        }
    }

    #[test]
    fn words_and_marks_tell_states_apart_in_ascii_too() {
        for state in State::ALL {
            assert_eq!(serde_json::json!(state), state.word());
            assert!(state.mark(true).is_ascii() && state.mark(false).chars().count() == 1);
        }
        let marks: std::collections::BTreeSet<_> = State::ALL.iter().map(|state| state.mark(true)).collect();
        assert_eq!(marks.len(), State::ALL.len() - 1, "waiting and paused share one");
    }
}
