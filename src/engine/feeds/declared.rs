//! Reads what the platforms say is live. It is kept as their statement; whether it is true is judged from the edge.

use std::sync::Arc;

use super::{Clients, vercel_target};
use crate::domain::environment::{Platform, ServiceInfo, Status, Tier};
use crate::domain::fact::Fact;
use crate::engine::lanes::Outbox;
use crate::engine::poll::Pace;
use crate::platform::PlatformError;
use crate::platform::fly::Fly;
use crate::platform::supabase::Supabase;
use crate::platform::vercel::Vercel;

enum Source {
    Fly(Fly),
    Vercel { vercel: Vercel, target: Arc<str> },
    Supabase(Supabase),
}

/// Reads what one service's platform declares.
pub(in crate::engine) struct DeclaredFeed {
    service: ServiceInfo,
    source: Source,
}

impl DeclaredFeed {
    pub(super) fn new(service: &ServiceInfo, tier: Tier, clients: &Clients) -> Option<Self> {
        let source = match service.platform {
            Platform::Fly => clients.fly.clone().map(Source::Fly),
            Platform::Vercel => clients
                .vercel
                .clone()
                .map(|vercel| Source::Vercel { vercel, target: vercel_target(&service.id.env, tier) }),
            Platform::Supabase => clients.supabase.clone().map(Source::Supabase),
            Platform::Github | Platform::Edge => None,
        };
        Some(Self { service: service.clone(), source: source? })
    }

    pub(super) async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let resource = &self.service.resource;
        let declared = match &self.source {
            Source::Fly(fly) => fly.declared(resource).await?,
            Source::Vercel { vercel, target } => vercel.declared(resource, target).await?,
            Source::Supabase(supabase) => supabase.declared(resource).await?,
        };
        let moving = declared.status == Status::Running || declared.rollout.is_some();
        outbox.tell(Fact::Declared(self.service.id.clone(), Box::new(declared))).await;
        Ok(if moving { Pace::Fast } else { Pace::Calm })
    }
}
