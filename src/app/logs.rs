//! Log lines on the screen: the buffer that keeps them, the keys that search and mark them, and how they are saved.

pub mod alarmed;
pub mod buffer;
pub mod display;
pub mod keys;
pub mod saving;
