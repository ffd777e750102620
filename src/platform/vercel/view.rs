//! Reads what the console shows of a project in one environment: what is declared, and the deployments that it could go back
//! to.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::{AliasRequest, VERCEL, Vercel, VercelDeployment, VercelProject};
use crate::domain::amount::amount;
use crate::domain::environment::{Declared, Pin, Pointed, Rolling, Status, Switches};
use crate::domain::ids::{DeploymentId, ServiceId, Sha};
use crate::domain::release::Deployment;
use crate::domain::spread;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// Deployments listed, the newest ones.
pub const LISTED: u32 = 25;
/// How old the parts of what is declared may be.
const NEW: Duration = Duration::from_millis(1_500);
/// How old the stage of a rolling release may be, and where each domain points while a job has not ended well: they last for minutes.
const STAGES: Duration = Duration::from_secs(15);
/// The same once the job is over and all domains point at one deployment: then only a person moves one.
const SETTLED: Duration = Duration::from_secs(600);
/// Domains, or deployments, that are looked up side by side.
pub const AT_ONCE: usize = 4;
/// Domains of an environment that are looked up at most; it is told how many more there are.
pub const LOOKED_UP: usize = 100;

/// The domains of an environment, those of branches left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    /// Those that are looked up, [`LOOKED_UP`] at most.
    pub domains: Vec<Text>,
    /// How many more there are.
    pub beyond: usize,
    /// Those that only send visitors elsewhere, and where.
    pub redirects: Vec<(Text, Text)>,
}

impl Served {
    fn of(mut domains: Vec<Text>, redirects: Vec<(Text, Text)>) -> Self {
        let beyond = domains.len().saturating_sub(LOOKED_UP);
        domains.truncate(LOOKED_UP);
        Self { domains, beyond, redirects }
    }

    /// `12 more domains`, where not all are looked up.
    #[must_use]
    pub fn more(&self) -> Option<Text> {
        (self.beyond > 0).then(|| Text::from(format!("{} beyond the first {LOOKED_UP}", amount(self.beyond, "domain"))))
    }
}

/// Where the domains of an environment point, as far as they are looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pointers {
    /// Those that were looked up, or could not be.
    pub looked: Vec<Pointed>,
    /// `12 domains beyond the first 100`, which are never looked up: no look that failed, and nothing that another try tells.
    pub more: Option<Text>,
}

impl Pointers {
    /// The same as one list, for what says where all of them point: of those beyond it says that they were not looked up.
    #[must_use]
    pub fn told(self) -> Vec<Pointed> {
        let more = self.more.map(|domain| Pointed {
            domain,
            deployment: DeploymentId::from(""),
            sha: None,
            unread: Some(Text::from("not looked up")),
        });
        self.looked.into_iter().chain(more).collect()
    }
}

/// Where the domains of an environment pointed, and what was so when they were looked up.
#[derive(Debug)]
pub(super) struct Places {
    /// The deployment that was live.
    live: String,
    /// The last job that moves domains.
    job: Option<AliasRequest>,
    all: Vec<Pointed>,
}

impl Places {
    /// How long they may stand for those of now: not at all once another deployment is live or another job was asked for.
    fn lasts(&self, live: &str, job: Option<&AliasRequest>, now: Timestamp) -> Duration {
        match () {
            () if self.live != live || self.job.as_ref() != job => Duration::ZERO,
            // A job that ended moves nothing any more.
            () if job.is_none_or(|job| job.stands(now).0 != Status::Running) && spread::settled(&self.all) => SETTLED,
            () => STAGES,
        }
    }
}

/// Where the domains point. A list that could not be read says so of every domain: nothing is known to have moved, or to have stayed.
fn places(read: Result<Arc<Places>, PlatformError>) -> Vec<Pointed> {
    match read {
        Ok(places) => places.all.clone(),
        Err(error) => vec![Pointed {
            domain: Text::from("every domain"),
            deployment: DeploymentId::from(""),
            sha: None,
            unread: Some(Text::from(error.to_string())),
        }],
    }
}

/// Whether a domain is known to serve another deployment than the pointer of its project.
fn elsewhere(all: &[Pointed], live: &str) -> bool {
    let served = |one: &&Pointed| one.unread.is_none() && !one.deployment.as_str().is_empty();
    all.iter().filter(served).any(|one| one.deployment.as_str() != live)
}

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
        let list = self.recent_list(&project.id, target, NEW).await?;
        Ok(list.iter().find(|one| one.state.as_str() == "READY" && one.alias_assigned).cloned())
    }

    /// The domains of an environment: production's, or those of a custom environment; a preview has none of its own.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn served(&self, project: &VercelProject, environment: &str) -> Result<Served, PlatformError> {
        let (target, custom) = project.scope(environment);
        if target != "production" && custom.is_none() {
            return Ok(Served::default());
        }
        let (mut domains, mut redirects) = (Vec::new(), Vec::new());
        for one in self.domains(&project.id).await? {
            let own = if target == "production" {
                one.environment.is_none() && one.branch.is_none()
            } else {
                one.environment.as_deref() == custom
            };
            match one.redirect {
                _ if !own => {}
                Some(to) => redirects.push((one.name, to)),
                None => domains.push(one.name),
            }
        }
        Ok(Served::of(domains, redirects))
    }

    /// Where the domains of an environment point, and how many more there are.
    ///
    /// # Errors
    /// [`PlatformError`] where the domains cannot be listed.
    pub async fn pointers(&self, project: &VercelProject, environment: &str) -> Result<Pointers, PlatformError> {
        let served = self.served(project, environment).await?;
        Ok(Pointers { looked: self.pointed(&served.domains).await, more: served.more() })
    }

    /// Where each of these domains points; one that cannot be looked up says so, and so does one whose deployment cannot be read.
    pub async fn pointed(&self, domains: &[Text]) -> Vec<Pointed> {
        let mut looked = Vec::new();
        for some in domains.chunks(AT_ONCE) {
            looked.extend(join_all(some.iter().map(|domain| self.alias(domain.as_str()))).await);
        }
        let mut ids: Vec<&str> = looked.iter().flatten().map(String::as_str).filter(|id| !id.is_empty()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut commits = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            commits.extend(join_all(some.iter().map(|id| self.deployment(id))).await);
        }
        let pointed = domains.iter().zip(&looked).map(|(domain, looked)| {
            let told = |id: &str, sha: Option<Sha>, unread: Option<&PlatformError>| Pointed {
                domain: domain.clone(),
                deployment: DeploymentId::from(id),
                sha,
                unread: unread.map(|error| Text::from(error.to_string())),
            };
            match looked {
                // It is listed, and nothing serves it.
                Err(error) if error.kind == ErrorKind::NotFound => told("", None, None),
                Err(error) => told("", None, Some(error)),
                Ok(id) => match ids.iter().position(|one| one == id).and_then(|at| commits.get(at)) {
                    Some(Ok(deployment)) => told(id, deployment.sha.clone(), None),
                    Some(Err(error)) => told(id, None, Some(error)),
                    None => told(id, None, None),
                },
            }
        });
        pointed.collect()
    }

    /// Where the domains of an environment point: looked at often while they move or are at several places, else now and then.
    async fn recent_pointed(
        &self,
        project: &VercelProject,
        environment: &str,
        live: &str,
        job: Option<&AliasRequest>,
    ) -> Vec<Pointed> {
        let key = format!("{}/{environment}", project.id);
        let read = async {
            let all = self.pointers(project, environment).await?.told();
            Ok(Places { live: live.to_owned(), job: job.cloned(), all })
        };
        let now = self.http.now_at(VERCEL);
        let age = |held: &Places| held.lasts(live, job, now);
        places(self.recent.pointed.get_while(&key, self.http.clock(), age, read).await)
    }

    /// What the platform declares of a project in an environment, named as in the console.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn declared(&self, project: &str, environment: &str) -> Result<Declared, PlatformError> {
        let state = self.recent_project(project, NEW).await?;
        let (target, _) = state.scope(environment);
        let rolling = async { if target == "production" { self.recent_rolling(&state.id).await } else { None } };
        let (live, newest, rolling) =
            tokio::join!(self.recent_live(&state, environment, NEW), self.recent_list(&state.id, target, NEW), rolling);
        let live = live?.as_ref().clone();
        let newest = newest.ok().and_then(|list| list.first().cloned());
        let now = self.http.now_at(VERCEL);
        let building = newest.filter(|one| one.stands(now).0 == Status::Running);
        let requested = state.last_alias_request.as_ref().filter(|_| target == "production");
        let moving = requested.filter(|request| request.stands(now).0 == Status::Running);
        let pinned = target == "production" && !state.auto_assign;
        // The pause blocks what production serves; previews and custom environments go on (docs/platforms/vercel.md section 11).
        let paused = target == "production" && state.paused;
        let off = || Text::clean("automatic domains are off: new builds stay staged");
        let pin = state.rolled_back.clone().unwrap_or_else(|| Pin { why: off(), at: None, by: None });
        let resting = live.as_ref().map(|live| live.stands(now));
        let mut words = resting.as_ref().map(|(_, words)| words.to_string()).unwrap_or_default();
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
        let mut pointed = match target {
            "production" => self.recent_pointed(&state, environment, &id, requested).await,
            _ => Vec::new(),
        };
        // Where no job is open, the pointer stands for all domains but for those that are known to be elsewhere.
        if requested.is_none_or(AliasRequest::arrived) && !elsewhere(&pointed, &id) {
            pointed = Vec::new();
        }
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
            claimed: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::http::fault;

    fn at(deployment: &str) -> Pointed {
        Pointed { domain: "a.app".into(), deployment: deployment.into(), sha: Some("340f57f0000".into()), unread: None }
    }

    #[test]
    fn a_job_that_ended_is_looked_at_rarely_once_all_domains_agree() {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        let job = |word: &str, second: i64| AliasRequest {
            kind: Text::from("promote"),
            job_status: Text::from(word),
            from: None,
            to: "dpl_2".to_owned(),
            requested_at: Timestamp::from_second(second).ok(),
        };
        let held =
            |job: &AliasRequest, all: Vec<Pointed>| Places { live: "dpl_1".to_owned(), job: Some(job.clone()), all };
        for word in ["failed", "skipped", "in-progress"] {
            let old = job(word, 1_799_000_000);
            assert!(!old.arrived());
            assert_eq!(held(&old, vec![at("dpl_1"), at("dpl_1")]).lasts("dpl_1", Some(&old), now), SETTLED, "{word}");
            assert_eq!(held(&old, vec![at("dpl_1"), at("dpl_2")]).lasts("dpl_1", Some(&old), now), STAGES, "{word}");
            assert_eq!(
                held(&old, vec![at("dpl_1")]).lasts("dpl_2", Some(&old), now),
                Duration::ZERO,
                "another one is live"
            );
            assert_eq!(
                held(&old, vec![at("dpl_1")]).lasts("dpl_1", Some(&job(word, 1_799_999_999)), now),
                Duration::ZERO
            );
        }
        let moving = job("in-progress", 1_799_999_999);
        assert_eq!(held(&moving, vec![at("dpl_1")]).lasts("dpl_1", Some(&moving), now), STAGES, "none has moved yet");
        assert!(job("succeeded", 0).arrived());
        let never = |all: Vec<Pointed>| Places { live: "dpl_1".to_owned(), job: None, all }.lasts("dpl_1", None, now);
        assert_eq!((never(vec![at("dpl_1")]), never(vec![at("dpl_1"), at("dpl_2")])), (SETTLED, STAGES));
        let none = Pointed { unread: Some(Text::from("502")), ..at("") };
        assert!(!elsewhere(&[at("dpl_1"), at(""), none], "dpl_1"), "what is not known to be elsewhere");
        assert!(elsewhere(&[at("dpl_1"), at("dpl_2")], "dpl_1"));
    }

    #[test]
    fn of_more_domains_than_are_looked_up_the_rest_is_told() {
        let names = |count: usize| (0..count).map(|n| Text::from(format!("{n}.app"))).collect::<Vec<_>>();
        assert_eq!(Served::of(names(LOOKED_UP), Vec::new()).more(), None);
        let served = Served::of(names(LOOKED_UP + 12), Vec::new());
        assert_eq!((served.domains.len(), served.more().unwrap().as_str()), (100, "12 domains beyond the first 100"));
    }

    #[test]
    fn a_list_of_domains_that_cannot_be_read_is_not_a_settled_one() {
        let told = places(Err(fault(VERCEL, ErrorKind::Server, "bad gateway")));
        let judged = spread::judged(&told).expect("something is said");
        assert_eq!(judged.0, crate::domain::state::State::Unknown);
        assert!(judged.1.contains("every domain") && judged.1.contains("bad gateway"), "{judged:?}");
    }
}
