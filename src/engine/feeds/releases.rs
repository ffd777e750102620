//! Deployments of a service, newest first.

use std::sync::Arc;

use super::{Clients, vercel_target};
use crate::domain::environment::{Platform, ServiceInfo, Status, Tier};
use crate::domain::fact::Fact;
use crate::domain::release::Deployment;
use crate::engine::lanes::Outbox;
use crate::engine::poll::Pace;
use crate::platform::PlatformError;
use crate::platform::fly::Fly;
use crate::platform::vercel::Vercel;

/// Deployments kept per service.
const KEPT: u32 = 25;

enum Source {
    Fly(Fly),
    Vercel { vercel: Vercel, target: Arc<str> },
}

/// Reads the deployments of one service.
pub(in crate::engine) struct ReleasesFeed {
    service: ServiceInfo,
    source: Source,
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
        Some(Self { service: service.clone(), source: source? })
    }

    pub(super) async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let (id, resource) = (&self.service.id, &self.service.resource);
        let mut list: Vec<Deployment> = match &self.source {
            Source::Fly(fly) => fly.deployments(resource, id, KEPT).await?,
            Source::Vercel { vercel, target } => vercel.candidates(resource, target, id, KEPT).await?,
        };
        list.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
        let moving = list.iter().any(|deployment| deployment.status == Status::Running);
        outbox.tell(Fact::Releases(id.clone(), list)).await;
        Ok(if moving { Pace::Fast } else { Pace::Calm })
    }
}
