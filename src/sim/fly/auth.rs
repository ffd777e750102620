//! What Fly's origins have in common: tokens, error bodies, the request id (docs/platforms/fly.md sections 1 and 4).

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::sim::dress::{self, Precision};
use crate::sim::shared::Shared;

/// Which scheme words a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Macaroons come under `FlyV1`; under `Bearer` they are refused (logs).
    Strict,
    /// Both words work.
    Either,
}

/// An error as Fly writes it.
pub fn error(status: StatusCode, text: &str) -> Response {
    let kind = if status == StatusCode::UNPROCESSABLE_ENTITY { "insufficient_capacity" } else { "unknown" };
    (status, Json(json!({"error": text, "status": kind}))).into_response()
}

/// Refuses a request without the right token.
///
/// # Errors
///
/// The 401 that Fly would send.
pub fn check(shared: &Shared, headers: &HeaderMap, scheme: Scheme) -> Result<(), Box<Response>> {
    let refused = || Box::new(error(StatusCode::UNAUTHORIZED, "Authenticate: token validation error"));
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (word, rest) = value.trim().split_once(' ').unwrap_or(("", ""));
    let known = match scheme {
        Scheme::Strict => word.eq_ignore_ascii_case("FlyV1"),
        Scheme::Either => word.eq_ignore_ascii_case("FlyV1") || word.eq_ignore_ascii_case("Bearer"),
    };
    let rest = rest.trim().trim_start_matches("FlyV1 ");
    let token = shared.world().fly.token.clone();
    if known && rest.split(',').any(|piece| piece.trim() == token) { Ok(()) } else { Err(refused()) }
}

/// A path that has no such method.
pub async fn wrong_method() -> Response {
    error(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
}

/// Puts `fly-request-id` on every answer, errors in Fly's form and its instants in seconds; lines of logs have a finer time.
pub async fn stamp(request: Request, next: Next) -> Response {
    let logs = request.uri().path().ends_with("/logs");
    let response = next.run(request).await;
    let response = dress::refused(response, |status, text| error(status, &format!("invalid_argument: {text}"))).await;
    let edit = |text: String| if logs { text } else { dress::stamps(&text, Precision::Seconds) };
    let mut response = dress::json(response, edit).await;
    let id = format!("01{}-iad", uuid::Uuid::now_v7().simple().to_string().to_uppercase());
    if let Ok(value) = HeaderValue::from_str(id.get(..30).unwrap_or(&id)) {
        response.headers_mut().insert(HeaderName::from_static("fly-request-id"), value);
    }
    response
}
