//! What a frontend serves, built anew with the variables of now.

use super::build::build;
use crate::domain::environment::ServiceInfo;
use crate::domain::operation::{Plan, Request};
use crate::engine::feeds::vercel_target;
use crate::engine::operations::Ask;
use crate::engine::operations::others::told::replaced;
use crate::engine::operations::past::told;
use crate::platform::vercel::Vercel;
use crate::sanitize::Text;

/// Computes the plan, or says why there can be none.
pub(super) async fn plan(vercel: &Vercel, ask: Ask<'_>, info: &ServiceInfo) -> Result<Plan, Text> {
    let Ask { env, past, now, .. } = ask;
    let service = &info.id;
    let environment = vercel_target(&service.env, env.tier);
    let project = vercel.project(&info.resource).await.map_err(told)?;
    let live = vercel.live(&project, &environment).await.map_err(told)?;
    let live = live.ok_or_else(|| Text::from(format!("{service} serves no deployment that could be rebuilt")))?;
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
