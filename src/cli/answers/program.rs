//! Answers about the program itself: its keys, and facts for a bug report.

use serde::Serialize;
use serde_json::Value;

/// `keys`: every key of the console and of its dialogs.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Keys {
    pub(in crate::cli) keys: Vec<Bound>,
}

impl Keys {
    /// All of them.
    pub(in crate::cli) fn all(keys: crate::action::Keys) -> Self {
        Self { keys: keys.all().map(|(within, action, keys, does)| Bound { within, action, keys, does }).collect() }
    }
}

/// What one thing is done by.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Bound {
    /// Where it works, as the help is ordered.
    pub(in crate::cli) within: &'static str,
    /// What it is called in `[ui.keys]` of a configuration; none = its keys cannot be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) action: Option<&'static str>,
    /// The keys that do it; two that are pressed one after the other have a space between them.
    pub(in crate::cli) keys: &'static [&'static str],
    pub(in crate::cli) does: &'static str,
}

/// `info`: facts for a bug report.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Info {
    pub(in crate::cli) program: Program,
    /// What the terminal is, as far as the environment tells.
    pub(in crate::cli) terminal: Value,
    /// What is configured, or why that cannot be told.
    pub(in crate::cli) configuration: Value,
}

/// What runs.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Program {
    pub(in crate::cli) version: &'static str,
    pub(in crate::cli) os: &'static str,
    pub(in crate::cli) arch: &'static str,
    pub(in crate::cli) debug: bool,
}
