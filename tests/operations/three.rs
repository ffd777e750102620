//! A world of three environments: a release goes along `promotes_to` by the real engine, and each environment fails and recovers
//! alone.

use flightdeck::domain::operation::{OpState, Request};
use flightdeck::sim::product::Product;
use serde_json::{Value, json};

use super::world::World;

const FILE: &str = include_str!("../../assets/worlds/two-productions.toml");

fn sha(truth: &Value, env: &str) -> String {
    truth["environments"][env]["services"]["backend"]["sha"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_europe_runs_is_promoted_to_the_united_states_and_nowhere_else() {
    // Gates have tests of their own.
    let file = FILE.replace("reviewers = [\"tkowal\", \"inesduarte\"]\n", "");
    let world = World::of(Product::parse("own.toml", &file, None).unwrap(), 20.0).await;
    let mut console = world.console();
    let before = world.truth().await;
    assert_ne!(sha(&before, "prod-eu"), sha(&before, "prod-us"));
    let plan = console.request("prod-us", Request::Promote, None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    assert_eq!(plan.parts[0].to.1.clone().unwrap().as_str(), sha(&before, "prod-eu"));
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    let after = world.truth().await;
    let runs = ["staging", "prod-eu", "prod-us"].map(|env| sha(&after, env));
    assert_eq!(runs, [sha(&before, "staging"), sha(&before, "prod-eu"), sha(&before, "prod-eu")]);
    assert!(after["environments"]["prod-us"]["services"]["frontend"].is_null(), "it has none");
    console.stop().await;

    let states = async || {
        let truth = world.truth().await;
        ["staging", "prod-eu", "prod-us"].map(|env| truth["environments"][env]["truth"]["services_state"].clone())
    };
    world.event(&json!({"kind": "unhealthy", "environment": "prod-us", "error": "down"})).await;
    assert_eq!(states().await, ["healthy", "healthy", "failing"]);
    world.event(&json!({"kind": "healthy", "environment": "prod-us"})).await;
    assert_eq!(states().await, ["healthy"; 3]);
    let url = format!("{}/_sim/events", world.sim.control());
    let asked = json!({"kind": "healthy", "environment": "prod-asia"});
    let answer = reqwest::Client::new().post(url).json(&asked).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 400);
    assert!(answer.text().await.unwrap().contains("no environment 'prod-asia', only: staging, prod-eu, prod-us"));
}
