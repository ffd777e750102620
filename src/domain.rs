//! The vocabulary of the console (console.md section 2) and its pure rules. No I/O, no tasks, no drawing here.

pub mod claim;
pub mod consent;
pub mod environment;
pub mod fact;
pub mod feed;
pub mod freeze;
pub mod gate;
pub mod health;
pub mod held;
pub mod history;
pub mod ids;
pub mod judge;
pub mod live;
pub mod log;
pub mod manner;
pub mod operation;
pub mod pipeline;
pub mod posture;
pub mod release;
pub mod secret;
pub mod secret_matrix;
pub mod span;
pub mod state;
pub mod status;
pub mod step;
pub mod wish;
