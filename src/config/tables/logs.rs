//! `[[environments.logs]]`: logs that no platform gives, from a file, a command or an address.

use std::path::PathBuf;

use serde::Deserialize;

use crate::config::address;
use crate::config::effective::{self, Sheet};
use crate::domain::ids::ServiceId;
use crate::domain::log::Input;

/// A log that no platform gives.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Logs {
    pub name: String,
    /// Followed through rotation and truncation.
    pub file: Option<String>,
    /// Run while the console runs; what it writes is read.
    pub command: Option<Vec<String>>,
    pub url: Option<String>,
    /// The service whose deployments its patterns are told by.
    pub service: Option<String>,
}

/// A log that no platform gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// Its environment and name.
    pub id: ServiceId,
    /// Where its lines come from.
    pub input: Input,
    /// The service whose deployments its patterns are told by.
    pub service: Option<ServiceId>,
}

impl LogSource {
    pub(super) fn told(&self, sheet: &mut Sheet<'_>) {
        let key = |last: &str| format!("environments.{}.logs.{}.{last}", self.id.env, self.id.name);
        match &self.input {
            Input::File(path) => sheet.add(key("file"), path.display()),
            // Its arguments may be secret themselves.
            Input::Command(words) => sheet.add(key("command"), words.first().map_or("", String::as_str)),
            Input::Address(url) => sheet.add(key("url"), effective::shown(url)),
            Input::Stdin => {}
        }
        if let Some(service) = &self.service {
            sheet.add(key("service"), &service.name);
        }
    }
}

impl Logs {
    /// The keys that are paths.
    pub(in crate::config) fn paths(&mut self) -> impl Iterator<Item = &mut String> {
        self.file.iter_mut()
    }

    /// The source in an environment with these services, or what is wrong with it.
    pub(super) fn source(&self, env: &str, services: &[&str]) -> Result<LogSource, String> {
        let input = match (&self.file, &self.command, &self.url) {
            (Some(file), None, None) => Input::File(PathBuf::from(file)),
            (None, Some(words), None) if words.first().is_some_and(|word| !word.trim().is_empty()) => {
                Input::Command(words.clone())
            }
            (None, None, Some(url)) => {
                address::read(url).map_err(|why| format!("url {why}"))?;
                Input::Address(url.clone())
            }
            (None, Some(_), None) => return Err("command is empty".to_owned()),
            _ => return Err("exactly one of file, command, url says where the lines come from".to_owned()),
        };
        let named = |name: &str| services.contains(&name);
        if let Some(name) = self.service.as_ref().filter(|name| !named(name)) {
            return Err(format!("service = \"{}\" is not a service of {env}", name.escape_debug()));
        }
        if named(&self.name) {
            return Err("a service has this name, and lines of its own".to_owned());
        }
        let id = |name: &str| ServiceId::new(env, name);
        Ok(LogSource { id: id(&self.name), input, service: self.service.as_deref().map(id) })
    }
}
