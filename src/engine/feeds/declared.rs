//! Reads what the platforms say is live. It is kept as their statement; whether it is true is judged from the edge.

use super::Clients;
use crate::domain::environment::{Platform, ServiceInfo, Status, Tier};
use crate::domain::fact::Fact;
use crate::domain::ids::ServiceId;
use crate::domain::notice::Notice;
use crate::domain::ours::Stamped;
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Rhythm};
use crate::platform::PlatformError;
use crate::platform::capabilities::Adapter;
use crate::platform::http::Http;
use crate::sanitize::Text;

/// Reads what one service's platform declares.
pub(in crate::engine) struct DeclaredFeed {
    service: ServiceId,
    platform: Platform,
    http: Http,
    adapter: Box<dyn Adapter>,
    /// What is to be told of the last refresh.
    note: Option<Text>,
}

impl DeclaredFeed {
    pub(super) fn new(service: &ServiceInfo, tier: Tier, clients: &Clients) -> Option<Self> {
        let adapter = clients.of(service, tier).filter(|adapter| adapter.declared().is_some())?;
        let (platform, http) = (service.platform, clients.http.clone());
        Some(Self { service: service.id.clone(), platform, http, adapter, note: None })
    }
}

impl Feed for DeclaredFeed {
    /// The next reading is asked of the platform itself.
    fn wake(&mut self) {
        self.note = self.adapter.anew();
    }

    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        if let Some(note) = self.note.take() {
            outbox.tell(Fact::Notice(Notice::refused(note))).await;
        }
        let Some(declared) = self.adapter.declared() else { return Ok(Rhythm::Calm) };
        let declared = declared.await?.by_our_clock(self.http.ahead(self.platform));
        let moving = declared.status == Status::Running || declared.rollout.is_some();
        outbox.tell(Fact::Declared(self.service.clone(), Box::new(declared))).await;
        Ok(if moving { Rhythm::Fast } else { Rhythm::Calm })
    }
}
