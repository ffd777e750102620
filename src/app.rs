//! The application: a model, a pure `update`, and effects as data.

pub mod effect;
pub mod msg;
