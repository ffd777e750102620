//! Secret names and digests of one environment, from every platform that holds some.

use std::time::Duration;

use super::Clients;
use crate::domain::environment::EnvInfo;
use crate::domain::fact::Fact;
use crate::domain::secret::SecretEntry;
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Pace};
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
    /// Whole or not at all: a half list would show keys as missing that are there.
    async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let entries = entries(&self.env, &self.clients).await?;
        outbox.tell(Fact::Secrets(self.env.id.clone(), entries)).await;
        Ok(Pace::After(PAUSE))
    }
}

/// Every name of an environment.
pub(in crate::engine) async fn entries(info: &EnvInfo, clients: &Clients) -> Result<Vec<SecretEntry>, PlatformError> {
    let services = info.services.iter().filter_map(|service| clients.of(service, info.tier));
    let mut entries = Vec::new();
    for adapter in services.chain(clients.repository(&info.id)) {
        if let Some(own) = adapter.secrets() {
            entries.extend(own.await?);
        }
    }
    Ok(entries)
}
