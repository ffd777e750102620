//! Reads time, level and message out of a raw line: JSON, logfmt, and the plain forms of Gunicorn, Flask, Postgres, nginx,
//! Next.js and their like. [`quick`] runs on every line of a block that is opened and allocates nothing.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde_json::Value;

use crate::domain::log::Level;

/// How far into a line its time and level may stand.
const NEAR: usize = 160;
/// Longest JSON line that is parsed; a longer one is shown as it is.
const PARSED: usize = 64 * 1024;
const DAY: i64 = 86_400_000_000;

/// Words that are looked for in every line, made ready once.
type Keys = LazyLock<Vec<Finder<'static>>>;

fn keys(words: &[&'static str]) -> Vec<Finder<'static>> {
    words.iter().map(|word| Finder::new(word.as_bytes())).collect()
}

static TIMES: Keys = LazyLock::new(|| keys(&["\"time\":", "\"ts\":", "\"timestamp\":"]));
static LEVELS: Keys = LazyLock::new(|| keys(&["\"level\":", "\"severity\":", "\"levelname\":", "\"lvl\":"]));
static LOGFMT: Keys = LazyLock::new(|| keys(&["level=", "lvl="]));
static ANSWERED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\" "));

/// Where what follows the first key begins that a line has.
fn behind(keys: &Keys, line: &[u8]) -> Option<usize> {
    keys.iter().find_map(|key| key.find(line).map(|at| at + key.needle().len()))
}

/// Event time in microseconds, and level, where the line names them.
#[must_use]
pub fn quick(line: &[u8]) -> (Option<i64>, Option<Level>) {
    (quick_time(line), level(line, &line[..line.len().min(NEAR)]))
}

/// Event time in microseconds alone.
#[must_use]
pub fn quick_time(line: &[u8]) -> Option<i64> {
    let head = &line[..line.len().min(NEAR)];
    time(head).map(|(at, ..)| at).or_else(|| counted(head))
}

/// The first time in the head of a line, with where its text begins and ends.
fn time(head: &[u8]) -> Option<(i64, usize, usize)> {
    memchr::memchr2_iter(b'-', b'/', head).find_map(|at| dated(head, at).or_else(|| month(head, at)))
}

fn digits(bytes: &[u8], from: usize, count: usize) -> Option<i64> {
    let part = bytes.get(from..from + count)?;
    part.iter().try_fold(0i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// `2026-01-31T12:00:00.123Z`, `2026/01/31 12:00:00`; `at` is where the first separator stands.
fn dated(head: &[u8], at: usize) -> Option<(i64, usize, usize)> {
    let start = at.checked_sub(4)?;
    let same = head.get(at + 3) == head.get(at);
    let separator = matches!(head.get(at + 6), Some(b'T' | b't' | b' '));
    if !same || !separator {
        return None;
    }
    let day = days(digits(head, start, 4)?, digits(head, at + 1, 2)?, digits(head, at + 4, 2)?)?;
    let (of_day, end) = clock(head, at + 7)?;
    Some((day * DAY + of_day, start, end))
}

/// `31/Jan/2026:12:00:00 +0000` of access lines; Flask writes a space before the hour.
fn month(head: &[u8], at: usize) -> Option<(i64, usize, usize)> {
    const NAMES: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let start = at.checked_sub(2)?;
    let name = head.get(at + 1..at + 4)?;
    let month = NAMES.chunks(3).position(|known| known == name)?;
    if head.get(at + 4) != Some(&b'/') || !matches!(head.get(at + 9), Some(b':' | b' ')) {
        return None;
    }
    let month = i64::try_from(month).ok()? + 1;
    let day = days(digits(head, at + 5, 4)?, month, digits(head, start, 2)?)?;
    let (of_day, end) = clock(head, at + 10)?;
    Some((day * DAY + of_day, start, end))
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The year begins in March, so that the leap day is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// `12:00:00`, a fraction and a zone if they follow; microseconds of the day in UTC, and where it ends.
fn clock(head: &[u8], at: usize) -> Option<(i64, usize)> {
    let (hour, minute, second) = (digits(head, at, 2)?, digits(head, at + 3, 2)?, digits(head, at + 6, 2)?);
    if head.get(at + 2) != Some(&b':') || head.get(at + 5) != Some(&b':') || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut micros = ((hour * 60 + minute) * 60 + second) * 1_000_000;
    let mut end = at + 8;
    if matches!(head.get(end), Some(b'.' | b',')) && head.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1;
        let mut worth = 100_000;
        while let Some(byte) = head.get(end).filter(|byte| byte.is_ascii_digit()) {
            micros += i64::from(byte - b'0') * worth;
            (worth, end) = (worth / 10, end + 1);
        }
    }
    let space = usize::from(head.get(end) == Some(&b' '));
    let rest = head.get(end + space..).unwrap_or_default();
    if rest.first() == Some(&b'Z') && space == 0 {
        return Some((micros, end + 1));
    }
    if rest.starts_with(b"UTC") {
        return Some((micros, end + space + 3));
    }
    let sign = match rest.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some((micros, end)),
    };
    let colon = usize::from(rest.get(3) == Some(&b':'));
    let (Some(hours), Some(minutes)) = (digits(rest, 1, 2), digits(rest, 3 + colon, 2)) else {
        return Some((micros, end));
    };
    Some((micros - sign * (hours * 60 + minutes) * 60_000_000, end + space + 5 + colon))
}

/// `"time":1700000000000` of JSON: seconds, milliseconds, microseconds or nanoseconds by their size.
fn counted(head: &[u8]) -> Option<i64> {
    if head.first() != Some(&b'{') {
        return None;
    }
    let at = behind(&TIMES, head)?;
    let number = head[at..].iter().skip_while(|byte| **byte == b' ').take_while(|byte| byte.is_ascii_digit());
    let (mut value, mut count) = (0i64, 0);
    for byte in number.take(18) {
        (value, count) = (value * 10 + i64::from(byte - b'0'), count + 1);
    }
    match count {
        10 => Some(value * 1_000_000),
        13 => Some(value * 1000),
        16 => Some(value),
        18.. => Some(value / 100),
        _ => None,
    }
}

fn level(line: &[u8], head: &[u8]) -> Option<Level> {
    if head.first() == Some(&b'{') {
        let at = behind(&LEVELS, line)?;
        let rest = line.get(at..).unwrap_or_default().trim_ascii_start();
        return match rest.first() {
            Some(b'"') => {
                let word = &rest[1..];
                word_level(&word[..memchr::memchr(b'"', word)?])
            }
            _ => digits(rest, 0, 2).map(numbered),
        };
    }
    for key in LOGFMT.iter() {
        if let Some(at) = key.find(head).filter(|at| *at == 0 || head[at - 1] == b' ') {
            let rest = &head[at + key.needle().len()..];
            let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
            let end = rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len());
            return word_level(&rest[..end]);
        }
    }
    words(head).or_else(|| answered(line)).or_else(|| marked(head))
}

/// pino and bunyan count: 30 = info, 50 = error.
fn numbered(number: i64) -> Level {
    match number {
        ..20 => Level::Trace,
        20..30 => Level::Debug,
        30..40 => Level::Info,
        40..50 => Level::Warn,
        50..60 => Level::Error,
        _ => Level::Fatal,
    }
}

/// The level of a word: `warning`, `ERR`, `CRITICAL`.
#[must_use]
pub fn word_level(word: &[u8]) -> Option<Level> {
    let known: [(&str, Level); 22] = [
        ("info", Level::Info),
        ("debug", Level::Debug),
        ("warn", Level::Warn),
        ("error", Level::Error),
        ("warning", Level::Warn),
        ("trace", Level::Trace),
        ("log", Level::Info),
        ("notice", Level::Info),
        ("information", Level::Info),
        ("statement", Level::Info),
        ("detail", Level::Info),
        ("hint", Level::Info),
        ("verbose", Level::Debug),
        ("err", Level::Error),
        ("severe", Level::Error),
        ("fatal", Level::Fatal),
        ("critical", Level::Fatal),
        ("crit", Level::Fatal),
        ("panic", Level::Fatal),
        ("emerg", Level::Fatal),
        ("emergency", Level::Fatal),
        ("alert", Level::Fatal),
    ];
    known.iter().find(|(text, _)| word.eq_ignore_ascii_case(text.as_bytes())).map(|(_, level)| *level)
}

/// A word in capitals, or any in brackets: `ERROR`, `[error]`, `LOG:`. Escape sequences are stepped over.
fn words(head: &[u8]) -> Option<Level> {
    let mut at = 0;
    while at < head.len() {
        let byte = head[at];
        if byte == 0x1b {
            let end = head[at..].iter().skip(2).position(u8::is_ascii_alphabetic)?;
            at += end + 3;
            continue;
        }
        if !byte.is_ascii_alphabetic() {
            at += 1;
            continue;
        }
        let len = head[at..]
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
            .unwrap_or(head.len() - at);
        let word = &head[at..at + len];
        if (3..12).contains(&len) {
            let bracketed = at > 0 && head[at - 1] == b'[' && head.get(at + len) == Some(&b']');
            let capitals = word.iter().all(u8::is_ascii_uppercase) && head.get(at + len) != Some(&b'/');
            if (bracketed || capitals)
                && let Some(level) = word_level(word)
            {
                return Some(level);
            }
        }
        at += len;
    }
    None
}

/// The status of an access line: `" 502 `.
fn answered(line: &[u8]) -> Option<Level> {
    let at = ANSWERED.find(line).filter(|at| {
        line[..*at].ends_with(b"HTTP/1.1") || line[..*at].ends_with(b"HTTP/1.0") || line[..*at].ends_with(b"HTTP/2.0")
    })?;
    match digits(line, at + 2, 3)? {
        500.. => Some(Level::Error),
        400..500 => Some(Level::Warn),
        _ => Some(Level::Info),
    }
}

/// The signs of Next.js, and the ends of traces: `⨯ Error`, `Traceback (most recent call last)`, `ValueError: …`.
fn marked(head: &[u8]) -> Option<Level> {
    let head = head.trim_ascii_start();
    let starts = |text: &str| head.starts_with(text.as_bytes());
    if starts("⨯") || starts("✘") || starts("Traceback (most recent call last)") || starts("Unhandled") {
        return Some(Level::Error);
    }
    if starts("⚠") {
        return Some(Level::Warn);
    }
    if starts("thread '") && memchr::memmem::find(head, b"panicked").is_some() {
        return Some(Level::Fatal);
    }
    let name = &head[..memchr::memchr(b':', head)?];
    let exception = name.ends_with(b"Error") || name.ends_with(b"Exception");
    (exception && !name.contains(&b' ')).then_some(Level::Error)
}

/// What is shown of a clean line instead of the whole; `None` when it is shown as it is.
#[must_use]
pub fn message(line: &str) -> Option<String> {
    let text = line.trim();
    if text.starts_with('{') && text.ends_with('}') && text.len() <= PARSED {
        return json(text);
    }
    if let Some(message) = logfmt(text) {
        return Some(message);
    }
    behind_time(line).map(str::to_owned)
}

/// What follows the time that begins a line: it says nothing more than the stamp beside it.
#[must_use]
pub fn behind_time(line: &str) -> Option<&str> {
    let head = &line.as_bytes()[..line.len().min(NEAR)];
    let (_, start, end) = time(head)?;
    let rest = line.get(end..).filter(|_| start <= 1)?;
    let rest = rest.trim_start_matches([']', ' ']);
    (!rest.is_empty()).then_some(rest)
}

/// Fields that have a place of their own on the screen.
const SHOWN: [&str; 17] = [
    "level",
    "severity",
    "levelname",
    "lvl",
    "message",
    "msg",
    "event",
    "text",
    "ts",
    "time",
    "timestamp",
    "@timestamp",
    "error",
    "err",
    "exception",
    "pid",
    "hostname",
];

/// The message of a JSON line, its error, and the other fields behind them.
fn json(text: &str) -> Option<String> {
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return None };
    let field = |names: &[&str]| names.iter().find_map(|name| fields.get(*name));
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut out = plain(field(&["message", "msg", "event", "text"])?);
    if let Some(error) = field(&["error", "err", "exception"]) {
        let detail = error.get("message").map_or_else(|| plain(error), plain);
        if !out.contains(&detail) && !error.is_null() {
            out.push_str(": ");
            out.push_str(&detail);
        }
    }
    for (key, value) in fields.iter().filter(|(key, _)| !SHOWN.contains(&key.as_str())) {
        out.push_str(&format!("  {key}={}", plain(value)));
    }
    Some(out)
}

/// `level=error msg="it broke" …`: only when both keys are there, so that ordinary text with `=` stays as it is.
fn logfmt(text: &str) -> Option<String> {
    if !text.contains("level=") && !text.contains("lvl=") {
        return None;
    }
    let key = ["msg=\"", "message=\""].into_iter().find_map(|key| text.find(key).map(|at| (at, key)));
    let Some((at, key)) = key else {
        let at = text.find("msg=")?;
        return Some(text[at + 4..].split(' ').next().unwrap_or_default().to_owned() + " " + text[..at].trim_end());
    };
    let mut out = String::new();
    let mut rest = text[at + key.len()..].chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => out.extend(rest.next()),
            c => out.push(c),
        }
    }
    let more = rest.as_str().trim();
    if !more.is_empty() {
        out.push_str("  ");
        out.push_str(more);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(line: &str) -> (String, Option<Level>) {
        let (at, level) = quick(line.as_bytes());
        let at = at.map(|at| jiff::Timestamp::from_microsecond(at).unwrap().to_string());
        (at.unwrap_or_default(), level)
    }

    #[test]
    fn the_plain_forms_of_servers_name_time_and_level() {
        let noon = "2026-01-31T12:00:00Z".to_owned();
        let forms = [
            ("[2026-01-31 12:00:00 +0000] [7] [ERROR] Worker (pid:9) exited", Some(Level::Error)),
            ("2026-01-31 12:00:00.000 UTC [88] LOG:  checkpoint starting", Some(Level::Info)),
            ("2026-01-31 13:00:00+01:00 [88] FATAL:  too many connections", Some(Level::Fatal)),
            ("127.0.0.1 - - [31/Jan/2026 12:00:00] \"GET / HTTP/1.1\" 500 -", Some(Level::Error)),
            ("10.0.0.1 - - [31/Jan/2026:12:00:00 +0000] \"GET /x HTTP/1.1\" 404 12 \"-\" \"curl\"", Some(Level::Warn)),
            ("2026/01/31 12:00:00 [warn] 31#31: *1 upstream is slow", Some(Level::Warn)),
            ("time=2026-01-31T12:00:00Z level=debug msg=\"slow \\\"query\\\"\" ms=9", Some(Level::Debug)),
            ("{\"level\":50,\"time\":1769860800000,\"msg\":\"x\"}", Some(Level::Error)),
            ("{\"ts\":\"2026-01-31T12:00:00Z\",\"msg\":\"x\",\"level\":\"warning\"}", Some(Level::Warn)),
            ("2026-01-31T12:00:00Z app[1] \u{1b}[31mERROR\u{1b}[0m it broke", Some(Level::Error)),
        ];
        for (line, level) in forms {
            assert_eq!(said(line), (noon.clone(), level), "{line}");
        }
        for (line, level) in [(" ⨯ Error: x", Some(Level::Error)), ("GET /errors 200 in 3ms", None)] {
            assert_eq!(said(line), (String::new(), level), "{line}");
        }
    }

    #[test]
    fn what_is_shown_leaves_out_what_stands_beside_it() {
        let shown = |line: &str| message(line).unwrap_or_default();
        assert_eq!(shown("2026-01-31T12:00:00.123456Z app[1] fra [info] hello"), "app[1] fra [info] hello");
        assert_eq!(shown("[2026-01-31 12:00:00 +0000] [7] [INFO] Booting"), "[7] [INFO] Booting");
        assert_eq!(shown(r#"{"level":"error","msg":"no","error":{"message":"late"},"seq":9}"#), "no: late  seq=9");
        assert_eq!(shown(r#"time=x level=warn msg="slow \"query\"" ms=9"#), "slow \"query\"  ms=9");
        assert_eq!(message("plain"), None);
    }

    proptest! {
        #[test]
        fn no_line_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[-/:0-9TZ+ .{}\"a-zA-Z=é]{0,200}") {
            let _ = quick(&bytes);
            let _ = quick(text.as_bytes());
            let _ = message(&text);
            let _ = message(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn times_are_those_of_the_calendar(second in 0i64..4_102_444_800, micro in 0i64..1_000_000) {
            let at = jiff::Timestamp::from_microsecond(second * 1_000_000 + micro).unwrap();
            let line = format!("{} x", at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"));
            prop_assert_eq!(quick(line.as_bytes()).0, Some(second * 1_000_000 + micro));
        }
    }
}
