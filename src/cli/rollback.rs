//! `flightdeck rollback`: the same plan and the same execution as on the screen; `--confirm` stands for the typed name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Output;
use super::carry::carry_out;
use super::machines::{self, MannerArgs};
use super::operation::{Consent, planned};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::environment::Platform;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::manner::Manner;
use crate::domain::operation::{Plan, Target, Wish};
use crate::domain::release::Deployment;
use crate::engine::{Engine, EngineHandle, Lanes, Scope};
use crate::error::{ExitCode, UserError};

/// What was typed.
#[derive(Debug, Clone, clap::Args)]
pub struct RollbackArgs {
    /// Where.
    #[arg(long)]
    pub environment: String,
    /// One service; without it, every service that can go back.
    #[arg(long)]
    pub service: Option<String>,
    /// To which release: the beginning of a commit, or a label such as v41.
    #[arg(long)]
    pub to: String,
    #[command(flatten)]
    pub manner: MannerArgs,
    #[command(flatten)]
    pub consent: Consent,
}

pub(super) async fn run(settings: Settings, args: RollbackArgs, output: Output) -> Result<ExitCode, UserError> {
    let env = EnvId::from(args.environment.as_str());
    let services = services(&settings, &env, args.service.as_deref())?;
    args.consent.check(&args.environment)?;
    super::open::warn(&settings, output.json).await?;
    let (engine, mut lanes) = Engine::start(Arc::new(settings), SystemClock::shared(), Scope::State);
    let result = prepared(&engine, &mut lanes, (&env, &services), &args, output).await;
    let result = match result {
        Ok(plan) => carry_out(&engine, &mut lanes, plan, &args.consent, output.json).await,
        Err(error) => Err(error),
    };
    engine.shutdown().await;
    result
}

fn services(settings: &Settings, env: &EnvId, only: Option<&str>) -> Result<Vec<ServiceId>, UserError> {
    let usage = |what: String| UserError::new(ExitCode::Usage, what).now("nothing was changed");
    let info = settings.environment(env).ok_or_else(|| usage(format!("no environment {env} is configured")))?;
    let can = info.services.iter().filter(|one| matches!(one.platform, Platform::Fly | Platform::Vercel));
    let chosen: Vec<ServiceId> =
        can.filter(|one| only.is_none_or(|name| &*one.id.name == name)).map(|one| one.id.clone()).collect();
    if chosen.is_empty() {
        return Err(usage(format!("{env} has no such service that can go back")));
    }
    Ok(chosen)
}

async fn prepared(
    engine: &EngineHandle,
    lanes: &mut Lanes,
    (env, services): (&EnvId, &[ServiceId]),
    args: &RollbackArgs,
    output: Output,
) -> Result<Plan, UserError> {
    let late = |what: &str| {
        UserError::new(output.late(), format!("{what} did not come in time"))
            .now("nothing was changed")
            .hint("flightdeck status says which platform does not answer; --timeout waits longer")
    };
    let limit = output.limit();
    let lists = async {
        let mut lists: BTreeMap<ServiceId, Vec<Deployment>> = BTreeMap::new();
        while lists.len() < services.len() {
            match lanes.control.recv().await? {
                Fact::Releases(id, list) if services.contains(&id) => drop(lists.insert(id, list)),
                // A refused token is refused again: waiting helps nobody.
                Fact::Feed(
                    FeedId::Releases(id),
                    FeedStatus { state: FeedState::Failing { why, denied: true, .. }, .. },
                ) if services.contains(&id) => {
                    return Some(Err(UserError::new(ExitCode::Auth, why.to_string()).now("nothing was changed")));
                }
                _ => {}
            }
        }
        Some(Ok(lists))
    };
    let lists =
        tokio::time::timeout(limit, lists).await.ok().flatten().ok_or_else(|| late("the list of releases"))??;
    let targets = targets(&lists, &args.to, &args.manner.manner())?;
    planned(engine, lanes, env, Wish::RollBack(targets), None, output).await
}

/// The deployments that `to` names: by the beginning of a commit, or by label.
fn targets(lists: &BTreeMap<ServiceId, Vec<Deployment>>, to: &str, manner: &Manner) -> Result<Vec<Target>, UserError> {
    let usage = |what: String| UserError::new(ExitCode::Usage, what).now("nothing was changed");
    let mut targets = Vec::new();
    // A label belongs to one service; the commit behind it joins the others.
    let labelled = lists.values().flatten().find(|one| one.label.as_str() == to).and_then(|one| one.sha.clone());
    let joined = labelled.as_ref().map_or(to, |sha| sha.as_str());
    let is =
        |one: &Deployment| joined.len() >= 4 && one.sha.as_ref().is_some_and(|sha| sha.as_str().starts_with(joined));
    for (service, list) in lists {
        let found = list.iter().find(|one| one.label.as_str() == to).or_else(|| list.iter().find(|one| is(one)));
        let found = found.ok_or_else(|| usage(format!("{service} has no release {to}")))?;
        if !found.current {
            targets.push(machines::target(service, found, manner));
        }
    }
    if targets.is_empty() {
        return Err(usage(format!("{to} is what is live")));
    }
    Ok(targets)
}
