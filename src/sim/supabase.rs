//! Supabase's management API: profile, projects, health, migrations, secrets, logs (docs/platforms/supabase.md sections 2 and 3).

mod branches;
mod condition;
mod guard;
mod network;
mod rows;
mod settings;

use axum::extract::{Path, Query, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware, routing};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::Shared;
use super::world::World;
use super::world::ids;
use super::world::supabase::{SupabaseProject, SupabaseSecret};
use super::world::traffic::LogLine;

use rows::Selected;

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
        .route("/v1/projects/{reference}/secrets", routing::get(secrets).post(set_secrets).delete(remove_secrets))
        .route("/v1/projects/{reference}/database/backups", routing::get(settings::backups))
        .route("/v1/projects/{reference}/advisors/{kind}", routing::get(condition::advisors))
        .route("/v1/projects/{reference}/readonly", routing::get(condition::read_only))
        .route("/v1/projects/{reference}/config/disk/util", routing::get(condition::disk))
        .route("/v1/projects/{reference}/upgrade/status", routing::get(condition::upgrade))
        .route("/v1/projects/{reference}/ssl-enforcement", routing::get(network::enforcement).put(network::enforce))
        .route(
            "/v1/projects/{reference}/network-restrictions",
            routing::get(network::restrictions).patch(network::patch),
        )
        .route("/v1/projects/{reference}/network-restrictions/apply", routing::post(network::apply))
        .route("/v1/projects/{reference}/database/query/read-only", routing::post(rows::read_only))
        .merge(branches::routes())
        .route("/v1/projects/{reference}/functions", routing::get(condition::functions))
        .route("/v1/projects/{reference}/postgrest", routing::get(settings::data_api))
        .route("/v1/projects/{reference}/api-keys", routing::get(settings::api_keys))
        .route("/v1/projects/{reference}/analytics/endpoints/{endpoint}", routing::get(logs))
        .method_not_allowed_fallback(async || error(StatusCode::NOT_FOUND, "Not Found"))
        .fallback(async || error(StatusCode::NOT_FOUND, "Not Found"))
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared)
}

fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"message": message}))).into_response()
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
                let coming = project.coming_up.iter().any(|one| one == name);
                let status = match wrong {
                    Some(_) => "UNHEALTHY",
                    None if coming => "COMING_UP",
                    None => "ACTIVE_HEALTHY",
                };
                let mut row = json!({"name": name, "healthy": wrong.is_none() && !coming, "status": status});
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
        // The platform's own entries are in the list too.
        let url = ids::sha256(&format!("https://{}.supabase.co", project.reference));
        let own = json!({"name": "SUPABASE_URL", "value": url, "updated_at": project.created_at});
        let set = project.secrets.iter();
        let set = set.map(|one| json!({"name": one.name, "value": one.digest, "updated_at": one.updated_at}));
        Json(std::iter::once(own).chain(set).collect::<Vec<_>>()).into_response()
    })
}

/// A secret as it is set.
#[derive(Deserialize)]
struct NewSecret {
    name: String,
    value: String,
}

/// Longest name and value.
const SECRET: (usize, usize) = (256, 24_576);

/// 201 without a body (docs/platforms/supabase.md section 3.4).
async fn set_secrets(State(shared): State<Shared>, Path(reference): Path<String>, body: String) -> Response {
    let Ok(asked) = serde_json::from_str::<Vec<NewSecret>>(&body) else {
        return error(StatusCode::BAD_REQUEST, "Expected an array of secrets");
    };
    let fits = |one: &NewSecret| one.name.len() <= SECRET.0 && one.value.len() <= SECRET.1;
    if asked.iter().any(|one| one.name.is_empty() || one.name.starts_with("SUPABASE_") || !fits(one)) {
        return error(
            StatusCode::BAD_REQUEST,
            "Secret names must not start with SUPABASE_ and have 1 to 256 characters",
        );
    }
    let mut world = shared.world();
    let now = world.now;
    let Some(project) = world.supabase.projects.iter_mut().find(|one| one.reference == reference) else {
        return error(StatusCode::BAD_REQUEST, "Resource has been removed");
    };
    for one in asked {
        let digest = ids::sha256(&one.value);
        project.secrets.retain(|held| held.name != one.name);
        project.secrets.push(SupabaseSecret { name: one.name, digest, updated_at: now });
    }
    StatusCode::CREATED.into_response()
}

/// 200 without a body; names that are not there are none of its business.
async fn remove_secrets(State(shared): State<Shared>, Path(reference): Path<String>, body: String) -> Response {
    let Ok(names) = serde_json::from_str::<Vec<String>>(&body) else {
        return error(StatusCode::BAD_REQUEST, "Expected an array of names");
    };
    let mut world = shared.world();
    let Some(project) = world.supabase.project_mut(&reference) else {
        return error(StatusCode::BAD_REQUEST, "Resource has been removed");
    };
    project.secrets.retain(|held| !names.contains(&held.name));
    StatusCode::OK.into_response()
}

#[derive(Deserialize)]
struct Window {
    iso_timestamp_start: Option<String>,
    iso_timestamp_end: Option<String>,
    sql: Option<String>,
}

/// A bound of a window: none given, or one that ends in `Z`; any other offset is refused (`None`).
fn bound(text: Option<String>) -> Option<Option<Timestamp>> {
    let Some(text) = text else { return Some(None) };
    text.strip_suffix('Z')?;
    text.parse().ok().map(Some)
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
    let (Some(start), Some(end)) = (bound(window.iso_timestamp_start), bound(window.iso_timestamp_end)) else {
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
    // Without a query the columns are those that every source has.
    let sql = window.sql.unwrap_or_else(|| "select * from logs".to_owned());
    let selected = match Selected::read(&sql, ROWS) {
        Ok(selected) => selected,
        Err(message) => return Json(json!({"error": {"message": message}, "result": []})).into_response(),
    };
    with(&world, &reference, |project| {
        // Windows are rounded to the minute.
        let end = end + SignedDuration::from_mins(1);
        let here = selected.source.as_deref().is_none_or(|source| source == "postgres_logs");
        let within = |line: &&LogLine| here && line.at >= start && line.at <= end;
        let rows: Vec<Value> = if selected.ascending {
            project.logs.iter().filter(within).take(selected.limit).map(|line| selected.row(line)).collect()
        } else {
            project.logs.iter().rev().filter(within).take(selected.limit).map(|line| selected.row(line)).collect()
        };
        Json(json!({"result": rows})).into_response()
    })
}
