//! What the loop draws on: the real terminal, or a buffer in tests.

use std::io;
use std::process::ExitStatus;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr as _;

use crate::app::geometry::Geometry;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::term::{Session, osc};
use crate::ui::theme::Theme;

/// A place for frames and for the few bytes that are not part of one.
pub trait Surface {
    /// Columns and rows.
    ///
    /// # Errors
    /// When the terminal does not tell.
    fn size(&mut self) -> io::Result<(u16, u16)>;
    /// Draws one frame and says what stands where.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    fn draw(&mut self, model: &Model, theme: &Theme, now: Now) -> io::Result<Geometry>;
    /// Writes a complete control sequence (title, bell, clipboard).
    ///
    /// # Errors
    /// When the terminal cannot be written.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Asks the terminal for the colour of its ground.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    fn ask_ground(&mut self) -> io::Result<()> {
        self.write(osc::GROUND)
    }
    /// Mouse capture on or off.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    fn set_mouse(&mut self, on: bool) -> io::Result<()>;
    /// Stops as ctrl-z does, and comes back with a clean screen.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    fn suspend(&mut self) -> io::Result<()>;
    /// Gives the terminal to another program until it ends, and comes back with a clean screen. The first word is the program.
    ///
    /// # Errors
    /// When the terminal cannot be written; within, when the program cannot be run.
    fn outside(&mut self, words: &[&str]) -> io::Result<io::Result<ExitStatus>>;
    /// Gives the terminal back.
    fn leave(&mut self);
}

impl Surface for Session {
    fn size(&mut self) -> io::Result<(u16, u16)> {
        Self::size(self)
    }

    fn draw(&mut self, model: &Model, theme: &Theme, now: Now) -> io::Result<Geometry> {
        Self::draw(self, model.screen().size(), |frame| crate::ui::draw(model, theme, frame, now))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        Self::write(self, bytes)
    }

    fn ask_ground(&mut self) -> io::Result<()> {
        Self::ask_ground(self)
    }

    fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        Self::set_mouse(self, on)
    }

    fn suspend(&mut self) -> io::Result<()> {
        Self::suspend(self)
    }

    fn outside(&mut self, words: &[&str]) -> io::Result<io::Result<ExitStatus>> {
        Self::outside(self, words)
    }

    fn leave(&mut self) {
        Self::leave(self);
    }
}

/// A surface in memory, for tests of the whole loop and for `flightdeck snapshot`.
pub struct MemorySurface {
    terminal: Terminal<TestBackend>,
    /// The last frame as it was drawn. What the backend keeps is no screen: a terminal blanks what a wide character covered.
    last: Buffer,
    /// Control sequences written beside the frames.
    pub written: Vec<u8>,
    /// Called with the plain text of each frame.
    on_frame: Box<dyn FnMut(&str)>,
}

impl MemorySurface {
    /// A surface of this size; `on_frame` sees the plain text of every frame.
    #[must_use]
    pub fn new(columns: u16, rows: u16, on_frame: impl FnMut(&str) + 'static) -> Self {
        let terminal = match Terminal::new(TestBackend::new(columns, rows)) {
            Ok(terminal) => terminal,
            Err(never) => match never {},
        };
        let last = Buffer::empty(ratatui::layout::Rect::new(0, 0, columns, rows));
        Self { terminal, last, written: Vec::new(), on_frame: Box::new(on_frame) }
    }

    /// The cells of the last frame.
    #[must_use]
    pub fn buffer(&self) -> &Buffer {
        &self.last
    }

    /// The plain text on it, a line per row, without spaces at the ends.
    #[must_use]
    pub fn text(&self) -> String {
        let buffer = &self.last;
        let mut text = String::new();
        for row in 0..buffer.area.height {
            let mut line = String::new();
            // A wide character covers the cell behind it, which keeps what an earlier frame left there.
            let mut covered = 0;
            for symbol in (0..buffer.area.width).map(|column| buffer[(column, row)].symbol()) {
                if covered == 0 {
                    line.push_str(symbol);
                    covered = symbol.width().max(1);
                }
                covered -= 1;
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

impl Surface for MemorySurface {
    fn size(&mut self) -> io::Result<(u16, u16)> {
        let area = self.terminal.backend().buffer().area;
        Ok((area.width, area.height))
    }

    fn draw(&mut self, model: &Model, theme: &Theme, now: Now) -> io::Result<Geometry> {
        let mut geometry = Geometry::default();
        match self.terminal.draw(|frame| geometry = crate::ui::draw(model, theme, frame, now)) {
            Ok(frame) => self.last = frame.buffer.clone(),
            Err(never) => match never {},
        }
        let text = self.text();
        (self.on_frame)(&text);
        Ok(geometry)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written.extend_from_slice(bytes);
        Ok(())
    }

    fn set_mouse(&mut self, _on: bool) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn outside(&mut self, _words: &[&str]) -> io::Result<io::Result<ExitStatus>> {
        Ok(Err(io::ErrorKind::Unsupported.into()))
    }

    fn leave(&mut self) {}
}
