//! `flightdeck wait`: until an environment is healthy, by the screen's own judgement. It prints on change only.

use std::sync::Arc;

use serde_json::json;

use super::Output;
use crate::app::model::Model;
use crate::app::msg::{Msg, Now};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::ids::EnvId;
use crate::domain::state::State;
use crate::engine::{Engine, Lanes, Scope};
use crate::error::{ExitCode, UserError};

/// What is waited for.
#[derive(Debug, Clone, clap::Args)]
pub struct WaitArgs {
    /// Which environment.
    #[arg(long)]
    pub environment: String,
    /// Until it runs this commit (its beginning), seen at the edge.
    #[arg(long)]
    pub commit: Option<String>,
    /// Say how it stands now instead of waiting: exit code 8 while it is not there.
    #[arg(long)]
    pub no_wait: bool,
}

pub(super) async fn run(settings: Settings, args: WaitArgs, output: Output) -> Result<ExitCode, UserError> {
    let env = EnvId::from(args.environment.as_str());
    if settings.environment(&env).is_none() {
        return Err(UserError::new(ExitCode::Usage, format!("no environment {env} is configured")));
    }
    if args.no_wait {
        let clock = SystemClock::shared();
        let reading = super::read::read_once(Arc::new(settings), clock, output.limit()).await;
        let (says, there) = stands(&reading.model, &env, &args);
        tell(output, &env, &says)?;
        return Ok(if there { ExitCode::Done } else { ExitCode::Pending });
    }
    let settings = Arc::new(settings);
    let model = Model::new(&settings, now());
    let (engine, lanes) = Engine::start(settings, SystemClock::shared(), Scope::State);
    let over = async {
        match output.timeout {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let code = tokio::select! {
        code = watch(model, lanes, &env, &args, output) => code,
        () = over => Ok(ExitCode::Timeout),
        code = super::simulate::signalled() => code,
    };
    engine.shutdown().await;
    code
}

fn now() -> Now {
    let clock = SystemClock::shared();
    Now { wall: clock.now(), mono: clock.mono() }
}

async fn watch(
    mut model: Model,
    mut lanes: Lanes,
    env: &EnvId,
    args: &WaitArgs,
    output: Output,
) -> Result<ExitCode, UserError> {
    let mut told = String::new();
    while let Some(fact) = lanes.control.recv().await {
        let _ = crate::app::update(&mut model, Msg::Fact(fact), now());
        let (says, there) = stands(&model, env, args);
        if says != told {
            tell(output, env, &says)?;
            told = says;
        }
        if there {
            return Ok(ExitCode::Done);
        }
    }
    Ok(ExitCode::Inconclusive)
}

/// How the environment stands, and whether that is what is waited for: everything of it read, every probe passing, and the
/// commit at the edge.
fn stands(model: &Model, env: &EnvId, args: &WaitArgs) -> (String, bool) {
    let Some(info) = model.env(env) else { return (String::new(), false) };
    let judged = model.judge(info, now());
    let sha = judged.sha().map_or("", |sha| sha.as_str());
    let right = args.commit.as_deref().is_none_or(|wanted| !sha.is_empty() && sha.starts_with(wanted));
    (format!("{} {}", judged.words(), judged.short()).trim_end().to_owned(), judged.state == State::Healthy && right)
}

fn tell(output: Output, env: &EnvId, says: &str) -> Result<(), UserError> {
    let at = SystemClock::shared().now();
    let line = if output.json {
        json!({"schema": "flightdeck/wait", "version": 1, "at": at.to_string(), "environment": env, "says": says})
            .to_string()
    } else {
        format!("{} {env} {says}", at.strftime("%H:%M:%SZ"))
    };
    super::print(&format!("{line}\n")).map(drop)
}
