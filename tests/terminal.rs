//! The console in a pseudo-terminal: it starts, answers keys, and gives the terminal back however it ends.

use std::io::{Read as _, Write as _};

use crate::pty::Pty;
use portable_pty::CommandBuilder;

fn demo(columns: u16, rows: u16) -> (Pty, tempfile::TempDir) {
    let state = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(["demo", "--scenario", "calm"]);
    command.env("FLIGHTDECK_STATE_DIR", state.path());
    command.env_remove("NO_COLOR");
    command.cwd(state.path());
    (Pty::start(command, columns, rows), state)
}

fn signal(pty: &Pty, number: i32) {
    let status = std::process::Command::new("kill").args([format!("-{number}"), pty.pid().to_string()]).status();
    assert!(status.unwrap().success());
}

#[test]
fn starts_shows_the_release_answers_keys_and_quits_cleanly() {
    let (mut pty, _state) = demo(200, 50);
    pty.wait_text("production");
    pty.wait_text("healthy");
    pty.send("?");
    pty.wait_text("Help");
    pty.send("\x1b");
    pty.wait("the help to close", |screen| !screen.contents().contains("Help"));
    pty.send("q");
    let status = pty.wait_end();
    assert_eq!(status.exit_code(), 0, "{status:?}");
    pty.assert_clean();
}

#[test]
fn no_key_is_lost_behind_what_begins_like_an_answer_of_the_terminal() {
    let (mut pty, _state) = demo(120, 30);
    pty.wait_text("production");
    pty.send("\x1b]?");
    pty.wait_text("Help");
    pty.send("\x1b");
    pty.wait("the help to close", |screen| !screen.contents().contains("Help"));
    // One that was cut off.
    pty.send("\x1b]11;rgb:ffff/ff");
    pty.send("?");
    pty.wait_text("Help");
    pty.send("\x1b");
    pty.wait("the help to close", |screen| !screen.contents().contains("Help"));
    // The first key behind it quits.
    pty.send("\x1b]q");
    assert_eq!(pty.wait_end().exit_code(), 0);
    pty.assert_clean();
}

#[test]
fn the_first_screen_takes_the_colours_of_a_light_ground() {
    let home = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.env_clear();
    command.env("HOME", home.path());
    command.env("LANG", "C.UTF-8");
    command.cwd(home.path());
    let mut pty = Pty::start(command, 100, 30);
    pty.wait_text("There is no configuration yet");
    let colour = |screen: &vt100::Screen| screen.cell(1, 1).map(|cell| (cell.contents().to_owned(), cell.fgcolor()));
    let dark = colour(pty.screen());
    assert_eq!(dark.as_ref().map(|(letter, _)| letter.as_str()), Some("f"));
    pty.send("\x1b]11;rgb:ffff/ffff/ffff\x1b\\");
    pty.wait("the other colours", |screen| colour(screen) != dark);
    pty.send("q");
    assert_eq!(pty.wait_end().exit_code(), 0);
}

#[test]
fn a_termination_signal_gives_the_terminal_back() {
    let (mut pty, _state) = demo(120, 30);
    pty.wait_text("production");
    signal(&pty, 15);
    let status = pty.wait_end();
    assert_eq!(status.exit_code(), 143, "{status:?}");
    pty.assert_clean();
}

/// Ends it while an operation of this console is under way, and returns how the process ended.
fn ends_during_an_operation(end: impl Fn(&mut Pty)) -> u32 {
    let state = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(["demo", "--scenario", "bad-deploy", "--seed", "3", "--speed", "10"]);
    command.env("FLIGHTDECK_STATE_DIR", state.path());
    command.cwd(state.path());
    let mut pty = Pty::start(command, 160, 50);
    pty.wait_text("production failing");
    pty.send("!");
    pty.wait_text("Actions");
    pty.send("R");
    pty.wait_text("to which release?");
    pty.send("j\r");
    pty.wait_text("type production");
    pty.send("production");
    // An enter that comes with the letters is taken for a paste: a second passes on the clock of the header.
    for _ in 0..2 {
        let before = pty.screen().contents().lines().next().map(str::to_owned);
        pty.wait("the next second", |screen| screen.contents().lines().next() != before.as_deref());
    }
    pty.send("\r");
    pty.wait_text("running");
    end(&mut pty);
    let status = pty.wait_end();
    pty.assert_clean();
    let left = pty.screen().contents();
    assert!(left.contains("cut short: roll back production") && left.contains("to go on: flightdeck finish"), "{left}");
    status.exit_code()
}

#[test]
fn who_quits_during_an_operation_is_told_what_is_open_on_the_terminal_that_is_left() {
    assert_eq!(ends_during_an_operation(|pty| signal(pty, 15)), 143);
    // By its keys: it is half-done, which is no success.
    let keys = |pty: &mut Pty| {
        // The first leaves the dialog, the second says what goes on, the third quits.
        for _ in 0..2 {
            pty.send("q");
        }
        pty.wait_text("q again quits");
        pty.send("q");
    };
    assert_eq!(ends_during_an_operation(keys), 1);
}

#[test]
fn resizing_keeps_the_console_alive_at_every_size() {
    let (mut pty, _state) = demo(120, 30);
    pty.wait_text("production");
    for (columns, rows) in [(80, 24), (40, 10), (300, 100), (1, 1), (100, 30)] {
        pty.resize(columns, rows);
    }
    pty.wait_text("production");
    pty.send("q");
    assert_eq!(pty.wait_end().exit_code(), 0);
    pty.assert_clean();
}

/// The whole screen: the first line reaches to its right edge, and hints stand in its last row.
fn whole(screen: &vt100::Screen, columns: u16, rows: u16) -> bool {
    let lines: Vec<String> = screen.rows(0, columns).collect();
    let first = lines.first().is_some_and(|line| line.trim_end().chars().count() + 2 >= usize::from(columns));
    first && lines.get(usize::from(rows) - 1).is_some_and(|line| line.contains("? "))
}

/// The library that reads the terminal loses a change of size that comes together with a key.
#[test]
fn a_size_that_comes_with_a_key_is_seen_and_one_that_came_back_is_drawn_anew() {
    let (mut pty, _state) = demo(160, 45);
    pty.wait("the first frame", |screen| whole(screen, 160, 45));
    for round in 0..16 {
        pty.resize(61, 18);
        if round % 2 == 0 {
            pty.send("j");
        }
        pty.resize(160, 45);
        if round % 2 == 0 {
            pty.send("k");
        }
        pty.wait("the whole screen", |screen| whole(screen, 160, 45));
    }
    pty.send("q");
    assert_eq!(pty.wait_end().exit_code(), 0);
    pty.assert_clean();
}

/// In a build that checks its sums, the library that reads the terminal panics at a place 0.
#[test]
fn a_report_that_no_terminal_sends_leaves_no_console_without_keys() {
    let (mut pty, _state) = demo(120, 30);
    pty.wait_text("production");
    pty.send("\x1b[<0;0;5M");
    pty.send("q");
    pty.wait_end();
    pty.assert_clean();
}

#[test]
fn no_size_is_too_large_or_too_small_for_it() {
    for (columns, rows) in [(65_535, 65_535), (5_000, 5_000), (0, 0), (1, 1), (30, 4)] {
        let (mut pty, _state) = demo(columns, rows);
        let shown = if columns == 1 { "p" } else { "production" };
        pty.wait("its first line", |screen| {
            let shows = screen.contents();
            shows.contains(shown) || shows.contains("PROD") || shows.starts_with('●')
        });
        if columns > 1_000 {
            // Held in memory as the part of it that is drawn.
            let status = std::fs::read_to_string(format!("/proc/{}/status", pty.pid())).unwrap_or_default();
            let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
            let kilobytes: u64 = resident.map_or(0, |number| number.parse().unwrap());
            assert!(kilobytes < 400_000, "{columns}x{rows}: {kilobytes} kB");
        }
        pty.send("q");
        assert_eq!(pty.wait_end().exit_code(), 0, "{columns}x{rows}");
        pty.assert_clean();
    }
}

#[test]
fn a_paste_of_ten_megabytes_into_a_line_takes_little_memory() {
    let (mut pty, _state) = demo(120, 30);
    pty.wait_text("production");
    pty.send(":");
    pty.wait_text("Palette");
    pty.send(&format!("\x1b[200~{}\x1b[201~", "lock ".repeat(2_000_000)));
    pty.wait_text("its beginning was taken");
    let status = std::fs::read_to_string(format!("/proc/{}/status", pty.pid())).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    let kilobytes: u64 = peak.map_or(0, |number| number.parse().unwrap());
    assert!(kilobytes < 300_000, "{kilobytes} kB");
    // The line answers still.
    pty.send("\x1b");
    pty.wait("the palette to close", |screen| !screen.contents().contains("Palette"));
    pty.send("q");
    assert_eq!(pty.wait_end().exit_code(), 0);
    pty.assert_clean();
}

#[test]
fn a_small_screen_shows_the_state_and_the_newest_lines() {
    let dir = tempfile::tempdir().unwrap();
    let lines: String = (1..=99).map(|n| format!("line number {n}\n")).collect();
    std::fs::write(dir.path().join("app.log"), lines).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(["view", "app.log"]);
    command.cwd(dir.path());
    let mut pty = Pty::start(command, 40, 4);
    pty.send("G");
    pty.wait("three rows of lines under the header", |screen| {
        let rows: Vec<String> = screen.rows(0, 40).collect();
        rows[0].contains("app.log") && rows[1].contains("97") && rows[2].contains("98") && rows[3].contains("99")
    });
    pty.send("q");
    assert_eq!(pty.wait_end().exit_code(), 0);
}

/// SIGQUIT, SIGABRT and SIGUSR1 end a process without its loop, and so do faults: SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGSYS. Linux has
/// its own numbers for some.
#[test]
fn signals_that_end_the_process_at_once_give_the_terminal_back() {
    let (user, bus, sys) = if cfg!(target_os = "linux") { (10, 7, 31) } else { (30, 10, 12) };
    let names = ["Quit", "Aborted", "User", "Illegal", "Floating", "Segmentation", "Bus", "Bad"];
    for (number, name) in [3, 6, user, 4, 8, 11, bus, sys].into_iter().zip(names) {
        let (mut pty, _state) = demo(80, 24);
        pty.wait("the screen", vt100::Screen::alternate_screen);
        assert!(pty.raw());
        signal(&pty, number);
        let ended = pty.wait_end();
        let by = ended.signal().unwrap_or_default();
        assert!(by.starts_with(name), "signal {number} ended it as {ended:?}");
        pty.assert_clean();
    }
}

/// Not a test of its own: the child that [`an_exhausted_stack_gives_the_terminal_back_and_is_told`] runs in a pseudo-terminal.
#[test]
fn child_that_recurses() {
    if std::env::var_os("FLIGHTDECK_TEST_RECURSION").is_none() {
        return;
    }
    let _session = flightdeck::term::Session::enter(true, 129).unwrap();
    assert_ne!(deeper(1), 0);
}

fn deeper(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { deeper(depth + 1).wrapping_add(here[usize::try_from(depth % 64).unwrap()]) }
}

/// A fault of memory that is real: the runtime still says what it was, on the terminal that was given back.
#[test]
fn an_exhausted_stack_gives_the_terminal_back_and_is_told() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "terminal::child_that_recurses", "--nocapture"]);
    command.env("FLIGHTDECK_TEST_RECURSION", "1");
    let mut pty = Pty::start(command, 80, 24);
    let ended = pty.wait_end();
    assert!(ended.signal().is_some(), "{ended:?}");
    pty.assert_clean();
    assert!(pty.screen().contents().contains("overflowed its stack"), "{}", pty.screen().contents());
}

/// Not a test of its own: the child that [`a_trap_ends_the_process_and_gives_the_terminal_back`] runs in a pseudo-terminal.
#[test]
fn child_that_traps() {
    if std::env::var_os("FLIGHTDECK_TEST_TRAP").is_none() {
        return;
    }
    let _session = flightdeck::term::Session::enter(true, 129).unwrap();
    trap();
    println!("it went on");
}

#[expect(unsafe_code, reason = "no safe call makes the processor trap")]
fn trap() {
    // SAFETY: a breakpoint touches neither memory nor registers.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        std::arch::asm!("int3");
    }
    // SAFETY: a breakpoint touches neither memory nor registers.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!("brk #0");
    }
}

/// The instruction behind a breakpoint would run if its handler returned.
#[test]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn a_trap_ends_the_process_and_gives_the_terminal_back() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "terminal::child_that_traps", "--nocapture"]);
    command.env("FLIGHTDECK_TEST_TRAP", "1");
    let mut pty = Pty::start(command, 80, 24);
    let ended = pty.wait_end();
    assert!(ended.signal().is_some_and(|by| by.starts_with("Trace")), "{ended:?}");
    pty.assert_clean();
    assert!(!pty.screen().contents().contains("it went on"), "{}", pty.screen().contents());
}

/// Not a test of its own: the child that [`a_forbidden_call_ends_the_process_and_gives_the_terminal_back`] runs in a pseudo-terminal.
#[test]
#[cfg(target_os = "linux")]
fn child_that_calls_what_is_forbidden() {
    if std::env::var_os("FLIGHTDECK_TEST_FORBIDDEN").is_none() {
        return;
    }
    let _session = flightdeck::term::Session::enter(true, 129).unwrap();
    forbidden();
    println!("it went on");
}

/// Forbids this thread `getppid`, as a container's filter does, and calls it.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no safe call installs a filter of calls")]
fn forbidden() {
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let number = u32::try_from(libc::SYS_getppid).unwrap();
    // Load the number of the call; one of them traps, every other one is allowed.
    let mut filter =
        [step(0x20, 0, 0, 0), step(0x15, 0, 1, number), step(0x06, 0, 0, 0x0003_0000), step(0x06, 0, 0, 0x7fff_0000)];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // SAFETY: the program outlives the calls, which copy it; the last call has no arguments.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
        libc::getppid();
    }
}

/// The call would be passed over, and the process go on, if the handler returned.
#[test]
#[cfg(target_os = "linux")]
fn a_forbidden_call_ends_the_process_and_gives_the_terminal_back() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "terminal::child_that_calls_what_is_forbidden", "--nocapture"]);
    command.env("FLIGHTDECK_TEST_FORBIDDEN", "1");
    let mut pty = Pty::start(command, 80, 24);
    let ended = pty.wait_end();
    assert!(ended.signal().is_some_and(|by| by.starts_with("Bad")), "{ended:?}");
    pty.assert_clean();
    assert!(!pty.screen().contents().contains("it went on"), "{}", pty.screen().contents());
}

#[test]
fn a_signal_that_comes_as_the_terminal_is_taken_gives_it_back() {
    for number in [15, 1, 2].into_iter().cycle().take(6) {
        let (mut pty, _state) = demo(80, 24);
        pty.wait("the first mode", vt100::Screen::alternate_screen);
        signal(&pty, number);
        let code = match number {
            15 => 143,
            1 => 129,
            _ => 130,
        };
        assert_eq!(pty.wait_end().exit_code(), code);
        pty.assert_clean();
    }
}

#[test]
fn a_termination_signal_ends_the_console_and_its_pager() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("app.log"), "one line\n").unwrap();
    // One that ends when it is asked to, and one that does not.
    for ignored in ["", "trap '' TERM; "] {
        let pager = dir.path().join("pager");
        let script = format!("#!/bin/sh\n{ignored}echo reading in $$\nexec 3<>fifo\nread line <&3\n");
        std::fs::write(&pager, script).unwrap();
        let _ = std::process::Command::new("mkfifo").arg(dir.path().join("fifo")).status();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.args(["view", "app.log"]);
        command.env("PAGER", format!("sh {}", pager.display()));
        command.cwd(dir.path());
        let mut pty = Pty::start(command, 80, 24);
        pty.wait_text("one line");
        pty.send("|");
        pty.wait("the pager", |screen| !screen.alternate_screen() && screen.contents().contains("reading in"));
        signal(&pty, 15);
        assert_eq!(pty.wait_end().exit_code(), 143, "{ignored}");
        pty.assert_clean();
    }
}

#[test]
fn a_terminal_without_a_screen_is_refused_with_what_works_there() {
    for term in ["dumb", "", "unknown", "emacs", "no-such-terminal"] {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.arg("demo");
        command.env("TERM", term);
        let mut pty = Pty::start_as_it_is(command, 120, 24);
        assert_eq!(pty.wait_end().exit_code(), 2, "TERM={term}");
        assert!(pty.screen().contents().contains("flightdeck status"), "{}", pty.screen().contents());
        pty.assert_clean();
    }
}

#[test]
fn a_locale_without_unicode_is_answered_in_ascii() {
    for (locale, plain) in [("C", true), ("de_DE.ISO-8859-1", true), ("C.UTF-8", false), ("en_US.utf8", false)] {
        let state = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.args(["demo", "--scenario", "calm"]);
        command.env("FLIGHTDECK_STATE_DIR", state.path());
        command.env("LC_ALL", locale);
        command.cwd(state.path());
        let mut pty = Pty::start(command, 120, 30);
        pty.wait_text("production");
        assert_eq!(pty.screen().contents().is_ascii(), plain, "{locale}:\n{}", pty.screen().contents());
    }
}

/// How the console is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// By its key.
    CtrlZ,
    /// By another process, so that it can give the terminal back.
    Asked,
    /// By another process, without a word.
    Forced,
}

/// Under a shell with job control, as a person has it: without one the system discards the stop.
#[test]
fn however_it_is_stopped_fg_takes_the_terminal_again() {
    for stop in [Stop::CtrlZ, Stop::Asked, Stop::Forced] {
        stopped(stop);
    }
}

fn stopped(stop: Stop) {
    let state = tempfile::tempdir().unwrap();
    let mut shell = CommandBuilder::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    shell.env("PS1", "shell> ");
    shell.env("FLIGHTDECK_STATE_DIR", state.path());
    shell.cwd(state.path());
    let mut pty = Pty::start(shell, 120, 30);
    pty.wait_text("shell> ");
    // The shell's own line editor switches this mode on, which would hide whether the console left it on.
    pty.send("bind 'set enable-bracketed-paste off'\n");
    pty.send(&format!("{} demo --scenario calm\n", env!("CARGO_BIN_EXE_flightdeck")));
    pty.wait("the console", |screen| screen.alternate_screen() && screen.contents().contains("production"));
    match stop {
        Stop::CtrlZ => pty.send("\x1a"),
        Stop::Asked | Stop::Forced => {
            let shell = pty.pid();
            let child = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
            let number = if stop == Stop::Asked { "-TSTP" } else { "-STOP" };
            assert!(std::process::Command::new("kill").args([number, child.trim()]).status().unwrap().success());
        }
    }
    pty.wait("the prompt after the stop", |screen| {
        screen.contents().split_once("Stopped").is_some_and(|(_, after)| after.contains("shell>"))
    });
    if stop != Stop::Forced {
        pty.assert_modes_off();
    }
    pty.send("fg\n");
    pty.wait("the console again", |screen| {
        screen.alternate_screen() && screen.contents().contains("production") && !screen.contents().contains("Stopped")
    });
    pty.send("?");
    pty.wait_text("Help");
    pty.send("\x1b");
    pty.wait("the help to close", |screen| !screen.contents().contains("Help"));
    pty.send("q");
    // Its prompt, and not only the screen: until the console has ended it reads what is typed.
    pty.wait("the shell", |screen| !screen.alternate_screen() && screen.contents().trim_end().ends_with("\nshell>"));
    pty.send("exit\n");
    pty.wait_end();
    pty.assert_modes_off();
}

/// Not a test of its own: the child that [`a_panic_gives_the_terminal_back`] runs in a pseudo-terminal.
#[test]
fn child_that_panics() {
    if std::env::var_os("FLIGHTDECK_TEST_PANIC").is_none() {
        return;
    }
    let _session = flightdeck::term::Session::enter(true, 129).unwrap();
    panic!("as the test wants it");
}

#[test]
fn a_panic_gives_the_terminal_back() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "terminal::child_that_panics", "--nocapture"]);
    command.env("FLIGHTDECK_TEST_PANIC", "1");
    command.env("RUST_BACKTRACE", "0");
    let mut pty = Pty::start(command, 80, 24);
    assert_ne!(pty.wait_end().exit_code(), 0);
    pty.assert_clean();
    assert!(
        pty.screen().contents().contains("as the test wants it"),
        "the message must be readable:\n{}",
        pty.screen().contents()
    );
}

/// How a terminal goes away.
#[derive(Debug, Clone, Copy)]
enum Gone {
    /// With the shell in it, by a signal.
    Shell,
    /// By itself, and the console is told by a signal.
    Leader,
    /// By itself, and no signal comes: the shell that has it does not go.
    Unheard,
}

/// Nothing goes on reading a terminal that is not there.
#[test]
fn a_terminal_that_goes_away_ends_the_console() {
    for gone in [Gone::Shell, Gone::Leader, Gone::Unheard].into_iter().cycle().take(9) {
        goes(gone);
    }
}

fn goes(gone: Gone) {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("app.log"), "one line\n".repeat(1000)).unwrap();
    // Whoever has it open for writing is running still.
    assert!(std::process::Command::new("mkfifo").arg(at("alive")).status().unwrap().success());
    let view = format!("'{}' view app.log 9>alive", env!("CARGO_BIN_EXE_flightdeck"));
    let mut command = CommandBuilder::new("sh");
    command.cwd(dir.path());
    command.env("TERM", "xterm-256color");
    command.args([
        "-c",
        &match gone {
            Gone::Shell => format!("{view}; :"),
            Gone::Leader => format!("exec {view}"),
            Gone::Unheard => format!("trap '' HUP; {view}; echo $? >status"),
        },
    ]);
    let pair = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (ended, end) = std::sync::mpsc::sync_channel(1);
    let alive = at("alive");
    std::thread::spawn(move || {
        let mut running = std::fs::File::open(alive).unwrap();
        let _ = ended.send(running.read_to_end(&mut Vec::new()).is_ok());
    });
    let mut screen = pair.master.try_clone_reader().unwrap();
    let (shown, show) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = screen.read(&mut buffer) {
            seen.extend_from_slice(&buffer[..count]);
            if String::from_utf8_lossy(&seen).contains("line") {
                break;
            }
        }
        drop(screen);
        let _ = shown.send(String::from_utf8_lossy(&seen).contains("line"));
    });
    assert_eq!(show.recv_timeout(PATIENCE), Ok(true), "{gone:?}: the log is shown");
    let mut keys = pair.master.take_writer().unwrap();
    keys.write_all(b"/x\x1b").unwrap();
    if matches!(gone, Gone::Shell) {
        child.kill().unwrap();
    }
    drop((keys, pair.master));
    assert_eq!(end.recv_timeout(PATIENCE), Ok(true), "{gone:?}: it runs without a terminal");
    let status = child.wait().unwrap();
    match gone {
        Gone::Shell => (),
        Gone::Leader => assert_eq!(status.exit_code(), 129),
        Gone::Unheard => assert_eq!(std::fs::read_to_string(at("status")).unwrap().trim(), "129"),
    }
}
