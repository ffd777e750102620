//! Signals that ask a command to end, and the exit code that each stands for.

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use crate::error::{ExitCode, UserError};

/// One that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signal {
    /// Its name.
    pub(super) name: &'static str,
    /// How the process ends by it.
    pub(super) code: ExitCode,
}

/// Reads, or ends by a signal: then nothing of it was told, and nothing was changed.
pub(super) async fn or_end<T>(work: impl Future<Output = Result<T, UserError>>) -> Result<T, UserError> {
    Signals::listen()?.or_end(work).await
}

/// Listens from the moment it is made.
pub(super) struct Signals {
    interrupt: Stream,
    terminate: Stream,
    hang_up: Stream,
}

impl Signals {
    /// Begins to listen.
    pub(super) fn listen() -> Result<Self, UserError> {
        let on = |kind: SignalKind| {
            signal(kind).map_err(|error| {
                UserError::new(ExitCode::Failed, format!("signals cannot be awaited: {error}"))
                    .now("nothing was changed")
            })
        };
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hang_up: on(SignalKind::hangup())?,
        })
    }

    /// Reads, or ends by a signal that came since these are listened to: nothing of it was told then, and nothing was changed.
    pub(super) async fn or_end<T>(&mut self, work: impl Future<Output = Result<T, UserError>>) -> Result<T, UserError> {
        tokio::select! {
            biased;
            done = work => done,
            signal = self.next() => {
                let what = format!("{} came while it was reading", signal.name);
                let error = UserError::new(signal.code, what);
                Err(error.now("nothing was changed, and nothing is told of what was read so far"))
            }
        }
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal { name: "SIGINT", code: ExitCode::Interrupted },
            _ = self.terminate.recv() => Signal { name: "SIGTERM", code: ExitCode::Terminated },
            _ = self.hang_up.recv() => Signal { name: "SIGHUP", code: ExitCode::HungUp },
        }
    }
}
