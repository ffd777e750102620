//! The last line of the screen: the keys of what is selected, the one most needed first, eight at most. The rest is in the help.

use super::model::Model;
use super::msg::Now;
use crate::action::{Action, Choice, Keys};
use crate::app::insight::banner;
use crate::app::keys::needs_project;
use crate::app::navigate;
use crate::app::operations::menu;

/// How many there are at most.
const MOST: usize = 8;

/// A key and what it does here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// What it asks for.
    pub action: Action,
    /// What that is, here.
    pub does: String,
}

impl Hint {
    /// A hint.
    pub(in crate::app) fn new(action: Action, does: impl Into<String>) -> Self {
        Self { action, does: does.into() }
    }

    /// Its key, of those in force.
    #[must_use]
    pub fn key(&self, keys: Keys) -> &'static str {
        keys.of(self.action)
    }
}

/// The hints of now, the most needed first.
#[must_use]
pub fn hints(model: &Model, now: Now) -> Vec<Hint> {
    // Where something lies over the panes their keys do nothing; it says itself what its own do.
    if navigate::covered(model) {
        return vec![Hint::new(Action::Escape, "leave this")];
    }
    let mut all = urgent(model);
    // What an alarm asks for is said once, with what it is about.
    let own = model.screen.focus.listed().hints(model, now);
    all.extend(own.into_iter().filter(|hint| all.iter().all(|one| one.action != hint.action)).collect::<Vec<_>>());
    // Help and the way out are always there; what else there is room for comes before them.
    let mut ends = vec![Hint::new(Action::Help, "help"), Hint::new(Action::Back, "back, quit")];
    if all.len() + ends.len() < MOST {
        ends.insert(0, Hint::new(Action::Menu, "actions"));
    }
    if all.len() + ends.len() < MOST {
        ends.insert(1, Hint::new(Action::Palette, "palette"));
    }
    all.truncate(MOST - ends.len());
    all.extend(ends);
    // Of a log that is read alone, what needs a project is none.
    all.retain(|hint| !model.screen.alone || !needs_project(hint.action));
    all
}

/// What a person is waited for, wherever the selection is.
fn urgent(model: &Model) -> Vec<Hint> {
    let mut all = Vec::new();
    if let Some(alarm) = &model.facts.banner {
        let key = if banner::targeted(model) { menu::ROLL_BACK } else { menu::ALARM };
        all.push(Hint::new(Action::Start(key), format!("roll back {}", alarm.env)));
        all.push(Hint::new(Action::Why, "why"));
        if !model.logs.lines.is_empty() {
            all.push(Hint::new(Action::Patterns, "new errors"));
        }
    }
    let open = |run: &&crate::domain::pipeline::Run| run.gates.iter().any(|gate| gate.may_approve);
    if model.facts.runs.iter().any(|run| open(&run)) {
        all.push(Hint::new(Choice::Approve.start(), "approve"));
    }
    all
}
