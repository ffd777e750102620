//! Network settings of a database: enforced TLS, and the addresses that may connect (docs/platforms/supabase.md section 2).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{error, with};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::supabase::{Restrictions, SupabaseProject};

/// Changes a project and answers what it is now.
fn change(
    shared: &Shared,
    reference: &str,
    status: StatusCode,
    edit: impl FnOnce(&mut SupabaseProject, jiff::Timestamp),
    answer: impl FnOnce(&SupabaseProject) -> Value,
) -> Response {
    let mut world = shared.world();
    let now = world.now;
    let Some(project) = world.supabase.project_mut(reference) else {
        return error(StatusCode::BAD_REQUEST, "Resource has been removed");
    };
    edit(project, now);
    (status, Json(answer(project))).into_response()
}

fn read(world: &World, reference: &str, answer: impl FnOnce(&SupabaseProject) -> Value) -> Response {
    with(world, reference, |project| Json(answer(project)).into_response())
}

fn tls(project: &SupabaseProject) -> Value {
    json!({"currentConfig": {"database": project.tls_enforced}, "appliedSuccessfully": true})
}

pub(super) async fn enforcement(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    read(&shared.world(), &reference, tls)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enforce {
    requested_config: Requested,
}

#[derive(Deserialize)]
struct Requested {
    database: bool,
}

pub(super) async fn enforce(State(shared): State<Shared>, Path(reference): Path<String>, body: String) -> Response {
    let Ok(asked) = serde_json::from_str::<Enforce>(&body) else {
        return error(StatusCode::BAD_REQUEST, "requestedConfig: Required");
    };
    let on = asked.requested_config.database;
    change(&shared, &reference, StatusCode::OK, |project, _| project.tls_enforced = on, tls)
}

fn restrictions_json(of: &Restrictions) -> Value {
    let mut value = json!({
        "entitlement": "allowed", "status": "applied",
        "config": {"dbAllowedCidrs": of.v4, "dbAllowedCidrsV6": of.v6},
    });
    if let Some(at) = of.applied_at {
        value["applied_at"] = json!(at);
        value["updated_at"] = json!(at);
    }
    value
}

pub(super) async fn restrictions(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    read(&shared.world(), &reference, |project| restrictions_json(&project.restrictions))
}

#[derive(Deserialize, Default)]
struct Cidrs {
    #[serde(rename = "dbAllowedCidrs")]
    v4: Option<Vec<String>>,
    #[serde(rename = "dbAllowedCidrsV6")]
    v6: Option<Vec<String>>,
}

pub(super) async fn apply(State(shared): State<Shared>, Path(reference): Path<String>, body: String) -> Response {
    let Ok(asked) = serde_json::from_str::<Cidrs>(&body) else {
        return error(StatusCode::BAD_REQUEST, "dbAllowedCidrs: Expected an array");
    };
    let edit = |project: &mut SupabaseProject, now| {
        let (v4, v6) = (asked.v4.unwrap_or_default(), asked.v6.unwrap_or_default());
        project.restrictions = Restrictions { v4, v6, applied_at: Some(now) };
    };
    change(&shared, &reference, StatusCode::CREATED, edit, |project| restrictions_json(&project.restrictions))
}

#[derive(Deserialize)]
struct Patch {
    #[serde(default)]
    add: Cidrs,
    #[serde(default)]
    remove: Cidrs,
}

/// Answers in a shape of its own.
pub(super) async fn patch(State(shared): State<Shared>, Path(reference): Path<String>, body: String) -> Response {
    let Ok(asked) = serde_json::from_str::<Patch>(&body) else {
        return error(StatusCode::BAD_REQUEST, "add: Expected an object");
    };
    let edit = |project: &mut SupabaseProject, now| {
        let of = &mut project.restrictions;
        let change = |list: &mut Vec<String>, add: Option<Vec<String>>, remove: Option<Vec<String>>| {
            let gone = remove.unwrap_or_default();
            list.retain(|one| !gone.contains(one));
            list.extend(add.unwrap_or_default());
        };
        change(&mut of.v4, asked.add.v4, asked.remove.v4);
        change(&mut of.v6, asked.add.v6, asked.remove.v6);
        of.applied_at = Some(now);
    };
    change(&shared, &reference, StatusCode::OK, edit, |project| {
        let of = &project.restrictions;
        let typed = |kind: &'static str| move |one: &String| json!({"address": one, "type": kind});
        let all: Vec<Value> = of.v4.iter().map(typed("v4")).chain(of.v6.iter().map(typed("v6"))).collect();
        json!({
            "entitlement": "allowed", "status": "applied", "applied_at": of.applied_at, "updated_at": of.applied_at,
            "config": {"dbAllowedCidrs": all},
        })
    })
}
