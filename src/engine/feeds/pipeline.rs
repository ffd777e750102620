//! Recent runs, with the jobs and gates of those that are not over; and what their jobs do and wrote, as log lines. GitHub has no
//! live lines: a step that begins or ends is a line of ours, and a job's own log comes when the job has ended (github.md section
//! 4.5).

mod lanes;

use std::collections::{HashMap, HashSet};

use super::logs::hand_over;
use crate::domain::environment::{EnvInfo, Status, Tier};
use crate::domain::fact::Fact;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::operation::PIPELINE;
use crate::domain::pipeline::{Job, Run};
use crate::engine::lanes::Outbox;
use crate::engine::poll::Pace;
use crate::platform::PlatformError;
use crate::platform::github::Github;

/// Runs listed.
const RUNS: u32 = 20;

/// Reads the repository's runs.
pub(in crate::engine) struct PipelineFeed {
    github: Github,
    lines: Option<Lines>,
}

/// What was told of jobs as lines.
struct Lines {
    environments: Vec<(EnvId, Tier)>,
    steps: HashMap<(u64, u32), Status>,
    told: HashSet<u64>,
    begun: bool,
}

impl PipelineFeed {
    /// `environments`: with log lines, for a console that shows them.
    pub(super) fn new(github: Github, environments: Option<&[EnvInfo]>) -> Self {
        let lines = environments.map(|all| Lines {
            environments: all.iter().map(|env| (env.id.clone(), env.tier)).collect(),
            steps: HashMap::new(),
            told: HashSet::new(),
            begun: false,
        });
        Self { github, lines }
    }

    pub(super) async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let mut runs = self.github.runs(RUNS).await?;
        let mut moving = false;
        for (index, run) in runs.iter_mut().enumerate() {
            let active = matches!(run.status, Status::Running | Status::Paused);
            moving |= active;
            // The newest run shows its jobs even when it is over: it is what people look at.
            if active || index == 0 {
                run.jobs = self.github.jobs(run.id).await?;
            }
            if active {
                run.gates = self.github.pending_deployments(run.id).await?;
            }
        }
        lanes::fill(&self.github, &mut runs).await;
        if let Some(lines) = &mut self.lines {
            lines.tell(&self.github, &runs, outbox).await;
        }
        outbox.tell(Fact::Pipeline(runs)).await;
        Ok(if moving { Pace::Fast } else { Pace::Calm })
    }
}

impl Lines {
    async fn tell(&mut self, github: &Github, runs: &[Run], outbox: &Outbox) {
        // What was over before the console looked is history.
        let first = !std::mem::replace(&mut self.begun, true);
        for run in runs {
            let service = ServiceId::new(self.environment(run), PIPELINE);
            for job in &run.jobs {
                self.steps_of(github, &service, job, first, outbox);
                let ended = job.completed_at.is_some() && job.status != Status::Running;
                if !ended || !self.told.insert(job.id) || first {
                    continue;
                }
                // One that is not written yet, was cancelled before it began or has expired has no lines: that is no failure of
                // the list of runs.
                if let Ok(lines) = github.job_log(job.id, &job.name, &service).await {
                    hand_over(outbox, &service, lines);
                }
            }
        }
    }

    fn steps_of(&mut self, github: &Github, service: &ServiceId, job: &Job, first: bool, outbox: &Outbox) {
        for step in &job.steps {
            let before = self.steps.insert((job.id, step.number), step.status);
            if first || before == Some(step.status) {
                continue;
            }
            let line = github.step_line(service, job, step);
            hand_over(outbox, service, line.into_iter().collect());
        }
    }

    /// The environment that a run is named after, else production, which is where people look.
    fn environment(&self, run: &Run) -> EnvId {
        let name = format!("{} {}", run.workflow, run.title).to_lowercase();
        let named = self.environments.iter().find(|(env, _)| name.contains(&env.as_str().to_lowercase()));
        let production = || self.environments.iter().max_by_key(|(_, tier)| *tier);
        named.or_else(production).map_or_else(|| "production".into(), |(env, _)| env.clone())
    }
}
