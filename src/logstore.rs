//! Where log lines are held: append-only blocks of bytes, packed once they are full, the oldest dropped first and counted.
//!
//! A line is a place in a block, never an allocation. A block is *tagged* when the time, level and source of its lines came with
//! them from a feed, and *plain* when they are read out of the text, which happens when a line is looked at. A plain block may
//! stay where it is in a file ([`block::Shelf`]), and then only its place is held. Pure: the one who appends reads the files.

mod arena;
pub mod block;
mod chunk;
pub mod drain;
pub mod find;
pub mod form;
mod line_filter;
mod line_words;
mod needle;
pub mod opened;
mod row;
mod scan;
mod store;
mod sweep;
mod tail;

pub use block::{Block, Shelf};
pub use chunk::{Chunk, Piece, Sorted};
pub use drain::{Pattern, Patterns};
pub use find::{Field, Matcher, Term};
pub use line_filter::{LineFilter, Named};
pub use needle::Needle;
pub use row::{Row, read};
pub use store::{Store, WINDOW};
pub use tail::{Sealed, Tally, sealed};

/// Bytes of text from which on a block is full.
pub const BLOCK: usize = 64 * 1024;
/// Bytes up to which text that comes little by little is appended to one block.
pub const OPEN: usize = 2 * BLOCK;
