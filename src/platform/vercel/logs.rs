//! Build events and the live runtime log (docs/platforms/vercel.md section 5).

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{VERCEL, Vercel};
use crate::domain::ids::ServiceId;
use crate::domain::log::{LogKind, LogLine};
use crate::platform::http::{Http, garbage, segment};
use crate::platform::lenient::{self, maybe_time, or_default, text};
use crate::platform::logparse::RecordId;
use crate::platform::stream::{LineStream, RawLine};
use crate::platform::{PlatformError, logparse};
use crate::sanitize;

/// Streams send keepalives; a longer silence means a dead connection.
const IDLE: Duration = Duration::from_secs(90);

/// The lines of a build.
#[derive(Debug, Clone, PartialEq)]
pub struct BuildEvents {
    /// The lines with the ids of their events, in order; drop an id that was seen before.
    pub lines: Vec<(String, LogLine)>,
    /// The largest date seen, milliseconds: the next `since`.
    pub last: Option<i64>,
    /// The deploy ended with this event: domains are assigned.
    pub aliased: bool,
}

/// A live runtime log.
pub struct RuntimeLogs {
    lines: LineStream,
    http: Http,
    service: ServiceId,
}

/// A line of the runtime log, of the stream or of its history.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    #[serde(default, deserialize_with = "text")]
    pub(super) row_id: String,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) timestamp_in_ms: Option<Timestamp>,
    #[serde(default, deserialize_with = "text")]
    pub(super) level: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) message: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) source: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) request_method: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) request_path: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) response_status_code: i32,
}

/// A line of a live runtime log.
#[derive(Debug, Clone, PartialEq)]
pub struct RuntimeLine {
    /// What tells its record from the next.
    pub id: RecordId,
    /// What tells the same line in the history; none where the record could not be read.
    pub same: Option<RecordId>,
    /// The line.
    pub line: LogLine,
}

impl Vercel {
    /// `GET /v3/deployments/{id}/events`: the build log from `since` (milliseconds) on, without holding the connection.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn build_events(
        &self,
        deployment: &str,
        service: &ServiceId,
        since: Option<i64>,
    ) -> Result<BuildEvents, PlatformError> {
        let call = self.get(&format!("/v3/deployments/{}/events", segment(deployment)));
        let call = call.query("direction", "forward").query("limit", "-1").query("follow", "0");
        let answer = call.maybe("since", since.map(|since| since.to_string()).as_deref()).answer().await?;
        let events =
            parse_events(&answer.body).ok_or_else(|| garbage(VERCEL, "the build log is not a list of events"))?;
        let mut build = BuildEvents { lines: Vec::new(), last: since, aliased: false };
        for event in &events {
            self.take_event(event, service, &mut build);
        }
        Ok(build)
    }

    fn take_event(&self, event: &Value, service: &ServiceId, build: &mut BuildEvents) {
        let field = |name: &str| event.get(name).or_else(|| event.get("payload")?.get(name));
        let date = field("date").or_else(|| event.get("created"));
        build.last = build.last.max(date.and_then(Value::as_i64));
        build.aliased |= event.get("type").and_then(Value::as_str) == Some("alias-assigned");
        // Keepalives carry no `created`; states and metrics carry no text.
        let (Some(_), Some(text)) = (event.get("created"), field("text").and_then(Value::as_str)) else { return };
        let origin = logparse::Origin {
            service: service.clone(),
            platform: VERCEL,
            kind: LogKind::Build,
            at: date.and_then(lenient::time).unwrap_or_else(|| self.http.clock().now()),
            instance: "".into(),
            region: "".into(),
            level: field("level").and_then(Value::as_str).and_then(logparse::level_word),
        };
        let id = field("id").and_then(Value::as_str).unwrap_or_default();
        for (index, line) in sanitize::lines(text).enumerate() {
            let line = logparse::line(origin.clone(), line.as_str(), self.http.redactor());
            let id = if id.is_empty() { String::new() } else { format!("{id}/{index}") };
            build.lines.push((id, line));
        }
    }

    /// `GET /v1/projects/{id}/deployments/{dpl}/runtime-logs`: a live stream from now on. The platform cannot resume it:
    /// reopen after it ends, and mark the gap.
    ///
    /// # Errors
    /// [`PlatformError`] when it does not open.
    pub async fn runtime_logs(
        &self,
        project: &str,
        deployment: &str,
        service: &ServiceId,
    ) -> Result<RuntimeLogs, PlatformError> {
        let path = format!("/v1/projects/{}/deployments/{}/runtime-logs", segment(project), segment(deployment));
        let bytes = self.get(&path).query("format", "lines").stream().await?;
        let lines = LineStream::new(VERCEL, bytes, IDLE);
        Ok(RuntimeLogs { lines, http: self.http.clone(), service: service.clone() })
    }
}

impl RuntimeLogs {
    /// The next line; `None` when the platform ended the stream. Cancelling it loses nothing. A record that cannot be decoded
    /// becomes a visible line.
    ///
    /// # Errors
    /// [`PlatformError`] when the connection breaks or falls silent.
    pub async fn next(&mut self) -> Result<Option<RuntimeLine>, PlatformError> {
        loop {
            let Some(raw) = self.lines.next().await? else { return Ok(None) };
            // Whether a row has one line or several is not written: the whole record tells it from the next.
            let id = RecordId::of(&raw.head);
            let Ok(record) = serde_json::from_slice::<Record>(&raw.head) else {
                return Ok(Some(RuntimeLine { id, same: None, line: self.undecoded(&raw) }));
            };
            if let Some(line) = record.line(&self.http, &self.service) {
                return Ok(Some(RuntimeLine { id, same: record.same(), line }));
            }
        }
    }

    fn undecoded(&self, raw: &RawLine) -> LogLine {
        let cut = if raw.cut > 0 { format!(" … +{} bytes cut", raw.cut) } else { String::new() };
        let text = format!("{}{cut}", String::from_utf8_lossy(&raw.head));
        logparse::line(origin(&self.http, &self.service), &text, self.http.redactor())
    }
}

fn origin(http: &Http, service: &ServiceId) -> logparse::Origin {
    logparse::Origin {
        service: service.clone(),
        platform: VERCEL,
        kind: LogKind::App,
        at: http.clock().now(),
        instance: "".into(),
        region: "".into(),
        level: None,
    }
}

impl Record {
    /// What the stream and the history both say of a line.
    pub(super) fn same(&self) -> Option<RecordId> {
        let at = self.timestamp_in_ms?.as_millisecond();
        Some(RecordId::of(format!("{at} {} {}", self.request_path, self.message.trim_end()).as_bytes()))
    }

    /// The line, where it has anything to say.
    pub(super) fn line(&self, http: &Http, service: &ServiceId) -> Option<LogLine> {
        let mut origin = origin(http, service);
        origin.at = self.timestamp_in_ms.unwrap_or(origin.at);
        origin.level = logparse::level_word(&self.level);
        if self.source == "delimiter" || self.source == "request" {
            origin.kind = LogKind::System;
        }
        let text = self.text()?;
        Some(logparse::line(origin, &text, http.redactor()))
    }

    /// The message, or the request in one line when it has none; nothing for a keepalive.
    fn text(&self) -> Option<String> {
        if !self.message.trim().is_empty() {
            return Some(self.message.trim_end().to_owned());
        }
        if self.row_id.is_empty() && self.request_path.is_empty() {
            return None;
        }
        let status =
            if self.response_status_code > 0 { self.response_status_code.to_string() } else { "…".to_owned() };
        Some(format!("{} {} {status}", self.request_method, self.request_path))
    }
}

/// An array, or one object per line.
fn parse_events(body: &[u8]) -> Option<Vec<Value>> {
    let body = body.trim_ascii();
    if body.starts_with(b"[") {
        return serde_json::from_slice(body).ok();
    }
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    // The last line may be cut off where the connection was.
    let events: Vec<Value> = lines.clone().map_while(|line| serde_json::from_slice(line).ok()).collect();
    (!events.is_empty() || lines.count() == 0).then_some(events)
}
