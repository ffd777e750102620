//! Plans of deploying a commit anew: with the secrets and variables of now, which a rollback leaves out.

use futures_util::future::BoxFuture;

use super::steps;
use crate::domain::ids::ServiceId;
use crate::domain::operation::Plan;
use crate::engine::operations::{Ask, Plans};
use crate::sanitize::Text;

/// What is asked for.
pub(in crate::engine) struct Planner<'a> {
    pub(in crate::engine) service: &'a ServiceId,
}

impl Plans for Planner<'_> {
    fn plan<'a>(&'a self, ask: Ask<'a>) -> BoxFuture<'a, Result<Plan, Text>> {
        Box::pin(plan(ask, self.service))
    }
}

/// Computes the plan, or says why there can be none.
async fn plan(ask: Ask<'_>, service: &ServiceId) -> Result<Plan, Text> {
    let none = || Text::from(format!("{service} has no machines that could be deployed anew"));
    let info = ask.env.services.iter().find(|one| one.id == *service).ok_or_else(none)?;
    let host = steps::host(ask.clients, info.platform);
    host.releases().ok_or_else(none)?.anew(ask, info).await
}
