//! A plan: part by part what would be done, what stays, and what speaks against it.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{OpKind, PlanStep, ProjectSwitch, Request};
use crate::domain::amount::amount_does;
use crate::domain::confirmation::Level;
use crate::domain::environment::Platform;
use crate::domain::ids::{DeploymentId, EnvId, OpId, ServiceId, Sha};
use crate::domain::overrides::Override;
use crate::domain::proof::{Claim, Rest};
use crate::domain::release::{Commit, Presence};
use crate::domain::shipment::Shipment;
use crate::domain::strategy::StrategyKind;
use crate::sanitize::Text;

/// A computed plan. It acts on the revisions it was computed on, or not at all; it expires after [`PLAN_LIFE`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plan {
    /// The operation it would become.
    pub op: OpId,
    /// What it does.
    pub kind: OpKind,
    /// What was asked for.
    pub request: Request,
    /// What a person does to confirm it.
    pub level: Level,
    /// Where.
    pub env: EnvId,
    /// Part by part, in the order of execution.
    pub parts: Vec<PlanPart>,
    /// Every other service of the environment, and why it stays where it is.
    pub rest: Vec<Rest>,
    /// What has to be observed at the end, service by service. A plan that continues may have nothing else left to do.
    pub claims: Vec<Claim>,
    /// The steps of the proof, which come after those of the parts.
    pub proof: Vec<ProofStep>,
    /// Machines of what is claimed that were at rest before anything was changed, and may be so at the end.
    pub at_rest: Vec<Text>,
    /// Probes of the environment that failed when it was computed.
    pub red: Vec<Text>,
    /// Commits that go out (are no longer live) when it is carried out, or that ship; `None` = could not be read.
    pub commits_out: Option<Vec<Commit>>,
    /// What ships, and what speaks for and against it; `None` = nothing ships.
    pub ships: Option<Box<Shipment>>,
    /// What does not go back, each in one line.
    pub stays: Vec<Text>,
    /// Why it cannot run now; empty = it can.
    pub refusals: Vec<Text>,
    /// What stands against it and a person may override by a reason.
    pub overrides: Vec<Override>,
    /// Things to know before confirming.
    pub warnings: Vec<Text>,
    /// How long it usually takes, if history tells.
    pub expected: Option<Duration>,
    /// When it was computed.
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub computed_at: Timestamp,
    /// What is asked for is so already, and how that was seen: nothing is left to do but to write down the end of what was cut short.
    pub arrived: Option<Text>,
    /// The interrupted or half-done operation that this one continues, if it does.
    pub continues: Option<OpId>,
}

impl Plan {
    /// A plan of these parts, that nothing is known against yet.
    #[must_use]
    pub fn of(request: Request, env: EnvId, parts: Vec<PlanPart>, now: Timestamp) -> Self {
        Self {
            op: OpId(uuid::Uuid::now_v7()),
            kind: request.kind(),
            request,
            level: Level::Moderate,
            env,
            parts,
            rest: Vec::new(),
            claims: Vec::new(),
            proof: Vec::new(),
            at_rest: Vec::new(),
            red: Vec::new(),
            commits_out: None,
            ships: None,
            stays: Vec::new(),
            refusals: Vec::new(),
            overrides: Vec::new(),
            warnings: Vec::new(),
            expected: None,
            computed_at: now,
            arrived: None,
            continues: None,
        }
    }

    /// How much longer it may be confirmed; `None` = no longer.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Option<Duration> {
        let age = Duration::try_from(now.duration_since(self.computed_at)).unwrap_or_default();
        PLAN_LIFE.checked_sub(age)
    }

    /// How many commits it is about: `2 commits leave production`; nothing where it is about none.
    #[must_use]
    pub fn commits_words(&self) -> Option<String> {
        let count = self.commits_out.as_ref().map(Vec::len).filter(|count| *count > 0)?;
        Some(match self.kind.ships() {
            true => amount_does(count, "commit", ("ships", "ship")),
            false => format!("{} {}", amount_does(count, "commit", ("leaves", "leave")), self.env),
        })
    }

    /// The commits that it would bring somewhere.
    pub fn goes_to(&self) -> impl Iterator<Item = &Sha> {
        self.parts.iter().filter_map(|part| part.to.1.as_ref()).filter(|_| self.kind.goes())
    }
}

/// How long a plan may be confirmed.
pub const PLAN_LIFE: Duration = Duration::from_secs(60);

/// How one service is moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A release with an old image, machine by machine (docs/platforms/fly.md section 7).
    FlyImage {
        /// The image.
        image: Text,
        /// Machines that do not run it yet, in waves: those of one wave side by side.
        waves: Vec<Vec<Text>>,
        /// In which way.
        strategy: StrategyKind,
        /// A release row that an operation cut short left open: it is used up instead of recording another one.
        row: Option<(Text, u64)>,
        /// Such a row with another image, of what is taken back: it is closed.
        aside: Option<(Text, u64)>,
        /// The image is the one that runs: at the end every machine has to be of the new release.
        anew: bool,
    },
    /// New machines with an image beside the old ones, which are destroyed once the new ones serve (docs/platforms/fly.md section
    /// 6).
    FlySwap {
        /// The image.
        image: Text,
        /// The old machines.
        blues: Vec<Text>,
        /// A person says when the new ones take over.
        hold: bool,
        /// A release row that an operation cut short left open.
        row: Option<(Text, u64)>,
        /// Such a row that nothing goes on with: it is closed.
        aside: Option<(Text, u64)>,
    },
    /// The way back from that, while every old machine is still there.
    FlySwapBack {
        /// The new machines, which are destroyed.
        greens: Vec<Text>,
        /// The old ones, which serve again.
        blues: Vec<Text>,
        /// The release row that is closed: id and version.
        row: (Text, u64),
    },
    /// Machines made or destroyed (docs/platforms/fly.md section 11).
    FlyScale {
        /// A machine like this one, in this region, for each.
        create: Vec<(Text, Text)>,
        /// Made before, by what was cut short, and still outside the proxy.
        admit: Vec<Text>,
        /// These are destroyed.
        destroy: Vec<Text>,
    },
    /// The instant rollback of production, with its job (docs/platforms/vercel.md section 6).
    VercelRollback {
        /// It was asked for already: only its job is followed.
        asked: bool,
    },
    /// The answer to a gate (docs/platforms/github.md section 5.1).
    Review {
        /// Which run.
        run: u64,
        /// GitHub's numbers of the environments that it waits for.
        gates: Vec<u64>,
        /// Opened, or closed for good.
        approve: bool,
    },
    /// The dispatch of a workflow, whose run is followed (docs/platforms/github.md section 4.4).
    Dispatch {
        /// Its file.
        workflow: Text,
        /// Branch or tag that it runs on.
        reference: Text,
        /// Its input that takes the commit.
        input: Text,
    },
    /// Machines started anew, one after the other (docs/platforms/fly.md section 3).
    FlyRestart {
        /// Which.
        machines: Vec<Text>,
    },
    /// A switch of a Vercel project: one call, and a look that it took (docs/platforms/vercel.md sections 4, 10 and 11).
    VercelSwitch(ProjectSwitch),
    /// A build of the same commit with the variables of now, for this target, followed until it serves or is ready
    /// (docs/platforms/vercel.md section 5).
    VercelBuild {
        /// `production`, or the name of a custom environment.
        target: Text,
        /// `redeploy`, or `promote` for a build of another environment.
        action: Text,
        /// It takes over the domains by itself when it is ready.
        assigned: bool,
        /// The build that was asked for already: it is only followed.
        asked: Option<Text>,
    },
    /// A production build that is ready takes over the domains, without another build (docs/platforms/vercel.md section 6).
    VercelPromote {
        /// It was asked for already: only its job is followed.
        asked: bool,
    },
    /// Jobs of a run that is over are run again, and followed (docs/platforms/github.md section 4.3).
    Rerun {
        /// Which run.
        run: u64,
        /// Only those that failed, and what depends on them.
        failed: bool,
    },
    /// A run that is under way is followed to its end; nothing is sent.
    Follow {
        /// Which run.
        run: u64,
    },
    /// The end of a run (docs/platforms/github.md section 4.2).
    CancelRun {
        /// Which run.
        run: u64,
        /// It was asked for already: only its end is seen.
        asked: bool,
    },
    /// A secret gets the value that the request holds (docs/platforms/fly.md section 9, docs/platforms/vercel.md section 8,
    /// docs/platforms/github.md section 7).
    SetSecret {
        /// Its name.
        key: Text,
        /// The environment as its platform calls it.
        place: Text,
    },
    /// The domains of an environment that has no rollback of its own, one by one (docs/platforms/vercel.md section 6).
    VercelAliases(Vec<Text>),
}

impl Act {
    /// The image that machines get, where they keep their place.
    #[must_use]
    pub fn image(&self) -> Option<&Text> {
        match self {
            Self::FlyImage { image, .. } => Some(image),
            _ => None,
        }
    }

    /// Whether a run is started by it that is not there yet.
    #[must_use]
    pub fn dispatches(&self) -> bool {
        matches!(self, Self::Dispatch { .. })
    }

    /// Whether another deployment serves by it: such an act can be taken back.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.reach() == Reach::Serving
    }

    /// Whether machines, pointers or builds of a service are changed by it directly, and not through a run of the pipeline: a deploy that
    /// is under way there would run into it.
    #[must_use]
    pub fn in_place(&self) -> bool {
        self.reach() != Reach::Beside
    }

    fn reach(&self) -> Reach {
        match self {
            Self::FlyImage { .. }
            | Self::FlySwap { .. }
            | Self::FlySwapBack { .. }
            | Self::VercelRollback { .. }
            | Self::VercelPromote { .. }
            | Self::VercelAliases(_) => Reach::Serving,
            Self::FlyScale { .. } | Self::FlyRestart { .. } | Self::VercelBuild { .. } => Reach::Running,
            Self::VercelSwitch(_)
            | Self::SetSecret { .. }
            | Self::Review { .. }
            | Self::CancelRun { .. }
            | Self::Rerun { .. }
            | Self::Follow { .. }
            | Self::Dispatch { .. } => Reach::Beside,
        }
    }
}

/// What of a service an act changes by its own calls.
#[derive(PartialEq, Eq)]
enum Reach {
    /// Which deployment serves.
    Serving,
    /// Machines or builds of the deployment that serves.
    Running,
    /// None of its machines, pointers and builds.
    Beside,
}

/// A step that changes nothing: what was done is seen to be so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProofStep {
    /// Whose proof it is: a service, or the probes of the environment.
    pub service: ServiceId,
    /// What is seen.
    #[serde(rename = "title")]
    pub step: PlanStep,
}

/// What happens to one service.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanPart {
    /// Which service.
    pub service: ServiceId,
    /// On which platform.
    pub platform: Platform,
    /// The platform's name of it.
    pub resource: Text,
    /// What is live now (label and commit).
    pub from: (Text, Option<Sha>),
    /// The deployment that is live now, where it is known as one.
    pub from_id: Option<DeploymentId>,
    /// What will be live (label and commit).
    pub to: (Text, Option<Sha>),
    /// The deployment that will be live.
    pub to_id: DeploymentId,
    /// How it is done.
    pub act: Act,
    /// Revisions that must still hold when it begins: instance versions (Fly), current deployment (Vercel).
    pub revisions: Vec<(Text, Text)>,
    /// Whether image or build still exists, checked when the plan was made.
    pub presence: Presence,
    /// The steps.
    pub steps: Vec<PlanStep>,
}
