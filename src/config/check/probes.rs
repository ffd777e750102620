//! What is asked of the edge: probes, and where a service's commit is read.

use super::Check;
use crate::config::{ObserveAt, ProbeSettings, address, file};
use crate::error::UserError;

impl Check<'_> {
    pub(super) fn probe(
        &self,
        environment: &file::Environment,
        probe: &file::Probe,
    ) -> Result<ProbeSettings, UserError> {
        let place = |key: &str| format!("{key} of probe \"{}\" of {}", probe.name, environment.name);
        if let Some(status) = probe.status.iter().find(|status| !(100..=599).contains(*status)) {
            return Err(
                self.refuse(&format!("{}: {status} is not an HTTP status", place("status")), "write 100 to 599")
            );
        }
        if let Some(origin) = &probe.cors_origin {
            let origin = address::read(origin).map_err(|why| self.bad_address(&place("cors_origin"), why))?;
            if !origin.rest.is_empty() {
                return Err(self.bad_address(&place("cors_origin"), "has more than a scheme, a host and a port"));
            }
        }
        let rule = probe.json.as_ref();
        Ok(ProbeSettings {
            env: environment.name.as_str().into(),
            name: probe.name.as_str().into(),
            url: self.url(&place("url"), &probe.url)?.to_owned(),
            status: probe.status.clone(),
            contains: probe.contains.clone(),
            json: rule.map(|rule| Ok((self.pointer(&rule.pointer)?, rule.equals.clone()))).transpose()?,
            max_latency: probe
                .max_latency
                .as_deref()
                .map(|text| self.duration(&place("max_latency"), Some(text), 0))
                .transpose()?,
            cors_origin: probe.cors_origin.clone(),
            interval: self.interval(&place("interval"), probe.interval.as_deref(), 5)?,
            timeout: self.duration(&place("timeout"), probe.timeout.as_deref(), 5)?,
        })
    }

    pub(super) fn observe_at(&self, service: &str, rule: &file::Observe) -> Result<ObserveAt, UserError> {
        match (&rule.json, &rule.header, &rule.meta) {
            (Some(pointer), None, None) => Ok(ObserveAt::Json(self.pointer(pointer)?)),
            (None, Some(header), None) => Ok(ObserveAt::Header(header.clone())),
            (None, None, Some(meta)) => Ok(ObserveAt::Meta(meta.clone())),
            _ => Err(self.refuse(
                &format!("observe of {service} must name exactly one of json, header, meta"),
                "for example observe = { url = \"https://…/version\", json = \"/commit\" }",
            )),
        }
    }

    pub(super) fn pointer(&self, text: &str) -> Result<String, UserError> {
        if text.is_empty() || text.starts_with('/') {
            return Ok(text.to_owned());
        }
        let what = format!("\"{}\" is not a JSON pointer", text.escape_debug());
        Err(self.refuse(&what, "begin it with a slash, as in \"/status\""))
    }
}
