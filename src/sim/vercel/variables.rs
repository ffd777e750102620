//! Environment variables of a project: listed, read one by one, written and removed (docs/platforms/vercel.md section 8).

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::variable;
use super::{error, is_project, missing};
use crate::sim::shared::Shared;
use crate::sim::world::vercel::VercelVariable;
use crate::sim::world::{Env, World, ids};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VariableQuery {
    target: Option<String>,
    custom_environment_slug: Option<String>,
    custom_environment_id: Option<String>,
}

pub(super) async fn list(
    State(shared): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<VariableQuery>,
) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    let customs = &world.vercel.project.customs;
    let by_id = query.custom_environment_id.as_ref().map(|id| customs.iter().find(|one| one.id == *id));
    let by_slug = query.custom_environment_slug.as_ref().map(|slug| customs.iter().find(|one| one.slug == *slug));
    let by_name = by_id.or(by_slug).map(|found| found.map(|one| one.env));
    let wanted = by_name.or_else(|| query.target.as_deref().map(|target| world.vercel.target(target)));
    let chosen = world.vercel.env.iter().filter(|one| wanted.is_none_or(|wanted| wanted == Some(one.env)));
    let hides = world.vercel.project.hides_production;
    let (hidden, chosen): (Vec<_>, Vec<_>) = chosen.partition(|one| hides && world.vercel.is_production(one.env));
    let all: Vec<Value> = chosen.into_iter().map(|one| variable(&world.vercel, one)).collect();
    if hides {
        return Json(json!({"envs": all, "hiddenProductionEnvCount": hidden.len()})).into_response();
    }
    let pagination = json!({"count": all.len(), "next": null, "prev": null});
    Json(json!({"envs": all, "pagination": pagination})).into_response()
}

type Numbered = Path<(String, String, String)>;

/// One variable, with its value where it is readable: a sensitive one never is.
pub(super) async fn one(State(shared): State<Shared>, Path((_, project, id)): Numbered) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &project) {
        return missing("Project");
    }
    match world.vercel.env.iter().find(|one| one.id == id) {
        Some(found) => Json(variable(&world.vercel, found)).into_response(),
        None => missing("Environment variable"),
    }
}

/// A variable as it is answered to a change: findings are in lists alone.
fn written(world: &World, one: &VercelVariable) -> Value {
    let mut value = variable(&world.vercel, one);
    if let Some(fields) = value.as_object_mut() {
        fields.remove("securityIssues");
    }
    value
}

/// What is to be written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    key: String,
    value: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    target: Vec<String>,
    #[serde(default)]
    custom_environment_ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(New),
    Many(Vec<New>),
}

#[derive(Deserialize)]
pub(super) struct Upsert {
    #[serde(default)]
    upsert: String,
}

/// Why one was not written: code and message.
type Failure = (&'static str, String);

fn failed(world: &World, new: &New, (code, message): &Failure) -> Value {
    let (key, target) = (&new.key, place(world, new).map(|env| world.vercel.target_word(env)));
    json!({"error": {"code": code, "message": message, "key": key, "target": target.into_iter().collect::<Vec<_>>()}})
}

fn kind(name: &str) -> Option<&'static str> {
    ["plain", "encrypted", "sensitive"].into_iter().find(|one| *one == name)
}

fn place(world: &World, new: &New) -> Option<Env> {
    let mut customs = world.vercel.project.customs.iter();
    let custom = customs.find(|one| new.custom_environment_ids.contains(&one.id)).map(|one| one.env);
    new.target.iter().find_map(|target| world.vercel.target(target)).or(custom)
}

fn write(world: &mut World, new: &New, upsert: bool) -> Result<Value, Failure> {
    let plain = new.key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain || new.key.is_empty() || new.key.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(("INVALID_KEY", "The name contains invalid characters. Only letters, digits, and underscores are allowed. Furthermore, the name should not start with a digit.".to_owned()));
    }
    if new.key.starts_with("VERCEL_") || new.key.starts_with("NOW_") {
        let text = "The name of your Environment Variable is reserved. Please choose another name.";
        return Err(("KEY_RESERVED", text.to_owned()));
    }
    let (Some(env), Some(kind)) = (place(world, new), kind(&new.kind)) else {
        return Err(("BAD_REQUEST", "Invalid request: should have required property 'target'".to_owned()));
    };
    let now = world.now;
    let (digest, readable) = (ids::digest16(&new.value), (kind == "plain").then(|| new.value.clone()));
    if let Some(at) = world.vercel.env.iter().position(|one| one.env == env && one.key == new.key) {
        if !upsert {
            let target = world.vercel.target_word(env);
            let key = &new.key;
            // The branch is named although none was given: vercel/vercel#16588.
            let text =
                format!("A variable with the name `{key}` already exists for the target {target} on branch undefined");
            return Err(("ENV_CONFLICT", text));
        }
        let held = &mut world.vercel.env[at];
        (held.kind, held.digest, held.plain, held.updated_at) = (kind, digest, readable, now);
        return Ok(written(world, &world.vercel.env[at]));
    }
    let id = ids::base62(world.seed, "variable-new", world.vercel.env.len() as u64, 16);
    let held = VercelVariable {
        id,
        key: new.key.clone(),
        kind,
        env,
        digest,
        plain: readable,
        managed: None,
        created_at: now,
        updated_at: now,
    };
    let made = written(world, &held);
    world.vercel.env.push(held);
    Ok(made)
}

/// One that fails is refused whole; of a list, those that fail are named beside a 201.
pub(super) async fn create(
    State(shared): State<Shared>,
    Path((_, project)): Path<(String, String)>,
    Query(query): Query<Upsert>,
    body: String,
) -> Response {
    let Ok(asked) = serde_json::from_str::<OneOrMany>(&body) else {
        return error(StatusCode::BAD_REQUEST, "bad_request", "Invalid request: should be an object or an array");
    };
    let mut world = shared.world();
    if !is_project(&world.vercel, &project) {
        return missing("Project");
    }
    let upsert = query.upsert == "true";
    match asked {
        OneOrMany::One(new) => match write(&mut world, &new, upsert) {
            Ok(made) => (StatusCode::CREATED, Json(json!({"created": made, "failed": []}))).into_response(),
            Err((code, message)) => {
                let status = if code == "ENV_CONFLICT" { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
                error(status, code, &message)
            }
        },
        OneOrMany::Many(list) => {
            let (mut made, mut wrong) = (Vec::new(), Vec::new());
            for new in &list {
                match write(&mut world, new, upsert) {
                    Ok(one) => made.push(one),
                    Err(failure) => wrong.push(failed(&world, new, &failure)),
                }
            }
            (StatusCode::CREATED, Json(json!({"created": made, "failed": wrong}))).into_response()
        }
    }
}

#[derive(Deserialize)]
struct Change {
    value: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

pub(super) async fn change(State(shared): State<Shared>, Path((_, project, id)): Numbered, body: String) -> Response {
    let Ok(asked) = serde_json::from_str::<Change>(&body) else {
        return error(StatusCode::BAD_REQUEST, "bad_request", "Invalid request: should be an object");
    };
    let mut world = shared.world();
    if !is_project(&world.vercel, &project) {
        return missing("Project");
    }
    let now = world.now;
    let Some(at) = world.vercel.env.iter().position(|one| one.id == id) else { return missing("Environment variable") };
    let held = &mut world.vercel.env[at];
    if let Some(kind) = asked.kind.as_deref() {
        // What was sealed stays sealed.
        let sealed = held.kind == "sensitive" && kind != "sensitive";
        let Some(kind) = self::kind(kind).filter(|_| !sealed) else {
            return error(
                StatusCode::BAD_REQUEST,
                "bad_request",
                "You cannot change the type of a Sensitive Environment Variable.",
            );
        };
        held.kind = kind;
    }
    if let Some(value) = asked.value {
        held.digest = ids::digest16(&value);
        held.plain = (held.kind == "plain").then_some(value);
    }
    held.updated_at = now;
    Json(written(&world, &world.vercel.env[at])).into_response()
}

pub(super) async fn remove(State(shared): State<Shared>, Path((_, project, id)): Numbered) -> Response {
    let mut world = shared.world();
    if !is_project(&world.vercel, &project) {
        return missing("Project");
    }
    let Some(at) = world.vercel.env.iter().position(|one| one.id == id) else { return missing("Environment variable") };
    let gone = world.vercel.env.remove(at);
    Json(written(&world, &gone)).into_response()
}
