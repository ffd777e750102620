//! `/_sim/`: the ground truth, and the controls for whoever runs a drill. It needs no token, because it listens on loopback
//! only.

use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::faults::{Fault, FaultSpec};
use super::shared::Shared;
use super::world::event::{Event, seconds};
use super::world::fly::FlyApp;
use super::world::setting::Setting;
use super::world::truth::Change;
use super::world::{Env, World};

/// The origin's routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/_sim/state", routing::get(state).post(set))
        .route("/_sim/truth", routing::get(truths))
        .route("/_sim/advance", routing::post(advance))
        .route("/_sim/events", routing::post(event))
        .route("/_sim/faults", routing::get(faults).post(fault).delete(clear))
        // A scenario may have a line of ten megabytes written.
        .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
        .with_state(shared)
}

/// A body that is not what the route takes, in words.
fn refuse(error: &serde_json::Error) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": error.to_string()}))).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

async fn advance(State(shared): State<Shared>, body: String) -> Response {
    let asked: Advance = match serde_json::from_str(&body) {
        Ok(asked) => asked,
        Err(error) => return refuse(&error),
    };
    let Ok(by) = Duration::try_from_secs_f64(asked.seconds) else {
        let body = json!({"error": "seconds must be zero or more"});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    };
    shared.advance(by);
    Json(json!({"ok": true, "now": shared.now()})).into_response()
}

async fn event(State(shared): State<Shared>, body: String) -> Response {
    let event: Event = match serde_json::from_str(&body) {
        Ok(event) => event,
        Err(error) => return refuse(&error),
    };
    {
        let mut world = shared.world();
        if let Err(why) = world.place(&event) {
            return (StatusCode::BAD_REQUEST, Json(json!({"error": why}))).into_response();
        }
        world.happen(&event);
    }
    shared.wake();
    Json(json!({"ok": true, "now": shared.now()})).into_response()
}

/// Sets a state of a platform, or says why there is none such.
async fn set(State(shared): State<Shared>, body: String) -> Response {
    let setting: Setting = match serde_json::from_str(&body) {
        Ok(setting) => setting,
        Err(error) => return refuse(&error),
    };
    if let Err(why) = shared.world().set(&setting) {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": why}))).into_response();
    }
    shared.wake();
    Json(json!({"ok": true, "now": shared.now()})).into_response()
}

async fn fault(State(shared): State<Shared>, body: String) -> Response {
    let spec: FaultSpec = match serde_json::from_str(&body) {
        Ok(spec) => spec,
        Err(error) => return refuse(&error),
    };
    let until = spec.seconds.map(|span| shared.now() + seconds(span));
    shared.faults().push(Fault { spec, until });
    Json(json!({"ok": true, "active": active(&shared)})).into_response()
}

async fn faults(State(shared): State<Shared>) -> Json<Value> {
    Json(active(&shared))
}

async fn clear(State(shared): State<Shared>) -> Json<Value> {
    shared.faults().clear();
    Json(json!({"ok": true}))
}

fn active(shared: &Shared) -> Value {
    let now = shared.now();
    let mut faults = shared.faults();
    faults.retain(|fault| fault.until.is_none_or(|until| until > now) && fault.spec.count != Some(0));
    faults.iter().map(|fault| json!({"fault": fault.spec, "until": fault.until})).collect()
}

async fn state(State(shared): State<Shared>) -> Json<Value> {
    Json(truth(&shared))
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    seconds: f64,
}

/// How every environment stands, and how that changed in the last seconds that are asked for.
async fn truths(State(shared): State<Shared>, Query(since): Query<Since>) -> Json<Value> {
    let world = shared.world();
    let environments: Map<String, Value> =
        world.product.environments().map(|(env, one)| (one.name.clone(), json!(world.truth(env)))).collect();
    let change = |one: &Change| {
        let name = world.product.name(one.environment);
        json!({"at": one.at, "environment": name, "service": one.service, "state": one.state})
    };
    let history: Vec<Value> = world.changes_since(world.now - seconds(since.seconds)).iter().map(change).collect();
    Json(json!({
        "schema": "flightdeck/sim-truth",
        "version": 1,
        "now": world.now,
        "environments": environments,
        "history": history,
    }))
}

/// The ground truth, as `GET /_sim/state` gives it.
pub(crate) fn truth(shared: &Shared) -> Value {
    let (requests, faults) = (shared.counts(), active(shared));
    let world = shared.world();
    let mut environments = Map::new();
    for (env, one) in world.product.environments() {
        environments.insert(one.name.clone(), environment(&world, env));
    }
    let commits: Vec<Value> =
        world.commits.iter().map(|one| json!({"sha": one.sha, "message": one.message, "at": one.at})).collect();
    json!({
        "schema": "flightdeck/sim-state",
        "version": 1,
        "now": world.now,
        "started": world.start,
        "scenario": world.scenario,
        "seed": world.seed,
        "commits": commits,
        "environments": environments,
        "requests": requests,
        "faults": faults,
    })
}

fn environment(world: &World, env: Env) -> Value {
    json!({
        "truth": world.truth(env),
        "services": {
            "backend": world.fly.env(env).map(|app| backend(world, app)),
            "frontend": world.product.get(env).is_some_and(|one| one.frontend.is_some()).then(|| frontend(world, env)),
            "database": database(world, env),
        },
        "secrets": secrets(world, env),
        "gates": gates(world, env),
    })
}

fn backend(world: &World, app: &FlyApp) -> Value {
    let machines: Vec<Value> = app
        .machines
        .iter()
        .map(|machine| {
            let image = app.image_of(machine);
            json!({
                "id": machine.id,
                "region": machine.region,
                "state": machine.state,
                "instance_id": machine.instance_id,
                "digest": machine.digest,
                "image": image.map(|image| &image.reference),
                "sha": image.map(|image| world.sha(image.commit)),
                "version": FlyApp::version_of(machine),
                "healthy": machine.state == "started" && app.healthy(machine, world.now),
                "cordoned": machine.cordoned,
                "leased": machine.lease.is_some(),
                "host": machine.host,
            })
        })
        .collect();
    let mixed =
        app.machines.windows(2).any(|pair| pair.first().map(|one| &one.digest) != pair.last().map(|one| &one.digest));
    let healthy = machines.iter().all(|machine| machine["healthy"] == true);
    let release = app.release();
    json!({
        "platform": "fly",
        "resource": app.name,
        "sha": world.backend_commit(app.env).map(|commit| world.sha(commit)),
        "label": release.map(|release| format!("v{}", release.version)),
        "release": release.map(|release| json!({"id": release.id, "version": release.version, "status": release.status})),
        "mixed": mixed,
        "healthy": healthy,
        "machines": machines,
    })
}

fn frontend(world: &World, env: Env) -> Value {
    let live = world.vercel.live(env);
    let aliases: Map<String, Value> = world
        .vercel
        .aliases
        .iter()
        .filter(|alias| alias.env == env)
        .map(|alias| (alias.alias.clone(), json!(alias.deployment)))
        .collect();
    json!({
        "platform": "vercel",
        "resource": world.vercel.project.name,
        "sha": live.map(|live| world.sha(live.commit)),
        "label": live.map(|live| &live.id),
        "healthy": live.is_some_and(|live| live.health.healthy),
        "pinned": world.vercel.pinned(env),
        "paused": world.vercel.is_production(env) && world.vercel.project.paused,
        "rolling": world.vercel.rolling().filter(|_| world.vercel.is_production(env)).map(|one| one.percent()),
        "aliases": aliases,
    })
}

fn database(world: &World, env: Env) -> Value {
    let Some(project) = world.supabase.env(env) else { return Value::Null };
    json!({
        "platform": "supabase",
        "resource": project.reference,
        "label": project.migrations.last().map(|migration| &migration.version),
        "migrations": project.migrations.len(),
        "healthy": project.status == "ACTIVE_HEALTHY" && project.services.iter().all(|(_, wrong)| wrong.is_none()),
    })
}

fn secrets(world: &World, env: Env) -> Value {
    let row = |name: &str, digest: &str| json!({"name": name, "digest": digest});
    let fly = world.fly.env(env).into_iter().flat_map(|app| &app.secrets).map(|one| row(&one.name, &one.digest));
    let vercel = world.vercel.env.iter().filter(|one| one.env == env).map(|one| row(&one.key, &one.digest));
    let supabase = world.supabase.env(env).into_iter().flat_map(|project| &project.secrets);
    let supabase = supabase.map(|one| row(&one.name, &one.digest));
    let github = world.github.secrets.iter().filter(|one| one.env.is_none_or(|of| of == env));
    let github = github.map(|one| row(&one.name, &one.digest));
    json!({
        "fly": fly.collect::<Vec<_>>(),
        "vercel": vercel.collect::<Vec<_>>(),
        "supabase": supabase.collect::<Vec<_>>(),
        "github": github.collect::<Vec<_>>(),
    })
}

fn gates(world: &World, env: Env) -> Vec<Value> {
    let held =
        world.github.runs.iter().filter(|run| run.env == Some(env)).filter_map(|run| Some((run, run.held(world.now)?)));
    held.map(|(run, gate)| {
        let kind = if gate.review && gate.approved_at.is_none() { "reviewer" } else { "timer" };
        json!({"run": run.id, "sha": world.sha(run.commit), "actor": run.actor, "since": gate.opens_at, "kind": kind})
    })
    .collect()
}
