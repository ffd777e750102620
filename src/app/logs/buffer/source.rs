//! Statistics of each source of lines: how many, how many errors, how fast.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{LogBuf, UNTIMED};
use crate::app::msg::Now;
use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogLine};
use crate::logstore::{LineFilter, Tally};
use crate::sanitize::Text;

/// Bytes in which the newest error is looked for.
const LOOKED_AT: usize = 4 << 20;
/// Seconds over which a rate is told.
const WINDOW: u64 = 5;

/// One source.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Whose lines they are.
    pub service: ServiceId,
    /// Lines held.
    pub lines: u64,
    /// Errors among them.
    pub errors: u64,
    /// Event time of its newest line.
    pub newest: Option<Timestamp>,
    /// How old its newest line was when it came.
    pub lag: Option<SignedDuration>,
    /// It will write no more, and why.
    pub ended: Option<Text>,
    /// Its newest line of level error or above, where lines came read.
    newest_error: Option<LogLine>,
    /// Time of the line that came last as it was written, microseconds.
    pub(super) time: i64,
    /// Lines that came in the last seconds, by second of the monotonic clock.
    recent: VecDeque<(u64, u64)>,
}

impl Source {
    pub(super) fn take(&mut self, line: &LogLine) {
        self.lines += 1;
        self.errors += u64::from(line.level >= Level::Error);
        self.newest = self.newest.max(Some(line.at));
        if line.level >= Level::Error && self.newest_error.as_ref().is_none_or(|known| known.at <= line.at) {
            self.newest_error = Some(line.clone());
        }
    }

    pub(super) fn drop(&mut self, gone: Tally) {
        self.lines = self.lines.saturating_sub(gone.lines.into());
        self.errors = self.errors.saturating_sub(gone.errors.into());
    }

    /// Lines a second, over the last five.
    #[must_use]
    pub fn rate(&self, mono: Duration) -> u64 {
        let from = mono.as_secs().saturating_sub(WINDOW);
        let sum: u64 = self.recent.iter().filter(|(second, _)| *second >= from).map(|(_, count)| count).sum();
        sum / WINDOW.min(mono.as_secs().max(1))
    }
}

impl LogBuf {
    /// Every source that ever wrote, in the order in which they did.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Which of the sources a service is, counted from 0.
    #[must_use]
    pub fn number(&self, service: &ServiceId) -> usize {
        self.sources.iter().position(|source| source.service == *service).unwrap_or(0)
    }

    /// Counts lines that came now; the event time of the newest of them, where it is known, tells how late they are.
    pub fn came(&mut self, service: &ServiceId, lines: usize, newest: Option<Timestamp>, now: Now) {
        let source = self.source(service);
        if let Some(newest) = newest {
            source.lag = Some(now.wall.duration_since(newest));
            source.newest = source.newest.max(Some(newest));
        }
        let (recent, mono) = (&mut source.recent, now.mono);
        let second = mono.as_secs();
        match recent.back_mut() {
            Some((last, count)) if *last == second => *count += lines as u64,
            _ => recent.push_back((second, lines as u64)),
        }
        while recent.front().is_some_and(|(first, _)| first + WINDOW < second) {
            recent.pop_front();
        }
    }

    pub(super) fn source(&mut self, service: &ServiceId) -> &mut Source {
        let known = self.sources.iter().position(|source| source.service == *service);
        let at = known.unwrap_or_else(|| {
            let service = service.clone();
            self.sources.push(Source {
                service,
                lines: 0,
                errors: 0,
                newest: None,
                lag: None,
                ended: None,
                newest_error: None,
                time: UNTIMED,
                recent: VecDeque::new(),
            });
            self.sources.len() - 1
        });
        &mut self.sources[at]
    }

    /// Takes note that a source will write no more.
    pub fn ended(&mut self, service: &ServiceId, why: Text) {
        self.source(service).ended = Some(why);
    }

    /// Shows or hides a source.
    pub fn toggle_source(&mut self, service: &ServiceId) {
        let mut filter = self.filter.clone();
        if !filter.hidden.remove(service) {
            filter.hidden.insert(service.clone());
        }
        self.set_filter(filter);
    }

    /// Shows every source.
    pub fn show_all_sources(&mut self) {
        let mut filter = self.filter.clone();
        filter.hidden.clear();
        self.set_filter(filter);
    }

    /// The newest line of a source of level error or above, while any is held. Of lines that came as they were written the newest
    /// megabytes are looked through.
    #[must_use]
    pub fn newest_error(&self, service: &ServiceId) -> Option<LogLine> {
        let source = self.sources.iter().find(|source| source.service == *service)?;
        if let Some(known) = source.newest_error.clone().filter(|_| source.errors > 0) {
            return Some(known);
        }
        let line_filter = LineFilter::of(None, Level::Error);
        let mut found = Vec::new();
        for start in self.store.before(self.store.end(), LOOKED_AT) {
            self.store.sift(start, &line_filter, &mut found);
            let line = |at: &u64| self.line(*at).filter(|line| line.service == *service && line.level >= Level::Error);
            if let Some(line) = found.drain(..).rev().find_map(|at| line(&at)) {
                return Some(line);
            }
        }
        None
    }

    /// Errors among the lines of a source; `None` while lines that came as bytes have not all been read ([`LogBuf::sum`]).
    #[must_use]
    pub fn errors(&self, service: &ServiceId) -> Option<u64> {
        let source = self.sources.iter().find(|source| source.service == *service)?;
        let plain = self.store.plain_errors(service)?;
        Some(source.errors + plain)
    }
}
