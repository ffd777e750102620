//! Reads what a plan needs, now and in parallel. It changes nothing.

use super::feeds::Clients;
use super::plan::{PartFacts, PlanFacts, plan};
use crate::clock::SharedClock;
use crate::config::Settings;
use crate::domain::environment::{Platform, ServiceInfo};
use crate::domain::ids::{EnvId, OpId, Sha};
use crate::domain::operation::{Plan, Target};
use crate::domain::release::Presence;
use crate::platform::PlatformError;
use crate::sanitize::Text;

/// Deployments looked through for the chosen one.
const LOOKED_AT: u32 = 50;

/// Computes a plan, or says why there can be none.
pub(super) async fn preflight(
    clients: &Clients,
    settings: &Settings,
    clock: &SharedClock,
    env: &EnvId,
    targets: &[Target],
) -> Result<Plan, Text> {
    let info = settings.environment(env).ok_or_else(|| Text::from(format!("no environment {env}")))?;
    let mut parts = Vec::new();
    for target in targets {
        let service = info.services.iter().find(|service| service.id == target.service);
        let service = service.ok_or_else(|| Text::from(format!("no service {}", target.service)))?;
        parts.push(
            part(clients, service, target).await.map_err(|error| Text::from(format!("{error}. {}", error.advice())))?,
        );
    }
    let mut unread = Vec::new();
    let pair = parts.iter().find_map(|part| part.to.sha.clone().zip(part.from.1.clone()));
    let commits = commits_out(clients, pair, &mut unread).await;
    let facts = PlanFacts { env: info.clone(), parts, commits, unread };
    Ok(plan(OpId(uuid::Uuid::now_v7()), facts, clock.now()))
}

/// Commits that are live now and will not be.
async fn commits_out(
    clients: &Clients,
    pair: Option<(Sha, Sha)>,
    unread: &mut Vec<Text>,
) -> Option<Vec<crate::domain::release::Commit>> {
    let (to, from) = pair?;
    let github = clients.github.as_ref()?;
    match github.compare(to.as_str(), from.as_str()).await {
        Ok(comparison) => Some(comparison.commits),
        Err(error) => {
            unread.push(Text::from(format!("commits going out are unknown: {error}")));
            None
        }
    }
}

async fn part(clients: &Clients, service: &ServiceInfo, target: &Target) -> Result<PartFacts, PlatformError> {
    match (service.platform, &clients.fly, &clients.vercel) {
        (Platform::Fly, Some(fly), _) => {
            let app = &service.resource;
            let (machines, listed) = tokio::try_join!(fly.machines(app), fly.deployments(app, &service.id, LOOKED_AT))?;
            let to = listed.into_iter().find(|one| one.id == target.deployment);
            let to = to.ok_or_else(|| missing(service, target))?;
            let fleet: Vec<_> = machines.iter().filter(|machine| machine.managed).collect();
            let image = to.image.as_ref().map_or("", Text::as_str);
            let there = fly.image(app, image).await?;
            let newest = fleet.iter().filter_map(|machine| machine.release_version).max();
            let live = fleet.iter().find(|machine| machine.release_version == newest);
            let all_on_it = there.is_some() && fleet.iter().all(|machine| machine.digest == there);
            Ok(PartFacts {
                service: service.clone(),
                from: (
                    Text::from(newest.map_or_else(|| "?".to_owned(), |version| format!("v{version}"))),
                    live.and_then(|machine| machine.sha.clone()),
                ),
                already: all_on_it,
                to,
                machines: fleet
                    .iter()
                    .map(|machine| (Text::from(machine.id.as_str()), machine.region.clone()))
                    .collect(),
                revisions: fleet
                    .iter()
                    .map(|machine| (Text::from(machine.id.as_str()), Text::from(machine.instance_id.as_str())))
                    .collect(),
                presence: if there.is_some() { Presence::There } else { Presence::Gone },
            })
        }
        (Platform::Vercel, _, Some(vercel)) => {
            let project = vercel.project(&service.resource).await?;
            let to = vercel.deployment(target.deployment.as_str()).await?;
            let live = project.production.ok_or_else(|| missing(service, target))?;
            let candidate = to.deployment(&service.id, false);
            Ok(PartFacts {
                service: service.clone(),
                from: (Text::from(live.id.as_str()), live.sha.clone()),
                already: live.id == to.id,
                presence: candidate.presence,
                to: candidate,
                machines: Vec::new(),
                revisions: vec![(Text::from("production"), Text::from(live.id.as_str()))],
            })
        }
        _ => Err(missing(service, target)),
    }
}

fn missing(service: &ServiceInfo, target: &Target) -> PlatformError {
    PlatformError {
        platform: service.platform,
        kind: crate::platform::ErrorKind::NotFound,
        status: None,
        code: None,
        message: Text::from(format!("{}: {} is not among its deployments", service.id, target.deployment)),
        request_id: None,
        retry_after: None,
    }
}
