//! Draws the dialogs of operations.

pub(in crate::ui) mod dialog;
pub(in crate::ui) mod scale;
pub(in crate::ui) mod secret;
mod sure;
