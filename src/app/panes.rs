//! The panes: what each of them lists, and what keys do to its rows. One more pane is a value of [`Pane`], a line in [`Pane::listed`] and a
//! file below `panes/`; how it is drawn stands in `ui/panes` alike.

mod environments;
mod health;
mod journal;
mod logs;
mod pipeline;
mod readiness;
mod releases;
mod secrets;
mod settings;
mod timeline;

use super::dialogs::Overlay;
use super::geometry::scrolled;
use super::hints::Hint;
use super::model::Model;
use super::msg::Now;
use crate::action::Action;
use crate::app::insight::detail::Subject;
use crate::app::insight::needs::Need;
use crate::app::insight::timeline::EventId;
use crate::domain::feed::FeedId;
use crate::domain::health::ProbeId;
use crate::domain::ids::{DeploymentId, EnvId, ServiceId};
use crate::domain::notice::Notice;
use crate::domain::readiness::Criterion;
use crate::sanitize::Text;

/// A full-screen view; the number is its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The four panes.
    Dashboard,
    /// One pane over the whole screen.
    Only(Pane),
}

/// A pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pane {
    /// Environments and their services.
    Environments,
    /// Log lines.
    Logs,
    /// Probes.
    Health,
    /// The matrix of secrets.
    Secrets,
    /// Deployments.
    Releases,
    /// Runs, jobs, steps, gates.
    Pipeline,
    /// What happened, newest first.
    Timeline,
    /// What was done by hand, newest first.
    Journal,
    /// What speaks for and against a promotion.
    Readiness,
    /// What every setting comes to, and where that came from.
    Settings,
}

/// The panes of the dashboard in the order of tab.
pub const DASHBOARD: [Pane; 4] = [Pane::Environments, Pane::Logs, Pane::Health, Pane::Secrets];

/// Views that have a number as their key.
const NUMBERED: usize = 9;

impl Pane {
    /// Every pane, in the order of the numbers of their views.
    pub const ALL: [Self; 10] = [
        Self::Environments,
        Self::Releases,
        Self::Pipeline,
        Self::Logs,
        Self::Health,
        Self::Secrets,
        Self::Timeline,
        Self::Journal,
        Self::Readiness,
        Self::Settings,
    ];

    /// Those whose view has a number as its key.
    #[must_use]
    pub fn numbered() -> &'static [Self] {
        &Self::ALL[..NUMBERED]
    }

    /// The others: a list leads to their views.
    #[must_use]
    pub fn further() -> &'static [Self] {
        &Self::ALL[NUMBERED..]
    }

    /// What it lists.
    #[must_use]
    pub fn listed(self) -> &'static dyn Listed {
        match self {
            Self::Environments => &environments::Environments,
            Self::Logs => &logs::Logs,
            Self::Health => &health::Health,
            Self::Secrets => &secrets::Secrets,
            Self::Releases => &releases::Releases,
            Self::Pipeline => &pipeline::Pipeline,
            Self::Timeline => &timeline::Timeline,
            Self::Journal => &journal::Journal,
            Self::Readiness => &readiness::Readiness,
            Self::Settings => &settings::Settings,
        }
    }

    /// The number of its view.
    #[must_use]
    pub fn number(self) -> u8 {
        let index = Self::ALL.iter().position(|pane| *pane == self);
        index.and_then(|index| u8::try_from(index + 1).ok()).unwrap_or_default()
    }

    /// The view that a number opens; the dashboard is the first.
    #[must_use]
    pub fn view(number: u8) -> View {
        let index = usize::from(number).checked_sub(1);
        let pane = index.filter(|index| *index > 0).and_then(|index| Self::ALL.get(index));
        pane.map_or(View::Dashboard, |pane| View::Only(*pane))
    }
}

/// What is selected in each pane: identities, never row numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// An environment, or one of its services.
    pub place: Option<Place>,
    /// A probe.
    pub probe: Option<ProbeId>,
    /// A secret's name.
    pub secret: Option<Text>,
    /// A run.
    pub run: Option<u64>,
    /// A deployment.
    pub deployment: Option<(ServiceId, DeploymentId)>,
    /// An event of the timeline.
    pub event: Option<EventId>,
    /// A row of the journal.
    pub row: Option<i64>,
    /// A point of the readiness list.
    pub check: Option<Criterion>,
    /// A setting's key.
    pub setting: Option<Text>,
}

/// A row of the environments pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// An environment.
    Env(EnvId),
    /// A service.
    Service(ServiceId),
    /// Something about an environment that a person has to know of.
    Need(EnvId, Need),
}

impl Place {
    /// The environment that it belongs to.
    #[must_use]
    pub fn env(&self) -> &EnvId {
        match self {
            Self::Env(env) | Self::Need(env, _) => env,
            Self::Service(service) => &service.env,
        }
    }
}

/// How a selection moves.
#[derive(Debug, Clone, Copy)]
pub enum Go {
    /// By rows.
    By(isize),
    /// To the row that is drawn as the n-th of so many.
    Drawn(usize, usize),
}

/// What a pane lists, and what keys do to it.
pub trait Listed: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Its name where there is room for a word of a few letters.
    fn short(&self) -> &'static str;

    /// Whether it is made of what this feed reads.
    fn made_of(&self, feed: &FeedId) -> bool;

    /// What it says while it lists nothing: what would fill it.
    fn empty(&self, model: &Model) -> &'static str;

    /// Whether a row is chosen. What a person chose stays chosen.
    fn chosen(&self, model: &Model) -> bool;

    /// Moves what is chosen; to the first row where none is.
    fn go(&self, model: &mut Model, go: Go);

    /// Rows that stand above the first one of the list; `None` where what is drawn in a row is not always one of the list.
    fn above(&self) -> Option<usize> {
        Some(0)
    }

    /// Opens the chosen row. It never confirms anything.
    fn open(&self, model: &mut Model, now: Now);

    /// The chosen row as a thing of which everything known can be told; `None` where it only leads elsewhere.
    fn subject(&self, _model: &Model, _now: Now) -> Option<Subject> {
        None
    }

    /// What the keys of operations act on while it has the keys: what is under the cursor, where that belongs to an environment.
    fn target(&self, model: &Model) -> Option<Place> {
        model.screen.selection.place.clone()
    }

    /// What the chosen row is called by its platform.
    fn identity(&self, model: &Model, now: Now) -> Option<String>;

    /// What keys do to the chosen row as it stands, the most needed first. What is always there is no part of it.
    fn hints(&self, _model: &Model, _now: Now) -> Vec<Hint> {
        vec![Hint::new(Action::Enter, "open")]
    }

    /// Its page in the browser.
    fn address(&self, _model: &Model) -> Option<String> {
        None
    }
}

/// Opens everything that is known of a thing.
fn details(model: &mut Model, subject: Option<Subject>) {
    match subject {
        Some(subject) => model.dialog.overlay = Some(Overlay::Detail(subject)),
        None => model.screen.notice = Some(Notice::refused("nothing is here yet that could be opened")),
    }
}

/// Moves to another identity; to the first when none is selected or it has gone.
fn moved<T: PartialEq>(all: Vec<T>, selected: &mut Option<T>, how: Go) {
    let Some(last) = all.len().checked_sub(1) else { return };
    let at = selected.as_ref().and_then(|selected| all.iter().position(|one| one == selected));
    let next = match how {
        Go::By(by) => at.map_or(0, |at| at.saturating_add_signed(by).min(last)),
        Go::Drawn(row, rows) => {
            let row = scrolled(at, rows) + row;
            if row > last {
                return;
            }
            row
        }
    };
    *selected = all.into_iter().nth(next);
}
