//! The newest tagged lines, not yet in a block: their text in the order of arrival, their places in the order of event time.

use std::collections::VecDeque;

use super::block::{Block, Meta, Summary};
use crate::domain::log::Level;

/// What a line costs beside its text, bytes.
pub(super) const OVERHEAD: usize = size_of::<Meta>() + 1;

/// Lines, errors among them, of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Which, a number of the store's.
    pub source: u32,
    /// Lines.
    pub lines: u32,
    /// Lines of level error and above.
    pub errors: u32,
}

/// The oldest lines as a block, their tally, and what they sum up to.
pub type Sealed = (Block, Vec<Tally>, Summary);

/// Makes a packed block of sorted lines. Every line of `text` ends in a line break and has its meta.
#[must_use]
pub fn sealed(text: Vec<u8>, metas: &[Meta]) -> Sealed {
    let (sums, summary) = (tally(metas.iter()), Summary::of(metas.iter().copied()));
    (Block::tagged(text, metas).packed(), sums, summary)
}

/// Counts lines by source; gap marks are no lines.
pub(super) fn tally<'m>(metas: impl Iterator<Item = &'m Meta>) -> Vec<Tally> {
    let mut sums: Vec<Tally> = Vec::new();
    for meta in metas.filter(|meta| !meta.gap) {
        let errors = u32::from(meta.level >= Level::Error);
        match sums.iter_mut().find(|sum| sum.source == meta.source) {
            Some(sum) => (sum.lines, sum.errors) = (sum.lines + 1, sum.errors + errors),
            None => sums.push(Tally { source: meta.source, lines: 1, errors }),
        }
    }
    sums
}

/// The open end of a store.
#[derive(Debug, Default)]
pub(super) struct Tail {
    text: Vec<u8>,
    pub(super) metas: VecDeque<Meta>,
    /// Bytes of lines that are here.
    live: usize,
}

impl Tail {
    /// Bytes, as they count against the bound.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.metas.len() * OVERHEAD
    }

    /// Bytes of lines, without those that have gone.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    pub(super) fn text_of(&self, meta: &Meta) -> &[u8] {
        meta.of(&self.text)
    }

    /// Room for the text of the next line.
    pub(super) fn room(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Takes what was written into the room since it had `from` bytes as the line at `index`.
    pub(super) fn insert(&mut self, index: usize, from: usize, meta: Meta) {
        let (start, len) = (u32::try_from(from), u32::try_from(self.text.len() - from));
        if let (Ok(start), Ok(len)) = (start, len) {
            self.live += len as usize;
            self.metas.insert(index, Meta { start, len, ..meta });
        }
    }

    /// Takes the oldest line out.
    pub(super) fn pop(&mut self) -> Option<Meta> {
        let meta = self.metas.pop_front()?;
        self.live -= meta.len as usize;
        if self.metas.is_empty() {
            self.text.clear();
        } else if self.text.len() > 2 * self.live + 64 {
            self.squeeze();
        }
        Some(meta)
    }

    /// Writes the text anew without what has gone.
    fn squeeze(&mut self) {
        let mut text = Vec::with_capacity(self.live * 2);
        for meta in &mut self.metas {
            let from = text.len();
            text.extend_from_slice(meta.of(&self.text));
            meta.start = u32::try_from(from).unwrap_or(0);
        }
        self.text = text;
    }

    /// Takes the oldest lines out as a block of at least so many bytes, leaving `keep` lines.
    pub(super) fn seal(&mut self, bytes: usize, keep: usize) -> Option<Sealed> {
        let most = self.metas.len().saturating_sub(keep);
        let (mut rows, mut sum) = (0, 0);
        while rows < most && sum < bytes {
            sum += self.metas[rows].len as usize + 1;
            rows += 1;
        }
        if rows == 0 || (sum < bytes && keep > 0) {
            return None;
        }
        let mut text = Vec::with_capacity(sum + rows * OVERHEAD);
        let taken: Vec<Meta> = self.metas.drain(..rows).collect();
        for meta in &taken {
            text.extend_from_slice(meta.of(&self.text));
            text.push(b'\n');
            self.live -= meta.len as usize;
        }
        self.squeeze();
        Some(sealed(text, &taken))
    }
}
