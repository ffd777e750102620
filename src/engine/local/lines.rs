//! Turns what readers of logs hand over into batches of lines, for commands that write lines and hold none.

use std::collections::{HashMap, VecDeque};

use super::Viewing;
use crate::clock::SharedClock;
use crate::domain::ids::ServiceId;
use crate::domain::log::LogBatch;
use crate::logstore::{self, Chunk, Piece};
use crate::redact::Redactor;
use crate::sanitize::Text;

/// What is read without a platform.
pub struct Own {
    viewing: Option<Viewing>,
    waiting: VecDeque<Chunk>,
    /// Time of the newest line of each source: one without a time belongs to the line before it.
    times: HashMap<ServiceId, i64>,
    redactor: Redactor,
    clock: SharedClock,
    /// A log could not be read at all.
    pub broken: bool,
}

impl Own {
    /// Takes over what was opened.
    #[must_use]
    pub fn new(mut viewing: Option<Viewing>, clock: SharedClock) -> Self {
        let ended = |chunk: &Chunk| matches!(chunk.piece, Piece::End(_));
        let broken = viewing.as_ref().is_some_and(|one| one.first.iter().any(ended));
        let waiting = viewing.as_mut().map(|one| std::mem::take(&mut one.first)).unwrap_or_default().into();
        Self { viewing, waiting, times: HashMap::new(), redactor: Redactor::default(), clock, broken }
    }

    /// The next lines, or whose lines have ended and why; pends where there are none.
    pub async fn next(&mut self) -> Result<LogBatch, (ServiceId, Text)> {
        loop {
            while let Some(chunk) = self.waiting.pop_front() {
                if let Piece::End(why) = chunk.piece {
                    return Err((chunk.service, why));
                }
                if let Some(batch) = self.batch(chunk) {
                    return Ok(batch);
                }
            }
            let more = match &mut self.viewing {
                Some(viewing) => viewing.lane.recv().await,
                None => None,
            };
            match more {
                Some(chunks) => self.waiting.extend(chunks),
                None => std::future::pending().await,
            }
        }
    }

    fn batch(&mut self, chunk: Chunk) -> Option<LogBatch> {
        let service = chunk.service;
        let mut lines = Vec::new();
        let mut line = |service: &ServiceId, text: &[u8]| {
            let before = self.times.get(service).copied();
            // Nobody knows better when it was written than the moment in which it came.
            let before = before.unwrap_or_else(|| self.clock.now().as_microsecond());
            if let Some(line) = logstore::read(service, text, before, &self.redactor) {
                self.times.insert(service.clone(), line.at.as_microsecond());
                lines.push(line);
            }
        };
        match chunk.piece {
            Piece::Text(text) => logstore::find::lines(&text).for_each(|text| line(&service, text)),
            Piece::Sorted(sorted) => {
                let opened = sorted.sealed.0.open();
                for meta in opened.metas() {
                    if let Some(service) = sorted.services.get(meta.source as usize) {
                        line(service, meta.of(&opened.text));
                    }
                }
            }
            Piece::Lost(why) | Piece::Break(why) => {
                return Some(LogBatch { service, lines, gap: 1, gap_why: Some(why) });
            }
            // They come of sources that are read alone.
            Piece::Block(_) | Piece::Sealed(_) | Piece::Caught | Piece::End(_) => return None,
        }
        Some(LogBatch { service, lines, gap: 0, gap_why: None })
    }
}
