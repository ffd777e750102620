//! What the secrets matrix demands: keys written in the configuration, and keys named by a `.env.example`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{SecretRules, file, layers};

/// The rules, with a warning for every template that cannot be read.
pub(super) fn rules(secrets: &file::Secrets, warnings: &mut Vec<String>) -> SecretRules {
    let mut required = pairs(&secrets.required);
    for (service, path) in &secrets.templates {
        match layers::read(std::path::Path::new(path)) {
            Ok(text) => required.extend(template_keys(&text).map(|key| (service.as_str().into(), key.into()))),
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

/// The keys of a `.env.example`: what stands before `=` on lines that are no comment. Values are not looked at.
fn template_keys(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim();
        let (key, _) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        let key = key.trim();
        let named = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        named.then_some(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_names_keys_and_nothing_else() {
        let text = "# A=1\nDATABASE_URL=postgres://x?a=b\nexport TOKEN = x\n\nno key\n=value\nbad-key=1\n";
        assert_eq!(template_keys(text).collect::<Vec<_>>(), ["DATABASE_URL", "TOKEN"]);
    }
}
