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
        claimed: None,
    }
}
