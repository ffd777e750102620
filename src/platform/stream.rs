//! Splits chunks of bytes into lines. Pure, with a limit per line: ten megabytes without a line break cost sixteen kilobytes.

use std::time::Duration;

use futures_util::StreamExt as _;

use super::http::{ByteStream, fault};
use super::{ErrorKind, PlatformError};
use crate::domain::environment::Platform;

/// The longest line kept; the rest is counted.
pub const LINE_CAP: usize = 16 * 1024;

/// One line without its break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLine {
    /// Its first [`LINE_CAP`] bytes.
    pub head: Vec<u8>,
    /// How many bytes were left out.
    pub cut: usize,
}

/// Splits a stream of chunks at `\n`.
#[derive(Debug, Default)]
pub struct LineDecoder {
    head: Vec<u8>,
    cut: usize,
}

impl LineDecoder {
    /// Takes a chunk in; complete lines are handed to `each`.
    pub fn push(&mut self, mut chunk: &[u8], mut each: impl FnMut(RawLine)) {
        while let Some(at) = memchr::memchr(b'\n', chunk) {
            self.keep(&chunk[..at]);
            chunk = &chunk[at + 1..];
            each(self.take());
        }
        self.keep(chunk);
    }

    /// What stands at the end of the stream without a break.
    pub fn finish(&mut self) -> Option<RawLine> {
        (!self.head.is_empty() || self.cut > 0).then(|| self.take())
    }

    fn keep(&mut self, part: &[u8]) {
        let room = LINE_CAP - self.head.len();
        let kept = part.len().min(room);
        self.head.extend_from_slice(&part[..kept]);
        self.cut += part.len() - kept;
    }

    fn take(&mut self) -> RawLine {
        let mut head = std::mem::take(&mut self.head);
        let cut = std::mem::take(&mut self.cut);
        if cut == 0 && head.last() == Some(&b'\r') {
            head.pop();
        }
        RawLine { head, cut }
    }
}

/// Lines of a body as it arrives; silence longer than `idle` is a failure, because a dead connection says nothing.
pub struct LineStream {
    platform: Platform,
    bytes: ByteStream,
    decoder: LineDecoder,
    ready: std::collections::VecDeque<RawLine>,
    idle: Duration,
    ended: bool,
}

impl LineStream {
    /// Reads lines from this body.
    #[must_use]
    pub fn new(platform: Platform, bytes: ByteStream, idle: Duration) -> Self {
        Self {
            platform,
            bytes,
            decoder: LineDecoder::default(),
            ready: std::collections::VecDeque::new(),
            idle,
            ended: false,
        }
    }

    /// The next line that is not blank; `None` at the end. Cancelling loses nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] on silence, [`ErrorKind::Unreachable`] when the connection breaks.
    pub async fn next(&mut self) -> Result<Option<RawLine>, PlatformError> {
        loop {
            while let Some(line) = self.ready.pop_front() {
                if !line.head.trim_ascii().is_empty() {
                    return Ok(Some(line));
                }
            }
            if self.ended {
                return Ok(None);
            }
            let silence = || fault(self.platform, ErrorKind::Timeout, "the stream fell silent");
            match tokio::time::timeout(self.idle, self.bytes.next()).await.map_err(|_| silence())? {
                Some(chunk) => {
                    let (decoder, ready) = (&mut self.decoder, &mut self.ready);
                    decoder.push(&chunk?, |line| ready.push_back(line));
                }
                None => {
                    self.ended = true;
                    self.ready.extend(self.decoder.finish());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(chunks: &[&[u8]]) -> Vec<RawLine> {
        let (mut decoder, mut out) = (LineDecoder::default(), Vec::new());
        for chunk in chunks {
            decoder.push(chunk, |line| out.push(line));
        }
        out.extend(decoder.finish());
        out
    }

    #[test]
    fn a_huge_line_keeps_its_head_and_counts_the_rest() {
        let mut decoder = LineDecoder::default();
        let mut out = Vec::new();
        for _ in 0..10_000 {
            decoder.push(&[b'x'; 1_000], |line| out.push(line));
        }
        assert!(decoder.head.capacity() <= 2 * LINE_CAP);
        decoder.push(b"\nnext\r\n", |line| out.push(line));
        assert_eq!((out[0].head.len(), out[0].cut), (LINE_CAP, 10_000_000 - LINE_CAP));
        assert_eq!(out[1].head, b"next");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_a_failure() {
        let bytes: ByteStream = Box::pin(futures_util::stream::pending());
        let mut lines = LineStream::new(Platform::Vercel, bytes, Duration::from_secs(60));
        assert_eq!(lines.next().await.unwrap_err().kind, ErrorKind::Timeout);
    }

    proptest! {
        #[test]
        fn chunk_borders_do_not_matter(body in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(b'\r')], 0..200), at in 0usize..200) {
            let at = at.min(body.len());
            prop_assert_eq!(decode(&[&body[..at], &body[at..]]), decode(&[&body]));
        }
    }
}
