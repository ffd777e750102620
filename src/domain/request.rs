//! What a person asks to be done.

use serde::{Deserialize, Serialize};

use super::ids::{DeploymentId, ServiceId, Sha};
use super::operation::kind::OpKind;
use super::secret_value::SecretValue;
use super::strategy::Strategy;
use crate::sanitize::Text;

/// What stands for a service where something belongs to the pipeline of an environment.
pub const PIPELINE: &str = "pipeline";

/// A switch of a Vercel project: one call takes effect at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProjectSwitch {
    /// New builds go live by themselves again.
    Unpin,
    /// The project answers nobody: visitors get 503.
    Pause,
    /// It answers again.
    Resume,
    /// Every visitor is challenged, for an hour.
    Challenge,
    /// The challenge ends.
    Unchallenge,
    /// A part of the visitors gets this deployment.
    RollOut(DeploymentId),
    /// This stage of the rolling release, from 0; `None` = the next one, which a plan names: asked for again, it does not go
    /// one further.
    Advance(Option<u32>),
    /// Its end: everybody gets the new deployment.
    Complete,
    /// Everybody gets the old deployment.
    Abort,
}

impl ProjectSwitch {
    /// What kind of operation it is.
    #[must_use]
    pub fn kind(&self) -> OpKind {
        match self {
            Self::Unpin => OpKind::Unpin,
            Self::Pause => OpKind::Pause,
            Self::Resume => OpKind::Resume,
            Self::Challenge => OpKind::Challenge,
            Self::Unchallenge => OpKind::Unchallenge,
            Self::RollOut(_) => OpKind::RollOut,
            Self::Advance(_) => OpKind::Advance,
            Self::Complete => OpKind::Complete,
            Self::Abort => OpKind::Abort,
        }
    }
}

/// What a person asks for, before it is a plan. An operation keeps its own, so that it can be asked for again after a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Back to these deployments.
    RollBack(Vec<Target>),
    /// Back to the release of a commit. Which deployments these are is read when the plan is made: a list that a person chose from
    /// may be older than the last deploy.
    RollBackTo {
        /// Which commit.
        commit: Sha,
        /// One service alone; without it every service of the environment that can go back.
        alone: Option<ServiceId>,
        /// How machines are moved.
        #[serde(default, alias = "manner")]
        strategy: Strategy,
        /// Deployments of it that were named: of several of one commit these are meant, and no other one is taken for them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        named: Vec<(ServiceId, DeploymentId)>,
    },
    /// What staging is observed to run goes to production.
    Promote,
    /// The gate of a run is answered.
    Review {
        /// Which run.
        run: u64,
        /// Opened, or closed for good.
        approve: bool,
    },
    /// A run is stopped.
    Cancel {
        /// Which run.
        run: u64,
    },
    /// A run that is over runs again.
    Rerun {
        /// Which run.
        run: u64,
        /// Only the jobs that failed, and what depends on them.
        failed: bool,
    },
    /// The commit of a service is deployed anew.
    Redeploy(ServiceId),
    /// The machines of a service are started anew.
    Restart(ServiceId),
    /// A service has so many machines in these regions; others keep theirs.
    Scale(ServiceId, Vec<(Text, u32)>),
    /// A switch of a frontend is thrown.
    Throw(ServiceId, ProjectSwitch),
    /// A secret gets a value where a service reads it, or in the environment of the pipeline ([`PIPELINE`]).
    SetSecret {
        /// Of which service.
        service: ServiceId,
        /// Its name.
        key: Text,
        /// The value; it is not kept anywhere, so that an operation that was cut short has none.
        #[serde(skip)]
        value: SecretValue,
    },
}

impl Request {
    /// What kind of operation it becomes.
    #[must_use]
    pub fn kind(&self) -> OpKind {
        match self {
            Self::RollBack(_) | Self::RollBackTo { .. } => OpKind::RollBack,
            Self::Promote => OpKind::Promote,
            Self::Review { approve: true, .. } => OpKind::Approve,
            Self::Review { approve: false, .. } => OpKind::Reject,
            Self::Cancel { .. } => OpKind::Cancel,
            Self::Rerun { .. } => OpKind::Rerun,
            Self::Redeploy(_) => OpKind::Redeploy,
            Self::Restart(_) => OpKind::Restart,
            Self::Throw(_, lever) => lever.kind(),
            Self::SetSecret { .. } => OpKind::SetSecret,
            Self::Scale(..) => OpKind::Scale,
        }
    }
}

/// What the person chose: per service, the deployment to go back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Target {
    /// Which service.
    pub service: ServiceId,
    /// To which deployment.
    pub deployment: DeploymentId,
    /// How its machines are moved, where it has machines.
    #[serde(default, alias = "manner")]
    pub strategy: Strategy,
}

impl Target {
    /// A target that is reached in the usual way.
    #[must_use]
    pub fn new(service: ServiceId, deployment: DeploymentId) -> Self {
        Self { service, deployment, strategy: Strategy::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::operation::Operation;
    use crate::domain::strategy::StrategyKind;

    #[test]
    fn a_journal_with_the_words_of_before_is_read() {
        let immediate = Strategy { kind: StrategyKind::Immediate, ..Strategy::default() };
        let target =
            Target { strategy: immediate, ..Target::new(ServiceId::new("production", "backend"), "v41".into()) };
        let begun = Operation::begun(
            crate::domain::ids::OpId(uuid::Uuid::nil()),
            OpKind::RollBack,
            "production".into(),
            Text::from("roll back production"),
            jiff::Timestamp::UNIX_EPOCH,
        );
        let operation = Operation { request: Some(Request::RollBack(vec![target])), ..begun };
        let today = serde_json::to_string(&operation.request).expect("it is written");
        let before = today.replace("\"strategy\":{", "\"manner\":{").replace("\"kind\":", "\"strategy\":");
        assert!(before != today && before.contains("\"manner\":{\"strategy\":"), "{before}");
        let mut row = serde_json::to_value(&operation).expect("it is written");
        let fields = row.as_object_mut().expect("an object");
        fields.remove("request");
        fields.insert("wish".to_owned(), serde_json::from_str(&before).expect("JSON"));
        let read: Operation = serde_json::from_value(row).expect("it is read");
        assert_eq!(read.request, operation.request);
    }
}
