//! One file per kind of feed, and the list of all that the settings ask for.

mod builds;
mod declared;
mod distances;
pub(in crate::engine) mod findings;
mod logs;
mod pipeline;
pub(in crate::engine) mod probes;
mod releases;
pub(in crate::engine) mod secrets;
mod token;

use std::collections::BTreeMap;

use super::Scope;
use super::lanes::Outbox;
use super::poll::{Feed, Reads, Rhythm};
use crate::config::Settings;
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo, Tier};
use crate::domain::feed::FeedId;
use crate::platform::PlatformError;
pub(super) use crate::platform::adapters::Clients;
use crate::platform::http::Http;
pub(super) use crate::platform::vercel::target as vercel_target;
pub(super) use distances::Counting;

/// A feed with the platforms whose budgets it uses.
pub(super) struct Paced {
    feed: Box<dyn Reads>,
    http: Http,
    platforms: Vec<Platform>,
}

impl Feed for Paced {
    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        self.feed.read(outbox).await
    }

    fn wake(&mut self) {
        self.http.hurry(&self.platforms);
        self.feed.wake();
    }

    fn stretch(&self) -> f64 {
        self.http.stretch(&self.platforms)
    }
}

/// Every feed that the settings ask for, within the scope.
pub(super) fn all(settings: &Settings, clients: &Clients, scope: Scope, counting: &Counting) -> Vec<(FeedId, Paced)> {
    let mut list = List { clients, feeds: Vec::new() };
    match scope {
        Scope::Commands => {}
        Scope::Logs => {
            for env in &settings.environments {
                env.services.iter().for_each(|service| list.logs(service, env.tier));
            }
        }
        Scope::State | Scope::All => {
            list.whole(settings, scope);
            // It asks nothing before somebody says what is to be counted.
            let github = clients.github.clone();
            let distances = github.map(|github| distances::DistancesFeed::new(github, counting.clone()));
            list.add(FeedId::Distances, [Platform::Github], distances);
        }
    }
    list.feeds
}

/// The feeds so far.
struct List<'a> {
    clients: &'a Clients,
    feeds: Vec<(FeedId, Paced)>,
}

impl List<'_> {
    /// A feed, if there is one, and the platforms that it asks.
    fn add(&mut self, id: FeedId, platforms: impl IntoIterator<Item = Platform>, feed: Option<impl Feed>) {
        let Some(feed) = feed else { return };
        let (http, platforms) = (self.clients.http.clone(), platforms.into_iter().collect());
        self.feeds.push((id, Paced { feed: Box::new(feed), http, platforms }));
    }

    fn whole(&mut self, settings: &Settings, scope: Scope) {
        let clients = self.clients;
        for platform in settings.platforms() {
            self.add(FeedId::Token(platform), [platform], Some(token::TokenFeed::new(platform, clients)));
        }
        let (mut rules, mut probes) = (BTreeMap::new(), BTreeMap::new());
        for rule in &settings.observe {
            rules.entry((&rule.env, &*rule.service)).or_insert_with(Vec::new).push(rule.clone());
        }
        for probe in &settings.probes {
            probes.entry(&probe.env).or_insert_with(Vec::new).push(probe.clone());
        }
        for env in &settings.environments {
            for service in &env.services {
                self.service(settings, service, env.tier);
                if let Some(rules) = rules.remove(&(&service.id.env, &*service.id.name)) {
                    let feed = probes::ObservedFeed::new(service.id.clone(), rules, clients.http.clone());
                    self.add(FeedId::Observed(service.id.clone()), [], Some(feed));
                }
                if scope == Scope::All {
                    self.logs(service, env.tier);
                    let builds = builds::BuildsFeed::new(service, env.tier, clients);
                    self.add(FeedId::Builds(service.id.clone()), [service.platform], builds);
                }
            }
            let own = probes.remove(&env.id).map(|own| probes::ProbesFeed::new(own, clients.http.clone()));
            self.add(FeedId::Health(env.id.clone()), [], own);
            self.environment(env);
        }
        let with_lines = (scope == Scope::All).then_some(&*settings.environments);
        let http = || clients.http.clone();
        let pipeline = clients.github.clone().map(|github| pipeline::PipelineFeed::new(github, http(), with_lines));
        self.add(FeedId::Pipeline, [Platform::Github], pipeline);
    }

    fn service(&mut self, settings: &Settings, service: &ServiceInfo, tier: Tier) {
        let (clients, id, on) = (self.clients, &service.id, [service.platform]);
        self.add(FeedId::Declared(id.clone()), on, declared::DeclaredFeed::new(service, tier, clients));
        self.add(FeedId::Releases(id.clone()), on, releases::ReleasesFeed::new(service, tier, clients));
        let database = settings.databases.iter().find(|one| one.service == *id);
        self.add(FeedId::Findings(id.clone()), on, findings::FindingsFeed::new(service, tier, database, clients));
    }

    fn logs(&mut self, service: &ServiceInfo, tier: Tier) {
        let feed = logs::LogsFeed::new(service, tier, self.clients);
        self.add(FeedId::Logs(service.id.clone()), [service.platform], feed);
    }

    fn environment(&mut self, env: &EnvInfo) {
        let clients = self.clients;
        if env.tier == Tier::Production {
            let repository = findings::FindingsFeed::repository(env, clients);
            if let Some(id) = repository.as_ref().map(|feed| FeedId::Findings(feed.service().clone())) {
                self.add(id, [Platform::Github], repository);
            }
        }
        let on: Vec<Platform> = env.services.iter().map(|service| service.platform).collect();
        let known = env.services.iter().filter_map(|service| clients.of(service, env.tier));
        let held = known.into_iter().any(|adapter| adapter.secrets().is_some());
        let secrets = held.then(|| secrets::SecretsFeed::new(env.clone(), clients));
        self.add(FeedId::Secrets(env.id.clone()), on.into_iter().chain([Platform::Github]), secrets);
    }
}
