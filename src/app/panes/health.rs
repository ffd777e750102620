//! Probes, production's first.

use super::{Go, Listed, Place, details, moved};
use crate::action::Action;
use crate::app::hints::Hint;
use crate::app::insight::detail::Subject;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::feed::FeedId;

pub(super) struct Health;

impl Listed for Health {
    fn name(&self) -> &'static str {
        "Health"
    }

    fn short(&self) -> &'static str {
        "health"
    }

    fn made_of(&self, feed: &FeedId) -> bool {
        matches!(feed, FeedId::Health(_))
    }

    fn empty(&self, _model: &Model) -> &'static str {
        "waiting for the first probe; probes stand in [[environments.probes]]"
    }

    fn chosen(&self, model: &Model) -> bool {
        model.screen.selection.probe.is_some()
    }

    fn go(&self, model: &mut Model, go: Go) {
        let all = model.facts.probes.iter().map(|probe| probe.id.clone()).collect();
        moved(all, &mut model.screen.selection.probe, go);
    }

    fn address(&self, model: &Model) -> Option<String> {
        let probe = model.facts.probes.get(model.screen.selection.probe.as_ref()?)?;
        probe.target.as_str().split_whitespace().find(|word| word.starts_with("http")).map(str::to_owned)
    }

    fn open(&self, model: &mut Model, now: Now) {
        let subject = self.subject(model, now);
        details(model, subject);
    }

    fn subject(&self, model: &Model, _now: Now) -> Option<Subject> {
        model.screen.selection.probe.clone().map(Subject::Probe)
    }

    fn target(&self, model: &Model) -> Option<Place> {
        let probed = model.screen.selection.probe.as_ref().map(|probe| Place::Env(probe.env.clone()));
        probed.or_else(|| model.screen.selection.place.clone())
    }

    fn hints(&self, _model: &Model, _now: Now) -> Vec<Hint> {
        vec![
            Hint::new(Action::Enter, "open"),
            Hint::new(Action::Refresh, "ask now"),
            Hint::new(Action::Open, "browser"),
        ]
    }

    fn identity(&self, model: &Model, _now: Now) -> Option<String> {
        model.screen.selection.probe.as_ref().map(|probe| probe.name.to_string())
    }
}
