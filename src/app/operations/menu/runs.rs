//! Menu entries for runs: answer a gate, cancel, run again.

use super::{Item, Run, barred, old, under_way};
use crate::app::model::{Model, Pane};
use crate::app::msg::Now;
use crate::domain::environment::Status;
use crate::domain::feed::FeedId;
use crate::domain::operation::Request;
use crate::domain::pipeline::{self, Gate};

/// The gate of the selected run, or the first one that waits.
fn gate(model: &Model) -> Option<(&pipeline::Run, &Gate)> {
    let chosen = model.runs.iter().find(|run| Some(run.id) == model.selection.run && !run.gates.is_empty());
    let run = chosen.or_else(|| model.runs.iter().find(|run| !run.gates.is_empty()))?;
    Some((run, run.gates.first()?))
}

pub(super) fn review(model: &Model, letter: char, approve: bool, now: Now) -> Item {
    let word = if approve { "approve" } else { "reject" };
    let Some((run, gate)) = gate(model) else {
        let why = Some("no gate waits".to_owned());
        return Item { letter, title: format!("{word} a gate"), why_not: why, run: Run::Nothing };
    };
    let names: Vec<&str> = gate.reviewers.iter().map(crate::sanitize::Text::as_str).collect();
    let writable = model.env(&gate.env);
    let why_not = match writable {
        None => Some(format!("{} is not configured here", gate.env)),
        Some(env) if !env.writable => env.read_only().map(|why| why.to_string()),
        _ if !gate.may_approve => Some(format!("you may not review it; it waits for {}", names.join(", "))),
        _ => under_way(model).or_else(|| old(model, [FeedId::Pipeline], now)),
    };
    let title = format!("{word} {} #{} for {}: {}", run.workflow, run.number.0, gate.env, run.title);
    Item { letter, title, why_not, run: Run::Request(gate.env.clone(), Request::Review { run: run.id, approve }) }
}

pub(super) fn cancel(model: &Model, now: Now) -> Item {
    let active = |run: &&pipeline::Run| run.state.moving();
    let chosen = model.runs.iter().find(|run| Some(run.id) == model.selection.run);
    let run = chosen.filter(active).or_else(|| model.runs.iter().find(active));
    let env = model.selected_env();
    let (title, why_not, run) = match (run, env) {
        (Some(run), Some(env)) => {
            let why = env.read_only().map(|why| why.to_string()).or_else(|| old(model, [FeedId::Pipeline], now));
            let request = Run::Request(env.id.clone(), Request::Cancel { run: run.id });
            (format!("cancel {} #{}: {}", run.workflow, run.number.0, run.title), why, request)
        }
        _ => ("cancel a run".to_owned(), Some("no run is under way".to_owned()), Run::Nothing),
    };
    Item { letter: 'C', title, why_not, run }
}

/// The selected run, else the newest that is over and did not end well.
pub(super) fn rerun(model: &Model, now: Now) -> Vec<Item> {
    // Where runs are not looked at, the one that stands first in their list was chosen by nobody.
    let chosen = model.runs.iter().find(|run| Some(run.id) == model.selection.run);
    let chosen = chosen.filter(|_| model.focus == Pane::Pipeline);
    let failed = |run: &&pipeline::Run| run.over() && run.status != Status::Ok;
    let (Some(run), Some(env)) = (chosen.or_else(|| model.runs.iter().find(failed)), model.selected_env()) else {
        let why_not = Some("select a run".to_owned());
        return vec![Item { letter: 'E', title: "rerun a run".to_owned(), why_not, run: Run::Nothing }];
    };
    let name = format!("{} #{}: {}", run.workflow, run.number.0, run.title);
    let why_not = if run.over() {
        barred(model, env).or_else(|| old(model, [FeedId::Pipeline], now))
    } else {
        Some(format!("it is not over yet: {}", run.words))
    };
    let item = |letter, title: String, failed| Item {
        letter,
        title,
        why_not: why_not.clone(),
        run: Run::Request(env.id.clone(), Request::Rerun { run: run.id, failed }),
    };
    let mut items = vec![item('E', format!("rerun every job of {name}"), false)];
    if run.over() && run.status != Status::Ok {
        items.push(item('G', format!("rerun what failed of {name}"), true));
    }
    items
}
