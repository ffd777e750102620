//! Logs of jobs: a redirect to a signed address on another origin that is good for a minute (docs/platforms/github.md section 4.5).

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing;
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sha2::Sha256;

use super::json::logs as texts;
use super::{Numbered, archive, error, not_found};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::github::{Job, Logs, Run};
use crate::sim::world::ids;

/// How long an address is good for, in seconds.
const GOOD_FOR: i64 = 60;
/// How long logs are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The storage behind the redirect; it stands on the control origin and takes no token.
pub(crate) fn storage(shared: Shared) -> Router {
    Router::new()
        .route("/_storage/job-logs/{id}", routing::get(blob))
        .route("/_storage/run-logs/{id}/{attempt}", routing::get(run_blob))
        .with_state(shared)
}

fn job(world: &World, id: u64) -> Option<(&Run, &Job)> {
    let mut all = world.github.runs.iter().flat_map(|run| run.jobs.iter().map(move |job| (run, job)));
    all.find(|(_, job)| job.id == id)
}

fn mac(seed: u64, what: &str, expires: i64) -> Option<Hmac<Sha256>> {
    let key = ids::hash(seed, "job-log-storage", 0);
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{what} {expires}").as_bytes());
    Some(mac)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

pub(super) async fn redirect(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    let Some((run, _)) = job(&world, id) else { return not_found() };
    if run.logs == Logs::Expired || world.now.duration_since(run.created_at) > KEPT {
        return error(StatusCode::GONE, "Server Error");
    }
    signed(&shared, &world, &format!("job-logs/{id}"))
}

/// Sends a client to the storage.
fn signed(shared: &Shared, world: &World, what: &str) -> Response {
    let expires = world.now.as_second() + GOOD_FOR;
    let (Some(mac), Some(control)) = (mac(world.seed, what, expires), shared.control()) else {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "Failed to generate URL to download logs");
    };
    let signature = hex(&mac.finalize().into_bytes());
    let to = format!("{control}/_storage/{what}?se={expires}&sig={signature}");
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

/// The archive of a run that is over, or of one of its attempts.
pub(super) fn redirect_run(shared: &Shared, id: u64, attempt: Option<u64>) -> Response {
    let world = shared.world();
    let Some(run) = world.github.run(id) else { return not_found() };
    let attempt = attempt.unwrap_or(run.attempt);
    let over = run.at_attempt(attempt).is_some_and(|run| run.progress(world.now).status == "completed");
    if !over || run.logs == Logs::Missing {
        return not_found();
    }
    if run.logs == Logs::Expired || world.now.duration_since(run.created_at) > KEPT {
        return error(StatusCode::GONE, "Server Error");
    }
    signed(shared, &world, &format!("run-logs/{id}/{attempt}"))
}

async fn run_blob(
    State(shared): State<Shared>,
    Path((id, attempt)): Path<(u64, u64)>,
    signed: Result<Query<Signed>, QueryRejection>,
) -> Response {
    let world = shared.world();
    let what = format!("run-logs/{id}/{attempt}");
    if !signed.is_ok_and(|Query(signed)| valid(world.seed, &what, &signed, world.now)) {
        return refuse(StatusCode::FORBIDDEN, "AuthenticationFailed");
    }
    let Some(run) = world.github.run(id).and_then(|run| run.at_attempt(attempt)) else {
        return refuse(StatusCode::NOT_FOUND, "BlobNotFound");
    };
    let mut files = texts::run_files(&world, &run);
    if run.logs == Logs::Empty {
        files.clear();
    }
    ([(header::CONTENT_TYPE, "application/zip")], archive::zip(&files)).into_response()
}

#[derive(Deserialize)]
struct Signed {
    se: i64,
    sig: String,
}

/// An error as the storage writes it.
fn refuse(status: StatusCode, code: &str) -> Response {
    let body = format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code></Error>");
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

async fn blob(
    State(shared): State<Shared>,
    Path(id): Path<u64>,
    signed: Result<Query<Signed>, QueryRejection>,
) -> Response {
    let world = shared.world();
    if !signed.is_ok_and(|Query(signed)| valid(world.seed, &format!("job-logs/{id}"), &signed, world.now)) {
        return refuse(StatusCode::FORBIDDEN, "AuthenticationFailed");
    }
    // The log of a job exists when the job has ended, not before.
    let text = job(&world, id).and_then(|(run, job)| match run.logs {
        Logs::Kept => texts::job_log(&world, run, job),
        Logs::Empty => Some(String::new()),
        Logs::Expired | Logs::Missing => None,
    });
    match text {
        Some(text) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
        None => refuse(StatusCode::NOT_FOUND, "BlobNotFound"),
    }
}

fn valid(seed: u64, what: &str, signed: &Signed, now: Timestamp) -> bool {
    let (Some(mac), Some(signature)) = (mac(seed, what, signed.se), unhex(&signed.sig)) else { return false };
    now.as_second() <= signed.se && mac.verify_slice(&signature).is_ok()
}
