//! Answers about operations: what would be done, what was, and what stands against it.

use serde::Serialize;

use crate::domain::candidates::Choice;
use crate::domain::ids::{EnvId, OpId};
use crate::domain::lock::{Lock, Mark};
use crate::domain::operation::{Operation, Plan, StepReport};

/// What an operation would do.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Planned<'a> {
    pub(in crate::cli) plan: &'a Plan,
}

/// `rollback` without a release that was verified healthy: what there is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Candidates<'a> {
    pub(in crate::cli) environment: &'a EnvId,
    pub(in crate::cli) rows: &'a [Choice],
}

/// The end of an operation.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Ended<'a> {
    pub(in crate::cli) operation: &'a Operation,
}

/// A step that stands differently now.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Stepped<'a> {
    /// Its place among the steps.
    pub(in crate::cli) index: usize,
    pub(in crate::cli) step: &'a StepReport,
}

/// A step that has been silent for longer than such steps are.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Stuck<'a> {
    pub(in crate::cli) index: usize,
    pub(in crate::cli) silent_seconds: u64,
    pub(in crate::cli) step: &'a StepReport,
}

/// An operation that was cut short.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CutShort<'a> {
    pub(in crate::cli) operation: &'a Operation,
    /// What would be done to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) says: Option<&'a str>,
}

/// `leave`: an operation that was left as it is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Left<'a> {
    pub(in crate::cli) operation: OpId,
    pub(in crate::cli) says: &'a str,
}

/// `switch`: the answer to a held operation.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Switched<'a> {
    pub(in crate::cli) operation: OpId,
    pub(in crate::cli) environment: &'a EnvId,
    /// It goes on; else it is called off.
    pub(in crate::cli) go: bool,
    /// It was told; else this is what would be told.
    pub(in crate::cli) done: bool,
}

/// `lock`, `unlock`, `mark` and `unmark`: what was done.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LockOrMark<'a> {
    /// The environment, or the commit.
    pub(in crate::cli) of: &'a str,
    pub(in crate::cli) says: &'a str,
    /// A lock that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) lock: Option<&'a Lock>,
    /// A mark that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) mark: Option<&'a Mark>,
    /// What stood there before and is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) replaced: Option<Replaced<'a>>,
}

/// What a lock or a mark replaced.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(in crate::cli) enum Replaced<'a> {
    Lock(&'a Lock),
    Mark(&'a Mark),
}
