//! `[ui]`: the screen, its theme, its colours, its letters, and the memory of its log.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::keys::{self, Written};
use super::layered;
use crate::action::Keys;
use crate::config::check::Check;
use crate::config::effective::{self, Origin, Sheet};
use crate::config::inputs;
use crate::config::theme::{self, Read};
use crate::error::UserError;

layered! {
    /// The table as it is written.
    #[derive(Debug)]
    pub struct Ui {
        /// The name of a theme.
        pub theme: Option<String>,
        /// ASCII symbols only.
        pub ascii: Option<bool>,
        /// Mouse capture.
        pub mouse: Option<bool>,
        /// Log lines held, `256MiB`.
        pub log_memory: Option<String>,
        /// Keys of actions, by their names.
        pub keys: BTreeMap<String, Written>,
    }
}

/// Themes that are part of the program; a test holds the list against the files.
const THEMES: &[&str] = &["dark", "light", "terminal", "mono", "high-contrast", "colour-blind"];

/// Look and feel.
#[derive(Debug, Clone, PartialEq)]
pub struct UiSettings {
    /// The name of a theme: `dark`, `light`, `terminal`, `mono`, `high-contrast`, `colour-blind`, or one of one's own.
    pub theme: Arc<str>,
    /// That one, where it is one's own: `themes/NAME.toml` in the folder of one's configuration.
    pub own_theme: Option<OwnTheme>,
    /// Nothing says whether its ground is dark or light: the terminal is asked, and the theme follows what it answers.
    pub asks_ground: bool,
    /// How many colours the terminal has.
    pub colours: Colours,
    /// No colour at all (`NO_COLOR`).
    pub no_color: bool,
    /// ASCII symbols only.
    pub ascii: bool,
    /// Mouse capture.
    pub mouse: bool,
    /// Bytes of log lines held; packed; default 256 MiB.
    pub log_bytes: usize,
    /// The keys of actions.
    pub keys: Keys,
}

/// A theme that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTheme {
    /// Its file.
    pub path: PathBuf,
    /// What stood in it when it was read last.
    pub text: Arc<str>,
}

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Colours {
    /// Red, green and blue as they are named.
    True,
    /// A palette of 256.
    Indexed,
    /// Sixteen, which the terminal defines.
    #[default]
    Sixteen,
}

impl UiSettings {
    pub(in crate::config) fn told(&self, written: &Ui, check: &Check<'_>, sheet: &mut Sheet<'_>) {
        let default = |sheet: &Sheet<'_>, key: &str, otherwise: Option<Origin>| match sheet.written(key) {
            Origin::Default => otherwise.unwrap_or(Origin::Default),
            place => place,
        };
        let set = |names: &[&'static str]| names.iter().find(|name| check.variable(name).is_some()).copied();
        let ground = set(&["COLORFGBG"]).filter(|_| &*self.theme != "dark").map(Origin::Variable);
        let origin = default(sheet, effective::THEME, ground);
        sheet.put(effective::THEME, &self.theme, origin);
        sheet.at_once();
        let locale = set(&["LC_ALL", "LC_CTYPE", "LANG"]).filter(|_| self.ascii).map(Origin::Variable);
        let origin = match set(&["FLIGHTDECK_ASCII"]) {
            _ if check.flags.ascii => Origin::Flag("--ascii"),
            Some(name) => Origin::Variable(name),
            None => default(sheet, "ui.ascii", locale),
        };
        sheet.put("ui.ascii", self.ascii, origin);
        sheet.at_once();
        sheet.add("ui.mouse", self.mouse);
        sheet.at_once();
        sheet.add("ui.log_memory", format!("{}MiB", self.log_bytes >> 20));
        let origin = match set(&["NO_COLOR", "FLIGHTDECK_NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "CLICOLOR"]) {
            _ if check.flags.no_color => Origin::Flag("--no-color"),
            Some(name) => Origin::Variable(name),
            None => set(&["COLORTERM", "TERM"]).map_or(Origin::Default, Origin::Variable),
        };
        let colours = match self.colours {
            _ if self.no_color => "none",
            Colours::True => "true colours",
            Colours::Indexed => "256",
            Colours::Sixteen => "16",
        };
        sheet.put("colours", colours, origin);
        for name in written.keys.keys() {
            let entry = self.keys.entries().iter().find(|entry| entry.name == name);
            let keys = entry.map_or_else(|| "ignored: it is not an action".to_owned(), |one| effective::list(one.keys));
            sheet.add(format!("ui.keys.{name}"), keys);
            sheet.at_once();
        }
    }
}

impl Ui {
    pub(in crate::config) fn settings(
        &self,
        check: &Check<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<UiSettings, UserError> {
        let theme = self.theme.as_deref().unwrap_or_else(|| check.ground());
        let own = if THEMES.contains(&theme) { None } else { check.own_theme(theme, warnings) };
        let ascii = check.variable("FLIGHTDECK_ASCII").map(|value| value != "0");
        Ok(UiSettings {
            theme: theme.into(),
            own_theme: own,
            asks_ground: self.theme.is_none() && !check.no_color() && check.asks(),
            colours: check.colours(),
            no_color: check.no_color(),
            ascii: check.flags.ascii || ascii.or(self.ascii).unwrap_or_else(|| !check.unicode()),
            mouse: self.mouse.unwrap_or(true),
            log_bytes: check.bytes(self.log_memory.as_deref().unwrap_or("256MiB"))?,
            keys: keys::keys(&self.keys, check, warnings)?,
        })
    }
}

impl Check<'_> {
    /// The theme of a ground that the terminal tells (`COLORFGBG`, as rxvt, Konsole and others set it); most are dark.
    fn ground(&self) -> &'static str {
        let told = self.variable("COLORFGBG").unwrap_or_default();
        match told.rsplit(';').next() {
            Some("7" | "15") => "light",
            _ => "dark",
        }
    }

    /// Whether a terminal can be asked for its ground: the console of Linux would show the question.
    fn asks(&self) -> bool {
        self.variable("COLORFGBG").is_none() && self.variable("TERM").is_some_and(|term| term != "linux")
    }

    /// `themes/NAME.toml` beside one's own configuration; where it cannot be had, one warning says why.
    fn own_theme(&self, name: &str, warnings: &mut Vec<String>) -> Option<OwnTheme> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let folder = inputs::folder(self.env, "XDG_CONFIG_HOME", ".config").filter(|_| name.chars().all(plain));
        let path = folder.map(|folder| folder.join("flightdeck").join("themes").join(format!("{name}.toml")));
        match path.map(|path| (theme::read(&path), path)) {
            Some((Read::Text(text), path)) => return Some(OwnTheme { path, text }),
            Some((Read::Unreadable(why), _)) => {
                warnings.push(format!("{}: the theme {name} {why}; dark is used", self.name));
            }
            None | Some((Read::Absent, _)) => {
                let shown = name.escape_debug();
                let near =
                    THEMES.iter().min_by_key(|known| strsim::damerau_levenshtein(name, known)).unwrap_or(&"dark");
                warnings.push(format!("{}: ui.theme = \"{shown}\" is not a theme: did you mean `{near}`?", self.name));
            }
        }
        None
    }

    /// How many colours the terminal has, by what it says of itself.
    fn colours(&self) -> Colours {
        let (colour, term) = (self.variable("COLORTERM"), self.variable("TERM").unwrap_or_default());
        let told = colour.is_some_and(|told| told == "truecolor" || told == "24bit");
        let known = ["kitty", "alacritty", "wezterm", "ghostty", "foot", "-direct"];
        match () {
            () if told || known.iter().any(|name| term.contains(name)) => Colours::True,
            () if term.contains("256color") => Colours::Indexed,
            () => Colours::Sixteen,
        }
    }

    /// `NO_COLOR` counts whatever it holds, `0` too: that is its contract.
    fn no_color(&self) -> bool {
        let is = |name: &str, value: &str| self.variable(name).is_some_and(|found| found == value);
        let on = |name: &str| self.variable(name).is_some_and(|value| value != "0");
        let forced = on("CLICOLOR_FORCE") || on("FORCE_COLOR");
        let asked = self.flags.no_color || self.variable("NO_COLOR").is_some() || on("FLIGHTDECK_NO_COLOR");
        asked || (!forced && (is("CLICOLOR", "0") || self.variable("TERM").is_some_and(|term| monochrome(&term))))
    }

    /// Whether text may be more than ASCII: a locale that is set says so by its encoding. Where none is set, nothing was said.
    fn unicode(&self) -> bool {
        // The console of Linux has a font of 512 letters, whatever the locale says.
        if self.variable("TERM").is_some_and(|term| term == "linux" || term.starts_with("linux-")) {
            return false;
        }
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.variable(name));
        locale.is_none_or(|locale| {
            let plain = locale.to_lowercase().replace('-', "");
            plain.ends_with("utf8") || plain.contains("utf8@")
        })
    }

    fn bytes(&self, text: &str) -> Result<usize, UserError> {
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
    use crate::config::load;

    #[test]
    fn what_draws_only_ascii_is_known_by_its_locale_or_its_name() {
        let ascii = |lang: &str, term: &str| {
            let env = |name: &str| match name {
                "LANG" => Some(lang.to_owned()).filter(|lang| !lang.is_empty()),
                "TERM" => Some(term.to_owned()),
                _ => None,
            };
            let text = "[[environments]]\nname = \"x\"\ntier = \"production\"\n";
            load::parse(text, None, &load::Flags::default(), &env).unwrap().ui.ascii
        };
        assert!(ascii("C", "xterm-256color") && ascii("en_US.UTF-8", "linux") && ascii("", "linux-16color"));
        assert!(!ascii("en_US.UTF-8", "xterm-256color") && !ascii("", "screen.linux"));
    }

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

    #[test]
    fn a_theme_that_cannot_be_used_is_told_once_by_what_is_wrong_with_it() {
        let home = tempfile::tempdir().unwrap();
        let themes = home.path().join("flightdeck/themes");
        std::fs::create_dir_all(themes.join("folder.toml")).unwrap();
        std::fs::write(themes.join("large.toml"), "#".repeat(64 * 1024 + 1)).unwrap();
        std::fs::write(themes.join("fine.toml"), "ok = { fg = \"green\" }\n").unwrap();
        let shown = home.path().display().to_string();
        let env = |name: &str| (name == "XDG_CONFIG_HOME").then(|| shown.clone());
        let told = |theme: &str| {
            let text = format!("[ui]\ntheme = \"{theme}\"\n[[environments]]\nname = \"x\"\ntier = \"production\"\n");
            let settings = load::parse(&text, None, &load::Flags::default(), &env).unwrap();
            let theme = settings.warnings.iter().filter(|one| one.contains("theme")).cloned().collect::<Vec<_>>();
            (theme, settings.ui.own_theme.is_some())
        };
        for (theme, why) in [
            ("folder", "the theme folder cannot be read: it is a folder, not a file; dark is used"),
            ("large", "the theme large is no text of at most 64 KiB; dark is used"),
            ("darc", "ui.theme = \"darc\" is not a theme: did you mean `dark`?"),
        ] {
            let (warnings, found) = told(theme);
            let [one] = &warnings[..] else { panic!("{theme}: {warnings:?}") };
            assert!(one.contains(why) && !found, "{one}");
        }
        assert_eq!(told("fine"), (Vec::new(), true));
        assert_eq!(told("dark"), (Vec::new(), false));
    }
}
