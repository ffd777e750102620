//! The screen: its theme, its colours, its letters, and the memory of its log.

use super::Check;
use crate::config::{UiSettings, file};
use crate::error::UserError;

/// Themes that are part of the program; a test holds the list against the files.
const THEMES: &[&str] = &["dark", "light", "mono", "high-contrast"];

impl Check<'_> {
    pub(super) fn ui(&self, ui: &file::Ui, warnings: &mut Vec<String>) -> Result<UiSettings, UserError> {
        let theme = ui.theme.as_deref().unwrap_or("dark");
        if !THEMES.contains(&theme) {
            let shown = theme.escape_debug();
            let near = THEMES.iter().min_by_key(|known| strsim::damerau_levenshtein(theme, known)).unwrap_or(&"dark");
            warnings.push(format!("{}: ui.theme = \"{shown}\" is not a theme: did you mean `{near}`?", self.name));
        }
        let ascii = self.variable("FLIGHTDECK_ASCII").map(|value| value != "0");
        Ok(UiSettings {
            theme: theme.into(),
            no_color: self.no_color(),
            ascii: self.flags.ascii || ascii.or(ui.ascii).unwrap_or_else(|| !self.unicode()),
            mouse: ui.mouse.unwrap_or(true),
            log_bytes: self.bytes(ui.log_memory.as_deref().unwrap_or("256MiB"))?,
        })
    }

    /// `NO_COLOR` counts whatever it holds, `0` too: that is its contract.
    pub(super) fn no_color(&self) -> bool {
        let is = |name: &str, value: &str| self.variable(name).is_some_and(|found| found == value);
        let on = |name: &str| self.variable(name).is_some_and(|value| value != "0");
        let forced = on("CLICOLOR_FORCE") || on("FORCE_COLOR");
        let asked = self.flags.no_color || self.variable("NO_COLOR").is_some() || on("FLIGHTDECK_NO_COLOR");
        asked || (!forced && (is("CLICOLOR", "0") || self.variable("TERM").is_some_and(|term| monochrome(&term))))
    }

    /// Whether text may be more than ASCII: a locale that is set says so by its encoding. Where none is set, nothing was said.
    pub(super) fn unicode(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.variable(name));
        locale.is_none_or(|locale| {
            let plain = locale.to_lowercase().replace('-', "");
            plain.ends_with("utf8") || plain.contains("utf8@")
        })
    }

    pub(super) fn bytes(&self, text: &str) -> Result<usize, UserError> {
        let parsed = text.strip_suffix("MiB").and_then(|number| number.trim().parse::<usize>().ok());
        parsed.filter(|mib| (1..=65_536).contains(mib)).map(|mib| mib << 20).ok_or_else(|| {
            self.refuse(
                &format!("ui.log_memory = \"{}\" is not a size", text.escape_debug()),
                "write it as \"256MiB\", between 1MiB and 65536MiB",
            )
        })
    }
}

/// Whether a terminal of this name has no colours, by the names that terminfo gives them.
fn monochrome(term: &str) -> bool {
    let old = ["dumb", "unknown", "vt52", "vt100", "vt102", "vt220", "vt320"];
    old.contains(&term) || term.ends_with("-mono") || term.ends_with("-m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_themes_is_the_list_of_files() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join("themes");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut known = THEMES.to_vec();
        files.sort();
        known.sort_unstable();
        assert_eq!(files, known);
    }
}
