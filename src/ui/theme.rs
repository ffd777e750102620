//! Semantic roles to styles. Every state is symbol + word + colour, so that grey, ASCII and `NO_COLOR` lose nothing.

mod palette;

use ratatui::style::{Modifier, Style};
use ratatui::symbols::border;

use crate::config::UiSettings;
use crate::domain::environment::Status;
use crate::domain::log::Level;
use crate::domain::operation::StepState;
use crate::domain::state::State;
use palette::Roles;

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

/// How things look.
#[derive(Debug, Clone)]
pub struct Theme {
    roles: Roles,
    ascii: bool,
}

impl Theme {
    /// The theme that the settings name: one of one's own, or one of the program's, `dark` for an unknown name. Without colour it is
    /// `mono`, whatever is named. One's own that cannot be read is `dark` as well.
    #[must_use]
    pub fn load(ui: &UiSettings) -> Self {
        let own = ui.own_theme.as_ref().filter(|_| !ui.no_color);
        let own = own.and_then(|own| Self::read(ui, &own.text).ok());
        own.unwrap_or_else(|| {
            let name = if ui.no_color { "mono" } else { &*ui.theme };
            Self { roles: palette::shipped(name).at(ui.colours), ascii: ui.ascii }
        })
    }

    /// The theme of a ground that the terminal has told.
    #[must_use]
    pub fn of_ground(ui: &UiSettings, light: bool) -> Self {
        let theme = if light { "light" } else { "dark" };
        Self::load(&UiSettings { theme: theme.into(), ..ui.clone() })
    }

    /// A theme from the text of a file.
    ///
    /// # Errors
    /// What is wrong in it, with its line.
    pub fn read(ui: &UiSettings, text: &str) -> Result<Self, String> {
        let roles: Roles = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self { roles: roles.at(ui.colours), ascii: ui.ascii })
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
            StepState::Skipped => self.idle(),
            other => self.symbol(other.status()),
        }
    }

    /// Mark of what is not done, or not looked at, because nothing asks for it.
    #[must_use]
    pub fn idle(&self) -> &'static str {
        self.glyph("–", "-")
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

    /// What lies behind the selected row where it keeps its colours; `None` where it is one colour.
    #[must_use]
    pub fn tint(&self) -> Option<Style> {
        let style = self.selected();
        (style.bg.is_some() && !style.add_modifier.contains(Modifier::REVERSED)).then_some(style)
    }

    /// At the left of the selected row.
    #[must_use]
    pub fn bar(&self) -> &'static str {
        self.glyph("▌", "|")
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

    /// The way between two stations.
    #[must_use]
    pub fn rail(&self) -> &'static str {
        self.glyph("─", "-")
    }

    /// Where it leads, or that there is more of it.
    #[must_use]
    pub fn onward(&self) -> &'static str {
        self.glyph("▸", ">")
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
