//! Runs that are not over, however many newer ones there are: a gate may wait for days while every push begins a run.

use std::collections::BTreeMap;

use futures_util::future::{try_join, try_join_all};

use super::{GITHUB, Github, wire, words};
use crate::domain::pipeline::Run;
use crate::platform::PlatformError;
use crate::platform::http::garbage;

/// Pages of a hundred: GitHub lists a thousand runs of a filter at most.
const PAGES: u32 = 10;

impl Github {
    /// `GET R/actions/runs?status=`, for each status of a run that is not over, newest first. Filtered lists lag behind
    /// (docs/platforms/github.md section 3): they tell of runs that have waited for a while.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words; [`crate::platform::ErrorKind::Garbage`] when there are more than can be listed: a
    /// part would hide a gate.
    pub async fn unfinished(&self) -> Result<Vec<Run>, PlatformError> {
        let open = |page: wire::Runs| (page.workflow_runs, page.total_count);
        let list = |status: &'static str| async move {
            let call = || self.get("actions/runs").query("status", status).query("exclude_pull_requests", "true");
            let listed = self.numbered(call, (100, PAGES), open).await?;
            if listed.extent.whole() {
                return Ok(listed.items);
            }
            let missing = listed.extent.missing("runs").unwrap_or_default();
            Err(garbage(GITHUB, &format!("GET actions/runs?status={status}: {missing}")))
        };
        let found = try_join_all(words::unfinished().map(list)).await?;
        // A run that moves on meanwhile stands in two lists.
        let runs: BTreeMap<u64, Run> = found.into_iter().flatten().map(Run::from).map(|run| (run.id, run)).collect();
        Ok(runs.into_values().rev().filter(|run| !run.over()).collect())
    }

    /// The newest `limit` runs, and every older one that is not over.
    ///
    /// # Errors
    /// As [`Github::runs`] and [`Github::unfinished`].
    pub async fn current(&self, limit: u32) -> Result<Vec<Run>, PlatformError> {
        let (mut runs, open) = try_join(self.runs(limit), self.unfinished()).await?;
        let older: Vec<Run> = open.into_iter().filter(|one| runs.iter().all(|run| run.id != one.id)).collect();
        runs.extend(older);
        Ok(runs)
    }
}
