//! Where each key of a configuration file stands.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::tables::Over;

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// Its line, from 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// The place of every key that is written, by its path: `ui.theme`, `environments.production.access`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<String, Place>);

impl Places {
    /// Those of one file.
    pub(super) fn of(text: &str, path: &Path) -> Self {
        let mut found = Self::default();
        let Ok(table) = DeTable::parse(text) else { return found };
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let file: Arc<Path> = path.into();
        let mut add = |key: String, at: usize| {
            let line = 1 + ends.partition_point(|end| *end < at);
            found.0.entry(key).or_insert_with(|| Place { file: file.clone(), line });
        };
        walk(table.get_ref(), "", &mut add);
        found
    }

    /// Where a key stands.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Place> {
        self.0.get(key)
    }

    /// Takes out what is not used of a file.
    pub(super) fn without(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Takes out a table or a list whose content is not used, with all that stands in it.
    pub(super) fn without_all_of(&mut self, key: &str) {
        self.0
            .retain(|known, _| known.strip_prefix(key).is_none_or(|rest| !(rest.is_empty() || rest.starts_with('.'))));
    }
}

impl Over for Places {
    fn over(self, below: Self) -> Self {
        Self(self.0.over(below.0))
    }
}

fn walk(table: &DeTable<'_>, path: &str, add: &mut dyn FnMut(String, usize)) {
    for (key, value) in table {
        let here = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
        add(here.clone(), key.span().start);
        match value.get_ref() {
            DeValue::Table(below) => walk(below, &here, add),
            DeValue::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    let DeValue::Table(below) = item.get_ref() else { continue };
                    let name = below.get("name").map(Spanned::get_ref).and_then(DeValue::as_str);
                    let name = name.map_or_else(|| at.to_string(), str::to_owned);
                    walk(below, &format!("{here}.{name}"), add);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_where_it_is_written() {
        let text = "project = \"x\"\n\n[ui]\ntheme = \"dark\"\nkeys = { next_error = \"g e\" }\n\n[[environments]]\nname = \"production\"\naccess = \"write\"\n";
        let places = Places::of(text, Path::new("flightdeck.toml"));
        let at = |key: &str| places.get(key).map(ToString::to_string).unwrap_or_default();
        assert_eq!(at("project"), "flightdeck.toml:1");
        assert_eq!(at("ui.theme"), "flightdeck.toml:4");
        assert_eq!(at("ui.keys.next_error"), "flightdeck.toml:5");
        assert_eq!(at("environments.production.access"), "flightdeck.toml:9");
        assert_eq!(at("ui.mouse"), "");
    }
}
