//! What the console shows of a project in one environment: what is declared, and the deployments one could go back to.

use super::{STANDARD, Vercel, VercelDeployment};
use crate::domain::environment::{Declared, Status};
use crate::domain::ids::{DeploymentId, ServiceId};
use crate::domain::release::Deployment;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

impl Vercel {
    /// The deployment that an environment serves: production's pointer, or who answers the domain of a custom environment,
    /// else its newest deployment that got its domains.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn live(&self, project: &str, target: &str) -> Result<Option<VercelDeployment>, PlatformError> {
        if target == "production" {
            return match self.project(project).await?.production {
                // The project's copy is short; the deployment itself has the commit.
                Some(short) => self.whole(short).await.map(Some),
                None => Ok(None),
            };
        }
        if let Some(domain) = self.domains_of(project, target).await?.first() {
            match self.alias(domain).await {
                Ok(id) if !id.is_empty() => return self.deployment(&id).await.map(Some),
                Err(error) if error.kind != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let list = self.deployments(project, Some(target), 20).await?;
        Ok(list.into_iter().find(|one| one.state.as_str() == "READY" && one.alias_assigned))
    }

    /// The domains of an environment: those of a custom one by its slug, or production's own. Redirects are left out.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn domains_of(&self, project: &str, target: &str) -> Result<Vec<String>, PlatformError> {
        let custom = if STANDARD.contains(&target) {
            None
        } else {
            match self.custom_environment(project, target).await? {
                None => return Ok(Vec::new()),
                found => found,
            }
        };
        let domains = self.domains(project).await?.into_iter();
        let own = domains
            .filter(|domain| domain.redirect.is_none() && domain.branch.is_none() && domain.environment == custom);
        Ok(own.map(|domain| domain.name.to_string()).collect())
    }

    /// What the platform declares of a project in an environment.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn declared(&self, project: &str, target: &str) -> Result<Declared, PlatformError> {
        let (state, live, newest) =
            tokio::join!(self.project(project), self.live(project, target), self.deployments(project, Some(target), 1));
        let (state, live) = (state?, live?);
        let newest = newest.ok().and_then(|list| list.into_iter().next());
        let building = newest.filter(VercelDeployment::in_motion);
        let moving = state.last_alias_request.as_ref().filter(|request| target == "production" && request.in_motion());
        let pinned = target == "production" && !state.auto_assign;
        let reason =
            state.rollback_reason.map_or_else(|| "automatic domains are off".to_owned(), |reason| reason.to_string());
        let mut words = live.as_ref().map(|live| live.words().to_string()).unwrap_or_default();
        if let Some(building) = &building {
            words = format!("{words}; {} {}", building.id, building.state);
        }
        if let Some(moving) = moving {
            words = format!("{} {} to {}", moving.kind, moving.job_status, moving.to);
        }
        let resting = live.as_ref().map_or(Status::Unknown, VercelDeployment::drawn);
        let status = match () {
            () if state.paused => Status::Fail,
            () if building.is_some() || moving.is_some() => Status::Running,
            () => resting,
        };
        let id = live.as_ref().map(|live| live.id.clone()).unwrap_or_default();
        Ok(Declared {
            deployment: DeploymentId::from(id.as_str()),
            label: Text::clean(if id.is_empty() { "no deployment" } else { &id }),
            sha: live.as_ref().and_then(|live| live.sha.clone()),
            status,
            words: if state.paused { Text::clean("paused") } else { Text::clean(&words) },
            created_at: live.and_then(|live| live.created_at),
            rollout: None,
            pin: pinned.then(|| Text::clean(&reason)),
            instances: Vec::new(),
        })
    }

    /// The newest deployments of an environment as candidates of a rollback, the live one marked as current.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn candidates(
        &self,
        project: &str,
        target: &str,
        service: &ServiceId,
        limit: u32,
    ) -> Result<Vec<Deployment>, PlatformError> {
        let (list, live) = tokio::join!(self.deployments(project, Some(target), limit), self.live(project, target));
        let live = live.ok().flatten().map(|live| live.id);
        Ok(list?.iter().map(|one| one.deployment(service, Some(&one.id) == live.as_ref())).collect())
    }

    async fn whole(&self, short: VercelDeployment) -> Result<VercelDeployment, PlatformError> {
        if short.sha.is_some() {
            return Ok(short);
        }
        match self.deployment(&short.id).await {
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Forbidden) => Ok(short),
            other => other,
        }
    }
}
