//! What the terminal shows, and the least that has to be written so that it shows the next frame.
//!
//! The drawing library compares cell by cell: a log that moves up by one line differs almost everywhere, 7 KB of it. A terminal
//! can move lines itself (DECSTBM and SU/SD, as vi has used them for decades), so what moved as a whole is moved, and only what
//! remains is written. Both happen inside a synchronized update, so that no half is ever seen.

use std::io::{self, Write};

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use unicode_width::UnicodeWidthStr as _;

use super::pen;
use crate::app::geometry::{Area, Geometry};

/// The terminal with what it shows.
pub(super) struct Canvas<W: Write> {
    screen: Terminal<CrosstermBackend<W>>,
    shown: Buffer,
}

/// Rows that move together: from, to (not included), by how many rows; upwards when positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shift {
    from: u16,
    to: u16,
    by: i32,
}

impl<W: Write> Canvas<W> {
    pub(super) fn new(screen: Terminal<CrosstermBackend<W>>) -> Self {
        Self { screen, shown: Buffer::empty(Rect::ZERO) }
    }

    pub(super) fn screen(&mut self) -> &mut Terminal<CrosstermBackend<W>> {
        &mut self.screen
    }

    /// Draws a frame of so many columns and rows; `render` says where panes stand.
    pub(super) fn draw(
        &mut self,
        size: (u16, u16),
        render: impl FnOnce(&mut Frame<'_>) -> Geometry,
    ) -> io::Result<Geometry> {
        // The size is told by an event: to ask for it opens the terminal anew each time.
        let area = Rect::new(0, 0, size.0, size.1);
        if self.screen.current_buffer_mut().area != area {
            self.screen.resize(area)?;
        }
        let geometry = render(&mut self.screen.get_frame());
        let mut next = std::mem::take(self.screen.current_buffer_mut());
        halved(&mut next);
        if next.area != self.shown.area {
            // Another size, or the first frame: the library has cleared the terminal.
            self.shown = Buffer::empty(next.area);
        }
        let shift = geometry.panes.iter().find_map(|(_, area)| moved(&self.shown, &next, *area));
        if let Some(shift) = shift {
            carry(&mut self.shown, shift);
        }
        let mut changes = self.shown.diff_iter(&next).peekable();
        if shift.is_some() || changes.peek().is_some() {
            let out = self.screen.backend_mut();
            queue!(out, BeginSynchronizedUpdate)?;
            if let Some(shift) = shift {
                write!(out, "{}", sequence(shift))?;
            }
            pen::write(out, changes)?;
            queue!(out, EndSynchronizedUpdate)?;
            Write::flush(out)?;
        }
        // What was shown before is cleared and drawn on in the frame after the next.
        *self.screen.current_buffer_mut() = std::mem::replace(&mut self.shown, next);
        self.screen.swap_buffers();
        Ok(geometry)
    }
}

/// Takes out the wide characters of which something covers the second half, as the frame of a dialog does: a terminal shows no half of one,
/// and the library takes what covers it for shown when the character goes, though the terminal has blanked it.
fn halved(buffer: &mut Buffer) {
    let width = usize::from(buffer.area.width).max(1);
    for at in 0..buffer.content.len() {
        let symbol = buffer.content[at].symbol();
        // No shorter one is wide.
        let wide = if symbol.len() < 3 { 1 } else { symbol.width() };
        if wide < 2 {
            continue;
        }
        let rest = buffer.content.get(at + 1..at + wide).unwrap_or_default();
        if at % width + wide > width || rest.iter().any(|cell| cell.symbol() != " ") {
            buffer.content[at].set_symbol(" ");
        }
    }
}

/// Sets the region, moves its rows, and gives the whole screen back.
fn sequence(shift: Shift) -> String {
    let (count, letter) = (shift.by.unsigned_abs(), if shift.by > 0 { 'S' } else { 'T' });
    format!("\u{1b}[{};{}r\u{1b}[{count}{letter}\u{1b}[r", shift.from + 1, shift.to)
}

fn row(buffer: &Buffer, y: u16) -> &[Cell] {
    let width = usize::from(buffer.area.width);
    let start = usize::from(y) * width;
    buffer.content.get(start..start + width).unwrap_or_default()
}

/// Whether the rows of a pane stand in the next frame as they do now, but higher or lower. Only for a pane as wide as the screen but
/// for its frame: a terminal moves whole rows.
fn moved(shown: &Buffer, next: &Buffer, area: Area) -> Option<Shift> {
    let (from, to) = (area.y, area.y.saturating_add(area.height).min(next.area.height));
    let rows = to.saturating_sub(from);
    if area.width + 2 < next.area.width || rows < 4 {
        return None;
    }
    // The row that is selected differs though its line is the same: one of three rows has to tell how far the log has moved.
    let anchors = [from, from + rows / 2, to - 2];
    let (here, there) = (|y: u16| row(shown, y), |y: u16| row(next, y));
    let anchored = |by: u16, up: bool| {
        anchors.iter().any(|y| {
            if up { y + by < to && there(*y) == here(y + by) } else { y + by < to && there(y + by) == here(*y) }
        })
    };
    // How many rows would be right afterwards without being written.
    let kept = |by: u16, up: bool| {
        let pairs = (from..to - by).map(|y| if up { (y, y + by) } else { (y + by, y) });
        pairs.filter(|(new, old)| there(*new) == here(*old)).count()
    };
    let still = (from..to).filter(|y| there(*y) == here(*y)).count();
    if still == usize::from(rows) {
        return None;
    }
    let ways = (1..rows).flat_map(|by| [(by, true), (by, false)]).filter(|(by, up)| anchored(*by, *up));
    let shifts = ways.map(|(by, up)| (kept(by, up), if up { i32::from(by) } else { -i32::from(by) }));
    // Of two that keep as many, the shorter way.
    let (kept, by) = shifts.max_by_key(|(kept, by)| (*kept, std::cmp::Reverse(by.abs())))?;
    (kept > still + 1 && kept * 2 >= usize::from(rows)).then_some(Shift { from, to, by })
}

/// Does to the buffer what the terminal does: rows move, and those that come in are blank.
fn carry(shown: &mut Buffer, shift: Shift) {
    let width = usize::from(shown.area.width);
    let by = usize::try_from(shift.by.unsigned_abs()).unwrap_or(0) * width;
    let range = usize::from(shift.from) * width..usize::from(shift.to) * width;
    let Some(rows) = shown.content.get_mut(range) else { return };
    let blank = if shift.by > 0 {
        rows.rotate_left(by);
        let start = rows.len() - by;
        rows.get_mut(start..)
    } else {
        rows.rotate_right(by);
        rows.get_mut(..by)
    };
    blank.into_iter().flatten().for_each(Cell::reset);
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use proptest::prelude::*;
    use ratatui::{TerminalOptions, Viewport};

    use super::*;
    use crate::app::model::Pane;

    /// A terminal that is written to.
    #[derive(Clone)]
    struct Wire(Rc<RefCell<vt100::Parser>>);

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().process(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn fresh() -> (Canvas<Wire>, Rc<RefCell<vt100::Parser>>) {
        let parser = Rc::new(RefCell::new(vt100::Parser::new(10.try_into().unwrap(), 20.try_into().unwrap(), 0)));
        let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, 20, 10)) };
        let backend = CrosstermBackend::new(Wire(Rc::clone(&parser)));
        (Canvas::new(Terminal::with_options(backend, options).unwrap()), parser)
    }

    /// A log goes by under a dialog whose left side stands over the second half of a wide character.
    #[test]
    fn the_frame_of_a_dialog_stays_when_a_wide_character_has_gone_by_under_it() {
        let (mut canvas, terminal) = fresh();
        for line in ["INFO begins", "INFO 界 goes by", "INFO follows", "INFO 界", "INFO ends"] {
            canvas
                .draw((20, 10), |frame| {
                    let style = ratatui::style::Style::default();
                    frame.buffer_mut().set_string(0, 0, line, style);
                    frame.buffer_mut().set_string(6, 0, "|  a dialog |", style);
                    Geometry::default()
                })
                .unwrap();
            let shown = cells(&terminal.borrow());
            let before = if line.contains('界') { ' ' } else { line.chars().nth(5).unwrap() };
            assert_eq!(shown[0], format!("INFO {before}|  a dialog |"));
        }
    }

    fn cells(terminal: &vt100::Parser) -> Vec<String> {
        terminal.screen().rows(0, 20).map(|row| row.trim_end().to_owned()).collect()
    }

    proptest! {
        /// Whatever frames follow each other, the terminal shows the last one, as if it had been drawn on an empty one.
        #[test]
        fn a_terminal_shows_what_was_drawn(starts in prop::collection::vec((0_usize..40, 0_usize..6), 1..12)) {
            let draw = |canvas: &mut Canvas<Wire>, (first, other): (usize, usize)| {
                canvas.draw((20, 10), |frame| {
                    let mut buffer = eight(first);
                    buffer.set_string(1, 4, MARKS[other], ratatui::style::Style::default());
                    *frame.buffer_mut() = buffer;
                    Geometry { panes: vec![(Pane::Logs, WHOLE)], ..Geometry::default() }
                }).unwrap();
            };
            let (mut all, shown) = fresh();
            starts.iter().for_each(|start| draw(&mut all, *start));
            let (mut once, wanted) = fresh();
            draw(&mut once, *starts.last().unwrap());
            prop_assert_eq!(cells(&shown.borrow()), cells(&wanted.borrow()));
        }
    }

    /// What is written over a line: also what terminals draw wider than it is reckoned.
    const MARKS: [&str; 6] = [
        "",
        "selected",
        "wide 界界",
        "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}",
        "\u{1F44D}\u{1F3FD} a\u{1F3FD}",
        "\u{1F1E9}\u{1F1EA} 1\u{FE0F}\u{20E3} \u{2764}\u{FE0F}",
    ];

    const WHOLE: Area = Area { x: 1, y: 1, width: 18, height: 8 };

    /// A framed pane over the whole screen, with these lines.
    fn screen(lines: &[&str]) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 10));
        for (y, line) in (1_u16..).zip(lines) {
            buffer.set_string(0, y, "|", ratatui::style::Style::default());
            buffer.set_string(1, y, line, ratatui::style::Style::default());
        }
        buffer
    }

    fn eight(first: usize) -> Buffer {
        let lines: Vec<String> = (first..first + 8).map(|n| format!("line {n}")).collect();
        screen(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn a_log_that_moves_is_moved_and_not_written_again() {
        assert_eq!(moved(&eight(10), &eight(11), WHOLE), Some(Shift { from: 1, to: 9, by: 1 }));
        assert_eq!(moved(&eight(10), &eight(8), WHOLE), Some(Shift { from: 1, to: 9, by: -2 }));
        assert_eq!(moved(&eight(10), &eight(10), WHOLE), None, "nothing moved");
        assert_eq!(moved(&eight(10), &eight(40), WHOLE), None, "everything is new");
        let half = Area { width: 9, ..WHOLE };
        assert_eq!(moved(&eight(10), &eight(11), half), None, "beside it something stands that must not move");
    }

    #[test]
    fn a_selected_line_does_not_hide_that_the_rest_has_moved() {
        let marked = |first: usize| {
            let mut buffer = eight(first);
            buffer.set_style(Rect::new(0, 1, 20, 1), ratatui::style::Style::new().bold());
            buffer
        };
        assert_eq!(moved(&marked(10), &marked(9), WHOLE), Some(Shift { from: 1, to: 9, by: -1 }));
    }

    #[test]
    fn equal_lines_are_no_reason_to_move_anything() {
        let same = screen(&["x"; 8]);
        assert_eq!(moved(&same, &same, WHOLE), None);
    }

    #[test]
    fn what_is_carried_is_what_the_terminal_then_shows() {
        for (then, by, missing) in [(11, 1, 1), (7, -3, 3)] {
            let (mut shown, next) = (eight(10), eight(then));
            carry(&mut shown, Shift { from: 1, to: 9, by });
            let rows: std::collections::BTreeSet<u16> = shown.diff(&next).iter().map(|(_, y, _)| *y).collect();
            assert_eq!(rows.len(), missing, "only what came in is written");
        }
        assert_eq!(sequence(Shift { from: 1, to: 9, by: -3 }), "\u{1b}[2;9r\u{1b}[3T\u{1b}[r");
    }
}
