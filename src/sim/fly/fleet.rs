//! Machines made and destroyed (docs/platforms/fly.md sections 3.2 and 3.3).

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::error;
use super::json::machine_json;
use super::lookup::{guarded, refusal, with_app};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::fly::{Machine, REGIONS, Refused};
use crate::sim::world::ids;

/// A new machine, as it is asked for.
#[derive(Deserialize)]
struct Create {
    config: Option<Value>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    skip_launch: bool,
    #[serde(default)]
    skip_service_registration: bool,
}

pub(super) async fn create(State(shared): State<Shared>, Path(app): Path<String>, body: String) -> Response {
    let asked: Create = match serde_json::from_str(&body) {
        Ok(asked) => asked,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &format!("invalid_argument: {wrong}")),
    };
    let mut world = shared.world();
    let id = match made(&mut world, &app, asked) {
        Ok(id) => id,
        Err(refused) => return refusal(&refused),
    };
    let answer = with_app(&world, &app, |app| {
        app.machine(&id).map_or_else(
            || refusal(&Refused::NoMachine),
            |machine| Json(machine_json(app, machine, world.now, false)).into_response(),
        )
    });
    drop(world);
    shared.wake();
    answer
}

fn made(world: &mut World, name: &str, asked: Create) -> Result<String, Refused> {
    let invalid = |why: &str| Refused::Image(format!("invalid_argument: {why}"));
    let (now, seed, n) = (world.now, world.seed, world.count());
    world.fly.app(name).ok_or(Refused::NoApp)?;
    let config = asked.config.ok_or_else(|| invalid("config is required"))?;
    let region = asked.region.unwrap_or_else(|| "iad".to_owned());
    if !REGIONS.iter().any(|known| known.0 == region) {
        return Err(invalid(&format!("region {region} not found")));
    }
    let image = config.get("image").and_then(Value::as_str).unwrap_or_default().to_owned();
    let missing = || invalid(&format!("failed to get manifest {image}: manifest unknown"));
    let digest = world.fly.pull(name, &image).ok_or_else(missing)?;
    let app = world.fly.app_mut(name).ok_or(Refused::NoApp)?;
    let id = ids::hex(seed, &format!("made-{name}"), n, 14);
    let name = asked.name.unwrap_or_else(|| format!("{}-{n:04}", "new-brook"));
    if app.machines.iter().any(|one| one.name == name) {
        return Err(invalid(&format!("unique machine name violation, name {name} is taken")));
    }
    let mut machine = Machine::new(id.clone(), name, region, ids::ulid(seed, "made-instance", n), now);
    (machine.digest, machine.config) = (digest, config);
    machine.cordoned = asked.skip_service_registration;
    if !asked.skip_launch {
        machine.launch(now);
    }
    app.machines.push(machine);
    Ok(id)
}

/// How a machine is destroyed: its own tool says `kill`, the description `force`.
#[derive(Deserialize)]
pub(super) struct Destroy {
    #[serde(default)]
    force: bool,
    #[serde(default)]
    kill: bool,
}

pub(super) async fn destroy(
    State(shared): State<Shared>,
    Path(path): Path<(String, String)>,
    Query(how): Query<Destroy>,
    headers: HeaderMap,
) -> Response {
    let mut world = shared.world();
    let now = world.now;
    let machine = match guarded(&mut world, &path, &headers) {
        Ok(machine) => machine,
        Err(refused) => return refusal(&refused),
    };
    let resting = matches!(machine.state.as_str(), "created" | "stopped" | "suspended" | "failed");
    if !(resting || how.force || how.kill) {
        let text = format!("failed_precondition: unable to destroy machine from current state: '{}'", machine.state);
        return refusal(&Refused::Precondition(text));
    }
    if machine.state != "destroying" {
        machine.transit("destroying", "destroyed", now);
    }
    drop(world);
    shared.wake();
    Json(json!({"ok": true})).into_response()
}
