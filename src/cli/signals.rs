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

    /// The next one.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal { name: "SIGINT", code: ExitCode::Interrupted },
            _ = self.terminate.recv() => Signal { name: "SIGTERM", code: ExitCode::Terminated },
            _ = self.hang_up.recv() => Signal { name: "SIGHUP", code: ExitCode::HungUp },
        }
    }
}
