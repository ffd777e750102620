//! Paged history of runtime lines (docs/platforms/vercel.md section 5): a cursor, and 413 when a page would be too large.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{error, is_project};
use crate::sim::shared::Shared;
use crate::sim::world::traffic::LogLine;

/// Rows of a page from which on it is too large.
const TOO_LARGE: usize = 400;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    event: String,
    scope: Scope,
    time_range: Range,
    select: Vec<String>,
    order: String,
    limit: usize,
    filter: Option<String>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Scope {
    owner_id: String,
    #[serde(default)]
    project_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Range {
    start: Timestamp,
    end: Timestamp,
}

/// The value of one condition of the filter language: `deploymentId:"dpl_x"`.
fn condition<'a>(filter: &'a str, name: &str) -> Option<&'a str> {
    let rest = filter.split(&format!("{name}:\"")).nth(1)?;
    rest.split('"').next()
}

fn row(line: &LogLine) -> Value {
    let (method, path, _) = line.request.unwrap_or(("", "", 0));
    json!({
        "timestamp": line.at,
        "level": if line.level == "warn" { "warning" } else { line.level },
        "message": line.message,
        "source": line.provider,
        "requestId": format!("req_{}", line.id),
        "deploymentId": line.instance,
        "environment": "production",
        "requestMethod": method,
        "requestPath": path,
    })
}

pub(super) async fn events(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Result<Json<Asked>, JsonRejection>,
) -> Response {
    let bad = |text: &str| error(StatusCode::BAD_REQUEST, "bad_request", text);
    let Ok(Json(asked)) = body else { return bad("Invalid request: the query is not complete") };
    let world = shared.world();
    let own = asked.scope.project_ids.iter().all(|id| is_project(&world.vercel, id));
    if asked.scope.owner_id != world.vercel.team_id || !own {
        return error(StatusCode::FORBIDDEN, "forbidden", "Not authorized");
    }
    let known = matches!(asked.event.as_str(), "vercel.log" | "vercel.proxy_response");
    let sound = matches!(asked.order.as_str(), "asc" | "desc") && (1..=1_000).contains(&asked.limit);
    if !known || !sound || asked.select.is_empty() || !headers.contains_key("x-vercel-observability-query-reason") {
        return bad("Invalid request: event, order, limit or select");
    }
    let filter = asked.filter.unwrap_or_default();
    let deployment = condition(&filter, "deploymentId");
    let inside = |line: &&LogLine| line.at >= asked.time_range.start && line.at < asked.time_range.end;
    let mine = |line: &&LogLine| deployment.is_none_or(|id| line.instance == id);
    let mut all: Vec<&LogLine> = world.vercel.logs.iter().filter(inside).filter(mine).collect();
    all.sort_by_key(|line| line.at);
    if asked.order == "desc" {
        all.reverse();
    }
    let from = asked.cursor.as_deref().and_then(|cursor| cursor.strip_prefix("c")?.parse().ok()).unwrap_or(0);
    let page: Vec<Value> = all.iter().skip(from).take(asked.limit).map(|line| row(line)).collect();
    if page.len() > TOO_LARGE {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "result_too_large", "The result is too large: ask for less");
    }
    let next = from + page.len();
    let more = next < all.len();
    let pagination = json!({"hasMore": more, "nextCursor": more.then(|| format!("c{next}"))});
    Json(json!({"events": page, "pagination": pagination})).into_response()
}
