//! Decides where a line of evidence, an event or a check leads: to which pane, and to what in it.

use crate::app::arrange;
use crate::app::dialogs::Overlay;
use crate::app::geometry;
use crate::app::insight::detail::Subject;
use crate::app::keys;
use crate::app::layout::Named;
use crate::app::logs::buffer::Filter;
use crate::app::model::{Model, Pane, Place, View};
use crate::app::operations::dialog::OperationDialog;
use crate::domain::health::ProbeId;
use crate::domain::ids::{DeploymentId, OpId, ServiceId};
use crate::domain::log::Level;
use crate::sanitize::Text;

/// A place to go to.
#[derive(Debug, Clone, PartialEq)]
pub enum Jump {
    /// An environment or a service.
    Place(Place),
    /// A probe.
    Probe(ProbeId),
    /// A secret.
    Secret(Text),
    /// A run.
    Run(u64),
    /// A deployment.
    Deployment(ServiceId, DeploymentId),
    /// An operation with its steps.
    Operation(OpId),
    /// The errors among the log lines of a service.
    Errors(ServiceId),
    /// A pane.
    Pane(Pane),
    /// The dashboard, arranged by this name.
    Layout(Named),
}

impl Jump {
    /// The thing that it leads to, where everything known of that can be told.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        Some(match self {
            Self::Place(Place::Env(env) | Place::Need(env, _)) => Subject::Env(env.clone()),
            Self::Place(Place::Service(id)) => Subject::Service(id.clone()),
            Self::Probe(id) => Subject::Probe(id.clone()),
            Self::Secret(key) => Subject::Secret(key.clone()),
            Self::Run(id) => Subject::Run(*id),
            Self::Deployment(service, id) => Subject::Deployment(service.clone(), id.clone()),
            Self::Operation(_) | Self::Errors(_) | Self::Pane(_) | Self::Layout(_) => return None,
        })
    }
}

/// Goes there: the dashboard keeps its shape where it has the pane.
pub(super) fn to(model: &mut Model, jump: Jump) {
    model.dialog.overlay = None;
    let before = matches!(jump, Jump::Place(_) | Jump::Deployment(..)).then(|| model.screen.selection.place.clone());
    let pane = match jump {
        Jump::Place(place) => {
            model.screen.selection.place = Some(place);
            Pane::Environments
        }
        Jump::Probe(id) => {
            model.screen.selection.probe = Some(id);
            Pane::Health
        }
        Jump::Secret(key) => {
            model.screen.selection.secret = Some(key);
            Pane::Secrets
        }
        Jump::Run(id) => {
            model.screen.selection.run = Some(id);
            Pane::Pipeline
        }
        Jump::Deployment(service, id) => {
            model.screen.selection.place = Some(Place::Service(service.clone()));
            model.screen.selection.deployment = Some((service, id));
            Pane::Releases
        }
        Jump::Operation(op) => {
            model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Following(op)));
            return;
        }
        Jump::Errors(service) => {
            let hidden =
                model.logs.lines.sources().iter().map(|source| source.service.clone()).filter(|one| *one != service);
            let filter = Filter { level: Level::Error, hidden: hidden.collect(), ..Filter::default() };
            model.logs.lines.set_filter(filter);
            Pane::Logs
        }
        Jump::Pane(pane) => pane,
        Jump::Layout(name) => {
            keys::view(model, Pane::Environments.number());
            return arrange::wear(model, name);
        }
    };
    show(model, pane);
    // On the dashboard it is selected before everybody's eyes, and stays so.
    model.screen.came_from = model.screen.came_from.take().or(before).filter(|_| model.screen.view != View::Dashboard);
}

/// Brings a pane into sight and gives it the keys.
pub(super) fn show(model: &mut Model, pane: Pane) {
    if model.screen.view != View::Dashboard || !model.screen.arranged.shows(pane) {
        model.screen.view = View::Only(pane);
    }
    model.screen.focus = pane;
}

/// Whether a pane is on the screen, as far as the view, the size and the focus decide it.
pub(super) fn seen(model: &Model, pane: Pane) -> bool {
    let arranged = &model.screen.arranged;
    match model.screen.view {
        View::Only(one) => one == pane,
        View::Dashboard if !geometry::one_column(model.screen.size) => arranged.shows(pane),
        View::Dashboard => {
            let second = arranged.second(model.screen.focus);
            pane == Pane::Environments && arranged.shows(pane) || Some(pane) == second
        }
    }
}

/// Whether something lies over the panes.
#[must_use]
pub fn covered(model: &Model) -> bool {
    !matches!(model.dialog.overlay, None | Some(Overlay::Prompt(_)))
}
