//! The app and the machine that a request to the Machines API names, and what is answered where there is none or another one holds it.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::auth::error;
use crate::sim::world::World;
use crate::sim::world::fly::{FlyApp, Machine, Refused};

/// Runs on an app, or answers 404.
pub(super) fn with_app(world: &World, name: &str, then: impl FnOnce(&FlyApp) -> Response) -> Response {
    world.fly.app(name).map_or_else(|| error(StatusCode::NOT_FOUND, "app not found"), then)
}

/// Runs on a machine, or answers 404.
pub(super) fn with_machine(
    world: &World,
    path: &(String, String),
    then: impl FnOnce(&FlyApp, &Machine) -> Response,
) -> Response {
    with_app(world, &path.0, |app| {
        app.known(&path.1)
            .map_or_else(|| error(StatusCode::NOT_FOUND, "machine not found"), |machine| then(app, machine))
    })
}

/// The answer to a refusal.
pub(super) fn refusal(refused: &Refused) -> Response {
    match refused {
        Refused::NoApp => error(StatusCode::NOT_FOUND, "app not found"),
        Refused::NoMachine => error(StatusCode::NOT_FOUND, "machine not found"),
        Refused::Lease(text) => error(StatusCode::CONFLICT, text),
        Refused::Precondition(text) => error(StatusCode::PRECONDITION_FAILED, text),
        Refused::Image(text) => error(StatusCode::BAD_REQUEST, text),
    }
}

/// The machine of a path, if there is one and nobody else holds it.
pub(super) fn guarded<'a>(
    world: &'a mut World,
    (app, id): &(String, String),
    headers: &HeaderMap,
) -> Result<&'a mut Machine, Refused> {
    let machine = world.fly.app_mut(app).and_then(|app| app.machine_mut(id)).ok_or(Refused::NoMachine)?;
    machine.guard(nonce(headers))?;
    Ok(machine)
}

/// The nonce that the caller holds.
pub(super) fn nonce(headers: &HeaderMap) -> Option<&str> {
    headers.get("fly-machine-lease-nonce").and_then(|value| value.to_str().ok())
}
