//! What is continued goes on with what was confirmed, and says of each machine and domain how it stands; what is at rest stays so, and what
//! is held stays held.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::clock::SystemClock;
use flightdeck::domain::cut_short;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::operation::{OpState, Operation, Request, StepKind, StepState};
use flightdeck::domain::proof::{Found, Witness};
use flightdeck::domain::strategy::{Strategy, StrategyKind};
use flightdeck::sim::world::deploy::Deploy;
use flightdeck::sim::world::{Env, Health};
use flightdeck::store::Store;
use serde_json::json;

use crate::crashes::sql;
use crate::every_crash::Case;
use crate::world::{Ahead, PATIENCE, World, backend};

fn moved_by(strategy: StrategyKind) -> Strategy {
    Strategy { kind: strategy, ..Strategy::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_that_goes_on_brings_the_commit_that_was_confirmed_though_staging_has_gone_on() {
    let world = World::start(60.0).await;
    let request = Case::PromoteStraight.prepare(&world);
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let mut console = Case::PromoteStraight.console(&world);
    let plan = console.request("production", request, None).await.unwrap();
    let (op, commit) = (plan.op, plan.claims[0].sha.clone().unwrap());
    let late = json!({"platform": "fly_machines", "method": "CHANGE", "after": 1, "count": 1, "kind": "late", "ms": 36_000_000});
    world.fault(&late).await;
    console.begins(plan);
    let shared = world.sim.shared();
    world.soon(|| shared.taken() > 0).await;
    console.stop().await;
    shared.faults().clear();
    // Staging goes on to another commit.
    {
        let mut state = shared.world();
        let other = (0..state.commits.len()).rev().find(|index| state.commits[*index].sha != commit.as_str()).unwrap();
        let (health, event, actor) = (Health::good(), "workflow_dispatch".to_owned(), Some("ines".to_owned()));
        let (env, gated) = (Env::STAGING, false);
        state.deploy(Deploy { env, commit: other, backend: true, frontend: true, health, gated, event, actor });
    }
    let staging = || {
        let state = shared.world();
        state.backend_commit(Env::STAGING).map(|at| state.commits[at].sha.clone())
    };
    world
        .soon(|| {
            shared.advance(Duration::from_secs(5));
            staging().is_some_and(|sha| sha != commit.as_str())
        })
        .await;
    let found = store.interrupted().await.unwrap();
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [op]);
    let mut console = Case::PromoteStraight.console(&world);
    let rest = console.request("production", Request::Promote, Some(op)).await.unwrap();
    assert!(rest.refusals.is_empty(), "{:?}", rest.refusals);
    assert!(rest.claims.iter().all(|claim| claim.sha.as_ref().is_some_and(|sha| sha.same(&commit))), "{rest:#?}");
    let done = console.carry_out(rest).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    console.stop().await;
    let production = &world.truth().await["environments"]["production"]["services"];
    assert_eq!(
        (&production["backend"]["sha"], &production["frontend"]["sha"]),
        (&json!(commit.as_str()), &json!(commit.as_str()))
    );
}

/// What is given up stays on the platform as a deploy under way, and that is told.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_tells_of_the_release_that_stays_open() {
    let world = World::start(60.0).await;
    let mut console = world.console();
    let targets = console.back(&moved_by(StrategyKind::Rolling)).await;
    let plan = console.plan(targets).await;
    let op = plan.op;
    world.fault(&json!({"platform": "fly_machines", "route": "/machines/{id}$", "method": "POST", "count": 1, "kind": "late", "ms": 36_000_000})).await;
    console.begins(plan);
    let shared = world.sim.shared();
    world.soon(|| shared.taken() > 0).await;
    console.stop().await;
    shared.faults().clear();
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let open = store.one(op).await.unwrap();
    let lines = cut_short::lines(&open).join("\n");
    assert!(lines.contains("finish or undo closes it, leave does not"), "{lines}");
    let version = shared.world().fly.env(Env::PRODUCTION).unwrap().release().unwrap().version;
    let mut console = world.console();
    console.engine.leave(op, "not tonight".into());
    let told =
        console.fact(|fact| if let Fact::Left(id, told) = fact { (id == op).then_some(told) } else { None }).await;
    let (told, says) = (told.unwrap(), format!("release v{version} of maria-api stays open: Fly says running"));
    assert!(told.as_str().contains(&says), "{told}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_moved_one_machine_of_two_says_what_each_runs() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.back(&moved_by(StrategyKind::Rolling)).await;
    let plan = console.plan(targets).await;
    let (from, to) = (plan.parts[0].from.1.clone().unwrap(), plan.parts[0].to.1.clone().unwrap());
    let fault = json!({"platform": "fly_machines", "route": "/machines/{id}$", "method": "POST", "after": 1, "count": 1, "kind": "status", "status": 403});
    world.fault(&fault).await;
    let half = console.carry_out(plan).await;
    assert_eq!(half.state, OpState::HalfDone, "{half:#?}");
    let says = half.outcome.as_str();
    let regions = [format!("runs {}", from.short()), format!("runs {}", to.short())];
    assert!(says.starts_with("backend is half-done: "), "{says}");
    assert!(regions.iter().all(|one| says.contains(one.as_str())) && !says.contains("did not go back"), "{says}");
    console.stop().await;
}

/// A rollback of machines of which the second does not run.
async fn at_rest(strategy: StrategyKind, autostop: bool, autostart: bool) {
    let world = World::start(20.0).await;
    let id = {
        let mut state = world.sim.shared().world();
        let app = state.fly.env_mut(Env::PRODUCTION).unwrap();
        for machine in &mut app.machines {
            machine.config["services"][0]["autostop"] = autostop.into();
            machine.config["services"][0]["autostart"] = autostart.into();
        }
        let machine = &mut app.machines[1];
        "stopped".clone_into(&mut machine.state);
        machine.id.clone()
    };
    let mut console = world.console();
    let green = console.back(&moved_by(StrategyKind::BlueGreen)).await;
    let green = console.plan(green).await;
    let started = |why: &&flightdeck::sanitize::Text| why.as_str().contains("would be started");
    assert!(green.refusals.iter().find(started).is_some_and(|why| why.as_str().contains(&id)), "{green:#?}");
    let targets = console.back(&moved_by(strategy)).await;
    let plan = console.plan(targets.clone()).await;
    let full =
        "create trigger full before insert on journal when new.event = 'end' begin select raise(abort, 'full'); end";
    sql(world.state.path(), full.to_owned()).await;
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{strategy:?}: {done:#?}");
    {
        let state = world.sim.shared().world();
        let machines = &state.fly.env(Env::PRODUCTION).unwrap().machines;
        assert_eq!((machines[1].state.as_str(), &machines[1].digest), ("stopped", &machines[0].digest), "{strategy:?}");
    }
    let then = match (autostop, autostart) {
        (true, _) => "it starts when it is needed",
        (false, true) => "a request starts it",
        (false, false) => "nothing starts it by itself",
    };
    let rests = format!("stopped: {then}");
    let told =
        done.proof.iter().find(|one| matches!(&one.witness, Witness::Machine { id: of, .. } if of.as_str() == id));
    let told = told.unwrap();
    assert!(told.found == Found::Seen && told.words.as_str().ends_with(&rests), "{strategy:?}: {told:?}");
    assert!(done.steps.iter().any(|step| step.detail.as_str().contains("of which 1 does not run")), "{done:#?}");
    console.stop().await;
    // Its end was not written down: another process finishes it, and knows what rested before.
    sql(world.state.path(), "drop trigger full".to_owned()).await;
    let mut console = world.console();
    let rest = console.try_plan(targets, Some(done.id)).await.unwrap();
    let finished = console.carry_out(rest).await;
    assert_eq!(finished.state, OpState::Done, "{strategy:?}: {finished:#?}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_at_rest_gets_the_image_and_stays_at_rest_and_the_proof_says_so() {
    tokio::join!(
        at_rest(StrategyKind::Rolling, true, true),
        at_rest(StrategyKind::Rolling, false, true),
        at_rest(StrategyKind::Immediate, false, false)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_stops_without_a_promise_is_no_part_of_a_whole() {
    let world = World::start(20.0).await;
    let clock = Ahead::shared();
    let mut console = world.console_at(Arc::clone(&clock), |text| text);
    let targets = console.back(&moved_by(StrategyKind::Rolling)).await;
    let plan = console.plan(targets).await;
    let (op, before) = (plan.op, world.sim.shared().world().fly.env(Env::PRODUCTION).unwrap().releases.len());
    // The proof begins with a look at the registry, which takes its time.
    world.fault(&json!({"platform": "fly_api", "route": "graphql", "kind": "latency", "ms": 10_000})).await;
    console.begins(plan);
    // Both run the image; one stops before anybody looks for the last time.
    world
        .soon(|| {
            let mut state = world.sim.shared().world();
            let app = state.fly.env_mut(Env::PRODUCTION).unwrap();
            let complete = app.releases.len() > before && app.release().is_some_and(|row| row.status == "complete");
            if complete {
                "stopped".clone_into(&mut app.machines[1].state);
            }
            complete
        })
        .await;
    // Everything was looked at, and that machine alone is not as it should be: it is waited for as long as for anything else.
    let rests = "stopped: a request starts it, and its platform does not put it to rest";
    let alone = |one: &Operation| {
        let mut open = one.proof.iter().filter(|seen| seen.found != Found::Seen);
        one.id == op && open.next().is_some_and(|it| it.words.as_str().ends_with(rests)) && open.next().is_none()
    };
    drop(console.until(alone).await);
    clock.jump(Duration::from_secs(130));
    let end = console.until(|one| one.id == op && one.state.ended()).await;
    assert_eq!(end.state, OpState::ArrivedFailing, "{end:#?}");
    assert!(end.outcome.as_str().contains(rests), "{}", end.outcome);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_that_do_not_run_are_not_restarted() {
    let world = World::start(20.0).await;
    {
        let mut state = world.sim.shared().world();
        "stopped".clone_into(&mut state.fly.env_mut(Env::PRODUCTION).unwrap().machines[1].state);
    }
    let mut console = world.console();
    let request = Request::Restart(backend());
    let plan = console.request("production", request, None).await.unwrap();
    assert_eq!(plan.parts[0].steps.len(), 1, "{plan:#?}");
    assert!(plan.warnings.iter().any(|one| one.as_str().ends_with("is stopped and stays so")), "{:?}", plan.warnings);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_are_held_through_a_drain_that_is_longer_than_they_are() {
    // Slow enough that a busy machine does not let them run out by itself.
    let world = World::start(3.0).await;
    let clock = Ahead::shared();
    let drain = |text: String| text.replace("[platforms.fly]", "[platforms.fly]\ndrain = \"600s\"");
    let mut console = world.console_at(Arc::clone(&clock), drain);
    let targets = console.back(&moved_by(StrategyKind::BlueGreen)).await;
    let plan = console.plan(targets).await;
    let op = plan.op;
    console.begins(plan);
    let step = |one: &Operation, kind: StepKind| {
        one.id == op && one.steps.iter().any(|step| step.kind == kind && step.state == StepState::Running)
    };
    drop(console.until(|one| step(one, StepKind::EnterProxy)).await);
    let blues = {
        let state = world.sim.shared().world();
        let machines = &state.fly.env(Env::PRODUCTION).unwrap().machines;
        machines.iter().take(2).map(|one| one.id.clone()).collect::<Vec<_>>()
    };
    let all = |is: &dyn Fn(&flightdeck::sim::world::fly::Machine, flightdeck::clock::Timestamp) -> bool| {
        let state = world.sim.shared().world();
        let app = state.fly.env(Env::PRODUCTION).unwrap();
        blues.iter().all(|id| app.machines.iter().any(|one| one.id == *id && is(one, state.now)))
    };
    // The first drain, in which nothing is held; it begins when both new machines serve.
    world
        .soon(|| {
            let state = world.sim.shared().world();
            state.fly.env(Env::PRODUCTION).unwrap().machines.iter().filter(|one| one.serving()).count() == 4
        })
        .await;
    let held = || {
        let state = world.sim.shared().world();
        let app = state.fly.env(Env::PRODUCTION).unwrap();
        app.machines.iter().any(|one| blues.contains(&one.id) && one.lease.is_some())
    };
    let mut waits = tokio::time::interval(Duration::from_millis(20));
    let over = async {
        // Not once too often: the second drain is as long again, and begins when both are held.
        while !held() {
            clock.jump(Duration::from_secs(30));
            waits.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, over).await.expect("the first drain ends");
    world.soon(|| all(&|one, _| one.lease.is_some() && one.cordoned)).await;
    for _ in 0..6 {
        // The platform's time first: what the console prolongs in between is prolonged to the same end.
        world.sim.shared().advance(Duration::from_secs(31));
        clock.jump(Duration::from_secs(31));
        world
            .soon(|| {
                all(&|one, now| {
                    one.lease.as_ref().is_some_and(|lease| lease.expires_at > now + Duration::from_secs(90))
                })
            })
            .await;
    }
    clock.jump(Duration::from_secs(600));
    let done = console.until(|one| one.id == op && one.state.ended()).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    console.stop().await;
}
