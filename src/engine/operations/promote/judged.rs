//! How an environment stands, read anew for a plan and judged as the screen judges: a promotion must not call healthy what `status` does
//! not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use crate::clock::Timestamp;
use crate::config::{ObserveSettings, Settings};
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo};
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::health::{ProbeId, ProbeState};
use crate::domain::ids::{EnvId, ServiceId, Sha};
use crate::domain::judge::Known;
use crate::domain::ours::Stamped;
use crate::domain::pipeline::Run;
use crate::domain::probes::Probes;
use crate::domain::readiness::{self, Rating};
use crate::domain::release::Deployment;
use crate::domain::status::{Judgement, ServiceState};
use crate::engine::feeds::{Clients, probes::edge};
use crate::platform::capabilities::Newest;
use crate::platform::{ErrorKind, PlatformError, probe};
use crate::sanitize::Text;

/// A list of deployments that was read for another plan just now is good enough.
const LISTED: Duration = Duration::from_secs(2);
/// The rhythm of a read that is made once: what it found is as old as the plan.
const ONCE: Duration = Duration::from_secs(20);

/// What was read of an environment, and what could not be.
#[derive(Default)]
struct Read {
    services: BTreeMap<ServiceId, ServiceState>,
    releases: BTreeMap<ServiceId, Vec<Deployment>>,
    probes: Probes,
    runs: Vec<Run>,
    workflows: BTreeMap<EnvId, Arc<str>>,
    feeds: BTreeMap<FeedId, FeedStatus>,
}

impl Read {
    /// Keeps whether something could be read, and hands on what it was.
    fn kept<T>(&mut self, feed: FeedId, found: Result<T, &PlatformError>, now: Timestamp) -> Option<T> {
        let (found, state) = match found {
            Ok(found) => (Some(found), FeedState::Fresh(now)),
            Err(error) => {
                let denied = matches!(error.kind, ErrorKind::Auth | ErrorKind::Forbidden);
                let why = Text::from(error.to_string());
                (None, FeedState::Failing { last_ok: None, since: now, why, denied, again: None })
            }
        };
        self.feeds.insert(feed, FeedStatus { state, interval: ONCE });
        found
    }
}

/// Recent runs of the repository, as they were read for the plan; `None` = there is no repository.
pub(in crate::engine) type Runs<'a> = Option<&'a Result<Vec<Run>, PlatformError>>;

/// An environment as it was read for a plan, and what may be said of it.
pub(in crate::engine) struct Judged {
    /// What may be said.
    pub(in crate::engine) judgement: Judgement,
    read: Read,
}

impl Judged {
    /// Whether it is healthy.
    pub(in crate::engine) fn healthy(&self, env: &EnvInfo) -> Rating {
        readiness::healthy(env, &self.judgement, &self.read.services, self.read.probes.of(&env.id))
    }

    /// Whether a commit would be news to it.
    pub(in crate::engine) fn candidate(&self, env: &EnvInfo, new: Option<&Sha>) -> Rating {
        readiness::candidate(env, (new, &self.judgement), &self.read.services, &self.read.releases)
    }

    /// When what runs on a platform was made.
    pub(in crate::engine) fn built(&self, env: &EnvInfo, platform: Platform) -> Option<Timestamp> {
        let service = env.services.iter().find(|service| service.platform == platform)?;
        self.read.services.get(&service.id)?.declared.as_ref()?.created_at
    }
}

/// Reads an environment and judges it.
pub(in crate::engine) async fn judged(clients: &Clients, settings: &Settings, env: &EnvInfo, runs: Runs<'_>) -> Judged {
    let read = read(clients, settings, env, runs).await;
    let known = Known {
        services: &read.services,
        probes: &read.probes,
        aimed: &settings.aimed(),
        absent: &settings.absent(),
        // What the platforms say of their condition is a point of its own.
        findings: &BTreeMap::new(),
        releases: &read.releases,
        runs: &read.runs,
        workflows: &read.workflows,
        // Operations that stand in the way are refusals of the plan.
        operations: &BTreeMap::new(),
        feeds: &read.feeds,
        now: clients.http.clock().now(),
    };
    Judged { judgement: known.environment(env), read }
}

async fn read(clients: &Clients, settings: &Settings, env: &EnvInfo, runs: Runs<'_>) -> Read {
    let probes: Vec<_> = settings.probes.iter().filter(|one| one.env == env.id).collect();
    let workflow = settings.workflows.iter().find(|one| one.env == env.id);
    let (services, samples) = tokio::join!(
        join_all(env.services.iter().map(|info| service(clients, settings, env, info))),
        join_all(probes.iter().map(|one| probe::probe(&clients.http, one))),
    );
    // What was read while it went on is of its end.
    let now = clients.http.clock().now();
    let mut read = Read::default();
    for (info, (declared, observed, listed)) in env.services.iter().zip(services) {
        let mut state = ServiceState::default();
        if let Some(found) = declared {
            let declared = read.kept(FeedId::Declared(info.id.clone()), found.as_ref(), now);
            declared.map(|declared| state.declare(declared.clone(), now));
        }
        if let Some(found) = observed {
            let observed = read.kept(FeedId::Observed(info.id.clone()), found.as_ref(), now);
            observed.into_iter().for_each(|observed| state.observe(observed.clone()));
        }
        if let Some(found) = listed {
            let listed = read.kept(FeedId::Releases(info.id.clone()), found.as_ref(), now);
            read.releases.extend(listed.map(|listed| (info.id.clone(), listed.list.clone())));
        }
        read.services.insert(info.id.clone(), state);
    }
    for (one, sample) in probes.iter().zip(samples) {
        let id = ProbeId { env: env.id.clone(), name: one.name.clone() };
        let mut state = ProbeState::new(id, probe::target(one), now);
        state.push(sample);
        read.probes.add(state);
    }
    if !probes.is_empty() {
        read.kept(FeedId::Health(env.id.clone()), Ok(()), now);
    }
    if let (Some(found), Some(workflow)) = (runs, workflow) {
        let runs = read.kept(FeedId::Pipeline, found.as_ref(), now).cloned().unwrap_or_default();
        read.runs = runs.by_our_clock(clients.http.ahead(Platform::Github));
        read.workflows.insert(env.id.clone(), workflow.file.as_str().into());
    }
    read
}

/// What can be asked about a service: what its platform declares, what its edge answers, and its deployments.
async fn service(
    clients: &Clients,
    settings: &Settings,
    env: &EnvInfo,
    info: &ServiceInfo,
) -> (
    Option<Result<crate::domain::environment::Declared, PlatformError>>,
    Option<Result<crate::domain::environment::Observed, PlatformError>>,
    Option<Result<Newest, PlatformError>>,
) {
    let own = settings.observe.iter().filter(|rule| rule.env == env.id && *rule.service == *info.id.name);
    let rules: Vec<ObserveSettings> = own.cloned().collect();
    let adapter = clients.of(info, env.tier);
    // A domain that a hand has moved shows within a minute by itself: a plan asks now, where the platform's budget has room for that.
    drop(adapter.as_ref().and_then(|adapter| adapter.anew()));
    let declared = async {
        match adapter.as_ref().and_then(|adapter| adapter.declared()) {
            Some(asked) => Some(asked.await),
            None => None,
        }
    };
    let listed = async {
        match adapter.as_ref().and_then(|adapter| adapter.deployments(LISTED)) {
            Some(asked) => Some(asked.await),
            None => None,
        }
    };
    let (declared, observed, listed) = tokio::join!(declared, edge(&clients.http, &rules), listed);
    let ahead = clients.http.ahead(info.platform);
    let declared = declared.map(|found| found.map(|one| one.by_our_clock(ahead)));
    let listed = listed.map(|found| found.map(|newest| Newest { list: newest.list.by_our_clock(ahead), ..newest }));
    (declared, observed.transpose(), listed)
}
