//! The production pointer: rollback, promote, what became of each alias, and who serves a domain (docs/platforms/vercel.md section
//! 6).

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::alias as alias_json;
use super::{error, is_project, missing};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::checks::Verdict;
use crate::sim::world::vercel::{AliasMove, AliasRequest, VercelWorld};

/// `completed`, `in-progress`, `pending` or `failed`: the first alias that has not moved is the one under way.
fn outcome(request: &AliasRequest, step: &AliasMove, now: Timestamp) -> &'static str {
    let first = request.aliases.iter().filter(|one| one.at > now).map(|one| one.at).min();
    match (step.at <= now, step.fails) {
        (true, true) => "failed",
        (true, false) => "completed",
        (false, _) if first == Some(step.at) && request.status(now) == "in-progress" => "in-progress",
        (false, _) => "pending",
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutcomeQuery {
    failed_only: Option<bool>,
    limit: Option<usize>,
}

pub(super) async fn outcomes(
    State(shared): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<OutcomeQuery>,
) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    let Some(request) = &world.vercel.project.last_alias_request else { return Json(json!({})).into_response() };
    let rows = request.aliases.iter().map(|step| (step, outcome(request, step, world.now)));
    let rows = rows.filter(|(_, status)| query.failed_only != Some(true) || *status == "failed");
    let all: Vec<Value> = rows
        .take(query.limit.unwrap_or(20).clamp(1, 100))
        .map(|(step, status)| {
            let alias = json!({"alias": step.alias, "deploymentId": request.to});
            json!({"id": step.alias, "status": status, "alias": alias})
        })
        .collect();
    let page = json!({"count": all.len(), "next": null, "prev": null});
    Json(json!({"aliases": all, "pagination": page})).into_response()
}

#[derive(Deserialize)]
pub(super) struct RollbackQuery {
    description: Option<String>,
}

pub(super) async fn rollback(
    State(shared): State<Shared>,
    Path((_, project, deployment)): Path<(String, String, String)>,
    Query(query): Query<RollbackQuery>,
) -> Response {
    let mut world = shared.world();
    let answer = point(&mut world, "rollback", &project, &deployment);
    if answer.status() == StatusCode::CREATED {
        let now = world.now;
        world.vercel.project.rollback_description = Some((query.description.unwrap_or_default(), now));
    }
    answer
}

pub(super) async fn promote(
    State(shared): State<Shared>,
    Path((_, project, deployment)): Path<(String, String, String)>,
) -> Response {
    let mut world = shared.world();
    if let Some(answer) = queued(&mut world, &deployment) {
        return answer;
    }
    let answer = point(&mut world, "promote", &project, &deployment);
    if answer.status() == StatusCode::CREATED {
        world.vercel.project.rollback_description = None;
    }
    answer
}

/// A promotion while a rolling release is under way waits for its end: 202.
fn queued(world: &mut World, deployment: &str) -> Option<Response> {
    let id = world.vercel.deployment(deployment)?.id.clone();
    let active = world.vercel.project.rolling_release.as_mut().filter(|one| one.state == "ACTIVE")?;
    active.queued = Some(id);
    Some(StatusCode::ACCEPTED.into_response())
}

/// Accepts a move of the production pointer: 201 and an empty body, done later.
fn point(world: &mut World, kind: &'static str, project: &str, deployment: &str) -> Response {
    if !is_project(&world.vercel, project) {
        return missing("Project");
    }
    let now = world.now;
    let Some(one) = world.vercel.deployment(deployment) else { return missing("Deployment") };
    if !world.vercel.is_production(one.env) || one.state(now) != "READY" || (kind == "rollback" && !one.promoted) {
        let text = format!("Deployment {deployment} cannot be the target of a {kind}");
        return error(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable_entity", &text);
    }
    let id = one.id.clone();
    if kind == "promote" && world.vercel.verdict(&id, "deployment-promotion", now).0 != Verdict::Passed {
        let text = format!("Deployment {deployment} is held by its checks");
        return error(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable_entity", &text);
    }
    let live = world.vercel.live_production().is_some_and(|live| live.id == id);
    // The rollback to what most visitors get is how a rolling release is ended without the new one.
    if kind == "rollback" && world.vercel.rolling().is_some() {
        world.vercel.end_rolling("ABORTED", now);
        world.vercel.project.auto_assign = false;
        if live {
            return StatusCode::CREATED.into_response();
        }
    }
    if kind == "promote" && world.vercel.project.rolling_config.is_some() && !live {
        world.vercel.start_rolling(&id, now);
        return StatusCode::CREATED.into_response();
    }
    if live {
        return error(StatusCode::CONFLICT, "conflict", "Deployment is already the current production deployment");
    }
    if kind == "rollback" && world.vercel.plan == "hobby" && previous(&world.vercel, now) != Some(id.as_str()) {
        let text = "Upgrade to Pro to roll back further than to the previous production deployment";
        return error(StatusCode::PAYMENT_REQUIRED, "payment_required", text);
    }
    world.vercel.move_aliases(kind, &id, now);
    StatusCode::CREATED.into_response()
}

/// The production deployment that served before the present one.
fn previous(vercel: &VercelWorld, now: Timestamp) -> Option<&str> {
    let live = vercel.live_production()?;
    let served = vercel.deployments.iter().filter(|one| vercel.is_production(one.env) && one.promoted);
    let before = served.filter(|one| one.created_at < live.created_at && one.state(now) == "READY");
    before.max_by_key(|one| one.created_at).map(|one| one.id.as_str())
}

pub(super) async fn deployment_aliases(
    State(shared): State<Shared>,
    Path((_, id)): Path<(String, String)>,
) -> Response {
    let world = shared.world();
    let Some(one) = world.vercel.deployment(&id) else { return missing("Deployment") };
    let mine = world.vercel.aliases.iter().filter(|alias| alias.deployment == one.id);
    let all: Vec<Value> = mine
        .map(|alias| json!({"uid": alias.uid, "alias": alias.alias, "created": alias.updated_at, "redirect": null}))
        .collect();
    Json(json!({"aliases": all})).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assign {
    alias: String,
    #[serde(default)]
    redirect: Option<String>,
}

/// Points one domain at a deployment at once: no job, no pin.
pub(super) async fn assign(
    State(shared): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    body: Result<Json<Assign>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let Ok(Json(Assign { alias, redirect: None })) = body else {
        return error(StatusCode::BAD_REQUEST, "bad_request", "Invalid request: `alias` is a required string");
    };
    let mut world = shared.world();
    let now = world.now;
    let Some(one) = world.vercel.deployment(&id) else { return missing("Deployment") };
    if one.state(now) != "READY" {
        return error(StatusCode::BAD_REQUEST, "deployment_not_ready", "The deployment is not READY");
    }
    let id = one.id.clone();
    let Some(known) = world.vercel.aliases.iter_mut().find(|known| known.alias == alias) else {
        let text = format!("You don't have access to the domain {alias}");
        return error(StatusCode::FORBIDDEN, "forbidden", &text);
    };
    if known.deployment == id {
        return error(StatusCode::CONFLICT, "not_modified", "The alias is already assigned to the deployment");
    }
    let old = std::mem::replace(&mut known.deployment, id);
    known.updated_at = now;
    Json(json!({"uid": known.uid, "alias": alias, "created": now, "oldDeploymentId": old})).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AliasQuery {
    project_id: Option<String>,
    domain: Option<String>,
    limit: Option<usize>,
    /// Where a page before this one ended, as it said in `next`.
    until: Option<usize>,
}

pub(super) async fn aliases(State(shared): State<Shared>, Query(query): Query<AliasQuery>) -> Response {
    let world = shared.world();
    if query.project_id.as_deref().is_some_and(|id| !is_project(&world.vercel, id)) {
        return missing("Project");
    }
    let chosen = world.vercel.aliases.iter().filter(|one| !one.deployment.is_empty());
    let chosen = chosen.filter(|one| query.domain.as_deref().is_none_or(|domain| domain == one.alias));
    let (from, limit) = (query.until.unwrap_or_default(), query.limit.unwrap_or(20).clamp(1, 100));
    let mut rest = chosen.skip(from).peekable();
    let all: Vec<Value> = rest.by_ref().take(limit).map(|one| alias_json(&world.vercel, one)).collect();
    let next = rest.peek().map(|_| from + limit);
    let page = json!({"count": all.len(), "next": next, "prev": null});
    Json(json!({"aliases": all, "pagination": page})).into_response()
}

pub(super) async fn alias(State(shared): State<Shared>, Path((_, name)): Path<(String, String)>) -> Response {
    let world = shared.world();
    let mut served = world.vercel.aliases.iter().filter(|alias| !alias.deployment.is_empty());
    match served.find(|alias| alias.alias == name || alias.uid == name) {
        Some(found) => Json(alias_json(&world.vercel, found)).into_response(),
        None => missing("Alias"),
    }
}
