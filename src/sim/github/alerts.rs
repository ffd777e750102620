//! Open alerts (docs/platforms/github.md section 8): one dependency that matters little, no finding of a scan, and no scan for
//! secrets, until a setting says otherwise.

use axum::Json;
use axum::extract::{OriginalUri, Query, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::json::html;
use super::json::parts::api;
use super::lists::origin;
use super::page::Page;
use super::{RepoPath, error};
use crate::sim::shared::Shared;
use crate::sim::world::World;
use crate::sim::world::github::Feature;

/// How many alerts of a feature are open, or why that is not told.
fn open(world: &World, name: &'static str, usual: Feature) -> Result<usize, Box<Response>> {
    let feature = world.github.features.get(name).copied().unwrap_or(usual);
    let refused = |status: StatusCode, words: &str| Err(Box::new(error(status, words)));
    match (feature.state, name) {
        ("on", _) => Ok(feature.alerts.or(usual.alerts).unwrap_or_default()),
        ("off", "dependabot") => refused(StatusCode::FORBIDDEN, "Dependabot alerts are disabled for this repository."),
        ("off", "code-scanning") => refused(
            StatusCode::FORBIDDEN,
            "Advanced Security must be enabled for this repository to use code scanning.",
        ),
        ("off", _) => refused(StatusCode::NOT_FOUND, "Secret scanning is disabled on this repository."),
        ("never_ran", _) => refused(StatusCode::NOT_FOUND, "no analysis found"),
        ("forbidden", _) => refused(StatusCode::FORBIDDEN, "Resource not accessible by personal access token"),
        ("blocked", _) => refused(StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS, "Repository access blocked"),
        _ => refused(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"),
    }
}

fn on(alerts: usize) -> Feature {
    Feature { state: "on", alerts: Some(alerts) }
}

/// Dependabot's list turns by a cursor.
#[derive(Deserialize)]
pub(super) struct Cursor {
    per_page: Option<String>,
    after: Option<String>,
}

pub(super) async fn dependencies(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(cursor): Query<Cursor>,
) -> Response {
    let world = shared.world();
    let count = match open(&world, "dependabot", on(1)) {
        Ok(count) => count,
        Err(refused) => return *refused,
    };
    let size = cursor.per_page.and_then(|text| text.parse().ok()).unwrap_or(30_usize).clamp(1, 100);
    let from = match cursor.after.as_deref().map(|text| text.strip_prefix("cursor-").map(str::parse)) {
        None => 0,
        Some(Some(Ok(from))) => from,
        Some(_) => return error(StatusCode::BAD_REQUEST, "Invalid cursor"),
    };
    let all: Vec<Value> = (from..count).take(size).map(|n| dependency(&world, 4 + n)).collect();
    drop(world);
    let next = from + all.len();
    let mut response = Json(all).into_response();
    let link = format!("<{}{}>; rel=\"next\"", origin(&shared), after(&uri, next));
    if let (true, Ok(link)) = (next < count, HeaderValue::from_str(&link)) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// The same path and query from another cursor on.
fn after(uri: &Uri, from: usize) -> String {
    let query = uri.query().unwrap_or_default().split('&');
    let mut pairs: Vec<String> =
        query.filter(|pair| !pair.is_empty() && !pair.starts_with("after=")).map(str::to_owned).collect();
    pairs.push(format!("after=cursor-{from}"));
    format!("{}?{}", uri.path(), pairs.join("&"))
}

fn dependency(world: &World, number: usize) -> Value {
    let at = world.start;
    let package = json!({"ecosystem": "npm", "name": "nanoid"});
    let (range, patched) = ("< 3.3.8", json!({"identifier": "3.3.8"}));
    json!({
        "number": number, "state": "open", "url": api(world, &format!("dependabot/alerts/{number}")),
        "html_url": html(world, &format!("security/dependabot/{number}")),
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
    })
}

pub(super) async fn code(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let all = {
        let world = shared.world();
        match open(&world, "code-scanning", on(0)) {
            Ok(count) => (0..count).map(|n| finding(&world, n + 1)).collect(),
            Err(refused) => return *refused,
        }
    };
    page.array(&uri, &origin(&shared), all)
}

fn finding(world: &World, number: usize) -> Value {
    let (at, url) = (world.start, api(world, &format!("code-scanning/alerts/{number}")));
    json!({
        "number": number, "state": "open", "url": url, "html_url": html(world, &format!("security/code-scanning/{number}")),
        "instances_url": format!("{url}/instances"), "created_at": at, "updated_at": at, "fixed_at": null,
        "dismissed_by": null, "dismissed_at": null, "dismissed_reason": null, "dismissed_comment": null,
        "rule": {
            "id": "py/sql-injection", "severity": "error", "security_severity_level": "high", "tags": ["security"],
            "description": "SQL query built from user-controlled sources", "name": "py/sql-injection",
        },
        "tool": {"name": "CodeQL", "guid": null, "version": "2.23.5"},
        "most_recent_instance": {
            "ref": format!("refs/heads/{}", world.github.branch), "analysis_key": ".github/workflows/codeql.yml:analyze",
            "environment": "{}", "category": "/language:python", "state": "open",
            "commit_sha": world.commits.last().map(|one| &one.sha),
            "message": {"text": "This SQL query depends on a user-provided value."},
            "location": {"path": "backend/app/db.py", "start_line": 41, "end_line": 41, "start_column": 12, "end_column": 60},
            "classifications": [],
        },
    })
}

/// Off, as it is for private repositories without the product.
pub(super) async fn secrets(
    State(shared): State<Shared>,
    _: RepoPath,
    OriginalUri(uri): OriginalUri,
    Query(page): Query<Page>,
) -> Response {
    let all = {
        let world = shared.world();
        match open(&world, "secret-scanning", Feature { state: "off", alerts: Some(0) }) {
            Ok(count) => {
                let hidden = uri.query().unwrap_or_default().split('&').any(|pair| pair == "hide_secret=true");
                (0..count).map(|n| secret(&world, n + 1, hidden)).collect()
            }
            Err(refused) => return *refused,
        }
    };
    page.array(&uri, &origin(&shared), all)
}

/// The secret itself is in it, unless it was asked to be hidden.
fn secret(world: &World, number: usize, hidden: bool) -> Value {
    let (at, url) = (world.start, api(world, &format!("secret-scanning/alerts/{number}")));
    let mut alert = json!({
        "number": number, "state": "open", "url": url, "html_url": html(world, &format!("security/secret-scanning/{number}")),
        "locations_url": format!("{url}/locations"), "created_at": at, "updated_at": at, "resolution": null,
        "resolved_at": null, "resolved_by": null, "secret_type": "stripe_api_key",
        "secret_type_display_name": "Stripe API Key", "validity": "unknown", "publicly_leaked": false, "multi_repo": false,
        "push_protection_bypassed": false, "push_protection_bypassed_by": null, "push_protection_bypassed_at": null,
    });
    if !hidden {
        alert["secret"] = json!("a secret that nobody may write down");
    }
    alert
}
