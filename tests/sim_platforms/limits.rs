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
    let count =
        async |query: &str| world.github(&format!("/actions/runs?{query}")).await["total_count"].as_u64().unwrap();
    let (all, indexed) = (count("per_page=1").await, count("branch=main").await);
    let body = json!({"ref": "main", "inputs": {}, "return_run_details": true});
    let dispatch =
        world.on_github(Method::POST, "/repos/acme/maria-ai-agent/actions/workflows/deploy-production.yml/dispatches");
    assert_eq!(dispatch.json(&body).send().await.unwrap().status(), 200);
    assert_eq!(count("per_page=1").await, all + 1);
    assert_eq!(count("branch=main").await, indexed, "the index does not know the new one yet");
    world.advance(21.0).await;
    assert_eq!(count("branch=main").await, indexed + 1);
    world.sim.stop().await;
}

#[tokio::test]
async fn a_run_is_requested_and_queued_before_a_runner_has_it() {
    let world = world("calm").await;
    let body = json!({"ref": "main", "inputs": {}, "return_run_details": true});
    let dispatch = "/repos/acme/maria-ai-agent/actions/workflows/deploy-production.yml/dispatches";
    let made: serde_json::Value =
        world.on_github(Method::POST, dispatch).json(&body).send().await.unwrap().json().await.unwrap();
    let run = made["workflow_run_id"].as_u64().unwrap();
    let mut seen = Vec::new();
    for seconds in [0.0, 0.2, 0.2] {
        world.advance(seconds).await;
        seen.push(world.github(&format!("/actions/runs/{run}")).await["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["requested", "queued", "in_progress"]);
    world.sim.stop().await;
}

#[tokio::test]
async fn the_second_limit_says_so_in_words_alone() {
    let world = world("calm").await;
    let fault = json!({"platform": "github", "kind": "secondary", "count": 1});
    let faults = format!("{}/_sim/faults", world.sim.control());
    assert_eq!(world.http.post(faults).json(&fault).send().await.unwrap().status(), 200);
    let answer = world.on_github(Method::GET, "/user").send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.headers().get("retry-after").is_none());
    assert!(answer.text().await.unwrap().contains("secondary rate limit"));
    world.sim.stop().await;
}

#[tokio::test]
async fn an_injected_limit_of_vercel_has_what_the_natural_one_has() {
    let world = world("calm").await;
    let fault = json!({"platform": "vercel", "kind": "status", "status": 429, "count": 1, "retry_after": 30});
    let faults = format!("{}/_sim/faults", world.sim.control());
    assert_eq!(world.http.post(faults).json(&fault).send().await.unwrap().status(), 200);
    let limited = async || world.on_vercel(Method::GET, "/v4/aliases/nobody.test").await;
    let injected = limited().await;
    assert_eq!(injected.status(), 429);
    let injected: serde_json::Value = injected.json().await.unwrap();
    let natural = loop {
        let answer = limited().await;
        if answer.status() == 429 {
            break answer.json::<serde_json::Value>().await.unwrap();
        }
    };
    let keys = |body: &serde_json::Value| {
        let limit = body["error"]["limit"].as_object().unwrap();
        limit.iter().map(|(key, value)| (key.clone(), value.is_u64())).collect::<Vec<_>>()
    };
    assert_eq!(keys(&injected), keys(&natural));
    assert!(keys(&injected).iter().any(|(key, number)| key == "reset" && *number), "{injected}");
    assert_eq!(injected["error"]["code"], natural["error"]["code"]);
    world.sim.stop().await;
}
