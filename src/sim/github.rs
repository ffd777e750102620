//! GitHub's REST API: runs, jobs and their logs, gates, deployments, comparison, secrets and variables (github.md).

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde::Deserialize;
use serde_json::{Value, json};

use super::github_json::{self, deployment_json, job_json, run_json};
use super::shared::Shared;
use super::world::deploy::Deploy;
use super::world::{Env, Health, World};

/// Requests per hour of a personal token.
const LIMIT: u64 = 5_000;

/// The origin's routes.
pub(crate) fn router(shared: Shared) -> Router {
    let repo = Router::new()
        .route("/", routing::get(repository))
        .route("/actions/runs", routing::get(runs))
        .route("/actions/runs/{id}", routing::get(run))
        .route("/actions/runs/{id}/jobs", routing::get(jobs))
        .route("/actions/runs/{id}/cancel", routing::post(cancel))
        .route("/actions/runs/{id}/pending_deployments", routing::get(pending).post(answer))
        .route("/actions/jobs/{id}/logs", routing::get(job_log))
        .route("/actions/workflows", routing::get(workflows))
        .route("/actions/workflows/{id}/dispatches", routing::post(dispatch))
        .route("/actions/secrets", routing::get(repo_secrets))
        .route("/actions/variables", routing::get(repo_variables))
        .route("/environments", routing::get(environments))
        .route("/environments/{env}/secrets", routing::get(env_secrets))
        .route("/environments/{env}/variables", routing::get(env_variables))
        .route("/deployments", routing::get(deployments))
        .route("/deployments/{id}/statuses", routing::get(statuses))
        .route("/commits", routing::get(commits))
        .route("/compare/{basehead}", routing::get(compare))
        .layer(middleware::from_fn_with_state(shared.clone(), owned));
    Router::new()
        .route("/user", routing::get(user))
        .route("/rate_limit", routing::get(rate_limit))
        .nest("/repos/{owner}/{repo}", repo)
        .layer(middleware::from_fn_with_state(shared.clone(), guard))
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

/// How many requests are left, and when the window starts again (seconds).
fn budget(shared: &Shared) -> (u64, i64) {
    let used: u64 = shared.counts().get("github").map_or(0, |routes| routes.values().sum());
    let now = shared.now().as_second();
    (LIMIT.saturating_sub(used), now - now.rem_euclid(3_600) + 3_600)
}

/// Token, rate limit, request id.
async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("token ")));
    let known = token.is_some_and(|token| token == shared.world().github.token);
    let (left, reset) = budget(&shared);
    let mut response = if !known {
        error(StatusCode::UNAUTHORIZED, if token.is_some() { "Bad credentials" } else { "Requires authentication" })
    } else if left == 0 {
        error(StatusCode::FORBIDDEN, "API rate limit exceeded for user ID 4711.")
    } else {
        next.run(request).await
    };
    let id = uuid::Uuid::now_v7().simple().to_string();
    let stamps = [
        ("x-ratelimit-limit", LIMIT.to_string()),
        ("x-ratelimit-remaining", left.to_string()),
        ("x-ratelimit-used", (LIMIT - left).to_string()),
        ("x-ratelimit-reset", reset.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
        ("x-github-request-id", id),
    ];
    for (name, value) in stamps {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Any other repository does not exist for this token.
async fn owned(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let prefix = {
        let world = shared.world();
        format!("/{}/{}", world.github.owner, world.github.repo)
    };
    let uri = request.extensions().get::<axum::extract::OriginalUri>().map(|uri| uri.0.path().to_owned());
    let path = uri.unwrap_or_else(|| request.uri().path().to_owned());
    let inside = path.strip_prefix("/repos").and_then(|path| path.strip_prefix(&prefix));
    if inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
        next.run(request).await
    } else {
        not_found()
    }
}

async fn user(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    Json(json!({"login": world.github.login, "id": 4711, "type": "User", "name": world.github.login}))
}

async fn rate_limit(State(shared): State<Shared>) -> Json<Value> {
    let (left, reset) = budget(&shared);
    let core = json!({"limit": LIMIT, "remaining": left, "used": LIMIT - left, "reset": reset});
    Json(json!({"resources": {"core": core}, "rate": core}))
}

type Place = Path<(String, String)>;
type Numbered = Path<(String, String, u64)>;
type Named = Path<(String, String, String)>;

async fn repository(State(shared): State<Shared>, _: Place) -> Json<Value> {
    let world = shared.world();
    let github = &world.github;
    let name = format!("{}/{}", github.owner, github.repo);
    Json(json!({"id": 91, "name": github.repo, "full_name": name, "private": true, "default_branch": github.branch}))
}

#[derive(Deserialize)]
struct Page {
    per_page: Option<usize>,
    page: Option<usize>,
    environment: Option<String>,
    status: Option<String>,
    head_sha: Option<String>,
}

impl Page {
    /// The rows of the page.
    fn cut<T>(&self, all: Vec<T>) -> Vec<T> {
        let size = self.per_page.unwrap_or(30).clamp(1, 100);
        all.into_iter().skip(self.page.unwrap_or(1).saturating_sub(1) * size).take(size).collect()
    }
}

async fn runs(State(shared): State<Shared>, _: Place, Query(page): Query<Page>) -> Json<Value> {
    let world = shared.world();
    let newest = world.github.runs.iter().rev().map(|run| run_json(&world, run)).filter(|run| {
        page.status.as_ref().is_none_or(|asked| run["status"] == **asked || run["conclusion"] == **asked)
            && page.head_sha.as_ref().is_none_or(|sha| run["head_sha"] == **sha)
    });
    let all: Vec<Value> = newest.collect();
    Json(json!({"total_count": all.len(), "workflow_runs": page.cut(all)}))
}

async fn run(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    world.github.run(id).map_or_else(not_found, |run| Json(run_json(&world, run)).into_response())
}

async fn jobs(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    let Some(run) = world.github.run(id) else { return not_found() };
    let all: Vec<Value> = run.jobs.iter().map(|job| job_json(&world, run, job)).collect();
    Json(json!({"total_count": all.len(), "jobs": all})).into_response()
}

async fn cancel(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let mut world = shared.world();
    let now = world.now;
    let Some(run) = world.github.run_mut(id) else { return not_found() };
    if run.progress(now).status == "completed" {
        return error(StatusCode::CONFLICT, "Cannot cancel a workflow run that is completed.");
    }
    run.canceled_at = Some(now);
    (StatusCode::ACCEPTED, Json(json!({}))).into_response()
}

async fn job_log(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    let all = world.github.runs.iter().flat_map(|run| run.jobs.iter().map(move |job| (run, job)));
    let found = all.into_iter().find(|(_, job)| job.id == id);
    // The log of a job exists when the job has ended, not before.
    let text = found.and_then(|(run, job)| github_json::job_log(&world, run, job));
    text.map_or_else(not_found, |text| ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

async fn workflows(State(shared): State<Shared>, _: Place) -> Json<Value> {
    let world = shared.world();
    let all: Vec<Value> = world
        .github
        .workflows
        .iter()
        .map(|one| json!({"id": one.id, "name": one.name, "path": one.path, "state": "active"}))
        .collect();
    Json(json!({"total_count": all.len(), "workflows": all}))
}

#[derive(Deserialize)]
struct Dispatch {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    inputs: Value,
}

async fn dispatch(State(shared): State<Shared>, Path((_, _, id)): Named, body: String) -> Response {
    let Ok(asked) = serde_json::from_str::<Dispatch>(&body) else {
        return error(StatusCode::UNPROCESSABLE_ENTITY, "Invalid request.");
    };
    let mut world = shared.world();
    let mut known = world.github.workflows.iter();
    let index = known.position(|one| one.id.to_string() == id || one.path.ends_with(&format!("/{id}")));
    let Some(index) = index else { return not_found() };
    let env = if index == 0 { Env::Staging } else { Env::Production };
    let sha = asked.inputs.get("sha").and_then(Value::as_str).unwrap_or(&asked.reference);
    let head = if sha == world.github.branch { world.commits.len().checked_sub(1) } else { world.find_commit(sha) };
    let Some(commit) = head else {
        return error(StatusCode::UNPROCESSABLE_ENTITY, &format!("No ref found for: {}", asked.reference));
    };
    let actor = Some(world.github.login.clone());
    let gated = world.github.environments.iter().any(|one| one.env == env && !one.reviewers.is_empty());
    let event = "workflow_dispatch".to_owned();
    let health = Health::good();
    world.deploy(Deploy { env, commit, backend: true, frontend: true, health, gated, event, actor });
    StatusCode::NO_CONTENT.into_response()
}

async fn pending(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    let Some(run) = world.github.run(id) else { return not_found() };
    Json(github_json::pending(&world, run)).into_response()
}

#[derive(Deserialize)]
struct Answer {
    environment_ids: Vec<u64>,
    state: String,
    #[serde(rename = "comment")]
    _comment: String,
}

async fn answer(State(shared): State<Shared>, Path((_, _, id)): Numbered, body: String) -> Response {
    let Ok(asked) = serde_json::from_str::<Answer>(&body) else {
        return error(StatusCode::UNPROCESSABLE_ENTITY, "Invalid request.");
    };
    let mut world = shared.world();
    let Some(run) = world.github.run(id) else { return not_found() };
    let env = run.env;
    let named =
        world.github.environments.iter().any(|one| asked.environment_ids.contains(&one.id) && Some(one.env) == env);
    let approved = asked.state == "approved";
    if !named || !(approved || asked.state == "rejected") || !world.answer_gate(id, approved, Health::good()) {
        return error(StatusCode::UNPROCESSABLE_ENTITY, "There are no pending deployment requests for the environment");
    }
    drop(world);
    shared.wake();
    let world = shared.world();
    let made: Vec<Value> =
        world.github.deployments.iter().filter(|one| one.run == id).map(|one| deployment_json(&world, one)).collect();
    Json(made).into_response()
}

async fn environments(State(shared): State<Shared>, _: Place) -> Json<Value> {
    let world = shared.world();
    let all: Vec<Value> = world.github.environments.iter().map(github_json::environment).collect();
    Json(json!({"total_count": all.len(), "environments": all}))
}

fn secret_list(world: &World, env: Option<Env>, page: &Page) -> Response {
    let mine = world.github.secrets.iter().filter(|one| one.env == env);
    let all: Vec<Value> =
        mine.map(|one| json!({"name": one.name, "created_at": one.created_at, "updated_at": one.updated_at})).collect();
    Json(json!({"total_count": all.len(), "secrets": page.cut(all)})).into_response()
}

fn variable_list(world: &World, env: Option<Env>, page: &Page) -> Response {
    let mine = world.github.variables.iter().filter(|one| one.env == env);
    let row = |one: &super::world::github::GithubVariable| json!({"name": one.name, "value": one.value, "created_at": one.updated_at, "updated_at": one.updated_at});
    let all: Vec<Value> = mine.map(row).collect();
    Json(json!({"total_count": all.len(), "variables": page.cut(all)})).into_response()
}

async fn repo_secrets(State(shared): State<Shared>, _: Place, Query(page): Query<Page>) -> Response {
    secret_list(&shared.world(), None, &page)
}

async fn repo_variables(State(shared): State<Shared>, _: Place, Query(page): Query<Page>) -> Response {
    variable_list(&shared.world(), None, &page)
}

async fn env_secrets(State(shared): State<Shared>, Path((_, _, env)): Named, Query(page): Query<Page>) -> Response {
    Env::parse(&env).map_or_else(not_found, |env| secret_list(&shared.world(), Some(env), &page))
}

async fn env_variables(State(shared): State<Shared>, Path((_, _, env)): Named, Query(page): Query<Page>) -> Response {
    Env::parse(&env).map_or_else(not_found, |env| variable_list(&shared.world(), Some(env), &page))
}

async fn deployments(State(shared): State<Shared>, _: Place, Query(page): Query<Page>) -> Json<Value> {
    let world = shared.world();
    let newest = world.github.deployments.iter().rev();
    let mine = newest.filter(|one| page.environment.as_deref().is_none_or(|env| env == one.env.name()));
    let all = mine.map(|one| deployment_json(&world, one)).collect();
    Json(Value::Array(page.cut(all)))
}

async fn statuses(State(shared): State<Shared>, Path((_, _, id)): Numbered) -> Response {
    let world = shared.world();
    let found = world.github.deployments.iter().find(|one| one.id == id);
    found.map_or_else(not_found, |one| Json(github_json::statuses(&world, one)).into_response())
}

async fn commits(State(shared): State<Shared>, _: Place, Query(page): Query<Page>) -> Json<Value> {
    let world = shared.world();
    let all = world.commits.iter().rev().map(github_json::commit).collect();
    Json(Value::Array(page.cut(all)))
}

async fn compare(State(shared): State<Shared>, Path((_, _, basehead)): Named) -> Response {
    let world = shared.world();
    let Some((base, head)) = basehead.split_once("...") else { return not_found() };
    let find = |name: &str| {
        if name == world.github.branch { world.commits.len().checked_sub(1) } else { world.find_commit(name) }
    };
    match (find(base), find(head)) {
        (Some(base), Some(head)) => Json(github_json::compare(&world, base, head)).into_response(),
        _ => not_found(),
    }
}
