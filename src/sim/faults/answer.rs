//! Answers that are made up, in place of a platform that does not answer.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::{FaultSpec, RetryAfter};

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

/// The organization wants its members to sign on first (docs/platforms/github.md section 2).
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

/// What GitHub answers to whom it has had enough of (docs/platforms/github.md section 3).
pub(super) fn secondary(status: StatusCode, fault: &FaultSpec, now: Timestamp) -> Response {
    let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let mut response = (status, axum::Json(serde_json::json!({"message": message}))).into_response();
    later(response.headers_mut(), fault, now);
    response
}

/// The error body of each platform's kind, with the time to come back if one is given.
pub(super) fn failed(origin: &str, status: StatusCode, fault: &FaultSpec, now: Timestamp) -> Response {
    let text = match status.as_u16() {
        401 => "Bad credentials",
        403 => "forbidden",
        404 => "Not Found",
        429 => "rate limit exceeded",
        _ => "Internal Server Error",
    };
    let body = match (origin, status) {
        _ if fault.body.is_some() => fault.body.clone().unwrap_or_default(),
        ("vercel", StatusCode::TOO_MANY_REQUESTS) => limited(fault, now),
        ("vercel", _) => serde_json::json!({"error": {"code": text.to_lowercase().replace(' ', "_"), "message": text}}),
        ("github" | "supabase", _) => serde_json::json!({"message": text}),
        _ => serde_json::json!({"error": text}),
    };
    let mut response = (status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    later(headers, fault, now);
    if let Some(wait) = fault.reset.or((origin == "vercel" && status == StatusCode::TOO_MANY_REQUESTS).then_some(60)) {
        // Supabase tells what is left, the others an instant.
        let at = if origin == "supabase" { wait } else { now.as_second() + wait };
        headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
        headers.insert("x-ratelimit-reset", HeaderValue::from(at));
    }
    for (name, value) in &fault.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// Vercel's body of a spent limit (docs/platforms/vercel.md section 3).
fn limited(fault: &FaultSpec, now: Timestamp) -> serde_json::Value {
    let reset = now.as_second() + fault.reset.unwrap_or(60);
    let limit = serde_json::json!({"remaining": 0, "reset": reset, "resetMs": reset * 1000, "total": 500});
    serde_json::json!({"error": {"code": "rate_limited", "message": "Rate limit exceeded", "limit": limit}})
}

/// `Retry-After`, in the form that is asked for.
fn later(headers: &mut HeaderMap, fault: &FaultSpec, now: Timestamp) {
    let value = match (&fault.retry_after, fault.retry_in) {
        (Some(RetryAfter::Seconds(seconds)), _) => Some(HeaderValue::from(*seconds)),
        (Some(RetryAfter::Text(text)), _) => HeaderValue::from_str(text).ok(),
        (None, Some(wait)) => super::http_date(now + SignedDuration::from_secs(wait)),
        (None, None) => None,
    };
    if let Some(value) = value {
        headers.insert(header::RETRY_AFTER, value);
    }
}
