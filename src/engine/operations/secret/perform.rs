//! A secret gets its value: one call, and a look that the platform lists it as changed.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::domain::operation::{Operation, PlanPart, Request, StepKind};
use crate::engine::operations::operator::{LOOK, Operator, Trouble, no_client};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::step_at::PartSteps;
use crate::engine::operations::steps;
use crate::engine::operations::steps::secrets::{At, Secrets, Setting, revision, seen};
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use crate::sanitize::Text;

/// How long a list may lag behind a change.
const LAG: Duration = Duration::from_secs(10);

/// A secret that gets the value of the request.
pub(in crate::engine) struct Work<'a> {
    pub(in crate::engine) key: &'a Text,
    pub(in crate::engine) place: &'a Text,
}

impl<'a> Work<'a> {
    fn at(&self, part: &'a PlanPart) -> At<'a> {
        At { resource: part.resource.as_str(), environment: self.place.as_str(), key: self.key.as_str() }
    }
}

impl Performs for Work<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move { on.operator.set_secret(on.part, self.at(on.part), on.op, on.steps).await })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(operator.secret_now(part, self.at(part)))
    }

    // No commit changes by it.
    fn shows(&self, _: &PlanPart) -> bool {
        false
    }
}

impl Operator {
    pub(in crate::engine) async fn set_secret(
        &self,
        part: &PlanPart,
        at: At<'_>,
        op: &mut Operation,
        steps: PartSteps<'_>,
    ) -> Result<(), Trouble> {
        let Request::SetSecret { value, .. } = &self.plan.request else {
            return Err(Trouble::Failed(Text::from("the plan holds no value")));
        };
        let work = async {
            let host = steps::host(&self.clients, part.platform);
            let secrets = host.secrets().ok_or_else(no_client)?;
            secrets.send(Setting { operator: self, part, at, value }).await?;
            self.listed(part, secrets, at).await.map(|told| ((), told))
        };
        self.step(op, steps.at(StepKind::SetSecret), work).await
    }

    /// The secret as it is now, and what stands around it.
    async fn secret_now(&self, part: &PlanPart, at: At<'_>) -> Result<Revisions, PlatformError> {
        let host = steps::host(&self.clients, part.platform);
        let Some(secrets) = host.secrets() else { return Ok(Vec::new()) };
        let seen = seen(secrets, at, &self.plan.env).await?;
        let around = secrets.around(at).await?;
        Ok(std::iter::once(revision(at.key, seen.as_ref())).chain(around.revisions).collect())
    }

    /// Looks until the list shows the change. One that keeps its date may have had this value before: platforms need not count
    /// that as a change.
    async fn listed(&self, part: &PlanPart, secrets: &dyn Secrets, at: At<'_>) -> Result<Text, Trouble> {
        let end = self.clock.mono() + LAG;
        loop {
            let seen = self.look(|| seen(secrets, at, &self.plan.env)).await?;
            let moved = !part.revisions.contains(&revision(at.key, seen.as_ref()));
            match (seen, moved) {
                (Some(_), true) => return Ok(Text::from("listed as changed")),
                (Some(_), false) if self.clock.mono() > end => {
                    return Ok(Text::from("accepted; its date did not change, so it may have had this value already"));
                }
                (None, _) if self.clock.mono() > end => {
                    return Err(Trouble::Unknown(Text::from("it was accepted, and is not listed after 10 s")));
                }
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }
}
