//! Supabase: one project per environment with its migrations, secrets, service health and Postgres log.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::Env;
use super::budget::Budgets;
use super::traffic::LogLine;

/// Everything Supabase knows.
#[derive(Debug, Clone)]
pub struct SupabaseWorld {
    /// The token that is accepted, `sbp_…`.
    pub token: String,
    /// Organisation slug.
    pub org: String,
    /// One per environment.
    pub projects: Vec<SupabaseProject>,
    /// Rate limits.
    pub budgets: Budgets,
}

/// One project.
#[derive(Debug, Clone)]
pub struct SupabaseProject {
    /// Which environment it is.
    pub env: Env,
    /// 20 lower-case letters.
    pub reference: String,
    /// Its name.
    pub name: String,
    /// `us-east-1`.
    pub region: String,
    /// `ACTIVE_HEALTHY` and its kind.
    pub status: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Oldest first.
    pub migrations: Vec<Migration>,
    /// Secrets of the functions: names and digests.
    pub secrets: Vec<SupabaseSecret>,
    /// Services and what is wrong with them.
    pub services: Vec<(&'static str, Option<String>)>,
    /// Connections in use and the maximum.
    pub connections: (u32, u32),
    /// Recent Postgres lines, oldest first.
    pub logs: VecDeque<LogLine>,
    /// States to come: when, and which.
    pub walk: VecDeque<(Timestamp, &'static str)>,
    /// Preview branches; `None` = branching is off.
    pub branches: Option<Vec<Branch>>,
    /// Services that are not there yet.
    pub coming_up: Vec<String>,
    /// The database refuses changes.
    pub read_only: bool,
    /// Percent of the disk that are used.
    pub disk_percent: u64,
    /// Names of the security advisor's errors.
    pub lints: Vec<String>,
    /// The database takes no connection without TLS.
    pub tls_enforced: bool,
    /// Who may connect to the database.
    pub restrictions: Restrictions,
}

/// The addresses that may connect to a database.
#[derive(Debug, Clone)]
pub struct Restrictions {
    /// Ranges of the old protocol.
    pub v4: Vec<String>,
    /// Ranges of the new one.
    pub v6: Vec<String>,
    /// When they were last changed.
    pub applied_at: Option<Timestamp>,
}

impl Restrictions {
    /// Everybody.
    #[must_use]
    pub fn open() -> Self {
        Self { v4: vec!["0.0.0.0/0".to_owned()], v6: vec!["::/0".to_owned()], applied_at: None }
    }
}

/// A preview branch of a project.
#[derive(Debug, Clone)]
pub struct Branch {
    /// A UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The branch in git that it follows.
    pub git_branch: Option<String>,
    /// Reference of its own project.
    pub reference: String,
    /// It outlives its pull request.
    pub persistent: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it goes away.
    pub deletion_at: Option<Timestamp>,
    /// Its workflow runs, oldest first.
    pub runs: Vec<BranchRun>,
}

/// A workflow run of a branch: step after step.
#[derive(Debug, Clone)]
pub struct BranchRun {
    /// A UUID.
    pub id: String,
    /// When it began.
    pub created_at: Timestamp,
    /// The step that dies, if one does.
    pub dies_at: Option<&'static str>,
}

/// The steps of a run, in order.
pub const STEPS: [&str; 7] = ["clone", "pull", "health", "configure", "migrate", "seed", "deploy"];
/// How long each takes.
const STEP: SignedDuration = SignedDuration::from_secs(2);
/// How long a project is on its way from one state to the next.
const MOVING: SignedDuration = SignedDuration::from_secs(10);

impl BranchRun {
    /// `CREATED`, `RUNNING`, `EXITED` or `DEAD`, of each step in order, with the time of its last change.
    #[must_use]
    pub fn steps(&self, now: Timestamp) -> Vec<(&'static str, &'static str, Timestamp)> {
        let mut died = false;
        let mut steps = Vec::with_capacity(STEPS.len());
        for (n, name) in (0..).zip(STEPS) {
            let (from, to) = (self.created_at + STEP * n, self.created_at + STEP * (n + 1));
            let dies = self.dies_at == Some(name);
            let (status, at) = match () {
                () if died || now < from => ("CREATED", self.created_at),
                () if now < to => ("RUNNING", from),
                () if dies => ("DEAD", to),
                () => ("EXITED", to),
            };
            died |= status == "DEAD";
            steps.push((name, status, at));
        }
        steps
    }
}

impl Branch {
    /// The deprecated status of the whole.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> &'static str {
        let Some(run) = self.runs.last() else { return "CREATING_PROJECT" };
        let steps = run.steps(now);
        let is = |name: &str, state: &str| steps.iter().any(|(step, status, _)| *step == name && *status == state);
        match () {
            () if is("deploy", "EXITED") => "FUNCTIONS_DEPLOYED",
            () if is("deploy", "DEAD") => "FUNCTIONS_FAILED",
            () if steps.iter().any(|(_, status, _)| *status == "DEAD") => "MIGRATIONS_FAILED",
            () if is("migrate", "EXITED") => "MIGRATIONS_PASSED",
            () if is("clone", "EXITED") => "RUNNING_MIGRATIONS",
            () => "CREATING_PROJECT",
        }
    }
}

impl SupabaseProject {
    /// Goes to sleep, or wakes up: through the state between. False when it is not where it must be for that.
    pub fn pause(&mut self, on: bool, now: Timestamp) -> bool {
        let (from, between, to) =
            if on { ("ACTIVE_HEALTHY", "PAUSING", "INACTIVE") } else { ("INACTIVE", "RESTORING", "ACTIVE_HEALTHY") };
        if self.status != from {
            return false;
        }
        between.clone_into(&mut self.status);
        self.walk = VecDeque::from([(now + MOVING, to)]);
        true
    }

    /// Applies the states that are due.
    pub(super) fn settle(&mut self, now: Timestamp) {
        while let Some((_, state)) = self.walk.front().copied().filter(|(at, _)| *at <= now) {
            state.clone_into(&mut self.status);
            self.walk.pop_front();
        }
    }
}

/// An applied migration.
#[derive(Debug, Clone)]
pub struct Migration {
    /// `20261120093012`.
    pub version: String,
    /// Its name.
    pub name: String,
}

/// A secret: never its value.
#[derive(Debug, Clone)]
pub struct SupabaseSecret {
    /// Its name.
    pub name: String,
    /// SHA-256 of the value in hex, which is what the platform shows.
    pub digest: String,
    /// Last changed.
    pub updated_at: Timestamp,
}

impl SupabaseWorld {
    /// A project by its reference.
    #[must_use]
    pub fn project(&self, reference: &str) -> Option<&SupabaseProject> {
        self.projects.iter().find(|project| project.reference == reference)
    }

    /// A project by its reference.
    pub fn project_mut(&mut self, reference: &str) -> Option<&mut SupabaseProject> {
        self.projects.iter_mut().find(|project| project.reference == reference)
    }

    /// The project of an environment.
    #[must_use]
    pub fn env(&self, env: Env) -> Option<&SupabaseProject> {
        self.projects.iter().find(|project| project.env == env)
    }

    /// The project of an environment.
    pub fn env_mut(&mut self, env: Env) -> Option<&mut SupabaseProject> {
        self.projects.iter_mut().find(|project| project.env == env)
    }
}
