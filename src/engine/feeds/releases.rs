//! Deployments of a service, newest first.

use std::time::Duration;

use jiff::SignedDuration;

use super::Clients;
use crate::domain::environment::{Platform, ServiceInfo, Status, Tier};
use crate::domain::extent::Extent;
use crate::domain::fact::Fact;
use crate::domain::feed::FeedId;
use crate::domain::ids::ServiceId;
use crate::domain::ours::Stamped;
use crate::domain::release::Deployment;
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Rhythm};
use crate::platform::PlatformError;
use crate::platform::capabilities::{Adapter, Newest};
use crate::platform::http::Http;

/// How old the parts of a list may be, while something moves and while nothing does: the feed of what is declared reads the
/// same, and reads it anew when the machines say so.
const MOVING: Duration = Duration::from_millis(1_500);
const CALM: Duration = Duration::from_secs(12);

/// Longest life of a deployment that counts as under way.
const YOUNG: SignedDuration = SignedDuration::from_mins(30);

/// Reads the deployments of one service.
pub(in crate::engine) struct ReleasesFeed {
    service: ServiceId,
    adapter: Box<dyn Adapter>,
    platform: Platform,
    http: Http,
    moving: bool,
    anew: bool,
}

impl ReleasesFeed {
    pub(super) fn new(service: &ServiceInfo, tier: Tier, clients: &Clients) -> Option<Self> {
        let adapter = clients.of(service, tier).filter(|adapter| adapter.deployments(CALM).is_some())?;
        Some(Self {
            service: service.id.clone(),
            adapter,
            platform: service.platform,
            http: clients.http.clone(),
            moving: false,
            anew: false,
        })
    }
}

impl Feed for ReleasesFeed {
    /// The next reading is asked of the platform itself.
    fn wake(&mut self) {
        self.anew = true;
    }

    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        let id = &self.service;
        let age = match (std::mem::take(&mut self.anew), self.moving) {
            (true, _) => Duration::ZERO,
            (false, true) => MOVING,
            (false, false) => CALM,
        };
        let Some(newest) = self.adapter.deployments(age) else { return Ok(Rhythm::Calm) };
        let Newest { list, most } = newest.await?;
        let mut list = list.by_our_clock(self.http.ahead(self.platform));
        // A full list is the newest part of a longer one.
        let extent = Extent::of(list.len(), None, list.len() >= most);
        outbox.tell(Fact::Extent(FeedId::Releases(id.clone()), extent)).await;
        list.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
        // A row that its deploy left open stays `running` for ever (docs/platforms/fly.md section 5): only a young newest one
        // moves.
        let now = self.http.clock().now();
        let young = |one: &Deployment| now.duration_since(one.created_at) < YOUNG;
        self.moving = list.first().is_some_and(|newest| newest.status == Status::Running && young(newest));
        outbox.tell(Fact::Releases(id.clone(), list)).await;
        Ok(if self.moving { Rhythm::Fast } else { Rhythm::Calm })
    }
}
