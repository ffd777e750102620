//! The answers of GitHub as types, and how they become the types of `domain`.

use jiff::Timestamp;
use serde::Deserialize;

use super::words;
use crate::domain::extent::Extent;
use crate::domain::ids::{EnvId, Sha};
use crate::domain::pipeline::{Gate, Job, Run as DomainRun, Step};
use crate::domain::release::Commit;
use crate::domain::shipment::Pull;
use crate::platform::lenient::{maybe_time, or_default, text};
use crate::sanitize::Text;

#[derive(Deserialize, Default)]
pub(super) struct Login {
    #[serde(default, deserialize_with = "text")]
    pub(super) login: String,
}

#[derive(Deserialize)]
pub(super) struct Runs {
    #[serde(default)]
    pub(super) total_count: Option<u32>,
    pub(super) workflow_runs: Vec<Run>,
}

#[derive(Deserialize)]
pub(super) struct Run {
    id: u64,
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, deserialize_with = "text")]
    display_title: String,
    #[serde(default, deserialize_with = "text")]
    event: String,
    #[serde(default, deserialize_with = "text")]
    path: String,
    #[serde(default, deserialize_with = "or_default")]
    run_number: u64,
    #[serde(default, deserialize_with = "or_default")]
    run_attempt: u32,
    #[serde(default, deserialize_with = "text")]
    status: String,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default, deserialize_with = "text")]
    head_branch: String,
    #[serde(default, deserialize_with = "text")]
    head_sha: String,
    #[serde(default, deserialize_with = "or_default")]
    actor: Login,
    #[serde(default, deserialize_with = "or_default")]
    triggering_actor: Login,
    #[serde(default, deserialize_with = "maybe_time")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_time")]
    run_started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_time")]
    updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "text")]
    html_url: String,
}

impl From<Run> for DomainRun {
    fn from(wire: Run) -> Self {
        let (state, words) = words::state(&wire.status, wire.conclusion.as_deref());
        let actor = if wire.triggering_actor.login.is_empty() { wire.actor.login } else { wire.triggering_actor.login };
        Self {
            id: wire.id,
            workflow: Text::clean(&wire.name),
            title: Text::clean(&wire.display_title),
            number: (wire.run_number, wire.run_attempt.max(1)),
            sha: Sha::from(wire.head_sha),
            branch: Text::clean(&wire.head_branch),
            actor: Text::clean(&actor),
            state,
            status: state.status(),
            words,
            event: Text::clean(&wire.event),
            file: Text::clean(&wire.path),
            created_at: wire.created_at,
            started_at: wire.run_started_at.or(wire.created_at),
            updated_at: wire.updated_at,
            url: Text::clean(&wire.html_url),
            jobs: Vec::new(),
            jobs_read: Extent::NOTHING,
            gates: Vec::new(),
            lanes: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Jobs {
    #[serde(default)]
    pub(super) total_count: Option<u32>,
    pub(super) jobs: Vec<WireJob>,
}

#[derive(Deserialize)]
pub(super) struct WireJob {
    id: u64,
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, deserialize_with = "text")]
    status: String,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default, deserialize_with = "maybe_time")]
    started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_time")]
    completed_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_default")]
    steps: Vec<WireStep>,
}

#[derive(Deserialize)]
struct WireStep {
    #[serde(default, deserialize_with = "or_default")]
    number: u32,
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, deserialize_with = "text")]
    status: String,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default, deserialize_with = "maybe_time")]
    started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "maybe_time")]
    completed_at: Option<Timestamp>,
}

impl From<WireJob> for Job {
    fn from(wire: WireJob) -> Self {
        // The start of a job that has not begun means nothing (docs/platforms/github.md section 4.1).
        let begun = matches!(wire.status.as_str(), "in_progress" | "completed");
        let step = |step: WireStep| Step {
            number: step.number,
            name: Text::clean(&step.name),
            status: words::state(&step.status, step.conclusion.as_deref()).0.status(),
            started_at: step.started_at,
            completed_at: step.completed_at,
        };
        let (state, words) = words::state(&wire.status, wire.conclusion.as_deref());
        Self {
            id: wire.id,
            name: Text::clean(&wire.name),
            state,
            status: state.status(),
            words,
            started_at: wire.started_at.filter(|_| begun),
            completed_at: wire.completed_at,
            steps: wire.steps.into_iter().map(step).collect(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Pending {
    environment: PendingEnvironment,
    #[serde(default, deserialize_with = "or_default")]
    wait_timer: u32,
    #[serde(default, deserialize_with = "maybe_time")]
    wait_timer_started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_default")]
    current_user_can_approve: bool,
    #[serde(default, deserialize_with = "or_default")]
    reviewers: Vec<ReviewerEntry>,
}

#[derive(Deserialize)]
struct PendingEnvironment {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct ReviewerEntry {
    #[serde(default, deserialize_with = "or_default")]
    reviewer: Reviewer,
}

#[derive(Deserialize, Default)]
struct Reviewer {
    #[serde(default)]
    login: Option<String>,
    #[serde(default)]
    slug: Option<String>,
}

impl From<Pending> for Gate {
    fn from(wire: Pending) -> Self {
        let names = wire.reviewers.into_iter().filter_map(|entry| entry.reviewer.login.or(entry.reviewer.slug));
        Self {
            env: EnvId::from(Text::clean(&wire.environment.name).as_str()),
            env_number: wire.environment.id,
            wait_minutes: wire.wait_timer,
            wait_since: wire.wait_timer_started_at,
            reviewers: names.map(|name| Text::clean(&name)).collect(),
            may_approve: wire.current_user_can_approve,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Compared {
    #[serde(default, deserialize_with = "text")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) ahead_by: u32,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) behind_by: u32,
    pub(super) commits: Vec<WireCommit>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) files: Option<Vec<WireFile>>,
}

/// What is read of a comparison for its counts; they are required, for a count that was not told is not none.
#[derive(Deserialize)]
pub(super) struct Distance {
    pub(super) ahead_by: u32,
    pub(super) behind_by: u32,
}

#[derive(Deserialize)]
pub(super) struct Repository {
    pub(super) default_branch: String,
}

#[derive(Deserialize)]
pub(super) struct WireFile {
    #[serde(default, deserialize_with = "text")]
    pub(super) filename: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) status: String,
}

#[derive(Deserialize)]
pub(super) struct WireCommit {
    sha: String,
    commit: CommitBody,
    #[serde(default, deserialize_with = "or_default")]
    author: Login,
}

#[derive(Deserialize)]
struct CommitBody {
    #[serde(default, deserialize_with = "text")]
    message: String,
    #[serde(default, deserialize_with = "or_default")]
    author: CommitAuthor,
}

#[derive(Deserialize, Default)]
struct CommitAuthor {
    #[serde(default, deserialize_with = "text")]
    name: String,
}

impl From<WireCommit> for Commit {
    fn from(wire: WireCommit) -> Self {
        let author = if wire.author.login.is_empty() { wire.commit.author.name } else { wire.author.login };
        let title = wire.commit.message.lines().next().unwrap_or_default();
        Self { sha: Sha::from(wire.sha), author: Text::clean(&author), title: Text::clean(title) }
    }
}

/// A pull request, as far as it is told.
#[derive(Deserialize)]
pub(super) struct PullRequest {
    number: u64,
    #[serde(default, deserialize_with = "text")]
    title: String,
    #[serde(default, deserialize_with = "or_default")]
    user: Login,
}

impl From<PullRequest> for Pull {
    fn from(wire: PullRequest) -> Self {
        Self { number: wire.number, title: Text::clean(&wire.title), author: Text::clean(&wire.user.login) }
    }
}

#[derive(Deserialize)]
pub(super) struct Deployment {
    pub(super) id: u64,
    #[serde(default, deserialize_with = "text")]
    pub(super) sha: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) environment: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) creator: Login,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
pub(super) struct Secrets {
    #[serde(default)]
    pub(super) total_count: Option<u32>,
    pub(super) secrets: Vec<Named>,
}

#[derive(Deserialize)]
pub(super) struct Variables {
    #[serde(default)]
    pub(super) total_count: Option<u32>,
    pub(super) variables: Vec<Named>,
}

#[derive(Deserialize)]
pub(super) struct Environments {
    #[serde(default)]
    pub(super) total_count: Option<u32>,
    pub(super) environments: Vec<Named>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
    #[serde(default, deserialize_with = "maybe_time")]
    pub(super) updated_at: Option<Timestamp>,
}
