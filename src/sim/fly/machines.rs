//! Fly's Machines API: apps, machines, tokens and regions (docs/platforms/fly.md sections 2 and 3). Leases and waits stand in `leases`, the
//! vault in `secrets`.

use axum::extract::{MatchedPath, Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{self, Scheme, error};
use super::json::machine_json;
use super::lookup::{guarded, nonce, refusal, with_app, with_machine};
use super::{fleet, leases, secrets};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::fly::{FlyApp, REGIONS, Refused};
use crate::sim::world::ids;

/// The origin's routes.
pub(crate) fn router(shared: Shared) -> Router {
    let machine = "/v1/apps/{app}/machines/{id}";
    Router::new()
        .route("/v1/apps", routing::get(apps))
        .route("/v1/apps/{app}", routing::get(app))
        .route("/v1/apps/{app}/machines", routing::get(list).post(fleet::create))
        .route(machine, routing::get(get).post(update).delete(fleet::destroy))
        .route("/v1/apps/{app}/machines/{id}/versions", routing::get(versions))
        .route("/v1/apps/{app}/machines/{id}/events", routing::get(events))
        .route("/v1/apps/{app}/machines/{id}/{action}", routing::post(act))
        .route("/v1/tokens/current", routing::get(token))
        .route("/v1/platform/regions", routing::get(regions))
        .merge(leases::routes())
        .merge(secrets::routes())
        .method_not_allowed_fallback(auth::wrong_method)
        .layer(middleware::from_fn_with_state(shared.clone(), guard))
        .layer(middleware::from_fn(auth::stamp))
        .with_state(shared)
}

async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    if let Err(refused) = auth::check(&shared, request.headers(), Scheme::Either) {
        return *refused;
    }
    if !within_rate(&shared, &request) {
        return error(StatusCode::TOO_MANY_REQUESTS, "rate limit exceeded");
    }
    next.run(request).await
}

/// One request a second per action and machine or app, three at once; reading one machine five and ten (docs/platforms/fly.md
/// section 4). The code of a refusal is not documented; its own tool takes 429 for one.
fn within_rate(shared: &Shared, request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let get_machine = request.method() == Method::GET && route.ends_with("/machines/{id}");
    let (per_second, burst) = if get_machine { (5.0, 10.0) } else { (1.0, 3.0) };
    let mut world = shared.world();
    let now = world.now;
    let key = format!("{} {}", request.method(), request.uri().path());
    world.fly.buckets.take(key, per_second, burst, now)
}

fn app_json(world: &World, app: &FlyApp) -> Value {
    json!({
        "id": app.id,
        "internal_numeric_id": ids::number(world.seed, &app.name, 0) % 9_000_000,
        "name": app.name,
        "status": "deployed",
        "network": "default",
        "machine_count": app.machines.len(),
        "volume_count": 0,
        "organization": {"name": "Acme", "slug": world.fly.org, "internal_numeric_id": 4711},
    })
}

async fn apps(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let apps: Vec<Value> = world.fly.apps.iter().map(|app| app_json(&world, app)).collect();
    Json(json!({"total_apps": apps.len(), "apps": apps}))
}

async fn app(State(shared): State<Shared>, Path(name): Path<String>) -> Response {
    let world = shared.world();
    with_app(&world, &name, |app| Json(app_json(&world, app)).into_response())
}

#[derive(Deserialize)]
struct ListQuery {
    state: Option<String>,
    region: Option<String>,
    #[serde(default)]
    summary: bool,
    #[serde(default)]
    include_leases: bool,
    #[serde(default)]
    include_deleted: bool,
}

async fn list(State(shared): State<Shared>, Path(name): Path<String>, Query(query): Query<ListQuery>) -> Response {
    let world = shared.world();
    with_app(&world, &name, |app| {
        let matches = |list: &Option<String>, value: &str| {
            list.as_deref().is_none_or(|list| list.split(',').any(|one| one.trim() == value))
        };
        let chosen = app
            .machines
            .iter()
            .chain(app.destroyed.iter().filter(|_| query.include_deleted))
            .filter(|machine| matches(&query.state, &machine.state) && matches(&query.region, &machine.region));
        let mut all: Vec<Value> =
            chosen.map(|machine| machine_json(app, machine, world.now, query.include_leases)).collect();
        for machine in all.iter_mut().filter_map(Value::as_object_mut).filter(|_| query.summary) {
            for part in ["config", "checks", "events"] {
                machine.remove(part);
            }
        }
        Json(all).into_response()
    })
}

#[derive(Deserialize)]
struct GetQuery {
    #[serde(default)]
    include_leases: bool,
}

async fn get(
    State(shared): State<Shared>,
    Path(path): Path<(String, String)>,
    Query(query): Query<GetQuery>,
) -> Response {
    let world = shared.world();
    with_machine(&world, &path, |app, machine| {
        Json(machine_json(app, machine, world.now, query.include_leases)).into_response()
    })
}

async fn versions(State(shared): State<Shared>, Path(path): Path<(String, String)>) -> Response {
    let world = shared.world();
    with_machine(&world, &path, |_, machine| {
        let now = std::iter::once((&machine.instance_id, &machine.config));
        let before = machine.versions.iter().rev().map(|(version, config)| (version, config));
        let all: Vec<Value> =
            now.chain(before).map(|(version, config)| json!({"version": version, "user_config": config})).collect();
        Json(all).into_response()
    })
}

async fn events(State(shared): State<Shared>, Path(path): Path<(String, String)>) -> Response {
    let world = shared.world();
    with_machine(&world, &path, |_, machine| Json(machine.events.iter().take(20).collect::<Vec<_>>()).into_response())
}

#[derive(Deserialize)]
struct Update {
    config: Option<Value>,
    #[serde(default)]
    current_version: Option<String>,
    #[serde(default)]
    skip_launch: bool,
    #[serde(default)]
    region: Option<String>,
}

async fn update(
    State(shared): State<Shared>,
    Path(path): Path<(String, String)>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let asked: Update = match serde_json::from_str(&body) {
        Ok(asked) => asked,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &format!("invalid_argument: {wrong}")),
    };
    let mut world = shared.world();
    if let Err(refused) = replace(&mut world, &path, nonce(&headers), asked) {
        return refusal(&refused);
    }
    let answer =
        with_machine(&world, &path, |app, machine| Json(machine_json(app, machine, world.now, false)).into_response());
    drop(world);
    shared.wake();
    answer
}

fn replace(world: &mut World, path: &(String, String), nonce: Option<&str>, asked: Update) -> Result<(), Refused> {
    let (now, seed, n) = (world.now, world.seed, world.count());
    let app = world.fly.app_mut(&path.0).ok_or(Refused::NoMachine)?;
    let machine = app.machine(&path.1).ok_or(Refused::NoMachine)?;
    machine.guard(nonce)?;
    let state = machine.state.as_str();
    if matches!(state, "replacing" | "updating" | "destroying") {
        return Err(Refused::Lease(format!("aborted: machine is {state}: concurrent update in progress")));
    }
    if let Some(version) = asked.current_version.filter(|version| *version != machine.instance_id) {
        return Err(Refused::Precondition(format!(
            "failed_precondition: current_version {version} is not the machine's version {}",
            machine.instance_id
        )));
    }
    if asked.region.is_some_and(|region| region != machine.region) {
        return Err(Refused::Image("invalid_argument: region is immutable".to_owned()));
    }
    let config = asked.config.ok_or_else(|| Refused::Image("invalid_argument: config is required".to_owned()))?;
    let image = config.get("image").and_then(Value::as_str).unwrap_or_default();
    let digest = world
        .fly
        .pull(&path.0, image)
        .ok_or_else(|| Refused::Image(format!("invalid_argument: failed to get manifest {image}: manifest unknown")))?;
    let app = world.fly.app_mut(&path.0).ok_or(Refused::NoMachine)?;
    let machine = app.machine_mut(&path.1).ok_or(Refused::NoMachine)?;
    let launch = !asked.skip_launch;
    machine.replace(ids::ulid(seed, "instance", n), digest, config, launch, now);
    Ok(())
}

async fn act(
    State(shared): State<Shared>,
    Path((app, id, action)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut world = shared.world();
    let now = world.now;
    let machine = match guarded(&mut world, &(app, id), &headers) {
        Ok(machine) => machine,
        Err(refused) => return refusal(&refused),
    };
    let before = machine.state.clone();
    let answer = match (action.as_str(), before.as_str()) {
        ("cordon" | "uncordon", _) => {
            machine.cordoned = action == "cordon";
            json!({"ok": true})
        }
        ("start", "stopped" | "suspended" | "failed") => {
            machine.transit("starting", "started", now);
            json!({"previous_state": before, "migrated": false, "new_host": ""})
        }
        ("start", "started" | "starting") => json!({"previous_state": before, "migrated": false, "new_host": ""}),
        ("start", "replacing") => {
            let text = "failed_precondition: machine getting replaced, refusing to start";
            return refusal(&Refused::Precondition(text.to_owned()));
        }
        ("stop", "started" | "starting") => {
            machine.transit("stopping", "stopped", now);
            json!({"ok": true})
        }
        ("suspend", "started") => {
            machine.transit("suspending", "suspended", now);
            json!({"ok": true})
        }
        ("restart", "started") => {
            // A restart is a stop and a start of the same version.
            machine.transit("restarting", "started", now);
            json!({"ok": true})
        }
        ("stop", "stopped" | "stopping") | ("suspend", "suspended") => json!({"ok": true}),
        ("start" | "stop" | "suspend" | "restart", state) => {
            let text = format!("failed_precondition: unable to {action} machine from current state: '{state}'");
            return refusal(&Refused::Precondition(text));
        }
        _ => return error(StatusCode::NOT_FOUND, "not found"),
    };
    drop(world);
    shared.wake();
    Json(answer).into_response()
}

async fn token(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let apps: Vec<&str> = world.fly.apps.iter().map(|app| app.name.as_str()).collect();
    let id = ids::hex(world.seed, "fly-token-id", 0, 16);
    let org = &world.fly.org;
    Json(json!({"tokens": [{"token_id": id, "organization": org, "org_slug": org, "apps": apps}]}))
}

async fn regions() -> Json<Value> {
    let region = |&(code, name, latitude, longitude, geo): &(&str, &str, f64, f64, &str)| {
        json!({
            "code": code, "name": name, "latitude": latitude, "longitude": longitude, "gateway_available": true,
            "requires_paid_plan": false, "deprecated": false, "capacity": 420, "geo_region": geo,
        })
    };
    Json(json!({"nearest": "fra", "regions": REGIONS.iter().map(region).collect::<Vec<_>>()}))
}
