//! What an operation leaves behind on Fly when it is given up: release rows that stay open, which Fly goes on calling a deploy, and
//! machines that no visitor reaches.

use crate::config::Settings;
use crate::domain::amount::amount_does;
use crate::domain::ids::ServiceId;
use crate::domain::operation::{Operation, StepKind, StepReport, StepState};
use crate::engine::feeds::Clients;
use crate::engine::operations::past::not_before;

/// The rows that are open still and the spare machines, in words, and what becomes of them.
pub(in crate::engine) async fn left_behind(
    clients: &Clients,
    settings: &Settings,
    operation: &Operation,
) -> Vec<String> {
    let (rows, machines) = tokio::join!(left_open(clients, settings, operation), spare(clients, settings, operation));
    rows.into_iter().chain(machines).collect()
}

/// The machines out of the proxy, where the operation made machines: they cost, and nothing destroys them.
async fn spare(clients: &Clients, settings: &Settings, operation: &Operation) -> Vec<String> {
    let Some(fly) = &clients.fly else { return Vec::new() };
    let mut told = Vec::new();
    for service in made(operation) {
        let Some(app) = resource(settings, service) else { continue };
        match fly.listed(app).await {
            Ok(all) => {
                let out = all.iter().filter(|one| one.in_fleet() && one.cordoned);
                let named: Vec<String> = out.map(|one| format!("{} {} ({})", one.id, one.region, one.state)).collect();
                if !named.is_empty() {
                    let stay = amount_does(named.len(), "machine", ("stays", "stay"));
                    told.push(format!(
                        "{stay} out of the proxy of {app}, reached by no visitor and destroyed by nobody: {}",
                        named.join(", ")
                    ));
                }
            }
            Err(error) => told.push(format!("whether spare machines of {app} stay could not be read: {error}")),
        }
    }
    told
}

/// The services for which it may have made machines.
fn made(operation: &Operation) -> Vec<&ServiceId> {
    let made = |step: &&StepReport| {
        step.kind == StepKind::CreateMachine && !matches!(step.state, StepState::Todo | StepState::Skipped)
    };
    let mut services: Vec<&ServiceId> = operation.steps.iter().filter(made).map(|step| &step.service).collect();
    services.dedup();
    services
}

/// What Fly calls a service.
fn resource<'a>(settings: &'a Settings, service: &ServiceId) -> Option<&'a str> {
    let env = settings.environment(&service.env)?;
    env.services.iter().find(|one| one.id == *service).map(|info| &*info.resource)
}

/// The rows that are open still, in words, and what becomes of them.
async fn left_open(clients: &Clients, settings: &Settings, operation: &Operation) -> Vec<String> {
    let Some(fly) = &clients.fly else { return Vec::new() };
    let mut told = Vec::new();
    for service in recorded(operation) {
        let Some(app) = resource(settings, service) else { continue };
        match fly.open_release(app).await {
            Ok(Some(row)) if row.created_at.is_none_or(|at| not_before(at, fly.ahead(), operation.started_at)) => {
                told.push(format!(
                    "release v{} of {app} stays open: Fly says {}, and it counts as a deploy under way until no machine has changed for \
                     {} minutes ({} while machines stand ready outside the proxy), or another release is made",
                    row.version,
                    row.status,
                    crate::platform::fly::QUIET.as_mins(),
                    crate::platform::fly::READY.as_mins(),
                ));
            }
            Ok(_) => {}
            Err(error) => told.push(format!("whether a release of {app} stays open could not be read: {error}")),
        }
    }
    told
}

/// The services of which it may have recorded a release and has not closed it.
fn recorded(operation: &Operation) -> Vec<&ServiceId> {
    let of = |service: &ServiceId, kind: StepKind| {
        operation.steps.iter().find(|step| step.service == *service && step.kind == kind).map(|step| &step.state)
    };
    let begun = |state: &StepState| !matches!(state, StepState::Todo | StepState::Skipped);
    let mut services: Vec<&ServiceId> = operation.steps.iter().map(|step| &step.service).collect();
    services.sort_unstable();
    services.dedup();
    services.retain(|service| {
        let closed = of(service, StepKind::CloseRelease) == Some(&StepState::Done);
        of(service, StepKind::OpenRelease).is_some_and(begun) && !closed
    });
    services
}
