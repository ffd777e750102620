//! Loading: flag, then environment variable, then project file, then user file, then default.

use std::path::{Path, PathBuf};

use super::file::File;
pub use super::inputs::{Env, Flags};
use super::layers::Origin;
use super::trust::{self, Approvals};
use super::{Settings, UiSettings, layers, settings, text};
use crate::domain::trust::ProjectFile;
use crate::error::{ExitCode, UserError};

/// Finds and reads the configuration.
///
/// # Errors
/// With the place and the advice when there is no file, it cannot be read, or it says something impossible.
pub fn load(flags: &Flags, env: Env<'_>) -> Result<Settings, UserError> {
    let paths = layers::find(flags, env)?;
    let mut warnings = Vec::new();
    let mut merged: Option<File> = None;
    let mut project_file = None;
    for (path, origin) in &paths {
        let bytes = text::bytes(path)?;
        let text = text::text(path, bytes.clone())?;
        if text.trim().is_empty() && paths.len() > 1 {
            warnings.push(format!("{} is empty", path.display()));
            continue;
        }
        not_empty(&text, &layers::name(Some(path)))?;
        let mut file = layers::understand(&text, Some(path), env, &mut warnings)?;
        if *origin == Origin::Project {
            // The very bytes that are used are those that were approved.
            let found = trust::of(path, &bytes, &file, &Approvals::of(env));
            if found.withheld() {
                trust::withhold(&mut file);
                warnings.insert(0, found.words());
            }
            project_file = Some(found);
        }
        merged = Some(match merged {
            None => file,
            Some(top) => layers::over(top, file, &mut warnings),
        });
    }
    let names: Vec<_> = paths.iter().map(|(path, _)| layers::name(Some(path))).collect();
    let name = names.join(" over ");
    let mut settings = settings::settings(merged.unwrap_or_default(), &name, flags, env, warnings)?;
    settings.origin = paths.into_iter().next().map(|(path, _)| path);
    settings.project_file = project_file;
    Ok(settings)
}

/// How one's console looks, as far as any configuration says so: for what is shown without one. What cannot be read says nothing.
#[must_use]
pub fn looks(flags: &Flags, env: Env<'_>) -> Option<UiSettings> {
    let mut warnings = Vec::new();
    let mut merged: Option<File> = None;
    for (path, _) in layers::find(flags, env).ok()? {
        let file =
            text::read(&path).and_then(|text| layers::understand(&text, Some(&path), env, &mut warnings)).ok()?;
        merged = Some(match merged {
            None => file,
            Some(top) => layers::over(top, file, &mut warnings),
        });
    }
    settings::looks(&merged?.ui, flags, env).ok()
}

/// The files that are read, with what they run and which addresses they name. What the person named, and the person's own file,
/// counts as approved.
///
/// # Errors
/// When there is no file, or it cannot be read.
pub fn files(flags: &Flags, env: Env<'_>) -> Result<Vec<ProjectFile>, UserError> {
    let approvals = Approvals::of(env);
    let look = |(path, origin): (PathBuf, Origin)| {
        let file = trust::look(&path, &approvals)?;
        Ok(ProjectFile { approved: file.approved || origin == Origin::Own, ..file })
    };
    layers::find(flags, env)?.into_iter().map(look).collect()
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
    settings::settings(file, &name, flags, env, warnings)
}

fn not_empty(text: &str, name: &str) -> Result<(), UserError> {
    if !text.trim().is_empty() {
        return Ok(());
    }
    Err(UserError::new(ExitCode::Usage, format!("{name} is empty"))
        .now("nothing was started")
        .hint("begin one: flightdeck config example > flightdeck.toml"))
}
