//! What GitHub does to whoever asks wrongly or asks its index.

use reqwest::Method;
use serde_json::json;

use super::world;

#[tokio::test]
async fn wrong_tokens_lock_out_for_a_minute_and_filtered_lists_lag() {
    let world = world("calm").await;
    let wrong =
        || world.http.get(format!("{}/user", world.sim.origins().github)).bearer_auth("no").header("user-agent", "t");
    for _ in 0..8 {
        assert_eq!(wrong().send().await.unwrap().status(), 401);
    }
    assert_eq!(world.on_github(Method::GET, "/user").send().await.unwrap().status(), 403, "the right one as well");
    world.advance(61.0).await;
    assert_eq!(world.on_github(Method::GET, "/user").send().await.unwrap().status(), 200);
    let body = json!({"ref": "main", "inputs": {}, "return_run_details": true});
    let dispatch =
        world.on_github(Method::POST, "/repos/acme/maria-ai-agent/actions/workflows/deploy-production.yml/dispatches");
    assert_eq!(dispatch.json(&body).send().await.unwrap().status(), 200);
    let count =
        async |query: &str| world.github(&format!("/actions/runs?{query}")).await["total_count"].as_u64().unwrap();
    let (all, filtered) = (count("per_page=1").await, count("branch=main").await);
    assert_eq!(filtered + 1, all, "the index does not know the new one yet");
    world.advance(21.0).await;
    assert_eq!(count("branch=main").await, all);
    world.sim.stop().await;
}
