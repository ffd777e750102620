//! The settings in force, where each came from, and what becomes of them when one's own configuration is written anew: what is about the
//! screen and the rhythm is used at once, the rest after a restart.

use std::collections::BTreeMap;

use super::effect::Effect;
use super::model::Model;
use crate::config::effective::{Applies, Effective};
use crate::config::{PollSettings, Settings, UiSettings};
use crate::domain::amount::amount_does;
use crate::domain::notice::Notice;
use crate::sanitize::Text;

/// A setting as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// What is in force.
    pub now: Effective,
    /// What is written meanwhile, and used after a restart.
    pub next: Option<Text>,
}

/// All of them.
#[derive(Debug, Clone)]
pub struct InForce {
    pub(in crate::app) rows: Vec<Setting>,
    /// Why they could not be read anew.
    pub(in crate::app) broken: Option<Text>,
    ui: UiSettings,
    poll: PollSettings,
    /// The theme that was there when the console began: its file is watched.
    begun: std::sync::Arc<str>,
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
        let rows = settings.effective.iter().map(|now| Setting { now: now.clone(), next: None }).collect();
        let (ui, begun) = (settings.ui.clone(), settings.ui.theme.clone());
        Self { rows, broken: None, ui, poll: settings.poll, begun }
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

    /// Whether the theme in use is the one whose file is watched.
    pub(in crate::app) fn watched(&self) -> bool {
        self.ui.theme == self.begun
    }
}

/// Takes in what was read anew; of what cannot be read, the settings before stay in force.
pub(super) fn read_anew(model: &mut Model, read: Result<Box<Reread>, Text>) -> Vec<Effect> {
    let read = match read {
        Ok(read) => read,
        Err(why) => {
            model.screen.notice = Some(Notice::failed(format!("{why}; the previous settings stay in use")));
            model.facts.in_force.broken = Some(why);
            return Vec::new();
        }
    };
    // What the project file says now is used when the person says so.
    let project = model.facts.project_file.as_ref().map(|file| &file.digest);
    if model.facts.project_changed || read.project.as_ref() != project {
        let menu = model.screen.keys.of(crate::action::Action::Menu);
        let says =
            format!("flightdeck.toml has changed too; the previous settings stay in use: {menu} 0 asks about it");
        model.screen.notice = Some(Notice::refused(says));
        return Vec::new();
    }
    let mut effects = Vec::new();
    let in_force = &mut model.facts.in_force;
    in_force.rows = merged(std::mem::take(&mut in_force.rows), read.effective);
    in_force.broken = None;
    let old = std::mem::replace(&mut in_force.ui, read.ui);
    let ui = &in_force.ui;
    model.screen.keys = ui.keys;
    model.screen.pending = None;
    if (&ui.theme, &ui.own_theme, ui.ascii) != (&old.theme, &old.own_theme, old.ascii) {
        model.screen.theme = None;
        effects.push(Effect::Look(Box::new(ui.clone())));
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

/// What is in force after other settings were read.
fn merged(old: Vec<Setting>, new: Vec<Effective>) -> Vec<Setting> {
    let mut before: BTreeMap<Text, Setting> = old.into_iter().map(|row| (row.now.key.clone(), row)).collect();
    let mut rows: Vec<Setting> = Vec::with_capacity(new.len());
    for new in new {
        let old = before.remove(&new.key);
        rows.push(match (new.applies, old) {
            (Applies::AtOnce, _) => Setting { now: new, next: None },
            (Applies::Restarted, Some(Setting { now, .. })) if now.value == new.value => {
                Setting { now: new, next: None }
            }
            (Applies::Restarted, Some(Setting { now, .. })) => Setting { now, next: Some(new.value) },
            (Applies::Restarted, None) => {
                let next = Some(new.value.clone());
                Setting { now: Effective { value: Text::clean("none"), ..new }, next }
            }
        });
    }
    let gone = before.into_values().filter(|row| row.now.applies == Applies::Restarted);
    rows.extend(gone.map(|row| Setting { next: Some(Text::clean("none")), ..row }));
    rows
}
