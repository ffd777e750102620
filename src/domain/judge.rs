//! What may be said of a service and of an environment, from what the platforms declare, what the edge answers, what probes see
//! and what databases say of themselves. Pure, so that the screen and the commands without one say the same. What is old says
//! nothing: it is `unknown`, with what it was.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::environment::{EnvInfo, Platform};
use super::feed::{FeedId, FeedStatus};
use super::finding::Check;
use super::health::{ProbeId, ProbeState};
use super::ids::{EnvId, OpId, ServiceId, Sha};
use super::live::Together;
use super::operation::Operation;
use super::pipeline::Run;
use super::probes::Probes;
use super::release::Deployment;
use super::state::State;
use super::status::{Judgement, ServiceState};
use part::{loudest, told};
use service::commits;

mod checks;
mod motion;
mod part;
mod probes;
mod service;

/// Everything that a judgement is made of.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Declared and observed.
    pub services: &'a BTreeMap<ServiceId, ServiceState>,
    /// Probes of every environment.
    pub probes: &'a Probes,
    /// Which service a probe asks, where its address tells.
    pub aimed: &'a BTreeMap<ProbeId, ServiceId>,
    /// What services say of their condition.
    pub findings: &'a BTreeMap<ServiceId, Vec<Check>>,
    /// Deployments of each service.
    pub releases: &'a BTreeMap<ServiceId, Vec<Deployment>>,
    /// Recent runs.
    pub runs: &'a [Run],
    /// The workflow file that deploys an environment.
    pub workflows: &'a BTreeMap<EnvId, Arc<str>>,
    /// Operations of any console.
    pub operations: &'a BTreeMap<OpId, Operation>,
    /// Services whose platform the configuration does not name: nobody reads what is declared of them.
    pub absent: &'a BTreeMap<ServiceId, Platform>,
    /// How fresh each of these facts is.
    pub feeds: &'a BTreeMap<FeedId, FeedStatus>,
    /// The time of the judgement.
    pub now: Timestamp,
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
            mixed: parts.iter().any(|part| part.state() == State::Mixed),
            stays: false,
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
        let free = self.probes.of(&env.id).iter().filter(|probe| !aimed(probe));
        parts.extend(self.probed(&env.id, free.collect()));
        let (together, mixed) = self.together(env);
        let stays = mixed.is_none();
        parts.extend(mixed);
        if !matches!(together, Together::Moving(_)) {
            // A pair of commits says itself that nothing explains it.
            parts.extend(self.begins(&env.id, matches!(together, Together::Mixed(_))));
        }
        let commits = match &together {
            Together::Nothing => self.declared(env),
            Together::One(sha) => vec![sha.clone()],
            Together::Apart(sha, _) if stays => vec![sha.clone()],
            // Nobody knows whether they are one release.
            Together::Apart(sha, others) => {
                distinct(std::iter::once(sha).chain(others.iter().map(|(_, at)| at)).cloned())
            }
            Together::Mixed(all) | Together::Moving(all) => all.clone(),
        };
        let unread = parts.iter().filter(|part| part.said.is_none() && !part.absent).count();
        let Some((part, was)) = loudest(&parts) else { return Judgement::unread() };
        // A mixed environment names every commit, also where the pair is that of one service alone.
        let all =
            || distinct(env.services.iter().filter_map(|info| self.services.get(&info.id)).flat_map(self::commits));
        let commits =
            if commits.len() < 2 && parts.iter().any(|part| part.state() == State::Mixed) { all() } else { commits };
        let mut why = if unread == parts.len() { "not read yet".to_owned() } else { told(part, was) };
        if let (State::Healthy, Together::Apart(_, others)) = (part.state(), &together) {
            let stay = others.iter().map(|(id, sha)| format!("{} stays at {}", id.name, sha.short()));
            why = stay.collect::<Vec<_>>().join(", ");
        }
        let state = part.state();
        // Who pauses one service in the middle of a mixed release has both to look at; and what is not read beside either may be worse than
        // that.
        let beside = |state: State| parts.iter().find(|part| part.state() == state);
        let unread = || {
            let part = beside(State::Unknown)?;
            Some(format!("; unknown: {}", told(part, part.said.unwrap_or(State::Unknown))))
        };
        match state {
            State::Paused => {
                why.extend(beside(State::Mixed).map(|mixed| format!("; mixed: {}", mixed.why)));
                why.extend(unread());
            }
            State::Mixed => why.extend(unread()),
            _ => {}
        }
        // A healthy service's note is its own.
        if state == State::Healthy && !matches!(together, Together::Apart(..)) {
            why.clear();
        }
        let mixed = beside(State::Mixed).is_some();
        let stays = matches!(together, Together::Apart(..));
        Judgement { state, why, commits, mixed, stays, basis: self.basis(&needed), platform_state: None }
    }

    /// What an environment is made of, without its parts: the commits that its platforms declare.
    fn declared(&self, env: &EnvInfo) -> Vec<Sha> {
        let declared =
            env.services.iter().filter_map(|info| self.services.get(&info.id)?.declared.as_ref()?.sha.clone());
        distinct(declared)
    }

    /// When the oldest of these feeds last answered; `None` when one never did.
    fn basis(&self, feeds: &[FeedId]) -> Option<Timestamp> {
        let known = feeds.iter().filter_map(|feed| self.feeds.get(feed));
        known.map(FeedStatus::last_ok).min().flatten()
    }
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

#[cfg(test)]
mod tests;
