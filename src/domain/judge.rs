//! What may be said of a service and of an environment, from what the platforms declare, what the edge answers, what probes see
//! and what databases say of themselves. Pure, so that the screen and the commands without one say the same. What is old says
//! nothing: it is `unknown`, with what it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::environment::{Declared, EnvInfo, Observed, Status};
use super::feed::{FeedId, FeedStatus, Freshness};
use super::health::{ProbeId, ProbeState};
use super::ids::{EnvId, OpId, ServiceId, Sha};
use super::live::{self, Seen, Together};
use super::operation::Operation;
use super::pipeline::Run;
use super::posture::{self, Check, Posture, Reading};
use super::release::Deployment;
use super::span::age;
use super::spread;
use super::state::State;
use super::status::{Judgement, ServiceState};

/// Everything that a judgement is made of.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Declared and observed.
    pub services: &'a BTreeMap<ServiceId, ServiceState>,
    /// Probes of every environment.
    pub probes: &'a [ProbeState],
    /// Which service a probe asks, where its address tells.
    pub aimed: &'a BTreeMap<ProbeId, ServiceId>,
    /// What services say of their condition.
    pub posture: &'a BTreeMap<ServiceId, Vec<Check>>,
    /// Deployments of each service.
    pub releases: &'a BTreeMap<ServiceId, Vec<Deployment>>,
    /// Recent runs.
    pub runs: &'a [Run],
    /// The workflow file that deploys an environment.
    pub workflows: &'a BTreeMap<EnvId, Arc<str>>,
    /// Operations of any console.
    pub operations: &'a BTreeMap<OpId, Operation>,
    /// How fresh each of these facts is.
    pub feeds: &'a BTreeMap<FeedId, FeedStatus>,
    /// The time of the judgement.
    pub now: Timestamp,
}

/// One thing that speaks for a state.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    /// What it says as if it had just been read; `None` = it was never read.
    said: Option<State>,
    /// Why, in short words that need no name before them if `named`.
    why: String,
    /// The words begin with the name of what they are about.
    named: bool,
    /// Why that cannot be said now: `not read for 47s`.
    gap: Option<String>,
}

impl Part {
    fn new(said: State, why: impl Into<String>) -> Self {
        Self { said: Some(said), why: why.into(), named: false, gap: None }
    }

    /// Whether it has words of its own.
    fn speaks(&self) -> bool {
        self.gap.is_some() || !self.why.is_empty()
    }

    fn saying(self, state: State) -> Self {
        Self { said: Some(state), ..self }
    }

    fn state(&self) -> State {
        if self.gap.is_some() { State::Unknown } else { self.said.unwrap_or(State::Unknown) }
    }
}

/// The part that speaks for all, and what all of them said when they were read.
fn loudest(parts: &[Part]) -> Option<(&Part, State)> {
    let was = parts.iter().filter_map(|part| part.said).max_by_key(|state| state.weight());
    // Of equals the first that says why: `max_by_key` takes the last one.
    let loudest = parts.iter().rev().max_by_key(|part| (part.state().weight(), part.speaks()))?;
    Some((loudest, was.unwrap_or(State::Unknown)))
}

impl Known<'_> {
    /// The judgement on a service.
    #[must_use]
    pub fn service(&self, id: &ServiceId) -> Judgement {
        let parts = self.parts(id);
        let known = self.services.get(id);
        let declared = known.and_then(|state| state.declared.as_ref());
        let (state, why) = match loudest(&parts) {
            Some((part, was)) => (part.state(), told(part, was)),
            None => return Judgement::unread(),
        };
        Judgement {
            state,
            why,
            commits: known.map(commits).unwrap_or_default(),
            basis: self.basis(&[FeedId::Declared(id.clone()), FeedId::Observed(id.clone())]),
            platform_state: declared.map(|declared| declared.words.clone()),
        }
    }

    /// The judgement on an environment: what is worst in it; what is not known outweighs what is well.
    #[must_use]
    pub fn environment(&self, env: &EnvInfo) -> Judgement {
        let mut parts = Vec::new();
        let mut needed = vec![FeedId::Health(env.id.clone())];
        for info in &env.services {
            let own = self.parts(&info.id);
            let Some((loudest, was)) = loudest(&own) else { continue };
            let mut part = loudest.clone();
            part.said = loudest.said.map(|_| was).filter(|_| part.gap.is_some()).or(loudest.said);
            if !part.named {
                part.why = format!("{} {}", info.id.name, part.why).trim_end().to_owned();
                part.gap = part.gap.map(|gap| format!("{} {gap}", info.id.name));
            }
            parts.push(part);
            needed.extend([FeedId::Declared(info.id.clone()), FeedId::Observed(info.id.clone())]);
        }
        if parts.is_empty() {
            return Judgement::unread();
        }
        let aimed = |probe: &ProbeState| {
            self.aimed.get(&probe.id).is_some_and(|of| env.services.iter().any(|info| info.id == *of))
        };
        let free = self.probes.iter().filter(|probe| probe.id.env == env.id && !aimed(probe));
        parts.extend(self.probed(&env.id, free.collect()));
        let (together, mixed) = self.together(env);
        parts.extend(mixed);
        let commits = match &together {
            Together::Nothing => self.declared(env),
            Together::One(sha) | Together::Apart(sha, _) => vec![sha.clone()],
            Together::Mixed(all) | Together::Moving(all) => all.clone(),
        };
        let unread = parts.iter().filter(|part| part.said.is_none()).count();
        let Some((part, was)) = loudest(&parts) else { return Judgement::unread() };
        // A mixed environment names every commit, also where the pair is that of one service alone.
        let all =
            || distinct(env.services.iter().filter_map(|info| self.services.get(&info.id)).flat_map(self::commits));
        let commits = if part.state() == State::Mixed && commits.len() < 2 { all() } else { commits };
        let mut why = if unread == parts.len() { "not read yet".to_owned() } else { told(part, was) };
        if let (State::Healthy, Together::Apart(_, others)) = (part.state(), &together) {
            let stay = others.iter().map(|(id, sha)| format!("{} stays at {}", id.name, sha.short()));
            why = stay.collect::<Vec<_>>().join(", ");
        }
        let state = part.state();
        // A healthy service's note is its own.
        if state == State::Healthy && !matches!(together, Together::Apart(..)) {
            why.clear();
        }
        Judgement { state, why, commits, basis: self.basis(&needed), platform_state: None }
    }

    /// What an environment is made of, without its parts: the commits that its platforms declare.
    fn declared(&self, env: &EnvInfo) -> Vec<Sha> {
        let declared =
            env.services.iter().filter_map(|info| self.services.get(&info.id)?.declared.as_ref()?.sha.clone());
        distinct(declared)
    }

    /// Whether the services run one release, and what that says of the environment.
    fn together(&self, env: &EnvInfo) -> (Together, Option<Part>) {
        let states = env.services.iter().filter_map(|info| Some((&info.id, self.services.get(&info.id)?)));
        let seen: Vec<Seen<'_>> =
            states.filter_map(|(service, state)| Some(Seen { service, sha: seen(state)? })).collect();
        let file = self.workflows.get(&env.id);
        let runs: Vec<&Run> = self.runs.iter().filter(|run| file.is_some_and(|file| run.of_file(file))).collect();
        let mut together = live::together(&seen, self.releases, &runs);
        let moving = |info: &super::environment::ServiceInfo| {
            let declared = self.services.get(&info.id).and_then(|state| state.declared.as_ref());
            declared.is_some_and(|declared| declared.status == Status::Running)
        };
        let services: Vec<&ServiceId> = env.services.iter().map(|info| &info.id).collect();
        let operation = match &together {
            Together::Mixed(commits) | Together::Moving(commits) => self.operation(&env.id, &services, commits),
            _ => None,
        };
        if let Together::Mixed(commits) = &together
            && (operation.is_some() || env.services.iter().any(moving))
        {
            together = Together::Moving(commits.clone());
        }
        let pair = || {
            let each = seen.iter().map(|one| format!("{} {}", one.service.name, one.sha.short()));
            each.collect::<Vec<_>>().join(", ")
        };
        let part = match &together {
            Together::Mixed(_) => Some(Part { named: true, ..Part::new(State::Mixed, pair()) }),
            Together::Moving(_) => {
                let what = operation.map_or_else(|| "a deployment".to_owned(), |one| one.title.to_string());
                let why = format!("{what} is under way: {}", pair());
                Some(Part { named: true, ..Part::new(State::Deploying, why) })
            }
            _ => None,
        };
        // Commits that were seen long ago are no pair of now.
        let feeds = seen.iter().flat_map(|one| {
            let service = one.service.clone();
            [FeedId::Declared(service.clone()), FeedId::Observed(service)]
        });
        let old = feeds.into_iter().find(|feed| {
            let freshness = self.feeds.get(feed).map(|status| status.freshness(self.now));
            matches!(freshness, Some(Freshness::Stale(_) | Freshness::Failed))
        });
        let part = part.map(|part| match old {
            Some(feed) => self.aged(&feed, &format!("{feed} "), part),
            None => part,
        });
        (together, part)
    }

    /// The operation that moves one of these services to one of these commits now.
    fn operation(&self, env: &EnvId, services: &[&ServiceId], commits: &[Sha]) -> Option<&Operation> {
        let mut all = self.operations.values();
        all.find(|one| {
            let goes_on = one.env == *env && !one.interrupted && !one.state.ended() && !one.kind.gated();
            goes_on && self.brings(one, services, commits)
        })
    }

    /// Whether an operation brings one of these commits to one of these services. One that sets a secret, pauses or restarts explains no
    /// second commit.
    fn brings(&self, operation: &Operation, services: &[&ServiceId], commits: &[Sha]) -> bool {
        let wanted = |sha: &Sha| commits.iter().any(|one| one.same(sha));
        let commit = operation.commit.as_ref();
        let moved = operation.moves.iter().filter(|one| services.contains(&&one.service)).any(|one| {
            let known = self.releases.get(&one.service).into_iter().flatten().find(|row| row.id == one.to);
            // A deployment whose commit nobody knows may be any of them.
            known.and_then(|row| row.sha.as_ref()).or(commit).is_none_or(wanted)
        });
        // A build is made anew: it is no deployment that could be named before.
        let built = || operation.steps.iter().any(|step| services.contains(&&step.service));
        moved || (operation.kind.goes() && commit.is_some_and(wanted) && built())
    }

    /// What is under way there and explains that these commits are live beside each other in a service: an operation, or a run that
    /// deploys one of them. A run that was not read lately explains nothing.
    fn under_way(&self, service: &ServiceId, commits: &[Sha]) -> Option<String> {
        let env = &service.env;
        if let Some(operation) = self.operation(env, &[service], commits) {
            return Some(operation.title.to_string());
        }
        let old = self
            .feeds
            .get(&FeedId::Pipeline)
            .is_some_and(|status| matches!(status.freshness(self.now), Freshness::Stale(_) | Freshness::Failed));
        let file = self.workflows.get(env).filter(|_| !old)?;
        let mine = |run: &&Run| run.of_file(file) && run.status == Status::Running;
        let run = self.runs.iter().filter(mine).find(|run| commits.iter().any(|sha| sha.same(&run.sha)))?;
        Some(format!("{} #{}", run.workflow, run.number.0))
    }

    /// Whether the edge changed after the platform's list was read: that list says nothing about it.
    fn ahead(&self, id: &ServiceId) -> bool {
        let changed = self.services.get(id).and_then(|state| state.observed_at);
        let listed = self.feeds.get(&FeedId::Declared(id.clone())).and_then(FeedStatus::last_ok);
        listed.zip(changed).is_some_and(|(listed, at)| listed < at)
    }

    /// Two commits in one service are in motion while something is under way that puts one of them there.
    fn moving(&self, id: &ServiceId, state: &ServiceState, part: Part) -> Part {
        if part.said != Some(State::Mixed) {
            return part;
        }
        match self.under_way(id, &commits(state)) {
            Some(what) => Part { why: format!("{what} is under way: {}", part.why), ..part.saying(State::Deploying) },
            None => part,
        }
    }

    /// What speaks for a service.
    fn parts(&self, id: &ServiceId) -> Vec<Part> {
        let unread = ServiceState::default();
        let state = self.services.get(id).unwrap_or(&unread);
        let mut parts = Vec::new();
        let declared = match &state.declared {
            Some(declared) => self.moving(id, state, platform(state, declared)),
            None => Part { said: None, ..Part::new(State::Unknown, "") },
        };
        parts.push(self.aged(&FeedId::Declared(id.clone()), "", declared));
        let feed = FeedId::Observed(id.clone());
        if state.observed.is_some() || self.feeds.contains_key(&feed) {
            let observed =
                Part { said: state.observed.as_ref().map(|_| State::Healthy), ..Part::new(State::Healthy, "") };
            let divided = state.observed.as_ref().and_then(Observed::divided);
            let observed = match &state.declared {
                _ if divided.is_some() => Part::new(State::Mixed, divided.unwrap_or_default()),
                Some(declared) if state.agrees() == Some(false) => {
                    differs(state, declared, self.ahead(id)).unwrap_or(observed)
                }
                _ => observed,
            };
            let observed = self.moving(id, state, observed);
            parts.push(self.aged(&feed, "the edge ", observed));
        }
        parts.extend(self.checked(id));
        // A probe aims at services of its own environment only; to compare that first spares the look-up for all others.
        let own = self.probes.iter().filter(|probe| probe.id.env == id.env && self.aimed.get(&probe.id) == Some(id));
        let own: Vec<&ProbeState> = own.collect();
        if !own.is_empty() {
            parts.extend(self.probed(&id.env, own));
        }
        parts
    }

    /// What a service says of its condition: how it stands, and why. `None` = nobody looks, or the token may not.
    #[must_use]
    pub fn condition(&self, id: &ServiceId) -> Option<(State, String)> {
        let parts = self.checked(id);
        loudest(&parts).map(|(part, was)| (part.state(), told(part, was)))
    }

    /// What a service says of its condition: the worst that was read lately, and what could not be read. Each check has its own age.
    /// What the token may not see is no part of it.
    fn checked(&self, id: &ServiceId) -> Vec<Part> {
        let feed = FeedId::Posture(id.clone());
        let status = self.feeds.get(&feed);
        let Some(all) = self.posture.get(id) else {
            let awaited = status.is_some_and(|status| !status.never_allowed());
            let unread = Part { said: None, ..Part::new(State::Unknown, "") };
            return awaited.then(|| self.aged(&feed, "its checks ", unread)).into_iter().collect();
        };
        let rhythm = status.map(FeedStatus::horizon).unwrap_or_default();
        let lately = |check: &'_ Check| check.lately(self.now, rhythm).map(|seen| seen.finding.clone());
        let known: Vec<Posture> = all.iter().filter_map(lately).collect();
        let mut parts = vec![found(&known)];
        // Old is unknown, whoever reads it: a reader that fails as a whole tells nothing of its checks.
        let dark = |check: &&Check| !check.denied() && check.lately(self.now, rhythm).is_none();
        let gap = |check: &Check| match check.last() {
            Some(seen) => format!("not read for {}", super::span::since(seen.at, self.now)),
            None => check.unread(self.now).unwrap_or_default(),
        };
        let old: Vec<&Check> = all.iter().filter(dark).collect();
        if let Some(first) = old.first() {
            let was = old.iter().filter_map(|check| check.last()).map(|seen| said(&seen.finding));
            let gap = format!("{} {}{}", first.name, gap(first), more(old.len()));
            parts.push(Part {
                said: was.max_by_key(|state| state.weight()),
                gap: Some(gap),
                ..Part::new(State::Unknown, "")
            });
        }
        // Read lately enough, and not at the last look: what stands stands, and it is told.
        let late = |check: &&Check| matches!(check.reading, Reading::Unread { .. }) && !dark(check);
        let late: Vec<&Check> = all.iter().filter(late).collect();
        if let Some(first) = late.first() {
            parts.push(Part::new(State::Healthy, format!("{} {}{}", first.name, gap(first), more(late.len()))));
        }
        parts
    }

    /// How a probe stands, and why.
    #[must_use]
    pub fn probe(&self, probe: &ProbeState) -> (State, String) {
        let part = self.probed_one(probe);
        let was = part.said.unwrap_or(State::Unknown);
        (part.state(), told(&part, was))
    }

    /// What probes say, each one.
    fn probed(&self, env: &EnvId, probes: Vec<&ProbeState>) -> Vec<Part> {
        let feed = FeedId::Health(env.clone());
        if probes.is_empty() {
            // None has answered; whether there are any, the feed tells.
            let none = !self.probes.iter().any(|probe| probe.id.env == *env);
            let unread = Part { said: None, ..Part::new(State::Unknown, "") };
            let unread = (none && self.feeds.contains_key(&feed)).then(|| self.aged(&feed, "probes ", unread));
            return unread.map(|part| Part { named: true, ..part }).into_iter().collect();
        }
        let part = |probe: &ProbeState| {
            let part = self.probed_one(probe);
            let why = if part.why.is_empty() { String::new() } else { format!("{} {}", probe.id.name, part.why) };
            let gap = part.gap.map(|gap| format!("probes {gap}"));
            Part { named: true, why, gap, ..part }
        };
        probes.into_iter().map(part).collect()
    }

    /// What one probe says.
    fn probed_one(&self, probe: &ProbeState) -> Part {
        let challenged = self.aimed.get(&probe.id).and_then(|of| self.services.get(of)?.declared.as_ref());
        let challenged = challenged.is_some_and(|declared| declared.switches.challenged);
        let (state, why) = probe.stands(challenged, self.now);
        self.aged(&FeedId::Health(probe.id.env.clone()), "", Part::new(state, why))
    }

    /// A part with what its feed lets say of it now.
    fn aged(&self, feed: &FeedId, what: &str, part: Part) -> Part {
        let gap = match self.feeds.get(feed).map(|status| (status, status.freshness(self.now))) {
            // A fact without a feed is told by a test or a record; it is as old as that.
            None | Some((_, Freshness::Fresh(_))) => part.said.is_none().then(|| format!("{what}not read yet")),
            Some((_, Freshness::Waiting)) => part.said.is_none().then(|| format!("{what}not read yet")),
            Some((_, Freshness::Stale(old))) => Some(format!("{what}not read for {}", age(old))),
            Some((status, Freshness::Failed)) => {
                let why = status.why().map(|why| format!(": {why}")).unwrap_or_default();
                Some(format!("{what}never read{why}"))
            }
        };
        Part { gap, ..part }
    }

    /// When the oldest of these feeds last answered; `None` when one never did.
    fn basis(&self, feeds: &[FeedId]) -> Option<Timestamp> {
        let known = feeds.iter().filter_map(|feed| self.feeds.get(feed));
        known.map(FeedStatus::last_ok).min().flatten()
    }
}

/// The words of a part: with what it was, where it says nothing now.
fn told(part: &Part, was: State) -> String {
    match (&part.gap, part.said) {
        (Some(gap), Some(_)) => format!("{gap}, was {was}"),
        (Some(gap), None) => gap.clone(),
        (None, _) => part.why.clone(),
    }
}

/// The commit that is seen to run: the edge's answer, else what the machines run.
fn seen(state: &ServiceState) -> Option<&Sha> {
    let observed = state.observed.as_ref().and_then(|observed| observed.sha.as_ref());
    let machines = || state.declared.as_ref().filter(|declared| !declared.instances.is_empty())?.sha.as_ref();
    observed.or_else(machines)
}

fn distinct(all: impl Iterator<Item = Sha>) -> Vec<Sha> {
    let mut found: Vec<Sha> = Vec::new();
    for sha in all {
        if found.iter().all(|known| !known.same(&sha)) {
            found.push(sha);
        }
    }
    found
}

/// The commits of a service: one, or those of its machines, or the edge's and the platform's where they differ.
fn commits(state: &ServiceState) -> Vec<Sha> {
    let edges = state.observed.iter().flat_map(|one| one.edges.iter().filter_map(|edge| edge.sha.clone()));
    let observed = state.observed.iter().filter_map(|observed| observed.sha.clone()).chain(edges);
    let Some(declared) = &state.declared else { return distinct(observed) };
    let fleet = live::fleet(&declared.instances).or_else(|| live::remembered(state, &declared.instances));
    let fleet = fleet.map(|(_, commits)| commits).unwrap_or_default();
    let pointed = declared.pointed.iter().filter_map(|one| one.sha.clone());
    let declared = declared.sha.clone().filter(|_| fleet.is_empty());
    distinct(observed.chain(declared).chain(fleet).chain(pointed))
}

/// What a platform's own word says.
fn platform(state: &ServiceState, declared: &Declared) -> Part {
    if declared.switches.paused {
        return Part::new(State::Paused, "visitors get 503");
    }
    if let Some(rolling) = declared.switches.rolling {
        let why = format!("{}% of visitors get the new one", rolling.percent);
        return Part::new(if rolling.waits { State::Waiting } else { State::Deploying }, why);
    }
    if declared.status == Status::Running {
        let progress = declared.rollout.map(|rollout| format!("{} of {} machines", rollout.done, rollout.total));
        // Without figures the platform's own word says what is under way: a build, a restore.
        return Part::new(State::Deploying, progress.unwrap_or_else(|| declared.words.to_string()));
    }
    if let (Some(part), true) = (spread::judged(&declared.pointed), declared.status != Status::Fail) {
        return Part::new(part.0, part.1);
    }
    if let Some((words, _)) = live::fleet(&declared.instances) {
        // Where one of them fails its checks, visitors who meet it get errors: that is worse than two commits.
        let sick = declared.instances.iter().find(|one| one.unread.is_none() && one.checks.0 < one.checks.1);
        return match sick {
            _ if declared.status == Status::Fail => Part::new(State::Failing, words),
            Some(one) => Part::new(State::Failing, format!("{words}; {} in {} fails its checks", one.id, one.region)),
            None => Part::new(State::Mixed, words),
        };
    }
    if let Some(rollout) = declared.rollout {
        return Part::new(State::Mixed, format!("live on {} of {}", rollout.done, rollout.total));
    }
    // What a machine ran that cannot be read now is the best that is known of it.
    if let (Some((words, _)), true) = (live::remembered(state, &declared.instances), declared.status != Status::Fail) {
        return Part::new(State::Mixed, words);
    }
    let unread = declared.instances.iter().filter(|one| one.unread.is_some()).count();
    if unread > 0 && declared.status == Status::Ok {
        let all = declared.instances.len();
        return Part::new(State::Degraded, format!("{} of {all} machines known", all - unread));
    }
    match (declared.status, &declared.claimed) {
        (Status::Ok, Some(claimed)) => Part::new(State::Degraded, claimed.against(&declared.label)),
        (Status::Ok, None) => Part::new(State::Healthy, ""),
        (status, _) => Part::new(State::of(status), declared.words.as_str()),
    }
}

/// The edge answers another commit than the platform declares; `ahead` = it changed after the platform was last asked.
fn differs(state: &ServiceState, declared: &Declared, ahead: bool) -> Option<Part> {
    let (observed, says) = (state.observed.as_ref()?, declared.sha.as_ref()?);
    let sha = observed.sha.as_ref()?;
    // In motion both are true; and an answer from before the change says nothing about it.
    let moving =
        declared.status == Status::Running || declared.rollout.is_some() || declared.switches.rolling.is_some();
    if moving || ahead || state.declared_at.is_some_and(|at| observed.at <= at) {
        let why = format!("{} declared, the edge answers {}", says.short(), sha.short());
        return Some(Part::new(State::Deploying, why));
    }
    Some(Part::new(State::Mixed, format!("the edge answers {}, the platform says {}", sha.short(), says.short())))
}

/// ` (+2 more)`, of so many in all.
fn more(all: usize) -> String {
    if all > 1 { format!(" (+{} more)", all - 1) } else { String::new() }
}

/// What a finding says of the service. What is wrong there is a risk; the platform and the probes tell whether it serves, unless the
/// finding itself says that it does not.
fn said(finding: &Posture) -> State {
    match finding.status {
        Status::Fail if finding.stops => State::Failing,
        Status::Fail | Status::Warn => State::Degraded,
        // The answer came and does not tell: a word that no table knows.
        Status::Unknown => State::Unknown,
        Status::Ok | Status::Paused | Status::Running => State::Healthy,
    }
}

/// The worst of what was read.
fn found(known: &[Posture]) -> Part {
    // Of equals the worse one, and then the first.
    let weight = |one: &&Posture| (said(one).weight(), posture::rank(one.status));
    let Some(one) = known.iter().rev().max_by_key(weight) else { return Part::new(State::Healthy, "") };
    let bad = known.iter().filter(|one| said(one).weight() > 0).count();
    match said(one) {
        State::Healthy => Part::new(State::Healthy, ""),
        state => Part::new(state, format!("{} {}{}", one.name, one.says, more(bad))),
    }
}

#[cfg(test)]
mod tests;
