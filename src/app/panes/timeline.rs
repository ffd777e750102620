//! What happened, newest first.

use super::{Go, Listed, moved};
use crate::action::Action;
use crate::app::hints::Hint;
use crate::app::insight::detail::Subject;
use crate::app::insight::timeline::Event;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::app::navigate;
use crate::domain::feed::FeedId;

pub(super) struct Timeline;

impl Listed for Timeline {
    fn name(&self) -> &'static str {
        "Timeline"
    }

    fn short(&self) -> &'static str {
        "time"
    }

    fn made_of(&self, feed: &FeedId) -> bool {
        matches!(feed, FeedId::Releases(_) | FeedId::Pipeline)
    }

    fn empty(&self, _model: &Model) -> &'static str {
        "nothing has happened yet"
    }

    fn chosen(&self, model: &Model) -> bool {
        model.screen.selection.event.is_some()
    }

    fn go(&self, model: &mut Model, go: Go) {
        let all = model.facts.timeline.iter().map(Event::id).collect();
        moved(all, &mut model.screen.selection.event, go);
    }

    fn open(&self, model: &mut Model, _now: Now) {
        let event =
            model.facts.timeline.iter().find(|event| model.screen.selection.event.as_ref() == Some(&event.id()));
        if let Some(to) = event.map(|event| event.jump.clone()) {
            navigate::to(model, to);
        }
    }

    fn subject(&self, model: &Model, _now: Now) -> Option<Subject> {
        let event =
            model.facts.timeline.iter().find(|event| model.screen.selection.event.as_ref() == Some(&event.id()))?;
        event.jump.subject()
    }

    fn hints(&self, _model: &Model, _now: Now) -> Vec<Hint> {
        vec![Hint::new(Action::Enter, "go there")]
    }

    fn identity(&self, model: &Model, _now: Now) -> Option<String> {
        model.screen.selection.event.as_ref().map(|(_, says)| says.to_string())
    }
}
