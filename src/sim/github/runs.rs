//! Workflow runs: lists, jobs, gates, dispatch and cancel (docs/platforms/github.md sections 4 and 5.1).

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{self, deployment_json, job_json, run_json};
use super::lists::origin;
use super::page::{COMMON, Page};
use super::{Named, Numbered, RepoPath, error, guard, not_found, resolve};
use crate::sim::shared::Shared;
use crate::sim::world::Health;
use crate::sim::world::deploy::Deploy;
use crate::sim::world::github::{GithubWorld, Review, Run};

/// What a list of runs is filtered by.
#[derive(Deserialize)]
pub(super) struct Filter {
    status: Option<String>,
    head_sha: Option<String>,
    branch: Option<String>,
    exclude_pull_requests: Option<bool>,
    event: Option<String>,
    actor: Option<String>,
}

/// Filtered lists come from an index that lags behind (docs/platforms/github.md section 3).
const LAG: SignedDuration = SignedDuration::from_secs(20);

impl Filter {
    fn is_any(&self) -> bool {
        [&self.status, &self.head_sha, &self.branch, &self.event, &self.actor].iter().any(|one| one.is_some())
    }

    fn takes(&self, run: &Value) -> bool {
        let same = |asked: &Option<String>, field: &Value| asked.as_ref().is_none_or(|asked| *field == **asked);
        (same(&self.status, &run["status"]) || same(&self.status, &run["conclusion"]))
            && same(&self.head_sha, &run["head_sha"])
            && same(&self.branch, &run["head_branch"])
            && same(&self.event, &run["event"])
            && same(&self.actor, &run["actor"]["login"])
    }
}

fn list(shared: &Shared, workflow: Option<u64>, uri: &Uri, page: &Page, filter: &Filter) -> Response {
    let all = {
        let world = shared.world();
        let newest = world.github.runs.iter().rev();
        let indexed = |run: &&Run| !filter.is_any() || world.now.duration_since(run.created_at) >= LAG;
        let shown = |run: &&Run| world.now.duration_since(run.created_at) >= world.github.lag;
        let mine =
            newest.filter(shown).filter(indexed).filter(|run| workflow.is_none_or(|workflow| workflow == run.workflow));
        let mut all: Vec<Value> = mine.map(|run| run_json(&world, run)).filter(|run| filter.takes(run)).collect();
        if filter.exclude_pull_requests == Some(true) {
            all.iter_mut().for_each(|run| run["pull_requests"] = json!([]));
        }
        all
    };
    page.envelope(uri, &origin(shared), COMMON, "workflow_runs", all)
}

pub(super) async fn all(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
    Query(filter): Query<Filter>,
) -> Response {
    list(&shared, None, &uri, &page, &filter)
}

/// The place of a workflow that is named by its number or its file.
fn position(github: &GithubWorld, id: &str) -> Option<usize> {
    github.workflows.iter().position(|one| one.id.to_string() == id || one.path.ends_with(&format!("/{id}")))
}

pub(super) async fn of_workflow(
    State(shared): State<Shared>,
    Path((_, _, id)): Named,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
    Query(filter): Query<Filter>,
) -> Response {
    let workflow = {
        let world = shared.world();
        position(&world.github, &id).and_then(|index| world.github.workflows.get(index)).map(|one| one.id)
    };
    workflow.map_or_else(not_found, |workflow| list(&shared, Some(workflow), &uri, &page, &filter))
}

pub(super) async fn workflows(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let all = {
        let world = shared.world();
        world.github.workflows.iter().map(|one| json::workflow(&world, one)).collect()
    };
    page.envelope(&uri, &origin(&shared), COMMON, "workflows", all)
}

pub(super) async fn workflow(State(shared): State<Shared>, Path((_, _, id)): Named) -> Response {
    let world = shared.world();
    let found = position(&world.github, &id).and_then(|index| world.github.workflows.get(index));
    found.map_or_else(not_found, |one| Json(json::workflow(&world, one)).into_response())
}

pub(super) async fn one(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    world.github.run(id).map_or_else(not_found, |run| Json(run_json(&world, run)).into_response())
}

pub(super) async fn jobs(
    State(shared): State<Shared>,
    Path((_, _, id)): Numbered,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let all: Vec<Value> = {
        let world = shared.world();
        let Some(run) = world.github.run(id) else { return not_found() };
        run.jobs.iter().map(|job| job_json(&world, run, job)).collect()
    };
    page.envelope(&uri, &origin(&shared), COMMON, "jobs", all)
}

pub(super) async fn job(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    let mut all = world.github.runs.iter().flat_map(|run| run.jobs.iter().map(move |job| (run, job)));
    let found = all.find(|(_, job)| job.id == id);
    found.map_or_else(not_found, |(run, job)| Json(job_json(&world, run, job)).into_response())
}

/// Until a run that is called off has stopped.
const CANCELS: SignedDuration = SignedDuration::from_millis(1_500);

pub(super) async fn cancel(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let mut world = shared.world();
    let now = world.now;
    let Some(run) = world.github.run_mut(id) else { return not_found() };
    if run.progress(now).status == "completed" {
        return error(StatusCode::CONFLICT, "Cannot cancel a workflow run that is completed.");
    }
    // It takes effect a moment later.
    run.canceled_at.get_or_insert(now + CANCELS);
    (StatusCode::ACCEPTED, Json(json!({}))).into_response()
}

/// GitHub runs a run again for so long after it was made (docs/platforms/github.md section 4.3), and so often.
const RERUN_WITHIN: SignedDuration = SignedDuration::from_hours(24 * 30);
const RERUNS: u64 = 50;

fn again(shared: &Shared, id: u64, failed_only: bool) -> Response {
    let mut world = shared.world();
    let now = world.now;
    let Some(run) = world.github.run(id) else { return not_found() };
    let over = run.progress(now).status == "completed";
    if !over || now.duration_since(run.created_at) > RERUN_WITHIN || run.attempt > RERUNS {
        // The words do not tell which of them it is.
        return error(StatusCode::FORBIDDEN, "This workflow run cannot be rerun");
    }
    world.rerun(id, failed_only);
    drop(world);
    shared.wake();
    (StatusCode::CREATED, Json(json!({}))).into_response()
}

pub(super) async fn rerun(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    again(&shared, id, false)
}

pub(super) async fn rerun_failed(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    again(&shared, id, true)
}

type Attempted = Path<(String, String, u64, u64)>;

pub(super) async fn attempt(State(shared): State<Shared>, Path((_, _, id, number)): Attempted) -> Response {
    let world = shared.world();
    let found = world.github.run(id).and_then(|run| run.at_attempt(number));
    found.map_or_else(not_found, |run| Json(run_json(&world, &run)).into_response())
}

pub(super) async fn attempt_jobs(
    State(shared): State<Shared>,
    Path((_, _, id, number)): Attempted,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let all: Vec<Value> = {
        let world = shared.world();
        let Some(run) = world.github.run(id).and_then(|run| run.at_attempt(number)) else { return not_found() };
        run.jobs.iter().map(|job| job_json(&world, &run, job)).collect()
    };
    page.envelope(&uri, &origin(&shared), COMMON, "jobs", all)
}

#[derive(Deserialize)]
struct Dispatch {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    inputs: Value,
    #[serde(default)]
    return_run_details: bool,
}

/// Why a workflow cannot be started like that, in GitHub's words (docs/platforms/github.md section 4.4).
fn undispatchable(github: &GithubWorld, index: usize, asked: &Dispatch) -> Option<String> {
    let Some(declared) = github.workflows.get(index).and_then(|one| one.inputs.as_ref()) else {
        return Some("Workflow does not have 'workflow_dispatch' trigger".to_owned());
    };
    // A branch or a tag; a bare commit is neither.
    let reference = asked.reference.strip_prefix("refs/heads/").unwrap_or(&asked.reference);
    if reference != github.branch {
        return Some(format!("No ref found for: {}", asked.reference));
    }
    let unknown = asked.inputs.as_object()?.keys().filter(|name| !declared.contains(&name.as_str()));
    let unknown: Vec<String> = unknown.map(|name| format!("\"{name}\"")).collect();
    (!unknown.is_empty()).then(|| format!("Unexpected inputs provided: [{}]", unknown.join(", ")))
}

/// 204, or 200 with the run it made: asked for in the older version, always in the newer.
pub(super) async fn dispatch(
    State(shared): State<Shared>,
    Path((_, _, id)): Named,
    headers: HeaderMap,
    body: String,
) -> Response {
    let Ok(asked) = serde_json::from_str::<Dispatch>(&body) else {
        return error(StatusCode::UNPROCESSABLE_ENTITY, "Invalid request.");
    };
    let mut world = shared.world();
    let Some(index) = position(&world.github, &id) else { return not_found() };
    if let Some(why) = undispatchable(&world.github, index, &asked) {
        return error(StatusCode::UNPROCESSABLE_ENTITY, &why);
    }
    let Some(env) = world.github.workflows.get(index).and_then(|one| one.deploys).map(|deploys| deploys.env) else {
        return not_found();
    };
    let sha = asked.inputs.get("sha").and_then(Value::as_str).unwrap_or(&world.github.branch);
    // A run that checks out what is not there would fail; here it does not begin.
    let Some(commit) = resolve(&world, sha) else {
        return error(StatusCode::UNPROCESSABLE_ENTITY, &format!("No ref found for: {sha}"));
    };
    let actor = Some(world.github.login.clone());
    let gated = world.github.environments.iter().any(|one| one.env == env && !one.reviewers.is_empty());
    let event = "workflow_dispatch".to_owned();
    let health = Health::good();
    let run = world.deploy(Deploy { env, commit, backend: true, frontend: true, health, gated, event, actor });
    if !asked.return_run_details && guard::version(&headers) == guard::VERSIONS.first().copied() {
        return StatusCode::NO_CONTENT.into_response();
    }
    let path = format!("{}/{}", world.github.owner, world.github.repo);
    Json(json!({
        "workflow_run_id": run,
        "run_url": format!("{}/repos/{path}/actions/runs/{run}", origin(&shared)),
        "html_url": format!("https://github.com/{path}/actions/runs/{run}"),
    }))
    .into_response()
}

pub(super) async fn pending(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    let Some(run) = world.github.run(id) else { return not_found() };
    Json(json::pending(&world, run)).into_response()
}

#[derive(Deserialize)]
struct ReviewBody {
    environment_ids: Vec<u64>,
    state: String,
    comment: String,
}

pub(super) async fn answer(State(shared): State<Shared>, Path((_, _, id)): Numbered, body: String) -> Response {
    let Ok(asked) = serde_json::from_str::<ReviewBody>(&body) else {
        return error(StatusCode::UNPROCESSABLE_ENTITY, "Invalid request.");
    };
    let mut world = shared.world();
    let Some(run) = world.github.run(id) else { return not_found() };
    let env = run.env;
    let named =
        world.github.environments.iter().any(|one| asked.environment_ids.contains(&one.id) && Some(one.env) == env);
    let approved = asked.state == "approved";
    let own = world.github.environments.iter().find(|one| Some(one.env) == env);
    let may = own.is_some_and(|one| json::may_review(&world, run, one));
    let valid = named && may && (approved || asked.state == "rejected");
    let reviewed = run.held(world.now).is_some_and(|gate| gate.approved_at.is_some());
    if !valid || !world.answer_gate(id, approved) {
        // The same words for an answered gate, a stranger, and one's own run (docs/platforms/github.md section 5.1).
        let errors = match reviewed {
            true => "Deployment protection rule has already been reviewed",
            false => "No pending deployment requests to approve or reject",
        };
        let body = json!({"message": "Validation Failed", "errors": errors, "status": "422"});
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response();
    }
    let user = world.github.login.clone();
    if let (Some(env), Some(run)) = (env, world.github.run_mut(id)) {
        let state = if approved { "approved" } else { "rejected" };
        run.reviews.push(Review { env, state, user, comment: asked.comment });
    }
    drop(world);
    shared.wake();
    let world = shared.world();
    let made: Vec<Value> =
        world.github.deployments.iter().filter(|one| one.run == id).map(|one| deployment_json(&world, one)).collect();
    Json(made).into_response()
}
