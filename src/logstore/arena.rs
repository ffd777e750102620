//! The memory of packed blocks. Blocks come and go in order, so they lie one behind the other in large pieces that are used
//! again as a whole. Allocations of all sizes would leave holes, and memory would grow beyond what is held.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Bytes of a piece.
const PIECE: usize = 1 << 20;

/// The pieces.
#[derive(Debug, Default)]
pub(super) struct Arena {
    /// The one that is written to.
    open: BytesMut,
    /// Full ones, the oldest first; each is free again when the last block in it has gone.
    full: VecDeque<BytesMut>,
}

impl Arena {
    /// Copies bytes behind those that came before.
    pub(super) fn stow(&mut self, small: &[u8]) -> Bytes {
        if self.open.capacity() - self.open.len() < small.len() {
            self.turn(small.len());
        }
        self.open.extend_from_slice(small);
        self.open.split().freeze()
    }

    /// Goes on in the oldest piece if it is free again, else in a new one.
    fn turn(&mut self, room: usize) {
        let before = std::mem::take(&mut self.open);
        if before.capacity() > 0 || !before.is_empty() {
            self.full.push_back(before);
        }
        let free = room <= PIECE && self.full.front_mut().is_some_and(|oldest| oldest.try_reclaim(PIECE));
        let oldest = if free { self.full.pop_front() } else { None };
        self.open = oldest.unwrap_or_else(|| BytesMut::with_capacity(PIECE.max(room)));
    }

    /// Keeps no piece for later.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_gone_makes_room_for_what_comes() {
        let mut arena = Arena::default();
        let mut held: VecDeque<(u8, Bytes)> = VecDeque::new();
        let mut pieces = std::collections::BTreeSet::new();
        for n in 0..2000_u32 {
            let (byte, len) = (n.to_le_bytes()[0], 20_000 + n as usize * 37 % 50_000);
            held.push_back((byte, arena.stow(&vec![byte; len])));
            pieces.insert(held.back().map(|(_, one)| one.as_ptr() as usize >> 20));
            if held.len() > 100 {
                held.pop_front();
            }
            assert!(arena.full.len() <= 7, "{} pieces for 100 blocks", arena.full.len());
        }
        assert!(held.iter().all(|(byte, one)| one.iter().all(|known| known == byte)));
        assert!(pieces.len() < 40, "{} places", pieces.len());
    }
}
