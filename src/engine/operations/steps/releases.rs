//! What operations ask of a platform whose services have releases.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::Value;

use crate::domain::environment::{EnvInfo, ServiceInfo, Tier};
use crate::domain::ids::Sha;
use crate::domain::operation::{Operation, Plan, PlanPart};
use crate::domain::strategy::Strategy;
use crate::engine::operations::Ask;
use crate::engine::operations::past::Past;
use crate::engine::operations::rollback::aim::Aim;
use crate::engine::operations::rollback::plan::PartFacts;
use crate::platform::capabilities::Asked;
use crate::sanitize::Text;

/// The way back that a service is to take: which deployment it goes to and how its machines are moved, and what the store knows.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Way<'a> {
    pub(in crate::engine) aim: &'a Aim<'a>,
    pub(in crate::engine) strategy: &'a Strategy,
    pub(in crate::engine) past: &'a Past,
}

/// The way on that a service is to take: to a commit that another environment runs. Each side with its environment.
#[derive(Clone, Copy)]
pub(in crate::engine::operations) struct Onward<'a> {
    pub(in crate::engine::operations) from: (&'a EnvInfo, &'a ServiceInfo),
    pub(in crate::engine::operations) to: (&'a EnvInfo, &'a ServiceInfo),
    pub(in crate::engine::operations) commit: &'a Sha,
    pub(in crate::engine::operations) past: &'a Past,
}

/// What a promotion does to a service.
#[derive(Default)]
pub(in crate::engine::operations) struct OnwardStep {
    /// `None` = it is where it was to go.
    pub(in crate::engine::operations) part: Option<PlanPart>,
    pub(in crate::engine::operations) warnings: Vec<Text>,
    /// Whether it is pinned to what runs now.
    pub(in crate::engine::operations) pinned: bool,
}

/// Releases that can be gone back to and deployed anew.
pub(in crate::engine::operations) trait Releases: Send + Sync {
    /// What is live of a service: label and commit. Instances of two commits are named as two.
    fn live<'a>(&'a self, service: &'a ServiceInfo, tier: Tier) -> Asked<'a, (Text, Option<Sha>)>;

    /// What a rollback reads of a service, with the calls and steps that it takes; `None` = it has no such deployment.
    fn back<'a>(&'a self, service: &'a ServiceInfo, tier: Tier, way: Way<'a>) -> Asked<'a, Option<PartFacts>>;

    /// What a promotion reads of a service, with the calls and steps that it takes.
    fn promote<'a>(&'a self, onward: Onward<'a>) -> BoxFuture<'a, Result<OnwardStep, Text>>;

    /// What is said of secrets that were set since the release of this label was made: they do not go back.
    fn set_since(&self, name: &str, label: &Text) -> String;

    /// The configurations that its releases were made with, by their labels, where they are told.
    fn configurations<'a>(&'a self, _: &'a ServiceInfo) -> Asked<'a, Vec<(Text, Value)>> {
        ready(Ok(Vec::new())).boxed()
    }

    /// The deploy that is under way and not the operation's own that is gone on with, in words.
    fn under_way<'a>(
        &'a self,
        service: &'a ServiceInfo,
        tier: Tier,
        earlier: Option<&'a Operation>,
    ) -> Asked<'a, Option<String>>;

    /// What somebody else has made live since an operation began, in words.
    fn moved_since<'a>(
        &'a self,
        service: &'a ServiceInfo,
        tier: Tier,
        earlier: &'a Operation,
    ) -> Asked<'a, Option<String>>;

    /// The plan of deploying its commit anew.
    fn anew<'a>(&'a self, _: Ask<'a>, service: &'a ServiceInfo) -> BoxFuture<'a, Result<Plan, Text>> {
        ready(Err(Text::from(format!("{} cannot be deployed anew from here", service.id)))).boxed()
    }
}
