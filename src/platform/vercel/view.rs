//! Reads what the console shows of a project in one environment: what is declared, and the deployments that it could go back
//! to.

use std::sync::Arc;
use std::time::Duration;

use super::domains::{STAGES, arrived};
use super::{AliasRequest, VERCEL, Vercel, VercelDeployment, VercelDomain, VercelProject};
use crate::domain::environment::{Coming, Declared, Pin, Pointed, Rolling, Status, Switches};
use crate::domain::ids::{DeploymentId, ServiceId};
use crate::domain::release::Deployment;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// Deployments listed, the newest ones.
pub const LISTED: u32 = 25;
/// How old the parts of what is declared may be.
pub(super) const NEW: Duration = Duration::from_millis(1_500);

impl Vercel {
    /// The project, read at most `age` ago.
    pub(super) async fn recent_project(
        &self,
        project: &str,
        age: Duration,
    ) -> Result<Arc<VercelProject>, PlatformError> {
        self.recent.projects.get(project, self.http.clock(), age, self.project(project)).await
    }

    async fn recent_list(
        &self,
        project: &str,
        target: &str,
        age: Duration,
    ) -> Result<Arc<Vec<VercelDeployment>>, PlatformError> {
        let read = self.deployments(project, Some(target), LISTED);
        self.recent.lists.get(&format!("{project}/{target}"), self.http.clock(), age, read).await
    }

    /// The deployment that an environment of a project serves, read at most `age` ago.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn serving(
        &self,
        project: &str,
        environment: &str,
        age: Duration,
    ) -> Result<Option<VercelDeployment>, PlatformError> {
        let state = self.recent_project(project, age).await?;
        self.recent_live(&state, environment, age).await.map(|live| live.as_ref().clone())
    }

    /// The newest deployment of an environment, whatever its state, read at most `age` ago.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn newest(
        &self,
        project: &str,
        environment: &str,
        age: Duration,
    ) -> Result<Option<VercelDeployment>, PlatformError> {
        let state = self.recent_project(project, age * 6).await?;
        let (target, _) = state.scope(environment);
        Ok(self.recent_list(&state.id, target, age).await?.first().cloned())
    }

    async fn recent_live(
        &self,
        state: &VercelProject,
        environment: &str,
        age: Duration,
    ) -> Result<Arc<Option<VercelDeployment>>, PlatformError> {
        let key = format!("{}/{environment}", state.id);
        self.recent.live.get(&key, self.http.clock(), age, self.live(state, environment)).await
    }

    /// The deployment that an environment serves: production's pointer, or who answers the domains of a custom environment, `None` where
    /// none of them is served; without a domain of its own, its newest deployment that got its domains.
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
            // The project serves no visitor under a name that nobody has shown to be of this team.
            let here = |one: &VercelDomain| {
                one.verified && one.redirect.is_none() && one.environment.as_deref() == Some(custom)
            };
            let own: Vec<Text> = domains.into_iter().filter(here).map(|one| one.name).collect();
            if let Some((first, others)) = own.split_first() {
                let id = match self.alias(first.as_str()).await {
                    Ok(id) => id,
                    Err(error) if error.kind == ErrorKind::NotFound => String::new(),
                    Err(error) => return Err(error),
                };
                return match id.as_str() {
                    "" => self.serves_one_of(&project.id, others).await,
                    id => self.deployment(id).await.map(Some),
                };
            }
        }
        let list = self.recent_list(&project.id, target, NEW).await?;
        Ok(list.iter().find(|one| one.state.as_str() == "READY" && one.alias_assigned).cloned())
    }

    /// The deployment that serves the first of these domains which any serves; a build that got its domains once, and that none of them
    /// leads to, is not live.
    async fn serves_one_of(&self, project: &str, domains: &[Text]) -> Result<Option<VercelDeployment>, PlatformError> {
        if domains.is_empty() {
            return Ok(None);
        }
        let mut listed = self.aliases(project).await?;
        for one in domains {
            if let Some(id) = listed.remove(one.as_str()).filter(|id| !id.is_empty()) {
                return self.deployment(&id).await.map(Some);
            }
        }
        Ok(None)
    }

    /// What the platform declares of a project in an environment, named as in the console.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn declared(&self, project: &str, environment: &str) -> Result<Declared, PlatformError> {
        let state = self.recent_project(project, NEW).await?;
        let told = self.declared_of(&state, project, environment).await?;
        if !torn(&told) {
            return Ok(told);
        }
        // Domains are looked up after the pointer was read: one that moved in between is read again before it is told as two releases.
        self.recent.projects.forget(project);
        self.recent.live.forget(&format!("{}/{environment}", state.id));
        let state = self.recent_project(project, NEW).await?;
        self.declared_of(&state, project, environment).await
    }

    async fn declared_of(
        &self,
        state: &VercelProject,
        project: &str,
        environment: &str,
    ) -> Result<Declared, PlatformError> {
        let (target, _) = state.scope(environment);
        let routed = state.routes(environment);
        let rolling = async { if target == "production" { self.recent_rolling(&state.id).await } else { None } };
        let (live, newest, rolling) =
            tokio::join!(self.recent_live(state, environment, NEW), self.recent_list(&state.id, target, NEW), rolling);
        let live = live?.as_ref().clone();
        let newest = newest.ok().and_then(|list| list.first().cloned());
        let now = self.http.now_at(VERCEL);
        let building = newest.filter(|one| one.stands(now).0 == Status::Running);
        let requested = state.job(environment);
        let moving = requested.filter(|request| request.stands(now).0 == Status::Running);
        let pinned = target == "production" && !state.auto_assign;
        // The pause blocks what production serves; previews and custom environments go on (docs/platforms/vercel.md section 11).
        let paused = target == "production" && state.paused;
        let off = || Text::clean("automatic domains are off: new builds stay staged");
        let pin = state.rolled_back.clone().unwrap_or_else(|| Pin { why: off(), at: None, by: None });
        let resting = live.as_ref().map(|live| live.stands(now));
        let none = || "no deployment is live".to_owned();
        let mut words = resting.as_ref().map_or_else(none, |(_, words)| words.to_string());
        if let Some(building) = &building {
            words = format!("{words}; {} {}", building.id, building.stands(now).1);
        }
        // A job that was left open long ago moves nothing, and how it ended is not known.
        let left = requested.map(|request| (request, request.stands(now)));
        if let Some((request, (_, says))) = left.filter(|(_, (status, _))| *status == Status::Unknown) {
            words = format!("{words}; {} to {}: {says}", request.kind, request.to);
        }
        if let Some(moving) = moving {
            words = format!("{} {} to {}", moving.kind, moving.job_status, moving.to);
        }
        let resting = resting.map_or(Status::Unknown, |(status, _)| status);
        let id = live.as_ref().map(|live| live.id.clone()).unwrap_or_default();
        let mut pointed = match routed {
            true => self.recent_pointed(state, (project, environment), &id, requested).await,
            false => Vec::new(),
        };
        // Where no job is open, the pointer stands for all domains once each is known to be there.
        if requested.is_none_or(AliasRequest::arrived) && arrived(&pointed, &id) {
            pointed = Vec::new();
        }
        let coming = moving.map(|job| Coming { deployment: DeploymentId::from(job.to.as_str()), sha: None });
        let coming = coming.or_else(|| {
            let id = |one: &VercelDeployment| DeploymentId::from(one.id.as_str());
            building.as_ref().map(|one| Coming { deployment: id(one), sha: one.sha.clone() })
        });
        let status = match () {
            () if paused => Status::Fail,
            () if building.is_some() || moving.is_some() => Status::Running,
            () => resting,
        };
        Ok(Declared {
            deployment: DeploymentId::from(id.as_str()),
            label: Text::clean(if id.is_empty() { "no deployment" } else { &id }),
            sha: live.as_ref().and_then(|live| live.sha.clone()),
            status,
            words: if paused { Text::clean("paused") } else { Text::clean(&words) },
            created_at: live.and_then(|live| live.created_at),
            rollout: None,
            pin: pinned.then_some(pin),
            switches: Switches { paused, challenged: state.challenged, rolling },
            instances: Vec::new(),
            pointed,
            routed,
            claimed: None,
            coming,
        })
    }

    /// How far a rolling release has come, read a while ago at most. That it cannot be read hides nothing else.
    async fn recent_rolling(&self, project: &str) -> Option<Rolling> {
        let read = self.rolling_release(project);
        let release = self.recent.rolling.get(project, self.http.clock(), STAGES, read).await.ok()?;
        let one = release.as_ref().as_ref()?;
        Some(Rolling { percent: one.percent, next: one.next.map(|(_, percent)| percent), waits: one.waits })
    }

    /// The newest deployments of an environment as candidates of a rollback, the live one marked as current. Nothing is older
    /// than `age`.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn candidates(
        &self,
        project: &str,
        environment: &str,
        service: &ServiceId,
        age: Duration,
    ) -> Result<Vec<Deployment>, PlatformError> {
        let state = self.recent_project(project, age).await?;
        let (target, _) = state.scope(environment);
        let (list, live) =
            tokio::join!(self.recent_list(&state.id, target, age), self.recent_live(&state, environment, age));
        let live = live.ok().and_then(|live| live.as_ref().as_ref().map(|live| live.id.clone()));
        let now = self.http.now_at(VERCEL);
        let candidate = |one: &VercelDeployment| {
            let (status, words) = one.stands(now);
            Deployment { status, words, ..one.deployment(service, Some(&one.id) == live.as_ref()) }
        };
        Ok(list?.iter().map(candidate).collect())
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
/// Whether domains that nobody moves serve another deployment than the one that is live, as far as both were read.
fn torn(told: &Declared) -> bool {
    let elsewhere = |one: &Pointed| !one.deployment.as_str().is_empty() && one.deployment != told.deployment;
    (told.status != Status::Running || !told.explains()) && told.pointed.iter().any(elsewhere)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing;

    #[test]
    fn domains_and_a_pointer_that_differ_are_read_again_unless_a_job_moves_them_or_they_are_not_known() {
        let told = |status, deployment: &str| {
            let at = Pointed { domain: "a.app".into(), deployment: deployment.into(), sha: None, unread: None };
            Declared { deployment: "dpl_1".into(), pointed: vec![at], ..testing::declared(None, status) }
        };
        assert!(torn(&told(Status::Ok, "dpl_2")));
        assert!(!torn(&told(Status::Ok, "dpl_1")) && !torn(&told(Status::Ok, "")));
        assert!(!torn(&told(Status::Running, "dpl_2")));
    }
}
