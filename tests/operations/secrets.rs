//! Secrets are set on every platform that keeps some, and the value is nowhere but there.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::domain::ids::ServiceId;
use flightdeck::domain::operation::{OpState, Operation, PIPELINE, Request};
use flightdeck::domain::secret_value::SecretValue;
use flightdeck::sim::world::fly::FlySecret;
use flightdeck::sim::world::vercel::VercelVariable;
use flightdeck::sim::world::{Env, ids};
use serde_json::json;

use crate::world::{Ahead, Console, World};

/// What must be seen nowhere.
const VALUE: &str = "v4lue-that-nobody-sees";

pub(crate) fn request(service: &str, key: &str) -> Request {
    let value = SecretValue::new(VALUE.to_owned());
    Request::SetSecret { service: ServiceId::new("production", service), key: key.into(), value }
}

async fn set(console: &mut Console, service: &str, key: &str) -> Operation {
    let plan = console.request("production", request(service, key), None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let told = serde_json::to_string(&plan).unwrap() + &format!("{plan:?}");
    assert!(!told.contains(VALUE), "{told}");
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    done
}

/// Whether any file of a folder holds the value.
fn keeps(folder: &std::path::Path) -> bool {
    let held = |bytes: &[u8]| bytes.windows(VALUE.len()).any(|part| part == VALUE.as_bytes());
    std::fs::read_dir(folder).unwrap().any(|file| {
        let path = file.unwrap().path();
        if path.is_dir() { keeps(&path) } else { held(&std::fs::read(&path).unwrap_or_default()) }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_set_on_every_platform_and_its_value_is_kept_nowhere() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    set(&mut console, "backend", "API_KEY").await;
    for key in ["API_KEY", "API_KEY"] {
        // The first makes it, the second changes it.
        let done = set(&mut console, "frontend", key).await;
        assert!(done.steps[0].detail.as_str().contains("changed"), "{done:#?}");
    }
    set(&mut console, PIPELINE, "api_key").await;
    set(&mut console, "database", "API_KEY").await;
    {
        let state = world.sim.shared().world();
        let app = state.fly.env(Env::PRODUCTION).unwrap();
        let digest = ids::digest16(&format!("{}/API_KEY/{VALUE}", app.id));
        assert!(app.secrets.iter().any(|one| one.name == "API_KEY" && one.digest == digest));
        let mine =
            |key: &str, env, digest: &str| key == "API_KEY" && env == Env::PRODUCTION && digest == ids::digest16(VALUE);
        let page: Vec<_> = state.vercel.env.iter().filter(|one| mine(&one.key, one.env, &one.digest)).collect();
        assert_eq!(page.len(), 1);
        assert_eq!(page[0].kind, "sensitive");
        let project = state.supabase.env(Env::PRODUCTION).unwrap();
        assert!(project.secrets.iter().any(|one| one.name == "API_KEY" && one.digest == ids::sha256(VALUE)));
        // Sealed on the way: that the simulator could open it proves the client.
        let sealed = state.github.secrets.iter();
        assert_eq!(sealed.filter(|one| one.env.is_some_and(|env| mine(&one.name, env, &one.digest))).count(), 1);
    }
    console.stop().await;
    assert!(!keeps(world.state.path()), "the value is in a file of ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_secret_is_refused_before_anything_is_sent() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    for (service, key, why) in [
        ("backend", "2FA", "does not begin with a digit"),
        ("backend", "API-KEY", "letters, digits"),
        (PIPELINE, "github_token", "GitHub's own"),
        ("database", "SUPABASE_URL", "Supabase's own"),
    ] {
        let plan = console.request("production", request(service, key), None).await.unwrap();
        assert!(plan.refusals[0].as_str().contains(why), "{:?}", plan.refusals);
    }
    let empty = Request::SetSecret {
        service: ServiceId::new("production", "backend"),
        key: "A".into(),
        value: SecretValue::default(),
    };
    let plan = console.request("production", empty, None).await.unwrap();
    assert!(plan.refusals[0].as_str().contains("values are not kept"), "{:?}", plan.refusals);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_of_an_integration_is_left_to_it_and_what_is_hidden_is_not_called_missing() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let key = {
        let mut state = world.sim.shared().world();
        let one = state.vercel.env.iter_mut().find(|one| one.env == Env::PRODUCTION).unwrap();
        one.managed = Some("icfg_supabase".to_owned());
        one.key.clone()
    };
    let plan = console.request("production", request("frontend", &key), None).await.unwrap();
    assert!(plan.refusals[0].as_str().contains("kept by an integration"), "{:?}", plan.refusals);
    world.sim.shared().world().vercel.project.hides_production = true;
    let hidden = console.request("production", request("frontend", "API_KEY"), None).await.unwrap_err();
    assert!(hidden.as_str().contains("hidden from this token"), "{hidden}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_is_not_the_one_of_the_plan_or_cannot_be_read_is_not_written() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let mine = |one: &&mut VercelVariable| one.env == Env::PRODUCTION;
    let key = world.sim.shared().world().vercel.env.iter_mut().find(mine).unwrap().key.clone();
    let plan = console.request("production", request("frontend", &key), None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    // Its date stays: only whose it is has changed.
    world.sim.shared().world().vercel.env.iter_mut().find(mine).unwrap().managed = Some("icfg_supabase".to_owned());
    let refused = console.carry_out(plan).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    // One that does not say what it is for may be the very one: a second one beside it is not made.
    for field in ["target", "key"] {
        world
            .fault(&json!({"platform": "vercel", "kind": "missing", "field": field, "route": "/env$", "method": "GET"}))
            .await;
        let unread = console.request("production", request("frontend", &key), None).await;
        assert!(unread.is_err(), "{field}: {unread:#?}");
        world.sim.shared().faults().clear();
    }
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_somebody_else_set_meanwhile_is_not_overwritten() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let plan = console.request("production", request("backend", "API_KEY"), None).await.unwrap();
    let now = world.sim.shared().world().now;
    world.sim.shared().world().fly.env_mut(Env::PRODUCTION).unwrap().set_secret("API_KEY", Some("theirs"), now);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Refused, "{done:#?}");
    assert!(done.outcome.as_str().contains("has moved"), "{}", done.outcome);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_no_list_shows_is_unknown_and_never_sent_again() {
    let world = World::start(20.0).await;
    let clock = Ahead::shared();
    let mut console = world.console_at(Arc::clone(&clock), |text| text);
    let plan = console.request("production", request("backend", "API_KEY"), None).await.unwrap();
    world
        .fault(&json!({"platform": "fly", "kind": "dropped", "count": 1, "route": "/secrets", "method": "POST"}))
        .await;
    let route = "/v1/apps/{app}/secrets";
    let looked = async {
        while world.requests("fly_machines", &format!("POST {route}")).await == 0 {
            world.sim.shared().changed().await;
        }
        world.asked("fly_machines", &format!("GET {route}"), 1).await;
        clock.jump(Duration::from_secs(11));
    };
    let (unknown, ()) = tokio::join!(console.carry_out(plan), looked);
    assert_eq!(unknown.state, OpState::Unknown, "{unknown:#?}");
    assert!(unknown.outcome.as_str().contains("it was looked for"), "{}", unknown.outcome);
    assert_eq!(world.requests("fly_machines", &format!("POST {route}")).await, 1);
    // Somebody sets it: that is not told apart from a call that came late.
    {
        let mut state = world.sim.shared().world();
        let at = state.now;
        let secret = FlySecret { name: "API_KEY".to_owned(), digest: "0a".repeat(8), created_at: at, updated_at: at };
        state.fly.env_mut(Env::PRODUCTION).unwrap().secrets.push(secret);
    }
    let again = console.request("production", request("backend", "API_KEY"), Some(unknown.id)).await;
    assert!(again.unwrap_err().as_str().contains("whether by this is not known"));
    console.stop().await;
}
