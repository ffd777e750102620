//! A change whose answer was lost is looked for where its platform shows it: done, and sent once.

use flightdeck::clock::SystemClock;
use flightdeck::domain::ids::ServiceId;
use flightdeck::domain::operation::{OpState, Operation, PIPELINE, Plan, Request};
use flightdeck::domain::strategy::Strategy;
use flightdeck::store::Store;
use flightdeck::store::journal::CallOutcome;
use serde_json::json;

use crate::world::{Console, World};

async fn planned(console: &mut Console, request: Request) -> Plan {
    let plan = console.request("production", request, None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    plan
}

/// The next call of a route is carried out, and its answer lost.
async fn lose(world: &World, platform: &str, method: &str, route: &str) {
    world.fault(&json!({"platform": platform, "route": route, "method": method, "kind": "lost", "count": 1})).await;
}

/// How often a call of this kind came in.
async fn sent(world: &World, platform: &str, method: &str, route: &str) -> u64 {
    let all = world.truth().await["requests"][platform].clone();
    let of = |name: &str| name.starts_with(method) && name.contains(route);
    all.as_object().unwrap().iter().filter(|(name, _)| of(name)).filter_map(|(_, count)| count.as_u64()).sum()
}

async fn done_once(
    world: &World,
    console: &mut Console,
    request: Request,
    (platform, method, route): (&str, &str, &str),
) {
    let plan = planned(console, request).await;
    let before = sent(world, platform, method, route).await;
    lose(world, platform, method, route).await;
    let done: Operation = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{route}: {done:#?}");
    assert_eq!(sent(world, platform, method, route).await, before + 1, "{route}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_of_the_pipeline_is_seen_in_its_runs() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let promote = planned(&mut console, Request::Promote).await;
    let promotion = promote.op;
    lose(&world, "github", "POST", "/dispatches").await;
    console.begins(promote);
    let (run, _) = crate::held(&mut console).await;
    assert_eq!(sent(&world, "github", "POST", "/dispatches").await, 1);

    let reject = planned(&mut console, Request::Review { run, approve: false }).await;
    let answer = reject.op;
    lose(&world, "github", "POST", "/pending_deployments").await;
    console.begins(reject);
    let mut over = std::collections::BTreeMap::new();
    while over.len() < 2 {
        let one = console.until(|one| one.state.ended()).await;
        over.insert(one.id, one.state);
    }
    assert_eq!((over[&promotion], over[&answer]), (OpState::Failed, OpState::Done));

    let again = planned(&mut console, Request::Rerun { run, failed: true }).await;
    let rerun = again.op;
    lose(&world, "github", "POST", "/rerun-failed-jobs").await;
    console.begins(again);
    assert_eq!(crate::held(&mut console).await.0, run, "its next attempt waits");

    let cancel = planned(&mut console, Request::Cancel { run }).await;
    let end = cancel.op;
    lose(&world, "github", "POST", "/cancel").await;
    console.begins(cancel);
    while over.len() < 4 {
        let one = console.until(|one| one.state.ended()).await;
        over.insert(one.id, one.state);
    }
    assert_eq!((over[&rerun], over[&end]), (OpState::Failed, OpState::Done));
    for route in ["/dispatches", "/pending_deployments", "/rerun-failed-jobs", "/cancel"] {
        assert_eq!(sent(&world, "github", "POST", route).await, 1, "{route}");
    }
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_and_a_secret_with_a_digest_are_seen_in_their_lists() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let database = crate::secrets::request("database", "API_KEY");
    done_once(&world, &mut console, database, ("supabase", "POST", "/secrets")).await;
    let frontend = ServiceId::new("production", "frontend");
    done_once(&world, &mut console, Request::Redeploy(frontend), ("vercel", "POST", "/deployments")).await;
    console.stop().await;
}

/// A newer date tells that somebody set it, and not who: another person's value is never told as ours.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_without_a_digest_to_compare_may_have_been_set_by_anybody() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    for (service, (platform, method, route)) in [
        ("backend", ("fly_machines", "POST", "/secrets")),
        ("frontend", ("vercel", "POST", "/env")),
        (PIPELINE, ("github", "PUT", "/secrets/")),
    ] {
        let plan = planned(&mut console, crate::secrets::request(service, "API_KEY")).await;
        let (op, before) = (plan.op, sent(&world, platform, method, route).await);
        lose(&world, platform, method, route).await;
        let open = console.carry_out(plan).await;
        assert_ne!(open.state, OpState::Done, "{service}: {open:#?}");
        assert!(open.outcome.as_str().contains("by whom is not known"), "{service}: {}", open.outcome);
        assert_eq!(sent(&world, platform, method, route).await, before + 1, "{service}");
        let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
        let taken = store.list(99).await.unwrap().into_iter().find(|row| {
            row.op == op.to_string() && row.event == "outcome" && row.body["answer"] == json!(CallOutcome::Taken)
        });
        assert_eq!(taken, None, "{service}: it is not written down as taken");
    }
    console.stop().await;
}

/// It was set by somebody else between the look at what the plan was made on and the call.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_set_meanwhile_is_not_overwritten() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let set = planned(&mut console, crate::secrets::request(PIPELINE, "API_KEY")).await;
    assert_eq!(console.carry_out(set).await.state, OpState::Done);
    let again = planned(&mut console, crate::secrets::request(PIPELINE, "API_KEY")).await;
    let puts = sent(&world, "github", "PUT", "/secrets/").await;
    // The key for sealing is read in between, and has trouble for so long.
    world
        .fault(&json!({"platform": "github", "route": "/public-key", "kind": "status", "status": 503, "count": 2}))
        .await;
    let before = sent(&world, "github", "GET", "/public-key").await;
    let other = async {
        while sent(&world, "github", "GET", "/public-key").await == before {
            world.sim.shared().changed().await;
        }
        let mut state = world.sim.shared().world();
        let now = state.now;
        let one = state.github.secrets.iter_mut().find(|one| one.env.is_some() && one.name == "API_KEY");
        one.unwrap().updated_at = now + jiff::SignedDuration::from_secs(60);
    };
    let (failed, ()) = tokio::join!(console.carry_out(again), other);
    assert_eq!(failed.state, OpState::Failed, "{failed:#?}");
    assert!(failed.outcome.as_str().contains("API_KEY was changed since the plan was made"), "{}", failed.outcome);
    assert_eq!(sent(&world, "github", "PUT", "/secrets/").await, puts, "nothing was sent");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_whose_answer_was_lost_is_known_by_its_name_and_not_asked_for_again() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.back(&Strategy::default()).await;
    let plan = console.plan(targets).await;
    lose(&world, "fly_machines", "POST", "/lease").await;
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    assert_eq!(sent(&world, "fly_machines", "POST", "/lease").await, 2, "one for each machine");
    assert!(world.app(|app| app.machines.iter().all(|one| one.lease.is_none())), "each was given back");
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    assert_eq!(store.one(done.id).await.unwrap().unknown_calls, []);
    console.stop().await;
}
