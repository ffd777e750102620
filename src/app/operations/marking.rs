//! Which commit `!B` is about, in the order of what a person means by it: the deployment that is chosen in the list of releases, the
//! commit that the environment was rolled back from, the one that runs there.

use super::menu::{Item, Run};
use crate::action::Choice;
use crate::app::model::{Model, Pane};
use crate::app::msg::Now;
use crate::domain::environment::EnvInfo;
use crate::domain::ids::Sha;
use crate::domain::lock::Mark;
use crate::domain::operation::{OpState, Operation};
use crate::domain::release::Deployment;
use crate::domain::state::State;

/// The row of the menu: it names the commit, what it is about, and why it is this one.
pub(super) fn item(model: &Model, now: Now) -> Item {
    let Some((sha, why)) = chosen(model, now) else {
        let why_not = Some("no commit is selected".to_owned());
        return Item { letter: Choice::MarkBad.letter(), title: "mark bad".to_owned(), why_not, run: Run::Nothing };
    };
    let subject = subject(model, &sha).map(|subject| format!(" ({subject})")).unwrap_or_default();
    let (title, run) = match Mark::of(&model.facts.history.marks, &sha) {
        // It is taken off by the name under which it was put.
        Some((named, mark)) => {
            (format!("take the mark off {}: {}", sha.short(), mark.words()), Run::Unmark(named.clone(), mark.clone()))
        }
        None => (format!("mark {} bad{subject}, {why}: nothing goes to it any more", sha.short()), Run::Mark(sha)),
    };
    Item { letter: Choice::MarkBad.letter(), title, why_not: None, run }
}

/// The commit, and what it has to do with what is selected.
fn chosen(model: &Model, now: Now) -> Option<(Sha, String)> {
    let row = model.screen.selection.deployment.as_ref().filter(|_| model.screen.focus == Pane::Releases);
    let row = row.and_then(|(service, id)| model.facts.releases.get(service)?.iter().find(|one| one.id == *id));
    if let Some(sha) = row.and_then(|row| row.sha.clone()) {
        return Some((sha, "the selected release".to_owned()));
    }
    let env = model.target_env()?;
    let judged = model.facts.judge(env, now);
    let live = judged.sha()?;
    if let Some(left) = left(model, env, live).filter(|left| Mark::of(&model.facts.history.marks, left).is_none()) {
        return Some((left, format!("which {} was rolled back from", env.id)));
    }
    Some((live.clone(), format!("which {} runs, {}", env.id, judged.state)))
}

/// Whether a state says that something is wrong with what runs.
fn fails(state: State) -> bool {
    matches!(state, State::Failing | State::Degraded | State::Mixed | State::Flapping)
}

/// The commit that an environment was rolled back from to what runs there now: by the last operation that did so, else by a list in
/// which the commit that runs now stands before and after it.
fn left(model: &Model, env: &EnvInfo, live: &Sha) -> Option<Sha> {
    let back = |one: &&Operation| {
        let arrived = matches!(one.state, OpState::Done | OpState::ArrivedFailing);
        one.kind.goes_back() && one.env == env.id && arrived
    };
    let last = model.facts.operations.values().filter(back).max_by_key(|one| one.started_at);
    let by_operation = last.filter(|one| one.commit.as_ref().is_none_or(|to| to.same(live))).and_then(|one| {
        let from = one.moves.iter().filter_map(|moved| {
            let rows = model.facts.releases.get(&moved.service)?;
            rows.iter().find(|row| Some(&row.id) == moved.from.as_ref())?.sha.clone()
        });
        from.into_iter().find(|sha| !sha.same(live))
    });
    by_operation.or_else(|| env.services.iter().find_map(|info| between(model.facts.releases.get(&info.id)?, live)))
}

/// Of a list, newest first, whose newest row is current and of this commit: the one before it, where this commit had run before that.
pub(in crate::app) fn between(rows: &[Deployment], live: &Sha) -> Option<Sha> {
    let of = |row: &Deployment| row.sha.as_ref().is_some_and(|sha| sha.same(live));
    let own = rows.iter().take_while(|row| of(row)).count();
    let left = rows.get(own)?.sha.clone()?;
    let newest = rows.first().is_some_and(|row| row.current && of(row));
    (newest && rows.iter().skip(own + 1).any(of)).then_some(left)
}

/// What a commit is about, as the lists tell it.
fn subject(model: &Model, sha: &Sha) -> Option<String> {
    let rows = model.facts.releases.values().flatten().filter(|row| row.sha.as_ref().is_some_and(|one| one.same(sha)));
    rows.map(|row| model.facts.subject(row).to_string()).find(|message| !message.is_empty() && !model.screen.private)
}

/// Where a commit runs that fails nowhere: marking it asks once more. One environment that it fails in, or that is in trouble with it, says
/// enough, however well it runs in others.
pub(super) fn runs_well(model: &Model, sha: &Sha, now: Now) -> Vec<String> {
    let in_it = |commits: &[Sha]| commits.iter().any(|live| live.same(sha));
    let trouble = |one: &EnvInfo| {
        let told = model.facts.trouble.get(&one.id).filter(|trouble| trouble.calm.is_none());
        let judged = model.facts.judge(one, now);
        in_it(&judged.commits) && fails(judged.state) || told.is_some_and(|trouble| in_it(&trouble.commits))
    };
    if model.facts.environments.iter().any(trouble) {
        return Vec::new();
    }
    let told = model.facts.environments.iter().filter_map(|env| {
        let judged = model.facts.judge(env, now);
        in_it(&judged.commits).then(|| format!("{} runs it and is {}", env.id, judged.words()))
    });
    told.collect()
}

#[cfg(test)]
mod tests;
