//! Faults that are switched on from outside, and the counting of requests: one layer over every origin.

mod answer;
mod spoil;

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
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
    /// 403 with the page of a single sign-on, as GitHub has it.
    Sso,
    /// GitHub's limit that no header tells of: `status` or 403, with `retry_after` where it is given.
    Secondary,
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
    /// The true answer breaks off in its middle; a stream ends in the middle of a record, without an error.
    Truncated,
    /// `field`, or the first simple field, has another type.
    WrongType,
    /// `field`, or every field that the contracts call optional, is absent.
    Missing,
    /// `field`, or every field with listed words, has a word that is on no list.
    UnknownEnum,
    /// Every record of a list or stream comes twice.
    Duplicated,
    /// Records of a list come backwards, neighbours of a stream change places.
    Reordered,
    /// The platform's clock is `ms` ahead (behind, when negative; five minutes unless told), in headers and bodies.
    Skew,
    /// 200 MiB where an answer was expected.
    Huge,
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
    /// `POST`; absent = all.
    #[serde(default)]
    pub method: Option<String>,
    /// What.
    pub kind: Kind,
    /// So many requests; absent = no limit.
    #[serde(default)]
    pub count: Option<u64>,
    /// For so long (simulator time); absent = no limit.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// Latency in milliseconds (simulator time), or how far the clock is ahead.
    #[serde(default)]
    pub ms: Option<i64>,
    /// The status of `status`, `html`, `empty`, `garbage`.
    #[serde(default)]
    pub status: Option<u16>,
    /// `Retry-After` of `status`, in seconds; absent = no such header.
    #[serde(default)]
    pub retry_after: Option<u64>,
    /// The field of `wrong_type`, `missing`, `unknown_enum`, wherever it stands.
    #[serde(default)]
    pub field: Option<String>,
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
    fn hits(&self, origin: &str, (method, route): (&Method, &str), path: &str) -> bool {
        let platform = &self.spec.platform;
        let here = platform == "*"
            || platform == origin
            || (platform == "fly" && origin.starts_with("fly_"))
            || origin.strip_prefix(platform.as_str()).is_some_and(|rest| rest.starts_with('.'));
        let asked = self.spec.route.as_deref();
        let sent = self.spec.method.as_deref().is_none_or(|asked| asked == method.as_str());
        here && sent && asked.is_none_or(|asked| route.contains(asked) || path.contains(asked))
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
    let fault = faults.iter_mut().find(|fault| fault.hits(layer.origin, route, path))?;
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
        Kind::Latency => {
            let ms = u64::try_from(fault.ms.unwrap_or(1_000)).unwrap_or_default();
            layer.shared.pause(Duration::from_millis(ms)).await;
            next.run(request).await
        }
        Kind::Stall => {
            layer.shared.cancel().cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Kind::Status => answer::failed(layer.origin, status(500), fault.retry_after),
        Kind::Sso => answer::sign_on(),
        Kind::Secondary => answer::secondary(status(403), fault.retry_after),
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
