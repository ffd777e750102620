//! Runs, newest first.

use super::{Go, Listed, details, moved};
use crate::action::{Action, Choice};
use crate::app::hints::Hint;
use crate::app::insight::detail::Subject;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::environment::Status;
use crate::domain::feed::FeedId;

pub(super) struct Pipeline;

impl Listed for Pipeline {
    fn name(&self) -> &'static str {
        "Pipeline"
    }

    fn short(&self) -> &'static str {
        "pipe"
    }

    fn made_of(&self, feed: &FeedId) -> bool {
        *feed == FeedId::Pipeline
    }

    fn empty(&self, _model: &Model) -> &'static str {
        "waiting for the first answer of GitHub"
    }

    fn chosen(&self, model: &Model) -> bool {
        model.screen.selection.run.is_some()
    }

    fn go(&self, model: &mut Model, go: Go) {
        let all = model.facts.runs.iter().map(|run| run.id).collect();
        moved(all, &mut model.screen.selection.run, go);
    }

    fn above(&self) -> Option<usize> {
        // A run is drawn with its jobs: rows are no runs.
        None
    }

    fn address(&self, model: &Model) -> Option<String> {
        let run = model.facts.runs.iter().find(|run| Some(run.id) == model.screen.selection.run)?;
        Some(run.url.to_string())
    }

    fn open(&self, model: &mut Model, now: Now) {
        let subject = self.subject(model, now);
        details(model, subject);
    }

    fn subject(&self, model: &Model, _now: Now) -> Option<Subject> {
        model.screen.selection.run.map(Subject::Run)
    }

    fn hints(&self, model: &Model, _now: Now) -> Vec<Hint> {
        let mut all = vec![Hint::new(Action::Enter, "open")];
        let run = model.facts.runs.iter().find(|run| Some(run.id) == model.screen.selection.run);
        if run.is_some_and(|run| run.state.moving()) {
            all.push(Hint::new(Choice::Cancel.start(), "cancel"));
        }
        if run.is_some_and(|run| run.over() && run.status != Status::Ok) {
            all.push(Hint::new(Choice::RerunFailed.start(), "rerun what failed"));
        }
        all.push(Hint::new(Action::Open, "browser"));
        all
    }

    fn identity(&self, model: &Model, _now: Now) -> Option<String> {
        model.screen.selection.run.map(|run| run.to_string())
    }
}
