//! The answers of Supabase as types.

use jiff::Timestamp;
use serde::Deserialize;

use crate::platform::lenient::{maybe_time, or_default, text};

#[derive(Deserialize)]
pub(super) struct Profile {
    #[serde(default, deserialize_with = "text")]
    pub(super) username: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) primary_email: String,
}

#[derive(Deserialize)]
pub(super) struct Project {
    #[serde(default, deserialize_with = "text")]
    pub(super) id: String,
    #[serde(default, rename = "ref", deserialize_with = "text")]
    pub(super) reference: String,
    pub(super) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) region: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) database: Database,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) created_at: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
pub(super) struct Database {
    #[serde(default, deserialize_with = "text")]
    pub(super) version: String,
}

#[derive(Deserialize)]
pub(super) struct Health {
    pub(super) name: String,
    #[serde(default)]
    pub(super) healthy: Option<bool>,
    #[serde(default, deserialize_with = "text")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) error: String,
}

#[derive(Deserialize)]
pub(super) struct Migration {
    #[serde(deserialize_with = "text")]
    pub(super) version: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Secret {
    pub(super) name: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) value: String,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) updated_at: Option<Timestamp>,
}
