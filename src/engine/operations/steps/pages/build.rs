//! A build of a commit that is asked for.

use crate::domain::environment::{Platform, ServiceInfo};
use crate::domain::ids::DeploymentId;
use crate::domain::names;
use crate::domain::operation::{Act, Operation, PlanPart, StepKind};
use crate::domain::release::Presence;
use crate::engine::operations::past::{Past, not_before, told};
use crate::platform::vercel::{Vercel, VercelDeployment, VercelProject};
use crate::sanitize::Text;

/// A build of a deployment's commit for an environment, or the one that an operation cut short has asked for.
pub(in crate::engine) async fn build(
    vercel: &Vercel,
    (info, project): (&ServiceInfo, &VercelProject),
    environment: &str,
    (source, action): (&VercelDeployment, &str),
    past: &Past,
) -> Result<(PlanPart, Text), Text> {
    let production = environment == "production";
    let assigned = !production || project.auto_assign;
    let asked = match &past.earlier {
        Some(earlier) => asked(vercel, project, environment, (source, earlier)).await?,
        None => None,
    };
    let first = match &asked {
        Some(id) => format!("follow {id}, which was asked for already"),
        None => {
            format!("rebuild {} for {environment}", source.sha.as_ref().map_or(source.id.as_str(), |sha| sha.short()))
        }
    };
    let last = if assigned { "see it ready, with every domain" } else { "see it ready; it stays staged" };
    let live = project.production.as_ref().filter(|_| production);
    let warning = if assigned {
        "its variables are those of now, and it goes live by itself when it is ready".to_owned()
    } else {
        let unpins = names::command("unpin", &info.id);
        format!("it is PINNED: the new build stays staged, and the edge will not show it; {unpins} unpins first")
    };
    let part = PlanPart {
        service: info.id.clone(),
        platform: Platform::Vercel,
        resource: Text::from(&*info.resource),
        from: (Text::from(source.id.as_str()), source.sha.clone()),
        from_id: None,
        to: (Text::from("a new build"), source.sha.clone().filter(|_| assigned)),
        to_id: DeploymentId::from(source.id.as_str()),
        act: Act::VercelBuild { target: Text::from(environment), action: Text::from(action), assigned, asked },
        revisions: live.map(|one| (Text::from("production"), Text::from(one.id.as_str()))).into_iter().collect(),
        presence: Presence::Unknown,
        steps: vec![StepKind::AskBuild.step(first), StepKind::FollowBuild.step(last)],
    };
    Ok((part, Text::from(warning)))
}

/// The build of an operation cut short: it said which, or it is of the commit and younger than the operation.
async fn asked(
    vercel: &Vercel,
    project: &VercelProject,
    environment: &str,
    (source, earlier): (&VercelDeployment, &Operation),
) -> Result<Option<Text>, Text> {
    if let Some(id) = &earlier.follows {
        return Ok(Some(id.clone()));
    }
    let list = vercel.deployments(&project.id, Some(environment), 20).await.map_err(told)?;
    let younger = |one: &&VercelDeployment| {
        one.created_at.is_some_and(|at| not_before(at, vercel.ahead(), earlier.started_at)) && one.sha == source.sha
    };
    Ok(list.iter().find(younger).map(|one| Text::from(one.id.as_str())))
}
