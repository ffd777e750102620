//! The start-up check of a token by the platform's cheapest call, repeated rarely: tokens expire during a night.

use std::time::Duration;

use super::Clients;
use crate::domain::environment::Platform;
use crate::engine::lanes::Outbox;
use crate::engine::poll::Pace;
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

    pub(super) async fn read(&mut self, _: &Outbox) -> Result<Pace, PlatformError> {
        let clients = &self.clients;
        match self.platform {
            Platform::Fly => {
                if let Some(fly) = &clients.fly {
                    fly.check_token().await?;
                }
            }
            Platform::Vercel => {
                if let Some(vercel) = &clients.vercel {
                    vercel.check_token().await?;
                }
            }
            Platform::Github => {
                if let Some(github) = &clients.github {
                    github.check_token().await?;
                }
            }
            Platform::Supabase => {
                if let Some(supabase) = &clients.supabase {
                    supabase.check_token().await?;
                }
            }
            Platform::Edge => {}
        }
        Ok(Pace::After(PAUSE))
    }
}
