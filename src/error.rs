//! Errors as a person meets them: what happened, what is true now, what to do; and the exit codes of the program.

use std::fmt;

use crate::sanitize::Text;

/// Exit codes of every command (README.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Done, healthy, PASS, no difference.
    Done = 0,
    /// Failed, unhealthy, FAIL, or a difference for `diff`.
    Failed = 1,
    /// Usage or configuration error.
    Usage = 2,
    /// Inconclusive, or a platform cannot be reached.
    Inconclusive = 3,
    /// Authentication or scope missing.
    Auth = 4,
    /// Refused by a gate: lock, freeze, read-only, marked bad.
    Refused = 5,
    /// Still pending (`--no-wait`).
    Pending = 8,
    /// `--timeout` reached.
    Timeout = 124,
    /// Ended by SIGHUP.
    HungUp = 129,
    /// Ended by SIGINT.
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

/// An error that is meant for the person at the keyboard. It is printed without a backtrace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserError {
    /// How the process ends.
    pub code: ExitCode,
    /// What happened, a lowercase fragment.
    pub what: String,
    /// What is true now; empty when nothing changed.
    pub now: String,
    /// What to do, one line each.
    pub hints: Vec<String>,
}

impl UserError {
    /// An error that says what happened; add the rest with [`UserError::now`] and [`UserError::hint`].
    #[must_use]
    pub fn new(code: ExitCode, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), now: String::new(), hints: Vec::new() }
    }

    /// Says what is true now.
    #[must_use]
    pub fn now(mut self, now: impl Into<String>) -> Self {
        self.now = now.into();
        self
    }

    /// Adds one line of advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The last door: paths, arguments and names of files are part of errors, and others may have chosen them.
        write!(f, "error: {}", Text::clean(&self.what))?;
        if !self.now.is_empty() {
            write!(f, "\n  now: {}", Text::clean(&self.now))?;
        }
        for hint in &self.hints {
            write!(f, "\n  hint: {}", Text::clean(hint))?;
        }
        Ok(())
    }
}

impl std::error::Error for UserError {}
