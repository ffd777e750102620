//! The answers of Fly as types: only the fields that are used, and any of them may be absent.

use std::collections::HashMap;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::Lease;
use crate::platform::lenient::{maybe_time, or_default, text};
use crate::sanitize::Text;

#[derive(Deserialize)]
pub(super) struct Tokens {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) tokens: Vec<Token>,
}

#[derive(Deserialize)]
pub(super) struct Token {
    #[serde(default)]
    organization: Value,
    #[serde(default)]
    org_slug: Value,
    #[serde(default)]
    user: Value,
}

impl Token {
    pub(super) fn owner(&self) -> String {
        [&self.user, &self.org_slug, &self.organization]
            .iter()
            .find_map(|value| value.as_str())
            .unwrap_or_default()
            .to_owned()
    }
}

#[derive(Deserialize)]
pub(super) struct App {
    pub(super) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) organization: Organization,
}

#[derive(Deserialize, Default)]
pub(super) struct Organization {
    #[serde(default, deserialize_with = "text")]
    pub(super) slug: String,
}

#[derive(Deserialize, PartialEq)]
pub(super) struct Machine {
    pub(super) id: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) state: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) region: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) instance_id: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) image_ref: ImageRef,
    #[serde(default)]
    pub(super) config: Value,
    #[serde(default)]
    pub(super) incomplete_config: Value,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) checks: Vec<Check>,
    #[serde(default, deserialize_with = "text")]
    pub(super) host_status: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) cordoned: bool,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) updated_at: Option<Timestamp>,
}

#[derive(Deserialize, Default, PartialEq)]
pub(super) struct ImageRef {
    #[serde(default, deserialize_with = "text")]
    pub(super) digest: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) labels: HashMap<String, Value>,
}

#[derive(Deserialize, PartialEq)]
pub(super) struct Check {
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) output: String,
    /// The last change of its status, not its last run.
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
pub(super) struct LeaseAnswer {
    pub(super) data: LeaseData,
}

#[derive(Deserialize)]
pub(super) struct LeaseData {
    pub(super) nonce: String,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) expires_at: Option<Timestamp>,
    #[serde(default)]
    pub(super) version: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) owner: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) description: String,
}

impl From<LeaseData> for Lease {
    fn from(data: LeaseData) -> Self {
        Self {
            nonce: SecretString::from(data.nonce),
            expires_at: data.expires_at,
            version: data.version,
            owner: Text::clean(&data.owner),
            description: Text::clean(&data.description),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Releases {
    #[serde(deserialize_with = "or_default")]
    pub(super) releases: Vec<Release>,
}

#[derive(Deserialize)]
pub(super) struct Release {
    #[serde(deserialize_with = "text")]
    pub(super) id: String,
    pub(super) version: u64,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) stable: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) in_progress: bool,
    #[serde(default, deserialize_with = "text")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) strategy: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) user: String,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "text")]
    pub(super) image_ref: String,
}

#[derive(Deserialize)]
pub(super) struct Created {
    pub(super) release: Release,
}

#[derive(Deserialize)]
pub(super) struct Logs {
    #[serde(deserialize_with = "or_default")]
    pub(super) data: Vec<LogEntry>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) meta: LogMeta,
}

#[derive(Deserialize, Default)]
pub(super) struct LogMeta {
    #[serde(default, deserialize_with = "text")]
    pub(super) next_token: String,
}

#[derive(Deserialize)]
pub(super) struct LogEntry {
    #[serde(default, deserialize_with = "text")]
    pub(super) id: String,
    pub(super) attributes: LogAttributes,
}

#[derive(Deserialize)]
pub(super) struct LogAttributes {
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "text")]
    pub(super) message: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) level: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) instance: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) region: String,
    #[serde(default)]
    pub(super) meta: Value,
}

#[derive(Deserialize)]
pub(super) struct Secrets {
    #[serde(deserialize_with = "or_default")]
    pub(super) secrets: Vec<Secret>,
}

#[derive(Deserialize)]
pub(super) struct Secret {
    pub(super) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) digest: String,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
pub(super) struct Regions {
    pub(super) regions: Vec<Region>,
}

#[derive(Deserialize)]
pub(super) struct Region {
    #[serde(default, deserialize_with = "text")]
    pub(super) code: String,
}
