//! Faults that are switched on from outside, and the counting of requests: one layer over every origin.

mod answer;
mod spec;
mod spoil;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use jiff::Timestamp;

use super::shared::Shared;
use super::wire::Cut;
pub use spec::{Fault, FaultSpec, Kind, RetryAfter};

/// No request is larger.
const LARGEST: usize = 64 << 20;

#[derive(Clone)]
struct Layer {
    shared: Shared,
    origin: Arc<str>,
}

/// Counts the requests of an origin and lets its faults happen.
pub fn layer(router: Router, shared: &Shared, origin: &Arc<str>) -> Router {
    let state = Layer { shared: shared.clone(), origin: Arc::clone(origin) };
    // These three refuse unknown paths behind their own guards, in their own shape.
    let own = matches!(&**origin, "github" | "vercel" | "supabase");
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
    layer.shared.count(&layer.origin, format!("{} {route}", request.method()));
    let mut response = match take(&layer, (request.method(), &route), &path) {
        Some(fault) => suffer(&layer, &fault, request, next).await,
        None => next.run(request).await,
    };
    // The platforms' clock is the world's, whatever the machine's says.
    if !response.headers().contains_key(header::DATE)
        && let Some(date) = http_date(layer.shared.now())
    {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// An instant as `Date` has it.
fn http_date(at: Timestamp) -> Option<HeaderValue> {
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?;
    HeaderValue::from_str(&text).ok()
}

/// The first fault that hits, with its count reduced.
fn take(layer: &Layer, route: (&Method, &str), path: &str) -> Option<FaultSpec> {
    let now = layer.shared.now();
    let mut faults = layer.shared.faults();
    faults.retain(|fault| fault.until.is_none_or(|until| until > now) && fault.spec.count != Some(0));
    let fault = faults.iter_mut().find_map(|fault| {
        if !fault.hits(&layer.origin, route, path) {
            return None;
        }
        let hit = fault.spec.after == 0;
        fault.spec.after = fault.spec.after.saturating_sub(1);
        hit.then_some(fault)
    })?;
    if let Some(count) = &mut fault.spec.count {
        *count -= 1;
    }
    Some(fault.spec.clone())
}

async fn suffer(layer: &Layer, fault: &FaultSpec, mut request: Request, next: Next) -> Response {
    let status = |default: u16| {
        StatusCode::from_u16(fault.status.unwrap_or(default)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    };
    match fault.kind {
        Kind::Latency if request.method() == Method::GET => {
            layer.shared.pause(fault.span(1_000)).await;
            next.run(request).await
        }
        Kind::Latency => detached(layer, fault, request, next).await,
        Kind::Late => {
            let response = next.run(request).await;
            layer.shared.took();
            layer.shared.pause(fault.span(5_000)).await;
            response
        }
        Kind::Taken => {
            let cut = cut(&request);
            next.run(request).await;
            layer.shared.pause(fault.span(0)).await;
            cut.now();
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Kind::Deferred => {
            let cut = cut(&request);
            if let Ok(request) = held(request).await {
                let (shared, span) = (layer.shared.clone(), fault.span(5_000));
                layer.shared.tasks().start(async move {
                    if shared.pause(span).await {
                        next.run(request).await;
                    }
                });
            }
            cut.now();
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Kind::Dropped => {
            cut(&request).now();
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Kind::Stall => {
            layer.shared.cancel().cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Kind::Status => answer::failed(&layer.origin, status(500), fault, layer.shared.now()),
        Kind::Sso => answer::sign_on(),
        Kind::Secondary => answer::secondary(status(403), fault, layer.shared.now()),
        Kind::Html => answer::page(status(502)),
        Kind::Empty => answer::json(status(200), b""),
        Kind::Garbage => answer::json(status(200), answer::GARBAGE),
        Kind::Reset => answer::broken(),
        Kind::Huge => answer::huge(),
        Kind::Lost => {
            next.run(request).await;
            answer::broken()
        }
        Kind::Truncated
        | Kind::WrongType
        | Kind::Missing
        | Kind::UnknownEnum
        | Kind::Duplicated
        | Kind::Reordered
        | Kind::Skew => {
            // What is not sent again cannot be spoiled.
            request.headers_mut().remove(header::IF_NONE_MATCH);
            let mut response = next.run(request).await;
            if let Some(date) = http_date(layer.shared.now()) {
                response.headers_mut().insert(header::DATE, date);
            }
            spoil::response(fault, response).await
        }
    }
}

/// The end of the connection that a request came over.
fn cut(request: &Request) -> Cut {
    request.extensions().get::<ConnectInfo<Cut>>().map(|info| info.0.clone()).unwrap_or_default()
}

/// A request that no longer needs its connection.
async fn held(request: Request) -> Result<Request, axum::Error> {
    let (parts, body) = request.into_parts();
    Ok(Request::from_parts(parts, Body::from(to_bytes(body, LARGEST).await?)))
}

/// A change is carried out after a while, whether or not its client still waits: platforms go on.
async fn detached(layer: &Layer, fault: &FaultSpec, request: Request, next: Next) -> Response {
    let Ok(request) = held(request).await else { return StatusCode::BAD_REQUEST.into_response() };
    let (shared, span) = (layer.shared.clone(), fault.span(1_000));
    let (tell, told) = tokio::sync::oneshot::channel();
    layer.shared.tasks().start(async move {
        if shared.pause(span).await {
            // Nobody waits any more: that changes nothing.
            let _ = tell.send(next.run(request).await);
        }
    });
    told.await.unwrap_or_else(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())
}
