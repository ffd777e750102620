//! How a frontend goes back.

use crate::domain::environment::{ServiceInfo, Status, Tier};
use crate::domain::ids::DeploymentId;
use crate::domain::operation::{Act, PlanStep, StepKind};
use crate::domain::release::Deployment;
use crate::domain::spread;
use crate::domain::strategy::Strategy;
use crate::engine::feeds::vercel_target;
use crate::engine::operations::blue_green::Left;
use crate::engine::operations::past::absent;
use crate::engine::operations::rollback::aim::Aim;
use crate::engine::operations::rollback::plan::PartFacts;
use crate::engine::operations::steps::domains;
use crate::platform::PlatformError;
use crate::platform::vercel::Vercel;
use crate::sanitize::Text;

pub(in crate::engine) async fn vercel_part(
    vercel: &Vercel,
    service: &ServiceInfo,
    tier: Tier,
    (aim, strategy): (&Aim<'_>, &Strategy),
    continuing: bool,
) -> Result<Option<PartFacts>, PlatformError> {
    let environment = vercel_target(&service.id.env, tier);
    let project = vercel.project(&service.resource).await?;
    let live = vercel.live(&project, &environment).await?;
    let live = live.ok_or_else(|| absent(service, "nothing is live there"))?;
    let mut taken = None;
    let to = match aim {
        Aim::Deployment(id) => id.as_str().to_owned(),
        Aim::Commit(_, Some(earlier)) => earlier.as_str().to_owned(),
        Aim::Commit(sha, None) if live.sha.as_ref().is_some_and(|of| of.same(sha)) => live.id.clone(),
        Aim::Commit(sha, None) => {
            let (target, _) = project.scope(&environment);
            let listed = vercel.deployments_of(&project.id, target, sha).await?;
            let listed: Vec<Deployment> = listed.iter().map(|one| one.deployment(&service.id, false)).collect();
            let Some(found) = aim.find(&listed) else { return Ok(None) };
            taken = aim.why(&listed, found);
            found.id.as_str().to_owned()
        }
    };
    let to = vercel.deployment(&to).await?;
    let all = &vercel.pointers(&project, &environment).await?;
    if tier != Tier::Production && all.is_empty() {
        return Err(absent(service, "it has no domain of its own that could be pointed elsewhere"));
    }
    let candidate = to.deployment(&service.id, false);
    let job = project.last_alias_request.as_ref();
    let job = job.filter(|job| continuing && job.to == to.id && job.kind.as_str() == "rollback" && job.in_motion());
    let stands = job.map(|job| vercel.stands(job));
    let left = match &stands {
        Some((Status::Running, _)) => Left::Job,
        _ => Left::Nothing,
    };
    // One that was left open long ago is not followed: it moves nothing any more.
    let dead = stands.filter(|(status, _)| *status != Status::Running).map(|(_, says)| {
        format!("{}: the job that was asked for before is {says} and is not followed any more", service.id.name)
    });
    let there = live.id == to.id;
    let apart = domains::apart(all, |one| one.deployment.as_str() == to.id);
    // A job takes the pointer and every domain along; where the pointer is there already there is none, and none is needed.
    let one_by_one = tier != Tier::Production || (there && left == Left::Nothing);
    let (pointer, sha) = (DeploymentId::from(live.id.as_str()), live.sha.as_ref());
    let stood = spread::Live { deployment: &pointer, sha };
    let mut unread = domains::told(&service.id.name, all, stood, there && one_by_one);
    if tier == Tier::Production && project.paused {
        let told = format!("{} is paused: visitors get 503 until it is resumed, wherever it goes", service.id.name);
        unread.push(Text::from(told));
    }
    unread.extend(taken.map(|why| Text::from(format!("{}: {why}", service.id.name))));
    unread.extend(dead.map(Text::from));
    if one_by_one
        && apart.is_empty()
        && let Some(why) = domains::unread(all)
    {
        return Err(absent(service, &why));
    }
    let pointer = (Text::from(live.id.as_str()), live.sha.clone());
    let (from, from_id, revisions) = if one_by_one && !apart.is_empty() {
        // Only where all of them were at one deployment, there is a way back for all of them.
        let from_id = apart.first().filter(|_| apart.len() == all.len() && spread::settled(all));
        let from_id = from_id.filter(|_| tier != Tier::Production).map(|one| one.deployment.clone());
        (domains::from(&apart), from_id, domains::revisions(&apart))
    } else {
        let revision = (Text::from("production"), Text::from(live.id.as_str()));
        (pointer, Some(live.id.as_str().into()), vec![revision])
    };
    Ok(Some(PartFacts {
        strategy: strategy.clone(),
        greens: None,
        against: Vec::new(),
        service: service.clone(),
        from,
        from_id,
        declared: live.sha.clone(),
        already: left == Left::Nothing && one_by_one && apart.is_empty(),
        domains: apart.iter().filter(|_| one_by_one).map(|one| one.domain.clone()).collect(),
        left,
        presence: candidate.presence,
        to: candidate,
        machines: Vec::new(),
        unread,
        revisions,
    }))
}

pub(in crate::engine) fn domains(facts: &PartFacts) -> (Act, Vec<PlanStep>) {
    let follow = || StepKind::FollowPointer.step("follow the job until every domain has moved");
    if !facts.domains.is_empty() {
        let point = |domain: &Text| StepKind::PointDomain.step(format!("point {domain} at {}", facts.to.label));
        return (Act::VercelAliases(facts.domains.clone()), facts.domains.iter().map(point).collect());
    }
    if facts.left == Left::Job {
        let text = "follow the job that was left under way until every domain has moved";
        let steps = vec![StepKind::FollowPointer.step(text)];
        return (Act::VercelRollback { asked: true }, steps);
    }
    let ask = StepKind::AskPointer.step(format!("ask for the instant rollback to {}", facts.to.label));
    (Act::VercelRollback { asked: false }, vec![ask, follow()])
}
