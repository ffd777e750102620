//! What the disk remembers, as the screen shows it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::ids::{DeploymentId, EnvId, ServiceId, Sha};
use super::lock::{Lock, Mark};
use crate::sanitize::Text;

/// One row of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalRow {
    /// Its number.
    pub id: i64,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// The operation it belongs to.
    pub op: Text,
    /// `begin`, `intent`, `outcome`, `progress`, `end`, `abandon`.
    pub event: Text,
    /// What it says, in one line.
    pub says: Text,
}

/// Everything remembered, told anew whenever it changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Deployments that are verified healthy, with their commits.
    pub verified: BTreeSet<(ServiceId, DeploymentId, Sha)>,
    /// Environments that people locked.
    pub locks: BTreeMap<EnvId, Lock>,
    /// Commits that are marked bad.
    pub marks: BTreeMap<Sha, Mark>,
    /// The newest rows of the journal, newest first.
    pub rows: Vec<JournalRow>,
    /// When the first row was written; `None` = none ever was.
    pub began: Option<Timestamp>,
    /// Rows ever written.
    pub height: i64,
    /// Whether the rows are as they were written.
    pub chain: Chain,
}

/// What is known of the chain of hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chain {
    /// It was not read whole, and why.
    Unread(Text),
    /// It was followed to this row and holds.
    Holds {
        /// The last row of it.
        row: i64,
        /// When that row was read.
        at: Timestamp,
    },
    /// It does not hold.
    Broken {
        /// The first row that is wrong.
        row: i64,
        /// What is wrong with it.
        why: Text,
        /// When that was found.
        at: Timestamp,
    },
}

impl Default for Chain {
    fn default() -> Self {
        Self::Unread(Text::from("not yet"))
    }
}

impl History {
    /// Whether this deployment, or another one of its commit in that place, was verified healthy.
    #[must_use]
    pub fn saw(&self, service: &ServiceId, deployment: &DeploymentId, sha: Option<&Sha>) -> bool {
        saw(&self.verified, service, deployment, sha)
    }
}

/// Whether this deployment, or another one of its commit in that place, is among those that were verified healthy. Some platforms and edges
/// tell a part of the commit only. Whoever proposes a release, lists it or plans it asks this.
#[must_use]
pub fn saw(
    verified: &BTreeSet<(ServiceId, DeploymentId, Sha)>,
    service: &ServiceId,
    deployment: &DeploymentId,
    sha: Option<&Sha>,
) -> bool {
    let same = |commit: &Sha| sha.is_some_and(|sha| sha.same(commit));
    verified.iter().any(|(place, id, commit)| place == service && (id == deployment || same(commit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_commit_is_the_one_that_was_verified_in_the_same_place_alone() {
        let (backend, frontend) = (ServiceId::new("production", "backend"), ServiceId::new("production", "frontend"));
        let whole = Sha::from("9df49c2000000000000000000000000000000000");
        let verified = BTreeSet::from([(backend.clone(), DeploymentId::from("v41"), whole)]);
        let (cut, other) = (Sha::from("9df49c2"), Sha::from("3e60eac"));
        let another = DeploymentId::from("v43");
        assert!(saw(&verified, &backend, &another, Some(&cut)));
        assert!(!saw(&verified, &frontend, &another, Some(&cut)), "it was seen in another place");
        assert!(!saw(&verified, &backend, &another, Some(&other)) && !saw(&verified, &backend, &another, None));
        assert!(saw(&verified, &backend, &DeploymentId::from("v41"), None), "by its number");
    }
}
