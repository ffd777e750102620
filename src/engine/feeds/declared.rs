//! Reads what the platforms say is live. It is kept as their statement; whether it is true is judged from the edge.

use super::Clients;
use crate::domain::environment::{ServiceInfo, Status, Tier};
use crate::domain::fact::Fact;
use crate::domain::ids::ServiceId;
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Pace};
use crate::platform::PlatformError;
use crate::platform::adapters::Adapter;

/// Reads what one service's platform declares.
pub(in crate::engine) struct DeclaredFeed {
    service: ServiceId,
    adapter: Box<dyn Adapter>,
}

impl DeclaredFeed {
    pub(super) fn new(service: &ServiceInfo, tier: Tier, clients: &Clients) -> Option<Self> {
        let adapter = clients.of(service, tier).filter(|adapter| adapter.declared().is_some())?;
        Some(Self { service: service.id.clone(), adapter })
    }
}

impl Feed for DeclaredFeed {
    /// The next reading is asked of the platform itself.
    fn wake(&mut self) {
        self.adapter.anew();
    }

    async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let Some(declared) = self.adapter.declared() else { return Ok(Pace::Calm) };
        let declared = declared.await?;
        let moving = declared.status == Status::Running || declared.rollout.is_some();
        outbox.tell(Fact::Declared(self.service.clone(), Box::new(declared))).await;
        Ok(if moving { Pace::Fast } else { Pace::Calm })
    }
}
