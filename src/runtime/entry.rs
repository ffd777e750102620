//! The ways into the loop: the console on a terminal, its sentences on standard output, a log alone.

use std::sync::Arc;
use std::task::Poll;

use futures_util::Stream;

use super::linear::LinearSurface;
use super::outlet::Outlet;
use super::{Console, Reload, say, terminal_error};
use crate::clock::SharedClock;
use crate::config::Settings;
use crate::domain::cut_short;
use crate::engine::local::Viewing;
use crate::error::{ExitCode, UserError};
use crate::term::Session;

/// Runs the console on this terminal until the person quits; anew, with other settings, when a project file was approved.
///
/// # Errors
/// When the terminal cannot be taken or written.
pub async fn run(settings: Settings, clock: SharedClock, reload: Option<Reload>) -> Result<ExitCode, UserError> {
    let mut settings = settings;
    loop {
        let (code, next) = once(settings, Arc::clone(&clock), reload.clone()).await?;
        match next {
            Some(next) => settings = next,
            None => return Ok(code),
        }
    }
}

async fn once(
    settings: Settings,
    clock: SharedClock,
    reload: Option<Reload>,
) -> Result<(ExitCode, Option<Settings>), UserError> {
    let settings = Arc::new(settings);
    let mouse = settings.ui.mouse;
    let attached = crate::engine::local::attach(&settings.log_sources, &settings.proxy, Arc::clone(&clock))?;
    let mut console = Console::new(settings, clock);
    if let Some(viewing) = attached {
        console.reads(viewing);
    }
    console.reload = reload;
    let code = on_terminal(&mut console, mouse).await?;
    Ok((code, console.next))
}

/// Tells what changes as sentences on standard output, without a screen and without keys, until a signal ends it.
///
/// # Errors
/// When standard output cannot be written.
pub async fn linear(settings: Settings, clock: SharedClock) -> Result<ExitCode, UserError> {
    let settings = Arc::new(settings);
    let attached = crate::engine::local::attach(&settings.log_sources, &settings.proxy, Arc::clone(&clock))?;
    let mut console = Console::new(settings, clock);
    if let Some(viewing) = attached {
        console.reads(viewing);
    }
    let signals = signals().map_err(|error| terminal_error(&error))?;
    let outlet = Outlet::to(std::io::stdout()).map_err(|error| terminal_error(&error))?;
    let mut surface = LinearSurface::new(outlet);
    let code = console.run(&mut surface, futures_util::stream::pending(), Box::pin(signals)).await;
    let gone = surface.gone();
    let (outlet, broken) = surface.into_parts();
    outlet.close();
    match broken {
        Some(why) => Err(UserError::new(ExitCode::Failed, format!("standard output cannot be written: {why}"))
            .now("nothing more is told; nothing was changed")
            .hint("give it a reader, or a file with room")),
        // A reader that has gone has heard enough.
        None if gone => Ok(ExitCode::Done),
        None => code,
    }
}

/// Shows a log on this terminal until the person quits.
///
/// # Errors
/// When the terminal cannot be taken or written.
pub async fn view(settings: Settings, clock: SharedClock, viewing: Viewing) -> Result<ExitCode, UserError> {
    let mouse = settings.ui.mouse;
    on_terminal(&mut Console::viewing(Arc::new(settings), clock, viewing), mouse).await
}

async fn on_terminal(console: &mut Console, mouse: bool) -> Result<ExitCode, UserError> {
    // Before the terminal is taken: a signal that comes in between must find somebody who gives it back.
    let signals = signals().map_err(|error| terminal_error(&error))?;
    let mut session = Session::enter(mouse, ExitCode::HungUp as i32).map_err(|error| terminal_error(&error))?;
    let input = session.keys();
    let code = console.run(&mut session, input, Box::pin(signals)).await;
    session.leave();
    for operation in &console.left {
        say(&cut_short::lines(operation).join("\n"));
    }
    match code {
        Err(_) if session.failed() => {
            Err(UserError::new(ExitCode::Failed, "a part of flightdeck has failed, which is a fault in it")
                .now("the console has ended; an operation that was under way sends nothing more")
                .hint("start it again: it tells what was cut short")
                .hint("report what stands above"))
        }
        Err(_) if session.gone() => Ok(ExitCode::HungUp),
        code => code,
    }
}

/// Signals that ask the process to end, with the exit code each stands for.
#[cfg(unix)]
pub(super) fn signals() -> std::io::Result<impl Stream<Item = ExitCode>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(futures_util::stream::poll_fn(move |cx| {
        if interrupt.poll_recv(cx).is_ready() {
            return Poll::Ready(Some(ExitCode::Interrupted));
        }
        if hangup.poll_recv(cx).is_ready() {
            return Poll::Ready(Some(ExitCode::HungUp));
        }
        if terminate.poll_recv(cx).is_ready() {
            return Poll::Ready(Some(ExitCode::Terminated));
        }
        Poll::Pending
    }))
}
