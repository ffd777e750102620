//! Rollbacks and promotions while the platforms fail at random: whatever happens, no change is sent again whose fate is not known, and
//! what is told at the end is so.

use std::collections::BTreeMap;

use flightdeck::clock::SystemClock;
use flightdeck::domain::operation::{OpState, Operation, Request};
use flightdeck::store::Store;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::world::{Console, World};

/// Ways of failing, each so often at most.
fn storm(random: &mut StdRng) -> Value {
    let kinds = [
        json!({"kind": "status", "status": 500}),
        json!({"kind": "status", "status": 502}),
        json!({"kind": "status", "status": 429, "retry_after": 1}),
        json!({"kind": "status", "status": 403}),
        json!({"kind": "lost"}),
        json!({"kind": "reset"}),
        json!({"kind": "garbage"}),
        json!({"kind": "truncated"}),
        json!({"kind": "html"}),
    ];
    let platforms = ["fly", "vercel", "github"];
    let routes = ["/machines", "/lease", "/rollback/", "/releases", "/dispatches", "/runs", "/projects", "/wait"];
    let mut fault = kinds[random.random_range(0..kinds.len())].clone();
    fault["platform"] = platforms[random.random_range(0..platforms.len())].into();
    fault["count"] = random.random_range(1..4).into();
    if random.random_bool(0.7) {
        fault["route"] = routes[random.random_range(0..routes.len())].into();
    }
    fault
}

/// No intent follows one for the same call, unless that was refused by a rate limit, which is a plain no; a claim on a machine may be
/// asked for again.
async fn sent_once(world: &World, what: &str) {
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let mut rows = store.list(10_000).await.unwrap();
    rows.reverse();
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.event == "intent" || row.event == "outcome") {
        let call = format!("{:?} {}", row.op, row.body["call"].as_str().unwrap());
        let says = row.body["result"].as_str().unwrap_or_default();
        if row.event == "outcome" {
            last.insert(call, says.to_owned());
            continue;
        }
        let lease = call.contains("lease");
        match last.insert(call.clone(), "?".to_owned()) {
            Some(before) if !lease => {
                assert!(before.contains("429") || before.contains("rate"), "{what}: {call}: {before}")
            }
            _ => {}
        }
    }
}

async fn done(console: &mut Console, request: Request) -> Option<Operation> {
    let plan = console.request("production", request, None).await.ok()?;
    Some(console.carry_out(plan).await)
}

async fn stormy(seed: u64) -> OpState {
    let mut random = StdRng::seed_from_u64(seed);
    let world = World::start(40.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets.clone()).await;
    for _ in 0..random.random_range(1..6) {
        world.fault(&storm(&mut random)).await;
    }
    let first = console.carry_out(plan).await;
    let what = format!("seed {seed}: {:?} {}", first.state, first.outcome);
    sent_once(&world, &what).await;
    let truth = world.truth().await;
    let services = &truth["environments"]["production"]["services"];
    let there = |name: &str| {
        let target = targets.iter().find(|one| &*one.service.name == name).unwrap();
        services[name].to_string().contains(target.deployment.as_str())
    };
    match first.state {
        OpState::Done => assert!(there("frontend"), "{what}: it is not so"),
        OpState::Refused | OpState::Failed => assert!(!there("frontend"), "{what}: it is not so"),
        _ => {}
    }
    // Fair weather again: what is left is finished, unless it has arrived.
    world.sim.shared().faults().clear();
    if first.state != OpState::Done {
        let continues = first.open_question().then_some(first.id);
        if let Ok(rest) = console.try_plan(targets.clone(), continues).await
            && rest.refusals.is_empty()
        {
            let end = console.carry_out(rest).await;
            assert_eq!(end.state, OpState::Done, "{what}: {end:#?}");
        }
        sent_once(&world, &what).await;
    }
    // And the other way, by the pipeline.
    {
        let mut state = world.sim.shared().world();
        state.github.environments.iter_mut().for_each(|one| one.reviewers.clear());
        state.vercel.project.auto_assign = true;
    }
    world.fault(&storm(&mut random)).await;
    drop(done(&mut console, Request::Promote).await);
    sent_once(&world, &what).await;
    let dispatched = world.requests("github", "POST /repos/{owner}/{repo}/actions/workflows/{id}/dispatches").await;
    assert!(dispatched <= 4, "{what}: {dispatched}");
    console.stop().await;
    first.state
}

#[tokio::test(flavor = "multi_thread")]
async fn in_any_storm_no_change_is_sent_again_and_what_is_told_is_so() {
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    for batch in (1..=24).collect::<Vec<u64>>().chunks(4) {
        for state in futures_util::future::join_all(batch.iter().map(|seed| stormy(*seed))).await {
            *ends.entry(state.word()).or_default() += 1;
        }
    }
    println!("how 24 stormy rollbacks ended: {ends:?}");
    assert!(ends.len() > 1, "the storms do something: {ends:?}");
}
