//! Supabase: one project per environment with its migrations, secrets, service health and Postgres log.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::Env;
use super::budget::Budgets;
use super::traffic::LogLine;

/// Everything Supabase knows.
#[derive(Debug, Clone)]
pub struct SupabaseWorld {
    /// The token that is accepted, `sbp_…`.
    pub token: String,
    /// Organisation slug.
    pub org: String,
    /// One per environment.
    pub projects: Vec<SupabaseProject>,
    /// Rate limits.
    pub budgets: Budgets,
}

/// One project.
#[derive(Debug, Clone)]
pub struct SupabaseProject {
    /// Which environment it is.
    pub env: Env,
    /// 20 lower-case letters.
    pub reference: String,
    /// Its name.
    pub name: String,
    /// `us-east-1`.
    pub region: String,
    /// `ACTIVE_HEALTHY` and its kind.
    pub status: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Oldest first.
    pub migrations: Vec<Migration>,
    /// Secrets of the functions: names and digests.
    pub secrets: Vec<SupabaseSecret>,
    /// Services and what is wrong with them.
    pub services: Vec<(&'static str, Option<String>)>,
    /// Connections in use and the maximum.
    pub connections: (u32, u32),
    /// Recent Postgres lines, oldest first.
    pub logs: VecDeque<LogLine>,
}

/// An applied migration.
#[derive(Debug, Clone)]
pub struct Migration {
    /// `20261120093012`.
    pub version: String,
    /// Its name.
    pub name: String,
}

/// A secret: never its value.
#[derive(Debug, Clone)]
pub struct SupabaseSecret {
    /// Its name.
    pub name: String,
    /// SHA-256 of the value in hex, which is what the platform shows.
    pub digest: String,
    /// Last changed.
    pub updated_at: Timestamp,
}

impl SupabaseWorld {
    /// A project by its reference.
    #[must_use]
    pub fn project(&self, reference: &str) -> Option<&SupabaseProject> {
        self.projects.iter().find(|project| project.reference == reference)
    }

    /// A project by its reference.
    pub fn project_mut(&mut self, reference: &str) -> Option<&mut SupabaseProject> {
        self.projects.iter_mut().find(|project| project.reference == reference)
    }

    /// The project of an environment.
    #[must_use]
    pub fn env(&self, env: Env) -> Option<&SupabaseProject> {
        self.projects.iter().find(|project| project.env == env)
    }

    /// The project of an environment.
    pub fn env_mut(&mut self, env: Env) -> Option<&mut SupabaseProject> {
        self.projects.iter_mut().find(|project| project.env == env)
    }
}
