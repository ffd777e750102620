//! Probes, their samples, and the hysteresis that turns samples into a state.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::environment::Status;
use super::ids::{EnvId, Sha};
use super::state::State;
use crate::sanitize::Text;

/// A probe's identity: its environment and its name in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ProbeId {
    /// Where it looks.
    pub env: EnvId,
    /// `backend /health`, `frontend → api`.
    pub name: Arc<str>,
}

/// One answer to one probe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// When the answer (or its absence) was known.
    pub at: Timestamp,
    /// How long it took; what is known of it when it failed.
    pub anatomy: Anatomy,
    /// Why it failed; `None` = it passed.
    pub failure: Option<Text>,
}

/// The parts of one probe.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Anatomy {
    /// Name lookup.
    pub dns: Option<Duration>,
    /// TCP connect.
    pub connect: Option<Duration>,
    /// TLS handshake; `None` on plain HTTP.
    pub tls: Option<Duration>,
    /// Request sent to first byte.
    pub first_byte: Option<Duration>,
    /// The whole.
    pub total: Duration,
    /// HTTP status.
    pub status: Option<u16>,
    /// The answer was as it should be, and came later than it may.
    pub late: bool,
    /// The beginning of the body.
    pub snippet: Option<Text>,
    /// The release that the answer names.
    pub release: Option<Sha>,
}

/// A probe with its history; fails after [`FAIL_AFTER`] failures, recovers after [`RECOVER_AFTER`] passes in a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProbeState {
    /// Which probe.
    pub id: ProbeId,
    /// What is asked, such as `GET https://…/health`.
    pub target: Text,
    /// The state after hysteresis.
    pub status: Status,
    /// Since when that state holds.
    pub since: Timestamp,
    /// The last samples, oldest first, at most [`KEPT`].
    pub samples: std::collections::VecDeque<Sample>,
    /// Passed and all, since the console started.
    pub passed: (u64, u64),
    /// State changes within the last ten minutes; above 4 it is flapping.
    pub changes: Vec<Timestamp>,
    /// The last states that it came to and when, oldest first, at most [`TURNS`].
    #[serde(skip)]
    pub turns: std::collections::VecDeque<(Timestamp, Status)>,
    streak: u32,
}

/// Failures among the last [`LATELY`] samples that make a probe fail: one that passes in between helps no visitor who meets the others.
pub const FAIL_AFTER: usize = 3;
/// How many samples back failures are counted.
pub const LATELY: usize = 6;
/// Passes in a row that make it recover.
pub const RECOVER_AFTER: u32 = 2;
/// Changes of state kept for the timeline.
pub const TURNS: usize = 60;
/// While a probe changes more than four times within this it is flapping: trouble that comes back sooner is the same trouble.
pub const WOBBLE: Duration = Duration::from_secs(600);
/// Samples kept for the sparkline.
pub const KEPT: usize = 120;

impl ProbeState {
    /// A probe that has not answered yet.
    #[must_use]
    pub fn new(id: ProbeId, target: Text, now: Timestamp) -> Self {
        Self {
            id,
            target,
            status: Status::Unknown,
            since: now,
            samples: std::collections::VecDeque::new(),
            passed: (0, 0),
            changes: Vec::new(),
            turns: std::collections::VecDeque::new(),
            streak: 0,
        }
    }

    /// Takes in a sample; true when the state changed.
    pub fn push(&mut self, sample: Sample) -> bool {
        let pass = sample.failure.is_none();
        let (at, answered, late) = (sample.at, sample.anatomy.status.is_some(), sample.anatomy.late);
        let same = self.samples.back().is_some_and(|last| last.failure.is_none() == pass);
        self.streak = if same { self.streak + 1 } else { 1 };
        self.passed.1 += 1;
        self.passed.0 += u64::from(pass);
        if self.samples.len() == KEPT {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
        let failed = self.samples.iter().rev().take(LATELY).filter(|sample| sample.failure.is_some()).count();
        let often = failed >= FAIL_AFTER;
        let next = match (self.status, pass) {
            (Status::Unknown, true) => Status::Ok,
            // A good answer speaks for it, also one that came late: by that alone it serves.
            (Status::Unknown, false) if late && !often => Status::Warn,
            // It has never passed and answers badly: nothing speaks for it. No answer at all may be our own network.
            (Status::Unknown, false) if answered || often => Status::Fail,
            (Status::Unknown, false) => Status::Unknown,
            (Status::Fail, true) if self.streak >= RECOVER_AFTER => Status::Ok,
            (Status::Warn, true) if self.streak >= RECOVER_AFTER => Status::Ok,
            (Status::Fail, _) => Status::Fail,
            (_, false) if often => Status::Fail,
            (_, false) => Status::Warn,
            (status, true) => status,
        };
        if next == self.status {
            return false;
        }
        self.status = next;
        self.since = at;
        self.changes.retain(|change| at.duration_since(*change).as_secs() < 600);
        self.changes.push(at);
        if self.turns.len() == TURNS {
            self.turns.pop_front();
        }
        self.turns.push_back((at, next));
        true
    }

    /// How it stands, and why in short words. A challenge stands in the way of probes too: what they see then says nothing.
    #[must_use]
    pub fn stands(&self, challenged: bool, now: Timestamp) -> (State, String) {
        let last = self.samples.back();
        let failure = last.and_then(|sample| sample.failure.as_ref()).map(ToString::to_string);
        // What was asked once says so: a command without a screen knows no more.
        let once = last
            .filter(|_| self.samples.len() == 1)
            .map(|one| if one.anatomy.status.is_some() { "1 answer" } else { "1 try" });
        let failure = failure.map(|why| once.map_or(why.clone(), |once| format!("{why} ({once})")));
        if challenged && failure.is_some() {
            return (State::Unknown, "attack mode".to_owned());
        }
        // What fails now fails, however often it changed before: flapping would say that it also passes.
        if self.status != Status::Fail && self.flapping(now) {
            return (State::Flapping, format!("changed {} times within 10 min", self.changes.len()));
        }
        let since = || match once {
            Some(_) => String::new(),
            None => format!(" for {}", super::span::since(self.since, now)),
        };
        match self.status {
            Status::Fail => {
                let why = failure.unwrap_or_else(|| "passing again, but not for long enough yet".to_owned());
                (State::Failing, format!("{why}{}", since()))
            }
            Status::Warn => (State::Degraded, failure.unwrap_or_else(|| "failed just now".to_owned())),
            Status::Unknown if failure.is_some() => (State::Unknown, failure.unwrap_or_default()),
            status => (State::of(status), String::new()),
        }
    }

    /// True while the state changes more than four times in ten minutes.
    #[must_use]
    pub fn flapping(&self, now: Timestamp) -> bool {
        self.changes.iter().filter(|change| now.duration_since(**change).as_secs() < 600).count() > 4
    }
}
