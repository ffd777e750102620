//! An operation that was cut short, in words: what is done, what is open, what it holds, and how to go on.

use super::amount::amount;
use super::ids::{EnvId, OpId, ServiceId};
use super::operation::{Move, OpKind, OpState, Operation, Request, StepKind, StepReport, StepState, Target};
use super::overrides::Override;
use crate::sanitize::Text;

/// Digits at the end of an operation's identity that name it for people: its beginning is the time, which two may share.
const DIGITS: usize = 8;

/// The end of its identity, by which every command finds it.
#[must_use]
pub fn name(op: OpId) -> String {
    let id = op.to_string();
    id.get(id.len().saturating_sub(DIGITS)..).unwrap_or_default().to_owned()
}

/// The request that finishes an operation: what it moved, or what was asked for.
#[must_use]
pub fn finished(operation: &Operation) -> Option<Request> {
    match &operation.request {
        Some(request) if !matches!(request, Request::RollBack(_)) => Some(request.clone()),
        // It goes on to what was chosen: what has arrived of it is seen to have.
        Some(request @ Request::RollBack(targets)) if !targets.is_empty() => Some(request.clone()),
        _ => towards(operation, false),
    }
}

/// The request that takes an operation back; `None` where it moves nothing, or where from is not known.
#[must_use]
pub fn undone(operation: &Operation) -> Option<Request> {
    towards(operation, true)
}

/// Why it cannot be taken back, where it moves something: of which services it is not known where they were.
#[must_use]
pub fn not_undone(operation: &Operation) -> Option<String> {
    let dark: Vec<&str> =
        operation.moves.iter().filter(|one| one.from.is_none()).map(|one| &*one.service.name).collect();
    (!dark.is_empty()).then(|| {
        format!("it cannot be undone: which release {} ran before was not listed when it began", dark.join(", "))
    })
}

/// The request that takes all that it moves there, or back; `None` where it is not known of some of it.
fn towards(operation: &Operation, back: bool) -> Option<Request> {
    let chosen: &[Target] = match &operation.request {
        Some(Request::RollBack(targets)) => targets,
        _ => &[],
    };
    let target = |one: &Move| {
        let deployment = if back { one.from.clone()? } else { one.to.clone() };
        // It is finished with the strategy with which it was begun; the way back is found by what is there.
        let strategy =
            chosen.iter().find(|target| !back && target.service == one.service).map(|one| one.strategy.clone());
        Some(Target { service: one.service.clone(), deployment, strategy: strategy.unwrap_or_default() })
    };
    let targets: Option<Vec<Target>> = operation.moves.iter().map(target).collect();
    targets.filter(|targets| !targets.is_empty()).map(Request::RollBack)
}

/// Why nothing else may be changed in an environment: an operation there that was cut short and has no end yet, which another one
/// would run into. The one that is continued is no such reason, a gate may be answered for a promotion that waits at it, and what keeps
/// visitors out or lets them in needs a reason ([`beside`]).
#[must_use]
pub fn against<'a>(
    operations: impl IntoIterator<Item = &'a Operation>,
    env: &EnvId,
    kind: OpKind,
    continues: Option<OpId>,
) -> Option<Text> {
    let first = first(operations, env, kind, continues).filter(|_| !kind.holds_visitors())?;
    Some(Text::from(format!("{}, and comes first: {}", far(first), ways(first))))
}

/// What who keeps visitors out or lets them in has to know: an operation there that was cut short, which goes on as before. To wait for its end
/// would leave visitors where they are, and a frontend that somebody has paused meanwhile lets no proof end well.
#[must_use]
pub fn beside<'a>(
    operations: impl IntoIterator<Item = &'a Operation>,
    env: &EnvId,
    kind: OpKind,
    continues: Option<OpId>,
) -> Option<Override> {
    let first = first(operations, env, kind, continues).filter(|_| kind.holds_visitors())?;
    Some(Override::Others {
        asks: Text::from(format!("no operation of {env} is cut short")),
        says: Text::from(format!("{}; it stays so: {}", far(first), ways(first))),
    })
}

fn first<'a>(
    operations: impl IntoIterator<Item = &'a Operation>,
    env: &EnvId,
    kind: OpKind,
    continues: Option<OpId>,
) -> Option<&'a Operation> {
    operations.into_iter().find(|one| {
        let answered = kind.answers() && one.kind.gated();
        one.interrupted && one.env == *env && Some(one.id) != continues && !answered
    })
}

/// The operation of an environment that ended between two worlds, until it is left or another one has moved what it moved; one that was
/// cut short is none.
#[must_use]
pub fn half_done<'a>(operations: impl Iterator<Item = &'a Operation> + Clone, env: &EnvId) -> Option<&'a Operation> {
    let own = operations.filter(|one| one.env == *env);
    let ended = own.clone().filter(|one| !one.interrupted && one.open_question());
    let open = ended.max_by_key(|one| one.started_at)?;
    let moved = |service: &ServiceId| open.moves.iter().any(|one| one.service == *service);
    let after = |one: &Operation| {
        let changed = !matches!(one.state, OpState::Refused | OpState::Failed);
        let same = one.kind.goes() || one.kind == open.kind || one.moves.iter().any(|one| moved(&one.service));
        one.started_at > open.started_at && changed && same
    };
    let mut all = own;
    (!all.any(after)).then_some(open)
}

/// Which, and how far it came: `roll back production to 9df49c2 was cut short after 2 of 7 steps, begun 2026-11-28T14:02:11Z`.
fn far(operation: &Operation) -> String {
    let done = operation.steps.iter().filter(|step| step.state == StepState::Done).count();
    let steps = match operation.steps.len() {
        0 => String::new(),
        all => format!(" after {done} of {}", amount(all, "step")),
    };
    let (title, at) = (&operation.title, operation.started_at);
    format!("{title} was cut short{steps}, begun {at:.0}")
}

/// How to go on with it, as commands.
#[must_use]
pub fn ways(operation: &Operation) -> String {
    let name = name(operation.id);
    let undo = undone(operation).map(|_| format!("flightdeck undo {name}, ")).unwrap_or_default();
    format!("flightdeck finish {name}, {undo}flightdeck leave {name}")
}

/// The lines, the first of which names it. They stand on a terminal without a screen.
#[must_use]
pub fn lines(operation: &Operation) -> Vec<String> {
    let (title, id) = (&operation.title, operation.id);
    let how = if operation.interrupted { "cut short" } else { operation.state.word() };
    let mut lines = vec![format!("{how}: {title}, begun {:.0}, operation {id}", operation.started_at)];
    if !operation.outcome.is_empty() {
        lines.push(format!("  {}", operation.outcome));
    }
    for step in &operation.steps {
        let word = match step.state {
            StepState::Todo | StepState::Skipped => "not begun",
            StepState::Done => "done",
            StepState::Running | StepState::Waiting(_) => "begun",
            StepState::Failed | StepState::Unknown => step.state.word(),
        };
        lines.push(format!("  {word:<9} {}", named(step)));
    }
    let unknown = operation.unknown_calls.iter();
    let inherited = operation.late_calls.iter().filter(|late| !operation.unknown_calls.contains(&late.call));
    let unknown = unknown.chain(inherited.map(|late| &late.call));
    lines.extend(unknown.map(|call| format!("  not known whether it was taken: {call}")));
    lines.extend(operation.leases.iter().map(|lease| {
        let may = if lease.certain { "stays" } else { "may stay" };
        format!("  machine {} of {} {may} leased until {:.0}", lease.machine, lease.app, lease.until)
    }));
    for step in operation.steps.iter().filter(|step| step.kind == StepKind::OpenRelease && begun(&step.state)) {
        let own = |one: &&StepReport| one.service == step.service && one.kind == StepKind::CloseRelease;
        if operation.steps.iter().find(own).is_none_or(|close| close.state != StepState::Done) {
            let name = &step.service.name;
            lines.push(format!(
                "  the release of {name} that it recorded may be open: finish or undo closes it, leave does not"
            ));
        }
    }
    lines.extend(not_undone(operation).map(|why| format!("  {why}")));
    let env = &operation.env;
    lines.push(format!("  to go on: {}; each with --confirm={env}; the screen offers the same", ways(operation)));
    lines
}

fn begun(state: &StepState) -> bool {
    !matches!(state, StepState::Todo | StepState::Skipped)
}

fn named(step: &StepReport) -> String {
    let detail = if step.detail.is_empty() { String::new() } else { format!("  {}", step.detail) };
    format!("{} · {}{detail}", step.service.name, step.title)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn what_ended_half_way_is_open_until_something_else_moved_it() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let op = |number: u128, kind, state, second| Operation {
            state,
            ..Operation::begun(
                OpId(uuid::Uuid::from_u128(number)),
                kind,
                "production".into(),
                Text::default(),
                at(second),
            )
        };
        let half = op(1, OpKind::RollBack, OpState::HalfDone, 10);
        let found = |others: &[Operation]| {
            let all: Vec<Operation> = [half.clone()].into_iter().chain(others.iter().cloned()).collect();
            half_done(all.iter(), &"production".into()).map(|one| one.started_at.as_second())
        };
        assert_eq!(found(&[]), Some(10));
        assert_eq!(found(&[op(2, OpKind::RollBack, OpState::Refused, 20)]), Some(10), "nothing was changed by it");
        assert_eq!(found(&[op(2, OpKind::SetSecret, OpState::Done, 20)]), Some(10), "it moved nothing");
        assert_eq!(found(&[op(2, OpKind::Promote, OpState::Done, 20)]), None);
        assert_eq!(found(&[op(2, OpKind::Promote, OpState::Done, 5)]), Some(10), "it came before");
        assert_eq!(found(&[op(2, OpKind::RollBack, OpState::Unknown, 20)]), Some(20), "the newest");
        assert_eq!(half_done([half].iter(), &"staging".into()), None);
        assert_eq!(half_done([op(1, OpKind::RollBack, OpState::Left, 10)].iter(), &"production".into()), None);
    }

    #[test]
    fn what_was_cut_short_comes_before_anything_else_there() {
        let op = OpId(uuid::Uuid::from_u128(0x0192_f0c1_2d3e_7a4b_8c5d_6e7f_8091_0213));
        let title = Text::from("roll back production to 9df49c2");
        let begun = Operation::begun(op, OpKind::RollBack, "production".into(), title, Timestamp::UNIX_EPOCH);
        let open = Operation { interrupted: true, ..begun.clone() };
        let moved = |from: Option<&str>, name: &str| Move {
            service: ServiceId::new("production", name),
            from: from.map(Into::into),
            to: "v41".into(),
        };
        let whole = Operation { moves: vec![moved(Some("v42"), "backend")], ..open.clone() };
        assert!(ways(&whole).contains("flightdeck undo 80910213"), "{}", ways(&whole));
        let part = Operation { moves: vec![moved(Some("v42"), "backend"), moved(None, "worker")], ..open.clone() };
        assert!(undone(&part).is_none() && !ways(&part).contains("undo"), "where from is not known of all of it");
        let why = "  it cannot be undone: which release worker ran before was not listed when it began";
        assert!(lines(&part).iter().any(|line| line == why) && not_undone(&whole).is_none(), "{:?}", lines(&part));
        let (production, staging) = (EnvId::from("production"), EnvId::from("staging"));
        let why = |all: &[Operation], env: &EnvId, kind, continues| against(all, env, kind, continues);
        let said = why(std::slice::from_ref(&open), &production, OpKind::Promote, None).unwrap();
        assert_eq!(
            said.as_str(),
            "roll back production to 9df49c2 was cut short, begun 1970-01-01T00:00:00Z, and comes first: \
             flightdeck finish 80910213, flightdeck leave 80910213"
        );
        assert_eq!(why(&[begun], &production, OpKind::Promote, None), None, "somebody carries it out");
        assert_eq!(why(std::slice::from_ref(&open), &staging, OpKind::Promote, None), None);
        assert_eq!(why(std::slice::from_ref(&open), &production, OpKind::RollBack, Some(op)), None, "it is continued");
        assert!(why(std::slice::from_ref(&open), &production, OpKind::Approve, None).is_some(), "it has no gate");
        // Somebody has paused the frontend meanwhile: it is let go on with a reason, whatever was cut short.
        let told = |kind, continues| beside(std::slice::from_ref(&open), &production, kind, continues);
        for kind in [OpKind::Resume, OpKind::Pause, OpKind::Challenge, OpKind::Unchallenge] {
            assert_eq!(why(std::slice::from_ref(&open), &production, kind, None), None);
            let told = told(kind, None).unwrap().words();
            assert!(
                told.starts_with("not met: no operation of production is cut short: roll back production"),
                "{told}"
            );
            assert!(told.ends_with("it stays so: flightdeck finish 80910213, flightdeck leave 80910213"), "{told}");
        }
        assert_eq!((told(OpKind::Resume, Some(op)), told(OpKind::Promote, None)), (None, None));
        assert_eq!(beside([&open], &staging, OpKind::Resume, None), None);
        let gated = Operation { kind: OpKind::Promote, ..open };
        assert_eq!(why(&[gated], &production, OpKind::Approve, None), None, "the answer belongs to it");
    }
}
