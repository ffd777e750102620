//! Lists that seldom change: environments, deployments, commits, names of secrets, variables (docs/platforms/github.md sections
//! 5 to 7).

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{self, deployment_json};
use super::page::{COMMON, Page, VARIABLES};
use super::{Named, Numbered, RepoPath, not_found};
use crate::sim::shared::Shared;
use crate::sim::world::{Env, World};

/// Where links of this origin begin.
pub(super) fn origin(shared: &Shared) -> String {
    shared.origins().map(|origins| origins.github.clone()).unwrap_or_default()
}

pub(super) async fn environments(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let all = {
        let world = shared.world();
        world.github.environments.iter().map(|one| json::environment(&world, one)).collect()
    };
    page.envelope(&uri, &origin(&shared), COMMON, "environments", all)
}

pub(super) async fn environment(State(shared): State<Shared>, Path((_, _, name)): Named) -> Response {
    let world = shared.world();
    let found = world.github.environments.iter().find(|one| one.name == name);
    found.map_or_else(not_found, |one| Json(json::environment(&world, one)).into_response())
}

/// An environment by its name.
pub(super) fn named(shared: &Shared, name: &str) -> Option<Env> {
    shared.world().product.find(name)
}

fn secret_rows(world: &World, env: Option<Env>) -> Vec<Value> {
    let mine = world.github.secrets.iter().filter(|one| one.env == env);
    mine.map(|one| json!({"name": one.name, "created_at": one.created_at, "updated_at": one.updated_at})).collect()
}

fn variable_rows(world: &World, env: Option<Env>) -> Vec<Value> {
    let mine = world.github.variables.iter().filter(|one| one.env == env);
    mine.map(|one| {
        let at = one.updated_at;
        json!({"name": one.name, "value": one.value, "created_at": at, "updated_at": at})
    })
    .collect()
}

fn secrets(shared: &Shared, env: Option<Env>, uri: &Uri, page: &Page) -> Response {
    let rows = secret_rows(&shared.world(), env);
    page.envelope(uri, &origin(shared), COMMON, "secrets", rows)
}

fn variables(shared: &Shared, env: Option<Env>, uri: &Uri, page: &Page) -> Response {
    let rows = variable_rows(&shared.world(), env);
    page.envelope(uri, &origin(shared), VARIABLES, "variables", rows)
}

pub(super) async fn repo_secrets(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    secrets(&shared, None, &uri, &page)
}

pub(super) async fn repo_variables(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    variables(&shared, None, &uri, &page)
}

pub(super) async fn env_secrets(
    State(shared): State<Shared>,
    Path((_, _, env)): Named,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    named(&shared, &env).map_or_else(not_found, |env| secrets(&shared, Some(env), &uri, &page))
}

pub(super) async fn env_variables(
    State(shared): State<Shared>,
    Path((_, _, env)): Named,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    named(&shared, &env).map_or_else(not_found, |env| variables(&shared, Some(env), &uri, &page))
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    environment: Option<String>,
    sha: Option<String>,
}

pub(super) async fn deployments(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let all = {
        let world = shared.world();
        let newest = world.github.deployments.iter().rev();
        let mine =
            newest.filter(|one| wanted.environment.as_deref().is_none_or(|env| env == world.product.name(one.env)));
        let mine = mine.filter(|one| wanted.sha.as_deref().is_none_or(|sha| sha == world.sha(one.commit)));
        mine.map(|one| deployment_json(&world, one)).collect()
    };
    page.array(&uri, &origin(&shared), all)
}

pub(super) async fn deployment(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    let found = world.github.deployments.iter().find(|one| one.id == id);
    found.map_or_else(not_found, |one| Json(deployment_json(&world, one)).into_response())
}

pub(super) async fn statuses(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    let found = world.github.deployments.iter().find(|one| one.id == id);
    found.map_or_else(not_found, |one| Json(json::statuses(&world, one)).into_response())
}

pub(super) async fn commits(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let all = {
        let world = shared.world();
        world.commits.iter().rev().map(|one| json::commit(&world, one)).collect()
    };
    page.array(&uri, &origin(&shared), all)
}
