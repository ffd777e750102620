//! Checks that come before every route of Supabase: the token, and a budget per minute, endpoint and project, whose headers are
//! on every answer (docs/platforms/supabase.md section 1).

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::error;
use crate::sim::dress::{self, Precision};
use crate::sim::shared::Shared;
use crate::sim::world::budget::Left;

/// Requests per minute of most endpoints.
const LIMIT: u64 = 120;
/// Requests per minute of the log endpoints.
const LOGS: u64 = 30;
/// Seconds of a window.
const MINUTE: i64 = 60;

/// Refuses what may not pass and stamps everything.
pub(super) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let (known, left, now) = {
        let mut world = shared.world();
        let known = token.is_some_and(|token| token == world.supabase.token);
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let limit = if route.contains("/analytics/") { LOGS } else { LIMIT };
        // The path has the project in it: every project and endpoint counts for itself.
        let key = format!("{} {}", request.method(), request.uri().path());
        let now = world.now;
        (known, world.supabase.budgets.charge(&key, limit, MINUTE, now), now.as_second())
    };
    let response = if !known {
        error(StatusCode::UNAUTHORIZED, "Unauthorized")
    } else if left.spent {
        error(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")
    } else {
        next.run(request).await
    };
    let response = dress::refused(response, |_, text| error(StatusCode::BAD_REQUEST, text)).await;
    let mut response = dress::json(response, |text| dress::stamps(&text, Precision::Seconds)).await;
    stamp(&mut response, left, now);
    response
}

fn stamp(response: &mut Response, left: Left, now: i64) {
    // Seconds that are left, not an instant.
    let reset = left.reset - now;
    let stamps = [
        ("x-ratelimit-limit", left.limit.to_string()),
        ("x-ratelimit-remaining", left.remaining.to_string()),
        ("x-ratelimit-reset", reset.to_string()),
    ];
    for (name, value) in stamps {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}
