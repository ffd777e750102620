//! Identities. Selection, plans and operations hold on to these, never to a row number.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identity as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id!(
    /// An environment by its name in the configuration: `production`, `staging`.
    EnvId
);
text_id!(
    /// A commit of the product, the full 40 hex digits where known.
    Sha
);
text_id!(
    /// One service's instance of a release on its platform: Fly release id, Vercel `dpl_…`, migration version.
    DeploymentId
);

impl Sha {
    /// The first seven characters, as people write commits.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }

    /// Whether both name one commit: platforms cut them, image tags most of all.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        let (short, long) = if self.0.len() < other.0.len() { (&self.0, &other.0) } else { (&other.0, &self.0) };
        short == long || short.len() >= 7 && long.starts_with(&**short)
    }
}

/// A service: one part of the product in one environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServiceId {
    /// Where it runs.
    pub env: EnvId,
    /// Its name in the configuration: `backend`, `frontend`, `database`.
    pub name: Arc<str>,
}

impl ServiceId {
    /// Builds an identity from the two names.
    #[must_use]
    pub fn new(env: impl Into<EnvId>, name: &str) -> Self {
        Self { env: env.into(), name: name.into() }
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.env, self.name)
    }
}

/// An operation, sortable by time (UUID v7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct OpId(pub uuid::Uuid);

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Joins an effect with its answer. Made in `update`; an answer whose number is not awaited is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ReqId(pub u64);
