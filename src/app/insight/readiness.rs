//! What speaks for and against bringing what staging runs to production, point by point.

use std::collections::BTreeSet;

use super::fresh;
use crate::app::model::{Model, Pane, Place};
use crate::app::msg::Now;
use crate::app::navigate::Jump;
use crate::domain::environment::{EnvInfo, ServiceInfo, Status};
use crate::domain::feed::FeedId;
use crate::domain::ids::{EnvId, ServiceId, Sha};
use crate::domain::posture;
use crate::domain::promotion::KEY;
use crate::domain::state::State;
use crate::sanitize::Text;

/// What a point means for a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// It is not in the way.
    Clear,
    /// It is.
    Blocks,
    /// It was not read, not lately, or not whole.
    Unread,
}

/// One point.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What is asked.
    pub asks: &'static str,
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
    fn new(asks: &'static str, status: Status, says: impl Into<Text>, jump: Jump) -> Self {
        let means = match status {
            Status::Unknown => Means::Unread,
            Status::Ok | Status::Warn => Means::Clear,
            Status::Fail | Status::Paused | Status::Running => Means::Blocks,
        };
        Self { asks, status, means, says: says.into(), jump }
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
            let what = checks.iter().find(|check| check.asks == THERE_IS).map(|check| format!(": {}", check.says));
            (State::Healthy, format!("ready{}", what.unwrap_or_default()))
        }
    }
}

/// From which environment to which the points are about; `None` while that is not said.
#[must_use]
pub fn ends(model: &Model) -> Option<(EnvId, EnvId)> {
    let promotion = model.promotions.near(model.selected_env().map(|env| &env.id))?;
    Some((model.env(&promotion.from)?.id.clone(), model.env(&promotion.to)?.id.clone()))
}

/// Every point, in the order in which a person would ask.
#[must_use]
pub fn checks(model: &Model, now: Now) -> Vec<Check> {
    let promotion = model.promotions.near(model.selected_env().map(|env| &env.id));
    let ends = promotion.and_then(|one| Some((model.env(&one.from)?, model.env(&one.to)?)));
    let Some((staging, production)) = ends else { return unsaid(model) };
    let candidate = model.judge(staging, now).sha().cloned();
    vec![
        healthy(model, staging, "the source is healthy", now),
        candidate_of(model, (staging, production), candidate.as_ref(), now),
        built(model, candidate.as_ref(), now),
        gates(model, now),
        claims(model, production, candidate.as_ref(), now),
        secrets(model, (staging, production), now),
        healthy(model, production, "the target is healthy now", now),
        postures(model, production, now),
        operations(model),
        all_fresh(model, (staging, production), now),
    ]
}

/// With several ways to customers, one of them has to be looked at.
fn unsaid(model: &Model) -> Vec<Check> {
    let targets: Vec<&str> = model.promotions.targets().map(EnvId::as_str).collect();
    let says = match targets.as_slice() {
        [] => format!("nothing says what is promoted to where: {KEY}"),
        several => format!("select one of {}", several.join(", ")),
    };
    let jump = Jump::Pane(Pane::Environments);
    vec![Check::new("promotes_to is configured", Status::Unknown, says, jump)]
}

/// What is asked, in order.
pub(in crate::app) fn asked(model: &Model) -> Vec<&'static str> {
    // The questions do not depend on the time.
    let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, mono: std::time::Duration::ZERO };
    checks(model, now).into_iter().map(|check| check.asks).collect()
}

fn healthy(model: &Model, env: &EnvInfo, asks: &'static str, now: Now) -> Check {
    let judged = model.judge(env, now);
    // The question is the same for every pair of environments; the answer names its own.
    let says = format!("{}: {}", env.id, judged.words());
    let check = Check::new(asks, judged.state.tone(), says, Jump::Place(Place::Env(env.id.clone())));
    if judged.state == State::Flapping { check.meaning(Means::Blocks) } else { check }
}

/// What is asked of the commit itself.
const THERE_IS: &str = "there is something to promote";

fn candidate_of(
    model: &Model,
    (staging, production): (&EnvInfo, &EnvInfo),
    candidate: Option<&Sha>,
    now: Now,
) -> Check {
    let live = model.judge(production, now).sha().cloned();
    let (status, says) = match (candidate, &live) {
        (None, _) | (_, None) => (Status::Unknown, "what runs is not known in both".to_owned()),
        (Some(new), Some(old)) if new.same(old) => (Status::Paused, format!("both run {}", new.short())),
        (Some(new), Some(_)) if taken_back(model, production, new).is_some() => {
            let why = taken_back(model, production, new).unwrap_or_default();
            (Status::Fail, format!("{} {why}", new.short()))
        }
        (Some(new), Some(old)) => (Status::Ok, format!("{} would replace {}", new.short(), old.short())),
    };
    Check::new(THERE_IS, status, says, Jump::Place(Place::Env(staging.id.clone())))
}

/// How a commit left an environment for an older one, if it did: it was rolled back, and is proposed to nobody.
fn taken_back(model: &Model, env: &EnvInfo, sha: &Sha) -> Option<String> {
    let back = |info: &ServiceInfo| {
        let rows = model.releases.get(&info.id)?;
        let first = |of: &Sha| {
            let own = rows.iter().filter(|row| row.sha.as_ref().is_some_and(|it| it.same(of)));
            own.map(|row| row.created_at).min()
        };
        let state = model.services.get(&info.id)?;
        let seen = state.observed.as_ref().and_then(|observed| observed.sha.as_ref());
        let live = seen.or_else(|| state.declared.as_ref()?.sha.as_ref()).filter(|live| !live.same(sha))?;
        // It was there, and what runs now had been there before it.
        (first(live)? < first(sha)?)
            .then(|| format!("was rolled back in {} to {} ({})", env.id, live.short(), info.id.name))
    };
    env.services.iter().find_map(back)
}

fn built(model: &Model, candidate: Option<&Sha>, now: Now) -> Check {
    let asks = "its pipeline passed";
    if let Some(check) = unread(model, asks, [FeedId::Pipeline], Jump::Pane(Pane::Pipeline), now) {
        return check;
    }
    let runs: Vec<_> = model.runs.iter().filter(|run| candidate.is_some_and(|sha| sha.same(&run.sha))).collect();
    let worst = runs.iter().max_by_key(|run| run.status);
    let (status, says, jump) = match worst {
        None => (Status::Unknown, "no recent run is of this commit".to_owned(), Jump::Pane(Pane::Pipeline)),
        Some(run) => (run.status, format!("{} #{} {}", run.workflow, run.number.0, run.words), Jump::Run(run.id)),
    };
    Check::new(asks, status, says, jump)
}

/// What is asked of gates.
pub const NO_GATE: &str = "no gate is in the way";

/// What a point says when it was not read lately: nothing better than that.
fn unread(
    model: &Model,
    asks: &'static str,
    feeds: impl IntoIterator<Item = FeedId>,
    jump: Jump,
    now: Now,
) -> Option<Check> {
    let says = fresh::stale(model, feeds, now)?;
    Some(Check::new(asks, Status::Unknown, says, jump))
}

fn gates(model: &Model, now: Now) -> Check {
    if let Some(check) = unread(model, NO_GATE, [FeedId::Pipeline], Jump::Pane(Pane::Pipeline), now) {
        return check;
    }
    let waiting = model.runs.iter().find_map(|run| Some((run, run.gates.first()?)));
    match waiting {
        None => Check::new(NO_GATE, Status::Ok, "no gate waits", Jump::Pane(Pane::Pipeline)),
        Some((run, gate)) => {
            let status = if gate.blocks(run, now.wall) { Status::Warn } else { Status::Paused };
            let lanes: String = run.lane_words().map(|words| format!(", {words}")).collect();
            let says =
                format!("{} #{} {}{lanes}: {}", run.workflow, run.number.0, gate.words(run, now.wall), gate.may());
            Check::new(NO_GATE, status, says, Jump::Run(run.id)).meaning(Means::Blocks)
        }
    }
}

fn claims(model: &Model, production: &EnvInfo, candidate: Option<&Sha>, now: Now) -> Check {
    let lock = model.history.locks.get(&production.id).map(crate::domain::claim::Lock::words);
    let mark = candidate
        .and_then(|sha| crate::domain::claim::Mark::against(&model.history.marks, std::iter::once(sha)))
        .map(|words| words.to_string());
    let pin = production.services.iter().find_map(|info| {
        let pin = model.services.get(&info.id)?.declared.as_ref()?.pin.as_ref()?;
        Some(format!("PINNED {}: {}; !U releases it", info.id.name, pin.words(now.wall)))
    });
    let jump = Jump::Place(Place::Env(production.id.clone()));
    let frozen = model.frozen(&production.id, now).map(|frozen| frozen.words());
    let unread = fresh::stale(model, [FeedId::Journal], now);
    let asks = "nobody holds it";
    let all: Vec<String> = [mark, lock, frozen, pin].into_iter().flatten().collect();
    match (all.is_empty(), unread) {
        (false, _) => Check::new(asks, Status::Warn, all.join("; "), jump).meaning(Means::Blocks),
        (true, Some(why)) => Check::new(asks, Status::Unknown, why, jump),
        (true, None) => Check::new(asks, Status::Ok, "no lock, no mark, no freeze, no pin", jump),
    }
}

fn secrets(model: &Model, (staging, production): (&EnvInfo, &EnvInfo), now: Now) -> Check {
    let feeds = [staging, production].map(|env| FeedId::Secrets(env.id.clone()));
    let old = fresh::stale(model, feeds, now);
    let rows = model.secrets.iter().flat_map(|row| row.findings.iter().map(move |finding| (row, finding)));
    let blocking: Vec<_> = rows.filter(|(_, finding)| finding.blocks).collect();
    let (status, says, jump) = match blocking.first() {
        _ if model.secret_entries.is_empty() => (Status::Unknown, "not read yet".to_owned(), Jump::Pane(Pane::Secrets)),
        None if old.is_some() => {
            let why = old.map(|why| why.to_string()).unwrap_or_default();
            (Status::Unknown, why, Jump::Pane(Pane::Secrets))
        }
        None => (Status::Ok, "none is missing".to_owned(), Jump::Pane(Pane::Secrets)),
        Some((row, finding)) => {
            let more = blocking.len() - 1;
            let more = if more > 0 { format!(" (+{more} more)") } else { String::new() };
            (Status::Fail, format!("{} {}{more}", row.key, finding.says), Jump::Secret(row.key.clone()))
        }
    };
    Check::new("secrets are in place", status, says, jump)
}

/// The worst of what production's databases and platforms say of themselves.
fn postures(model: &Model, production: &EnvInfo, now: Now) -> Check {
    let asks = "platforms report no problem";
    let known = model.known(now);
    let looked = |id: &FeedId| match id {
        FeedId::Posture(of) if of.env == production.id => Some(of.clone()),
        _ => None,
    };
    let mine = || model.posture.iter().filter(|(id, _)| id.env == production.id);
    let places: BTreeSet<ServiceId> =
        model.feeds.keys().filter_map(looked).chain(mine().map(|(id, _)| id.clone())).collect();
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
    let own =
        model.posture.get(id).and_then(|all| posture::worst(all.iter().filter_map(|one| Some(&one.last()?.finding))));
    let status = match (state, own) {
        (State::Degraded, Some((worst, _))) => worst.status,
        (state, _) => state.tone(),
    };
    Check::new(asks, status, says, Jump::Place(Place::Service(id.clone())))
}

fn operations(model: &Model) -> Check {
    let asks = "nothing is in flight";
    match model.running().or_else(|| model.interrupted().next()) {
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
    let asks = "all of this is fresh";
    let mine = |env: &EnvId| *env == staging.id || *env == production.id;
    let needed = |id: &&FeedId| match id {
        FeedId::Declared(of) | FeedId::Observed(of) | FeedId::Releases(of) | FeedId::Posture(of) => mine(&of.env),
        FeedId::Health(env) | FeedId::Secrets(env) => mine(env),
        FeedId::Pipeline | FeedId::Journal => true,
        FeedId::Logs(_) | FeedId::Builds(_) | FeedId::Token(_) => false,
    };
    let feeds: Vec<FeedId> = model.feeds.keys().filter(needed).cloned().collect();
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
