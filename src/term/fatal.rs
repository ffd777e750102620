//! Signals that end the process at once, without the loop: the terminal is put right first.
//!
//! A handler may call what POSIX calls async-signal-safe and nothing else: it writes a fixed text, sets the terminal's modes back to
//! those from before, and raises the signal again, which then does what it always does.

use std::os::fd::AsRawFd as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::RESET;

/// Signals that end a process that does nothing about them. A fault of memory is left to the runtime's own handler.
const ENDING: [libc::c_int; 9] = [
    libc::SIGQUIT,
    libc::SIGABRT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGALRM,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGXCPU,
    libc::SIGXFSZ,
];

/// The terminal and its modes before we changed them.
static BEFORE: OnceLock<(libc::c_int, libc::termios)> = OnceLock::new();
/// Whether the terminal is ours at this moment.
static OURS: OnceLock<&'static AtomicBool> = OnceLock::new();

extern "C" fn put_right(signal: libc::c_int) {
    if OURS.get().is_some_and(|ours| ours.swap(false, Ordering::SeqCst)) {
        write_reset();
        set_modes();
    }
    raise(signal);
}

#[expect(unsafe_code, reason = "a signal's handler may call nothing but the system")]
fn write_reset() {
    // SAFETY: the bytes are static, and `write` is async-signal-safe.
    unsafe {
        libc::write(libc::STDOUT_FILENO, RESET.as_ptr().cast(), RESET.len());
    }
}

#[expect(unsafe_code, reason = "a signal's handler may call nothing but the system")]
fn set_modes() {
    if let Some((terminal, modes)) = BEFORE.get() {
        // SAFETY: the modes are a whole structure that the system filled in, and `tcsetattr` is async-signal-safe.
        unsafe {
            libc::tcsetattr(*terminal, libc::TCSANOW, std::ptr::from_ref(modes));
        }
    }
}

/// Raises a signal to this thread.
#[expect(unsafe_code, reason = "raising a signal has no safe wrapper in our dependencies")]
pub(super) fn raise(signal: libc::c_int) {
    // SAFETY: `raise` takes a plain number and touches no memory of ours.
    unsafe {
        libc::raise(signal);
    }
}

/// Sends a signal to another process. One that has ended is no error.
#[expect(unsafe_code, reason = "our wrapper of the system's calls is built without processes")]
pub(super) fn send(process: i32, signal: libc::c_int) {
    // SAFETY: `kill` takes plain numbers and touches no memory of ours.
    unsafe {
        libc::kill(process, signal);
    }
}

/// Exchanges a signal's handler; what was there before.
#[expect(unsafe_code, reason = "exchanging a signal's handler has no safe wrapper in our dependencies")]
pub(super) fn handle(signal: libc::c_int, handler: extern "C" fn(libc::c_int), flags: libc::c_int) -> libc::sigaction {
    // SAFETY: both structures are plain data, zeroed is "no flags, empty mask".
    unsafe {
        let (mut ours, mut before): (libc::sigaction, libc::sigaction) = (std::mem::zeroed(), std::mem::zeroed());
        ours.sa_sigaction = handler as libc::sighandler_t;
        ours.sa_flags = flags;
        libc::sigaction(signal, &raw const ours, &raw mut before);
        before
    }
}

/// Gives a signal the handler that it had.
#[expect(unsafe_code, reason = "exchanging a signal's handler has no safe wrapper in our dependencies")]
pub(super) fn give_back(signal: libc::c_int, before: &libc::sigaction) {
    // SAFETY: what is set is what was there.
    unsafe {
        libc::sigaction(signal, std::ptr::from_ref(before), std::ptr::null_mut());
    }
}

/// Remembers the terminal's modes and sees to it that the signals of [`ENDING`] leave them behind. To be called before the terminal is
/// taken; again it does nothing.
pub(super) fn guard(ours: &'static AtomicBool) {
    if OURS.set(ours).is_err() {
        return;
    }
    if let Some(before) = super::gone::terminal().ok().and_then(modes) {
        let _ = BEFORE.set(before);
    }
    for signal in ENDING {
        // Once: the second time the signal does what it always does.
        let before = handle(signal, put_right, libc::SA_RESETHAND | libc::SA_NODEFER);
        // Somebody who started us wants it ignored, as a shell does for what runs in the background.
        if before.sa_sigaction == libc::SIG_IGN {
            give_back(signal, &before);
        }
    }
}

/// The modes of a terminal that stays open as long as the process lives.
#[expect(unsafe_code, reason = "the modes as the handler needs them have no safe wrapper in our dependencies")]
fn modes(terminal: std::os::fd::OwnedFd) -> Option<(libc::c_int, libc::termios)> {
    // SAFETY: zeroed is plain data, and it is used only when the system filled it in.
    let mut found: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: the descriptor is open, and the structure lives through the call.
    let known = unsafe { libc::tcgetattr(terminal.as_raw_fd(), &raw mut found) } == 0;
    known.then(|| (std::os::fd::IntoRawFd::into_raw_fd(terminal), found))
}
