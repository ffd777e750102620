//! `flightdeck config`: an example, what was understood of a file, and which project files are approved. Nothing is run here.

use std::path::{Path, PathBuf};

use super::{print, variable};
use crate::clock::SystemClock;
use crate::config::load::{self, Flags};
use crate::config::trust::{self, Approvals};
use crate::config::{PROJECT, Settings};
use crate::domain::log::Input;
use crate::domain::trust::{ProjectFile, Want};
use crate::error::{ExitCode, UserError};
use crate::redact::Redactor;
use crate::sanitize::Text;

/// Subcommands of `config`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ConfigCommand {
    /// Read it and say what was understood, and what would be run; nothing is run.
    Check,
    /// Print an example with every key.
    Example,
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

pub(super) fn run(command: ConfigCommand, flags: Flags) -> Result<ExitCode, UserError> {
    match command {
        ConfigCommand::Check => check(&Flags { dry: true, ..flags }),
        ConfigCommand::Example => print(include_str!("../../config.example.toml")),
        ConfigCommand::Trust(args) => trust(&args),
    }
}

fn trust(args: &TrustArgs) -> Result<ExitCode, UserError> {
    let approvals = Approvals::of(&variable);
    if args.list {
        let line = |one: trust::Approval| format!("{}  {}  {}\n", one.at, one.digest, one.path);
        return print(&approvals.all().into_iter().map(line).collect::<String>());
    }
    let path = args.file.as_deref().unwrap_or(Path::new(PROJECT));
    if args.revoke {
        // A file that is gone may have been approved where it lay.
        let whole = path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned());
        let (shown, was) = (Text::from(whole.as_path()), approvals.revoke(&whole)?);
        return print(&format!("{shown} {}\n", if was { "is not approved any more" } else { "was not approved" }));
    }
    let file = trust::look(path, &approvals)?;
    approvals.approve(&file, SystemClock::shared().now())?;
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

fn check(flags: &Flags) -> Result<ExitCode, UserError> {
    let settings = load::load(flags, &variable)?;
    let mut text = String::new();
    for file in load::files(flags, &variable)? {
        about(&file, &mut text);
    }
    understood(&settings, &mut text);
    print(&text)
}

fn about(file: &ProjectFile, text: &mut String) {
    let path = Text::from(file.path.as_path());
    text.push_str(&format!("read {path}\n"));
    if !file.wants.is_empty() {
        let how = if file.approved { "it would, and nothing of it was done now:" } else { "not approved, not used:" };
        text.push_str(&format!("{how}\n"));
        wants(&file.wants, text);
    }
}

fn understood(settings: &Settings, text: &mut String) {
    text.push_str(&format!("project {}, state in {}\n", settings.project, Text::from(settings.state_dir.as_path())));
    for env in &settings.environments {
        let access = if env.writable { "write" } else { "read" };
        text.push_str(&format!("environment {} ({access}): {} services\n", env.id, env.services.len()));
    }
    let accesses = [("github", &settings.github), ("vercel", &settings.vercel), ("supabase", &settings.supabase)];
    for (name, access) in accesses {
        if let Some(access) = access {
            text.push_str(&format!("{name}: {}, token from {}\n", access.base, access.token.origin()));
        }
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
