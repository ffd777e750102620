//! Supabase: project, health, migrations, secrets by digest, logs (supabase.md).

mod logs;
mod posture;
mod vault;
mod wire;

use std::sync::Arc;

use jiff::Timestamp;

use super::http::{Call, Http, segment};
use super::{PlatformError, TokenInfo};
use crate::config::Access;
use crate::domain::environment::{Declared, Platform, Status, Switches};
use crate::domain::ids::{DeploymentId, EnvId};
use crate::domain::secret::{Digest, SecretEntry};
use crate::sanitize::Text;

const SUPABASE: Platform = Platform::Supabase;
/// The services whose health is asked; the parameter is required (supabase.md section 3.2).
const SERVICES: [&str; 6] = ["auth", "db", "pooler", "realtime", "rest", "storage"];

/// The client.
#[derive(Debug, Clone)]
pub struct Supabase {
    http: Http,
    access: Arc<Access>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupabaseProject {
    /// 20 lower-case letters.
    pub reference: Text,
    /// Its name.
    pub name: Text,
    /// `ACTIVE_HEALTHY`, `INACTIVE`, `RESTORING`, …
    pub status: Text,
    /// Region.
    pub region: Text,
    /// Version of its Postgres.
    pub postgres: Text,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

impl SupabaseProject {
    /// The drawn state of the platform's word (supabase.md section 3.1).
    #[must_use]
    pub fn drawn(&self) -> Status {
        drawn(self.status.as_str())
    }
}

/// The drawn state of a status word of Supabase: green is `ACTIVE_HEALTHY` alone.
#[must_use]
pub fn drawn(word: &str) -> Status {
    match word {
        "ACTIVE_HEALTHY" => Status::Ok,
        "INACTIVE" => Status::Paused,
        "UNKNOWN" | "" => Status::Unknown,
        word if word.contains("FAILED") || word.contains("UNHEALTHY") || word == "REMOVED" => Status::Fail,
        "COMING_UP" | "GOING_DOWN" | "RESTORING" | "UPGRADING" | "PAUSING" | "RESTARTING" | "RESIZING" => {
            Status::Running
        }
        _ => Status::Unknown,
    }
}

/// Health of one service of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceHealth {
    /// `auth`, `db`, `rest`, …
    pub name: Text,
    /// The platform calls it healthy.
    pub healthy: bool,
    /// The platform's word, and its error when there is one.
    pub words: Text,
}

/// One migration that is recorded in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Its version; sorts by time.
    pub version: Text,
    /// Its name, where it has one.
    pub name: Option<Text>,
}

impl Supabase {
    /// A client.
    #[must_use]
    pub fn new(http: Http, access: Access) -> Self {
        Self { http, access: Arc::new(access) }
    }

    /// `GET /v1/profile`: the cheapest call.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn check_token(&self) -> Result<TokenInfo, PlatformError> {
        let profile: wire::Profile = self.get("/v1/profile").read().await?;
        let who = if profile.username.is_empty() { profile.primary_email } else { profile.username };
        Ok(TokenInfo { who: Text::clean(&who), note: None })
    }

    /// `GET /v1/projects/{ref}`.
    ///
    /// # Errors
    /// [`PlatformError`]; a deleted project answers 400 `Resource has been removed`.
    pub async fn project(&self, reference: &str) -> Result<SupabaseProject, PlatformError> {
        let project: wire::Project = self.project_call(reference, "").read().await?;
        Ok(SupabaseProject {
            reference: Text::clean(if project.reference.is_empty() { &project.id } else { &project.reference }),
            name: Text::clean(&project.name),
            status: Text::clean(&project.status),
            region: Text::clean(&project.region),
            postgres: Text::clean(&project.database.version),
            created_at: project.created_at,
        })
    }

    /// `GET P/health?services=…`: 200 even when nothing is healthy.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn health(&self, reference: &str) -> Result<Vec<ServiceHealth>, PlatformError> {
        let call = self.project_call(reference, "/health");
        let call = SERVICES.iter().fold(call, |call, service| call.query("services", service));
        let list: Vec<wire::Health> = call.read().await?;
        let health = |health: wire::Health| {
            let words = if health.error.is_empty() {
                health.status.clone()
            } else {
                format!("{} {}", health.status, health.error)
            };
            let healthy = if health.status.is_empty() { health.healthy } else { health.status == "ACTIVE_HEALTHY" };
            ServiceHealth { name: Text::clean(&health.name), healthy, words: Text::clean(words.trim()) }
        };
        Ok(list.into_iter().map(health).collect())
    }

    /// `GET P/database/migrations`, in the order of their versions.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn migrations(&self, reference: &str) -> Result<Vec<Migration>, PlatformError> {
        let list: Vec<wire::Migration> = self.project_call(reference, "/database/migrations").read().await?;
        let name = |name: String| Some(Text::clean(&name)).filter(|name| !name.is_empty());
        let migration = |m: wire::Migration| Migration { version: Text::clean(&m.version), name: name(m.name) };
        let mut migrations: Vec<Migration> = list.into_iter().map(migration).collect();
        migrations.sort_by(|a, b| a.version.cmp(&b.version));
        Ok(migrations)
    }

    /// `GET P/secrets`: names with the SHA-256 of their values, in hex. The digest is comparable everywhere and guessable
    /// for short values; the engine turns it into a keyed one before it is shown. The platform's own `SUPABASE_*` are
    /// left out, nobody can set them.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn secrets(&self, reference: &str, env: &EnvId) -> Result<Vec<SecretEntry>, PlatformError> {
        let list: Vec<wire::Secret> = self.project_call(reference, "/secrets").read().await?;
        let entry = |secret: wire::Secret| SecretEntry {
            key: Text::clean(&secret.name),
            env: env.clone(),
            platform: SUPABASE,
            place: Text::clean(reference),
            digest: secret.digest(),
            updated_at: secret.updated_at,
            note: None,
        };
        Ok(list.into_iter().filter(|secret| !secret.name.starts_with("SUPABASE_")).map(entry).collect())
    }

    /// What the platform declares of a project: its newest migration and its health.
    ///
    /// # Errors
    /// [`PlatformError`] when the project cannot be read; health and migrations are shown as unknown where they cannot.
    pub async fn declared(&self, reference: &str) -> Result<Declared, PlatformError> {
        let (project, health, migrations) =
            tokio::join!(self.project(reference), self.health(reference), self.migrations(reference));
        let project = project?;
        let newest = migrations.ok().and_then(|mut all| all.pop());
        let ill = health.as_ref().ok().and_then(|all| all.iter().find(|service| !service.healthy));
        let status = match (project.drawn(), ill) {
            (Status::Ok, Some(_)) => Status::Warn,
            (status, _) => status,
        };
        let words =
            ill.map_or_else(|| project.status.clone(), |ill| Text::clean(&format!("{}: {}", ill.name, ill.words)));
        let version = newest.map_or_else(|| Text::clean("no migration"), |migration| migration.version);
        Ok(Declared {
            deployment: DeploymentId::from(version.as_str()),
            label: version,
            sha: None,
            status,
            words,
            created_at: project.created_at,
            rollout: None,
            pin: None,
            switches: Switches::default(),
            instances: Vec::new(),
            claimed: None,
        })
    }

    fn get(&self, path: &str) -> Call {
        let call = self.http.get(SUPABASE, &format!("{}{path}", self.access.base));
        call.signed(&self.access.token, super::http::bearer)
    }

    fn project_call(&self, reference: &str, path: &str) -> Call {
        self.get(&format!("/v1/projects/{}{path}", segment(reference)))
    }
}

impl wire::Secret {
    /// Only what looks like a SHA-256 is taken for one: should the platform ever send a value, it stays unseen.
    fn digest(&self) -> Digest {
        let hex = self.value.len() == 64 && self.value.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hex { Digest::Opaque(Text::clean(&self.value.to_ascii_lowercase())) } else { Digest::Hidden }
    }
}
