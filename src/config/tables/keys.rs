//! `[ui.keys]`: the keys that a person chose for actions.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::action::{self, Chosen, Keys, TABLE};
use crate::config::check::Check;
use crate::error::{ExitCode, UserError};

/// A key, or several.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a key, or a list of keys")]
pub enum Written {
    /// One, as `"e"`, or two that are pressed one after the other, as `"g e"`.
    One(String),
    /// Each of them.
    Several(Vec<String>),
}

/// The keys in force, with a warning for every name that no action has.
pub(super) fn keys(
    written: &BTreeMap<String, Written>,
    check: &Check<'_>,
    warnings: &mut Vec<String>,
) -> Result<Keys, UserError> {
    let mut chosen = Vec::new();
    for (name, keys) in written {
        let Some(entry) = action::named(name) else {
            let near = TABLE.iter().map(|entry| entry.name);
            let near = near.min_by_key(|known| strsim::damerau_levenshtein(name, known)).unwrap_or_default();
            let (place, name) = (check.place(&format!("ui.keys.{name}")), name.escape_debug());
            warnings.push(format!("{place}: ui.keys.{name} is not an action: did you mean `{near}`?"));
            continue;
        };
        let keys = match keys {
            Written::One(key) => vec![key.clone()],
            Written::Several(keys) => keys.clone(),
        };
        chosen.push(Chosen { action: entry.action, keys });
    }
    Keys::with(&chosen).map_err(|refused| {
        let name = TABLE.iter().find(|entry| entry.action == refused.action).map_or("", |entry| entry.name);
        let place = check.place(&format!("ui.keys.{name}"));
        let what = format!("{place}: ui.keys.{name} = \"{}\": {}", refused.key.escape_debug(), refused.why);
        let error = UserError::new(ExitCode::Usage, what).now("nothing was started");
        match refused.other {
            Some(other) if written.contains_key(other.name) => {
                let place = check.place(&format!("ui.keys.{}", other.name));
                error.hint(format!("give one of them another key; {} stands in {place}", other.name))
            }
            Some(other) => {
                error.hint(format!("give {} ({}) another key too, or choose a free one", other.name, other.title))
            }
            None => error.hint("write a key as flightdeck keys shows it, for example \"e\", \"ctrl-n\" or \"g e\""),
        }
    })
}
