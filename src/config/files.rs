//! Opens a file that a person named, and nothing that could block, such as a pipe or a device.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Opens a regular file. A FIFO without a writer would hold the console until one comes, and a device has no end; both are
/// told from files after they are open, so that nothing can be put in their place meanwhile.
///
/// # Errors
/// When it cannot be opened, or is a folder, a FIFO, a socket or a device.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let refused = |what| Err(io::Error::other(format!("it is {what}, not a file")));
    let file = match options.open(path) {
        Ok(file) => file,
        // A socket cannot be opened at all, and the system's words for that help nobody.
        Err(error) => {
            return match std::fs::metadata(path) {
                Ok(meta) if !meta.is_file() => refused(kind(meta.file_type())),
                _ => Err(error),
            };
        }
    };
    let meta = file.metadata()?;
    if meta.is_file() { Ok(file) } else { refused(kind(meta.file_type())) }
}

/// Reads a regular file of at most `longest` bytes; `None` when there are more.
///
/// # Errors
/// As [`open`], or when reading fails.
pub fn read(path: &Path, longest: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    open(path)?.take(longest + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= longest).then_some(bytes))
}

fn kind(of: std::fs::FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if of.is_fifo() {
            return "a FIFO";
        } else if of.is_socket() {
            return "a socket";
        } else if of.is_char_device() || of.is_block_device() {
            return "a device";
        }
    }
    if of.is_dir() { "a folder" } else { "something else" }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let socket = dir.path().join("socket");
        let _bound = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, what) in [
            (fifo.as_path(), "a FIFO"),
            (socket.as_path(), "a socket"),
            (dir.path(), "a folder"),
            (Path::new("/dev/null"), "a device"),
            (Path::new("/dev/zero"), "a device"),
        ] {
            let told = open(path).unwrap_err().to_string();
            assert_eq!(told, format!("it is {what}, not a file"));
        }
        let file = dir.path().join("file");
        std::fs::write(&file, "text").unwrap();
        assert_eq!(read(&file, 4).unwrap().as_deref(), Some(&b"text"[..]));
        assert_eq!(read(&file, 3).unwrap(), None);
    }
}
