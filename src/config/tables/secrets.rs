//! `[secrets]`: which secrets are required, as keys written in the configuration and keys named in a `.env.example`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::layered;
use crate::config::effective::{self, Sheet};
use crate::config::{dotenv, text};
use crate::domain::secret::Contract;

layered! {
    /// The table as it is written: by service.
    #[derive(Debug)]
    pub struct Secrets {
        /// Keys that must exist.
        pub required: BTreeMap<String, Vec<String>>,
        /// Keys that may exist.
        pub optional: BTreeMap<String, Vec<String>>,
        /// Files whose keys must exist.
        pub templates: BTreeMap<String, String>,
    }
}

/// Rules of the secrets matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SecretRules {
    /// Keys that must exist in every environment, by service (`backend`), from `[secrets]` or a `.env.example`.
    pub required: Vec<(Arc<str>, Arc<str>)>,
    /// Keys that may exist.
    pub optional: Vec<(Arc<str>, Arc<str>)>,
}

impl Secrets {
    /// The keys that are paths.
    pub(in crate::config) fn paths(&mut self) -> impl Iterator<Item = &mut String> {
        self.templates.values_mut()
    }

    pub(in crate::config) fn told(&self, sheet: &mut Sheet<'_>) {
        for (what, by_service) in [("required", &self.required), ("optional", &self.optional)] {
            for (service, keys) in by_service {
                sheet.add(format!("secrets.{what}.{service}"), effective::list(keys));
            }
        }
        for (service, path) in &self.templates {
            sheet.add(format!("secrets.templates.{service}"), path);
        }
    }

    /// The rules, with a warning for every template that cannot be read.
    pub(in crate::config) fn rules(&self, warnings: &mut Vec<String>) -> SecretRules {
        let mut required = pairs(&self.required);
        for (service, path) in &self.templates {
            match text::read(Path::new(path)) {
                Ok(text) => {
                    let found = dotenv::read(&text);
                    // The line itself is never told: it may be a part of a value.
                    warnings.extend(found.odd.iter().map(|line| format!("{path}:{line}: not understood")));
                    warnings.extend(
                        found
                            .open
                            .map(|line| format!("{path}:{line}: this value has no end; no name after it was read")),
                    );
                    required.extend(found.keys.iter().map(|key| (service.as_str().into(), (*key).into())));
                }
                Err(error) => warnings.push(format!("secrets.templates.{service}: {}", error.what)),
            }
        }
        let optional = pairs(&self.optional);
        // What is written as optional stays so, even when a template names it.
        required.retain(|rule| !optional.contains(rule));
        required.sort();
        required.dedup();
        SecretRules { required, optional }
    }
}

fn pairs(map: &BTreeMap<String, Vec<String>>) -> Vec<(Arc<str>, Arc<str>)> {
    map.iter()
        .flat_map(|(service, keys)| keys.iter().map(|key| (service.as_str().into(), key.as_str().into())))
        .collect()
}

impl SecretRules {
    /// The names that must exist.
    #[must_use]
    pub fn required_keys(&self) -> Vec<&str> {
        self.required.iter().map(|(_, key)| &**key).collect()
    }

    /// What the rules say of a name.
    #[must_use]
    pub fn contract(&self, key: &str) -> Contract {
        let names = |rules: &[(Arc<str>, Arc<str>)]| rules.iter().any(|(_, one)| &**one == key);
        match (names(&self.required), names(&self.optional)) {
            (true, _) => Contract::Required,
            (false, true) => Contract::Optional,
            (false, false) => Contract::Unlisted,
        }
    }
}
