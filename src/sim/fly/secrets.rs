//! An app's vault on the Machines API: names and digests out, values only in (docs/platforms/fly.md section 9).

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::error;
use super::lookup::with_app;
use crate::sim::shared::Shared;
use crate::sim::world::fly::{FlyApp, FlySecret};

/// The routes of this file.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/v1/apps/{app}/secrets", routing::get(list).post(set))
        .route("/v1/apps/{app}/secrets/{name}", routing::get(one).post(set_one).delete(remove))
}

fn row(secret: &FlySecret) -> Value {
    json!({
        "name": secret.name,
        "digest": secret.digest,
        "created_at": secret.created_at,
        "updated_at": secret.updated_at,
    })
}

fn rows(app: &FlyApp) -> Vec<Value> {
    app.secrets.iter().map(row).collect()
}

async fn list(State(shared): State<Shared>, Path(name): Path<String>) -> Response {
    let world = shared.world();
    with_app(&world, &name, |app| Json(json!({"secrets": rows(app)})).into_response())
}

async fn one(State(shared): State<Shared>, Path((app, name)): Path<(String, String)>) -> Response {
    let world = shared.world();
    with_app(&world, &app, |app| {
        let found = app.secrets.iter().find(|secret| secret.name == name);
        found.map_or_else(|| error(StatusCode::NOT_FOUND, "secret not found"), |found| Json(row(found)).into_response())
    })
}

#[derive(Deserialize)]
struct Values {
    values: BTreeMap<String, Option<String>>,
}

async fn set(State(shared): State<Shared>, Path(name): Path<String>, body: String) -> Response {
    let asked: Values = match serde_json::from_str(&body) {
        Ok(asked) => asked,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &format!("invalid_argument: {wrong}")),
    };
    write(&shared, &name, StatusCode::OK, |app, now| {
        for (key, value) in &asked.values {
            app.set_secret(key, value.as_deref(), now);
        }
        json!({"secrets": rows(app), "version": app.secrets_version})
    })
}

#[derive(Deserialize)]
struct One {
    value: String,
}

async fn set_one(State(shared): State<Shared>, Path((app, name)): Path<(String, String)>, body: String) -> Response {
    let asked: One = match serde_json::from_str(&body) {
        Ok(asked) => asked,
        Err(wrong) => return error(StatusCode::BAD_REQUEST, &format!("invalid_argument: {wrong}")),
    };
    write(&shared, &app, StatusCode::CREATED, |app, now| {
        app.set_secret(&name, Some(&asked.value), now);
        let mut answer = app.secrets.iter().find(|secret| secret.name == name).map(row).unwrap_or_default();
        answer["version"] = json!(app.secrets_version);
        answer
    })
}

async fn remove(State(shared): State<Shared>, Path((app, name)): Path<(String, String)>) -> Response {
    write(&shared, &app, StatusCode::OK, |app, now| {
        app.set_secret(&name, None, now);
        json!({"version": app.secrets_version})
    })
}

/// Changes a vault and answers.
fn write(
    shared: &Shared,
    name: &str,
    status: StatusCode,
    change: impl FnOnce(&mut FlyApp, jiff::Timestamp) -> Value,
) -> Response {
    let mut world = shared.world();
    let now = world.now;
    let Some(app) = world.fly.app_mut(name) else { return error(StatusCode::NOT_FOUND, "app not found") };
    let answer = change(app, now);
    (status, Json(answer)).into_response()
}
