//! Opens named files that may be pipes. Opening a pipe waits for its writer, so only the reading thread does it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, poll};

/// Opens a file or a pipe for reading, at once.
///
/// # Errors
/// When it cannot be opened.
pub(super) fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

/// Opens a file whose content can be read again from any place; anything else is refused.
///
/// # Errors
/// When it cannot be opened, or is a pipe, a device or a folder.
pub(super) fn regular(path: &Path) -> io::Result<File> {
    let file = open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"))
    }
}

/// A pipe that may have no writer yet, and whose reader waits for what is written.
#[derive(Debug)]
pub(super) struct Awaited(File);

impl Awaited {
    pub(super) fn new(file: File) -> Self {
        Self(file)
    }
}

impl Read for Awaited {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            // Waits for bytes or for the end of a writer: a pipe that had none yet is neither.
            let mut asked = [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)];
            match poll(&mut asked, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            match self.0.read(into) {
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                read => return read,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_pipe_is_opened_at_once_and_waits_for_its_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(regular(&path).unwrap_err().to_string(), "it is not a file");
        // Both would hang for ever if they waited for a writer.
        let mut awaited = Awaited::new(open(&path).unwrap());
        let reads = std::thread::spawn(move || {
            let mut all = String::new();
            awaited.read_to_string(&mut all).map(|_| all)
        });
        let mut writer = File::options().write(true).open(&path).unwrap();
        writer.write_all(b"one\n").unwrap();
        writer.write_all(b"two\n").unwrap();
        drop(writer);
        assert_eq!(reads.join().unwrap().unwrap(), "one\ntwo\n");
    }

    #[test]
    fn a_file_is_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "text").unwrap();
        let mut text = String::new();
        regular(file.path()).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
        assert!(regular(file.path().parent().unwrap()).is_err());
    }
}
