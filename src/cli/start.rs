//! `flightdeck` where there is no configuration: the first screen, and what is chosen there.

mod begun;
mod recognised;

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use super::{SimArgs, demo, variable, view};
use crate::app::start::{Chosen, Start};
use crate::config::load::{self, Flags};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;
use crate::sim::world::scenarios;

/// The file that is written.
const FILE: &str = "flightdeck.toml";

/// Whether it is shown: there is no configuration, and a person sits at a terminal.
pub(super) fn wanted(flags: &Flags) -> bool {
    load::absent(flags, &variable) && std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

pub(super) async fn run(flags: Flags) -> Result<ExitCode, UserError> {
    super::terminal::full_screen(&variable)?;
    let looks = load::parse("[ui]\n", None, &Flags { alone: true, ..flags.clone() }, &variable)?.ui;
    let titled = |name: &'static str| Some((name, scenarios::title(name)?));
    let mut start = Start::new(ordered().into_iter().filter_map(titled));
    let found = recognised::Found::here(Path::new("."));
    start.seen = found.rows();
    start.files = files();
    loop {
        match crate::runtime::start::start(&mut start, &looks).await? {
            Err(code) => return Ok(code),
            Ok(Chosen::Quit) => return Ok(ExitCode::Done),
            Ok(Chosen::Demo(name)) => return demo::run(SimArgs::of(name), flags, false).await,
            Ok(Chosen::Open(path)) => match view::run(vec![home(&path)], Vec::new(), flags.clone()).await {
                Ok(code) => return Ok(code),
                // Another path can be typed.
                Err(error) => start.told = Some(Text::clean(&error.what)),
            },
            Ok(Chosen::Write) => match write(&found) {
                Ok(()) => {
                    let next = "written: flightdeck.toml, with what this folder says. Fill in the rest, then: flightdeck config check; \
                                flightdeck config trust; flightdeck\n";
                    return super::print(next);
                }
                Err(why) => start.told = Some(Text::clean(&why)),
            },
        }
    }
}

/// The scenarios as they are met: what the demo is for first, then a day without it, then what waits for a person, then the rest.
fn ordered() -> Vec<&'static str> {
    const FIRST: [&str; 4] = ["bad-deploy", "calm", "gated", "stuck-gate"];
    let mut all = scenarios::NAMES.to_vec();
    all.sort_by_key(|name| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
    all
}

/// A path as a shell would read its beginning.
fn home(typed: &str) -> PathBuf {
    match (typed.strip_prefix("~/"), variable("HOME")) {
        (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => PathBuf::from(typed),
    }
}

/// Writes what was recognised as a configuration, readable by its owner alone; nothing is overwritten.
fn write(found: &recognised::Found) -> Result<(), String> {
    let here = std::env::current_dir().ok();
    let name = here.as_deref().and_then(Path::file_name).map(|name| Text::clean(&name.to_string_lossy()));
    let text = begun::text(found, name.as_ref().map(Text::as_str));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options.open(FILE).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{FILE} is there already: it was not touched"),
        _ => format!("{FILE} cannot be written: {error}"),
    })
}

/// Where the files of a console lie.
fn files() -> Vec<(&'static str, Text)> {
    let place = |path: Option<PathBuf>| path.map(|path| Text::clean(&path.display().to_string()));
    let (own, state) = load::places(&variable);
    let project = Some(Text::from("flightdeck.toml in this folder; it has to be approved once"));
    let rows = [("the product", project), ("your own settings", place(own)), ("journal, history, log", place(state))];
    rows.into_iter().filter_map(|(what, place)| Some((what, place?))).collect()
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    #[test]
    fn every_scenario_is_offered_once_with_a_title_that_fits_a_row() {
        let all = ordered();
        assert_eq!(all[..2], ["bad-deploy", "calm"]);
        let mut names: Vec<_> = all.clone();
        names.sort_unstable();
        let mut known = scenarios::NAMES.to_vec();
        known.sort_unstable();
        assert_eq!(names, known);
        // Eighty columns less the names and the margins.
        assert!(all.iter().all(|name| scenarios::title(name).unwrap().width() <= 50));
    }
}
