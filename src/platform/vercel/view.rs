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
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// Deployments listed, the newest ones.
pub const LISTED: u32 = 25;
/// How old the parts of what is declared may be.
const NEW: Duration = Duration::from_millis(1_500);
/// How old the stage of a rolling release may be, and where each domain points while a job has not ended well: they last for minutes.
const STAGES: Duration = Duration::from_secs(15);
/// The same once the job is over and all domains point at what is live: then only a person moves one, which shows within this. The platform
/// answers 300 such questions in ten minutes: so many domains take as many times [`EACH`].
const SETTLED: Duration = Duration::from_secs(60);
/// A domain's share of that.
const EACH: Duration = Duration::from_secs(10);
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
    /// Those of `domains` that nobody has shown to be of this team: the project serves no visitor of theirs.
    unverified: Vec<Text>,
}

impl Served {
    fn of(mut domains: Vec<Text>, redirects: Vec<(Text, Text)>) -> Self {
        let beyond = domains.len().saturating_sub(LOOKED_UP);
        domains.truncate(LOOKED_UP);
        Self { domains, beyond, redirects, unverified: Vec::new() }
    }

    /// What is said of those that are not looked up.
    fn rest(&self) -> Option<Pointed> {
        self.more().map(not_looked_up)
    }

    /// Without those that are not verified and that nothing is known to serve: they are so until a person verifies them.
    fn counted(&self, mut all: Vec<Pointed>) -> Vec<Pointed> {
        all.retain(|one| !one.deployment.as_str().is_empty() || !self.unverified.contains(&one.domain));
        all
    }

    /// `12 more domains`, where not all are looked up.
    #[must_use]
    pub fn more(&self) -> Option<Text> {
        (self.beyond > 0).then(|| Text::from(format!("{} beyond the first {LOOKED_UP}", amount(self.beyond, "domain"))))
    }
}

/// A row for domains that are not looked up.
fn not_looked_up(domain: Text) -> Pointed {
    let unread = Some(Text::from("not looked up"));
    Pointed { domain, deployment: DeploymentId::from(""), sha: None, unread }
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
        self.looked.into_iter().chain(self.more.map(not_looked_up)).collect()
    }
}

/// Where the domains of an environment pointed, and what was so when they were looked up.
#[derive(Debug)]
pub(super) struct Places {
    /// The deployment that was live.
    live: String,
    /// The last job that moves domains.
    job: Option<AliasRequest>,
    /// Those that were looked up.
    all: Vec<Pointed>,
    /// What is said of those that were not.
    rest: Option<Pointed>,
}

impl Places {
    /// How long they may stand for those of now: not at all once another deployment is live or another job was asked for.
    fn lasts(&self, live: &str, job: Option<&AliasRequest>, now: Timestamp) -> Duration {
        match () {
            () if self.live != live || self.job.as_ref() != job => Duration::ZERO,
            () if job.is_some_and(|job| job.stands(now).0 == Status::Running) => STAGES,
            // A job that ended moves nothing any more.
            () if arrived(&self.all, live) => SETTLED.max(EACH * u32::try_from(self.all.len()).unwrap_or(u32::MAX)),
            // What stays so for days does not use up the budget: one domain a second.
            () => STAGES.max(Duration::from_secs(self.all.len() as u64)),
        }
    }
}

/// Where the domains point. A list that could not be read says so of every domain: nothing is known to have moved, or to have stayed. One
/// that the token may not see is no part of the verdict, and is told as a check that is not for this token.
fn places(read: Result<Arc<Places>, PlatformError>) -> Vec<Pointed> {
    match read {
        Ok(places) => places.all.iter().chain(&places.rest).cloned().collect(),
        Err(error) if error.kind == ErrorKind::Forbidden => Vec::new(),
        Err(error) => vec![Pointed {
            domain: Text::from("every domain"),
            deployment: DeploymentId::from(""),
            sha: None,
            unread: Some(Text::from(error.to_string())),
        }],
    }
}

/// Whether each of these domains was looked up and serves what is live, whether or not its commit could be read there.
fn arrived(all: &[Pointed], live: &str) -> bool {
    let looked_up = |one: &Pointed| one.unread.is_none() || !one.deployment.as_str().is_empty();
    all.iter().all(|one| looked_up(one) && one.deployment.as_str() == live)
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
        let (mut domains, mut redirects, mut unverified) = (Vec::new(), Vec::new(), Vec::new());
        for one in self.domains(&project.id).await? {
            let own = if target == "production" {
                one.environment.is_none() && one.branch.is_none()
            } else {
                one.environment.as_deref() == custom
            };
            match one.redirect {
                _ if !own => {}
                Some(to) => redirects.push((one.name, to)),
                None => {
                    unverified.extend((!one.verified).then(|| one.name.clone()));
                    domains.push(one.name);
                }
            }
        }
        Ok(Served { unverified, ..Served::of(domains, redirects) })
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
            let served = self.served(project, environment).await?;
            let all = served.counted(self.pointed(&served.domains).await);
            Ok(Places { live: live.to_owned(), job: job.cloned(), all, rest: served.rest() })
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
        // Where no job is open, the pointer stands for all domains once each is known to be there.
        if requested.is_none_or(AliasRequest::arrived) && arrived(&pointed, &id) {
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
    use crate::domain::spread;
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
        let held = |job: &AliasRequest, all: Vec<Pointed>| Places { job: Some(job.clone()), ..places_of(all) };
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
        let never = |all: Vec<Pointed>| places_of(all).lasts("dpl_1", None, now);
        assert_eq!((never(vec![at("dpl_1")]), never(vec![at("dpl_1"), at("dpl_2")])), (SETTLED, STAGES));
        // A domain that cannot be read for days costs no more than a request a second.
        let mut many = vec![at("dpl_1"); LOOKED_UP];
        many[0] = unread("502");
        assert_eq!(never(many), Duration::from_secs(100));
        // Those beyond are never looked up: they make no haste.
        let beyond = Places { rest: served(LOOKED_UP + 12).rest(), ..places_of(vec![at("dpl_1"); LOOKED_UP]) };
        assert_eq!(beyond.lasts("dpl_1", None, now), EACH * 100);
    }

    fn places_of(all: Vec<Pointed>) -> Places {
        Places { live: "dpl_1".to_owned(), job: None, all, rest: None }
    }

    fn unread(why: &str) -> Pointed {
        Pointed { sha: None, unread: Some(Text::from(why)), ..at("") }
    }

    fn served(count: usize) -> Served {
        Served::of((0..count).map(|n| Text::from(format!("{n}.app"))).collect(), Vec::new())
    }

    #[test]
    fn the_pointer_stands_for_all_domains_only_once_each_was_seen_there() {
        let nothing = || Pointed { sha: None, ..at("") };
        assert!(arrived(&[at("dpl_1"), at("dpl_1")], "dpl_1") && arrived(&[], "dpl_1"));
        assert!(
            arrived(&[Pointed { sha: None, unread: Some(Text::from("502")), ..at("dpl_1") }], "dpl_1"),
            "it is there"
        );
        let rest = served(LOOKED_UP + 1).rest().expect("one more");
        for one in [unread("502"), nothing(), at("dpl_2"), rest] {
            assert!(!arrived(&[at("dpl_1"), one.clone()], "dpl_1"), "{one:?}");
            assert!(
                spread::judged(&[at("dpl_1"), one.clone()]).is_some() || one.deployment.as_str() == "dpl_2",
                "{one:?}"
            );
        }
        assert!(!arrived(&[unread("502")], "") && arrived(&[nothing()], ""));
        // Nobody can be served under a name that is not verified yet, however long that lasts.
        let unverified = Served { unverified: vec!["a.app".into()], ..served(2) };
        let other = Pointed { domain: "b.app".into(), ..nothing() };
        let all = vec![at("dpl_2"), nothing(), unread("403"), other.clone()];
        assert_eq!(unverified.counted(all), [at("dpl_2"), other]);
    }

    #[test]
    fn of_more_domains_than_are_looked_up_the_rest_is_told() {
        assert_eq!(served(LOOKED_UP).more(), None);
        let served = served(LOOKED_UP + 12);
        assert_eq!((served.domains.len(), served.more().unwrap().as_str()), (100, "12 domains beyond the first 100"));
    }

    #[test]
    fn a_list_of_domains_that_cannot_be_read_is_not_a_settled_one() {
        assert!(
            places(Err(fault(VERCEL, ErrorKind::Forbidden, "forbidden"))).is_empty(),
            "the domains' own check tells it"
        );
        let told = places(Err(fault(VERCEL, ErrorKind::Server, "bad gateway")));
        let judged = spread::judged(&told).expect("something is said");
        assert_eq!(judged.0, crate::domain::state::State::Unknown);
        assert!(judged.1.contains("every domain") && judged.1.contains("bad gateway"), "{judged:?}");
    }
}
