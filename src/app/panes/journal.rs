//! What was done by hand, newest first.

use super::{Go, Listed, details, moved};
use crate::app::insight::detail::Subject;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::feed::FeedId;

pub(super) struct Journal;

impl Listed for Journal {
    fn name(&self) -> &'static str {
        "Journal"
    }

    fn short(&self) -> &'static str {
        "jrnl"
    }

    fn made_of(&self, feed: &FeedId) -> bool {
        *feed == FeedId::Journal
    }

    fn empty(&self, _model: &Model) -> &'static str {
        "nothing was done by hand yet: operations are written here before and after each call"
    }

    fn chosen(&self, model: &Model) -> bool {
        model.screen.selection.row.is_some()
    }

    fn go(&self, model: &mut Model, go: Go) {
        let all = model.facts.history.rows.iter().map(|row| row.id).collect();
        moved(all, &mut model.screen.selection.row, go);
    }

    fn open(&self, model: &mut Model, now: Now) {
        let subject = self.subject(model, now);
        details(model, subject);
    }

    fn subject(&self, model: &Model, _now: Now) -> Option<Subject> {
        model.screen.selection.row.map(Subject::Row)
    }

    fn identity(&self, model: &Model, _now: Now) -> Option<String> {
        model.screen.selection.row.map(|row| row.to_string())
    }
}
