//! A program that has the terminal while we wait for it: a pager.
//!
//! ctrl-c and ctrl-\\ are its own then. Being asked to end is not: it is passed on, and what does not end is ended, so that nobody
//! waits for a person who reads.

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::fatal;

/// Time for the program to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// The signal that asked us to end meanwhile; 0 = none.
static ASKED: AtomicI32 = AtomicI32::new(0);
/// Where a byte wakes the one who waits.
static WAKE: AtomicI32 = AtomicI32::new(-1);

/// Handlers, and not "ignore", because that would be inherited by the program.
extern "C" fn nothing(_: libc::c_int) {}

#[expect(unsafe_code, reason = "a signal's handler may call nothing but the system")]
extern "C" fn asked(signal: libc::c_int) {
    ASKED.store(signal, Ordering::SeqCst);
    // SAFETY: the byte is static, the descriptor is open as long as this is the handler, and `write` is async-signal-safe.
    unsafe {
        libc::write(WAKE.load(Ordering::SeqCst), b"s".as_ptr().cast(), 1);
    }
}

/// Runs a program until it ends. A signal that asks us to end ends it, and comes to us afterwards.
///
/// # Errors
/// When it cannot be run.
pub(super) fn run(mut command: Command) -> io::Result<ExitStatus> {
    let (mut events, wake) = io::pipe()?;
    let mut ended = wake.try_clone()?;
    ASKED.store(0, Ordering::SeqCst);
    WAKE.store(wake.as_raw_fd(), Ordering::SeqCst);
    let deaf = [libc::SIGINT, libc::SIGQUIT].map(|signal| (signal, fatal::handle(signal, nothing, 0)));
    let heard = [libc::SIGTERM, libc::SIGHUP].map(|signal| (signal, fatal::handle(signal, asked, libc::SA_RESTART)));
    // ctrl-z stops the program and us together.
    let stops = fatal::let_be(libc::SIGTSTP);
    let status = command.spawn().and_then(|mut child| {
        let pid = i32::try_from(child.id()).ok();
        let waits = std::thread::Builder::new().name("pager".to_owned()).spawn(move || {
            let status = child.wait();
            let _ = ended.write_all(b"e");
            status
        })?;
        let mut event = [0];
        // The one byte says that it has ended, the other that it is to end.
        while events.read_exact(&mut event).is_ok() && event == *b"s" {
            end(pid, &events);
        }
        waits.join().unwrap_or_else(|_| Err(io::Error::other("waiting for it failed")))
    });
    for (signal, before) in deaf.iter().chain(&heard) {
        fatal::give_back(*signal, before);
    }
    fatal::give_back(libc::SIGTSTP, &stops);
    match ASKED.swap(0, Ordering::SeqCst) {
        0 => {}
        // Now it is heard where everything else is ended, too.
        signal => fatal::raise(signal),
    }
    status
}

/// Asks a program to end, and ends it when it does not.
fn end(program: Option<i32>, events: &io::PipeReader) {
    let Some(program) = program else { return };
    fatal::send(program, libc::SIGTERM);
    let grace = Timespec { tv_sec: i64::try_from(GRACE.as_secs()).unwrap_or(1), tv_nsec: 0 };
    let mut asked = [PollFd::new(events, PollFlags::IN)];
    if poll(&mut asked, Some(&grace)).is_ok_and(|count| count == 0) {
        fatal::send(program, libc::SIGKILL);
    }
}
