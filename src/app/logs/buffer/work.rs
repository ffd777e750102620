//! Long work in slices: filtering what is held, searching for the next match, summing blocks up.

use std::collections::VecDeque;

use super::seek::Sought;
use super::{Filter, LogBuf, REFILLED};
use crate::logstore::{Field, Patterns};

/// Bytes looked through at once: about two milliseconds.
const SLICE: usize = 4 << 20;

/// Where a filter has not looked yet. It begins at the reader's place and goes up first: what is nearest is shown first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan {
    /// Rows before this one are to be looked at.
    above: u64,
    /// Rows from this one on are to be looked at, if any are.
    below: Option<u64>,
}

impl Scan {
    /// Whether a row that comes now belongs to what was looked at.
    pub(super) fn looked(&self, at: u64) -> bool {
        self.below.is_none_or(|below| at < below)
    }
}

impl LogBuf {
    /// Sets the filter. What is nearest is looked at now, the rest by [`LogBuf::work`].
    pub fn set_filter(&mut self, filter: Filter) {
        self.refine(filter);
        self.prime();
    }

    /// Looks at what is nearest for a filter that was only set.
    pub fn prime(&mut self) {
        if std::mem::take(&mut self.fresh) {
            self.slice(SLICE);
        }
    }

    /// Sets the filter and looks at nothing yet: of letters that come at once only the last one's filter is looked through.
    pub fn refine(&mut self, filter: Filter) {
        if filter == self.filter {
            return;
        }
        self.aside = None;
        // Of another filter there may be few rows up to the place of a paused reader: newer ones fill the page.
        if self.anchor.is_some() && !self.opening() {
            self.lost = REFILLED;
        }
        self.filter = filter;
        self.line_filter = self.filter.line_filter();
        if !self.filter.term.text.is_empty() {
            self.term = self.filter.term.clone();
            let by_text = self.term.field == Field::Text;
            self.needle = by_text.then(|| crate::logstore::Needle::new(&self.term)).flatten();
        }
        self.seeking = None;
        if self.filter.passes_all() {
            (self.shown, self.scan, self.fresh) = (None, None, false);
            return;
        }
        self.shown = Some(VecDeque::new());
        // From the block in which the reader stands; all of it, so that what is below comes later as a whole.
        let here = self.anchor.unwrap_or(u64::MAX).clamp(self.store.base(), self.store.end());
        let segment = self.store.segment(here.min(self.store.end().saturating_sub(1)));
        let above = segment.end.max(self.store.base());
        self.scan = Some(Scan { above, below: (above < self.store.end()).then_some(above) });
        self.fresh = true;
    }

    /// The filter in force.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether there is something to do in slices.
    #[must_use]
    pub fn working(&self) -> bool {
        let mining = self.mined.is_some_and(|mined| mined < self.store.end());
        let summing = self.survey.is_some_and(|survey| survey < self.store.settled());
        self.scan.is_some() || self.seeking.is_some() || mining || summing
    }

    /// Whether slices change what is seen.
    #[must_use]
    pub fn searching(&self) -> bool {
        self.scan.is_some() || self.seeking.is_some()
    }

    /// How much of what is held the filter has looked at, in percent; `None` when it has looked at all.
    #[must_use]
    pub fn progress(&self) -> Option<u64> {
        let scan = self.scan?;
        let (base, end) = (self.store.base(), self.store.end());
        let left = scan.above.saturating_sub(base) + scan.below.map_or(0, |below| end.saturating_sub(below));
        Some(100 - 100 * left.min(end - base) / (end - base).max(1))
    }

    /// Does one slice; what a search that ended came to.
    pub fn work(&mut self) -> Option<Sought> {
        self.fresh = false;
        if self.seeking.is_some() {
            return self.seek_on(SLICE);
        }
        if self.scan.is_some() {
            self.slice(SLICE);
        } else if self.mined.is_some_and(|mined| mined < self.store.end()) {
            self.mine_on(SLICE / 8);
        } else {
            self.sum_up(SLICE / 4);
        }
        None
    }

    fn slice(&mut self, budget: usize) {
        let mut spent = 0;
        while spent < budget {
            let (Some(scan), Some(shown)) = (self.scan.as_mut(), self.shown.as_mut()) else { return };
            // Where more than the text is looked at, reading a block takes several times as long.
            let ahead = (budget - spent) / if self.line_filter.by_text() { 1 } else { 4 };
            if scan.above > self.store.base() {
                let starts = self.store.before(scan.above, ahead);
                let (found, cost) = self.store.sweep(&starts, &self.line_filter);
                found.iter().flat_map(|one| one.iter().rev()).for_each(|position| shown.push_front(*position));
                scan.above = starts.last().copied().unwrap_or_else(|| self.store.base());
                spent += cost.max(1);
            } else if let Some(below) = scan.below {
                let from = below.max(self.store.base());
                let starts = self.store.behind(from, ahead);
                let (found, cost) = self.store.sweep(&starts, &self.line_filter);
                shown.extend(found.into_iter().flatten().filter(|position| *position >= from));
                let end = starts.last().map_or(from, |last| self.store.segment(*last).end);
                scan.below = (end < self.store.end()).then_some(end);
                spent += cost.max(1);
            } else {
                self.scan = None;
            }
        }
    }

    /// The patterns of the lines that came, and of plain ones as far as they have been clustered.
    #[must_use]
    pub fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    /// Begins to cluster plain lines: that takes longer than reading them, so it is done when somebody wants to see it.
    pub fn mine(&mut self) {
        self.mined.get_or_insert(self.store.base());
    }

    fn mine_on(&mut self, budget: usize) {
        let mut spent = 0;
        while let Some(mined) = self.mined.filter(|mined| *mined < self.store.end() && spent < budget) {
            let from = mined.max(self.store.base());
            let segment = self.store.segment(from);
            let patterns = &mut self.patterns;
            self.store.each_plain(from, |service, meta, text| {
                spent += text.len();
                patterns.add_raw(service, text, meta.at, meta.level);
            });
            spent += 64;
            self.mined = Some(segment.end);
        }
    }

    /// Begins to sum up blocks that came as bytes: levels and times, by which filters skip them and the chart is drawn.
    pub fn sum(&mut self) {
        self.survey.get_or_insert(self.store.base());
    }

    fn sum_up(&mut self, budget: usize) {
        let Some(survey) = self.survey else { return };
        let (mut spent, mut at) = (0, survey.max(self.store.base()));
        while spent < budget && at < self.store.settled() {
            let segment = self.store.segment(at);
            if self.store.summary(segment.start, false).is_none() {
                let _ = self.store.summary(segment.start, true);
                spent += crate::logstore::BLOCK;
            }
            spent += 64;
            at = segment.end;
        }
        self.survey = Some(at);
    }
}
