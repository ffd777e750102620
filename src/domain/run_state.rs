//! How far a run or a job has come: GitHub's `status` and `conclusion` as one state.

use serde::Serialize;

use super::environment::Status;

/// The state of a run or of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It waits for a runner.
    Queued,
    /// It waits for its concurrency group.
    Blocked,
    /// A protection rule holds it: a reviewer, a timer.
    Gated,
    /// It runs.
    Running,
    /// It goes on only when a person has approved it.
    NeedsPerson,
    /// It ended well.
    Succeeded,
    /// It ended badly: failed, timed out, or did not start.
    Failed,
    /// Somebody or something ended it.
    Cancelled,
    /// A newer run took its place before it began.
    Superseded,
    /// It was not to run.
    Skipped,
    /// It ended and says nothing of success.
    Neutral,
    /// GitHub gave it up.
    Stale,
    /// It ended, and how is not known.
    Ended,
    /// A word that nobody knows, or none.
    Unknown,
}

impl RunState {
    /// Whether nothing of it runs or waits any more. What is not known is not over.
    #[must_use]
    pub fn over(self) -> bool {
        match self {
            Self::Queued | Self::Blocked | Self::Gated | Self::Running | Self::NeedsPerson | Self::Unknown => false,
            Self::Succeeded
            | Self::Failed
            | Self::Cancelled
            | Self::Superseded
            | Self::Skipped
            | Self::Neutral
            | Self::Stale
            | Self::Ended => true,
        }
    }

    /// Whether the platform moves it on by itself, or a gate of it is answered here: worth looking at again soon.
    #[must_use]
    pub fn moving(self) -> bool {
        matches!(self, Self::Queued | Self::Blocked | Self::Gated | Self::Running)
    }

    /// How it is drawn. Success is [`RunState::Succeeded`] alone.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Succeeded => Status::Ok,
            Self::Failed => Status::Fail,
            Self::Running => Status::Running,
            Self::Queued | Self::Blocked | Self::Gated | Self::NeedsPerson | Self::Skipped | Self::Neutral => {
                Status::Paused
            }
            Self::Cancelled | Self::Superseded | Self::Stale => Status::Warn,
            Self::Ended | Self::Unknown => Status::Unknown,
        }
    }
}
