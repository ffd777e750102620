//! One file per kind of feed, and the list of all that the settings ask for.

mod builds;
mod declared;
mod logs;
mod pipeline;
pub(in crate::engine) mod posture;
mod probes;
mod releases;
pub(in crate::engine) mod secrets;
mod token;

use std::sync::Arc;

use super::Scope;
use super::lanes::Outbox;
use super::poll::{Feed, Pace};
use crate::clock::SharedClock;
use crate::config::Settings;
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo, Tier};
use crate::domain::fact::Fact;
use crate::domain::feed::FeedId;
use crate::domain::ids::EnvId;
use crate::platform::PlatformError;
use crate::platform::fly::Fly;
use crate::platform::github::Github;
use crate::platform::http::{Http, Stated};
use crate::platform::supabase::Supabase;
use crate::platform::vercel::Vercel;
use crate::redact::Redactor;

/// The clients of the platforms that the settings name.
#[derive(Clone)]
pub(super) struct Clients {
    pub(super) http: Http,
    pub(super) fly: Option<Fly>,
    pub(super) vercel: Option<Vercel>,
    pub(super) github: Option<Github>,
    pub(super) supabase: Option<Supabase>,
}

impl Clients {
    pub(super) fn new(settings: &Settings, clock: &SharedClock, outbox: &Outbox) -> Self {
        let tokens = [&settings.github, &settings.vercel, &settings.supabase].into_iter().flatten();
        let tokens = tokens.filter_map(|access| access.token.get());
        let tokens = tokens.chain(settings.fly.iter().filter_map(|access| access.token.get()));
        let databases = settings.databases.iter().filter_map(|database| database.url.get());
        let tokens: Vec<_> = tokens.chain(databases.flat_map(Redactor::parts_of_url)).collect();
        let redactor = Arc::new(Redactor::new(&tokens));
        let told = outbox.clone();
        let sink = Arc::new(move |platform, stated| {
            told.tell_if_room(match stated {
                Stated::Budget(budget) => Fact::Budget(platform, budget),
                Stated::Clock(ahead) => Fact::Clock(platform, ahead),
            });
        });
        let http = Http::through(settings.proxy.clone(), Arc::clone(clock), redactor, Some(sink));
        let github = settings.github.clone().zip(settings.repository.clone());
        Self {
            fly: settings.fly.clone().map(|access| Fly::new(http.clone(), access)),
            vercel: settings
                .vercel
                .clone()
                .map(|access| Vercel::new(http.clone(), access, settings.vercel_team.clone())),
            github: github.map(|(access, repository)| Github::new(http.clone(), access, &repository)),
            supabase: settings.supabase.clone().map(|access| Supabase::new(http.clone(), access)),
            http,
        }
    }
}

/// What an environment is called on Vercel: production by its tier, whatever the console calls it; others by their name, which
/// the client looks up among the project's custom environments.
pub(super) fn vercel_target(env: &EnvId, tier: Tier) -> Arc<str> {
    if tier == Tier::Production { "production".into() } else { env.as_str().into() }
}

/// Any feed.
pub(super) enum AnyFeed {
    Declared(declared::DeclaredFeed),
    Observed(probes::ObservedFeed),
    Releases(releases::ReleasesFeed),
    Logs(Box<logs::LogsFeed>),
    Probe(probes::ProbesFeed),
    Secrets(secrets::SecretsFeed),
    Pipeline(pipeline::PipelineFeed),
    Token(token::TokenFeed),
    Builds(Box<builds::BuildsFeed>),
    Posture(Box<posture::PostureFeed>),
}

/// A feed with the platforms whose budgets it uses.
pub(super) struct Paced {
    feed: AnyFeed,
    http: Http,
    platforms: Vec<Platform>,
}

impl Feed for Paced {
    async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
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

/// The platforms that a feed asks.
fn asked(id: &FeedId, settings: &Settings) -> Vec<Platform> {
    let services = || settings.environments.iter().flat_map(|env| &env.services);
    match id {
        FeedId::Declared(of) | FeedId::Releases(of) | FeedId::Logs(of) | FeedId::Builds(of) => {
            services().filter(|service| service.id == *of).map(|service| service.platform).collect()
        }
        FeedId::Secrets(env) => {
            let mine = services().filter(|service| service.id.env == *env).map(|service| service.platform);
            mine.chain([Platform::Github]).collect()
        }
        FeedId::Pipeline => vec![Platform::Github],
        FeedId::Token(platform) => vec![*platform],
        FeedId::Posture(of) => {
            let mine = services().filter(|service| service.id == *of).map(|service| service.platform);
            // The repository is no service of the configuration.
            mine.chain((&*of.name == "repository").then_some(Platform::Github)).collect()
        }
        FeedId::Observed(_) | FeedId::Health(_) | FeedId::Journal => Vec::new(),
    }
}

impl AnyFeed {
    fn wake(&mut self) {
        match self {
            Self::Posture(feed) => feed.wake(),
            Self::Releases(feed) => feed.wake(),
            _ => {}
        }
    }

    async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        match self {
            Self::Declared(feed) => feed.read(outbox).await,
            Self::Observed(feed) => feed.read(outbox).await,
            Self::Releases(feed) => feed.read(outbox).await,
            Self::Logs(feed) => feed.read(outbox).await,
            Self::Probe(feed) => feed.read(outbox).await,
            Self::Secrets(feed) => feed.read(outbox).await,
            Self::Pipeline(feed) => feed.read(outbox).await,
            Self::Token(feed) => feed.read(outbox).await,
            Self::Builds(feed) => feed.read(outbox).await,
            Self::Posture(feed) => feed.read(outbox).await,
        }
    }
}

/// Every feed that the settings ask for, within the scope.
pub(super) fn all(settings: &Settings, clients: &Clients, scope: Scope) -> Vec<(FeedId, Paced)> {
    let paced = |(id, feed): (FeedId, AnyFeed)| {
        let platforms = asked(&id, settings);
        (id, Paced { feed, http: clients.http.clone(), platforms })
    };
    named(settings, clients, scope).into_iter().map(paced).collect()
}

fn named(settings: &Settings, clients: &Clients, scope: Scope) -> Vec<(FeedId, AnyFeed)> {
    let mut feeds = Vec::new();
    if scope == Scope::Logs {
        for (env, service) in
            settings.environments.iter().flat_map(|env| env.services.iter().map(move |one| (env, one)))
        {
            feeds.extend(logs_of(clients, service, env.tier));
        }
        return feeds;
    }
    if scope == Scope::Commands {
        return feeds;
    }
    for platform in settings.platforms() {
        feeds.push((FeedId::Token(platform), AnyFeed::Token(token::TokenFeed::new(platform, clients))));
    }
    for env in &settings.environments {
        for service in &env.services {
            of_service(clients, settings, service, env.tier, scope, &mut feeds);
        }
        of_environment(clients, settings, env, &mut feeds);
    }
    if let Some(github) = &clients.github {
        let with_lines = (scope == Scope::All).then_some(&*settings.environments);
        feeds.push((
            FeedId::Pipeline,
            AnyFeed::Pipeline(pipeline::PipelineFeed::new(github.clone(), clients.http.clock().clone(), with_lines)),
        ));
    }
    feeds
}

fn of_service(
    clients: &Clients,
    settings: &Settings,
    service: &ServiceInfo,
    tier: Tier,
    scope: Scope,
    feeds: &mut Vec<(FeedId, AnyFeed)>,
) {
    let id = &service.id;
    if let Some(feed) = declared::DeclaredFeed::new(service, tier, clients) {
        feeds.push((FeedId::Declared(id.clone()), AnyFeed::Declared(feed)));
    }
    if let Some(feed) = releases::ReleasesFeed::new(service, tier, clients) {
        feeds.push((FeedId::Releases(id.clone()), AnyFeed::Releases(feed)));
    }
    let rules = settings.observe.iter().filter(|rule| rule.env == id.env && rule.service == id.name);
    let rules: Vec<_> = rules.cloned().collect();
    if !rules.is_empty() {
        let feed = probes::ObservedFeed::new(id.clone(), rules, clients.http.clone());
        feeds.push((FeedId::Observed(id.clone()), AnyFeed::Observed(feed)));
    }
    let database = settings.databases.iter().find(|one| one.service == *id);
    feeds.extend(posture::PostureFeed::new(service, tier, database, clients).map(posture_of));
    if scope == Scope::All {
        feeds.extend(logs_of(clients, service, tier));
        let builds = builds::BuildsFeed::new(service, tier, clients);
        feeds.extend(builds.map(|feed| (FeedId::Builds(id.clone()), AnyFeed::Builds(Box::new(feed)))));
    }
}

fn posture_of(feed: posture::PostureFeed) -> (FeedId, AnyFeed) {
    (FeedId::Posture(feed.service().clone()), AnyFeed::Posture(Box::new(feed)))
}

fn logs_of(clients: &Clients, service: &ServiceInfo, tier: Tier) -> Option<(FeedId, AnyFeed)> {
    let feed = logs::LogsFeed::new(service, tier, clients)?;
    Some((FeedId::Logs(service.id.clone()), AnyFeed::Logs(Box::new(feed))))
}

fn of_environment(clients: &Clients, settings: &Settings, env: &EnvInfo, feeds: &mut Vec<(FeedId, AnyFeed)>) {
    let own: Vec<_> = settings.probes.iter().filter(|probe| probe.env == env.id).cloned().collect();
    if !own.is_empty() {
        let feed = probes::ProbesFeed::new(own, clients.http.clone());
        feeds.push((FeedId::Health(env.id.clone()), AnyFeed::Probe(feed)));
    }
    if env.tier == Tier::Production {
        feeds.extend(posture::PostureFeed::repository(env, clients).map(posture_of));
    }
    let known = [Platform::Fly, Platform::Vercel, Platform::Supabase];
    if env.services.iter().any(|service| known.contains(&service.platform)) {
        let feed = secrets::SecretsFeed::new(env.clone(), clients);
        feeds.push((FeedId::Secrets(env.id.clone()), AnyFeed::Secrets(feed)));
    }
}
