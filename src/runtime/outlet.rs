//! Lines for a reader who may not read: a thread writes them, so that nothing else waits.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Lines that wait for the reader. What comes beyond them is left out and counted; the count is told when there is room again.
const WAITING: usize = 1_024;
/// How long the end waits for what was said last.
const LAST: Duration = Duration::from_secs(1);

/// Takes text, and hands it on line by line.
pub(super) struct Outlet {
    lines: SyncSender<Vec<u8>>,
    /// Closed when the thread has ended: everything is written, or it says why nothing can be.
    ended: Receiver<io::Error>,
    begun: Vec<u8>,
    left_out: usize,
}

impl Outlet {
    /// Writes to `out` from now on.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn to(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, waiting) = sync_channel::<Vec<u8>>(WAITING);
        let (end, ended) = sync_channel(1);
        std::thread::Builder::new().name("sentences".to_owned()).spawn(move || {
            for line in &waiting {
                if let Err(error) = out.write_all(&line).and_then(|()| out.flush()) {
                    // Before nobody takes lines any more: whoever finds that out finds why.
                    let _ = end.try_send(error);
                    return;
                }
            }
            drop(end);
        })?;
        Ok(Self { lines, ended, begun: Vec::new(), left_out: 0 })
    }

    fn hand(&mut self, line: Vec<u8>) -> io::Result<()> {
        if self.left_out > 0 {
            let told = format!("{} sentences were left out: nobody read them.\n", self.left_out);
            match self.lines.try_send(told.into_bytes()) {
                Ok(()) => self.left_out = 0,
                Err(TrySendError::Full(_)) => {}
                Err(TrySendError::Disconnected(_)) => return Err(self.why()),
            }
        }
        match self.lines.try_send(line) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => {
                self.left_out += 1;
                Ok(())
            }
            Err(TrySendError::Disconnected(_)) => Err(self.why()),
        }
    }

    fn why(&self) -> io::Error {
        self.ended.try_recv().unwrap_or_else(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Waits a moment for a reader who is behind; one who does not read is left.
    pub(super) fn close(self) {
        drop(self.lines);
        let _ = self.ended.recv_timeout(LAST);
    }
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                self.hand(line)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader who takes one line for each word that he gets.
    struct Slow {
        go: Receiver<()>,
        read: SyncSender<String>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.go.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
            self.read.send(String::from_utf8_lossy(bytes).into_owned()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_does_not_read_holds_up_nobody_and_is_told_what_was_left_out() {
        let (word, go) = sync_channel(4 * WAITING);
        let (read, taken) = sync_channel(4 * WAITING);
        let mut outlet = Outlet::to(Slow { go, read }).unwrap();
        for number in 0..2 * WAITING {
            writeln!(outlet, "{number}").unwrap();
        }
        for _ in 0..3 * WAITING {
            word.send(()).unwrap();
        }
        // The thread holds one line more than those that wait, or has not taken it yet.
        for number in 0..WAITING {
            assert_eq!(taken.recv().unwrap(), format!("{number}\n"));
        }
        let last = |outlet: &mut Outlet| {
            writeln!(outlet, "the last").unwrap();
            outlet.left_out == 0
        };
        while !last(&mut outlet) {
            std::thread::yield_now();
        }
        outlet.close();
        let rest: Vec<String> = taken.iter().collect();
        assert!(rest.iter().any(|line| line.contains("sentences were left out")), "{rest:?}");
        assert_eq!(rest.last().unwrap(), "the last\n");
    }

    #[test]
    fn a_reader_that_has_gone_is_noticed() {
        let (word, go) = sync_channel::<()>(1);
        let (read, _) = sync_channel(1);
        drop(word);
        let mut outlet = Outlet::to(Slow { go, read }).unwrap();
        writeln!(outlet, "once").unwrap();
        // Until the thread has found it out, lines are taken.
        let noticed = loop {
            match writeln!(outlet, "again") {
                Ok(()) => std::thread::yield_now(),
                Err(error) => break error.kind(),
            }
        };
        assert_eq!(noticed, io::ErrorKind::BrokenPipe);
    }
}
