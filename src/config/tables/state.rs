//! `[state]`: where journal and history lie.

use std::path::PathBuf;

use super::layered;
use crate::config::check::Check;
use crate::config::effective::{Origin, Sheet};
use crate::config::{Settings, inputs};

/// Names the folder, whatever a file says.
const VARIABLE: &str = "FLIGHTDECK_STATE_DIR";

layered! {
    /// The table as it is written.
    #[derive(Debug)]
    pub struct State {
        /// A folder.
        pub dir: Option<String>,
    }
}

impl State {
    /// The keys that are paths.
    pub(in crate::config) fn paths(&mut self) -> impl Iterator<Item = &mut String> {
        self.dir.iter_mut()
    }

    pub(in crate::config) fn told(&self, settings: &Settings, check: &Check<'_>, sheet: &mut Sheet<'_>) {
        let named = check.variable(VARIABLE).map(|_| Origin::Variable(VARIABLE));
        let origin = named.unwrap_or_else(|| sheet.written("state.dir"));
        sheet.put("state.dir", settings.state_dir.display(), origin);
    }

    /// The folder of the store.
    pub(in crate::config) fn folder(&self, check: &Check<'_>, warnings: &mut Vec<String>) -> PathBuf {
        if let Some(dir) = check.variable(VARIABLE) {
            return dir.into();
        }
        if let Some(dir) = self.dir.as_deref().filter(|dir| !dir.is_empty()) {
            return dir.into();
        }
        inputs::folder(check.env, "XDG_STATE_HOME", ".local/state").map_or_else(
            || {
                warnings.push("no home folder: the journal is kept among temporary files; set state.dir".to_owned());
                std::env::temp_dir().join("flightdeck")
            },
            |home| home.join("flightdeck"),
        )
    }
}
