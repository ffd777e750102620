//! What tests of several modules are made of.

use super::environment::{Declared, Status, Switches};
use super::extent::Extent;
use super::ids::ServiceId;
use super::pipeline::{Run, RunState};
use super::release::{Deployment, Presence};
use crate::sanitize::Text;

/// A new commit.
pub const NEW: &str = "3e60eac51b2c3e60eac51b2c3e60eac51b2c3e60";

/// A commit of before.
pub const OLD: &str = "9df49c2a41f09df49c2a41f09df49c2a41f09df4";

/// A deployment of a commit, made so many seconds after the beginning.
#[must_use]
pub fn deployment(service: &ServiceId, sha: &str, second: u64, current: bool) -> Deployment {
    let began = jiff::Timestamp::from_second(1_800_000_000).unwrap_or_default();
    Deployment {
        service: service.clone(),
        id: format!("{}-{second}", sha.get(..7).unwrap_or(sha)).into(),
        label: Text::from(format!("v{second}")),
        sha: Some(sha.into()),
        image: None,
        status: Status::Ok,
        words: Text::from("complete"),
        stage: None,
        created_at: began.saturating_add(std::time::Duration::from_secs(second)).unwrap_or(began),
        ran_for: None,
        author: Text::from("maria"),
        message: Text::from(if sha == OLD { "Old thing" } else { "New thing" }),
        current,
        verified: None,
        presence: Presence::There,
        bad: None,
    }
}

/// A run of the pipeline.
#[must_use]
pub fn run(id: u64, state: RunState, status: Status) -> Run {
    let began = jiff::Timestamp::from_second(1_800_000_000).unwrap_or_default();
    Run {
        id,
        workflow: Text::from("deploy"),
        title: Text::from("New thing"),
        number: (400 + id, 1),
        sha: NEW.into(),
        branch: Text::from("main"),
        actor: Text::from("ines"),
        state,
        status,
        words: Text::from("success"),
        event: Text::from("push"),
        file: Text::from(".github/workflows/deploy.yml"),
        created_at: Some(began),
        started_at: Some(began),
        updated_at: Some(began),
        url: Text::from("https://github.example/run"),
        jobs: Vec::new(),
        jobs_read: Extent::Whole,
        gates: Vec::new(),
        lanes: Vec::new(),
    }
}

/// What a platform declares of a service that runs a commit as `v41`, and nothing beside it.
#[must_use]
pub fn declared(sha: Option<&str>, status: Status) -> Declared {
    Declared {
        deployment: sha.unwrap_or("v41").into(),
        label: Text::from("v41"),
        sha: sha.map(Into::into),
        status,
        words: Text::from("complete"),
        created_at: None,
        rollout: None,
        pin: None,
        switches: Switches::default(),
        instances: Vec::new(),
        pointed: Vec::new(),
        routed: false,
        claimed: None,
        coming: None,
    }
}

/// What a time is in an answer.
pub enum Moment {}

impl schemars::JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}
