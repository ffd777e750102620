//! A promotion straight on the platforms, where no workflow deploys the environment: the image that staging runs goes to
//! the machines, and the build of its commit takes over the domains.

mod judged;
mod machines;
pub(super) mod shipment;
pub(super) mod workflow;

use futures_util::future::BoxFuture;

use super::pipeline;
use super::rollback;
use super::steps::domains;
use super::steps::pages::build::build;
use crate::clock::Timestamp;
use crate::config::Settings;
use crate::domain::confirmation::Level;
use crate::domain::environment::{EnvInfo, Platform, Pointed, ServiceInfo, Status};
use crate::domain::ids::{DeploymentId, Sha};
use crate::domain::names;
use crate::domain::operation::{Act, Plan, PlanPart, Request, StepKind};
use crate::domain::release::Presence;
use crate::domain::spread::{Live, Spread};
use crate::engine::feeds::{Clients, vercel_target};
use crate::engine::operations::past::{Past, told};
use crate::engine::operations::{Ask, Plans};
use crate::platform::vercel::{Vercel, VercelDeployment, VercelProject};
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
    // Backend before frontend: an old page on a new API breaks less than the reverse.
    for info in env.services.iter().filter(|one| one.platform.has_machines()) {
        let twin = twin(staging, info)?;
        if let Some((part, unread)) = machines::take(clients, info, twin, &commit, past).await? {
            parts.push(part);
            warnings.extend(unread);
        }
    }
    for info in env.services.iter().filter(|one| one.platform.has_frontends()) {
        let Some(vercel) = &clients.vercel else { continue };
        let twin = twin(staging, info)?;
        let found = frontend(vercel, (env, info), (staging, twin), &commit, past).await?;
        parts.extend(found.part);
        warnings.extend(found.warnings);
        // Promoting over a pin is asked as the rollback was that made it.
        level = if found.pinned { Level::Critical } else { level };
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

/// The service of staging with the same name.
fn twin<'a>(staging: &'a EnvInfo, info: &ServiceInfo) -> Result<&'a ServiceInfo, Text> {
    let same = staging.services.iter().find(|one| one.id.name == info.id.name && one.platform == info.platform);
    same.ok_or_else(|| Text::from(format!("{} has no {} that could be promoted", staging.id, info.id.name)))
}

/// What a promotion does to a frontend.
struct Frontend {
    /// `None` = it is where it was to go.
    part: Option<PlanPart>,
    warnings: Vec<Text>,
    pinned: bool,
}

/// A production build of the commit that is ready takes over the domains; without one, staging's is built anew for production.
async fn frontend(
    vercel: &Vercel,
    (env, info): (&EnvInfo, &ServiceInfo),
    (staging, twin): (&EnvInfo, &ServiceInfo),
    commit: &Sha,
    past: &Past,
) -> Result<Frontend, Text> {
    let target = vercel_target(&info.id.env, env.tier);
    let project = vercel.project(&info.resource).await.map_err(told)?;
    let live = vercel.live(&project, &target).await.map_err(told)?;
    let job = project.last_alias_request.as_ref().filter(|job| job.in_motion() && job.kind.as_str() == "promote");
    // One that was left open long ago moves nothing any more: it is not followed.
    let job = job.filter(|job| vercel.stands(job).0 == Status::Running);
    let asked = job.filter(|_| past.earlier.is_some());
    let of = |one: &VercelDeployment| one.sha.as_ref().is_some_and(|sha| sha.same(commit));
    if let Some(live) = live.as_ref().filter(|live| of(live) && asked.is_none()) {
        return there(vercel, info, (&project, &target), (live, commit)).await;
    }
    // There, a promotion only begins a rolling release, whose stages have levers of their own.
    if project.rolls && *target == *"production" {
        let start = names::command("rolling start", &info.id);
        let text =
            format!("{} has rolling releases: begin one with its staged build: {start} --deployment dpl_…", info.id);
        return Err(Text::from(text));
    }
    let pinned = !project.auto_assign && *target == *"production";
    let listed = vercel.deployments(&project.id, Some(&target), 50).await.map_err(told)?;
    let ready = |one: &&VercelDeployment| of(one) && one.state.as_str() == "READY";
    if *target == *"production"
        && let Some(built) = listed.iter().find(ready)
    {
        let warning = pinned.then(|| {
            Text::from(format!(
                "{}: this turns automatic domains on again, as every promotion on Vercel does",
                info.id.name
            ))
        });
        let asked = asked.is_some_and(|job| job.to == built.id);
        let part = Some(pointed(info, live.as_ref(), built, asked));
        return Ok(Frontend { part, warnings: warning.into_iter().collect(), pinned });
    }
    let twins = vercel.project(&twin.resource).await.map_err(told)?;
    let there = vercel_target(&twin.id.env, staging.tier);
    let mut source = vercel.live(&twins, &there).await.map_err(told)?.filter(of);
    // Staging may have gone on while the operation was cut short.
    if source.is_none() && past.earlier.is_some() {
        let of_it = vercel.deployments_of(&twins.id, twins.scope(&there).0, commit).await.map_err(told)?;
        source = of_it.into_iter().find(|one| ready(&one));
    }
    let source = source.ok_or_else(|| Text::from(format!("{} has no build of {}", twin.id, commit.short())))?;
    let (part, warning) = build(vercel, (info, &project), &target, (&source, "promote"), past).await?;
    Ok(Frontend { part: Some(part), warnings: vec![warning], pinned })
}

/// A frontend whose pointer is at the commit: its domains that are elsewhere are pointed there, one by one.
async fn there(
    vercel: &Vercel,
    info: &ServiceInfo,
    (project, target): (&VercelProject, &str),
    (live, commit): (&VercelDeployment, &Sha),
) -> Result<Frontend, Text> {
    let all = &vercel.pointers(project, target).await.map_err(told)?;
    let at = |one: &Pointed| one.deployment.as_str() == live.id || one.sha.as_ref().is_some_and(|sha| sha.same(commit));
    let apart = domains::apart(all, at);
    let pointer = DeploymentId::from(live.id.as_str());
    let stood = Live { deployment: &pointer, sha: live.sha.as_ref() };
    if apart.is_empty() {
        return match domains::unread(all) {
            Some(why) => Err(Text::from(format!("{}: {why}", info.id))),
            None => {
                Ok(Frontend { part: None, warnings: domains::told(&info.id.name, all, stood, false), pinned: false })
            }
        };
    }
    let point = |one: &&Pointed| {
        let title = format!("point {} at {}", one.domain, live.id);
        StepKind::PointDomain.step_of(one.domain.as_str(), title)
    };
    let part = PlanPart {
        service: info.id.clone(),
        platform: Platform::Vercel,
        resource: Text::from(&*info.resource),
        from: domains::from(&apart),
        from_id: None,
        to: (Text::from(live.id.as_str()), live.sha.clone()),
        to_id: DeploymentId::from(live.id.as_str()),
        act: Act::VercelAliases(apart.iter().map(|one| one.domain.clone()).collect()),
        revisions: domains::revisions(&apart),
        presence: Presence::There,
        steps: apart.iter().map(point).collect(),
    };
    let warnings = domains::told(&info.id.name, all, stood, true);
    Ok(Frontend { part: Some(part), warnings, pinned: false })
}

fn pointed(info: &ServiceInfo, live: Option<&VercelDeployment>, built: &VercelDeployment, asked: bool) -> PlanPart {
    let ask =
        (!asked).then(|| StepKind::AskPointer.step(format!("ask for the promotion of {}, which is built", built.id)));
    let follow = StepKind::FollowPointer.step("follow the job until every domain has moved");
    let from = live.map(|live| (Text::from(live.id.as_str()), live.sha.clone()));
    PlanPart {
        service: info.id.clone(),
        platform: Platform::Vercel,
        resource: Text::from(&*info.resource),
        from: from.unwrap_or_default(),
        from_id: live.map(|live| DeploymentId::from(live.id.as_str())),
        to: (Text::from(built.id.as_str()), built.sha.clone()),
        to_id: DeploymentId::from(built.id.as_str()),
        act: Act::VercelPromote { asked },
        revisions: live.map(|live| (Text::from("production"), Text::from(live.id.as_str()))).into_iter().collect(),
        presence: Presence::There,
        steps: ask.into_iter().chain([follow]).collect(),
    }
}
