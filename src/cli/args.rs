//! The command line: every command and every flag.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::error::{ExitCode, UserError};
use crate::sim::Options;
use crate::sim::product::Product;

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
    /// The console and the demo as sentences on standard output, one for each change: for screen readers and for terminals without a screen.
    #[arg(long, global = true)]
    pub linear: bool,
    /// As JSON on standard output, with `schema` and `version`.
    #[arg(long, global = true)]
    pub json: bool,
    /// The longest wait in seconds; reaching it ends with exit code 124, but never cuts off a change under way.
    #[arg(long, global = true, value_name = "SECONDS")]
    pub timeout: Option<u64>,
}

/// How a command answers.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// As JSON.
    pub json: bool,
    /// The wait that was asked for.
    pub timeout: Option<Duration>,
}

impl Output {
    /// The longest wait for what platforms answer.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(15))
    }

    /// The exit code when time ran out: asked for, or ours.
    #[must_use]
    pub fn late(&self) -> ExitCode {
        if self.timeout.is_some() { ExitCode::Timeout } else { ExitCode::Inconclusive }
    }
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
        /// Let --listen name an address that other machines reach; they can then steer the simulator too.
        #[arg(long)]
        listen_beyond_loopback: bool,
        /// Write a configuration that points the console at it.
        #[arg(long, value_name = "FILE")]
        write_config: Option<PathBuf>,
        #[command(flatten)]
        world: SimArgs,
    },
    /// What is live where, read once.
    Status(Only),
    /// Deployments of every service.
    Releases(Only),
    /// Log lines of the services, merged by time.
    Logs(super::logs::LogsArgs),
    /// Log files, an address, a command, or `-` for standard input, without any configuration.
    View {
        /// The files; `-` is standard input, `http://…` is read as it comes.
        #[arg(required_unless_present = "command", value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A command whose output is read: `flightdeck view -- kubectl logs -f web`.
        #[arg(last = true, value_name = "COMMAND")]
        command: Vec<String>,
    },
    /// Every probe, asked once.
    Health(Only),
    /// Secrets: names, places and findings, never a value.
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Gates that wait for a review.
    Approvals(Only),
    /// Wait until an environment is healthy.
    Wait(super::wait::WaitArgs),
    /// What an operation would do, and nothing else.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Roll an environment back; without --confirm it prints the plan.
    Rollback(super::rollback::RollbackArgs),
    /// Promote what staging is observed to run to production; without --confirm it prints the plan.
    Promote(super::operation::PromoteArgs),
    /// Open a gate; without --confirm it prints the plan.
    Approve(super::operation::RunArgs),
    /// Close a gate for good; without --confirm it prints the plan.
    Reject(super::operation::RunArgs),
    /// Cancel a run; without --confirm it prints the plan.
    Cancel(super::operation::RunArgs),
    /// Run a workflow run again that has ended; without --confirm it prints the plan.
    Rerun(super::operation::RerunArgs),
    /// Redeploy the commit of a service, with the secrets and variables of now; without --confirm it prints the plan.
    Redeploy(super::operation::ServiceArgs),
    /// Pause a frontend: every visitor gets 503; without --confirm it prints the plan.
    Pause(super::operation::ServiceArgs),
    /// Resume a paused frontend; without --confirm it prints the plan.
    Resume(super::operation::ServiceArgs),
    /// Challenge every visitor of a frontend for an hour (attack mode); without --confirm it prints the plan.
    Challenge(super::operation::ChallengeArgs),
    /// Rolling releases of a frontend: a new deployment for a share of its visitors, stage by stage.
    #[command(subcommand)]
    Rolling(super::operation::RollingCommand),
    /// Let new builds of a frontend go live by themselves again; without --confirm it prints the plan.
    Unpin(super::operation::ServiceArgs),
    /// Restart the machines of a service, one by one; without --confirm it prints the plan.
    Restart(super::operation::ServiceArgs),
    /// Scale a service: more or fewer machines per region; without --confirm it prints the plan.
    Scale(super::machines::ScaleArgs),
    /// Let the new machines of a held blue-green rollback take over, or call it off; without --confirm it says what would happen.
    Switch(super::machines::SwitchArgs),
    /// Bring an operation that was cut short to its end; without --confirm it prints the plan.
    Finish(super::open::OpenArgs),
    /// Take back what an operation that was cut short moved; without --confirm it prints the plan.
    Undo(super::open::OpenArgs),
    /// Leave an operation that was cut short as it is; leases that it holds are given back.
    Leave(super::open::OpenArgs),
    /// Lock an environment: others on the same store need a reason to change it.
    Lock(super::locks::LockArgs),
    /// Give an environment back; another person's lock with --confirm and --reason.
    Unlock(super::locks::UnlockArgs),
    /// Mark a commit bad: nothing goes to it any more.
    Mark(super::locks::MarkArgs),
    /// Take a mark away.
    Unmark {
        /// The commit, or a beginning of it that no other marked one has.
        commit: String,
    },
    /// What was done: every operation and every changing call.
    Journal {
        /// Check that no row was changed.
        #[arg(long)]
        verify: bool,
        /// The largest number of rows.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Only this operation, by its id or the end of it.
        #[arg(long, value_name = "ID")]
        operation: Option<String>,
        /// Only what concerns this environment: its operations and locks, and marks, which concern all.
        #[arg(long, value_name = "NAME")]
        environment: Option<String>,
    },
    /// Facts for a bug report: version, folders, terminal, where tokens come from. Never a value.
    Info,
    /// Draw the console without a terminal, as an SVG picture or as text.
    Snapshot(super::snapshot::SnapshotArgs),
    /// Completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// The manual page, as roff.
    Man,
    /// The configuration.
    #[command(subcommand)]
    Config(super::config::ConfigCommand),
    /// The table of keys.
    Keys,
    /// The JSON schema of an answer (`--json`); without a name, which there are.
    Schema {
        /// The answer, as its `schema` says: `status`, `rollback`, `rollback-step`.
        name: Option<String>,
    },
}

/// Which environments an answer is about.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Only {
    /// Only this environment.
    #[arg(long)]
    pub environment: Option<String>,
}

/// What the simulated world is like.
#[derive(Debug, Clone, clap::Args)]
pub struct SimArgs {
    /// What happens: calm, flood, gated, stuck-gate, silent or bad-deploy; without it, what the world names, which is bad-deploy of the
    /// usual one.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// The simulated product: a file, or one of maria (the usual one), two-productions, fleet.
    #[arg(long, value_name = "FILE")]
    pub world: Option<String>,
    /// So many environments of one service and one probe each: the size of the world's fleet.
    #[arg(long, value_name = "N")]
    pub environments: Option<usize>,
    /// The same seed gives the same world.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Simulated seconds per second.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
}

impl SimArgs {
    /// The usual world in a scenario.
    #[must_use]
    pub fn of(scenario: &str) -> Self {
        Self { scenario: Some(scenario.to_owned()), world: None, environments: None, seed: 1, speed: 1.0 }
    }

    /// The product, and how its simulator is started.
    ///
    /// # Errors
    ///
    /// What is wrong with the file of the world.
    pub fn world(self, listen: std::net::SocketAddr) -> Result<(Product, Options), UserError> {
        let product = Product::load(self.world.as_deref(), self.environments)?;
        let scenario = self.scenario.unwrap_or_else(|| product.scenario.clone());
        Ok((product, Options { listen, scenario, seed: self.seed, speed: self.speed }))
    }
}

/// Subcommands of `plan`.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum PlanCommand {
    /// Going back.
    #[command(mut_arg("confirm", |arg| arg.hide(true)), mut_arg("reason", |arg| arg.hide(true)), mut_arg("comment", |arg| arg.hide(true)))]
    Rollback(super::rollback::RollbackArgs),
    /// Bringing what staging is observed to run to production.
    #[command(mut_arg("confirm", |arg| arg.hide(true)), mut_arg("reason", |arg| arg.hide(true)), mut_arg("comment", |arg| arg.hide(true)))]
    Promote(super::operation::PromoteArgs),
}

/// Subcommands of `secrets`.
#[derive(Debug, Clone, Subcommand)]
pub enum SecretsCommand {
    /// Compare the environments; exit code 1 when something differs.
    Diff,
    /// Give a secret a value, from standard input or a hidden prompt; without --confirm it prints the plan.
    Set(super::secrets::SetArgs),
}
