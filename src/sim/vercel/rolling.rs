//! Rolling releases: template, start, stages and end (docs/platforms/vercel.md section 10).

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{Form, deployment_json};
use super::{error, is_project, missing};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::rolling::{RollingConfig, RollingRelease};

pub(super) fn routes() -> Router<Shared> {
    let path = "/{v}/projects/{id}/rolling-release";
    Router::new()
        .route(path, routing::get(current))
        .route(&format!("{path}/billing"), routing::get(billing))
        .route(&format!("{path}/config"), routing::get(config).patch(configure).delete(unconfigure))
        .route(&format!("{path}/start"), routing::post(start))
        .route(&format!("{path}/approve-stage"), routing::post(approve))
        .route(&format!("{path}/complete"), routing::post(complete))
}

type ProjectPath = Path<(String, String)>;

/// The template as the project and the template's own route show it.
pub(crate) fn config_json(config: &RollingConfig) -> Value {
    let last = config.stages.len();
    let stage = |(index, (percent, minutes)): (usize, &(u32, Option<u32>))| {
        let mut stage = json!({"targetPercentage": percent, "requireApproval": config.manual && index + 1 < last});
        if let Some(minutes) = minutes {
            stage["duration"] = json!(minutes);
        }
        stage
    };
    let stages: Vec<Value> = config.stages.iter().enumerate().map(stage).collect();
    json!({"target": "production", "stages": stages})
}

fn stage_json(release: &RollingRelease, index: usize) -> Option<Value> {
    let (percent, minutes) = release.config.stages.get(index)?;
    let last = index + 1 == release.config.stages.len();
    Some(json!({
        "index": index,
        "targetPercentage": percent,
        "requireApproval": release.config.manual && !last,
        "duration": minutes.map(|minutes| minutes * 60),
        "isFinalStage": last,
        "linearShift": false,
    }))
}

fn release_json(world: &World, release: &RollingRelease) -> Value {
    let short = |id: &str| {
        let one = world.vercel.deployment(id)?;
        let whole = deployment_json(world, one, Form::Single);
        let keys = ["id", "name", "url", "target", "readyState", "createdAt"];
        Some(keys.iter().map(|key| ((*key).to_owned(), whole[*key].clone())).collect::<serde_json::Map<_, _>>())
    };
    let active = release.state == "ACTIVE";
    let stage = |index: usize| if active { stage_json(release, index) } else { None };
    json!({
        "state": release.state,
        "substate": null,
        "currentDeployment": short(&release.current),
        "canaryDeployment": short(&release.canary),
        "queuedDeploymentId": release.queued,
        "advancementType": if release.config.manual { "manual-approval" } else { "automatic" },
        "stages": (0..release.config.stages.len()).filter_map(|index| stage_json(release, index)).collect::<Vec<_>>(),
        "activeStage": stage(release.stage),
        "nextStage": stage(release.stage + 1),
        "currentCanaryPercentage": release.percent(),
        "startedAt": release.started_at.as_millisecond(),
        "updatedAt": release.updated_at.as_millisecond(),
    })
}

fn told(world: &World) -> Response {
    let release = world.vercel.project.rolling_release.as_ref();
    Json(json!({"rollingRelease": release.map(|one| release_json(world, one))})).into_response()
}

#[derive(Deserialize)]
struct CurrentQuery {
    state: Option<String>,
}

async fn current(
    State(shared): State<Shared>,
    Path((_, id)): ProjectPath,
    Query(query): Query<CurrentQuery>,
) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    let release = world.vercel.project.rolling_release.as_ref();
    let release = release.filter(|one| query.state.as_deref().is_none_or(|state| state == one.state));
    Json(json!({"rollingRelease": release.map(|one| release_json(&world, one))})).into_response()
}

async fn billing(State(shared): State<Shared>, Path((_, id)): ProjectPath) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    if world.vercel.plan == "hobby" {
        let text = "Rolling releases are not part of this plan";
        return Json(json!({"availableSlots": 0, "reason": "plan_not_supported", "message": text})).into_response();
    }
    let text = "Rolling releases may be used in every project";
    Json(json!({"availableSlots": "unlimited", "reason": "unlimited_slots", "message": text})).into_response()
}

async fn config(State(shared): State<Shared>, Path((_, id)): ProjectPath) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    Json(json!({"rollingRelease": world.vercel.project.rolling_config.as_ref().map(config_json)})).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configure {
    enabled: bool,
    advancement_type: Option<String>,
    stages: Option<Vec<Stage>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stage {
    target_percentage: u32,
    duration: Option<u32>,
}

async fn configure(
    State(shared): State<Shared>,
    Path((_, id)): ProjectPath,
    body: Result<Json<Configure>, JsonRejection>,
) -> Response {
    let bad = |text: &str| error(StatusCode::BAD_REQUEST, "bad_request", text);
    let Ok(Json(asked)) = body else { return bad("Invalid request: `enabled` is required") };
    let mut world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    if world.vercel.plan == "hobby" {
        return error(StatusCode::FORBIDDEN, "forbidden", "Rolling releases are not part of this plan");
    }
    let stages: Vec<(u32, Option<u32>)> =
        asked.stages.unwrap_or_default().iter().map(|one| (one.target_percentage, one.duration)).collect();
    let ascending = stages.is_sorted_by(|a, b| a.0 < b.0) && stages.last().is_some_and(|last| last.0 == 100);
    if asked.enabled && !(ascending && stages.len() >= 2) {
        return bad("Invalid request: stages must ascend from 1 to 99 and end with 100");
    }
    let manual = asked.advancement_type.as_deref() == Some("manual-approval");
    world.vercel.project.rolling_config = asked.enabled.then_some(RollingConfig { manual, stages });
    Json(json!({"rollingRelease": world.vercel.project.rolling_config.as_ref().map(config_json)})).into_response()
}

async fn unconfigure(State(shared): State<Shared>, Path((_, id)): ProjectPath) -> Response {
    let mut world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    world.vercel.project.rolling_config = None;
    Json(json!({"rollingRelease": null})).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Canary {
    canary_deployment_id: String,
    active_stage_index: Option<usize>,
    next_stage_index: Option<usize>,
}

/// Idempotent for the same deployment.
async fn start(
    State(shared): State<Shared>,
    Path((_, id)): ProjectPath,
    body: Result<Json<Canary>, JsonRejection>,
) -> Response {
    let Ok(Json(asked)) = body else {
        return error(StatusCode::BAD_REQUEST, "bad_request", "Invalid request: `canaryDeploymentId` is required");
    };
    let mut world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    if let Some(active) = world.vercel.rolling() {
        if active.canary == asked.canary_deployment_id {
            return told(&world);
        }
        return error(StatusCode::CONFLICT, "conflict", "A rolling release is under way already");
    }
    let now = world.now;
    let Some(one) = world.vercel.deployment(&asked.canary_deployment_id) else { return missing("Deployment") };
    let live = world.vercel.live_production().is_some_and(|live| live.id == one.id);
    if !world.vercel.is_production(one.env) || one.state(now) != "READY" || live {
        let text = "The deployment cannot be the canary of a rolling release";
        return error(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable_entity", text);
    }
    let canary = one.id.clone();
    if !world.vercel.start_rolling(&canary, now) {
        let text = "Rolling releases are not configured for this project";
        return error(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable_entity", text);
    }
    told(&world)
}

/// Why there is no release that is meant.
fn unmeant(world: &World, id: &str, asked: &Canary) -> Option<Response> {
    if !is_project(&world.vercel, id) {
        return Some(missing("Project"));
    }
    match world.vercel.rolling() {
        None => Some(missing("Rolling release")),
        Some(one) if one.canary != asked.canary_deployment_id => {
            Some(error(StatusCode::BAD_REQUEST, "bad_request", "Another deployment is the canary"))
        }
        Some(_) => None,
    }
}

async fn approve(
    State(shared): State<Shared>,
    Path((_, id)): ProjectPath,
    body: Result<Json<Canary>, JsonRejection>,
) -> Response {
    let Ok(Json(asked @ Canary { next_stage_index: Some(next), .. })) = body else {
        let text = "Invalid request: `nextStageIndex` and `canaryDeploymentId` are required";
        return error(StatusCode::BAD_REQUEST, "bad_request", text);
    };
    let mut world = shared.world();
    if let Some(refused) = unmeant(&world, &id, &asked) {
        return refused;
    }
    let now = world.now;
    let stands = world.vercel.rolling().map(|one| (one.stage, one.config.manual));
    let Some((stage, manual)) = stands else { return missing("Rolling release") };
    if !manual {
        return error(StatusCode::BAD_REQUEST, "bad_request", "The rolling release advances by itself");
    }
    if next != stage + 1 || asked.active_stage_index.is_some_and(|active| active != stage) {
        return error(StatusCode::BAD_REQUEST, "bad_request", "The stage is not the next one");
    }
    world.vercel.advance_rolling(now);
    told(&world)
}

async fn complete(
    State(shared): State<Shared>,
    Path((_, id)): ProjectPath,
    body: Result<Json<Canary>, JsonRejection>,
) -> Response {
    let Ok(Json(asked)) = body else {
        return error(StatusCode::BAD_REQUEST, "bad_request", "Invalid request: `canaryDeploymentId` is required");
    };
    let mut world = shared.world();
    if let Some(refused) = unmeant(&world, &id, &asked) {
        return refused;
    }
    let now = world.now;
    world.vercel.end_rolling("COMPLETE", now);
    told(&world)
}
