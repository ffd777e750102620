//! Decides how a plan is confirmed, by the environment and by what would be done to it (ARCHITECTURE.md, A rollback).

use serde::{Deserialize, Serialize};

use super::environment::Tier;
use super::operation::kind::{OpKind, Weight};

/// What a person does to confirm, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// y; anything else is no.
    Moderate,
    /// The letter that is shown with the plan; it opens nothing anywhere.
    Severe,
    /// The name of the environment, typed in full.
    Critical,
}

impl Level {
    /// What is asked for a kind of operation in an environment of this tier.
    #[must_use]
    pub fn of(kind: OpKind, tier: Tier) -> Self {
        match (tier, kind.weight()) {
            (Tier::Production, Weight::TakesAway) => Self::Critical,
            (Tier::Production, _) | (Tier::Staging, Weight::TakesAway | Weight::Changes) => Self::Severe,
            _ => Self::Moderate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_production_away_is_typed_and_what_runs_in_staging_is_asked() {
        assert_eq!(Level::of(OpKind::RollBack, Tier::Production), Level::Critical);
        assert_eq!(Level::of(OpKind::Promote, Tier::Production), Level::Severe);
        assert_eq!(Level::of(OpKind::RollBack, Tier::Staging), Level::Severe);
        assert_eq!(Level::of(OpKind::Rerun, Tier::Staging), Level::Moderate);
        assert_eq!(Level::of(OpKind::RollBack, Tier::Preview), Level::Moderate);
    }
}
