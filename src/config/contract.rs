//! The secrets that are required: keys written in the configuration, and keys named in a `.env.example`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{SecretRules, dotenv, file, layers};

/// The rules, with a warning for every template that cannot be read.
pub(super) fn rules(secrets: &file::Secrets, warnings: &mut Vec<String>) -> SecretRules {
    let mut required = pairs(&secrets.required);
    for (service, path) in &secrets.templates {
        match layers::read(std::path::Path::new(path)) {
            Ok(text) => {
                let found = dotenv::read(&text);
                // The line itself is never told: it may be a part of a value.
                warnings.extend(found.odd.iter().map(|line| format!("{path}:{line}: not understood")));
                warnings.extend(
                    found.open.map(|line| format!("{path}:{line}: this value has no end; no name after it was read")),
                );
                required.extend(found.keys.iter().map(|key| (service.as_str().into(), (*key).into())));
            }
            Err(error) => warnings.push(format!("secrets.templates.{service}: {}", error.what)),
        }
    }
    let optional = pairs(&secrets.optional);
    // What is written as optional stays so, even when a template names it.
    required.retain(|rule| !optional.contains(rule));
    required.sort();
    required.dedup();
    SecretRules { required, optional }
}

fn pairs(map: &BTreeMap<String, Vec<String>>) -> Vec<(Arc<str>, Arc<str>)> {
    map.iter()
        .flat_map(|(service, keys)| keys.iter().map(|key| (service.as_str().into(), key.as_str().into())))
        .collect()
}
