//! The terminal: one owner that gives it back on quit, error, panic and signal; its input as [`crate::app::msg::Msg`].

mod canvas;
#[cfg(unix)]
mod gone;
pub mod input;
pub mod osc;
mod pen;
pub mod session;

pub use session::Session;
