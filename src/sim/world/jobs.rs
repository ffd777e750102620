//! Jobs and steps of a workflow run: their states are functions of the time (docs/platforms/github.md section 4.1).

use jiff::{SignedDuration, Timestamp};

use super::Env;

/// One job of a run.
#[derive(Debug, Clone)]
pub struct Job {
    /// Numeric id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// When it starts; `None` = held by a gate.
    pub starts_at: Option<Timestamp>,
    /// The environment it names.
    pub env: Option<Env>,
    /// A gate holds it, or held it.
    pub gated: bool,
    /// Steps in order.
    pub steps: Vec<Step>,
    /// Skipped because a gate was rejected.
    pub rejected_at: Option<Timestamp>,
    /// Nothing of it moves since.
    pub silent_since: Option<Timestamp>,
    /// `status` and `conclusion` that were set from outside.
    pub forced: Option<(&'static str, Option<&'static str>)>,
}

/// One step of a job.
#[derive(Debug, Clone)]
pub struct Step {
    /// From 1.
    pub number: u64,
    /// Its name.
    pub name: String,
    /// From the start of the job.
    pub offset: SignedDuration,
    /// How long it takes.
    pub takes: SignedDuration,
    /// It fails.
    pub fails: bool,
}

/// Where something stands: GitHub's `status` and `conclusion`, with the times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// `requested`, `queued`, `pending`, `waiting`, `in_progress`, `completed`.
    pub status: &'static str,
    /// `success`, `failure`, `cancelled`, `skipped`, or none.
    pub conclusion: Option<&'static str>,
    /// Since when it runs.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

impl Progress {
    /// What was set from outside, with times that fit.
    pub(super) fn forced(
        (status, conclusion): (&'static str, Option<&'static str>),
        started: Option<Timestamp>,
        now: Timestamp,
    ) -> Self {
        let begun = matches!(status, "in_progress" | "completed");
        let started_at = started.filter(|at| begun && *at <= now);
        Self { status, conclusion, started_at, completed_at: (status == "completed").then_some(now) }
    }
}

impl Job {
    /// A job that nothing holds; its start is set by the run.
    #[must_use]
    pub fn new(id: u64, name: String, steps: Vec<Step>) -> Self {
        Self {
            id,
            name,
            starts_at: None,
            env: None,
            gated: false,
            steps,
            rejected_at: None,
            silent_since: None,
            forced: None,
        }
    }

    /// When its last step ends, if it starts at all.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        let start = self.starts_at?;
        let length = self.steps.iter().find(|step| step.fails).or(self.steps.last());
        Some(start + length.map_or(SignedDuration::ZERO, |step| step.offset + step.takes))
    }

    /// The moment up to which anything is told of it.
    fn told(&self, now: Timestamp) -> Timestamp {
        self.silent_since.map_or(now, |since| since.min(now))
    }

    /// Goes silent, or goes on where it stood.
    pub fn silence(&mut self, on: bool, now: Timestamp) {
        match (on, self.silent_since) {
            (true, None) => self.silent_since = Some(now),
            (false, Some(since)) => {
                self.silent_since = None;
                self.starts_at = self.starts_at.map(|start| start + now.duration_since(since));
            }
            _ => {}
        }
    }

    /// It has a step that fails.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.steps.iter().any(|step| step.fails)
    }

    /// Where it stands.
    #[must_use]
    pub fn progress(&self, canceled: Option<Timestamp>, now: Timestamp) -> Progress {
        if let Some(words) = self.forced {
            return Progress::forced(words, self.starts_at, now);
        }
        let now = self.told(now);
        if let Some(at) = self.rejected_at {
            return done("failure", self.starts_at, at);
        }
        if let Some(at) = canceled.filter(|at| *at <= now && self.ends_at().is_none_or(|end| end > *at)) {
            return done("cancelled", self.starts_at.filter(|start| *start <= at), at);
        }
        match (self.starts_at, self.ends_at()) {
            (Some(start), Some(end)) if now >= start || !self.gated => timed(start, end, self.fails(), now),
            _ => Progress { status: "waiting", conclusion: None, started_at: None, completed_at: None },
        }
    }

    /// Where one of its steps stands.
    #[must_use]
    pub fn step_progress(&self, step: &Step, canceled: Option<Timestamp>, now: Timestamp) -> Progress {
        let Some(start) = self.starts_at else {
            return Progress { status: "queued", conclusion: None, started_at: None, completed_at: None };
        };
        let now = self.told(now);
        let (from, to) = (start + step.offset, start + step.offset + step.takes);
        if let Some(at) = canceled.filter(|at| *at <= now && to > *at) {
            return done("cancelled", Some(from).filter(|from| *from <= at), at);
        }
        let stop = self.steps.iter().find(|other| other.fails && other.number < step.number);
        if stop.is_some() && self.ends_at().is_some_and(|end| end <= now) {
            return done("skipped", Some(now), now);
        }
        timed(from, to, step.fails, now)
    }
}

pub(super) fn done(conclusion: &'static str, started_at: Option<Timestamp>, at: Timestamp) -> Progress {
    Progress { status: "completed", conclusion: Some(conclusion), started_at, completed_at: Some(at) }
}

fn timed(from: Timestamp, to: Timestamp, fails: bool, now: Timestamp) -> Progress {
    if now < from {
        Progress { status: "queued", conclusion: None, started_at: None, completed_at: None }
    } else if now < to {
        Progress { status: "in_progress", conclusion: None, started_at: Some(from), completed_at: None }
    } else {
        done(if fails { "failure" } else { "success" }, Some(from), to)
    }
}

/// Steps one after the other: (name, milliseconds).
#[must_use]
pub fn steps(list: &[(&str, i64)]) -> Vec<Step> {
    let mut offset = SignedDuration::ZERO;
    let mut all = Vec::with_capacity(list.len());
    for (n, (name, ms)) in list.iter().enumerate() {
        let takes = SignedDuration::from_millis(*ms);
        all.push(Step { number: n as u64 + 1, name: (*name).to_owned(), offset, takes, fails: false });
        offset += takes;
    }
    all
}
