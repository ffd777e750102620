//! Semantic roles to styles. Every state is symbol + word + colour, so that grey, ASCII and `NO_COLOR` lose nothing.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use serde::{Deserialize, Deserializer};

use crate::config::UiSettings;
use crate::domain::environment::Status;
use crate::domain::log::Level;
use crate::domain::operation::StepState;
use crate::domain::state::State;

const DARK: &str = include_str!("../../assets/themes/dark.toml");
const LIGHT: &str = include_str!("../../assets/themes/light.toml");
const MONO: &str = include_str!("../../assets/themes/mono.toml");
const HIGH_CONTRAST: &str = include_str!("../../assets/themes/high-contrast.toml");

/// Frames in ASCII: production is drawn with other characters, not only in another colour.
const ASCII: border::Set<'static> = frame("+", "|", "-");
const ASCII_PROD: border::Set<'static> = frame("#", "#", "=");

const fn frame(corner: &'static str, side: &'static str, line: &'static str) -> border::Set<'static> {
    border::Set {
        top_left: corner,
        top_right: corner,
        bottom_left: corner,
        bottom_right: corner,
        vertical_left: side,
        vertical_right: side,
        horizontal_top: line,
        horizontal_bottom: line,
    }
}

/// A colour by its name, its number, or `#rrggbb`.
fn color<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Color>, D::Error> {
    let name = String::deserialize(from)?;
    name.parse().map(Some).map_err(|_| serde::de::Error::custom(format!("{name} is not a colour")))
}

/// How one role looks.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RoleStyle {
    #[serde(deserialize_with = "color")]
    fg: Option<Color>,
    #[serde(deserialize_with = "color")]
    bg: Option<Color>,
    bold: bool,
    dim: bool,
    reversed: bool,
    underlined: bool,
}

impl RoleStyle {
    fn style(self) -> Style {
        let flags = [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.reversed, Modifier::REVERSED),
            (self.underlined, Modifier::UNDERLINED),
        ];
        let set = flags.into_iter().filter(|(on, _)| *on).map(|(_, modifier)| modifier);
        Style { fg: self.fg, bg: self.bg, ..Style::new() }.add_modifier(set.collect())
    }
}

/// The roles of a theme file.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Roles {
    ok: RoleStyle,
    warn: RoleStyle,
    fail: RoleStyle,
    running: RoleStyle,
    paused: RoleStyle,
    unknown: RoleStyle,
    selected: RoleStyle,
    prod: RoleStyle,
    focus: RoleStyle,
    dim: RoleStyle,
    strong: RoleStyle,
    banner: RoleStyle,
    /// Sources of log lines, one after the other.
    sources: [RoleStyle; 6],
}

/// How things look.
#[derive(Debug, Clone)]
pub struct Theme {
    roles: Roles,
    ascii: bool,
}

impl Theme {
    /// The theme that the settings name, `dark` for an unknown name. Without colour it is `mono`, whatever is named.
    #[must_use]
    pub fn load(ui: &UiSettings) -> Self {
        let source = match &*ui.theme {
            _ if ui.no_color => MONO,
            "mono" => MONO,
            "light" => LIGHT,
            "high-contrast" => HIGH_CONTRAST,
            _ => DARK,
        };
        // The files are part of the program and a test reads them all: plain roles are never seen.
        Self { roles: toml::from_str(source).unwrap_or_default(), ascii: ui.ascii }
    }

    /// Symbol of a status.
    #[must_use]
    pub fn symbol(&self, status: Status) -> &'static str {
        match (status, self.ascii) {
            (Status::Ok, false) => "✔",
            (Status::Ok, true) => "+",
            (Status::Fail, false) => "✖",
            (Status::Fail, true) => "x",
            (Status::Running, false) => "◌",
            (Status::Running, true) => "~",
            (Status::Paused, false) => "‖",
            (Status::Paused, true) => "=",
            (Status::Warn, false) => "▲",
            (Status::Warn, true) => "!",
            (Status::Unknown, _) => "?",
        }
    }

    /// Mark of a step of an operation. What is still to do waits for nothing.
    #[must_use]
    pub fn step(&self, state: &StepState) -> &'static str {
        match state {
            StepState::Todo => self.glyph("○", "o"),
            StepState::Skipped => self.glyph("–", "-"),
            other => self.symbol(other.status()),
        }
    }

    /// Mark of a state.
    #[must_use]
    pub fn mark(&self, state: State) -> &'static str {
        state.mark(self.ascii)
    }

    /// Before a badge: something that stands beside a state.
    #[must_use]
    pub fn badge(&self) -> &'static str {
        if self.ascii { "#" } else { "◆" }
    }

    /// Style of a state.
    #[must_use]
    pub fn state(&self, state: State) -> Style {
        self.status(state.tone())
    }

    /// Style of a status.
    #[must_use]
    pub fn status(&self, status: Status) -> Style {
        let look = match status {
            Status::Ok => self.roles.ok,
            Status::Fail => self.roles.fail,
            Status::Running => self.roles.running,
            Status::Paused => self.roles.paused,
            Status::Unknown => self.roles.unknown,
            Status::Warn => self.roles.warn,
        };
        look.style()
    }

    /// Style of a log level.
    #[must_use]
    pub fn level(&self, level: Level) -> Style {
        match level {
            Level::Error | Level::Fatal => self.status(Status::Fail),
            Level::Warn => self.status(Status::Warn),
            Level::Info => Style::new(),
            Level::Trace | Level::Debug => self.dim(),
        }
    }

    /// Style of the name of a source of log lines, by its number. The name tells it where there is no colour.
    #[must_use]
    pub fn source(&self, number: usize) -> Style {
        self.roles.sources[number % self.roles.sources.len()].style()
    }

    /// Less important text.
    #[must_use]
    pub fn dim(&self) -> Style {
        self.roles.dim.style()
    }

    /// Titles and keys.
    #[must_use]
    pub fn strong(&self) -> Style {
        self.roles.strong.style()
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Style {
        self.roles.selected.style()
    }

    /// The frame of production, in every theme.
    #[must_use]
    pub fn prod(&self) -> Style {
        self.roles.prod.style()
    }

    /// The focused frame.
    #[must_use]
    pub fn focus(&self) -> Style {
        self.roles.focus.style()
    }

    /// The FAIL banner.
    #[must_use]
    pub fn banner(&self) -> Style {
        self.roles.banner.style()
    }

    /// The lines of a frame: thick around production.
    #[must_use]
    pub fn border(&self, prod: bool) -> border::Set<'static> {
        match (self.ascii, prod) {
            (false, false) => border::ROUNDED,
            (false, true) => border::THICK,
            (true, false) => ASCII,
            (true, true) => ASCII_PROD,
        }
    }

    fn glyph(&self, full: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { full }
    }

    /// Stands between two facts of one line.
    #[must_use]
    pub fn dot(&self) -> &'static str {
        self.glyph("·", "-")
    }

    /// From before to after.
    #[must_use]
    pub fn arrow(&self) -> &'static str {
        self.glyph("→", "->")
    }

    /// More stands above.
    #[must_use]
    pub fn up(&self) -> &'static str {
        self.glyph("↑", "^")
    }

    /// More stands below.
    #[must_use]
    pub fn down(&self) -> &'static str {
        self.glyph("↓", "v")
    }

    /// Two that should be the same are not.
    #[must_use]
    pub fn differs(&self) -> &'static str {
        self.glyph("≠", "!=")
    }

    /// The keys go here.
    #[must_use]
    pub fn here(&self) -> &'static str {
        self.glyph("▸", ">")
    }

    /// Where the next typed letter goes.
    #[must_use]
    pub fn cursor(&self) -> &'static str {
        self.glyph("▏", "_")
    }

    /// Bars of a sparkline, from low to high.
    #[must_use]
    pub fn bars(&self) -> &'static [&'static str] {
        if self.ascii { &[".", ":", "|"] } else { &["▁", "▂", "▃", "▄", "▅", "▆", "▇"] }
    }

    /// Stands for a letter that is not to be seen.
    #[must_use]
    pub fn veil(&self) -> char {
        if self.ascii { '#' } else { '░' }
    }

    /// A match of what was looked for.
    #[must_use]
    pub fn found(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The mark of a cut text.
    #[must_use]
    pub fn ellipsis(&self) -> &'static str {
        self.glyph("…", "~")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_file_is_read_whole() {
        for source in [DARK, LIGHT, MONO, HIGH_CONTRAST] {
            let read: Result<Roles, _> = toml::from_str(source);
            let roles = read.unwrap();
            assert!(roles.banner.bold && roles.prod.bold, "production stands out");
        }
    }

    #[test]
    fn the_theme_without_colour_has_none() {
        assert!(!MONO.contains("fg") && !MONO.contains("bg"));
    }
}
