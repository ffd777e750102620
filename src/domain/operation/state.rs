//! How an operation and its steps stand.

use serde::{Deserialize, Serialize};

use super::Wait;
use crate::domain::environment::Status;

/// How a step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Todo,
    /// Under way.
    Running,
    /// Under way, and a person, a clock or another run is waited for.
    Waiting(Wait),
    /// Done.
    Done,
    /// The platform refused, or it failed.
    Failed,
    /// Sent, and the answer was lost: the world is being re-read.
    Unknown,
    /// Not begun because an earlier one failed.
    Skipped,
}

impl StepState {
    /// One word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Todo => "to do",
            Self::Running => "running",
            Self::Waiting(_) => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }

    /// The semantic state it is drawn with.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Todo | Self::Skipped | Self::Waiting(_) => Status::Paused,
            Self::Running => Status::Running,
            Self::Done => Status::Ok,
            Self::Failed => Status::Fail,
            Self::Unknown => Status::Unknown,
        }
    }
}

/// How an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OpState {
    /// Steps are being carried out.
    Running,
    /// All calls are made; waiting for the edge.
    Proving,
    /// Seen at the edge.
    Done,
    /// Nothing was changed.
    Refused,
    /// Failed before anything moved.
    Failed,
    /// Some services moved and some did not.
    HalfDone,
    /// Everything is where it was to go, and something that is watched there fails.
    ArrivedFailing,
    /// It cannot be known what happened; a person must look.
    Unknown,
    /// It was cut short; a person has looked and left it, or another operation continues it.
    Left,
}

impl OpState {
    /// In words: `half-done`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Proving => "proving",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::HalfDone => "half-done",
            Self::ArrivedFailing => "arrived, still failing",
            Self::Unknown => "unknown",
            Self::Left => "left",
        }
    }

    /// The semantic state it is drawn with.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Done => Status::Ok,
            Self::Running | Self::Proving => Status::Running,
            Self::Unknown => Status::Warn,
            Self::Left => Status::Paused,
            Self::Refused | Self::Failed | Self::HalfDone | Self::ArrivedFailing => Status::Fail,
        }
    }

    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn ended(self) -> bool {
        !matches!(self, Self::Running | Self::Proving)
    }
}
