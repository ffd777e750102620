//! Operations that were cut short: told by every command that comes later, and finished, taken back or left without a screen.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Output;
use super::carry::carry_out;
use super::operation::{Consent, planned};
use crate::app::msg::Now;
use crate::app::{follow, live};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::cut_short;
use crate::domain::fact::Fact;
use crate::domain::ids::EnvId;
use crate::domain::operation::{Operation, Wish};
use crate::engine::{Engine, Scope, recall};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;
use crate::store::{Store, StoreError};

/// What is to become of an operation that was cut short, or ended half-way.
#[derive(Debug, Clone, clap::Args)]
pub struct OpenArgs {
    /// Where.
    #[arg(long)]
    pub environment: String,
    /// Which, by its identity or the end of it; without it the only one that is open there.
    #[arg(long, value_name = "ID")]
    pub operation: Option<String>,
    #[command(flatten)]
    pub consent: Consent,
}

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is brought to its end.
    Finish,
    /// What it moved goes back.
    Undo,
    /// It stays as it is.
    Leave,
}

/// Those that were cut short, as programs read them.
pub(super) fn as_json<'a>(operations: impl Iterator<Item = &'a Operation>) -> Value {
    operations.map(|one| json!(one)).collect()
}

/// Tells of operations that were cut short, beside the answer of a command. A store that cannot be read is told as well.
pub(super) async fn warn(settings: &Settings, json: bool) -> Result<(), UserError> {
    for fact in recall(&settings.state_dir, SystemClock::shared()).await {
        match fact {
            Fact::Operation(one) if one.interrupted && json => {
                let line = json!({"schema": "flightdeck/cut-short", "version": 1, "operation": one});
                super::print(&format!("{line}\n"))?;
            }
            Fact::Operation(one) if one.interrupted => super::complain(&cut_short::lines(&one).join("\n")),
            _ => {}
        }
    }
    Ok(())
}

/// Finishes, takes back or leaves an operation.
pub(super) async fn decide(
    settings: Settings,
    args: OpenArgs,
    decision: Decision,
    output: Output,
) -> Result<ExitCode, UserError> {
    let env = EnvId::from(args.environment.as_str());
    args.consent.check(env.as_str())?;
    let info = settings.environment(&env).ok_or_else(|| {
        UserError::new(ExitCode::Usage, format!("no environment {env} is configured")).now("nothing was changed")
    })?;
    let read_only = info.read_only();
    let unreadable =
        |error: StoreError| UserError::new(ExitCode::Refused, error.to_string()).now("nothing was changed");
    let store = Store::open(&settings.state_dir, SystemClock::shared()).await.map_err(unreadable)?;
    let all = store.operations(50).await.map_err(unreadable)?;
    drop(store);
    let operation = chosen(all, &env, args.operation.as_deref())?;
    if decision != Decision::Leave {
        let wish = wish(&operation, decision)?;
        let (engine, mut lanes) = Engine::start(Arc::new(settings), SystemClock::shared(), Scope::Commands);
        let result = match planned(&engine, &mut lanes, &env, wish, Some(operation.id), output).await {
            Ok(plan) => carry_out(&engine, &mut lanes, plan, &args.consent, output.json).await,
            Err(error) => Err(error),
        };
        engine.shutdown().await;
        return result;
    }
    if args.consent.confirm.is_none() {
        let lines = cut_short::lines(&operation).join("\n");
        super::print(&format!("{lines}\nnothing was changed; --confirm={env} leaves it as it is\n"))?;
        return Ok(ExitCode::Done);
    }
    if let Some(why) = read_only {
        return Err(UserError::new(ExitCode::Refused, why.to_string()).now("nothing was changed"));
    }
    leave(settings, operation, args.consent, output).await
}

async fn leave(
    settings: Settings,
    operation: Operation,
    consent: Consent,
    output: Output,
) -> Result<ExitCode, UserError> {
    let who = settings.who.to_string();
    let (settings, clock) = (Arc::new(settings), SystemClock::shared());
    let reading = super::read::read_once(Arc::clone(&settings), Arc::clone(&clock), output.limit()).await;
    let now = Now { wall: clock.now(), mono: clock.mono() };
    let live = live::of_operation(&reading.model, &operation, now).join("; ");
    let (engine, mut lanes) = Engine::start(settings, clock, Scope::Commands);
    let why = consent.reason.map(|why| format!(": {why}")).unwrap_or_default();
    engine.leave(operation.id, Text::from(format!("left as it is by {who}{why}: {live}")));
    let told = async {
        loop {
            if let Fact::Notice(text) = lanes.control.recv().await? {
                return Some(text);
            }
        }
    };
    let told = tokio::time::timeout(output.limit(), told).await.ok().flatten();
    engine.shutdown().await;
    let told = told.ok_or_else(|| {
        UserError::new(output.late(), "it did not come to an end in time").hint("flightdeck status tells how it stands")
    })?;
    let told = format!("{told}; {live}");
    let text = if output.json {
        format!("{}\n", json!({"schema": "flightdeck/leave", "version": 1, "operation": operation.id, "says": told}))
    } else {
        format!("{told}\n")
    };
    super::print(&text)
}

fn chosen(all: Vec<Operation>, env: &EnvId, id: Option<&str>) -> Result<Operation, UserError> {
    let own: Vec<Operation> = all.into_iter().filter(|one| one.env == *env).collect();
    let newest = own.iter().max_by_key(|one| one.started_at).map(|one| one.id);
    let cut_short = own.iter().any(|one| one.interrupted);
    let mut open: Vec<Operation> = own
        .into_iter()
        .filter(|one| match id {
            Some(id) => one.open_question() && one.id.to_string().ends_with(id),
            None if cut_short => one.interrupted,
            // What ended half-way is open as long as nothing came after it.
            None => one.open_question() && Some(one.id) == newest,
        })
        .collect();
    match (open.pop(), open.len()) {
        (Some(one), 0) => Ok(one),
        (Some(one), _) => {
            open.push(one);
            let ids = open.iter().map(|one| format!("--operation {}: {}", one.id, one.title));
            let error = UserError::new(ExitCode::Usage, format!("{} operations of {env} were cut short", open.len()));
            Err(ids.fold(error.now("nothing was changed"), UserError::hint))
        }
        (None, _) => {
            Err(UserError::new(ExitCode::Refused, format!("no operation of {env} is open")).now("nothing was changed"))
        }
    }
}

fn wish(operation: &Operation, decision: Decision) -> Result<Wish, UserError> {
    let refused = |why: &str| UserError::new(ExitCode::Refused, why).now("nothing was changed");
    let env = &operation.env;
    match (decision, follow::finished(operation), follow::undone(operation)) {
        (Decision::Finish, Some(Wish::SetSecret { key, .. }), _) => {
            let hint = format!("flightdeck secrets set {key} --environment {env} sets it anew, then leave this one");
            Err(refused("the value of a secret is kept nowhere: it has to be given again").hint(hint))
        }
        (Decision::Finish, Some(wish), _) | (Decision::Undo, _, Some(wish)) => Ok(wish),
        (Decision::Undo, ..) => Err(refused("this has no way back of its own")
            .hint(format!("flightdeck leave --environment {env} leaves it, then choose by hand"))),
        _ => Err(refused("what it was to do is not known")
            .hint(format!("flightdeck leave --environment {env} leaves it, then choose by hand"))),
    }
}
