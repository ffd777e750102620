//! Answers about the configuration and who approved it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::environment::Tier;
use crate::domain::ids::EnvId;
use crate::sanitize::Text;

/// `config check`: what was understood.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Understood<'a> {
    pub(in crate::cli) files: Vec<ReadFile>,
    pub(in crate::cli) project: &'a str,
    pub(in crate::cli) state_dir: Text,
    pub(in crate::cli) environments: Vec<Configured<'a>>,
    pub(in crate::cli) platforms: BTreeMap<&'static str, Account>,
    pub(in crate::cli) logs: Vec<String>,
    pub(in crate::cli) proxy: Option<String>,
    pub(in crate::cli) warnings: &'a [String],
}

/// `config show`: every setting in force.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Shown {
    pub(in crate::cli) rows: Vec<Setting>,
}

/// A setting. Of a secret it says whether there is one.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Setting {
    pub(in crate::cli) key: Text,
    pub(in crate::cli) value: Text,
    /// `default`, a file with its line, an environment variable, a flag, or where a token was found.
    pub(in crate::cli) from: String,
}

/// A configuration file.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ReadFile {
    pub(in crate::cli) path: Text,
    pub(in crate::cli) approved: bool,
    pub(in crate::cli) wants: Vec<Wants>,
}

/// What a file asks for that only an approved one gets.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Wants {
    pub(in crate::cli) key: Text,
    pub(in crate::cli) says: Text,
}

/// An environment as it is configured.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Configured<'a> {
    pub(in crate::cli) name: &'a EnvId,
    pub(in crate::cli) tier: Tier,
    pub(in crate::cli) write: bool,
    pub(in crate::cli) services: Vec<&'a str>,
}

/// Where a platform is, and where its token comes from.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Account {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) base: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) machines: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) api: Option<String>,
    pub(in crate::cli) token_from: String,
}

/// `config trust`: what became of an approval.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Trusted<'a> {
    pub(in crate::cli) path: Text,
    pub(in crate::cli) approved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) was_approved: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) wants: Option<Vec<Wants>>,
}

/// `config trust --list`: every approval.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct TrustedFiles {
    pub(in crate::cli) rows: Vec<Approved>,
}

/// A file that was approved.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Approved {
    pub(in crate::cli) at: String,
    pub(in crate::cli) sha256: String,
    pub(in crate::cli) path: String,
}
