//! Moves the production pointer (rollback, promote, aliases) and reads whether it has moved (docs/platforms/vercel.md section
//! 6).

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{VERCEL, Vercel, wire, words};
use crate::domain::environment::Status;
use crate::platform::PlatformError;
use crate::platform::http::segment;
use crate::sanitize::Text;

/// The one slot that promote and rollback share; a later request takes it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasRequest {
    /// `promote` or `rollback`.
    pub kind: Text,
    /// `pending`, `in-progress`, `succeeded`, `failed`, `skipped`.
    pub job_status: Text,
    /// What was live.
    pub from: Option<String>,
    /// What is to be live.
    pub to: String,
    /// When it was asked; match it with the time of the call.
    pub requested_at: Option<Timestamp>,
}

impl AliasRequest {
    /// What the platform's word means now, and as what it is told. A job that was left open does not move for ever.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> (Status, Text) {
        words::job(self.job_status.as_str(), self.requested_at, now)
    }

    /// True when the platform says that every domain has moved.
    #[must_use]
    pub fn arrived(&self) -> bool {
        self.stands(Timestamp::MIN).0 == Status::Ok
    }

    /// True while the platform says that domains are still moving.
    #[must_use]
    pub fn in_motion(&self) -> bool {
        self.stands(Timestamp::MIN).0 == Status::Running
    }
}

/// What became of one domain in the last job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasOutcome {
    /// The domain.
    pub alias: Text,
    /// `completed`, `in-progress`, `pending`, `failed`.
    pub status: Text,
}

impl Vercel {
    /// `POST /v1/projects/{id}/rollback/{dpl}?description=`: accepted, not done (201). Sent once. It pins production: later
    /// builds stay staged until a promote.
    ///
    /// # Errors
    /// [`PlatformError`]; 402 when the plan does not reach back that far, 409 when it is live already.
    pub async fn rollback(&self, project: &str, deployment: &str, reason: Option<&str>) -> Result<(), PlatformError> {
        let path = format!("/v1/projects/{}/rollback/{}", segment(project), segment(deployment));
        let call = self.http.post(VERCEL, &format!("{}{path}", self.access.base)).maybe("description", reason);
        self.signed(call).done().await
    }

    /// `POST /v10/projects/{id}/promote/{dpl}`: accepted (201) or queued behind a rolling release (202). Sent once. It
    /// switches the automatic assignment of domains on again.
    ///
    /// # Errors
    /// [`PlatformError`]; 409 when it is live already.
    pub async fn promote(&self, project: &str, deployment: &str) -> Result<(), PlatformError> {
        let path = format!("/v10/projects/{}/promote/{}", segment(project), segment(deployment));
        let call = self.http.post(VERCEL, &format!("{}{path}", self.access.base)).json(&json!({}));
        self.signed(call).done().await
    }

    /// What a job's word means now, and as what it is told.
    #[must_use]
    pub fn stands(&self, job: &AliasRequest) -> (Status, Text) {
        job.stands(self.http.now_at(VERCEL))
    }

    /// The last promote or rollback job of a project.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn last_alias_request(&self, project: &str) -> Result<Option<AliasRequest>, PlatformError> {
        Ok(self.project(project).await?.last_alias_request)
    }

    /// `GET /v9/projects/{id}/rollback/aliases`, or `…/promote/aliases`: what became of each domain in the last one of that kind.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn moved_aliases(
        &self,
        project: &str,
        kind: &str,
        failed_only: bool,
    ) -> Result<Vec<AliasOutcome>, PlatformError> {
        let only = if failed_only { "?failedOnly=true" } else { "" };
        let path = format!("/v9/projects/{}/{kind}/aliases{only}", segment(project));
        let open = |page: wire::AliasOutcomes| (page.aliases, page.pagination.next);
        let list = self.whole_list("domains", &path, open).await?;
        let outcome = |outcome: wire::AliasOutcome| {
            let name = outcome.alias.as_str().or_else(|| outcome.alias.get("alias").and_then(Value::as_str));
            AliasOutcome { alias: Text::clean(name.unwrap_or_default()), status: Text::clean(&outcome.status) }
        };
        Ok(list.into_iter().map(outcome).collect())
    }

    /// `GET /v4/aliases/{domain}`: the deployment that serves a domain; the reliable answer.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn alias(&self, domain: &str) -> Result<String, PlatformError> {
        let alias: wire::Alias = self.get(&format!("/v4/aliases/{}", segment(domain))).read().await?;
        Ok(alias.deployment_id)
    }

    /// `GET /v4/aliases?projectId=`: what every domain of a project serves, those of branches and of single deployments among them. An error
    /// where the list is longer than is read.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn aliases(&self, project: &str) -> Result<HashMap<String, String>, PlatformError> {
        let open = |page: wire::Aliases| (page.aliases, page.pagination.next);
        let list = self.whole_list("aliases", &format!("/v4/aliases?projectId={}", segment(project)), open).await?;
        Ok(list.into_iter().map(|one| (one.alias, one.deployment_id)).collect())
    }

    /// `POST /v2/deployments/{id}/aliases`: points one domain at a deployment. Sent once. It bypasses the promote flow: no
    /// job, no pin; the way back for a custom environment, which has no rollback of its own.
    ///
    /// # Errors
    /// [`PlatformError`]; 409 when it points there already.
    pub async fn assign_alias(&self, deployment: &str, domain: &str) -> Result<(), PlatformError> {
        let path = format!("/v2/deployments/{}/aliases", segment(deployment));
        let call = self.http.post(VERCEL, &format!("{}{path}", self.access.base)).json(&json!({ "alias": domain }));
        self.signed(call).done().await
    }
}
