//! Preview branches with their workflow runs, and pausing and restoring a project (docs/platforms/supabase.md sections 2 and
//! 3.3).

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{error, with};
use crate::sim::shared::Shared;
use crate::sim::world::ids;
use crate::sim::world::supabase::{Branch, BranchRun, SupabaseProject, SupabaseWorld};

/// A branch that is not deleted at once goes after this time.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// Runs of a page that nobody said the length of, and the least that may be asked for.
const USUAL: usize = 20;
const SHORTEST: usize = 10;

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/v1/projects/{reference}/pause", routing::post(pause))
        .route("/v1/projects/{reference}/restore", routing::get(versions).post(restore))
        .route("/v1/projects/{reference}/branches", routing::get(list).post(create).delete(disable))
        .route("/v1/projects/{reference}/branches/{name}", routing::get(named))
        .route("/v1/projects/{reference}/actions", routing::get(runs))
        .route("/v1/projects/{reference}/actions/{run}", routing::get(run))
        .route("/v1/projects/{reference}/actions/{run}/logs", routing::get(logs))
        .route("/v1/branches/{branch}", routing::get(detail).patch(rename).delete(delete))
        .route("/v1/branches/{branch}/diff", routing::get(diff))
        .route("/v1/branches/{branch}/restore", routing::post(undelete))
        .route("/v1/branches/{branch}/{action}", routing::post(act))
}

/// No body, not even an empty object.
fn empty() -> Response {
    StatusCode::OK.into_response()
}

fn gone() -> Response {
    error(StatusCode::BAD_REQUEST, "Resource has been removed")
}

fn off() -> Response {
    error(StatusCode::UNPROCESSABLE_ENTITY, "Preview branching is not enabled for this project.")
}

fn walk(shared: &Shared, reference: &str, on: bool) -> Response {
    let mut world = shared.world();
    let now = world.now;
    let Some(project) = world.supabase.project_mut(reference) else { return gone() };
    if !project.pause(on, now) {
        let text = format!("Project is {}", project.status);
        return error(StatusCode::BAD_REQUEST, &text);
    }
    drop(world);
    shared.wake();
    empty()
}

async fn pause(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    walk(&shared, &reference, true)
}

async fn restore(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    walk(&shared, &reference, false)
}

async fn versions(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let world = shared.world();
    let one = json!({"version": "17.6.1.021", "release_channel": "ga", "postgres_engine": "17"});
    with(&world, &reference, |_| Json(json!({"available_versions": [one]})).into_response())
}

fn branch_json(project: &SupabaseProject, branch: &Branch, now: Timestamp) -> Value {
    let changed = branch.runs.last().and_then(|run| run.steps(now).into_iter().map(|(_, _, at)| at).max());
    let mut value = json!({
        "id": branch.id,
        "name": branch.name,
        "project_ref": branch.reference,
        "parent_project_ref": project.reference,
        "is_default": false,
        "persistent": branch.persistent,
        "status": branch.status(now),
        "created_at": branch.created_at,
        "updated_at": changed.unwrap_or(branch.created_at),
        "with_data": false,
        "preview_project_status": if branch.runs.len() > 1 || changed.is_some_and(|at| at > branch.created_at) {
            "ACTIVE_HEALTHY"
        } else {
            "COMING_UP"
        },
    });
    if let Some(git) = &branch.git_branch {
        value["git_branch"] = json!(git);
    }
    if let Some(at) = branch.deletion_at {
        value["deletion_scheduled_at"] = json!(at);
    }
    value
}

async fn list(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let world = shared.world();
    with(&world, &reference, |project| match &project.branches {
        None => off(),
        Some(all) => {
            let all: Vec<Value> = all.iter().map(|one| branch_json(project, one, world.now)).collect();
            Json(all).into_response()
        }
    })
}

async fn named(State(shared): State<Shared>, Path((reference, name)): Path<(String, String)>) -> Response {
    let world = shared.world();
    with(&world, &reference, |project| {
        let found = project.branches.iter().flatten().find(|one| one.name == name);
        found.map_or_else(gone, |one| Json(branch_json(project, one, world.now)).into_response())
    })
}

/// Branching is switched off, and every branch goes.
async fn disable(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let mut world = shared.world();
    let Some(project) = world.supabase.project_mut(&reference) else { return gone() };
    project.branches = None;
    empty()
}

#[derive(Deserialize)]
struct Rename {
    branch_name: Option<String>,
    git_branch: Option<String>,
    persistent: Option<bool>,
}

async fn rename(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    body: Result<Json<Rename>, JsonRejection>,
) -> Response {
    let Ok(Json(asked)) = body else { return error(StatusCode::BAD_REQUEST, "branch_name: Expected a string") };
    let mut world = shared.world();
    let Some(branch) = found_mut(&mut world.supabase, &name) else { return gone() };
    if let Some(name) = asked.branch_name {
        branch.name = name;
    }
    branch.git_branch = asked.git_branch.or(branch.git_branch.take());
    branch.persistent = asked.persistent.unwrap_or(branch.persistent);
    let now = world.now;
    found(&world.supabase, &name)
        .map_or_else(gone, |(project, branch)| Json(branch_json(project, branch, now)).into_response())
}

/// A branch here never differs from its parent.
async fn diff(State(shared): State<Shared>, Path(name): Path<String>) -> Response {
    let world = shared.world();
    found(&world.supabase, &name).map_or_else(gone, |_| String::new().into_response())
}

#[derive(Deserialize)]
struct Create {
    branch_name: String,
    git_branch: Option<String>,
    #[serde(default)]
    persistent: bool,
}

async fn create(
    State(shared): State<Shared>,
    Path(reference): Path<String>,
    body: Result<Json<Create>, JsonRejection>,
) -> Response {
    let asked = body.ok().map(|body| body.0).filter(|asked| !asked.branch_name.is_empty());
    let Some(asked) = asked else { return error(StatusCode::BAD_REQUEST, "branch_name: Required") };
    let mut world = shared.world();
    let (seed, n, now) = (world.seed, world.count(), world.now);
    let Some(project) = world.supabase.project_mut(&reference) else { return gone() };
    let Some(branches) = &mut project.branches else { return off() };
    if branches.iter().any(|one| one.name == asked.branch_name) {
        return error(StatusCode::BAD_REQUEST, "A branch with this name already exists");
    }
    let branch = Branch {
        id: ids::uuid(seed, "branch", n),
        name: asked.branch_name,
        git_branch: asked.git_branch,
        reference: ids::letters(seed, "branch", n, 20),
        persistent: asked.persistent,
        created_at: now,
        deletion_at: None,
        runs: vec![BranchRun { id: ids::uuid(seed, "branch run", n), created_at: now, dies_at: None }],
    };
    branches.push(branch.clone());
    let value = branch_json(project, &branch, now);
    (StatusCode::CREATED, Json(value)).into_response()
}

/// A branch by its id or its project's reference, with its parent.
fn found<'a>(world: &'a SupabaseWorld, name: &str) -> Option<(&'a SupabaseProject, &'a Branch)> {
    let mut all =
        world.projects.iter().flat_map(|project| project.branches.iter().flatten().map(move |one| (project, one)));
    all.find(|(_, one)| one.id == name || one.reference == name)
}

fn found_mut<'a>(world: &'a mut SupabaseWorld, name: &str) -> Option<&'a mut Branch> {
    let mut all = world.projects.iter_mut().flat_map(|project| project.branches.iter_mut().flatten());
    all.find(|one| one.id == name || one.reference == name)
}

async fn detail(State(shared): State<Shared>, Path(name): Path<String>) -> Response {
    let world = shared.world();
    found(&world.supabase, &name).map_or_else(gone, |(_, one)| {
        // The platform shows these in clear: nobody may write them down.
        Json(json!({
            "ref": one.reference,
            "postgres_version": "17.6.1.021",
            "postgres_engine": "17",
            "release_channel": "ga",
            "status": "ACTIVE_HEALTHY",
            "db_host": format!("db.{}.supabase.co", one.reference),
            "db_port": 5432,
            "db_user": "postgres",
            "db_pass": "a password that nobody may write down",
            "jwt_secret": "a secret that nobody may write down",
        }))
        .into_response()
    })
}

#[derive(Deserialize)]
struct Force {
    force: Option<bool>,
}

async fn delete(State(shared): State<Shared>, Path(name): Path<String>, Query(query): Query<Force>) -> Response {
    let mut world = shared.world();
    let now = world.now;
    let Some(branch) = found_mut(&mut world.supabase, &name) else { return gone() };
    if query.force == Some(false) {
        branch.deletion_at = Some(now + GRACE);
    } else {
        for branches in world.supabase.projects.iter_mut().filter_map(|project| project.branches.as_mut()) {
            branches.retain(|one| one.id != name && one.reference != name);
        }
    }
    Json(json!({"message": "ok"})).into_response()
}

async fn undelete(State(shared): State<Shared>, Path(name): Path<String>) -> Response {
    let mut world = shared.world();
    let Some(branch) = found_mut(&mut world.supabase, &name) else { return gone() };
    branch.deletion_at = None;
    Json(json!({"message": "Branch restoration initiated"})).into_response()
}

/// `push`, `merge`, `reset`: another run, which is followed elsewhere.
async fn act(State(shared): State<Shared>, Path((name, action)): Path<(String, String)>) -> Response {
    let mut world = shared.world();
    let (seed, n, now) = (world.seed, world.count(), world.now);
    if !matches!(action.as_str(), "push" | "merge" | "reset") {
        return error(StatusCode::NOT_FOUND, "Not Found");
    }
    let Some(branch) = found_mut(&mut world.supabase, &name) else { return gone() };
    let id = ids::uuid(seed, "branch run", n);
    branch.runs.push(BranchRun { id: id.clone(), created_at: now, dies_at: None });
    (StatusCode::CREATED, Json(json!({"workflow_run_id": id, "message": "ok"}))).into_response()
}

fn run_json(branch: &Branch, run: &BranchRun, now: Timestamp) -> Value {
    let steps = run.steps(now);
    let changed = steps.iter().map(|(_, _, at)| *at).max().unwrap_or(run.created_at);
    let step = |(name, status, at): &(&str, &str, Timestamp)| json!({"name": name, "status": status, "created_at": run.created_at, "updated_at": at});
    json!({
        "id": run.id,
        "branch_id": branch.id,
        "run_steps": steps.iter().map(step).collect::<Vec<_>>(),
        "workdir": "supabase",
        "check_run_id": null,
        "created_at": run.created_at,
        "updated_at": changed,
    })
}

#[derive(Deserialize)]
struct Paging {
    offset: Option<usize>,
    limit: Option<usize>,
}

/// The runs of a project's branches, newest first, page by page.
async fn runs(State(shared): State<Shared>, Path(reference): Path<String>, Query(page): Query<Paging>) -> Response {
    if page.limit.is_some_and(|limit| limit < SHORTEST) {
        return error(StatusCode::BAD_REQUEST, "limit: Too small: expected number to be >=10");
    }
    let world = shared.world();
    with(&world, &reference, |project| {
        let all = project.branches.iter().flatten().flat_map(|one| one.runs.iter().map(move |run| (one, run)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(_, run)| std::cmp::Reverse(run.created_at));
        let page = all.iter().skip(page.offset.unwrap_or(0)).take(page.limit.unwrap_or(USUAL));
        Json(page.map(|(branch, run)| run_json(branch, run, world.now)).collect::<Vec<_>>()).into_response()
    })
}

async fn run(State(shared): State<Shared>, Path((reference, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    with(&world, &reference, |project| {
        let mut all = project.branches.iter().flatten().flat_map(|one| one.runs.iter().map(move |run| (one, run)));
        let found = all.find(|(_, run)| run.id == id);
        found.map_or_else(gone, |(branch, run)| Json(run_json(branch, run, world.now)).into_response())
    })
}

async fn logs(State(shared): State<Shared>, Path((reference, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    with(&world, &reference, |project| {
        let Some(run) = project.branches.iter().flatten().flat_map(|one| &one.runs).find(|run| run.id == id) else {
            return gone();
        };
        let steps = run.steps(world.now).into_iter().filter(|(_, status, _)| *status != "CREATED");
        let text: String = steps.map(|(name, status, at)| format!("{at} {name} {status}\n")).collect();
        text.into_response()
    })
}
