//! A promotion straight on the platforms, where no workflow deploys the environment: the image that staging runs goes to
//! the machines, and the build of its commit takes over the domains.

mod judged;
pub(super) mod shipment;
pub(super) mod workflow;

use futures_util::future::BoxFuture;

use super::pipeline;
use super::rollback;
use super::steps::host;
use super::steps::releases::Onward;
use crate::clock::Timestamp;
use crate::config::Settings;
use crate::domain::confirmation::Level;
use crate::domain::environment::{EnvInfo, ServiceInfo};
use crate::domain::ids::Sha;
use crate::domain::operation::{Plan, Request};
use crate::domain::spread::Spread;
use crate::engine::feeds::Clients;
use crate::engine::operations::past::Past;
use crate::engine::operations::{Ask, Plans};
use crate::sanitize::Text;

/// What is asked for.
pub(in crate::engine) struct Planner;

impl Plans for Planner {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(async move {
            match ask.settings.workflows.iter().find(|workflow| workflow.env == ask.env.id) {
                Some(found) => workflow::plan(ask, found).await,
                None => plan(ask.clients, ask.settings, ask.env, ask.past, ask.now).await,
            }
        })
    }

    fn fell_short(&self, spread: Spread) -> &'static str {
        match spread {
            Spread::All => "is there and did not end well",
            _ => "did not end well",
        }
    }
}

/// Computes the plan, or says why there can be none.
pub(in crate::engine) async fn plan(
    clients: &Clients,
    settings: &Settings,
    env: &EnvInfo,
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let (staging, commit) = candidate(clients, settings, env, past).await?;
    let (mut parts, mut warnings, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
    let mut level = Level::Moderate;
    for info in in_order(env) {
        let host = host(clients, info.platform);
        let releases = host.releases().ok_or_else(|| {
            Text::from(format!("{} cannot be promoted: {} is not configured", info.id, info.platform.name()))
        })?;
        let onward = Onward { from: (staging, twin(staging, info)?), to: (env, info), commit: &commit, past };
        let step = releases.promote(onward).await?;
        parts.extend(step.part);
        warnings.extend(step.warnings);
        // Promoting over a pin is asked as the rollback was that made it.
        level = if step.pinned { Level::Critical } else { level };
    }
    // Of what was cut short, that everything has arrived is still to be seen.
    if parts.is_empty() && past.earlier.is_none() {
        let text = format!("nothing would move: machines and domains of {} are at {}", env.id, commit.short());
        refusals.push(Text::from(text));
    }
    let live = pipeline::observed(clients, settings, &env.id).await;
    let commits = match (&clients.github, &live) {
        (Some(github), Some(live)) => pipeline::ships(github, live, &commit, &mut warnings).await,
        _ => None,
    };
    let stays = vec![
        Text::from("secrets and variables: each environment keeps its own"),
        Text::from("database schema: migrations are not part of it; no workflow deploys this environment"),
    ];
    let plan = Plan {
        level,
        commits_out: commits,
        stays,
        refusals,
        warnings,
        ..Plan::of(Request::Promote, env.id.clone(), parts, now)
    };
    Ok(rollback::brings(clients, settings, env, &commit, plan).await)
}

/// The environment that another is promoted from, and the one commit that it answers with. An operation that was cut short goes on with
/// the commit that was confirmed, whatever is there now.
pub(in crate::engine) async fn candidate<'a>(
    clients: &Clients,
    settings: &'a Settings,
    to: &EnvInfo,
    past: &Past,
) -> Result<(&'a EnvInfo, Sha), Text> {
    let unsaid = || {
        let text = format!("nothing says from where {} is promoted: set promotes_to = \"{}\" there", to.id, to.id);
        Text::from(text)
    };
    let staging = settings.promotions.source(&to.id).and_then(|from| settings.environment(from)).ok_or_else(unsaid)?;
    if let Some(begun) = past.earlier.as_ref().and_then(|earlier| earlier.commit.clone()) {
        return Ok((staging, begun));
    }
    let candidate = pipeline::observed(clients, settings, &staging.id).await;
    let candidate = candidate.ok_or_else(|| Text::from(format!("{} does not answer with one commit", staging.id)))?;
    Ok((staging, candidate))
}

/// The services that have releases. Backend before frontend: an old page on a new API breaks less than the reverse.
fn in_order(env: &EnvInfo) -> impl Iterator<Item = &ServiceInfo> {
    let releases = |one: &&ServiceInfo| one.platform.has_releases();
    let (first, last): (Vec<_>, Vec<_>) =
        env.services.iter().filter(releases).partition(|one| !one.platform.has_frontends());
    first.into_iter().chain(last)
}

/// The service of staging with the same name.
fn twin<'a>(staging: &'a EnvInfo, info: &ServiceInfo) -> Result<&'a ServiceInfo, Text> {
    let same = staging.services.iter().find(|one| one.id.name == info.id.name && one.platform == info.platform);
    same.ok_or_else(|| Text::from(format!("{} has no {} that could be promoted", staging.id, info.id.name)))
}
