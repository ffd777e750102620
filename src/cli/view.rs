//! `flightdeck view`: a log on the whole screen, without configuration and without platforms.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::SystemClock;
use crate::config::load::{self, Flags};
use crate::engine::local::{self, Input};
use crate::error::{ExitCode, UserError};

/// Enough of a configuration to have defaults.
const NOTHING: &str = "[ui]\n";

pub(super) async fn run(files: Vec<PathBuf>, command: Vec<String>, flags: Flags) -> Result<ExitCode, UserError> {
    super::terminal::full_screen(&super::variable)?;
    let flags = Flags { alone: true, ..flags };
    // A configuration that is asked for gives its colours and its bound; none is looked for.
    let mut settings = match &flags.config {
        Some(_) => load::load(&flags, &super::variable)?,
        None => load::parse(NOTHING, None, &flags, &super::variable)?,
    };
    settings.project = title(&files, &command).into();
    settings.environments.clear();
    settings.warnings.clear();
    let command = (!command.is_empty()).then_some(Input::Command(command));
    let inputs: Vec<Input> = files.iter().map(|path| input(path)).chain(command).collect();
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        return Err(UserError::new(ExitCode::Usage, "standard input can be read once").now("nothing was opened"));
    }
    let clock = SystemClock::shared();
    let viewing = local::open(&inputs, &settings.proxy, Arc::clone(&clock))?;
    crate::runtime::view(settings, clock, viewing).await
}

fn input(path: &Path) -> Input {
    match path.to_str() {
        Some("-") => Input::Stdin,
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => Input::Address(url.to_owned()),
        _ => Input::File(path.to_owned()),
    }
}

fn title(files: &[PathBuf], command: &[String]) -> String {
    match files {
        [] => crate::sanitize::Text::clean(&command.join(" ")).to_string(),
        // An address may hold a token.
        [one] if matches!(input(one), Input::Address(_)) => "an address".to_owned(),
        [one] if one.as_path() == Path::new("-") => "standard input".to_owned(),
        [one] => crate::sanitize::Text::clean(&one.to_string_lossy()).to_string(),
        many => format!("{} files", many.len()),
    }
}
