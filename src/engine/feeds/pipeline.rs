//! Recent runs, with the jobs and gates of those that are not over; and what their jobs do and wrote, as log lines. GitHub has no
//! live lines: a step that begins or ends is a line of ours, and a job's own log comes when the job has ended
//! (docs/platforms/github.md section 4.5).

mod lanes;
mod lines;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use futures_util::future::join_all;
use lines::Lines;

use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform};
use crate::domain::extent::Listed;
use crate::domain::fact::Fact;
use crate::domain::ours::Stamped;
use crate::domain::pipeline::{Job, Run, RunState};
use crate::engine::lanes::Outbox;
use crate::engine::poll::{Feed, Rhythm};
use crate::platform::github::Github;
use crate::platform::http::Http;
use crate::platform::{ErrorKind, PlatformError};

/// Runs listed.
const RUNS: u32 = 20;
/// Newest failed runs that show which job failed; those of a run that is over are read once.
const FAILED: usize = 3;
/// How often those that are not over are asked for beyond the newest: every push begins a run, and a gate may wait for days.
const LOOK: Duration = Duration::from_secs(60);
/// So many of them are asked for one by one between two looks.
const SINGLY: usize = 10;

/// Reads the repository's runs.
pub(in crate::engine) struct PipelineFeed {
    github: Github,
    lines: Option<Lines>,
    http: Http,
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
    pub(super) fn new(github: Github, http: Http, environments: Option<&[EnvInfo]>) -> Self {
        Self {
            github,
            lines: environments.map(Lines::new),
            http,
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
        let now = self.http.clock().mono();
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
    async fn read(&mut self, outbox: &Outbox) -> Result<Rhythm, PlatformError> {
        let mut runs = self.github.runs(RUNS).await?;
        let older = self.older(&runs).await?;
        runs.extend(older);
        let (mut moving, mut failed) = (false, 0);
        for (index, run) in runs.iter_mut().enumerate() {
            moving |= run.state.moving();
            // A word that nobody knows may be a run that waits.
            let open = run.state.moving() || run.state == RunState::Unknown;
            failed += usize::from(run.state == RunState::Failed);
            // The newest run shows its jobs even when it is over: it is what people look at, and so are those that failed lately. A
            // cancelled one may never have begun.
            let asked = run.state == RunState::Failed && failed <= FAILED;
            if open || asked || index == 0 || run.state == RunState::Cancelled {
                let jobs = self.jobs(run).await?;
                (run.jobs, run.jobs_read) = (jobs.items, jobs.extent);
            }
            if open {
                run.gates = self.github.pending_deployments(run.id).await?;
            }
            run.settle(self.http.now_at(Platform::Github));
        }
        let listed = |id: &u64| runs.iter().any(|run| run.id == *id);
        self.ended.retain(|id, _| listed(id));
        self.open = runs.iter().filter(|run| !run.over()).map(|run| run.id).collect();
        lanes::fill(&self.github, &mut runs).await;
        if let Some(lines) = &mut self.lines {
            lines.tell(&self.github, &runs, outbox).await;
        }
        let runs = runs.by_our_clock(self.http.ahead(Platform::Github));
        outbox.tell(Fact::Pipeline(runs)).await;
        Ok(if moving { Rhythm::Fast } else { Rhythm::Calm })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use secrecy::SecretString;
    use serde_json::json;
    use wiremock::matchers::path_regex;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::clock::SystemClock;
    use crate::config::Access;
    use crate::config::token::Token;
    use crate::engine::lanes;
    use crate::platform::http::Http;
    use crate::redact::Redactor;

    #[tokio::test]
    async fn a_run_that_failed_shows_its_failed_job_though_a_newer_one_ended_well() {
        let server = MockServer::start().await;
        let on = async |path: &str, body| {
            let answer = ResponseTemplate::new(200).set_body_json(body);
            Mock::given(path_regex(path)).respond_with(answer).mount(&server).await;
        };
        let run = |id: u64, conclusion: &str| {
            json!({"id": id, "run_number": id, "run_attempt": 1, "name": "CI", "head_sha": "9df49c2", "status": "completed",
                   "conclusion": conclusion, "path": ".github/workflows/ci.yml", "event": "push", "html_url": ""})
        };
        let runs = json!({"total_count": 2, "workflow_runs": [run(8, "success"), run(7, "failure")]});
        on("/actions/runs$", runs).await;
        let job = |id: u64, conclusion: &str| json!({"id": id, "name": format!("job {id}"), "status": "completed", "conclusion": conclusion, "steps": []});
        let last = |id: u64| if id == 256 { "failure" } else { "success" };
        for page in [1, 2, 3_u64] {
            let jobs: Vec<_> = ((page - 1) * 100 + 1..=256.min(page * 100)).map(|id| job(id, last(id))).collect();
            let answer = ResponseTemplate::new(200).set_body_json(json!({"total_count": 256, "jobs": jobs}));
            let asked = Mock::given(path_regex("/actions/runs/7/jobs$"));
            let page = (page > 1).then(|| page.to_string());
            let asked = match &page {
                Some(page) => asked.and(wiremock::matchers::query_param("page", page)),
                None => asked.and(wiremock::matchers::query_param_is_missing("page")),
            };
            asked.respond_with(answer).mount(&server).await;
        }
        on("/actions/runs/8/jobs$", json!({"total_count": 1, "jobs": [job(300, "success")]})).await;
        let token = Token::fixed(Some(SecretString::from("t0ken")), "test");
        let http = Http::new(SystemClock::shared(), Arc::new(Redactor::default()), None);
        let github = Github::new(http.clone(), Access { base: server.uri(), token }, "acme/shop");
        let (outbox, mut lanes) = lanes::open();
        let mut feed = PipelineFeed::new(github, http, None);
        for _ in 0..2 {
            feed.read(&outbox).await.unwrap();
            let Ok(Fact::Pipeline(runs)) = lanes.control.try_recv() else { panic!("it tells of its runs") };
            let failed = runs.iter().find(|run| run.id == 7).unwrap();
            assert!(failed.jobs.len() == 256 && failed.jobs_read.whole(), "{}", failed.jobs.len());
            assert_eq!(failed.jobs.iter().find(|job| job.state == RunState::Failed).unwrap().name.as_str(), "job 256");
        }
        let asked = server.received_requests().await.unwrap_or_default();
        let asked = asked.iter().filter(|one| one.url.path().ends_with("/runs/7/jobs")).count();
        assert_eq!(asked, 3, "what is over is read once");
    }
}
