//! A block that has been read: its text, and what is known of its lines.
//!
//! Of a plain block only where its lines end is found out at once; time and level are read out of those lines that are asked for. A
//! page needs fifty lines of a block, which may hold thousands.

use super::block::{LEVELS, Meta, UNTIMED};
use super::form;
use crate::domain::log::Level;

/// Bytes that a record of a tagged line takes: time, source, level, kind.
pub(super) const RECORD: usize = 14;

/// A block that can be read.
#[derive(Debug, Default)]
pub struct Opened {
    /// The text.
    pub text: Vec<u8>,
    lines: Lines,
}

#[derive(Debug)]
enum Lines {
    /// What is known came with them.
    Tagged(Vec<Meta>),
    /// Ends of the lines, without the line breaks; what is known stands in them.
    Plain { ends: Vec<u32>, rows: usize, source: u32 },
}

impl Default for Lines {
    fn default() -> Self {
        Self::Tagged(Vec::new())
    }
}

impl Opened {
    /// Of a plain block. Lines that the text does not have are empty.
    pub(super) fn plain(text: Vec<u8>, rows: usize, source: u32) -> Self {
        let mut ends = Vec::with_capacity(rows);
        ends.extend(line_ends(&text).take(rows));
        Self { text, lines: Lines::Plain { ends, rows, source } }
    }

    /// Of a tagged block, one record a line; `numbers` says what the sources of the records stand for, if not for themselves.
    pub(super) fn tagged(text: Vec<u8>, rows: usize, records: &[u8], numbers: &[u32]) -> Self {
        let mut metas = Vec::with_capacity(rows);
        let mut start = 0;
        for (end, record) in line_ends(&text).zip(records.chunks_exact(RECORD)).take(rows) {
            let meta = decoded(record, start, end);
            metas.push(Meta { source: numbers.get(meta.source as usize).copied().unwrap_or(meta.source), ..meta });
            start = end + 1;
        }
        metas.resize(rows, Meta { at: UNTIMED, start: 0, len: 0, source: 0, level: Level::Info, gap: false });
        Self { text, lines: Lines::Tagged(metas) }
    }

    /// Lines.
    #[must_use]
    pub fn rows(&self) -> usize {
        match &self.lines {
            Lines::Tagged(metas) => metas.len(),
            Lines::Plain { rows, .. } => *rows,
        }
    }

    /// The text of a line of a plain block.
    fn line(&self, ends: &[u32], row: usize) -> (u32, &[u8]) {
        let start = row.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| end + 1);
        let end = ends.get(row).copied().unwrap_or(start).max(start);
        (start, self.text.get(start as usize..end as usize).unwrap_or_default())
    }

    /// What is known of one line.
    #[must_use]
    pub fn meta(&self, row: usize) -> Option<Meta> {
        match &self.lines {
            Lines::Tagged(metas) => metas.get(row).copied(),
            Lines::Plain { ends, rows, source } => {
                let known = (row < *rows).then(|| self.line(ends, row.min(ends.len())))?;
                let (own, level) = form::quick(known.1);
                // A line without a time belongs to the one before it.
                let before = || (0..row.min(ends.len())).rev().find_map(|row| form::quick_time(self.line(ends, row).1));
                Some(meta(known, own.or_else(before).unwrap_or(UNTIMED), level, *source))
            }
        }
    }

    /// What is known of every line, in order.
    pub fn metas(&self) -> impl Iterator<Item = Meta> + '_ {
        let mut at = UNTIMED;
        (0..self.rows()).map(move |row| match &self.lines {
            Lines::Tagged(metas) => metas[row],
            Lines::Plain { ends, source, .. } => {
                let known = self.line(ends, row.min(ends.len()));
                let (own, level) = form::quick(known.1);
                at = own.unwrap_or(at);
                meta(known, at, level, *source)
            }
        })
    }
}

fn meta((start, line): (u32, &[u8]), at: i64, level: Option<Level>, source: u32) -> Meta {
    let len = u32::try_from(line.len()).unwrap_or(0);
    Meta { at, start: if len > 0 { start } else { 0 }, len, source, level: level.unwrap_or(Level::Info), gap: false }
}

/// Where the lines of a text end; what follows the last line break is one too.
fn line_ends(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let open = text.last().is_some_and(|last| *last != b'\n').then_some(text.len());
    memchr::memchr_iter(b'\n', text).chain(open).map(|end| u32::try_from(end).unwrap_or(u32::MAX))
}

fn decoded(record: &[u8], start: u32, end: u32) -> Meta {
    let number = |from: usize, to: usize| record.get(from..to).unwrap_or_default();
    let at = number(0, 8).try_into().map_or(UNTIMED, i64::from_le_bytes);
    let source = number(8, 12).try_into().map_or(0, u32::from_le_bytes);
    let level = LEVELS.get(usize::from(record[12])).copied().unwrap_or(Level::Info);
    Meta { at, start, len: end - start, source, level, gap: record[13] != 0 }
}
