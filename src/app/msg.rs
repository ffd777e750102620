//! Everything that can happen to the application. Plain data; time arrives with it.

use std::time::Duration;

use jiff::Timestamp;

use crate::app::settings::Reread;
use crate::domain::fact::Fact;
use crate::logstore::Chunk;
use crate::sanitize::Text;

/// The two clocks as they stood when a message was taken from its lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Now {
    /// Wall time.
    pub wall: Timestamp,
    /// Monotonic time since the start.
    pub mono: Duration,
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// A key.
    Key(Key),
    /// A key that came together with others, faster than a person types: pasted by a terminal that does not say so, or held up by a slow
    /// line. It writes, and confirms nothing.
    Hurried(Key),
    /// A mouse event.
    Mouse(Mouse),
    /// Pasted text.
    Paste(String),
    /// The terminal has this size now (columns, rows).
    Resize(u16, u16),
    /// The system asks the process to stop, as ctrl-z does.
    Suspend,
    /// The terminal gained or lost focus.
    Focus(bool),
    /// Something became known.
    Fact(Fact),
    /// Bytes of a log that is read without a platform.
    Chunk(Chunk),
    /// The settings were read anew, or why not.
    Settings(Result<Box<Reread>, Text>),
    /// There is time for a slice of what takes long.
    Work,
    /// The terminal told of its ground: it is light.
    Ground(bool),
    /// A second passed (only sent while something on the screen ages).
    Tick,
    /// The process was asked to end (SIGTERM, SIGHUP).
    Terminate,
}

/// A key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// With control.
    pub ctrl: bool,
    /// With alt.
    pub alt: bool,
    /// Held down: the terminal repeats it.
    pub repeat: bool,
}

/// Which key. Shift is part of the character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyCode {
    /// A character.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift-tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
}

/// A mouse event at a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub kind: MouseKind,
    /// Column from 0.
    pub column: u16,
    /// Row from 0.
    pub row: u16,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// Left button pressed.
    Click,
    /// Moved with the left button down.
    Drag,
    /// Left button let go.
    Release,
    /// Wheel up.
    WheelUp,
    /// Wheel down.
    WheelDown,
}
