//! Parts that several panes draw with.

pub(super) mod buttons;
pub(super) mod columns;
pub(super) mod dialog;
pub(super) mod paint;
pub(super) mod pieces;
