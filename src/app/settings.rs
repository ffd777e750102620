//! The settings in force, where each came from, and what becomes of them when one's own configuration is written anew: what is about the
//! screen and the rhythm is used at once, the rest after a restart.

mod rows;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::effect::Effect;
use super::model::Model;
use crate::config::effective::Effective;
use crate::config::{PollSettings, Settings, UiSettings};
use crate::domain::amount::amount_does;
use crate::domain::notice::Notice;
use crate::domain::trust::ProjectFile;
use crate::sanitize::Text;
pub use rows::Setting;

/// All of them.
#[derive(Debug, Clone)]
pub struct InForce {
    pub(in crate::app) rows: Vec<Setting>,
    /// Why they could not be read anew.
    pub(in crate::app) broken: Option<Text>,
    ui: UiSettings,
    poll: PollSettings,
    /// What the terminal said of its ground last: it is light. `None` = it said nothing.
    ground: Option<bool>,
    /// The project file that they were read from.
    project: Option<ProjectFile>,
    /// One's own configuration was written anew and not taken in, because the project file was another one.
    skipped: bool,
    /// One's own configuration, where it would lie.
    own: Option<PathBuf>,
    /// It was written anew, and is not read yet.
    unread: bool,
}

/// Settings that were read anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Reread {
    /// How the screen looks.
    pub ui: UiSettings,
    /// Rhythm of feeds.
    pub poll: PollSettings,
    /// Every setting.
    pub effective: Vec<Effective>,
    /// The digest of the project file.
    pub project: Option<String>,
    /// The first thing that is odd about what is written.
    pub warning: Option<String>,
}

impl From<Settings> for Reread {
    fn from(settings: Settings) -> Self {
        let project = settings.project_file.map(|file| file.digest);
        let warning = settings.warnings.into_iter().next();
        Self { ui: settings.ui, poll: settings.poll, effective: settings.effective, project, warning }
    }
}

impl InForce {
    pub(in crate::app) fn new(settings: &Settings) -> Self {
        let rows = settings.effective.iter().cloned().map(Setting::read).collect();
        Self {
            rows,
            broken: None,
            ui: settings.ui.clone(),
            poll: settings.poll,
            ground: None,
            project: settings.project_file.clone(),
            skipped: false,
            own: settings.own_file.as_ref().map(|own| own.path.clone()),
            unread: false,
        }
    }

    /// Every setting.
    #[must_use]
    pub fn rows(&self) -> &[Setting] {
        &self.rows
    }

    /// Why they could not be read anew.
    #[must_use]
    pub fn broken(&self) -> Option<&Text> {
        self.broken.as_ref()
    }

    /// How many are used after a restart only.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.rows.iter().filter(|row| row.next.is_some()).count()
    }

    /// How the screen looks: as the settings say, with the theme of the terminal's ground where they leave it to that.
    #[must_use]
    pub fn look(&self) -> UiSettings {
        let theme = self.of_ground().map_or_else(|| self.ui.theme.clone(), Arc::from);
        UiSettings { theme, ..self.ui.clone() }
    }

    /// The theme of the terminal's ground, where the settings leave it to that.
    fn of_ground(&self) -> Option<&'static str> {
        let light = self.ground.filter(|_| self.ui.asks_ground)?;
        Some(if light { "light" } else { "dark" })
    }

    /// Takes in what the terminal says of its ground.
    pub(in crate::app) fn stands_on(&mut self, light: bool) {
        self.ground = Some(light);
        self.tell_ground();
    }

    /// Has the row of the theme tell what is worn.
    fn tell_ground(&mut self) {
        if let Some(theme) = self.of_ground() {
            rows::theme(&mut self.rows, theme);
        }
    }

    /// Takes in another text of a theme's file, where that is the theme of the settings.
    pub(in crate::app) fn rewritten(&mut self, path: &Path, text: Arc<str>) {
        if let Some(own) = self.ui.own_theme.as_mut().filter(|own| own.path == path) {
            own.text = text;
        }
    }

    /// One's own configuration was written anew.
    pub(in crate::app) fn written(&mut self) {
        self.unread = true;
    }

    /// One's own configuration, where it was written anew and is not read yet.
    pub(in crate::app) fn unread(&self) -> Option<&Path> {
        self.own.as_deref().filter(|_| self.unread)
    }

    /// Whether this project file is the one that they were read from.
    pub(in crate::app) fn came_from(&self, file: &ProjectFile) -> bool {
        self.project.as_ref().is_some_and(|used| (&used.digest, used.approved) == (&file.digest, file.approved))
    }

    /// Whether one's own configuration has to be read once more, because it was written anew and not taken in.
    pub(in crate::app) fn take_skipped(&mut self) -> bool {
        std::mem::take(&mut self.skipped)
    }
}

/// Takes in what was read anew; of what cannot be read, the settings before stay in force.
pub(super) fn read_anew(model: &mut Model, read: Result<Box<Reread>, Text>) -> Vec<Effect> {
    model.facts.in_force.unread = false;
    let read = match read {
        Ok(read) => read,
        Err(why) => {
            model.screen.notice = Some(Notice::failed(format!("{why}; the previous settings stay in use")));
            model.facts.in_force.broken = Some(why);
            return Vec::new();
        }
    };
    let in_force = &mut model.facts.in_force;
    // It could be read, whether or not it is used.
    in_force.broken = None;
    // What the project file says now is used when the person says so.
    let project = in_force.project.as_ref().map(|file| &file.digest);
    if model.facts.project_changed || read.project.as_ref() != project {
        in_force.skipped = true;
        let menu = model.screen.keys.of(crate::action::Action::Menu);
        let says =
            format!("flightdeck.toml has changed too; the previous settings stay in use: {menu} 0 asks about it");
        model.screen.notice = Some(Notice::refused(says));
        return Vec::new();
    }
    let mut effects = Vec::new();
    in_force.skipped = false;
    in_force.rows = rows::merged(std::mem::take(&mut in_force.rows), read.effective);
    let old = std::mem::replace(&mut in_force.ui, read.ui);
    in_force.tell_ground();
    let ui = &in_force.ui;
    model.screen.keys = ui.keys;
    model.screen.pending = None;
    if ui.asks_ground && !old.asks_ground {
        effects.push(Effect::AskGround);
    }
    if ui.own_theme != old.own_theme {
        effects.push(Effect::WatchTheme(ui.own_theme.clone()));
    }
    if ui.mouse != old.mouse {
        model.screen.mouse = ui.mouse;
        effects.push(Effect::Mouse(ui.mouse));
    }
    if in_force.poll != read.poll {
        in_force.poll = read.poll;
        effects.push(Effect::Poll(read.poll));
    }
    let waiting = in_force.waiting();
    let settings = model.screen.keys.of(crate::action::Action::View(super::model::Pane::Settings.number()));
    let rest = match waiting {
        0 => String::new(),
        some => format!(
            "; {} after a restart: {settings} lists them",
            amount_does(some, "setting", ("is used", "are used"))
        ),
    };
    let says = format!("the configuration was read anew{rest}");
    model.screen.notice = Some(match read.warning {
        Some(warning) => Notice::refused(format!("{says}; {}", Text::clean(&warning))),
        None => Notice::done(says),
    });
    effects
}
