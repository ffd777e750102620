//! What can be asked about a service, whichever platform it is on. A platform has one adapter; who asks does not know which.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::PlatformError;
use super::fly::Fly;
use super::github::Github;
use super::http::{Http, StatedSink};
use super::supabase::Supabase;
use super::vercel::{Vercel, VercelService};
use crate::clock::SharedClock;
use crate::config::Settings;
use crate::domain::environment::{Declared, Platform, ServiceInfo, Tier};
use crate::domain::finding::Looked;
use crate::domain::ids::EnvId;
use crate::domain::release::Deployment;
use crate::domain::secret::Names;
use crate::redact::Redactor;
use crate::sanitize::Text;

/// A question that is asked once it is awaited.
pub type Asked<'a, T> = BoxFuture<'a, Result<T, PlatformError>>;

/// A list, newest first, with how many its platform lists at most.
#[derive(Debug)]
pub struct Newest {
    /// The deployments.
    pub list: Vec<Deployment>,
    /// A list of so many is the newest part of a longer one.
    pub most: usize,
}

/// A service on its platform. What a platform does not have is `None`: nobody asks for it.
pub trait Adapter: Send + Sync {
    /// A person asks for what is declared: the next reading makes do with nothing that is held from an earlier one. Where the platform's
    /// budget has no room for that: what is to be told.
    fn anew(&self) -> Option<Text> {
        None
    }

    /// What the platform says is live.
    fn declared(&self) -> Option<Asked<'_, Declared>> {
        None
    }

    /// Its deployments, from a reading that is no older than this.
    fn deployments(&self, _: Duration) -> Option<Asked<'_, Newest>> {
        None
    }

    /// Names and digests of its secrets.
    fn secrets(&self) -> Option<Asked<'_, Names>> {
        None
    }

    /// What the platform says of its condition: each thing that is looked at, and why it could not be where it could not.
    fn condition(&self) -> Option<BoxFuture<'_, Vec<Looked<PlatformError>>>> {
        None
    }
}

/// A platform's client, as far as every platform has it.
trait Client: Send + Sync {
    /// Whether the token is accepted, by the cheapest call there is.
    fn token(&self) -> Asked<'_, ()>;
}

macro_rules! client {
    ($($client:ty),*) => {$(
        impl Client for $client {
            fn token(&self) -> Asked<'_, ()> {
                Box::pin(async move { self.check_token().await.map(drop) })
            }
        }
    )*};
}
client!(Fly, Vercel, Github, Supabase);

/// The clients of the platforms that the settings name.
#[derive(Clone)]
pub struct Clients {
    /// What all of them ask through.
    pub http: Http,
    /// Machines.
    pub fly: Option<Fly>,
    /// Frontends.
    pub vercel: Option<Vercel>,
    /// Pipelines.
    pub github: Option<Github>,
    /// Databases.
    pub supabase: Option<Supabase>,
}

impl Clients {
    /// Clients for these settings. What answers say beside their content goes to `sink`.
    #[must_use]
    pub fn new(settings: &Settings, clock: &SharedClock, sink: StatedSink) -> Self {
        let tokens = [&settings.github, &settings.vercel, &settings.supabase].into_iter().flatten();
        let tokens = tokens.filter_map(|access| access.token.get());
        let tokens = tokens.chain(settings.fly.iter().filter_map(|access| access.token.get()));
        let databases = settings.databases.iter().filter_map(|database| database.url.get());
        let tokens: Vec<_> = tokens.chain(databases.flat_map(Redactor::parts_of_url)).collect();
        let redactor = Arc::new(Redactor::new(&tokens));
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

    /// A service through its platform; `None` where that platform is not configured, or has no services.
    #[must_use]
    pub fn of(&self, service: &ServiceInfo, tier: Tier) -> Option<Box<dyn Adapter>> {
        let service = service.clone();
        Some(match service.platform {
            Platform::Fly => Box::new(On { client: self.fly.clone()?, service }),
            Platform::Vercel => Box::new(VercelService::new(self.vercel.clone()?, service, tier)),
            Platform::Supabase => Box::new(On { client: self.supabase.clone()?, service }),
            Platform::Github | Platform::Edge => return None,
        })
    }

    /// The repository, as far as it matters to an environment.
    #[must_use]
    pub fn repository(&self, env: &EnvId) -> Option<Box<dyn Adapter>> {
        let github = self.github.clone()?;
        Some(Box::new(super::github::Repository { github, env: env.clone() }))
    }

    /// Asks a platform whether it accepts the token; `None` where it is not configured.
    #[must_use]
    pub fn token(&self, platform: Platform) -> Option<Asked<'_, ()>> {
        let client: &dyn Client = match platform {
            Platform::Fly => self.fly.as_ref()?,
            Platform::Vercel => self.vercel.as_ref()?,
            Platform::Github => self.github.as_ref()?,
            Platform::Supabase => self.supabase.as_ref()?,
            Platform::Edge => return None,
        };
        Some(client.token())
    }
}

/// A service, and the client of its platform.
pub(super) struct On<C> {
    pub(super) client: C,
    pub(super) service: ServiceInfo,
}
