//! Secret names and digests of one environment, from every platform that holds some.

use std::time::Duration;

use super::Clients;
use crate::domain::environment::EnvInfo;
use crate::domain::fact::Fact;
use crate::domain::ours::Stamped;
use crate::domain::secret::Names;
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Rhythm};
use crate::platform::PlatformError;

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
}

impl Feed for SecretsFeed {
    /// Whole or not at all: a half list would show keys as missing that are there. What a token may not list is told as such.
    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        if let Some(names) = names(&self.env, &self.clients).await? {
            outbox.tell(Fact::Secrets(self.env.id.clone(), names)).await;
        }
        Ok(Rhythm::After(PAUSE))
    }
}

/// Every name of an environment; `None` = nothing of it is on a platform that holds secrets.
pub(in crate::engine) async fn names(info: &EnvInfo, clients: &Clients) -> Result<Option<Names>, PlatformError> {
    let services: Vec<_> = info.services.iter().filter_map(|service| clients.of(service, info.tier)).collect();
    if services.iter().all(|adapter| adapter.secrets().is_none()) {
        return Ok(None);
    }
    let mut names = Names::default();
    for adapter in services.into_iter().chain(clients.repository(&info.id)) {
        if let Some(own) = adapter.secrets() {
            names.add(own.await?);
        }
    }
    // They are compared with when deployments were made, perhaps on another platform.
    for entry in &mut names.entries {
        entry.updated_at = entry.updated_at.by_our_clock(clients.http.ahead(entry.platform));
    }
    Ok(Some(names))
}
