//! The steps of a plan and what a step waits for, as types: decisions are made on these, and titles and details are for people.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::EnvId;
use crate::sanitize::Text;

/// What a step does, whichever machine, domain or run it does it to. How long steps took before is remembered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A release row is written, or one that was left open is taken up.
    OpenRelease,
    /// A machine gets the image and is waited for until its checks pass.
    UpdateMachine,
    /// A machine gets the image; whether it runs is looked at later, for all at once.
    SendUpdate,
    /// The machines that got the image are waited for.
    JudgeFleet,
    /// A machine is made and judged.
    CreateMachine,
    /// A person's word is waited for.
    Hold,
    /// Machines begin to serve.
    EnterProxy,
    /// Machines stop serving.
    LeaveProxy,
    /// Machines end.
    DestroyMachines,
    /// A machine is started anew and waited for.
    RestartMachine,
    /// The release row is closed.
    CloseRelease,
    /// A rollback or a promotion is asked for.
    AskPointer,
    /// The job of a rollback or a promotion is followed.
    FollowPointer,
    /// A domain gets another deployment.
    PointDomain,
    /// A build is asked for.
    AskBuild,
    /// A build is followed until it is ready.
    FollowBuild,
    /// A gate is answered.
    AnswerGate,
    /// The answer is seen to have taken.
    SeeGate,
    /// A workflow is dispatched.
    Dispatch,
    /// Another attempt of a run is asked for.
    AskRerun,
    /// The end of a run is asked for.
    AskCancel,
    /// A run is followed to its end.
    FollowRun,
    /// A switch of a project is thrown.
    Throw,
    /// A secret gets its value.
    SetSecret,
    /// The edge is asked until it answers as asked.
    Prove,
    /// A step that an older or a newer console wrote down without a kind that is known here.
    #[default]
    #[serde(other)]
    Other,
}

impl StepKind {
    /// The step of this kind that its part has.
    #[must_use]
    pub fn step(self, title: impl AsRef<str>) -> PlanStep {
        self.step_of("", title)
    }

    /// One of several steps of this kind, for this machine or domain.
    #[must_use]
    pub fn step_of(self, of: impl AsRef<str>, title: impl AsRef<str>) -> PlanStep {
        PlanStep { key: StepKey { kind: self, of: Text::from(of.as_ref()) }, title: Text::from(title.as_ref()) }
    }
}

/// Which step of its part it is. Whoever plans a step and whoever carries it out know it by this, and not by its place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepKey {
    /// What it does.
    pub kind: StepKind,
    /// To which machine or domain, where its part has several of the kind; else empty.
    pub of: Text,
}

/// One step of a plan; in JSON it is its title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct PlanStep {
    /// Which it is.
    #[serde(skip)]
    pub key: StepKey,
    /// What it does, in words.
    pub title: Text,
}

impl fmt::Display for PlanStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.title.fmt(f)
    }
}

/// What a step waits for, that no time of ours says anything about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Wait {
    /// New machines are ready beside the old ones: a person switches over, or calls it off.
    Switch,
    /// A gate of a run waits for a reviewer.
    Approval {
        /// Which run.
        run: u64,
        /// The environment that the gate protects.
        env: EnvId,
        /// Whether this console's user may answer it.
        mine: bool,
    },
    /// A gate of a run waits for its timer.
    Timer {
        /// Which run.
        run: u64,
        /// The environment that the gate protects.
        env: EnvId,
    },
    /// A run waits for its turn in a concurrency group.
    #[serde(rename = "concurrency_group", alias = "lane")]
    Lane {
        /// Which run.
        run: u64,
    },
    /// Somebody else's lease on a machine has to end: after an operation that was cut short it may be that one's own.
    Lease {
        /// When it ends by itself, where that is known.
        #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
        until: Option<jiff::Timestamp>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::operation::{StepReport, StepState};

    #[test]
    fn rows_of_older_consoles_are_read() {
        let old = r#"{"service":{"env":"production","name":"backend"},"title":"hold until a person switches",
            "state":"running","detail":"held: G switches over","started_at":null,"ended_at":null}"#;
        let old: StepReport = serde_json::from_str(old).unwrap();
        assert_eq!((old.kind, old.state), (StepKind::Other, StepState::Running));
        let newer = r#"{"service":{"env":"production","name":"backend"},"title":"x","kind":"walk_the_dog",
            "state":"done","detail":"","started_at":null,"ended_at":null}"#;
        assert_eq!(serde_json::from_str::<StepReport>(newer).unwrap().kind, StepKind::Other);
        let lane = serde_json::from_str::<StepState>(r#"{"waiting":{"for":"lane","run":7}}"#).unwrap();
        assert_eq!(lane, StepState::Waiting(Wait::Lane { run: 7 }));
        assert!(serde_json::to_string(&lane).unwrap().contains("concurrency_group"));
    }

    #[test]
    fn what_a_step_waits_for_survives_the_disk() {
        let waits = StepState::Waiting(Wait::Approval { run: 7, env: "production".into(), mine: true });
        let text = serde_json::to_string(&waits).unwrap();
        assert_eq!(text, r#"{"waiting":{"for":"approval","run":7,"env":"production","mine":true}}"#);
        assert_eq!(serde_json::from_str::<StepState>(&text).unwrap(), waits);
    }
}
