//! Loading: flag, then environment variable, then project file, then user file, then default.

use std::path::{Path, PathBuf};

use super::file::File;
pub use super::inputs::{Env, Flags};
use super::layers::Origin;
use super::trust::{self, Approvals};
use super::{OwnFile, Settings, UiSettings, inputs, layers, settings, text};
use crate::action::Keys;
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
    let mut own_file = layers::own(flags, env).map(|path| OwnFile { path, digest: None });
    for (path, origin) in &paths {
        let bytes = text::bytes(path)?;
        if let Some(own) = own_file.as_mut().filter(|_| *origin == Origin::Own) {
            own.digest = Some(trust::digest(&bytes));
        }
        let text = text::text(path, bytes.clone())?;
        if text.trim().is_empty() && paths.len() > 1 {
            warnings.push(format!("{} is empty", path.display()));
            continue;
        }
        not_empty(&text, &layers::name(Some(path)))?;
        let mut file = layers::understand(&text, Some(path), env, &mut warnings)?;
        if *origin == Origin::Project {
            file.without_own_taste(&mut warnings);
            // The very bytes that are used are those that were approved.
            let found = trust::of(path, &bytes, &file, &Approvals::of(env));
            if found.withheld() {
                trust::withhold(&mut file);
                found.wants.iter().for_each(|want| file.places.without(want.key.as_str()));
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
    settings.own_file = own_file;
    Ok(settings)
}

/// Whether there is no configuration at all: none is named, and none lies where one is looked for.
#[must_use]
pub fn absent(flags: &Flags, env: Env<'_>) -> bool {
    layers::find(flags, env).is_err()
}

/// Where one's own settings and the state of a console lie, unless a configuration says otherwise; `None` = there is no home folder.
#[must_use]
pub fn places(env: Env<'_>) -> (Option<PathBuf>, Option<PathBuf>) {
    let own = inputs::folder(env, "XDG_CONFIG_HOME", ".config").map(|home| home.join("flightdeck/config.toml"));
    let named = env("FLIGHTDECK_STATE_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let state = inputs::folder(env, "XDG_STATE_HOME", ".local/state").map(|home| home.join("flightdeck"));
    (own, named.or(state))
}

/// How one's console looks, as far as any configuration says so: for what is shown without one. What cannot be read says nothing.
#[must_use]
pub fn looks(flags: &Flags, env: Env<'_>) -> Option<UiSettings> {
    let file = written(&layers::find(flags, env).ok()?, env).ok()?;
    settings::looks(&file, flags, env).ok()
}

/// Makes settings look as one's own console does.
pub fn dress(settings: &mut Settings, flags: &Flags, env: Env<'_>) {
    let own = layers::find(flags, env).ok().and_then(|paths| written(&paths, env).ok());
    if let Some((ui, rows)) = own.and_then(|file| settings::told_looks(&file, flags, env).ok()) {
        settings.ui = ui;
        let screen = |key: &str| rows.iter().any(|row| row.key.as_str() == key) || key.starts_with("ui.");
        settings.effective.retain(|row| !screen(row.key.as_str()));
        settings.effective.extend(rows);
    }
}

/// The keys in force; those of the table where there is no configuration.
///
/// # Errors
/// When a configuration cannot be understood, or gives keys that cannot be.
pub fn keys(flags: &Flags, env: Env<'_>) -> Result<Keys, UserError> {
    let Ok(paths) = layers::find(flags, env) else { return Ok(Keys::default()) };
    Ok(settings::looks(&written(&paths, env)?, flags, env)?.keys)
}

/// The files as they are written, one over the other. What they want of the world is for nobody to rely on.
fn written(paths: &[(PathBuf, Origin)], env: Env<'_>) -> Result<File, UserError> {
    let mut warnings = Vec::new();
    let mut merged: Option<File> = None;
    for (path, origin) in paths {
        let mut file = layers::understand(&text::read(path)?, Some(path), env, &mut warnings)?;
        if *origin == Origin::Project {
            file.without_own_taste(&mut warnings);
        }
        merged = Some(match merged {
            None => file,
            Some(top) => layers::over(top, file, &mut warnings),
        });
    }
    Ok(merged.unwrap_or_default())
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
