//! Keeps the judgement of each environment, and renews it where a fact or the time may have changed it: what concerns one environment
//! costs the same whether there are two of them or five hundred.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{banner, train, verified};
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::environment::EnvInfo;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedStatus, Judges};
use crate::domain::ids::EnvId;
use crate::domain::state::State;
use crate::domain::status::Judgement;

/// Judgements by environment.
#[derive(Debug, Default)]
pub struct Judged(BTreeMap<EnvId, Kept>);

/// A judgement and the time within which nothing but a fact changes it.
#[derive(Debug)]
struct Kept {
    judgement: Judgement,
    from: Timestamp,
    until: Timestamp,
}

impl Judged {
    /// The judgement that holds at `now`; `None` = it has to be made.
    #[must_use]
    pub fn at(&self, env: &EnvId, now: Timestamp) -> Option<&Judgement> {
        let kept = self.0.get(env)?;
        (kept.from <= now && now < kept.until).then_some(&kept.judgement)
    }
}

/// What a fact may change the judgement of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Touched {
    /// Nothing.
    Nothing,
    /// One environment.
    One(EnvId),
    /// Any of them.
    All,
}

impl Touched {
    /// By this fact.
    pub(in crate::app) fn by(fact: &Fact) -> Self {
        match fact {
            Fact::Feed(id, _) => Self::by_feed(id),
            Fact::Declared(service, _)
            | Fact::Observed(service, _)
            | Fact::Releases(service, _)
            | Fact::Findings(service, _) => Self::One(service.env.clone()),
            Fact::Probe(probe, ..) => Self::One(probe.env.clone()),
            Fact::Operation(operation) => Self::One(operation.env.clone()),
            Fact::Pipeline(_) => Self::All,
            Fact::Extent(..)
            | Fact::Logs(_)
            | Fact::Secrets(..)
            | Fact::Distances(_)
            | Fact::Budget(..)
            | Fact::Clock(..)
            | Fact::Plan(..)
            | Fact::History(_)
            | Fact::ProjectFile(_)
            | Fact::Theme(..)
            | Fact::Approved(_)
            | Fact::Saved(_)
            | Fact::Left(..)
            | Fact::Configuration
            | Fact::Notice(_) => Self::Nothing,
        }
    }

    fn by_feed(id: &FeedId) -> Self {
        match id.judges() {
            Judges::One(env) => Self::One(env.clone()),
            Judges::All => Self::All,
            Judges::Nothing => Self::Nothing,
        }
    }
}

/// After a fact: judges anew what it touched, and what follows from that.
pub(in crate::app) fn renew(model: &mut Model, touched: &Touched, now: Now) -> Vec<Effect> {
    let envs: Vec<EnvInfo> = match touched {
        Touched::Nothing => return Vec::new(),
        Touched::One(env) => model.facts.env(env).cloned().into_iter().collect(),
        Touched::All => model.facts.environments.clone(),
    };
    let (mut effects, changed) = judge(model, &envs, now);
    let shown = model.facts.banner.as_ref().is_some_and(|banner| envs.iter().any(|env| env.id == banner.env));
    if changed || shown {
        effects.extend(banner::judge(model, now));
    }
    effects
}

/// Once a second: judges anew what the time may have changed.
pub(in crate::app) fn tick(model: &mut Model, now: Now) -> Vec<Effect> {
    let due = |env: &&EnvInfo| model.facts.judged.at(&env.id, now.wall).is_none();
    let envs: Vec<EnvInfo> = model.facts.environments.iter().filter(due).cloned().collect();
    let (mut effects, changed) = judge(model, &envs, now);
    if changed || model.facts.banner.is_some() || !model.facts.trouble.is_empty() {
        effects.extend(banner::judge(model, now));
    }
    effects.extend(train::ask(model, now));
    effects
}

/// Whether any of these environments is judged differently than before.
fn judge(model: &mut Model, envs: &[EnvInfo], now: Now) -> (Vec<Effect>, bool) {
    let (mut effects, mut changed) = (Vec::new(), false);
    for env in envs {
        let judgement = model.facts.known(now).environment(env);
        banner::note(model, env, &judgement, now);
        let before = model.facts.judged.0.get(&env.id).map(|kept| &kept.judgement);
        changed |= before.is_none_or(|before| {
            (before.state, &before.why, &before.commits) != (judgement.state, &judgement.why, &judgement.commits)
        });
        model.facts.judged.0.insert(env.id.clone(), Kept { judgement, from: now.wall, until: Timestamp::MAX });
        for service in &env.services {
            effects.extend(verified::of(model, env, &service.id, now));
        }
        // Last, for what is looked at here may have begun to wait for a time.
        let until = model.facts.judged.0.get(&env.id).map(|kept| until(model, env, &kept.judgement, now));
        if let (Some(kept), Some(until)) = (model.facts.judged.0.get_mut(&env.id), until) {
            kept.until = until;
        }
    }
    (effects, changed)
}

/// Until when nothing but a fact changes what is said: until a feed is stale, and where words tell a time, or something waits for one, a
/// second at most.
fn until(model: &Model, env: &EnvInfo, judged: &Judgement, now: Now) -> Timestamp {
    let after = |seconds| now.wall.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    let waits = env.services.iter().any(|service| {
        let untold = model.facts.seen_well.get(&service.id).is_some_and(|seen_well| !seen_well.told);
        untold || model.facts.findings.contains_key(&service.id)
    });
    let settled = judged.state == State::Healthy && judged.why.is_empty() && !waits;
    // Beyond a minute nothing is saved by keeping it.
    let most = if settled && !model.facts.trouble.contains_key(&env.id) { after(60) } else { after(1) };
    let own = env.services.iter().map(|service| &service.id);
    let own =
        own.flat_map(|id| [FeedId::Declared(id.clone()), FeedId::Observed(id.clone()), FeedId::Findings(id.clone())]);
    let feeds =
        own.chain([FeedId::Health(env.id.clone()), FeedId::Pipeline]).filter_map(|id| model.facts.feeds.get(&id));
    let stale = feeds.filter_map(FeedStatus::stale_at).filter(|at| *at >= now.wall).min();
    stale.map_or(most, |at| at.min(most))
}

#[cfg(test)]
mod tests;
