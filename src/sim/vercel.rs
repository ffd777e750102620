//! Vercel's REST API: user, project, deployments, build and runtime logs, the production pointer, aliases, domains and
//! variables (vercel.md sections 1 to 8). The version is in the path, and any `vN` is taken.

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::Shared;
use super::vercel_json::{deployment_json, project_json};
use super::world::vercel::VercelWorld;
use super::world::{Env, World};
use super::{stream, vercel_json};

/// The origin's routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/{v}/user", routing::get(user))
        .route("/{v}/teams", routing::get(teams))
        .route("/{v}/projects", routing::get(projects))
        .route("/{v}/projects/{id}", routing::get(project))
        .route("/{v}/projects/{id}/domains", routing::get(domains))
        .route("/{v}/projects/{id}/env", routing::get(variables))
        .route("/{v}/projects/{id}/rollback/aliases", routing::get(outcomes))
        .route("/{v}/projects/{id}/promote/aliases", routing::get(outcomes))
        .route("/{v}/projects/{id}/rollback/{deployment}", routing::post(rollback))
        .route("/{v}/projects/{id}/promote/{deployment}", routing::post(promote))
        .route("/{v}/projects/{id}/deployments/{deployment}/runtime-logs", routing::get(runtime_logs))
        .route("/{v}/deployments", routing::get(deployments))
        .route("/{v}/deployments/{id}", routing::get(deployment))
        .route("/{v}/deployments/{id}/events", routing::get(events))
        .route("/{v}/deployments/{id}/aliases", routing::get(deployment_aliases))
        .route("/{v}/aliases", routing::get(aliases))
        .route("/{v}/aliases/{alias}", routing::get(alias))
        .layer(middleware::from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

/// An error as Vercel writes it.
fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"error": {"code": code, "message": message}}))).into_response()
}

fn missing(what: &str) -> Response {
    error(StatusCode::NOT_FOUND, "not_found", &format!("{what} not found"))
}

/// Token and team; the personal scope owns nothing.
async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let (known, team, slug) = {
        let world = shared.world();
        let vercel = &world.vercel;
        (vercel.token == token, format!("teamId={}", vercel.team_id), format!("slug={}", vercel.team_slug))
    };
    if !known {
        let body = json!({"error": {"code": "forbidden", "message": "Not authorized", "invalidToken": true}});
        return (StatusCode::FORBIDDEN, Json(body)).into_response();
    }
    let query = request.uri().query().unwrap_or_default();
    let scoped = query.split('&').any(|pair| pair == team || pair == slug);
    let personal = request.uri().path().ends_with("/user") || request.uri().path().ends_with("/teams");
    if !scoped && !personal {
        let foreign = query.split('&').any(|pair| pair.starts_with("teamId=") || pair.starts_with("slug="));
        return if foreign {
            error(StatusCode::FORBIDDEN, "team_unauthorized", "You are not a member of this team")
        } else {
            missing("Resource")
        };
    }
    let mut response = next.run(request).await;
    let id = HeaderValue::from_str(&format!("iad1::{}", uuid::Uuid::now_v7().simple()));
    if let Ok(id) = id {
        response.headers_mut().insert(HeaderName::from_static("x-vercel-id"), id);
    }
    response
}

fn is_project(vercel: &VercelWorld, id: &str) -> bool {
    vercel.project.id == id || vercel.project.name == id
}

async fn user(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let (name, team) = (&world.vercel.username, &world.vercel.team_id);
    let email = format!("{name}@acme.dev");
    Json(json!({"user": {"id": "u1", "username": name, "email": email, "name": name, "defaultTeamId": team}}))
}

async fn teams(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let team = json!({"id": world.vercel.team_id, "slug": world.vercel.team_slug, "name": "Acme"});
    Json(json!({"teams": [team], "pagination": {"count": 1, "next": null, "prev": null}}))
}

async fn projects(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let one = project_json(&world);
    Json(json!({"projects": [one], "pagination": {"count": 1, "next": null, "prev": null}}))
}

async fn project(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    if is_project(&world.vercel, &id) { Json(project_json(&world)).into_response() } else { missing("Project") }
}

async fn domains(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    let all: Vec<Value> = world.vercel.aliases.iter().map(|alias| vercel_json::domain(&world.vercel, alias)).collect();
    let page = json!({"count": all.len(), "next": null, "prev": null});
    Json(json!({"domains": all, "pagination": page})).into_response()
}

/// `production`, or one of the names that staging goes by.
fn environment(target: &str) -> Option<Env> {
    match target {
        "production" => Some(Env::Production),
        "preview" | "staging" => Some(Env::Staging),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    target: Option<String>,
    project_id: Option<String>,
    state: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
    limit: Option<usize>,
    sha: Option<String>,
    rollback_candidate: Option<bool>,
}

async fn variables(
    State(shared): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<ListQuery>,
) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    let wanted = query.target.as_deref().map(environment);
    let chosen = world.vercel.env.iter().filter(|one| wanted.is_none_or(|wanted| wanted == Some(one.env)));
    let all: Vec<Value> = chosen.map(|one| vercel_json::variable(&world.vercel, one)).collect();
    Json(json!({"envs": all})).into_response()
}

async fn deployments(State(shared): State<Shared>, Query(query): Query<ListQuery>) -> Response {
    let world = shared.world();
    if query.project_id.as_deref().is_some_and(|id| !is_project(&world.vercel, id)) {
        return missing("Project");
    }
    let wanted = query.target.as_deref().map(environment);
    let limit = query.limit.unwrap_or(20).clamp(1, 100);
    let now = world.now;
    let mut chosen: Vec<_> = world
        .vercel
        .deployments
        .iter()
        .rev()
        .filter(|one| wanted.is_none_or(|wanted| wanted == Some(one.env)))
        .filter(|one| query.state.as_deref().is_none_or(|list| list.split(',').any(|state| state == one.state(now))))
        .filter(|one| query.since.is_none_or(|since| one.created_at.as_millisecond() > since))
        .filter(|one| query.until.is_none_or(|until| one.created_at.as_millisecond() < until))
        .filter(|one| query.sha.as_deref().is_none_or(|sha| world.sha(one.commit) == sha))
        .filter(|one| query.rollback_candidate.is_none_or(|asked| asked == vercel_json::candidate(&world, one)))
        .collect();
    chosen.sort_by_key(|one| std::cmp::Reverse(one.created_at));
    let next = chosen.get(limit).and_then(|_| chosen.get(limit - 1)).map(|one| one.created_at.as_millisecond());
    chosen.truncate(limit);
    let prev = chosen.first().map(|one| one.created_at.as_millisecond());
    let all: Vec<Value> = chosen.into_iter().map(|one| deployment_json(&world, one, true)).collect();
    let page = json!({"count": all.len(), "next": next, "prev": prev});
    Json(json!({"deployments": all, "pagination": page})).into_response()
}

async fn deployment(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    match world.vercel.deployment(&id) {
        Some(one) => Json(deployment_json(&world, one, false)).into_response(),
        None => missing("Deployment"),
    }
}

#[derive(Deserialize)]
struct EventsQuery {
    since: Option<i64>,
    follow: Option<String>,
    format: Option<String>,
}

async fn events(
    State(shared): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<EventsQuery>,
) -> Response {
    let mut since = query.since.unwrap_or(i64::MIN);
    let all = {
        let world = shared.world();
        let Some(one) = world.vercel.deployment(&id) else { return missing("Deployment") };
        vercel_json::events(&world, one, since)
    };
    let follow = query.follow.is_some_and(|follow| follow != "0");
    if !follow && query.format.as_deref() != Some("lines") {
        return Json(all).into_response();
    }
    stream::lines(shared, move |world| {
        let Some(one) = world.vercel.deployment(&id) else { return (Vec::new(), true) };
        let all = vercel_json::events(world, one, since);
        let last = all.iter().filter_map(|event| event.get("created")?.as_i64()).max();
        // `since` is inclusive for readers, so the next one starts a millisecond later.
        since = last.map_or(since, |last| last + 1);
        let over = matches!(one.state(world.now), "READY" | "ERROR" | "CANCELED");
        (all, over || !follow)
    })
}

async fn runtime_logs(
    State(shared): State<Shared>,
    Path((_, project, deployment)): Path<(String, String, String)>,
) -> Response {
    let mut after: Timestamp = {
        let world = shared.world();
        if !is_project(&world.vercel, &project) || world.vercel.deployment(&deployment).is_none() {
            return missing("Deployment");
        }
        world.now
    };
    stream::lines(shared, move |world| {
        let fresh: Vec<_> = world.vercel.logs.iter().rev().take_while(|line| line.at > after).collect();
        after = fresh.first().map_or(after, |line| line.at);
        let mine = fresh.into_iter().rev().filter(|line| line.instance == deployment);
        (mine.map(|line| vercel_json::runtime_line(world, line)).collect(), false)
    })
}

async fn outcomes(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    let Some(request) = &world.vercel.project.last_alias_request else { return Json(json!({})).into_response() };
    let all: Vec<Value> = request
        .aliases
        .iter()
        .map(|step| {
            let status = match (step.at <= world.now, step.fails) {
                (false, _) => "pending",
                (true, true) => "failed",
                (true, false) => "completed",
            };
            let alias = json!({"alias": step.alias, "deploymentId": request.to});
            json!({"id": step.alias, "status": status, "alias": alias})
        })
        .collect();
    let page = json!({"count": all.len(), "next": null, "prev": null});
    Json(json!({"aliases": all, "pagination": page})).into_response()
}

#[derive(Deserialize)]
struct RollbackQuery {
    description: Option<String>,
}

async fn rollback(
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

async fn promote(
    State(shared): State<Shared>,
    Path((_, project, deployment)): Path<(String, String, String)>,
) -> Response {
    let mut world = shared.world();
    let answer = point(&mut world, "promote", &project, &deployment);
    if answer.status() == StatusCode::CREATED {
        world.vercel.project.rollback_description = None;
    }
    answer
}

/// Accepts a move of the production pointer: 201 and an empty body, done later.
fn point(world: &mut World, kind: &'static str, project: &str, deployment: &str) -> Response {
    if !is_project(&world.vercel, project) {
        return missing("Project");
    }
    let now = world.now;
    let Some(one) = world.vercel.deployment(deployment) else { return missing("Deployment") };
    if one.env != Env::Production || one.state(now) != "READY" || (kind == "rollback" && !one.promoted) {
        let text = format!("Deployment {deployment} cannot be the target of a {kind}");
        return error(StatusCode::UNPROCESSABLE_ENTITY, "unprocessable_entity", &text);
    }
    if world.vercel.live(Env::Production).is_some_and(|live| live.id == one.id) {
        return error(StatusCode::CONFLICT, "conflict", "Deployment is already the current production deployment");
    }
    let id = one.id.clone();
    world.vercel.move_aliases(kind, &id, now);
    StatusCode::CREATED.into_response()
}

async fn deployment_aliases(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    let Some(one) = world.vercel.deployment(&id) else { return missing("Deployment") };
    let mine = world.vercel.aliases.iter().filter(|alias| alias.deployment == one.id);
    let all: Vec<Value> = mine
        .map(|alias| json!({"uid": alias.uid, "alias": alias.alias, "created": alias.updated_at, "redirect": null}))
        .collect();
    Json(json!({"aliases": all})).into_response()
}

async fn aliases(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let all: Vec<Value> = world.vercel.aliases.iter().map(|alias| vercel_json::alias(&world.vercel, alias)).collect();
    let page = json!({"count": all.len(), "next": null, "prev": null});
    Json(json!({"aliases": all, "pagination": page}))
}

async fn alias(State(shared): State<Shared>, Path((_, name)): Path<(String, String)>) -> Response {
    let world = shared.world();
    match world.vercel.aliases.iter().find(|alias| alias.alias == name || alias.uid == name) {
        Some(found) => Json(vercel_json::alias(&world.vercel, found)).into_response(),
        None => missing("Alias"),
    }
}
