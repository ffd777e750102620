//! The answers of commands as programs read them (`--json`): a type for each, of which `assets/schemas` is derived.

mod journal;
mod logs;
mod operations;
mod program;
mod settings;
mod standing;

use serde::Serialize;
use serde_json::json;

pub(super) use self::journal::{Journal, JournalRow, Verified};
pub(super) use self::logs::{Gap, Line};
pub(super) use self::operations::{
    Candidates, CutShort, Ended, Left, LockOrMark, Planned, Replaced, Stepped, Stuck, Switched,
};
pub(super) use self::program::{Info, Keys, Program};
pub(super) use self::settings::{
    Account, Approved, Configured, ReadFile, Setting, Shown, Trusted, TrustedFiles, Understood, Wants,
};
pub(super) use self::standing::{
    Approval, Checked, Environment, Failing, Health, Judged, Need, Probe, Remembers, Row, Rows, Service, Status,
    ToCome, Waiting,
};
use crate::sanitize::Text;

/// What the names of our answers begin with, and those of a step of an operation end with.
pub(super) const OURS: &str = "flightdeck/";
pub(super) const STEP: &str = "-step";

/// An answer: what it is, in which version of that, and what it says.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Envelope<T> {
    /// `flightdeck/` and the name of the schema.
    pub(super) schema: String,
    pub(super) version: u32,
    #[serde(flatten)]
    pub(super) says: T,
}

/// An answer in one line. Its name and version stand in the table of `cli/schema.rs`.
pub(super) fn line<T: Serialize>(name: &str, says: T) -> String {
    format!("{}\n", json!(Envelope { schema: format!("{OURS}{name}"), version: super::schema::version(name), says }))
}

/// Why there is no answer, or not the one that was asked for; the same stands on standard error in words.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Failed {
    /// How the process ends.
    pub(super) code: u8,
    /// What happened.
    pub(super) error: Text,
    /// What is true now; empty when nothing changed.
    pub(super) now: Text,
    /// What to do.
    pub(super) hints: Vec<Text>,
}
