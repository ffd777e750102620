//! Reads the store: one row, the rows of a segment, the rows that pass a filter, and totals.

use std::sync::Arc;

use super::block::{Meta, Summary};
use super::line_filter::LineFilter;
use super::opened::Opened;
use super::row::{self, Row};
use super::store::{Entry, Store};
use super::tail::Tally;
use crate::domain::ids::ServiceId;

/// Opened blocks remembered: a page, and the one that is searched.
const OPENED: usize = 6;
/// Rows remembered as they are shown: a few pages. Rare lines stand in as many blocks, which need not be opened for every frame.
const MADE: usize = 512;

impl Store {
    /// Opens a block, or finds it among those opened lately.
    fn open(&self, entry: &Entry) -> Arc<Opened> {
        let key = (entry.first, entry.block.text_len());
        let mut opened = self.opened.borrow_mut();
        if let Some(found) = opened.iter().position(|(first, len, _)| (*first, *len) == key) {
            return Arc::clone(&opened[found].2);
        }
        let fresh = Arc::new(entry.block.open());
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
            let meta = opened.meta(usize::try_from(position - entry.first).ok()?)?;
            return Some(look(meta, meta.of(&opened.text)));
        }
        let meta = self.tail.metas.get(usize::try_from(position.checked_sub(self.tail_first)?).ok()?)?;
        Some(look(*meta, self.tail.text_of(meta)))
    }

    /// A row by its position.
    #[must_use]
    pub fn row(&self, position: u64) -> Option<Row> {
        // The last block may still grow, and before the bound nothing is there any more.
        let lasting = position >= self.base() && self.blocks.back().is_some_and(|last| position < last.first);
        if let Some(known) = self.made.borrow().get(&position).filter(|_| lasting) {
            return Some(known.clone());
        }
        let made = self.with(position, |meta, text| {
            let origin = self.origins.get(meta.source as usize)?;
            Some(row::row(meta, text, origin, &self.redactor))
        })??;
        if lasting {
            let mut all = self.made.borrow_mut();
            if all.len() >= MADE {
                all.clear();
            }
            all.insert(position, made.clone());
        }
        Some(made)
    }

    /// What is known of a row.
    #[must_use]
    pub fn meta(&self, position: u64) -> Option<Meta> {
        self.with(position, |meta, _| meta)
    }

    /// Whether a row passes.
    #[must_use]
    pub fn passes(&self, position: u64, line_filter: &LineFilter) -> bool {
        self.with(position, |meta, text| self.lets(line_filter, meta, text)).unwrap_or(false)
    }

    fn lets(&self, line_filter: &LineFilter, meta: Meta, text: &[u8]) -> bool {
        line_filter.lets(self.origins.get(meta.source as usize), meta, text)
    }

    /// Positions of the rows of a segment that pass, ascending, appended to `found`. Returns the bytes that were looked through.
    pub fn sift(&self, position: u64, line_filter: &LineFilter, found: &mut Vec<u64>) -> usize {
        let Some(entry) = self.entry(position) else {
            let passing = self.tail.metas.iter().enumerate();
            let passing = passing.filter(|(_, meta)| self.lets(line_filter, **meta, self.tail.text_of(meta)));
            found.extend(passing.map(|(index, _)| self.tail_first + index as u64));
            return self.tail.live() + 1;
        };
        if line_filter.by_text() && !entry.gaps {
            let mut lanes = self.lanes.borrow_mut();
            found.extend(lanes.own.sift((entry.first, &entry.block), &line_filter.matcher));
            return entry.block.text_len() + 1;
        }
        let may = |tally: &Tally| self.origins.get(tally.source as usize).is_none_or(|origin| line_filter.may(origin));
        if !entry.gaps && !entry.tally.iter().any(may) {
            return 64;
        }
        if let Some(summary) = entry.summary.get().filter(|_| !entry.gaps) {
            let outside = |(from, until)| summary.times.is_none_or(|(first, last)| last < from || first > until);
            if !summary.reaches(line_filter.level) || line_filter.window.is_some_and(outside) {
                return 64;
            }
        }
        self.all(entry, |at, meta, text| {
            if self.lets(line_filter, meta, text) {
                found.push(at);
            }
        });
        // Reading times and levels out of a block takes several times as long as searching it.
        entry.block.text_len() * 4 + 1
    }

    /// What a block sums up to; of a block never opened nothing is known, unless it is `asked` now.
    #[must_use]
    pub fn summary(&self, position: u64, asked: bool) -> Option<Summary> {
        let Some(entry) = self.entry(position) else {
            return Some(Summary::of(self.tail.metas.iter().copied()));
        };
        if entry.summary.get().is_none() && asked {
            entry.summary.set(Some(Summary::of(entry.block.open().metas())));
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
                (u64::from(entry.block.rows()), u64::from(summary.errors()))
            }
            Some(entry) if entry.block.source().is_some() => (0, 0),
            Some(entry) => sum(entry.tally.iter().filter(|one| mine(one.source))),
            None => sum(super::tail::tally(self.tail.metas.iter()).iter().filter(|one| mine(one.source))),
        };
        (lines > 0).then_some((first, last, lines, errors))
    }

    /// Errors of a service in its plain blocks; `None` when not all of them have been summed up.
    #[must_use]
    pub fn plain_errors(&self, service: &ServiceId) -> Option<u64> {
        let mine =
            self.blocks.iter().filter(|entry| entry.block.source().and_then(|one| self.service(one)) == Some(service));
        mine.map(|entry| entry.summary.get().map(|sum| u64::from(sum.errors()))).sum()
    }

    /// Lines of a segment from a position on that were kept as they were written, with their service.
    pub fn each_plain(&self, position: u64, mut look: impl FnMut(&ServiceId, Meta, &[u8])) {
        let plain = |source: u32| self.origins.get(source as usize).filter(|origin| origin.plain);
        if self.entry(position).is_some_and(|entry| !entry.tally.iter().any(|one| plain(one.source).is_some())) {
            return;
        }
        self.each(position, |at, meta, text| {
            if let Some(origin) = plain(meta.source).filter(|_| at >= position && !meta.gap) {
                look(&origin.service, meta, text);
            }
        });
    }

    /// Lines and what is known of them, of one segment, in order.
    pub fn each(&self, position: u64, mut look: impl FnMut(u64, Meta, &[u8])) {
        if let Some(entry) = self.entry(position) {
            return self.all(entry, look);
        }
        for (index, meta) in self.tail.metas.iter().enumerate() {
            look(self.tail_first + index as u64, *meta, self.tail.text_of(meta));
        }
    }

    /// The lines of a block. What they sum up to is known then.
    fn all(&self, entry: &Entry, mut look: impl FnMut(u64, Meta, &[u8])) {
        let opened = self.open(entry);
        let mut sum = Summary::default();
        for (row, meta) in opened.metas().enumerate() {
            sum.add(meta);
            look(entry.first + row as u64, meta, meta.of(&opened.text));
        }
        entry.summary.set(Some(sum));
    }
}

/// Lines and errors of tallies.
fn sum<'t>(tallies: impl Iterator<Item = &'t Tally>) -> (u64, u64) {
    tallies.fold((0, 0), |(lines, errors), one| (lines + u64::from(one.lines), errors + u64::from(one.errors)))
}
