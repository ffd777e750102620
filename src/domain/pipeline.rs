//! Pipeline runs, jobs, steps and the gates that hold them (docs/platforms/github.md sections 4 and 5).

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::environment::Status;
use super::extent::Extent;
pub use super::gate::{Gate, Lane, LaneRun};
use super::ids::Sha;
pub use super::run_state::RunState;
use crate::sanitize::Text;

/// A run that is queued makes its jobs within seconds; after this it is stuck.
const NO_JOB: SignedDuration = SignedDuration::from_hours(1);
/// GitHub gives up a job that no runner took after a day.
const NO_RUNNER: SignedDuration = SignedDuration::from_hours(24);

/// One workflow run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// How far it has come.
    pub state: RunState,
    /// State, drawn.
    pub status: Status,
    /// The platform's words: `waiting`, `in_progress`, `failure`.
    pub words: Text,
    /// What set it off: `push`, `workflow_dispatch`.
    pub event: Text,
    /// Its workflow's file: `.github/workflows/deploy.yml`.
    pub file: Text,
    /// When its first attempt was made.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub created_at: Option<Timestamp>,
    /// When this attempt began.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub started_at: Option<Timestamp>,
    /// Last change.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub updated_at: Option<Timestamp>,
    /// Page in the browser.
    pub url: Text,
    /// Its jobs, filled for active runs.
    pub jobs: Vec<Job>,
    /// How many of its jobs were read.
    pub jobs_read: Extent,
    /// Gates that hold it now.
    pub gates: Vec<Gate>,
    /// Concurrency groups that somebody waits for and this run is in.
    #[serde(rename = "concurrency_groups")]
    pub lanes: Vec<Lane>,
}

impl Run {
    /// What people call it, everywhere: `Deploy production #137`. Its id is for programs.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} #{}", self.workflow, self.number.0)
    }

    /// Whether it is of this workflow file, named as in the configuration: `deploy.yml`.
    #[must_use]
    pub fn of_file(&self, file: &str) -> bool {
        // Reusable workflows and some answers add the branch: `deploy.yml@main`.
        let own = self.file.as_str().split('@').next().unwrap_or_default();
        own.rsplit('/').next() == Some(file.rsplit('/').next().unwrap_or(file))
    }

    /// Whether the platform does not tell of which workflow it is, and so not where it deploys.
    #[must_use]
    pub fn placeless(&self) -> bool {
        self.file.as_str().split('@').next().unwrap_or_default().trim().is_empty()
    }

    /// Whether it may deploy where this workflow does: it is of its file, or it goes on and nothing tells of which file it is. Checks
    /// before a change ask this, so that a field that is missing never speaks for the change.
    #[must_use]
    pub fn may_be_of(&self, file: &str) -> bool {
        self.of_file(file) || (self.placeless() && !self.over())
    }

    /// Whether nothing of it runs or waits any more.
    #[must_use]
    pub fn over(&self) -> bool {
        self.state.over()
    }

    /// Says what its jobs tell of it, once they were read whole: a cancelled run without any never began, and one that is queued for
    /// long is stuck.
    pub fn settle(&mut self, now: Timestamp) {
        if !self.jobs_read.whole() {
            return;
        }
        if self.state == RunState::Cancelled && self.jobs.is_empty() {
            self.state = RunState::Superseded;
            self.words = Text::from("superseded before it began");
        }
        let limit = if self.jobs.is_empty() { NO_JOB } else { NO_RUNNER };
        // A second attempt begins anew; of a first one the older time holds.
        let begun = if self.number.1 > 1 { self.started_at } else { self.created_at.or(self.started_at) };
        let waited = begun.filter(|at| now.duration_since(*at) > limit);
        let idle = self.jobs.iter().all(|job| job.state == RunState::Queued);
        if let Some(since) = waited.filter(|_| self.state == RunState::Queued && idle) {
            let why = if self.jobs.is_empty() { "no job" } else { "no runner took a job" };
            self.words = Text::from(format!("{} since {}, {why}: stuck?", self.words, since.strftime("%F %H:%MZ")));
            self.status = Status::Warn;
        }
    }
}

/// One job of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Job {
    /// The platform's number of it.
    pub id: u64,
    /// Its name.
    pub name: Text,
    /// How far it has come.
    pub state: RunState,
    /// State, drawn.
    pub status: Status,
    /// The platform's words.
    pub words: Text,
    /// Start.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub started_at: Option<Timestamp>,
    /// End.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub completed_at: Option<Timestamp>,
    /// Its steps in order.
    pub steps: Vec<Step>,
}

/// One step of a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    /// Position, from 1.
    pub number: u32,
    /// Its name.
    pub name: Text,
    /// State, drawn.
    pub status: Status,
    /// Start.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub started_at: Option<Timestamp>,
    /// End.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub completed_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(state: RunState, jobs_read: Extent) -> Run {
        Run {
            id: 1,
            workflow: Text::from("Deploy"),
            title: Text::default(),
            number: (1, 1),
            sha: "a1b2c3d".into(),
            branch: Text::default(),
            actor: Text::default(),
            state,
            status: state.status(),
            words: Text::from("queued"),
            event: Text::default(),
            file: Text::default(),
            created_at: None,
            started_at: Some(Timestamp::UNIX_EPOCH),
            updated_at: None,
            url: Text::default(),
            jobs: Vec::new(),
            jobs_read,
            gates: Vec::new(),
            lanes: Vec::new(),
        }
    }

    #[test]
    fn a_cancelled_run_without_jobs_never_began() {
        let mut one = run(RunState::Cancelled, Extent::NOTHING);
        one.settle(Timestamp::UNIX_EPOCH);
        assert_eq!(one.state, RunState::Cancelled, "its jobs were not read");
        one.jobs_read = Extent::Whole;
        one.settle(Timestamp::UNIX_EPOCH);
        assert_eq!((one.state, one.words.as_str()), (RunState::Superseded, "superseded before it began"));
        assert!(one.over() && one.status != Status::Ok);
    }

    #[test]
    fn a_run_that_is_queued_for_a_week_without_a_job_is_stuck() {
        let week = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(168);
        let mut one = run(RunState::Queued, Extent::Whole);
        one.settle(week);
        assert_eq!((one.status, one.words.as_str()), (Status::Warn, "queued since 1970-01-01 00:00Z, no job: stuck?"));
        assert!(!one.over());
        let mut gate = run(RunState::Gated, Extent::Whole);
        gate.settle(week);
        assert_eq!(gate.words.as_str(), "queued", "a gate may wait for a month");
    }
}
