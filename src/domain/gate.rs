//! What holds a run up: gates and concurrency groups (docs/platforms/github.md sections 4.6 and 5.1), and how they are
//! described.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::ids::EnvId;
use super::pipeline::Run;
use super::span::since;
use crate::sanitize::Text;

/// A gate that is open for so long blocks: it has probably been forgotten.
const LONG: Duration = Duration::from_secs(15 * 60);

/// Something that holds a run for an environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Gate {
    /// The environment it protects.
    pub env: EnvId,
    /// Its number on the platform.
    pub env_number: u64,
    /// Wait timer, minutes; 0 = none.
    pub wait_minutes: u32,
    /// When the wait timer began; `None` = it does not run.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub wait_since: Option<Timestamp>,
    /// Who may review: logins and team names.
    pub reviewers: Vec<Text>,
    /// Whether the console's user may.
    pub may_approve: bool,
}

/// A concurrency group that a run is in: one run holds it, others wait without jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ConcurrencyGroup"))]
pub struct Lane {
    /// Its name.
    pub group: Text,
    /// Who is before this run, the holder first; empty = this run holds it.
    pub ahead: Vec<LaneRun>,
    /// Who waits behind this run, the next one first.
    pub behind: Vec<LaneRun>,
}

/// A run in a concurrency group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "GroupMember"))]
pub struct LaneRun {
    /// The platform's number of it.
    pub run: u64,
    /// `Deploy production`, and its number where it is known: `Deploy production #141`.
    pub name: Text,
}

impl Gate {
    /// How long the wait timer still holds, if it does.
    #[must_use]
    pub fn timer_left(&self, now: Timestamp) -> Option<Duration> {
        let whole = Duration::from_secs(u64::from(self.wait_minutes) * 60);
        let gone = Duration::try_from(now.duration_since(self.wait_since?)).unwrap_or_default();
        whole.checked_sub(gone).filter(|left| !left.is_zero())
    }

    /// Since when it holds the run: its timer's start, else the run's last change, which is when it came to the gate.
    #[must_use]
    pub fn since(&self, run: &Run) -> Option<Timestamp> {
        self.wait_since.or(run.updated_at)
    }

    /// Whether it is in the way of others: it holds a concurrency group that somebody waits for, or has been open for long.
    #[must_use]
    pub fn blocks(&self, run: &Run, now: Timestamp) -> bool {
        let old = self.since(run).and_then(|at| Duration::try_from(now.duration_since(at)).ok());
        run.behind().next().is_some() || old.is_some_and(|old| old > LONG)
    }

    /// Whether it opens without anybody: nobody is named, and a timer runs. One without either waits for something that the platform does
    /// not name here.
    #[must_use]
    pub fn opens_itself(&self) -> bool {
        self.reviewers.is_empty() && self.wait_minutes > 0
    }

    /// What it waits for: `waits for mona, hubot`.
    #[must_use]
    pub fn waits(&self) -> String {
        match (self.opens_itself(), self.reviewers.as_slice()) {
            (true, _) => "waits for its timer".to_owned(),
            (false, []) => "waits at a gate that names no reviewer".to_owned(),
            (false, names) => format!("waits for {}", names.iter().map(Text::as_str).collect::<Vec<_>>().join(", ")),
        }
    }

    /// What it waits for and since when: `waits for mona, hubot for 18m02s, timer 11m58s left`.
    #[must_use]
    pub fn words(&self, run: &Run, now: Timestamp) -> String {
        let age = self.since(run).map(|at| format!(" for {}", since(at, now))).unwrap_or_default();
        self.told(&age, now)
    }

    /// The same where it is said already since when: `waits for mona, hubot, timer 11m58s left`.
    #[must_use]
    pub fn whom(&self, now: Timestamp) -> String {
        self.told("", now)
    }

    fn told(&self, age: &str, now: Timestamp) -> String {
        let timer = match (self.timer_left(now), self.wait_minutes) {
            (Some(left), _) => format!(", timer {} left", super::span::age(left)),
            (None, 0) => String::new(),
            (None, minutes) => format!(", timer of {minutes} min is over"),
        };
        format!("{}{age}{timer}", self.waits())
    }

    /// Whether the console's user may answer it, in words; nothing to answer where only a timer runs.
    #[must_use]
    pub fn may(&self) -> &'static str {
        match (self.may_approve, self.opens_itself()) {
            (true, _) => "you may review it",
            (false, true) => "it opens by itself",
            (false, false) => "you may not review it",
        }
    }
}

impl Lane {
    /// `holds deploy-production: Deploy production #141 waits behind it`, or `waits for deploy-production behind …`.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let names = |list: &[LaneRun]| list.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
        match (self.ahead.is_empty(), self.behind.len()) {
            (false, _) => Some(format!("waits for concurrency group {} behind {}", self.group, names(&self.ahead))),
            (true, 0) => None,
            (true, 1) => {
                Some(format!("holds concurrency group {}: {} waits behind it", self.group, names(&self.behind)))
            }
            (true, _) => {
                Some(format!("holds concurrency group {}: {} wait behind it", self.group, names(&self.behind)))
            }
        }
    }
}

impl Run {
    /// Runs that wait until this one ends.
    pub fn behind(&self) -> impl Iterator<Item = &LaneRun> {
        self.lanes.iter().flat_map(|lane| &lane.behind)
    }

    /// What its concurrency groups mean for it and for others, line by line.
    pub fn lane_words(&self) -> impl Iterator<Item = String> + '_ {
        self.lanes.iter().filter_map(Lane::words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn gate(minutes: u32, since: Option<i64>) -> Gate {
        Gate {
            env: "production".into(),
            env_number: 2,
            wait_minutes: minutes,
            wait_since: since.map(at),
            reviewers: vec![Text::from("mona")],
            may_approve: true,
        }
    }

    #[test]
    fn a_timer_counts_down_and_then_is_over() {
        let timer = gate(30, Some(0));
        assert_eq!(timer.timer_left(at(600)), Some(Duration::from_secs(1_200)));
        assert_eq!(timer.timer_left(at(1_800)), None);
        assert_eq!(gate(30, None).timer_left(at(0)), None, "it does not run");
    }

    #[test]
    fn a_gate_that_names_nobody_opens_by_itself_only_with_a_timer() {
        let nobody = |minutes| Gate { reviewers: Vec::new(), may_approve: false, ..gate(minutes, None) };
        assert_eq!((nobody(30).waits().as_str(), nobody(30).may()), ("waits for its timer", "it opens by itself"));
        let none = nobody(0);
        assert_eq!((&*none.waits(), none.may()), ("waits at a gate that names no reviewer", "you may not review it"));
        assert_eq!(gate(30, None).waits(), "waits for mona");
    }

    #[test]
    fn a_lane_tells_who_is_before_and_behind() {
        let one = |run| LaneRun { run, name: Text::from(format!("Deploy #{run}")) };
        let lane = |ahead, behind| Lane { group: Text::from("prod"), ahead, behind }.words();
        assert_eq!(lane(vec![], vec![]), None);
        assert_eq!(
            lane(vec![], vec![one(2), one(3)]).unwrap(),
            "holds concurrency group prod: Deploy #2, Deploy #3 wait behind it"
        );
        assert_eq!(lane(vec![one(1)], vec![]).unwrap(), "waits for concurrency group prod behind Deploy #1");
    }
}
