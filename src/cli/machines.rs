//! How machines are moved, how many there are, and the word that a held operation waits for, without a screen.

use super::answers::{self, Switched};
use super::operation::{self, Confirmation, ServiceArgs};
use super::{Output, place};
use crate::app::operations::follow;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::ids::ServiceId;
use crate::domain::operation::Request;
use crate::domain::strategy::{AtOnce, Strategy, StrategyKind};
use crate::error::{ExitCode, UserError};
use crate::sanitize::Text;
use crate::store::{Store, StoreError};

/// How the machines of a Fly app are moved.
#[derive(Debug, Clone, clap::Args)]
pub struct StrategyArgs {
    /// Machines: `rolling`, `immediate` (all at once, checks afterwards) or `bluegreen` (new ones beside the old ones).
    #[arg(long, default_value = "rolling")]
    pub strategy: StrategyKind,
    /// Machines updated side by side: `2`, `33%`, `0.33`; one by one without it.
    #[arg(long, value_name = "COUNT|SHARE")]
    pub max_unavailable: Option<AtOnce>,
    /// The region whose machines go before all others.
    #[arg(long, value_name = "REGION")]
    pub first_region: Option<String>,
    /// Blue-green: wait for `flightdeck switch` before the new machines take over.
    #[arg(long)]
    pub hold: bool,
}

impl StrategyArgs {
    /// The strategy that was asked for.
    pub(super) fn strategy(&self) -> Strategy {
        Strategy {
            kind: self.strategy,
            at_once: self.max_unavailable.unwrap_or_default(),
            first: self.first_region.as_deref().map(Text::from),
            hold: self.hold,
        }
    }
}

/// How many machines.
#[derive(Debug, Clone, clap::Args)]
pub struct ScaleArgs {
    #[command(flatten)]
    pub service: ServiceArgs,
    /// How many where: `iad=3 fra=1`; regions that are not named keep theirs.
    #[arg(required = true, value_name = "REGION=COUNT", value_parser = count)]
    pub counts: Vec<(Text, u32)>,
}

fn count(text: &str) -> Result<(Text, u32), String> {
    let wrong = || "a region and a count, such as iad=3".to_owned();
    let (region, count) = text.split_once('=').ok_or_else(wrong)?;
    let code = region.len() == 3 && region.bytes().all(|byte| byte.is_ascii_lowercase());
    count.parse().ok().filter(|_| code).map(|count| (Text::from(region), count)).ok_or_else(wrong)
}

pub(super) fn scale(settings: Settings, args: ScaleArgs, output: Output) -> Result<ExitCode, UserError> {
    let counts = args.counts;
    super::block_on(operation::on_service(settings, args.service, |service| Request::Scale(service, counts), output))
}

/// A word to an operation that is held.
#[derive(Debug, Clone, clap::Args)]
pub struct SwitchArgs {
    /// The environment; without it, the one of tier production.
    #[arg(long)]
    pub environment: Option<String>,
    /// Destroy the new machines instead.
    #[arg(long)]
    pub call_off: bool,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

pub(super) async fn switch(settings: Settings, args: SwitchArgs, output: Output) -> Result<ExitCode, UserError> {
    let env = place::environment(&settings, args.environment.as_deref())?;
    args.confirmation.check(&env)?;
    let failed = |error: StoreError| UserError::new(ExitCode::Refused, error.to_string()).now("nothing was changed");
    let store = Store::open(settings.keep(), SystemClock::shared()).await.map_err(failed)?;
    let all = store.operations(20).await.map_err(failed)?;
    let held = all.into_iter().rfind(|one| one.env == env && follow::held(one));
    let held = held.ok_or_else(|| {
        UserError::new(ExitCode::Refused, format!("nothing is held in {env}")).now("nothing was changed")
    })?;
    let info = settings.environment(&env);
    if let Some(why) = info.and_then(crate::domain::environment::EnvInfo::read_only) {
        return Err(UserError::new(ExitCode::Refused, why.to_string()).now("nothing was changed"));
    }
    let what = if args.call_off { "destroys its new machines" } else { "switches over to its new machines" };
    let done = args.confirmation.confirm.is_some();
    if done {
        store.answer(held.id, !args.call_off, &settings.who).await.map_err(failed)?;
    }
    let text = if output.json {
        answers::line("switch", Switched { operation: held.id, environment: &env, go: !args.call_off, done })
    } else if done {
        format!("told {}: it {what}\n", held.title)
    } else {
        format!("{}\n{what}; {} does it\n", held.title, place::confirmed(&env))
    };
    super::print(&text)?;
    Ok(ExitCode::Done)
}

/// The strategy that goes with a service: only machines have one.
pub(super) fn target(
    service: &ServiceId,
    deployment: &crate::domain::release::Deployment,
    strategy: &Strategy,
) -> crate::domain::operation::Target {
    let strategy = if deployment.image.is_some() { strategy.clone() } else { Strategy::default() };
    crate::domain::operation::Target { service: service.clone(), deployment: deployment.id.clone(), strategy }
}
