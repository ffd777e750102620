//! Deployments of a service, newest first.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::{Clients, vercel_target};
use crate::clock::SharedClock;
use crate::domain::environment::{Platform, ServiceInfo, Status, Tier};
use crate::domain::extent::Extent;
use crate::domain::fact::Fact;
use crate::domain::feed::FeedId;
use crate::domain::release::Deployment;
use crate::engine::lanes::Outbox;
use crate::engine::poll::Pace;
use crate::platform::PlatformError;
use crate::platform::fly::{self, Fly};
use crate::platform::vercel::{self, Vercel};

/// How old the parts of a list may be, while something moves and while nothing does: the feed of what is declared reads the
/// same, and reads it anew when the machines say so.
const MOVING: Duration = Duration::from_millis(1_500);
const CALM: Duration = Duration::from_secs(12);

/// Longest life of a deployment that counts as under way.
const YOUNG: SignedDuration = SignedDuration::from_mins(30);

enum Source {
    Fly(Fly),
    Vercel { vercel: Vercel, target: Arc<str> },
}

/// Reads the deployments of one service.
pub(in crate::engine) struct ReleasesFeed {
    service: ServiceInfo,
    source: Source,
    clock: SharedClock,
    moving: bool,
    anew: bool,
}

impl ReleasesFeed {
    pub(super) fn new(service: &ServiceInfo, tier: Tier, clients: &Clients) -> Option<Self> {
        let source = match service.platform {
            Platform::Fly => clients.fly.clone().map(Source::Fly),
            Platform::Vercel => clients
                .vercel
                .clone()
                .map(|vercel| Source::Vercel { vercel, target: vercel_target(&service.id.env, tier) }),
            Platform::Github | Platform::Supabase | Platform::Edge => None,
        };
        Some(Self {
            service: service.clone(),
            source: source?,
            clock: clients.http.clock().clone(),
            moving: false,
            anew: false,
        })
    }

    /// The next reading is asked of the platform itself.
    pub(super) fn wake(&mut self) {
        self.anew = true;
    }

    pub(super) async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let (id, resource) = (&self.service.id, &self.service.resource);
        let age = match (std::mem::take(&mut self.anew), self.moving) {
            (true, _) => Duration::ZERO,
            (false, true) => MOVING,
            (false, false) => CALM,
        };
        let mut list: Vec<Deployment> = match &self.source {
            Source::Fly(fly) => fly.deployments(resource, id, age).await?,
            Source::Vercel { vercel, target } => vercel.candidates(resource, target, id, age).await?,
        };
        let most = match &self.source {
            Source::Fly(_) => fly::LISTED,
            Source::Vercel { .. } => vercel::LISTED,
        };
        // A full list is the newest part of a longer one.
        let extent = Extent::of(list.len(), None, list.len() >= most as usize);
        outbox.tell(Fact::Extent(FeedId::Releases(id.clone()), extent)).await;
        list.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
        // A row that its deploy left open stays `running` for ever (docs/platforms/fly.md section 5): only a young newest one
        // moves.
        let now = self.clock.now();
        let young = |one: &Deployment| now.duration_since(one.created_at) < YOUNG;
        self.moving = list.first().is_some_and(|newest| newest.status == Status::Running && young(newest));
        outbox.tell(Fact::Releases(id.clone(), list)).await;
        Ok(if self.moving { Pace::Fast } else { Pace::Calm })
    }
}
