//! One block: text of lines that end in a line break, and what is known of each line.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

use super::arena::Arena;
use super::opened::{Opened, RECORD};
use crate::domain::log::Level;

/// A time that is not known.
pub const UNTIMED: i64 = i64::MIN;
/// How hard blocks are packed: the level at which a block is packed faster than lines can be written by anybody.
const PACKING: i32 = 1;
/// Largest text of one block: offsets in it are 32 bits wide.
pub const LARGEST: usize = u32::MAX as usize / 4;

/// Levels by their number.
pub const LEVELS: [Level; 6] = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal];

/// What is known of a line beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Event time, microseconds; [`UNTIMED`] when the line names none.
    pub at: i64,
    /// Where its text begins.
    pub start: u32,
    /// Bytes of its text.
    pub len: u32,
    /// Its source, a number of the store's.
    pub source: u32,
    /// Its level.
    pub level: Level,
    /// It marks missing lines.
    pub gap: bool,
}

impl Meta {
    /// Whether it names a time.
    #[must_use]
    pub fn timed(&self) -> bool {
        self.at != UNTIMED
    }

    /// Its text in that of its block.
    #[must_use]
    pub fn of<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        let start = self.start as usize;
        text.get(start..start + self.len as usize).unwrap_or_default()
    }
}

/// Bytes that stay where they are, such as a part of a file.
pub trait Shelf: fmt::Debug + Send + Sync {
    /// Appends these bytes to `into`; false when they are gone.
    fn read(&self, at: u64, len: usize, into: &mut Vec<u8>) -> bool;
}

/// Where the text is.
#[derive(Clone)]
enum Body {
    Held(Vec<u8>),
    Packed(Bytes),
    Shelved(Arc<dyn Shelf>, u64),
}

/// Sums over the lines of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Lines by level.
    pub levels: [u32; 6],
    /// Earliest and latest known event time.
    pub times: Option<(i64, i64)>,
}

impl Summary {
    /// Sums up.
    #[must_use]
    pub fn of(metas: impl Iterator<Item = Meta>) -> Self {
        metas.fold(Self::default(), |mut sum, meta| {
            sum.add(meta);
            sum
        })
    }

    /// Adds a line; gap marks are none.
    pub fn add(&mut self, meta: Meta) {
        if meta.gap {
            return;
        }
        self.levels[meta.level as usize] += 1;
        if meta.timed() {
            let (first, last) = self.times.unwrap_or((meta.at, meta.at));
            self.times = Some((first.min(meta.at), last.max(meta.at)));
        }
    }

    /// Lines of level error and above.
    #[must_use]
    pub fn errors(&self) -> u32 {
        self.levels[Level::Error as usize..].iter().sum()
    }

    /// Whether it has a line of this level or a higher one.
    #[must_use]
    pub fn reaches(&self, level: Level) -> bool {
        self.levels[level as usize..].iter().any(|count| *count > 0)
    }
}

/// A block.
#[derive(Clone)]
pub struct Block {
    body: Body,
    /// Bytes of its text.
    text: usize,
    /// Its lines.
    rows: u32,
    /// The source of all its lines when it is plain.
    plain: Option<u32>,
    /// What the numbers of sources in its records stand for, where they are not the store's own.
    numbers: Option<Arc<[u32]>>,
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").field("text", &self.text).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Block {
    /// A plain block of text that is held as it is.
    #[must_use]
    pub fn plain(source: u32, text: Vec<u8>) -> Self {
        let rows = count(&text);
        Self { text: text.len(), rows, plain: Some(source), numbers: None, body: Body::Held(text) }
    }

    /// A plain block, packed out of a buffer that is used again.
    #[must_use]
    pub fn packed_plain(source: u32, text: &[u8]) -> Self {
        let body = pack(text).map_or_else(|| Body::Held(text.to_vec()), |small| Body::Packed(small.into()));
        Self { text: text.len(), rows: count(text), plain: Some(source), numbers: None, body }
    }

    /// A plain block whose text stays on a shelf; `rows` are its lines.
    #[must_use]
    pub fn shelved(source: u32, shelf: Arc<dyn Shelf>, at: u64, text: usize, rows: u32) -> Self {
        Self { body: Body::Shelved(shelf, at), text, rows, plain: Some(source), numbers: None }
    }

    /// A tagged block. Every line of `text` ends in a line break and has its record.
    #[must_use]
    pub fn tagged(mut text: Vec<u8>, metas: &[Meta]) -> Self {
        let bytes = text.len();
        text.reserve_exact(metas.len() * RECORD);
        for meta in metas {
            text.extend_from_slice(&meta.at.to_le_bytes());
            text.extend_from_slice(&meta.source.to_le_bytes());
            text.extend_from_slice(&[meta.level as u8, u8::from(meta.gap)]);
        }
        let rows = u32::try_from(metas.len()).unwrap_or(u32::MAX);
        Self { text: bytes, rows, plain: None, numbers: None, body: Body::Held(text) }
    }

    /// Packs it; what would not get smaller stays as it is.
    pub fn pack(&mut self) {
        if let Body::Held(text) = &self.body
            && let Some(small) = pack(text)
        {
            self.body = Body::Packed(small.into());
        }
    }

    /// Moves packed bytes to where those of others lie.
    pub(super) fn stow(&mut self, arena: &mut Arena) {
        if let Body::Packed(small) = &mut self.body {
            *small = arena.stow(small);
        }
    }

    /// The same, packed.
    #[must_use]
    pub fn packed(mut self) -> Self {
        self.pack();
        self
    }

    /// Lines.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Bytes of its text.
    #[must_use]
    pub fn text_len(&self) -> usize {
        self.text
    }

    /// Whether its text is held as it came and could be packed.
    #[must_use]
    pub fn loose(&self) -> bool {
        matches!(self.body, Body::Held(_))
    }

    /// Its source when it is plain.
    #[must_use]
    pub fn source(&self) -> Option<u32> {
        self.plain
    }

    /// Gives a plain block its source.
    pub fn set_source(&mut self, source: u32) {
        self.plain = Some(source);
    }

    /// Says what the numbers of sources in a tagged block stand for.
    pub(super) fn renumber(&mut self, numbers: Arc<[u32]>) {
        self.numbers = Some(numbers);
    }

    /// Whether its text lies on a shelf, and where.
    #[must_use]
    pub fn place(&self) -> Option<u64> {
        match &self.body {
            Body::Shelved(_, at) => Some(*at),
            _ => None,
        }
    }

    /// Bytes that it holds in memory.
    #[must_use]
    pub fn held(&self) -> usize {
        match &self.body {
            Body::Held(text) => text.capacity(),
            // With its share of what stays unused where blocks do not fill a piece of memory.
            Body::Packed(small) => small.len() + small.len() / 16,
            Body::Shelved(..) => 0,
        }
    }

    /// Appends text to a plain block that is held unpacked; false when it is no such block.
    pub fn append(&mut self, more: &[u8]) -> bool {
        let (Body::Held(text), Some(_)) = (&mut self.body, self.plain) else { return false };
        // A line that had no end goes on in what comes.
        let open = u32::from(text.last().is_some_and(|last| *last != b'\n') && !more.is_empty());
        text.extend_from_slice(more);
        self.text = text.len();
        self.rows = (self.rows + count(more)).saturating_sub(open);
        true
    }

    /// Its text, and behind it the records of a tagged block, into a buffer. What cannot be read is empty.
    fn unpack(&self, unpacker: &mut Unpacker, into: &mut Vec<u8>) {
        let whole = match &self.body {
            Body::Held(text) => {
                into.clear();
                into.extend_from_slice(text);
                true
            }
            Body::Packed(small) => {
                let records = if self.plain.is_some() { 0 } else { self.rows as usize * RECORD };
                // Not cleared first: all of it is written over.
                into.resize(self.text + records, 0);
                unpacker.unpack(small, into) == Some(self.text + records)
            }
            Body::Shelved(shelf, at) => {
                into.clear();
                shelf.read(*at, self.text, into)
            }
        };
        if !whole {
            into.clear();
        }
    }

    /// Its text into a buffer that is used again and again.
    pub(super) fn read(&self, unpacker: &mut Unpacker, into: &mut Vec<u8>) {
        self.unpack(unpacker, into);
        into.truncate(self.text);
    }

    /// Its text and its lines. A block that can no longer be read has as many lines, all empty.
    #[must_use]
    pub fn open(&self) -> Opened {
        let mut text = Vec::new();
        UNPACKER.with_borrow_mut(|unpacker| self.unpack(unpacker, &mut text));
        let records = text.split_off(self.text.min(text.len()));
        let rows = self.rows as usize;
        match self.plain {
            Some(source) => Opened::plain(text, rows, source),
            None => Opened::tagged(text, rows, &records, self.numbers.as_deref().unwrap_or_default()),
        }
    }
}

thread_local! {
    /// What packs takes a megabyte to make ready; what it packs into is copied out to its very size.
    static PACKER: RefCell<(Option<Compressor<'static>>, Vec<u8>)> = RefCell::new((packer(), Vec::new()));
}

/// The library's fastest level that still codes letters by their frequency, with a table that stays in the nearest cache, and
/// matches of seven bytes at least: as small on logs, and a fifth faster.
fn packer() -> Option<Compressor<'static>> {
    let mut packer = Compressor::new(PACKING).ok()?;
    for parameter in [CParameter::WindowLog(18), CParameter::HashLog(13), CParameter::MinMatch(7)] {
        packer.set_parameter(parameter).ok()?;
    }
    Some(packer)
}

thread_local! {
    static UNPACKER: RefCell<Unpacker> = RefCell::default();
}

/// What unpacks takes a sixth of a megabyte to make ready.
#[derive(Default)]
pub(super) struct Unpacker(Option<Decompressor<'static>>);

impl fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unpacker")
    }
}

impl Unpacker {
    /// Writes over a buffer; the bytes written.
    fn unpack(&mut self, small: &[u8], into: &mut [u8]) -> Option<usize> {
        if self.0.is_none() {
            self.0 = Decompressor::new().ok();
        }
        self.0.as_mut()?.decompress_to_buffer(small, into).ok()
    }
}

/// The packed bytes, where they are fewer.
fn pack(text: &[u8]) -> Option<Vec<u8>> {
    PACKER.with_borrow_mut(|(packer, buffer)| {
        buffer.resize(zstd::zstd_safe::compress_bound(text.len()), 0);
        let len = packer.as_mut()?.compress_to_buffer(text, &mut buffer[..]).ok()?;
        (len < text.len()).then(|| buffer[..len].to_vec())
    })
}

/// Lines of a text; what follows the last line break is one too.
#[must_use]
pub fn count(text: &[u8]) -> u32 {
    let whole = memchr::memchr_iter(b'\n', text).count();
    let open = usize::from(text.last().is_some_and(|last| *last != b'\n'));
    u32::try_from(whole + open).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_come_back_as_they_were(text in proptest::collection::vec(any::<u8>(), 0..4000), times in 1usize..20) {
            let text = text.repeat(times);
            let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
            let lines = if text.last().is_none_or(|last| *last == b'\n') { &lines[..lines.len() - 1] } else { &lines[..] };
            for block in [Block::plain(3, text.clone()), Block::plain(3, text.clone()).packed()] {
                let opened = block.open();
                prop_assert_eq!(&opened.text, &text);
                let back: Vec<&[u8]> = opened.metas().map(|meta| meta.of(&opened.text)).collect();
                prop_assert_eq!(&back, lines);
                let alone: Vec<Meta> = (0..opened.rows()).rev().filter_map(|row| opened.meta(row)).collect();
                prop_assert!(alone.into_iter().rev().eq(opened.metas()), "a line alone is what it is among the others");
                prop_assert_eq!(block.rows() as usize, lines.len());
            }
        }

        #[test]
        fn records_come_back_as_they_were(
            lines in proptest::collection::vec((any::<i64>(), any::<u32>(), 0usize..6, any::<bool>(), "[^\n]{0,40}"), 0..80),
        ) {
            let mut text = Vec::new();
            let mut metas = Vec::new();
            for (at, source, level, gap, line) in &lines {
                let start = u32::try_from(text.len()).unwrap();
                let len = u32::try_from(line.len()).unwrap();
                metas.push(Meta { at: *at, start, len, source: *source, level: LEVELS[*level], gap: *gap });
                text.extend_from_slice(line.as_bytes());
                text.push(b'\n');
            }
            let opened = Block::tagged(text.clone(), &metas).packed().open();
            prop_assert_eq!(&opened.text, &text);
            prop_assert_eq!(opened.metas().collect::<Vec<_>>(), metas);
        }
    }
}
