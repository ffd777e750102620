//! The store: blocks in order, their open end, and who wrote what.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use super::arena::Arena;
use super::block::{Block, Meta, Summary, UNTIMED, count};
use super::line_filter::LineFilter;
use super::opened::Opened;
use super::row::{self, Origin, Row};
use super::sweep::Lanes;
use super::tail::{Sealed, Tail, Tally};
use super::{BLOCK, row::micros};

use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogLine};
use crate::redact::Redactor;
use crate::sanitize::Text;

/// How far back a late line may be sorted in, lines.
pub const WINDOW: usize = 512;

/// A full block and its place.
#[derive(Debug)]
pub(super) struct Entry {
    /// Position of its first line.
    pub(super) first: u64,
    pub(super) block: Block,
    pub(super) tally: Vec<Tally>,
    pub(super) summary: Cell<Option<Summary>>,
    /// It marks missing lines.
    pub(super) gaps: bool,
}

impl Entry {
    pub(super) fn end(&self) -> u64 {
        self.first + u64::from(self.block.rows())
    }

    fn bytes(&self) -> usize {
        self.block.held() + size_of::<Self>() + self.tally.capacity() * size_of::<Tally>()
    }
}

/// The store.
#[derive(Debug)]
pub struct Store {
    pub(super) blocks: VecDeque<Entry>,
    pub(super) tail: Tail,
    /// Position of the first line of the tail.
    pub(super) tail_first: u64,
    /// Bytes of the blocks.
    bytes: usize,
    limit: usize,
    /// Memory for the blocks that come next.
    arena: Arena,
    /// Bytes from which on a block is full.
    full: usize,
    pub(super) origins: Vec<Origin>,
    known: HashMap<Origin, u32>,
    pub(super) redactor: Redactor,
    pub(super) opened: RefCell<VecDeque<(u64, usize, Arc<Opened>)>>,
    pub(super) lanes: RefCell<Lanes>,
    /// First position of a block that is full and not packed yet: whoever brought its text may be packing it.
    loose: Option<u64>,
    pub(super) made: RefCell<HashMap<u64, Row>>,
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
            arena: Arena::default(),
            full: (limit / 16).clamp(1, BLOCK),
            origins: Vec::new(),
            known: HashMap::new(),
            redactor: Redactor::default(),
            opened: RefCell::default(),
            lanes: RefCell::default(),
            loose: None,
            made: RefCell::default(),
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
        self.sort_in(from, Meta { at, start: 0, len: 0, source, level: line.level, gap: false })
    }

    /// Takes a line in as it was written, in the order of event time within the window; its position. One without a time stands
    /// where it came.
    pub fn push_raw(&mut self, service: &ServiceId, text: &[u8], at: i64, level: Level) -> u64 {
        let source = self.plain(service);
        let from = self.tail.room().len();
        self.tail.room().extend_from_slice(text);
        self.sort_in(from, Meta { at, start: 0, len: 0, source, level, gap: false })
    }

    /// The line that was written into the tail's room from a place on. What a source wrote itself stays in the order in which it did;
    /// what a platform gives is in the order of its times.
    fn sort_in(&mut self, from: usize, meta: Meta) -> u64 {
        let own = self.origins.get(meta.source as usize).is_some_and(|origin| origin.plain).then_some(meta.source);
        let late = |other: &&Meta| !other.gap && meta.timed() && other.at > meta.at && own != Some(other.source);
        let back = self.tail.metas.iter().rev().take(WINDOW).take_while(late).count();
        let index = self.tail.metas.len() - back;
        self.tail.insert(index, from, meta);
        self.tail_first + index as u64
    }

    /// The number of a source that writes plain lines.
    fn plain(&mut self, service: &ServiceId) -> u32 {
        // Nearly always it is the one that wrote before.
        let newest = self.tail.metas.back().map(|meta| meta.source);
        let same = |number: &u32| {
            self.origins.get(*number as usize).is_some_and(|origin| origin.plain && origin.service == *service)
        };
        newest.filter(same).unwrap_or_else(|| self.number(Origin::named(service.clone(), true)))
    }

    /// Takes a tagged block in whose sources are counted as in `services`; the position of its first line.
    pub fn push_sorted(&mut self, services: &[ServiceId], (mut block, tally, summary): Sealed) -> u64 {
        let numbers: Arc<[u32]> = services.iter().map(|service| self.plain(service)).collect();
        let global = |tally: &Tally| {
            let source = numbers.get(tally.source as usize).copied().unwrap_or(tally.source);
            Tally { source, ..*tally }
        };
        let tally = tally.iter().map(global).collect();
        self.close();
        block.renumber(numbers);
        let changed = self.tail_first;
        self.enter(block, tally);
        if let Some(entry) = self.blocks.back() {
            entry.summary.set(Some(summary));
        }
        changed
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
        self.enter(block, tally);
        if let Some(entry) = self.blocks.back() {
            entry.summary.set(Some(summary));
        }
    }

    fn enter(&mut self, mut block: Block, tally: Vec<Tally>) {
        let lines: u64 = tally.iter().map(|one| u64::from(one.lines)).sum();
        let gaps = lines < u64::from(block.rows());
        // Nothing will be appended any more to the block before it.
        if let Some(first) = self.blocks.back().filter(|last| last.block.loose()).map(|last| last.first) {
            self.tighten();
            self.loose = Some(first);
        }
        block.stow(&mut self.arena);
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
        let source = self.plain(service);
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
    pub fn append(&mut self, service: &ServiceId, text: Vec<u8>) -> u64 {
        let source = self.plain(service);
        self.close();
        let changed = self.tail_first;
        let full = self.full;
        if let Some(last) = self.blocks.back_mut().filter(|last| last.block.source() == Some(source)) {
            let before = last.bytes();
            let rows = last.block.rows();
            if last.block.text_len() + text.len() <= 2 * full && last.block.append(&text) {
                last.tally = vec![Tally { source, lines: last.block.rows(), errors: 0 }];
                last.summary.set(None);
                self.bytes = self.bytes - before + last.bytes();
                self.tail_first += u64::from(last.block.rows() - rows);
                return changed;
            }
        }
        let tally = vec![Tally { source, lines: count(&text), errors: 0 }];
        self.enter(Block::plain(source, text), tally);
        changed
    }

    /// Packs the full block that nobody else has packed meanwhile.
    fn tighten(&mut self) {
        let Some(index) = self.loose.take().and_then(|first| self.index_of(first)) else { return };
        let before = self.blocks[index].bytes();
        self.blocks[index].block.pack();
        self.blocks[index].block.stow(&mut self.arena);
        self.bytes = self.bytes - before + self.blocks[index].bytes();
    }

    /// Takes the packed form of the text that came last, or before the last, from whoever brought it. Of another text nothing is taken:
    /// what is not packed so is packed here later.
    pub fn seal(&mut self, service: &ServiceId, mut block: Block) {
        let source = self.plain(service);
        block.set_source(source);
        let same = |known: &Block| {
            let sizes = |block: &Block| (block.source(), block.text_len(), block.rows());
            known.loose() && sizes(known) == sizes(&block)
        };
        let last = self.blocks.len().checked_sub(1);
        let mut places = self.loose.and_then(|first| self.index_of(first)).into_iter().chain(last);
        let Some(index) = places.find(|index| same(&self.blocks[*index].block)) else { return };
        block.stow(&mut self.arena);
        let entry = &mut self.blocks[index];
        let before = entry.bytes();
        entry.block = block;
        self.bytes = self.bytes - before + entry.bytes();
        self.loose = self.loose.filter(|first| *first != entry.first);
    }

    fn index_of(&self, position: u64) -> Option<usize> {
        let index = self.blocks.partition_point(|entry| entry.end() <= position);
        self.blocks.get(index).filter(|entry| entry.first <= position).map(|_| index)
    }

    /// Drops the oldest until the bound holds; what has gone, by source.
    pub fn evict(&mut self) -> Vec<Tally> {
        let mut gone = Vec::new();
        while self.bytes() > self.limit {
            if let Some(entry) = self.blocks.pop_front() {
                self.bytes -= entry.bytes();
                gone.extend(entry.tally);
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
        self.arena.clear();
        gone
    }

    pub(super) fn entry(&self, position: u64) -> Option<&Entry> {
        self.index_of(position).and_then(|index| self.blocks.get(index))
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
    pub(super) fn by_text(&self, position: u64, line_filter: &LineFilter) -> Option<(u64, &Block)> {
        let entry = self.entry(position).filter(|entry| line_filter.by_text() && !entry.gaps)?;
        Some((entry.first, &entry.block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(from: usize, to: usize) -> Vec<u8> {
        (from..to).map(|n| format!("line {n} of some that are alike\n")).collect::<String>().into_bytes()
    }

    #[test]
    fn text_is_packed_by_whoever_brought_it_or_here() {
        let service = ServiceId::new("", "pipe");
        for sealed in [true, false] {
            let mut store = Store::new(64 << 20);
            let parts: Vec<Vec<u8>> = (0..12).map(|part| text(part * 3000, part * 3000 + 3000)).collect();
            for (index, part) in parts.iter().enumerate() {
                store.append(&service, part.clone());
                if let Some(before) = index.checked_sub(1).filter(|_| sealed) {
                    store.seal(&service, Block::packed_plain(0, &parts[before]));
                    assert!(!store.blocks[before].block.loose(), "{before}");
                }
            }
            // Of a text that is not there nothing is taken.
            let (bytes, other) = (store.bytes(), text(0, 2999));
            store.seal(&service, Block::packed_plain(0, &other));
            assert_eq!(store.bytes(), bytes);
            let whole: usize = parts.iter().map(Vec::len).sum();
            assert!(bytes < whole / 3, "{bytes} of {whole}");
            assert_eq!((store.rows(), store.blocks.iter().map(Entry::bytes).sum::<usize>()), (36_000, store.bytes));
            let mut all = Vec::new();
            let mut at = 0;
            while at < store.end() {
                store.each(at, |_, _, line| all.extend([line, b"\n"].concat()));
                at = store.segment(at).end;
            }
            assert_eq!(all, parts.concat());
        }
    }

    #[test]
    fn what_is_stowed_is_given_back() {
        let service = ServiceId::new("", "pipe");
        let mut store = Store::new(1 << 16);
        for part in 0..400 {
            store.push_block(&service, Block::packed_plain(0, &text(part * 3000, part * 3000 + 3000)));
            store.evict();
            assert!(store.bytes() <= 1 << 16);
        }
        assert!(store.base() > 0 && store.row(store.base()).is_some() && store.row(store.base() - 1).is_none());
    }
}
