//! A rollback end to end: the real engine over HTTP against the simulator, from the plan to the proof at the edge, with what
//! may go wrong on the way.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it leaves out"
)]

#[path = "operations/alarm.rs"]
mod alarm;
#[path = "operations/continued.rs"]
mod continued;
#[path = "operations/contract.rs"]
mod contract;
#[path = "operations/crashes.rs"]
mod crashes;
#[path = "operations/domains.rs"]
mod domains;
#[path = "operations/drills.rs"]
mod drills;
#[path = "operations/every_crash.rs"]
mod every_crash;
#[path = "operations/every_take.rs"]
mod every_take;
#[path = "operations/fleets.rs"]
mod fleets;
#[path = "operations/guards.rs"]
mod guards;
#[path = "operations/levers.rs"]
mod levers;
#[path = "operations/lost.rs"]
mod lost;
#[path = "operations/others.rs"]
mod others;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "operations/runs.rs"]
mod runs;
#[path = "operations/secrets.rs"]
mod secrets;
#[path = "support/spec.rs"]
#[expect(dead_code, reason = "this test uses a part of it")]
mod spec;
#[path = "operations/storms.rs"]
mod storms;
#[path = "operations/stuck.rs"]
mod stuck;
#[path = "operations/three.rs"]
mod three;
#[path = "operations/unread.rs"]
mod unread;
#[path = "support/world.rs"]
mod world;

use flightdeck::clock::SystemClock;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::ids::ServiceId;
use flightdeck::domain::operation::{OpState, Operation, ProjectSwitch, Request, StepState, Target};
use flightdeck::domain::overrides::Override;
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
        .fault(&json!({"platform": "vercel", "route": "/rollback/", "kind": "status", "status": 403, "count": 1}))
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
async fn a_call_whose_answer_was_lost_is_looked_for_and_never_sent_again() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    world.fault(&json!({"platform": "vercel", "route": "/rollback/", "kind": "lost", "count": 1})).await;
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "the project tells of the request: {done:#?}");
    assert_eq!(world.requests("vercel", ROLLBACK).await, 1);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nothing_tells_of_is_unknown_and_never_sent_again() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    world.fault(&json!({"platform": "vercel", "route": "/rollback/", "kind": "dropped", "count": 1})).await;
    let unknown = console.carry_out(plan).await;
    assert_eq!(unknown.state, OpState::Unknown, "{unknown:#?}");
    assert!(unknown.outcome.as_str().contains("it was looked for"), "{}", unknown.outcome);
    let asked = world.requests("vercel", ROLLBACK).await;
    assert!(asked <= 1, "{asked}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_environment_goes_back_by_its_domains() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let list = console
        .fact(|fact| match fact {
            Fact::Releases(id, list) if id.to_string() == "staging/frontend" => Some(list),
            _ => None,
        })
        .await;
    let earlier = list.iter().find(|one| !one.current).unwrap();
    let target = Target::new(earlier.service.clone(), earlier.id.clone());
    let plan = console.request("staging", Request::RollBack(vec![target]), None).await.unwrap();
    assert!(plan.warnings.iter().any(|warning| warning.as_str().contains("nothing pins")), "{:?}", plan.warnings);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    console.stop().await;
}

/// Waits until a run of production is held by a gate.
async fn held(console: &mut world::Console) -> (u64, bool) {
    console
        .fact(|fact| match fact {
            Fact::Pipeline(runs) => runs.iter().find_map(|run| Some((run.id, run.gates.first()?.may_approve))),
            _ => None,
        })
        .await
}

async fn ended(console: &mut world::Console, op: flightdeck::domain::ids::OpId) -> Operation {
    console
        .fact(|fact| match fact {
            Fact::Operation(one) if one.id == op && one.state.ended() => Some(*one),
            _ => None,
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staging_runs_is_promoted_approved_and_seen_at_the_edge() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    assert!(plan.commits_out.as_ref().is_some_and(|commits| !commits.is_empty()), "what ships is in view");
    let (promotion, wanted) = (plan.op, plan.parts[0].to.1.clone().unwrap());
    console.begins(plan);
    let (run, may) = held(&mut console).await;
    assert!(may);
    let review = console.request("production", Request::Review { run, approve: true }, None).await.unwrap();
    assert!(review.refusals.is_empty(), "{:?}", review.refusals);
    let stale = console.request("production", Request::Review { run, approve: true }, None).await.unwrap();
    let (approval, late) = (review.op, stale.op);
    console.engine.operate(review, Some("looks well".into()));
    let approved = ended(&mut console, approval).await;
    assert_eq!(approved.state, OpState::Done, "{approved:#?}");
    // Somebody else was faster: told as what it is, and nothing is done twice.
    console.begins(stale);
    let refused = ended(&mut console, late).await;
    assert_eq!(refused.state, OpState::Failed, "{refused:#?}");
    let done = ended(&mut console, promotion).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    assert!(done.outcome.as_str().starts_with("promoted in"), "{}", done.outcome);
    let truth = world.truth().await;
    for service in ["backend", "frontend"] {
        assert_eq!(truth["environments"]["production"]["services"][service]["sha"], wanted.as_str());
    }
    let again = console.request("production", Request::Promote, None).await.unwrap();
    assert!(again.refusals.first().is_some_and(|why| why.as_str().contains("already")), "{again:#?}");
    let gone = console.request("production", Request::Review { run, approve: true }, None).await;
    assert!(gone.unwrap_err().as_str().contains("any more"));
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_gate_ends_its_run_and_production_stays() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let before = world.truth().await["environments"]["production"]["services"].clone();
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    let promotion = plan.op;
    console.begins(plan);
    let (run, _) = held(&mut console).await;
    let review = console.request("production", Request::Review { run, approve: false }, None).await.unwrap();
    let rejection = review.op;
    console.engine.operate(review, Some("not tonight".into()));
    let rejected = ended(&mut console, rejection).await;
    assert_eq!(rejected.state, OpState::Done, "{rejected:#?}");
    let failed = ended(&mut console, promotion).await;
    assert_eq!(failed.state, OpState::Failed, "{failed:#?}");
    assert!(failed.outcome.as_str().contains("the edge answers as before"), "{}", failed.outcome);
    for service in ["backend", "frontend"] {
        let now = &world.truth().await["environments"]["production"]["services"][service]["sha"];
        assert_eq!(*now, before[service]["sha"]);
    }
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_cancelled_once() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    console.begins(plan);
    let (run, _) = held(&mut console).await;
    let cancel = console.request("production", Request::Cancel { run }, None).await.unwrap();
    let op = cancel.op;
    console.begins(cancel);
    assert_eq!(ended(&mut console, op).await.state, OpState::Done);
    let over = console.request("production", Request::Cancel { run }, None).await.unwrap();
    assert!(over.refusals[0].as_str().contains("is over"), "{:?}", over.refusals);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_falls_back_to_its_old_version_is_caught() {
    let world = World::start(30.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    world.event(&json!({"kind": "fallback", "environment": "production"})).await;
    let failed = console.carry_out(plan).await;
    assert_eq!(failed.state, OpState::HalfDone, "{failed:#?}");
    assert!(failed.outcome.as_str().contains("fell back to its old version"), "{}", failed.outcome);
    assert!(failed.steps.iter().any(|step| step.state == StepState::Skipped), "the frontend stays where it is");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_are_restarted_one_by_one_and_keep_their_version() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let before = world.truth().await["environments"]["production"]["services"]["backend"]["sha"].clone();
    let service = ServiceId::new("production", "backend");
    let plan = console.request("production", Request::Restart(service), None).await.unwrap();
    assert_eq!(plan.parts[0].steps.len(), 2);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    assert!(done.outcome.as_str().starts_with("restarted in"), "{}", done.outcome);
    let after = world.truth().await;
    assert_eq!(after["environments"]["production"]["services"]["backend"]["sha"], before);
    assert_eq!(world.requests("fly_machines", "POST /v1/apps/{app}/machines/{id}/{action}").await, 2);
    let database = ServiceId::new("production", "database");
    assert!(console.request("production", Request::Restart(database), None).await.is_err());
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_their_own_run_where_that_is_forbidden() {
    let world = World::start(20.0).await;
    world.event(&json!({"kind": "no_self_review", "environment": "production"})).await;
    let mut console = world.console();
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    console.begins(plan);
    let (run, may) = held(&mut console).await;
    assert!(!may);
    let review = console.request("production", Request::Review { run, approve: true }, None).await.unwrap();
    assert!(review.refusals[0].as_str().contains("it is your own run"), "{:?}", review.refusals);
    let op = review.op;
    console.begins(review);
    assert_eq!(ended(&mut console, op).await.state, OpState::Refused);
    console.stop().await;
}

const ROLLBACK: &str = "POST /{v}/projects/{id}/rollback/{deployment}";
const UPDATE: &str = "POST /v1/apps/{app}/machines/{id}";

async fn updates(world: &World) -> u64 {
    let updates = world.requests("fly_machines", UPDATE).await;
    assert!(updates > 0, "{}", world.truth().await["requests"]["fly_machines"]);
    updates
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_is_overridden_by_a_reason_alone() {
    let world = World::start(20.0).await;
    let frozen = |text: String| {
        text.replace("tier = \"production\"\n", "tier = \"production\"\nfreeze = [{ reason = \"the quarter ends\" }]\n")
    };
    let mut console = world.console_with(world.state.path(), frozen);
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let Override::Freeze(frozen) = &plan.overrides[0] else { panic!("{:?}", plan.overrides) };
    assert_eq!(frozen.reason.as_str(), "the quarter ends");
    let again = plan.clone();
    let refused = console.carry_out(plan).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    assert!(refused.outcome.as_str().contains("reason"), "{}", refused.outcome);
    let sent = world.truth().await["requests"].to_string();
    assert!(!sent.contains("POST /v1/apps") && !sent.contains("POST /{v}"), "nothing was sent: {sent}");
    console.engine.operate(again, Some("the site is down".into()));
    let done = console
        .fact(|fact| match fact {
            Fact::Operation(one) if one.state.ended() => Some(*one),
            _ => None,
        })
        .await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_says_that_the_frontend_is_pinned_and_unpinning_lets_builds_go_live_again() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let service = ServiceId::new("production", "frontend");
    let early =
        console.request("production", Request::Throw(service.clone(), ProjectSwitch::Unpin), None).await.unwrap();
    assert!(early.refusals[0].as_str().contains("not pinned"), "{:?}", early.refusals);
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    assert_eq!(console.carry_out(plan).await.state, OpState::Done);
    let promote = console.request("production", Request::Promote, None).await.unwrap();
    assert!(promote.warnings.iter().any(|one| one.as_str().contains("PINNED")), "{:?}", promote.warnings);
    let plan =
        console.request("production", Request::Throw(service.clone(), ProjectSwitch::Unpin), None).await.unwrap();
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    let truth = world.truth().await;
    assert_eq!(truth["environments"]["production"]["services"]["frontend"]["pinned"], false);
    let database = ServiceId::new("production", "database");
    assert!(console.request("production", Request::Throw(database, ProjectSwitch::Unpin), None).await.is_err());
    console.stop().await;
}
