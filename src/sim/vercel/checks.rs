//! Checks of deployments, second version: definitions of a project and their runs (docs/platforms/vercel.md section 9). A run
//! that blocks a promotion refuses it until it has succeeded; one that blocks the aliases holds them.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{error, is_project, missing};
use crate::sim::shared::Shared;
use crate::sim::world::checks::{Check, CheckRun, word};
use crate::sim::world::vercel::VercelWorld;
use crate::sim::world::{World, ids};

type ProjectPath = Path<(String, String)>;
type Within = Path<(String, String, String)>;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/{v}/projects/{id}/checks", routing::get(list).post(create))
        .route("/{v}/projects/{id}/checks/{check}", routing::get(one))
        .route("/{v}/projects/{id}/checks/{check}/runs", routing::get(runs_of_check))
        .route("/{v}/deployments/{id}/check-runs", routing::get(runs).post(run))
        .route("/{v}/deployments/{id}/check-runs/{run}", routing::get(run_one).patch(change))
        .route("/{v}/deployments/{id}/check-runs/{run}/logs", routing::get(logs))
}

fn bad(text: &str) -> Response {
    error(StatusCode::BAD_REQUEST, "bad_request", text)
}

fn check_json(vercel: &VercelWorld, check: &Check) -> Value {
    let at = check.created_at.as_millisecond();
    json!({
        "id": check.id, "name": check.name, "ownerId": vercel.team_id, "projectId": vercel.project.id, "requires": check.requires,
        "blocks": check.blocks, "targets": check.targets, "source": check.source, "sourceKind": check.source["kind"],
        "timeout": check.timeout, "isRerequestable": check.rerequestable, "createdAt": at, "updatedAt": at,
    })
}

fn run_json(world: &World, run: &CheckRun) -> Value {
    let vercel = &world.vercel;
    let (status, conclusion, completed) = run.progress(world.now);
    let mut value = json!({
        "id": run.id, "checkId": run.check, "deploymentId": run.deployment, "name": run.name, "ownerId": vercel.team_id,
        "projectId": vercel.project.id, "status": status, "blocks": run.blocks, "timeout": run.timeout, "source": run.source,
        "createdAt": run.created_at.as_millisecond(), "updatedAt": run.updated_at.as_millisecond(),
    });
    // Absent rather than null.
    let more = [
        ("conclusion", conclusion.map(|word| json!(word))),
        ("completedAt", completed.map(|at| json!(at.as_millisecond()))),
        ("conclusionText", run.text.as_ref().map(|text| json!(text))),
        ("externalUrl", run.external_url.as_ref().map(|text| json!(text))),
        ("externalId", run.external_id.as_ref().map(|text| json!(text))),
        ("output", run.output.clone()),
    ];
    for (name, field) in more {
        if let Some(field) = field {
            value[name] = field;
        }
    }
    value
}

#[derive(Deserialize)]
struct Filter {
    blocks: Option<String>,
}

async fn list(State(shared): State<Shared>, Path((_, id)): ProjectPath, Query(filter): Query<Filter>) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    let all = world.vercel.checks.iter();
    let all = all.filter(|check| filter.blocks.as_deref().is_none_or(|blocks| blocks == check.blocks));
    Json(json!({"checks": all.map(|one| check_json(&world.vercel, one)).collect::<Vec<_>>()})).into_response()
}

async fn one(State(shared): State<Shared>, Path((_, id, check)): Within) -> Response {
    let world = shared.world();
    let found = world.vercel.checks.iter().find(|one| one.id == check && is_project(&world.vercel, &id));
    found.map_or_else(|| missing("Check"), |one| Json(check_json(&world.vercel, one)).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Define {
    name: String,
    requires: Option<String>,
    blocks: Option<String>,
    #[serde(default)]
    targets: Vec<String>,
    source: Option<Value>,
    timeout: Option<u64>,
    #[serde(default)]
    is_rerequestable: bool,
}

async fn create(
    State(shared): State<Shared>,
    Path((_, id)): ProjectPath,
    body: Result<Json<Define>, JsonRejection>,
) -> Response {
    let Ok(Json(asked)) = body else { return bad("Invalid request: `name` is required") };
    let requires = word(&["build-ready", "deployment-url", "none"], asked.requires.as_deref().unwrap_or("none"));
    let places = ["build-start", "deployment-start", "deployment-alias", "deployment-promotion", "none"];
    let blocks = word(&places, asked.blocks.as_deref().unwrap_or("deployment-alias"));
    let (Some(requires), Some(blocks)) = (requires, blocks) else {
        return bad("Invalid request: `requires` or `blocks` is none of the allowed values");
    };
    let mut world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    let (seed, n, now) = (world.seed, world.count(), world.now);
    let check = Check {
        id: format!("chk_{}", ids::base62(seed, "check", n, 24)),
        name: asked.name,
        requires,
        blocks,
        targets: asked.targets,
        source: asked.source.unwrap_or_else(|| json!({"kind": "webhook"})),
        timeout: asked.timeout.unwrap_or(300),
        rerequestable: asked.is_rerequestable,
        created_at: now,
    };
    let answer = check_json(&world.vercel, &check);
    world.vercel.checks.push(check);
    Json(answer).into_response()
}

fn rows(world: &World, mine: impl Fn(&CheckRun) -> bool) -> Response {
    let all = world.vercel.check_runs.iter().filter(|run| mine(run)).map(|run| run_json(world, run));
    Json(json!({"runs": all.collect::<Vec<_>>()})).into_response()
}

async fn runs_of_check(State(shared): State<Shared>, Path((_, id, check)): Within) -> Response {
    let world = shared.world();
    if is_project(&world.vercel, &id) { rows(&world, |run| run.check == check) } else { missing("Project") }
}

async fn runs(State(shared): State<Shared>, Path((_, id)): ProjectPath) -> Response {
    let world = shared.world();
    let Some(id) = world.vercel.deployment(&id).map(|one| one.id.clone()) else { return missing("Deployment") };
    rows(&world, |run| run.deployment == id)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begin {
    check_id: String,
}

async fn run(
    State(shared): State<Shared>,
    Path((_, id)): ProjectPath,
    body: Result<Json<Begin>, JsonRejection>,
) -> Response {
    let Ok(Json(asked)) = body else { return bad("Invalid request: `checkId` is required") };
    let mut world = shared.world();
    let Some(deployment) = world.vercel.deployment(&id).map(|one| one.id.clone()) else { return missing("Deployment") };
    let Some(check) = world.vercel.checks.iter().find(|one| one.id == asked.check_id).cloned() else {
        return missing("Check");
    };
    let (seed, n, now) = (world.seed, world.count(), world.now);
    let run = CheckRun::new(format!("chkr_{}", ids::base62(seed, "check-run", n, 24)), deployment, &check, now);
    let answer = run_json(&world, &run);
    world.vercel.check_runs.push(run);
    Json(answer).into_response()
}

async fn run_one(State(shared): State<Shared>, Path((_, _, id)): Within) -> Response {
    let world = shared.world();
    let found = world.vercel.check_runs.iter().find(|run| run.id == id);
    found.map_or_else(|| missing("Check run"), |run| Json(run_json(&world, run)).into_response())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    status: Option<String>,
    conclusion: Option<String>,
    conclusion_text: Option<String>,
    external_url: Option<String>,
    external_id: Option<String>,
    output: Option<Value>,
}

async fn change(
    State(shared): State<Shared>,
    Path((_, _, id)): Within,
    body: Result<Json<Change>, JsonRejection>,
) -> Response {
    let Ok(Json(asked)) = body else { return bad("Invalid request: the body is no valid check run") };
    let status = asked.status.as_deref().map(|asked| word(&["queued", "running", "completed"], asked));
    let conclusions = ["canceled", "skipped", "timeout", "failed", "neutral", "succeeded"];
    let conclusion = asked.conclusion.as_deref().map(|asked| word(&conclusions, asked));
    if status == Some(None) || conclusion == Some(None) {
        return bad("Invalid request: `status` or `conclusion` is none of the allowed values");
    }
    let mut world = shared.world();
    let now = world.now;
    let Some(run) = world.vercel.check_runs.iter_mut().find(|run| run.id == id) else { return missing("Check run") };
    run.status = status.flatten().unwrap_or(run.status);
    run.updated_at = now;
    if let Some(conclusion) = conclusion.flatten() {
        (run.status, run.conclusion, run.completed_at) = ("completed", Some(conclusion), Some(now));
    }
    run.text = asked.conclusion_text.or(run.text.take());
    run.external_url = asked.external_url.or(run.external_url.take());
    run.external_id = asked.external_id.or(run.external_id.take());
    run.output = asked.output.or(run.output.take());
    let run = run.clone();
    let answer = Json(run_json(&world, &run)).into_response();
    drop(world);
    shared.wake();
    answer
}

/// Lines of a run; the one with `eof` says that there are no more.
async fn logs(State(shared): State<Shared>, Path((_, _, id)): Within) -> Response {
    let world = shared.world();
    let Some(run) = world.vercel.check_runs.iter().find(|run| run.id == id) else { return missing("Check run") };
    let line = |level: &str, at: jiff::Timestamp, message: &str| {
        format!("{}\n", json!({"level": level, "timestamp": at.as_millisecond(), "message": message}))
    };
    let mut text = line("info", run.created_at, &format!("{} begins", run.name));
    if let (_, Some(conclusion), Some(at)) = run.progress(world.now) {
        text += &line(if conclusion == "succeeded" { "info" } else { "error" }, at, conclusion);
        text += &line("eof", at, "");
    }
    ([(header::CONTENT_TYPE, "application/x-ndjson")], text).into_response()
}
