//! Recent runs, with the jobs and gates of those that are not over; and what their jobs do and wrote, as log lines. GitHub has no
//! live lines: a step that begins or ends is a line of ours, and a job's own log comes when the job has ended
//! (docs/platforms/github.md section 4.5).

mod lanes;
mod lines;

use std::collections::HashMap;

use lines::Lines;

use crate::clock::{SharedClock, Timestamp};
use crate::domain::environment::EnvInfo;
use crate::domain::extent::Listed;
use crate::domain::fact::Fact;
use crate::domain::pipeline::{Job, Run, RunState};
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Pace};
use crate::platform::PlatformError;
use crate::platform::github::Github;

/// Runs listed.
const RUNS: u32 = 20;

/// Reads the repository's runs.
pub(in crate::engine) struct PipelineFeed {
    github: Github,
    lines: Option<Lines>,
    clock: SharedClock,
    ended: HashMap<u64, Ended>,
}

/// The jobs of a run that is over, which do not change any more: for which attempt and change of it they were read.
struct Ended {
    of: (u32, Option<Timestamp>),
    jobs: Listed<Job>,
}

impl PipelineFeed {
    /// `environments`: with log lines, for a console that shows them.
    pub(super) fn new(github: Github, clock: SharedClock, environments: Option<&[EnvInfo]>) -> Self {
        Self { github, lines: environments.map(Lines::new), clock, ended: HashMap::new() }
    }

    /// The jobs of a run: read while it lives, and once when it has ended.
    async fn jobs(&mut self, run: &Run) -> Result<Listed<Job>, PlatformError> {
        let of = (run.number.1, run.updated_at);
        if let Some(held) = self.ended.get(&run.id).filter(|held| held.of == of) {
            return Ok(held.jobs.clone());
        }
        let jobs = self.github.jobs(run.id).await?;
        if run.over() && jobs.items.iter().all(|job| job.state.over()) {
            self.ended.insert(run.id, Ended { of, jobs: jobs.clone() });
        }
        Ok(jobs)
    }
}

impl Feed for PipelineFeed {
    /// Whole or not at all: half a picture would take jobs and gates away that are there. What was told before stands, and grows old.
    async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let mut runs = self.github.runs(RUNS).await?;
        let mut moving = false;
        for (index, run) in runs.iter_mut().enumerate() {
            moving |= run.state.moving();
            // The newest run shows its jobs even when it is over: it is what people look at. A cancelled one may never have begun.
            if run.state.moving() || index == 0 || run.state == RunState::Cancelled {
                let jobs = self.jobs(run).await?;
                (run.jobs, run.jobs_read) = (jobs.items, jobs.extent);
            }
            if run.state.moving() {
                run.gates = self.github.pending_deployments(run.id).await?;
            }
            run.settle(self.clock.now());
        }
        let listed = |id: &u64| runs.iter().any(|run| run.id == *id);
        self.ended.retain(|id, _| listed(id));
        lanes::fill(&self.github, &mut runs).await;
        if let Some(lines) = &mut self.lines {
            lines.tell(&self.github, &runs, outbox).await;
        }
        outbox.tell(Fact::Pipeline(runs)).await;
        Ok(if moving { Pace::Fast } else { Pace::Calm })
    }
}
