//! A terminal that goes away: its window is closed, the connection to it is lost.
//!
//! Crossterm (as of 0.29) takes "nothing was read" for "read on" and would read such a terminal for ever, on the thread that draws and
//! hears signals. So it is asked whether the terminal is there before it reads, and should the terminal go in between, a thread that
//! waits for just that ends the process.

use std::fs::File;
use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Time for an orderly end: operations are told to stop and what is known is kept.
const GRACE: Duration = Duration::from_secs(5);

/// The terminal that keys come from: standard input, or another one when that is a log.
///
/// # Errors
/// When there is none.
pub(super) fn terminal() -> io::Result<OwnedFd> {
    let stdin = io::stdin();
    if stdin.is_terminal() { stdin.as_fd().try_clone_to_owned() } else { File::open("/dev/tty").map(OwnedFd::from) }
}

/// Whether it is no longer there.
pub(super) fn is_gone(terminal: &OwnedFd) -> bool {
    let mut asked = [PollFd::new(terminal, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&at_once)).is_ok_and(|count| count > 0) && hung_up(&asked[0])
}

fn hung_up(asked: &PollFd<'_>) -> bool {
    asked.revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

/// Waits for the terminal to go, until it is dropped.
pub(super) struct Watch {
    /// Closing it ends the thread.
    _end: io::PipeWriter,
    /// Closing it says that the end was orderly.
    _orderly: mpsc::SyncSender<()>,
}

impl Watch {
    /// Begins; `last` is done when the terminal has gone and nobody has ended in time.
    ///
    /// # Errors
    /// When there is no terminal, or no thread to wait on.
    pub(super) fn start(last: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let terminal = terminal()?;
        // Not inherited by the programs that we start.
        let (ended, end) = io::pipe()?;
        let (orderly, over) = mpsc::sync_channel(0);
        std::thread::Builder::new().name("hangup".to_owned()).stack_size(64 * 1024).spawn(move || {
            let mut asked = [PollFd::new(&terminal, PollFlags::empty()), PollFd::new(&ended, PollFlags::empty())];
            while let Err(rustix::io::Errno::INTR) = poll(&mut asked, None) {}
            let gone = hung_up(&asked[0]) && !hung_up(&asked[1]);
            if gone && over.recv_timeout(GRACE) == Err(mpsc::RecvTimeoutError::Timeout) {
                last();
            }
        })?;
        Ok(Self { _end: end, _orderly: orderly })
    }
}
