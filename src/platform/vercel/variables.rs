//! Writes a variable of a project. Builds that come after it read it (docs/platforms/vercel.md section 8).

use serde::Deserialize;
use serde_json::json;

use super::{STANDARD, VERCEL, Vercel, wire};
use crate::domain::secret_value::SecretValue;
use crate::platform::http::{garbage, segment};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// Where a variable is written: read before the change, so that the change is one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    place: Scope,
    /// What is there already.
    pub held: Option<Variable>,
}

/// A variable as it is before a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its id.
    pub id: String,
    /// Every target that it has a value for, and the ids of custom environments: a change changes it for all of them.
    pub targets: Vec<Text>,
    /// An integration keeps it.
    pub managed: bool,
}

/// Where a variable belongs: a target, or a custom environment's id.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    Target(String),
    Custom(String),
}

/// The answer to a new one: 201 may still name what failed.
#[derive(Deserialize)]
struct Created {
    #[serde(default)]
    failed: Vec<Failed>,
}

#[derive(Deserialize)]
struct Failed {
    error: Failure,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Vercel {
    async fn variable_place(&self, project: &str, environment: &str) -> Result<Scope, PlatformError> {
        if STANDARD.contains(&environment) {
            return Ok(Scope::Target(environment.to_owned()));
        }
        let project = self.project(project).await?;
        let (target, custom) = project.scope(environment);
        Ok(custom.map_or_else(|| Scope::Target(target.to_owned()), |id| Scope::Custom(id.to_owned())))
    }

    /// Where a variable of that name is written for an environment: `production`, or the slug of a custom one. One of a branch is
    /// another one.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn slot(&self, project: &str, environment: &str, key: &str) -> Result<Slot, PlatformError> {
        let place = self.variable_place(project, environment).await?;
        let list: wire::Envs = self.get(&format!("/v10/projects/{}/env", segment(project))).read().await?;
        if place == Scope::Target("production".to_owned()) && list.hidden > 0 {
            return Err(hidden(list.hidden));
        }
        // What cannot be read may be the very variable: writing beside it would make a second one.
        if list.more {
            return Err(garbage(VERCEL, "a page of its variables was read, and there are more"));
        }
        if list.unread > 0 {
            return Err(garbage(VERCEL, &format!("{} variables of the list cannot be read", list.unread)));
        }
        if list.envs.iter().any(|one| one.key == key && (one.id.is_empty() || !one.placed())) {
            return Err(garbage(VERCEL, &format!("the list gives no target or no id for {key}")));
        }
        let mine = |one: &wire::Env| {
            let here = match &place {
                Scope::Target(target) => one.custom_environment_ids.is_empty() && one.targets().contains(target),
                Scope::Custom(id) => one.custom_environment_ids.contains(id),
            };
            here && one.key == key && !one.of_branch()
        };
        let held = list.envs.into_iter().find(mine).map(|one| Variable {
            targets: match &place {
                Scope::Target(_) => one.targets().iter().map(|target| Text::clean(target)).collect(),
                Scope::Custom(_) => one.custom_environment_ids.iter().map(|id| Text::clean(id)).collect(),
            },
            managed: one.managed(),
            id: one.id,
        });
        Ok(Slot { place, held })
    }

    /// Gives a variable its value: `PATCH /v9/projects/{id}/env/{envId}` where there is one, else
    /// `POST /v10/projects/{id}/env`, sensitive as the platform's own tool makes them. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`] without the value; also for a 201 that names the variable as failed.
    pub async fn set_variable(
        &self,
        project: &str,
        (key, slot): (&str, &Slot),
        value: &SecretValue,
    ) -> Result<(), PlatformError> {
        let base = &self.access.base;
        if let Some(held) = &slot.held {
            let url = format!("{base}/v9/projects/{}/env/{}", segment(project), segment(&held.id));
            let call = self.http.patch(VERCEL, &url).json(&json!({ "value": value.expose() }));
            return self.signed(call).done().await.map_err(|error| error.veiled(value));
        }
        let mut body = json!({ "key": key, "value": value.expose(), "type": "sensitive" });
        match &slot.place {
            Scope::Target(target) => body["target"] = json!([target]),
            Scope::Custom(id) => body["customEnvironmentIds"] = json!([id]),
        }
        let call = self.http.post(VERCEL, &format!("{base}/v10/projects/{}/env", segment(project)));
        let made: Created = self.signed(call.json(&body)).read().await.map_err(|error| error.veiled(value))?;
        match made.failed.into_iter().next() {
            None => Ok(()),
            Some(Failed { error }) => Err(refused(&error).veiled(value)),
        }
    }
}

/// What the token may not see is not missing: whoever asks must be told so.
pub(super) fn hidden(count: u64) -> PlatformError {
    PlatformError {
        platform: VERCEL,
        kind: ErrorKind::Forbidden,
        status: Some(200),
        code: None,
        message: Text::from(format!("{count} variables of production are hidden from this token")),
        request_id: None,
        retry_after: None,
        until: None,
    }
}

fn refused(error: &Failure) -> PlatformError {
    PlatformError {
        platform: VERCEL,
        kind: ErrorKind::Refused,
        status: Some(201),
        code: Some(Text::clean(&error.code)).filter(|code| !code.is_empty()),
        message: Text::clean(&error.message),
        request_id: None,
        retry_after: None,
        until: None,
    }
}
