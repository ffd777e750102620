//! The configuration file as written: every table, all optional. A typo is a warning with the nearest name and never a refusal: unknown keys are
//! found by comparing a file with the schema, which a test derives of the types.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::check::Check;
use super::places::Places;
use super::tables::environments::{self, Environment, Product};
use super::tables::layered;
use super::tables::platforms::{self, Accesses, Account};
use super::tables::poll::Poll;
use super::tables::secrets::Secrets;
use super::tables::state::State;
use super::tables::ui::Ui;
use crate::domain::environment::Platform;
use crate::error::UserError;

/// The schema of a file, as it is printed; a test of `cli/schema.rs` holds it against the types.
pub const SCHEMA: &str = include_str!("../../assets/schemas/config.json");

layered! {
    /// The whole file.
    #[derive(Debug)]
    pub struct File {
        pub project: Option<String>,
        pub repository: Option<String>,
        /// By name: `github`, `fly`, `vercel`, `supabase`.
        #[cfg_attr(test, schemars(with = "BTreeMap<Platform, Account>"))]
        pub platforms: BTreeMap<String, Account>,
        pub environments: Vec<Environment>,
        pub secrets: Secrets,
        pub ui: Ui,
        pub poll: Poll,
        pub state: State,
        /// Where each key stands.
        #[serde(skip)]
        pub places: Places,
    }
}

impl File {
    /// Every key that is a path.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut String> {
        let platforms = self.platforms.values_mut().flat_map(Account::paths);
        let environments = self.environments.iter_mut().flat_map(Environment::paths);
        platforms.chain(environments).chain(self.secrets.paths()).chain(self.state.paths())
    }

    /// Takes out what is a person's own to say: a project file that everybody has does not change anybody's keys.
    pub(super) fn without_own_taste(&mut self, warnings: &mut Vec<String>) {
        for name in std::mem::take(&mut self.ui.keys).keys() {
            self.places.without(&format!("ui.keys.{name}"));
        }
        if let Some(place) = self.places.get("ui.keys") {
            warnings.push(format!("{place}: ui.keys counts in your own configuration alone"));
        }
    }

    /// What its environments hold.
    pub(super) fn product(&self, check: &Check<'_>, warnings: &mut Vec<String>) -> Result<Product, UserError> {
        environments::product(&self.environments, check, warnings)
    }

    /// Access to the platforms that it names.
    pub(super) fn accesses(&self, check: &Check<'_>, warnings: &mut Vec<String>) -> Result<Accesses, UserError> {
        platforms::accesses(&self.platforms, check, warnings)
    }
}

/// The keys of each table, by its path. The example file must use every one (a test checks).
#[must_use]
pub fn known_keys() -> Vec<(String, Vec<&'static str>)> {
    static READ: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap_or_default());
    let mut tables = Vec::new();
    list(&READ, &READ, "", &mut tables);
    tables
}

/// Adds a table and those below it. Tables whose keys a person chooses have none that is unknown.
fn list(schema: &'static Value, table: &'static Value, path: &str, tables: &mut Vec<(String, Vec<&'static str>)>) {
    let Some(properties) = table["properties"].as_object() else { return };
    tables.push((path.to_owned(), properties.keys().map(String::as_str).collect()));
    for (key, value) in properties {
        let here = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if here == "platforms" {
            let account = referred(schema, &value["additionalProperties"]);
            let names = Platform::CONFIGURED.map(Platform::name);
            tables.push((here, names.to_vec()));
            for name in names {
                let keys = account.and_then(|account| account["properties"].as_object()).into_iter().flatten();
                let keys = keys.map(|(key, _)| key.as_str()).filter(|key| !platforms::foreign(name).contains(key));
                tables.push((format!("platforms.{name}"), keys.collect()));
            }
        } else if let Some(below) = referred(schema, value) {
            list(schema, below, &here, tables);
        }
    }
}

/// The table that a key holds: itself, one of a list, or one that may be left out.
fn referred(schema: &'static Value, value: &'static Value) -> Option<&'static Value> {
    let one = value["anyOf"].as_array().and_then(|any| any.first()).unwrap_or(value);
    let name = one["$ref"].as_str().or_else(|| one["items"]["$ref"].as_str())?;
    schema["$defs"].get(name.rsplit('/').next()?)
}

/// A sentence for every key that means nothing, with the nearest one that does.
#[must_use]
pub fn unknown_keys(text: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Ok(table) = text.parse::<toml::Table>() {
        visit(&known_keys(), "", &toml::Value::Table(table), &mut warnings);
    }
    warnings
}

fn visit(all: &[(String, Vec<&str>)], path: &str, value: &toml::Value, warnings: &mut Vec<String>) {
    match value {
        toml::Value::Array(items) => items.iter().for_each(|item| visit(all, path, item, warnings)),
        toml::Value::Table(table) => {
            let Some((_, keys)) = all.iter().find(|(known, _)| *known == path) else { return };
            for (key, inner) in table {
                // A quoted key may hold anything, control characters too.
                let shown = key.escape_debug();
                let here = if path.is_empty() { shown.to_string() } else { format!("{path}.{shown}") };
                if keys.contains(&key.as_str()) {
                    visit(all, &here, inner, warnings);
                } else {
                    warnings.push(unknown(&here, key, keys));
                }
            }
        }
        _ => {}
    }
}

fn unknown(here: &str, key: &str, keys: &[&str]) -> String {
    let near = keys.iter().map(|known| (strsim::damerau_levenshtein(key, known), *known)).min();
    match near {
        Some((distance, known)) if distance <= 3 => format!("unknown key `{here}`: did you mean `{known}`?"),
        _ => format!("unknown key `{here}`: it is ignored"),
    }
}
