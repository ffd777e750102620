//! How fleets are moved: side by side, one region first, all at once, new machines beside the old ones; and how many there are.

use std::collections::BTreeSet;

use flightdeck::clock::SystemClock;
use flightdeck::domain::cut_short;
use flightdeck::domain::operation::{Act, OpState, Operation, Plan, Request, StepKind, StepState, Target, Wait};
use flightdeck::domain::strategy::{AtOnce, Strategy, StrategyKind};
use flightdeck::sim::world::Env;
use flightdeck::store::Store;
use serde_json::json;

use crate::crashes::{SPEED, crash_after, each_point, sql};
use crate::world::{Console, World, backend};

pub fn console(world: &World) -> Console {
    let brief = |text: String| text.replace("[platforms.fly]", "[platforms.fly]\ndrain = \"50ms\"");
    world.console_with(world.state.path(), brief)
}

/// Back to the release before, in this strategy.
pub async fn back(console: &mut Console, strategy: Strategy) -> Plan {
    let targets = console.back(&strategy).await;
    console.request("production", Request::RollBack(targets), None).await.unwrap()
}

pub fn green(hold: bool) -> Strategy {
    Strategy { kind: StrategyKind::BlueGreen, hold, ..Strategy::default() }
}

/// Machines: (id, serving, digest).
pub fn fleet(world: &World) -> Vec<(String, bool, String)> {
    let state = world.sim.shared().world();
    let app = state.fly.env(Env::PRODUCTION).unwrap();
    app.machines.iter().map(|one| (one.id.clone(), one.serving(), one.digest.clone())).collect()
}

fn digests(world: &World) -> BTreeSet<String> {
    fleet(world).into_iter().map(|(_, _, digest)| digest).collect()
}

pub fn holds(operation: &Operation) -> bool {
    operation.steps.iter().any(|step| step.state == StepState::Waiting(Wait::Switch))
}

#[tokio::test(flavor = "multi_thread")]
async fn waves_go_side_by_side_and_one_region_before_all_others() {
    let world = World::start(20.0).await;
    let mut console = console(&world);
    let counts = vec![("iad".into(), 2), ("fra".into(), 2)];
    let plan = console.request("production", Request::Scale(backend(), counts), None).await.unwrap();
    assert_eq!(console.carry_out(plan).await.state, OpState::Done);
    assert_eq!(fleet(&world).iter().filter(|one| one.1).count(), 4);
    console.engine.refresh(&[]);
    let strategy = Strategy { at_once: AtOnce::Count(2), first: Some("fra".into()), ..Strategy::default() };
    let plan = back(&mut console, strategy).await;
    let Act::FlyImage { waves, .. } = &plan.parts[0].act else { panic!("{:?}", plan.parts[0].act) };
    assert_eq!(waves.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    let region = |step: &flightdeck::domain::operation::StepReport| step.title.as_str().contains(" fra:");
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    let machines: Vec<_> = done.steps.iter().filter(|step| step.title.as_str().starts_with("machine ")).collect();
    let (first, rest): (Vec<_>, Vec<_>) = machines.into_iter().partition(|step| region(step));
    assert_eq!((first.len(), rest.len()), (2, 2));
    let ended = first.iter().map(|step| step.ended_at.unwrap()).max().unwrap();
    assert!(rest.iter().all(|step| step.started_at.unwrap() >= ended), "one region is whole before the next begins");
    assert!(first[1].started_at.unwrap() < first[0].ended_at.unwrap(), "two side by side");
    assert_eq!(digests(&world).len(), 1);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn immediate_sends_all_at_once_and_still_finds_the_machine_that_fell_back() {
    let world = World::start(20.0).await;
    let mut console = console(&world);
    let immediate = || Strategy { kind: StrategyKind::Immediate, ..Strategy::default() };
    let plan = back(&mut console, immediate()).await;
    world.sim.shared().world().fly.env_mut(Env::PRODUCTION).unwrap().machines[1].falls_back = true;
    let failed = console.carry_out(plan).await;
    assert_eq!(failed.state, OpState::HalfDone, "{failed:#?}");
    assert!(failed.outcome.as_str().contains("fell back"), "{}", failed.outcome);
    let row = world.sim.shared().world().fly.env(Env::PRODUCTION).unwrap().release().unwrap().clone();
    assert_eq!((row.status.as_str(), row.strategy.as_str()), ("failed", "IMMEDIATE"));
    console.engine.refresh(&[]);
    console.stop().await;

    let world = World::start(20.0).await;
    let mut console = self::console(&world);
    let plan = back(&mut console, immediate()).await;
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    console.stop().await;
}

/// Cut off after both machines got the image and before anybody has looked at them: whoever goes on looks at both.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_to_all_at_once_before_a_crash_is_looked_at_by_whoever_goes_on() {
    let world = World::start(SPEED).await;
    let state = world.state.path();
    let mut first = console(&world);
    let plan = back(&mut first, Strategy { kind: StrategyKind::Immediate, ..Strategy::default() }).await;
    let op = plan.op;
    let sent = "create trigger crash before insert on journal when (select count(*) from journal where event = 'outcome' \
                and body like '%update machine%') >= 2 begin select raise(abort, 'crash'); end";
    sql(state, sent.to_owned()).await;
    first.carry_out(plan).await;
    first.stop().await;
    sql(state, "drop trigger crash".to_owned()).await;
    let open = Store::open(state, SystemClock::shared()).await.unwrap().one(op).await.unwrap();
    assert!(open.interrupted, "{open:#?}");
    let mut console = console(&world);
    let plan = console.request("production", cut_short::finished(&open).unwrap(), Some(op)).await.unwrap();
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    let look = done.steps.iter().find(|step| step.kind == StepKind::JudgeFleet).unwrap();
    assert_eq!(look.detail.as_str(), "2 machines run it, checks pass", "{done:#?}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_machines_wait_outside_the_proxy_until_a_person_switches() {
    let world = World::start(20.0).await;
    let mut console = console(&world);
    let before = fleet(&world);
    let plan = back(&mut console, green(true)).await;
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let op = plan.op;
    console.begins(plan);
    console.until(holds).await;
    let held = fleet(&world);
    assert_eq!(held.len(), 4, "two new ones beside the two old ones");
    assert_eq!(held.iter().filter(|one| one.1).map(|one| &one.0).collect::<Vec<_>>(), [&before[0].0, &before[1].0]);
    console.engine.answer(op, true);
    let done = console.until(|one| one.state.ended()).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    // What is being destroyed is listed for a moment longer.
    world.sim.shared().advance(std::time::Duration::from_secs(10));
    let after = fleet(&world);
    assert!(after.iter().all(|one| one.1 && before.iter().all(|old| old.0 != one.0)), "{after:?}");
    assert_eq!((after.len(), digests(&world).len()), (2, 1));
    let row = world.sim.shared().world().fly.env(Env::PRODUCTION).unwrap().release().unwrap().clone();
    assert_eq!((row.status.as_str(), row.strategy.as_str()), ("complete", "BLUEGREEN"));
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_off_or_not_well_leaves_the_old_machines_alone_and_destroys_the_new_ones() {
    for sick in [false, true] {
        let world = World::start(20.0).await;
        let mut console = console(&world);
        let before = fleet(&world);
        let plan = back(&mut console, green(true)).await;
        let op = plan.op;
        if sick {
            let Act::FlySwap { image, .. } = &plan.parts[0].act else { panic!("{:?}", plan.parts[0].act) };
            sicken(&world, image.as_str());
            console.begins(plan);
            continue_until_critical(&world).await;
            // Checks that never pass are given up after two minutes: here the new machine becomes another one at once.
            let mut state = world.sim.shared().world();
            let machines = &mut state.fly.env_mut(Env::PRODUCTION).unwrap().machines;
            machines.iter_mut().filter(|one| one.cordoned).for_each(|one| "another".clone_into(&mut one.instance_id));
        } else {
            console.begins(plan);
            console.until(holds).await;
            console.engine.answer(op, false);
        }
        let ended = console.until(|one| one.state.ended()).await;
        assert_eq!(ended.state, OpState::Failed, "{ended:#?}");
        assert!(ended.outcome.as_str().contains("the new machines were destroyed"), "{}", ended.outcome);
        assert!(ended.outcome.as_str().contains("was not changed"), "{}", ended.outcome);
        let there = world.app(|app| app.machines.iter().filter(|one| one.state != "destroyed").count());
        assert_eq!(there, 2, "they are gone once that is said");
        world.sim.shared().advance(std::time::Duration::from_secs(10));
        assert_eq!(fleet(&world), before, "as it was");
        let row = world.sim.shared().world().fly.env(Env::PRODUCTION).unwrap().release().unwrap().status.clone();
        assert_eq!(row, "failed");
        console.stop().await;
    }
}

/// What runs this image is not well.
fn sicken(world: &World, image: &str) {
    let mut state = world.sim.shared().world();
    let app = state.fly.env_mut(Env::PRODUCTION).unwrap();
    let digest = app.image(image).unwrap().digest.clone();
    app.images.iter_mut().find(|one| one.digest == digest).unwrap().health.healthy = false;
}

/// A new machine is there and its check fails.
async fn continue_until_critical(world: &World) {
    let critical = || {
        let state = world.sim.shared().world();
        let app = state.fly.env(Env::PRODUCTION).unwrap();
        app.machines.iter().any(|one| one.cordoned && one.state == "started" && !app.healthy(one, state.now))
    };
    world.soon(critical).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_blue_green_is_not_for_is_refused_with_the_reason() {
    let world = World::start(20.0).await;
    let mut console = console(&world);
    world.sim.shared().world().fly.env_mut(Env::PRODUCTION).unwrap().machines[0].config["mounts"] =
        serde_json::json!([{"volume": "vol_1", "path": "/data"}]);
    let plan = back(&mut console, green(false)).await;
    assert!(plan.refusals.iter().any(|why| why.as_str().contains("volume")), "{:?}", plan.refusals);
    let plan = back(&mut console, Strategy { first: Some("sin".into()), ..Strategy::default() }).await;
    assert!(plan.refusals.iter().any(|why| why.as_str().contains("no machine in sin")), "{:?}", plan.refusals);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_would_be_left_without_machines_is_scaled() {
    let world = World::start(20.0).await;
    let mut console = console(&world);
    let all = vec![("iad".into(), 0), ("fra".into(), 0)];
    let plan = console.request("production", Request::Scale(backend(), all), None).await.unwrap();
    assert!(plan.refusals[0].as_str().contains("no machine would be left"), "{:?}", plan.refusals);
    let plan = console.request("production", Request::Scale(backend(), vec![("xyz".into(), 1)]), None).await.unwrap();
    assert!(plan.refusals[0].as_str().contains("no region xyz"), "{:?}", plan.refusals);
    let none = console.request("production", Request::Scale(backend(), vec![("iad".into(), 1)]), None).await;
    assert!(none.unwrap().refusals[0].as_str().contains("already"));
    console.stop().await;
}

/// A blue-green rollback that is cut off after `rows` rows and undone at the next start. False when it was not cut off any more.
async fn crash_and_undo(rows: usize) -> bool {
    let world = World::start(SPEED).await;
    let before = fleet(&world);
    let state = world.state.path();
    let store = Store::open(state, SystemClock::shared()).await.unwrap();
    let mut first = console(&world);
    let plan = back(&mut first, green(false)).await;
    let op = plan.op;
    crash_after(state, rows).await;
    let ended = first.carry_out(plan).await;
    first.stop().await;
    sql(state, "drop trigger crash".to_owned()).await;
    let found = store.interrupted().await.unwrap();
    if ended.state == OpState::Done && found.is_empty() {
        return false;
    }
    if rows == 0 {
        return true;
    }
    let targets: Vec<Target> =
        found[0].moves.iter().map(|one| Target::new(one.service.clone(), one.from.clone().unwrap())).collect();
    let mut console = console(&world);
    let what = format!("after {rows} rows");
    let undone = match console.request("production", Request::RollBack(targets), Some(op)).await {
        Err(why) => {
            assert!(why.as_str().contains("already"), "{what}: {why}");
            true
        }
        Ok(plan) if !plan.refusals.is_empty() => {
            assert!(plan.refusals[0].as_str().contains("destroyed already"), "{what}: {:?}", plan.refusals);
            false
        }
        Ok(plan) => {
            let done = console.carry_out(plan).await;
            // What it sent without hearing may land after it was taken back.
            let end = if found[0].late_calls.is_empty() { OpState::Done } else { OpState::Unknown };
            assert_eq!(done.state, end, "{what}: {done:#?}");
            true
        }
    };
    console.stop().await;
    if undone {
        world.sim.shared().advance(std::time::Duration::from_secs(10));
        let old: BTreeSet<&String> = before.iter().map(|one| &one.2).collect();
        let now = fleet(&world);
        assert!(now.len() == 2 && now.iter().all(|one| one.1 && old.contains(&one.2)), "{what}: {now:?}");
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_taken_back_to_its_end_though_the_new_machines_cannot_be_looked_at() {
    let world = World::start(SPEED).await;
    let before: BTreeSet<String> = fleet(&world).into_iter().map(|one| one.0).collect();
    let mut first = console(&world);
    let plan = back(&mut first, green(true)).await;
    let op = plan.op;
    first.begins(plan);
    drop(first.until(holds).await);
    first.stop().await;
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let found = store.interrupted().await.unwrap();
    let targets: Vec<Target> =
        found[0].moves.iter().map(|one| Target::new(one.service.clone(), one.from.clone().unwrap())).collect();
    let mut console = console(&world);
    let plan = console.request("production", Request::RollBack(targets), Some(op)).await.unwrap();
    let made: Vec<String> = fleet(&world).into_iter().map(|one| one.0).filter(|id| !before.contains(id)).collect();
    assert_eq!(made.len(), 2);
    for id in &made {
        let route = format!("/machines/{id}$");
        let fault =
            json!({"platform": "fly_machines", "route": route, "method": "GET", "kind": "status", "status": 403});
        world.fault(&fault).await;
    }
    let ended = console.carry_out(plan).await;
    let told: Vec<(StepState, &str)> =
        ended.steps.iter().map(|step| (step.state.clone(), step.detail.as_str())).collect();
    let (StepState::Done, gone) = &told[1] else { panic!("{told:?}") };
    assert!(gone.contains("were asked to go and were not seen gone: "), "{gone}");
    assert!(matches!(&told[2], (StepState::Done, closed) if closed.ends_with(" interrupted")), "{told:?}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_every_crash_a_blue_green_rollback_is_undone_or_says_why_it_cannot_be() {
    let last = each_point(1, crash_and_undo).await;
    assert!(last > 17, "a blue-green rollback writes more rows than {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_see_the_new_machines_does_not_call_them_destroyed() {
    let world = World::start(20.0).await;
    let mut console = console(&world);
    let plan = back(&mut console, green(true)).await;
    let op = plan.op;
    console.begins(plan);
    console.until(holds).await;
    let fault = serde_json::json!({"platform": "fly_machines", "route": "/v1/apps/{app}/machines", "method": "GET",
        "kind": "status", "status": 403, "seconds": 3600});
    world.fault(&fault).await;
    console.engine.answer(op, false);
    let ended = console.until(|one| one.state.ended()).await;
    assert_eq!(ended.state, OpState::Unknown, "{ended:#?}");
    assert!(ended.outcome.as_str().contains("may be there still"), "{}", ended.outcome);
    assert_eq!(fleet(&world).len(), 4);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_machine_that_changed_after_the_switch_is_not_destroyed() {
    let world = World::start(20.0).await;
    let brief = |text: String| text.replace("[platforms.fly]", "[platforms.fly]\ndrain = \"2s\"");
    let mut console = world.console_with(world.state.path(), brief);
    let before = fleet(&world);
    let plan = back(&mut console, green(false)).await;
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    console.begins(plan);
    let entering = |one: &Operation| {
        one.steps.iter().any(|step| step.kind == StepKind::EnterProxy && step.state == StepState::Running)
    };
    console.until(entering).await;
    // What the plan saw was looked at for the last time before: somebody deploys while connections drain.
    for machine in &mut world.sim.shared().world().fly.env_mut(Env::PRODUCTION).unwrap().machines {
        if before.iter().any(|old| old.0 == machine.id) {
            machine.instance_id = "01SOMEBODYELSE".to_owned();
        }
    }
    let ended = console.until(|one| one.state.ended()).await;
    assert_eq!(ended.state, OpState::HalfDone, "{ended:#?}");
    assert!(ended.outcome.as_str().contains("it is not what the plan saw"), "{}", ended.outcome);
    let after = fleet(&world);
    assert!(before.iter().all(|old| after.iter().any(|one| one.0 == old.0 && one.1)), "{after:?}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_without_machines_does_not_run_what_is_asked_for() {
    let world = World::start(20.0).await;
    let mut console = console(&world);
    let targets: Vec<Target> = console.targets().await.into_iter().filter(|one| one.service == backend()).collect();
    world.sim.shared().world().fly.env_mut(Env::PRODUCTION).unwrap().machines.clear();
    let plan = console.request("production", Request::RollBack(targets), None).await.unwrap();
    assert!(plan.arrived.is_none(), "{:?}", plan.arrived);
    let told = |why: &flightdeck::sanitize::Text| why.as_str().contains("no machine that deploys manage is listed");
    assert!(plan.refusals.iter().any(told), "{:?}", plan.refusals);
    console.stop().await;
}
