//! Environments and services, and what is known of them: declared by the platform, observed at the edge.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{DeploymentId, EnvId, ServiceId, Sha};
pub use super::platform::Platform;
use super::span::since;
use crate::sanitize::Text;

/// How much an environment matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// A developer's own.
    Development,
    /// One branch or pull request.
    Preview,
    /// The rehearsal.
    Staging,
    /// What customers use.
    Production,
}

/// The semantic state of anything on the screen: always drawn as symbol + word + colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Known to be good.
    Ok,
    /// Not known. Never drawn as good.
    Unknown,
    /// Held on purpose.
    Paused,
    /// In motion.
    Running,
    /// Deserves a look.
    Warn,
    /// Broken.
    Fail,
}

/// What the platform says is live in a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Declared {
    /// The platform's identity of it.
    pub deployment: DeploymentId,
    /// What people call it: `v41`, `dpl_8Qk…`, `0042`.
    pub label: Text,
    /// The commit it was built from, where known.
    pub sha: Option<Sha>,
    /// The platform's own judgement.
    pub status: Status,
    /// The platform's own words: `complete`, `READY`, `ACTIVE_HEALTHY`.
    pub words: Text,
    /// When it was made.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub created_at: Option<Timestamp>,
    /// A deployment in motion: machines (or aliases) done, of how many.
    pub rollout: Option<Rollout>,
    /// Automation is held on this deployment.
    pub pin: Option<Pin>,
    /// What else holds or divides its visitors.
    pub switches: Switches,
    /// The running instances, where the platform tells (Fly machines).
    pub instances: Vec<Instance>,
    /// Where each domain points, while a job that moves them has not ended well or one is elsewhere: then one deployment does not stand for
    /// all.
    pub pointed: Vec<Pointed>,
    /// The platform leads visitors there itself and was asked for each domain (Vercel): what is declared is what they get, and `pointed`
    /// tells where it is not.
    #[serde(skip)]
    pub routed: bool,
    /// A newer release that the platform calls live while its machines run another one.
    pub claimed: Option<Claimed>,
    /// The deployment that is under way, where the platform names it (Vercel).
    pub coming: Option<Coming>,
}

/// A domain, looked up on its platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pointed {
    /// Its name.
    pub domain: Text,
    /// The deployment that serves it; empty = none.
    pub deployment: DeploymentId,
    /// The commit of that, where known.
    pub sha: Option<Sha>,
    /// Why it could not be looked up.
    pub unread: Option<Text>,
}

/// Automation is held: new builds do not go live by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pin {
    /// Why.
    pub why: Text,
    /// Since when, where the platform tells.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub at: Option<Timestamp>,
    /// Who did it, where the platform tells.
    pub by: Option<Text>,
}

impl Pin {
    /// `bad latency, by maria 3h05m ago`.
    #[must_use]
    pub fn words(&self, now: Timestamp) -> String {
        let by = self.by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
        let at = self.at.map(|at| format!("{} {} ago", if by.is_empty() { "," } else { "" }, since(at, now)));
        format!("{}{by}{}", self.why, at.unwrap_or_default())
    }
}

/// A deployment that is built, or that a job gives its domains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Coming {
    /// Its identity.
    pub deployment: DeploymentId,
    /// Its commit, where known.
    pub sha: Option<Sha>,
}

/// A release that is live by the platform's word alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Claimed {
    /// What people call it: `v42`.
    pub label: Text,
    /// Its commit, where known.
    pub sha: Option<Sha>,
    /// The platform's word for how it ended: `complete`.
    pub words: Text,
}

impl Claimed {
    /// `v42 3e60eac is complete by the platform's word, the machines run v41`.
    #[must_use]
    pub fn against(&self, live: &Text) -> String {
        let sha = self.sha.as_ref().map(|sha| format!(" {}", sha.short())).unwrap_or_default();
        format!("{}{sha} is {} by the platform's word, the machines run {live}", self.label, self.words)
    }
}

/// What a person has switched on a service, beside the pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Switches {
    /// It answers nobody.
    pub paused: bool,
    /// Every visitor is challenged.
    pub challenged: bool,
    /// A new deployment gets a part of the visitors.
    pub rolling: Option<Rolling>,
}

/// How far a rolling release has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rolling {
    /// Share of visitors that get the new one, percent.
    pub percent: u32,
    /// The share of the next stage, where there is one.
    pub next: Option<u32>,
    /// The next stage begins by a person's word alone.
    pub waits: bool,
}

impl Declared {
    /// Whether something of it is in motion by the platform's own word.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.status == Status::Running || self.rollout.is_some() || self.switches.rolling.is_some()
    }

    /// Whether what is under way can be why visitors get several commits: a build that no domain serves yet moves none of them.
    #[must_use]
    pub fn explains(&self) -> bool {
        let there = |coming: &Coming| {
            self.deployment == coming.deployment || self.pointed.iter().any(|one| one.deployment == coming.deployment)
        };
        self.coming.as_ref().is_none_or(there)
    }

    /// The same of one answer of the edge.
    #[must_use]
    pub fn explains_answer(&self, answered: &Sha) -> bool {
        let its = |coming: &Coming| coming.sha.as_ref().is_none_or(|sha| sha.same(answered));
        self.explains() || self.coming.as_ref().is_some_and(its)
    }

    /// What holds or divides the visitors, in a word: `PAUSED`, `PINNED`; empty when nothing does.
    #[must_use]
    pub fn held(&self) -> String {
        match (self.switches.paused, self.switches.rolling, self.switches.challenged) {
            (true, ..) => "PAUSED".to_owned(),
            (_, Some(rolling), _) => format!("{}% new", rolling.percent),
            (.., true) => "ATTACK".to_owned(),
            _ if self.pin.is_some() => "PINNED".to_owned(),
            _ => String::new(),
        }
    }
}

/// Progress of a deployment in motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rollout {
    /// How many are on the new one.
    pub done: u32,
    /// Of how many.
    pub total: u32,
    /// What the machines alone say: how it stands where nobody goes on with the deployment.
    #[serde(skip)]
    pub fleet: Status,
}

/// One machine or container of a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Instance {
    /// The platform's id (Fly: 14 hex digits).
    pub id: Text,
    /// Where it runs.
    pub region: Text,
    /// The platform's word for its state: `started`, `stopped`.
    pub state: Text,
    /// The image it runs, by digest.
    pub digest: Option<Text>,
    /// The release it is labelled with, such as `v41`.
    pub release: Option<Text>,
    /// The commit that its image was built from, where known.
    pub sha: Option<Sha>,
    /// Checks that the platform makes: passing and all. (0, 0) = unchecked.
    pub checks: (u32, u32),
    /// Since when the first of them does not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub failing_since: Option<Timestamp>,
    /// Why it could not be read, if that is so: then it counts among the instances, and nothing is known of what it runs.
    pub unread: Option<Text>,
    /// The proxy sends it no visitor.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cordoned: bool,
}

/// What the edge answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Observed {
    /// The commit that the edge says it runs.
    pub sha: Option<Sha>,
    /// Its own version text.
    pub version: Option<Text>,
    /// When it answered.
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub at: Timestamp,
    /// Where the answer stood: `GET /version`, `header x-release`.
    pub source: Text,
    /// Every address that was asked, where there are several.
    pub edges: Vec<Edge>,
}

/// What one address of a service answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Edge {
    /// The host that was asked.
    pub host: Text,
    /// The commit that it says it runs.
    pub sha: Option<Sha>,
}

impl Observed {
    /// The answers of the addresses where they are not the same: `a.example 9df49c2, b.example 3e60eac`.
    #[must_use]
    pub fn divided(&self) -> Option<String> {
        let mut known = self.edges.iter().filter_map(|edge| edge.sha.as_ref());
        let first = known.next()?;
        known.any(|sha| !sha.same(first)).then(|| {
            let one = |edge: &Edge| format!("{} {}", edge.host, edge.sha.as_ref().map_or("unknown", |sha| sha.short()));
            self.edges.iter().map(one).collect::<Vec<_>>().join(", ")
        })
    }
}

/// A service as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Its identity.
    pub id: ServiceId,
    /// The platform it runs on.
    pub platform: Platform,
    /// The platform's name of it: Fly app, Vercel project, Supabase project ref.
    pub resource: Arc<str>,
    /// Where people reach it; probes and observations go there.
    pub url: Option<Arc<str>>,
}

/// An environment as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvInfo {
    /// Its identity.
    pub id: EnvId,
    /// How much it matters.
    pub tier: Tier,
    /// Its services, in the order of the configuration.
    pub services: Vec<ServiceInfo>,
    /// Whether the console may change it.
    pub writable: bool,
}

impl EnvInfo {
    /// Why nothing may be changed here, and what to do about it; `None` = it may.
    #[must_use]
    pub fn read_only(&self) -> Option<Text> {
        let words = || format!("{} is read-only: start with --write, or set access = \"write\"", self.id);
        (!self.writable).then(|| Text::from(words()))
    }
}
