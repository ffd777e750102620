//! Log lines as they enter the console: already sanitised, capped and redacted.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::environment::Platform;
use super::ids::ServiceId;
use crate::sanitize::Text;

/// How bad a line says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Finest detail.
    Trace,
    /// Detail for developers.
    Debug,
    /// Normal; also the level of lines that name none.
    Info,
    /// Deserves a look.
    Warn,
    /// Something failed.
    Error,
    /// The process gave up.
    Fatal,
}

impl Level {
    /// Its word, as log lines write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }

    /// The level that a word names, without regard to case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];
        all.into_iter().find(|level| level.word().eq_ignore_ascii_case(word))
    }
}

/// What lines are read from where there is no platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file by its path.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// What an address answers, such as NDJSON.
    Address(String),
    /// What a command writes.
    Command(Vec<String>),
}

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LogKind {
    /// By the running program.
    App,
    /// By a build.
    Build,
    /// By the platform: proxy, runner, scheduler.
    System,
    /// By a pipeline job.
    Job,
}

/// One log line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LogLine {
    /// When it happened, by its source.
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub at: Timestamp,
    /// The service it belongs to.
    pub service: ServiceId,
    /// The platform it came from.
    pub platform: Platform,
    /// What wrote it.
    pub kind: LogKind,
    /// Machine, region; empty when the source names none.
    pub instance: Arc<str>,
    /// Region code; empty when the source names none.
    pub region: Arc<str>,
    /// Its level.
    pub level: Level,
    /// What is shown: the message of a JSON line, else the line.
    pub message: Text,
    /// The whole line when `message` is a part of it.
    pub raw: Option<Text>,
}

/// A batch from one feed, in the order of its source.
#[derive(Debug, Clone, PartialEq)]
pub struct LogBatch {
    /// Whose lines they are.
    pub service: ServiceId,
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// Lines known to be missing before this batch (reconnect, overflow); 0 = none.
    pub gap: u64,
    /// Why they are missing, when they are.
    pub gap_why: Option<Text>,
}
