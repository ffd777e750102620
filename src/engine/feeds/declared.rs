//! What the platforms say is live. Their word is kept as their word; the edge decides elsewhere.

use std::collections::BTreeMap;

use super::{Clients, vercel_target};
use crate::domain::environment::{Declared, Platform, Rollout, ServiceInfo, Status, Tier};
use crate::domain::fact::Fact;
use crate::domain::ids::DeploymentId;
use crate::engine::lanes::Outbox;
use crate::engine::poll::Pace;
use crate::platform::PlatformError;
use crate::platform::fly::{Fly, FlyRelease, Machine};
use crate::platform::supabase::Supabase;
use crate::platform::vercel::{Vercel, VercelDeployment, VercelProject};
use crate::sanitize::Text;

enum Source {
    Fly(Fly),
    Vercel { vercel: Vercel, target: &'static str },
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
            Platform::Vercel => {
                clients.vercel.clone().map(|vercel| Source::Vercel { vercel, target: vercel_target(tier) })
            }
            Platform::Supabase => clients.supabase.clone().map(Source::Supabase),
            Platform::Github | Platform::Edge => None,
        };
        Some(Self { service: service.clone(), source: source? })
    }

    pub(super) async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let resource = &self.service.resource;
        let declared = match &self.source {
            Source::Fly(fly) => {
                let (machines, releases) = tokio::try_join!(fly.machines(resource), fly.releases(resource, 10))?;
                fly_fleet(&machines, &releases)
            }
            Source::Vercel { vercel, target } => vercel_declared(vercel, resource, target).await?,
            Source::Supabase(supabase) => supabase_project(supabase, resource).await?,
        };
        let Some(declared) = declared else { return Ok(Pace::Calm) };
        let moving = declared.status == Status::Running || declared.rollout.is_some();
        outbox.tell(Fact::Declared(self.service.id.clone(), Box::new(declared))).await;
        Ok(if moving { Pace::Fast } else { Pace::Calm })
    }
}

/// A fleet is judged by the image digest of each machine, never by a release row alone (fly.md section 5): the newest release
/// is live as far as machines run its image.
fn fly_fleet(machines: &[Machine], releases: &[FlyRelease]) -> Option<Declared> {
    let fleet: Vec<&Machine> = machines.iter().filter(|machine| machine.managed).collect();
    let newest = releases.iter().max_by_key(|release| release.version)?;
    let mut by_digest: BTreeMap<&str, usize> = BTreeMap::new();
    for digest in fleet.iter().filter_map(|machine| machine.digest.as_ref()) {
        *by_digest.entry(digest.as_str()).or_default() += 1;
    }
    let on_newest = fleet.iter().filter(|machine| machine.release_version == Some(newest.version)).count();
    let mixed = by_digest.len() > 1 || on_newest < fleet.len();
    let live = fleet
        .iter()
        .filter(|machine| machine.state.as_str() == "started")
        .max_by_key(|machine| machine.release_version);
    let failing = fleet.iter().filter(|machine| machine.checks.0 < machine.checks.1).count();
    let status = match newest.drawn() {
        Status::Running => Status::Running,
        _ if mixed => Status::Warn,
        _ if failing > 0 => Status::Fail,
        status => status,
    };
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Some(Declared {
        deployment: DeploymentId::from(newest.id.as_str()),
        label: Text::from(format!("v{}", newest.version)),
        sha: live.and_then(|machine| machine.sha.clone()),
        status,
        words: if failing > 0 {
            Text::from(format!("checks fail on {failing}/{}", fleet.len()))
        } else {
            newest.status.clone()
        },
        created_at: newest.created_at,
        rollout: mixed.then(|| Rollout { done: count(on_newest), total: count(fleet.len()) }),
        pin: None,
        instances: fleet.iter().map(|machine| machine.instance()).collect(),
    })
}

/// Production is what the project points at; elsewhere it is the newest deployment whose domains were assigned.
async fn vercel_declared(vercel: &Vercel, project: &str, target: &str) -> Result<Option<Declared>, PlatformError> {
    if target == "production" {
        return Ok(vercel_production(&vercel.project(project).await?));
    }
    let listed = vercel.deployments(project, Some(target), 10).await?;
    let moving = listed.iter().any(VercelDeployment::in_motion);
    let live = listed.iter().find(|deployment| deployment.drawn() == Status::Ok && deployment.alias_assigned);
    let status = |one: &VercelDeployment| if moving { Status::Running } else { one.drawn() };
    Ok(live.map(|one| declared(one, status(one), None)))
}

fn declared(deployment: &VercelDeployment, status: Status, pin: Option<Text>) -> Declared {
    Declared {
        deployment: DeploymentId::from(deployment.id.as_str()),
        label: Text::from(deployment.id.as_str()),
        sha: deployment.sha.clone(),
        status,
        words: deployment.words(),
        created_at: deployment.created_at,
        rollout: None,
        pin,
        instances: Vec::new(),
    }
}

fn vercel_production(project: &VercelProject) -> Option<Declared> {
    let production = project.production.as_ref()?;
    let moving = project.last_alias_request.as_ref().is_some_and(|request| request.in_motion());
    let pin = (!project.auto_assign).then(|| {
        let reason = project.rollback_reason.clone();
        reason.unwrap_or_else(|| Text::from("auto-assign is off: new builds stay staged until a promote"))
    });
    Some(declared(production, if moving { Status::Running } else { production.drawn() }, pin))
}

async fn supabase_project(supabase: &Supabase, reference: &str) -> Result<Option<Declared>, PlatformError> {
    let project = supabase.project(reference).await?;
    // Migrations are readable to some tokens only (supabase.md section 3.5); the project's state stands without them.
    let migrations = supabase.migrations(reference).await.unwrap_or_default();
    let last = migrations.iter().map(|migration| migration.version.clone()).max();
    let label = last.unwrap_or_else(|| Text::from("no migration"));
    Ok(Some(Declared {
        deployment: DeploymentId::from(label.as_str()),
        label,
        sha: None,
        status: project.drawn(),
        words: project.status.clone(),
        created_at: None,
        rollout: None,
        pin: None,
        instances: Vec::new(),
    }))
}
