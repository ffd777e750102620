//! Turns a raw line into a [`LogLine`]: finds level and message in JSON, logfmt and the plain forms that servers print.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;

use crate::domain::environment::Platform;
use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogKind, LogLine};
use crate::redact::Redactor;
use crate::sanitize::Text;

/// What the source knows of a line beside its text.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The service it belongs to.
    pub service: ServiceId,
    /// The platform it came from.
    pub platform: Platform,
    /// What wrote it.
    pub kind: LogKind,
    /// When.
    pub at: Timestamp,
    /// Machine or container; empty when there is none.
    pub instance: Arc<str>,
    /// Region; empty when there is none.
    pub region: Arc<str>,
    /// The level that the platform says. `Info` is what platforms say of anything on stdout, so the line may know better.
    pub level: Option<Level>,
}

/// What a platform identifies a record by, as a hash: pages overlap and streams repeat, and thousands are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordId(u64);

impl RecordId {
    /// The identity of these bytes: an id, or the whole record where there is none.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        Self(hasher.finish())
    }

    /// The identity that an id gives; none when it is empty.
    #[must_use]
    pub fn named(id: &str) -> Option<Self> {
        (!id.is_empty()).then(|| Self::of(id.as_bytes()))
    }
}

/// Longest JSON line that is parsed; a longer one is shown as it is.
const PARSED: usize = 64 * 1024;

/// Builds the line: cleaned, redacted, with the level it names.
#[must_use]
pub fn line(origin: Origin, raw: &str, redactor: &Redactor) -> LogLine {
    let whole = redactor.mask(Text::clean(raw));
    let found = structured(raw, &whole).unwrap_or_else(|| (plain_level(whole.as_str()), None));
    let (own, message) = (found.0, found.1.map(|message| redactor.mask(Text::clean(&message))));
    // A platform that says more than `info` has judged the line; else the line speaks for itself.
    let level = match (origin.level, own) {
        (Some(said), Some(own)) => said.max(own),
        (said, own) => own.or(said).unwrap_or(Level::Info),
    };
    let (message, raw) = match message {
        Some(message) => (message, Some(whole)),
        None => (whole, None),
    };
    LogLine {
        at: origin.at,
        service: origin.service,
        platform: origin.platform,
        kind: origin.kind,
        instance: origin.instance,
        region: origin.region,
        level,
        message,
        raw,
    }
}

type Found = (Option<Level>, Option<String>);

fn structured(raw: &str, whole: &Text) -> Option<Found> {
    let text = raw.trim();
    if text.starts_with('{') && text.ends_with('}') && text.len() <= PARSED {
        return json(text);
    }
    logfmt(whole.as_str())
}

fn json(text: &str) -> Option<Found> {
    let value: Value = serde_json::from_str(text).ok()?;
    let field = |names: &[&str]| names.iter().find_map(|name| value.get(*name));
    let level = match field(&["level", "severity", "levelname", "lvl", "log.level"]) {
        Some(Value::String(word)) => level_word(word),
        // pino and bunyan count: 30 = info, 50 = error.
        Some(Value::Number(number)) => number.as_u64().map(numbered),
        _ => None,
    };
    let message = field(&["message", "msg", "event", "text"])?;
    let message = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
    let detail = field(&["error", "err", "exception"]).and_then(|error| {
        error
            .as_str()
            .or_else(|| error.get("message").and_then(Value::as_str))
            .filter(|detail| !message.contains(detail))
    });
    Some((level, Some(detail.map_or_else(|| message.clone(), |detail| format!("{message}: {detail}")))))
}

fn numbered(number: u64) -> Level {
    match number {
        0..20 => Level::Trace,
        20..30 => Level::Debug,
        30..40 => Level::Info,
        40..50 => Level::Warn,
        50..60 => Level::Error,
        _ => Level::Fatal,
    }
}

/// `level=error msg="it broke" …`: only when both keys are there, so that ordinary text with `=` stays as it is.
fn logfmt(text: &str) -> Option<Found> {
    let level = pair(text, "level=").or_else(|| pair(text, "lvl="))?;
    let message = pair(text, "msg=").or_else(|| pair(text, "message="))?;
    Some((level_word(&level), Some(message)))
}

fn pair(text: &str, key: &str) -> Option<String> {
    let start = text.match_indices(key).find(|(at, _)| *at == 0 || text.as_bytes()[at - 1] == b' ')?.0 + key.len();
    let rest = &text[start..];
    let Some(quoted) = rest.strip_prefix('"') else {
        return Some(rest.split(' ').next().unwrap_or_default().to_owned());
    };
    let mut out = String::new();
    let mut escaped = false;
    for c in quoted.chars() {
        match c {
            '"' if !escaped => break,
            '\\' if !escaped => escaped = true,
            c => {
                out.push(c);
                escaped = false;
            }
        }
    }
    Some(out)
}

/// The level of a word: `warning`, `ERR`, `CRITICAL`.
#[must_use]
pub fn level_word(word: &str) -> Option<Level> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "trace" | "silly" => Level::Trace,
        "debug" | "verbose" => Level::Debug,
        "info" | "information" | "notice" | "log" => Level::Info,
        "warn" | "warning" => Level::Warn,
        "error" | "err" | "severe" => Level::Error,
        "fatal" | "critical" | "crit" | "panic" | "emergency" | "alert" => Level::Fatal,
        _ => return None,
    })
}

/// Upper-case words near the start, as python logging, gunicorn, Rails, Go and Postgres print them.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s\[(|:])(TRACE|DEBUG|INFO|NOTICE|LOG|WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC)(?:$|[\s\]):|,])")
        .ok()
});
/// How far into a line its level may stand.
const NEAR: usize = 96;

fn plain_level(text: &str) -> Option<Level> {
    let mut end = text.len().min(NEAR);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = &text[..end];
    if let Some(found) = WORD.as_ref().and_then(|word| word.captures(head)) {
        return level_word(&found[1]);
    }
    let traceback = head.starts_with("Traceback (most recent call last)")
        || head.starts_with("thread '") && head.contains("panicked");
    // `psycopg.OperationalError: …`, `ValueError: …`: the last line of a Python traceback.
    let exception = head
        .split_once(": ")
        .is_some_and(|(name, _)| (name.ends_with("Error") || name.ends_with("Exception")) && !name.contains(' '));
    (traceback || exception).then_some(Level::Error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(raw: &str) -> LogLine {
        let origin = Origin {
            service: ServiceId::new("staging", "backend"),
            platform: Platform::Fly,
            kind: LogKind::App,
            at: Timestamp::UNIX_EPOCH,
            instance: "".into(),
            region: "".into(),
            level: Some(Level::Info),
        };
        line(origin, raw, &Redactor::default())
    }

    #[test]
    fn json_shows_its_message_and_keeps_the_whole() {
        let line = parse(r#"{"level":"error","msg":"no connection","error":"timeout","n":1}"#);
        assert_eq!((line.level, line.message.as_str()), (Level::Error, "no connection: timeout"));
        assert!(line.raw.unwrap().as_str().starts_with('{'));
        assert_eq!(parse(r#"{"level":50,"message":"pino"}"#).level, Level::Error);
    }

    #[test]
    fn logfmt_shows_its_message() {
        let line = parse(r#"time=now level=warn msg="slow \"query\"" ms=900"#);
        assert_eq!((line.level, line.message.as_str()), (Level::Warn, "slow \"query\""));
    }

    #[test]
    fn plain_forms_name_their_level() {
        assert_eq!(parse("[2026-01-01 10:00:00 +0000] [7] [ERROR] Worker (pid:9) exited").level, Level::Error);
        assert_eq!(parse("2026-01-01 10:00:00,123 WARNING app.db: pool is full").level, Level::Warn);
        assert_eq!(parse("psycopg.OperationalError: connection refused").level, Level::Error);
        assert_eq!(parse("GET /errors 200").level, Level::Info);
        assert_eq!(parse("\u{1b}[31mERROR\u{1b}[0m it broke").level, Level::Error);
    }

    #[test]
    fn secrets_are_masked_inside_json_too() {
        let line = parse(r#"{"level":"info","message":"Bearer abcdef1234567890"}"#);
        assert!(!line.message.as_str().contains("abcdef"));
        assert!(!line.raw.unwrap().as_str().contains("abcdef"));
    }

    proptest! {
        #[test]
        fn any_line_is_taken(raw in any::<String>()) {
            let line = parse(&raw);
            prop_assert!(!line.message.as_str().chars().any(char::is_control));
        }
    }
}
