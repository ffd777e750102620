//! An operation that was cut short, in words: what is done, what is open, what it holds, and how to go on.

use super::operation::{Operation, StepReport, StepState};

/// The lines, the first of which names it. They stand on a terminal without a screen.
#[must_use]
pub fn lines(operation: &Operation) -> Vec<String> {
    let (kind, title, id) = (operation.kind.name(), &operation.title, operation.id);
    let mut lines = vec![format!("cut short: {kind} {title}, begun {:.0}, operation {id}", operation.started_at)];
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
    lines.extend(unknown.map(|call| format!("  not known whether it was taken: {call}")));
    lines.extend(operation.leases.iter().map(|lease| {
        let may = if lease.certain { "stays" } else { "may stay" };
        format!("  machine {} of {} {may} leased until {:.0}", lease.machine, lease.app, lease.until)
    }));
    let env = &operation.env;
    let ways = if operation.moves.is_empty() { "finish or leave" } else { "finish, undo or leave" };
    lines
        .push(format!("  to go on: flightdeck {ways} --environment {env} --confirm={env}; the screen offers the same"));
    lines
}

fn named(step: &StepReport) -> String {
    let detail = if step.detail.is_empty() { String::new() } else { format!("  {}", step.detail) };
    format!("{} · {}{detail}", step.service.name, step.title)
}
