//! Checks what stands in several tables: names, spans, addresses.

use std::time::Duration;

use super::address;
use super::inputs::{Env, Flags};
use super::places::Places;
use crate::error::{ExitCode, UserError};
use crate::sanitize;

/// Nothing is asked more often than this, whatever is written: a typo must not become an attack.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// What a check knows beside what is written.
pub(super) struct Check<'a> {
    /// The files, as messages name them.
    pub(super) name: &'a str,
    pub(super) flags: &'a Flags,
    pub(super) env: Env<'a>,
    pub(super) places: &'a Places,
}

impl Check<'_> {
    pub(super) fn refuse(&self, what: &str, hint: &str) -> UserError {
        UserError::new(ExitCode::Usage, format!("{}: {what}", self.name)).now("nothing was started").hint(hint)
    }

    /// Where a key stands: its file and line, else the files.
    pub(super) fn place(&self, key: &str) -> String {
        self.places.get(key).map_or_else(|| self.name.to_owned(), ToString::to_string)
    }

    /// A variable that is set to something.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.is_empty())
    }

    /// Selection, journal and `--confirm` go by name: two of one name would be one to them.
    pub(super) fn once<'n>(&self, what: &str, names: impl Iterator<Item = &'n str>) -> Result<(), UserError> {
        let mut seen = std::collections::BTreeSet::new();
        for name in names {
            self.plain(what, name)?;
            if !seen.insert(name) {
                return Err(self.refuse(&format!("{what} \"{name}\" is there twice"), "give each a name of its own"));
            }
        }
        Ok(())
    }

    /// A name as it will stand on the screen: some text, and nothing that a terminal obeys.
    pub(super) fn plain<'n>(&self, what: &str, name: &'n str) -> Result<&'n str, UserError> {
        if name.trim().is_empty() {
            return Err(self.refuse(&format!("{what}: the name is empty"), "give it a name"));
        }
        if !sanitize::is_clean(name) {
            return Err(self.refuse(
                &format!("{what}: the name \"{}\" holds a control character or an invisible one", name.escape_debug()),
                "leave it out",
            ));
        }
        Ok(name)
    }

    pub(super) fn repository<'n>(&self, text: &'n str) -> Result<&'n str, UserError> {
        let part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        let named = text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name));
        named.then_some(text).ok_or_else(|| {
            self.refuse(
                &format!("repository = \"{}\" is not a repository", text.escape_debug()),
                "write it as \"owner/name\"",
            )
        })
    }

    pub(super) fn duration(&self, key: &str, text: Option<&str>, default_seconds: u64) -> Result<Duration, UserError> {
        let Some(text) = text else { return Ok(Duration::from_secs(default_seconds)) };
        let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
        parsed.filter(|span| !span.is_zero()).ok_or_else(|| {
            let what = format!("{key} = \"{}\" is not a duration", text.escape_debug());
            self.refuse(&what, "write it as \"500ms\", \"5s\" or \"1m 30s\"")
        })
    }

    pub(super) fn interval(&self, key: &str, text: Option<&str>, default_seconds: u64) -> Result<Duration, UserError> {
        let interval = self.duration(key, text, default_seconds)?;
        if interval < SHORTEST_INTERVAL {
            return Err(self.refuse(&format!("{key} is shorter than 100ms"), "ask less often, for example \"2s\""));
        }
        Ok(interval)
    }

    pub(super) fn bad_address(&self, key: &str, why: &str) -> UserError {
        self.refuse(&format!("{key} {why}"), "write a whole address, as in https://host.example/path")
    }

    /// Any http or https address: probes and observations carry no token. It stays as written, final slash and all.
    pub(super) fn url<'n>(&self, key: &str, url: &'n str) -> Result<&'n str, UserError> {
        address::read(url).map_err(|why| self.bad_address(key, why))?;
        Ok(url)
    }

    pub(super) fn pointer(&self, text: &str) -> Result<String, UserError> {
        if text.is_empty() || text.starts_with('/') {
            return Ok(text.to_owned());
        }
        let what = format!("\"{}\" is not a JSON pointer", text.escape_debug());
        Err(self.refuse(&what, "begin it with a slash, as in \"/status\""))
    }
}
