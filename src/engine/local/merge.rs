//! Several files as one log, in the order of event time: what is there is merged whole, into blocks; what comes then is handed over
//! line by line and sorted within the store's window.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::file::Tail;
use super::thread;
use crate::domain::ids::ServiceId;
use crate::domain::log::Level;
use crate::error::UserError;
use crate::logstore::block::{Meta, UNTIMED};
use crate::logstore::{BLOCK, Chunk, Piece, Sorted, form, sealed};
use crate::sanitize::Text;

/// How often files that have ended are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Blocks that may wait to be packed.
const WAITING: usize = 8;
/// Bytes read of a file at once.
const READ: usize = 64 * 1024;

/// Bytes of a file from before the console that are read.
const NEWEST: u64 = 1 << 20;

/// One of the files.
pub(super) struct Part {
    service: ServiceId,
    path: PathBuf,
    /// `None` while it is not there.
    from: Option<BufReader<File>>,
    /// Bytes read so far.
    at: u64,
    /// The line that is next, when it is whole.
    head: Vec<u8>,
    whole: bool,
    /// The last bytes that were read.
    tail: Tail,
    /// Event time of the line that is next; a line without one has that of the line before it.
    time: i64,
    level: Level,
}

impl Part {
    /// All of a file and what comes.
    pub(super) fn new(service: ServiceId, path: PathBuf, file: File) -> Self {
        Self { from: Some(BufReader::with_capacity(READ, file)), ..Self::waiting(service, path) }
    }

    /// The newest lines of a file and what comes; one that is not there yet is waited for.
    pub(super) fn newest(service: ServiceId, path: PathBuf) -> Self {
        let mut part = Self::waiting(service, path);
        let Ok(file) = super::pipe::regular(&part.path) else { return part };
        let mut from = BufReader::with_capacity(READ, file);
        let len = from.get_ref().metadata().map_or(0, |meta| meta.len());
        if let Ok(at) = from.seek(SeekFrom::Start(len.saturating_sub(NEWEST))) {
            part.at = at;
        }
        if part.at > 0 {
            // The middle of a line begins nothing.
            part.at += from.skip_until(b'\n').unwrap_or(0) as u64;
        }
        part.from = Some(from);
        part
    }

    fn waiting(service: ServiceId, path: PathBuf) -> Self {
        let (head, tail) = (Vec::new(), Tail::default());
        Self { service, path, from: None, at: 0, head, whole: false, tail, time: UNTIMED, level: Level::Info }
    }

    /// Reads until the next line is whole; false when the file has no more for now.
    fn fill(&mut self) -> bool {
        let Some(from) = self.from.as_mut().filter(|_| !self.whole) else { return self.whole };
        // Where it was read to its end: what comes now may be another file's.
        if from.buffer().is_empty() && !self.tail.stands(from.get_ref(), self.at) {
            return false;
        }
        let had = self.head.len();
        let read = from.read_until(b'\n', &mut self.head).unwrap_or(0);
        self.at += read as u64;
        if from.buffer().is_empty() {
            self.tail.only(&self.head[had..]);
        }
        self.whole = self.head.last() == Some(&b'\n');
        if self.whole {
            let (time, level) = form::quick(&self.head);
            (self.time, self.level) = (time.unwrap_or(self.time), level.unwrap_or(Level::Info));
        }
        self.whole
    }

    /// Moves the next line to the end of a text, with its line break.
    fn take(&mut self, source: usize, text: &mut Vec<u8>) -> Meta {
        self.whole = false;
        let (start, len) = (text.len(), self.head.len() - 1);
        text.append(&mut self.head);
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let (start, len, source) = (number(start), number(len), number(source));
        Meta { at: self.time, start, len, source, level: self.level, gap: false }
    }

    /// What became of a file that has no more: a sentence when it was truncated or rotated.
    fn look(&mut self) -> Option<Text> {
        use std::os::unix::fs::MetadataExt as _;
        let again = || Some(BufReader::with_capacity(READ, super::pipe::regular(&self.path).ok()?));
        let Some(from) = &mut self.from else {
            self.from = again();
            return self.from.is_some().then(|| Text::from("the file is there now"));
        };
        let own = from.get_ref().metadata().ok()?;
        let said = if own.len() < self.at || !self.tail.stands(from.get_ref(), self.at) {
            from.rewind().ok()?;
            "the file was truncated"
        } else {
            let named = std::fs::metadata(&self.path).ok()?;
            if own.len() > self.at || (named.dev(), named.ino()) == (own.dev(), own.ino()) {
                return None;
            }
            self.from = Some(again()?);
            "the file was rotated; the new one begins here"
        };
        (self.at, self.whole, self.tail) = (0, false, Tail::default());
        self.head.clear();
        Some(Text::from(said))
    }
}

/// The next lines of all the files in the order of their times, a block of them at most.
fn merged(parts: &mut [Part]) -> (Vec<u8>, Vec<Meta>) {
    let (mut text, mut metas) = (Vec::with_capacity(BLOCK + BLOCK / 2), Vec::new());
    while text.len() < BLOCK {
        let heads = parts.iter_mut().enumerate().filter_map(|(source, part)| part.fill().then_some((source, part)));
        let Some((source, next)) = heads.min_by_key(|(_, part)| part.time) else { break };
        metas.push(next.take(source, &mut text));
    }
    (text, metas)
}

/// The same lines as pieces of text, one for each run of lines of one file.
fn runs(parts: &[Part], text: &[u8], metas: &[Meta]) -> Vec<Chunk> {
    let of = |run: &[Meta]| {
        let (first, last) = (run.first()?, run.last()?);
        let lines = text.get(first.start as usize..(last.start + last.len) as usize + 1)?;
        let service = parts.get(first.source as usize)?.service.clone();
        Some(Chunk { service, piece: Piece::Text(lines.to_vec()) })
    };
    metas.chunk_by(|one, other| one.source == other.source).filter_map(of).collect()
}

/// What is handed over, in this order: lines that are still to be packed, and pieces.
enum Work {
    Lines(Vec<u8>, Vec<Meta>),
    Pieces(Vec<Chunk>),
}

/// Reads what there is and then what comes, until nobody listens. Packing takes as long as reading: another thread does it.
pub(super) fn run(mut parts: Vec<Part>, to: Sender<Vec<Chunk>>) -> Result<(), UserError> {
    let services: Arc<[ServiceId]> = parts.iter().map(|part| part.service.clone()).collect();
    let Some(first) = services.first().cloned() else { return Ok(()) };
    let (sender, receiver) = sync_channel(WAITING);
    let of = first.clone();
    thread(move || pack(&receiver, &of, &services, &to))?;
    thread(move || read(&mut parts, &first, &sender))
}

fn read(parts: &mut [Part], first: &ServiceId, to: &SyncSender<Work>) {
    // Nobody sends: it is only waited on, as a clock is.
    let (_never, clock) = sync_channel::<()>(0);
    let mut caught = false;
    loop {
        let (text, metas) = merged(parts);
        let mut pieces = Vec::new();
        let all = text.len() < BLOCK;
        if caught && all {
            pieces.extend(runs(parts, &text, &metas));
        } else if !metas.is_empty() && to.send(Work::Lines(text, metas)).is_err() {
            return;
        }
        if all && !caught {
            caught = true;
            pieces.push(Chunk { service: first.clone(), piece: Piece::Caught });
        }
        if all {
            let said =
                |part: &mut Part| Some(Chunk { piece: Piece::Break(part.look()?), service: part.service.clone() });
            pieces.extend(parts.iter_mut().filter_map(said));
        }
        let idle = all && pieces.is_empty();
        // Also where there is nothing: whoever listens no more is noticed.
        if (idle || !pieces.is_empty()) && to.send(Work::Pieces(pieces)).is_err() {
            return;
        }
        if idle {
            let _ = clock.recv_timeout(LOOK);
        }
    }
}

fn pack(from: &Receiver<Work>, first: &ServiceId, services: &Arc<[ServiceId]>, to: &Sender<Vec<Chunk>>) {
    while let Ok(work) = from.recv() {
        let pieces = match work {
            Work::Lines(text, metas) => {
                let sorted = Sorted { services: Arc::clone(services), sealed: sealed(text, &metas) };
                vec![Chunk { service: first.clone(), piece: Piece::Sorted(Box::new(sorted)) }]
            }
            Work::Pieces(pieces) => pieces,
        };
        if to.is_closed() || (!pieces.is_empty() && to.blocking_send(pieces).is_err()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn files_are_merged_by_time_and_lines_without_one_stay_behind_theirs() {
        let mut files: Vec<tempfile::NamedTempFile> = Vec::new();
        for text in [
            "2026-01-31T12:00:01Z a\n  of a\n2026-01-31T12:00:04Z d\nhalf",
            "2026-01-31T12:00:02Z b\n2026-01-31T12:00:03Z c\n",
        ] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            files.push(file);
        }
        let part = |(name, file): (&str, &tempfile::NamedTempFile)| {
            Part::new(ServiceId::new("", name), file.path().to_owned(), File::open(file.path()).unwrap())
        };
        let mut parts: Vec<Part> = ["one", "two"].into_iter().zip(&files).map(part).collect();
        let said = |parts: &mut Vec<Part>| {
            let (text, metas) = merged(parts);
            let runs = runs(parts, &text, &metas).into_iter().map(|chunk| match chunk.piece {
                Piece::Text(text) => format!("{}: {}", chunk.service.name, String::from_utf8(text).unwrap()),
                other => panic!("{other:?}"),
            });
            runs.map(|text| text.replace("2026-01-31T12:00:0", "").replace('\n', ",")).collect::<Vec<_>>()
        };
        assert_eq!(said(&mut parts), ["one: 1Z a,  of a,", "two: 2Z b,3Z c,", "one: 4Z d,"]);
        files[0].write_all(b" a line\n").unwrap();
        assert_eq!(said(&mut parts), ["one: half a line,"]);
        files[1].as_file().set_len(0).unwrap();
        assert!(parts[1].look().is_some() && parts[0].look().is_none());
    }
}
