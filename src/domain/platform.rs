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

/// What a platform has that the console acts on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Has {
    /// Runs of workflows that deploy a whole environment.
    Pipelines,
    /// Services with releases that can be gone back to and deployed anew.
    Releases,
    /// Machines that are moved one by one.
    Machines,
    /// Frontends: builds, domains and the switches of a project.
    Frontends,
    /// Databases.
    Databases,
    /// Services that read secrets, which can be set from here.
    Secrets,
}

/// What is to be known of a platform.
struct Row {
    name: &'static str,
    short: &'static str,
    has: &'static [Has],
}

const fn row(name: &'static str, short: &'static str, has: &'static [Has]) -> Row {
    Row { name, short, has }
}

impl Platform {
    /// Those that a configuration names: what is asked with a token of its own.
    pub const CONFIGURED: [Self; 4] = [Self::Github, Self::Fly, Self::Vercel, Self::Supabase];

    fn row(self) -> Row {
        use Has::{Databases, Frontends, Machines, Pipelines, Releases, Secrets};
        match self {
            Self::Github => row("github", "gh", &[Pipelines]),
            Self::Fly => row("fly", "fly", &[Releases, Machines, Secrets]),
            Self::Vercel => row("vercel", "vc", &[Releases, Frontends, Secrets]),
            Self::Supabase => row("supabase", "sb", &[Databases, Secrets]),
            Self::Edge => row("edge", "edge", &[]),
        }
    }

    fn has(self, what: Has) -> bool {
        self.row().has.contains(&what)
    }

    /// The name used in configuration, logs and JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The two letters of the header line.
    #[must_use]
    pub fn short(self) -> &'static str {
        self.row().short
    }

    /// Whether a configuration names it: everything but the product's own addresses.
    #[must_use]
    pub fn configured(self) -> bool {
        Self::CONFIGURED.contains(&self)
    }

    /// Whether its runs deploy a whole environment: what stands on it belongs to no service alone.
    #[must_use]
    pub fn has_pipelines(self) -> bool {
        self.has(Has::Pipelines)
    }

    /// Whether its services have releases that can be gone back to and deployed anew.
    #[must_use]
    pub fn has_releases(self) -> bool {
        self.has(Has::Releases)
    }

    /// Whether its services are machines, which a strategy moves one by one, and which can be started anew and counted.
    #[must_use]
    pub fn has_machines(self) -> bool {
        self.has(Has::Machines)
    }

    /// Whether its services are frontends, with builds, domains and switches.
    #[must_use]
    pub fn has_frontends(self) -> bool {
        self.has(Has::Frontends)
    }

    /// Whether its services are databases.
    #[must_use]
    pub fn has_databases(self) -> bool {
        self.has(Has::Databases)
    }

    /// Whether secrets of its services can be set from here.
    #[must_use]
    pub fn has_secrets(self) -> bool {
        self.has(Has::Secrets)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
