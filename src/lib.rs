//! flightdeck: a terminal release console.
//!
//! Layers, low to high; a layer imports only what stands before it in its row of `tests/architecture.rs`:
//!
//! ```text
//! error clock sanitize redact          leaves
//! domain                               the vocabulary: plain data and pure rules
//! logstore                             log lines in packed blocks: held, searched, dropped
//! config action                        settings; the one table of actions
//! platform                             clients of GitHub, Fly, Vercel, Supabase, and probes
//! store                                journal and history, the only SQL
//! engine                               feeds, lanes, operations: the only place that starts tasks
//! app                                  model, update, effects: pure and synchronous
//! ui                                   draws the model; term owns the terminal
//! runtime                              the select loop, in which app and engine meet
//! sim                                  the platforms' HTTP APIs on loopback, with its own wire types
//! cli                                  subcommands, with and without a screen
//! ```
pub mod action;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
pub mod error;
pub mod logstore;
pub mod platform;
pub mod redact;
pub mod runtime;
pub mod sanitize;
pub mod sim;
pub mod store;
pub mod telemetry;
pub mod term;
pub mod ui;
