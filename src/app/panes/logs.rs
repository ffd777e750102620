//! The log lines: a page that follows, or stands at a chosen line.

use super::{Go, Listed, Pane, details};
use crate::action::Action;
use crate::app::hints::Hint;
use crate::app::insight::detail::Subject;
use crate::app::logs::buffer::Filter;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::feed::FeedId;

pub(super) struct Logs;

impl Listed for Logs {
    fn name(&self) -> &'static str {
        "Logs"
    }

    fn short(&self) -> &'static str {
        "logs"
    }

    fn made_of(&self, feed: &FeedId) -> bool {
        matches!(feed, FeedId::Logs(_) | FeedId::Builds(_))
    }

    fn empty(&self, model: &Model) -> &'static str {
        match () {
            () if model.logs.lines.searching() => "looking for lines that pass the filter",
            () if !model.logs.lines.is_empty() => "no line passes the filter; esc clears it",
            () => "waiting for the first line",
        }
    }

    fn chosen(&self, _model: &Model) -> bool {
        // Who follows has chosen none.
        true
    }

    fn go(&self, model: &mut Model, go: Go) {
        match go {
            Go::By(by) => model.logs.lines.scroll(by, model.screen.geometry.rows(Pane::Logs)),
            // Wrapped lines take several rows: then a click only gives the pane the keys.
            Go::Drawn(row, rows) => {
                let under = model.logs.lines.page(rows).get(row).map(|(position, _)| *position);
                if let Some(position) = under.filter(|_| !model.logs.reading.wrap) {
                    model.logs.lines.select(position);
                }
            }
        }
    }

    fn open(&self, model: &mut Model, _now: Now) {
        model.logs.lines.peek();
        let subject = model.logs.lines.cursor().map(Subject::Line);
        details(model, subject);
    }

    fn hints(&self, model: &Model, _now: Now) -> Vec<Hint> {
        let logs = &model.logs.lines;
        let pause = if logs.following() { "pause" } else { "follow" };
        let mut all = vec![Hint::new(Action::Pause, pause), Hint::new(Action::Filter, "filter")];
        match logs.filter() == &Filter::default() {
            true => all.push(Hint::new(Action::NextError, "errors")),
            false => all.insert(0, Hint::new(Action::Escape, "all lines")),
        }
        all.push(Hint::new(Action::Patterns, "patterns"));
        all.push(Hint::new(Action::Enter, "open"));
        all
    }

    fn identity(&self, model: &Model, _now: Now) -> Option<String> {
        let line = model.logs.lines.cursor().and_then(|position| model.logs.lines.line(position))?;
        Some(line.raw.as_ref().unwrap_or(&line.message).to_string())
    }
}
