//! What a person chose: releases one by one, or the release of a commit, and where each service is to go by that.

use super::aim::Aim;
use crate::domain::environment::{EnvInfo, ServiceInfo};
use crate::domain::ids::{DeploymentId, ServiceId, Sha};
use crate::domain::operation::{Request, Target};
use crate::domain::strategy::Strategy;
use crate::engine::operations::past::Past;

/// What the person chose.
pub(super) enum Chosen<'a> {
    Targets(&'a [Target]),
    Commit(&'a Sha, Option<&'a ServiceId>, &'a Strategy, &'a [(ServiceId, DeploymentId)]),
}

impl<'a> Chosen<'a> {
    pub(super) fn of(request: &'a Request) -> Self {
        match request {
            Request::RollBackTo { commit, alone, strategy, named } => {
                Self::Commit(commit, alone.as_ref(), strategy, named)
            }
            Request::RollBack(targets) => Self::Targets(targets),
            _ => Self::Targets(&[]),
        }
    }

    /// A service that the environment has not.
    pub(super) fn unknown(&self, info: &EnvInfo) -> Option<&ServiceId> {
        let there = |id: &&ServiceId| info.services.iter().all(|service| service.id != **id);
        match self {
            Self::Targets(targets) => targets.iter().map(|target| &target.service).find(there),
            Self::Commit(_, alone, ..) => alone.filter(there),
        }
    }

    /// Where a service is to go; `None` = another one was chosen alone.
    pub(super) fn aim(&self, service: &ServiceInfo, past: &'a Past) -> Option<(Aim<'a>, Strategy)> {
        match self {
            Self::Targets(targets) => {
                let target = targets.iter().find(|target| target.service == service.id)?;
                Some((Aim::Deployment(&target.deployment), target.strategy.clone()))
            }
            Self::Commit(sha, alone, strategy, named) => {
                if alone.is_some_and(|alone| *alone != service.id) {
                    return None;
                }
                // After a crash it goes where it was going, whatever has come to be of the same commit since.
                let earlier = past.earlier.iter().flat_map(|one| &one.moves).find(|one| one.service == service.id);
                let earlier: Option<&DeploymentId> = earlier.map(|one| &one.to);
                let strategy = if service.platform.has_machines() { (*strategy).clone() } else { Strategy::default() };
                let named = named.iter().find(|(of, _)| *of == service.id).map(|(_, deployment)| deployment);
                let aim = match named.filter(|_| earlier.is_none()) {
                    Some(deployment) => Aim::Deployment(deployment),
                    None => Aim::Commit(sha, earlier),
                };
                Some((aim, strategy))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Platform;

    #[test]
    fn what_was_named_is_aimed_at_and_an_operation_that_was_cut_short_goes_where_it_was_going() {
        let service = |name: &str| ServiceInfo {
            id: ServiceId::new("production", name),
            platform: Platform::Fly,
            resource: "app".into(),
            url: None,
        };
        let named = vec![(ServiceId::new("production", "backend"), DeploymentId::from("row-v41"))];
        let request =
            Request::RollBackTo { commit: "9df49c2".into(), alone: None, strategy: Strategy::default(), named };
        let (chosen, past) = (Chosen::of(&request), Past::default());
        let aim = |name: &str, past| match chosen.aim(&service(name), past) {
            Some((Aim::Deployment(id), _)) => id.as_str().to_owned(),
            Some((Aim::Commit(_, earlier), _)) => format!("of the commit {}", earlier.map_or("", |id| id.as_str())),
            None => String::new(),
        };
        assert_eq!(aim("backend", &past), "row-v41", "and never another one of its commit");
        assert_eq!(aim("worker", &past), "of the commit ");
    }
}
