//! Loading: flag, then environment variable, then project file, then user file, then default (console.md section 10).

use std::path::{Path, PathBuf};

use super::file::File;
use super::{Settings, check, layers};
use crate::error::{ExitCode, UserError};

/// Flags that reach into the configuration.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// `--write`: every environment may be changed.
    pub write: bool,
    /// `--readonly`: none may, whatever the file says.
    pub readonly: bool,
    /// `--ascii`.
    pub ascii: bool,
    /// `--no-color`.
    pub no_color: bool,
    /// A log is read alone: no environment is needed.
    pub alone: bool,
}

/// Environment variables by name; tests hand in their own.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Finds and reads the configuration.
///
/// # Errors
/// With the place and the advice when there is no file, it cannot be read, or it says something impossible.
pub fn load(flags: &Flags, env: Env<'_>) -> Result<Settings, UserError> {
    let paths = layers::find(flags, env)?;
    let mut warnings = Vec::new();
    let mut merged: Option<File> = None;
    for path in &paths {
        let text = layers::read(path)?;
        if text.trim().is_empty() && paths.len() > 1 {
            warnings.push(format!("{} is empty", path.display()));
            continue;
        }
        not_empty(&text, &layers::name(Some(path)))?;
        let file = layers::understand(&text, Some(path), env, &mut warnings)?;
        merged = Some(match merged {
            None => file,
            Some(top) => layers::over(top, file, &mut warnings),
        });
    }
    let names: Vec<_> = paths.iter().map(|path| layers::name(Some(path))).collect();
    let name = names.join(" over ");
    let mut settings = check::settings(merged.unwrap_or_default(), &name, flags, env, warnings)?;
    settings.origin = paths.into_iter().next();
    Ok(settings)
}

/// Checks a configuration text. `path` names it in messages, is where its relative paths begin, and is checked for its mode
/// when it holds a token.
///
/// # Errors
/// With line and column when the text cannot be understood.
pub fn parse(text: &str, path: Option<&Path>, flags: &Flags, env: Env<'_>) -> Result<Settings, UserError> {
    let name = layers::name(path);
    not_empty(text, &name)?;
    let mut warnings = Vec::new();
    let file = layers::understand(text, path, env, &mut warnings)?;
    check::settings(file, &name, flags, env, warnings)
}

fn not_empty(text: &str, name: &str) -> Result<(), UserError> {
    if !text.trim().is_empty() {
        return Ok(());
    }
    Err(UserError::new(ExitCode::Usage, format!("{name} is empty"))
        .now("nothing was started")
        .hint("begin one: flightdeck config example > flightdeck.toml"))
}
