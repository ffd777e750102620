//! A rollback end to end: the real engine over HTTP against the simulator, from the plan to the proof at the edge, with what
//! may go wrong on the way.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "operations/crashes.rs"]
mod crashes;
#[path = "support/world.rs"]
mod world;

use flightdeck::clock::SystemClock;
use flightdeck::domain::operation::{OpState, StepState, Target};
use flightdeck::store::Store;
use serde_json::json;
use world::World;

#[tokio::test(flavor = "multi_thread")]
async fn production_goes_back_and_the_edge_proves_it() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    assert!(plan.commits_out.as_ref().is_some_and(|commits| !commits.is_empty()));
    assert_eq!(&*plan.parts[0].service.name, "backend", "the backend goes first");
    let operation = console.carry_out(plan).await;
    assert_eq!(operation.state, OpState::Done, "{operation:#?}");
    assert!(operation.outcome.as_str().starts_with("restored in"));
    assert!(operation.steps.iter().all(|step| step.state == StepState::Done));
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    assert!(store.interrupted().await.unwrap().is_empty());
    let rows = store.list(1000).await.unwrap();
    let count = |event: &str| rows.iter().filter(|row| row.event == event).count();
    assert_eq!(count("intent"), count("outcome"), "every call has its intent and its outcome");
    assert!(count("intent") >= 8);
    assert_eq!(store.verify().await.unwrap(), Ok(rows.len() as u64));
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_world_has_moved_is_refused_and_nothing_is_written() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let first = console.plan(targets.clone()).await;
    let second = console.plan(targets).await;
    assert_eq!(console.carry_out(first).await.state, OpState::Done);
    let refused = console.carry_out(second).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    assert!(refused.outcome.as_str().contains("has moved"), "{}", refused.outcome);
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let begun = store.list(1000).await.unwrap().iter().filter(|row| row.event == "begin").count();
    assert_eq!(begun, 1);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_done_rollback_says_what_moved_and_is_finished_without_moving_it_again() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets.clone()).await;
    world
        .fault(&json!({"platform": "vercel", "route": "/rollback/", "kind": "status", "status": 500, "count": 1}))
        .await;
    let half = console.carry_out(plan).await;
    assert_eq!(half.state, OpState::HalfDone, "{half:#?}");
    assert!(half.outcome.as_str().starts_with("backend runs "), "{}", half.outcome);
    assert!(half.outcome.as_str().contains("frontend did not go back"), "{}", half.outcome);
    assert!(half.open_question());
    let updates = updates(&world).await;
    let rest = console.try_plan(targets, Some(half.id)).await.unwrap();
    assert_eq!(rest.parts.iter().map(|part| &*part.service.name).collect::<Vec<_>>(), ["frontend"]);
    assert_eq!(console.carry_out(rest).await.state, OpState::Done);
    assert_eq!(self::updates(&world).await, updates, "no machine is touched again");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_answer_was_lost_is_unknown_and_never_sent_again() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets.clone()).await;
    world.fault(&json!({"platform": "vercel", "route": "/rollback/", "kind": "lost", "count": 1})).await;
    let unknown = console.carry_out(plan).await;
    assert_eq!(unknown.state, OpState::Unknown, "{unknown:#?}");
    let asked = world.requests("vercel", ROLLBACK).await;
    assert_eq!(asked, 1);
    // It was taken: nothing is left to do, or only its job is left to be followed.
    if let Ok(rest) = console.try_plan(targets, Some(unknown.id)).await {
        assert_eq!(console.carry_out(rest).await.state, OpState::Done);
    }
    assert_eq!(world.requests("vercel", ROLLBACK).await, asked, "{}", world.truth().await["requests"]["vercel"]);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_environment_goes_back_by_its_domains() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let list = console
        .fact(|fact| match fact {
            flightdeck::domain::fact::Fact::Releases(id, list) if id.to_string() == "staging/frontend" => Some(list),
            _ => None,
        })
        .await;
    let earlier = list.iter().find(|one| !one.current).unwrap();
    let target = Target { service: earlier.service.clone(), deployment: earlier.id.clone() };
    console.engine.preflight(flightdeck::domain::ids::ReqId(7), "staging".into(), vec![target], None);
    let plan = console
        .fact(|fact| match fact {
            flightdeck::domain::fact::Fact::Plan(flightdeck::domain::ids::ReqId(7), plan) => Some(plan),
            _ => None,
        })
        .await
        .unwrap();
    assert!(plan.warnings.iter().any(|warning| warning.as_str().contains("nothing pins")), "{:?}", plan.warnings);
    let done = console.carry_out(*plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    console.stop().await;
}

const ROLLBACK: &str = "POST /{v}/projects/{id}/rollback/{deployment}";
const UPDATE: &str = "POST /v1/apps/{app}/machines/{id}";

async fn updates(world: &World) -> u64 {
    let updates = world.requests("fly_machines", UPDATE).await;
    assert!(updates > 0, "{}", world.truth().await["requests"]["fly_machines"]);
    updates
}
