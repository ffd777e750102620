//! What a database says of its own condition.

use std::time::Duration;

use crate::config::DatabaseSettings;
use crate::domain::environment::Status;
use crate::domain::fact::Fact;
use crate::domain::ids::ServiceId;
use crate::domain::posture::Posture;
use crate::engine::lanes::Outbox;
use crate::engine::poll::Pace;
use crate::platform::PlatformError;
use crate::platform::http::Http;
use crate::platform::postgres::Postgres;

/// A round trip that takes longer than this is worth a word.
const SLOW: Duration = Duration::from_millis(500);

/// Looks at one database.
pub(in crate::engine) struct DatabaseFeed {
    service: ServiceId,
    database: Postgres,
    interval: Duration,
}

impl DatabaseFeed {
    pub(super) fn new(settings: DatabaseSettings, http: Http) -> Self {
        let (service, interval) = (settings.service.clone(), settings.interval);
        Self { service, database: Postgres::new(http, settings), interval }
    }

    pub(super) async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let look = self.database.look().await?;
        let status = if look.ping > SLOW { Status::Warn } else { Status::Ok };
        let says = format!("connect {} ms, select 1 {} ms", look.connect.as_millis(), look.ping.as_millis());
        let mut checks = vec![Posture::new("round trip", status, says)];
        checks.extend(look.checks);
        outbox.tell(Fact::Posture(self.service.clone(), checks)).await;
        Ok(Pace::After(self.interval))
    }
}
