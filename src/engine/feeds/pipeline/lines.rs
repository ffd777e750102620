//! Writes log lines of jobs: one for each step that begins or ends, and the job's own log once it has ended.

use std::collections::HashMap;

use super::super::logs::hand_over;
use crate::domain::environment::{EnvInfo, Status, Tier};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::operation::PIPELINE;
use crate::domain::pipeline::{Job, Run, RunState};
use crate::engine::lanes::Outbox;
use crate::platform::github::{Github, JobLog};

/// How often a log is asked for: it is written some seconds after its job has ended, and some never are.
const TRIES: u32 = 4;

/// What was told of jobs as lines.
pub(super) struct Lines {
    environments: Vec<(EnvId, Tier)>,
    steps: HashMap<(u64, u32), Status>,
    /// How often the log of a job that has ended was asked for.
    asked: HashMap<u64, u32>,
    begun: bool,
}

impl Lines {
    pub(super) fn new(environments: &[EnvInfo]) -> Self {
        Self {
            environments: environments.iter().map(|env| (env.id.clone(), env.tier)).collect(),
            steps: HashMap::new(),
            asked: HashMap::new(),
            begun: false,
        }
    }

    pub(super) async fn tell(&mut self, github: &Github, runs: &[Run], outbox: &Outbox) {
        // What was over before the console looked is history.
        let first = !std::mem::replace(&mut self.begun, true);
        for run in runs {
            let service = ServiceId::new(self.environment(run), PIPELINE);
            for job in &run.jobs {
                self.steps_of(github, &service, job, first, outbox);
                if job.completed_at.is_none() || !job.state.over() {
                    continue;
                }
                let asked = self.asked.entry(job.id).or_insert(if first { TRIES } else { 0 });
                // A job that was left out writes nothing.
                if *asked >= TRIES || job.state == RunState::Skipped {
                    continue;
                }
                *asked += 1;
                let last = *asked == TRIES;
                let log = github.job_log(job.id, &job.name, &service).await;
                let lines = match log {
                    Ok(JobLog::Lines(lines)) => Some(lines),
                    // It may come yet.
                    Ok(JobLog::Absent) if !last && job.state != RunState::Cancelled => None,
                    Err(_) if !last => None,
                    Ok(other) => Some(vec![github.log_remark(&service, job, other.remark())]),
                    Err(error) => Some(vec![github.log_remark(&service, job, &format!("was not read: {error}"))]),
                };
                if let Some(lines) = lines {
                    *asked = TRIES;
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

    fn environment(&self, run: &Run) -> EnvId {
        named_after(&self.environments, &format!("{} {}", run.workflow, run.title))
    }
}

/// The environment that a run is named after: the longest name that stands there as words, so that `prod` is not taken for a run
/// of `prod-eu`. Else the only production, which is where people look; else none that could be known.
fn named_after(environments: &[(EnvId, Tier)], run: &str) -> EnvId {
    let run = run.to_lowercase();
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    let stands = |name: &str| {
        run.match_indices(name).any(|(at, _)| {
            let after = run[at + name.len()..].chars().next();
            // What a file is called by may stand before it, as in `deploy-production.yml`.
            !word(after) && !run[..at].chars().next_back().is_some_and(char::is_alphanumeric)
        })
    };
    let named = environments.iter().filter(|(env, _)| stands(&env.as_str().to_lowercase()));
    let mut productions = environments.iter().filter(|(_, tier)| *tier == Tier::Production);
    let only = productions.next().filter(|_| productions.next().is_none());
    let found = named.max_by_key(|(env, _)| env.as_str().len()).or(only);
    found.map_or_else(|| "unknown".into(), |(env, _)| env.clone())
}

#[cfg(test)]
mod naming {
    use super::*;

    #[test]
    fn a_run_belongs_to_the_environment_that_it_names_and_to_no_other() {
        let one = |name: &str, tier| (EnvId::from(name), tier);
        let two = [one("prod", Tier::Production), one("prod-eu", Tier::Production), one("staging", Tier::Staging)];
        let of = |run: &str| named_after(&two, run).to_string();
        assert_eq!(of("Deploy prod-eu fix"), "prod-eu");
        assert_eq!(of("deploy-prod.yml product page"), "prod");
        assert_eq!(of("Deploy staging"), "staging");
        assert_eq!(of("CI product page"), "unknown", "there are two productions");
        assert_eq!(named_after(&two[1..], "CI product page").to_string(), "prod-eu");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use secrecy::SecretString;
    use wiremock::matchers::path_regex;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::clock::SystemClock;
    use crate::config::Access;
    use crate::config::token::Token;
    use crate::domain::extent::Extent;
    use crate::domain::log::LogBatch;
    use crate::engine::lanes;
    use crate::platform::http::Http;
    use crate::redact::Redactor;
    use crate::sanitize::Text;

    fn run(state: RunState) -> Run {
        let at = "2026-11-28T08:00:00Z".parse().expect("a time");
        let job = Job {
            id: 7,
            name: Text::from("build"),
            state,
            status: state.status(),
            words: Text::default(),
            started_at: Some(at),
            completed_at: Some(at).filter(|_| state.over()),
            steps: Vec::new(),
        };
        Run {
            id: 1,
            workflow: Text::from("Deploy"),
            title: Text::default(),
            number: (1, 1),
            sha: "a1b2c3d".into(),
            branch: Text::default(),
            actor: Text::default(),
            state: RunState::Running,
            status: Status::Running,
            words: Text::default(),
            event: Text::default(),
            file: Text::default(),
            created_at: Some(at),
            started_at: Some(at),
            updated_at: None,
            url: Text::default(),
            jobs: vec![job],
            jobs_read: Extent::Whole,
            gates: Vec::new(),
            lanes: Vec::new(),
        }
    }

    /// What is told of a job's log when the platform answers so at each of ten looks, and how often it was asked.
    async fn told(answer: ResponseTemplate) -> (Vec<String>, usize) {
        let server = MockServer::start().await;
        Mock::given(path_regex("/actions/jobs/7/logs$")).respond_with(answer).mount(&server).await;
        let token = Token::fixed(Some(SecretString::from("t0ken")), "test");
        let http = Http::new(SystemClock::shared(), Arc::new(Redactor::default()), None);
        let github = Github::new(http, Access { base: server.uri(), token }, "acme/shop");
        let (outbox, mut lanes) = lanes::open();
        let mut lines = Lines::new(&[]);
        lines.tell(&github, &[run(RunState::Running)], &outbox).await;
        for _ in 0..10 {
            lines.tell(&github, &[run(RunState::Failed)], &outbox).await;
        }
        let mut said = Vec::new();
        while let Ok(LogBatch { lines, .. }) = lanes.data.try_recv() {
            said.extend(lines.into_iter().map(|line| line.message.to_string()));
        }
        (said, server.received_requests().await.unwrap_or_default().len())
    }

    #[tokio::test]
    async fn a_log_that_is_not_there_is_one_line_among_the_others_and_no_storm() {
        let (said, asked) = told(ResponseTemplate::new(410)).await;
        assert_eq!((said.len(), asked), (1, 1), "{said:?}");
        assert!(said[0].starts_with("log of build has expired (410)"), "{said:?}");
        let (said, asked) = told(ResponseTemplate::new(404)).await;
        assert_eq!((said.len(), asked), (1, TRIES as usize), "it may be written late: {said:?}");
        assert!(said[0].starts_with("log of build is not there (404)"), "{said:?}");
        let (said, asked) = told(ResponseTemplate::new(200)).await;
        assert_eq!((said.len(), asked), (1, 1), "{said:?}");
        assert!(said[0].contains("the job wrote nothing"), "{said:?}");
    }
}
