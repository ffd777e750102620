//! Vercel's REST API: user, project, deployments, build and runtime logs, the production pointer, aliases, domains and
//! variables (docs/platforms/vercel.md sections 1 to 8). The version is in the path, and any `vN` is taken.

mod checks;
mod guard;
pub(crate) mod json;
mod levers;
mod observability;
mod pointer;
pub(crate) mod rolling;
mod scope;
mod variables;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, middleware, routing};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::shared::Shared;
use super::stream;
use super::world::vercel::{BUILT, VercelWorld};
use json::{Form, deployment_json};

/// A followed build log stays open for this long after the build.
const TRAIL: SignedDuration = SignedDuration::from_secs(1);
/// A followed build log that is silent for this long gets a line without `created`, which readers drop.
const KEEPALIVE: SignedDuration = SignedDuration::from_secs(1);

/// The origin's routes.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/{v}/user", routing::get(scope::user))
        .route("/{v}/teams", routing::get(scope::teams))
        .route("/{v}/teams/{team}", routing::get(scope::team))
        .route("/teams/{team}", routing::get(scope::bare_team))
        .route("/{v}/projects", routing::get(scope::projects))
        .route("/{v}/projects/{id}", routing::get(scope::project).patch(scope::change))
        .route("/{v}/projects/{id}/domains", routing::get(scope::domains))
        .route("/{v}/domains/{domain}/config", routing::get(scope::domain_config))
        .route("/{v}/projects/{id}/pause", routing::post(levers::pause))
        .route("/{v}/projects/{id}/unpause", routing::post(levers::unpause))
        .route("/{v}/security/attack-mode", routing::post(levers::challenge))
        .merge(rolling::routes())
        .merge(checks::routes())
        .route("/{v}/observability/events", routing::post(observability::events))
        .route("/{v}/projects/{id}/env", routing::get(variables::list).post(variables::create))
        .route(
            "/{v}/projects/{id}/env/{variable}",
            routing::get(variables::one).patch(variables::change).delete(variables::remove),
        )
        .route("/{v}/projects/{id}/custom-environments", routing::get(scope::environments))
        .route("/projects/{id}/custom-environments", routing::get(scope::bare_environments))
        .route("/{v}/projects/{id}/rollback/aliases", routing::get(pointer::outcomes))
        .route("/{v}/projects/{id}/promote/aliases", routing::get(pointer::outcomes))
        .route("/{v}/projects/{id}/rollback/{deployment}", routing::post(pointer::rollback))
        .route("/{v}/projects/{id}/promote/{deployment}", routing::post(pointer::promote))
        .route("/{v}/projects/{id}/deployments/{deployment}/runtime-logs", routing::get(runtime_logs))
        .route("/{v}/deployments", routing::get(deployments).post(levers::create))
        .route("/{v}/deployments/{id}", routing::get(deployment))
        .route("/{v}/deployments/{id}/builds", routing::get(builds))
        .route("/{v}/deployments/{id}/events", routing::get(events))
        .route("/{v}/now/deployments/{id}/events", routing::get(events))
        .route("/{v}/deployments/{id}/aliases", routing::get(pointer::deployment_aliases).post(pointer::assign))
        .route("/{v}/aliases", routing::get(pointer::aliases))
        .route("/{v}/aliases/{alias}", routing::get(pointer::alias))
        .method_not_allowed_fallback(async || missing("Resource"))
        .fallback(async || missing("Resource"))
        .layer(middleware::from_fn_with_state(shared.clone(), guard::guard))
        .with_state(shared)
}

/// An error as Vercel writes it.
fn error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"error": {"code": code, "message": message}}))).into_response()
}

fn missing(what: &str) -> Response {
    error(StatusCode::NOT_FOUND, "not_found", &format!("{what} not found"))
}

fn is_project(vercel: &VercelWorld, id: &str) -> bool {
    vercel.project.id == id || vercel.project.name == id
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    target: Option<String>,
    project_id: Option<String>,
    state: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
    limit: Option<usize>,
    sha: Option<String>,
    rollback_candidate: Option<bool>,
}

async fn deployments(State(shared): State<Shared>, Query(query): Query<ListQuery>) -> Response {
    let world = shared.world();
    if query.project_id.as_deref().is_some_and(|id| !is_project(&world.vercel, id)) {
        return missing("Project");
    }
    let wanted = query.target.as_deref().map(|target| world.vercel.target(target));
    let limit = query.limit.unwrap_or(20).clamp(1, 100);
    let now = world.now;
    let mut chosen: Vec<_> = world
        .vercel
        .listed(now)
        .rev()
        .filter(|one| wanted.is_none_or(|wanted| wanted == Some(one.env)))
        .filter(|one| query.state.as_deref().is_none_or(|list| list.split(',').any(|state| state == one.state(now))))
        .filter(|one| query.since.is_none_or(|since| one.created_at.as_millisecond() > since))
        .filter(|one| query.until.is_none_or(|until| one.created_at.as_millisecond() < until))
        .filter(|one| query.sha.as_deref().is_none_or(|sha| world.sha(one.commit) == sha))
        .filter(|one| query.rollback_candidate.is_none_or(|asked| asked == json::candidate(&world, one)))
        .collect();
    chosen.sort_by_key(|one| std::cmp::Reverse(one.created_at));
    let next = chosen.get(limit).and_then(|_| chosen.get(limit - 1)).map(|one| one.created_at.as_millisecond());
    chosen.truncate(limit);
    let prev = chosen.first().map(|one| one.created_at.as_millisecond());
    let all: Vec<Value> = chosen.into_iter().map(|one| deployment_json(&world, one, Form::List)).collect();
    let page = json!({"count": all.len(), "next": next, "prev": prev});
    Json(json!({"deployments": all, "pagination": page})).into_response()
}

/// What a deployment was built from: one build.
async fn builds(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    let Some(one) = world.vercel.deployment(&id) else { return missing("Deployment") };
    let made = one.created_at.as_millisecond();
    let build = json!({
        "id": "bld_main", "deploymentId": one.id, "entrypoint": "package.json", "use": "@vercel/next", "config": {},
        "readyState": one.state(world.now), "readyStateAt": one.ready_at(world.now).map_or(made, |at| at.as_millisecond()),
        "scheduledAt": null, "createdAt": made, "createdIn": "sfo1", "output": [], "fingerprint": null,
    });
    Json(json!({"builds": [build]})).into_response()
}

async fn deployment(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    match world.vercel.deployment(&id) {
        Some(one) => Json(deployment_json(&world, one, Form::Single)).into_response(),
        None => missing("Deployment"),
    }
}

#[derive(Deserialize)]
struct EventsQuery {
    since: Option<i64>,
    until: Option<i64>,
    limit: Option<i64>,
    direction: Option<String>,
    follow: Option<String>,
    format: Option<String>,
}

impl EventsQuery {
    /// The part of a finished answer that was asked for.
    fn cut(&self, mut all: Vec<Value>) -> Vec<Value> {
        if let Some(until) = self.until {
            all.retain(|event| event["date"].as_i64().is_some_and(|at| at <= until));
        }
        if self.direction.as_deref() == Some("backward") {
            all.reverse();
        }
        if let Some(limit) = self.limit.and_then(|limit| usize::try_from(limit).ok()) {
            all.truncate(limit);
        }
        all
    }
}

async fn events(
    State(shared): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    Query(query): Query<EventsQuery>,
) -> Response {
    let mut since = query.since.unwrap_or(i64::MIN);
    let (all, mut spoke) = {
        let world = shared.world();
        let Some(one) = world.vercel.deployment(&id) else { return missing("Deployment") };
        (query.cut(json::events(&world, one, since)), world.now)
    };
    // The CLI asks with an empty `follow=`.
    let follow = query.follow.as_deref().is_some_and(|follow| follow != "0");
    if !follow {
        return if query.format.as_deref() == Some("lines") { stream::all(&all) } else { Json(all).into_response() };
    }
    stream::lines(shared, move |world| {
        let Some(one) = world.vercel.deployment(&id) else { return (Vec::new(), true) };
        let mut all = json::events(world, one, since);
        let last = all.iter().filter_map(|event| event.get("date")?.as_i64()).max();
        // `since` is inclusive for readers, so the next one starts a millisecond later.
        since = last.map_or(since, |last| last + 1);
        if !all.is_empty() {
            spoke = world.now;
        } else if world.now.duration_since(spoke) >= KEEPALIVE {
            spoke = world.now;
            all.push(json!({}));
        }
        // Lines trail the final state: the domains come after READY.
        let built = world.now.duration_since(one.created_at) >= BUILT + TRAIL;
        (all, one.state(world.now) == "CANCELED" || built)
    })
}

async fn runtime_logs(
    State(shared): State<Shared>,
    Path((_, project, deployment)): Path<(String, String, String)>,
) -> Response {
    let mut after: Timestamp = {
        let world = shared.world();
        if !is_project(&world.vercel, &project) || world.vercel.deployment(&deployment).is_none() {
            return missing("Deployment");
        }
        world.now
    };
    stream::lines(shared, move |world| {
        let fresh: Vec<_> = world.vercel.logs.iter().rev().take_while(|line| line.at > after).collect();
        after = fresh.first().map_or(after, |line| line.at);
        let mine = fresh.into_iter().rev().filter(|line| line.instance == deployment);
        (mine.map(|line| json::runtime_line(world, line)).collect(), false)
    })
}
