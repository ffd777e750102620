//! Operations that were cut short: told by every command that comes later, and finished, taken back or left without a screen.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::answers::{self, CutShort, Left};
use super::carry::carry_out;
use super::operation::{Confirmation, planned};
use super::signals::Signals;
use super::{Output, place};
use crate::app::insight::live;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::cut_short;
use crate::domain::environment::EnvInfo;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState};
use crate::domain::ids::{EnvId, OpId};
use crate::domain::operation::{Operation, Request};
use crate::engine::{Engine, Scope, recall};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;
use crate::store::{Store, StoreError};

/// What is to become of an operation that was cut short, or ended half-way.
#[derive(Debug, Clone, clap::Args)]
pub struct OpenArgs {
    /// Which, by its identity or the end of it; without it the only one that is open.
    #[arg(value_name = "OPERATION")]
    pub id: Option<String>,
    /// The same.
    #[arg(long, value_name = "ID", hide = true, conflicts_with = "id")]
    pub operation: Option<String>,
    /// Only one of this environment.
    #[arg(long)]
    pub environment: Option<String>,
    #[command(flatten)]
    pub confirmation: Confirmation,
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

/// Those that were cut short, as programs read them; null where the store could not be read, which is no empty list.
pub(super) fn as_json(model: &Model) -> Option<Vec<&Operation>> {
    let unread =
        model.facts().feeds().get(&FeedId::Journal).is_some_and(|one| matches!(one.state, FeedState::Failing { .. }));
    (!unread).then(|| model.facts().interrupted().collect())
}

/// Tells of operations that were cut short, beside the answer of a command. A store that cannot be read refuses the command itself.
pub(super) async fn warn(settings: &Settings, json: bool) -> Result<(), UserError> {
    for fact in recall(settings.keep(), SystemClock::shared()).await {
        match fact {
            Fact::Operation(one) if one.interrupted && json => {
                super::print(&answers::line("cut-short", CutShort { operation: &one, says: None }))?;
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
    let named = args.environment.as_deref().map(|name| place::known(&settings, name)).transpose();
    let named = named.map_err(|error| error.now("nothing was changed"))?;
    let unreadable =
        |error: StoreError| UserError::new(ExitCode::Refused, error.to_string()).now("nothing was changed");
    let store = Store::open(settings.keep(), SystemClock::shared()).await.map_err(unreadable)?;
    let all = store.operations(50).await.map_err(unreadable)?;
    drop(store);
    let operation = chosen(all, named.as_ref(), args.id.as_deref().or(args.operation.as_deref()))?;
    let env = place::known(&settings, operation.env.as_str()).map_err(|error| error.now("nothing was changed"))?;
    args.confirmation.check(&env)?;
    let read_only = settings.environment(&env).and_then(EnvInfo::read_only);
    if decision != Decision::Leave {
        let request = request(&operation, decision)?;
        let mut signals = Signals::listen()?;
        let (engine, mut lanes) = Engine::start(Arc::new(settings), SystemClock::shared(), Scope::Commands);
        let plan = planned(&engine, &mut lanes, &env, request, Some(operation.id), output);
        let result = match signals.or_end(plan).await {
            Ok(plan) => carry_out(&engine, &mut lanes, plan, &args.confirmation, output.json).await,
            Err(error) => Err(error),
        };
        engine.shutdown().await;
        return result;
    }
    if args.confirmation.confirm.is_none() {
        let next = match &read_only {
            Some(why) => format!("nothing was changed; it is refused as it stands: {why}"),
            None => format!("nothing was changed; {} leaves it as it is", place::confirmed(&env)),
        };
        let text = if output.json {
            answers::line("cut-short", CutShort { operation: &operation, says: Some(&next) })
        } else {
            format!("{}\n{next}\n", cut_short::lines(&operation).join("\n"))
        };
        super::print(&text)?;
        return Ok(if read_only.is_some() { ExitCode::Refused } else { ExitCode::Done });
    }
    if let Some(why) = read_only {
        return Err(UserError::new(ExitCode::Refused, why.to_string()).now("nothing was changed"));
    }
    leave(settings, operation, args.confirmation, output).await
}

async fn leave(
    settings: Settings,
    operation: Operation,
    confirmation: Confirmation,
    output: Output,
) -> Result<ExitCode, UserError> {
    let who = settings.who.to_string();
    let (settings, clock) = (Arc::new(settings), SystemClock::shared());
    let read = async { Ok(super::read::read_once(Arc::clone(&settings), Arc::clone(&clock), output.limit()).await) };
    let reading = super::signals::or_end(read).await?;
    let now = Now { wall: clock.now(), mono: clock.mono() };
    let live = live::of_operation(&reading.model, &operation, now).join("; ");
    let (engine, mut lanes) = Engine::start(settings, clock, Scope::Commands);
    let why = confirmation.said().map(|why| format!(": {why}")).unwrap_or_default();
    engine.leave(operation.id, Text::from(format!("left as it is by {who}{why}: {live}")));
    let told = async {
        loop {
            match lanes.control.recv().await? {
                Fact::Left(op, told) if op == operation.id => return Some(told),
                _ => {}
            }
        }
    };
    let told = tokio::time::timeout(output.limit(), told).await.ok().flatten();
    engine.shutdown().await;
    let told = told.ok_or_else(|| {
        UserError::new(output.late(), "it did not end in time").hint("flightdeck status tells how it stands")
    })?;
    let told = told.map_err(|why| UserError::new(ExitCode::Refused, why.to_string()).now("it was not left by this"))?;
    let told = format!("{told}; {live}");
    let text = if output.json {
        answers::line("leave", Left { operation: operation.id, says: &told })
    } else {
        format!("{told}\n")
    };
    super::print(&text)
}

/// Digits of an identity that name an operation: fewer could be anybody's.
const DIGITS: usize = 4;

fn chosen(all: Vec<Operation>, env: Option<&EnvId>, id: Option<&str>) -> Result<Operation, UserError> {
    let own: Vec<Operation> = all.into_iter().filter(|one| env.is_none_or(|env| one.env == *env)).collect();
    let envs: BTreeSet<&EnvId> = own.iter().map(|one| &one.env).collect();
    let half_done = envs.into_iter().filter_map(|env| cut_short::half_done(own.iter(), env));
    let half_done: BTreeSet<OpId> = half_done.map(|one| one.id).collect();
    let cut_short = own.iter().any(|one| one.interrupted);
    let mut open: Vec<Operation> = own
        .into_iter()
        .filter(|one| match id {
            Some(id) => one.open_question() && id.len() >= DIGITS && one.id.to_string().ends_with(&id.to_lowercase()),
            None if cut_short => one.interrupted,
            None => half_done.contains(&one.id),
        })
        .collect();
    let place = env.map(|env| format!(" of {env}")).unwrap_or_default();
    match (open.pop(), open.len()) {
        (Some(one), 0) => Ok(one),
        (Some(one), _) => {
            open.push(one);
            let ids = open.iter().map(|one| format!("{} is {}", cut_short::name(one.id), one.title));
            let error =
                UserError::new(ExitCode::Usage, format!("which one? {} operations{place} are open", open.len()));
            Err(ids.fold(error.now("nothing was changed"), UserError::hint))
        }
        (None, _) => {
            let which = id.map(|id| format!(" {}", Text::clean(id))).unwrap_or_default();
            let what = format!("no operation{which}{place} is open");
            Err(UserError::new(ExitCode::Refused, what).now("nothing was changed"))
        }
    }
}

fn request(operation: &Operation, decision: Decision) -> Result<Request, UserError> {
    let refused = |why: &str| UserError::new(ExitCode::Refused, why).now("nothing was changed");
    let name = cut_short::name(operation.id);
    match (decision, cut_short::finished(operation), cut_short::undone(operation)) {
        (Decision::Finish, Some(request), _) | (Decision::Undo, _, Some(request)) => Ok(request),
        (Decision::Undo, ..) => {
            Err(refused(cut_short::not_undone(operation).as_deref().unwrap_or("this cannot be undone automatically"))
                .hint(format!("flightdeck leave {name} leaves it, then choose by hand")))
        }
        _ => Err(refused("what it was to do is not known")
            .hint(format!("flightdeck leave {name} leaves it, then choose by hand"))),
    }
}
