//! The matrix of secrets by their names.

use super::{Go, Listed, Place, details, moved};
use crate::action::{Action, Choice};
use crate::app::hints::Hint;
use crate::app::insight::detail::Subject;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::feed::FeedId;
use crate::domain::ids::EnvId;

pub(super) struct Secrets;

impl Listed for Secrets {
    fn name(&self) -> &'static str {
        "Secrets"
    }

    fn short(&self) -> &'static str {
        "secrets"
    }

    fn made_of(&self, feed: &FeedId) -> bool {
        matches!(feed, FeedId::Secrets(_))
    }

    fn empty(&self, _model: &Model) -> &'static str {
        "waiting for the first list of names"
    }

    fn chosen(&self, model: &Model) -> bool {
        model.screen.selection.secret.is_some()
    }

    fn go(&self, model: &mut Model, go: Go) {
        let all = model.facts.secrets.iter().map(|row| row.key.clone()).collect();
        moved(all, &mut model.screen.selection.secret, go);
    }

    fn above(&self) -> Option<usize> {
        // The heading.
        Some(1)
    }

    fn open(&self, model: &mut Model, now: Now) {
        let subject = self.subject(model, now);
        details(model, subject);
    }

    fn subject(&self, model: &Model, _now: Now) -> Option<Subject> {
        model.screen.selection.secret.clone().map(Subject::Secret)
    }

    fn target(&self, model: &Model) -> Option<Place> {
        // What is said of a key names the environments that it is about; of those, the one that is looked at.
        let chosen = model.facts.secrets.iter().find(|row| Some(&row.key) == model.screen.selection.secret.as_ref());
        let findings = chosen.map(|row| row.findings.as_slice()).unwrap_or_default();
        let about: Vec<&EnvId> = findings.iter().flat_map(|one| &one.envs).collect();
        let selected = model.selected_env().map(|env| &env.id);
        let to = model.facts.promotions.near(selected).map(|promotion| &promotion.to);
        let one = |env: Option<&EnvId>| about.iter().find(|about| Some(**about) == env).copied();
        match one(selected).or_else(|| one(to)).or_else(|| about.first().copied()) {
            Some(env) if Some(env) != selected => Some(Place::Env(env.clone())),
            _ => model.screen.selection.place.clone(),
        }
    }

    fn hints(&self, _model: &Model, _now: Now) -> Vec<Hint> {
        vec![
            Hint::new(Action::Enter, "open"),
            Hint::new(Choice::SetSecret.start(), "set"),
            Hint::new(Action::Refresh, "read now"),
        ]
    }

    fn identity(&self, model: &Model, _now: Now) -> Option<String> {
        model.screen.selection.secret.as_ref().map(ToString::to_string)
    }
}
