//! What an operation claims at its end, and the observations that the claim rests on: machine by machine, domain by domain, probe by
//! probe. Pure: the engine observes, this judges and words it.

mod judged;
mod told;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::environment::Platform;
use super::ids::{DeploymentId, ServiceId, Sha};
use crate::sanitize::Text;
pub use judged::{Verdict, healthy, judge, open, shown_by_edge};
pub use told::{counted, left, took};

/// What a plan leaves where it is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rest {
    /// Which service.
    pub service: ServiceId,
    /// Why it stays.
    pub state: Stays,
    /// The commit that it stays on, where it was read.
    pub sha: Option<Sha>,
    /// The same for people: `already runs 9df49c2: declared and observed`.
    pub words: Text,
}

/// Why a service is not moved by a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stays {
    /// It is where the plan goes already.
    Already,
    /// Such a service is never moved by this kind of operation.
    NotMoved,
    /// Its platform declares one commit and its edge answers with another one.
    Differs,
    /// It could not be read.
    Unread,
    /// Another service was chosen alone.
    Alone,
}

impl Stays {
    /// Whether a person has to know it before confirming.
    #[must_use]
    pub fn alarming(self) -> bool {
        matches!(self, Self::Differs | Self::Unread)
    }
}

/// What a service has to be seen as at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Claim {
    /// Which service.
    pub service: ServiceId,
    /// On which platform.
    pub platform: Platform,
    /// The platform's name of it.
    pub resource: Text,
    /// The commit.
    pub sha: Option<Sha>,
    /// The image that every machine has to run, where the plan names one.
    pub image: Option<Text>,
    /// The deployment that every domain has to point at, where the plan names one.
    pub deployment: Option<DeploymentId>,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// A machine: its image and its checks.
    Machine {
        /// Its id.
        id: Text,
        /// Where it runs.
        region: Text,
    },
    /// A domain that its platform lists, asked from here.
    Domain(Text),
    /// An address that is configured, and that its platform does not list as a domain.
    Address(Text),
    /// A domain, looked up on its platform.
    Alias(Text),
    /// A probe of the environment.
    Probe(Text),
    /// The service as a whole, where its parts could not be listed.
    Service,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine { id, region } => write!(f, "machine {id} {region}"),
            Self::Domain(name) | Self::Address(name) => write!(f, "{name}"),
            Self::Alias(name) => write!(f, "alias {name}"),
            Self::Probe(name) => write!(f, "probe {name}"),
            Self::Service => f.write_str("service"),
        }
    }
}

/// What a witness says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It is at the target, and well.
    Seen,
    /// It is at the target, and not well; or it is a probe that fails.
    Failing,
    /// It answers nothing, or is broken before it can tell where it is: it is not known to be at the target.
    Silent,
    /// It is elsewhere.
    Differs,
    /// It cannot be asked. It is no part of the claim.
    NotObserved,
    /// It should have been observed and could not be read: without it nothing whole is claimed.
    Unread,
}

impl Found {
    /// One or two words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Failing => "failing",
            Self::Silent => "silent",
            Self::Differs => "differs",
            Self::NotObserved => "not observed",
            Self::Unread => "not read",
        }
    }

    /// Whether another look may change what it says.
    fn open(self) -> bool {
        matches!(self, Self::Failing | Self::Silent | Self::Differs | Self::Unread)
    }
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Observation {
    /// Of which service; a probe belongs to its environment and names the service `probes`.
    pub service: ServiceId,
    /// Who was asked.
    pub witness: Witness,
    /// What it says.
    pub found: Found,
    /// The same for people: `runs 9df49c2, 2/2 checks pass`.
    pub words: Text,
}

impl Observation {
    /// `backend machine 3d8d iad: runs 3e60eac`.
    fn told(&self) -> String {
        match &self.witness {
            Witness::Probe(name) => format!("{name}: {}", self.words),
            Witness::Service => format!("{}: {}", self.service.name, self.words),
            witness => format!("{} {witness}: {}", self.service.name, self.words),
        }
    }
}

#[cfg(test)]
mod tests;
