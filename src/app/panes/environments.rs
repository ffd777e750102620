//! Environments, their services, and what a person has to know of them.

use super::{Go, Listed, Place, details, moved};
use crate::app::insight::detail::Subject;
use crate::app::insight::needs;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::app::navigate;
use crate::domain::feed::FeedId;

pub(super) struct Environments;

impl Listed for Environments {
    fn name(&self) -> &'static str {
        "Environments"
    }

    fn made_of(&self, feed: &FeedId) -> bool {
        matches!(feed, FeedId::Declared(_) | FeedId::Observed(_))
    }

    fn empty(&self, _model: &Model) -> &'static str {
        "waiting for the first answer"
    }

    fn chosen(&self, model: &Model) -> bool {
        model.selection.place.is_some()
    }

    fn go(&self, model: &mut Model, go: Go) {
        moved(model.places(), &mut model.selection.place, go);
    }

    fn open(&self, model: &mut Model, _now: Now) {
        let subject = match &model.selection.place {
            Some(Place::Env(env)) => Some(Subject::Env(env.clone())),
            Some(Place::Service(id)) => Some(Subject::Service(id.clone())),
            Some(Place::Need(env, need)) => {
                let to = needs::jump(env, need);
                return navigate::to(model, to);
            }
            None => None,
        };
        details(model, subject);
    }

    fn identity(&self, model: &Model, now: Now) -> Option<String> {
        let sha = match model.selection.place.as_ref()? {
            Place::Env(env) | Place::Need(env, _) => {
                model.env(env).and_then(|info| model.judge(info, now).sha().cloned())
            }
            Place::Service(id) => model.judge_service(id, now).sha().cloned(),
        };
        sha.map(|sha| sha.to_string())
    }

    fn address(&self, model: &Model) -> Option<String> {
        address(model)
    }
}

/// The address of the selected service; of an environment, of the first service that has one.
pub(super) fn address(model: &Model) -> Option<String> {
    let url = |id| {
        let services = model.environments.iter().flat_map(|env| &env.services);
        services.into_iter().find(|service| service.id == id)?.url.as_deref().map(str::to_owned)
    };
    match model.selection.place.clone()? {
        Place::Service(id) => url(id),
        Place::Env(env) | Place::Need(env, _) => {
            model.env(&env)?.services.iter().find_map(|service| url(service.id.clone()))
        }
    }
}
