//! The model: everything that the screen shows and nothing else. `update` alone changes it.

use super::facts::Facts;
use super::geometry::{Border, Geometry};
use super::layout::Arranged;
use super::msg::Now;
pub use super::panes::{DASHBOARD, Pane, Place, Selection, View};
use crate::action::Keys;
use crate::app::dialogs::Overlay;
use crate::app::insight::needs;
use crate::app::logs::buffer::LogBuf;
use crate::app::logs::display::Reading;
use crate::app::logs::saving::Saving;
use crate::app::operations::dialog::OperationDialog;
use crate::config::Settings;
use crate::domain::environment::EnvInfo;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::notice::Notice;
use crate::domain::release::Deployment;
use crate::sanitize::Text;
use std::collections::{BTreeMap, BTreeSet};

/// The model.
#[derive(Debug)]
pub struct Model {
    /// What is known.
    pub(in crate::app) facts: Facts,
    /// What is shown of it.
    pub(in crate::app) screen: Screen,
    /// What lies over the panes.
    pub(in crate::app) dialog: Dialogs,
    /// The lines of the logs.
    pub(in crate::app) logs: LogView,
}

/// What is shown of it, and where.
#[derive(Debug)]
pub struct Screen {
    /// A log is read without a project: nothing but its lines is known.
    pub(in crate::app) alone: bool,
    /// What is shown.
    pub(in crate::app) view: View,
    /// The pane that keys go to.
    pub(in crate::app) focus: Pane,
    /// The place that was selected before a row led to another one, until the view that it led to is left.
    pub(in crate::app) came_from: Option<Option<Place>>,
    /// Columns and rows of the terminal.
    pub(in crate::app) size: (u16, u16),
    /// Where the last frame put things.
    pub(in crate::app) geometry: Geometry,
    /// How the panes of the dashboard are arranged.
    pub(in crate::app) arranged: Arranged,
    /// The same as it was remembered last.
    pub(in crate::app) kept: Arranged,
    /// The border that the mouse holds.
    pub(in crate::app) dragged: Option<Border>,
    /// The mouse is ours; else it selects text.
    pub(in crate::app) mouse: bool,
    /// The selected things.
    pub(in crate::app) selection: Selection,
    /// The key that is being taken came faster than a person types.
    pub(in crate::app) hurried: bool,
    /// Names, people and messages are veiled.
    pub(in crate::app) private: bool,
    /// The keys in force.
    pub(in crate::app) keys: Keys,
    /// The first of two keys, until the second comes.
    pub(in crate::app) pending: Option<String>,
    /// Titles of what was chosen in the palette lately, the last first.
    pub(in crate::app) recent: Vec<String>,
    /// The last thing told, until the next key.
    pub(in crate::app) notice: Option<Notice>,
}

/// What lies over the panes, and what is typed there.
#[derive(Debug)]
pub struct Dialogs {
    /// What lies over the panes, if anything does.
    pub(in crate::app) overlay: Option<Overlay>,
    /// The first row that shows of the dialog, once a person has scrolled it.
    pub(in crate::app) scroll: Option<usize>,
    /// What the person gives as comment or reason of the operation in the dialog.
    pub(in crate::app) reason: Option<Text>,
    /// Quitting was asked for once while an operation was under way.
    pub(in crate::app) quitting: bool,
    /// Numbers given to questions; an answer to another one is dropped.
    pub(in crate::app) asked: u64,
}

/// The lines of the logs, and how they are read.
#[derive(Debug)]
pub struct LogView {
    /// Log lines.
    pub(in crate::app) lines: LogBuf,
    /// How log lines are shown.
    pub(in crate::app) reading: Reading,
    /// Lines that are being written to a file, if some are.
    pub(in crate::app) saving: Option<Saving>,
    /// Sources that an alarm has hidden, until it is over.
    pub(in crate::app) alarmed: Option<BTreeSet<ServiceId>>,
    /// Logs that no platform gives, and the services whose deployments they are told by.
    pub(in crate::app) told_by: BTreeMap<ServiceId, ServiceId>,
}

impl Model {
    /// A model that knows the settings and nothing else.
    #[must_use]
    pub fn new(settings: &Settings, now: Now) -> Self {
        let facts = Facts::new(settings);
        let production = facts.environments.first().map(|env| Place::Env(env.id.clone()));
        let screen = Screen {
            alone: false,
            hurried: false,
            view: View::Dashboard,
            focus: Pane::Environments,
            size: (0, 0),
            geometry: Geometry::default(),
            arranged: Arranged::default(),
            kept: Arranged::default(),
            dragged: None,
            mouse: settings.ui.mouse,
            selection: Selection { place: production, ..Selection::default() },
            came_from: None,
            private: false,
            keys: settings.ui.keys,
            pending: None,
            recent: Vec::new(),
            notice: settings.warnings.first().map(|warning| Notice::refused(Text::clean(warning))),
        };
        let dialog = Dialogs { overlay: None, scroll: None, reason: None, quitting: false, asked: 0 };
        let logs = LogView {
            told_by: settings
                .log_sources
                .iter()
                .filter_map(|one| Some((one.id.clone(), one.service.clone()?)))
                .collect(),
            lines: LogBuf::new(settings.ui.log_bytes),
            reading: Reading::default(),
            saving: None,
            alarmed: None,
        };
        let mut model = Self { facts, screen, dialog, logs };
        super::trust::ask(&mut model, now);
        model
    }

    /// Arranges the panes of the dashboard as they were left.
    pub fn arrange(&mut self, arranged: Arranged) {
        self.screen.focus = arranged.shown(self.screen.focus);
        self.screen.kept.clone_from(&arranged);
        self.screen.arranged = arranged;
    }

    /// A log is read without a project: its lines fill the screen.
    pub fn reads_alone(&mut self) {
        self.screen.alone = true;
        (self.screen.view, self.screen.focus) = (View::Only(Pane::Logs), Pane::Logs);
    }

    /// Leaves nothing but what is about this environment, and what is about all of them.
    pub fn narrow(&mut self, env: &EnvId) {
        self.facts.narrow(env);
    }

    /// Looks at the lines that are nearest for a filter that was only set.
    pub fn prime(&mut self) {
        self.logs.lines.prime();
    }

    /// Shows the first lines of a log that was read.
    pub fn open_at_the_top(&mut self) {
        self.logs.lines.open_at_the_top();
    }

    /// What is known.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What is shown of it.
    #[must_use]
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// What lies over the panes.
    #[must_use]
    pub fn dialog(&self) -> &Dialogs {
        &self.dialog
    }

    /// The lines of the logs.
    #[must_use]
    pub fn logs(&self) -> &LogView {
        &self.logs
    }

    /// The clock and the ages on the screen change with the seconds.
    #[must_use]
    pub fn needs_tick(&self) -> bool {
        true
    }

    /// Remembers where the last frame put things.
    pub fn set_geometry(&mut self, geometry: Geometry) {
        self.screen.geometry = geometry;
        super::scroll::shown(self);
    }

    /// Rows of the environments pane.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for env in &self.facts.environments {
            places.push(Place::Env(env.id.clone()));
            places.extend(needs::of(self, &env.id).into_iter().map(|need| Place::Need(env.id.clone(), need)));
            places.extend(env.services.iter().map(|service| Place::Service(service.id.clone())));
        }
        places
    }

    /// The environment that the selected place belongs to.
    #[must_use]
    pub fn selected_env(&self) -> Option<&EnvInfo> {
        self.facts.env(self.screen.selection.place.as_ref()?.env())
    }

    /// What the keys of operations act on: what is under the cursor of the pane that has the keys.
    #[must_use]
    pub fn target(&self) -> Option<Place> {
        self.screen.focus.listed().target(self)
    }

    /// The environment that it belongs to.
    #[must_use]
    pub fn target_env(&self) -> Option<&EnvInfo> {
        self.facts.env(self.target()?.env())
    }

    /// Deployments of the selected place, newest first.
    pub fn shown_releases(&self) -> Vec<&Deployment> {
        let mut shown: Vec<&Deployment> = match &self.screen.selection.place {
            Some(Place::Service(id)) => self.facts.releases.get(id).into_iter().flatten().collect(),
            Some(Place::Env(env) | Place::Need(env, _)) => {
                self.facts.releases.iter().filter(|(id, _)| &id.env == env).flat_map(|(_, list)| list).collect()
            }
            None => self.facts.releases.values().flatten().collect(),
        };
        shown.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
        shown
    }
}

impl Screen {
    /// A log is read without a project: nothing but its lines is known.
    #[must_use]
    pub fn alone(&self) -> bool {
        self.alone
    }

    /// What is shown.
    #[must_use]
    pub fn view(&self) -> View {
        self.view
    }

    /// The pane that keys go to.
    #[must_use]
    pub fn focus(&self) -> Pane {
        self.focus
    }

    /// Columns and rows of the terminal.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Where the last frame put things.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// How the panes of the dashboard are arranged.
    #[must_use]
    pub fn arranged(&self) -> &Arranged {
        &self.arranged
    }

    /// The selected things.
    #[must_use]
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Names, people and messages are veiled.
    #[must_use]
    pub fn private(&self) -> bool {
        self.private
    }

    /// The keys in force.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.keys
    }

    /// The first of two keys, until the second comes.
    #[must_use]
    pub fn pending(&self) -> Option<&str> {
        self.pending.as_deref()
    }

    /// The last thing told, until the next key.
    #[must_use]
    pub fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref()
    }
}

impl Dialogs {
    /// What lies over the panes, if anything does.
    #[must_use]
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// The first row that shows of the dialog, once a person has scrolled it.
    #[must_use]
    pub fn scroll(&self) -> Option<usize> {
        self.scroll
    }

    /// The dialog of an operation, if that is what is open.
    #[must_use]
    pub fn operation(&self) -> Option<&OperationDialog> {
        match &self.overlay {
            Some(Overlay::Operation(dialog)) => Some(dialog),
            _ => None,
        }
    }

    /// The dialog of an operation, to be changed by its keys.
    pub(in crate::app) fn operation_mut(&mut self) -> Option<&mut OperationDialog> {
        match &mut self.overlay {
            Some(Overlay::Operation(dialog)) => Some(dialog),
            _ => None,
        }
    }

    /// What the person gives as comment or reason of the operation in the dialog.
    #[must_use]
    pub fn reason(&self) -> Option<&Text> {
        self.reason.as_ref()
    }
}

impl LogView {
    /// Log lines.
    #[must_use]
    pub fn lines(&self) -> &LogBuf {
        &self.lines
    }

    /// How log lines are shown.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.reading
    }
}
