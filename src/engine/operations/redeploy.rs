//! Plans of deploying a commit anew: with the secrets and variables of now, which a rollback leaves out.

use futures_util::future::BoxFuture;

use super::others::told::replaced;
use super::steps::machines::anew::machines;
use super::steps::pages::build::build;
use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform};
use crate::domain::ids::ServiceId;
use crate::domain::operation::{Plan, Request};
use crate::engine::feeds::{Clients, vercel_target};
use crate::engine::operations::past::{Past, told};
use crate::engine::operations::{Ask, Plans};
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
