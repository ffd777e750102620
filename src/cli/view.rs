//! `flightdeck view`: a log on the whole screen, without configuration and without platforms.

use std::path::{Path, PathBuf};

use crate::clock::SystemClock;
use crate::config::load::{self, Flags};
use crate::engine::view::{self, Input};
use crate::error::{ExitCode, UserError};

/// Enough of a configuration to have defaults.
const NOTHING: &str = "[[environments]]\nname = \"view\"\n";

pub(super) async fn run(files: Vec<PathBuf>, flags: Flags) -> Result<ExitCode, UserError> {
    // A configuration that is asked for gives its colours and its bound; none is looked for.
    let mut settings = match &flags.config {
        Some(_) => load::load(&flags, &super::variable)?,
        None => load::parse(NOTHING, None, &flags, &super::variable)?,
    };
    settings.project = title(&files).into();
    settings.environments.clear();
    settings.warnings.clear();
    let input =
        |path: &PathBuf| if path.as_path() == Path::new("-") { Input::Stdin } else { Input::File(path.clone()) };
    let inputs: Vec<Input> = files.iter().map(input).collect();
    if inputs.iter().filter(|input| **input == Input::Stdin).count() > 1 {
        return Err(UserError::new(ExitCode::Usage, "standard input can be read once").now("nothing was opened"));
    }
    let viewing = view::open(&inputs)?;
    crate::runtime::view(settings, SystemClock::shared(), viewing).await
}

fn title(files: &[PathBuf]) -> String {
    match files {
        [one] if one.as_path() == Path::new("-") => "standard input".to_owned(),
        [one] => crate::sanitize::Text::clean(&one.to_string_lossy()).to_string(),
        many => format!("{} files", many.len()),
    }
}
