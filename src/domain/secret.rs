//! Secrets by name, place and digest. A value never enters this type.

use jiff::Timestamp;
use serde::Serialize;

use super::environment::{Platform, Status};
use super::ids::EnvId;
use crate::sanitize::Text;

/// One secret in one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SecretEntry {
    /// Its name.
    pub key: Text,
    /// The environment it belongs to.
    pub env: EnvId,
    /// Where it lives.
    pub platform: Platform,
    /// The service's resource there: Fly app, Vercel project, GitHub environment.
    pub place: Text,
    /// A digest, and in which sense it may be compared.
    pub digest: Digest,
    /// Last change, where the platform tells.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub updated_at: Option<Timestamp>,
    /// The platform's extra words: `staged`, `partial`, `sensitive`.
    pub note: Option<Text>,
}

/// The secrets of one environment, as far as they could be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Names {
    /// What was read.
    pub entries: Vec<SecretEntry>,
    /// Lists that the token may not read: what they hold is not known.
    pub unread: Vec<Withheld>,
}

/// A list that was not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// Whose it is.
    pub platform: Platform,
    /// What it lists: `secrets`, `variables`.
    pub what: &'static str,
    /// Why.
    pub why: Text,
}

impl From<Vec<SecretEntry>> for Names {
    /// All of them.
    fn from(entries: Vec<SecretEntry>) -> Self {
        Self { entries, unread: Vec::new() }
    }
}

impl Names {
    /// Adds what another place holds.
    pub fn add(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.unread.extend(other.unread);
    }

    /// Whether a platform has withheld one of its lists.
    #[must_use]
    pub fn lacks(&self, platform: Platform) -> bool {
        self.unread.iter().any(|one| one.platform == platform)
    }

    /// What was not read, in words: `secrets of staging on github not read: ...`.
    pub fn withheld(&self, env: &EnvId) -> impl Iterator<Item = String> {
        self.unread.iter().map(move |one| format!("{} of {env} on {} not read: {}", one.what, one.platform, one.why))
    }
}

/// What is known of a value without knowing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Digest {
    /// Nothing: the platform shows only the name.
    Hidden,
    /// Opaque digest of the platform, comparable only within the same place over time.
    Opaque(Text),
    /// A digest under the run's own key (or a real SHA-256 turned into one): comparable everywhere.
    Keyed(Text),
}

/// Whether a key must exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Contract {
    /// Named in the contract as required.
    Required,
    /// Named in the contract, may be absent.
    Optional,
    /// Not named.
    Unlisted,
}

/// One row of the matrix: a key over all environments.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SecretRow {
    /// The name.
    pub key: Text,
    /// What the contract says.
    pub contract: Contract,
    /// All places where it lives.
    pub entries: Vec<SecretEntry>,
    /// Environments of which it is not known whether it lives there: it is in no list that was read, and not all lists were.
    pub unread: Vec<EnvId>,
    /// Findings, worst first.
    pub findings: Vec<SecretFinding>,
}

/// By which rule something is said about a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// An environment lacks it.
    Missing,
    /// Production and another environment hold the same value.
    SharedWithProduction,
    /// It was set after the build that is live, which does not know it.
    SetAfterDeploy,
}

/// Something to say about a secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SecretFinding {
    /// By which rule.
    pub rule: Rule,
    /// The environments that it is about.
    pub envs: Vec<EnvId>,
    /// How bad.
    pub status: Status,
    /// Whether it holds a promotion.
    pub blocks: bool,
    /// In words: `missing in production`.
    pub says: Text,
}
