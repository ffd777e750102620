//! `[[environments.services]]`: the parts of a product, and where the edge says which commit each runs.

use std::sync::Arc;

use serde::Deserialize;

use super::postgres::Postgres;
use crate::config::check::Check;
use crate::config::effective::{self, Sheet};
use crate::domain::environment::{Platform, ServiceInfo};
use crate::domain::ids::{EnvId, ServiceId};
use crate::error::UserError;

/// A service as it is written.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Service {
    pub name: String,
    pub platform: Platform,
    pub resource: String,
    pub url: Option<String>,
    pub observe: Option<Observe>,
    pub postgres: Option<Postgres>,
}

/// Where the edge says which commit a service runs.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Observe {
    pub url: String,
    pub json: Option<String>,
    pub header: Option<String>,
    pub meta: Option<String>,
}

/// How to read the running release of a service at the edge.
#[derive(Debug, Clone, PartialEq)]
pub struct ObserveSettings {
    /// Which environment.
    pub env: EnvId,
    /// Which service.
    pub service: Arc<str>,
    /// The URL.
    pub url: String,
    /// Where the commit stands in the answer.
    pub at: ObserveAt,
}

/// Where the commit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObserveAt {
    /// A response header.
    Header(String),
    /// A JSON pointer into the body.
    Json(String),
    /// The content of `<meta name="…">`.
    Meta(String),
}

impl Service {
    pub(super) fn told(&self, env: &str, sheet: &mut Sheet<'_>) {
        let key = |last: &str| format!("environments.{env}.services.{}.{last}", self.name);
        sheet.add(key("platform"), self.platform);
        sheet.add(key("resource"), &self.resource);
        sheet.add(key("url"), self.url.as_deref().map_or_else(|| "none".to_owned(), effective::shown));
        if let Some(rule) = &self.observe {
            let at = [("json", &rule.json), ("header", &rule.header), ("meta", &rule.meta)];
            let at = at.into_iter().find_map(|(what, at)| Some(format!("{what} {}", at.as_ref()?)));
            sheet.add(key("observe"), format!("{} of {}", at.unwrap_or_default(), effective::shown(&rule.url)));
        }
    }

    pub(super) fn info(&self, env: &EnvId, check: &Check<'_>) -> Result<ServiceInfo, UserError> {
        check.plain(&format!("resource of {}", self.name), &self.resource)?;
        let url = self.url.as_deref().map(|url| check.url(&format!("url of {}", self.name), url)).transpose()?;
        Ok(ServiceInfo {
            id: ServiceId::new(env.clone(), &self.name),
            platform: self.platform,
            resource: self.resource.as_str().into(),
            url: url.map(|url| url.trim_end_matches('/').into()),
        })
    }

    pub(super) fn observe(&self, env: &EnvId, check: &Check<'_>) -> Result<Option<ObserveSettings>, UserError> {
        let Some(rule) = &self.observe else { return Ok(None) };
        let url = check.url(&format!("observe of {}", self.name), &rule.url)?.to_owned();
        let at = rule.at(&self.name, check)?;
        Ok(Some(ObserveSettings { env: env.clone(), service: self.name.as_str().into(), url, at }))
    }
}

impl Observe {
    fn at(&self, service: &str, check: &Check<'_>) -> Result<ObserveAt, UserError> {
        match (&self.json, &self.header, &self.meta) {
            (Some(pointer), None, None) => Ok(ObserveAt::Json(check.pointer(pointer)?)),
            (None, Some(header), None) => Ok(ObserveAt::Header(header.clone())),
            (None, None, Some(meta)) => Ok(ObserveAt::Meta(meta.clone())),
            _ => Err(check.refuse(
                &format!("observe of {service} must name exactly one of json, header, meta"),
                "for example observe = { url = \"https://…/version\", json = \"/commit\" }",
            )),
        }
    }
}
