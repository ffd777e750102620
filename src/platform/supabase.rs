//! Supabase: project, health, migrations, secrets by digest, logs (docs/platforms/supabase.md).

mod adapter;
mod findings;
mod logs;
mod secrets;
mod wire;
mod words;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::http::{Call, Http, segment};
use super::{ErrorKind, PlatformError, TokenInfo};
use crate::config::Access;
use crate::domain::environment::{Declared, Platform, Status, Switches};
use crate::domain::ids::{DeploymentId, EnvId};
use crate::domain::secret::{Digest, SecretEntry};
use crate::sanitize::Text;

const SUPABASE: Platform = Platform::Supabase;
/// The services whose health is asked; the parameter is required (docs/platforms/supabase.md section 3.2).
const SERVICES: [&str; 6] = ["auth", "db", "pooler", "realtime", "rest", "storage"];

/// The client.
#[derive(Debug, Clone)]
pub struct Supabase {
    http: Http,
    access: Arc<Access>,
    /// Since when each project has been seen in its state.
    seen: Arc<Mutex<HashMap<String, (Text, Timestamp)>>>,
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
    /// The drawn state of the platform's word (docs/platforms/supabase.md section 3.1).
    #[must_use]
    pub fn drawn(&self) -> Status {
        words::project(self.status.as_str()).0
    }

    /// The platform's word, or that it is none that is known.
    #[must_use]
    pub fn words(&self) -> Text {
        words::project(self.status.as_str()).1
    }
}

/// Health of one service of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceHealth {
    /// `auth`, `db`, `rest`, …
    pub name: Text,
    /// How it stands by the platform's word.
    pub status: Status,
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
        Self { http, access: Arc::new(access), seen: Arc::default() }
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
            let (status, words) = match health.status.as_str() {
                // The older field, where the newer one is absent.
                "" if health.healthy == Some(true) => (Status::Ok, Text::from("healthy")),
                "" if health.healthy == Some(false) => (Status::Fail, Text::from("not healthy")),
                word => words::service(word),
            };
            let words = if health.error.is_empty() { words } else { Text::clean(&format!("{words} {}", health.error)) };
            ServiceHealth { name: Text::clean(&health.name), status, words }
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
    /// [`PlatformError`] when the project or its health cannot be read just now. Health that the token may not read is unknown;
    /// migrations are told as not read.
    pub async fn declared(&self, reference: &str) -> Result<Declared, PlatformError> {
        let (project, health, migrations) =
            tokio::join!(self.project(reference), self.health(reference), self.migrations(reference));
        let project = project?;
        let health = match health {
            Err(error) if matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound) => Err(error),
            // A project that is paused or being moved has no services that could answer.
            Err(error) if project.drawn() != Status::Ok => Err(error),
            other => Ok(other?),
        };
        let (status, words) = standing(&project, &health);
        let stuck =
            words::stuck(project.status.as_str(), self.seen_since(reference, &project.status), self.http.clock().now());
        // What is being paused serves nobody however long it takes; of what should long be there again nobody knows whether it serves.
        let (status, words) = match stuck {
            Some(stuck) if status == Status::Paused => (status, stuck),
            Some(stuck) => (Status::Unknown, stuck),
            None => (status, words),
        };
        let version = match migrations.map(|mut all| all.pop()) {
            Ok(Some(newest)) => newest.version,
            Ok(None) => Text::from("no migration"),
            Err(_) => Text::from("migrations not read"),
        };
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
            pointed: Vec::new(),
            routed: false,
            claimed: None,
            coming: None,
        })
    }

    /// Since when a project has been seen in this state: the platform does not say when it began.
    fn seen_since(&self, reference: &str, word: &Text) -> Timestamp {
        let now = self.http.clock().now();
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.entry(reference.to_owned()).or_insert_with(|| (word.clone(), now));
        if held.0 != *word {
            *held = (word.clone(), now);
        }
        held.1
    }

    fn get(&self, path: &str) -> Call {
        let call = self.http.get(SUPABASE, &format!("{}{path}", self.access.base));
        call.signed(&self.access.token, super::http::bearer)
    }

    fn project_call(&self, reference: &str, path: &str) -> Call {
        self.get(&format!("/v1/projects/{}{path}", segment(reference)))
    }
}

/// What the project and its services say together: the worst, and unknown before well.
fn standing(project: &SupabaseProject, health: &Result<Vec<ServiceHealth>, PlatformError>) -> (Status, Text) {
    let (status, words) = (project.drawn(), project.words());
    if status != Status::Ok {
        return (status, words);
    }
    let services = match health {
        Ok(services) if services.is_empty() => {
            return (Status::Unknown, Text::from("health: the platform lists no service"));
        }
        // An answer about the others is no answer about the database.
        Ok(services) if !services.iter().any(|one| one.name.as_str() == "db") => {
            return (Status::Unknown, Text::from("health: the platform says nothing of the database itself"));
        }
        Ok(services) => services,
        Err(error) => {
            return (Status::Unknown, Text::from(format!("health not read: {}: {}", error.kind, error.message)));
        }
    };
    let worst = |one: &&ServiceHealth| (one.status, one.name.as_str().starts_with("db"));
    match services.iter().filter(|one| one.status != Status::Ok).max_by_key(worst) {
        Some(one) if one.status == Status::Unknown => (one.status, Text::from(format!("{}: {}", one.name, one.words))),
        // Without the database itself nothing is served; what stands beside it takes a part along.
        Some(one) if one.status == Status::Fail && one.name.as_str().starts_with("db") => {
            (Status::Fail, Text::from(format!("{}: {}", one.name, one.words)))
        }
        Some(one) => (Status::Warn, Text::from(format!("{}: {}", one.name, one.words))),
        // What was asked about and is not told of may be what does not work.
        None => match SERVICES.iter().find(|asked| services.iter().all(|one| one.name.as_str() != **asked)) {
            Some(silent) => (Status::Unknown, Text::from(format!("health: the platform says nothing of {silent}"))),
            None => (status, words),
        },
    }
}

impl wire::Secret {
    /// Only what looks like a SHA-256 is taken for one: should the platform ever send a value, it stays unseen.
    fn digest(&self) -> Digest {
        let hex = self.value.len() == 64 && self.value.bytes().all(|byte| byte.is_ascii_hexdigit());
        if hex { Digest::Opaque(Text::clean(&self.value.to_ascii_lowercase())) } else { Digest::Hidden }
    }
}
