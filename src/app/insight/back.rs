//! The ways back that an environment has, as its releases were read last.

use jiff::Timestamp;

use crate::app::insight::brought;
use crate::app::model::Model;
use crate::domain::candidates::{self, Choice};
use crate::domain::environment::EnvInfo;
use crate::domain::ids::{ServiceId, Sha};

/// The release that is proposed to go back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// Its commit.
    pub sha: Sha,
    /// When it was deployed.
    pub at: Timestamp,
}

/// The services of an environment that can go back.
pub(in crate::app) fn rollable(env: &EnvInfo) -> Vec<ServiceId> {
    let rollable = env.services.iter().filter(|one| one.platform.has_releases());
    rollable.map(|service| service.id.clone()).collect()
}

/// The releases that these services can go back to.
pub(in crate::app) fn offered(model: &Model, services: &[ServiceId]) -> Vec<Choice> {
    let of = |id: &ServiceId| model.facts.releases.get(id).map(Vec::as_slice).unwrap_or_default();
    candidates::choices(services, of, |one| brought::runs(model, one))
}

/// The release that is proposed for all of an environment; `None` = none is.
pub(super) fn proposed(model: &Model, env: &EnvInfo) -> Option<Back> {
    let offered = offered(model, &rollable(env));
    let choice = candidates::proposed(&offered)?;
    let at = choice.deployments.iter().map(|one| one.created_at).max()?;
    Some(Back { sha: choice.sha.clone(), at })
}
