//! The one owner of the terminal.
//!
//! Raw mode, the alternate screen and mouse capture are switched on together and off together: by [`Session::leave`], by
//! `Drop`, by the panic hook, which runs before the panic message is printed, and by the handlers of signals that end the process at
//! once. Leaving twice does no harm.

use std::io::{self, BufWriter, Stdout, Write};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture,
};
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use super::canvas::Canvas;
use super::input::{Fate, Keys};
use super::osc;
use crate::app::geometry::{Geometry, bounded};

/// The backend that the console draws on: buffered, so that a frame is one write.
type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// Whether the terminal is ours at this moment; the panic hook and `Drop` ask it.
static OURS: AtomicBool = AtomicBool::new(false);

/// Whether a part of the process has panicked: the terminal was given back then, and nothing is drawn on it any more.
static FAILED: AtomicBool = AtomicBool::new(false);

/// Bytes of one frame that fit into a single write.
const FRAME_BYTES: usize = 256 * 1024;

/// Owns the terminal until dropped.
pub struct Session {
    canvas: Canvas<BufWriter<Stdout>>,
    mouse: bool,
    keys: Keys,
    #[cfg(unix)]
    _watch: Option<super::gone::Watch>,
}

impl Session {
    /// Takes the terminal: raw mode, alternate screen, and mouse when asked. The process ends with the code `gone` when the terminal
    /// goes away and nobody else ends it.
    ///
    /// # Errors
    /// When standard output is not a terminal or refuses.
    #[cfg_attr(not(unix), expect(unused_variables, reason = "only Unix tells that a terminal has gone"))]
    pub fn enter(mouse: bool, gone: i32) -> io::Result<Self> {
        install_panic_hook();
        #[cfg(unix)]
        super::fatal::guard(&OURS);
        take(mouse).inspect_err(|_| give_back())?;
        Ok(Self {
            canvas: Canvas::new(screen().inspect_err(|_| give_back())?),
            mouse,
            keys: Keys::default(),
            #[cfg(unix)]
            _watch: super::gone::Watch::start(move || {
                give_back();
                std::process::exit(gone);
            })
            .ok(),
        })
    }

    /// What is typed.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.keys.clone()
    }

    /// Whether the terminal has gone away: what cannot be written then is no error of ours.
    #[must_use]
    pub fn gone(&self) -> bool {
        self.keys.gone()
    }

    /// Whether a part of the process has panicked: nothing is drawn any more.
    #[must_use]
    pub fn failed(&self) -> bool {
        FAILED.load(Ordering::SeqCst)
    }

    /// Gives the terminal to another program until it ends, and takes it again. The program's keys come from the terminal also when
    /// our standard input is a log.
    ///
    /// # Errors
    /// When the terminal cannot be written; within, when the program cannot be run.
    pub fn outside(&mut self, words: &[&str]) -> io::Result<io::Result<ExitStatus>> {
        // Two readers of one terminal would share its keys between them.
        self.keys.close();
        self.leave();
        let (program, arguments) = words.split_first().map_or(("", words), |(first, rest)| (*first, rest));
        let mut command = Command::new(program);
        command.args(arguments);
        if let Ok(terminal) = std::fs::File::open("/dev/tty") {
            command.stdin(terminal);
        }
        let ended = away(command);
        take(self.mouse)?;
        self.keys.open();
        self.canvas = Canvas::new(screen()?);
        Ok(ended)
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// When the terminal does not tell.
    pub fn size(&mut self) -> io::Result<(u16, u16)> {
        self.canvas.screen().size().map(|size| bounded(size.width, size.height))
    }

    /// Draws a frame of so many columns and rows, whose renderer says what stands where.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn draw(&mut self, size: (u16, u16), render: impl FnOnce(&mut Frame<'_>) -> Geometry) -> io::Result<Geometry> {
        if self.failed() {
            return Err(io::Error::other("a part of it has failed; what it says of that stands above"));
        }
        match self.keys.fate() {
            Fate::Kept => {}
            Fate::Resized => self.canvas = Canvas::new(screen()?),
            Fate::Stopped => {
                // The library keeps the modes of before as long as it has not given them back.
                give_back();
                take(self.mouse)?;
                self.canvas = Canvas::new(screen()?);
            }
        }
        self.canvas.draw(size, render)
    }

    /// Switches mouse capture; off lets the terminal select text.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
    }

    /// Writes bytes that are not part of a frame (title, bell, clipboard), in order with the frames.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let out = self.canvas.screen().backend_mut();
        out.write_all(bytes)?;
        Write::flush(out)
    }

    /// Asks the terminal for the colour of its ground. The answer comes among what is typed, if it comes.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn ask_ground(&mut self) -> io::Result<()> {
        self.keys.asked();
        self.write(osc::GROUND)
    }

    /// Gives the terminal back, stops as the terminal's own ctrl-z does, and takes the terminal again when
    /// it is continued.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    #[cfg(unix)]
    pub fn suspend(&mut self) -> io::Result<()> {
        self.leave();
        super::fatal::stop();
        take(self.mouse)?;
        // A new one draws everything anew; clearing the old one would first ask the terminal where its cursor is and wait.
        self.canvas = Canvas::new(screen()?);
        Ok(())
    }

    /// Gives the terminal back. Harmless when it was given back already.
    pub fn leave(&mut self) {
        let _ = Write::flush(self.canvas.screen().backend_mut());
        give_back();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Runs a program that has the terminal until it ends.
#[cfg(unix)]
fn away(command: Command) -> io::Result<ExitStatus> {
    super::away::run(command)
}

/// Runs a program that has the terminal until it ends.
#[cfg(not(unix))]
fn away(mut command: Command) -> io::Result<ExitStatus> {
    command.status()
}

/// Without a size of its own: each frame says how large it is, within bounds that a terminal need not keep.
fn screen() -> io::Result<Screen> {
    let backend = CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout()));
    Terminal::with_options(backend, TerminalOptions { viewport: Viewport::Fixed(Rect::ZERO) })
}

fn take(mouse: bool) -> io::Result<()> {
    // Before anything is changed: a signal in between puts right what was not wrong.
    OURS.store(true, Ordering::SeqCst);
    terminal::enable_raw_mode()?;
    let mut out = io::stdout().lock();
    queue!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange, cursor::Hide)?;
    if mouse {
        queue!(out, EnableMouseCapture)?;
    }
    out.flush()
}

/// Undoes [`take`]. Errors are ignored: there is nobody left to tell.
fn give_back() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout().lock();
    let _ = queue!(out, DisableMouseCapture, DisableFocusChange, DisableBracketedPaste);
    let _ = queue!(out, crossterm::style::ResetColor, LeaveAlternateScreen, cursor::Show);
    let _ = out.flush();
    let _ = terminal::disable_raw_mode();
}

/// Puts the terminal right before any panic message is printed.
fn install_panic_hook() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            FAILED.store(true, Ordering::SeqCst);
            give_back();
            before(info);
        }));
    });
}
