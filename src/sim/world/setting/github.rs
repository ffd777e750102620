//! Settings of GitHub (docs/platforms/github.md sections 4.1, 4.5 and 8).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{span, word};
use crate::sim::product::Product;
use crate::sim::world::World;
use crate::sim::world::github::{Feature, GithubWorld, Job, Logs, Run, steps};

const STATUSES: [&str; 6] = ["requested", "queued", "pending", "waiting", "in_progress", "completed"];
const CONCLUSIONS: [&str; 9] = [
    "success",
    "failure",
    "cancelled",
    "timed_out",
    "skipped",
    "neutral",
    "stale",
    "action_required",
    "startup_failure",
];
const WORKFLOWS: [&str; 5] = ["active", "deleted", "disabled_fork", "disabled_inactivity", "disabled_manually"];
/// The features whose alerts are listed.
pub const FEATURES: [&str; 3] = ["dependabot", "code-scanning", "secret-scanning"];
const FEATURE_STATES: [&str; 6] = ["on", "off", "never_ran", "forbidden", "blocked", "unavailable"];

/// `resource` is a run (`latest`, `latest:production`, `latest:ci.yml`, a number), a workflow (`workflow:ci.yml`), all lists of
/// runs (`runs`), or a security feature (`dependabot`, `code-scanning`, `secret-scanning`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Which run, workflow or feature.
    pub resource: String,
    /// Run or job: a status, or a conclusion (then it is completed); `true` = what it is by itself. Workflow, feature: its state.
    #[serde(default)]
    pub state: Option<String>,
    /// Run: one of its jobs, by name or position; `state`, `silent` and `fails` are the job's then.
    #[serde(default)]
    pub job: Option<String>,
    /// Run: how many jobs it has, the added ones as those of a matrix.
    #[serde(default)]
    pub jobs: Option<usize>,
    /// Job: nothing of it moves any more, or it goes on.
    #[serde(default)]
    pub silent: Option<bool>,
    /// Job: the step that fails, by name; empty = the last one.
    #[serde(default)]
    pub fails: Option<String>,
    /// Run: what became of its logs.
    #[serde(default)]
    pub logs: Option<Logs>,
    /// Run: it was made so many seconds ago.
    #[serde(default)]
    pub age: Option<f64>,
    /// Feature: so many open alerts.
    #[serde(default)]
    pub alerts: Option<usize>,
    /// Lists of runs: they show one only so many seconds after it was made.
    #[serde(default)]
    pub lag: Option<f64>,
}

type Words = Option<(&'static str, Option<&'static str>)>;

/// A status, or a conclusion of what is completed.
fn words(asked: &str) -> Result<Words, String> {
    if asked == "true" {
        return Ok(None);
    }
    if let Ok(conclusion) = word(&CONCLUSIONS, asked) {
        return Ok(Some(("completed", Some(conclusion))));
    }
    match word(&STATUSES, asked) {
        Ok("completed") => Err(format!("a completed run has a conclusion: {}", CONCLUSIONS.join(", "))),
        Ok(status) => Ok(Some((status, None))),
        Err(why) => Err(format!("{why}, {}", CONCLUSIONS.join(", "))),
    }
}

impl World {
    pub(super) fn set_github(&mut self, setting: &Setting) -> Result<(), String> {
        let (now, github) = (self.now, &mut self.github);
        let resource = setting.resource.as_str();
        if resource == "runs" {
            github.lag = span(setting.lag.ok_or("lists of runs need a lag")?)?;
            return Ok(());
        }
        if let Ok(name) = word(&FEATURES, resource) {
            let state = word(&FEATURE_STATES, setting.state.as_deref().unwrap_or("on"))?;
            github.features.insert(name, Feature { state, alerts: setting.alerts });
            return Ok(());
        }
        if let Some(file) = resource.strip_prefix("workflow:") {
            let state = word(&WORKFLOWS, setting.state.as_deref().ok_or("a workflow needs a state")?)?;
            let found = github.workflows.iter_mut().find(|one| one.path.ends_with(&format!("/{file}")));
            found.ok_or_else(|| format!("there is no workflow '{file}'"))?.state = state;
            return Ok(());
        }
        let at = position(&self.product, github, resource).ok_or_else(|| format!("there is no run '{resource}'"))?;
        let Some(run) = github.runs.get_mut(at) else { return Ok(()) };
        change(run, setting, now)
    }
}

/// The newest run that a name means.
fn position(product: &Product, github: &GithubWorld, name: &str) -> Option<usize> {
    let Some(rest) = name.strip_prefix("latest") else {
        return github.runs.iter().position(|run| run.id.to_string() == name);
    };
    let of = rest.strip_prefix(':');
    github.runs.iter().rposition(|run| {
        let workflow = github.workflows.iter().find(|one| one.id == run.workflow);
        let file = workflow.map(|one| one.path.as_str()).unwrap_or_default();
        of.is_none_or(|of| run.env.is_some_and(|env| product.name(env) == of) || file.ends_with(&format!("/{of}")))
    })
}

fn change(run: &mut Run, setting: &Setting, now: Timestamp) -> Result<(), String> {
    let state = setting.state.as_deref().map(words).transpose()?;
    if let Some(age) = setting.age {
        let made = now - span(age)?;
        let earlier = made.duration_since(run.started_at);
        for job in &mut run.jobs {
            job.starts_at = job.starts_at.map(|start| start + earlier);
        }
        (run.created_at, run.started_at, run.acquired_at) = (made, made, made);
    }
    if let Some(count) = setting.jobs {
        resize(run, count, now);
    }
    run.logs = setting.logs.unwrap_or(run.logs);
    let Some(name) = &setting.job else {
        if let Some(words) = state {
            run.forced = words;
        }
        return Ok(());
    };
    let at = run.jobs.iter().position(|job| job.name == *name).or_else(|| name.parse().ok());
    let job = at.and_then(|at| run.jobs.get_mut(at)).ok_or_else(|| format!("there is no job '{name}'"))?;
    if let Some(words) = state {
        job.forced = words;
    }
    if let Some(silent) = setting.silent {
        job.silence(silent, now);
    }
    if let Some(step) = &setting.fails {
        let step =
            if step.is_empty() { job.steps.last_mut() } else { job.steps.iter_mut().find(|one| one.name == *step) };
        step.ok_or("there is no such step")?.fails = true;
        if job.env.is_none() {
            // Deploy jobs need the ones before them.
            let needing = run.jobs.iter_mut().filter(|job| job.env.is_some());
            needing.for_each(|job| job.forced = Some(("completed", Some("skipped"))));
        }
    }
    Ok(())
}

/// Gives a run another number of jobs.
fn resize(run: &mut Run, count: usize, now: Timestamp) {
    run.jobs.truncate(count);
    let start = run.jobs.first().and_then(|job| job.starts_at).unwrap_or(now);
    for n in run.jobs.len()..count {
        let steps = steps(&[("Set up job", 300), ("Test", 900), ("Complete job", 100)]);
        let mut job = Job::new(run.id * 1_000 + n as u64, format!("test ({}, {count})", n + 1), steps);
        job.starts_at = Some(start + SignedDuration::from_millis(300));
        run.jobs.push(job);
    }
}
