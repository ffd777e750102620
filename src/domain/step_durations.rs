//! How long a step usually takes, from the operations that are remembered, and whether one has been silent for too long.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::operation::{OpKind, Operation, StepKind, StepReport, StepState, Wait};
use super::span::age;

/// Steps of the past that are looked at, the newest first.
const LOOKED_AT: usize = 20;
/// So many make a percentile worth its name.
const ENOUGH: usize = 5;
/// A step may run for so long whatever its past says.
const LEAST: Duration = Duration::from_secs(60);

/// How long steps of a kind took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepDurations {
    /// Half of them took no longer.
    pub usual: Duration,
    /// Of twenty, nineteen took no longer.
    pub p95: Duration,
    /// How many were looked at.
    pub seen: usize,
}

/// How long such a step of a service took before, by operations of which the newest come first; `None` = never seen.
#[must_use]
pub fn pace<'a>(
    past: impl Iterator<Item = &'a Operation>,
    kind: OpKind,
    service: &str,
    step: StepKind,
) -> Option<StepDurations> {
    if step == StepKind::Other {
        return None;
    }
    let done = past.filter(|one| one.kind == kind).flat_map(|one| &one.steps);
    let alike = done.filter(|one| one.state == StepState::Done && one.kind == step && &*one.service.name == service);
    let took = alike.filter_map(|one| Duration::try_from(one.ended_at?.duration_since(one.started_at?)).ok());
    let mut took: Vec<Duration> = took.take(LOOKED_AT).collect();
    took.sort_unstable();
    let at = |share: usize| took.get((took.len() * share / 100).min(took.len().saturating_sub(1))).copied();
    Some(StepDurations { usual: at(50)?, p95: at(95)?, seen: took.len() })
}

/// For how long a running step has been silent, when that is longer than such steps take, or when it runs for longer than twice that
/// and a minute. A step that waits for people or for another run is not silent.
#[must_use]
pub fn stuck(step: &StepReport, now: Timestamp) -> Option<Duration> {
    let since = |at: Timestamp| Duration::try_from(now.duration_since(at)).unwrap_or_default();
    let begun = step.started_at.filter(|_| step.state == StepState::Running)?;
    let (runs, silent) = (since(begun), since(step.spoke_at.unwrap_or(begun)));
    let late = match step.pace {
        Some(pace) => (pace.seen >= ENOUGH && silent > pace.p95) || runs > LEAST.max(pace.p95 * 2),
        None => silent > LEAST,
    };
    late.then_some(silent)
}

/// The clocks of two machines differ by so much.
const SKEW: Duration = Duration::from_secs(5);

/// Why an operation makes no progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// Whatever is open of it has been silent for so long: longer than such steps take.
    Silent(Duration),
    /// A person has to say whether it goes on.
    Person,
}

impl std::fmt::Display for Halt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Silent(span) => write!(f, "silent for {}, stuck?", age(*span)),
            Self::Person => f.write_str("waits for a person"),
        }
    }
}

/// Why an operation that has not ended makes no progress; `None` while any step of it does, or waits within its limits. Between two steps it
/// may be silent for a minute.
#[must_use]
pub fn halt(operation: &Operation, now: Timestamp) -> Option<Halt> {
    let open = |step: &&StepReport| matches!(step.state, StepState::Running | StepState::Waiting(_));
    let mut halts: Vec<Option<Halt>> = operation.steps.iter().filter(open).map(|step| halted(step, now)).collect();
    if halts.is_empty() {
        let silent = Duration::try_from(now.duration_since(operation.last_heard())).unwrap_or_default();
        halts.push((silent > LEAST).then_some(Halt::Silent(silent)));
    }
    // It goes on as long as one step does.
    halts.into_iter().collect::<Option<Vec<Halt>>>()?.into_iter().next()
}

fn halted(step: &StepReport, now: Timestamp) -> Option<Halt> {
    let runs = step.started_at.and_then(|at| Duration::try_from(now.duration_since(at)).ok()).unwrap_or_default();
    match &step.state {
        StepState::Waiting(Wait::Switch | Wait::Approval { .. }) => Some(Halt::Person),
        StepState::Waiting(Wait::Lease { until }) => {
            // A lease that ends at a time that is not known is waited for as any step is.
            let limit = match until {
                Some(until) => until.checked_add(SKEW).ok()?,
                None => step.spoke_at?.checked_add(LEAST).ok()?,
            };
            let over = Duration::try_from(now.duration_since(limit)).ok().filter(|over| !over.is_zero())?;
            let silent = step.spoke_at.and_then(|at| Duration::try_from(now.duration_since(at)).ok());
            Some(Halt::Silent(silent.unwrap_or(over)))
        }
        // A step of seconds that takes a few more is no reason to call off what it explains.
        _ => stuck(step, now).filter(|_| runs > LEAST).map(Halt::Silent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{OpId, ServiceId};
    use crate::sanitize::Text;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn step(kind: StepKind, state: StepState, from: i64, to: Option<i64>) -> StepReport {
        StepReport {
            service: ServiceId::new("production", "backend"),
            kind,
            title: Text::default(),
            state,
            detail: Text::default(),
            started_at: Some(at(from)),
            spoke_at: Some(at(from)),
            ended_at: to.map(at),
            pace: None,
        }
    }

    fn past(took: impl Iterator<Item = i64>) -> Vec<Operation> {
        let operation = |took: i64| {
            let id = OpId(uuid::Uuid::now_v7());
            let begun = Operation::begun(id, OpKind::RollBack, "production".into(), Text::default(), at(0));
            Operation { steps: vec![step(StepKind::UpdateMachine, StepState::Done, 0, Some(took))], ..begun }
        };
        took.map(operation).collect()
    }

    #[test]
    fn a_step_is_stuck_when_it_is_silent_for_longer_than_such_steps_take_or_runs_for_twice_that() {
        let all = past((1..=20).map(|n| n * 10));
        let pace = |kind| pace(all.iter(), OpKind::RollBack, "backend", kind);
        let known = pace(StepKind::UpdateMachine).unwrap();
        assert_eq!((known.usual.as_secs(), known.p95.as_secs(), known.seen), (110, 200, 20));
        assert_eq!(pace(StepKind::RestartMachine), None, "another kind has a past of its own");
        let running =
            StepReport { pace: Some(known), ..step(StepKind::UpdateMachine, StepState::Running, 1_000, None) };
        assert_eq!(stuck(&running, at(1_200)), None);
        assert_eq!(stuck(&running, at(1_201)), Some(Duration::from_secs(201)));
        let spoke = StepReport { spoke_at: Some(at(1_350)), ..running.clone() };
        assert_eq!(stuck(&spoke, at(1_400)), None, "it spoke");
        assert_eq!(stuck(&spoke, at(1_401)), Some(Duration::from_secs(51)), "and goes on for twice as long as any");
        let waits = StepState::Waiting(Wait::Approval { run: 7, env: "production".into(), mine: true });
        assert_eq!(stuck(&StepReport { state: waits, ..running }, at(9_000)), None, "people take their time");
    }

    #[test]
    fn a_step_of_which_little_is_known_is_given_a_minute() {
        let running = step(StepKind::Throw, StepState::Running, 0, None);
        assert_eq!(stuck(&running, at(60)), None);
        assert!(stuck(&running, at(61)).is_some());
        let all = past([1, 2].into_iter());
        let seldom =
            StepReport { pace: pace(all.iter(), OpKind::RollBack, "backend", StepKind::UpdateMachine), ..running };
        assert!(seldom.pace.is_some());
        assert_eq!(stuck(&seldom, at(60)), None, "two are no percentile");
        assert!(stuck(&seldom, at(61)).is_some());
    }

    #[test]
    fn an_operation_halts_when_nothing_of_it_goes_on() {
        let id = OpId(uuid::Uuid::now_v7());
        let begun = Operation::begun(id, OpKind::RollBack, "production".into(), Text::default(), at(0));
        let of = |states: &[StepState]| {
            let steps = states.iter().map(|state| step(StepKind::UpdateMachine, state.clone(), 0, None)).collect();
            Operation { steps, ..begun.clone() }
        };
        let lease = |until| StepState::Waiting(Wait::Lease { until });
        let silent = Some(Halt::Silent(Duration::from_secs(61)));
        for (states, second, halts) in [
            (vec![], 60, None),
            (vec![], 61, silent),
            (vec![StepState::Done, StepState::Running], 60, None),
            (vec![StepState::Done, StepState::Running], 61, silent),
            (vec![StepState::Running, StepState::Waiting(Wait::Timer { run: 7, env: "production".into() })], 61, None),
            (vec![StepState::Waiting(Wait::Switch)], 1, Some(Halt::Person)),
            (vec![StepState::Running, StepState::Waiting(Wait::Switch)], 1, None),
            (vec![lease(Some(at(90)))], 61, None),
            (vec![lease(Some(at(90)))], 95, None),
            (vec![lease(Some(at(90)))], 96, Some(Halt::Silent(Duration::from_secs(96)))),
            (vec![lease(None)], 61, silent),
        ] {
            assert_eq!(halt(&of(&states), at(second)), halts, "{states:?} after {second} s");
        }
    }
}
