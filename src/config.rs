//! Settings: validated, immutable, made once at the start.

pub(crate) mod address;
mod aimed;
mod check;
mod contract;
pub mod credentials;
mod database;
mod dotenv;
pub mod file;
pub mod files;
mod freezes;
mod inputs;
mod layers;
pub mod load;
mod person;
pub mod proxy;
mod sources;
pub mod theme;
pub mod token;
pub mod trust;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use self::layers::PROJECT;
use self::proxy::Proxy;
use self::token::Token;
use self::trust::Approvals;
use crate::domain::environment::{EnvInfo, Platform};
use crate::domain::freeze::{self, Freeze};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::keep::Keep;
use crate::domain::log::Input;
use crate::domain::promotion::Promotions;
use crate::domain::secret::Contract;
use crate::domain::trust::ProjectFile;

/// Everything the console needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Product name, header line.
    pub project: Arc<str>,
    /// `owner/name` on GitHub.
    pub repository: Option<Arc<str>>,
    /// Environments in the order of the configuration.
    pub environments: Vec<EnvInfo>,
    /// Probes in the order of the configuration.
    pub probes: Vec<ProbeSettings>,
    /// Where to observe the running release of a service, beyond the default.
    pub observe: Vec<ObserveSettings>,
    /// When which environment is frozen.
    pub freezes: Vec<(EnvId, Freeze)>,
    /// Databases that are looked at directly.
    pub databases: Vec<DatabaseSettings>,
    /// Logs that no platform gives.
    pub log_sources: Vec<LogSource>,
    /// Who sits at the keyboard, for locks, marks and the journal.
    pub who: Arc<str>,
    /// Which environment is promoted to which.
    pub promotions: Promotions,
    /// Workflows that deploy.
    pub workflows: Vec<WorkflowSettings>,
    /// Access to each platform that has one address.
    pub accesses: BTreeMap<Platform, Access>,
    /// Fly: Machines API, web API (GraphQL, logs) and release routes have bases of their own.
    pub fly: Option<FlyAccess>,
    /// Team id or slug of Vercel requests.
    pub vercel_team: Option<Arc<str>>,
    /// The rules of the secrets matrix.
    pub secrets: SecretRules,
    /// How the screen looks and behaves.
    pub ui: UiSettings,
    /// Where journal and history live.
    pub state_dir: PathBuf,
    /// Where it is kept that stores were there, apart from them; `None` = nowhere.
    pub twins: Option<PathBuf>,
    /// Mutations allowed (flag `--write`, or per environment `access = "write"`).
    pub write: bool,
    /// Shortest interval of a feed while something changes, and the calm one.
    pub poll: PollSettings,
    /// Which requests go through a proxy.
    pub proxy: Proxy,
    /// Things to tell the person: unknown keys with the nearest name, files that were not readable.
    pub warnings: Vec<String>,
    /// The project file that is part of it, if one is.
    pub project_file: Option<ProjectFile>,
    /// The person's approvals of project files.
    pub approvals: Approvals,
    /// The file that was read, if any.
    pub origin: Option<PathBuf>,
}

/// A base URL and a token.
#[derive(Debug, Clone)]
pub struct Access {
    /// `https://api.github.com`, without a trailing slash.
    pub base: String,
    /// The token; without one the feed says which variable to set.
    pub token: Token,
}

/// Fly's three bases (docs/platforms/fly.md section 1).
#[derive(Debug, Clone)]
pub struct FlyAccess {
    /// Machines API, `https://api.machines.dev`.
    pub machines: String,
    /// Web API: `/graphql`, `/api/v1/apps/:app/logs`, release routes.
    pub api: String,
    /// The token text as found, scheme words and commas included.
    pub token: Token,
    /// How long connections get to end before a machine is stopped that others have taken the place of.
    pub drain: Duration,
}

/// One HTTP probe.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeSettings {
    /// Which environment it belongs to.
    pub env: EnvId,
    /// Its name on the screen.
    pub name: Arc<str>,
    /// The URL.
    pub url: String,
    /// Accepted HTTP statuses; empty = 200–299.
    pub status: Vec<u16>,
    /// Text that the body must contain.
    pub contains: Option<String>,
    /// JSON pointer and the value it must have.
    pub json: Option<(String, serde_json::Value)>,
    /// Slower than this fails.
    pub max_latency: Option<Duration>,
    /// When set, an `Origin` header is sent and CORS must allow it.
    pub cors_origin: Option<String>,
    /// How often; default 5 s.
    pub interval: Duration,
    /// Time-out; default 5 s.
    pub timeout: Duration,
}

/// A log that no platform gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSource {
    /// Its environment and name.
    pub id: ServiceId,
    /// Where its lines come from.
    pub input: Input,
    /// The service whose deployments its patterns are told by.
    pub service: Option<ServiceId>,
}

/// A database that is looked at directly.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// The service that it belongs to.
    pub service: ServiceId,
    /// `postgres://user:password@host:port/name`.
    pub url: Token,
    /// Whom to believe.
    pub tls: DatabaseTls,
    /// A root of one's own, PEM; Supabase has one.
    pub ca_file: Option<PathBuf>,
    /// How often; default a minute.
    pub interval: Duration,
}

/// How a connection to a database is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseTls {
    /// Encrypted, and the server is who it says it is.
    Verified,
    /// Encrypted; anybody may be at the other end.
    Unverified,
    /// Plain, on this machine only.
    Off,
}

/// The workflow that deploys an environment when it is dispatched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowSettings {
    /// Which environment.
    pub env: EnvId,
    /// Its file below `.github/workflows`.
    pub file: String,
    /// Branch or tag that it runs on; default `main`.
    pub reference: String,
    /// Its input that takes the commit; default `sha`.
    pub input: String,
}

/// How to read the running release of a service at the edge.
#[derive(Debug, Clone, PartialEq)]
pub struct ObserveSettings {
    /// Which environment.
    pub env: EnvId,
    /// Which service.
    pub service: Arc<str>,
    /// The URL.
    pub url: String,
    /// Where the commit stands in the answer.
    pub at: ObserveAt,
}

/// Where the commit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObserveAt {
    /// A response header.
    Header(String),
    /// A JSON pointer into the body.
    Json(String),
    /// The content of `<meta name="…">`.
    Meta(String),
}

/// Rules of the secrets matrix.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SecretRules {
    /// Keys that must exist in every environment, by service (`backend`), from `[secrets]` or a `.env.example`.
    pub required: Vec<(Arc<str>, Arc<str>)>,
    /// Keys that may exist.
    pub optional: Vec<(Arc<str>, Arc<str>)>,
}

impl SecretRules {
    /// The names that must exist.
    #[must_use]
    pub fn required_keys(&self) -> Vec<&str> {
        self.required.iter().map(|(_, key)| &**key).collect()
    }

    /// What the rules say of a name.
    #[must_use]
    pub fn contract(&self, key: &str) -> Contract {
        let names = |rules: &[(Arc<str>, Arc<str>)]| rules.iter().any(|(_, one)| &**one == key);
        match (names(&self.required), names(&self.optional)) {
            (true, _) => Contract::Required,
            (false, true) => Contract::Optional,
            (false, false) => Contract::Unlisted,
        }
    }
}

/// Look and feel.
#[derive(Debug, Clone, PartialEq)]
pub struct UiSettings {
    /// The name of a theme: `dark`, `light`, `terminal`, `mono`, `high-contrast`, `colour-blind`, or one of one's own.
    pub theme: Arc<str>,
    /// That one, where it is one's own: `themes/NAME.toml` in the folder of one's configuration.
    pub own_theme: Option<OwnTheme>,
    /// How many colours the terminal has.
    pub colours: Colours,
    /// No colour at all (`NO_COLOR`).
    pub no_color: bool,
    /// ASCII symbols only.
    pub ascii: bool,
    /// Mouse capture.
    pub mouse: bool,
    /// Bytes of log lines held; packed; default 256 MiB.
    pub log_bytes: usize,
}

/// A theme that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTheme {
    /// Its file.
    pub path: PathBuf,
    /// What stood in it when it was read last.
    pub text: Arc<str>,
}

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Colours {
    /// Red, green and blue as they are named.
    True,
    /// A palette of 256.
    Indexed,
    /// Sixteen, which the terminal defines.
    #[default]
    Sixteen,
}

/// Rhythm of polling feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollSettings {
    /// While something changes; default 2 s.
    pub fast: Duration,
    /// When calm; default 10 s.
    pub calm: Duration,
}

impl Settings {
    /// The window that an environment is in at this time; `None` = it is not frozen.
    #[must_use]
    pub fn frozen(&self, env: &EnvId, now: jiff::Timestamp) -> Option<freeze::Frozen> {
        freeze::frozen(&self.freezes, env, now)
    }

    /// Looks an environment up.
    #[must_use]
    pub fn environment(&self, id: &EnvId) -> Option<&EnvInfo> {
        self.environments.iter().find(|env| &env.id == id)
    }

    /// Where the store lies, and what says in another place that it is there. Among temporary files nothing is expected to stay.
    #[must_use]
    pub fn keep(&self) -> Keep {
        let dir = std::path::absolute(&self.state_dir).unwrap_or_else(|_| self.state_dir.clone());
        let twins = self.twins.as_ref().filter(|_| !dir.starts_with(std::env::temp_dir()));
        let name = || format!("{}.head", &trust::digest(dir.as_os_str().as_encoded_bytes())[..16]);
        Keep { twin: twins.map(|folder| folder.join(name())), dir: self.state_dir.clone() }
    }

    /// Services whose platform the configuration does not name.
    #[must_use]
    pub fn absent(&self) -> BTreeMap<ServiceId, Platform> {
        let known = self.platforms();
        let services = self.environments.iter().flat_map(|env| &env.services);
        let absent = services.filter(|one| one.platform != Platform::Edge && !known.contains(&one.platform));
        absent.map(|one| (one.id.clone(), one.platform)).collect()
    }

    /// Platforms that the configuration names.
    #[must_use]
    pub fn platforms(&self) -> Vec<Platform> {
        let named = |platform: &Platform| {
            self.accesses.contains_key(platform) || *platform == Platform::Fly && self.fly.is_some()
        };
        Platform::CONFIGURED.into_iter().filter(named).collect()
    }
}
