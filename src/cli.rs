//! The command line: parses the arguments and hands over to the command that was named.

mod answers;
mod args;
mod carry;
mod commit;
mod config;
mod demo;
mod info;
mod journal;
mod lists;
mod locks;
mod logs;
mod machines;
mod open;
mod operation;
mod place;
mod read;
mod resume;
mod rollback;
mod schema;
mod scratch;
mod secrets;
mod signals;
mod simulate;
mod snapshot;
mod start;
mod status;
mod stuck;
mod table;
mod terminal;
mod view;
mod wait;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use clap::CommandFactory as _;

use crate::app::model::Model;
use crate::app::msg::Now;
use crate::clock::SystemClock;
use crate::config::load::{self, Flags};
use crate::config::trust::Approvals;
use crate::domain::ids::EnvId;
use crate::domain::operation::{ProjectSwitch, Request};
use crate::error::{ExitCode, UserError};
use crate::sanitize;
pub use args::{Args, Command, Output, PlanCommand, SecretsCommand, SimArgs};

/// Tells a program why there is no answer: a line on standard output, as answers are.
pub fn tell(error: &UserError) {
    let clean = |text: &String| sanitize::Text::clean(text);
    let (code, hints) = (error.code as u8, error.hints.iter().map(clean).collect());
    let says = answers::Failed { code, error: clean(&error.what), now: clean(&error.now), hints };
    // Whoever asked has gone, or hears it on standard error.
    let _ = print(&answers::line("error", says));
}

/// What `flightdeck status --json` prints of what a model knows.
#[must_use]
pub fn status_document(model: &Model, now: Now) -> String {
    status::as_json(model, &[], now)
}

/// Whether `flightdeck wait` ends with success by what a model knows; with `--commit` where one is given.
#[must_use]
pub fn wait_ends(model: &Model, env: &EnvId, commit: Option<&str>, now: Now) -> bool {
    wait::stands(model, env, commit, now).1
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
        alone: false,
        dry: false,
    };
    let output = Output { json: args.json, timeout: args.timeout.map(Duration::from_secs) };
    let settings = || {
        let settings = load::load(&flags, &variable)?;
        // What is missing by it would look like a fault of the platforms.
        if let Some(file) = settings.project_file.as_ref().filter(|file| file.withheld()) {
            complain(&format!("warning: {}", file.words()));
        }
        Ok(settings)
    };
    match args.command {
        None if args.linear => linear(settings()?),
        None if start::wanted(&flags) => block_on(start::run(flags)),
        None => screen(&flags),
        Some(Command::Demo(world)) => block_on(demo::run(world, flags, args.linear)),
        Some(Command::Sim { listen, listen_beyond_loopback, write_config, world }) => {
            block_on(simulate::run(listen, listen_beyond_loopback, write_config.as_deref(), world))
        }
        Some(Command::Status(only)) => reading(status::run(settings()?, only, output)),
        Some(Command::Releases(only)) => reading(lists::run(settings()?, lists::List::Releases, only, output)),
        Some(Command::Health(only)) => reading(lists::run(settings()?, lists::List::Health, only, output)),
        Some(Command::Approvals(only)) => reading(lists::run(settings()?, lists::List::Approvals, only, output)),
        Some(Command::Secrets(SecretsCommand::Diff)) => {
            reading(lists::run(settings()?, lists::List::Secrets, args::Only::default(), output))
        }
        Some(Command::Secrets(SecretsCommand::Set(args))) => secrets::set(settings()?, args, output),
        Some(Command::Logs(args)) => block_on(logs::run(settings()?, args, output)),
        Some(Command::View { files, command }) => block_on(view::run(files, command, flags)),
        Some(Command::Wait(args)) => block_on(wait::run(settings()?, args, output)),
        Some(Command::Plan(PlanCommand::Rollback(mut args))) => {
            args.confirmation.confirm = None;
            block_on(rollback::run(settings()?, args, output))
        }
        Some(Command::Plan(PlanCommand::Promote(mut args))) => {
            args.confirmation.confirm = None;
            block_on(operation::run(settings()?, args.environment, Request::Promote, args.confirmation, output))
        }
        Some(Command::Rollback(args)) => block_on(rollback::run(settings()?, args, output)),
        Some(Command::Promote(args)) => {
            block_on(operation::run(settings()?, args.environment, Request::Promote, args.confirmation, output))
        }
        Some(Command::Approve(args)) => review(settings()?, args, true, output),
        Some(Command::Reject(args)) => review(settings()?, args, false, output),
        Some(Command::Restart(args)) => block_on(operation::on_service(settings()?, args, Request::Restart, output)),
        Some(Command::Redeploy(args)) => block_on(operation::on_service(settings()?, args, Request::Redeploy, output)),
        Some(Command::Rerun(args)) => {
            let request = Request::Rerun { run: args.run.run, failed: args.failed };
            block_on(operation::run(settings()?, args.run.environment, request, args.run.confirmation, output))
        }
        Some(Command::Unpin(args)) => throw(settings()?, args, ProjectSwitch::Unpin, output),
        Some(Command::Pause(args)) => throw(settings()?, args, ProjectSwitch::Pause, output),
        Some(Command::Resume(args)) => throw(settings()?, args, ProjectSwitch::Resume, output),
        Some(Command::Challenge(args)) => throw(
            settings()?,
            args.service,
            if args.end { ProjectSwitch::Unchallenge } else { ProjectSwitch::Challenge },
            output,
        ),
        Some(Command::Rolling(command)) => {
            let (args, lever) = command.lever();
            throw(settings()?, args, lever, output)
        }
        Some(Command::Cancel(args)) => {
            let request = Request::Cancel { run: args.run };
            block_on(operation::run(settings()?, args.environment, request, args.confirmation, output))
        }
        Some(Command::Scale(args)) => machines::scale(settings()?, args, output),
        Some(Command::Switch(args)) => block_on(machines::switch(settings()?, args, output)),
        Some(Command::Finish(args)) => block_on(open::decide(settings()?, args, open::Decision::Finish, output)),
        Some(Command::Undo(args)) => block_on(open::decide(settings()?, args, open::Decision::Undo, output)),
        Some(Command::Leave(args)) => block_on(open::decide(settings()?, args, open::Decision::Leave, output)),
        Some(Command::Lock(args)) => block_on(locks::lock(settings()?, args, output)),
        Some(Command::Unlock(args)) => block_on(locks::unlock(settings()?, args, output)),
        Some(Command::Mark(args)) => block_on(locks::mark(settings()?, args, output)),
        Some(Command::Unmark { commit }) => block_on(locks::unmark(settings()?, &commit, output)),
        Some(Command::Journal { verify, limit, operation, environment }) => {
            reading(journal::run(settings()?, output, verify, limit, operation, environment))
        }
        Some(Command::Info) => info::run(&flags, output),
        Some(Command::Snapshot(args)) => block_on(snapshot::run(args, flags, output)),
        Some(Command::Completions { shell }) => generated(|out| {
            clap_complete::generate(shell, &mut Args::command(), "flightdeck", out);
            Ok(())
        }),
        Some(Command::Man) => generated(|out| clap_mangen::Man::new(Args::command()).render(out)),
        Some(Command::Config(command)) => config::run(command, flags.clone(), output),
        Some(Command::Keys) => {
            let keys = load::keys(&flags, &variable)?;
            match output.json {
                true => print(&answers::line("keys", answers::Keys::all(keys))),
                false => print(&crate::action::markdown(keys)),
            }
        }
        Some(Command::Schema { name }) => schema::run(name.as_deref()),
    }
}

fn throw(
    settings: crate::config::Settings,
    args: operation::ServiceArgs,
    lever: ProjectSwitch,
    output: Output,
) -> Result<ExitCode, UserError> {
    block_on(operation::on_service(settings, args, |service| Request::Throw(service, lever), output))
}

fn review(
    settings: crate::config::Settings,
    args: operation::RunArgs,
    approve: bool,
    output: Output,
) -> Result<ExitCode, UserError> {
    let request = Request::Review { run: args.run, approve };
    block_on(operation::run(settings, args.environment, request, args.confirmation, output))
}

/// Prints what a generator writes.
fn generated(make: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<ExitCode, UserError> {
    let mut text = Vec::new();
    make(&mut text).map_err(|error| UserError::new(ExitCode::Failed, error.to_string()))?;
    print(&String::from_utf8_lossy(&text))
}

/// The console without a screen.
fn linear(settings: crate::config::Settings) -> Result<ExitCode, UserError> {
    let _log = crate::telemetry::start(&settings.state_dir);
    block_on(crate::runtime::linear(settings, SystemClock::shared()))
}

fn screen(flags: &Flags) -> Result<ExitCode, UserError> {
    terminal::full_screen(&variable)?;
    let settings = load::load(flags, &variable)?;
    let _log = crate::telemetry::start(&settings.state_dir);
    let flags = flags.clone();
    let reload: crate::runtime::Reload = Arc::new(move |file| {
        // Only what was on the screen is approved: what was written meanwhile has another digest and asks again.
        if let Some(file) = file {
            Approvals::of(&variable).approve(file, SystemClock::shared().now())?;
        }
        load::load(&Flags { dry: file.is_none(), ..flags.clone() }, &variable)
    });
    block_on(crate::runtime::run(settings, SystemClock::shared(), Some(reload)))
}

/// Reads an environment variable; one that is not text counts as absent.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Writes to standard output. A reader that has gone away is no error.
pub(crate) fn print(text: &str) -> Result<ExitCode, UserError> {
    emit(text).map(|_| ExitCode::Done)
}

/// Says something beside the answer, on standard error. Nobody listening is no error.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", sanitize::printable(text));
}

/// Writes to standard output; false when its reader has gone away.
fn emit(text: &str) -> Result<bool, UserError> {
    let mut out = std::io::stdout().lock();
    written(out.write_all(sanitize::printable(text).as_bytes()).and_then(|()| out.flush()))
}

/// The same, without holding up whoever waits beside it: a reader that does not read must not keep a signal from ending us.
pub(crate) async fn stream(text: &str) -> Result<bool, UserError> {
    use tokio::io::AsyncWriteExt as _;
    let mut out = tokio::io::stdout();
    let result = match out.write_all(text.as_bytes()).await {
        Ok(()) => out.flush().await,
        failed => failed,
    };
    written(result)
}

fn written(result: std::io::Result<()>) -> Result<bool, UserError> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(UserError::new(ExitCode::Failed, format!("standard output cannot be written: {error}"))),
    }
}

/// Runs a command that changes nothing on a platform: a signal ends it with words.
fn reading<F: Future<Output = Result<ExitCode, UserError>>>(work: F) -> Result<ExitCode, UserError> {
    block_on(signals::or_end(work))
}

fn block_on<F: Future<Output = Result<ExitCode, UserError>>>(work: F) -> Result<ExitCode, UserError> {
    // The loop draws on this thread and the feeds share one other: a second one would spend a calm console's time on waiting
    // for the first. The simulator's world is behind a lock and gains nothing from more, either.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| UserError::new(ExitCode::Failed, format!("the runtime cannot be started: {error}")))?;
    let result = runtime.block_on(work);
    // A blocking name lookup must not keep the shell waiting.
    runtime.shutdown_background();
    result
}
