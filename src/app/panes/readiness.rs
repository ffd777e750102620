//! What speaks for and against a promotion, point by point.

use super::{Go, Listed, Place, details, moved};
use crate::action::{Action, Choice};
use crate::app::hints::Hint;
use crate::app::insight::detail::Subject;
use crate::app::insight::readiness;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::app::navigate::{self, Jump};
use crate::domain::feed::FeedId;

pub(super) struct Readiness;

impl Listed for Readiness {
    fn name(&self) -> &'static str {
        "Readiness"
    }

    fn short(&self) -> &'static str {
        "ready"
    }

    fn made_of(&self, feed: &FeedId) -> bool {
        feed.readies()
    }

    fn empty(&self, _model: &Model) -> &'static str {
        "a promotion needs an environment of tier staging and one of tier production"
    }

    fn chosen(&self, model: &Model) -> bool {
        model.screen.selection.check.is_some()
    }

    fn go(&self, model: &mut Model, go: Go) {
        let all = readiness::asked(model);
        moved(all, &mut model.screen.selection.check, go);
    }

    fn above(&self) -> Option<usize> {
        // The verdict.
        Some(1)
    }

    fn open(&self, model: &mut Model, now: Now) {
        let chosen = model.screen.selection.check;
        let check = readiness::checks(model, now).into_iter().find(|check| Some(check.asks) == chosen);
        // Which environment the keys act on is chosen among environments, not by looking at a point of this list.
        let subject = match check.map(|check| check.jump) {
            Some(place @ Jump::Place(_)) => place.subject(),
            Some(elsewhere) => return navigate::to(model, elsewhere),
            None => None,
        };
        details(model, subject);
    }

    fn subject(&self, model: &Model, now: Now) -> Option<Subject> {
        let chosen = model.screen.selection.check?;
        readiness::checks(model, now).into_iter().find(|check| check.asks == chosen)?.jump.subject()
    }

    fn target(&self, model: &Model) -> Option<Place> {
        // The view is about what the target gets: no point of it turns the keys to where the commit comes from.
        let to = readiness::ends(model).map(|(_, to)| Place::Env(to));
        to.or_else(|| model.screen.selection.place.clone())
    }

    fn hints(&self, _model: &Model, _now: Now) -> Vec<Hint> {
        vec![Hint::new(Action::Enter, "what it is about"), Hint::new(Choice::Promote.start(), "promote")]
    }

    fn identity(&self, _model: &Model, _now: Now) -> Option<String> {
        None
    }
}
