//! Environments, their services, and what a person has to know of them.

use super::{Go, Listed, Place, details, moved};
use crate::action::{Action, Choice};
use crate::app::geometry::announced;
use crate::app::hints::Hint;
use crate::app::insight::detail::Subject;
use crate::app::insight::needs::{self, Need};
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::app::navigate::{self, Jump};
use crate::domain::feed::FeedId;
use crate::domain::ids::ServiceId;
use crate::domain::state::State;

pub(super) struct Environments;

impl Listed for Environments {
    fn name(&self) -> &'static str {
        "Environments"
    }

    fn short(&self) -> &'static str {
        "dash"
    }

    fn made_of(&self, feed: &FeedId) -> bool {
        matches!(feed, FeedId::Declared(_) | FeedId::Observed(_))
    }

    fn empty(&self, _model: &Model) -> &'static str {
        "waiting for the first answer"
    }

    fn chosen(&self, model: &Model) -> bool {
        model.screen.selection.place.is_some()
    }

    fn go(&self, model: &mut Model, go: Go) {
        let places = model.places();
        let go = match go {
            // What is drawn in the last row may say how much more there is.
            Go::Drawn(row, rows) => {
                let room = announced(places.len(), rows);
                if row >= room {
                    return;
                }
                Go::Drawn(row, room)
            }
            by => by,
        };
        model.screen.came_from = None;
        moved(places, &mut model.screen.selection.place, go);
    }

    fn open(&self, model: &mut Model, now: Now) {
        if let Some(Place::Need(env, need)) = &model.screen.selection.place {
            let to = needs::jump(env, need);
            return navigate::to(model, to);
        }
        let subject = self.subject(model, now);
        details(model, subject);
    }

    fn subject(&self, model: &Model, _now: Now) -> Option<Subject> {
        Jump::Place(model.screen.selection.place.clone()?).subject()
    }

    fn hints(&self, model: &Model, now: Now) -> Vec<Hint> {
        let judged = match &model.screen.selection.place {
            Some(Place::Env(env)) => model.facts.env(env).map(|env| model.facts.state(env, now)),
            Some(Place::Service(id)) => Some(model.facts.judge_service(id, now).state),
            // What has gone meanwhile is answered by nobody.
            Some(Place::Need(env, need)) if needs::of(model, env).contains(need) => return needed(need),
            Some(Place::Need(env, _)) => model.facts.env(env).map(|env| model.facts.state(env, now)),
            None => None,
        };
        let mut all = vec![Hint::new(Action::Enter, "open")];
        // The alarm says so by itself.
        if model.facts.banner.is_none() && judged.is_some_and(|state| state != State::Healthy) {
            all.insert(0, Hint::new(Action::Why, "why"));
        }
        all.push(Hint::new(Action::NextPane, "next pane"));
        all
    }

    fn identity(&self, model: &Model, now: Now) -> Option<String> {
        let sha = match model.screen.selection.place.as_ref()? {
            Place::Env(env) | Place::Need(env, _) => {
                model.facts.env(env).and_then(|info| model.facts.judge(info, now).sha().cloned())
            }
            Place::Service(id) => model.facts.judge_service(id, now).sha().cloned(),
        };
        sha.map(|sha| sha.to_string())
    }

    fn address(&self, model: &Model) -> Option<String> {
        address(model)
    }
}

/// The address of the selected service; of an environment, of the first service that has one.
pub(super) fn address(model: &Model) -> Option<String> {
    match model.screen.selection.place.as_ref()? {
        Place::Service(id) => of_service(model, id),
        Place::Env(env) | Place::Need(env, _) => {
            model.facts.env(env)?.services.iter().find_map(|service| of_service(model, &service.id))
        }
    }
}

/// The address of a service, where one is configured.
pub(super) fn of_service(model: &Model, id: &ServiceId) -> Option<String> {
    let info = model.facts.env(&id.env)?.services.iter().find(|service| service.id == *id)?;
    info.url.as_deref().map(str::to_owned)
}

/// What is done about something that a person has to know of.
fn needed(need: &Need) -> Vec<Hint> {
    match need {
        Need::Gate(_) | Need::Run(_) => vec![Hint::new(Action::Enter, "to the run")],
        Need::Operation(_) => vec![Hint::new(Action::Enter, "its steps")],
        Need::Lock => vec![Hint::new(Choice::Lock.start(), "unlock")],
        Need::Pin(_) => vec![Hint::new(Action::Enter, "to the service"), Hint::new(Choice::Unpin.start(), "unpin")],
    }
}
