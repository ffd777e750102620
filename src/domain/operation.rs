//! Operations as data: a plan, its steps, and what became of each. What is asked for is in `request`, what kinds there are in `kind`.

pub(super) mod kind;
mod plan;
mod state;
mod title;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{DeploymentId, EnvId, OpId, ServiceId, Sha};
use super::late::LateCall;
use super::order::Order;
use super::proof::Observation;
pub use super::request::{PIPELINE, ProjectSwitch, Request, Target};
pub use super::step::{PlanStep, StepKey, StepKind, Wait};
use super::step_durations::StepDurations;
use crate::sanitize::Text;
pub use kind::{OpKind, Weight};
pub use plan::{Act, PLAN_LIFE, Plan, PlanPart, ProofStep};
pub use state::{OpState, StepState};

/// One step of a running operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StepReport {
    /// Which service it belongs to.
    pub service: ServiceId,
    /// What it does.
    #[serde(default)]
    pub kind: StepKind,
    /// What it does, in words.
    pub title: Text,
    /// How it stands.
    pub state: StepState,
    /// The last thing known: `v42 on 1/2 machines`, the platform's refusal verbatim.
    pub detail: Text,
    /// When it began.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub started_at: Option<Timestamp>,
    /// When it last said something new.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub spoke_at: Option<Timestamp>,
    /// When it ended.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub ended_at: Option<Timestamp>,
    /// How long such steps took before.
    #[serde(default)]
    pub pace: Option<StepDurations>,
}

/// What an operation moves, kept so that it can be finished or undone after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Move {
    /// Which service.
    pub service: ServiceId,
    /// The deployment that was live before, where it was known as one.
    pub from: Option<DeploymentId>,
    /// The deployment that is to be live.
    pub to: DeploymentId,
}

/// An operation, whole, as reported after every change and as read from the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Operation {
    /// Its identity.
    pub id: OpId,
    /// What it does.
    pub kind: OpKind,
    /// Where.
    pub env: EnvId,
    /// In one line, as a person would say it: `promote 3e60eac to production`.
    pub title: Text,
    /// How it stands.
    pub state: OpState,
    /// Its steps in order.
    pub steps: Vec<StepReport>,
    /// When it began.
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub started_at: Timestamp,
    /// When it ended.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub ended_at: Option<Timestamp>,
    /// The end in one sentence: `restored in 8 s: 2 of 2 machines run and 2 of 2 domains answer 9df49c2`.
    pub outcome: Text,
    /// True when it was found in the journal without an end: the console died during it.
    pub interrupted: bool,
    /// What it moves.
    #[serde(default)]
    pub moves: Vec<Move>,
    /// What was observed of its claim, as it came in.
    #[serde(default)]
    pub proof: Vec<Observation>,
    /// Machines that were at rest before it changed anything, for whatever goes on with it.
    #[serde(default)]
    pub at_rest: Vec<Text>,
    /// What was asked for, so that it can be asked for again.
    #[serde(default, alias = "wish")]
    pub request: Option<Request>,
    /// The commit that is to be live by it.
    #[serde(default)]
    pub commit: Option<Sha>,
    /// The run on GitHub, or the build on Vercel, that it follows, once it is known; of a rolling release, the deployment that everybody
    /// gets by it.
    #[serde(default)]
    pub follows: Option<Text>,
    /// The newest run that GitHub listed before it dispatched one: its own is newer, whatever the clocks say.
    #[serde(default)]
    pub after_run: Option<u64>,
    /// The attempt of a run that was the newest before it asked for another one: its own is newer, whatever the clocks say.
    #[serde(default)]
    pub after_attempt: Option<u32>,
    /// Calls that were about to be sent when the console died, whose outcome nobody knows.
    #[serde(default)]
    pub unknown_calls: Vec<Text>,
    /// Those of them that may change what serves, and of the operation that it goes on with, each with when it was sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_calls: Vec<LateCall>,
    /// Whether any call of it may have been taken, by its rows in the journal; told of what was cut short.
    #[serde(skip)]
    pub called: bool,
    /// Machines that it holds still, though nobody carries it out.
    #[serde(default)]
    pub leases: Vec<LeftLease>,
    /// Who confirmed it and why.
    #[serde(default)]
    pub order: Order,
}

/// A machine's lease that an operation cut short has left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LeftLease {
    /// The app.
    pub app: Text,
    /// The machine.
    pub machine: Text,
    /// When it ends by itself; the latest time where the platform's answer is not known.
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub until: Timestamp,
    /// The platform said so.
    pub certain: bool,
}

impl Operation {
    /// An operation that begins.
    #[must_use]
    pub fn begun(id: OpId, kind: OpKind, env: EnvId, title: Text, at: Timestamp) -> Self {
        Self {
            id,
            kind,
            env,
            title,
            state: OpState::Running,
            steps: Vec::new(),
            started_at: at,
            ended_at: None,
            outcome: Text::default(),
            interrupted: false,
            moves: Vec::new(),
            proof: Vec::new(),
            at_rest: Vec::new(),
            request: None,
            commit: None,
            follows: None,
            after_run: None,
            after_attempt: None,
            unknown_calls: Vec::new(),
            late_calls: Vec::new(),
            called: false,
            leases: Vec::new(),
            order: Order::default(),
        }
    }

    /// Whether any call of it may have been taken: told of what was cut short, and of what ended between two worlds.
    #[must_use]
    pub fn sent(&self) -> bool {
        self.called || matches!(self.state, OpState::HalfDone | OpState::ArrivedFailing | OpState::Unknown)
    }

    /// When it was last heard of: its end, or the last word of a step.
    #[must_use]
    pub fn last_heard(&self) -> Timestamp {
        let words = self.steps.iter().flat_map(|step| [step.started_at, step.spoke_at, step.ended_at]);
        words.chain([self.ended_at]).flatten().max().unwrap_or(self.started_at)
    }

    /// Whether it moves a service, or has a step there.
    #[must_use]
    pub fn concerns(&self, service: &ServiceId) -> bool {
        let moved = self.moves.iter().any(|one| one.service == *service);
        moved || self.steps.iter().any(|step| step.service == *service)
    }

    /// Whether a person has to decide: it was cut short, or ended between two worlds.
    #[must_use]
    pub fn open_question(&self) -> bool {
        self.interrupted || matches!(self.state, OpState::HalfDone | OpState::ArrivedFailing | OpState::Unknown)
    }
}
