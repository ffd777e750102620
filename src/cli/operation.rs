//! Operations without a screen: the same plan and the same execution; `--confirm` stands for the typed name. Rollbacks bring
//! their own choice of targets, the others are requests that go through the pipeline.

use std::sync::Arc;

use super::answers::{self, Ended, Planned, STEP, Stepped};
use super::carry::carry_out;
use super::signals::Signals;
use super::{Output, place};
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::cut_short;
use crate::domain::environment::Status;
use crate::domain::fact::Fact;
use crate::domain::ids::{EnvId, OpId, ReqId, ServiceId};
use crate::domain::names;
use crate::domain::operation::{OpState, Operation, Plan, ProjectSwitch, Request, StepReport, StepState, Wait};
use crate::domain::proof::Observation;
use crate::domain::release::Commit;
use crate::engine::{Engine, EngineHandle, Lanes, Scope};
use crate::error::{ExitCode, UserError};

/// Commits whose titles are told, the newest first.
const COMMITS: usize = 20;

/// What makes a plan more than a plan.
#[derive(Debug, Clone, clap::Args)]
pub struct Confirmation {
    /// The environment's name again; without it the plan is printed and nothing is done.
    #[arg(long, value_name = "ENVIRONMENT")]
    pub confirm: Option<String>,
    /// Why, also where something speaks against it, which it overrides; the platform keeps it where it can, the journal always.
    #[arg(long)]
    pub reason: Option<String>,
    /// A comment for the record, which overrides nothing; kept as a reason is.
    #[arg(long, conflicts_with = "reason")]
    pub comment: Option<String>,
}

impl Confirmation {
    /// What is kept for the record.
    pub(super) fn said(&self) -> Option<&str> {
        self.reason.as_deref().or(self.comment.as_deref())
    }

    /// The confirmation names the environment that is meant.
    pub(super) fn check(&self, environment: &EnvId) -> Result<(), UserError> {
        if self.confirm.as_ref().is_some_and(|typed| typed != environment.as_str()) {
            let what = format!("--confirm names another environment than {environment}, which this is about");
            return Err(UserError::new(ExitCode::Usage, what).now("nothing was changed"));
        }
        Ok(())
    }
}

/// A promotion.
#[derive(Debug, Clone, clap::Args)]
pub struct PromoteArgs {
    /// The target environment; without it, the one that something is promoted to.
    #[arg(long)]
    pub environment: Option<String>,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// Something done to a run.
#[derive(Debug, Clone, clap::Args)]
pub struct RunArgs {
    /// Which run, by its id: the last part of its address on GitHub. `flightdeck approvals` shows those of runs that wait, and the console's
    /// details of a run show its address.
    pub run: u64,
    /// The environment; without it, the one of tier production.
    #[arg(long)]
    pub environment: Option<String>,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// Something done to a service.
#[derive(Debug, Clone, clap::Args)]
pub struct ServiceArgs {
    /// Which service, by its name in the environment.
    pub service: String,
    /// The environment; without it, the one of tier production.
    #[arg(long)]
    pub environment: Option<String>,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// Another attempt of a run.
#[derive(Debug, Clone, clap::Args)]
pub struct RerunArgs {
    #[command(flatten)]
    pub run: RunArgs,
    /// Only the jobs that failed, and those that depend on them.
    #[arg(long)]
    pub failed: bool,
}

/// Attack mode.
#[derive(Debug, Clone, clap::Args)]
pub struct ChallengeArgs {
    #[command(flatten)]
    pub service: ServiceArgs,
    /// End the challenge.
    #[arg(long)]
    pub end: bool,
}

/// Subcommands of `rolling`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum RollingCommand {
    /// Begin with a production build that is staged.
    Start {
        /// Which deployment: `dpl_…`.
        #[arg(long)]
        deployment: String,
        #[command(flatten)]
        service: ServiceArgs,
    },
    /// Go on to the next stage.
    Advance(ServiceArgs),
    /// Give everybody the new one.
    Complete(ServiceArgs),
    /// Give everybody the old one.
    Abort(ServiceArgs),
}

impl RollingCommand {
    /// The service that is meant, and its switch.
    pub(super) fn lever(self) -> (ServiceArgs, ProjectSwitch) {
        match self {
            Self::Start { deployment, service } => (service, ProjectSwitch::RollOut(deployment.as_str().into())),
            Self::Advance(service) => (service, ProjectSwitch::Advance(None)),
            Self::Complete(service) => (service, ProjectSwitch::Complete),
            Self::Abort(service) => (service, ProjectSwitch::Abort),
        }
    }
}

/// A request about one service.
pub(super) async fn on_service(
    settings: Settings,
    args: ServiceArgs,
    request: impl FnOnce(ServiceId) -> Request,
    output: Output,
) -> Result<ExitCode, UserError> {
    let env = place::environment(&settings, args.environment.as_deref())?;
    let service = ServiceId::new(env.clone(), &args.service);
    run(settings, Some(env.to_string()), request(service), args.confirmation, output).await
}

pub(super) async fn run(
    settings: Settings,
    environment: Option<String>,
    request: Request,
    confirmation: Confirmation,
    output: Output,
) -> Result<ExitCode, UserError> {
    let env = match request {
        Request::Promote => place::promoted(&settings, environment.as_deref())?,
        _ => place::environment(&settings, environment.as_deref())?,
    };
    confirmation.check(&env)?;
    super::open::warn(&settings, output.json).await?;
    let mut signals = Signals::listen()?;
    let (engine, mut lanes) = Engine::start(Arc::new(settings), SystemClock::shared(), Scope::Commands);
    let result = match signals.or_end(planned(&engine, &mut lanes, &env, request, None, output)).await {
        Ok(plan) => carry_out(&engine, &mut lanes, plan, &confirmation, output.json).await,
        Err(error) => Err(error),
    };
    engine.shutdown().await;
    result
}

/// The plan of a request, which may continue an operation that was cut short.
pub(super) async fn planned(
    engine: &EngineHandle,
    lanes: &mut Lanes,
    env: &EnvId,
    request: Request,
    continues: Option<OpId>,
    output: Output,
) -> Result<Plan, UserError> {
    engine.preflight(ReqId(1), env.clone(), request, continues);
    let plan = async {
        loop {
            if let Fact::Plan(ReqId(1), plan) = lanes.control.recv().await? {
                return Some(plan);
            }
        }
    };
    let late = || {
        UserError::new(output.late(), "the plan did not come in time")
            .now("nothing was changed")
            .hint("flightdeck status says which platform does not answer; --timeout waits longer")
    };
    let plan = tokio::time::timeout(output.limit(), plan).await.ok().flatten().ok_or_else(late)?;
    plan.map(|plan| *plan)
        .map_err(|why| UserError::new(ExitCode::Inconclusive, why.to_string()).now("nothing was changed"))
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Unknown => "unknown",
        Status::Paused => "waiting",
        Status::Running => "running",
        Status::Warn => "warn",
        Status::Fail => "fail",
    }
}

/// The plan in words, or as JSON.
pub(super) fn show_plan(plan: &Plan, json: bool) -> String {
    if json {
        return answers::line("plan", Planned { plan });
    }
    let mut text = format!("{}\n", plan.title());
    for part in &plan.parts {
        text.push_str(&format!("{}\n", part.words("→")));
        part.steps.iter().for_each(|step| text.push_str(&format!("  {step}\n")));
    }
    if !plan.proof.is_empty() {
        text.push_str("the proof\n");
        plan.proof.iter().for_each(|one| text.push_str(&format!("  {} · {}\n", one.service.name, one.step)));
    }
    plan.rest.iter().for_each(|one| text.push_str(&format!("{}: {}\n", one.service, one.words)));
    plan.arrived.iter().for_each(|why| text.push_str(&format!("nothing is left to do: {why}\n")));
    match &plan.commits_out {
        Some(commits) => {
            text.extend(plan.commits_words().map(|words| format!("{words}\n")));
            let told = |one: &Commit| format!("  {} {} {}\n", one.sha.short(), one.author, one.title);
            text.extend(commits.iter().rev().take(COMMITS).map(told));
            if commits.len() > COMMITS {
                text.push_str(&format!("  and {} more\n", commits.len() - COMMITS));
            }
        }
        None if plan.kind.ships() || plan.kind.goes_back() => text.push_str("the commits: unknown\n"),
        None => {}
    }
    for (status, line) in plan.ships.iter().flat_map(|ships| ships.lines()) {
        text.push_str(&format!("{:<8} {line}\n", word(status)));
    }
    let stays = plan.kind.leaves();
    plan.stays.iter().for_each(|line| text.push_str(&format!("{stays}: {line}\n")));
    plan.overrides.iter().for_each(|one| text.push_str(&format!("needs a reason: {}\n", one.words())));
    plan.warnings.iter().for_each(|line| text.push_str(&format!("warning: {line}\n")));
    plan.refusals.iter().for_each(|line| text.push_str(&format!("refused: {line}\n")));
    text.push_str(&format!("nothing was changed{}\n", next(plan)));
    text
}

/// How a plan is carried out, if it can be.
fn next(plan: &Plan) -> String {
    let confirm = place::confirmed(&plan.env);
    match (plan.refusals.is_empty(), plan.overrides.is_empty()) {
        (false, _) => "; it is refused as it stands".to_owned(),
        (true, false) => {
            format!("; add {confirm} --reason='…' to carry it out: the journal keeps the reason")
        }
        (true, true) => format!("; add {confirm} to carry it out"),
    }
}

/// Where a step waits for a person: how that person answers from here.
fn answer(operation: &Operation, state: &StepState) -> Option<String> {
    match state {
        StepState::Waiting(Wait::Switch) => {
            let (env, confirm) = (names::shell(operation.env.as_str()), place::confirmed(&operation.env));
            Some(format!(
                "flightdeck switch --environment {env} {confirm} goes on; --call-off destroys the new machines"
            ))
        }
        StepState::Waiting(Wait::Approval { run, env, mine: true }) => {
            let (env, confirm) = (names::shell(env.as_str()), place::confirmed(env));
            Some(format!("flightdeck approve {run} --environment {env} {confirm} opens it; reject ends the run"))
        }
        StepState::Waiting(Wait::Approval { run, env, mine: false }) => {
            Some(format!("you may not answer it; a reviewer of {env} does: flightdeck approvals shows run {run}"))
        }
        _ => None,
    }
}

/// Prints the steps that stand differently now.
pub(super) fn tell_changes(operation: &Operation, told: &mut Vec<StepReport>, json: bool) -> Result<(), UserError> {
    let mut text = String::new();
    for (index, step) in operation.steps.iter().enumerate() {
        let before = told.get(index);
        if before.is_none_or(|before| before.state != step.state) && step.started_at.is_some() {
            if json {
                let name = format!("{}{STEP}", operation.kind.answers_as());
                text.push_str(&answers::line(&name, Stepped { index, step }));
            } else {
                let state = step.state.word();
                text.push_str(&format!("{state:<8} {} · {}  {}\n", step.service.name, step.title, step.detail));
                if let Some(answer) = answer(operation, &step.state) {
                    text.push_str(&format!("         {answer}\n"));
                }
            }
        }
    }
    told.clone_from(&operation.steps);
    super::print(&text).map(drop)
}

/// Prints the end of an operation; the exit code that it stands for.
pub(super) fn end(operation: &Operation, json: bool) -> Result<ExitCode, UserError> {
    let text = if json {
        answers::line(operation.kind.answers_as(), Ended { operation })
    } else {
        let row = |one: &Observation| {
            format!("{:<12} {} · {}: {}\n", one.found.word(), one.service.name, one.witness, one.words)
        };
        let proof: String = operation.proof.iter().map(row).collect();
        // What ended half-way is said with how to go on.
        let name = cut_short::name(operation.id);
        let undo = cut_short::undone(operation).map(|_| format!(" or undo {name}")).unwrap_or_default();
        let next = operation.open_question().then(|| {
            format!("to go on: flightdeck status tells what runs now; flightdeck finish {name}{undo} shows what would be done\n")
        });
        format!("{proof}{}\n{}", operation.outcome, next.unwrap_or_default())
    };
    super::print(&text)?;
    Ok(match operation.state {
        OpState::Done => ExitCode::Done,
        OpState::Refused => ExitCode::Refused,
        OpState::Unknown => ExitCode::Inconclusive,
        _ => ExitCode::Failed,
    })
}
