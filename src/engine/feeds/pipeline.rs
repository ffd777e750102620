//! Recent runs, with the jobs and gates of those that are not over.

use crate::domain::environment::Status;
use crate::domain::fact::Fact;
use crate::engine::lanes::Outbox;
use crate::engine::poll::Pace;
use crate::platform::PlatformError;
use crate::platform::github::Github;

/// Runs listed.
const RUNS: u32 = 20;

/// Reads the repository's runs.
pub(in crate::engine) struct PipelineFeed {
    github: Github,
}

impl PipelineFeed {
    pub(super) fn new(github: Github) -> Self {
        Self { github }
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
        outbox.tell(Fact::Pipeline(runs)).await;
        Ok(if moving { Pace::Fast } else { Pace::Calm })
    }
}
