//! What is known of each source of lines: how many, how many errors, how fast.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use super::LogBuf;
use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogLine};
use crate::logstore::Tally;

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
    /// Its newest line of level error or above.
    newest_error: Option<LogLine>,
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

    /// Counts lines that came now.
    pub fn came(&mut self, service: &ServiceId, lines: usize, mono: Duration) {
        let recent = &mut self.source(service).recent;
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
            let fresh =
                Source { service, lines: 0, errors: 0, newest: None, newest_error: None, recent: VecDeque::new() };
            self.sources.push(fresh);
            self.sources.len() - 1
        });
        &mut self.sources[at]
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

    /// The newest line of a source of level error or above, while any is held.
    #[must_use]
    pub fn newest_error(&self, service: &ServiceId) -> Option<&LogLine> {
        let source = self.sources.iter().find(|source| source.service == *service && source.errors > 0)?;
        source.newest_error.as_ref()
    }
}
