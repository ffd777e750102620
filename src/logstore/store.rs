//! The store: blocks in order, their open end, and who wrote what.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use super::block::{Block, Meta, Opened, Summary, UNTIMED, count};
use super::row::{self, Origin, Row};
use super::sieve::Sieve;
use super::tail::{Sealed, Tail, Tally};
use super::{BLOCK, row::micros};
use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogLine};
use crate::redact::Redactor;
use crate::sanitize::Text;

/// How far back a late line may be sorted in, lines.
pub const WINDOW: usize = 512;
/// Opened blocks remembered: a page, and the one that is searched.
const OPENED: usize = 6;

/// A full block and its place.
#[derive(Debug)]
struct Entry {
    /// Position of its first line.
    first: u64,
    block: Block,
    tally: Vec<Tally>,
    summary: Cell<Option<Summary>>,
    /// It marks missing lines.
    gaps: bool,
}

impl Entry {
    fn end(&self) -> u64 {
        self.first + u64::from(self.block.rows())
    }

    fn bytes(&self) -> usize {
        self.block.held() + size_of::<Self>() + self.tally.capacity() * size_of::<Tally>()
    }
}

/// The store.
#[derive(Debug)]
pub struct Store {
    blocks: VecDeque<Entry>,
    tail: Tail,
    /// Position of the first line of the tail.
    tail_first: u64,
    /// Bytes of the blocks.
    bytes: usize,
    limit: usize,
    /// Bytes from which on a block is full.
    full: usize,
    origins: Vec<Origin>,
    known: HashMap<Origin, u32>,
    redactor: Redactor,
    opened: RefCell<VecDeque<(u64, usize, Arc<Opened>)>>,
    scratch: RefCell<Vec<u8>>,
}

impl Store {
    /// A store that holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            blocks: VecDeque::new(),
            tail: Tail::default(),
            tail_first: 0,
            bytes: 0,
            limit,
            full: (limit / 16).clamp(1, BLOCK),
            origins: Vec::new(),
            known: HashMap::new(),
            redactor: Redactor::default(),
            opened: RefCell::default(),
            scratch: RefCell::default(),
        }
    }

    fn number(&mut self, origin: Origin) -> u32 {
        if let Some(number) = self.known.get(&origin) {
            return *number;
        }
        let number = u32::try_from(self.origins.len()).unwrap_or(u32::MAX);
        self.known.insert(origin.clone(), number);
        self.origins.push(origin);
        number
    }

    /// The service of a source's number.
    #[must_use]
    pub fn service(&self, source: u32) -> Option<&ServiceId> {
        self.origins.get(source as usize).map(|origin| &origin.service)
    }

    /// Position of the first row held.
    #[must_use]
    pub fn base(&self) -> u64 {
        self.blocks.front().map_or(self.tail_first, |entry| entry.first)
    }

    /// Position behind the last row.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.tail_first + self.tail.metas.len() as u64
    }

    /// Rows held.
    #[must_use]
    pub fn rows(&self) -> usize {
        usize::try_from(self.end() - self.base()).unwrap_or(usize::MAX)
    }

    /// Bytes held, as they count against the bound.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes + self.tail.bytes()
    }

    /// Whether the rows from `base` to here can no longer be sorted anew.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.tail_first
    }

    /// Takes a line in, in the order of event time within the window; its position.
    pub fn push(&mut self, line: &LogLine) -> u64 {
        let at = micros(line.at);
        let source = self.number(Origin::of(line));
        let from = self.tail.room().len();
        row::line_text(line, self.tail.room());
        let late = |meta: &&Meta| !meta.gap && meta.at > at;
        let back = self.tail.metas.iter().rev().take(WINDOW).take_while(late).count();
        let index = self.tail.metas.len() - back;
        self.tail.insert(index, from, Meta { at, start: 0, len: 0, source, level: line.level, gap: false });
        self.tail_first + index as u64
    }

    /// Marks missing lines; the mark's position.
    pub fn push_gap(&mut self, service: &ServiceId, missing: u64, why: &Text) -> u64 {
        let source = self.number(Origin::named(service.clone(), false));
        let from = self.tail.room().len();
        row::gap_text(missing, why, self.tail.room());
        let index = self.tail.metas.len();
        self.tail.insert(index, from, Meta { at: UNTIMED, start: 0, len: 0, source, level: Level::Info, gap: true });
        self.tail_first + index as u64
    }

    /// Makes blocks of what need not be sorted any more.
    pub fn settle(&mut self) {
        while self.tail.live() >= self.full && self.tail.metas.len() > WINDOW {
            let Some(sealed) = self.tail.seal(self.full, WINDOW) else { break };
            self.keep(sealed);
        }
    }

    /// What its lines sum up to is known now and need not be read out of it later.
    fn keep(&mut self, (block, tally, summary): Sealed) {
        self.enter(block.packed(), tally);
        if let Some(entry) = self.blocks.back() {
            entry.summary.set(Some(summary));
        }
    }

    fn enter(&mut self, block: Block, tally: Vec<Tally>) {
        let lines: u64 = tally.iter().map(|one| u64::from(one.lines)).sum();
        let gaps = lines < u64::from(block.rows());
        let entry = Entry { first: self.tail_first, block, tally, summary: Cell::new(None), gaps };
        self.tail_first = entry.end();
        self.bytes += entry.bytes();
        self.blocks.push_back(entry);
    }

    /// Everything before what comes as bytes is a block.
    fn close(&mut self) {
        while let Some(sealed) = self.tail.seal(usize::MAX, 0) {
            self.keep(sealed);
        }
    }

    /// Takes a plain block in. One that begins on the shelf where the last one begins is that one, grown. Returns the position
    /// from which on rows are new or other than they were.
    pub fn push_block(&mut self, service: &ServiceId, mut block: Block) -> u64 {
        let source = self.number(Origin::named(service.clone(), true));
        block.set_source(source);
        self.close();
        let grown = block.place().is_some()
            && self
                .blocks
                .back()
                .is_some_and(|last| last.block.place() == block.place() && last.block.source() == Some(source));
        let mut changed = self.tail_first;
        if grown && let Some(last) = self.blocks.pop_back() {
            self.bytes -= last.bytes();
            changed = last.end().saturating_sub(1).max(last.first);
            self.tail_first = last.first;
        }
        let tally = vec![Tally { source, lines: block.rows(), errors: 0 }];
        self.enter(block, tally);
        changed
    }

    /// Appends plain text, whole lines; the position of the first.
    pub fn append(&mut self, service: &ServiceId, text: &[u8]) -> u64 {
        let source = self.number(Origin::named(service.clone(), true));
        self.close();
        let changed = self.tail_first;
        let full = self.full;
        if let Some(last) = self.blocks.back_mut().filter(|last| last.block.source() == Some(source)) {
            let before = last.bytes();
            let rows = last.block.rows();
            if last.block.text_len() + text.len() <= 2 * full && last.block.append(text) {
                last.tally = vec![Tally { source, lines: last.block.rows(), errors: 0 }];
                last.summary.set(None);
                self.bytes = self.bytes - before + last.bytes();
                self.tail_first += u64::from(last.block.rows() - rows);
                return changed;
            }
            // It is full: nothing will be appended to it any more.
            last.block.pack();
            self.bytes = self.bytes - before + last.bytes();
        }
        let tally = vec![Tally { source, lines: count(text), errors: 0 }];
        self.enter(Block::plain(source, text.to_vec()), tally);
        changed
    }

    /// Drops the oldest until the bound holds; what has gone, by source.
    pub fn evict(&mut self) -> Vec<Tally> {
        let mut gone = Vec::new();
        while self.bytes() > self.limit {
            if let Some(entry) = self.blocks.pop_front() {
                self.bytes -= entry.bytes();
                let errors = entry.summary.get().map_or(0, |sum| sum.levels[Level::Error as usize..].iter().sum());
                gone.extend(entry.tally.iter().map(|one| match entry.block.source() {
                    Some(_) => Tally { errors, ..*one },
                    None => *one,
                }));
            } else if let Some(meta) = self.tail.pop() {
                self.tail_first += 1;
                gone.extend(super::tail::tally(std::iter::once(&meta)));
            } else {
                break;
            }
        }
        gone
    }

    /// Drops everything; what has gone, by source.
    pub fn clear(&mut self) -> Vec<Tally> {
        let limit = std::mem::replace(&mut self.limit, 0);
        let gone = self.evict();
        self.limit = limit;
        gone
    }

    fn entry(&self, position: u64) -> Option<&Entry> {
        let index = self.blocks.partition_point(|entry| entry.end() <= position);
        self.blocks.get(index).filter(|entry| entry.first <= position)
    }

    /// The rows that are looked at together with this one: those of its block.
    #[must_use]
    pub fn segment(&self, position: u64) -> Range<u64> {
        match self.entry(position) {
            Some(entry) => entry.first..entry.end(),
            None => self.tail_first..self.end(),
        }
    }

    /// Bytes of the text of a segment.
    pub(super) fn weight(&self, position: u64) -> usize {
        self.entry(position).map_or_else(|| self.tail.live(), |entry| entry.block.text_len())
    }

    /// The block of a position with that of its first row, when its text alone decides what of it passes.
    pub(super) fn by_text(&self, position: u64, sieve: &Sieve) -> Option<(u64, &Block)> {
        let entry = self.entry(position).filter(|entry| sieve.by_text() && !entry.gaps)?;
        Some((entry.first, &entry.block))
    }

    /// Opens a block, or finds it among those opened lately.
    fn open(&self, entry: &Entry) -> Arc<Opened> {
        let key = (entry.first, entry.block.text_len());
        let mut opened = self.opened.borrow_mut();
        if let Some(found) = opened.iter().position(|(first, len, _)| (*first, *len) == key) {
            return Arc::clone(&opened[found].2);
        }
        let fresh = Arc::new(entry.block.open());
        if entry.summary.get().is_none() {
            entry.summary.set(Some(Summary::of(&fresh.metas)));
        }
        if opened.len() >= OPENED {
            opened.pop_front();
        }
        opened.push_back((key.0, key.1, Arc::clone(&fresh)));
        fresh
    }

    /// Calls with the record and the text of a row.
    fn with<T>(&self, position: u64, look: impl FnOnce(Meta, &[u8]) -> T) -> Option<T> {
        if let Some(entry) = self.entry(position) {
            let opened = self.open(entry);
            let meta = opened.metas.get(usize::try_from(position - entry.first).ok()?)?;
            return Some(look(*meta, meta.of(&opened.text)));
        }
        let meta = self.tail.metas.get(usize::try_from(position.checked_sub(self.tail_first)?).ok()?)?;
        Some(look(*meta, self.tail.text_of(meta)))
    }

    /// A row by its position.
    #[must_use]
    pub fn row(&self, position: u64) -> Option<Row> {
        self.with(position, |meta, text| {
            let origin = self.origins.get(meta.source as usize)?;
            Some(row::row(meta, text, origin, &self.redactor))
        })?
    }

    /// What is known of a row.
    #[must_use]
    pub fn meta(&self, position: u64) -> Option<Meta> {
        self.with(position, |meta, _| meta)
    }

    /// Whether a row passes.
    #[must_use]
    pub fn passes(&self, position: u64, sieve: &Sieve) -> bool {
        self.with(position, |meta, text| self.lets(sieve, meta, text)).unwrap_or(false)
    }

    fn lets(&self, sieve: &Sieve, meta: Meta, text: &[u8]) -> bool {
        sieve.lets(self.origins.get(meta.source as usize), meta, text)
    }

    /// Positions of the rows of a segment that pass, ascending, appended to `found`. Returns the bytes that were looked through.
    pub fn sift(&self, position: u64, sieve: &Sieve, found: &mut Vec<u64>) -> usize {
        let Some(entry) = self.entry(position) else {
            let passing = self.tail.metas.iter().enumerate();
            let passing = passing.filter(|(_, meta)| self.lets(sieve, **meta, self.tail.text_of(meta)));
            found.extend(passing.map(|(index, _)| self.tail_first + index as u64));
            return self.tail.live() + 1;
        };
        if sieve.by_text() && !entry.gaps {
            let mut scratch = self.scratch.borrow_mut();
            entry.block.read(&mut scratch);
            let mut rows = Vec::new();
            sieve.matcher.rows(&scratch, &mut rows);
            found.extend(rows.into_iter().map(|row| entry.first + u64::from(row)));
            return entry.block.text_len() + 1;
        }
        let may = |tally: &Tally| self.origins.get(tally.source as usize).is_none_or(|origin| sieve.may(origin));
        if !entry.gaps && !entry.tally.iter().any(may) {
            return 64;
        }
        if let Some(summary) = entry.summary.get().filter(|_| !entry.gaps) {
            let outside = |(from, until)| summary.times.is_none_or(|(first, last)| last < from || first > until);
            if !summary.reaches(sieve.level) || sieve.window.is_some_and(outside) {
                return 64;
            }
        }
        let opened = self.open(entry);
        let passing =
            opened.metas.iter().enumerate().filter(|(_, meta)| self.lets(sieve, **meta, meta.of(&opened.text)));
        found.extend(passing.map(|(row, _)| entry.first + row as u64));
        // Reading times and levels out of a block takes several times as long as searching it.
        entry.block.text_len() * 4 + 1
    }

    /// What a block sums up to; of a block never opened nothing is known, unless it is `asked` now.
    #[must_use]
    pub fn summary(&self, position: u64, asked: bool) -> Option<Summary> {
        let Some(entry) = self.entry(position) else {
            let metas: Vec<Meta> = self.tail.metas.iter().copied().collect();
            return Some(Summary::of(&metas));
        };
        if entry.summary.get().is_none() && asked {
            entry.summary.set(Some(Summary::of(&entry.block.open().metas)));
        }
        entry.summary.get()
    }

    /// Earliest and latest time of a segment, and the lines and errors of a service in it; `None` when it has none, or when its times
    /// are not known yet.
    #[must_use]
    pub fn sums(&self, position: u64, service: &ServiceId) -> Option<(i64, i64, u64, u64)> {
        let summary = self.summary(position, false)?;
        let (first, last) = summary.times?;
        let mine = |source: u32| self.service(source) == Some(service);
        let (lines, errors) = match self.entry(position) {
            Some(entry) if entry.block.source().is_some_and(mine) => {
                let bad = summary.levels[Level::Error as usize..].iter().map(|count| u64::from(*count)).sum();
                (u64::from(entry.block.rows()), bad)
            }
            Some(entry) if entry.block.source().is_some() => (0, 0),
            Some(entry) => sum(entry.tally.iter().filter(|one| mine(one.source))),
            None => sum(super::tail::tally(self.tail.metas.iter()).iter().filter(|one| mine(one.source))),
        };
        (lines > 0).then_some((first, last, lines, errors))
    }

    /// Lines of a plain block from a position on, with their service; of other blocks none.
    pub fn each_plain(&self, position: u64, mut look: impl FnMut(&ServiceId, Meta, &[u8])) {
        let plain = self.entry(position).and_then(|entry| Some((entry.first, self.service(entry.block.source()?)?)));
        let Some((_, service)) = plain else { return };
        self.each(position, |at, meta, text| {
            if at >= position {
                look(service, meta, text);
            }
        });
    }

    /// Lines and what is known of them, of one segment, in order.
    pub fn each(&self, position: u64, mut look: impl FnMut(u64, Meta, &[u8])) {
        if let Some(entry) = self.entry(position) {
            let opened = self.open(entry);
            for (row, meta) in opened.metas.iter().enumerate() {
                look(entry.first + row as u64, *meta, meta.of(&opened.text));
            }
        } else {
            for (index, meta) in self.tail.metas.iter().enumerate() {
                look(self.tail_first + index as u64, *meta, self.tail.text_of(meta));
            }
        }
    }
}

/// Lines and errors of tallies.
fn sum<'t>(tallies: impl Iterator<Item = &'t Tally>) -> (u64, u64) {
    tallies.fold((0, 0), |(lines, errors), one| (lines + u64::from(one.lines), errors + u64::from(one.errors)))
}
