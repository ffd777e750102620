//! The clients of the platforms that the settings name, and the adapter of each service: what can be asked of it stands in `capabilities`.

use std::sync::Arc;

use super::capabilities::{Adapter, Asked, On};
use super::fly::Fly;
use super::github::Github;
use super::http::{Http, StatedSink};
use super::supabase::Supabase;
use super::vercel::{Vercel, VercelService};
use crate::clock::SharedClock;
use crate::config::Settings;
use crate::domain::environment::{Platform, ServiceInfo, Tier};
use crate::domain::ids::EnvId;
use crate::redact::Redactor;

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
        let tokens = settings.accesses.values().filter_map(|access| access.token.get());
        let tokens = tokens.chain(settings.fly.iter().filter_map(|access| access.token.get()));
        let databases = settings.databases.iter().filter_map(|database| database.url.get());
        let urls = databases.chain(settings.proxy.secrets().cloned());
        let tokens: Vec<_> = tokens.chain(urls.flat_map(Redactor::parts_of_url)).collect();
        let redactor = Arc::new(Redactor::new(&tokens));
        let http = Http::through(settings.proxy.clone(), Arc::clone(clock), redactor, Some(sink));
        let access = |platform: Platform| settings.accesses.get(&platform).cloned();
        let github = access(Platform::Github).zip(settings.repository.clone());
        Self {
            fly: settings.fly.clone().map(|access| Fly::new(http.clone(), access)),
            vercel: access(Platform::Vercel)
                .map(|access| Vercel::new(http.clone(), access, settings.vercel_team.clone())),
            github: github.map(|(access, repository)| Github::new(http.clone(), access, &repository)),
            supabase: access(Platform::Supabase).map(|access| Supabase::new(http.clone(), access)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::config::load::{Flags, parse};

    #[test]
    fn no_text_repeats_the_password_of_the_proxy() {
        let env = |name: &str| (name == "HTTPS_PROXY").then(|| "http://me:p%40ssw0rd-1@proxy.example:3128".to_owned());
        let small = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";
        let settings = parse(small, None, &Flags::default(), &env).unwrap();
        let clients = Clients::new(&settings, &SystemClock::shared(), Arc::new(|_, _| {}));
        for said in ["407 for p@ssw0rd-1", "407 for p%40ssw0rd-1"] {
            assert_eq!(clients.http.redactor().scrub(said), "407 for ‹redacted›");
        }
        assert_eq!(clients.http.redactor().scrub("proxy.example:3128"), "proxy.example:3128");
    }
}
