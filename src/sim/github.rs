//! GitHub's REST API: runs, jobs and their logs, gates, deployments, comparison, secrets and variables (docs/platforms/github.md).

mod alerts;
mod archive;
mod concurrency;
mod guard;
mod json;
mod lists;
mod logs;
mod page;
mod record;
mod runs;
mod secrets;

use axum::extract::{OriginalUri, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde_json::{Value, json};

use super::shared::Shared;
use super::world::World;

pub(crate) use logs::storage;

/// The origin's routes.
pub(crate) fn router(shared: Shared) -> Router {
    let repo = Router::new()
        .route("/", routing::get(repository))
        .route("/actions/runs", routing::get(runs::all))
        .route("/actions/runs/{id}", routing::get(runs::one))
        .route("/actions/runs/{id}/jobs", routing::get(runs::jobs))
        .route("/actions/runs/{id}/cancel", routing::post(runs::cancel))
        .route("/actions/runs/{id}/rerun", routing::post(runs::rerun))
        .route("/actions/runs/{id}/rerun-failed-jobs", routing::post(runs::rerun_failed))
        .route("/actions/runs/{id}/attempts/{number}", routing::get(runs::attempt))
        .route("/actions/runs/{id}/attempts/{number}/jobs", routing::get(runs::attempt_jobs))
        .route("/actions/runs/{id}/pending_deployments", routing::get(runs::pending).post(runs::answer))
        .route("/actions/runs/{id}/approvals", routing::get(record::approvals))
        .route("/actions/runs/{id}/artifacts", routing::get(record::artifacts))
        .route("/actions/runs/{id}/logs", routing::get(record::archive))
        .route("/actions/runs/{id}/attempts/{number}/logs", routing::get(record::attempt_archive))
        .route("/actions/runs/{id}/concurrency_groups", routing::get(concurrency::of_run))
        .route("/actions/concurrency_groups", routing::get(concurrency::all))
        .route("/actions/concurrency_groups/{name}", routing::get(concurrency::one))
        .route("/actions/jobs/{id}", routing::get(runs::job))
        .route("/actions/jobs/{id}/logs", routing::get(logs::redirect))
        .route("/actions/workflows", routing::get(runs::workflows))
        .route("/actions/workflows/{id}", routing::get(runs::workflow))
        .route("/actions/workflows/{id}/runs", routing::get(runs::of_workflow))
        .route("/actions/workflows/{id}/dispatches", routing::post(runs::dispatch))
        .route("/actions/secrets", routing::get(lists::repo_secrets))
        .route("/actions/secrets/public-key", routing::get(secrets::repo_key))
        .route(
            "/actions/secrets/{name}",
            routing::get(secrets::repo_one).put(secrets::put_repo).delete(secrets::remove_repo),
        )
        .route("/actions/variables", routing::get(lists::repo_variables))
        .route("/dependabot/alerts", routing::get(alerts::dependencies))
        .route("/code-scanning/alerts", routing::get(alerts::code))
        .route("/secret-scanning/alerts", routing::get(alerts::secrets))
        .route("/environments", routing::get(lists::environments))
        .route("/environments/{env}", routing::get(lists::environment))
        .route("/environments/{env}/deployment-branch-policies", routing::get(record::branch_policies))
        .route("/environments/{env}/deployment_protection_rules", routing::get(record::protection_rules))
        .route("/environments/{env}/secrets", routing::get(lists::env_secrets))
        .route("/environments/{env}/secrets/public-key", routing::get(secrets::env_key))
        .route(
            "/environments/{env}/secrets/{name}",
            routing::get(secrets::env_one).put(secrets::put_env).delete(secrets::remove_env),
        )
        .route("/environments/{env}/variables", routing::get(lists::env_variables))
        .route("/deployments", routing::get(lists::deployments))
        .route("/deployments/{id}", routing::get(lists::deployment))
        .route("/deployments/{id}/statuses", routing::get(lists::statuses))
        .route("/commits", routing::get(lists::commits))
        .route("/commits/{reference}", routing::get(commit))
        .route("/commits/{reference}/pulls", routing::get(pulls))
        .route("/compare/{basehead}", routing::get(compare))
        .layer(middleware::from_fn_with_state(shared.clone(), owned));
    Router::new()
        .route("/user", routing::get(user))
        .route("/rate_limit", routing::get(rate_limit))
        .nest("/repos/{owner}/{repo}", repo)
        .method_not_allowed_fallback(async || not_found())
        .fallback(async || not_found())
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared)
}

fn error(status: StatusCode, message: &str) -> Response {
    let body =
        json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.as_str()});
    (status, Json(body)).into_response()
}

fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "Not Found")
}

/// Any other repository does not exist for this token.
async fn owned(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let prefix = {
        let world = shared.world();
        format!("/{}/{}", world.github.owner, world.github.repo)
    };
    let uri = request.extensions().get::<OriginalUri>().map(|uri| uri.0.path().to_owned());
    let path = uri.unwrap_or_else(|| request.uri().path().to_owned());
    let inside = path.strip_prefix("/repos").and_then(|path| path.strip_prefix(&prefix));
    if inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        next.run(request).await
    } else {
        not_found()
    }
}

type RepoPath = Path<(String, String)>;
type Numbered = Path<(String, String, u64)>;
type Named = Path<(String, String, String)>;

async fn user(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    Json(json::parts::me(&world))
}

async fn rate_limit(State(shared): State<Shared>, headers: HeaderMap) -> Json<Value> {
    let left = guard::budget(&mut shared.world());
    let used = left.limit - left.remaining;
    let core = json!({"limit": left.limit, "remaining": left.remaining, "used": used, "reset": left.reset});
    let now = shared.now().as_second();
    let whole = |limit: u64, span: i64| json!({"limit": limit, "remaining": limit, "used": 0, "reset": now + span});
    let mut body = json!({"resources": {"core": core, "search": whole(30, 60), "graphql": whole(5_000, 3_600)}});
    // The newer version has no such shortcut.
    if guard::version(&headers) == guard::VERSIONS.first().copied() {
        body["rate"] = core;
    }
    Json(body)
}

async fn repository(State(shared): State<Shared>, _: RepoPath) -> Json<Value> {
    let world = shared.world();
    Json(json::parts::whole_repository(&world))
}

/// A commit by branch, SHA or an unambiguous beginning of it.
fn resolve(world: &World, name: &str) -> Option<usize> {
    if name == world.github.branch { world.commits.len().checked_sub(1) } else { world.find_commit(name) }
}

async fn commit(State(shared): State<Shared>, Path((_, _, reference)): Named) -> Response {
    let world = shared.world();
    let found = resolve(&world, &reference).and_then(|index| world.commits.get(index));
    let words = format!("No commit found for SHA: {reference}");
    found.map_or_else(
        || error(StatusCode::UNPROCESSABLE_ENTITY, &words),
        |one| Json(json::whole_commit(&world, one)).into_response(),
    )
}

/// The pull requests that brought a commit: merged ones, of the default branch.
async fn pulls(State(shared): State<Shared>, Path((_, _, reference)): Named) -> Response {
    let world = shared.world();
    let found = resolve(&world, &reference).and_then(|index| world.commits.get(index));
    let words = format!("No commit found for SHA: {reference}");
    found.map_or_else(
        || error(StatusCode::UNPROCESSABLE_ENTITY, &words),
        |one| {
            Json(one.pull.map(|number| json::pull(&world, one, number)).into_iter().collect::<Vec<_>>()).into_response()
        },
    )
}

async fn compare(State(shared): State<Shared>, Path((_, _, basehead)): Named) -> Response {
    let world = shared.world();
    let Some((base, head)) = basehead.split_once("...") else { return not_found() };
    match (resolve(&world, base), resolve(&world, head)) {
        (Some(base), Some(head)) => Json(json::compare(&world, base, head)).into_response(),
        _ => not_found(),
    }
}
