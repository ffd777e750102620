//! A fault as it is asked for, and which requests it hits.

use std::collections::BTreeMap;

use axum::http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The name of every method that changes something.
const CHANGE: &str = "CHANGE";
/// Queries that are sent by POST.
const QUERIES: [&str; 2] = ["graphql", "database/query"];

fn changes(method: &Method, route: &str) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) && !QUERIES.iter().any(|one| route.contains(one))
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The request is carried out and answered `ms` later. A change goes on when its client is gone meanwhile.
    Latency,
    /// The request is carried out at once; its answer comes `ms` later.
    Late,
    /// The request is carried out at once; the connection ends `ms` later without a byte of an answer.
    Taken,
    /// The connection ends at once without a byte of an answer; the request is carried out `ms` later.
    Deferred,
    /// The connection ends without a byte of an answer, and nothing is carried out.
    Dropped,
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
    /// The request is carried out, and the answer breaks off after its first bytes.
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

/// `Retry-After`: seconds, or whatever text a platform sends there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum RetryAfter {
    /// Seconds.
    Seconds(u64),
    /// A text as it stands.
    Text(String),
}

/// A fault as it is asked for.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// `github`, `fly` (both), `fly_machines`, `fly_api`, `vercel`, `supabase`, `edge` (all), `edge.production.backend` …, `*`.
    pub platform: String,
    /// A part of the route template or path, with `$` after it its end; absent = all.
    #[serde(default)]
    pub route: Option<String>,
    /// `POST`; `CHANGE` = whatever changes something: no reading method, and no query that is sent by POST; absent = all.
    #[serde(default)]
    pub method: Option<String>,
    /// What.
    pub kind: Kind,
    /// So many requests that it would hit go through before.
    #[serde(default)]
    pub after: u64,
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
    /// `Retry-After` of `status` and `secondary`; absent = no such header.
    #[serde(default)]
    pub retry_after: Option<RetryAfter>,
    /// The same as an HTTP date, so many seconds from the simulator's now.
    #[serde(default)]
    pub retry_in: Option<i64>,
    /// `status`: the limit begins anew in so many seconds, told as the platform tells it.
    #[serde(default)]
    pub reset: Option<i64>,
    /// `status`: further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// `status`: the body, instead of the platform's kind of error.
    #[serde(default)]
    pub body: Option<serde_json::Value>,
    /// The field of `wrong_type`, `missing`, `unknown_enum`, wherever it stands.
    #[serde(default)]
    pub field: Option<String>,
}

impl FaultSpec {
    /// `ms` as a span; `usual` where none is given.
    pub(super) fn span(&self, usual: u64) -> std::time::Duration {
        std::time::Duration::from_millis(self.ms.map_or(usual, |ms| u64::try_from(ms).unwrap_or_default()))
    }
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
    pub(super) fn hits(&self, origin: &str, (method, route): (&Method, &str), path: &str) -> bool {
        let platform = &self.spec.platform;
        let here = platform == "*"
            || platform == origin
            || (platform == "fly" && origin.starts_with("fly_"))
            || origin.strip_prefix(platform.as_str()).is_some_and(|rest| rest.starts_with('.'));
        let asked = self.spec.route.as_deref();
        let sent = match self.spec.method.as_deref() {
            None => true,
            Some(CHANGE) => changes(method, route),
            Some(asked) => asked == method.as_str(),
        };
        let named = |asked: &str| match asked.strip_suffix('$') {
            Some(end) => route.ends_with(end) || path.ends_with(end),
            None => route.contains(asked) || path.contains(asked),
        };
        here && sent && asked.is_none_or(named)
    }
}
