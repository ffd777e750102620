//! Pause, attack mode, and builds that are asked for (docs/platforms/vercel.md sections 5 and 11).

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{Form, deployment_json};
use super::{error, is_project, missing};
use crate::sim::shared::Shared;
use crate::sim::world::deploy::Step;
use crate::sim::world::{Action, vercel};

fn switch(shared: &Shared, id: &str, paused: bool) -> Response {
    let mut world = shared.world();
    let project = &mut world.vercel.project;
    // By its id alone; a name is not known here.
    if project.id != id {
        return error(StatusCode::BAD_REQUEST, "bad_request", "Invalid request: the project id is not known");
    }
    if paused {
        project.auto_assign = false;
    }
    project.paused = paused;
    StatusCode::OK.into_response()
}

pub(super) async fn pause(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    switch(&shared, &id, true)
}

pub(super) async fn unpause(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    switch(&shared, &id, false)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Challenge {
    project_id: String,
    attack_mode_enabled: bool,
    attack_mode_active_until: Option<i64>,
}

pub(super) async fn challenge(State(shared): State<Shared>, body: Result<Json<Challenge>, JsonRejection>) -> Response {
    let Ok(Json(asked)) = body else {
        let text = "Invalid request: `projectId` and `attackModeEnabled` are required";
        return error(StatusCode::BAD_REQUEST, "bad_request", text);
    };
    let mut world = shared.world();
    if !is_project(&world.vercel, &asked.project_id) {
        return missing("Project");
    }
    let now = world.now;
    if asked.attack_mode_active_until.is_some_and(|until| until <= now.as_millisecond()) {
        let text = "Invalid request: `attackModeActiveUntil` is in the past";
        return error(StatusCode::BAD_REQUEST, "bad_request", text);
    }
    let until = asked.attack_mode_active_until.and_then(|until| jiff::Timestamp::from_millisecond(until).ok());
    world.vercel.project.challenged = (asked.attack_mode_enabled, until);
    let answer = json!({"attackModeEnabled": asked.attack_mode_enabled, "attackModeUpdatedAt": now.as_millisecond()});
    Json(answer).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Create {
    name: String,
    deployment_id: Option<String>,
    target: Option<String>,
    custom_environment_slug_or_id: Option<String>,
    #[serde(default)]
    meta: serde_json::Map<String, Value>,
}

/// Builds the commit of a deployment anew. Anything else that a deployment can be made of is not simulated.
pub(super) async fn create(State(shared): State<Shared>, body: Result<Json<Create>, JsonRejection>) -> Response {
    let Ok(Json(asked)) = body else {
        return error(StatusCode::BAD_REQUEST, "bad_request", "Invalid request: `name` is required");
    };
    let mut world = shared.world();
    if asked.meta.values().any(|value| !value.is_string()) {
        return error(StatusCode::BAD_REQUEST, "bad_request", "Invalid request: `meta` holds texts alone");
    }
    if asked.name != world.vercel.project.name {
        return missing("Project");
    }
    let source = asked.deployment_id.as_deref().and_then(|id| world.vercel.deployment(id));
    let Some((commit, health, own)) = source.map(|one| (one.commit, one.health.clone(), one.env)) else {
        return missing("Deployment");
    };
    let custom = asked.custom_environment_slug_or_id.as_deref();
    let env = match (custom, asked.target.as_deref()) {
        (Some(name), _) => world.vercel.custom_named(name).map(|one| one.env).or_else(|| world.vercel.target(name)),
        (None, Some(name)) => world.vercel.target(name),
        (None, None) => Some(own),
    };
    let Some(env) = env else { return missing("Custom environment") };
    let (seed, now) = (world.seed, world.now);
    let id = world.vercel.add_deployment(seed, env, commit, health, now);
    let ready = now + vercel::BUILT + SignedDuration::from_millis(400);
    world.schedule(ready, Action::Deploy(Step::VercelAssign(env, id.clone())));
    let made = world.vercel.deployment(&id).map(|one| deployment_json(&world, one, Form::Single));
    drop(world);
    shared.wake();
    Json(made).into_response()
}
