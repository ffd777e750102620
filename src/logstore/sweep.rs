//! Looking through many blocks at once: by their text alone, on as many threads as there are cores, which end before the answer.

use std::num::NonZero;
use std::sync::LazyLock;
use std::thread;

use super::block::Block;
use super::find::Matcher;
use super::sieve::Sieve;
use super::store::Store;

/// Threads at most: a search is over in a tenth of a second, and the rest of the machine works on.
const MOST: usize = 4;
/// Bytes for which another thread is worth its start.
const WORTH: usize = 512 * 1024;

static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get).min(MOST));

impl Store {
    /// First positions of the segments before a position, the nearest first: about `budget` bytes of them, and one at least.
    #[must_use]
    pub fn before(&self, position: u64, budget: usize) -> Vec<u64> {
        let (mut starts, mut sum, mut at) = (Vec::new(), 0, position);
        while at > self.base() && (starts.is_empty() || sum < budget) {
            let segment = self.segment(at - 1);
            sum += self.weight(segment.start);
            starts.push(segment.start);
            at = segment.start;
            // The open end is no block: alone, so that it keeps no block from being looked through with others.
            if at >= self.settled() {
                break;
            }
        }
        starts
    }

    /// The same from a position on, in order.
    #[must_use]
    pub fn behind(&self, position: u64, budget: usize) -> Vec<u64> {
        let (mut starts, mut sum, mut at) = (Vec::new(), 0, position);
        while at < self.end() && (starts.is_empty() || sum < budget) {
            let segment = self.segment(at);
            if segment.start >= self.settled() && !starts.is_empty() {
                break;
            }
            sum += self.weight(segment.start);
            starts.push(segment.start);
            at = segment.end;
        }
        starts
    }

    /// Positions of the rows that pass, by segment, and the bytes that were looked through: [`Store::sift`] for many segments.
    #[must_use]
    pub fn sweep(&self, starts: &[u64], sieve: &Sieve) -> (Vec<Vec<u64>>, usize) {
        let blocks: Option<Vec<(u64, &Block)>> = starts.iter().map(|start| self.by_text(*start, sieve)).collect();
        let bytes = starts.iter().map(|start| self.weight(*start)).sum::<usize>();
        let lanes = (bytes / WORTH).clamp(1, *CORES);
        let Some(blocks) = blocks.filter(|_| lanes > 1) else {
            let mut spent = 0;
            let each = |start: &u64| {
                let mut found = Vec::new();
                spent += self.sift(*start, sieve, &mut found);
                found
            };
            return (starts.iter().map(each).collect(), spent);
        };
        let parts: Vec<&[(u64, &Block)]> = blocks.chunks(blocks.len().div_ceil(lanes)).collect();
        let found = thread::scope(|scope| {
            let others: Vec<_> = parts.iter().skip(1).map(|part| scope.spawn(|| look(part, &sieve.matcher))).collect();
            let mut found = parts.first().map(|part| look(part, &sieve.matcher)).unwrap_or_default();
            for other in others {
                found.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            found
        });
        (found, bytes + starts.len())
    }
}

fn look(blocks: &[(u64, &Block)], matcher: &Matcher) -> Vec<Vec<u64>> {
    let (mut text, mut rows) = (Vec::new(), Vec::new());
    let each = |(first, block): &(u64, &Block)| {
        rows.clear();
        block.read(&mut text);
        matcher.rows(&text, &mut rows);
        rows.iter().map(|row| first + u64::from(*row)).collect()
    };
    blocks.iter().map(each).collect()
}
