//! Moving through the lines: pause, scroll, jump to a match or an error.

use super::filter::contains;
use super::{LogBuf, Row};
use crate::domain::log::Level;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// A line that holds the last text filtered by.
    Match,
    /// A line of level error or above.
    Error,
}

impl LogBuf {
    /// Pauses at the page as it is, its last line selected; or follows again.
    pub fn toggle_pause(&mut self) {
        self.lost = 0;
        self.anchor = match self.anchor {
            None => self.shown.back().copied(),
            Some(_) => None,
        };
        self.cursor = self.anchor;
    }

    /// The selected line while paused.
    #[must_use]
    pub fn cursor(&self) -> Option<u64> {
        self.cursor
    }

    /// Selects a row; reading pauses.
    pub fn select(&mut self, position: u64) {
        if self.anchor.is_none() {
            self.anchor = self.shown.back().copied();
        }
        self.cursor = Some(position);
    }

    /// Index into the shown rows of the selected one.
    fn selected(&self) -> Option<usize> {
        let cursor = self.cursor?;
        let at = self.shown.partition_point(|position| *position < cursor);
        Some(at.min(self.shown.len().saturating_sub(1)))
    }

    /// Moves by rows: the selected line while it stays on the page, else the page. Down beyond the last row follows again.
    pub fn scroll(&mut self, rows: isize, page: usize) {
        self.lost = 0;
        if self.shown.is_empty() {
            return;
        }
        let last = self.shown.len() - 1;
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
    fn go(&mut self, to: usize, page: usize, margin: usize) {
        let end = self.end().min(self.shown.len());
        let start = end.saturating_sub(page);
        let end = if to < start {
            (to + page).saturating_sub(margin)
        } else if to >= end {
            to + 1 + margin
        } else {
            end
        };
        let end = end.clamp(page.min(self.shown.len()), self.shown.len());
        self.anchor = end.checked_sub(1).and_then(|index| self.shown.get(index)).copied();
        self.cursor = self.shown.get(to).copied();
    }

    /// Moves the page by rows and leaves the selected line where it is on the screen: the wheel.
    pub fn roll(&mut self, rows: isize, page: usize) {
        self.lost = 0;
        let least = page.min(self.shown.len());
        let end = self.end().saturating_add_signed(rows).clamp(least, self.shown.len());
        if end == self.shown.len() && rows >= 0 {
            (self.anchor, self.cursor) = (None, None);
            return;
        }
        self.anchor = end.checked_sub(1).and_then(|index| self.shown.get(index)).copied();
        self.cursor = self.anchor;
    }

    /// Goes to the next or previous shown row that is looked for; false when there is none that way.
    pub fn seek(&mut self, what: Seek, forward: bool, page: usize) -> bool {
        let wanted = |position: &u64| match (self.row(*position), what) {
            (Some(Row::Line(line)), Seek::Error) => line.level >= Level::Error,
            (Some(Row::Line(line)), Seek::Match) => {
                !self.term.is_empty() && contains(line.message.as_str(), &self.term)
            }
            _ => false,
        };
        let from = self.selected();
        // A reader who follows stands at the newest line: there is nothing below, and the newest hit is what is wanted.
        let forward = forward && from.is_some();
        let found = if forward {
            let start = from.map_or(self.shown.len(), |at| at + 1).min(self.shown.len());
            self.shown.range(start..).position(wanted).map(|steps| start + steps)
        } else {
            self.shown.range(..from.unwrap_or(self.shown.len())).rposition(wanted)
        };
        if let Some(at) = found {
            self.lost = 0;
            self.go(at, page, page / 3);
        }
        found.is_some()
    }

    /// The text whose matches are marked: the filter's, or the last one.
    #[must_use]
    pub fn term(&self) -> &str {
        &self.term
    }

    /// Shows all lines again. The matches stay marked, and n and N walk them.
    pub fn clear_filter_text(&mut self) {
        let filter = super::Filter { text: String::new(), inverse: false, ..self.filter.clone() };
        self.set_filter(filter);
    }

    /// Forgets the text whose matches are marked.
    pub fn clear_term(&mut self) {
        self.term.clear();
    }

    /// The lines that pass the filter, as text.
    #[must_use]
    pub fn as_text(&self) -> String {
        let mut text = String::new();
        for position in &self.shown {
            match self.row(*position) {
                Some(Row::Line(line)) => {
                    let level = line.level.word();
                    text.push_str(&format!("{} {} {level} {}\n", line.at, line.service, line.message));
                }
                Some(Row::Gap(service, count, why)) => {
                    text.push_str(&format!("~~ {service}: {count} or more lines missing: {why}\n"));
                }
                None => {}
            }
        }
        text
    }
}
