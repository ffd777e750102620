//! Deployments of the selected place, newest first.

use super::{Go, Listed, Place, details, moved};
use crate::action::{Action, Choice};
use crate::app::hints::Hint;
use crate::app::insight::detail::Subject;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::feed::FeedId;

pub(super) struct Releases;

/// Whether the selected service is one that is never released: a database.
fn without(model: &Model) -> bool {
    let Some(Place::Service(id)) = &model.screen.selection.place else { return false };
    model.facts.homes.get(id).is_some_and(|platform| !platform.has_releases())
}

impl Listed for Releases {
    fn name(&self) -> &'static str {
        "Releases"
    }

    fn short(&self) -> &'static str {
        "rel"
    }

    fn made_of(&self, feed: &FeedId) -> bool {
        matches!(feed, FeedId::Releases(_))
    }

    fn empty(&self, model: &Model) -> &'static str {
        if without(model) {
            return "a database has no releases: 1, then enter, tells its migrations and how it stands";
        }
        "waiting for the first answer"
    }

    fn chosen(&self, model: &Model) -> bool {
        // But for a release of another place than the one that is listed.
        model.screen.selection.deployment.as_ref().is_some_and(|(service, id)| {
            let here = match &model.screen.selection.place {
                Some(Place::Service(of)) => of == service,
                Some(Place::Env(env) | Place::Need(env, _)) => *env == service.env,
                None => true,
            };
            // Asked after every fact: the list of that service alone is looked through.
            here && model.facts.releases.get(service).is_some_and(|list| list.iter().any(|one| one.id == *id))
        })
    }

    fn go(&self, model: &mut Model, go: Go) {
        let all = model.shown_releases().iter().map(|one| (one.service.clone(), one.id.clone())).collect();
        moved(all, &mut model.screen.selection.deployment, go);
    }

    fn address(&self, model: &Model) -> Option<String> {
        // Of the row that is selected, whatever is selected elsewhere. The service's address leads to what is live, and to no other.
        let (service, id) = model.screen.selection.deployment.as_ref()?;
        let one = model.facts.releases.get(service)?.iter().find(|one| one.id == *id)?;
        one.current.then(|| super::environments::of_service(model, service)).flatten()
    }

    fn open(&self, model: &mut Model, now: Now) {
        let subject = self.subject(model, now);
        details(model, subject);
    }

    fn subject(&self, model: &Model, _now: Now) -> Option<Subject> {
        model.screen.selection.deployment.clone().map(|(service, id)| Subject::Deployment(service, id))
    }

    fn hints(&self, model: &Model, _now: Now) -> Vec<Hint> {
        // Nothing is rolled back or marked where nothing is released.
        if without(model) {
            return vec![Hint::new(Action::View(1), "what is known of it")];
        }
        let all =
            [(Action::Enter, "open"), (Choice::RollBack.start(), "roll back"), (Choice::MarkBad.start(), "mark bad")];
        all.into_iter().map(|(action, does)| Hint::new(action, does)).collect()
    }

    fn identity(&self, model: &Model, _now: Now) -> Option<String> {
        model.screen.selection.deployment.as_ref().map(|(_, id)| id.to_string())
    }
}
