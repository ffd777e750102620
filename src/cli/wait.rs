//! `flightdeck wait`: until an environment is healthy, by the screen's own judgement. It prints on change only.

use std::sync::Arc;

use super::answers::{self, Waiting};
use super::signals::{Signal, Signals};
use super::{Output, place};
use crate::app::model::Model;
use crate::app::msg::{Msg, Now};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::environment::Status;
use crate::domain::ids::EnvId;
use crate::domain::state::State;
use crate::domain::status::Judgement;
use crate::engine::{Engine, Lanes, Scope};
use crate::error::{ExitCode, UserError};

/// What is waited for.
#[derive(Debug, Clone, clap::Args)]
pub struct WaitArgs {
    /// Which environment.
    #[arg(long)]
    pub environment: Option<String>,
    /// Until it runs this commit (its beginning), seen at the edge, or where none is asked, on its machines and domains. A service that
    /// the commit does not concern may stay at an older one: the line says which.
    #[arg(long)]
    pub commit: Option<String>,
    /// Say how it stands now instead of waiting: exit code 8 while it is not there, 1 where it fails, 3 where it is not known.
    #[arg(long)]
    pub no_wait: bool,
}

pub(super) async fn run(settings: Settings, mut args: WaitArgs, output: Output) -> Result<ExitCode, UserError> {
    // Nothing that runs begins with what is no commit, and everything with no digits at all.
    args.commit = args.commit.as_deref().map(super::commit::beginning).transpose()?;
    let env = place::named(&settings, args.environment.as_deref())?;
    super::open::warn(&settings, output.json).await?;
    if args.no_wait {
        let clock = SystemClock::shared();
        let read = async { Ok(super::read::read_once(Arc::new(settings), clock, output.limit()).await) };
        let reading = super::signals::or_end(read).await?;
        let (judged, there) = stands(&reading.model, &env, args.commit.as_deref(), now());
        tell(output, &env, &judged)?;
        // What fails or is not known is no matter of waiting.
        return Ok(match super::status::code(judged.state) {
            _ if there => ExitCode::Done,
            ExitCode::Inconclusive => reading.incomplete(output, |_| true).unwrap_or(ExitCode::Inconclusive),
            ExitCode::Failed => ExitCode::Failed,
            _ => ExitCode::Pending,
        });
    }
    let settings = Arc::new(settings);
    let mut model = Model::new(&settings, now());
    // What was cut short explains what runs.
    for fact in crate::engine::recall(settings.keep(), SystemClock::shared()).await {
        let _ = crate::app::update(&mut model, Msg::Fact(fact), now());
    }
    let (engine, lanes) = Engine::start(settings, SystemClock::shared(), Scope::State);
    let over = async {
        match output.timeout {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let code = tokio::select! {
        code = watch(model, lanes, &env, &args, output) => code,
        () = over => {
            super::complain(&format!("the time ran out before {env} was seen to be there; nothing was changed"));
            Ok(ExitCode::Timeout)
        }
        signal = signalled() => {
            let said = |signal: Signal| {
                let name = signal.name;
                super::complain(&format!("{name} before {env} was seen to be there; nothing was changed"));
                signal.code
            };
            signal.map(said)
        }
    };
    engine.shutdown().await;
    code
}

async fn signalled() -> Result<Signal, UserError> {
    Ok(Signals::listen()?.next().await)
}

fn now() -> Now {
    let clock = SystemClock::shared();
    Now { wall: clock.now(), mono: clock.mono() }
}

/// Facts grow old without a new one.
const TICK: std::time::Duration = std::time::Duration::from_secs(1);

async fn watch(
    mut model: Model,
    mut lanes: Lanes,
    env: &EnvId,
    args: &WaitArgs,
    output: Output,
) -> Result<ExitCode, UserError> {
    let mut told = String::new();
    loop {
        match tokio::time::timeout(TICK, lanes.control.recv()).await {
            Ok(Some(fact)) => drop(crate::app::update(&mut model, Msg::Fact(fact), now())),
            Ok(None) => return Ok(ExitCode::Inconclusive),
            Err(_) => {}
        }
        let (judged, there) = stands(&model, env, args.commit.as_deref(), now());
        // Ages alone are no change.
        let says: String =
            says(&judged).chars().filter(|c| !c.is_ascii_digit()).chain(judged.short().chars()).collect();
        if says != told {
            tell(output, env, &judged)?;
            told = says;
        }
        if there {
            return Ok(ExitCode::Done);
        }
    }
}

/// How the environment stands, and whether that is what is waited for: everything of it read lately, every machine among it, serving as it should, every
/// probe passing, and the commit seen at the edge, on the machines or behind the domains. What its database could do better does not keep anybody waiting.
pub(super) fn stands(model: &Model, env: &EnvId, commit: Option<&str>, now: Now) -> (Judgement, bool) {
    let Some(info) = model.facts().env(env) else { return (Judgement::unread(), false) };
    let judged = model.facts().judge(info, now);
    let sha = judged.sha().map_or("", |sha| sha.as_str());
    let right = commit.is_none_or(|wanted| !sha.is_empty() && sha.starts_with(wanted));
    let mut probes = model.facts().probes().of(env).iter();
    let probed = probes.all(|probe| probe.status == Status::Ok);
    let well = matches!(judged.state, State::Healthy | State::Degraded);
    // A machine that cannot be read is not known to run anything.
    let declared = info.services.iter().filter_map(|one| model.facts().services().get(&one.id)?.declared.as_ref());
    let read = declared.flat_map(|one| &one.instances).all(|one| one.unread.is_none());
    let there = well && probed && read && right;
    (judged, there)
}

fn says(judged: &Judgement) -> String {
    format!("{} {}", judged.words(), judged.short()).trim_end().to_owned()
}

fn tell(output: Output, env: &EnvId, judged: &Judgement) -> Result<(), UserError> {
    let at = SystemClock::shared().now();
    let says = says(judged);
    let line = if output.json {
        let (state, why, commits) = (judged.state, judged.why.as_str(), judged.commits.as_slice());
        answers::line("wait", Waiting { at, environment: env, state, why, commits, says: &says })
    } else {
        format!("{} {env} {says}\n", at.strftime("%H:%M:%SZ"))
    };
    super::print(&line).map(drop)
}
