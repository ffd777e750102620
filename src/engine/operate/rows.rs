//! Release rows that an operation leaves open when it is given up: Fly goes on calling them a deploy.

use crate::config::Settings;
use crate::domain::ids::ServiceId;
use crate::domain::operation::{Operation, StepKind, StepState};
use crate::engine::feeds::Clients;
use crate::engine::preflight::not_before;

/// The rows that are open still, in words, and what becomes of them.
pub(in crate::engine) async fn left_open(clients: &Clients, settings: &Settings, operation: &Operation) -> Vec<String> {
    let Some(fly) = &clients.fly else { return Vec::new() };
    let mut told = Vec::new();
    for service in recorded(operation) {
        let env = settings.environment(&service.env);
        let Some(info) = env.and_then(|env| env.services.iter().find(|one| one.id == *service)) else { continue };
        let app = &info.resource;
        match fly.open_release(app).await {
            Ok(Some(row)) if row.created_at.is_none_or(|at| not_before(at, operation.started_at)) => {
                told.push(format!(
                    "release v{} of {app} stays open: Fly says {}, and it counts as a deploy under way until no machine has changed for \
                     {} minutes, or another release is made",
                    row.version,
                    row.status,
                    crate::platform::fly::QUIET.as_mins(),
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
    services.dedup();
    services.retain(|service| {
        let closed = of(service, StepKind::CloseRelease) == Some(&StepState::Done);
        of(service, StepKind::OpenRelease).is_some_and(begun) && !closed
    });
    services
}
