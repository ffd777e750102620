//! A stream of bytes, such as a pipe: one thread reads, another makes blocks and packs them while there is much, and hands text
//! over at once while there is little.

use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::source::{Ending, Source};
use super::thread;
use crate::clock::SystemClock;
use crate::domain::ids::ServiceId;
use crate::error::UserError;
use crate::logstore::{BLOCK, Block, Piece, Tape};

/// Bytes read at once: more than a pipe holds.
const READ: usize = 128 * 1024;
/// Reads that may wait to be packed; the writer of the pipe waits then.
const WAITING: usize = 16;
/// Bytes of a block; larger than others, for it is packed once and for all.
const FULL: usize = 4 * BLOCK;
/// Shortest time between two hand-overs of little: every one of them wakes the loop, and a frame shows what came in 28 ms.
const APART: Duration = Duration::from_millis(3);
/// Bytes a second from which on there is much to read: as a pipe that was full again after a pause gives.
const MUCH: f64 = 18e6;
/// Reads after which a flood is over if none of them brought much.
const FLOOD: u32 = 64;
/// Longest line; a longer one is cut into several.
const LINE: usize = 16 << 20;

/// Starts reading.
pub(super) fn start(service: ServiceId, (mut from, ended): Source, to: Sender<Vec<Tape>>) -> Result<(), UserError> {
    let (sender, receiver) = sync_channel(WAITING);
    thread(move || read(&mut from, &sender))?;
    thread(move || pack(&service, &receiver, &to, ended))
}

fn read(from: &mut dyn Read, to: &SyncSender<Vec<u8>>) {
    let (mut buffer, mut flood) = (vec![0; READ], 0_u32);
    let clock = SystemClock::shared();
    let mut last = clock.mono();
    // Nobody sends: it is only waited on.
    let (_never, pause) = sync_channel::<()>(0);
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => {
                if to.send(buffer[..read].to_vec()).is_err() {
                    return;
                }
                // A trickle gathers in the kernel meanwhile: each wake costs more than what it brings. A flood is read on at once,
                // although some of its reads are small.
                let (now, before) = (clock.mono(), last);
                last = now;
                #[expect(clippy::cast_precision_loss, reason = "a rough rate")]
                let much = read as f64 >= MUCH * (now - before).as_secs_f64();
                flood = if much { FLOOD } else { flood.saturating_sub(1) };
                if flood == 0 {
                    let _ = pause.recv_timeout(APART);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn pack(service: &ServiceId, from: &Receiver<Vec<u8>>, to: &Sender<Vec<Tape>>, ended: Ending) {
    let tape = |piece| vec![Tape { service: service.clone(), piece }];
    let mut open: Vec<u8> = Vec::with_capacity(FULL + READ);
    let clock = SystemClock::shared();
    let mut next = Duration::ZERO;
    while let Ok(bytes) = from.recv() {
        open.extend_from_slice(&bytes);
        // What has come already belongs together, and what comes before the next is due.
        while open.len() < FULL
            && let Ok(bytes) = from.recv_timeout(next.saturating_sub(clock.mono()))
        {
            open.extend_from_slice(&bytes);
        }
        next = clock.mono() + APART;
        let whole = memchr::memrchr(b'\n', &open).map(|at| at + 1).or((open.len() >= LINE).then_some(open.len()));
        let Some(whole) = whole else { continue };
        let text = &open[..whole];
        let much = text.len() >= FULL / 2;
        let piece = if much { Piece::Block(Block::packed_plain(0, text)) } else { Piece::Text(text.to_vec()) };
        open.drain(..whole);
        if to.blocking_send(tape(piece)).is_err() {
            return;
        }
    }
    // A last line without its break.
    if !open.is_empty() {
        let _ = to.blocking_send(tape(Piece::Text(open)));
    }
    let ended = ended();
    if !ended.is_empty() {
        let _ = to.blocking_send(tape(Piece::End(ended)));
    }
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
        start(ServiceId::new("", "stdin"), (from, Box::new(|| "ended".into())), sender).unwrap();
        let mut store = Store::new(64 << 20);
        let mut ended = false;
        while let Some(tapes) = receiver.blocking_recv() {
            for tape in tapes {
                match tape.piece {
                    Piece::Block(block) => drop(store.push_block(&tape.service, block)),
                    Piece::Text(text) => drop(store.append(&tape.service, &text)),
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
