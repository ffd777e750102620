//! `[[environments.probes]]`: what is asked of the edge.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::config::address;
use crate::config::check::Check;
use crate::config::effective::{self, Sheet};
use crate::domain::ids::EnvId;
use crate::error::UserError;

/// A probe as it is written.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Probe {
    pub name: String,
    pub url: String,
    pub interval: Option<String>,
    pub timeout: Option<String>,
    pub max_latency: Option<String>,
    #[serde(default)]
    pub status: Vec<u16>,
    pub contains: Option<String>,
    pub json: Option<JsonRule>,
    pub cors_origin: Option<String>,
}

/// What an answer must hold.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct JsonRule {
    pub pointer: String,
    pub equals: serde_json::Value,
}

/// One HTTP probe.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeSettings {
    /// Which environment it belongs to.
    pub env: EnvId,
    /// Its name on the screen.
    pub name: Arc<str>,
    /// The URL.
    pub url: String,
    /// Accepted HTTP statuses; empty = 200–299.
    pub status: Vec<u16>,
    /// Text that the body must contain.
    pub contains: Option<String>,
    /// JSON pointer and the value it must have.
    pub json: Option<(String, serde_json::Value)>,
    /// Slower than this fails.
    pub max_latency: Option<Duration>,
    /// When set, an `Origin` header is sent and CORS must allow it.
    pub cors_origin: Option<String>,
    /// How often; default 5 s.
    pub interval: Duration,
    /// Time-out; default 5 s.
    pub timeout: Duration,
}

impl ProbeSettings {
    pub(super) fn told(&self, sheet: &mut Sheet<'_>) {
        let key = |last: &str| format!("environments.{}.probes.{}.{last}", self.env, self.name);
        sheet.add(key("url"), effective::shown(&self.url));
        sheet.add(key("interval"), format!("{:?}", self.interval));
        sheet.add(key("timeout"), format!("{:?}", self.timeout));
        let latency = self.max_latency.map(|longest| format!("{longest:?}"));
        sheet.add(key("max_latency"), latency.as_deref().unwrap_or("none"));
        let status = if self.status.is_empty() { "200 to 299".to_owned() } else { effective::list(&self.status) };
        sheet.add(key("status"), status);
        sheet.add(key("contains"), self.contains.as_deref().unwrap_or("anything"));
        let json = self.json.as_ref().map(|(pointer, value)| format!("{pointer} is {value}"));
        sheet.add(key("json"), json.as_deref().unwrap_or("anything"));
        sheet.add(key("cors_origin"), self.cors_origin.as_deref().unwrap_or("not checked"));
    }
}

impl Probe {
    pub(super) fn settings(&self, env: &str, check: &Check<'_>) -> Result<ProbeSettings, UserError> {
        let place = |key: &str| format!("{key} of probe \"{}\" of {env}", self.name);
        if let Some(status) = self.status.iter().find(|status| !(100..=599).contains(*status)) {
            return Err(
                check.refuse(&format!("{}: {status} is not an HTTP status", place("status")), "write 100 to 599")
            );
        }
        if let Some(origin) = &self.cors_origin {
            let origin = address::read(origin).map_err(|why| check.bad_address(&place("cors_origin"), why))?;
            if !origin.rest.is_empty() {
                return Err(check.bad_address(&place("cors_origin"), "has more than a scheme, a host and a port"));
            }
        }
        let rule = self.json.as_ref();
        let latency = self.max_latency.as_deref();
        Ok(ProbeSettings {
            env: env.into(),
            name: self.name.as_str().into(),
            url: check.url(&place("url"), &self.url)?.to_owned(),
            status: self.status.clone(),
            contains: self.contains.clone(),
            json: rule.map(|rule| Ok((check.pointer(&rule.pointer)?, rule.equals.clone()))).transpose()?,
            max_latency: latency.map(|text| check.duration(&place("max_latency"), Some(text), 0)).transpose()?,
            cors_origin: self.cors_origin.clone(),
            interval: check.interval(&place("interval"), self.interval.as_deref(), 5)?,
            timeout: check.duration(&place("timeout"), self.timeout.as_deref(), 5)?,
        })
    }
}
