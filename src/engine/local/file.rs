//! A file: only the places of its blocks are held, its bytes stay where they are.
//!
//! The last block grows with the file and is handed over anew each time, so that a line that is still being written is one line.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use crate::domain::ids::ServiceId;
use crate::logstore::block::count;
use crate::logstore::{BLOCK, Block, Chunk, Piece, Shelf};
use crate::sanitize::Text;

/// Bytes read at once.
const READ: usize = 1 << 20;
/// Bytes read before anything is drawn.
const BEGINNING: usize = 2 * BLOCK;
/// Longest line; a longer one is cut into several.
const LINE: usize = 16 << 20;
/// How often a file that has ended is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// An open file as a shelf. It stays readable when it is renamed or removed.
#[derive(Debug)]
struct Reel(File);

impl Shelf for Reel {
    fn read(&self, at: u64, len: usize, into: &mut Vec<u8>) -> bool {
        into.resize(len, 0);
        read_at(&self.0, into, at).is_ok_and(|read| read == len)
    }
}

/// Reads until the buffer is full or the file ends.
fn read_at(file: &File, into: &mut [u8], at: u64) -> std::io::Result<usize> {
    use std::os::unix::fs::FileExt as _;
    let mut done = 0;
    while done < into.len() {
        match file.read_at(&mut into[done..], at + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// What a look at a file that has ended came to.
enum FileChange {
    /// Nothing new.
    Same,
    /// It has more.
    More,
    /// It is shorter than what was read of it.
    Truncated,
    /// Its name is another file's now.
    Rotated(File),
}

/// Follows one file.
pub(super) struct Reader {
    service: ServiceId,
    path: PathBuf,
    reel: Arc<Reel>,
    /// Where the block begins that is not full yet.
    at: u64,
    /// Its bytes so far.
    open: Vec<u8>,
    /// The last bytes that were read.
    tail: Tail,
}

/// The last bytes read of a file: a file that was truncated and has grown again since is another one, however long it is.
#[derive(Debug, Default)]
pub(super) struct Tail(Vec<u8>);

impl Tail {
    /// Bytes that are compared.
    const LEN: usize = 64;

    /// Takes note of what was read last.
    pub(super) fn note(&mut self, read: &[u8]) {
        self.0.extend_from_slice(&read[read.len().saturating_sub(Self::LEN)..]);
        self.0.drain(..self.0.len().saturating_sub(Self::LEN));
    }

    /// Takes note of nothing but these.
    pub(super) fn only(&mut self, read: &[u8]) {
        self.0.clear();
        self.note(read);
    }

    /// Whether they still stand before this place of the file.
    pub(super) fn stands(&self, file: &File, end: u64) -> bool {
        let mut now = vec![0; self.0.len()];
        let from = end.saturating_sub(now.len() as u64);
        // One that cannot be read is told elsewhere.
        read_at(file, &mut now, from).map_or(true, |read| read == now.len() && now == self.0)
    }
}

impl Reader {
    pub(super) fn new(service: ServiceId, path: PathBuf, file: File) -> Self {
        Self { service, path, reel: Arc::new(Reel(file)), at: 0, open: Vec::new(), tail: Tail::default() }
    }

    /// The beginning, for the first frame.
    pub(super) fn begin(&mut self) -> Vec<Chunk> {
        let mut pieces = Vec::new();
        self.read(BEGINNING, &mut pieces);
        pieces
    }

    /// Reads what there is and then what comes, until nobody listens.
    pub(super) fn run(mut self, to: &Sender<Vec<Chunk>>) {
        // Nobody sends: it is only waited on, as a clock is.
        let (_never, clock) = std::sync::mpsc::channel::<()>();
        let mut caught = false;
        loop {
            let mut pieces = Vec::new();
            let replaced = caught && !self.tail.stands(&self.reel.0, self.at + self.open.len() as u64);
            let read = if replaced { 0 } else { self.read(READ, &mut pieces) };
            if read == 0 {
                if !caught {
                    caught = true;
                    pieces.push(self.chunk(Piece::Caught));
                }
                match self.look() {
                    FileChange::Same if pieces.is_empty() => {
                        let _ = clock.recv_timeout(LOOK);
                        if to.is_closed() {
                            return;
                        }
                    }
                    FileChange::Same | FileChange::More => {}
                    FileChange::Truncated => {
                        (self.at, self.open, self.tail) = (0, Vec::new(), Tail::default());
                        pieces.push(self.chunk(Piece::Lost(Text::from("the file was truncated"))));
                    }
                    FileChange::Rotated(file) => {
                        (self.at, self.open, self.reel) = (0, Vec::new(), Arc::new(Reel(file)));
                        self.tail = Tail::default();
                        pieces.push(
                            self.chunk(Piece::Break(Text::from("the file was rotated; the new one begins here"))),
                        );
                    }
                }
            }
            if !pieces.is_empty() && to.blocking_send(pieces).is_err() {
                return;
            }
        }
    }

    fn chunk(&self, piece: Piece) -> Chunk {
        Chunk { service: self.service.clone(), piece }
    }

    /// Reads up to so many bytes on and makes blocks of them; how many there were.
    fn read(&mut self, most: usize, pieces: &mut Vec<Chunk>) -> usize {
        let had = self.open.len();
        self.open.resize(had + most, 0);
        let read = read_at(&self.reel.0, &mut self.open[had..], self.at + had as u64).unwrap_or(0);
        self.open.truncate(had + read);
        if read == 0 {
            return 0;
        }
        self.tail.note(&self.open[had..]);
        let mut from = 0;
        while let Some(len) = full(&self.open[from..]) {
            pieces.push(self.block(from, len));
            from += len;
        }
        self.open.drain(..from);
        self.at += from as u64;
        // The file has no more for now, or this is its beginning: what is there is shown.
        if (read < most || most == BEGINNING) && !self.open.is_empty() {
            pieces.push(self.block(0, self.open.len()));
        }
        read
    }

    fn block(&self, from: usize, len: usize) -> Chunk {
        let shelf: Arc<dyn Shelf> = Arc::<Reel>::clone(&self.reel);
        let rows = count(&self.open[from..from + len]);
        self.chunk(Piece::Block(Block::shelved(0, shelf, self.at + from as u64, len, rows)))
    }

    fn look(&self) -> FileChange {
        use std::os::unix::fs::MetadataExt as _;
        let Ok(own) = self.reel.0.metadata() else { return FileChange::Same };
        let known = self.at + self.open.len() as u64;
        if own.len() < known || !self.tail.stands(&self.reel.0, known) {
            return FileChange::Truncated;
        }
        if own.len() > known {
            return FileChange::More;
        }
        let Ok(named) = std::fs::metadata(&self.path) else { return FileChange::Same };
        if (named.dev(), named.ino()) == (own.dev(), own.ino()) {
            return FileChange::Same;
        }
        super::pipe::regular(&self.path).map_or(FileChange::Same, FileChange::Rotated)
    }
}

/// Bytes of the first full block: it ends with a line, and only a line that is far too long is cut.
fn full(bytes: &[u8]) -> Option<usize> {
    if bytes.len() < BLOCK {
        return None;
    }
    let inside = memchr::memrchr(b'\n', &bytes[..BLOCK]).map(|at| at + 1);
    let behind = || memchr::memchr(b'\n', &bytes[BLOCK..]).map(|at| BLOCK + at + 1);
    inside.or_else(behind).or((bytes.len() >= LINE).then_some(bytes.len()))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::logstore::Store;

    /// Reads on and puts the pieces into a store; the lines in it.
    fn lines(reader: &mut Reader, store: &mut Store, most: usize) -> Vec<String> {
        let mut pieces = Vec::new();
        while reader.read(most, &mut pieces) > 0 {}
        for chunk in pieces {
            if let Piece::Block(block) = chunk.piece {
                store.push_block(&chunk.service, block);
            }
        }
        let mut all = Vec::new();
        let mut at = store.base();
        while at < store.end() {
            store.each(at, |_, _, text| all.push(String::from_utf8_lossy(text).into_owned()));
            at = store.segment(at).end;
        }
        all
    }

    #[test]
    fn a_file_that_grows_is_read_as_it_is_whatever_the_pieces() {
        for most in [BEGINNING, READ, 1000] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            let service = ServiceId::new("", "app.log");
            let mut reader = Reader::new(service, file.path().to_owned(), File::open(file.path()).unwrap());
            let mut store = Store::new(1 << 20);
            let mut whole = String::new();
            for step in 0..40usize {
                // Lines are written in halves, short and very long ones.
                let more = format!("{} of {step}\n", "word ".repeat(if step % 7 == 0 { 30_000 } else { step * 40 }));
                let (first, second) = more.split_at(more.len() / 2);
                for part in [first, second] {
                    file.write_all(part.as_bytes()).unwrap();
                    whole.push_str(part);
                    let read = lines(&mut reader, &mut store, most);
                    assert!(read.iter().map(String::as_str).eq(whole.lines()), "at {step} by {most}");
                }
            }
        }
    }

    #[test]
    fn a_truncated_and_a_rotated_file_are_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.log");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let mut reader = Reader::new(ServiceId::new("", "app.log"), path.clone(), File::open(&path).unwrap());
        reader.begin();
        assert!(matches!(reader.look(), FileChange::Same));
        std::fs::write(&path, "other and longer\n").unwrap();
        assert!(matches!(reader.look(), FileChange::Truncated), "it has grown again since it was truncated");
        std::fs::write(&path, "x\n").unwrap();
        assert!(matches!(reader.look(), FileChange::Truncated));
        std::fs::rename(&path, dir.path().join("app.log.1")).unwrap();
        reader.at = 0;
        reader.open = b"x\n".to_vec();
        reader.tail = Tail(b"x\n".to_vec());
        assert!(matches!(reader.look(), FileChange::Same), "there is no new one yet");
        std::fs::write(&path, "new\n").unwrap();
        assert!(matches!(reader.look(), FileChange::Rotated(_)));
    }
}
