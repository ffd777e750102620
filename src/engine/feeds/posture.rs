//! Reads what a service's platform and its database say of their own condition.

use std::time::Duration;

use super::{Clients, vercel_target};
use crate::config::DatabaseSettings;
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo, Status, Tier};
use crate::domain::fact::Fact;
use crate::domain::ids::ServiceId;
use crate::domain::posture::{Looked, Posture};
use crate::engine::lanes::Outbox;
use crate::engine::poll::Pace;
use crate::platform::PlatformError;
use crate::platform::fly::Fly;
use crate::platform::github::Github;
use crate::platform::http::Http;
use crate::platform::postgres::Postgres;
use crate::platform::supabase::Supabase;
use crate::platform::vercel::Vercel;

/// Backups, alerts and domains change by the hour.
const RARELY: Duration = Duration::from_secs(180);
/// A round trip that takes longer than this is worth a word.
const SLOW: Duration = Duration::from_millis(500);

enum Source {
    Fly(Fly),
    Vercel(Vercel, std::sync::Arc<str>),
    Supabase(Supabase),
    Github(Github),
}

/// Looks at one service.
pub(in crate::engine) struct PostureFeed {
    service: ServiceId,
    resource: std::sync::Arc<str>,
    source: Option<Source>,
    http: Http,
    held: Option<(Duration, Vec<Posture>)>,
    /// A person does not want what is held.
    asked: bool,
    database: Option<(Postgres, Duration)>,
}

impl PostureFeed {
    pub(in crate::engine) fn new(
        service: &ServiceInfo,
        tier: Tier,
        database: Option<&DatabaseSettings>,
        clients: &Clients,
    ) -> Option<Self> {
        let source = match service.platform {
            Platform::Fly => clients.fly.clone().map(Source::Fly),
            Platform::Vercel => {
                clients.vercel.clone().map(|vercel| Source::Vercel(vercel, vercel_target(&service.id.env, tier)))
            }
            Platform::Supabase => clients.supabase.clone().map(Source::Supabase),
            Platform::Github | Platform::Edge => None,
        };
        let http = clients.http.clone();
        let database = database.map(|one| (Postgres::new(http.clone(), one.clone()), one.interval));
        let (service, resource) = (service.id.clone(), service.resource.clone());
        (source.is_some() || database.is_some()).then_some(Self {
            service,
            resource,
            source,
            http,
            held: None,
            asked: false,
            database,
        })
    }

    /// The repository, as far as it matters to an environment: a service of its own name.
    pub(in crate::engine) fn repository(env: &EnvInfo, clients: &Clients) -> Option<Self> {
        let source = Some(Source::Github(clients.github.clone()?));
        let (service, resource) = (ServiceId::new(env.id.clone(), "repository"), env.id.as_str().into());
        Some(Self { service, resource, source, http: clients.http.clone(), held: None, asked: false, database: None })
    }

    pub(in crate::engine) fn service(&self) -> &ServiceId {
        &self.service
    }

    /// A person asks: what the platform said a while ago is asked again.
    pub(super) fn wake(&mut self) {
        self.asked = true;
    }

    pub(super) async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let now = self.http.clock().mono();
        let due = std::mem::take(&mut self.asked)
            || self.held.as_ref().is_none_or(|(at, _)| now.saturating_sub(*at) >= RARELY.mul_f64(0.9));
        let (mut pause, mut failed) = (RARELY, None);
        if due {
            match self.platform().await {
                Ok((checks, limited)) => {
                    self.held = Some((now, checks));
                    // A check that met a rate limit is made again when that ends, not after minutes.
                    self.asked = limited.is_some();
                    failed = limited;
                }
                // A platform that cannot be asked hides nothing of what its database says.
                Err(error) => failed = Some(error),
            }
        }
        let mut checks = Vec::new();
        let looked = match &self.database {
            Some((database, interval)) => {
                pause = pause.min(*interval);
                database.look().await.map_err(|error| failed = Some(error)).ok()
            }
            None => None,
        };
        if let Some(look) = looked {
            let status = if look.ping > SLOW { Status::Warn } else { Status::Ok };
            let says = format!("connect {} ms, select 1 {} ms", look.connect.as_millis(), look.ping.as_millis());
            checks.push(Posture::new("round trip", status, says));
            checks.extend(look.checks);
        }
        checks.extend(self.held.iter().flat_map(|(_, checks)| checks.clone()));
        if let (true, Some(error)) = (checks.is_empty(), &failed) {
            return Err(error.clone());
        }
        // A database that cannot be reached hides nothing of what its platform says.
        outbox.tell(Fact::Posture(self.service.clone(), checks)).await;
        failed.map_or(Ok(Pace::After(pause)), Err)
    }

    /// Everything there is to look at, now and once.
    ///
    /// # Errors
    /// When the platform or the database could not be looked at.
    pub(in crate::engine) async fn once(&mut self) -> Result<Vec<Posture>, PlatformError> {
        // What could not be looked at stands among them as unknown, with the reason.
        let (mut checks, _) = self.platform().await?;
        if let Some((database, _)) = &self.database {
            checks.extend(database.look().await?.checks);
        }
        Ok(checks)
    }

    /// Fails only when nothing at all could be looked at; else what could not is unknown, with the reason.
    async fn platform(&self) -> Result<(Vec<Posture>, Option<PlatformError>), PlatformError> {
        let resource = &self.resource;
        let found = match &self.source {
            None => return Ok((Vec::new(), None)),
            Some(Source::Fly(fly)) => fly.posture(resource).await,
            Some(Source::Vercel(vercel, target)) => vercel.posture(resource, target).await,
            Some(Source::Supabase(supabase)) => supabase.posture(resource).await,
            Some(Source::Github(github)) => github.posture(resource).await,
        };
        if let (true, Some((_, Err(error)))) = (found.iter().all(|(_, one)| one.is_err()), found.first()) {
            return Err(error.clone());
        }
        let limit =
            |(_, one): &Looked<PlatformError>| one.as_ref().err().filter(|error| error.until.is_some()).cloned();
        let limited = found.iter().find_map(limit);
        let told = |(name, one): Looked<PlatformError>| {
            one.unwrap_or_else(|error| {
                Posture::new(name, Status::Unknown, format!("not looked at: {error}. {}", error.advice()))
            })
        };
        Ok((found.into_iter().map(told).collect(), limited))
    }
}
