//! Spoils true answers: what a platform sends after a bad release of its own, or what a proxy makes of it.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{FaultSpec, Kind};

/// A larger answer than this is passed on as it is.
const CAP: usize = 64 << 20;
/// A record that is held back to change places comes after this long at the latest.
const HELD: Duration = Duration::from_millis(200);
/// Fields that the contracts call optional or nullable, by which a reader must not stand or fall.
const OPTIONAL: [&str; 18] = [
    "head_commit",
    "triggering_actor",
    "actor",
    "run_started_at",
    "runner_name",
    "steps",
    "checks",
    "events",
    "host_status",
    "private_ip",
    "lease",
    "user",
    "meta",
    "creator",
    "aliasAssigned",
    "readySubstate",
    "error",
    "severity_text",
];
/// Fields whose words the contracts list, and add to.
const ENUMS: [&str; 8] =
    ["status", "state", "conclusion", "readyState", "readySubstate", "strategy", "level", "host_status"];

/// Spoils an answer.
pub(super) async fn response(fault: &FaultSpec, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let streamed = kind.contains("stream") && !parts.headers.contains_key(header::CONTENT_LENGTH);
    forget(&mut parts.headers, fault);
    if streamed {
        return Response::from_parts(parts, records(fault.clone(), body.into_data_stream()));
    }
    let Ok(whole) = axum::body::to_bytes(body, CAP).await else { return Response::from_parts(parts, Body::empty()) };
    if fault.kind == Kind::Truncated {
        return Response::from_parts(parts, half(&whole));
    }
    let body = match serde_json::from_slice::<Value>(&whole) {
        Ok(mut value) => {
            page(fault, &mut value);
            Bytes::from(value.to_string())
        }
        Err(_) => lines(fault, &whole),
    };
    Response::from_parts(parts, Body::from(body))
}

/// The length is another one, and so is the content that the tag stands for.
fn forget(headers: &mut HeaderMap, fault: &FaultSpec) {
    headers.remove(header::CONTENT_LENGTH);
    if let Some(tag) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()) {
        let tag = format!("{}spoiled\"", tag.trim_end_matches('"'));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
    }
    if fault.kind == Kind::Skew
        && let Some(date) = headers.get(header::DATE).and_then(|date| date.to_str().ok())
        && let Ok(date) = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date)
        && let Some(date) = crate::sim::faults::http_date(date + by(fault))
    {
        headers.insert(header::DATE, date);
    }
}

fn by(fault: &FaultSpec) -> SignedDuration {
    SignedDuration::from_millis(fault.ms.unwrap_or(300_000))
}

/// The first half, and then the connection is gone.
fn half(whole: &Bytes) -> Body {
    let parts = [Ok(whole.slice(..whole.len() / 2)), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))];
    Body::from_stream(stream::iter(parts))
}

/// A body of lines that is there as a whole.
fn lines(fault: &FaultSpec, whole: &[u8]) -> Bytes {
    let mut list: Vec<Vec<u8>> = whole.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    list.iter_mut().for_each(|line| record(fault, line));
    match fault.kind {
        Kind::Duplicated => list = list.into_iter().flat_map(|line| [line.clone(), line]).collect(),
        Kind::Reordered => list.reverse(),
        _ => {}
    }
    list.concat().into()
}

/// A JSON answer: its lists are the records.
fn page(fault: &FaultSpec, value: &mut Value) {
    match fault.kind {
        Kind::Duplicated | Kind::Reordered => shuffle(fault.kind, value),
        _ => spoil(fault, value),
    }
}

/// The outermost lists, wherever an envelope puts them.
fn shuffle(kind: Kind, value: &mut Value) {
    match value {
        Value::Array(list) if kind == Kind::Reordered => list.reverse(),
        Value::Array(list) => *list = list.drain(..).flat_map(|one| [one.clone(), one]).collect(),
        Value::Object(map) => map.values_mut().for_each(|value| shuffle(kind, value)),
        _ => {}
    }
}

fn spoil(fault: &FaultSpec, value: &mut Value) {
    match fault.kind {
        Kind::Missing => missing(value, fault.field.as_deref()),
        Kind::WrongType => {
            wrong(value, fault.field.as_deref());
        }
        Kind::UnknownEnum => unknown(value, fault.field.as_deref()),
        Kind::Skew => skew(value, by(fault)),
        _ => {}
    }
}

fn missing(value: &mut Value, field: Option<&str>) {
    match value {
        Value::Object(map) => {
            map.retain(|name, _| field.map_or_else(|| !OPTIONAL.contains(&name.as_str()), |field| field != name));
            map.values_mut().for_each(|value| missing(value, field));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| missing(value, field)),
        _ => {}
    }
}

/// Another type for every field of that name, or for the first field that holds something simple. True when that is done.
fn wrong(value: &mut Value, field: Option<&str>) -> bool {
    let other = |value: &Value| match value {
        Value::String(_) => Some(serde_json::json!({"was": "text"})),
        Value::Number(_) | Value::Bool(_) => Some(serde_json::json!(["was", "simple"])),
        Value::Null => None,
        Value::Array(_) | Value::Object(_) => field.map(|_| Value::from("was more")),
    };
    match value {
        Value::Object(map) => {
            for (name, value) in map.iter_mut() {
                if field.is_none_or(|field| field == name)
                    && let Some(other) = other(value)
                {
                    *value = other;
                    if field.is_none() {
                        return true;
                    }
                } else if wrong(value, field) {
                    return true;
                }
            }
            false
        }
        Value::Array(list) => list.iter_mut().any(|value| wrong(value, field)),
        _ => false,
    }
}

fn unknown(value: &mut Value, field: Option<&str>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map.iter_mut() {
                let listed = field.map_or_else(|| ENUMS.contains(&name.as_str()), |field| field == name);
                match value {
                    Value::String(word) if listed => "brand_new_word".clone_into(word),
                    other => unknown(other, field),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| unknown(value, field)),
        _ => {}
    }
}

/// Every instant, whether it is text or a number since the epoch in any of the four units.
fn skew(value: &mut Value, by: SignedDuration) {
    match value {
        Value::Object(map) => {
            // A cursor is the platform's own affair.
            map.iter_mut().filter(|(name, _)| *name != "next_token").for_each(|(_, value)| skew(value, by));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| skew(value, by)),
        Value::String(text) if text.len() >= 20 => {
            if let Ok(at) = text.parse::<Timestamp>() {
                *text = (at + by).to_string();
            }
        }
        Value::Number(number) => {
            let Some(count) = number.as_i64() else { return };
            let unit: i128 = match count {
                1_500_000_000..2_500_000_000 => 1,
                1_500_000_000_000..2_500_000_000_000 => 1_000,
                1_500_000_000_000_000..2_500_000_000_000_000 => 1_000_000,
                1_500_000_000_000_000_000..2_500_000_000_000_000_000 => 1_000_000_000,
                _ => return,
            };
            let moved = i128::from(count) + by.as_millis() * unit / 1_000;
            *number = i64::try_from(moved).unwrap_or(count).into();
        }
        _ => {}
    }
}

/// One line of a stream, in place.
fn record(fault: &FaultSpec, line: &mut Vec<u8>) {
    if let Ok(mut value) = serde_json::from_slice::<Value>(line) {
        spoil(fault, &mut value);
        *line = format!("{value}\n").into_bytes();
    }
}

struct Records {
    fault: FaultSpec,
    source: BodyDataStream,
    part: Vec<u8>,
    ready: VecDeque<Vec<u8>>,
    held: Option<Vec<u8>>,
    ended: bool,
}

impl Records {
    /// The next record as it goes out; `None` at the end.
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(line);
            }
            if self.ended {
                return self.held.take();
            }
            let chunk = if self.held.is_some() {
                match tokio::time::timeout(HELD, self.source.next()).await {
                    Ok(chunk) => chunk,
                    Err(_) => return self.held.take(),
                }
            } else {
                self.source.next().await
            };
            match chunk {
                Some(Ok(chunk)) => self.take(&chunk),
                _ => self.ended = true,
            }
        }
    }

    fn take(&mut self, chunk: &[u8]) {
        self.part.extend_from_slice(chunk);
        while let Some(at) = memchr::memchr(b'\n', &self.part) {
            let rest = self.part.split_off(at + 1);
            let mut line = std::mem::replace(&mut self.part, rest);
            record(&self.fault, &mut line);
            match self.fault.kind {
                Kind::Duplicated => self.ready.extend([line.clone(), line]),
                Kind::Reordered => match self.held.take() {
                    Some(before) => self.ready.extend([line, before]),
                    None => self.held = Some(line),
                },
                Kind::Truncated => {
                    // Half a record, and an end as if nothing had happened.
                    line.truncate(line.len() / 2);
                    self.ready.push_back(line);
                    self.ended = true;
                    return;
                }
                _ => self.ready.push_back(line),
            }
        }
    }
}

fn records(fault: FaultSpec, source: BodyDataStream) -> Body {
    let start = Records { fault, source, part: Vec::new(), ready: VecDeque::new(), held: None, ended: false };
    Body::from_stream(stream::unfold(start, |mut records| async move {
        let line = records.next().await?;
        Some((Ok::<_, std::io::Error>(Bytes::from(line)), records))
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spoiled(kind: &str, field: Option<&str>, mut value: Value) -> Value {
        let spec = json!({"platform": "*", "kind": kind, "field": field, "ms": 60_000});
        page(&serde_json::from_value(spec).expect("a fault"), &mut value);
        value
    }

    #[test]
    fn a_field_gets_another_type_loses_its_word_or_is_gone() {
        let machine = || json!([{"id": "1", "state": "started", "checks": [], "config": {"image": "a"}}]);
        assert_eq!(spoiled("wrong_type", None, machine())[0]["checks"], json!([]));
        assert!(spoiled("wrong_type", Some("state"), machine())[0]["state"].is_object());
        assert_eq!(spoiled("wrong_type", Some("config"), machine())[0]["config"], "was more");
        assert_eq!(spoiled("unknown_enum", None, machine())[0]["state"], "brand_new_word");
        assert_eq!(spoiled("missing", None, machine())[0].get("checks"), None);
        assert_eq!(spoiled("missing", Some("image"), machine())[0]["config"], json!({}));
    }

    #[test]
    fn records_are_those_of_the_outermost_lists() {
        let list = || json!({"data": [{"n": [1, 2]}, {"n": [3, 4]}], "meta": {}});
        assert_eq!(spoiled("reordered", None, list())["data"][0], json!({"n": [3, 4]}));
        assert_eq!(spoiled("duplicated", None, list())["data"].as_array().map(Vec::len), Some(4));
    }

    #[test]
    fn every_spelling_of_an_instant_is_moved_and_nothing_else() {
        let moved = spoiled(
            "skew",
            None,
            json!({"a": "2026-11-20T09:00:00Z", "b": 1_763_629_200, "c": 1_763_629_200_000_i64, "id": 12_345_678_901_i64, "s": "2026"}),
        );
        let want = json!({"a": "2026-11-20T09:01:00Z", "b": 1_763_629_260, "c": 1_763_629_260_000_i64, "id": 12_345_678_901_i64, "s": "2026"});
        assert_eq!(moved, want);
    }
}
