//! The command line: what is typed, and which part of the program answers.

mod demo;
mod journal;
mod lists;
mod read;
mod rollback;
mod simulate;
mod status;

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::clock::SystemClock;
use crate::config::load::{self, Flags};
use crate::error::{ExitCode, UserError};

/// A terminal release console: environments, live deploy logs, health and secrets of one product on one screen.
#[derive(Debug, Parser)]
#[command(name = "flightdeck", version, about, long_about = None)]
pub struct Args {
    /// What to do; without it the console opens.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Allow changes in every environment.
    #[arg(long, global = true, conflicts_with = "readonly")]
    pub write: bool,
    /// Allow no change, whatever the configuration says.
    #[arg(long, global = true)]
    pub readonly: bool,
    /// Symbols in ASCII only.
    #[arg(long, global = true)]
    pub ascii: bool,
    /// No colours.
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the console on a simulated product; needs no account and no network.
    Demo(SimArgs),
    /// Serve the platforms' HTTP APIs on loopback.
    Sim {
        /// The first port; the others follow, port 0 picks free ones.
        #[arg(long, default_value = "127.0.0.1:0")]
        listen: std::net::SocketAddr,
        /// Write a configuration that points the console at it.
        #[arg(long, value_name = "FILE")]
        write_config: Option<PathBuf>,
        #[command(flatten)]
        world: SimArgs,
    },
    /// What is live where, read once.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Longest wait for answers, seconds.
        #[arg(long, default_value_t = 15)]
        timeout: u64,
    },
    /// Deployments of every service.
    Releases(ReadArgs),
    /// Every probe, asked once.
    Health(ReadArgs),
    /// Secrets: names, places and findings, never a value.
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Roll an environment back; without --confirm it prints the plan.
    Rollback(rollback::RollbackArgs),
    /// What was done: every operation and every changing call.
    Journal {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Check that no row was changed.
        #[arg(long)]
        verify: bool,
        /// Rows at most.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The table of keys.
    Keys,
}

/// What the simulated world is like.
#[derive(Debug, Clone, clap::Args)]
pub struct SimArgs {
    /// The scripted world.
    #[arg(long, default_value = "bad-deploy")]
    pub scenario: String,
    /// The same seed gives the same world.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Simulated seconds per second.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
}

/// How a list is read.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct ReadArgs {
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// Longest wait for answers, seconds.
    #[arg(long, default_value_t = 15)]
    pub timeout: u64,
}

/// Subcommands of `secrets`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum SecretsCommand {
    /// Compare the environments; exit code 1 when something differs.
    Diff(ReadArgs),
}

/// Subcommands of `config`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ConfigCommand {
    /// Load it and say what was understood.
    Check,
    /// Print an example with every key.
    Example,
}

/// Runs a command line.
///
/// # Errors
/// What the person must know, with the exit code.
pub fn run(args: Args) -> Result<ExitCode, UserError> {
    let flags = Flags {
        config: args.config,
        write: args.write,
        readonly: args.readonly,
        ascii: args.ascii,
        no_color: args.no_color,
    };
    match args.command {
        None => screen(&flags),
        Some(Command::Demo(world)) => block_on(demo::run(world, flags)),
        Some(Command::Sim { listen, write_config, world }) => {
            block_on(simulate::run(listen, write_config.as_deref(), world))
        }
        Some(Command::Status { json, timeout }) => {
            let settings = load::load(&flags, &variable)?;
            block_on(status::run(settings, json, std::time::Duration::from_secs(timeout)))
        }
        Some(Command::Releases(args)) => list(&flags, lists::List::Releases, args),
        Some(Command::Health(args)) => list(&flags, lists::List::Health, args),
        Some(Command::Secrets(SecretsCommand::Diff(args))) => list(&flags, lists::List::Secrets, args),
        Some(Command::Rollback(args)) => block_on(rollback::run(load::load(&flags, &variable)?, args)),
        Some(Command::Journal { json, verify, limit }) => {
            block_on(journal::run(load::load(&flags, &variable)?, json, verify, limit))
        }
        Some(Command::Config(ConfigCommand::Example)) => print(include_str!("../config.example.toml")),
        Some(Command::Config(ConfigCommand::Check)) => check(&flags),
        Some(Command::Keys) => print(&crate::action::markdown()),
    }
}

fn list(flags: &Flags, which: lists::List, args: ReadArgs) -> Result<ExitCode, UserError> {
    let settings = load::load(flags, &variable)?;
    block_on(lists::run(settings, which, args.json, std::time::Duration::from_secs(args.timeout)))
}

fn screen(flags: &Flags) -> Result<ExitCode, UserError> {
    let settings = load::load(flags, &variable)?;
    let _log = crate::telemetry::start(&settings.state_dir);
    block_on(crate::runtime::run(settings, SystemClock::shared()))
}

fn check(flags: &Flags) -> Result<ExitCode, UserError> {
    let settings = load::load(flags, &variable)?;
    let mut text = String::new();
    if let Some(origin) = &settings.origin {
        text.push_str(&format!("read {}\n", origin.display()));
    }
    text.push_str(&format!("project {}, state in {}\n", settings.project, settings.state_dir.display()));
    for env in &settings.environments {
        let access = if env.writable { "write" } else { "read" };
        text.push_str(&format!("environment {} ({access}): {} services\n", env.id, env.services.len()));
    }
    let accesses = [("github", &settings.github), ("vercel", &settings.vercel), ("supabase", &settings.supabase)];
    for (name, access) in accesses {
        if let Some(access) = access {
            text.push_str(&format!("{name}: {}, token from {}\n", access.base, access.token_origin));
        }
    }
    if let Some(fly) = &settings.fly {
        text.push_str(&format!("fly: {} and {}, token from {}\n", fly.machines, fly.api, fly.token_origin));
    }
    for warning in &settings.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    print(&text)
}

/// Reads an environment variable; one that is not text counts as absent.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Writes to standard output. A reader that has gone away is no error.
pub(crate) fn print(text: &str) -> Result<ExitCode, UserError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(UserError::new(ExitCode::Failed, format!("standard output cannot be written: {error}")))
        }
        _ => Ok(ExitCode::Done),
    }
}

fn block_on<F: Future<Output = Result<ExitCode, UserError>>>(work: F) -> Result<ExitCode, UserError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| UserError::new(ExitCode::Failed, format!("the runtime cannot be started: {error}")))?;
    let result = runtime.block_on(work);
    // A blocking name lookup must not keep the shell waiting.
    runtime.shutdown_background();
    result
}
