//! Reads the domains of a project's environments, and where each of them points.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::{AliasRequest, VERCEL, Vercel, VercelProject};
use crate::domain::amount::amount;
use crate::domain::environment::{Pointed, Status};
use crate::domain::ids::{DeploymentId, Sha};
use crate::domain::span::age;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// How old it may be where each domain points while a job has not ended well, and the stage of a rolling release: they last for minutes.
pub(super) const STAGES: Duration = Duration::from_secs(15);
/// The same once the job is over and all domains point at what is live: then only a person moves one, which shows within this. The platform
/// answers 300 such questions in ten minutes: so many domains, those of all environments together, take as many times [`EACH`].
const SETTLED: Duration = Duration::from_secs(90);
/// A domain's share of that: all of them take two fifths of the platform's questions.
const EACH: Duration = Duration::from_secs(5);
/// Domains, or deployments, that are looked up side by side.
pub const AT_ONCE: usize = 4;
/// Domains of an environment that are looked up one by one at most: the platform answers 300 such questions in ten minutes. What more of
/// them serve is taken from the list of aliases.
pub const LOOKED_UP: usize = 100;

/// What refreshes by hand may ask of the 300 questions in ten minutes: the rest is for what is asked without them, and for changes.
#[derive(Debug)]
pub(super) struct Spare {
    left: f64,
    at: Duration,
}

impl Spare {
    /// So many at once.
    const MOST: f64 = 100.0;
    /// A question comes back after this.
    const BACK: Duration = Duration::from_secs(6);

    /// Takes so many, or tells when there are as many.
    fn take(&mut self, count: u32, now: Duration) -> Result<(), Duration> {
        let count = f64::from(count).min(Self::MOST);
        let back = now.saturating_sub(self.at).as_secs_f64() / Self::BACK.as_secs_f64();
        (self.left, self.at) = ((self.left + back).min(Self::MOST), now);
        if self.left < count {
            return Err(Self::BACK.mul_f64(count - self.left));
        }
        self.left -= count;
        Ok(())
    }
}

impl Default for Spare {
    fn default() -> Self {
        Self { left: Self::MOST, at: Duration::ZERO }
    }
}

/// The domains of an environment, those of branches left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    /// Those that are looked up, [`LOOKED_UP`] at most.
    pub domains: Vec<Text>,
    /// Those that are listed instead, because they are too many.
    pub many: Vec<Text>,
    /// Those that only send visitors elsewhere, and where.
    pub redirects: Vec<(Text, Text)>,
    /// Those of `domains` that nobody has shown to be of this team: the project serves no visitor of theirs.
    unverified: Vec<Text>,
}

impl Served {
    fn of(mut domains: Vec<Text>, redirects: Vec<(Text, Text)>) -> Self {
        let many = if domains.len() > LOOKED_UP { std::mem::take(&mut domains) } else { Vec::new() };
        Self { domains, many, redirects, unverified: Vec::new() }
    }

    /// Without those that are not verified and that nothing is known to serve: they are so until a person verifies them.
    fn counted(&self, mut all: Vec<Pointed>) -> Vec<Pointed> {
        all.retain(|one| !one.deployment.as_str().is_empty() || !self.unverified.contains(&one.domain));
        all
    }

    /// `112 domains`, where they are not looked up one by one.
    #[must_use]
    pub fn all(&self) -> Text {
        Text::from(amount(self.many.len(), "domain"))
    }
}

/// Where the domains of an environment pointed, and what was so when they were looked up.
#[derive(Debug)]
pub(super) struct Places {
    /// The deployment that was live.
    live: String,
    /// The last job that moves domains.
    job: Option<AliasRequest>,
    /// Those that were looked up or listed, and what is said of the others.
    all: Vec<Pointed>,
}

impl Places {
    /// How long they may stand for those of now, where so many `others` are looked up for other environments: not at all once another
    /// deployment is live or another job was asked for.
    fn lasts(&self, live: &str, job: Option<&AliasRequest>, now: Timestamp, others: u32) -> Duration {
        match () {
            () if self.live != live || self.job.as_ref() != job => Duration::ZERO,
            () if job.is_some_and(|job| job.stands(now).0 == Status::Running) => STAGES,
            // A job that ended moves nothing any more.
            () if arrived(&self.all, live) => SETTLED.max(EACH * (self.asked() + others)),
            // What stays so for days does not use up the budget: one domain a second.
            () => STAGES.max(Duration::from_secs(1) * self.asked()),
        }
    }

    /// How many were looked up one by one.
    fn asked(&self) -> u32 {
        // Many are listed, a hundred by a request.
        if self.all.len() > LOOKED_UP { 0 } else { u32::try_from(self.all.len()).unwrap_or(u32::MAX) }
    }
}

/// Where the domains point. A list that could not be read says so of every domain: nothing is known to have moved, or to have stayed. One
/// that the token may not see is no part of the verdict, and is told as a check that is not for this token.
fn places(read: Result<Arc<Places>, PlatformError>) -> Vec<Pointed> {
    match read {
        Ok(places) => places.all.clone(),
        Err(error) if error.kind == ErrorKind::Forbidden => Vec::new(),
        Err(error) => vec![Pointed {
            domain: Text::from("every domain"),
            deployment: DeploymentId::from(""),
            sha: None,
            unread: Some(Text::from(error.to_string())),
        }],
    }
}

/// Whether each of these domains serves what is live, whether or not its commit could be read there.
pub(super) fn arrived(all: &[Pointed], live: &str) -> bool {
    all.iter().all(|one| !one.deployment.as_str().is_empty() && one.deployment.as_str() == live)
}

impl Vercel {
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

    /// Where the domains of an environment point.
    ///
    /// # Errors
    /// [`PlatformError`] where the domains cannot be listed.
    pub async fn pointers(&self, project: &VercelProject, environment: &str) -> Result<Vec<Pointed>, PlatformError> {
        let served = self.served(project, environment).await?;
        Ok(self.pointed(project, &served).await)
    }

    /// Where each of these domains points; one that cannot be looked up says so, and so does one whose deployment cannot be read. Where they
    /// are many, the list of aliases tells it, and where that cannot be read whole, it is known of none.
    pub async fn pointed(&self, project: &VercelProject, served: &Served) -> Vec<Pointed> {
        if !served.many.is_empty() {
            return self.listed(project, served).await.unwrap_or_else(|error| {
                let unread = Some(Text::from(error.to_string()));
                vec![Pointed { domain: served.all(), deployment: DeploymentId::from(""), sha: None, unread }]
            });
        }
        let mut looked = Vec::new();
        for some in served.domains.chunks(AT_ONCE) {
            looked.extend(join_all(some.iter().map(|domain| self.alias(domain.as_str()))).await);
        }
        self.told(&served.domains, looked).await
    }

    /// What many domains serve, as they are listed; one that is not listed is served by nothing.
    ///
    /// # Errors
    /// [`PlatformError`] where the list cannot be read whole.
    pub async fn listed(&self, project: &VercelProject, served: &Served) -> Result<Vec<Pointed>, PlatformError> {
        let mut listed = self.aliases(&project.id).await?;
        let looked = served.many.iter().map(|one| Ok(listed.remove(one.as_str()).unwrap_or_default())).collect();
        Ok(self.told(&served.many, looked).await)
    }

    /// These domains with what serves each, and the commits of that.
    async fn told(&self, domains: &[Text], looked: Vec<Result<String, PlatformError>>) -> Vec<Pointed> {
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
    pub(super) async fn recent_pointed(
        &self,
        project: &VercelProject,
        (name, environment): (&str, &str),
        live: &str,
        job: Option<&AliasRequest>,
    ) -> Vec<Pointed> {
        let key = format!("{name}/{environment}");
        let read = async {
            let served = self.served(project, environment).await?;
            let all = served.counted(self.pointed(project, &served).await);
            Ok(Places { live: live.to_owned(), job: job.cloned(), all })
        };
        let now = self.http.now_at(VERCEL);
        let others = self.recent.pointed.others(&key).iter().map(|held| held.asked()).sum();
        let age = |held: &Places| held.lasts(live, job, now, others);
        places(self.recent.pointed.get_while(&key, self.http.clock(), age, read).await)
    }

    /// The next reading of what is declared looks every domain up anew, where the platform's budget for such questions has room for it;
    /// else what is to be told of that.
    pub(super) fn anew(&self, project: &str, environment: &str) -> Option<Text> {
        let key = format!("{project}/{environment}");
        let now = self.http.clock().mono();
        if let Some((at, held)) = self.recent.pointed.held(&key) {
            let mut spare = self.recent.spare.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(wait) = spare.take(held.asked(), now) {
                return Some(Text::from(format!(
                    "{} of {project} were looked up {} ago, and can be again in {}: the platform answers 300 such questions in ten minutes",
                    amount(held.all.len(), "domain"),
                    age(now.saturating_sub(at)),
                    age(wait),
                )));
            }
        }
        self.recent.pointed.forget(&key);
        None
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
            assert_eq!(
                held(&old, vec![at("dpl_1"), at("dpl_1")]).lasts("dpl_1", Some(&old), now, 0),
                SETTLED,
                "{word}"
            );
            assert_eq!(held(&old, vec![at("dpl_1"), at("dpl_2")]).lasts("dpl_1", Some(&old), now, 0), STAGES, "{word}");
            assert_eq!(
                held(&old, vec![at("dpl_1")]).lasts("dpl_2", Some(&old), now, 0),
                Duration::ZERO,
                "another one is live"
            );
            assert_eq!(
                held(&old, vec![at("dpl_1")]).lasts("dpl_1", Some(&job(word, 1_799_999_999)), now, 0),
                Duration::ZERO
            );
        }
        let moving = job("in-progress", 1_799_999_999);
        assert_eq!(
            held(&moving, vec![at("dpl_1")]).lasts("dpl_1", Some(&moving), now, 0),
            STAGES,
            "none has moved yet"
        );
        assert!(job("succeeded", 0).arrived());
        let never = |all: Vec<Pointed>| places_of(all).lasts("dpl_1", None, now, 0);
        assert_eq!((never(vec![at("dpl_1")]), never(vec![at("dpl_1"), at("dpl_2")])), (SETTLED, STAGES));
        // A domain that cannot be read for days costs no more than a request a second.
        let mut many = vec![at("dpl_1"); LOOKED_UP];
        many[0] = unread("502");
        assert_eq!(never(many), Duration::from_secs(100));
        assert_eq!(never(vec![at("dpl_1"); LOOKED_UP + 212]), SETTLED, "they are listed");
        let ten = |others| places_of(vec![at("dpl_1")]).lasts("dpl_1", None, now, others);
        assert_eq!(
            (ten(9), ten(29)),
            (SETTLED, Duration::from_secs(150)),
            "those of all environments share the questions"
        );
    }

    #[test]
    fn a_refresh_by_hand_looks_many_domains_up_at_once_and_then_as_the_budget_allows() {
        let mut spare = Spare::default();
        let at = |seconds| Duration::from_secs(seconds);
        let waits = |spare: &mut Spare, second| spare.take(100, at(second)).expect_err("it was taken");
        assert_eq!(spare.take(100, at(1_000)), Ok(()), "at once");
        assert!(waits(&mut spare, 1_001) > at(598) && waits(&mut spare, 1_001) < at(600));
        assert!(waits(&mut spare, 1_100) < at(501), "a press takes nothing");
        assert_eq!(spare.take(100, at(1_601)), Ok(()));
        // However often somebody presses: what that asks leaves most of the platform's questions alone.
        let asked: usize = (1_602..2_202).filter(|second| spare.take(100, at(*second)).is_ok()).count() * 100;
        assert!(asked <= 100, "{asked}");
        let few = (2_902..2_932).filter(|second| spare.take(3, at(*second)).is_ok()).count();
        assert_eq!(few, 30, "few domains are looked up with every press");
    }

    fn places_of(all: Vec<Pointed>) -> Places {
        Places { live: "dpl_1".to_owned(), job: None, all }
    }

    fn live(deployment: &DeploymentId) -> spread::Live<'_> {
        spread::Live { deployment, sha: None }
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
        for one in [unread("502"), nothing(), at("dpl_2")] {
            assert!(!arrived(&[at("dpl_1"), one.clone()], "dpl_1"), "{one:?}");
            let same = one.deployment.as_str() == "dpl_2";
            assert!(spread::judged(live(&"dpl_1".into()), &[at("dpl_1"), one.clone()]).is_some() || same, "{one:?}");
        }
        assert!(
            !arrived(&[unread("502")], "") && !arrived(&[nothing()], ""),
            "what nothing serves has arrived nowhere"
        );
        // Nobody can be served under a name that is not verified yet, however long that lasts.
        let unverified = Served { unverified: vec!["a.app".into()], ..served(2) };
        let other = Pointed { domain: "b.app".into(), ..nothing() };
        let all = vec![at("dpl_2"), nothing(), unread("403"), other.clone()];
        assert_eq!(unverified.counted(all), [at("dpl_2"), other]);
    }

    #[test]
    fn more_domains_than_the_platform_lets_be_looked_up_are_listed() {
        assert!(served(LOOKED_UP).many.is_empty());
        let served = served(LOOKED_UP + 12);
        assert_eq!((served.domains.len(), served.all().as_str()), (0, "112 domains"));
    }

    #[test]
    fn a_list_of_domains_that_cannot_be_read_is_not_a_settled_one() {
        assert!(
            places(Err(fault(VERCEL, ErrorKind::Forbidden, "forbidden"))).is_empty(),
            "the domains' own check tells it"
        );
        let told = places(Err(fault(VERCEL, ErrorKind::Server, "bad gateway")));
        let judged = spread::judged(live(&"dpl_1".into()), &told).expect("something is said");
        assert_eq!(judged.0, crate::domain::state::State::Unknown);
        assert!(judged.1.contains("every domain") && judged.1.contains("bad gateway"), "{judged:?}");
    }
}
