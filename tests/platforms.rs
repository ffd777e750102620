//! What is asked and answered: the clients against written and simulated platforms, the simulator against the platforms' descriptions,
//! and the configuration.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and says what it leaves out")]

#[cfg(unix)]
#[path = "support/postgres.rs"]
mod server;
#[path = "support/spec.rs"]
#[expect(dead_code, reason = "these tests use a part of it")]
mod spec;

#[path = "clients.rs"]
mod clients;
#[path = "config.rs"]
mod config;
#[path = "fixtures.rs"]
mod fixtures;
#[path = "postgres.rs"]
mod postgres;
#[path = "sim.rs"]
mod sim;
#[path = "sim_clients.rs"]
mod sim_clients;
#[path = "sim_platforms.rs"]
mod sim_platforms;
#[path = "third_party.rs"]
mod third_party;
