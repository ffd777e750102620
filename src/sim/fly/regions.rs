//! The regions of Fly, and the route that lists them (docs/platforms/fly.md section 3).

use axum::{Json, Router, routing};
use serde_json::{Value, json};

use crate::sim::shared::Shared;

/// The route of this file.
pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/v1/platform/regions", routing::get(regions))
}

/// Regions: code, name, latitude, longitude, part of the world.
pub(crate) const REGIONS: [(&str, &str, f64, f64, &str); 3] = [
    ("iad", "Ashburn, Virginia (US)", 39.02, -77.54, "north_america"),
    ("fra", "Frankfurt, Germany", 50.03, 8.55, "europe"),
    ("sin", "Singapore, Singapore", 1.35, 103.82, "asia_pacific"),
];

async fn regions() -> Json<Value> {
    let region = |&(code, name, latitude, longitude, geo): &(&str, &str, f64, f64, &str)| {
        json!({
            "code": code, "name": name, "latitude": latitude, "longitude": longitude, "gateway_available": true,
            "requires_paid_plan": false, "deprecated": false, "capacity": 420, "geo_region": geo,
        })
    };
    Json(json!({"nearest": "fra", "regions": REGIONS.iter().map(region).collect::<Vec<_>>()}))
}
