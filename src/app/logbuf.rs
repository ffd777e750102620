//! The log lines held: bounded by bytes, the oldest go first and are counted; ordered by event time within a small window;
//! filtered once on arrival. Positions are absolute (lines ever taken in), so that a paused reader keeps their place.

mod filter;
pub mod seek;
mod source;

use std::collections::VecDeque;

use crate::domain::ids::ServiceId;
use crate::domain::log::{LogBatch, LogLine};
use crate::sanitize::Text;
pub use filter::{Filter, find};
pub use source::Source;

/// How far back a late line may be sorted in.
const WINDOW: usize = 512;
/// What a line costs beside its text, bytes.
const OVERHEAD: usize = 160;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// A line.
    Line(LogLine),
    /// Lines that are missing here: whose, how many, why.
    Gap(ServiceId, u64, Text),
}

/// The buffer.
#[derive(Debug)]
pub struct LogBuf {
    rows: VecDeque<Row>,
    /// Absolute position of the first row.
    base: u64,
    bytes: usize,
    limit: usize,
    /// Absolute positions of rows that pass the filter, ascending.
    shown: VecDeque<u64>,
    filter: Filter,
    /// The last text that was filtered by: n and N walk its matches when the filter has gone.
    term: String,
    /// The selected row while paused.
    cursor: Option<u64>,
    sources: Vec<Source>,
    /// The last row visible while paused; `None` = follow.
    anchor: Option<u64>,
    /// Shown rows dropped since the anchor was set: so many newer ones may fill a paused page.
    lost: usize,
    arrived: u64,
    dropped: u64,
}

impl LogBuf {
    /// A buffer that holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            rows: VecDeque::new(),
            base: 0,
            bytes: 0,
            limit,
            shown: VecDeque::new(),
            filter: Filter::default(),
            term: String::new(),
            cursor: None,
            sources: Vec::new(),
            anchor: None,
            lost: 0,
            arrived: 0,
            dropped: 0,
        }
    }

    /// Takes a batch in.
    pub fn push(&mut self, batch: LogBatch) {
        if batch.gap > 0 {
            self.insert(self.rows.len(), Row::Gap(batch.service, batch.gap, batch.gap_why.unwrap_or_default()));
        }
        for line in batch.lines {
            self.arrived += 1;
            self.source(&line.service).take(&line);
            let late = |row: &Row| matches!(row, Row::Line(other) if other.at > line.at);
            let back = self.rows.iter().rev().take(WINDOW).take_while(|row| late(row)).count();
            self.insert(self.rows.len() - back, Row::Line(line));
        }
        self.evict();
    }

    fn insert(&mut self, index: usize, row: Row) {
        let at = self.base + index as u64;
        let passes = self.filter.passes(&row);
        self.bytes += cost(&row);
        self.rows.insert(index, row);
        // Positions behind it move by one; they are the last few, because the window is small.
        let behind = self.shown.partition_point(|position| *position < at);
        self.shown.range_mut(behind..).for_each(|position| *position += 1);
        if passes {
            self.shown.insert(behind, at);
        }
        for place in [&mut self.anchor, &mut self.cursor].into_iter().flatten().filter(|place| **place >= at) {
            *place += 1;
        }
    }

    fn evict(&mut self) {
        while self.bytes > self.limit {
            let Some(row) = self.rows.pop_front() else { break };
            self.bytes -= cost(&row);
            // A gap mark was never taken in as a line.
            if let Row::Line(line) = &row {
                self.dropped += 1;
                self.source(&line.service).drop(line);
            }
            self.base += 1;
        }
        while self.shown.front().is_some_and(|position| *position < self.base) {
            self.shown.pop_front();
            self.lost += 1;
        }
    }

    /// Sets the filter and looks at every row once.
    pub fn set_filter(&mut self, filter: Filter) {
        let filter = Filter { text: filter.text.to_lowercase(), ..filter };
        if filter == self.filter {
            return;
        }
        self.filter = filter;
        if !self.filter.text.is_empty() {
            self.term.clone_from(&self.filter.text);
        }
        self.shown.clear();
        let passing = self.rows.iter().enumerate().filter(|(_, row)| self.filter.passes(row));
        self.shown.extend(passing.map(|(index, _)| self.base + index as u64));
    }

    /// The filter in force.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Index into the shown rows behind the last visible one.
    fn end(&self) -> usize {
        match self.anchor {
            None => self.shown.len(),
            Some(anchor) => self.shown.partition_point(|position| *position <= anchor),
        }
    }

    /// The rows of a page, oldest first, each with its number counted from the first row ever taken in.
    pub fn page(&self, rows: usize) -> impl DoubleEndedIterator<Item = (u64, &Row)> {
        // A paused reader whose place is being evicted sees the oldest page, whole, rather than its last rows or nothing.
        let evicted = self.anchor.is_some_and(|anchor| anchor < self.base);
        let end = self.end();
        let filled = if evicted { rows } else { (end + self.lost).min(rows) };
        let end = end.max(filled.min(self.shown.len()));
        let start = end.saturating_sub(rows);
        self.shown.range(start..end).filter_map(|position| Some((*position, self.row(*position)?)))
    }

    fn row(&self, position: u64) -> Option<&Row> {
        self.rows.get(usize::try_from(position.checked_sub(self.base)?).ok()?)
    }

    /// A line by its number.
    #[must_use]
    pub fn line(&self, position: u64) -> Option<&LogLine> {
        match self.row(position)? {
            Row::Line(line) => Some(line),
            Row::Gap(..) => None,
        }
    }

    /// Shown rows below the page.
    #[must_use]
    pub fn below(&self) -> usize {
        self.shown.len() - self.end()
    }

    /// Whether new lines move the page.
    #[must_use]
    pub fn following(&self) -> bool {
        self.anchor.is_none()
    }

    /// Lines ever taken in, and lines that the bound has dropped.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.arrived, self.dropped)
    }

    /// Bytes held, as they count against the bound.
    #[must_use]
    pub fn held(&self) -> usize {
        self.bytes
    }

    /// Rows held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The newest line's event time.
    #[must_use]
    pub fn newest(&self) -> Option<jiff::Timestamp> {
        self.rows.iter().rev().find_map(|row| match row {
            Row::Line(line) => Some(line.at),
            Row::Gap(..) => None,
        })
    }
}

fn cost(row: &Row) -> usize {
    OVERHEAD
        + match row {
            Row::Line(line) => line.message.as_str().len() + line.raw.as_ref().map_or(0, |raw| raw.as_str().len()),
            Row::Gap(_, _, why) => why.as_str().len(),
        }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::environment::Platform;
    use crate::domain::log::{Level, LogKind};

    fn line(second: i64, message: &str) -> LogLine {
        LogLine {
            at: jiff::Timestamp::from_second(second).unwrap(),
            service: ServiceId::new("production", "backend"),
            platform: Platform::Fly,
            kind: LogKind::App,
            instance: "".into(),
            region: "".into(),
            level: Level::Info,
            message: Text::from(message),
            raw: None,
        }
    }

    fn batch(lines: Vec<LogLine>) -> LogBatch {
        LogBatch { service: ServiceId::new("production", "backend"), lines, gap: 0, gap_why: None }
    }

    fn seen(buf: &LogBuf, rows: usize) -> Vec<String> {
        let text = |row: &Row| match row {
            Row::Line(line) => line.message.to_string(),
            Row::Gap(_, count, _) => format!("gap {count}"),
        };
        buf.page(rows).map(|(_, row)| text(row)).collect()
    }

    #[test]
    fn late_lines_are_sorted_in_and_a_paused_reader_keeps_their_place() {
        let mut buf = LogBuf::new(1 << 20);
        buf.push(batch(vec![line(1, "a"), line(5, "e")]));
        buf.toggle_pause();
        buf.push(batch(vec![line(3, "c"), line(9, "i")]));
        assert_eq!(seen(&buf, 10), ["a", "c", "e"]);
        assert_eq!(buf.below(), 1);
        buf.scroll(1, 10);
        assert!(!buf.following(), "the line below is selected, and reading goes on from it");
        buf.scroll(1, 10);
        assert!(buf.following());
        assert_eq!(seen(&buf, 2), ["e", "i"]);
    }

    #[test]
    fn the_filter_works_on_what_is_held_and_on_what_arrives() {
        let mut buf = LogBuf::new(1 << 20);
        buf.push(batch(vec![line(1, "GET /health"), line(2, "boom ERROR")]));
        buf.set_filter(Filter { text: "Error".to_owned(), ..Filter::default() });
        buf.push(batch(vec![line(3, "an error"), line(4, "fine")]));
        assert_eq!(seen(&buf, 10), ["boom ERROR", "an error"]);
        buf.set_filter(Filter { text: "error".to_owned(), inverse: true, ..Filter::default() });
        assert_eq!(seen(&buf, 10), ["GET /health", "fine"]);
    }

    #[test]
    fn gaps_are_visible() {
        let mut buf = LogBuf::new(1 << 20);
        buf.push(LogBatch { gap: 7, ..batch(vec![line(1, "a")]) });
        assert_eq!(seen(&buf, 10), ["gap 7", "a"]);
    }

    #[test]
    fn a_gap_mark_that_goes_is_not_counted_as_a_dropped_line() {
        let mut buf = LogBuf::new(OVERHEAD * 3);
        for second in 0..20 {
            buf.push(LogBatch { gap: 7, ..batch(vec![line(second, "")]) });
        }
        let held = buf.rows.iter().filter(|row| matches!(row, Row::Line(_))).count() as u64;
        let (arrived, dropped) = buf.counts();
        assert_eq!((arrived, held + dropped), (20, 20));
    }

    #[test]
    fn a_paused_page_stays_whole_while_its_rows_go() {
        let mut buf = LogBuf::new(OVERHEAD * 10);
        buf.push(batch((0..10).map(|second| line(second, "")).collect()));
        buf.toggle_pause();
        for second in 10..40 {
            buf.push(batch(vec![line(second, "")]));
            assert_eq!(buf.page(5).count(), 5, "at {second}");
        }
    }

    proptest! {
        #[test]
        fn the_bound_holds_and_every_line_is_held_or_counted(
            steps in proptest::collection::vec((0i64..50, 0usize..200, any::<bool>(), -5isize..5), 1..200),
        ) {
            let mut buf = LogBuf::new(8 * 1024);
            for (second, length, pause, scroll) in steps {
                buf.push(batch(vec![line(second, &"x".repeat(length))]));
                if pause { buf.toggle_pause(); } else { buf.scroll(scroll, 10); }
                prop_assert!(buf.bytes <= buf.limit);
                prop_assert_eq!(buf.len() as u64 + buf.counts().1, buf.counts().0);
                prop_assert!(buf.page(10).count() <= 10);
                prop_assert_eq!(buf.shown.len(), buf.len());
            }
        }
    }
}
