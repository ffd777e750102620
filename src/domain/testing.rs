//! What tests of several modules are made of.

use super::environment::{Declared, Status, Switches};
use crate::sanitize::Text;

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
