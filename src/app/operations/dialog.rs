//! The dialog of an operation: pick a release or write a comment, see the plan, type the environment's name, follow the steps. Confirmation is a state:
//! enter does nothing but what the state says, and a late answer to an earlier question is dropped.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::comment::Comment;
use super::confirm::{Confirm, Reply};
use super::follow;
use super::scale::{self, Scaling};
use super::secret::{self, Entry};
use super::sure::{self, About, Sure};
use crate::action::{
    self, Action,
    dialogs::{Dialog, Own},
};
use crate::app::dialogs;
use crate::app::dialogs::Overlay;
use crate::app::effect::Effect;
use crate::app::geometry::small;
pub(in crate::app) use crate::app::insight::back::{offered, rollable};
use crate::app::insight::fresh;
use crate::app::insight::readiness;
use crate::app::keys;
use crate::app::model::{Model, Place};
use crate::app::msg::{Key, KeyCode, Now};
use crate::app::question::{self, Question};
use crate::app::scroll;
use crate::domain::candidates::{self, Choice};
use crate::domain::confirmation::Level;
use crate::domain::environment::EnvInfo;
use crate::domain::feed::FeedId;
use crate::domain::ids::{EnvId, OpId, ReqId, ServiceId, Sha};
use crate::domain::lock::{Lock, SPANS};
use crate::domain::notice::Notice;
use crate::domain::operation::{Plan, Request};
use crate::domain::overrides::Override;
use crate::domain::readiness::{Criterion, Means, against as gate};
use crate::domain::strategy::{Strategy, StrategyKind};
use crate::sanitize::Text;

/// What a comment is written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// An operation.
    Request(Request),
    /// A lock on the environment, for so long; `None` = until it is given back.
    Lock(Option<SignedDuration>),
    /// Another person's lock on it is taken away.
    Unlock(Lock),
    /// A commit is to be marked bad; where it runs of which nothing says that it fails.
    Mark(Sha, Vec<String>),
}

/// Where the dialog stands.
#[derive(Debug, Clone, PartialEq)]
pub enum OperationDialog {
    /// Choosing.
    Pick {
        /// Where.
        env: EnvId,
        /// One service alone.
        alone: Option<ServiceId>,
        /// What there is, newest first; read when the dialog opens, and again whenever it is read while it is open.
        choices: Vec<Choice>,
        /// The chosen commit; `None` until the person moves, unless one was verified.
        chosen: Option<Sha>,
        /// A person has moved: nothing is proposed any more.
        by_hand: bool,
        /// How machines are moved.
        strategy: Strategy,
    },
    /// Writing the comment that goes with it.
    Commenting {
        /// Where.
        env: EnvId,
        /// What is asked for.
        asks: Asks,
        /// What stands against it, as it is shown: the comment is a reason for these alone.
        told: Vec<Override>,
        /// What was known when it opened.
        opened: Opened,
        /// The comment.
        comment: Box<Comment>,
    },
    /// Entering a secret.
    Entering(Entry),
    /// Choosing how many machines.
    Scaling(Scaling),
    /// The plan is being computed, for this question.
    Preflighting(ReqId, Question),
    /// The plan, and what is done to confirm it.
    Ready(Box<Plan>, Confirm),
    /// No plan could be made, or it fell: why, and what was asked, where it can be asked again.
    Refused(Text, Option<Question>),
    /// A change of the store that takes yes or no.
    Sure(Sure),
    /// Under way, or over.
    Following(OpId),
}

/// What was known of what stands against an operation when the comment for it was begun.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// When.
    at: jiff::Timestamp,
    /// What was asked and could not be answered then.
    unread: Vec<Criterion>,
}

impl Opened {
    /// What is known now.
    pub(in crate::app) fn now(model: &Model, env: &EnvId, request: Option<&Request>, now: Now) -> Self {
        let ships = request.is_some_and(|request| request.kind().ships());
        let checks = if ships { readiness::near(model, Some(env), now) } else { Vec::new() };
        let unread = checks.iter().filter(|check| check.means == Means::Unread).map(|check| check.asks);
        Self { at: now.wall, unread: unread.collect() }
    }

    /// Whether it came about since then. What could not be read then may have stood there all the time.
    fn since(&self, one: &Override) -> bool {
        match one {
            Override::Lock(lock) => lock.at > self.at,
            Override::Freeze(_) => true,
            Override::RedGate { asks, .. } => !self.unread.contains(asks),
            Override::Behind { .. } | Override::Others { .. } => true,
        }
    }
}

/// Opens the dialog for what the keys of operations act on, or says why it cannot, and has read anew what there is to choose from.
pub(in crate::app) fn open(model: &mut Model, now: Now) -> Vec<Effect> {
    let Some(env) = model.target_env().cloned() else { return Vec::new() };
    let alone = match model.target() {
        Some(Place::Service(id)) => Some(id),
        _ => None,
    };
    open_of(model, env, alone, now)
}

/// Opens the dialog for a whole environment, wherever the keys are.
pub(in crate::app) fn open_whole(model: &mut Model, env: &EnvId, now: Now) -> Vec<Effect> {
    let Some(env) = model.facts.env(env).cloned() else { return Vec::new() };
    open_of(model, env, None, now)
}

fn open_of(model: &mut Model, env: EnvInfo, alone: Option<ServiceId>, now: Now) -> Vec<Effect> {
    // What is under way, or was cut short there, comes first: a second one would act on a world in motion.
    let first = model.facts.running().or_else(|| model.facts.interrupted().find(|operation| operation.env == env.id));
    if let Some(operation) = first {
        model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Following(operation.id)));
        return Vec::new();
    }
    let services = alone.clone().map_or_else(|| rollable(&env), |alone| vec![alone]);
    if let Some(why) = unread(model, &services, now) {
        model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Refused(why, None)));
        return Vec::new();
    }
    let (choices, chosen) = (Vec::new(), None);
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Pick {
        env: env.id,
        alone,
        choices,
        chosen,
        by_hand: false,
        strategy: Strategy::default(),
    }));
    renewed(model);
    let feeds = |id: ServiceId| [FeedId::Releases(id.clone()), FeedId::Declared(id.clone()), FeedId::Observed(id)];
    vec![Effect::Refresh(services.into_iter().flat_map(feeds).collect())]
}

/// Chooses a release in the dialog that was opened, and asks for the plan that leads to it. What it is not among cannot be gone back to: that is
/// said, and nothing else is chosen in its place.
pub(in crate::app) fn choose(model: &mut Model, commit: &Sha, now: Now) -> Vec<Effect> {
    let Some(OperationDialog::Pick { env, alone, choices, chosen, by_hand, .. }) = model.dialog.operation_mut() else {
        return Vec::new();
    };
    *by_hand = true;
    *chosen = choices.iter().find(|choice| choice.sha.same(commit)).map(|choice| choice.sha.clone());
    if chosen.is_none() {
        let place = alone.as_ref().map_or_else(|| env.to_string(), ToString::to_string);
        let told = format!("{place} cannot go back to {}: choose another release", commit.short());
        model.screen.notice = Some(Notice::refused(told));
        return Vec::new();
    }
    preflight(model, now)
}

/// What there is to choose from was read: the open dialog shows it. What a person chose stays chosen.
pub(in crate::app) fn renewed(model: &mut Model) {
    let Some(OperationDialog::Pick { env, alone, .. }) = model.dialog.operation() else { return };
    let Some(env) = model.facts.env(env) else { return };
    let services = alone.clone().map_or_else(|| rollable(env), |alone| vec![alone]);
    let found = offered(model, &services);
    let Some(OperationDialog::Pick { choices, chosen, by_hand, .. }) = model.dialog.operation_mut() else { return };
    let there = chosen.as_ref().is_some_and(|chosen| found.iter().any(|choice| choice.sha == *chosen));
    if !*by_hand || !there {
        *chosen = candidates::proposed(&found).map(|choice| choice.sha.clone());
    }
    *choices = found;
}

/// The services that can go back of what the keys of operations act on.
pub(in crate::app) fn services(model: &Model, env: &EnvInfo) -> Vec<ServiceId> {
    match model.target() {
        Some(Place::Service(id)) => vec![id],
        _ => rollable(env),
    }
}

/// Why a rollback may not be chosen now: what it is chosen from has not been read for too long
/// (docs/adr/0002-a-statement-needs-its-basis.md).
pub(in crate::app) fn unread(model: &Model, services: &[ServiceId], now: Now) -> Option<Text> {
    let feeds = |id: &ServiceId| [FeedId::Declared(id.clone()), FeedId::Releases(id.clone())];
    let why = fresh::stale(model, services.iter().flat_map(feeds), now)?;
    let again = model.screen.keys.of(Action::RefreshAll);
    Some(Text::from(format!("{why}; esc, then {again} reads it again")))
}

/// Whether nothing but a reason is missing: what is refused is not asked for one.
fn needs_reason(plan: &Plan) -> bool {
    plan.refusals.is_empty() && !plan.overrides.is_empty()
}

/// Whether the reason that was given was written with all before one's eyes that the plan overrides.
fn answered_for(model: &Model, plan: &Plan, question: &Question) -> bool {
    model.dialog.reason.is_some() && Override::untold(&plan.overrides, &question.told).is_none()
}

/// A plan came, or the reason why there is none.
pub(in crate::app) fn planned(model: &mut Model, req: ReqId, plan: Result<Box<Plan>, Text>, now: Now) {
    let question = match model.dialog.operation() {
        Some(OperationDialog::Preflighting(awaited, question)) if *awaited == req => question.clone(),
        _ => return,
    };
    model.dialog.overlay = Some(Overlay::Operation(match plan {
        // What the plan found red, or somebody's, is overridden by a reason, which nobody was asked for yet.
        Ok(plan) if plan.continues.is_none() && needs_reason(&plan) && !answered_for(model, &plan, &question) => {
            let new = Override::untold(&plan.overrides, &question.told).or(plan.overrides.first());
            model.screen.notice = new.map(|new| Notice::refused(format!("a reason is needed: {}", new.words())));
            // What was written before is no reason for this, and is there to be sent again or changed.
            let said = model.dialog.reason.take().or(question.said);
            let comment = Box::new(Comment::of(said.as_ref()));
            // What was told before stays told: the console and the plan may each know of something that the other does not.
            let told = Override::with(question.told, plan.overrides);
            let opened = Opened::now(model, &question.env, Some(&question.request), now);
            OperationDialog::Commenting {
                env: question.env,
                asks: Asks::Request(question.request),
                told,
                opened,
                comment,
            }
        }
        Ok(mut plan) => {
            // What overrides something red is asked as the worst is.
            if !against(model, &plan.env, &plan.request, now).is_empty() {
                plan.level = Level::Critical;
            }
            // What was said for a plan before this one, and none is needed for this one, is said of it still.
            model.dialog.reason = model.dialog.reason.take().or_else(|| question.said.clone());
            if question.anew && plan.refusals.is_empty() {
                let left = plan.left(now.wall).unwrap_or_default().as_secs();
                model.screen.notice = Some(Notice::done(format!("the plan was made anew: {left} s to confirm it")));
            }
            let mut confirm = Confirm::shown(model, &plan, now);
            confirm.question = Some(question);
            OperationDialog::Ready(plan, confirm)
        }
        Err(why) => OperationDialog::Refused(why, Some(question)),
    }));
}

pub(in crate::app) fn key(model: &mut Model, key: Key, now: Now) -> Vec<Effect> {
    if key.code == KeyCode::Esc {
        model.dialog.overlay = None;
        return Vec::new();
    }
    // Nothing is confirmed on a screen too small to show what is confirmed.
    if small(model.screen.size) {
        return dialogs::too_small(model);
    }
    match model.dialog.operation_mut() {
        Some(OperationDialog::Pick { env, choices, chosen, by_hand, strategy, .. }) => {
            let machines = choices.iter().any(Choice::has_machines);
            let by: isize = match keys::own(Dialog::Releases, key) {
                Some(Own::Go) => return preflight(model, now),
                Some(Own::Strategy) if machines => {
                    *strategy = strategy.next();
                    return Vec::new();
                }
                Some(Own::Region) if machines => {
                    let env = env.clone();
                    next_region(model, &env);
                    return Vec::new();
                }
                _ => match dialogs::step(key) {
                    Some(by) => by,
                    None => return Vec::new(),
                },
            };
            let at = chosen.as_ref().and_then(|sha| choices.iter().position(|choice| choice.sha == *sha));
            // Nobody begins by going to what runs.
            let first = choices.iter().position(|choice| !choice.live).unwrap_or(0);
            let last = choices.len().saturating_sub(1);
            let next = at.map_or(first, |at| at.saturating_add_signed(by).min(last));
            *by_hand = true;
            *chosen = choices.get(next).map(|choice| choice.sha.clone());
        }
        Some(OperationDialog::Ready(plan, _)) => {
            let typed = plan.level == Level::Critical && plan.refusals.is_empty() && plan.left(now.wall).is_some();
            return if scroll::key(model, key, !typed) { Vec::new() } else { answered(model, key, now) };
        }
        Some(OperationDialog::Commenting { env, asks, comment, .. }) => {
            if key.code == KeyCode::Enter && !key.alt {
                let (env, asks, said) = (env.clone(), asks.clone(), comment.text());
                return commented(model, env, asks, said, now);
            }
            match (asks, key.code) {
                (Asks::Lock(span), KeyCode::Tab | KeyCode::BackTab) => {
                    let by = if key.code == KeyCode::Tab { 1 } else { SPANS.len() - 1 };
                    let at = SPANS.iter().position(|one| one == span).unwrap_or(0);
                    *span = SPANS[(at + by) % SPANS.len()];
                }
                _ => comment.key(key),
            }
        }
        Some(OperationDialog::Entering(_)) => return secret::key(model, key, now),
        Some(OperationDialog::Scaling(_)) => return scale::key(model, key, now),
        Some(OperationDialog::Sure(_)) => return sure::key(model, key, now),
        Some(OperationDialog::Refused(..) | OperationDialog::Preflighting(..)) => {
            return match keys::own(Dialog::Plan, key) {
                Some(Own::Close) => {
                    model.dialog.overlay = None;
                    Vec::new()
                }
                Some(Own::Again) if !key.repeat => question::again(model),
                _ => {
                    scroll::key(model, key, true);
                    Vec::new()
                }
            };
        }
        Some(OperationDialog::Following(op)) => {
            let op = *op;
            return follow::key(model, op, key, now);
        }
        None => {}
    }
    Vec::new()
}

/// A key that is no scrolling, to a plan that shows.
fn answered(model: &mut Model, key: Key, now: Now) -> Vec<Effect> {
    let Some(OperationDialog::Ready(plan, confirm)) = model.dialog.operation_mut() else { return Vec::new() };
    if plan.left(now.wall).is_none() || !plan.refusals.is_empty() {
        return match keys::own(Dialog::Plan, key) {
            Some(Own::Again) if !key.repeat => question::again(model),
            _ if key.code == KeyCode::Enter && plan.refusals.is_empty() => {
                let again = action::dialogs::key(Dialog::Plan, Own::Again);
                let text = format!("the plan is older than a minute: {again} makes it anew; nothing was done");
                model.screen.notice = Some(Notice::refused(text));
                Vec::new()
            }
            _ => Vec::new(),
        };
    }
    // What takes a name takes letters; elsewhere a plan is made anew whenever a person asks.
    if plan.level != Level::Critical && keys::own(Dialog::Plan, key) == Some(Own::Again) && !key.repeat {
        return question::again(model);
    }
    let read = scroll::read(confirm.rows, model.screen.geometry.dialog);
    let told = match confirm.key(plan, key, model.screen.hurried, now) {
        Reply::Yes if read => return confirmed(model, now),
        Reply::Yes if model.screen.geometry.dialog.is_none() => {
            "the plan has not been on the screen yet: press it again to confirm".to_owned()
        }
        Reply::Yes => "there is more to read before it can be confirmed: the arrows and pgdn show it".to_owned(),
        Reply::No => {
            model.dialog.overlay = None;
            return Vec::new();
        }
        Reply::Open => return Vec::new(),
        Reply::Wrong(why) => why,
        Reply::Hurried => "that came faster than a person types, as a paste does: press it again to confirm".to_owned(),
    };
    model.screen.notice = Some(Notice::refused(told));
    Vec::new()
}

/// Opens the dialog for something that goes through the pipeline: a comment first where GitHub keeps one.
pub(in crate::app) fn ask_for(model: &mut Model, env: EnvId, request: Request, now: Now) -> Vec<Effect> {
    model.dialog.reason = None;
    let told = against(model, &env, &request, now);
    if matches!(request, Request::Review { .. }) || !told.is_empty() {
        let opened = Opened::now(model, &env, Some(&request), now);
        model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Commenting {
            env,
            asks: Asks::Request(request),
            told,
            opened,
            comment: Box::default(),
        }));
        return Vec::new();
    }
    question::ask(model, Question::new(env, request))
}

/// Opens the dialog for a lock or a mark, whose reason is written first.
pub(in crate::app) fn claim(model: &mut Model, env: EnvId, asks: Asks, now: Now) {
    let opened = Opened::now(model, &env, None, now);
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Commenting {
        env,
        asks,
        told: Vec::new(),
        opened,
        comment: Box::default(),
    }));
}

/// The comment is written: goes on with what it is for, unless a reason is needed and there is none.
fn commented(model: &mut Model, env: EnvId, asks: Asks, said: Text, now: Now) -> Vec<Effect> {
    let found = match &asks {
        Asks::Request(request) => against(model, &env, request, now),
        _ => Vec::new(),
    };
    let Some(OperationDialog::Commenting { told, opened, .. }) = model.dialog.operation_mut() else {
        return Vec::new();
    };
    if let Some(new) = Override::untold(&found, told) {
        let when = if opened.since(new) { "that came while you wrote" } else { "that could not be read before" };
        model.screen.notice =
            Some(Notice::refused(format!("{when}: {}; press enter again to override it", new.words())));
        *told = Override::with(std::mem::take(told), found);
        return Vec::new();
    }
    // The dialog goes on showing it where the reason is still missing.
    let told = told.clone();
    let missing = match &asks {
        Asks::Request(_) => told.first().map(Override::words),
        Asks::Lock(_) | Asks::Mark(..) => Some("others will ask why".to_owned()),
        Asks::Unlock(held) => Some(format!("{} will ask why", held.who)),
    };
    if let Some(why) = missing.filter(|_| said.is_empty()) {
        model.screen.notice = Some(Notice::refused(format!("a reason is needed: {why}")));
        return Vec::new();
    }
    match asks {
        Asks::Request(request) => {
            model.dialog.reason = Some(said).filter(|said| !said.is_empty());
            question::ask(model, Question { told, ..Question::new(env, request) })
        }
        Asks::Lock(span) => {
            model.dialog.overlay = None;
            vec![Effect::Lock(env, said, span.and_then(|span| now.wall.checked_add(span).ok()))]
        }
        Asks::Unlock(held) => {
            model.dialog.overlay = None;
            vec![Effect::Unlock(env, Some((held, said)))]
        }
        Asks::Mark(sha, runs) if runs.is_empty() => {
            model.dialog.overlay = None;
            vec![Effect::Mark(sha, Some(said))]
        }
        Asks::Mark(sha, runs) => {
            sure::ask(model, About::Mark(sha, said, runs), now);
            Vec::new()
        }
    }
}

/// What is red, or somebody's, and would be overridden by doing it now.
#[must_use]
pub fn against(model: &Model, env: &EnvId, request: &Request, now: Now) -> Vec<Override> {
    let frozen = model.facts.frozen(env, now).filter(|_| !request.kind().stops()).map(Override::Freeze);
    let lock = model.facts.history.locks.get(env).filter(|lock| *lock.who.as_str() != *model.facts.who);
    let ships = request.kind().ships();
    let checks = if ships { readiness::near(model, Some(env), now) } else { Vec::new() };
    let red = checks.into_iter().filter_map(|check| gate(check.asks, check.status, &check.says));
    frozen.into_iter().chain(lock.cloned().map(Override::Lock)).chain(red).collect()
}

/// The next region goes first: none, then each that has machines there.
fn next_region(model: &mut Model, env: &EnvId) {
    let all: BTreeSet<Text> = model
        .facts
        .services
        .iter()
        .filter(|(id, _)| id.env == *env)
        .flat_map(|(_, state)| state.declared.iter().flat_map(|declared| &declared.instances))
        .map(|instance| instance.region.clone())
        .collect();
    let Some(OperationDialog::Pick { strategy, .. }) = model.dialog.operation_mut() else { return };
    strategy.first = match &strategy.first {
        // One region is no choice.
        _ if all.len() < 2 || strategy.kind == StrategyKind::BlueGreen => None,
        None => all.first().cloned(),
        Some(now) => all.iter().find(|region| *region > now).cloned(),
    };
}

/// The release is asked for by its commit: what it consists of is read anew for the plan.
fn preflight(model: &mut Model, now: Now) -> Vec<Effect> {
    let Some(OperationDialog::Pick { env, alone, chosen, choices, strategy, .. }) = model.dialog.operation() else {
        return Vec::new();
    };
    let Some(commit) = chosen else {
        if !choices.is_empty() {
            model.screen.notice = Some(Notice::refused("no release is chosen yet: j and k choose one"));
        }
        return Vec::new();
    };
    let env = env.clone();
    let (commit, alone, strategy) = (commit.clone(), alone.clone(), strategy.clone());
    let asked = Request::RollBackTo { commit, alone, strategy, named: Vec::new() };
    ask_for(model, env, asked, now)
}

/// A plan that is fresh is carried out.
fn confirmed(model: &mut Model, now: Now) -> Vec<Effect> {
    let Some(OperationDialog::Ready(plan, _)) = model.dialog.operation() else { return Vec::new() };
    if plan.left(now.wall).is_none() {
        return Vec::new();
    }
    let plan = plan.clone();
    model.facts.own.insert(plan.op);
    model.dialog.overlay = Some(Overlay::Operation(OperationDialog::Following(plan.op)));
    vec![Effect::Operate(plan, model.dialog.reason.take())]
}

#[cfg(test)]
mod tests;
