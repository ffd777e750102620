//! Searches the text of many blocks at once, on as many threads as there are cores.

use std::num::NonZero;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::block::{Block, Unpacker};
use super::find::Matcher;
use super::line_filter::LineFilter;
use super::store::Store;

/// Threads at most: a search is over in a tenth of a second, and the rest of the machine works on.
const MOST: usize = 4;
/// Bytes for which waking other threads is worth its while.
const WORTH: usize = 512 * 1024;

static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get).min(MOST));

/// What a thread needs for looking through blocks, used again and again.
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
    /// while to wake, and there may be nothing left for it then.
    fn look(&mut self, blocks: &[(u64, &Block)], next: &AtomicUsize, matcher: &Matcher) -> Found {
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

/// Lanes: that of the thread that asks, and those of its helpers. Helpers wait for the next search rather than be started for it: Linux
/// puts a new thread beside the one that starts it, on the same core, and lets it wait there for milliseconds.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    pub(super) own: Lane,
    others: Vec<(Lane, Found)>,
    /// Started by the first search that is large enough; it ends with the store.
    helpers: Option<ThreadPool>,
}

/// Positions of the rows that pass, with the index of their block.
type Found = Vec<(usize, Vec<u64>)>;

impl Lanes {
    /// Looks through all the blocks, with as many helpers as are worth waking of `most`; what passes of each, in their order. What
    /// helpers panic with is passed on.
    fn look(&mut self, blocks: &[(u64, &Block)], matcher: &Matcher, most: usize) -> Vec<Vec<u64>> {
        if self.helpers.is_none() && most > 0 {
            let named = |index| format!("search-{index}");
            self.helpers = ThreadPoolBuilder::new().num_threads(most).thread_name(named).build().ok();
            // None can be had: this thread looks through all of it.
            self.others.resize_with(self.helpers.as_ref().map_or(0, ThreadPool::current_num_threads), Default::default);
        }
        let worth = blocks.iter().map(|(_, block)| block.text_len()).sum::<usize>() / WORTH;
        let Self { own, others, helpers } = self;
        let next = &AtomicUsize::new(0);
        let mut all = match helpers {
            Some(helpers) => helpers.in_place_scope(|scope| {
                for (lane, found) in others.iter_mut().take(worth) {
                    scope.spawn(move |_| *found = lane.look(blocks, next, matcher));
                }
                own.look(blocks, next, matcher)
            }),
            None => own.look(blocks, next, matcher),
        };
        all.extend(others.iter_mut().flat_map(|(_, found)| found.drain(..)));
        all.sort_unstable_by_key(|(index, _)| *index);
        all.into_iter().map(|(_, rows)| rows).collect()
    }
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
    pub fn sweep(&self, starts: &[u64], line_filter: &LineFilter) -> (Vec<Vec<u64>>, usize) {
        let blocks: Option<Vec<(u64, &Block)>> = starts.iter().map(|start| self.by_text(*start, line_filter)).collect();
        let bytes = starts.iter().map(|start| self.weight(*start)).sum::<usize>();
        let Some(blocks) = blocks.filter(|_| *CORES > 1 && bytes > WORTH) else {
            let mut spent = 0;
            let each = |start: &u64| {
                let mut found = Vec::new();
                spent += self.sift(*start, line_filter, &mut found);
                found
            };
            return (starts.iter().map(each).collect(), spent);
        };
        let found = self.lanes.borrow_mut().look(&blocks, &line_filter.matcher, *CORES - 1);
        (found, bytes + starts.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ServiceId;
    use crate::domain::log::Level;
    use crate::logstore::Term;

    #[test]
    fn many_threads_find_what_one_finds_in_the_same_order() {
        let (mut store, service) = (Store::new(64 << 20), ServiceId::new("", "pipe"));
        for part in 0..40 {
            let lines = (0..2000).map(|n| format!("line {n} of part {part} took {}ms\n", (n * 7919 + part) % 1000));
            store.append(&service, lines.collect::<String>().into_bytes());
        }
        let starts = store.behind(store.base(), usize::MAX);
        assert!(starts.len() > 10);
        for (text, regex) in [("took 99", false), ("took \\d9ms$", true), ("nowhere", false)] {
            let term = Term { text: text.to_owned(), regex, ..Term::default() };
            let line_filter = LineFilter::of(Some(&term), Level::Trace);
            let one_by_one: Vec<Vec<u64>> = starts
                .iter()
                .map(|start| {
                    let mut found = Vec::new();
                    store.sift(*start, &line_filter, &mut found);
                    found
                })
                .collect();
            assert_eq!(store.sweep(&starts, &line_filter).0, one_by_one);
            let blocks: Vec<_> = starts.iter().map(|start| store.by_text(*start, &line_filter).unwrap()).collect();
            // Twice: the helpers are started by the first search and woken by the second.
            let mut lanes = Lanes::default();
            assert_eq!(lanes.look(&blocks, &line_filter.matcher, 3), one_by_one);
            assert_eq!(lanes.look(&blocks, &line_filter.matcher, 3), one_by_one);
        }
    }
}
