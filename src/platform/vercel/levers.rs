//! Sends the emergency stops of a project, and asks for builds (docs/platforms/vercel.md sections 5 and 11).

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{VERCEL, Vercel};
use crate::platform::PlatformError;
use crate::platform::http::segment;

/// How long visitors are challenged: what the platform's own tool takes when nobody says.
const CHALLENGE: Duration = Duration::from_secs(3_600);

/// A build that was asked for.
#[derive(Deserialize)]
struct Made {
    id: String,
}

/// Where a build goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildFor<'a> {
    /// The project's name.
    pub project: &'a str,
    /// `production`, or the slug of a custom environment.
    pub target: &'a str,
    /// `redeploy` or `promote`.
    pub action: &'a str,
}

impl Vercel {
    /// `PATCH /v9/projects/{id}`: whether new production builds get the domains by themselves; nothing moves by it. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn assign_automatically(&self, project: &str, on: bool) -> Result<(), PlatformError> {
        let url = format!("{}/v9/projects/{}", self.access.base, segment(project));
        let call = self.http.patch(VERCEL, &url).json(&json!({ "autoAssignCustomDomains": on }));
        self.signed(call).done().await
    }

    /// `POST /v1/projects/{id}/pause` or `…/unpause`, by the project's id alone: visitors get 503, or the page again. Sent
    /// once.
    ///
    /// # Errors
    /// [`PlatformError`]; 400 when the id is unknown.
    pub async fn pause(&self, project_id: &str, on: bool) -> Result<(), PlatformError> {
        let word = if on { "pause" } else { "unpause" };
        let url = format!("{}/v1/projects/{}/{word}", self.access.base, segment(project_id));
        self.signed(self.http.post(VERCEL, &url)).done().await
    }

    /// `POST /v1/security/attack-mode`: every visitor is challenged for an hour, or none is. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn challenge(&self, project_id: &str, on: bool, now: Timestamp) -> Result<(), PlatformError> {
        let mut body = json!({ "projectId": project_id, "attackModeEnabled": on });
        if on {
            body["attackModeActiveUntil"] = (now + CHALLENGE).as_millisecond().into();
        }
        let url = format!("{}/v1/security/attack-mode", self.access.base);
        self.signed(self.http.post(VERCEL, &url).json(&body)).done().await
    }

    /// `POST /v13/deployments?forceNew=1`: builds the commit of a deployment again with the variables of now. The answer is
    /// the new deployment's id. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`]; 402 and 403 when the plan or the role do not allow it, 426 and 503 in the platform's words.
    pub async fn build_again(&self, deployment: &str, to: BuildFor<'_>) -> Result<String, PlatformError> {
        let mut body = json!({ "deploymentId": deployment, "name": to.project, "meta": { "action": to.action } });
        let place = if to.target == "production" { "target" } else { "customEnvironmentSlugOrId" };
        body[place] = to.target.into();
        let call = self.http.post(VERCEL, &format!("{}/v13/deployments", self.access.base)).query("forceNew", "1");
        let made: Made = self.signed(call.json(&body)).read().await?;
        Ok(made.id)
    }
}
