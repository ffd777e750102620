//! The dialogs in which a person plans, confirms and follows an operation: what they keep, and which keys they take.

pub mod comment;
pub mod confirm;
pub mod dialog;
pub mod follow;
pub(in crate::app) mod marking;
pub mod menu;
pub mod outline;
pub mod scale;
pub mod secret;
pub mod sure;
