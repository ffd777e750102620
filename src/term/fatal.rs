//! Signals that end the process at once, without the loop: the terminal is put right first.
//!
//! A handler may call what POSIX calls async-signal-safe and nothing else: it writes a fixed text, sets the terminal's modes back to
//! those from before, and raises the signal again, which then does what it always does.

use std::os::fd::AsRawFd as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::RESET;

/// Signals that end a process that does nothing about them.
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

/// Faults of the process itself. The runtime's own handler, which tells of an exhausted stack, comes after ours.
const FAULTS: [libc::c_int; 6] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGSYS];

/// What was done about each of [`FAULTS`] before.
static BEFORE_FAULT: [OnceLock<libc::sigaction>; FAULTS.len()] = [const { OnceLock::new() }; FAULTS.len()];

/// The terminal and its modes before we changed them.
static BEFORE: OnceLock<(libc::c_int, libc::termios)> = OnceLock::new();
/// Whether the terminal is ours at this moment.
static OURS: OnceLock<&'static AtomicBool> = OnceLock::new();

extern "C" fn put_right(signal: libc::c_int) {
    hand_back();
    raise(signal);
}

fn hand_back() {
    if OURS.get().is_some_and(|ours| ours.swap(false, Ordering::SeqCst)) {
        write_reset();
        set_modes();
    }
}

/// A fault is made again by the instruction that made it, when its handler returns: then whoever was there before us has it. One that
/// was sent is not made again, nor is a trap or a forbidden call of the system, after which the next instruction would run: these end
/// the process as they always do.
extern "C" fn faulted(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    hand_back();
    let before = FAULTS.iter().position(|one| *one == signal).and_then(|at| BEFORE_FAULT.get(at)?.get());
    match before.filter(|_| made_again(signal) && !was_sent(info)) {
        Some(before) => give_back(signal, before),
        None => {
            by_default(signal);
            raise(signal);
        }
    }
}

/// Whether the instruction that caused the signal runs again when its handler returns.
fn made_again(signal: libc::c_int) -> bool {
    matches!(signal, libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE)
}

/// Whether a process sent the signal: the system's own have a positive code.
#[expect(unsafe_code, reason = "what a handler is told comes as a plain pointer")]
fn was_sent(info: *mut libc::siginfo_t) -> bool {
    // SAFETY: the system hands a handler with SA_SIGINFO a structure that lives as long as the call.
    unsafe { info.as_ref() }.is_none_or(|info| info.si_code <= 0)
}

/// What a signal does to a process that does nothing about it.
#[expect(unsafe_code, reason = "a signal's handler may call nothing but the system")]
fn by_default(signal: libc::c_int) {
    // SAFETY: plain data, zeroed is "default, no flags, empty mask".
    unsafe {
        let default: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, &raw const default, std::ptr::null_mut());
    }
}

/// Puts [`faulted`] before what is done about a fault now, on the stack that the runtime keeps for an exhausted one.
#[expect(unsafe_code, reason = "exchanging a signal's handler has no safe wrapper in our dependencies")]
fn before_fault(signal: libc::c_int, kept: &OnceLock<libc::sigaction>) {
    // SAFETY: both structures are plain data; what was there is kept before our handler can be called.
    unsafe {
        let (mut ours, mut before): (libc::sigaction, libc::sigaction) = (std::mem::zeroed(), std::mem::zeroed());
        if libc::sigaction(signal, std::ptr::null(), &raw mut before) != 0 || before.sa_sigaction == libc::SIG_IGN {
            return;
        }
        let _ = kept.set(before);
        ours.sa_sigaction = faulted as *const () as libc::sighandler_t;
        // Not blocked while it is handled: it is raised again from there.
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        libc::sigaction(signal, &raw const ours, std::ptr::null_mut());
    }
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
pub(super) fn handle(signal: libc::c_int, handler: extern "C" fn(libc::c_int), flags: libc::c_int) -> libc::sigaction {
    exchange(signal, handler as libc::sighandler_t, flags)
}

#[expect(unsafe_code, reason = "exchanging a signal's handler has no safe wrapper in our dependencies")]
fn exchange(signal: libc::c_int, handler: libc::sighandler_t, flags: libc::c_int) -> libc::sigaction {
    // SAFETY: both structures are plain data, zeroed is "no flags, empty mask".
    unsafe {
        let (mut ours, mut before): (libc::sigaction, libc::sigaction) = (std::mem::zeroed(), std::mem::zeroed());
        ours.sa_sigaction = handler;
        ours.sa_flags = flags;
        libc::sigaction(signal, &raw const ours, &raw mut before);
        before
    }
}

/// Has a signal do what it does to a process that does nothing about it; what was there before.
pub(super) fn let_be(signal: libc::c_int) -> libc::sigaction {
    exchange(signal, libc::SIG_DFL, 0)
}

/// Stops this process as the terminal's own ctrl-z does, until it is continued. To this very thread, so that the stop has happened when the
/// call returns: one sent to the process may be taken by another thread while this one already draws again.
pub(super) fn stop() {
    let before = let_be(libc::SIGTSTP);
    raise(libc::SIGTSTP);
    give_back(libc::SIGTSTP, &before);
}

/// Gives a signal the handler that it had.
#[expect(unsafe_code, reason = "exchanging a signal's handler has no safe wrapper in our dependencies")]
pub(super) fn give_back(signal: libc::c_int, before: &libc::sigaction) {
    // SAFETY: what is set is what was there.
    unsafe {
        libc::sigaction(signal, std::ptr::from_ref(before), std::ptr::null_mut());
    }
}

/// Remembers the terminal's modes and sees to it that the signals of [`ENDING`] and [`FAULTS`] leave them behind. To be called before the terminal is
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
    for (signal, kept) in FAULTS.into_iter().zip(&BEFORE_FAULT) {
        before_fault(signal, kept);
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
