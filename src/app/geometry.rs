//! Remembers where the last frame put things, for the mouse and for paging. Plain numbers: the application knows no drawing
//! library.

use super::layout::Edge;
use super::model::Pane;
use super::msg::KeyCode;
use crate::action::Action;

/// Columns and rows below which the screen is one line of state: no dialog is drawn there, so none may take a key.
pub const SMALLEST: (u16, u16) = (60, 15);

/// Whether no dialog is drawn at this size; a size that was never told is none.
#[must_use]
pub fn small((columns, rows): (u16, u16)) -> bool {
    (columns, rows) != (0, 0) && (columns < SMALLEST.0 || rows < SMALLEST.1)
}

/// From this width on the panes of the dashboard stand in two columns.
pub const TWO_COLUMNS: u16 = 100;

/// Whether the dashboard has room for the environments and one more pane only; a size that was never told has room for all.
#[must_use]
pub fn one_column((columns, _): (u16, u16)) -> bool {
    (1..TWO_COLUMNS).contains(&columns)
}

/// Columns and rows that are drawn at most: more than any screen has, and a frame of so many cells takes tens of megabytes. What lies
/// beyond stays empty.
pub const LARGEST: (u16, u16) = (1000, 500);

/// What a terminal that tells no size is taken for: pseudo-terminals of recorders and of CI have none.
const USUAL: (u16, u16) = (80, 24);

/// The size that is drawn for a size that was told.
#[must_use]
pub fn bounded(columns: u16, rows: u16) -> (u16, u16) {
    let one = |told: u16, usual: u16, largest: u16| if told == 0 { usual } else { told.min(largest) };
    (one(columns, USUAL.0, LARGEST.0), one(rows, USUAL.1, LARGEST.1))
}

/// A rectangle in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// Whether a cell lies in it.
    #[must_use]
    pub fn contains(self, column: u16, row: u16) -> bool {
        let x = self.x..self.x.saturating_add(self.width);
        let y = self.y..self.y.saturating_add(self.height);
        x.contains(&column) && y.contains(&row)
    }
}

/// A border that a person may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Border {
    /// Which.
    pub edge: Edge,
    /// The cells that it is taken hold of by: the frames at both sides.
    pub line: Area,
    /// Whether it stands between what is left and what is right.
    pub upright: bool,
    /// The column or row from which on its share is measured.
    pub from: u16,
    /// The columns or rows that it has a share of.
    pub all: u16,
}

impl Border {
    /// The cells before it.
    #[must_use]
    pub fn cells(&self) -> u16 {
        let second = if self.upright { self.line.x } else { self.line.y }.saturating_add(1);
        second.saturating_sub(self.from)
    }
}

/// A part of a dialog that is pressed with the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// A row that can be chosen, by its place in the list.
    Row(usize),
    /// What closes it.
    Close,
    /// A key with what it does.
    Press(KeyCode),
}

/// What stands where: panes with the area of their rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Geometry {
    /// The inner area of each pane on the screen.
    pub panes: Vec<(Pane, Area)>,
    /// Where the number of each view stands on the view bar.
    pub views: Vec<(u8, Area)>,
    /// The borders between panes.
    pub borders: Vec<Border>,
    /// Where each hint stands in the last line.
    pub hints: Vec<(Action, Area)>,
    /// What may be pressed of the dialog.
    pub hits: Vec<(Hit, Area)>,
    /// The dialog over them, if one is drawn.
    pub dialog: Option<Laid>,
}

/// The text of a dialog as it was laid out, in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Laid {
    /// The first that shows.
    pub top: usize,
    /// How many show.
    pub room: usize,
    /// How many there are.
    pub all: usize,
    /// How many from the beginning on have to be read before it is confirmed.
    pub must: usize,
}

impl Laid {
    /// The first row that shows where the last one does.
    #[must_use]
    pub fn last(self) -> usize {
        self.all.saturating_sub(self.room)
    }
}

impl Geometry {
    /// The pane under a cell, and where its rows stand.
    #[must_use]
    pub fn at(&self, column: u16, row: u16) -> Option<(Pane, Area)> {
        self.panes.iter().find(|(_, area)| area.contains(column, row)).copied()
    }

    /// Rows of a pane; at least 1.
    #[must_use]
    pub fn rows(&self, pane: Pane) -> usize {
        let area = self.panes.iter().find(|(known, _)| *known == pane);
        area.map_or(1, |(_, area)| usize::from(area.height).max(1))
    }
}

/// The first row drawn of a list so that the selected one is seen.
#[must_use]
pub fn scrolled(selected: Option<usize>, rows: usize) -> usize {
    selected.map_or(0, |selected| selected.saturating_sub(rows.max(1) - 1))
}

/// Rows for a list of so many in an area of so many rows, where a row says how much more there is: all of them fit, or the last one says it.
#[must_use]
pub fn announced(all: usize, rows: usize) -> usize {
    if all > rows && rows > 1 { rows - 1 } else { rows }
}
