//! Pipeline runs, jobs, steps and the gates that hold them (github.md sections 4 and 5).

use jiff::Timestamp;
use serde::Serialize;

use super::environment::Status;
pub use super::gate::{Gate, Lane, LaneRun};
use super::ids::Sha;
use crate::sanitize::Text;

/// One workflow run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// The platform's number of it.
    pub id: u64,
    /// Workflow name.
    pub workflow: Text,
    /// Run name or event title.
    pub title: Text,
    /// Number and attempt.
    pub number: (u64, u32),
    /// Commit.
    pub sha: Sha,
    /// Branch.
    pub branch: Text,
    /// Who started it.
    pub actor: Text,
    /// State, drawn.
    pub status: Status,
    /// The platform's words: `waiting`, `in_progress`, `failure`.
    pub words: Text,
    /// It waits for its turn in a concurrency group.
    pub in_lane: bool,
    /// What set it off: `push`, `workflow_dispatch`.
    pub event: Text,
    /// Its workflow's file: `.github/workflows/deploy.yml`.
    pub file: Text,
    /// When its first attempt was made.
    pub created_at: Option<Timestamp>,
    /// When this attempt began.
    pub started_at: Option<Timestamp>,
    /// Last change.
    pub updated_at: Option<Timestamp>,
    /// Page in the browser.
    pub url: Text,
    /// Its jobs, filled for active runs.
    pub jobs: Vec<Job>,
    /// Gates that hold it now.
    pub gates: Vec<Gate>,
    /// Concurrency groups that somebody waits for and this run is in.
    pub lanes: Vec<Lane>,
}

impl Run {
    /// Whether it is of this workflow file, named as in the configuration: `deploy.yml`.
    #[must_use]
    pub fn of_file(&self, file: &str) -> bool {
        // Reusable workflows and some answers add the branch: `deploy.yml@main`.
        let own = self.file.as_str().split('@').next().unwrap_or_default();
        own.rsplit('/').next() == Some(file.rsplit('/').next().unwrap_or(file))
    }

    /// Whether nothing of it runs or waits any more.
    #[must_use]
    pub fn over(&self) -> bool {
        !matches!(self.status, Status::Running | Status::Paused)
    }
}

/// One job of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// The platform's number of it.
    pub id: u64,
    /// Its name.
    pub name: Text,
    /// State, drawn.
    pub status: Status,
    /// The platform's words.
    pub words: Text,
    /// It waits for its turn in a concurrency group.
    pub in_lane: bool,
    /// Start.
    pub started_at: Option<Timestamp>,
    /// End.
    pub completed_at: Option<Timestamp>,
    /// Its steps in order.
    pub steps: Vec<Step>,
}

/// One step of a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// Position, from 1.
    pub number: u32,
    /// Its name.
    pub name: Text,
    /// State, drawn.
    pub status: Status,
    /// Start.
    pub started_at: Option<Timestamp>,
    /// End.
    pub completed_at: Option<Timestamp>,
}
