//! The log lines held, as they are read: in the order of event time, filtered, followed or paused. [`Store`] holds them; here is
//! what the reader sees of them. Positions are absolute (rows ever taken in), so that a paused reader keeps their place.
//!
//! What would take long is done in slices ([`LogBuf::work`]), from the reader's place outwards, so that no key ever waits.

pub mod chart;
mod filter;
pub mod seek;
mod source;
#[cfg(test)]
mod tests;
mod work;

use std::collections::VecDeque;

use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogBatch, LogLine};
pub use crate::logstore::block::UNTIMED;
pub use crate::logstore::drain::GAP;
use crate::logstore::find::continues;
use crate::logstore::{Chunk, LineFilter, Needle, Patterns, Piece, Sorted, Store, Tally, form};
pub use crate::logstore::{Pattern, Row, Term};
pub use filter::{Filter, moment, typed, typing, window};
use seek::Seeking;
pub use source::Source;
use work::Scan;

/// Lines of a stack trace that are looked for on each side of a line.
const TRACE: usize = 100;
/// Rows that may fill a page that shows the beginning: any number.
const OPENING: usize = usize::MAX / 4;
/// Newer rows that may fill a page after the filter changed: as many as any page has.
const REFILLED: usize = 1 << 16;

/// The buffer.
#[derive(Debug)]
pub struct LogBuf {
    store: Store,
    /// Positions of rows that pass the filter, ascending; `None` while every row does.
    shown: Option<VecDeque<u64>>,
    filter: Filter,
    line_filter: LineFilter,
    /// Where the filter has not looked yet.
    scan: Option<Scan>,
    /// The filter was set, and what is nearest has not been looked at.
    fresh: bool,
    /// The last text that was filtered by: n and N walk its matches when the filter has gone.
    term: Term,
    needle: Option<Needle>,
    /// A match or an error that is still looked for.
    seeking: Option<Seeking>,
    /// The filter that comes back when a line has been seen among its neighbours.
    aside: Option<Filter>,
    patterns: Patterns,
    /// From where on lines that were kept as they were written have not been clustered; `None` until somebody asks for patterns.
    mined: Option<u64>,
    /// Where blocks that came as bytes have not been summed up yet; `None` until somebody asks for sums.
    survey: Option<u64>,
    /// The selected row while paused.
    cursor: Option<u64>,
    sources: Vec<Source>,
    /// The last row visible while paused; `None` = follow.
    anchor: Option<u64>,
    /// A look at a line has paused it, and nobody else has.
    peeking: bool,
    /// Shown rows dropped since the anchor was set: so many newer ones may fill a paused page.
    lost: usize,
    arrived: u64,
    dropped: u64,
}

impl LogBuf {
    /// A buffer that holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let filter = Filter::default();
        Self {
            store: Store::new(limit),
            shown: None,
            line_filter: filter.line_filter(),
            filter,
            scan: None,
            fresh: false,
            term: Term::default(),
            needle: None,
            seeking: None,
            aside: None,
            patterns: Patterns::default(),
            mined: None,
            survey: None,
            cursor: None,
            sources: Vec::new(),
            anchor: None,
            peeking: false,
            lost: 0,
            arrived: 0,
            dropped: 0,
        }
    }

    /// Takes a batch in.
    pub fn push(&mut self, batch: LogBatch) {
        if batch.gap > 0 {
            let at = self.store.push_gap(&batch.service, batch.gap, &batch.gap_why.unwrap_or_default());
            self.inserted(at);
        }
        for line in batch.lines {
            self.arrived += 1;
            self.source(&line.service).take(&line);
            self.patterns.add(&line.service, line.message.as_str(), line.at.as_microsecond(), line.level);
            let at = self.store.push(&line);
            self.inserted(at);
        }
        self.store.settle();
        self.evict();
    }

    /// Takes in what a reader of bytes hands over.
    pub fn chunk(&mut self, chunk: Chunk) {
        let (before, base) = (self.store.end(), self.store.base());
        let changed = match chunk.piece {
            Piece::Block(block) => self.store.push_block(&chunk.service, block),
            Piece::Text(text) if self.beside_others(&chunk.service) => return self.raw(&chunk.service, &text),
            Piece::Text(text) => self.store.append(&chunk.service, text),
            Piece::Sealed(block) => return self.store.seal(&chunk.service, block),
            Piece::Sorted(sorted) => return self.sorted(*sorted),
            Piece::Lost(why) => {
                let count = self.store.end() - self.store.base();
                let gone = self.store.clear();
                self.forget(gone, base);
                let at = self.store.push_gap(&chunk.service, count, &why);
                return self.inserted(at);
            }
            Piece::Break(why) => {
                let at = self.store.push_gap(&chunk.service, 0, &why);
                return self.inserted(at);
            }
            Piece::Caught if self.opening() => {
                (self.anchor, self.lost) = (None, 0);
                return;
            }
            Piece::Caught | Piece::End(_) => return,
        };
        // The last line of a block that grew may have become the first of the next one.
        let end = self.store.end();
        self.arrived = (self.arrived + end).saturating_sub(before);
        let source = self.source(&chunk.service);
        source.lines = (source.lines + end).saturating_sub(before);
        self.changed(changed);
        self.evict();
    }

    /// Whether lines of somebody else are held too, among which those of this service are sorted.
    fn beside_others(&self, service: &ServiceId) -> bool {
        self.sources.iter().any(|source| source.service != *service)
    }

    /// Takes lines in as they were written, each at its place among those of others.
    fn raw(&mut self, service: &ServiceId, text: &[u8]) {
        let (mut at, mut lines, mut errors) = (self.source(service).time, 0, 0);
        for line in crate::logstore::find::lines(text) {
            let (own, level) = form::quick(line);
            let level = level.unwrap_or(Level::Info);
            // A line without a time belongs to the one before it.
            at = own.unwrap_or(at);
            (lines, errors) = (lines + 1, errors + u64::from(level >= Level::Error));
            let place = self.store.push_raw(service, line, at, level);
            if self.mined.is_some_and(|mined| place < mined) {
                self.patterns.add_raw(service, line, at, level);
            }
            self.inserted(place);
        }
        self.arrived += lines;
        let source = self.source(service);
        (source.lines, source.errors, source.time) = (source.lines + lines, source.errors + errors, at);
        self.store.settle();
        self.evict();
    }

    fn sorted(&mut self, sorted: Sorted) {
        for tally in &sorted.sealed.1 {
            let Some(service) = sorted.services.get(tally.source as usize) else { continue };
            self.arrived += u64::from(tally.lines);
            let source = self.source(service);
            (source.lines, source.errors) =
                (source.lines + u64::from(tally.lines), source.errors + u64::from(tally.errors));
        }
        let changed = self.store.push_sorted(&sorted.services, sorted.sealed);
        self.changed(changed);
        self.evict();
    }

    /// Shows the beginning until all that is there has been read, or a key moves.
    pub fn open_at_the_top(&mut self) {
        (self.anchor, self.lost) = (Some(self.store.base()), OPENING);
    }

    /// Whether the beginning is shown because the rest has not been read yet.
    #[must_use]
    pub fn opening(&self) -> bool {
        self.anchor.is_some() && self.lost >= OPENING
    }

    /// A row was put in here: everything behind it moves by one.
    fn inserted(&mut self, at: u64) {
        for place in [&mut self.anchor, &mut self.cursor].into_iter().flatten().filter(|place| **place >= at) {
            *place += 1;
        }
        if let Some(mined) = self.mined.as_mut().filter(|mined| **mined > at) {
            *mined += 1;
        }
        let passes = self.scan.as_ref().is_none_or(|scan| scan.looked(at)) && self.passes(at);
        let Some(shown) = &mut self.shown else { return };
        // Positions behind it are the last few, because the window is small.
        let behind = shown.partition_point(|position| *position < at);
        shown.range_mut(behind..).for_each(|position| *position += 1);
        if passes {
            shown.insert(behind, at);
        }
    }

    /// Rows from here on are new, or other than they were.
    fn changed(&mut self, from: u64) {
        if self.shown.is_none() || self.scan.as_ref().is_some_and(|scan| !scan.looked(from)) {
            return;
        }
        let mut passing = Vec::new();
        let mut at = from;
        while at < self.store.end() {
            self.store.sift(at, &self.line_filter, &mut passing);
            at = self.store.segment(at).end;
        }
        let Some(shown) = &mut self.shown else { return };
        shown.truncate(shown.partition_point(|position| *position < from));
        shown.extend(passing.into_iter().filter(|position| *position >= from));
    }

    fn passes(&self, at: u64) -> bool {
        self.shown.is_some() && self.store.passes(at, &self.line_filter)
    }

    fn evict(&mut self) {
        let base = self.store.base();
        let gone = self.store.evict();
        self.forget(gone, base);
    }

    /// Rows from `base` on to where the store begins now have gone.
    fn forget(&mut self, gone: Vec<Tally>, base: u64) {
        for tally in gone {
            self.dropped += u64::from(tally.lines);
            if let Some(service) = self.store.service(tally.source).cloned() {
                self.source(&service).drop(tally);
            }
        }
        let first = self.store.base();
        match &mut self.shown {
            None => self.lost += usize::try_from(first - base).unwrap_or(0),
            Some(shown) => {
                let kept = shown.partition_point(|position| *position < first);
                shown.drain(..kept);
                self.lost += kept;
            }
        }
    }

    /// Index into the shown rows behind the last visible one.
    fn shown_end(&self) -> usize {
        match self.anchor {
            None => self.shown_len(),
            Some(anchor) => self.shown_before(anchor + 1),
        }
    }

    /// Rows that pass the filter, as far as it has looked.
    #[must_use]
    pub fn shown_len(&self) -> usize {
        self.shown.as_ref().map_or_else(|| self.store.rows(), VecDeque::len)
    }

    /// The position of a shown row by its index.
    fn shown_at(&self, index: usize) -> Option<u64> {
        match &self.shown {
            None => (index < self.store.rows()).then(|| self.store.base() + index as u64),
            Some(shown) => shown.get(index).copied(),
        }
    }

    /// Shown rows before a position.
    fn shown_before(&self, position: u64) -> usize {
        match &self.shown {
            None => {
                usize::try_from(position.clamp(self.store.base(), self.store.end()) - self.store.base()).unwrap_or(0)
            }
            Some(shown) => shown.partition_point(|one| *one < position),
        }
    }

    fn shows(&self, position: u64) -> bool {
        self.shown.as_ref().is_none_or(|shown| shown.binary_search(&position).is_ok())
    }

    /// The rows of a page, oldest first, each with its number counted from the first row ever taken in.
    #[must_use]
    pub fn page(&self, rows: usize) -> Vec<(u64, Row)> {
        let end = self.page_end(rows);
        let start = end.saturating_sub(rows);
        let row = |index| self.shown_at(index).and_then(|position| Some((position, self.store.row(position)?)));
        (start..end).filter_map(row).collect()
    }

    /// Index into the shown rows behind the last one of a page.
    fn page_end(&self, rows: usize) -> usize {
        // A paused reader whose place is being evicted sees the oldest page, whole, rather than its last rows or nothing.
        let evicted = self.anchor.is_some_and(|anchor| anchor < self.store.base());
        let end = self.shown_end();
        let filled = if evicted { rows } else { (end + self.lost).min(rows) };
        end.max(filled.min(self.shown_len()))
    }

    /// A line by its number.
    #[must_use]
    pub fn line(&self, position: u64) -> Option<LogLine> {
        match self.store.row(position)? {
            Row::Line(line) => Some(line),
            Row::Gap(..) => None,
        }
    }

    /// The lines of the stack trace that stands before or behind a line, of the same service.
    #[must_use]
    pub fn trace(&self, position: u64) -> Vec<LogLine> {
        let Some(head) = self.line(position) else { return Vec::new() };
        let part = |at: u64| {
            let line = self.line(at).filter(|line| line.service == head.service)?;
            continues(line.message.as_str().as_bytes()).then_some(line)
        };
        let mut lines: Vec<LogLine> = (0..position).rev().take(TRACE).map_while(part).collect();
        lines.reverse();
        let after: Vec<LogLine> = (position + 1..self.store.end()).take(TRACE).map_while(part).collect();
        if lines.is_empty() && after.is_empty() {
            return lines;
        }
        // It stands in its place, so that the trace is read from its beginning to its end.
        lines.push(head.clone());
        lines.extend(after);
        lines
    }

    /// Shown rows below a page of so many.
    #[must_use]
    pub fn below(&self, rows: usize) -> usize {
        self.shown_len() - self.page_end(rows).min(self.shown_len())
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
        self.store.bytes()
    }

    /// Rows held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.rows()
    }

    /// Whether no row is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.rows() == 0
    }

    /// The newest line's event time.
    #[must_use]
    pub fn newest(&self) -> Option<jiff::Timestamp> {
        let metas = (self.store.base()..self.store.end()).rev().take(crate::logstore::WINDOW);
        let meta = metas.filter_map(|at| self.store.meta(at)).find(|meta| !meta.gap && meta.timed())?;
        jiff::Timestamp::from_microsecond(meta.at).ok()
    }
}
