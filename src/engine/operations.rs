//! The operations: what a person may have done to an environment, each with its plan, its steps, what it was computed on and its proof;
//! and what they share.

mod acts;
mod blue_green;
mod calls;
mod guard;
pub(super) mod leases;
mod lever;
pub(super) mod operator;
pub(super) mod past;
mod pipeline;
pub(super) mod preflight;
mod promote;
mod prove;
mod redeploy;
mod restart;
mod revisions;
mod rollback;
pub(super) mod rows;
mod scale;
mod secret;
mod sought;
mod stands;
mod steps;
mod told;
mod verified;
mod witness;
