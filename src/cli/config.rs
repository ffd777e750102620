//! `flightdeck config`: an example, what was understood of a file, and which project files are approved. Nothing is run here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::answers::{self, Account, Approved, Configured, ReadFile, Trusted, TrustedFiles, Understood, Wants};
use super::{Output, print, variable};
use crate::clock::SystemClock;
use crate::config::load::{self, Flags};
use crate::config::trust::{self, Approvals};
use crate::config::{Access, PROJECT, Settings};
use crate::domain::amount::amount;
use crate::domain::log::Input;
use crate::domain::trust::{ProjectFile, Want};
use crate::error::{ExitCode, UserError};
use crate::redact::Redactor;
use crate::sanitize::Text;

/// A configuration with every key, commented.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Subcommands of `config`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ConfigCommand {
    /// Read it and say what was understood, and what would be run; nothing is run.
    Check,
    /// Print every setting in force, and where it came from; nothing is run.
    Show,
    /// Print an example with every key.
    Example,
    /// Print the JSON schema of the file.
    Schema,
    /// Approve a project file as it is now, so that its commands and addresses are used.
    Trust(TrustArgs),
}

/// Which project file.
#[derive(Debug, Clone, clap::Args)]
pub struct TrustArgs {
    /// The file; without it, flightdeck.toml in this folder.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Take the approval back.
    #[arg(long, conflicts_with = "list")]
    pub revoke: bool,
    /// Show every approval.
    #[arg(long, conflicts_with = "file")]
    pub list: bool,
}

pub(super) fn run(command: ConfigCommand, flags: Flags, output: Output) -> Result<ExitCode, UserError> {
    match command {
        ConfigCommand::Check => check(&Flags { dry: true, ..flags }, output),
        ConfigCommand::Show => show(&Flags { dry: true, ..flags }, output),
        ConfigCommand::Example => print(EXAMPLE),
        ConfigCommand::Schema => super::schema::config(),
        ConfigCommand::Trust(args) => trust(&args, output),
    }
}

/// The answer as a program reads it.
fn answer(what: &str, says: impl Serialize) -> Result<ExitCode, UserError> {
    print(&answers::line(what, says))
}

fn trust(args: &TrustArgs, output: Output) -> Result<ExitCode, UserError> {
    let approvals = Approvals::of(&variable);
    if args.list && output.json {
        let row = |one: trust::Approval| Approved {
            at: one.at.to_string(),
            sha256: one.digest.to_string(),
            path: one.path.to_string(),
        };
        return answer("config-trust-list", TrustedFiles { rows: approvals.all().into_iter().map(row).collect() });
    }
    if args.list {
        let line = |one: trust::Approval| format!("{}  {}  {}\n", one.at, one.digest, one.path);
        return print(&approvals.all().into_iter().map(line).collect::<String>());
    }
    let path = args.file.as_deref().unwrap_or(Path::new(PROJECT));
    if args.revoke {
        // A file that is gone may have been approved where it lay.
        let whole = path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
        let (shown, was) = (Text::from(whole.as_path()), approvals.revoke(&whole)?);
        if output.json {
            let says = Trusted { path: shown, approved: false, was_approved: Some(was), sha256: None, wants: None };
            return answer("config-trust", says);
        }
        return print(&format!("{shown} {}\n", if was { "is not approved any more" } else { "was not approved" }));
    }
    let file = trust::look(path, &approvals)?;
    approvals.approve(&file, SystemClock::shared().now())?;
    if output.json {
        let (path, wants) = (Text::from(file.path.as_path()), Some(asked(&file.wants)));
        let says = Trusted { path, approved: true, was_approved: None, sha256: Some(&file.digest), wants };
        return answer("config-trust", says);
    }
    let mut text = format!("approved {}, sha256 {}\n", Text::from(file.path.as_path()), file.digest);
    if file.wants.is_empty() {
        text.push_str("  it runs nothing and names no other address\n");
    }
    wants(&file.wants, &mut text);
    print(&text)
}

/// What a file asks for, with what looks like a secret masked: this may stand in the log of a pipeline.
fn wants(all: &[Want], text: &mut String) {
    let redactor = Redactor::default();
    for want in all {
        text.push_str(&format!("  {} {}\n", want.key, redactor.mask(want.says.clone())));
    }
}

/// The same for programs.
fn asked(all: &[Want]) -> Vec<Wants> {
    let redactor = Redactor::default();
    all.iter().map(|want| Wants { key: want.key.clone(), says: redactor.mask(want.says.clone()) }).collect()
}

fn check(flags: &Flags, output: Output) -> Result<ExitCode, UserError> {
    let settings = load::load(flags, &variable)?;
    let files = load::files(flags, &variable)?;
    if output.json {
        return answer("config-check", told(&settings, &files));
    }
    let mut text = String::new();
    for file in files {
        about(&file, &mut text);
    }
    understood(&settings, &mut text);
    print(&text)
}

fn show(flags: &Flags, output: Output) -> Result<ExitCode, UserError> {
    let settings = load::load(flags, &variable)?;
    let redactor = Redactor::default();
    let rows = settings.effective.iter().map(|one| answers::Setting {
        key: one.key.clone(),
        value: redactor.mask(one.value.clone()),
        from: one.origin.to_string(),
    });
    if output.json {
        return answer("config-show", answers::Shown { rows: rows.collect() });
    }
    let rows: Vec<_> = rows.collect();
    let wide = |of: fn(&answers::Setting) -> usize| rows.iter().map(of).max().unwrap_or_default();
    let (key, value) = (wide(|one| one.key.as_str().width()), wide(|one| one.value.as_str().width().min(60)));
    let pad = |text: &str, to: usize| format!("{text}{}", " ".repeat(to.saturating_sub(text.width())));
    let line = |one: &answers::Setting| {
        format!("{}  {}  {}\n", pad(one.key.as_str(), key), pad(one.value.as_str(), value), one.from)
    };
    print(&rows.iter().map(line).collect::<String>())
}

/// What was understood, as programs read it; nothing of it is the value of a secret.
fn told<'s>(settings: &'s Settings, files: &[ProjectFile]) -> Understood<'s> {
    let file = |one: &ProjectFile| {
        let path = Text::from(one.path.as_path());
        ReadFile { path, approved: one.approved, wants: asked(&one.wants) }
    };
    let environments = settings
        .environments
        .iter()
        .map(|env| {
            let services: Vec<&str> = env.services.iter().map(|one| &*one.id.name).collect();
            Configured { name: &env.id, tier: env.tier, write: env.writable, services }
        })
        .collect();
    let mut platforms = BTreeMap::new();
    for (name, access) in accesses(settings) {
        let token_from = access.token.origin().to_string();
        platforms.insert(name, Account { base: Some(access.base.to_string()), token_from, ..Account::default() });
    }
    if let Some(fly) = &settings.fly {
        let (machines, api) = (Some(fly.machines.to_string()), Some(fly.api.to_string()));
        let token_from = fly.token.origin().to_string();
        platforms.insert("fly", Account { machines, api, token_from, ..Account::default() });
    }
    Understood {
        files: files.iter().map(file).collect(),
        project: &settings.project,
        state_dir: Text::from(settings.state_dir.as_path()),
        environments,
        platforms,
        logs: settings.log_sources.iter().map(|one| one.id.to_string()).collect(),
        proxy: settings.proxy.words(),
        warnings: &settings.warnings,
    }
}

/// The platforms that have one address.
fn accesses(settings: &Settings) -> impl Iterator<Item = (&'static str, &Access)> {
    settings.accesses.iter().map(|(platform, access)| (platform.name(), access))
}

fn about(file: &ProjectFile, text: &mut String) {
    let path = Text::from(file.path.as_path());
    text.push_str(&format!("read {path}\n"));
    if !file.wants.is_empty() {
        let how = if file.approved {
            "it asks for the following; nothing of it was done now:"
        } else {
            "not approved, not used:"
        };
        text.push_str(&format!("{how}\n"));
        wants(&file.wants, text);
    }
}

fn understood(settings: &Settings, text: &mut String) {
    text.push_str(&format!("project {}, state in {}\n", settings.project, Text::from(settings.state_dir.as_path())));
    for env in &settings.environments {
        let access = if env.writable { "write" } else { "read" };
        text.push_str(&format!("environment {} ({access}): {}\n", env.id, amount(env.services.len(), "service")));
    }
    for (name, access) in accesses(settings) {
        text.push_str(&format!("{name}: {}, token from {}\n", access.base, access.token.origin()));
    }
    if let Some(fly) = &settings.fly {
        text.push_str(&format!("fly: {} and {}, token from {}\n", fly.machines, fly.api, fly.token.origin()));
    }
    for source in &settings.log_sources {
        // Words and addresses may hold a token.
        let from = match &source.input {
            Input::File(path) => Text::from(path.as_path()).to_string(),
            Input::Command(words) => format!("what {} writes", words.first().map_or("", String::as_str)),
            Input::Address(_) => "an address".to_owned(),
            Input::Stdin => "standard input".to_owned(),
        };
        text.push_str(&format!("log {}: {from}\n", source.id));
    }
    if let Some(words) = settings.proxy.words() {
        text.push_str(&format!("{words}\n"));
    }
    for warning in &settings.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
}
