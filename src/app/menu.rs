//! The menu of actions: every one of them, with the reason where it cannot run now.

use super::effect::Effect;
use super::model::{Model, Place};
use super::msg::Now;
use super::rollback::{self, Rollback};
use crate::domain::environment::Platform;
use crate::domain::ids::OpId;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The key that calls it.
    pub letter: char,
    /// What it would do, and where.
    pub title: String,
    /// Why it cannot run now.
    pub why_not: Option<String>,
    /// What it starts.
    pub run: Run,
}

/// What a row starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// The rollback dialog.
    RollBack,
    /// An operation's steps and choices.
    Show(OpId),
    /// Nothing: the console cannot do it.
    Nothing,
}

/// What the console does not do, and where it is done.
const ELSEWHERE: [(char, &str, &str); 10] = [
    ('P', "promote", "dispatch the production workflow on GitHub (3 shows it)"),
    ('A', "approve a gate", "review it on GitHub: o in the pipeline opens it"),
    ('J', "reject a gate", "review it on GitHub: o in the pipeline opens it"),
    ('D', "redeploy", "use the platform's own tool"),
    ('C', "cancel a run", "cancel it on GitHub: o in the pipeline opens it"),
    ('L', "lock", "tell the team"),
    ('F', "freeze", "tell the team"),
    ('B', "mark bad", "tell the team"),
    ('S', "set a secret", "use the platform's own tool"),
    ('M', "restart a machine", "use the platform's own tool"),
];

/// The rows for what is selected.
#[must_use]
pub fn items(model: &Model, now: Now) -> Vec<Item> {
    let mut items = Vec::new();
    let place = match &model.selection.place {
        Some(Place::Env(env)) => env.to_string(),
        Some(Place::Service(service)) => service.to_string(),
        None => "nothing selected".to_owned(),
    };
    for (letter, operation) in ('1'..='9').zip(model.interrupted()) {
        items.push(Item {
            letter,
            title: format!("cut short: {}", operation.title),
            why_not: None,
            run: Run::Show(operation.id),
        });
    }
    items.push(Item {
        letter: 'R',
        title: format!("roll back {place}"),
        why_not: rollback_why_not(model, now),
        run: Run::RollBack,
    });
    if let Some(last) = model.operations.values().last().filter(|one| !one.interrupted) {
        let title = format!("show the last operation: {}", last.title);
        items.push(Item { letter: 'O', title, why_not: None, run: Run::Show(last.id) });
    }
    items.extend(ELSEWHERE.iter().map(|(letter, title, instead)| Item {
        letter: *letter,
        title: (*title).to_owned(),
        why_not: Some(format!("not from here yet; {instead}")),
        run: Run::Nothing,
    }));
    items
}

fn rollback_why_not(model: &Model, now: Now) -> Option<String> {
    if let Some(Place::Service(id)) = &model.selection.place {
        let service = model.env(&id.env)?.services.iter().find(|service| service.id == *id)?;
        if !matches!(service.platform, Platform::Fly | Platform::Vercel) {
            return Some(format!("{} is never rolled back from here", service.platform));
        }
    }
    let Some(env) = model.selected_env() else { return Some("select an environment".to_owned()) };
    if !env.writable {
        return Some(format!("{} is read-only: start with --write, or set access = \"write\"", env.id));
    }
    rollback::unread(model, &rollback::services(model, env), now).map(|why| why.to_string())
}

/// Starts what a row stands for.
pub(super) fn run(model: &mut Model, run: Run, now: Now) -> Vec<Effect> {
    match run {
        Run::RollBack => rollback::open(model, now),
        Run::Show(op) => model.rollback = Some(Rollback::Following(op)),
        Run::Nothing => {}
    }
    Vec::new()
}
