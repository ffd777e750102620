//! How a frontend goes back.

use crate::domain::environment::{ServiceInfo, Status, Tier};
use crate::domain::ids::DeploymentId;
use crate::domain::operation::{Act, PlanStep, StepKind};
use crate::domain::release::Deployment;
use crate::domain::spread;
use crate::engine::feeds::vercel_target;
use crate::engine::operations::past::absent;
use crate::engine::operations::rollback::aim::Aim;
use crate::engine::operations::rollback::plan::PartFacts;
use crate::engine::operations::steps::domains;
use crate::engine::operations::steps::releases::Way;
use crate::platform::PlatformError;
use crate::platform::vercel::Vercel;
use crate::sanitize::Text;

/// What is read of a project for a rollback; `None` = it has no such deployment.
pub(super) async fn part(
    vercel: &Vercel,
    service: &ServiceInfo,
    tier: Tier,
    Way { aim, strategy, past }: Way<'_>,
) -> Result<Option<PartFacts>, PlatformError> {
    let continuing = past.continues.is_some();
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
    let asked = matches!(stands, Some((Status::Running, _)));
    // One that was left open long ago is not followed: it moves nothing any more.
    let dead = stands.filter(|(status, _)| *status != Status::Running).map(|(_, says)| {
        format!("{}: the job that was asked for before is {says} and is not followed any more", service.id.name)
    });
    let there = live.id == to.id;
    let apart = domains::apart(all, |one| one.deployment.as_str() == to.id);
    // A job takes the pointer and every domain along; where the pointer is there already there is none, and none is needed.
    let one_by_one = tier != Tier::Production || (there && !asked);
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
    let moved: Vec<Text> = apart.iter().filter(|_| one_by_one).map(|one| one.domain.clone()).collect();
    let name = &service.id.name;
    let afterwards = match (moved.is_empty(), tier) {
        (true, _) => Some(format!("{name} is PINNED afterwards: new builds stay staged until a promote")),
        (false, Tier::Production) => None,
        (false, _) => Some(format!("{name}: its next build takes the domains back, because nothing pins them")),
    };
    let afterwards = afterwards.map(Text::from);
    let (act, steps) = steps(&candidate.label, moved, asked);
    Ok(Some(PartFacts {
        strategy: strategy.clone(),
        against: Vec::new(),
        service: service.clone(),
        from,
        from_id,
        declared: live.sha.clone(),
        already: !asked && one_by_one && apart.is_empty(),
        claimed: Some(candidate.id.clone()),
        act,
        steps,
        stays: Text::from(format!(
            "{name}: variables of the project stay as they are now; the build has those it was built with"
        )),
        afterwards,
        presence: candidate.presence,
        to: candidate,
        unread,
        revisions,
    }))
}

/// Domains are pointed one by one: the platform has no rollback of that environment, or its pointer is there already. Else a job moves all
/// of them, which may have been `asked` for before.
fn steps(label: &Text, domains: Vec<Text>, asked: bool) -> (Act, Vec<PlanStep>) {
    if !domains.is_empty() {
        let point =
            |domain: &Text| StepKind::PointDomain.step_of(domain.as_str(), format!("point {domain} at {label}"));
        let steps = domains.iter().map(point).collect();
        return (Act::VercelAliases(domains), steps);
    }
    let steps = if asked {
        let text = "follow the job that was left under way until every domain has moved";
        vec![StepKind::FollowPointer.step(text)]
    } else {
        let ask = StepKind::AskPointer.step(format!("ask for the instant rollback to {label}"));
        vec![ask, StepKind::FollowPointer.step("follow the job until every domain has moved")]
    };
    (Act::VercelRollback { asked }, steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_moves_all_domains_unless_each_is_pointed_by_itself() {
        let label = Text::from("dpl_a");
        let named = |(act, steps): (Act, Vec<PlanStep>)| {
            (act, steps.iter().map(|one| one.title.to_string()).collect::<Vec<_>>())
        };
        let (act, told) = named(steps(&label, Vec::new(), false));
        assert!(matches!(act, Act::VercelRollback { asked: false }));
        assert_eq!(told[0], "ask for the instant rollback to dpl_a");
        let (act, told) = named(steps(&label, Vec::new(), true));
        assert!(matches!(act, Act::VercelRollback { asked: true }) && told.len() == 1, "it was asked for: {told:?}");
        let (act, told) = named(steps(&label, vec![Text::from("maria.app")], false));
        assert!(matches!(act, Act::VercelAliases(domains) if domains.len() == 1));
        assert_eq!(told, ["point maria.app at dpl_a"]);
    }
}
