//! Moving through the lines: pause, scroll, jump to a match or an error.

use super::{Filter, LogBuf, Row, Term};
use crate::domain::log::Level;
use crate::logstore::LineFilter;

/// Bytes looked through before the key that asked is answered; the rest is looked through in slices.
const AT_ONCE: usize = 8 << 20;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// A line that holds the last text filtered by.
    Match,
    /// A line of level error or above.
    Error,
}

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sought {
    /// What was looked for.
    pub what: Seek,
    /// Which way.
    pub forward: bool,
    /// Whether it was found.
    pub found: bool,
}

/// A search that goes on.
#[derive(Debug, Clone)]
pub(super) struct Seeking {
    what: Seek,
    forward: bool,
    /// Rows of the screen.
    page: usize,
    /// The next row to look at, or the one behind it.
    at: u64,
    line_filter: LineFilter,
}

impl LogBuf {
    /// Pauses at the page as it is, its last line selected; or follows again.
    pub fn toggle_pause(&mut self) {
        self.lost = 0;
        self.anchor = match self.anchor {
            None => self.last_shown(),
            Some(_) => None,
        };
        self.cursor = self.anchor;
    }

    /// Selects the newest line for a look at it, where none is selected. Reading follows again when the look is over.
    pub fn peek(&mut self) {
        if self.cursor.is_none() {
            self.peeking = self.following();
            self.toggle_pause();
        }
    }

    /// The look is over: what it has paused goes on.
    pub fn unpeek(&mut self) {
        if std::mem::take(&mut self.peeking) {
            (self.anchor, self.cursor, self.lost) = (None, None, 0);
        }
    }

    fn last_shown(&self) -> Option<u64> {
        self.shown_len().checked_sub(1).and_then(|last| self.shown_at(last))
    }

    /// The selected line while paused.
    #[must_use]
    pub fn cursor(&self) -> Option<u64> {
        self.cursor
    }

    /// Selects a row; reading pauses.
    pub fn select(&mut self, position: u64) {
        if self.anchor.is_none() {
            self.anchor = self.last_shown();
        }
        self.cursor = Some(position);
    }

    /// Index into the shown rows of the selected one.
    fn selected(&self) -> Option<usize> {
        let at = self.shown_before(self.cursor?);
        Some(at.min(self.shown_len().saturating_sub(1)))
    }

    /// Moves by rows: the selected line while it stays on the page, else the page. Down beyond the last row follows again.
    pub fn scroll(&mut self, rows: isize, page: usize) {
        self.lost = 0;
        self.seeking = None;
        let Some(last) = self.shown_len().checked_sub(1) else { return };
        let from = self.selected().unwrap_or(last);
        if rows > 0 && from == last {
            (self.anchor, self.cursor) = (None, None);
            return;
        }
        let to = from.saturating_add_signed(rows).min(last);
        if rows > isize::MAX / 4 {
            (self.anchor, self.cursor) = (None, None);
            return;
        }
        self.go(to, page, 0);
    }

    /// Selects the shown row with this index and brings it on the page, at least `margin` rows from its edge.
    pub(super) fn go(&mut self, to: usize, page: usize, margin: usize) {
        let len = self.shown_len();
        let end = self.shown_end().min(len);
        let start = end.saturating_sub(page);
        let end = if to < start {
            (to + page).saturating_sub(margin)
        } else if to >= end {
            to + 1 + margin
        } else {
            end
        };
        let end = end.clamp(page.min(len), len);
        self.anchor = end.checked_sub(1).and_then(|index| self.shown_at(index));
        self.cursor = self.shown_at(to);
    }

    /// Moves the page by rows and leaves the selected line where it is on the screen: the wheel.
    pub fn roll(&mut self, rows: isize, page: usize) {
        self.lost = 0;
        let len = self.shown_len();
        let end = self.shown_end().saturating_add_signed(rows).clamp(page.min(len), len);
        if end == len && rows >= 0 {
            (self.anchor, self.cursor) = (None, None);
            return;
        }
        self.anchor = end.checked_sub(1).and_then(|index| self.shown_at(index));
        self.cursor = self.anchor;
    }

    /// Goes to the next or previous shown row that is looked for; `None` while it is still looked for.
    pub fn seek(&mut self, what: Seek, forward: bool, page: usize) -> Option<Sought> {
        let from = self.selected().and_then(|index| self.shown_at(index));
        // A reader who follows stands at the newest line: there is nothing below, and the newest hit is what is wanted.
        let forward = forward && from.is_some();
        let at = match from {
            Some(from) if forward => from + 1,
            from => from.unwrap_or(self.store.end()),
        };
        let term = Term { inverse: false, ..self.term.clone() };
        let line_filter = match what {
            Seek::Match => LineFilter::of(Some(&term), Level::Trace),
            Seek::Error => LineFilter::of(None, Level::Error),
        };
        self.seeking = Some(Seeking { what, forward, page, at, line_filter });
        self.seek_on(AT_ONCE)
    }

    /// Looks on.
    pub(super) fn seek_on(&mut self, budget: usize) -> Option<Sought> {
        let mut seeking = self.seeking.take()?;
        let forward = seeking.forward;
        let (mut spent, mut found) = (0, Vec::new());
        while spent < budget {
            let left = if forward { seeking.at < self.store.end() } else { seeking.at > self.store.base() };
            if !left {
                return Some(Sought { what: seeking.what, forward, found: false });
            }
            let at = if forward { seeking.at.max(self.store.base()) } else { seeking.at.min(self.store.end()) };
            let segment = self.store.segment(if forward { at } else { at - 1 });
            found.clear();
            spent += self.store.sift(segment.start, &seeking.line_filter, &mut found);
            let beyond = |position: &u64| if forward { *position >= at } else { *position < at };
            let line = |position: &u64| {
                beyond(position) && self.shows(*position) && self.store.meta(*position).is_some_and(|meta| !meta.gap)
            };
            let hit = if forward { found.iter().copied().find(line) } else { found.iter().rev().copied().find(line) };
            if let Some(hit) = hit {
                self.lost = 0;
                self.go(self.shown_before(hit), seeking.page, seeking.page / 3);
                return Some(Sought { what: seeking.what, forward, found: true });
            }
            seeking.at = if forward { segment.end } else { segment.start };
        }
        self.seeking = Some(seeking);
        None
    }

    /// The term whose matches are marked: the filter's, or the last one.
    #[must_use]
    pub fn term(&self) -> &Term {
        &self.term
    }

    /// Where a text that is shown holds what was looked for.
    #[must_use]
    pub fn marks(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        match &self.needle {
            Some(needle) if !self.term.inverse => needle.places(text).collect(),
            _ => Vec::new(),
        }
    }

    /// Shows all lines again. The matches stay marked, and n and N walk them.
    pub fn clear_filter_text(&mut self) {
        let filter = Filter { term: Term::default(), ..self.filter.clone() };
        self.set_filter(filter);
    }

    /// Forgets the text whose matches are marked.
    pub fn clear_term(&mut self) {
        (self.term, self.needle) = (Term::default(), None);
    }

    /// Shows the selected line, or the newest shown one, among its neighbours; the next time what the filter lets pass again. False
    /// when nothing is left out.
    pub fn neighbours(&mut self, page: usize) -> bool {
        if let Some(filter) = self.aside.take() {
            self.set_filter(filter);
            return true;
        }
        if self.filter.passes_all() {
            return false;
        }
        let at = self.cursor.or_else(|| self.last_shown());
        let filter = self.filter.clone();
        self.set_filter(Filter::default());
        self.aside = Some(filter);
        if let Some(at) = at {
            (self.anchor, self.lost) = (None, 0);
            self.go(self.shown_before(at), page, page / 2);
        }
        true
    }

    /// Whether a line is shown among its neighbours.
    #[must_use]
    pub fn beside(&self) -> bool {
        self.aside.is_some()
    }

    /// Shown rows from a position up to another as text, some `budget` bytes of it; with the position to go on from, and how many lines
    /// those are.
    #[must_use]
    pub fn as_text(&self, from: u64, until: u64, budget: usize) -> (String, u64, u64) {
        let (mut text, mut lines) = (String::new(), 0);
        let mut index = self.shown_before(from);
        while text.len() < budget {
            let Some(position) = self.shown_at(index).filter(|position| *position < until) else {
                return (text, until, lines);
            };
            match self.store.row(position) {
                Some(Row::Line(line)) => {
                    let level = line.level.word();
                    // A log that is read alone belongs to no environment.
                    let service = line.service.to_string();
                    let service = service.trim_start_matches('/');
                    text.push_str(&format!("{} {service} {level} {}\n", line.at, line.message));
                    lines += 1;
                }
                Some(Row::Gap(service, 0, why)) => text.push_str(&format!("~~ {service}: {why}\n")),
                Some(Row::Gap(service, count, why)) => {
                    text.push_str(&format!("~~ {service}: {count} or more lines missing: {why}\n"));
                }
                None => {}
            }
            index += 1;
        }
        (text, self.shown_at(index).unwrap_or(until).min(until), lines)
    }

    /// Positions from the first row held to behind the last.
    #[must_use]
    pub fn span(&self) -> (u64, u64) {
        (self.store.base(), self.store.end())
    }
}
