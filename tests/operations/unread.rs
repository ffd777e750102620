//! What is written was read whole just before; a machine that cannot be read is there all the same.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::domain::environment::{Declared, Status};
use flightdeck::domain::fact::Fact;
use flightdeck::domain::operation::{OpState, Operation, Plan, Request, StepKind, StepState};
use flightdeck::domain::strategy::{Strategy, StrategyKind};
use flightdeck::sim::world::event::Event;
use flightdeck::sim::world::host::Host;
use serde_json::{Value, json};

use crate::world::{Ahead, Console, World, backend};

const UPDATE: &str = "POST /v1/apps/{app}/machines/{id}";

async fn back(console: &mut Console, strategy: Strategy) -> Plan {
    let targets = console.back(&strategy).await;
    console.plan(targets).await
}

/// What runs on the machines, whatever the Machines API says of it.
fn configs(world: &World) -> Vec<Value> {
    world.app(|app| app.machines.iter().map(|one| one.config.clone()).collect())
}

fn row(world: &World) -> String {
    world.app(|app| app.release().unwrap().status.clone())
}

fn unseen(world: &World, machine: usize, host: &str) {
    let event = json!({"kind": "host", "environment": "production", "machine": machine, "host": host});
    let event: Event = serde_json::from_value(event).unwrap();
    world.sim.shared().world().happen(&event);
}

fn says(plan: &Plan, words: &str) -> bool {
    plan.warnings.iter().any(|warning| warning.as_str().contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_not_told_before_the_write_is_not_written_back() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let before = configs(&world);
    for (field, says) in
        [("config", "no configuration"), ("image", "no image"), ("services", "is not what the plan saw")]
    {
        let plan = back(&mut console, Strategy::default()).await;
        world
            .fault(&json!({"platform": "fly_machines", "route": "/machines/{id}", "method": "GET", "kind": "missing",
                "field": field}))
            .await;
        let failed = console.carry_out(plan).await;
        assert_eq!(failed.state, OpState::Failed, "{field}: {failed:#?}");
        assert!(failed.outcome.as_str().contains(says), "{field}: {}", failed.outcome);
        assert!(failed.outcome.as_str().contains("what serves was not changed"), "{}", failed.outcome);
        assert_eq!(world.requests("fly_machines", UPDATE).await, 0, "{field}");
        assert_eq!((configs(&world), row(&world)), (before.clone(), "failed".to_owned()), "{field}");
        world.sim.shared().faults().clear();
        console.engine.refresh(&[]);
    }
    // More machines are copies: of what was read whole, or of nothing.
    let plan = console.request("production", Request::Scale(backend(), vec![("iad".into(), 2)]), None).await.unwrap();
    world
        .fault(&json!({"platform": "fly_machines", "route": "/machines/{id}", "method": "GET", "kind": "missing",
            "field": "env"}))
        .await;
    let failed = console.carry_out(plan).await;
    assert_eq!(failed.state, OpState::Failed, "{failed:#?}");
    assert_eq!((configs(&world), world.requests("fly_machines", "POST /v1/apps/{app}/machines").await), (before, 0));
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_any_more_when_a_plan_is_carried_out_refuses_it() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let before = configs(&world);
    let plan = back(&mut console, Strategy::default()).await;
    unseen(&world, 1, "unreachable");
    let refused = console.carry_out(plan).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    assert_eq!((configs(&world), world.requests("fly_machines", UPDATE).await), (before, 0));
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_cannot_be_read_stays_in_the_plan_and_counts_against_the_end() {
    // Each waits two minutes for an edge that half of its machines answer otherwise: all at once.
    let hosts = ["unreachable", "unknown", "silent", "destroyed"];
    futures_util::future::join_all(hosts.map(async |host| {
        let world = World::start(20.0).await;
        unseen(&world, 1, host);
        let mut console = world.console();
        let before = configs(&world);
        let declared = console
            .fact(|fact| match fact {
                Fact::Declared(id, declared) if id == backend() => Some(*declared),
                _ => None,
            })
            .await;
        known(&declared, host);
        let targets = console.targets().await;
        let only = targets.iter().find(|one| one.service == backend()).unwrap().clone();
        let plan = console.plan(targets).await;
        assert!(plan.refusals.is_empty(), "{host}: {:?}", plan.refusals);
        assert!(says(&plan, "1 of 2 machines"), "{host}: {:?}", plan.warnings);
        let part = console.carry_out(plan).await;
        assert_eq!(part.state, OpState::HalfDone, "{host}: {part:#?}");
        assert!(part.outcome.as_str().contains("1 of 2 machines run"), "{host}: {}", part.outcome);
        let close = part.steps.iter().find(|step| step.detail.as_str().contains("on 1 of 2 machines; machine"));
        assert_eq!(close.map(|step| &step.state), Some(&StepState::Failed), "{host}: {part:#?}");
        assert!(!part.outcome.as_str().contains("restored"), "{host}: {}", part.outcome);
        assert!(part.steps.iter().all(|step| step.state != StepState::Skipped), "{host}: the frontend goes on");
        let after = configs(&world);
        assert_eq!((&after[1], row(&world)), (&before[1], "failed".to_owned()), "{host}");
        assert_ne!(after[0], before[0], "{host}");
        assert_eq!((&after[0]["env"], &after[0]["services"]), (&before[0]["env"], &before[0]["services"]));
        // Nothing is left to do that could be done; what was read says so.
        let again = console.plan(vec![only]).await;
        assert!(again.refusals[0].as_str().contains("1 of 2 machines"), "{host}: {:?}", again.refusals);
        console.stop().await;
    }))
    .await;
}

/// A machine on its way out is listed as what it is; it may vanish while the others move, and until it has, nothing is complete.
async fn on_its_way_out(vanishes: bool) {
    let world = World::start(1.0).await;
    let clock = Ahead::shared();
    let mut console = world.console_at(Arc::clone(&clock), |text| text);
    let setting = json!({"platform": "fly", "resource": "production/1", "state": "destroying"});
    world.sim.shared().world().set(&serde_json::from_value(setting).unwrap()).unwrap();
    let says = world.app(|app| format!("machine {} {}: being destroyed", app.machines[1].id, app.machines[1].region));
    console
        .fact(|fact| match fact {
            Fact::Declared(id, told) if id == backend() && told.status == Status::Running => {
                assert!(told.words.as_str().starts_with(&format!("1 of 2 known, {says}")), "{}", told.words);
                Some(())
            }
            _ => None,
        })
        .await;
    let plan = back(&mut console, Strategy::default()).await;
    let warns = format!("backend: 1 of 2 machines take part, not {says}");
    assert!(plan.refusals.is_empty() && self::says(&plan, &warns), "{plan:#?}");
    let op = plan.op;
    console.begins(plan);
    let closes = |one: &Operation| {
        let close = one.steps.iter().find(|step| step.kind == StepKind::CloseRelease);
        one.id == op && close.is_some_and(|step| step.state == StepState::Running)
    };
    drop(console.until(closes).await);
    if vanishes {
        world.app(|app| drop(app.machines.remove(1)));
    } else {
        clock.jump(Duration::from_secs(31));
        drop(console.until(|one| one.id == op && !one.proof.is_empty()).await);
        clock.jump(Duration::from_secs(11));
    }
    let end = console.until(|one| one.id == op && one.state.ended()).await;
    if vanishes {
        assert_eq!((end.state, row(&world).as_str()), (OpState::Done, "complete"), "{end:#?}");
    } else {
        assert_eq!((end.state, row(&world).as_str()), (OpState::HalfDone, "failed"), "{end:#?}");
        assert!(end.outcome.as_str().contains(&format!("backend {says}")), "{}", end.outcome);
        let close = end.steps.iter().find(|step| step.kind == StepKind::CloseRelease).unwrap();
        assert!(close.detail.as_str().ends_with(&format!("on 1 of 2 machines; {says}")), "{close:?}");
        assert!(end.proof.iter().any(|one| one.words.as_str() == "being destroyed"), "{end:#?}");
    }
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_on_its_way_out_is_told_and_nothing_is_complete_while_it_is_listed() {
    tokio::join!(on_its_way_out(true), on_its_way_out(false));
}

/// Half a fleet is never a healthy one.
fn known(declared: &Declared, host: &str) {
    assert_eq!(declared.status, Status::Warn, "{host}: {declared:?}");
    assert!(declared.words.as_str().starts_with("1 of 2 known"), "{host}: {}", declared.words);
    let unread: Vec<&str> =
        declared.instances.iter().filter_map(|one| one.unread.as_ref()).map(|why| why.as_str()).collect();
    let why = match host {
        "unreachable" => "incomplete configuration, host does not answer",
        "unknown" => "incomplete configuration, state of its host unknown",
        "silent" => "no configuration, host does not answer",
        _ => "destroyed, and still listed",
    };
    assert_eq!(unread, [why], "{host}");
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_scalings_and_new_machines_leave_out_what_cannot_be_read() {
    let world = World::start(20.0).await;
    unseen(&world, 1, "silent");
    let mut console = world.console();
    let before = configs(&world);
    let plan = console.request("production", Request::Restart(backend()), None).await.unwrap();
    assert!(says(&plan, "1 of 2 machines"), "{:?}", plan.warnings);
    let part = console.carry_out(plan).await;
    assert_eq!(part.state, OpState::HalfDone, "{part:#?}");
    assert!(part.outcome.as_str().contains("restarted 1 of 2 machines"), "{}", part.outcome);

    let none = console.request("production", Request::Scale(backend(), vec![("fra".into(), 0)]), None).await.unwrap();
    assert!(none.refusals[0].as_str().contains("cannot be read"), "{:?}", none.refusals);
    let more = console.request("production", Request::Scale(backend(), vec![("fra".into(), 2)]), None).await.unwrap();
    assert!(more.refusals.is_empty() && says(&more, "1 of 2 machines"), "{more:#?}");
    let done = console.carry_out(more).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    let after = configs(&world);
    assert_eq!((after.len(), &after[..2]), (3, &before[..]));
    assert_eq!((&after[2]["env"], &after[2]["guest"]), (&before[0]["env"], &before[0]["guest"]));

    let green = Strategy { kind: StrategyKind::BlueGreen, ..Strategy::default() };
    let plan = back(&mut console, green).await;
    assert!(plan.refusals[0].as_str().contains("blue-green needs all of them"), "{:?}", plan.refusals);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_not_made_over_machines_that_cannot_be_read() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let before = configs(&world);
    let plan = back(&mut console, Strategy { kind: StrategyKind::BlueGreen, hold: true, ..Strategy::default() }).await;
    let op = plan.op;
    console.engine.operate(plan, None);
    let held = |one: &Operation| {
        one.steps.iter().any(|step| step.state == StepState::Running && step.title.as_str().starts_with("hold"))
    };
    console.until(held).await;
    unseen(&world, 0, "unreachable");
    console.engine.answer(op, true);
    let ended = console.until(|one| one.state.ended()).await;
    assert_eq!(ended.state, OpState::Failed, "{ended:#?}");
    assert!(ended.outcome.as_str().contains("the new machines were destroyed"), "{}", ended.outcome);
    world.sim.shared().advance(Duration::from_secs(10));
    assert_eq!(configs(&world), before);
    assert!(world.app(|app| app.machines.iter().all(|one| one.serving())));
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_machine_that_cannot_be_read_is_not_called_destroyed() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let plan = back(&mut console, Strategy { kind: StrategyKind::BlueGreen, hold: true, ..Strategy::default() }).await;
    let op = plan.op;
    console.engine.operate(plan, None);
    let held = |one: &Operation| {
        one.steps.iter().any(|step| step.state == StepState::Running && step.title.as_str().starts_with("hold"))
    };
    console.until(held).await;
    unseen(&world, 2, "silent");
    console.engine.answer(op, false);
    let ended = console.until(|one| one.state.ended()).await;
    assert_eq!(ended.state, OpState::Unknown, "{ended:#?}");
    assert!(ended.outcome.as_str().contains("may be a new machine that is there still"), "{}", ended.outcome);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_machine_did_not_get_of_what_was_sent_is_told() {
    let world = World::start(5.0).await;
    let mut console = world.console();
    let plan = back(&mut console, Strategy::default()).await;
    let lose = world.soon(|| {
        world.app(|app| {
            let Some(machine) = app.machines.iter_mut().find(|one| !one.versions.is_empty()) else { return false };
            machine.config.as_object_mut().unwrap().remove("env").is_some()
        })
    });
    let (half, ()) = tokio::join!(console.carry_out(plan), lose);
    assert_eq!(half.state, OpState::HalfDone, "{half:#?}");
    assert!(half.outcome.as_str().contains("does not have what was sent to it: env.APP_ENV"), "{}", half.outcome);
    assert_eq!((world.requests("fly_machines", UPDATE).await, row(&world).as_str()), (1, "failed"));
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_complete_on_the_machines_of_the_plan_or_not_at_all() {
    let world = World::start(5.0).await;
    let mut console = world.console();
    let plan = back(&mut console, Strategy::default()).await;
    let vanish = world.soon(|| {
        world.app(|app| {
            let all = app.machines.iter().all(|one| !one.versions.is_empty());
            if all {
                app.machines.remove(0);
            }
            all
        })
    });
    let (half, ()) = tokio::join!(console.carry_out(plan), vanish);
    assert_eq!(half.state, OpState::HalfDone, "{half:#?}");
    assert!(half.outcome.as_str().contains("1 machine is listed, the plan was for 2"), "{}", half.outcome);
    assert_eq!(row(&world), "failed");
    console.stop().await;
}

/// Whatever answer of Fly is lost, it is seen on the platform that the call was taken, and it is not sent again.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_looked_for() {
    let lost = [
        ("fly_api", "POST", "/api/v1/releases", StrategyKind::Rolling),
        ("fly_api", "PATCH", "/api/v1/releases", StrategyKind::Rolling),
        ("fly_machines", "POST", "/lease", StrategyKind::Rolling),
        ("fly_machines", "POST", "/machines/{id}$", StrategyKind::Rolling),
        ("fly_machines", "POST", "/machines$", StrategyKind::BlueGreen),
        ("fly_machines", "POST", "/{action}", StrategyKind::BlueGreen),
        ("fly_machines", "DELETE", "/machines/{id}", StrategyKind::BlueGreen),
    ];
    for (platform, method, route, strategy) in lost {
        let world = World::start(60.0).await;
        let brief = |text: String| text.replace("[platforms.fly]", "[platforms.fly]\ndrain = \"50ms\"");
        let mut console = world.console_with(world.state.path(), brief);
        let plan = back(&mut console, Strategy { kind: strategy, ..Strategy::default() }).await;
        let what = format!("{method} {route}");
        world.fault(&json!({"platform": platform, "route": route, "method": method, "kind": "lost", "count": 1})).await;
        let done = console.carry_out(plan).await;
        assert_eq!(done.state, OpState::Done, "{what}: {done:#?}");
        assert!(world.sim.shared().faults().iter().all(|fault| fault.spec.count == Some(0)), "{what}: it was lost");
        assert_eq!(row(&world), "complete", "{what}");
        let posted = world.requests("fly_api", "POST /api/v1/releases").await;
        let updated = world.requests("fly_machines", UPDATE).await;
        let made = world.requests("fly_machines", "POST /v1/apps/{app}/machines").await;
        let wanted = if strategy == StrategyKind::Rolling { (1, 2, 0) } else { (1, 0, 2) };
        assert_eq!((posted, updated, made), wanted, "{what}");
        console.stop().await;
    }
}

/// A restart whose answer was lost, and a machine that is made beside others.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_one_more_machine_are_looked_for_when_their_answer_is_lost() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    for (route, request) in
        [("/{action}", Request::Restart(backend())), ("/machines", Request::Scale(backend(), vec![("iad".into(), 2)]))]
    {
        let plan = console.request("production", request, None).await.unwrap();
        world
            .fault(&json!({"platform": "fly_machines", "route": route, "method": "POST", "kind": "lost", "count": 1}))
            .await;
        let done = console.carry_out(plan).await;
        assert_eq!(done.state, OpState::Done, "{route}: {done:#?}");
    }
    assert_eq!(world.requests("fly_machines", "POST /v1/apps/{app}/machines").await, 1);
    assert_eq!(world.app(|app| app.machines.len()), 3);
    let seen = world.app(|app| app.machines.iter().all(|one| one.host == Host::Ok && one.serving()));
    assert!(seen);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_back_before_the_end_was_not_deployed_anew() {
    let world = World::start(20.0).await;
    unseen(&world, 1, "silent");
    let mut console = world.console();
    let plan = console.request("production", Request::Redeploy(backend()), None).await.unwrap();
    assert!(says(&plan, "1 of 2 machines"), "{:?}", plan.warnings);
    let moved = || world.app(|app| app.machines.iter().any(|one| !one.versions.is_empty()));
    let back = world.soon(|| {
        let moved = moved();
        if moved {
            unseen(&world, 1, "ok");
        }
        moved
    });
    let (half, ()) = tokio::join!(console.carry_out(plan), back);
    assert_eq!(half.state, OpState::HalfDone, "it runs the same image and not the new release: {half:#?}");
    assert!(half.outcome.as_str().contains("it was not deployed anew"), "{}", half.outcome);
    assert_eq!(row(&world), "failed");
    console.stop().await;
}
