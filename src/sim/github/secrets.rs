//! Writes secrets of the repository and of its environments. Values come encrypted to the public key of the place
//! (docs/platforms/github.md section 7).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::SecretKey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Named, RepoPath, error, lists, not_found};
use crate::sim::shared::Shared;
use crate::sim::world::github::GithubSecret;
use crate::sim::world::{Env, World, ids};

/// Longest value, bytes.
const LONGEST: usize = 48 * 1024;
/// How many a place holds.
const MOST: usize = 100;

/// The key pair of a place: another one for the repository and for each environment.
fn pair(world: &World, env: Option<Env>) -> (String, SecretKey) {
    let place = env.map_or("repository", |env| world.product.name(env));
    let id = ids::number(world.seed, &format!("vault-id-{place}"), 0) | 1 << 58;
    (id.to_string(), SecretKey::from(ids::hash(world.seed, &format!("vault-{place}"), 0)))
}

fn public(world: &World, env: Option<Env>) -> Response {
    let (id, key) = pair(world, env);
    Json(json!({"key_id": id, "key": STANDARD.encode(key.public_key().as_bytes())})).into_response()
}

pub(super) async fn repo_key(State(shared): State<Shared>, _: RepoPath) -> Response {
    public(&shared.world(), None)
}

pub(super) async fn env_key(State(shared): State<Shared>, Path((_, _, env)): Named) -> Response {
    lists::named(&shared, &env).map_or_else(not_found, |env| public(&shared.world(), Some(env)))
}

fn row(one: &GithubSecret) -> Value {
    json!({"name": one.name, "created_at": one.created_at, "updated_at": one.updated_at})
}

fn one(world: &World, env: Option<Env>, name: &str) -> Response {
    let found = world.github.secrets.iter().find(|one| one.env == env && one.name.eq_ignore_ascii_case(name));
    found.map_or_else(not_found, |one| Json(row(one)).into_response())
}

pub(super) async fn repo_one(State(shared): State<Shared>, Path((_, _, name)): Named) -> Response {
    one(&shared.world(), None, &name)
}

type InEnvironment = Path<(String, String, String, String)>;

pub(super) async fn env_one(State(shared): State<Shared>, Path((_, _, env, name)): InEnvironment) -> Response {
    lists::named(&shared, &env).map_or_else(not_found, |env| one(&shared.world(), Some(env), &name))
}

#[derive(Deserialize)]
struct Sealed {
    encrypted_value: Option<String>,
    key_id: Option<String>,
}

fn refused(message: &str) -> Response {
    error(StatusCode::UNPROCESSABLE_ENTITY, message)
}

/// Letters, digits and underscores, no digit first, nothing that begins like GitHub's own.
fn named(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.to_ascii_uppercase().starts_with("GITHUB_")
}

fn put(shared: &Shared, env: Option<Env>, name: &str, body: &str) -> Response {
    let Ok(asked) = serde_json::from_str::<Sealed>(body) else { return refused("Invalid request.") };
    let Some(sealed) = asked.encrypted_value else {
        return refused("Invalid request.\n\n\"encrypted_value\" wasn't supplied.");
    };
    let Some(key_id) = asked.key_id else { return refused("Invalid request.\n\n\"key_id\" wasn't supplied.") };
    let mut world = shared.world();
    let (id, key) = pair(&world, env);
    let opened = STANDARD.decode(sealed).ok().filter(|_| id == key_id).and_then(|sealed| key.unseal(&sealed).ok());
    let Some(value) = opened.and_then(|value| String::from_utf8(value).ok()) else {
        return refused("Bad request - validation failed due to an improperly encrypted secret");
    };
    let mine = world.github.secrets.iter().filter(|one| one.env == env).count();
    if !named(name) || value.len() > LONGEST {
        return refused("Validation Failed");
    }
    let (name, digest, now) = (name.to_ascii_uppercase(), ids::digest16(&value), world.now);
    let held = world.github.secrets.iter_mut().find(|one| one.env == env && one.name == name);
    if let Some(held) = held {
        (held.digest, held.updated_at) = (digest, now);
        return StatusCode::NO_CONTENT.into_response();
    }
    if mine >= MOST {
        return refused("Validation Failed");
    }
    world.github.secrets.push(GithubSecret { name, env, digest, created_at: now, updated_at: now });
    (StatusCode::CREATED, Json(json!({}))).into_response()
}

pub(super) async fn put_repo(State(shared): State<Shared>, Path((_, _, name)): Named, body: String) -> Response {
    put(&shared, None, &name, &body)
}

pub(super) async fn put_env(
    State(shared): State<Shared>,
    Path((_, _, env, name)): InEnvironment,
    body: String,
) -> Response {
    lists::named(&shared, &env).map_or_else(not_found, |env| put(&shared, Some(env), &name, &body))
}

fn remove(shared: &Shared, env: Option<Env>, name: &str) -> Response {
    let mut world = shared.world();
    let before = world.github.secrets.len();
    world.github.secrets.retain(|one| one.env != env || !one.name.eq_ignore_ascii_case(name));
    if world.github.secrets.len() == before { not_found() } else { StatusCode::NO_CONTENT.into_response() }
}

pub(super) async fn remove_repo(State(shared): State<Shared>, Path((_, _, name)): Named) -> Response {
    remove(&shared, None, &name)
}

pub(super) async fn remove_env(State(shared): State<Shared>, Path((_, _, env, name)): InEnvironment) -> Response {
    lists::named(&shared, &env).map_or_else(not_found, |env| remove(&shared, Some(env), &name))
}
