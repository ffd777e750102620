//! A pseudo-terminal with a screen model: start a program, type, wait for text, look at what it left behind.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use flightdeck::clock::{Clock, SystemClock};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// Longest wait for anything: generous, because a busy machine is not a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows or columns of the screen model, which need not hold as many as a terminal may claim to have.
fn cells(told: u16, usual: u16, most: u16) -> std::num::NonZeroU16 {
    let cells = if told == 0 { usual } else { told.min(most) };
    cells.try_into().unwrap()
}

/// A program on a pseudo-terminal.
pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    chunks: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    clock: SystemClock,
}

impl Pty {
    /// Starts a command at this size.
    pub fn start(mut command: CommandBuilder, columns: u16, rows: u16) -> Self {
        command.env("TERM", "xterm-256color");
        Self::start_as_it_is(command, columns, rows)
    }

    /// Starts a command at this size, in the environment that it has.
    pub fn start_as_it_is(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, chunks) = sync_channel(1024);
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        let screen = vt100::Parser::new(cells(rows, 24, 500), cells(columns, 80, 1000), 0);
        Self { master: pair.master, child, writer, chunks, screen, clock: SystemClock::new() }
    }

    /// Types bytes.
    pub fn send(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Changes the size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        self.screen.screen_mut().set_size(cells(rows, 24, 500), cells(columns, 80, 1000));
    }

    /// The screen model.
    pub fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Reads until `done` says so of the screen; panics with the screen after [`PATIENCE`].
    pub fn wait(&mut self, what: &str, done: impl Fn(&vt100::Screen) -> bool) {
        let end = self.clock.mono() + PATIENCE;
        while !done(self.screen.screen()) {
            match self.chunks.recv_timeout(end.saturating_sub(self.clock.mono())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(why) => panic!("waited for {what} ({why}), the screen is:\n{}", self.screen().contents()),
            }
        }
    }

    /// Waits for text anywhere on the screen.
    pub fn wait_text(&mut self, text: &str) {
        self.wait(text, |screen| screen.contents().contains(text));
    }

    /// Reads until the program ends, and says how it ended.
    pub fn wait_end(&mut self) -> ExitStatus {
        let end = self.clock.mono() + PATIENCE;
        loop {
            match self.chunks.recv_timeout(end.saturating_sub(self.clock.mono())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
                Err(RecvTimeoutError::Timeout) => panic!("did not end, the screen is:\n{}", self.screen().contents()),
            }
        }
    }

    /// Whether the terminal gives its program every key as it comes.
    pub fn raw(&self) -> bool {
        let modes = self.master.get_termios().expect("a terminal");
        !format!("{:?}", modes.local_flags).contains("ICANON")
    }

    /// Asserts that the terminal is as it was before the console.
    pub fn assert_clean(&self) {
        self.assert_modes_off();
        assert!(!self.raw(), "the terminal was left raw");
    }

    /// Asserts that every mode that the console switches on is off again. Under a shell that edits its line, the terminal is raw.
    pub fn assert_modes_off(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left on");
        assert!(!screen.hide_cursor(), "the cursor was left hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste was left on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse was left captured");
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
