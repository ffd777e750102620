//! What a rollback reads of a service: which deployment it goes to, and what stands there.

use super::aim::Aim;
use super::plan::PartFacts;
use crate::domain::environment::{Platform, ServiceInfo, Tier};
use crate::domain::strategy::Strategy;
use crate::engine::feeds::Clients;
use crate::engine::operations::past::{Past, absent};
use crate::engine::operations::steps::machines::back::fly_part;
use crate::engine::operations::steps::pages::back::vercel_part;
use crate::platform::PlatformError;

/// What was read of a service; `None` = it has no such deployment.
pub(in crate::engine) async fn part(
    clients: &Clients,
    service: &ServiceInfo,
    tier: Tier,
    (aim, strategy): (&Aim<'_>, &Strategy),
    past: &Past,
) -> Result<Option<PartFacts>, PlatformError> {
    let continuing = past.continues.is_some();
    match (service.platform, &clients.fly, &clients.vercel) {
        (Platform::Fly, Some(fly), _) => fly_part(fly, service, (aim, strategy), past).await,
        (Platform::Vercel, _, Some(vercel)) => vercel_part(vercel, service, tier, (aim, strategy), continuing).await,
        _ => Err(absent(service, "no client for this platform is configured")),
    }
}
