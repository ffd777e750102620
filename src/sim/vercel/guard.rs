//! Checks that come before every route of Vercel: version, token, team and rate limits (docs/platforms/vercel.md sections 1 to
//! 3).

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{error, missing};
use crate::sim::dress::{self, Precision};
use crate::sim::shared::Shared;
use crate::sim::world::budget::Left;
use crate::sim::world::vercel::VercelWorld;

/// The limits that the documentation gives (docs/platforms/vercel.md section 3): part of the route, requests, seconds.
const LIMITS: [(&str, u64, i64); 8] = [
    ("/runtime-logs", 100, 60),
    ("/env", 500, 60),
    ("/aliases/{alias}", 300, 600),
    ("/domains", 500, 60),
    ("/aliases", 500, 60),
    ("/teams/{team}", 600, 60),
    ("/deployments/{id}", 500, 60),
    ("/deployments", 1000, 60),
];
/// Endpoints without a published row.
const OTHERS: (u64, i64) = (500, 60);

/// Refuses what may not pass and stamps what does.
pub(super) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let left = charge(&shared, &request);
    let refused = if !versioned(request.uri().path()) {
        Some(missing("Resource"))
    } else {
        let world = shared.world();
        refusal(&world.vercel, request.headers(), request.uri().path(), request.uri().query().unwrap_or_default())
    };
    let response = match refused {
        Some(refused) => refused,
        None if left.spent => too_many(left, shared.now().as_second()),
        None => next.run(request).await,
    };
    let response = dress::refused(response, |_, text| {
        error(StatusCode::BAD_REQUEST, "bad_request", &format!("Invalid request: {text}"))
    });
    let mut response = dress::json(response.await, |text| dress::stamps(&text, Precision::Millis)).await;
    stamp(&mut response, left);
    response
}

/// The version is part of the path; a few paths of the CLI have none.
fn versioned(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let digits = first.strip_prefix('v').unwrap_or_default();
    matches!(first, "teams" | "projects") || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Token first, then the scope: none means the user's default team, or the personal one, which owns nothing.
fn refusal(vercel: &VercelWorld, headers: &HeaderMap, path: &str, query: &str) -> Option<Response> {
    let forbidden = |mark: &str| {
        let mut inner = json!({"code": "forbidden", "message": "Not authorized"});
        inner[mark] = Value::Bool(true);
        Some((StatusCode::FORBIDDEN, Json(json!({"error": inner}))).into_response())
    };
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) else { return forbidden("missingToken") };
    if token != vercel.token {
        return forbidden("invalidToken");
    }
    let named = |pair: &&str| pair.starts_with("teamId=") || pair.starts_with("slug=");
    let (id, slug) = (format!("teamId={}", vercel.team_id), format!("slug={}", vercel.team_slug));
    match query.split('&').find(named) {
        Some(pair) if pair == id || pair == slug => None,
        Some(_) => Some(error(StatusCode::FORBIDDEN, "team_unauthorized", "You are not a member of this team")),
        None if path.ends_with("/user") || path.contains("/teams") => None,
        None if vercel.default_team => None,
        None => Some(missing("Resource")),
    }
}

fn charge(shared: &Shared, request: &Request) -> Left {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    // One endpoint, whichever version of it was asked.
    let route = route.strip_prefix("/{v}").unwrap_or(route);
    let known = LIMITS.iter().find(|(part, _, _)| request.method() == Method::GET && route.ends_with(part));
    let (limit, span) = known.map_or(OTHERS, |(_, limit, span)| (*limit, *span));
    let key = format!("{} {route}", request.method());
    let mut world = shared.world();
    let now = world.now;
    world.vercel.budgets.charge(&key, limit, span, now)
}

fn too_many(left: Left, now: i64) -> Response {
    let limit = json!({"remaining": 0, "reset": left.reset, "resetMs": left.reset * 1000, "total": left.limit});
    let error = json!({"code": "rate_limited", "message": "Rate limit exceeded", "limit": limit});
    let wait = (left.reset - now).max(1).to_string();
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, wait)], Json(json!({"error": error}))).into_response()
}

fn stamp(response: &mut Response, left: Left) {
    let stamps = [
        ("x-ratelimit-limit", left.limit.to_string()),
        ("x-ratelimit-remaining", left.remaining.to_string()),
        ("x-ratelimit-reset", left.reset.to_string()),
        ("x-vercel-id", format!("iad1::{}", uuid::Uuid::now_v7().simple())),
    ];
    for (name, value) in stamps {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::versioned;

    #[test]
    fn any_version_is_taken_and_anything_else_is_not() {
        assert!(versioned("/v9/projects") && versioned("/v13/deployments/x") && versioned("/teams/acme"));
        assert!(!versioned("/v/projects") && !versioned("/x9/user") && !versioned("/"));
    }
}
