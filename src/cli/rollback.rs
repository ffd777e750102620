//! `flightdeck rollback`: the same plan and the same execution as on the screen; `--confirm` stands for the typed name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::Output;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::environment::Platform;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedId, FeedState, FeedStatus};
use crate::domain::ids::{EnvId, ReqId, ServiceId};
use crate::domain::operation::{OpState, Operation, Plan, StepReport, Target};
use crate::domain::release::Deployment;
use crate::engine::{Engine, EngineHandle, Lanes, Scope};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;

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
    /// The environment's name again; without it the plan is printed and nothing is done.
    #[arg(long, value_name = "ENVIRONMENT")]
    pub confirm: Option<String>,
    /// Why; the platform keeps it where it can.
    #[arg(long)]
    pub reason: Option<String>,
}

pub(super) async fn run(settings: Settings, args: RollbackArgs, output: Output) -> Result<ExitCode, UserError> {
    let env = EnvId::from(args.environment.as_str());
    let services = services(&settings, &env, args.service.as_deref())?;
    if args.confirm.as_ref().is_some_and(|typed| *typed != args.environment) {
        return Err(UserError::new(ExitCode::Usage, "--confirm names another environment than --environment")
            .now("nothing was changed"));
    }
    let (engine, mut lanes) = Engine::start(Arc::new(settings), SystemClock::shared(), Scope::State);
    let result = prepared(&engine, &mut lanes, &env, &services, &args.to, output).await;
    let result = match result {
        Ok(plan) => carry_out(&engine, &mut lanes, plan, &args, output.json).await,
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
    env: &EnvId,
    services: &[ServiceId],
    to: &str,
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
    let targets = targets(&lists, to)?;
    engine.preflight(ReqId(1), env.clone(), targets, None);
    let plan = async {
        loop {
            if let Fact::Plan(ReqId(1), plan) = lanes.control.recv().await? {
                return Some(plan);
            }
        }
    };
    let plan = tokio::time::timeout(limit, plan).await.ok().flatten().ok_or_else(|| late("the plan"))?;
    plan.map(|plan| *plan)
        .map_err(|why| UserError::new(ExitCode::Inconclusive, why.to_string()).now("nothing was changed"))
}

/// The deployments that `to` names: by the beginning of a commit, or by label.
fn targets(lists: &BTreeMap<ServiceId, Vec<Deployment>>, to: &str) -> Result<Vec<Target>, UserError> {
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
            targets.push(Target { service: service.clone(), deployment: found.id.clone() });
        }
    }
    if targets.is_empty() {
        return Err(usage(format!("{to} is what is live")));
    }
    Ok(targets)
}

async fn carry_out(
    engine: &EngineHandle,
    lanes: &mut Lanes,
    plan: Plan,
    args: &RollbackArgs,
    json: bool,
) -> Result<ExitCode, UserError> {
    if let (Some(why), true) = (plan.refusals.first(), args.confirm.is_some()) {
        return Err(UserError::new(ExitCode::Refused, why.to_string()).now("nothing was changed"));
    }
    if args.confirm.is_none() {
        super::print(&show_plan(&plan, json))?;
        return Ok(ExitCode::Done);
    }
    engine.operate(plan, args.reason.as_deref().map(Text::from));
    let mut told: Vec<StepReport> = Vec::new();
    loop {
        match lanes.control.recv().await {
            Some(Fact::Operation(operation)) => {
                tell_changes(&operation, &mut told, json)?;
                if operation.state.ended() {
                    return end(&operation, json);
                }
            }
            Some(Fact::Notice(text)) if text.as_str().starts_with("refused") => {
                return Err(UserError::new(ExitCode::Refused, text.to_string()));
            }
            Some(_) => {}
            None => return Err(UserError::new(ExitCode::Failed, "the engine ended").hint("see flightdeck journal")),
        }
    }
}

fn show_plan(plan: &Plan, json: bool) -> String {
    if json {
        return format!("{}\n", json!({"schema": "flightdeck/plan", "version": 1, "plan": plan}));
    }
    let mut text = String::new();
    for part in &plan.parts {
        text.push_str(&format!("{}: {} → {}\n", part.service, part.from.0, part.to.0));
        part.steps.iter().for_each(|step| text.push_str(&format!("  {step}\n")));
    }
    plan.stays.iter().for_each(|line| text.push_str(&format!("does not go back: {line}\n")));
    plan.warnings.iter().for_each(|line| text.push_str(&format!("warning: {line}\n")));
    plan.refusals.iter().for_each(|line| text.push_str(&format!("refused: {line}\n")));
    text.push_str(&format!("nothing was changed; add --confirm={} to carry it out\n", plan.env));
    text
}

fn tell_changes(operation: &Operation, told: &mut Vec<StepReport>, json: bool) -> Result<(), UserError> {
    let mut text = String::new();
    for (index, step) in operation.steps.iter().enumerate() {
        if told.get(index).is_none_or(|before| before.state != step.state) && step.started_at.is_some() {
            if json {
                let line = json!({"schema": "flightdeck/rollback-step", "version": 1, "index": index, "step": step});
                text.push_str(&format!("{line}\n"));
            } else {
                let state = step.state.word();
                text.push_str(&format!("{state:<8} {} · {}  {}\n", step.service.name, step.title, step.detail));
            }
        }
    }
    told.clone_from(&operation.steps);
    super::print(&text).map(drop)
}

fn end(operation: &Operation, json: bool) -> Result<ExitCode, UserError> {
    let text = if json {
        let line = json!({"schema": "flightdeck/rollback", "version": 1, "operation": operation});
        format!("{line}\n")
    } else {
        format!("{}\n", operation.outcome)
    };
    super::print(&text)?;
    Ok(match operation.state {
        OpState::Done => ExitCode::Done,
        OpState::Refused => ExitCode::Refused,
        OpState::Unknown => ExitCode::Inconclusive,
        _ => ExitCode::Failed,
    })
}
