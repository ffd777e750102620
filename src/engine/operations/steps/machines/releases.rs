//! The releases of an app.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Machines, anew, back, onward, others};
use crate::domain::environment::{ServiceInfo, Tier};
use crate::domain::ids::Sha;
use crate::domain::live;
use crate::domain::operation::{Operation, Plan};
use crate::engine::operations::Ask;
use crate::engine::operations::others::told::told;
use crate::engine::operations::rollback::plan::PartFacts;
use crate::engine::operations::steps::releases::{Onward, OnwardStep, Releases, Way};
use crate::platform::capabilities::Asked;
use crate::sanitize::Text;

impl Releases for Machines<'_> {
    fn live<'a>(&'a self, service: &'a ServiceInfo, _: Tier) -> Asked<'a, (Text, Option<Sha>)> {
        let read = async move {
            let declared = self.fly.declared(&service.resource).await?;
            Ok(match live::fleet(&declared.instances) {
                Some((words, _)) => (Text::from(words), None),
                None => (declared.label, declared.sha),
            })
        };
        read.boxed()
    }

    fn back<'a>(&'a self, service: &'a ServiceInfo, _: Tier, way: Way<'a>) -> Asked<'a, Option<PartFacts>> {
        back::part(self.fly, service, way).boxed()
    }

    fn promote<'a>(&'a self, way: Onward<'a>) -> BoxFuture<'a, Result<OnwardStep, Text>> {
        onward::step(self.fly, way).boxed()
    }

    fn set_since(&self, name: &str, label: &Text) -> String {
        format!("{name}: secrets set since {label} keep their new values")
    }

    fn configurations<'a>(&'a self, service: &'a ServiceInfo) -> Asked<'a, Vec<(Text, Value)>> {
        let read = async move {
            let all = self.fly.definitions(&service.resource).await?;
            Ok(all.into_iter().map(|(version, of)| (Text::from(format!("v{version}")), of)).collect())
        };
        read.boxed()
    }

    fn under_way<'a>(
        &'a self,
        service: &'a ServiceInfo,
        _: Tier,
        earlier: Option<&'a Operation>,
    ) -> Asked<'a, Option<String>> {
        let read = async move {
            let listed = self.fly.deployments(&service.resource, &service.id, Duration::ZERO).await?;
            Ok(others::rolling(&listed, earlier, self.fly.ahead()).map(told))
        };
        read.boxed()
    }

    fn moved_since<'a>(
        &'a self,
        service: &'a ServiceInfo,
        _: Tier,
        earlier: &'a Operation,
    ) -> Asked<'a, Option<String>> {
        let read = async move {
            let listed = self.fly.deployments(&service.resource, &service.id, Duration::ZERO).await?;
            Ok(others::later(earlier, &listed, self.fly.ahead()).map(told))
        };
        read.boxed()
    }

    fn anew<'a>(&'a self, ask: Ask<'a>, service: &'a ServiceInfo) -> BoxFuture<'a, Result<Plan, Text>> {
        anew::plan(self.fly, ask, service).boxed()
    }
}
