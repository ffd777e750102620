//! Recent runs, with the jobs and gates of those that are not over; and what their jobs do and wrote, as log lines. GitHub has no
//! live lines: a step that begins or ends is a line of ours, and a job's own log comes when the job has ended
//! (docs/platforms/github.md section 4.5).

mod lanes;
mod lines;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use lines::Lines;

use crate::clock::{SharedClock, Timestamp};
use crate::domain::environment::EnvInfo;
use crate::domain::extent::Listed;
use crate::domain::fact::Fact;
use crate::domain::pipeline::{Job, Run, RunState};
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Pace};
use crate::platform::github::Github;
use crate::platform::{ErrorKind, PlatformError};

/// Runs listed.
const RUNS: u32 = 20;
/// How often those that are not over are asked for beyond the newest: every push begins a run, and a gate may wait for days.
const LOOK: Duration = Duration::from_secs(60);
/// So many of them are asked for one by one between two looks.
const SINGLY: usize = 10;

/// Reads the repository's runs.
pub(in crate::engine) struct PipelineFeed {
    github: Github,
    lines: Option<Lines>,
    clock: SharedClock,
    ended: HashMap<u64, Ended>,
    /// Runs that were not over when they were read last.
    open: BTreeSet<u64>,
    /// When all runs that are not over were listed.
    looked: Option<Duration>,
}

/// The jobs of a run that is over, which do not change any more: for which attempt and change of it they were read.
struct Ended {
    of: (u32, Option<Timestamp>),
    jobs: Listed<Job>,
}

impl PipelineFeed {
    /// `environments`: with log lines, for a console that shows them.
    pub(super) fn new(github: Github, clock: SharedClock, environments: Option<&[EnvInfo]>) -> Self {
        Self {
            github,
            lines: environments.map(Lines::new),
            clock,
            ended: HashMap::new(),
            open: BTreeSet::new(),
            looked: None,
        }
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

    /// Runs older than these that are not over, or have just ended, newest first.
    async fn older(&mut self, newest: &[Run]) -> Result<Vec<Run>, PlatformError> {
        let now = self.clock.mono();
        let listed = |id: u64| newest.iter().any(|run| run.id == id);
        let beyond: Vec<u64> = self.open.iter().copied().filter(|id| !listed(*id)).collect();
        let due = self.looked.is_none_or(|at| now.saturating_sub(at) >= LOOK) || beyond.len() > SINGLY;
        let mut older = Vec::new();
        if due {
            older = self.github.unfinished().await?;
            older.retain(|run| !listed(run.id));
            self.looked = Some(now);
        }
        // The list may lag behind; what a run says itself does not.
        let rest = beyond.into_iter().filter(|id| older.iter().all(|run| run.id != *id)).take(SINGLY);
        for run in join_all(rest.map(|id| self.github.run(id))).await {
            match run {
                Ok(run) => older.push(run),
                // Somebody deleted it.
                Err(error) if error.kind == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        older.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(older)
    }
}

impl Feed for PipelineFeed {
    /// The next reading lists everything that is not over.
    fn wake(&mut self) {
        self.looked = None;
    }

    /// Whole or not at all: half a picture would take jobs and gates away that are there. What was told before stands, and grows old.
    async fn read(&mut self, outbox: &Outbox) -> Result<Pace, PlatformError> {
        let mut runs = self.github.runs(RUNS).await?;
        let older = self.older(&runs).await?;
        runs.extend(older);
        let mut moving = false;
        for (index, run) in runs.iter_mut().enumerate() {
            moving |= run.state.moving();
            // A word that nobody knows may be a run that waits.
            let open = run.state.moving() || run.state == RunState::Unknown;
            // The newest run shows its jobs even when it is over: it is what people look at. A cancelled one may never have begun.
            if open || index == 0 || run.state == RunState::Cancelled {
                let jobs = self.jobs(run).await?;
                (run.jobs, run.jobs_read) = (jobs.items, jobs.extent);
            }
            if open {
                run.gates = self.github.pending_deployments(run.id).await?;
            }
            run.settle(self.clock.now());
        }
        let listed = |id: &u64| runs.iter().any(|run| run.id == *id);
        self.ended.retain(|id, _| listed(id));
        self.open = runs.iter().filter(|run| !run.over()).map(|run| run.id).collect();
        lanes::fill(&self.github, &mut runs).await;
        if let Some(lines) = &mut self.lines {
            lines.tell(&self.github, &runs, outbox).await;
        }
        outbox.tell(Fact::Pipeline(runs)).await;
        Ok(if moving { Pace::Fast } else { Pace::Calm })
    }
}
