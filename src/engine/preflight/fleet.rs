//! Plans for the machines of a Fly app as they are: started anew, or deployed anew with the image that they run.

use super::{Past, not_before, told};
use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo, Status};
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::manner::Strategy;
use crate::domain::operation::{Act, Plan, PlanPart, PlanStep, StepKind, Wish};
use crate::domain::release::{Deployment, Presence};
use crate::engine::feeds::Clients;
use crate::platform::fly::{Fly, Machine};
use crate::sanitize::Text;

pub(super) fn fly<'a>(
    clients: &'a Clients,
    env: &'a EnvInfo,
    service: &ServiceId,
    what: &str,
) -> Result<(&'a Fly, &'a ServiceInfo), Text> {
    let info = env.services.iter().find(|one| one.id == *service && one.platform == Platform::Fly);
    match (info, &clients.fly) {
        (Some(info), Some(fly)) => Ok((fly, info)),
        _ => Err(Text::from(format!("{service} has no machines that could be {what}"))),
    }
}

/// The machines of deploys, newest release first.
pub(super) async fn fleet(fly: &Fly, info: &ServiceInfo) -> Result<Vec<Machine>, Text> {
    let machines = fly.machines(&info.resource).await.map_err(told)?;
    let mut fleet: Vec<Machine> = machines.into_iter().filter(|machine| machine.managed).collect();
    if fleet.is_empty() {
        return Err(Text::from(format!("{} has no machine of a deploy", info.id)));
    }
    fleet.sort_by_key(|machine| std::cmp::Reverse(machine.release_version));
    Ok(fleet)
}

fn label(machine: &Machine) -> (Text, Option<Sha>) {
    let version = machine.release_version.map(|version| format!("v{version}"));
    (Text::from(version.unwrap_or_default()), machine.sha.clone())
}

pub(super) fn part(info: &ServiceInfo, fleet: &[Machine], act: Act, steps: Vec<PlanStep>) -> PlanPart {
    let live = fleet.first().map(label).unwrap_or_default();
    let revision = |machine: &Machine| (Text::from(machine.id.as_str()), Text::from(machine.instance_id.as_str()));
    PlanPart {
        service: info.id.clone(),
        platform: Platform::Fly,
        resource: Text::from(&*info.resource),
        from: live.clone(),
        from_id: None,
        to: live,
        to_id: String::new().into(),
        act,
        revisions: fleet.iter().map(revision).collect(),
        presence: Presence::There,
        steps,
    }
}

/// Every machine started anew, one by one; after an operation cut short, those that it has not come to.
pub(super) async fn restart(
    clients: &Clients,
    env: &EnvInfo,
    service: &ServiceId,
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let (fly, info) = fly(clients, env, service, "restarted")?;
    let mut fleet = fleet(fly, info).await?;
    let (all, alone) = (fleet.clone(), fleet.len() == 1);
    if let Some(earlier) = &past.earlier {
        fleet.retain(|machine| machine.updated_at.is_none_or(|at| !not_before(at, earlier.started_at)));
        if fleet.is_empty() {
            return Err(Text::from("every machine has been started anew already; L leaves the operation"));
        }
    }
    let step = |machine: &Machine| {
        let title = format!("machine {} {}: restart, wait, checks", machine.id, machine.region);
        StepKind::RestartMachine.step(title)
    };
    let steps = fleet.iter().map(step).collect();
    let machines = fleet.iter().map(|machine| Text::from(machine.id.as_str())).collect();
    let part = part(info, &all, Act::FlyRestart { machines }, steps);
    let warnings = alone.then(|| Text::from("it has one machine: nothing serves while it starts"));
    Ok(Plan {
        stays: vec![Text::from("image and settings")],
        // fly.md section 9: whatever starts reads the vault.
        warnings: warnings.into_iter().chain([Text::from("secrets that were set meanwhile are taken up")]).collect(),
        ..Plan::of(Wish::Restart(service.clone()), env.id.clone(), vec![part], now)
    })
}

/// A release with the image that runs, so that secrets set since are taken up (fly.md section 9).
pub(super) async fn redeploy(
    clients: &Clients,
    env: &EnvInfo,
    service: &ServiceId,
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let (fly, info) = fly(clients, env, service, "deployed anew")?;
    let mut fleet = fleet(fly, info).await?;
    let all = fleet.clone();
    let image = fleet.first().map(|machine| machine.image.clone()).unwrap_or_default();
    let there = fly.image(&info.resource, image.as_str()).await.map_err(told)?;
    let mut row = None;
    if let Some(earlier) = &past.earlier {
        let listed = fly.deployments(&info.resource, service, std::time::Duration::ZERO).await.map_err(told)?;
        let own =
            |one: &&Deployment| not_before(one.created_at, earlier.started_at) && one.image.as_ref() == Some(&image);
        row = listed.iter().find(own).filter(|one| one.status == Status::Running).and_then(version);
        let newest = listed.iter().find(own).and_then(version).map(|(_, version)| version);
        fleet.retain(|machine| newest.is_none() || machine.release_version != newest);
        if fleet.is_empty() && row.is_none() {
            return Err(Text::from("every machine is of the new release already; L leaves the operation"));
        }
    }
    let mut part = rolled(info, &all, &fleet, (image, row), "the image that runs");
    part.presence = if there.is_some() { Presence::There } else { Presence::Gone };
    let gone =
        there.is_none().then(|| Text::from(format!("{}: the image that runs is gone from the registry", info.id)));
    Ok(Plan {
        stays: vec![Text::from("image and machine settings")],
        refusals: gone.into_iter().collect(),
        warnings: vec![Text::from("secrets that were set since the last release are taken up by every machine")],
        ..Plan::of(Wish::Redeploy(service.clone()), env.id.clone(), vec![part], now)
    })
}

/// The image that staging runs, for the machines that do not run it yet; `None` when all do.
pub(super) async fn take(
    clients: &Clients,
    info: &ServiceInfo,
    twin: &ServiceInfo,
    commit: &Sha,
    past: &Past,
) -> Result<Option<PlanPart>, Text> {
    let fly = clients.fly.as_ref().ok_or_else(|| Text::from("Fly is not configured"))?;
    let (source, mut fleet) = tokio::try_join!(fleet(fly, twin), fleet(fly, info))?;
    let source = source.iter().find(|machine| machine.sha.as_ref() == Some(commit));
    let source = source.ok_or_else(|| Text::from(format!("no machine of {} runs {}", twin.id, commit.short())))?;
    let all = fleet.clone();
    fleet.retain(|machine| machine.digest != source.digest);
    let listed = fly.deployments(&info.resource, &info.id, std::time::Duration::ZERO).await.map_err(told)?;
    let row = past.earlier.as_ref().and_then(|earlier| {
        let own = |one: &&Deployment| {
            not_before(one.created_at, earlier.started_at) && one.image.as_ref() == Some(&source.image)
        };
        listed.iter().find(own).filter(|one| one.status == Status::Running).and_then(version)
    });
    if fleet.is_empty() && row.is_none() {
        return Ok(None);
    }
    let mut part = rolled(info, &all, &fleet, (source.image.clone(), row), "the image of staging");
    part.from_id = listed.iter().find(|one| one.current).map(|one| one.id.clone());
    part.to = label(source);
    part.to.0 = Text::from(format!("staging's {}", part.to.0));
    Ok(Some(part))
}

/// A release with an image, machine by machine.
fn rolled(
    info: &ServiceInfo,
    all: &[Machine],
    fleet: &[Machine],
    (image, row): (Text, Option<(Text, u64)>),
    what: &str,
) -> PlanPart {
    let first = match &row {
        Some((_, version)) => format!("go on with release v{version}, left open"),
        None => format!("record a release with {what}"),
    };
    let update = |machine: &Machine| {
        StepKind::UpdateMachine.step(format!("machine {} {}: lease, update, wait, checks", machine.id, machine.region))
    };
    let steps = std::iter::once(StepKind::OpenRelease.step(first))
        .chain(fleet.iter().map(update))
        .chain([StepKind::CloseRelease.step("close the release")]);
    let waves = fleet.iter().map(|machine| vec![Text::from(machine.id.as_str())]).collect();
    part(info, all, Act::FlyImage { image, waves, strategy: Strategy::Rolling, row }, steps.collect())
}

fn version(row: &Deployment) -> Option<(Text, u64)> {
    Some((Text::from(row.id.as_str()), row.label.as_str().strip_prefix('v')?.parse().ok()?))
}
