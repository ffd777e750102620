//! Concurrency groups: what is held, by whom, and who waits (docs/platforms/github.md section 4.6).

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::parts::api;
use super::lists::origin;
use super::page::{COMMON, Page};
use super::{Named, Numbered, RepoPath, error, not_found};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::github::Run;

fn group_url(world: &World, name: &str) -> String {
    let name = name.replace('/', "%2F");
    api(world, &format!("actions/concurrency_groups/{name}"))
}

/// The groups that somebody is in.
fn active(world: &World) -> Vec<&str> {
    let groups = world.github.workflows.iter().filter_map(|one| one.group.as_ref());
    let mut names: Vec<&str> = groups.map(|group| group.name.as_str()).collect();
    names.retain(|name| !world.github.members(name, world.now).is_empty());
    names
}

fn member(world: &World, run: &Run) -> Value {
    let workflow = world.github.workflows.iter().find(|one| one.id == run.workflow);
    json!({
        "run_id": run.id,
        "run_name": workflow.map(|one| &one.name),
        "run_url": api(world, &format!("actions/runs/{}", run.id)),
        "run_html_url": super::json::html(world, &format!("actions/runs/{}", run.id)),
        "status": if run.pending(world.now) { "pending" } else { "in_progress" },
    })
}

pub(super) async fn all(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let rows = {
        let world = shared.world();
        let row = |name: &str| {
            let held = world.github.members(name, world.now).first().map(|run| run.acquired_at);
            json!({"group_name": name, "group_url": group_url(&world, name), "last_acquired_at": held})
        };
        active(&world).into_iter().map(row).collect()
    };
    page.envelope(&uri, &origin(&shared), COMMON, "concurrency_groups", rows)
}

/// Asks who is ahead of a run.
#[derive(Deserialize)]
pub(super) struct Ahead {
    ahead_of_run: Option<u64>,
}

pub(super) async fn one(
    State(shared): State<Shared>,
    Path((_, _, name)): Named,
    Query(ahead): Query<Ahead>,
) -> Response {
    let world = shared.world();
    let mut members = world.github.members(&name, world.now);
    let Some(group) = members.first().and_then(|run| world.github.group(run)) else { return not_found() };
    if let Some(of) = ahead.ahead_of_run {
        let Some(at) = members.iter().position(|run| run.id == of) else {
            return error(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        };
        members.truncate(at);
    }
    Json(json!({
        "group_name": group.name,
        "group_url": group_url(&world, &group.name),
        "total_count": members.len(),
        "group_members": members.into_iter().map(|run| member(&world, run)).collect::<Vec<_>>(),
    }))
    .into_response()
}

pub(super) async fn of_run(
    State(shared): State<Shared>,
    Path((_, _, id)): Numbered,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let rows = {
        let world = shared.world();
        let Some(run) = world.github.run(id) else { return not_found() };
        let group = world.github.group(run);
        let place = group.and_then(|group| {
            let members = world.github.members(&group.name, world.now);
            members.iter().position(|one| one.id == id)
        });
        let row = group.zip(place).map(|(group, position)| {
            let url = group_url(&world, &group.name);
            let mut row = member(&world, run);
            row["position"] = json!(position);
            row["position_url"] = json!(format!("{url}?ahead_of_run={id}"));
            json!({"group_name": group.name, "group_url": url, "group_members": [row]})
        });
        row.into_iter().collect()
    };
    page.envelope(&uri, &origin(&shared), COMMON, "concurrency_groups", rows)
}
