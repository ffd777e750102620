//! Menu entries for runs: answer a gate, cancel, run again.

use super::{Item, Run, barred, old, under_way};
use crate::action::{Action, Choice};
use crate::app::model::{Model, Pane};
use crate::app::msg::Now;
use crate::domain::environment::Status;
use crate::domain::feed::FeedId;
use crate::domain::operation::Request;
use crate::domain::pipeline::{self, Gate};

/// The gate of the selected run, or the first one that waits.
fn gate(model: &Model) -> Option<(&pipeline::Run, &Gate)> {
    let chosen =
        model.facts.runs.iter().find(|run| Some(run.id) == model.screen.selection.run && !run.gates.is_empty());
    let run = chosen.or_else(|| model.facts.runs.iter().find(|run| !run.gates.is_empty()))?;
    Some((run, run.gates.first()?))
}

/// What this letter starts for this run and no other; `None` where it starts nothing for a run.
pub(in crate::app) fn of_run(model: &Model, run: u64, letter: char, now: Now) -> Option<Item> {
    let run = model.facts.runs.iter().find(|one| one.id == run);
    let item = match Choice::of(letter)? {
        choice @ (Choice::Approve | Choice::Reject) => {
            let gate = run.and_then(|run| Some((run, run.gates.first()?)));
            let none = if run.is_some() { "no gate of it waits any more" } else { GONE };
            answer(model, choice, (gate, none), now)
        }
        Choice::Cancel => stop(model, run.filter(active), || run.map_or(GONE.to_owned(), over), now),
        Choice::Rerun | Choice::RerunFailed => {
            again(model, run, || GONE.to_owned(), now).into_iter().find(|item| item.letter == letter)?
        }
        _ => return None,
    };
    Some(item)
}

/// Why nothing is done to a run that was named.
const GONE: &str = "the run is not listed any more";

fn over(run: &pipeline::Run) -> String {
    format!("it is over ({})", run.words)
}

pub(super) fn review(model: &Model, choice: Choice, now: Now) -> Item {
    answer(model, choice, (gate(model), "no gate waits"), now)
}

fn answer(model: &Model, choice: Choice, (gate, none): (Option<(&pipeline::Run, &Gate)>, &str), now: Now) -> Item {
    let (letter, approve) = (choice.letter(), choice == Choice::Approve);
    let word = if approve { "approve" } else { "reject" };
    let Some((run, gate)) = gate else {
        let why = Some(none.to_owned());
        return Item { letter, title: format!("{word} a gate"), why_not: why, run: Run::Nothing };
    };
    let names: Vec<&str> = gate.reviewers.iter().map(crate::sanitize::Text::as_str).collect();
    let writable = model.facts.env(&gate.env);
    let why_not = match writable {
        None => Some(format!("{} is not configured here", gate.env)),
        Some(env) if !env.writable => env.read_only().map(|why| why.to_string()),
        _ if !gate.may_approve => Some(format!("you may not review it; it waits for {}", names.join(", "))),
        _ => under_way(model).or_else(|| old(model, [FeedId::Pipeline], now)),
    };
    let title = format!("{word} {} for {}: {}", run.name(), gate.env, run.title);
    Item { letter, title, why_not, run: Run::Request(gate.env.clone(), Request::Review { run: run.id, approve }) }
}

fn active(run: &&pipeline::Run) -> bool {
    run.state.moving()
}

pub(super) fn cancel(model: &Model, now: Now) -> Item {
    let run = chosen(model, active).filter(active);
    stop(model, run, || nothing(model, active, "no run is under way"), now)
}

fn stop(model: &Model, run: Option<&pipeline::Run>, none: impl Fn() -> String, now: Now) -> Item {
    let (title, why_not, run) = match (run, model.target_env()) {
        (Some(run), Some(env)) => {
            let why = env.read_only().map(|why| why.to_string()).or_else(|| old(model, [FeedId::Pipeline], now));
            let request = Run::Request(env.id.clone(), Request::Cancel { run: run.id });
            (format!("cancel {}: {}", run.name(), run.title), why, request)
        }
        _ => ("cancel a run".to_owned(), Some(none()), Run::Nothing),
    };
    Item { letter: Choice::Cancel.letter(), title, why_not, run }
}

/// The run that a person means: the selected one where runs are looked at, elsewhere the newest like this of the workflow that deploys
/// what is selected. One that nobody selected, of another workflow, is meant by nobody.
fn chosen<'m>(model: &'m Model, like: impl Fn(&&'m pipeline::Run) -> bool) -> Option<&'m pipeline::Run> {
    if model.screen.focus == Pane::Pipeline {
        return model.facts.runs.iter().find(|run| Some(run.id) == model.screen.selection.run);
    }
    let file = model.facts.workflows.get(&model.target_env()?.id)?;
    model.facts.runs.iter().filter(|run| run.of_file(file)).filter(like).max_by_key(|run| run.id)
}

/// Why there is none, and where one is selected. That there is none is said only where none is listed, of whatever workflow.
fn nothing(model: &Model, like: impl Fn(&&pipeline::Run) -> bool, none: &str) -> String {
    if !model.facts.runs.iter().any(|run| like(&run)) {
        return none.to_owned();
    }
    let (env, number) = (model.target_env(), model.screen.keys.of(Action::View(Pane::Pipeline.number())));
    let selected = model.facts.runs.iter().find(|run| Some(run.id) == model.screen.selection.run);
    let deployed = env.filter(|env| model.facts.workflows.contains_key(&env.id));
    match (model.screen.focus == Pane::Pipeline, selected, deployed) {
        _ if env.is_none() => "select an environment".to_owned(),
        (true, Some(run), _) => format!("the selected run is over ({}); select one that is under way", run.words),
        (true, None, _) => "select a run".to_owned(),
        (false, _, Some(env)) => format!("{none} that deploys {}; select another in {number}", env.id),
        (false, _, None) => format!("select a run in {number}"),
    }
}

/// The run that a person means, run again.
pub(super) fn rerun(model: &Model, now: Now) -> Vec<Item> {
    again(model, chosen(model, |_| true), || nothing(model, |_| true, "no run is listed"), now)
}

fn again(model: &Model, run: Option<&pipeline::Run>, none: impl Fn() -> String, now: Now) -> Vec<Item> {
    let (Some(run), Some(env)) = (run, model.target_env()) else {
        return vec![Item {
            letter: Choice::Rerun.letter(),
            title: "rerun a run".to_owned(),
            why_not: Some(none()),
            run: Run::Nothing,
        }];
    };
    let name = format!("{}: {}", run.name(), run.title);
    let why_not = if run.over() {
        barred(model, env).or_else(|| old(model, [FeedId::Pipeline], now))
    } else {
        Some(format!("it is not over yet: {}", run.words))
    };
    let item = |choice: Choice, title: String, failed| Item {
        letter: choice.letter(),
        title,
        why_not: why_not.clone(),
        run: Run::Request(env.id.clone(), Request::Rerun { run: run.id, failed }),
    };
    let mut items = vec![item(Choice::Rerun, format!("rerun every job of {name}"), false)];
    if run.over() && run.status != Status::Ok {
        items.push(item(Choice::RerunFailed, format!("rerun what failed of {name}"), true));
    }
    items
}
