//! Operations as data: a plan, its steps, and what became of each.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::environment::{Platform, Status};
use super::ids::{DeploymentId, EnvId, OpId, ServiceId, Sha};
use super::release::{Commit, Presence};
use crate::sanitize::Text;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpKind {
    /// Back to an earlier deployment.
    RollBack,
}

/// What the person chose: per service, the deployment to go back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Which service.
    pub service: ServiceId,
    /// To which deployment.
    pub deployment: DeploymentId,
}

/// A computed plan. It acts on the revisions it was computed on, or not at all; it expires after [`PLAN_LIFE`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The operation it would become.
    pub op: OpId,
    /// What it does.
    pub kind: OpKind,
    /// Where.
    pub env: EnvId,
    /// Part by part, in the order of execution.
    pub parts: Vec<PlanPart>,
    /// Commits that go out (are no longer live) when it is carried out; `None` = could not be read.
    pub commits_out: Option<Vec<Commit>>,
    /// What does not go back, each in one line.
    pub stays: Vec<Text>,
    /// Why it cannot run now; empty = it can.
    pub refusals: Vec<Text>,
    /// Things to know before confirming.
    pub warnings: Vec<Text>,
    /// How long it usually takes, if history tells.
    pub expected: Option<Duration>,
    /// When it was computed.
    pub computed_at: Timestamp,
}

/// How long a plan may be confirmed.
pub const PLAN_LIFE: Duration = Duration::from_secs(60);

/// What happens to one service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanPart {
    /// Which service.
    pub service: ServiceId,
    /// On which platform.
    pub platform: Platform,
    /// The platform's name of it.
    pub resource: Text,
    /// What is live now (label and commit).
    pub from: (Text, Option<Sha>),
    /// What will be live (label and commit).
    pub to: (Text, Option<Sha>),
    /// The deployment that will be live.
    pub to_id: DeploymentId,
    /// The image that will run (Fly).
    pub image: Option<Text>,
    /// Revisions that must still hold when it begins: instance versions (Fly), current deployment (Vercel).
    pub revisions: Vec<(Text, Text)>,
    /// Whether image or build still exists, checked when the plan was made.
    pub presence: Presence,
    /// The steps.
    pub steps: Vec<Text>,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Todo,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// The platform refused, or it failed.
    Failed,
    /// Sent, and the answer was lost: the world is being re-read.
    Unknown,
    /// Not begun because an earlier one failed.
    Skipped,
}

impl StepState {
    /// The semantic state it is drawn with.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Todo | Self::Skipped => Status::Paused,
            Self::Running => Status::Running,
            Self::Done => Status::Ok,
            Self::Failed => Status::Fail,
            Self::Unknown => Status::Unknown,
        }
    }
}

/// One step of a running operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Which service it belongs to.
    pub service: ServiceId,
    /// What it does.
    pub title: Text,
    /// How it stands.
    pub state: StepState,
    /// The last thing known: `v42 on 1/2 machines`, the platform's refusal verbatim.
    pub detail: Text,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// How an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpState {
    /// Steps are being carried out.
    Running,
    /// All calls are made; waiting for the edge.
    Proving,
    /// Seen at the edge.
    Done,
    /// Nothing was changed.
    Refused,
    /// Failed before anything moved.
    Failed,
    /// Some services moved and some did not.
    HalfDone,
    /// It cannot be known what happened; a person must look.
    Unknown,
}

impl OpState {
    /// Whether nothing more will happen by itself.
    #[must_use]
    pub fn ended(self) -> bool {
        !matches!(self, Self::Running | Self::Proving)
    }
}

/// An operation, whole, as reported after every change and as read from the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Its identity.
    pub id: OpId,
    /// What it does.
    pub kind: OpKind,
    /// Where.
    pub env: EnvId,
    /// In one line: `production: backend v42 → v41, frontend dpl_b → dpl_a`.
    pub title: Text,
    /// How it stands.
    pub state: OpState,
    /// Its steps in order.
    pub steps: Vec<StepReport>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The end in one sentence: `restored in 1m42s`, `backend went back, frontend did not: …`.
    pub outcome: Text,
    /// True when it was found in the journal without an end: the console died during it.
    pub interrupted: bool,
}
