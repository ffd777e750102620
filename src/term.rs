//! The terminal: one owner that gives it back on quit, error, panic and signal; its input as [`crate::app::msg::Msg`].

mod answer;
#[cfg(unix)]
mod away;
mod canvas;
#[cfg(unix)]
mod fatal;
#[cfg(unix)]
mod gone;
pub mod input;
pub mod osc;
mod pen;
pub mod session;
#[cfg(unix)]
mod told;

pub use session::Session;

/// Switches off every mode that the console switches on, in an order that leaves the cursor where a shell expects it: the mouse, focus
/// and paste reports, an update that was begun, a scroll region, colours, the alternate screen, and the cursor shown.
pub const RESET: &str = "\u{1b}[?1006l\u{1b}[?1015l\u{1b}[?1003l\u{1b}[?1002l\u{1b}[?1000l\u{1b}[?1004l\u{1b}[?2004l\u{1b}[?2026l\u{1b}[r\u{1b}[0m\u{1b}[?1049l\u{1b}[?25h";

/// What puts a terminal right that was left behind by a process that was killed, or by a lost connection: to be typed into a shell.
pub const RESET_COMMAND: &str = r"printf '\033[?1006l\033[?1015l\033[?1003l\033[?1002l\033[?1000l\033[?1004l\033[?2004l\033[?2026l\033[r\033[0m\033[?1049l\033[?25h'; stty sane";
