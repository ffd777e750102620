//! Several files as one log, in the order of event time: what is there is merged whole, what comes then within the store's window.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::Sender;

use super::file::Tail;
use crate::domain::environment::Platform;
use crate::domain::ids::ServiceId;
use crate::domain::log::{Level, LogKind, LogLine};
use crate::logstore::{Piece, Tape, form};
use crate::redact::Redactor;
use crate::sanitize::Text;

/// Lines handed over at once.
const BATCH: usize = 512;
/// How often files that have ended are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// One of the files.
pub(super) struct Part {
    service: ServiceId,
    path: PathBuf,
    from: BufReader<File>,
    /// Bytes read so far.
    at: u64,
    /// The line that is next, when it is whole.
    head: Vec<u8>,
    whole: bool,
    /// The last bytes that were read.
    tail: Tail,
    /// Event time of the line that is next; a line without one has that of the line before it.
    time: i64,
}

impl Part {
    pub(super) fn new(service: ServiceId, path: PathBuf, file: File) -> Self {
        let from = BufReader::with_capacity(64 * 1024, file);
        Self { service, path, from, at: 0, head: Vec::new(), whole: false, tail: Tail::default(), time: 0 }
    }

    /// Reads until the next line is whole; false when the file has no more for now.
    fn fill(&mut self) -> bool {
        if !self.whole {
            // Where it was read to its end: what comes now may be another file's.
            if self.from.buffer().is_empty() && !self.tail.stands(self.from.get_ref(), self.at) {
                return false;
            }
            let had = self.head.len();
            let read = self.from.read_until(b'\n', &mut self.head).unwrap_or(0);
            self.at += read as u64;
            self.tail.note(&self.head[had..]);
            self.whole = self.head.last() == Some(&b'\n');
            if self.whole {
                self.time = form::quick(&self.head).0.unwrap_or(self.time);
            }
        }
        self.whole
    }

    fn take(&mut self, redactor: &Redactor) -> LogLine {
        self.whole = false;
        let level = form::quick(&self.head).1.unwrap_or(Level::Info);
        let text = redactor.mask(Text::from_bytes(self.head.trim_ascii_end()));
        self.head.clear();
        let (message, raw) = match form::message(text.as_str()) {
            Some(message) => (redactor.mask(Text::from(message)), Some(text)),
            None => (text, None),
        };
        LogLine {
            at: Timestamp::from_microsecond(self.time).unwrap_or_default(),
            service: self.service.clone(),
            platform: Platform::Edge,
            kind: LogKind::App,
            instance: "".into(),
            region: "".into(),
            level,
            message,
            raw,
        }
    }

    /// What became of a file that has no more: a sentence when it was truncated or rotated.
    fn look(&mut self) -> Option<Text> {
        use std::os::unix::fs::MetadataExt as _;
        let own = self.from.get_ref().metadata().ok()?;
        let said = if own.len() < self.at || !self.tail.stands(self.from.get_ref(), self.at) {
            self.from.rewind().ok()?;
            "the file was truncated"
        } else {
            let named = std::fs::metadata(&self.path).ok()?;
            if own.len() > self.at || (named.dev(), named.ino()) == (own.dev(), own.ino()) {
                return None;
            }
            self.from = BufReader::with_capacity(64 * 1024, File::open(&self.path).ok()?);
            "the file was rotated; the new one begins here"
        };
        (self.at, self.whole, self.tail) = (0, false, Tail::default());
        self.head.clear();
        Some(Text::from(said))
    }
}

/// The next lines of all the files, in the order of their times.
fn merged(parts: &mut [Part], redactor: &Redactor) -> Vec<LogLine> {
    let mut lines = Vec::new();
    while lines.len() < BATCH {
        let heads = parts.iter_mut().filter_map(|part| part.fill().then_some(part));
        let Some(next) = heads.min_by_key(|part| part.time) else { break };
        lines.push(next.take(redactor));
    }
    lines
}

/// Reads what there is and then what comes, until nobody listens.
pub(super) fn run(mut parts: Vec<Part>, to: &Sender<Vec<Tape>>) {
    let redactor = Redactor::default();
    // Nobody sends: it is only waited on, as a clock is.
    let (_never, clock) = std::sync::mpsc::channel::<()>();
    loop {
        let lines = merged(&mut parts, &redactor);
        if lines.is_empty() {
            let said: Vec<Tape> = parts
                .iter_mut()
                .filter_map(|part| Some(Tape { piece: Piece::Break(part.look()?), service: part.service.clone() }))
                .collect();
            if !said.is_empty() && to.blocking_send(said).is_err() {
                return;
            }
            let _ = clock.recv_timeout(LOOK);
            if to.is_closed() {
                return;
            }
        } else {
            let Some(service) = parts.first().map(|part| part.service.clone()) else { return };
            if to.blocking_send(vec![Tape { service, piece: Piece::Lines(lines) }]).is_err() {
                return;
            }
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
        let part = |file: &tempfile::NamedTempFile| {
            Part::new(ServiceId::new("", "x"), file.path().to_owned(), File::open(file.path()).unwrap())
        };
        let mut parts: Vec<Part> = files.iter().map(part).collect();
        let redactor = Redactor::default();
        let said = |parts: &mut Vec<Part>| {
            let lines = merged(parts, &redactor);
            lines.into_iter().map(|line| line.message.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(said(&mut parts), ["a", "  of a", "b", "c", "d"]);
        files[0].write_all(b" a line\n").unwrap();
        assert_eq!(said(&mut parts), ["half a line"]);
        files[1].as_file().set_len(0).unwrap();
        assert!(parts[1].look().is_some() && parts[0].look().is_none());
    }
}
