//! What a reader of bytes hands over: blocks when there is much, text when there is little, and what became of the source.

use std::sync::Arc;

use super::{Block, Sealed};
use crate::domain::ids::ServiceId;
use crate::sanitize::Text;

/// One piece.
#[derive(Debug, Clone)]
pub enum Piece {
    /// A full block, or the last one of a file, grown.
    Block(Block),
    /// Whole lines, or the last one that will come.
    Text(Vec<u8>),
    /// The packed form of the text that was handed over before the last one, or of the last.
    Sealed(Block),
    /// Lines of several sources, sorted.
    Sorted(Box<Sorted>),
    /// What was there is there no more (the file was truncated): lines so far are forgotten, for this reason.
    Lost(Text),
    /// Lines before and behind are not of one piece, for this reason.
    Break(Text),
    /// Everything that was there when reading began has been handed over.
    Caught,
    /// Nothing more will come, for this reason.
    End(Text),
}

/// Lines of several sources in the order of their times, as they were written.
#[derive(Debug, Clone)]
pub struct Sorted {
    /// The sources, as the block counts them.
    pub services: Arc<[ServiceId]>,
    /// The block.
    pub sealed: Sealed,
}

/// A piece and whose it is.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Whose bytes they are.
    pub service: ServiceId,
    /// What came.
    pub piece: Piece,
}

impl PartialEq for Chunk {
    /// Pieces are told apart by what they are called; their bytes are never compared.
    fn eq(&self, other: &Self) -> bool {
        self.service == other.service && format!("{:?}", self.piece) == format!("{:?}", other.piece)
    }
}
