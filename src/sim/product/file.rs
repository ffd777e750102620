//! A world as its file has it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Backend, Database, Frontend, Kind, Probes, Tier, Trigger};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct World {
    pub name: String,
    pub title: String,
    #[serde(default = "calm")]
    pub scenario: String,
    pub project: Option<String>,
    pub page: Option<String>,
    #[serde(default)]
    pub environment: Vec<Environment>,
    #[serde(default)]
    pub secrets: Secrets,
    pub fleet: Option<Fleet>,
}

fn calm() -> String {
    "calm".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Environment {
    pub name: String,
    pub tier: Tier,
    pub promotes_to: Option<String>,
    pub runs: Vec<usize>,
    #[serde(default = "quarter")]
    pub deployed_after: i64,
    #[serde(default)]
    pub trigger: Trigger,
    #[serde(default)]
    pub reviewers: Vec<String>,
    #[serde(default)]
    pub branches: Vec<String>,
    pub backend: Option<Backend>,
    pub frontend: Option<Frontend>,
    pub database: Option<Database>,
    #[serde(default)]
    pub probes: Probes,
}

fn quarter() -> i64 {
    15
}

/// Many environments that are alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fleet {
    /// Their names begin with it; a number follows.
    pub name: String,
    pub count: usize,
    pub tier: Tier,
    /// Seconds between two requests of a probe.
    #[serde(default = "five")]
    pub probe: u64,
    /// Lines a second of each log.
    #[serde(default)]
    pub lines: u64,
    /// The written configuration names the platforms.
    #[serde(default)]
    pub platforms: bool,
}

fn five() -> u64 {
    5
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Secrets {
    pub backend: Vec<Secret>,
    pub frontend: Vec<Secret>,
    pub functions: Vec<Secret>,
    pub pipeline: Vec<Secret>,
    pub variables: Vec<Secret>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secret {
    pub key: String,
    #[serde(default)]
    pub kind: Kind,
    #[serde(default)]
    pub required: bool,
    /// By the name of an environment; `repository` on GitHub.
    pub values: BTreeMap<String, String>,
}
