//! Continuous integration: a run per push to the default branch and per state of a pull request, with a job for the backend
//! and one for the frontend.

use jiff::{SignedDuration, Timestamp};

use super::commits::Commit;
use super::github::{GithubWorld, Job, Run, steps};
use super::{World, ids};

/// The workflow's file.
pub const FILE: &str = "ci.yml";
/// The jobs and their steps.
const JOBS: [(&str, &[(&str, i64)]); 2] = [
    (
        "backend",
        &[
            ("Set up job", 1_500),
            ("Checkout", 1_200),
            ("Set up Python", 3_000),
            ("Install dependencies", 9_000),
            ("Lint", 4_000),
            ("Test", 21_000),
            ("Complete job", 300),
        ],
    ),
    (
        "frontend",
        &[
            ("Set up job", 1_500),
            ("Checkout", 1_200),
            ("Set up Node", 2_500),
            ("Install dependencies", 14_000),
            ("Lint", 5_000),
            ("Type check", 8_000),
            ("Test", 12_000),
            ("Build", 16_000),
            ("Complete job", 300),
        ],
    ),
];
/// From a push to its run.
pub const AFTER_PUSH: SignedDuration = SignedDuration::from_secs(4);
/// How long before its merge a pull request was last pushed to.
const BEFORE_MERGE: SignedDuration = SignedDuration::from_mins(50);
/// And before that, when the tests of that state failed.
const BEFORE_FIX: SignedDuration = SignedDuration::from_mins(35);

/// A run that is to be.
#[derive(Debug, Clone)]
pub struct NewCheck {
    /// Index into the commits; of a pull request: the commit that it becomes.
    pub commit: usize,
    /// Number of the pull request; `None` = a push to the default branch.
    pub pull: Option<u64>,
    /// The job and the step that fail.
    pub fails: Option<(&'static str, &'static str)>,
    /// When.
    pub at: Timestamp,
}

/// The runs of the history: each commit's own, and before it those of its pull request, some of which failed first.
#[must_use]
pub fn history(commits: &[Commit]) -> Vec<NewCheck> {
    let mut all = Vec::new();
    for (commit, one) in commits.iter().enumerate() {
        if let Some(pull) = one.pull {
            let at = one.at - BEFORE_MERGE;
            if commit % 5 == 3 {
                let fails = Some(("backend", "Test"));
                all.push(NewCheck { commit, pull: Some(pull), fails, at: at - BEFORE_FIX });
            }
            all.push(NewCheck { commit, pull: Some(pull), fails: None, at });
        }
        all.push(NewCheck { commit, pull: None, fails: None, at: one.at + AFTER_PUSH });
    }
    all
}

/// The branch that a pull request comes from.
#[must_use]
pub fn branch(one: &Commit) -> String {
    let words = one.message.to_lowercase();
    let plain: String = words.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '-' }).collect();
    let plain = plain.split('-').filter(|word| !word.is_empty()).take(4).collect::<Vec<_>>().join("-");
    format!("{}/{plain}", one.login)
}

impl GithubWorld {
    /// Adds a run of the checks; runs have to be added in the order of their times.
    pub fn add_check(&mut self, seed: u64, commits: &[Commit], new: &NewCheck) -> u64 {
        let n = self.runs.len() as u64;
        let id = super::github::run_id(seed, n);
        let workflow = self.workflows.iter().find(|one| one.path.ends_with(FILE)).map_or(0, |one| one.id);
        let number = self.runs.iter().filter(|run| run.workflow == workflow).count() as u64 + 411;
        let commit = commits.get(new.commit);
        let jobs = JOBS.iter().zip(0..).map(|((name, list), k)| {
            let mut steps = steps(list);
            if let Some((_, step)) = new.fails.filter(|(job, _)| job == name) {
                steps.iter_mut().filter(|one| one.name == step).for_each(|one| one.fails = true);
            }
            let mut job = Job::new(id * 3 + k, (*name).to_owned(), steps);
            job.starts_at = Some(new.at);
            job
        });
        let event = if new.pull.is_some() { "pull_request" } else { "push" };
        let actor = commit.map(|one| one.login.clone()).unwrap_or_default();
        let mut run = Run::new(id, workflow, number, event.to_owned(), new.commit, actor, new.at);
        run.jobs = jobs.collect();
        if let Some((pull, commit)) = new.pull.zip(commit) {
            // What a pull request tests is not yet the commit that it becomes.
            run.head = Some((branch(commit), ids::hex(seed, "pull-head", n, 40)));
            run.pull = Some(pull);
        }
        self.runs.push(run);
        id
    }
}

impl World {
    /// A push to the default branch is checked.
    pub fn check_push(&mut self, commit: usize, fails: Option<(&'static str, &'static str)>) -> u64 {
        let new = NewCheck { commit, pull: None, fails, at: self.now };
        self.github.add_check(self.seed, &self.commits, &new)
    }

    /// A new state of a pull request is checked.
    pub fn check_pull(&mut self, commit: usize, fails: Option<(&'static str, &'static str)>) -> u64 {
        let pull = self.commits.get(commit).and_then(|one| one.pull).unwrap_or(180 + commit as u64);
        let new = NewCheck { commit, pull: Some(pull), fails, at: self.now };
        self.github.add_check(self.seed, &self.commits, &new)
    }
}
