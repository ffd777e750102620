//! Looking through many blocks at once: by their text alone, on as many threads as there are cores, which end before the answer.

use std::num::NonZero;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::block::{Block, Unpacker};
use super::find::Matcher;
use super::sieve::Sieve;
use super::store::Store;

/// Threads at most: a search is over in a tenth of a second, and the rest of the machine works on.
const MOST: usize = 4;
/// Bytes for which another thread is worth its start.
const WORTH: usize = 512 * 1024;

static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get).min(MOST));

/// What a thread needs for looking through blocks. It stays when the thread ends: memory that is had anew for every few blocks costs
/// as much as searching them.
#[derive(Debug, Default)]
pub(super) struct Lane {
    text: Vec<u8>,
    /// The text without what colours it.
    plain: Vec<u8>,
    rows: Vec<u32>,
    unpacker: Unpacker,
}

impl Lane {
    /// Positions of the rows that pass, with the index of their block. Whoever is ready takes the next block: a thread needs a
    /// while to begin, and nobody waits for it.
    fn look(&mut self, blocks: &[(u64, &Block)], next: &AtomicUsize, matcher: &Matcher) -> Vec<(usize, Vec<u64>)> {
        let mut found = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(block) = blocks.get(index) else { return found };
            found.push((index, self.sift(*block, matcher).collect()));
        }
    }

    /// Positions of the rows of a block that pass, from that of its first row on.
    pub(super) fn sift(&mut self, (first, block): (u64, &Block), matcher: &Matcher) -> impl Iterator<Item = u64> {
        self.rows.clear();
        block.read(&mut self.unpacker, &mut self.text);
        matcher.rows(&self.text, &mut self.plain, &mut self.rows);
        self.rows.iter().map(move |row| first + u64::from(*row))
    }
}

/// Lanes: that of the thread that asks, and those of its helpers.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    pub(super) own: Lane,
    others: Vec<Lane>,
}

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
        let mut all = self.lanes.borrow_mut();
        let Lanes { own, others } = &mut *all;
        others.resize_with(*CORES, Lane::default);
        let next = AtomicUsize::new(0);
        let mut found = vec![Vec::new(); blocks.len()];
        thread::scope(|scope| {
            let (blocks, next) = (&blocks[..], &next);
            let helpers = others.iter_mut().take(lanes - 1);
            let helpers: Vec<_> =
                helpers.map(|lane| scope.spawn(move || lane.look(blocks, next, &sieve.matcher))).collect();
            let mut parts = own.look(blocks, next, &sieve.matcher);
            for helper in helpers {
                parts.extend(helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            for (index, rows) in parts {
                found[index] = rows;
            }
        });
        (found, bytes + starts.len())
    }
}
