//! Whether there is a terminal that a full screen can be drawn on.

use crate::error::{ExitCode, UserError};

/// Refuses a terminal that says that it has no full screen, or that says nothing of itself.
///
/// # Errors
/// What the terminal says, and the commands that need none.
pub(super) fn full_screen(variable: &impl Fn(&str) -> Option<String>) -> Result<(), UserError> {
    if !cfg!(unix) {
        return Ok(());
    }
    let what = match variable("TERM").as_deref() {
        None | Some("") => "TERM is not set: what this terminal can draw is not known".to_owned(),
        Some(term @ ("dumb" | "unknown")) => format!("TERM={term}: this terminal has no full screen"),
        Some(_) => return Ok(()),
    };
    let error = UserError::new(ExitCode::Usage, what).now("nothing was started");
    let error = error.hint("without a screen: flightdeck status, flightdeck health, flightdeck logs --follow");
    Err(error.hint("a terminal that can do more says so: TERM=xterm-256color flightdeck"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_a_screen_is_told_what_works_there() {
        let with = |term: Option<&str>| full_screen(&|_: &str| term.map(str::to_owned));
        for none in [None, Some(""), Some("dumb"), Some("unknown")] {
            let error = with(none).expect_err("no screen");
            assert_eq!(error.code, ExitCode::Usage);
            assert!(error.to_string().contains("flightdeck status"), "{error}");
        }
        for screen in ["xterm-256color", "vt100", "linux", "tmux-256color", "xterm-mono"] {
            assert!(with(Some(screen)).is_ok(), "{screen}");
        }
    }
}
