//! The menu of actions: every one of them, with the reason where it cannot run now.

mod named;
mod runs;
mod services;

pub(in crate::app) use named::{Beside, Named, named};
pub(in crate::app) use runs::of_run;

use super::dialog::{self, Asks, OperationDialog};
use super::marking;
use super::scale;
use super::secret;
use super::sure::{self, About};
use crate::action::Choice;
use crate::app::dialogs::Overlay;
use crate::app::effect::Effect;
use crate::app::insight::fresh;
use crate::app::model::{Model, Place};
use crate::app::msg::Now;
use crate::app::trust;
use crate::domain::environment::EnvInfo;
use crate::domain::feed::FeedId;
use crate::domain::ids::{EnvId, OpId, ServiceId, Sha};
use crate::domain::lock::{Lock, Mark};
use crate::domain::operation::Request;
use crate::domain::promotion::KEY;
use crate::domain::readiness;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// The rollback dialog.
    RollBack,
    /// The rollback dialog of the environment that the alarm line names.
    RollBackOf(EnvId),
    /// The plan of an operation.
    Request(EnvId, Request),
    /// The entry of a secret.
    Secret,
    /// What a project file asks for.
    ProjectFile,
    /// The choice of how many machines.
    Scale(ServiceId),
    /// A lock on an environment.
    Lock(EnvId),
    /// The end of a lock: one's own, or another person's.
    Unlock(EnvId, Lock),
    /// A mark on a commit.
    Mark(Sha),
    /// The end of a mark.
    Unmark(Sha, Mark),
    /// An operation's steps and choices.
    Show(OpId),
    /// Nothing: the console cannot do it.
    Nothing,
}

/// The key in the menu of what the alarm line names.
pub const ALARM: char = Choice::Alarm.letter();
/// The key in the menu of the way back of what the keys act on.
pub const ROLL_BACK: char = Choice::RollBack.letter();

/// The key in the menu of what a project file asks for.
pub const PROJECT_FILE: char = '0';

/// What the console does not do, and where it is done.
const FREEZE: &str = "not from here; write `freeze` into the configuration; L locks it now";

/// What the rows are about: what the keys of operations act on. An alarm that stands elsewhere has a row of its own.
#[must_use]
pub fn place(model: &Model) -> String {
    match model.target() {
        Some(Place::Env(env) | Place::Need(env, _)) => env.to_string(),
        Some(Place::Service(service)) => service.to_string(),
        None => "nothing selected".to_owned(),
    }
}

/// The rows for what the keys of operations act on.
#[must_use]
pub fn items(model: &Model, now: Now) -> Vec<Item> {
    let mut items = Vec::new();
    for (letter, operation) in ('1'..='9').zip(model.facts.interrupted()) {
        items.push(Item {
            letter,
            title: format!("cut short: {}", operation.title),
            why_not: None,
            run: Run::Show(operation.id),
        });
    }
    for choice in Choice::ALL {
        items.extend(offer(model, choice, now));
        if choice == Choice::Alarm {
            items.extend(project_file(model));
        }
    }
    items
}

/// What a choice would do now to what is selected; `None` where there is nothing that it could be done to.
fn offer(model: &Model, choice: Choice, now: Now) -> Option<Item> {
    match choice {
        Choice::Alarm => alarmed(model, now),
        Choice::Promote => Some(promote(model, now)),
        Choice::Approve | Choice::Reject => Some(runs::review(model, choice, now)),
        Choice::RollBack => Some(Item {
            letter: choice.letter(),
            title: rollback_title(model, &place(model)),
            why_not: rollback_why_not(model, now),
            run: Run::RollBack,
        }),
        Choice::LastOperation => {
            let last = model.facts.operations.values().last().filter(|one| !one.interrupted)?;
            let title = format!("show the last operation: {}", last.title);
            Some(Item { letter: choice.letter(), title, why_not: None, run: Run::Show(last.id) })
        }
        Choice::Cancel => Some(runs::cancel(model, now)),
        Choice::Rerun | Choice::RerunFailed => of(runs::rerun(model, now), choice),
        Choice::Redeploy => Some(services::redeploy(model, now)),
        Choice::Restart => Some(services::restart(model, now)),
        Choice::Scale => Some(services::scale(model, now)),
        Choice::Unpin | Choice::Pause | Choice::Challenge | Choice::Advance | Choice::Complete | Choice::Abort => {
            of(services::levers(model, now), choice)
        }
        Choice::Lock => lock(model, now),
        Choice::MarkBad => Some(marking::item(model, now)),
        Choice::SetSecret => Some(set_secret(model, now)),
        Choice::Freeze => {
            let title = "freeze at certain times".to_owned();
            Some(Item { letter: choice.letter(), title, why_not: Some(FREEZE.to_owned()), run: Run::Nothing })
        }
    }
}

fn of(items: Vec<Item>, choice: Choice) -> Option<Item> {
    items.into_iter().find(|item| item.letter == choice.letter())
}

/// What a project file asks for, while somebody has to say something to it.
fn project_file(model: &Model) -> Option<Item> {
    let file = trust::open(model)?;
    let title = if file.withheld() { "approve what flightdeck.toml asks for" } else { "read flightdeck.toml again" };
    Some(Item { letter: PROJECT_FILE, title: title.to_owned(), why_not: None, run: Run::ProjectFile })
}

/// The way back of what the alarm line names, first while there is one, wherever the keys are.
fn alarmed(model: &Model, now: Now) -> Option<Item> {
    let banner = model.facts.banner.as_ref()?;
    let env = model.facts.env(&banner.env)?;
    let title = format!("roll back {}, which is {}", env.id, banner.state);
    Some(Item { letter: ALARM, title, why_not: no_way_back(model, env, now), run: Run::RollBackOf(env.id.clone()) })
}

fn promote(model: &Model, now: Now) -> Item {
    let promotion = model.facts.promotions.near(model.target_env().map(|env| &env.id));
    let ends = promotion.and_then(|one| Some((model.facts.env(&one.from)?, model.facts.env(&one.to)?)));
    let Some((from, env)) = ends else {
        let targets: Vec<&str> = model.facts.promotions.targets().map(EnvId::as_str).collect();
        let why = match targets.as_slice() {
            [] => format!("nothing says what is promoted to where: {KEY}"),
            several => format!("select one of {}", several.join(", ")),
        };
        return Item {
            letter: Choice::Promote.letter(),
            title: "promote".to_owned(),
            why_not: Some(why),
            run: Run::Nothing,
        };
    };
    let judged = model.facts.judge(from, now);
    let candidate = judged.sha().cloned();
    let why_not = match &candidate {
        _ if !env.writable => env.read_only().map(|why| why.to_string()),
        // What is promoted must be known to run there now.
        _ if readiness::cannot(&from.id, &judged).is_some() => readiness::cannot(&from.id, &judged),
        None => Some(format!("what {} runs is not known", from.id)),
        Some(sha) if readiness::runs_already(&model.facts.judge(env, now), sha) => {
            Some(format!("{} runs it already", env.id))
        }
        Some(_) => under_way(model),
    };
    let what = candidate.as_ref().map_or_else(|| format!("what {} runs", from.id), |sha| sha.short().to_owned());
    // Without a workflow that deploys it, image and build are taken over on the platforms.
    let how = if model.facts.workflows.contains_key(&env.id) { "" } else { ", straight on its platforms" };
    let run = Run::Request(env.id.clone(), Request::Promote);
    Item { letter: Choice::Promote.letter(), title: format!("promote {what} to {}{how}", env.id), why_not, run }
}

fn set_secret(model: &Model, now: Now) -> Item {
    let env = model.target_env();
    let title = env.map_or_else(|| "set a secret".to_owned(), |env| format!("set a secret in {}", env.id));
    let why_not = env.map_or_else(
        || Some("select an environment".to_owned()),
        |env| barred(model, env).or_else(|| old(model, [FeedId::Secrets(env.id.clone())], now)),
    );
    Item { letter: Choice::SetSecret.letter(), title, why_not, run: Run::Secret }
}

/// Who holds a lock, as it is said here.
pub(in crate::app) fn whose<'a>(model: &Model, held: &'a Lock) -> &'a str {
    if held.who.as_str() == &*model.facts.who { "you" } else { held.holder() }
}

fn lock(model: &Model, now: Now) -> Option<Item> {
    let env = model.target_env()?;
    let held = model.facts.history.locks.get(&env.id);
    let title = match held {
        Some(held) => format!("unlock {}: {}", env.id, held.badge(whose(model, held), now.wall)),
        None => format!("lock {}: others need a reason to change it; asks why, how long", env.id),
    };
    let run = match held {
        None => Run::Lock(env.id.clone()),
        Some(held) => Run::Unlock(env.id.clone(), held.clone()),
    };
    Some(Item { letter: Choice::Lock.letter(), title, why_not: None, run })
}

/// Why nothing may be changed there now.
fn barred(model: &Model, env: &EnvInfo) -> Option<String> {
    let read_only = env.read_only().map(|why| why.to_string());
    read_only.or_else(|| model.facts.running().map(|one| format!("{} is under way", one.title)))
}

/// Why nothing may be changed by what these feeds tell: it was not read lately.
fn old(model: &Model, feeds: impl IntoIterator<Item = FeedId>, now: Now) -> Option<String> {
    fresh::stale(model, feeds, now).map(|why| why.to_string())
}

fn under_way(model: &Model) -> Option<String> {
    // An approval belongs to a promotion that waits for it.
    let other = model.facts.running().filter(|one| !one.kind.gated())?;
    Some(format!("{} is under way", other.title))
}

/// What would go back. Of a service chosen alone it says what stays.
fn rollback_title(model: &Model, place: &str) -> String {
    let Some(Place::Service(id)) = model.target() else { return format!("roll back {place}") };
    let others = model.facts.env(&id.env).into_iter().flat_map(|env| &env.services);
    let others: Vec<&str> = others.filter(|one| one.id != id).map(|one| &*one.id.name).collect();
    let goes = model.facts.homes.get(&id).is_none_or(|platform| platform.has_releases());
    match &others[..] {
        // What never goes back has nothing to stay beside.
        _ if !goes => format!("roll back {place}"),
        [] => format!("roll back {place}"),
        others => format!("roll back {place} alone; {} stay as they are", others.join(", ")),
    }
}

fn rollback_why_not(model: &Model, now: Now) -> Option<String> {
    if let Some(Place::Service(id)) = model.target() {
        let service = model.facts.env(&id.env)?.services.iter().find(|service| service.id == id)?;
        if !service.platform.has_releases() {
            return Some(format!("{} is never rolled back from here", id.name));
        }
    }
    let Some(env) = model.target_env() else { return Some("select an environment".to_owned()) };
    if !env.writable {
        return env.read_only().map(|why| why.to_string());
    }
    dialog::unread(model, &dialog::services(model, env), now).map(|why| why.to_string())
}

/// Why an environment as a whole cannot be rolled back now.
fn no_way_back(model: &Model, env: &EnvInfo, now: Now) -> Option<String> {
    let read_only = env.read_only().map(|why| why.to_string());
    read_only.or_else(|| dialog::unread(model, &dialog::rollable(env), now).map(|why| why.to_string()))
}

/// Why a letter of the table of actions stands for no row now.
pub(in crate::app) fn absent(letter: char) -> &'static str {
    match Choice::of(letter) {
        Some(Choice::Alarm) => {
            "nothing fails, so ! has no alarm to roll back; the letters of the menu act on what is selected"
        }
        Some(Choice::LastOperation) => "nothing was begun here yet that could be shown",
        Some(Choice::Complete | Choice::Abort) => "no rolling release is under way in what is selected",
        Some(Choice::RerunFailed) => "no run that ended badly is selected",
        _ => "not for what is selected",
    }
}

/// Starts what a row stands for.
pub(in crate::app) fn run(model: &mut Model, run: Run, now: Now) -> Vec<Effect> {
    match run {
        Run::RollBack => return dialog::open(model, now),
        Run::RollBackOf(env) => return dialog::open_whole(model, &env, now),
        Run::Secret => secret::open(model),
        Run::ProjectFile => trust::ask(model, now),
        Run::Scale(service) => scale::open(model, service),
        Run::Request(env, request) => return dialog::ask_for(model, env, request, now),
        Run::Lock(env) => dialog::claim(model, env, Asks::Lock(None), now),
        // One's own ends by a yes, another person's by a reason.
        Run::Unlock(env, held) if held.who.as_str() == &*model.facts.who => {
            sure::ask(model, About::Unlock(env, held), now)
        }
        Run::Unlock(env, held) => dialog::claim(model, env, Asks::Unlock(held), now),
        Run::Mark(sha) => {
            let env = model.target_env().map(|env| env.id.clone());
            let runs = marking::runs_well(model, &sha, now);
            dialog::claim(model, env.unwrap_or_else(|| "".into()), Asks::Mark(sha, runs), now);
        }
        Run::Unmark(sha, mark) => sure::ask(model, About::Unmark(sha, mark), now),
        Run::Show(op) => model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Following(op))),
        Run::Nothing => {}
    }
    Vec::new()
}
