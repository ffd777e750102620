//! Deployments of a service as candidates of a rollback, and commits between releases.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::environment::Status;
use super::ids::{DeploymentId, ServiceId, Sha};
use super::state::State;
use crate::sanitize::Text;

/// Whether what a rollback needs is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Checked: it exists.
    There,
    /// Checked: it is gone.
    Gone,
    /// Not checked yet.
    Unknown,
}

/// How much of its traffic a finished build has been given, on platforms that give it in stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It is ready and serves nobody yet.
    Staged,
    /// A part of the visitors gets it.
    Rolling,
    /// It got every visitor, now or once.
    Promoted,
}

/// One deployment of one service.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Deployment {
    /// Whose.
    pub service: ServiceId,
    /// The platform's identity of it.
    pub id: DeploymentId,
    /// What people call it: `v41`, `dpl_8Qk…`.
    pub label: Text,
    /// The commit it was built from.
    pub sha: Option<Sha>,
    /// The image reference (Fly) that a rollback would set.
    pub image: Option<Text>,
    /// State, drawn.
    pub status: Status,
    /// The platform's words for how it ended.
    pub words: Text,
    /// Its stage, where the platform tells one.
    pub stage: Option<Stage>,
    /// When it was made.
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub created_at: Timestamp,
    /// How long it was live, where known.
    pub ran_for: Option<Duration>,
    /// Who made it.
    pub author: Text,
    /// First line of the commit message, or the platform's reason.
    pub message: Text,
    /// It is what the platform says is live now.
    pub current: bool,
    /// The console (or its history) saw it healthy at the edge.
    pub verified: Option<bool>,
    /// Whether the image or build still exists.
    pub presence: Presence,
    /// Marked bad, and why.
    pub bad: Option<Text>,
}

impl Deployment {
    /// How it stands in our words; the platform's own is [`Deployment::words`], and is told where none of ours says the same.
    #[must_use]
    pub fn word(&self) -> &str {
        match self.status {
            Status::Ok => "deployed",
            Status::Running => State::Deploying.word(),
            Status::Fail => "failed",
            Status::Paused | Status::Warn | Status::Unknown => self.words.as_str(),
        }
    }
}

/// One commit between two releases.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Commit {
    /// Its hash.
    pub sha: Sha,
    /// Who wrote it.
    pub author: Text,
    /// First line of its message.
    pub title: Text,
}
