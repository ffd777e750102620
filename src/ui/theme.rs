//! Semantic roles to styles. Every state is symbol + word + colour, so that grey, ASCII and `NO_COLOR` lose nothing.

use ratatui::style::{Color, Modifier, Style};

use crate::config::UiSettings;
use crate::domain::environment::Status;
use crate::domain::log::Level;

/// How things look.
#[derive(Debug, Clone)]
pub struct Theme {
    colors: bool,
    light: bool,
    ascii: bool,
}

impl Theme {
    /// The theme that the settings name.
    #[must_use]
    pub fn load(ui: &UiSettings) -> Self {
        Self { colors: !ui.no_color && &*ui.theme != "mono", light: &*ui.theme == "light", ascii: ui.ascii }
    }

    fn fg(&self, color: Color) -> Style {
        if self.colors { Style::new().fg(color) } else { Style::new() }
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
            (Status::Warn, false) => "⚠",
            (Status::Warn, true) => "!",
            (Status::Unknown, _) => "?",
        }
    }

    /// Style of a status.
    #[must_use]
    pub fn status(&self, status: Status) -> Style {
        match status {
            Status::Ok => self.fg(Color::Green),
            Status::Fail => self.fg(Color::Red).add_modifier(Modifier::BOLD),
            Status::Running => self.fg(Color::Blue),
            Status::Paused | Status::Unknown => self.dim(),
            Status::Warn => self.fg(if self.light { Color::Magenta } else { Color::Yellow }),
        }
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

    /// Less important text.
    #[must_use]
    pub fn dim(&self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Titles and keys.
    #[must_use]
    pub fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The frame of production, in every theme.
    #[must_use]
    pub fn prod(&self) -> Style {
        self.fg(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// The focused frame.
    #[must_use]
    pub fn focus(&self) -> Style {
        self.fg(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// The FAIL banner.
    #[must_use]
    pub fn banner(&self) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED);
        if self.colors { style.fg(Color::Red) } else { style }
    }

    /// Bars of a sparkline, from low to high.
    #[must_use]
    pub fn bars(&self) -> &'static [&'static str] {
        if self.ascii { &[".", ":", "|"] } else { &["▁", "▂", "▃", "▄", "▅", "▆", "▇"] }
    }

    /// The mark of a cut text.
    #[must_use]
    pub fn ellipsis(&self) -> &'static str {
        if self.ascii { "~" } else { "…" }
    }
}
