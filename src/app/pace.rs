//! How long a step usually takes, by the operations that are remembered, and whether one has been silent for too long.

use std::time::Duration;

use super::model::Model;
use super::msg::Now;
use crate::domain::operation::{OpKind, Operation, StepKind, StepReport, StepState};

/// Steps of the past that are looked at, the newest first.
const LOOKED_AT: usize = 20;
/// A step is given so much time whatever its past says.
const LEAST: Duration = Duration::from_secs(60);

/// How long steps of a kind took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Half of them took no longer.
    pub usual: Duration,
    /// Of twenty, nineteen took no longer.
    pub p95: Duration,
}

/// How long such a step took before; `None` = never seen.
#[must_use]
pub fn pace(model: &Model, kind: OpKind, step: &StepReport) -> Option<Pace> {
    if step.kind == StepKind::Other {
        return None;
    }
    let done = model.operations.values().rev().filter(|one| one.kind == kind).flat_map(|one| &one.steps);
    let alike = done.filter(|one| one.state == StepState::Done && one.service.name == step.service.name);
    let alike = alike.filter(|one| one.kind == step.kind);
    let took = alike.filter_map(|one| Duration::try_from(one.ended_at?.duration_since(one.started_at?)).ok());
    let mut took: Vec<Duration> = took.take(LOOKED_AT).collect();
    took.sort_unstable();
    let at = |share: usize| took.get((took.len() * share / 100).min(took.len().saturating_sub(1))).copied();
    Some(Pace { usual: at(50)?, p95: at(95)? })
}

/// For how long a running step has been silent, when that is longer than such steps take, and longer than a minute. A gate waits
/// for people, and a lane for another run: that is no silence.
#[must_use]
pub fn stuck(model: &Model, operation: &Operation, step: &StepReport, now: Now) -> Option<Duration> {
    let since = step.spoke_at.or(step.started_at).filter(|_| step.state == StepState::Running)?;
    let silent = Duration::try_from(now.wall.duration_since(since)).ok()?;
    let allowed = pace(model, operation.kind, step).map_or(LEAST, |pace| pace.p95.max(LEAST));
    (silent > allowed).then_some(silent)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::ids::{OpId, ServiceId};
    use crate::domain::operation::Wait;
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
        }
    }

    fn operation(steps: Vec<StepReport>) -> Operation {
        let id = OpId(uuid::Uuid::now_v7());
        let begun = Operation::begun(id, OpKind::RollBack, "production".into(), Text::default(), at(0));
        Operation { steps, ..begun }
    }

    fn model(past: Vec<Operation>) -> Model {
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\n";
        let flags = crate::config::load::Flags::default();
        let settings = crate::config::load::parse(text, None, &flags, &|_| None).unwrap();
        let mut model = Model::new(&settings, now(0));
        model.operations.extend(past.into_iter().map(|one| (one.id, one)));
        model
    }

    fn now(second: i64) -> Now {
        Now { wall: at(second), mono: Duration::ZERO }
    }

    #[test]
    fn a_step_is_stuck_when_it_is_silent_for_longer_than_such_steps_take() {
        let past = |took| operation(vec![step(StepKind::UpdateMachine, StepState::Done, 0, Some(took))]);
        let model = model((1..=20).map(|n| past(n * 10)).collect());
        let running = step(StepKind::UpdateMachine, StepState::Running, 1_000, None);
        let under_way = operation(vec![running.clone()]);
        let known = pace(&model, OpKind::RollBack, &running).unwrap();
        assert_eq!((known.usual.as_secs(), known.p95.as_secs()), (110, 200));
        assert_eq!(stuck(&model, &under_way, &running, now(1_200)), None);
        assert_eq!(stuck(&model, &under_way, &running, now(1_201)), Some(Duration::from_secs(201)));
        let spoke = StepReport { spoke_at: Some(at(1_150)), ..running.clone() };
        assert_eq!(stuck(&model, &under_way, &spoke, now(1_300)), None, "it spoke");
        let other = StepReport { kind: StepKind::RestartMachine, ..running.clone() };
        assert_eq!(pace(&model, OpKind::RollBack, &other), None, "another kind has a past of its own");
        let waits = StepState::Waiting(Wait::Approval { run: 7, env: "production".into(), mine: true });
        let gate = StepReport { state: waits, ..running };
        assert_eq!(stuck(&model, &under_way, &gate, now(9_000)), None, "people take their time");
    }

    #[test]
    fn an_unknown_step_is_given_a_minute() {
        let running = step(StepKind::Throw, StepState::Running, 0, None);
        let (model, under_way) = (model(Vec::new()), operation(vec![running.clone()]));
        assert_eq!(stuck(&model, &under_way, &running, now(60)), None);
        assert!(stuck(&model, &under_way, &running, now(61)).is_some());
    }
}
