//! Fly's web API: logs, the release routes, and GraphQL (docs/platforms/fly.md sections 5 and 8).

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware, routing};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::auth::{self, Scheme, error};
use super::graphql;
use super::lookup::with_app;
use crate::sim::shared::Shared;
use crate::sim::world::fly::FlyRelease;
use crate::sim::world::traffic::LogLine;

/// Lines of one page of the log.
const PAGE: usize = 100;

/// The origin's routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/graphql", routing::post(graphql))
        .route("/api/v1/apps/{app}/logs", routing::get(logs))
        .route("/api/v1/apps/{app}/releases", routing::get(releases))
        .route("/api/v1/apps/{app}/releases/current", routing::get(current))
        .route("/api/v1/releases/all_current", routing::get(all_current))
        .route("/api/v1/releases", routing::post(create))
        .route("/api/v1/releases/{id}", routing::patch(patch))
        .method_not_allowed_fallback(auth::wrong_method)
        .layer(middleware::from_fn(auth::stamp))
        .with_state(shared)
}

async fn graphql(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    if let Err(refused) = auth::check(&shared, &headers, Scheme::Either) {
        return *refused;
    }
    let answer = graphql::answer(&mut shared.world(), &body);
    Json(answer).into_response()
}

#[derive(Deserialize)]
struct LogQuery {
    next_token: Option<String>,
    instance: Option<String>,
    region: Option<String>,
}

async fn logs(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    Query(query): Query<LogQuery>,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = auth::check(&shared, &headers, Scheme::Strict) {
        return *refused;
    }
    let after: Option<i128> = match query.next_token.as_deref().filter(|token| !token.is_empty()).map(str::parse) {
        Some(Err(_)) => return error(StatusCode::BAD_REQUEST, "invalid next_token"),
        Some(Ok(after)) => Some(after),
        None => None,
    };
    let world = shared.world();
    with_app(&world, &name, |app| {
        let wanted = |line: &&LogLine| {
            query.instance.as_deref().is_none_or(|one| one.is_empty() || one == line.instance)
                && query.region.as_deref().is_none_or(|one| one.is_empty() || one == line.region)
        };
        let lines: Vec<&LogLine> = match after {
            Some(after) => {
                let from = app.logs.partition_point(|line| line.at.as_nanosecond() <= after);
                app.logs.range(from..).filter(wanted).take(PAGE).collect()
            }
            None => {
                let mut newest: Vec<&LogLine> = app.logs.iter().rev().filter(wanted).take(PAGE).collect();
                newest.reverse();
                newest
            }
        };
        let last = lines.last().map(|line| line.at.as_nanosecond()).or(after);
        let token = last.map_or_else(String::new, |last| last.to_string());
        let data: Vec<Value> = lines.into_iter().map(log_json).collect();
        Json(json!({"data": data, "meta": {"next_token": token}})).into_response()
    })
}

fn log_json(line: &LogLine) -> Value {
    let mut meta = json!({
        "instance": line.instance,
        "region": line.region,
        "event": {"provider": line.provider},
    });
    if let Some((method, path, status)) = line.request {
        meta["http"] = json!({"request": {"method": method}, "response": {"status_code": status}});
        meta["url"] = json!({"full": path});
    }
    json!({"id": line.id, "type": "log", "attributes": {
        "timestamp": line.at,
        "message": line.message,
        "level": line.level,
        "instance": line.instance,
        "region": line.region,
        "meta": meta,
    }})
}

/// A release as the REST routes write it.
fn release_json(release: &FlyRelease) -> Value {
    json!({
        "id": release.id,
        "version": release.version,
        "stable": release.status == "complete",
        "in_progress": matches!(release.status.as_str(), "pending" | "running"),
        "status": release.status,
        "strategy": release.strategy,
        "user": release.user,
        "created_at": release.created_at,
        "image_ref": release.image_ref,
    })
}

#[derive(Deserialize)]
struct Limit {
    limit: Option<usize>,
}

async fn releases(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    Query(query): Query<Limit>,
    headers: HeaderMap,
) -> Response {
    if let Err(refused) = auth::check(&shared, &headers, Scheme::Either) {
        return *refused;
    }
    let world = shared.world();
    with_app(&world, &name, |app| {
        let newest = app.listed(world.now).rev().take(query.limit.unwrap_or(25));
        Json(json!({"releases": newest.map(release_json).collect::<Vec<_>>()})).into_response()
    })
}

async fn current(State(shared): State<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refused) = auth::check(&shared, &headers, Scheme::Either) {
        return *refused;
    }
    let world = shared.world();
    with_app(&world, &name, |app| match app.listed(world.now).next_back() {
        Some(release) => Json(release_json(release)).into_response(),
        None => error(StatusCode::NOT_FOUND, "release not found"),
    })
}

async fn all_current(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Err(refused) = auth::check(&shared, &headers, Scheme::Either) {
        return *refused;
    }
    let world = shared.world();
    let all: Map<String, Value> = world
        .fly
        .apps
        .iter()
        .filter_map(|app| Some((app.name.clone(), json!(app.listed(world.now).next_back()?.created_at))))
        .collect();
    Json(Value::Object(all)).into_response()
}

#[derive(Deserialize)]
struct Create {
    app_name: String,
    image: String,
    strategy: Option<String>,
    #[serde(default)]
    definition: Value,
}

async fn create(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    if let Err(refused) = auth::check(&shared, &headers, Scheme::Either) {
        return *refused;
    }
    let asked: Create = match serde_json::from_str(&body) {
        Ok(asked) => asked,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &wrong.to_string()),
    };
    let mut world = shared.world();
    let (seed, now) = (world.seed, world.now);
    let user = format!("{}@acme.dev", world.github.login);
    let Some(app) = world.fly.app_mut(&asked.app_name) else {
        return error(StatusCode::NOT_FOUND, "app not found");
    };
    let strategy = asked.strategy.unwrap_or_else(|| "ROLLING".to_owned()).to_uppercase();
    let row = app.add_release(seed, &asked.image, &strategy, &user, now);
    if let Some(release) = app.releases.get_mut(row) {
        release.definition = asked.definition;
    }
    let release = app.releases.get(row).map(release_json);
    (StatusCode::CREATED, Json(json!({"release": release}))).into_response()
}

#[derive(Deserialize)]
struct Patch {
    status: Option<String>,
    #[serde(default)]
    metadata: Value,
}

async fn patch(State(shared): State<Shared>, Path(id): Path<String>, headers: HeaderMap, body: String) -> Response {
    if let Err(refused) = auth::check(&shared, &headers, Scheme::Either) {
        return *refused;
    }
    let asked: Patch = match serde_json::from_str(&body) {
        Ok(asked) => asked,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &wrong.to_string()),
    };
    let mut world = shared.world();
    let mut all = world.fly.apps.iter_mut().flat_map(|app| &mut app.releases);
    let Some(release) = all.find(|release| release.id == id) else {
        return error(StatusCode::NOT_FOUND, "release not found");
    };
    if let Some(status) = asked.status {
        release.status = status;
    }
    if !asked.metadata.is_null() {
        release.metadata = asked.metadata;
    }
    Json(release_json(release)).into_response()
}
