//! Leases and waits on machines (docs/platforms/fly.md sections 3.4 and 3.5).

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::error;
use super::lookup::{guarded, nonce, refusal, with_machine};
use crate::sim::shared::Shared;
use crate::sim::world::fly::{Lease, Machine, Refused};
use crate::sim::world::ids;

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/v1/apps/{app}/machines/{id}/lease", routing::get(show).post(acquire).delete(release))
        .route("/v1/apps/{app}/machines/{id}/wait", routing::get(wait))
}

/// A query parameter's values, also of one that is repeated or holds a comma list.
fn values<'a>(query: &'a str, name: &str) -> Vec<&'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(key, _)| *key == name)
        .flat_map(|(_, value)| value.split("%2C").flat_map(|one| one.split(',')))
        .collect()
}

/// A number of seconds, `60` or `60s`.
fn number(query: &str, name: &str) -> Option<i64> {
    values(query, name).first()?.trim_end_matches('s').parse().ok()
}

fn envelope(machine: &Machine, lease: &Lease) -> Value {
    json!({"status": "success", "data": {
        "nonce": lease.nonce,
        "expires_at": lease.expires_at.as_second(),
        "owner": lease.owner,
        "description": lease.description,
        "version": machine.instance_id,
    }})
}

async fn show(State(shared): State<Shared>, Path(path): Path<(String, String)>) -> Response {
    let world = shared.world();
    with_machine(&world, &path, |_, machine| match &machine.lease {
        Some(lease) => Json(envelope(machine, lease)).into_response(),
        None => error(StatusCode::NOT_FOUND, "lease not found"),
    })
}

#[derive(Deserialize, Default)]
struct Ask {
    ttl: Option<i64>,
    description: Option<String>,
}

async fn acquire(
    State(shared): State<Shared>,
    Path(path): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: String,
) -> Response {
    let ask: Ask = serde_json::from_str(&body).unwrap_or_default();
    let ttl = ask.ttl.or_else(|| number(query.as_deref().unwrap_or_default(), "ttl")).unwrap_or(60).clamp(1, 3_600);
    let mut world = shared.world();
    let (now, n, seed) = (world.now, world.count(), world.seed);
    let machine = match guarded(&mut world, &path, &headers) {
        Ok(machine) => machine,
        Err(refused) => return refusal(&refused),
    };
    let expires_at = now + SignedDuration::from_secs(ttl);
    let lease = match machine.lease.take() {
        // A refresh keeps its nonce.
        Some(lease) => Lease { expires_at, ..lease },
        None => Lease {
            nonce: ids::hex(seed, "nonce", n, 12),
            expires_at,
            owner: format!("{}@tokens.fly.io", ids::hex(seed, "owner", 0, 32)),
            description: ask.description.unwrap_or_default(),
        },
    };
    let answer = envelope(machine, &lease);
    machine.lease = Some(lease);
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn release(
    State(shared): State<Shared>,
    Path((app, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let mut world = shared.world();
    let machine = world.fly.app_mut(&app).and_then(|app| app.machine_mut(&id));
    let Some(machine) = machine else { return refusal(&Refused::NoMachine) };
    if machine.lease.is_none() {
        return error(StatusCode::NOT_FOUND, "lease not found");
    }
    if let Err(refused) = machine.guard(nonce(&headers)) {
        return refusal(&refused);
    }
    machine.lease = None;
    Json(json!({"status": "success", "data": {"ok": true}})).into_response()
}

/// States in which a machine rests.
const RESTING: [&str; 6] = ["created", "started", "stopped", "suspended", "failed", "destroyed"];

async fn wait(
    State(shared): State<Shared>,
    Path((app, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let mut wanted = values(&query, "state");
    if wanted.is_empty() {
        wanted.push("started");
    }
    let version =
        values(&query, "version").first().or(values(&query, "instance_id").first()).map(|one| (*one).to_owned());
    let until = shared.now() + SignedDuration::from_secs(number(&query, "timeout").unwrap_or(60).clamp(1, 60));
    loop {
        let (now, state, instance, event) = {
            let world = shared.world();
            let Some(machine) = world.fly.app(&app).and_then(|app| app.known(&id)) else {
                return refusal(&Refused::NoMachine);
            };
            let event = machine.events.first().and_then(|event| event.get("id")).cloned();
            (world.now, machine.state.clone(), machine.instance_id.clone(), event)
        };
        let there = version.as_ref().is_none_or(|version| *version == instance)
            && wanted.iter().any(|one| *one == state || (*one == "settled" && RESTING.contains(&state.as_str())));
        if there {
            return Json(json!({"ok": true, "state": state, "version": instance, "event_id": event})).into_response();
        }
        if now >= until || !shared.changed().await {
            let text = format!(
                "deadline_exceeded: machine failed to reach desired state, {}, currently {state}",
                wanted.join(",")
            );
            return error(StatusCode::REQUEST_TIMEOUT, &text);
        }
    }
}
