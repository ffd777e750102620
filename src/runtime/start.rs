//! The loop of the first screen: keys, frames, and signals that end it.

use futures_util::StreamExt as _;

use super::entry::signals;
use super::terminal_error;
use crate::app::geometry::Geometry;
use crate::app::msg::Msg;
use crate::app::start::{Chosen, Start};
use crate::config::UiSettings;
use crate::error::{ExitCode, UserError};
use crate::term::Session;
use crate::ui::theme::Theme;

/// Shows it until something is chosen; a signal ends it with its code.
///
/// # Errors
/// When the terminal cannot be taken or written.
pub async fn start(start: &mut Start, looks: &UiSettings) -> Result<Result<Chosen, ExitCode>, UserError> {
    let mut signals = Box::pin(signals().map_err(|error| terminal_error(&error))?);
    let mut session = Session::enter(false, ExitCode::HungUp as i32).map_err(|error| terminal_error(&error))?;
    let mut keys = session.keys();
    let mut theme = Theme::load(looks);
    let mut size = session.size().map_err(|error| terminal_error(&error))?;
    let mut asks = looks.asks_ground;
    let chosen = loop {
        let drawn = session.draw(size, |frame| {
            crate::ui::start::draw(start, &theme, frame);
            Geometry::default()
        });
        drawn.map_err(|error| terminal_error(&error))?;
        if std::mem::take(&mut asks) {
            // The first frame waits for no answer.
            session.ask_ground().map_err(|error| terminal_error(&error))?;
        }
        tokio::select! {
            biased;
            Some(code) = signals.next() => break Err(code),
            msg = keys.next() => match msg {
                Some(Msg::Key(key) | Msg::Hurried(key)) => {
                    if let Some(chosen) = start.key(key) {
                        break Ok(chosen);
                    }
                }
                Some(Msg::Paste(text)) => start.paste(&text),
                Some(Msg::Ground(light)) => theme = Theme::of_ground(looks, light),
                Some(Msg::Resize(columns, rows)) => size = (columns, rows),
                Some(Msg::Suspend) => {
                    session.suspend().map_err(|error| terminal_error(&error))?;
                    size = session.size().map_err(|error| terminal_error(&error))?;
                }
                None | Some(Msg::Terminate) => break Err(ExitCode::HungUp),
                Some(_) => {}
            },
        }
    };
    session.leave();
    Ok(chosen)
}
