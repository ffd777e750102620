//! Backups, the data API's settings and the API keys (docs/platforms/supabase.md sections 2, 3.4 and 3.8).

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::with;
use crate::sim::shared::Shared;
use crate::sim::world::ids;
use crate::sim::world::supabase::SupabaseProject;

/// Daily backups are kept for a week.
const KEPT: i64 = 7;
const DAY: i64 = 86_400;
/// Backups are made at four in the morning.
const AT: i64 = 4 * 3_600;

pub(super) async fn backups(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let world = shared.world();
    with(&world, &reference, |project| {
        let newest = (world.now.as_second() - AT).div_euclid(DAY);
        let all: Vec<Value> = (0..KEPT)
            .filter_map(|age| {
                let day = newest - age;
                let at = Timestamp::from_second(day * DAY + AT).ok()?;
                (at > project.created_at)
                    .then(|| json!({"id": day, "is_physical_backup": true, "status": "COMPLETED", "inserted_at": at}))
            })
            .collect();
        Json(json!({
            "region": project.region,
            "walg_enabled": true,
            "pitr_enabled": false,
            "backups": all,
            "physical_backup_data": {},
        }))
        .into_response()
    })
}

/// As the platform does, it gives the JWT secret away: a reader has to drop it.
pub(super) async fn data_api(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let world = shared.world();
    with(&world, &reference, |project| {
        Json(json!({
            "db_schema": "public,graphql_public",
            "max_rows": 1000,
            "db_extra_search_path": "public, extensions",
            "db_pool": null,
            "jwt_secret": ids::base62(world.seed, &format!("jwt-{}", project.reference), 0, 32),
        }))
        .into_response()
    })
}

#[derive(Deserialize)]
pub(super) struct Reveal {
    reveal: Option<bool>,
}

pub(super) async fn api_keys(
    State(shared): State<Shared>,
    Path(reference): Path<String>,
    Query(query): Query<Reveal>,
) -> Response {
    let world = shared.world();
    with(&world, &reference, |project| {
        let key = |name, kind| key_json(world.seed, project, name, kind, query.reveal == Some(true));
        let all = [
            key("anon", "legacy"),
            key("service_role", "legacy"),
            key("default", "publishable"),
            key("default", "secret"),
        ];
        Json(Value::from(all.to_vec())).into_response()
    })
}

/// Legacy and publishable keys come whole, secret ones only when they are revealed.
fn key_json(seed: u64, project: &SupabaseProject, name: &str, kind: &str, reveal: bool) -> Value {
    let random = |n| ids::base62(seed, &format!("key-{kind}-{name}-{}", project.reference), n, 31);
    let (prefix, key) = match kind {
        "legacy" => (None, jwt(project, name, &random(0))),
        kind => (Some(random(1).chars().take(5).collect::<String>()), format!("sb_{kind}_{}", random(0))),
    };
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(key.as_bytes()));
    let masked = kind == "secret" && !reveal;
    let begin: String = key.chars().take("sb_secret_".len() + 5).collect();
    let made = (kind != "legacy").then_some(project.created_at);
    json!({
        "name": name,
        "api_key": if masked { format!("{begin}{}", "·".repeat(16)) } else { key },
        "id": ids::hex(seed, &format!("key-id-{kind}-{name}-{}", project.reference), 0, 32),
        "type": kind,
        "prefix": prefix,
        "hash": (kind != "legacy").then_some(hash),
        "description": null,
        "secret_jwt_template": (kind == "secret").then(|| json!({"role": "service_role"})),
        "inserted_at": made,
        "updated_at": made,
    })
}

/// The shape of a legacy key; nothing signs it.
fn jwt(project: &SupabaseProject, role: &str, signature: &str) -> String {
    let head = json!({"alg": "HS256", "typ": "JWT"}).to_string();
    let from = project.created_at.as_second();
    let until = (project.created_at + SignedDuration::from_hours(24 * 3_650)).as_second();
    let claims = json!({"iss": "supabase", "ref": project.reference, "role": role, "iat": from, "exp": until});
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(&head), part(&claims.to_string()), part(signature))
}
