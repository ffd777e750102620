//! The start-up check of a token by the platform's cheapest call, repeated rarely: tokens expire during a night.

use std::time::Duration;

use super::Clients;
use crate::domain::environment::Platform;
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Rhythm};
use crate::platform::PlatformError;

/// Pause between two checks.
const PAUSE: Duration = Duration::from_secs(300);

/// Checks one platform's token.
pub(in crate::engine) struct TokenFeed {
    platform: Platform,
    clients: Clients,
}

impl TokenFeed {
    pub(super) fn new(platform: Platform, clients: &Clients) -> Self {
        Self { platform, clients: clients.clone() }
    }
}

impl Feed for TokenFeed {
    async fn read(&mut self, _: &Outbox) -> Result<Rhythm, PlatformError> {
        if let Some(check) = self.clients.token(self.platform) {
            check.await?;
        }
        Ok(Rhythm::After(PAUSE))
    }
}
