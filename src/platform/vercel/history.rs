//! Reads the runtime log of a span of time, page by page: what the live stream left out, and everything where there is no
//! stream (docs/platforms/vercel.md section 5).

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::logs::Record;
use super::{VERCEL, Vercel};
use crate::domain::ids::ServiceId;
use crate::domain::log::LogLine;
use crate::platform::PlatformError;
use crate::platform::lenient::{or_default, text};
use crate::platform::logparse::RecordId;

/// Rows of a page that are asked for first, and at least.
const ROWS: u32 = 1_000;
const FEWEST: u32 = 25;
/// Pages at most: of a span with more lines than that, the first ones are read.
const PAGES: u32 = 20;

/// Lines of a span, oldest first, each with what tells the same line in the stream.
#[derive(Debug, Default)]
pub struct History {
    /// The lines.
    pub lines: Vec<(RecordId, LogLine)>,
    /// There are more than were read.
    pub cut: bool,
}

/// Which lines are meant.
#[derive(Debug, Clone, Copy)]
pub struct Span<'a> {
    /// The deployment.
    pub deployment: &'a str,
    /// From this moment on.
    pub from: Timestamp,
    /// Up to this one.
    pub to: Timestamp,
}

#[derive(Deserialize)]
struct Page {
    #[serde(deserialize_with = "or_default")]
    events: Vec<Event>,
    #[serde(default, deserialize_with = "or_default")]
    pagination: Pagination,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    #[serde(default, deserialize_with = "or_default")]
    has_more: bool,
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(default)]
    timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "text")]
    level: String,
    #[serde(default, deserialize_with = "text")]
    message: String,
    #[serde(default, deserialize_with = "text")]
    source: String,
    #[serde(default, deserialize_with = "text")]
    request_method: String,
    #[serde(default, deserialize_with = "text")]
    request_path: String,
}

impl Vercel {
    /// `POST /v1/observability/events`: the lines of a span. It only reads. A page that is too large (413) is asked for again
    /// with half the rows.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn history(&self, project: &str, span: Span<'_>, service: &ServiceId) -> Result<History, PlatformError> {
        let state = self.recent_project(project, Duration::from_secs(60)).await?;
        let select = ["timestamp", "level", "message", "source", "requestMethod", "requestPath"];
        let mut body = json!({
            "event": "vercel.log",
            "scope": {"ownerId": state.owner, "projectIds": [state.id]},
            "timeRange": {"start": span.from.to_string(), "end": span.to.to_string()},
            "select": select,
            "order": "asc",
            "limit": ROWS,
            "filter": format!("(deploymentId:\"{}\")", span.deployment),
        });
        let mut history = History::default();
        let mut limit = ROWS;
        for _ in 0..PAGES {
            let page = match self.page(&body).await {
                Err(error) if error.status == Some(413) && limit > FEWEST => {
                    limit /= 2;
                    body["limit"] = limit.into();
                    continue;
                }
                page => page?,
            };
            history.lines.extend(page.events.into_iter().filter_map(|event| self.event(event, service)));
            match page.pagination.next_cursor.filter(|_| page.pagination.has_more) {
                Some(cursor) => body["cursor"] = cursor.into(),
                None => return Ok(history),
            }
        }
        history.cut = true;
        Ok(history)
    }

    async fn page(&self, body: &Value) -> Result<Page, PlatformError> {
        let url = format!("{}/v1/observability/events", self.access.base);
        let call = self.http.post(VERCEL, &url).reading().json(body);
        self.signed(call.header("x-vercel-observability-query-reason", "cli")).read().await
    }

    fn event(&self, event: Event, service: &ServiceId) -> Option<(RecordId, LogLine)> {
        let record = Record {
            timestamp_in_ms: event.timestamp,
            level: event.level,
            message: event.message,
            source: event.source,
            request_method: event.request_method,
            request_path: event.request_path,
            ..Record::default()
        };
        Some((record.same()?, record.line(&self.http, service)?))
    }
}
