//! Makes a line that can be shown of its place in a block, when somebody looks at it.

use std::sync::Arc;

use jiff::Timestamp;

use super::block::{Meta, UNTIMED};
use super::form;
use crate::domain::environment::Platform;
use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogKind, LogLine};
use crate::redact::Redactor;
use crate::sanitize::Text;

/// What stands between the parts of a tagged line: no clean text holds it.
const PARTS: char = '\u{1f}';

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// A line.
    Line(LogLine),
    /// Lines that are missing here: whose, how many, why.
    Gap(ServiceId, u64, Text),
}

/// What the lines of one source have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) service: ServiceId,
    pub(super) platform: Platform,
    pub(super) kind: LogKind,
    pub(super) instance: Arc<str>,
    pub(super) region: Arc<str>,
    /// Its lines come as bytes and are read when they are looked at.
    pub(super) plain: bool,
}

impl Origin {
    pub(super) fn of(line: &LogLine) -> Self {
        Self {
            service: line.service.clone(),
            platform: line.platform,
            kind: line.kind,
            instance: Arc::clone(&line.instance),
            region: Arc::clone(&line.region),
            plain: false,
        }
    }

    /// A source of which only the name is known.
    pub(super) fn named(service: ServiceId, plain: bool) -> Self {
        let (instance, region): (Arc<str>, Arc<str>) = ("".into(), "".into());
        Self { service, platform: Platform::Edge, kind: LogKind::App, instance, region, plain }
    }
}

/// Reads a line as it was written. One without a time has that of the line before it.
#[must_use]
pub fn read(service: &ServiceId, text: &[u8], before: i64, redactor: &Redactor) -> Option<LogLine> {
    let (at, level) = form::quick(text);
    let (at, level) = (at.unwrap_or(before), level.unwrap_or(Level::Info));
    let meta = Meta { at, start: 0, len: 0, source: 0, level, gap: false };
    match row(meta, text, &Origin::named(service.clone(), true), redactor) {
        Row::Line(line) => Some(line),
        Row::Gap(..) => None,
    }
}

/// The text under which a tagged line is kept.
pub(super) fn line_text(line: &LogLine, into: &mut Vec<u8>) {
    into.extend_from_slice(line.message.as_str().as_bytes());
    if let Some(raw) = &line.raw {
        into.extend_from_slice(PARTS.encode_utf8(&mut [0; 4]).as_bytes());
        into.extend_from_slice(raw.as_str().as_bytes());
    }
}

/// The text under which a gap mark is kept.
pub(super) fn gap_text(count: u64, why: &Text, into: &mut Vec<u8>) {
    into.extend_from_slice(format!("{count}{PARTS}{why}").as_bytes());
}

/// Microseconds of an event time.
#[must_use]
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The row that was kept as this text. The time of a plain line that names none is the epoch.
pub(super) fn row(meta: Meta, text: &[u8], origin: &Origin, redactor: &Redactor) -> Row {
    let at = if meta.at == UNTIMED { 0 } else { meta.at };
    let at = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    let line = |message, raw| {
        let origin = origin.clone();
        Row::Line(LogLine {
            at,
            service: origin.service,
            platform: origin.platform,
            kind: origin.kind,
            instance: origin.instance,
            region: origin.region,
            level: meta.level,
            message,
            raw,
        })
    };
    if origin.plain && !meta.gap {
        let whole = redactor.mask(Text::from_bytes(text));
        return match form::message(whole.as_str()) {
            Some(message) => line(redactor.mask(Text::from(message)), Some(whole)),
            None => line(whole, None),
        };
    }
    let text = String::from_utf8_lossy(text);
    let (first, second) = match text.split_once(PARTS) {
        Some((first, second)) => (first, Some(Text::again(second))),
        None => (&*text, None),
    };
    if meta.gap {
        return Row::Gap(origin.service.clone(), first.parse().unwrap_or(1), second.unwrap_or_default());
    }
    line(Text::again(first), second)
}
