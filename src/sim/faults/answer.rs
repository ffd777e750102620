//! Answers that are made up: what stands in for a platform that does not answer itself.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};

/// What a load balancer says.
const PAGE: &str = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>";
/// Bytes that are no JSON and no text.
pub(super) const GARBAGE: &[u8] = b"{\"\xff\xfe\x00garbage\x1b[31m: [[[";
/// The body of [`huge`], in chunks of a mebibyte.
const HUGE: usize = 200;

/// A web page.
pub(super) fn page(status: StatusCode) -> Response {
    with_type(status, "text/html; charset=utf-8", PAGE.as_bytes())
}

/// The organization wants its members to sign on first (github.md section 2).
pub(super) fn sign_on() -> Response {
    let body = serde_json::json!({
        "message": "Resource protected by organization SAML enforcement. You must grant your personal token access to this organization.",
    });
    let page = "required; url=https://github.com/orgs/acme/sso?authorization_request=A";
    (StatusCode::FORBIDDEN, [("x-github-sso", page)], axum::Json(body)).into_response()
}

/// JSON by its header, these bytes in truth.
pub(super) fn json(status: StatusCode, body: &'static [u8]) -> Response {
    with_type(status, "application/json", body)
}

/// An answer that breaks off.
pub(super) fn broken() -> Response {
    let parts = [Ok(Bytes::from_static(b"{\"")), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))];
    typed(Body::from_stream(stream::iter(parts)))
}

/// 200 MiB of a list that is valid JSON to its end.
pub(super) fn huge() -> Response {
    let blanks = Bytes::from(vec![b' '; 1 << 20]);
    let parts = stream::iter([Bytes::from_static(b"[")])
        .chain(stream::repeat(blanks).take(HUGE))
        .chain(stream::iter([Bytes::from_static(b"]")]));
    typed(Body::from_stream(parts.map(Ok::<_, std::io::Error>)))
}

fn typed(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn with_type(status: StatusCode, kind: &'static str, body: &'static [u8]) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// What GitHub answers to whom it has had enough of (github.md section 3).
pub(super) fn secondary(status: StatusCode, retry_after: Option<u64>) -> Response {
    let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let mut response = (status, axum::Json(serde_json::json!({"message": message}))).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The error body of each platform's kind, with the time to come back if one is given.
pub(super) fn failed(origin: &str, status: StatusCode, retry_after: Option<u64>) -> Response {
    let text = match status.as_u16() {
        401 => "Bad credentials",
        403 => "forbidden",
        404 => "Not Found",
        429 => "rate limit exceeded",
        _ => "Internal Server Error",
    };
    let body = match origin {
        "vercel" => serde_json::json!({"error": {"code": text.to_lowercase().replace(' ', "_"), "message": text}}),
        "github" | "supabase" => serde_json::json!({"message": text}),
        _ => serde_json::json!({"error": text}),
    };
    let mut response = (status, axum::Json(body)).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
