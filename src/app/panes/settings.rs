//! What every setting comes to, and where that came from.

use super::{Go, Listed, details, moved};
use crate::app::insight::detail::Subject;
use crate::app::model::{Model, Place};
use crate::app::msg::Now;
use crate::domain::feed::FeedId;

pub(super) struct Settings;

impl Listed for Settings {
    fn name(&self) -> &'static str {
        "Settings"
    }

    fn short(&self) -> &'static str {
        "set"
    }

    fn made_of(&self, _feed: &FeedId) -> bool {
        false
    }

    fn empty(&self, _model: &Model) -> &'static str {
        "no configuration was read"
    }

    fn chosen(&self, model: &Model) -> bool {
        model.screen.selection.setting.is_some()
    }

    fn go(&self, model: &mut Model, go: Go) {
        let all = model.facts.in_force.rows.iter().map(|row| row.now.key.clone()).collect();
        moved(all, &mut model.screen.selection.setting, go);
    }

    fn above(&self) -> Option<usize> {
        Some(1)
    }

    fn open(&self, model: &mut Model, now: Now) {
        let subject = self.subject(model, now);
        details(model, subject);
    }

    fn subject(&self, model: &Model, _now: Now) -> Option<Subject> {
        model.screen.selection.setting.clone().map(Subject::Setting)
    }

    fn target(&self, _model: &Model) -> Option<Place> {
        None
    }

    fn identity(&self, model: &Model, _now: Now) -> Option<String> {
        model.screen.selection.setting.as_ref().map(ToString::to_string)
    }
}
