//! Answers about the journal.

use serde::Serialize;
use serde_json::Value;

use crate::store::chain::Broken;

/// `journal`: rows, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Journal<'a> {
    pub(in crate::cli) rows: Vec<JournalRow<'a>>,
}

/// A row of the journal.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct JournalRow<'a> {
    pub(in crate::cli) id: i64,
    pub(in crate::cli) at: &'a str,
    pub(in crate::cli) op: &'a str,
    pub(in crate::cli) event: &'a str,
    pub(in crate::cli) body: &'a Value,
}

/// `journal --verify`: whether every row is as it was written.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Verified<'a> {
    pub(in crate::cli) holds: bool,
    /// How many rows there are, where it holds.
    pub(in crate::cli) rows: Option<u64>,
    pub(in crate::cli) broken: Option<&'a Broken>,
}
