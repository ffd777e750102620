//! An operation that is carried out without a screen: told step by step, and ended between two calls by a signal.

use std::time::Duration;

use super::answers::{self, CutShort};
use super::operation::{Confirmation, end, show_plan, tell_changes};
use super::signals::{Signal, Signals};
use super::stuck;
use crate::clock::{Clock as _, SystemClock};
use crate::domain::cut_short;
use crate::domain::fact::Fact;
use crate::domain::operation::{OpState, Operation, Plan, StepReport};
use crate::domain::overrides::Override;
use crate::engine::{EngineHandle, Lanes};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;

/// Longest wait for the call in flight and for leases to be given back. A change of a machine may take a minute; whoever ends us
/// then is not waited out.
const GRACE: Duration = Duration::from_secs(25);

/// Prints the plan, or carries it out where it is confirmed.
pub(super) async fn carry_out(
    engine: &EngineHandle,
    lanes: &mut Lanes,
    plan: Plan,
    confirmation: &Confirmation,
    json: bool,
) -> Result<ExitCode, UserError> {
    let refused = !plan.refusals.is_empty();
    if confirmation.confirm.is_none() {
        super::print(&show_plan(&plan, json))?;
        return Ok(if refused { ExitCode::Refused } else { ExitCode::Done });
    }
    if refused {
        let why: Vec<&str> = plan.refusals.iter().map(Text::as_str).collect();
        return Err(UserError::new(ExitCode::Refused, why.join("; ")).now("nothing was changed"));
    }
    if confirmation.reason.as_deref().is_none_or(|why| why.trim().is_empty()) && !plan.overrides.is_empty() {
        let why: Vec<String> = plan.overrides.iter().map(Override::words).collect();
        let error = UserError::new(ExitCode::Refused, why.join("; ")).now("nothing was changed");
        return Err(error.hint("--reason overrides it; the journal keeps the reason"));
    }
    // Told before it happens, also where the reason was given for something else.
    for one in &plan.overrides {
        super::complain(&format!("the reason overrides: {}", one.words()));
    }
    // Before the first call, so that none is cut off in its midst.
    let mut signals = Signals::listen()?;
    let op = plan.op;
    engine.operate(plan, confirmation.said().map(Text::from));
    let mut told: Vec<StepReport> = Vec::new();
    let mut stopped: Option<Signal> = None;
    let grace = tokio::time::sleep(Duration::MAX);
    tokio::pin!(grace);
    // Nobody reading is no reason to leave a change half-done.
    let mut unread = None;
    let (mut silent, mut tick) = (stuck::Told::new(), tokio::time::interval(stuck::LOOK));
    loop {
        let fact = tokio::select! {
            biased;
            signal = signals.next() => {
                if stopped.is_some() {
                    return Ok(left(engine, signal));
                }
                stopped = Some(signal);
                engine.stop(signal.name);
                grace.set(tokio::time::sleep(GRACE));
                super::complain(&format!(
                    "{}: the call in flight comes to its end, nothing more is sent; a second signal leaves at once",
                    signal.name
                ));
                continue;
            }
            () = &mut grace, if stopped.is_some() => {
                let signal = stopped.unwrap_or(Signal { name: "", code: ExitCode::Failed });
                return Ok(left(engine, signal));
            }
            fact = lanes.control.recv() => fact,
            _ = tick.tick() => {
                let text = stuck::stuck(&told, &mut silent, SystemClock::new().now(), json);
                unread = unread.or(super::print(&text).err());
                continue;
            }
        };
        let operation = match fact {
            Some(Fact::Operation(operation)) if operation.id == op => operation,
            Some(_) => continue,
            None => return Err(UserError::new(ExitCode::Failed, "the engine ended").hint("see flightdeck journal")),
        };
        unread = unread.or(tell_changes(&operation, &mut told, json).err());
        if operation.interrupted {
            super::print(&shown(&operation, json))?;
            return Ok(stopped.map_or(ExitCode::Failed, |signal| signal.code));
        }
        if operation.state.ended() {
            let code = end(&operation, json)?;
            return match (unread, stopped.filter(|_| operation.state != OpState::Done)) {
                (Some(error), None) => Err(error),
                (_, Some(signal)) => Ok(signal.code),
                (None, None) => Ok(code),
            };
        }
    }
}

/// The second signal, or a call that does not end: what is known is said, and that it is not all.
fn left(engine: &EngineHandle, signal: Signal) -> ExitCode {
    let open = engine.open();
    if open.is_empty() {
        super::complain("left before anything of it was told: flightdeck status tells whether it has begun");
    }
    for operation in open {
        let operation = Operation { interrupted: true, ..operation };
        super::complain(&cut_short::lines(&operation).join("\n"));
        super::complain("  left during a call: flightdeck status tells what is known of it");
    }
    signal.code
}

fn shown(operation: &Operation, json: bool) -> String {
    if json {
        return answers::line("cut-short", CutShort { operation, says: None });
    }
    format!("{}\n", cut_short::lines(operation).join("\n"))
}
