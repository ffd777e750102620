//! Plans of deploying a commit anew: with the secrets and variables of now, which a rollback leaves out.

use futures_util::future::BoxFuture;

use super::others::replaced;
use super::steps::fleet::{fleet, fly, label, part, rolled, version};
use crate::domain::environment::Status;
use crate::domain::release::Deployment;
use crate::engine::operations::{Ask, Plans};

use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo};
use crate::domain::ids::{DeploymentId, ServiceId};
use crate::domain::names;
use crate::domain::operation::{Act, Operation, Plan, PlanPart, Request, StepKind};
use crate::domain::release::Presence;
use crate::engine::feeds::{Clients, vercel_target};
use crate::engine::operations::past::{Past, not_before, told};
use crate::platform::fly::Machine;
use crate::platform::vercel::{Vercel, VercelDeployment, VercelProject};
use crate::sanitize::Text;

/// What is asked for.
pub(in crate::engine) struct Planner<'a> {
    pub(in crate::engine) service: &'a ServiceId,
}

impl Plans for Planner<'_> {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(plan(ask.clients, ask.env, self.service, ask.past, ask.now))
    }
}

/// Computes the plan, or says why there can be none.
pub(in crate::engine) async fn plan(
    clients: &Clients,
    env: &EnvInfo,
    service: &ServiceId,
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let info = env.services.iter().find(|one| one.id == *service);
    match (info, &clients.vercel) {
        (Some(info), Some(vercel)) if info.platform == Platform::Vercel => {
            let environment = vercel_target(&info.id.env, env.tier);
            let project = vercel.project(&info.resource).await.map_err(told)?;
            let live = vercel.live(&project, &environment).await.map_err(told)?;
            let live =
                live.ok_or_else(|| Text::from(format!("{service} serves no deployment that could be rebuilt")))?;
            let job = project.last_alias_request.as_ref().filter(|job| job.to == live.id);
            let at = job.and_then(|job| job.requested_at).max(live.created_at);
            if let Some(why) = replaced(info, (&live.id, live.sha.as_ref()), at, past.earlier.as_ref()) {
                return Err(why);
            }
            let (part, warning) = build(vercel, (info, &project), &environment, (&live, "redeploy"), past).await?;
            Ok(Plan {
                stays: vec![Text::from("the commit: what was pushed since is not part of it")],
                warnings: vec![warning],
                ..Plan::of(Request::Redeploy(service.clone()), env.id.clone(), vec![part], now)
            })
        }
        _ => machines(clients, env, service, past, now).await,
    }
}

/// A release with the image that runs, so that secrets set since are taken up (docs/platforms/fly.md section 9).
async fn machines(
    clients: &Clients,
    env: &EnvInfo,
    service: &ServiceId,
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let (fly, info) = fly(clients, env, service, "deployed anew")?;
    let all = fleet(fly, info).await?;
    let mut fleet: Vec<_> = all.whole.iter().filter(|machine| !all.held(machine)).cloned().collect();
    // What visitors get is deployed anew.
    let live = all.live().or(fleet.first());
    let (carries, sha) = live.map(label).unwrap_or_default();
    let at = live.and_then(|machine| machine.updated_at);
    if let Some(why) = replaced(info, (carries.as_str(), sha.as_ref()), at, past.earlier.as_ref()) {
        return Err(why);
    }
    let image = live.map(|machine| machine.image.clone()).unwrap_or_default();
    let there = fly.image(&info.resource, image.as_str()).await.map_err(told)?;
    let mut row = None;
    if let Some(earlier) = &past.earlier {
        let listed = fly.deployments(&info.resource, service, std::time::Duration::ZERO).await.map_err(told)?;
        let own = |one: &&Deployment| {
            not_before(one.created_at, fly.ahead(), earlier.started_at) && one.image.as_ref() == Some(&image)
        };
        row = listed.iter().find(own).filter(|one| one.status == Status::Running).and_then(version);
        let newest = listed.iter().find(own).and_then(version).map(|(_, version)| version);
        let newer = |machine: &Machine| newest.is_some() && machine.release_version == newest;
        // Where its row was closed meanwhile another release is recorded, which every machine has to be of.
        if row.is_some() || fleet.iter().all(newer) {
            fleet.retain(|machine| !newer(machine));
        }
        if fleet.is_empty() && row.is_none() {
            if let Some(part) = all.part() {
                let text = format!("{service}: every machine that can be read is of the new release already: {part}");
                return Err(Text::from(text));
            }
            // Nothing is sent any more: the edge is asked, and the end written down.
            let part = part(info, &all, Act::FlyRestart { machines: Vec::new() }, Vec::new());
            let stays = vec![Text::from("every machine is of the new release already: only the edge is asked")];
            let request = Request::Redeploy(service.clone());
            return Ok(Plan { stays, ..Plan::of(request, env.id.clone(), vec![part], now) });
        }
    }
    // The image is the same, the release is another one, whose number the platform gives.
    let label =
        row.as_ref().map_or_else(|| Text::from("new release"), |(_, version)| Text::from(format!("v{version}")));
    let mut part = rolled(info, &all, &fleet, (image, row), ("the image that runs", true));
    part.to.0 = label;
    part.presence = if there.is_some() { Presence::There } else { Presence::Gone };
    let gone =
        there.is_none().then(|| Text::from(format!("{}: the image that runs is gone from the registry", info.id)));
    Ok(Plan {
        stays: vec![Text::from("image and machine settings")],
        refusals: gone.into_iter().collect(),
        warnings: all
            .warnings(&info.id.name)
            .into_iter()
            .chain(all.out_of_the_proxy(&info.id.name))
            .chain([Text::from("secrets that were set since the last release take effect on every machine")])
            .collect(),
        ..Plan::of(Request::Redeploy(service.clone()), env.id.clone(), vec![part], now)
    })
}

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
