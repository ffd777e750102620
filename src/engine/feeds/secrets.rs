//! Secret names and digests of one environment, from every platform that holds some.

use std::time::Duration;

use super::{Clients, vercel_target};
use crate::domain::environment::{EnvInfo, Platform};
use crate::domain::fact::Fact;
use crate::domain::ids::EnvId;
use crate::domain::secret::SecretEntry;
use crate::engine::lanes::Outbox;
use crate::engine::poll::Pace;
use crate::platform::github::Github;
use crate::platform::{ErrorKind, PlatformError};

/// Secrets change rarely and their lists cost budget.
const PAUSE: Duration = Duration::from_secs(30);

/// Reads the names of one environment.
pub(in crate::engine) struct SecretsFeed {
    env: EnvInfo,
    clients: Clients,
}

impl SecretsFeed {
    pub(super) fn new(env: EnvInfo, clients: &Clients) -> Self {
        Self { env, clients: clients.clone() }
    }

    /// Whole or not at all: a half list would show keys as missing that are there.
    pub(super) async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let entries = entries(&self.env, &self.clients).await?;
        outbox.tell(Fact::Secrets(self.env.id.clone(), entries)).await;
        Ok(Pace::After(PAUSE))
    }
}

/// Every name of an environment.
pub(in crate::engine) async fn entries(info: &EnvInfo, clients: &Clients) -> Result<Vec<SecretEntry>, PlatformError> {
    let env = &info.id;
    let mut entries = Vec::new();
    for service in &info.services {
        let resource = &service.resource;
        match service.platform {
            Platform::Fly => {
                if let Some(fly) = &clients.fly {
                    entries.extend(fly.secrets(resource, env).await?);
                }
            }
            Platform::Vercel => {
                if let Some(vercel) = &clients.vercel {
                    entries.extend(vercel.env(resource, Some(&vercel_target(env, info.tier)), env).await?);
                }
            }
            Platform::Supabase => {
                if let Some(supabase) = &clients.supabase {
                    entries.extend(supabase.secrets(resource, env).await?);
                }
            }
            Platform::Github | Platform::Edge => {}
        }
    }
    if let Some(github) = &clients.github {
        entries.extend(of_pipeline(github, env).await?);
    }
    Ok(entries)
}

/// What the pipeline holds for an environment. A repository without such an environment, or a token that may not list it, has
/// nothing to show: that is no reason to show nothing of the places where the product runs.
async fn of_pipeline(github: &Github, env: &EnvId) -> Result<Vec<SecretEntry>, PlatformError> {
    let listed = |list: Result<Vec<SecretEntry>, PlatformError>| match list {
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Forbidden) => Ok(Vec::new()),
        other => other,
    };
    let mut all = listed(github.secrets(Some(env.as_str()), env).await)?;
    all.extend(listed(github.variables(Some(env.as_str()), env).await)?);
    Ok(all)
}
