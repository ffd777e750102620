//! Open alerts (github.md section 8): one dependency that matters little, no finding of a scan, and no scan for secrets.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Place, not_found};
use crate::sim::github_json::parts::api;
use crate::sim::shared::Shared;

pub(super) async fn dependencies(State(shared): State<Shared>, _: Place) -> Json<Value> {
    let world = shared.world();
    let at = world.start;
    let package = json!({"ecosystem": "npm", "name": "nanoid"});
    let (range, patched) = ("< 3.3.8", json!({"identifier": "3.3.8"}));
    Json(json!([{
        "number": 4, "state": "open", "url": api(&world, "dependabot/alerts/4"),
        "html_url": format!("https://github.com/{}/{}/security/dependabot/4", world.github.owner, world.github.repo),
        "dependency": {"package": package, "manifest_path": "web/package-lock.json", "scope": "runtime", "relationship": "transitive"},
        "security_advisory": {
            "ghsa_id": "GHSA-mwcw-c2x4-8c55", "cve_id": "CVE-2024-55565", "summary": "Predictable results when given non-integer values",
            "description": "", "severity": "medium", "cvss": {"score": 4.3, "vector_string": null},
            "cwes": [{"cwe_id": "CWE-835", "name": "Infinite loop"}], "identifiers": [{"type": "GHSA", "value": "GHSA-mwcw-c2x4-8c55"}],
            "references": [], "published_at": at, "updated_at": at, "withdrawn_at": null,
            "vulnerabilities": [{
                "package": package, "severity": "medium", "vulnerable_version_range": range, "first_patched_version": patched,
            }],
        },
        "security_vulnerability": {
            "package": package, "severity": "medium", "vulnerable_version_range": range, "first_patched_version": patched,
        },
        "created_at": at, "updated_at": at, "dismissed_at": null, "dismissed_by": null, "dismissed_reason": null,
        "dismissed_comment": null, "fixed_at": null,
    }]))
}

pub(super) async fn code(_: Place) -> Json<Value> {
    Json(json!([]))
}

/// The feature is switched off.
pub(super) async fn secrets(_: Place) -> Response {
    not_found()
}
