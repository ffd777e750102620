//! The condition of a project: advisors, disk, read-only mode, upgrades, functions (docs/platforms/supabase.md section 3).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{error, with};
use crate::sim::shared::Shared;
use crate::sim::world::supabase::SupabaseProject;

/// Bytes of a project's disk.
const DISK: u64 = 8 << 30;

fn answer(shared: &Shared, reference: &str, body: impl FnOnce(&SupabaseProject) -> Value) -> Response {
    let world = shared.world();
    with(&world, reference, |project| Json(body(project)).into_response())
}

/// An error of the security advisor.
fn lint(name: &String) -> Value {
    json!({
        "name": name, "title": name.replace('_', " "), "level": "ERROR", "facing": "EXTERNAL", "categories": ["SECURITY"],
        "description": format!("Detects {}.", name.replace('_', " ")),
        "detail": "Table `public.feedback` is public, but RLS has not been enabled.",
        "remediation": "https://supabase.com/docs/guides/database/database-linter",
        "metadata": {"name": "feedback", "type": "table", "schema": "public"},
        "cache_key": format!("{name}_public_feedback"),
    })
}

pub(super) async fn advisors(
    State(shared): State<Shared>,
    Path((reference, kind)): Path<(String, String)>,
) -> Response {
    match kind.as_str() {
        "security" => {
            answer(&shared, &reference, |project| json!({"lints": project.lints.iter().map(lint).collect::<Vec<_>>()}))
        }
        "performance" => answer(&shared, &reference, |_| {
            json!({"lints": [{
                "name": "unused_index", "title": "Unused Index", "level": "INFO", "facing": "EXTERNAL",
                "categories": ["PERFORMANCE"], "description": "Detects if an index has never been used.",
                "detail": "Index `messages_created_at_idx` on table `public.messages` has not been used",
                "remediation": "https://supabase.com/docs/guides/database/database-linter?lint=0005_unused_index",
                "metadata": {"name": "messages", "type": "table", "schema": "public"},
                "cache_key": "unused_index_public_messages_messages_created_at_idx",
            }]})
        }),
        _ => error(StatusCode::NOT_FOUND, "Not Found"),
    }
}

pub(super) async fn read_only(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    answer(
        &shared,
        &reference,
        |project| json!({"enabled": project.read_only, "override_enabled": false, "override_active_until": "infinity"}),
    )
}

pub(super) async fn disk(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let now = shared.now();
    answer(&shared, &reference, |project| {
        let used = DISK / 100 * project.disk_percent;
        json!({"timestamp": now, "metrics": {"fs_size_bytes": DISK, "fs_used_bytes": used, "fs_avail_bytes": DISK - used}})
    })
}

pub(super) async fn upgrade(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    answer(&shared, &reference, |_| json!({"databaseUpgradeStatus": null}))
}

pub(super) async fn functions(State(shared): State<Shared>, Path(reference): Path<String>) -> Response {
    let made = shared.world().start.as_millisecond() - 86_400_000;
    answer(&shared, &reference, |_| {
        json!([{
            "id": "5f0b4f0e-6c5c-4a5e-9d0e-0a1b2c3d4e5f", "slug": "embed", "name": "embed", "status": "ACTIVE", "version": 7,
            "created_at": made, "updated_at": made, "verify_jwt": true, "import_map": false,
        }])
    })
}
