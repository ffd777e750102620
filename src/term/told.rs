//! What the system tells of the terminal by signals: its size has changed, the process is to stop, or goes on.
//!
//! The library that reads the terminal loses a change of size that comes together with a key, so the size is asked for at each signal.

use std::task::Context;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The size has changed, or has changed and is the same again: cells may be lost.
    Size,
    /// Somebody wants the process to stop, as ctrl-z does.
    Stop,
    /// It was stopped and goes on: a shell may have changed the terminal's modes meanwhile.
    GoesOn,
}

/// The signals that tell it.
pub(super) struct Signals([(Option<Signal>, Told); 3]);

impl Signals {
    /// Listens from now on. Outside of the runtime nothing is heard.
    pub(super) fn listen() -> Self {
        let heard = |kind: SignalKind, told| {
            let within = tokio::runtime::Handle::try_current().is_ok();
            (within.then(|| signal(kind).ok()).flatten(), told)
        };
        Self([
            heard(SignalKind::window_change(), Told::Size),
            heard(SignalKind::from_raw(libc::SIGTSTP), Told::Stop),
            heard(SignalKind::from_raw(libc::SIGCONT), Told::GoesOn),
        ])
    }

    /// What was told since it was asked last; the task is woken when there is more.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Told> {
        self.0.iter_mut().find_map(|(signal, told)| {
            let came = signal.as_mut()?.poll_recv(cx);
            matches!(came, std::task::Poll::Ready(Some(()))).then_some(*told)
        })
    }
}
