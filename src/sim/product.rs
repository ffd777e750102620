//! The simulated product: its environments by name, what each consists of, and the secrets it needs. It is read from a file of
//! `assets/worlds` or of a person; the world is made of it.

mod check;
mod file;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{ExitCode, UserError};

/// An environment: its place in the product's list. Its name is [`Product::name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Env(u16);

impl Env {
    /// `staging` of the product that comes with the program, for tests.
    pub const STAGING: Self = Self(0);
    /// `production` of the product that comes with the program, for tests.
    pub const PRODUCTION: Self = Self(1);

    /// Its place in the product's list, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// How much depends on an environment, in the words of the console's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// For one person.
    Development,
    /// For one pull request.
    Preview,
    /// For the team.
    Staging,
    /// For customers.
    Production,
}

impl Tier {
    /// The word of the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Preview => "preview",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// What starts the deploy workflow of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// A push to the default branch.
    Push,
    /// A person, with a commit as input.
    #[default]
    Dispatch,
}

/// A Fly app.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backend {
    /// Its name.
    pub app: String,
    /// Where its machines are.
    pub regions: Vec<String>,
    /// Machines in each region.
    #[serde(default = "one")]
    pub machines: usize,
    /// Of each machine.
    #[serde(default = "one_cpu")]
    pub cpus: u64,
    /// Of each machine.
    #[serde(default = "memory")]
    pub memory_mb: u64,
    /// Version of its oldest release.
    #[serde(default = "first")]
    pub first_release: u64,
    /// A release whose row stays `running` for ever.
    #[serde(default)]
    pub lost_release: Option<u64>,
    /// Lines a second; absent = a little of everything.
    #[serde(default)]
    pub lines: Option<u64>,
}

/// What Vercel serves of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frontend {
    /// Its domains, the first is the one that is asked.
    pub domains: Vec<String>,
    /// Lines a second; absent = a little of everything.
    #[serde(default)]
    pub lines: Option<u64>,
}

/// A Supabase project.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Its name; the reference is made from the seed.
    pub name: String,
    /// Where it is.
    #[serde(default = "region")]
    pub region: String,
    /// Connections in use, of a hundred.
    #[serde(default = "connections")]
    pub connections: u32,
    /// It takes no connection without TLS.
    #[serde(default)]
    pub tls: bool,
    /// Lines a second; absent = a little of everything.
    #[serde(default)]
    pub lines: Option<u64>,
}

/// How often the written configuration has each probe asked, in seconds; a probe without its service is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Probes {
    /// `/health` of the backend; 0 = no such probe.
    pub backend: u64,
    /// The page of the frontend; 0 = no such probe.
    pub frontend: u64,
    /// Whether the frontend's page may ask the backend; 0 = no such probe.
    pub through: u64,
}

impl Default for Probes {
    fn default() -> Self {
        Self { backend: 2, frontend: 2, through: 5 }
    }
}

fn one() -> usize {
    1
}

fn one_cpu() -> u64 {
    1
}

fn memory() -> u64 {
    512
}

fn first() -> u64 {
    1
}

fn region() -> String {
    "us-east-1".to_owned()
}

fn connections() -> u32 {
    20
}

/// An environment of the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name, everywhere.
    pub name: String,
    /// How much depends on it.
    pub tier: Tier,
    /// Where what runs here goes next.
    pub promotes_to: Option<Env>,
    /// The commits that it has run, oldest first: indexes into the history.
    pub runs: Vec<usize>,
    /// Minutes from a commit to its deploy.
    pub deployed_after: i64,
    /// What starts its deploy workflow.
    pub trigger: Trigger,
    /// Logins of which one has to approve a deploy.
    pub reviewers: Vec<String>,
    /// The only branches that may be deployed; empty = any.
    pub branches: Vec<String>,
    /// On Fly.
    pub backend: Option<Backend>,
    /// On Vercel.
    pub frontend: Option<Frontend>,
    /// On Supabase.
    pub database: Option<Database>,
    /// What the written configuration asks.
    pub probes: Probes,
    /// Its edge has no port of its own: it is a path of the fleet's.
    pub fleet: bool,
}

/// How Vercel keeps a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Anybody of the team reads it.
    Plain,
    /// Read one by one.
    #[default]
    Encrypted,
    /// Never read again.
    Sensitive,
}

impl Kind {
    /// Vercel's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Encrypted => "encrypted",
            Self::Sensitive => "sensitive",
        }
    }
}

/// A secret or a variable, and its value in each environment that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub key: String,
    /// How Vercel keeps it; without meaning on other platforms.
    pub kind: Kind,
    /// The written configuration requires it.
    pub required: bool,
    /// Of the whole repository, on GitHub.
    pub repository: Option<String>,
    /// By environment.
    pub values: BTreeMap<Env, String>,
}

/// The secrets of the product by the place that keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Secrets {
    /// In Fly's vaults.
    pub backend: Vec<Secret>,
    /// Variables of the Vercel project.
    pub frontend: Vec<Secret>,
    /// Of the Supabase functions.
    pub functions: Vec<Secret>,
    /// Secrets on GitHub.
    pub pipeline: Vec<Secret>,
    /// Variables on GitHub.
    pub variables: Vec<Secret>,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its name, and that of its repository.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What happens unless another scenario is asked for.
    pub scenario: String,
    /// Name of the Vercel project.
    pub project: String,
    /// What stands on the frontend's page; its title is what comes before the first comma.
    pub page: String,
    /// Its secrets.
    pub secrets: Secrets,
    /// The written configuration names the platforms, so that all of them are asked.
    pub platforms: bool,
    environments: Vec<Environment>,
    names: BTreeMap<String, Env>,
}

/// The products that come with the program.
const BUILT_IN: [(&str, &str); 3] = [
    ("maria", include_str!("../../assets/worlds/maria.toml")),
    ("two-productions", include_str!("../../assets/worlds/two-productions.toml")),
    ("fleet", include_str!("../../assets/worlds/fleet.toml")),
];

/// Names of the products that come with the program; the first is the usual one.
pub const NAMES: [&str; 3] = [BUILT_IN[0].0, BUILT_IN[1].0, BUILT_IN[2].0];

/// No file of a world is larger.
const LARGEST: u64 = 1 << 20;

impl Product {
    /// The product that comes with the program.
    ///
    /// # Errors
    ///
    /// None: its file is tested.
    pub fn usual() -> Result<Self, UserError> {
        Self::load(None, None)
    }

    /// The product that was asked for: a name of [`NAMES`] or a file; with a number, so many environments of a fleet.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, and where.
    pub fn load(asked: Option<&str>, environments: Option<usize>) -> Result<Self, UserError> {
        let asked = asked.unwrap_or(if environments.is_some() { "fleet" } else { NAMES[0] });
        match BUILT_IN.iter().find(|(name, _)| *name == asked) {
            Some((name, text)) => Self::parse(name, text, environments),
            None => Self::parse(asked, &read(Path::new(asked))?, environments),
        }
    }

    /// The product that a text describes; `place` is what errors call it.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn parse(place: &str, text: &str, environments: Option<usize>) -> Result<Self, UserError> {
        let written: file::World = toml::from_str(text).map_err(|error| {
            refusal(format!("world {place}: {}", error.to_string().trim_end()))
                .hint("docs/simulator.md lists what a world may say; assets/worlds holds examples")
        })?;
        check::Check { place }.product(written, environments)
    }

    /// Every environment, in the order of the file.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = Env> + ExactSizeIterator + use<> {
        (0..u16::try_from(self.environments.len()).unwrap_or(u16::MAX)).map(Env)
    }

    /// Every environment with what it is.
    pub fn environments(&self) -> impl DoubleEndedIterator<Item = (Env, &Environment)> {
        self.all().zip(&self.environments)
    }

    /// What an environment is; `None` for one of another product.
    #[must_use]
    pub fn get(&self, env: Env) -> Option<&Environment> {
        self.environments.get(env.index())
    }

    /// The name of an environment.
    #[must_use]
    pub fn name(&self, env: Env) -> &str {
        self.get(env).map_or("", |one| one.name.as_str())
    }

    /// By its name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Env> {
        self.names.get(name).copied()
    }

    /// What a scenario means by a name: the environment that is called so, else the first of the tier that is.
    #[must_use]
    pub fn meant(&self, name: &str) -> Option<Env> {
        let tier = || self.environments().find(|(_, one)| one.tier.word() == name).map(|(env, _)| env);
        self.find(name).or_else(tier)
    }

    /// Whether it is of tier production.
    #[must_use]
    pub fn is_production(&self, env: Env) -> bool {
        self.get(env).is_some_and(|one| one.tier == Tier::Production)
    }

    /// The environment whose releases come here next.
    #[must_use]
    pub fn source(&self, env: Env) -> Option<Env> {
        self.environments().find(|(_, one)| one.promotes_to == Some(env)).map(|(source, _)| source)
    }
}

fn refusal(what: impl Into<String>) -> UserError {
    UserError::new(ExitCode::Usage, what).now("nothing was started")
}

fn read(path: &Path) -> Result<String, UserError> {
    let shown = path.display();
    let known = format!("--world takes a file or one of: {}", NAMES.join(", "));
    let fails = |why: String| refusal(format!("the world {shown} cannot be read: {why}")).hint(known.clone());
    let about = std::fs::metadata(path).map_err(|error| fails(error.to_string()))?;
    if !about.is_file() {
        return Err(fails("it is not a file".to_owned()));
    }
    if about.len() > LARGEST {
        return Err(fails(format!("it is larger than {LARGEST} bytes")));
    }
    std::fs::read_to_string(path).map_err(|error| fails(error.to_string()))
}
