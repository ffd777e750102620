//! The deployments of a project.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Pages, anew, back, onward, others};
use crate::domain::environment::{ServiceInfo, Tier};
use crate::domain::ids::{DeploymentId, Sha};
use crate::domain::operation::{Operation, Plan};
use crate::domain::spread;
use crate::engine::feeds::vercel_target;
use crate::engine::operations::Ask;
use crate::engine::operations::past::absent;
use crate::engine::operations::rollback::plan::PartFacts;
use crate::engine::operations::steps::releases::{Onward, OnwardStep, Releases, Way};
use crate::platform::capabilities::Asked;
use crate::sanitize::Text;

impl Releases for Pages<'_> {
    fn live<'a>(&'a self, service: &'a ServiceInfo, tier: Tier) -> Asked<'a, (Text, Option<Sha>)> {
        let read = async move {
            let project = self.vercel.project(&service.resource).await?;
            let target = vercel_target(&service.id.env, tier);
            let live = self.vercel.live(&project, &target).await?;
            let live = live.ok_or_else(|| absent(service, "nothing is live there"))?;
            let all = self.vercel.pointers(&project, &target).await?;
            // Domains at several places are never told as one.
            let pointer = DeploymentId::from(live.id.as_str());
            match spread::judged(spread::Live { deployment: &pointer, sha: live.sha.as_ref() }, &all) {
                Some((_, words)) => Ok((Text::from(words), None)),
                None => Ok((Text::from(live.id.as_str()), live.sha)),
            }
        };
        read.boxed()
    }

    fn back<'a>(&'a self, service: &'a ServiceInfo, tier: Tier, way: Way<'a>) -> Asked<'a, Option<PartFacts>> {
        back::part(self.vercel, service, tier, way).boxed()
    }

    fn promote<'a>(&'a self, way: Onward<'a>) -> BoxFuture<'a, Result<OnwardStep, Text>> {
        onward::step(self.vercel, way).boxed()
    }

    fn set_since(&self, name: &str, label: &Text) -> String {
        format!("{name}: variables set since {label} was built are not in it")
    }

    fn under_way<'a>(
        &'a self,
        service: &'a ServiceInfo,
        tier: Tier,
        earlier: Option<&'a Operation>,
    ) -> Asked<'a, Option<String>> {
        others::building(self.vercel, tier, service, earlier).boxed()
    }

    fn moved_since<'a>(
        &'a self,
        service: &'a ServiceInfo,
        tier: Tier,
        earlier: &'a Operation,
    ) -> Asked<'a, Option<String>> {
        others::repointed(self.vercel, tier, service, earlier).boxed()
    }

    fn anew<'a>(&'a self, ask: Ask<'a>, service: &'a ServiceInfo) -> BoxFuture<'a, Result<Plan, Text>> {
        anew::plan(self.vercel, ask, service).boxed()
    }
}
