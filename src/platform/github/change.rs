//! What the console changes on GitHub: gates, dispatches, cancellations (docs/platforms/github.md sections 4.2, 4.4 and 5.1). Each
//! is sent once.

use serde::Deserialize;
use serde_json::json;

use super::{GITHUB, Github};
use crate::platform::http::{Call, segment};
use crate::platform::lenient::{or_default, text};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// The answer to a dispatch, where GitHub gives one.
#[derive(Deserialize)]
struct Dispatched {
    workflow_run_id: u64,
}

/// What somebody said to a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was opened.
    Approved,
    /// It was closed for good.
    Rejected,
    /// A word that is not known.
    Unknown,
}

/// An answer to a gate (docs/platforms/github.md section 5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// For which environments.
    pub environments: Vec<Text>,
    /// What.
    pub verdict: Verdict,
    /// By whom.
    pub by: Text,
}

#[derive(Deserialize)]
struct Reviewed {
    #[serde(default, deserialize_with = "or_default")]
    environments: Vec<Place>,
    #[serde(default, deserialize_with = "text")]
    state: String,
    #[serde(default, deserialize_with = "or_default")]
    user: Option<Person>,
}

#[derive(Deserialize)]
struct Place {
    #[serde(default, deserialize_with = "text")]
    name: String,
}

#[derive(Deserialize)]
struct Person {
    #[serde(default, deserialize_with = "text")]
    login: String,
}

impl Github {
    /// `POST R/actions/runs/{id}/pending_deployments`: opens gates or closes them for good. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`]; 422 means answered already, not a reviewer, or one's own run: read again, it is never a success.
    pub async fn review(&self, run: u64, gates: &[u64], approve: bool, comment: &str) -> Result<(), PlatformError> {
        let state = if approve { "approved" } else { "rejected" };
        let body = json!({ "environment_ids": gates, "state": state, "comment": comment });
        self.post(&format!("actions/runs/{run}/pending_deployments")).json(&body).done().await
    }

    /// `GET R/actions/runs/{id}/approvals`: who approved or rejected what. GitHub tells no time of them.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn reviews(&self, run: u64) -> Result<Vec<Review>, PlatformError> {
        let list: Vec<Reviewed> = self.get(&format!("actions/runs/{run}/approvals")).read().await?;
        let review = |one: Reviewed| Review {
            environments: one.environments.iter().map(|place| Text::clean(&place.name)).collect(),
            verdict: match one.state.as_str() {
                "approved" => Verdict::Approved,
                "rejected" => Verdict::Rejected,
                _ => Verdict::Unknown,
            },
            by: Text::clean(
                one.user.map(|user| user.login).filter(|login| !login.is_empty()).as_deref().unwrap_or("?"),
            ),
        };
        Ok(list.into_iter().map(review).collect())
    }

    /// `POST R/actions/workflows/{file}/dispatches`: starts a workflow on a branch or tag. `None` = it was started, and
    /// GitHub did not say as which run. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`]; 422 names an unknown ref or input. After a time-out the run may have begun.
    pub async fn dispatch(
        &self,
        file: &str,
        reference: &str,
        input: &str,
        value: &str,
    ) -> Result<Option<u64>, PlatformError> {
        let body = json!({ "ref": reference, "inputs": { input: value }, "return_run_details": true });
        let call = self.post(&format!("actions/workflows/{}/dispatches", segment(file))).json(&body);
        let answer = call.answer().await?;
        // An older server answers 204 and nothing.
        Ok(serde_json::from_slice::<Dispatched>(&answer.body).ok().map(|run| run.workflow_run_id))
    }

    /// `POST R/actions/runs/{id}/cancel`: accepted, not done (202). Sent once.
    ///
    /// # Errors
    /// [`PlatformError`]; 409 when the run is over.
    pub async fn cancel(&self, run: u64) -> Result<(), PlatformError> {
        let asked = self.post(&format!("actions/runs/{run}/cancel")).done().await;
        asked.map_err(|mut error| {
            if error.kind == ErrorKind::Conflict {
                let way = "a run that has ended, or never began, cannot be cancelled; it can be deleted on its page on GitHub";
                error.message = Text::from(format!("{}; {way}", error.message));
            }
            error
        })
    }

    /// `POST R/actions/runs/{id}/rerun`, or `…/rerun-failed-jobs`: another attempt with the commit and the rights of then
    /// (201). Sent once.
    ///
    /// # Errors
    /// [`PlatformError`]; 403 when it is not over, or older than 30 days (docs/platforms/github.md section 4.3).
    pub async fn rerun(&self, run: u64, failed: bool) -> Result<(), PlatformError> {
        let what = if failed { "rerun-failed-jobs" } else { "rerun" };
        self.post(&format!("actions/runs/{run}/{what}")).done().await
    }

    fn post(&self, path: &str) -> Call {
        let url = format!("{}/repos/{}/{}/{path}", self.access.base, segment(&self.owner), segment(&self.name));
        self.authorized(self.http.post(GITHUB, &url))
    }
}
