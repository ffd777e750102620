//! Which environment a command is about: the one that is named, else the only one that can be meant.

use crate::config::Settings;
use crate::domain::environment::Tier;
use crate::domain::ids::EnvId;
use crate::domain::promotion::{KEY, of_tier};
use crate::error::{ExitCode, UserError};

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
        let env = EnvId::from(named);
        let known = settings.environment(&env).is_some();
        return if known { Ok(env) } else { Err(usage(format!("no environment {env} is configured"))) };
    }
    match candidates.as_slice() {
        [only] => Ok(only.clone()),
        [] => {
            Err(usage("which environment? there is none of tier production".to_owned())
                .hint("name it with --environment"))
        }
        several => {
            let names: Vec<String> = several.iter().map(|env| format!("--environment {env}")).collect();
            Err(usage("which environment? several could be meant".to_owned()).hint(names.join(" or ")))
        }
    }
}
