//! Decides which deployments are verified healthy: the platform declares what the edge answers, every probe of the environment
//! passes, and both last for a while. Only such a deployment is proposed as the way back.

use std::time::Duration;

use super::fresh;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::environment::{EnvInfo, Status};
use crate::domain::feed::FeedId;
use crate::domain::ids::{DeploymentId, ServiceId, Sha};
use crate::domain::state::State;

/// How long it must last.
pub const STEADY: Duration = Duration::from_secs(10);

/// A deployment that looks healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steady {
    /// Which.
    pub deployment: DeploymentId,
    /// Its commit.
    pub sha: Sha,
    /// Since when, by the monotonic clock.
    pub since: Duration,
    /// It was remembered.
    pub told: bool,
}

/// Looks at a service; asks once per deployment to remember it.
pub(in crate::app) fn of(model: &mut Model, env: &EnvInfo, id: &ServiceId, now: Now) -> Option<Effect> {
    let Some((deployment, sha)) = healthy(model, env, id, now) else {
        model.steady.remove(id);
        return None;
    };
    let fresh = Steady { deployment: deployment.clone(), sha: sha.clone(), since: now.mono, told: false };
    let steady = model.steady.entry(id.clone()).or_insert_with(|| fresh.clone());
    if steady.deployment != deployment {
        *steady = fresh;
    }
    let due = !steady.told && now.mono.saturating_sub(steady.since) >= STEADY;
    if !due {
        return None;
    }
    steady.told = true;
    let known = model.history.verified.contains(&(id.clone(), deployment.clone(), sha.clone()));
    (!known).then(|| Effect::Verified(id.clone(), deployment, sha))
}

/// The deployment that is healthy now, as far as can be seen.
fn healthy(model: &Model, env: &EnvInfo, id: &ServiceId, now: Now) -> Option<(DeploymentId, Sha)> {
    // What was not read lately was not seen now; and one half of a mixed pair proves nothing of the other.
    let needed = [FeedId::Declared(id.clone()), FeedId::Observed(id.clone()), FeedId::Health(env.id.clone())];
    if fresh::stale(model, needed, now).is_some() || model.judge(env, now).state == State::Mixed {
        return None;
    }
    let state = model.services.get(id)?;
    let declared = state.declared.as_ref()?;
    let sound = declared.status == Status::Ok && declared.rollout.is_none() && state.agrees() == Some(true);
    let probes = model.probes.of(&env.id);
    let probed = !probes.is_empty() && probes.iter().all(|probe| probe.status == Status::Ok);
    (sound && probed).then(|| Some((declared.deployment.clone(), declared.sha.clone()?)))?
}
