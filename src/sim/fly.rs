//! Fly: the Machines API and the web API (GraphQL, releases, logs), each at an origin of its own.

pub(crate) mod api;
mod auth;
mod fleet;
mod graphql;
mod json;
mod leases;
mod lookup;
pub(crate) mod machines;
mod query;
mod secrets;
