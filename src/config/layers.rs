//! Merges the configuration files into one: which are read, in which order, and which wins.
//!
//! A file named by the flag or the variable is read alone. Otherwise `flightdeck.toml` lies over the user's own file, key by
//! key, so that a taste in themes is written once and a project says only what it is.

use std::path::{Path, PathBuf};

use super::credentials;
use super::file::{self, File};
use super::inputs::{Env, Flags, folder};
use super::places::Places;
use super::tables::Over as _;
use crate::error::{ExitCode, UserError};

/// The project file's name.
pub const PROJECT: &str = "flightdeck.toml";

/// Why a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The person named it, or it is the person's own.
    Own,
    /// It lies in the folder where we were started.
    Project,
}

/// The files to read, the strongest first.
///
/// # Errors
/// When nothing was named and nothing is there.
pub(super) fn find(flags: &Flags, env: Env<'_>) -> Result<Vec<(PathBuf, Origin)>, UserError> {
    let own = own(flags, env).map(|path| (path, Origin::Own));
    if flags.config.is_some() || env("FLIGHTDECK_CONFIG").is_some_and(|path| !path.is_empty()) {
        return Ok(own.into_iter().collect());
    }
    let project = (PathBuf::from(PROJECT), Origin::Project);
    let candidates = std::iter::once(project).chain(own);
    // What cannot be looked at is read all the same, so that the person hears why it does not count.
    let there: Vec<_> = candidates.filter(|(path, _)| path.try_exists().unwrap_or(true)).collect();
    if there.is_empty() {
        return Err(UserError::new(ExitCode::Usage, "no configuration found")
            .now("nothing was started; looked for flightdeck.toml here and config.toml in the user's configuration folder")
            .hint("try it without one: flightdeck demo")
            .hint("begin one: flightdeck config example > flightdeck.toml"));
    }
    Ok(there)
}

/// One's own file, whether or not it is there: another content of it is noticed while the console runs. `None` = there is no home folder.
pub(super) fn own(flags: &Flags, env: Env<'_>) -> Option<PathBuf> {
    let named =
        flags.config.clone().or_else(|| env("FLIGHTDECK_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from));
    named.or_else(|| folder(env, "XDG_CONFIG_HOME", ".config").map(|home| home.join("flightdeck").join("config.toml")))
}

/// Understands one file: its keys, the place of its first mistake, and paths that begin where the file stands.
///
/// # Errors
/// With line and column when the text cannot be understood, and when it holds a token that others may read.
pub(super) fn understand(
    text: &str,
    path: Option<&Path>,
    env: Env<'_>,
    warnings: &mut Vec<String>,
) -> Result<File, UserError> {
    let name = name(path);
    // Before anything is said about its content: a complaint must not be louder than the leak.
    let parsed = toml::from_str::<File>(text);
    if let (Ok(file), Some(path)) = (&parsed, path)
        && file.platforms.values().any(|account| account.token.is_some())
    {
        credentials::check_private(path)?;
    }
    let mut file = parsed.map_err(|error| syntax(&name, text, &error))?;
    file.places = Places::of(text, path.unwrap_or(Path::new("configuration")));
    warnings.extend(file::unknown_keys(text).into_iter().map(|warning| format!("{name}: {warning}")));
    if let Some(folder) = path.and_then(Path::parent) {
        anchor(&mut file, folder, env);
    }
    Ok(file)
}

/// The name of a file in messages.
pub(super) fn name(path: Option<&Path>) -> String {
    path.map_or_else(|| "configuration".to_owned(), |path| path.display().to_string())
}

fn syntax(name: &str, text: &str, error: &toml::de::Error) -> UserError {
    let offset = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let written = text.lines().nth(line - 1).unwrap_or_default();
    // The parser repeats the value that it met. On a line about a token, that is the token.
    let message = if written.contains("token") {
        "this is neither a text in quotes (token, token_file) nor a list of them (token_command)".to_owned()
    } else {
        error.message().replace(char::is_control, " ")
    };
    UserError::new(ExitCode::Usage, format!("{name}:{line}:{column}: {message}"))
        .now("nothing was started")
        .hint("flightdeck config example shows every key with its form")
}

/// Relative paths begin at the folder of the file that names them, and `~/` at the home folder.
fn anchor(file: &mut File, folder: &Path, env: Env<'_>) {
    let home = env("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    for text in file.paths() {
        let whole = match (text.strip_prefix("~/"), &home) {
            (Some(below), Some(home)) => home.join(below),
            _ => folder.join(&*text),
        };
        *text = whole.to_string_lossy().into_owned();
    }
}

/// Lays one file over another. Environments come as a whole: half an environment from each file is no environment.
pub(super) fn over(mut top: File, mut below: File, warnings: &mut Vec<String>) -> File {
    let mut platforms = std::mem::take(&mut below.platforms);
    for (name, top) in std::mem::take(&mut top.platforms) {
        let account = match platforms.remove(&name) {
            Some(below) => top.over_that_of(&name, below, warnings),
            None => top,
        };
        platforms.insert(name, account);
    }
    if !top.environments.is_empty() {
        below.places.without_all_of("environments");
    }
    File { platforms, ..top.over(below) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_file_has_a_place_before_it_is_there() {
        let env = |name: &str| (name == "XDG_CONFIG_HOME").then(|| "/nobody".to_owned());
        assert_eq!(own(&Flags::default(), &env), Some("/nobody/flightdeck/config.toml".into()));
        let named = Flags { config: Some("mine.toml".into()), ..Flags::default() };
        assert_eq!(own(&named, &env), Some("mine.toml".into()));
        assert_eq!(own(&Flags::default(), &|_| None), None);
    }
}
