//! How the domains of a frontend go on to a commit.

use super::build::build;
use crate::domain::environment::{Platform, Pointed, ServiceInfo, Status};
use crate::domain::ids::{DeploymentId, Sha};
use crate::domain::names;
use crate::domain::operation::{Act, PlanPart, StepKind};
use crate::domain::release::Presence;
use crate::domain::spread::Live;
use crate::engine::feeds::vercel_target;
use crate::engine::operations::past::told;
use crate::engine::operations::steps::domains;
use crate::engine::operations::steps::releases::{Onward, OnwardStep};
use crate::platform::vercel::{Vercel, VercelDeployment, VercelProject};
use crate::sanitize::Text;

/// A production build of the commit that is ready takes over the domains; without one, staging's is built anew for production.
pub(super) async fn step(
    vercel: &Vercel,
    Onward { from: (staging, twin), to: (env, info), commit, past }: Onward<'_>,
) -> Result<OnwardStep, Text> {
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
        return Ok(OnwardStep { part, warnings: warning.into_iter().collect(), pinned });
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
    Ok(OnwardStep { part: Some(part), warnings: vec![warning], pinned })
}

/// A frontend whose pointer is at the commit: its domains that are elsewhere are pointed there, one by one.
async fn there(
    vercel: &Vercel,
    info: &ServiceInfo,
    (project, target): (&VercelProject, &str),
    (live, commit): (&VercelDeployment, &Sha),
) -> Result<OnwardStep, Text> {
    let all = &vercel.pointers(project, target).await.map_err(told)?;
    let at = |one: &Pointed| one.deployment.as_str() == live.id || one.sha.as_ref().is_some_and(|sha| sha.same(commit));
    let apart = domains::apart(all, at);
    let pointer = DeploymentId::from(live.id.as_str());
    let stood = Live { deployment: &pointer, sha: live.sha.as_ref() };
    if apart.is_empty() {
        return match domains::unread(all) {
            Some(why) => Err(Text::from(format!("{}: {why}", info.id))),
            None => {
                Ok(OnwardStep { part: None, warnings: domains::told(&info.id.name, all, stood, false), pinned: false })
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
    Ok(OnwardStep { part: Some(part), warnings, pinned: false })
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
