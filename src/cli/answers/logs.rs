//! Answers about log lines.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::domain::environment::Platform;
use crate::domain::ids::EnvId;
use crate::domain::log::{Level, LogKind};
use crate::sanitize::Text;

/// `logs`: a line.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Line<'a> {
    pub(in crate::cli) schema: &'static str,
    pub(in crate::cli) version: u32,
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub(in crate::cli) at: Timestamp,
    pub(in crate::cli) environment: &'a str,
    pub(in crate::cli) service: &'a str,
    pub(in crate::cli) platform: Platform,
    pub(in crate::cli) kind: LogKind,
    pub(in crate::cli) instance: &'a str,
    pub(in crate::cli) region: &'a str,
    pub(in crate::cli) level: Level,
    pub(in crate::cli) message: &'a Text,
    pub(in crate::cli) raw: Option<&'a Text>,
}

/// `logs`: lines that are missing.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Gap<'a> {
    pub(in crate::cli) environment: &'a EnvId,
    pub(in crate::cli) service: &'a str,
    pub(in crate::cli) at_least: u64,
    pub(in crate::cli) why: &'a str,
}
