//! What speaks for and against bringing what staging runs to production, point by point.

use std::collections::BTreeSet;

use super::{actor, fresh};
use crate::action::Choice;
use crate::app::model::{Model, Pane, Place};
use crate::app::msg::Now;
use crate::app::navigate::Jump;
use crate::domain::environment::{EnvInfo, Status};
use crate::domain::feed::FeedId;
use crate::domain::finding;
use crate::domain::ids::{EnvId, ServiceId, Sha};
use crate::domain::pipeline::Run;
use crate::domain::promotion::KEY;
use crate::domain::readiness::{self, Rating};
pub use crate::domain::readiness::{Criterion, Means};
use crate::domain::secret::SecretRow;
use crate::domain::state::State;
use crate::sanitize::Text;

/// One point.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What is asked.
    pub asks: Criterion,
    /// As what that is told: nobody promises that platforms are well beside a target that is not.
    pub title: Criterion,
    /// How it stands.
    pub status: Status,
    /// What that means for a promotion.
    pub means: Means,
    /// What is known.
    pub says: Text,
    /// Where it leads.
    pub jump: Jump,
}

impl Check {
    fn new(asks: Criterion, status: Status, says: impl Into<Text>, jump: Jump) -> Self {
        Self { asks, title: asks, status, means: Means::of(status), says: says.into(), jump }
    }

    fn rated(asks: Criterion, rating: Rating, jump: Jump) -> Self {
        Self { asks, title: asks, status: rating.status, means: rating.means, says: rating.says, jump }
    }

    /// Whether nothing is to be done there, or nothing looks: it is no more waiting or paused than a step that was skipped.
    #[must_use]
    pub fn idle(&self) -> bool {
        self.status == Status::Paused && (self.asks == Criterion::Candidate || self.means == Means::Clear)
    }

    fn meaning(self, means: Means) -> Self {
        Self { means, ..self }
    }
}

/// What all points come to, in one line: ready with what would happen, not ready with the worst that blocks, unknown with what was not read
/// first. What is not known may be in the way.
#[must_use]
pub fn verdict(checks: &[Check]) -> (State, String) {
    let of = |means: Means| {
        let all: Vec<&Check> = checks.iter().filter(|check| check.means == means).collect();
        // What is wrong says more than what merely has nothing to do.
        let worst = all.iter().find(|check| check.status == Status::Fail).or(all.first());
        Some((*worst?, all.len()))
    };
    let more = |count: usize| if count > 1 { format!(" (+{} more)", count - 1) } else { String::new() };
    match (of(Means::Blocks), of(Means::Unread)) {
        (Some((first, count)), _) => {
            let state = match first.status {
                Status::Paused => State::Paused,
                Status::Running => State::Deploying,
                _ => State::Failing,
            };
            (state, format!("not ready: {}{}", first.says, more(count)))
        }
        (None, Some((first, count))) => (State::Unknown, format!("unknown: {}{}", first.says, more(count))),
        (None, None) => {
            let what =
                checks.iter().find(|check| check.asks == Criterion::Candidate).map(|check| format!(": {}", check.says));
            (State::Healthy, format!("ready{}", what.unwrap_or_default()))
        }
    }
}

/// From which environment to which the points are about; `None` while that is not said.
#[must_use]
pub fn ends(model: &Model) -> Option<(EnvId, EnvId)> {
    let promotion = model.facts.promotions.near(model.selected_env().map(|env| &env.id))?;
    Some((model.facts.env(&promotion.from)?.id.clone(), model.facts.env(&promotion.to)?.id.clone()))
}

/// Every point of the promotion that is looked at, in the order in which a person would ask.
#[must_use]
pub fn checks(model: &Model, now: Now) -> Vec<Check> {
    near(model, model.selected_env().map(|env| &env.id), now)
}

/// Every point of the promotion into an environment, or out of it.
#[must_use]
pub fn near(model: &Model, env: Option<&EnvId>, now: Now) -> Vec<Check> {
    let promotion = model.facts.promotions.near(env);
    let ends = promotion.and_then(|one| Some((model.facts.env(&one.from)?, model.facts.env(&one.to)?)));
    let Some((staging, production)) = ends else { return unsaid(model) };
    let candidate = model.facts.judge(staging, now).sha().cloned();
    let target = healthy(model, production, Criterion::Target, now);
    let platforms = findings(model, production, now);
    let platforms = Check { title: Criterion::of_platforms(target.status, platforms.status), ..platforms };
    vec![
        healthy(model, staging, Criterion::Source, now),
        candidate_of(model, (staging, production), candidate.as_ref(), now),
        built(model, production, candidate.as_ref(), now),
        gates(model, now),
        claims(model, production, candidate.as_ref(), now),
        secrets(model, production, now),
        target,
        platforms,
        operations(model),
        all_fresh(model, (staging, production), now),
    ]
}

/// With several ways to customers, one of them has to be looked at.
fn unsaid(model: &Model) -> Vec<Check> {
    let targets: Vec<&str> = model.facts.promotions.targets().map(EnvId::as_str).collect();
    let says = match targets.as_slice() {
        [] => format!("nothing says what is promoted to where: {KEY}"),
        several => format!("select one of {}", several.join(", ")),
    };
    let jump = Jump::Pane(Pane::Environments);
    vec![Check::new(Criterion::Configured, Status::Unknown, says, jump)]
}

/// What is asked, in order.
pub(in crate::app) fn asked(model: &Model) -> Vec<Criterion> {
    // The questions do not depend on the time.
    let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: std::time::Duration::ZERO };
    checks(model, now).into_iter().map(|check| check.asks).collect()
}

fn healthy(model: &Model, env: &EnvInfo, asks: Criterion, now: Now) -> Check {
    let rating =
        readiness::healthy(env, &model.facts.judge(env, now), &model.facts.services, model.facts.probes.of(&env.id));
    Check::rated(asks, rating, Jump::Place(Place::Env(env.id.clone())))
}

fn candidate_of(
    model: &Model,
    (staging, production): (&EnvInfo, &EnvInfo),
    candidate: Option<&Sha>,
    now: Now,
) -> Check {
    let judged = model.facts.judge(production, now);
    let rating = readiness::candidate(production, (candidate, &judged), &model.facts.services, &model.facts.releases);
    Check::rated(Criterion::Candidate, rating, Jump::Place(Place::Env(staging.id.clone())))
}

fn built(model: &Model, target: &EnvInfo, candidate: Option<&Sha>, now: Now) -> Check {
    let asks = Criterion::Pipeline;
    if let Some(check) = unread(model, asks, [FeedId::Pipeline], Jump::Pane(Pane::Pipeline), now) {
        return check;
    }
    let Some(sha) = candidate else {
        let says = "which commit would be promoted is not known";
        return Check::new(asks, Status::Unknown, says, Jump::Pane(Pane::Pipeline));
    };
    let deploys = |run: &Run| model.facts.workflows.get(&target.id).is_some_and(|file| run.of_file(file));
    let runs = readiness::runs_of(&model.facts.runs, sha, deploys);
    let worst = runs.iter().max_by_key(|run| run.status).map(|run| Jump::Run(run.id));
    let rating = readiness::passed(&runs, runs.iter().map(|run| readiness::told(run)));
    Check::rated(asks, rating, worst.unwrap_or(Jump::Pane(Pane::Pipeline)))
}

/// What a point says when it was not read lately: nothing better than that.
fn unread(
    model: &Model,
    asks: Criterion,
    feeds: impl IntoIterator<Item = FeedId>,
    jump: Jump,
    now: Now,
) -> Option<Check> {
    let says = fresh::stale(model, feeds, now)?;
    Some(Check::new(asks, Status::Unknown, says, jump))
}

fn gates(model: &Model, now: Now) -> Check {
    if let Some(check) = unread(model, Criterion::Gates, [FeedId::Pipeline], Jump::Pane(Pane::Pipeline), now) {
        return check;
    }
    let waiting = model.facts.runs.iter().find_map(|run| Some((run, run.gates.first()?)));
    match waiting {
        None => Check::new(Criterion::Gates, Status::Ok, "no gate waits", Jump::Pane(Pane::Pipeline)),
        Some((run, gate)) => {
            let status = if gate.blocks(run, now.wall) { Status::Warn } else { Status::Paused };
            let lanes: String = run.lane_words().map(|words| format!(", {words}")).collect();
            let says = format!("{} {}{lanes}: {}", run.name(), gate.words(run, now.wall), gate.may());
            Check::new(Criterion::Gates, status, says, Jump::Run(run.id)).meaning(Means::Blocks)
        }
    }
}

fn claims(model: &Model, production: &EnvInfo, candidate: Option<&Sha>, now: Now) -> Check {
    let lock = model.facts.history.locks.get(&production.id).map(crate::domain::lock::Lock::words);
    let mark = candidate
        .and_then(|sha| crate::domain::lock::Mark::against(&model.facts.history.marks, std::iter::once(sha)))
        .map(|words| words.to_string());
    let pin = production.services.iter().find_map(|info| {
        let pin = model.facts.services.get(&info.id)?.declared.as_ref()?.pin.as_ref()?;
        let unpin = model.screen.keys.of(Choice::Unpin.start());
        let who = actor::pin(model, &info.id, pin).words(now.wall);
        Some(format!("PINNED {}: {who}; {unpin} releases it", info.id.name))
    });
    let jump = Jump::Place(Place::Env(production.id.clone()));
    let frozen = model.facts.frozen(&production.id, now).map(|frozen| frozen.words());
    let unread = fresh::stale(model, [FeedId::Journal], now);
    let asks = Criterion::Claims;
    let all: Vec<String> = [mark, lock, frozen, pin].into_iter().flatten().collect();
    match (all.is_empty(), unread) {
        (false, _) => Check::new(asks, Status::Warn, all.join("; "), jump).meaning(Means::Blocks),
        (true, Some(why)) => Check::new(asks, Status::Unknown, why, jump),
        (true, None) => Check::new(asks, Status::Ok, "no lock, no mark, no freeze, no pin", jump),
    }
}

fn secrets(model: &Model, production: &EnvInfo, now: Now) -> Check {
    // What is compared with the target's secrets counts, wherever it is.
    let old = |env: &EnvInfo| fresh::stale(model, [FeedId::Secrets(env.id.clone())], now).map(|why| why.to_string());
    let mut unread: Vec<String> = model.facts.environments.iter().filter_map(old).collect();
    if unread.is_empty() && model.facts.secret_names.is_empty() {
        unread.push("not read yet".to_owned());
    }
    unread.extend(model.facts.secret_names.iter().flat_map(|(env, names)| names.withheld(env)));
    let rating = readiness::secrets(&production.id, &model.facts.secrets, &unread);
    let blocks = |row: &&SecretRow| row.findings.iter().any(|one| one.blocks && one.envs.contains(&production.id));
    let jump = model.facts.secrets.iter().find(blocks).map(|row| Jump::Secret(row.key.clone()));
    Check::rated(Criterion::Secrets, rating, jump.unwrap_or(Jump::Pane(Pane::Secrets)))
}

/// The worst of what production's databases and platforms say of themselves.
fn findings(model: &Model, production: &EnvInfo, now: Now) -> Check {
    let asks = Criterion::Platforms;
    let known = model.facts.known(now);
    let looked = |id: &FeedId| match id {
        FeedId::Findings(of) if of.env == production.id => Some(of.clone()),
        _ => None,
    };
    let mine = || model.facts.findings.iter().filter(|(id, _)| id.env == production.id);
    let places: BTreeSet<ServiceId> =
        model.facts.feeds.keys().filter_map(looked).chain(mine().map(|(id, _)| id.clone())).collect();
    let stands = places.iter().rev().filter_map(|id| Some((id, known.condition(id)?)));
    let Some((id, (state, why))) = stands.max_by_key(|(_, (state, why))| (state.weight(), !why.is_empty())) else {
        let jump = Jump::Place(Place::Env(production.id.clone()));
        return Check::new(asks, Status::Paused, "nothing looks at it, or the tokens may not", jump)
            .meaning(Means::Clear);
    };
    let checks = || mine().flat_map(|(_, all)| all);
    let denied: Vec<&str> = checks().filter(|one| one.denied()).map(|one| one.name.as_str()).collect();
    let says = match state {
        State::Healthy => {
            let well = checks().count() - denied.len();
            let note = if why.is_empty() { String::new() } else { format!("; {} {why}", id.name) };
            // What the token may not see has no verdict, and is named.
            let denied =
                if denied.is_empty() { String::new() } else { format!("; not for this token: {}", denied.join(", ")) };
            format!("{well} checks in {} places are well{note}{denied}", places.len())
        }
        _ => format!("{} {why}", id.name),
    };
    // A risk stops nobody's work now, and is as bad as its own check says.
    let own = model
        .facts
        .findings
        .get(id)
        .and_then(|all| finding::worst(all.iter().filter_map(|one| Some(&one.last()?.finding))));
    let status = match (state, own) {
        (State::Degraded, Some((worst, _))) => worst.status,
        (state, _) => state.tone(),
    };
    Check::new(asks, status, says, Jump::Place(Place::Service(id.clone())))
}

fn operations(model: &Model) -> Check {
    let asks = Criterion::Operations;
    match model.facts.running().or_else(|| model.facts.interrupted().next()) {
        Some(operation) => {
            let says =
                format!("{}: {}", operation.title, if operation.interrupted { "cut short" } else { "under way" });
            let jump = Jump::Operation(operation.id);
            Check::new(asks, Status::Running, says, jump)
        }
        None => Check::new(asks, Status::Ok, "no operation", Jump::Pane(Pane::Journal)),
    }
}

/// Everything that the points above stand on.
fn all_fresh(model: &Model, (staging, production): (&EnvInfo, &EnvInfo), now: Now) -> Check {
    let asks = Criterion::Fresh;
    let mine = |env: &EnvId| *env == staging.id || *env == production.id;
    let needed = |id: &&FeedId| id.readies() && id.env().is_none_or(mine);
    let feeds: Vec<FeedId> = model.facts.feeds.keys().filter(needed).cloned().collect();
    let old: Vec<FeedId> =
        feeds.iter().filter(|id| fresh::stale(model, [(*id).clone()], now).is_some()).cloned().collect();
    let jump = Jump::Pane(Pane::Environments);
    match (fresh::stale(model, old.iter().cloned(), now), feeds.is_empty()) {
        (Some(why), _) => {
            let more = if old.len() > 1 { format!(" (+{} more)", old.len() - 1) } else { String::new() };
            Check::new(asks, Status::Unknown, format!("{why}{more}"), jump)
        }
        (None, true) => Check::new(asks, Status::Unknown, "nothing was read yet", jump),
        (None, false) => Check::new(asks, Status::Ok, "read within three intervals", jump),
    }
}

#[cfg(test)]
mod tests;
