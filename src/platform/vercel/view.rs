//! What the console shows of a project in one environment: what is declared, and the deployments one could go back to.

use super::{Vercel, VercelDeployment, VercelProject};
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
    pub async fn live(
        &self,
        project: &VercelProject,
        environment: &str,
    ) -> Result<Option<VercelDeployment>, PlatformError> {
        let (target, custom) = project.scope(environment);
        if target == "production" {
            return match project.production.clone() {
                Some(short) => self.whole(short).await.map(Some),
                None => Ok(None),
            };
        }
        if let Some(custom) = custom {
            let domains = self.domains(&project.id).await?;
            let own = domains.iter().find(|one| one.redirect.is_none() && one.environment.as_deref() == Some(custom));
            if let Some(domain) = own {
                match self.alias(domain.name.as_str()).await {
                    Ok(id) if !id.is_empty() => return self.deployment(&id).await.map(Some),
                    Err(error) if error.kind != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        let list = self.deployments(&project.id, Some(target), 20).await?;
        Ok(list.into_iter().find(|one| one.state.as_str() == "READY" && one.alias_assigned))
    }

    /// The domains that belong to a custom environment, redirects left out; empty for production and previews.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn own_domains(&self, project: &VercelProject, environment: &str) -> Result<Vec<Text>, PlatformError> {
        let (_, Some(custom)) = project.scope(environment) else { return Ok(Vec::new()) };
        let domains = self.domains(&project.id).await?;
        let own =
            domains.into_iter().filter(|one| one.redirect.is_none() && one.environment.as_deref() == Some(custom));
        Ok(own.map(|one| one.name).collect())
    }

    /// What the platform declares of a project in an environment, named as in the console.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn declared(&self, project: &str, environment: &str) -> Result<Declared, PlatformError> {
        let state = self.project(project).await?;
        let (target, _) = state.scope(environment);
        let (live, newest) = tokio::join!(self.live(&state, environment), self.deployments(project, Some(target), 1));
        let live = live?;
        let newest = newest.ok().and_then(|list| list.into_iter().next());
        let building = newest.filter(VercelDeployment::in_motion);
        let moving = state.last_alias_request.as_ref().filter(|request| target == "production" && request.in_motion());
        let pinned = target == "production" && !state.auto_assign;
        let reason = state.rollback_reason.clone();
        let reason = reason.unwrap_or_else(|| Text::clean("automatic domains are off: new builds stay staged"));
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
            pin: pinned.then_some(reason),
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
        environment: &str,
        service: &ServiceId,
        limit: u32,
    ) -> Result<Vec<Deployment>, PlatformError> {
        let state = self.project(project).await?;
        let (target, _) = state.scope(environment);
        let (list, live) = tokio::join!(self.deployments(project, Some(target), limit), self.live(&state, environment));
        let live = live.ok().flatten().map(|live| live.id);
        Ok(list?.iter().map(|one| one.deployment(service, Some(&one.id) == live.as_ref())).collect())
    }

    /// The project's copy of a deployment is short; the deployment itself has the commit.
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
