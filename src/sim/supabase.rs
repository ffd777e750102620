//! Supabase's management API: profile, projects, health, migrations, secrets, logs (supabase.md sections 2 and 3).

use axum::extract::{Path, Query, RawQuery, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::Shared;
use super::world::World;
use super::world::supabase::SupabaseProject;

/// Requests per minute and project.
const LIMIT: u64 = 120;
/// Rows of one log answer.
const ROWS: usize = 1_000;
/// The longest window of a log query.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// The origin's routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v1/profile", routing::get(profile))
        .route("/v1/projects", routing::get(projects))
        .route("/v1/projects/{reference}", routing::get(project))
        .route("/v1/projects/{reference}/health", routing::get(health))
        .route("/v1/projects/{reference}/database/migrations", routing::get(migrations))
        .route("/v1/projects/{reference}/secrets", routing::get(secrets))
        .route("/v1/projects/{reference}/analytics/endpoints/{endpoint}", routing::get(logs))
        .layer(middleware::from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"message": message}))).into_response()
}

/// Token and the three rate headers of every answer.
async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let known = token.is_some_and(|token| token == shared.world().supabase.token);
    let mut response = if known { next.run(request).await } else { error(StatusCode::UNAUTHORIZED, "Unauthorized") };
    let reset = 60 - shared.now().as_second().rem_euclid(60);
    let stamps = [("limit", LIMIT.to_string()), ("remaining", (LIMIT - 1).to_string()), ("reset", reset.to_string())];
    for (name, value) in stamps {
        let name = HeaderName::try_from(format!("x-ratelimit-{name}"));
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Runs on a project, or answers as the platform does for one that is not there.
fn with(world: &World, reference: &str, then: impl FnOnce(&SupabaseProject) -> Response) -> Response {
    world.supabase.project(reference).map_or_else(|| error(StatusCode::BAD_REQUEST, "Resource has been removed"), then)
}

async fn profile(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let name = &world.github.login;
    Json(json!({"gotrue_id": "5b1c", "primary_email": format!("{name}@acme.dev"), "username": name}))
}

fn project_json(world: &World, project: &SupabaseProject) -> Value {
    json!({
        "id": project.reference,
        "ref": project.reference,
        "organization_id": world.supabase.org,
        "organization_slug": world.supabase.org,
        "name": project.name,
        "region": project.region,
        "status": project.status,
        "created_at": project.created_at,
        "database": {
            "host": format!("db.{}.supabase.co", project.reference),
            "version": "17.6.1.021",
            "postgres_engine": "17",
            "release_channel": "ga",
        },
    })
}

async fn projects(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    Json(world.supabase.projects.iter().map(|project| project_json(&world, project)).collect())
}

async fn project(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let world = shared.world();
    with(&world, &reference, |project| Json(project_json(&world, project)).into_response())
}

async fn health(State(shared): State<Shared>, Path(reference): Path<String>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let named = pairs.filter(|(key, _)| matches!(*key, "services" | "services%5B%5D"));
    let asked: Vec<&str> = named.flat_map(|(_, value)| value.split("%2C").flat_map(|one| one.split(','))).collect();
    if asked.is_empty() {
        return error(StatusCode::BAD_REQUEST, "services: Required");
    }
    let world = shared.world();
    with(&world, &reference, |project| {
        let chosen = project.services.iter().filter(|(name, _)| asked.contains(name));
        let all: Vec<Value> = chosen
            .map(|(name, wrong)| {
                let status = if wrong.is_none() { "ACTIVE_HEALTHY" } else { "UNHEALTHY" };
                let mut row = json!({"name": name, "healthy": wrong.is_none(), "status": status});
                if let Some(wrong) = wrong {
                    row["error"] = json!(wrong);
                }
                row
            })
            .collect();
        // 200 even when nothing is well.
        Json(all).into_response()
    })
}

async fn migrations(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let world = shared.world();
    with(&world, &reference, |project| {
        let all = project.migrations.iter().map(|one| json!({"version": one.version, "name": one.name}));
        Json(all.collect::<Vec<_>>()).into_response()
    })
}

async fn secrets(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let world = shared.world();
    with(&world, &reference, |project| {
        let own = json!({"name": "SUPABASE_URL", "value": "0".repeat(64)});
        let set = project.secrets.iter();
        let set = set.map(|one| json!({"name": one.name, "value": one.digest, "updated_at": one.updated_at}));
        Json(std::iter::once(own).chain(set).collect::<Vec<_>>()).into_response()
    })
}

#[derive(Deserialize)]
struct Window {
    iso_timestamp_start: Option<String>,
    iso_timestamp_end: Option<String>,
    sql: Option<String>,
}

async fn logs(
    State(shared): State<Shared>,
    Path((reference, endpoint)): Path<(String, String)>,
    Query(window): Query<Window>,
) -> Response {
    if !matches!(endpoint.as_str(), "logs" | "logs.all") {
        return error(StatusCode::NOT_FOUND, "Not Found");
    }
    let world = shared.world();
    let time = |text: &Option<String>| text.as_deref().map(str::parse::<Timestamp>).transpose();
    let (Ok(start), Ok(end)) = (time(&window.iso_timestamp_start), time(&window.iso_timestamp_end)) else {
        return error(StatusCode::BAD_REQUEST, "iso_timestamp_start: Invalid datetime");
    };
    let end = end.unwrap_or(world.now);
    let start = start.unwrap_or(end - SignedDuration::from_mins(1));
    // Errors of a query come inside a 200.
    if end.duration_since(start) > WINDOW {
        return Json(json!({"error": "the time range is longer than 24 hours", "result": []})).into_response();
    }
    if window.sql.as_deref().is_some_and(str::is_empty) {
        return Json(json!({"error": {"message": "empty query"}, "result": []})).into_response();
    }
    with(&world, &reference, |project| {
        // Windows are rounded to the minute.
        let end = end + SignedDuration::from_mins(1);
        let newest = project.logs.iter().rev().filter(|line| line.at >= start && line.at <= end).take(ROWS);
        let rows: Vec<Value> = newest
            .map(|line| {
                let severity = match line.level {
                    "error" => "ERROR",
                    "warn" => "WARNING",
                    _ => "LOG",
                };
                json!({
                    "id": line.id,
                    "timestamp": line.at.as_microsecond(),
                    "event_message": line.message,
                    "severity_text": severity,
                    "source": "postgres_logs",
                })
            })
            .collect();
        Json(json!({"result": rows})).into_response()
    })
}
