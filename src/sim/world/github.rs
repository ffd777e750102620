//! GitHub: workflow runs with jobs and steps whose states are functions of the time, environments with their gates,
//! deployments, secrets and variables.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::budget::Budgets;
use super::deploy::Deploy;
pub use super::jobs::{Job, Step, steps};
use super::jobs::{Progress, done};
use super::lane::{Group, Parked};
use super::{Env, ids};

/// Everything GitHub knows.
#[derive(Debug, Clone)]
pub struct GithubWorld {
    /// The token that is accepted.
    pub token: String,
    /// When other tokens were refused lately.
    pub refused: Vec<Timestamp>,
    /// Login of the token's owner.
    pub login: String,
    /// `acme`.
    pub owner: String,
    /// `maria-ai-agent`.
    pub repo: String,
    /// Default branch.
    pub branch: String,
    /// Workflow files.
    pub workflows: Vec<Workflow>,
    /// Oldest first.
    pub runs: Vec<Run>,
    /// Environments with protection rules.
    pub environments: Vec<GithubEnvironment>,
    /// Deployments, oldest first.
    pub deployments: Vec<GithubDeployment>,
    /// Secrets: names only.
    pub secrets: Vec<GithubSecret>,
    /// Variables with values.
    pub variables: Vec<GithubVariable>,
    /// Rate limits.
    pub budgets: Budgets,
    /// The security features whose state was set from outside.
    pub features: BTreeMap<&'static str, Feature>,
    /// Lists of runs show one only so long after it was made.
    pub lag: SignedDuration,
}

/// What a security feature answers (docs/platforms/github.md section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Feature {
    /// `on`, `off`, `never_ran`, `forbidden`, `blocked` or `unavailable`.
    pub state: &'static str,
    /// Open alerts, where that is not the usual.
    pub alerts: Option<usize>,
}

/// A workflow file.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// Numeric id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// `.github/workflows/deploy.yml`.
    pub path: String,
    /// Inputs of its `workflow_dispatch` trigger; `None` = it has no such trigger.
    pub inputs: Option<Vec<&'static str>>,
    /// The concurrency group that its runs share.
    pub group: Option<Group>,
    /// `active`, `disabled_manually` and its kind.
    pub state: &'static str,
    /// What it deploys, if it deploys.
    pub deploys: Option<Deploys>,
}

/// What a workflow deploys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deploys {
    /// Where to.
    pub env: Env,
    /// It has a job for the backend.
    pub backend: bool,
    /// It has a job for the frontend.
    pub frontend: bool,
}

/// A workflow run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Numeric id.
    pub id: u64,
    /// Which workflow.
    pub workflow: u64,
    /// Number within the workflow.
    pub number: u64,
    /// Attempt, from 1.
    pub attempt: u64,
    /// `push` or `workflow_dispatch`.
    pub event: String,
    /// Index into the commits.
    pub commit: usize,
    /// Environment it deploys to, if it deploys.
    pub env: Option<Env>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When this attempt began.
    pub started_at: Timestamp,
    /// Who.
    pub actor: String,
    /// Jobs of earlier attempts, oldest first.
    pub earlier: Vec<Attempt>,
    /// Jobs in order.
    pub jobs: Vec<Job>,
    /// Cancelled, when.
    pub canceled_at: Option<Timestamp>,
    /// It waits for its concurrency group.
    pub parked: Option<Parked>,
    /// Since when it has its concurrency group.
    pub acquired_at: Timestamp,
    /// What its deploy jobs bring; `None` = it ran before the simulator began.
    pub brings: Option<Deploy>,
    /// The gate that its deploy jobs have to pass.
    pub gate: Option<Gate>,
    /// `status` and `conclusion` that were set from outside.
    pub forced: Option<(&'static str, Option<&'static str>)>,
    /// What became of the logs of its jobs.
    pub logs: Logs,
    /// Branch and commit that it is of, where that is not the default branch.
    pub head: Option<(String, String)>,
    /// The pull request that it is of.
    pub pull: Option<u64>,
    /// Answers of people to its gate, oldest first.
    pub reviews: Vec<Review>,
}

/// What a person said at a gate.
#[derive(Debug, Clone)]
pub struct Review {
    /// Of which environment.
    pub env: Env,
    /// `approved` or `rejected`.
    pub state: &'static str,
    /// Login.
    pub user: String,
    /// Their words.
    pub comment: String,
}

/// What became of the logs of a run's jobs (docs/platforms/github.md section 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Logs {
    /// They are there once a job has ended.
    #[default]
    Kept,
    /// 410.
    Expired,
    /// Not a byte.
    Empty,
    /// Deleted by somebody, or never written.
    Missing,
}

/// A gate that the deploy jobs of a run have to pass, once what they need is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// When the jobs are there and the timer starts.
    pub opens_at: Timestamp,
    /// How long the timer holds them.
    pub timer: SignedDuration,
    /// A person has to approve.
    pub review: bool,
    /// Somebody did, when.
    pub approved_at: Option<Timestamp>,
}

impl Gate {
    /// When its timer ends.
    #[must_use]
    pub fn timer_ends(&self) -> Timestamp {
        self.opens_at + self.timer
    }

    /// Whether it holds jobs now.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.opens_at <= now && ((self.review && self.approved_at.is_none()) || now < self.timer_ends())
    }
}

/// An attempt that is over.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Its jobs.
    pub jobs: Vec<Job>,
    /// When it began.
    pub started_at: Timestamp,
    /// Cancelled, when.
    pub canceled_at: Option<Timestamp>,
}

impl Run {
    /// A run without jobs.
    #[must_use]
    pub fn new(
        id: u64,
        workflow: u64,
        number: u64,
        event: String,
        commit: usize,
        actor: String,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            workflow,
            number,
            attempt: 1,
            event,
            commit,
            env: None,
            created_at: now,
            started_at: now,
            actor,
            earlier: Vec::new(),
            jobs: Vec::new(),
            canceled_at: None,
            parked: None,
            acquired_at: now,
            brings: None,
            gate: None,
            forced: None,
            logs: Logs::Kept,
            head: None,
            pull: None,
            reviews: Vec::new(),
        }
    }

    /// The run as it stood in an attempt, from 1.
    #[must_use]
    pub fn at_attempt(&self, number: u64) -> Option<Self> {
        if number == self.attempt {
            return Some(self.clone());
        }
        let index = usize::try_from(number.checked_sub(1)?).ok()?;
        let attempt = self.earlier.get(index)?;
        Some(Self {
            attempt: number,
            jobs: attempt.jobs.clone(),
            started_at: attempt.started_at,
            canceled_at: attempt.canceled_at,
            ..self.clone()
        })
    }

    /// Begins another attempt: every job, or those that did not end well; those behind a gate wait there again. The names of
    /// the jobs that are part of it.
    pub fn again(&mut self, failed_only: bool, gate: Option<Gate>, now: Timestamp) -> Vec<String> {
        let ended = |job: &Job| job.progress(self.canceled_at, now).conclusion;
        let chosen: Vec<bool> = self.jobs.iter().map(|job| !failed_only || ended(job) != Some("success")).collect();
        let before = Attempt { jobs: self.jobs.clone(), started_at: self.started_at, canceled_at: self.canceled_at };
        self.earlier.push(before);
        (self.attempt, self.started_at, self.canceled_at) = (self.attempt + 1, now, None);
        let build = chosen.first() == Some(&true);
        let mut begun = Vec::new();
        for (job, _) in self.jobs.iter_mut().zip(chosen).filter(|(_, chosen)| *chosen) {
            job.id += 1_000_000_000_000;
            job.rejected_at = None;
            let ready = if job.env.is_some() && build { now + BUILDS } else { now };
            job.gated = job.env.is_some() && gate.is_some();
            job.starts_at = match &gate {
                Some(gate) if job.gated => (!gate.review).then(|| ready + gate.timer),
                _ => Some(ready),
            };
            begun.push(job.name.clone());
        }
        self.gate = gate.map(|gate| Gate { opens_at: if build { now + BUILDS } else { now }, ..gate });
        begun
    }

    /// Where the whole run stands.
    #[must_use]
    pub fn progress(&self, now: Timestamp) -> Progress {
        if let Some(words) = self.forced {
            return Progress::forced(words, Some(self.started_at), now);
        }
        if let Some(parked) = &self.parked {
            return match self.canceled_at.filter(|at| *at <= now) {
                Some(at) => done("cancelled", None, at),
                None => {
                    Progress { status: "pending", conclusion: None, started_at: Some(parked.since), completed_at: None }
                }
            };
        }
        // A run is there before it is queued, and queued before a runner has it.
        let age = now.duration_since(self.started_at.max(self.acquired_at));
        if age < RUNNER && !self.canceled(now) {
            let status = if age < RUNNER / 2 { "requested" } else { "queued" };
            return Progress { status, conclusion: None, started_at: None, completed_at: None };
        }
        let jobs: Vec<Progress> = self.jobs.iter().map(|job| job.progress(self.canceled_at, now)).collect();
        let started_at = jobs.iter().filter_map(|job| job.started_at).min();
        if jobs.iter().all(|job| job.status == "completed") {
            let worst =
                ["failure", "cancelled"].into_iter().find(|bad| jobs.iter().any(|job| job.conclusion == Some(bad)));
            let end = jobs.iter().filter_map(|job| job.completed_at).max().unwrap_or(now);
            return done(worst.unwrap_or("success"), started_at, end);
        }
        let status = ["in_progress", "waiting"].into_iter().find(|one| jobs.iter().any(|job| job.status == *one));
        let begun = jobs.iter().any(|job| job.status == "completed");
        let status = status.unwrap_or(if begun { "in_progress" } else { "queued" });
        Progress { status, conclusion: None, started_at, completed_at: None }
    }

    /// The gate that holds its jobs now.
    #[must_use]
    pub fn held(&self, now: Timestamp) -> Option<&Gate> {
        self.gate.as_ref().filter(|gate| self.parked.is_none() && !self.canceled(now) && gate.holds(now))
    }

    /// When something last changed.
    #[must_use]
    pub fn updated_at(&self, now: Timestamp) -> Timestamp {
        let mut moments: Vec<Timestamp> = vec![self.started_at];
        moments.extend(self.progress(now).completed_at);
        for job in &self.jobs {
            let progress = job.progress(self.canceled_at, now);
            moments.extend([progress.started_at, progress.completed_at].into_iter().flatten());
        }
        moments.into_iter().filter(|at| *at <= now).max().unwrap_or(self.started_at)
    }
}

/// An environment on GitHub.
#[derive(Debug, Clone)]
pub struct GithubEnvironment {
    /// Numeric id.
    pub id: u64,
    /// Which one.
    pub env: Env,
    /// Its name.
    pub name: String,
    /// Reviewers whose approval a job needs.
    pub reviewers: Vec<String>,
    /// The one who asked may not approve.
    pub prevent_self_review: bool,
    /// Wait timer in minutes.
    pub wait_minutes: u64,
    /// The only branches that may be deployed; empty = any.
    pub branches: Vec<String>,
}

/// A deployment on GitHub.
#[derive(Debug, Clone)]
pub struct GithubDeployment {
    /// Numeric id.
    pub id: u64,
    /// Which environment.
    pub env: Env,
    /// Index into the commits.
    pub commit: usize,
    /// The run that made it.
    pub run: u64,
    /// When.
    pub created_at: Timestamp,
    /// Who.
    pub creator: String,
}

/// A secret: never its value.
#[derive(Debug, Clone)]
pub struct GithubSecret {
    /// Its name.
    pub name: String,
    /// `None` = of the repository.
    pub env: Option<Env>,
    /// Digest for the ground truth only.
    pub digest: String,
    /// First set.
    pub created_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
}

/// A variable with its value.
#[derive(Debug, Clone)]
pub struct GithubVariable {
    /// Its name.
    pub name: String,
    /// `None` = of the repository.
    pub env: Option<Env>,
    /// Its value.
    pub value: String,
    /// Last changed.
    pub updated_at: Timestamp,
}

/// What a deploy run is made of.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Environment.
    pub env: Env,
    /// Index into the commits.
    pub commit: usize,
    /// `push` or `workflow_dispatch`.
    pub event: String,
    /// Who.
    pub actor: String,
    /// What holds the deploy jobs; its opening is set by the run.
    pub gate: Option<Gate>,
}

/// Until a runner has the first job of a run.
const RUNNER: SignedDuration = SignedDuration::from_millis(300);

/// How long the jobs take that deploy jobs need.
const BUILDS: SignedDuration = SignedDuration::from_millis(2_000);

/// The id of run number `n`.
pub(super) fn run_id(seed: u64, n: u64) -> u64 {
    19_400_000_000 + n * 7_919 + ids::number(seed, "run", n) % 7_000
}

impl GithubWorld {
    /// The deploy workflow's run for an environment: build, then backend and frontend side by side.
    pub fn add_run(&mut self, seed: u64, new: NewRun, now: Timestamp) -> u64 {
        let n = self.runs.len() as u64;
        let id = run_id(seed, n);
        let workflow = self.workflows.iter().find(|one| one.deploys.is_some_and(|deploys| deploys.env == new.env));
        let deploys = workflow.and_then(|one| one.deploys);
        let workflow = workflow.map_or(0, |one| one.id);
        let number = self.runs.iter().filter(|run| run.workflow == workflow).count() as u64 + 131;
        let build = steps(&[("Set up job", 400), ("Checkout", 400), ("Test", 700), ("Build image", 500)]);
        let backend = steps(&[("Set up job", 300), ("flyctl deploy", 7_500), ("Complete job", 200)]);
        let frontend = steps(&[("Set up job", 300), ("vercel deploy", 6_500), ("Complete job", 200)]);
        let gate = new.gate.map(|gate| Gate { opens_at: now + BUILDS, ..gate });
        let second = match &gate {
            Some(gate) => (!gate.review).then(|| gate.timer_ends()),
            None => Some(now + BUILDS),
        };
        let job = |k: u64, name: &str, starts_at, env: Option<Env>, steps| {
            let mut job = Job::new(id * 3 + k, name.to_owned(), steps);
            (job.starts_at, job.env, job.gated) = (starts_at, env, env.is_some() && gate.is_some());
            job
        };
        let mut run = Run::new(id, workflow, number, new.event, new.commit, new.actor.clone(), now);
        run.env = Some(new.env);
        run.jobs = vec![job(0, "build", Some(now), None, build)];
        if deploys.is_some_and(|one| one.backend) {
            run.jobs.push(job(1, "deploy-backend", second, Some(new.env), backend));
        }
        if deploys.is_some_and(|one| one.frontend) {
            run.jobs.push(job(2, "deploy-frontend", second, Some(new.env), frontend));
        }
        run.gate = gate;
        self.runs.push(run);
        self.deployments.push(GithubDeployment {
            id: 2_600_000_000 + n * 131,
            env: new.env,
            commit: new.commit,
            run: id,
            created_at: now,
            creator: new.actor,
        });
        id
    }

    /// A run by id.
    #[must_use]
    pub fn run(&self, id: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// A run by id.
    pub fn run_mut(&mut self, id: u64) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.id == id)
    }
}
