//! The simulated product's edge. It answers by what really runs, whatever the platforms say.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde_json::json;

use super::shared::Shared;
use super::world::Env;
use super::world::fly::FlyApp;

#[derive(Clone)]
struct Edge {
    shared: Shared,
    env: Env,
    name: Arc<str>,
    turn: Arc<AtomicUsize>,
}

/// What one request meets.
struct Served {
    sha: String,
    version: String,
    slow: Duration,
    error: Option<String>,
    machine: String,
}

/// The backend's routes: `/health`, `/version`, `/`.
pub(crate) fn backend(shared: Shared, env: Env) -> Router {
    Router::new()
        .route("/", routing::get(version).options(preflight))
        .route("/health", routing::get(health).options(preflight))
        .route("/version", routing::get(version).options(preflight))
        .with_state(Edge::new(shared, env))
}

/// The frontend's page.
pub(crate) fn frontend(shared: Shared, env: Env) -> Router {
    Router::new().route("/", routing::get(page)).with_state(Edge::new(shared, env))
}

/// The backends of a fleet, each under the name of its environment.
pub(crate) fn fleet(shared: Shared) -> Router {
    let edges = {
        let world = shared.world();
        let all = world.product.environments().filter(|(_, one)| one.fleet).map(|(env, one)| (one.name.clone(), env));
        all.collect::<Vec<_>>()
    };
    let edges: HashMap<String, Edge> =
        edges.into_iter().map(|(name, env)| (name, Edge::new(shared.clone(), env))).collect();
    Router::new()
        .route("/{environment}", routing::get(one_version).options(one_preflight))
        .route("/{environment}/health", routing::get(one_health).options(one_preflight))
        .route("/{environment}/version", routing::get(one_version).options(one_preflight))
        .with_state(Arc::new(edges))
}

type Fleet = State<Arc<HashMap<String, Edge>>>;

async fn one_health(State(edges): Fleet, Path(name): Path<String>) -> Response {
    let Some(edge) = edges.get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    health(State(edge.clone())).await
}

async fn one_version(State(edges): Fleet, Path(name): Path<String>) -> Response {
    let Some(edge) = edges.get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    version(State(edge.clone())).await
}

async fn one_preflight(State(edges): Fleet, Path(name): Path<String>) -> Response {
    let Some(edge) = edges.get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    preflight(State(edge.clone())).await
}

impl Edge {
    fn new(shared: Shared, env: Env) -> Self {
        let name = shared.world().product.name(env).into();
        Self { shared, env, name, turn: Arc::default() }
    }

    /// The machine whose turn it is; `None` = none serves.
    fn answer(&self) -> Option<Served> {
        let world = self.shared.world();
        let app = world.fly.env(self.env)?;
        let serving = app.routed(world.now);
        if serving.is_empty() {
            return None;
        }
        let machine = serving.get(self.turn.fetch_add(1, Ordering::Relaxed) % serving.len())?;
        let image = app.image_of(machine)?;
        let well = app.healthy(machine, world.now);
        Some(Served {
            sha: world.sha(image.commit).to_owned(),
            version: FlyApp::version_of(machine).map_or_else(String::new, |version| format!("v{version}")),
            slow: Duration::from_millis(if well && !image.health.healthy { 0 } else { image.health.slow_ms }),
            error: (!well).then(|| image.health.error_text().to_owned()),
            machine: machine.id.clone(),
        })
    }

    /// The headers of every answer; the frontend's origin may read it.
    fn headers(&self, answer: Option<&Served>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let origin = self.shared.origins().and_then(|all| all.edge.get(&*self.name));
        let frontend = origin.map(|edge| edge.frontend.as_str()).filter(|frontend| !frontend.is_empty());
        let allowed = frontend.and_then(|frontend| HeaderValue::from_str(frontend).ok());
        if let Some(allowed) = allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            headers.insert(header::VARY, HeaderValue::from_static("Origin"));
            let methods = HeaderValue::from_static("GET, POST, OPTIONS");
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        for (name, value) in answer.into_iter().flat_map(|one| [("x-release", &one.sha), ("fly-machine", &one.machine)])
        {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }

    fn nobody(&self) -> Response {
        let body = Json(json!({"status": "error", "error": "no machine serves"}));
        (StatusCode::SERVICE_UNAVAILABLE, self.headers(None), body).into_response()
    }
}

async fn preflight(State(edge): State<Edge>) -> Response {
    (StatusCode::NO_CONTENT, edge.headers(None)).into_response()
}

async fn health(State(edge): State<Edge>) -> Response {
    let Some(answer) = edge.answer() else { return edge.nobody() };
    edge.shared.pause(answer.slow).await;
    let headers = edge.headers(Some(&answer));
    let common = json!({"release": answer.sha, "version": answer.version, "machine": answer.machine});
    let mut body = common;
    body["status"] = json!(if answer.error.is_some() { "error" } else { "ok" });
    let Some(error) = answer.error else { return (StatusCode::OK, headers, Json(body)).into_response() };
    body["error"] = json!(error);
    (StatusCode::SERVICE_UNAVAILABLE, headers, Json(body)).into_response()
}

async fn version(State(edge): State<Edge>) -> Response {
    let Some(answer) = edge.answer() else { return edge.nobody() };
    let headers = edge.headers(Some(&answer));
    let body = json!({"version": answer.version, "commit": answer.sha, "machine": answer.machine});
    (StatusCode::OK, headers, Json(body)).into_response()
}

/// What the platform puts before the page: a pause, or a challenge that no program solves.
fn before(edge: &Edge) -> Option<Response> {
    let world = edge.shared.world();
    // A pause blocks what production serves; a challenge meets every visitor of the project.
    if world.vercel.project.paused && world.vercel.is_production(edge.env) {
        let code = (HeaderName::from_static("x-vercel-error"), "DEPLOYMENT_PAUSED");
        let text = "The deployment is currently paused\n\nDEPLOYMENT_PAUSED\n";
        return Some((StatusCode::SERVICE_UNAVAILABLE, [code], text).into_response());
    }
    world.vercel.project.challenges(world.now).then(|| {
        let mark = (HeaderName::from_static("x-vercel-mitigated"), "challenge");
        let html = "<!DOCTYPE html><html><head><title>Vercel Security Checkpoint</title></head><body></body></html>\n";
        (StatusCode::TOO_MANY_REQUESTS, [mark], html).into_response()
    })
}

async fn page(State(edge): State<Edge>) -> Response {
    if let Some(answer) = before(&edge) {
        return answer;
    }
    let (sha, well, slow, text) = {
        let world = edge.shared.world();
        let turn = edge.turn.fetch_add(1, Ordering::Relaxed);
        // Steps of 37 meet every percent in a hundred visits.
        let draw = turn.wrapping_mul(37) % 100;
        let rolling = world.vercel.rolling().filter(|_| world.vercel.is_production(edge.env));
        let canary =
            rolling.filter(|one| draw < one.percent() as usize).and_then(|one| world.vercel.deployment(&one.canary));
        let Some(live) = canary.or_else(|| world.vercel.live(edge.env)) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        (
            world.sha(live.commit).to_owned(),
            live.health.healthy,
            Duration::from_millis(live.health.slow_ms),
            world.product.page.clone(),
        )
    };
    let title = text.split(',').next().unwrap_or_default();
    edge.shared.pause(slow).await;
    let status = if well { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"release\" content=\"{sha}\">\
         <title>{title}</title></head><body><div id=\"__next\">{text}</div></body></html>\n"
    );
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned());
    let id = (HeaderName::from_static("x-vercel-id"), format!("iad1::iad1::{}", uuid::Uuid::now_v7().simple()));
    (status, [kind, (HeaderName::from_static("x-release"), sha), id], html).into_response()
}
