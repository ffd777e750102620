//! User, team, projects with their settings, domains and custom environments (docs/platforms/vercel.md sections 4, 7 and 8).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::{self, project_json};
use super::{error, is_project, missing};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::vercel::Custom;

pub(super) async fn user(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let (name, team) = (&world.vercel.username, &world.vercel.team_id);
    let email = format!("{name}@acme.dev");
    Json(
        json!({"user": {"id": "u1", "username": name, "email": email, "name": name, "defaultTeamId": team, "avatar": null, "limited": true}}),
    )
}

pub(super) async fn teams(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    Json(json!({"teams": [whole_team(&world)], "pagination": {"count": 1, "next": null, "prev": null}}))
}

/// One team by id or slug.
fn team_json(world: &World, asked: &str) -> Response {
    let vercel = &world.vercel;
    if vercel.team_id != asked && vercel.team_slug != asked {
        return missing("Team");
    }
    Json(whole_team(world)).into_response()
}

fn whole_team(world: &World) -> Value {
    let (vercel, made) = (&world.vercel, world.start.as_millisecond() - 86_400_000);
    json!({
        "id": vercel.team_id, "slug": vercel.team_slug, "name": "Acme", "avatar": null, "description": null, "creatorId": "u1",
        "createdAt": made, "updatedAt": made, "stagingPrefix": "", "billing": {"plan": vercel.plan},
        "membership": {"role": "OWNER", "confirmed": true, "created": made, "createdAt": made}, "sensitiveEnvironmentVariablePolicy": "default",
    })
}

pub(super) async fn team(State(shared): State<Shared>, Path((_, team)): Path<(String, String)>) -> Response {
    team_json(&shared.world(), &team)
}

pub(super) async fn bare_team(State(shared): State<Shared>, Path(team): Path<String>) -> Response {
    team_json(&shared.world(), &team)
}

pub(super) async fn projects(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let one = project_json(&world);
    Json(json!({"projects": [one], "pagination": {"count": 1, "next": null, "prev": null}}))
}

pub(super) async fn project(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    if is_project(&world.vercel, &id) { Json(project_json(&world)).into_response() } else { missing("Project") }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    auto_assign_custom_domains: Option<bool>,
}

/// The way to flip auto-assign without promoting.
pub(super) async fn change(
    State(shared): State<Shared>,
    Path((_, id)): Path<(String, String)>,
    body: String,
) -> Response {
    let Ok(asked) = serde_json::from_str::<Settings>(&body) else {
        return error(StatusCode::BAD_REQUEST, "bad_request", "Invalid request: the body is no valid settings object");
    };
    let mut world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    if let Some(on) = asked.auto_assign_custom_domains {
        world.vercel.project.auto_assign = on;
    }
    Json(project_json(&world)).into_response()
}

pub(super) async fn domains(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    let world = shared.world();
    if !is_project(&world.vercel, &id) {
        return missing("Project");
    }
    let all: Vec<Value> = world.vercel.aliases.iter().map(|alias| json::domain(&world.vercel, alias)).collect();
    let page = json!({"count": all.len(), "next": null, "prev": null});
    Json(json!({"domains": all, "pagination": page})).into_response()
}

/// The DNS of a domain, which points here (docs/platforms/vercel.md section 7).
pub(super) async fn domain_config(State(shared): State<Shared>, Path((_, domain)): Path<(String, String)>) -> Response {
    let world = shared.world();
    if !world.vercel.aliases.iter().any(|alias| alias.alias == domain) {
        return missing("Domain");
    }
    Json(json!({
        "configuredBy": "CNAME", "acceptedChallenges": ["http-01", "dns-01"], "misconfigured": false,
        "recommendedIPv4": [{"rank": 1, "value": ["76.76.21.21"]}],
        "recommendedCNAME": [{"rank": 1, "value": "cname.vercel-dns.com."}],
    }))
    .into_response()
}

fn environments_json(world: &World, project: &str) -> Response {
    let vercel = &world.vercel;
    if !is_project(vercel, project) {
        return missing("Project");
    }
    let row = |custom: &Custom| {
        let own: Vec<_> = vercel.aliases.iter().filter(|alias| alias.env == custom.env).collect();
        let domains: Vec<Value> = own.iter().map(|alias| json::domain(vercel, alias)).collect();
        let names: Vec<&str> = own.iter().map(|alias| alias.alias.as_str()).collect();
        let mut one = json::custom(world, custom);
        one["branchMatcher"] = json!({"type": "equals", "pattern": world.github.branch});
        one["domains"] = json!(domains);
        one["currentDeploymentAliases"] = json!(names);
        one
    };
    let all: Vec<Value> = vercel.project.customs.iter().map(row).collect();
    let limit = all.len().max(1);
    Json(json!({"environments": all, "accountLimit": {"total": limit}})).into_response()
}

pub(super) async fn environments(State(shared): State<Shared>, Path((_, id)): Path<(String, String)>) -> Response {
    environments_json(&shared.world(), &id)
}

pub(super) async fn bare_environments(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    environments_json(&shared.world(), &id)
}
