//! A stream of bytes, such as a pipe: one thread reads, another makes blocks and packs them while there is much, and hands text
//! over at once while there is little.

use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::beat::Beat;
use super::source::{Ending, Source};
use super::thread;
use crate::domain::ids::ServiceId;
use crate::error::UserError;
use crate::logstore::{BLOCK, Block, Chunk, OPEN, Piece};

/// Bytes read at once: more than gathers for a frame at fifty thousand lines a second.
const READ: usize = 512 * 1024;
/// Reads that may wait to be packed; the writer of the pipe waits then.
const WAITING: usize = 2;
/// Bytes of a block; larger than others, for it is packed once and for all.
const FULL: usize = 4 * BLOCK;
/// Longest time in which what comes in a flood is gathered.
const GATHER: Duration = Duration::from_millis(3);
/// Bytes a second from which on a flood goes on.
const MUCH: f64 = 18e6;
/// Reads after which a flood is over if none of them brought much.
const FLOOD: u32 = 64;
/// Longest line; a longer one is cut into several.
const LINE: usize = 16 << 20;

/// What was read at once: a buffer, how many bytes of it, and whether they are part of a flood.
type Bytes = (Vec<u8>, usize, bool);

/// A stream that is read.
pub(super) struct Stream {
    /// Whose lines they are.
    pub(super) service: ServiceId,
    /// Where they come from, and how that says that it has ended.
    pub(super) source: Source,
    /// Bytes that may gather in it before its writer has to wait.
    pub(super) room: usize,
    /// Lines of others are read beside it: they are sorted among each other, one by one.
    pub(super) shared: bool,
}

/// Starts reading.
pub(super) fn start(stream: Stream, to: Sender<Vec<Chunk>>, beat: Beat) -> Result<(), UserError> {
    let (sender, receiver) = sync_channel(WAITING);
    // Room for all that there can be: none is ever made anew.
    let (back, spent) = sync_channel(WAITING + 3);
    let (mut from, ended) = stream.source;
    let mut reader = Reader { to: sender, spent, beat, room: stream.room };
    thread(move || reader.run(&mut from))?;
    let packer = Packer { service: stream.service, to, shared: stream.shared, given: Vec::new(), back };
    thread(move || packer.run(&receiver, ended))
}

struct Reader {
    to: SyncSender<Bytes>,
    /// Buffers that are read into again: fresh ones would be mapped and zeroed by the kernel, many times a second.
    spent: Receiver<Vec<u8>>,
    beat: Beat,
    room: usize,
}

impl Reader {
    fn fresh(&self) -> Vec<u8> {
        self.spent.try_recv().unwrap_or_else(|_| vec![0; READ])
    }

    /// A trickle gathers in the kernel until a frame is due: each wake costs more than what it brings. A flood is read on at once,
    /// although some of its reads are small.
    fn run(&mut self, from: &mut dyn Read) {
        let (mut buffer, mut flood, mut last) = (self.fresh(), 0_u32, self.beat.mono());
        // Bytes since the last pause.
        let mut gathered = 0;
        // Nobody sends: it is only waited on.
        let (_never, pause) = sync_channel::<()>(0);
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => {
                    let now = self.beat.mono();
                    gathered += read;
                    let much = match flood {
                        0 => read == READ || gathered * 4 >= self.room * 3,
                        _ => goes_on(read, now - last),
                    };
                    flood = if much { FLOOD } else { flood.saturating_sub(1) };
                    last = now;
                    let fresh = self.fresh();
                    if self.to.send((std::mem::replace(&mut buffer, fresh), read, flood > 0)).is_err() {
                        return;
                    }
                    if flood == 0 {
                        gathered = 0;
                        self.beat.pause(|time| {
                            let _ = pause.recv_timeout(time);
                        });
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }
}

/// Whether a flood goes on; it begins when as much has gathered in a pause as makes the writer wait for us.
fn goes_on(read: usize, since: Duration) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a rough rate")]
    let rate = read as f64 / since.as_secs_f64().max(1e-9);
    rate >= MUCH
}

/// Makes pieces of what was read.
struct Packer {
    service: ServiceId,
    to: Sender<Vec<Chunk>>,
    shared: bool,
    /// The text that was handed over and is not packed yet, as the store holds it.
    given: Vec<u8>,
    /// Takes buffers back.
    back: SyncSender<Vec<u8>>,
}

impl Packer {
    fn run(mut self, from: &Receiver<Bytes>, ended: Ending) {
        let mut open: Vec<u8> = Vec::with_capacity(FULL + READ);
        while let Ok((bytes, read, flood)) = from.recv() {
            self.open(&mut open, bytes, read);
            // What has come already belongs together; in a flood also what comes soon.
            let soon = if flood { GATHER } else { Duration::ZERO };
            while open.len() < FULL
                && let Ok((bytes, read, _)) = from.recv_timeout(soon)
            {
                self.open(&mut open, bytes, read);
            }
            let mut from = 0;
            while let Some(len) = whole(&open[from..]) {
                let text = &open[from..from + len];
                if !(if flood { self.much(text) } else { self.little(text) }) {
                    return;
                }
                from += len;
            }
            open.drain(..from);
        }
        // A last line without its break.
        if !open.is_empty() {
            self.send(vec![Piece::Text(open)]);
        }
        let ended = ended();
        if !ended.is_empty() {
            self.send(vec![Piece::End(ended)]);
        }
    }

    fn open(&self, open: &mut Vec<u8>, bytes: Vec<u8>, read: usize) {
        open.extend_from_slice(&bytes[..read]);
        // One that nobody waits for goes.
        let _ = self.back.try_send(bytes);
    }

    fn send(&self, pieces: Vec<Piece>) -> bool {
        let chunk = |piece| Chunk { service: self.service.clone(), piece };
        self.to.blocking_send(pieces.into_iter().map(chunk).collect()).is_ok()
    }

    /// Part of a flood: packed before it is handed over.
    fn much(&mut self, text: &[u8]) -> bool {
        if self.shared || text.len() < FULL / 2 {
            return self.little(text);
        }
        let sealed = self.take().map(|given| Piece::Sealed(Block::packed_plain(0, &given)));
        let block = Piece::Block(Block::packed_plain(0, text));
        self.send(sealed.into_iter().chain([block]).collect())
    }

    /// Handed over as it is, to be seen at once. It is packed when no more is appended to it, here and not where frames are drawn.
    fn little(&mut self, text: &[u8]) -> bool {
        let full = self.given.len() + text.len() > OPEN;
        let before = if full { self.take() } else { None };
        if !self.shared {
            self.given.extend_from_slice(text);
        }
        self.send(vec![Piece::Text(text.to_vec())])
            && before.is_none_or(|text| self.send(vec![Piece::Sealed(Block::packed_plain(0, &text))]))
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        (!self.given.is_empty()).then(|| std::mem::take(&mut self.given))
    }
}

/// Bytes of whole lines at the beginning, a block of them at most but for one long line.
fn whole(bytes: &[u8]) -> Option<usize> {
    let near = memchr::memrchr(b'\n', &bytes[..bytes.len().min(FULL)]).map(|at| at + 1);
    let far = || memchr::memchr(b'\n', bytes.get(FULL..)?).map(|at| FULL + at + 1);
    near.or_else(far).or((bytes.len() >= LINE).then_some(bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logstore::Store;

    /// Gives what it has in reads of odd sizes.
    struct Odd(Vec<u8>, usize);

    impl Read for Odd {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.1 = (self.1 * 31 + 7) % 5000;
            let count = (self.1 + 1).min(self.0.len()).min(into.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0.drain(..count);
            Ok(count)
        }
    }

    #[test]
    fn every_line_of_a_stream_arrives_once_and_in_order() {
        let text: String =
            (0..40_000).map(|n| format!("{n} {}\n", "x".repeat(n % 90))).collect::<String>() + "no break";
        let (sender, mut receiver) = tokio::sync::mpsc::channel(4);
        let from: Box<dyn Read + Send> = Box::new(Odd(text.clone().into_bytes(), 1));
        let source: Source = (from, Box::new(|| "ended".into()));
        let stream = Stream { service: ServiceId::new("", "stdin"), source, room: 1 << 16, shared: false };
        start(stream, sender, Beat::new(crate::clock::SystemClock::shared())).unwrap();
        let mut store = Store::new(64 << 20);
        let mut ended = false;
        while let Some(chunks) = receiver.blocking_recv() {
            for chunk in chunks {
                match chunk.piece {
                    Piece::Block(block) => drop(store.push_block(&chunk.service, block)),
                    Piece::Text(text) => drop(store.append(&chunk.service, text)),
                    Piece::Sealed(block) => store.seal(&chunk.service, block),
                    Piece::End(_) => ended = true,
                    other => panic!("{other:?}"),
                }
            }
        }
        let mut all = Vec::new();
        let mut at = store.base();
        while at < store.end() {
            store.each(at, |_, _, line| all.push(String::from_utf8_lossy(line).into_owned()));
            at = store.segment(at).end;
        }
        assert!(ended && all.iter().map(String::as_str).eq(text.lines()));
    }
}
