//! Answers about how everything stands, and the lists that are read of it.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::domain::environment::{Declared, Observed, Platform, Tier};
use crate::domain::finding::Check;
use crate::domain::ids::{EnvId, Sha};
use crate::domain::operation::Operation;
use crate::domain::release::Deployment;
use crate::domain::secret::SecretRow;
use crate::domain::state::State;
use crate::sanitize::Text;

/// `status`: how everything stands.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Status<'a> {
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub(in crate::cli) at: Timestamp,
    pub(in crate::cli) project: &'a str,
    pub(in crate::cli) environments: Vec<Environment<'a>>,
    /// What could not be read.
    pub(in crate::cli) failing: Vec<Failing<'a>>,
    /// Operations that were cut short; null where the store could not be read.
    pub(in crate::cli) cut_short: Option<Vec<&'a Operation>>,
    pub(in crate::cli) store: Remembers,
}

/// A feed that fails.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Failing<'a> {
    pub(in crate::cli) feed: &'a str,
    pub(in crate::cli) why: &'a str,
}

/// Since when locks, marks and operations are known.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Remembers {
    /// When the first was written; null where none ever was, or it could not be read.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub(in crate::cli) began: Option<Timestamp>,
    /// What is to be told of a store without a past.
    pub(in crate::cli) says: Option<Text>,
}

/// What is said of an environment or a service.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Judged {
    pub(in crate::cli) state: State,
    pub(in crate::cli) why: String,
    /// The commit that is live; null where it is not known or there are several.
    pub(in crate::cli) sha: Option<Sha>,
    pub(in crate::cli) commits: Vec<Sha>,
    /// The platform's own word, of a service.
    pub(in crate::cli) platform_state: Option<Text>,
    /// When the oldest fact behind it was read; null where some was never.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub(in crate::cli) read_at: Option<Timestamp>,
}

/// An environment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Environment<'a> {
    pub(in crate::cli) name: &'a EnvId,
    pub(in crate::cli) tier: Tier,
    #[serde(flatten)]
    pub(in crate::cli) judged: Judged,
    /// What has not come to it yet of what stands before it on the way to customers; null where nothing that is read stands there.
    pub(in crate::cli) to_come: Option<ToCome<'a>>,
    pub(in crate::cli) services: Vec<Service<'a>>,
    /// What a person has to know of: gates, deploys, operations, locks, pins.
    pub(in crate::cli) needs: Vec<Need>,
}

/// Commits that have not come to an environment yet.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct ToCome<'a> {
    /// The environment that they come from; null where it is the repository's default branch.
    pub(in crate::cli) environment: Option<&'a EnvId>,
    /// How many it lacks; null where that is not known.
    pub(in crate::cli) ahead: Option<u32>,
    /// How many it has that are not there; null where that is not known.
    pub(in crate::cli) behind: Option<u32>,
    /// When the oldest fact behind it was read; null where some was never.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub(in crate::cli) read_at: Option<Timestamp>,
}

/// A service.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Service<'a> {
    pub(in crate::cli) name: &'a str,
    pub(in crate::cli) platform: Platform,
    #[serde(flatten)]
    pub(in crate::cli) judged: Judged,
    /// The platform's word; null where it was not read.
    pub(in crate::cli) declared: Option<&'a Declared>,
    /// The edge's answer; null where it was not read.
    pub(in crate::cli) observed: Option<&'a Observed>,
    /// Checks that are not well, or were not read.
    pub(in crate::cli) findings: Vec<&'a Check>,
}

/// Something that a person has to know of.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Need {
    pub(in crate::cli) state: Option<State>,
    pub(in crate::cli) says: String,
}

/// `releases`, `health`, `secrets diff` and `approvals`: a list, and when all of it was read.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Rows<T> {
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub(in crate::cli) at: Timestamp,
    /// When the oldest part was read; null where not all of it was.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub(in crate::cli) read_at: Option<Timestamp>,
    pub(in crate::cli) rows: Vec<T>,
}

/// A row of one of the lists.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::cli) enum Row<'a> {
    /// Of `releases`.
    Release(&'a Deployment),
    /// Of `health`.
    Health(Health<'a>),
    /// Of `secrets diff`.
    Secret(&'a SecretRow),
    /// Of `approvals`.
    Approval(Box<Approval<'a>>),
}

/// A row of `health`: a probe, or a check of what a platform or a database says of itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(in crate::cli) enum Health<'a> {
    Probe(Probe<'a>),
    Check(Checked<'a>),
}

/// A probe.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Probe<'a> {
    pub(in crate::cli) environment: &'a EnvId,
    /// The service that it asks, where its address tells.
    pub(in crate::cli) service: Option<&'a str>,
    pub(in crate::cli) probe: &'a str,
    pub(in crate::cli) target: &'a Text,
    pub(in crate::cli) state: State,
    pub(in crate::cli) why: String,
    pub(in crate::cli) passed: bool,
    pub(in crate::cli) latency_ms: u64,
    /// The HTTP statuses that it passes on, where its configuration names them; empty = any success.
    pub(in crate::cli) expects: &'a [u16],
}

/// A check.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Checked<'a> {
    pub(in crate::cli) environment: &'a EnvId,
    pub(in crate::cli) service: &'a str,
    pub(in crate::cli) check: &'a Text,
    /// A state, or `off` where nothing is checked.
    pub(in crate::cli) state: &'static str,
    pub(in crate::cli) why: String,
    pub(in crate::cli) reading: crate::domain::finding::Read,
}

/// A gate that waits.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Approval<'a> {
    pub(in crate::cli) run: u64,
    pub(in crate::cli) workflow: &'a Text,
    pub(in crate::cli) number: u64,
    pub(in crate::cli) commit: &'a Sha,
    pub(in crate::cli) title: &'a Text,
    pub(in crate::cli) by: &'a Text,
    pub(in crate::cli) url: &'a Text,
    pub(in crate::cli) environment: &'a EnvId,
    pub(in crate::cli) reviewers: Vec<&'a str>,
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub(in crate::cli) waiting_since: Option<Timestamp>,
    pub(in crate::cli) timer_seconds_left: Option<u64>,
    pub(in crate::cli) may_approve: bool,
    pub(in crate::cli) blocking: bool,
    #[serde(rename = "concurrency_groups")]
    pub(in crate::cli) lanes: &'a [crate::domain::gate::Lane],
}

/// `wait`: how an environment stands now.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Waiting<'a> {
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub(in crate::cli) at: Timestamp,
    pub(in crate::cli) environment: &'a EnvId,
    pub(in crate::cli) state: State,
    pub(in crate::cli) why: &'a str,
    pub(in crate::cli) commits: &'a [Sha],
    pub(in crate::cli) says: &'a str,
}
