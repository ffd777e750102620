//! The log of a job that has ended, and lines of ours for its steps (docs/platforms/github.md section 4.5).

use jiff::Timestamp;

use super::{GITHUB, Github};
use crate::domain::environment::Status;
use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogKind, LogLine};
use crate::domain::pipeline::{Job, Step};
use crate::platform::{PlatformError, logparse};
use crate::sanitize::Text;

/// Lines of a job that are taken, from its end: what failed stands there.
const TAKEN: usize = 2_000;

/// What there is of the log of a job that has ended.
#[derive(Debug, Clone, PartialEq)]
pub enum JobLog {
    /// Its last lines.
    Lines(Vec<LogLine>),
    /// It is there and has no line.
    Empty,
    /// 404: not written yet, never written, or deleted.
    Absent,
    /// 410: GitHub keeps logs for a time only.
    Expired,
}

impl JobLog {
    /// What is said of a log that has no lines.
    #[must_use]
    pub fn remark(&self) -> &'static str {
        match self {
            Self::Lines(_) => "was read",
            Self::Empty => "is empty: the job wrote nothing",
            Self::Absent => "is not there (404): it was not written, or it was deleted",
            Self::Expired => "has expired (410): GitHub does not keep it any longer",
        }
    }
}

impl Github {
    /// `GET R/actions/jobs/{id}/logs`: a redirect to a signed address that is good for a minute, fetched at once and without our
    /// token.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words; that there is none is no error.
    pub async fn job_log(&self, job: u64, name: &Text, service: &ServiceId) -> Result<JobLog, PlatformError> {
        let call = self.authorized(self.repository_call(&format!("actions/jobs/{job}/logs"))).follow();
        let answer = match call.answer().await {
            Ok(answer) => answer,
            Err(error) if error.status == Some(410) => return Ok(JobLog::Expired),
            Err(error) if error.status == Some(404) => return Ok(JobLog::Absent),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8_lossy(&answer.body);
        let text = text.trim_start_matches('\u{feff}');
        let skipped = text.lines().count().saturating_sub(TAKEN);
        let mut last = self.http.now_at(GITHUB);
        let line = |raw: &str| {
            let (at, rest) = raw.split_once(' ').unwrap_or(("", raw));
            let (at, rest) = match at.parse::<Timestamp>() {
                Ok(at) => (at, rest),
                Err(_) => (last, raw),
            };
            last = at;
            let (level, rest) = marked(rest);
            let origin = self.origin(service, name, at, level);
            (!rest.trim().is_empty()).then(|| logparse::line(origin, rest, self.http.redactor()))
        };
        let lines: Vec<LogLine> = text.lines().skip(skipped).filter_map(line).collect();
        Ok(if lines.is_empty() { JobLog::Empty } else { JobLog::Lines(lines) })
    }

    /// A line of ours about the log of a job: `log of build has expired (410): …`.
    #[must_use]
    pub fn log_remark(&self, service: &ServiceId, job: &Job, remark: &str) -> LogLine {
        let at = job.completed_at.unwrap_or_else(|| self.http.now_at(GITHUB));
        let origin = self.origin(service, &job.name, at, Some(Level::Warn));
        logparse::line(origin, &format!("log of {} {remark}", job.name), self.http.redactor())
    }

    /// A line for a step that has begun or ended; none for one that still waits.
    #[must_use]
    pub fn step_line(&self, service: &ServiceId, job: &Job, step: &Step) -> Option<LogLine> {
        let (word, level) = match step.status {
            Status::Running => ("begins", Level::Info),
            Status::Ok => ("ended well", Level::Info),
            Status::Fail => ("FAILED", Level::Error),
            Status::Warn => ("was cancelled", Level::Warn),
            _ => return None,
        };
        let at = step.completed_at.or(step.started_at).unwrap_or_else(|| self.http.now_at(GITHUB));
        let origin = self.origin(service, &job.name, at, Some(level));
        Some(logparse::line(origin, &format!("step {} {} {word}", step.number, step.name), self.http.redactor()))
    }

    fn origin(&self, service: &ServiceId, job: &Text, at: Timestamp, level: Option<Level>) -> logparse::Origin {
        logparse::Origin {
            service: service.clone(),
            platform: GITHUB,
            kind: LogKind::Build,
            at,
            instance: job.as_str().into(),
            region: "".into(),
            level,
        }
    }
}

/// What the runner says of a line by its mark; marks of groups are left out.
fn marked(text: &str) -> (Option<Level>, &str) {
    let marks =
        [("##[error]", Some(Level::Error)), ("##[warning]", Some(Level::Warn)), ("##[debug]", Some(Level::Debug))];
    for (mark, level) in marks {
        if let Some(rest) = text.strip_prefix(mark) {
            return (level, rest);
        }
    }
    let rest = ["##[group]", "##[command]", "##[section]"].iter().find_map(|mark| text.strip_prefix(mark));
    (None, if text.starts_with("##[endgroup]") { "" } else { rest.unwrap_or(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_the_runner_become_levels() {
        assert_eq!(
            marked("##[error]Process completed with exit code 1."),
            (Some(Level::Error), "Process completed with exit code 1.")
        );
        assert_eq!(marked("##[group]Run make"), (None, "Run make"));
        assert_eq!(marked("##[endgroup]"), (None, ""));
        assert_eq!(marked("plain"), (None, "plain"));
    }
}
