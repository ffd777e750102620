//! Which environment a command is about: the one that is named, else the only one that can be meant.

use crate::config::Settings;
use crate::domain::environment::Tier;
use crate::domain::ids::EnvId;
use crate::domain::names;
use crate::domain::promotion::{KEY, of_tier};
use crate::error::{ExitCode, UserError};

/// The environment of this name.
///
/// # Errors
/// When there is none of that name: it says which there are.
pub(super) fn known(settings: &Settings, name: &str) -> Result<EnvId, UserError> {
    let env = EnvId::from(name);
    if settings.environment(&env).is_some() {
        return Ok(env);
    }
    let error = UserError::new(ExitCode::Usage, format!("no environment {env} is configured"));
    Err(error.hint(there_are(settings)))
}

/// The environment that has to be named.
///
/// # Errors
/// When it is not, or there is none of that name: it says which there are.
pub(super) fn named(settings: &Settings, name: Option<&str>) -> Result<EnvId, UserError> {
    match name {
        Some(name) => known(settings, name),
        None => {
            let error = UserError::new(ExitCode::Usage, "which environment? --environment names it");
            Err(error.hint(there_are(settings)))
        }
    }
}

fn there_are(settings: &Settings) -> String {
    let names: Vec<&str> = settings.environments.iter().map(|env| env.id.as_str()).collect();
    if names.is_empty() { "no environment is configured".to_owned() } else { format!("there is {}", names.join(", ")) }
}

/// The words that confirm something for an environment, as a shell takes them.
pub(super) fn confirmed(env: &EnvId) -> String {
    format!("--confirm={}", names::shell(env.as_str()))
}

/// The environment that is named, else the only one of tier production.
///
/// # Errors
/// When the name is not configured, or several could be meant, or none.
pub(super) fn environment(settings: &Settings, named: Option<&str>) -> Result<EnvId, UserError> {
    let all = of_tier(&settings.environments, Tier::Production);
    one(settings, named, all.into_iter().map(|env| env.id.clone()).collect())
}

/// The environment that is named, else the only one that something is promoted to.
///
/// # Errors
/// As [`environment`].
pub(super) fn promoted(settings: &Settings, named: Option<&str>) -> Result<EnvId, UserError> {
    let targets: Vec<EnvId> = settings.promotions.targets().cloned().collect();
    if targets.is_empty() {
        return environment(settings, named).map_err(|error| error.hint(KEY));
    }
    one(settings, named, targets)
}

fn one(settings: &Settings, named: Option<&str>, candidates: Vec<EnvId>) -> Result<EnvId, UserError> {
    let usage = |what: String| UserError::new(ExitCode::Usage, what).now("nothing was changed");
    if let Some(named) = named {
        return known(settings, named).map_err(|error| error.now("nothing was changed"));
    }
    match candidates.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            Err(usage("which environment? there is none of tier production".to_owned())
                .hint("name it with --environment"))
        }
        several => {
            let flag = |env: &EnvId| format!("--environment {}", names::shell(env.as_str()));
            let names: Vec<String> = several.iter().map(flag).collect();
            Err(usage("which environment? several could be meant".to_owned()).hint(names.join(" or ")))
        }
    }
}
