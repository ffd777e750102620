//! The configuration file as written: every key that exists, all optional. Unknown keys are found by comparing the file with
//! [`known_keys`], so that a typo is a warning with the nearest name and never a refusal.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::environment::{Platform, Tier};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct File {
    pub project: Option<String>,
    pub repository: Option<String>,
    /// By name: `github`, `fly`, `vercel`, `supabase`.
    #[cfg_attr(test, schemars(with = "BTreeMap<Platform, Account>"))]
    pub platforms: BTreeMap<String, Account>,
    pub environments: Vec<Environment>,
    pub secrets: Secrets,
    pub ui: Ui,
    pub poll: Poll,
    pub state: State,
}

/// One platform: where it is and where its token comes from.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Account {
    pub base: Option<String>,
    /// Fly only: the Machines API.
    pub machines: Option<String>,
    /// Fly only: GraphQL, logs, releases.
    pub api: Option<String>,
    /// Fly only: time for connections to end.
    pub drain: Option<String>,
    /// Vercel only: team id or slug.
    pub team: Option<String>,
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub token: Option<secrecy::SecretString>,
    pub token_file: Option<String>,
    pub token_command: Option<Vec<String>>,
    /// Nobody has approved its addresses: it gets no token.
    #[serde(skip)]
    pub withheld: bool,
}

impl Account {
    /// It says where its token is, whether or not one is found there.
    #[must_use]
    pub fn has_token_source(&self) -> bool {
        self.token.is_some() || self.token_file.is_some() || self.token_command.is_some()
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("base", &self.base).finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    pub name: String,
    #[serde(default = "staging")]
    pub tier: Tier,
    #[serde(default)]
    pub access: Access,
    /// The environment that what runs here is promoted to.
    pub promotes_to: Option<String>,
    pub workflow: Option<Workflow>,
    #[serde(default)]
    pub freeze: Vec<FreezeWindow>,
    #[serde(default)]
    pub services: Vec<Service>,
    #[serde(default)]
    pub probes: Vec<Probe>,
    #[serde(default)]
    pub logs: Vec<Logs>,
}

/// A log that no platform gives.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Logs {
    pub name: String,
    /// Followed through rotation and truncation.
    pub file: Option<String>,
    /// Run while the console runs; what it writes is read.
    pub command: Option<Vec<String>>,
    pub url: Option<String>,
    /// The service whose deployments its patterns are told by.
    pub service: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Workflow {
    pub file: String,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    pub input: Option<String>,
}

fn staging() -> Tier {
    Tier::Staging
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Access {
    #[default]
    Read,
    Write,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Service {
    pub name: String,
    pub platform: Platform,
    pub resource: String,
    pub url: Option<String>,
    pub observe: Option<Observe>,
    pub postgres: Option<Postgres>,
}

/// A recurring time at which nothing is to be changed.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FreezeWindow {
    /// `mon` … `sun`; none = every day.
    #[serde(default)]
    pub days: Vec<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub zone: Option<String>,
    pub reason: String,
}

/// The database of a service, directly.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Postgres {
    /// A variable with the address.
    pub url_env: Option<String>,
    pub url_file: Option<String>,
    pub url_command: Option<Vec<String>>,
    /// `verified`, `unverified`, `off`.
    pub tls: String,
    pub ca_file: Option<String>,
    pub interval: Option<String>,
    /// It names a command that nobody has approved.
    #[serde(skip)]
    pub withheld: bool,
}

impl Default for Postgres {
    fn default() -> Self {
        let tls = "verified".to_owned();
        Self { url_env: None, url_file: None, url_command: None, tls, ca_file: None, interval: None, withheld: false }
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("tls", &self.tls).finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Observe {
    pub url: String,
    pub json: Option<String>,
    pub header: Option<String>,
    pub meta: Option<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Probe {
    pub name: String,
    pub url: String,
    pub interval: Option<String>,
    pub timeout: Option<String>,
    pub max_latency: Option<String>,
    #[serde(default)]
    pub status: Vec<u16>,
    pub contains: Option<String>,
    pub json: Option<JsonRule>,
    pub cors_origin: Option<String>,
}

#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct JsonRule {
    pub pointer: String,
    pub equals: serde_json::Value,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Secrets {
    pub required: BTreeMap<String, Vec<String>>,
    pub optional: BTreeMap<String, Vec<String>>,
    pub templates: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Ui {
    pub theme: Option<String>,
    pub ascii: Option<bool>,
    pub mouse: Option<bool>,
    pub log_memory: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Poll {
    pub fast: Option<String>,
    pub calm: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct State {
    pub dir: Option<String>,
}

/// The keys of each table, by its path; `*` stands for any name. The example file must use every one (a test checks).
#[must_use]
pub fn known_keys() -> Vec<(String, Vec<&'static str>)> {
    let named = Platform::CONFIGURED.map(Platform::name);
    let platforms = named.map(|name| (format!("platforms.{name}"), account_keys(name)));
    let tables = TABLES.iter().map(|(path, keys)| ((*path).to_owned(), keys.to_vec()));
    tables.chain([("platforms".to_owned(), named.to_vec())]).chain(platforms).collect()
}

/// The keys of a platform's table: where it is, whose account, where its token comes from.
fn account_keys(platform: &str) -> Vec<&'static str> {
    let own: &[&str] = match platform {
        "fly" => &["machines", "api", "drain"],
        "vercel" => &["base", "team"],
        _ => &["base"],
    };
    own.iter().copied().chain(["token", "token_file", "token_command"]).collect()
}

const TABLES: &[(&str, &[&str])] = &[
    ("", &["project", "repository", "platforms", "environments", "secrets", "ui", "poll", "state"]),
    ("environments", &["name", "tier", "access", "promotes_to", "workflow", "freeze", "services", "probes", "logs"]),
    ("environments.logs", &["name", "file", "command", "url", "service"]),
    ("environments.freeze", &["days", "from", "to", "zone", "reason"]),
    ("environments.workflow", &["file", "ref", "input"]),
    ("environments.services", &["name", "platform", "resource", "url", "observe", "postgres"]),
    ("environments.services.postgres", &["url_env", "url_file", "url_command", "tls", "ca_file", "interval"]),
    ("environments.services.observe", &["url", "json", "header", "meta"]),
    (
        "environments.probes",
        &["name", "url", "interval", "timeout", "max_latency", "status", "contains", "json", "cors_origin"],
    ),
    ("environments.probes.json", &["pointer", "equals"]),
    ("secrets", &["required", "optional", "templates"]),
    ("ui", &["theme", "ascii", "mouse", "log_memory"]),
    ("poll", &["fast", "calm"]),
    ("state", &["dir"]),
];

/// A sentence for every key that means nothing, with the nearest one that does.
#[must_use]
pub fn unknown_keys(text: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Ok(table) = text.parse::<toml::Table>() {
        visit(&known_keys(), "", &toml::Value::Table(table), &mut warnings);
    }
    warnings
}

fn visit(all: &[(String, Vec<&str>)], path: &str, value: &toml::Value, warnings: &mut Vec<String>) {
    match value {
        toml::Value::Array(items) => items.iter().for_each(|item| visit(all, path, item, warnings)),
        toml::Value::Table(table) => {
            let Some((_, keys)) = all.iter().find(|(known, _)| *known == path) else { return };
            for (key, inner) in table {
                // A quoted key may hold anything, control characters too.
                let shown = key.escape_debug();
                let here = if path.is_empty() { shown.to_string() } else { format!("{path}.{shown}") };
                if keys.contains(&key.as_str()) {
                    visit(all, &here, inner, warnings);
                } else {
                    warnings.push(unknown(&here, key, keys));
                }
            }
        }
        _ => {}
    }
}

fn unknown(here: &str, key: &str, keys: &[&str]) -> String {
    let near = keys.iter().map(|known| (strsim::damerau_levenshtein(key, known), *known)).min();
    match near {
        Some((distance, known)) if distance <= 3 => format!("unknown key `{here}`: did you mean `{known}`?"),
        _ => format!("unknown key `{here}`: it is ignored"),
    }
}
