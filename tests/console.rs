//! The console as a person and a script use it: its screen, its commands, its log reader. One binary, because each of these tests waits
//! for a world more than it computes, and so they wait side by side.
#![cfg(unix)]
#![expect(clippy::panic, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "support/console.rs"]
mod console;
#[path = "support/loops.rs"]
mod loops;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/screen.rs"]
#[expect(dead_code, reason = "these tests use a part of it")]
mod screen;

#[path = "doors.rs"]
mod doors;
#[path = "faults.rs"]
mod faults;
#[path = "headless.rs"]
mod headless;
#[path = "kill.rs"]
mod kill;
#[path = "leaks.rs"]
mod leaks;
#[path = "terminal.rs"]
mod terminal;
#[path = "view.rs"]
mod view;
#[path = "loop.rs"]
mod whole_loop;
