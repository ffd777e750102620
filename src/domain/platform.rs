//! The outside systems that the console talks to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An outside system that the console talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// GitHub Actions, deployments, secrets.
    Github,
    /// Fly.io.
    Fly,
    /// Vercel.
    Vercel,
    /// Supabase.
    Supabase,
    /// The product itself, as its users meet it.
    Edge,
}

impl Platform {
    /// Those that a configuration names: what is asked with a token of its own.
    pub const CONFIGURED: [Self; 4] = [Self::Github, Self::Fly, Self::Vercel, Self::Supabase];

    /// The name used in configuration, logs and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Fly => "fly",
            Self::Vercel => "vercel",
            Self::Supabase => "supabase",
            Self::Edge => "edge",
        }
    }

    /// The two letters of the header line.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Github => "gh",
            Self::Fly => "fly",
            Self::Vercel => "vc",
            Self::Supabase => "sb",
            Self::Edge => "edge",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
