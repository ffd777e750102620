//! What is kept of a run (who answered its gates, what it built, its logs as an archive), and the rules of environments
//! (docs/platforms/github.md sections 4.2, 4.5 and 5.2).

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::json::parts::{api, node, person};
use super::json::{self, head_sha};
use super::lists::origin;
use super::page::{COMMON, Page};
use super::{Named, Numbered, logs, not_found};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::github::Run;
use crate::sim::world::ids;

/// How long an artifact is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Who approved or rejected what; without a time, as on GitHub.
pub(super) async fn approvals(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    let Some(run) = world.github.run(id) else { return not_found() };
    let rows = run.reviews.iter().rev().map(|review| {
        let places = world.github.environments.iter().filter(|one| one.env == review.env);
        let mut places: Vec<Value> = places.map(|one| json::environment(&world, one)).collect();
        for place in places.iter_mut().filter_map(Value::as_object_mut) {
            place.retain(|name, _| !matches!(name.as_str(), "protection_rules" | "deployment_branch_policy"));
        }
        json!({"environments": places, "state": review.state, "user": person(&review.user, "User"), "comment": review.comment})
    });
    Json(rows.collect::<Vec<_>>()).into_response()
}

/// What a run has built so far: (name, bytes).
fn built(world: &World, run: &Run) -> Vec<(&'static str, u64)> {
    let done = |name: &str| {
        let jobs = run.jobs.iter().filter(|job| job.name == name);
        jobs.into_iter().any(|job| job.progress(run.canceled_at, world.now).conclusion == Some("success"))
    };
    let all = [("backend", "backend-test-results", 48_213), ("frontend", "frontend-build", 6_114_002)];
    all.into_iter().filter(|(job, _, _)| done(job)).map(|(_, name, size)| (name, size)).collect()
}

pub(super) async fn artifacts(
    State(shared): State<Shared>,
    Path((_, _, id)): Numbered,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let rows = {
        let world = shared.world();
        let Some(run) = world.github.run(id) else { return not_found() };
        let at = run.updated_at(world.now);
        let row = |(n, (name, size)): (u64, (&str, u64))| {
            let number = run.id * 2 + n;
            let url = api(&world, &format!("actions/artifacts/{number}"));
            json!({
                "id": number, "node_id": node("AR", number), "name": name, "size_in_bytes": size, "url": url,
                "archive_download_url": format!("{url}/zip"), "expired": world.now > at + KEPT, "created_at": at,
                "updated_at": at, "expires_at": at + KEPT,
                "digest": format!("sha256:{}", ids::hex(world.seed, name, number, 64)),
                "workflow_run": {
                    "id": run.id, "repository_id": 91, "head_repository_id": 91, "head_sha": head_sha(&world, run),
                    "head_branch": json::head_branch(&world, run),
                },
            })
        };
        (0..).zip(built(&world, run)).map(row).collect()
    };
    page.envelope(&uri, &origin(&shared), COMMON, "artifacts", rows)
}

/// The archive of a run is there when the run is over, not before.
pub(super) async fn archive(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    logs::redirect_run(&shared, id, None)
}

/// The archive of one attempt.
pub(super) async fn attempt_archive(
    State(shared): State<Shared>,
    Path((_, _, id, number)): Path<(String, String, u64, u64)>,
) -> Response {
    logs::redirect_run(&shared, id, Some(number))
}

/// The branches that may be deployed to an environment.
pub(super) async fn branch_policies(
    State(shared): State<Shared>,
    Path((_, _, name)): Named,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let rows = {
        let world = shared.world();
        let Some(one) = world.github.environments.iter().find(|one| one.name == name) else {
            return not_found();
        };
        let id = one.id + 4;
        let row = |branch: &String| json!({"id": id, "node_id": node("GBP", id), "name": branch, "type": "branch"});
        one.branches.iter().map(row).collect()
    };
    page.envelope(&uri, &origin(&shared), COMMON, "branch_policies", rows)
}

/// Rules that apps of others bring: there are none.
pub(super) async fn protection_rules(State(shared): State<Shared>, Path((_, _, name)): Named) -> Response {
    let world = shared.world();
    let known = world.github.environments.iter().any(|one| one.name == name);
    if !known {
        return not_found();
    }
    Json(json!({"total_count": 0, "custom_deployment_protection_rules": []})).into_response()
}
