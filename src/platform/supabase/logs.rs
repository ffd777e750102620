//! Database logs: a polled query, at most 24 h wide, 30 a minute (docs/platforms/supabase.md section 3.7).

use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::Value;

use super::{SUPABASE, Supabase};
use crate::domain::ids::ServiceId;
use crate::domain::log::{LogKind, LogLine};
use crate::platform::http::fault;
use crate::platform::{ErrorKind, PlatformError, lenient, logparse};

/// The newer endpoint, one table for all sources.
const SQL: &str = "select id, timestamp, event_message, severity_text from logs where source='postgres_logs' \
                   order by timestamp desc limit 500";
/// The older endpoint, one table per source.
const SQL_ALL: &str = "select id, timestamp, event_message from postgres_logs order by timestamp desc limit 500";

impl Supabase {
    /// Lines of Postgres since an instant, oldest first, with their ids: windows are rounded to the minute, so that pages
    /// overlap and ids join them. Falls back to `logs.all` where `logs` does not exist.
    ///
    /// # Errors
    /// [`PlatformError`]; errors of the query arrive with status 200 and are told apart here.
    pub async fn logs(
        &self,
        reference: &str,
        service: &ServiceId,
        since: Timestamp,
    ) -> Result<Vec<(String, LogLine)>, PlatformError> {
        match self.query(reference, service, since, "logs", SQL).await {
            Err(error) if error.kind == ErrorKind::NotFound => {
                self.query(reference, service, since, "logs.all", SQL_ALL).await
            }
            other => other,
        }
    }

    async fn query(
        &self,
        reference: &str,
        service: &ServiceId,
        since: Timestamp,
        endpoint: &str,
        sql: &str,
    ) -> Result<Vec<(String, LogLine)>, PlatformError> {
        // Windows are the platform's: a clock that differs would ask for the future or miss the newest lines.
        let now = self.http.now_at(SUPABASE);
        let day_ago = now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(since);
        let (start, end) = (stamp(since.max(day_ago)), stamp(now));
        let call = self.project_call(reference, &format!("/analytics/endpoints/{endpoint}")).query("sql", sql);
        let call = call.query("iso_timestamp_start", &start).query("iso_timestamp_end", &end);
        let answer: Value = call.read().await?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            let words = error.as_str().or_else(|| error.get("message").and_then(Value::as_str));
            return Err(fault(SUPABASE, ErrorKind::Reported, words.unwrap_or("the log query was refused")));
        }
        let rows = answer.get("result").and_then(Value::as_array);
        let rows = rows.ok_or_else(|| fault(SUPABASE, ErrorKind::Garbage, "the log answer has no result"))?;
        let mut lines: Vec<(String, LogLine)> = rows.iter().map(|row| self.row(row, service, now)).collect();
        lines.sort_by_key(|(_, line)| line.at);
        Ok(lines)
    }

    fn row(&self, row: &Value, service: &ServiceId, now: Timestamp) -> (String, LogLine) {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let origin = logparse::Origin {
            service: service.clone(),
            platform: SUPABASE,
            kind: LogKind::App,
            at: row.get("timestamp").and_then(lenient::time).unwrap_or(now),
            instance: "".into(),
            region: "".into(),
            level: logparse::level_word(text("severity_text")),
        };
        (text("id").to_owned(), logparse::line(origin, text("event_message"), self.http.redactor()))
    }
}

/// Whole seconds with a `Z`: `+00:00` is refused.
fn stamp(at: Timestamp) -> String {
    at.round(Unit::Second).unwrap_or(at).to_string()
}
