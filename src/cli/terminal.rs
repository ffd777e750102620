//! Whether there is a terminal that a full screen can be drawn on.

mod database;

use crate::error::{ExitCode, UserError};

/// Families of terminals that place their cursor as ECMA-48 says, with or without an entry in the system's database: many machines have
/// none of a terminal that is newer than they are. What follows the name after one of [`ENDS`] is a variant of it.
const FAMILIES: [&str; 64] = [
    "Eterm",
    "aixterm",
    "alacritty",
    "ansi",
    "apple-terminal",
    "aterm",
    "bvterm",
    "cons25",
    "contour",
    "cygwin",
    "domterm",
    "dtterm",
    "dvtm",
    "eterm",
    "fbterm",
    "foot",
    "ghostty",
    "gnome",
    "hterm",
    "hurd",
    "iterm",
    "iterm2",
    "jfbterm",
    "kitty",
    "kmscon",
    "konsole",
    "linux",
    "mach",
    "mintty",
    "mlterm",
    "mrxvt",
    "ms-terminal",
    "mterm",
    "nsterm",
    "pcansi",
    "putty",
    "qterminal",
    "rio",
    "rxvt",
    "screen",
    "st",
    "sun",
    "teken",
    "tera",
    "teraterm",
    "terminator",
    "terminology",
    "tilix",
    "tmux",
    "vscode",
    "vt100",
    "vt102",
    "vt220",
    "vt320",
    "vt340",
    "vt420",
    "vt520",
    "vte",
    "warp",
    "wezterm",
    "wsvt25",
    "xfce",
    "xterm",
    "zellij",
];

/// What stands between the name of a family and a variant.
const ENDS: [char; 4] = ['-', '.', '+', '_'];

/// Variables by which a terminal says what it is, also where its name is not known here.
const SAYS: [&str; 6] =
    ["COLORTERM", "TERM_PROGRAM", "VTE_VERSION", "KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION"];

/// Refuses a terminal that says that it has no full screen, says nothing of itself, or goes by a name that nobody knows.
///
/// # Errors
/// What the terminal says, and the commands that need none.
pub(super) fn full_screen(variable: &impl Fn(&str) -> Option<String>) -> Result<(), UserError> {
    if !cfg!(unix) {
        return Ok(());
    }
    let term = variable("TERM").unwrap_or_default();
    let what = match &*term {
        "" => "TERM is not set: what this terminal can draw is not known".to_owned(),
        "dumb" | "unknown" => format!("TERM={term}: this terminal has no full screen"),
        _ if known(&term) => return Ok(()),
        _ => match database::places_cursor(&database::folders(variable), &term) {
            Some(true) => return Ok(()),
            Some(false) => format!("TERM={term}: by its terminfo entry this terminal cannot place its cursor"),
            None if SAYS.iter().any(|name| variable(name).is_some_and(|value| !value.is_empty())) => return Ok(()),
            None => {
                format!("TERM={term} is not known here, nor to terminfo: what this terminal can draw is not known")
            }
        },
    };
    let error = UserError::new(ExitCode::Usage, what).now("nothing was started");
    let error = error.hint(
        "without a screen: flightdeck --linear tells changes as sentences; flightdeck status, flightdeck logs --follow",
    );
    Err(error.hint("a terminal that can do more says so: TERM=xterm-256color flightdeck"))
}

/// Whether a name belongs to one of [`FAMILIES`].
fn known(term: &str) -> bool {
    FAMILIES
        .iter()
        .any(|family| term.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(ENDS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_a_screen_is_told_what_works_there() {
        let with = |term: Option<&str>| full_screen(&|name: &str| term.filter(|_| name == "TERM").map(str::to_owned));
        for none in [None, Some(""), Some("dumb"), Some("unknown"), Some("emacs"), Some("no-such"), Some("xtermx")] {
            let error = with(none).expect_err("no screen");
            assert_eq!(error.code, ExitCode::Usage);
            assert!(error.to_string().contains("flightdeck status"), "{error}");
        }
        let modern = "xterm xterm-256color xterm-mono xterm-direct xterm-kitty xterm-ghostty tmux-256color tmux-direct screen \
            screen-256color screen.xterm-256color screen.linux rxvt rxvt-unicode-256color alacritty alacritty-direct foot \
            foot-extra foot+base kitty wezterm ghostty linux linux-16color vt100 vt220 st st-256color konsole konsole-256color \
            contour contour-latest rio iterm2 iterm2-direct vscode vte-256color gnome-256color putty-256color cygwin mintty \
            ms-terminal nsterm-256color eterm-color zellij";
        for screen in modern.split_whitespace() {
            assert!(with(Some(screen)).is_ok(), "{screen}");
        }
    }

    #[test]
    fn a_name_that_nobody_knows_is_taken_where_the_terminal_says_what_it_is() {
        let with = |says: &'static str, value: &'static str| {
            full_screen(&|name: &str| match name {
                "TERM" => Some("brand-new".to_owned()),
                _ => (name == says).then(|| value.to_owned()),
            })
        };
        assert!(with("COLORTERM", "truecolor").is_ok() && with("TERM_PROGRAM", "new").is_ok());
        assert!(with("COLORTERM", "").is_err() && with("EDITOR", "vi").is_err());
    }
}
