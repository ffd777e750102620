//! Faults that are switched on from outside, and the counting of requests: one layer over every origin.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::shared::Shared;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The answer comes `ms` later.
    Latency,
    /// No answer comes at all.
    Stall,
    /// The answer is `status` with the platform's kind of error.
    Status,
    /// An HTML page instead of JSON, `status` or 502.
    Html,
    /// An empty body, `status` or 200.
    Empty,
    /// Bytes that are no JSON, `status` or 200.
    Garbage,
    /// The connection breaks in the middle of the body.
    Reset,
    /// The request is carried out, and the answer is lost.
    Lost,
}

/// A fault as it is asked for.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// `github`, `fly` (both), `fly_machines`, `fly_api`, `vercel`, `supabase`, `edge` (all), `edge.production.backend` …, `*`.
    pub platform: String,
    /// A part of the route template or path; absent = all.
    #[serde(default)]
    pub route: Option<String>,
    /// What.
    pub kind: Kind,
    /// So many requests; absent = no limit.
    #[serde(default)]
    pub count: Option<u64>,
    /// For so long (simulator time); absent = no limit.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// Latency in milliseconds (simulator time).
    #[serde(default)]
    pub ms: Option<u64>,
    /// The status of `status`, `html`, `empty`, `garbage`.
    #[serde(default)]
    pub status: Option<u16>,
}

/// A fault that is on.
#[derive(Debug, Clone)]
pub struct Fault {
    /// As asked for; `count` is what is left.
    pub spec: FaultSpec,
    /// Its end.
    pub until: Option<Timestamp>,
}

impl Fault {
    fn hits(&self, origin: &str, route: &str, path: &str) -> bool {
        let platform = &self.spec.platform;
        let here = platform == "*"
            || platform == origin
            || (platform == "fly" && origin.starts_with("fly_"))
            || origin.strip_prefix(platform.as_str()).is_some_and(|rest| rest.starts_with('.'));
        let asked = self.spec.route.as_deref();
        here && asked.is_none_or(|asked| route.contains(asked) || path.contains(asked))
    }
}

#[derive(Clone)]
struct Layer {
    shared: Shared,
    origin: &'static str,
}

/// Counts the requests of an origin and lets its faults happen.
pub fn layer(router: Router, shared: &Shared, origin: &'static str) -> Router {
    let state = Layer { shared: shared.clone(), origin };
    // These three refuse unknown paths behind their own guards, in their own shape.
    let own = matches!(origin, "github" | "vercel" | "supabase");
    let router = if own { router } else { router.fallback(unknown) };
    router.layer(middleware::from_fn_with_state(state, watch))
}

async fn unknown() -> Response {
    (StatusCode::NOT_FOUND, axum::Json(serde_json::json!({"message": "Not Found", "error": "not found"})))
        .into_response()
}

async fn watch(State(layer): State<Layer>, matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let route = matched.map_or_else(|| "(unknown)".to_owned(), |matched| matched.as_str().to_owned());
    layer.shared.count(layer.origin, format!("{} {route}", request.method()));
    match take(&layer, &route, &path) {
        Some(fault) => suffer(&layer, &fault, request, next).await,
        None => next.run(request).await,
    }
}

/// The first fault that hits, with its count reduced.
fn take(layer: &Layer, route: &str, path: &str) -> Option<FaultSpec> {
    let now = layer.shared.now();
    let mut faults = layer.shared.faults();
    faults.retain(|fault| fault.until.is_none_or(|until| until > now) && fault.spec.count != Some(0));
    let fault = faults.iter_mut().find(|fault| fault.hits(layer.origin, route, path))?;
    if let Some(count) = &mut fault.spec.count {
        *count -= 1;
    }
    Some(fault.spec.clone())
}

async fn suffer(layer: &Layer, fault: &FaultSpec, request: Request, next: Next) -> Response {
    let status = |default: u16| {
        StatusCode::from_u16(fault.status.unwrap_or(default)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    };
    match fault.kind {
        Kind::Latency => {
            layer.shared.pause(Duration::from_millis(fault.ms.unwrap_or(1_000))).await;
            next.run(request).await
        }
        Kind::Stall => {
            layer.shared.cancel().cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Kind::Status => failed(layer.origin, status(500)),
        Kind::Html => {
            let page =
                "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>";
            with_type(status(502), "text/html; charset=utf-8", page.as_bytes())
        }
        Kind::Empty => with_type(status(200), "application/json", b""),
        Kind::Garbage => with_type(status(200), "application/json", b"{\"\xff\xfe\x00garbage\x1b[31m: [[["),
        Kind::Reset => broken(),
        Kind::Lost => {
            next.run(request).await;
            broken()
        }
    }
}

/// An answer that breaks off.
fn broken() -> Response {
    let parts = [Ok(Bytes::from_static(b"{\"")), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))];
    let mut response = Response::new(Body::from_stream(futures_util::stream::iter(parts)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn with_type(status: StatusCode, kind: &'static str, body: &'static [u8]) -> Response {
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// The error body of each platform's kind.
fn failed(origin: &str, status: StatusCode) -> Response {
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
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
