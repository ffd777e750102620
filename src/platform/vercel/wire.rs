//! The answers of Vercel as types. Variants of one answer are decoded as one lenient shape; words stay text.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{AliasRequest, VercelDeployment, VercelProject};
use crate::domain::environment::Pin;
use crate::platform::lenient::{maybe_time, or_default, sha, text};
use crate::sanitize::Text;

/// Who a token belongs to. That the answer came says that the token is good; a name left out takes nothing from that.
#[derive(Deserialize)]
pub(super) struct UserAnswer {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) user: User,
}

#[derive(Default, Deserialize)]
pub(super) struct User {
    #[serde(default, deserialize_with = "text")]
    pub(super) username: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) email: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) limited: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Project {
    id: String,
    #[serde(default, deserialize_with = "text")]
    account_id: String,
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    targets: Targets,
    auto_assign_custom_domains: Option<bool>,
    #[serde(default)]
    rollback_description: Option<RollbackDescription>,
    #[serde(default)]
    last_alias_request: Option<WireAliasRequest>,
    #[serde(default, deserialize_with = "or_default")]
    paused: bool,
    #[serde(default)]
    rolling_release: Value,
    #[serde(default, deserialize_with = "or_default")]
    security: Security,
    #[serde(default, deserialize_with = "or_default")]
    custom_environments: Vec<CustomEnvironment>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Security {
    #[serde(default, deserialize_with = "or_default")]
    attack_mode_enabled: bool,
}

#[derive(Deserialize, Default)]
struct Targets {
    #[serde(default)]
    production: Option<Deployment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RollbackDescription {
    #[serde(default, deserialize_with = "text")]
    description: String,
    #[serde(default, deserialize_with = "text")]
    username: String,
    #[serde(default, deserialize_with = "maybe_time")]
    created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAliasRequest {
    #[serde(default, rename = "type", deserialize_with = "text")]
    kind: String,
    #[serde(default, deserialize_with = "text")]
    job_status: String,
    #[serde(default)]
    from_deployment_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    to_deployment_id: String,
    #[serde(default, deserialize_with = "maybe_time")]
    requested_at: Option<Timestamp>,
}

impl From<Project> for VercelProject {
    fn from(wire: Project) -> Self {
        let said = |text: &str| Some(Text::clean(text)).filter(|text| !text.is_empty());
        let rolled_back = wire.rollback_description.map(|one| Pin {
            why: said(&one.description).unwrap_or_else(|| Text::from("rolled back")),
            at: one.created_at,
            by: said(&one.username),
        });
        Self {
            id: wire.id,
            owner: wire.account_id,
            name: Text::clean(&wire.name),
            production: wire.targets.production.map(VercelDeployment::from),
            auto_assign: wire.auto_assign_custom_domains.unwrap_or(true),
            rolled_back,
            last_alias_request: wire.last_alias_request.map(|request| AliasRequest {
                kind: Text::clean(&request.kind),
                job_status: Text::clean(&request.job_status),
                from: request.from_deployment_id,
                to: request.to_deployment_id,
                requested_at: request.requested_at,
            }),
            paused: wire.paused,
            rolls: !wire.rolling_release.is_null(),
            challenged: wire.security.attack_mode_enabled,
            environments: wire.custom_environments.into_iter().map(|one| (one.slug, one.id)).collect(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Deployments {
    #[serde(deserialize_with = "or_default")]
    pub(super) deployments: Vec<Deployment>,
}

/// Lists say `uid`, gets say `id`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deployment {
    #[serde(alias = "uid")]
    id: String,
    #[serde(default, deserialize_with = "text")]
    url: String,
    #[serde(default, deserialize_with = "text")]
    ready_state: String,
    #[serde(default, deserialize_with = "text")]
    state: String,
    #[serde(default, deserialize_with = "text")]
    ready_substate: String,
    #[serde(default, deserialize_with = "text")]
    target: String,
    #[serde(default, deserialize_with = "maybe_time")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_time")]
    created: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_time")]
    ready: Option<Timestamp>,
    #[serde(default)]
    meta: Value,
    #[serde(default)]
    git_source: Value,
    #[serde(default)]
    creator: Value,
    is_rollback_candidate: Option<bool>,
    #[serde(default)]
    alias_assigned: Value,
    #[serde(default)]
    alias: Value,
    #[serde(default)]
    alias_error: Value,
    #[serde(default, deserialize_with = "text")]
    checks_conclusion: String,
    #[serde(default)]
    checks: Value,
    #[serde(default, deserialize_with = "text")]
    error_code: String,
    #[serde(default, deserialize_with = "text")]
    error_message: String,
}

impl From<Deployment> for VercelDeployment {
    fn from(wire: Deployment) -> Self {
        let meta = |key: &str| wire.meta.get(key).and_then(Value::as_str);
        let creator = |key: &str| wire.creator.get(key).and_then(Value::as_str);
        let author = meta("githubCommitAuthorLogin").or_else(|| meta("githubCommitAuthorName"));
        let author = author.or_else(|| creator("username")).or_else(|| creator("email")).unwrap_or_default();
        let message = meta("githubCommitMessage").unwrap_or_default().lines().next().unwrap_or_default();
        let commit = meta("githubCommitSha").or_else(|| wire.git_source.get("sha").and_then(Value::as_str));
        let alias_error = wire.alias_error.get("message").and_then(Value::as_str);
        let mut error = [wire.error_code.as_str(), wire.error_message.as_str()].join(" ").trim().to_owned();
        if error.is_empty() {
            error = alias_error.unwrap_or_default().to_owned();
        }
        // The newer checks stand before the domains; the older ones have one word at their end.
        let gate = wire.checks.pointer("/deployment-alias/state").and_then(Value::as_str);
        let checks = gate.filter(|state| !state.is_empty()).unwrap_or(&wire.checks_conclusion);
        let names = wire.alias.as_array().into_iter().flatten().filter_map(Value::as_str);
        Self {
            url: Text::clean(&wire.url),
            state: Text::clean(if wire.ready_state.is_empty() { &wire.state } else { &wire.ready_state }),
            substate: Text::clean(&wire.ready_substate),
            target: Text::clean(&wire.target),
            created_at: wire.created_at.or(wire.created),
            ready_at: wire.ready,
            sha: commit.and_then(sha),
            author: Text::clean(author),
            message: Text::clean(message),
            rollback_candidate: wire.is_rollback_candidate,
            alias_assigned: matches!(&wire.alias_assigned, Value::Bool(true) | Value::Number(_)),
            aliases: names.map(Text::clean).collect(),
            error: Some(Text::clean(&error)).filter(|error| !error.is_empty()),
            checks: Text::clean(checks),
            alias_error: wire.alias_error.is_object(),
            id: wire.id,
        }
    }
}

/// `{envs}` in three variants, or one bare variable.
#[derive(Deserialize)]
#[serde(from = "Value")]
pub(super) struct Envs {
    pub(super) envs: Vec<Env>,
    /// Variables of production that the token may not see.
    pub(super) hidden: u64,
    /// There is another page.
    pub(super) more: bool,
    /// Variables that could not be understood.
    pub(super) unread: usize,
}

impl From<Value> for Envs {
    fn from(mut value: Value) -> Self {
        let hidden = value.get("hiddenProductionEnvCount").and_then(Value::as_u64).unwrap_or(0);
        let more = value.pointer("/pagination/next").is_some_and(|next| !next.is_null());
        let list = match value.get_mut("envs").map(Value::take) {
            Some(Value::Array(list)) => list,
            _ => vec![value],
        };
        let told = list.len();
        let envs: Vec<Env> = list.into_iter().filter_map(|variable| serde_json::from_value(variable).ok()).collect();
        Self { hidden, more, unread: told - envs.len(), envs }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Env {
    #[serde(default, deserialize_with = "text")]
    pub(super) id: String,
    pub(super) key: String,
    #[serde(default, rename = "type", deserialize_with = "text")]
    kind: String,
    #[serde(default)]
    target: Value,
    #[serde(default, deserialize_with = "text")]
    git_branch: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) custom_environment_ids: Vec<String>,
    #[serde(default, deserialize_with = "text")]
    configuration_id: String,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) updated_at: Option<Timestamp>,
}

impl Env {
    pub(super) fn targets(&self) -> Vec<String> {
        match &self.target {
            Value::String(one) => vec![one.clone()],
            Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it tells what it is for.
    pub(super) fn placed(&self) -> bool {
        !self.targets().is_empty() || !self.custom_environment_ids.is_empty()
    }

    pub(super) fn of_branch(&self) -> bool {
        !self.git_branch.is_empty()
    }

    pub(super) fn managed(&self) -> bool {
        !self.configuration_id.is_empty()
    }

    pub(super) fn note(&self) -> String {
        let mut words = Vec::new();
        if !matches!(self.kind.as_str(), "" | "encrypted") {
            words.push(self.kind.clone());
        }
        if self.of_branch() {
            words.push(format!("branch {}", self.git_branch));
        }
        if self.managed() {
            words.push("integration".to_owned());
        }
        words.join(", ")
    }
}

#[derive(Deserialize)]
pub(super) struct Domains {
    #[serde(deserialize_with = "or_default")]
    pub(super) domains: Vec<Domain>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) pagination: Pagination,
}

/// Where a list goes on: the time of the next page, `null` on the last one.
#[derive(Deserialize, Default)]
pub(super) struct Pagination {
    #[serde(default)]
    pub(super) next: Option<u64>,
}

#[derive(Deserialize)]
struct CustomEnvironment {
    id: String,
    #[serde(default, deserialize_with = "text")]
    slug: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Domain {
    pub(super) name: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) verified: bool,
    #[serde(default, deserialize_with = "text")]
    pub(super) redirect: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) custom_environment_id: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) git_branch: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alias {
    #[serde(default, deserialize_with = "text")]
    pub(super) deployment_id: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) alias: String,
}

#[derive(Deserialize)]
pub(super) struct Aliases {
    #[serde(deserialize_with = "or_default")]
    pub(super) aliases: Vec<Alias>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) pagination: Pagination,
}

#[derive(Deserialize)]
pub(super) struct AliasOutcomes {
    #[serde(default, deserialize_with = "or_default")]
    pub(super) aliases: Vec<AliasOutcome>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) pagination: Pagination,
}

/// The schema says that `alias` is text, the CLI reads an object.
#[derive(Deserialize)]
pub(super) struct AliasOutcome {
    #[serde(default, deserialize_with = "text")]
    pub(super) status: String,
    #[serde(default)]
    pub(super) alias: Value,
}
