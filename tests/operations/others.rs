//! What others do beside an operation and after it was cut short: their machines are left alone, and what they moved is not taken away
//! unsaid.

use flightdeck::domain::fact::Fact;
use flightdeck::domain::operation::{Act, OpState, Request};
use flightdeck::domain::overrides::Override;
use flightdeck::domain::strategy::{Strategy, StrategyKind};
use flightdeck::sanitize::Text;
use flightdeck::sim::world::deploy::Deploy;
use flightdeck::sim::world::{Env, Health};
use std::time::Duration;

use crate::fleets::{back, console, fleet, green, holds};
use crate::world::World;

fn told(all: &[Text], part: &str) -> bool {
    all.iter().any(|one| one.as_str().contains(part))
}

fn gate<'a>(all: &'a [Override], asked: &str) -> Option<&'a Text> {
    all.iter().find_map(|one| match one {
        Override::Others { asks, says } if asks.as_str().starts_with(asked) => Some(says),
        _ => None,
    })
}

/// Two old machines, and two new ones that an operation has made and left.
#[tokio::test(flavor = "multi_thread")]
async fn machines_out_of_the_proxy_are_told_and_never_double_a_fleet() {
    let world = World::start(20.0).await;
    let mut console = console(&world);
    let before = fleet(&world);
    let plan = back(&mut console, green(true)).await;
    let op = plan.op;
    console.begins(plan);
    console.until(holds).await;
    console.stop().await;
    let mut console = self::console(&world);
    let blocked = back(&mut console, Strategy::default()).await;
    assert!(told(&blocked.refusals, "comes first"), "{:?}", blocked.refusals);
    assert!(told(&blocked.warnings, "by roll back production: backend"), "{:?}", blocked.warnings);
    console.engine.leave(op, "not tonight".into());
    console.fact(|fact| if let Fact::Left(id, told) = fact { (id == op).then_some(told) } else { None }).await.unwrap();
    // A roll leaves them alone.
    let plan = back(&mut console, Strategy::default()).await;
    assert!(told(&plan.warnings, "is out of the proxy, made in place of"), "{:?}", plan.warnings);
    let Act::FlyImage { waves, .. } = &plan.parts[0].act else { panic!("{:?}", plan.parts[0].act) };
    let moved: Vec<&str> = waves.iter().flatten().map(Text::as_str).collect();
    assert_eq!(moved, [&*before[0].0, &*before[1].0]);
    assert!(gate(&plan.overrides, "no deploy of backend").is_some(), "its release stands open: {:?}", plan.overrides);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    // And blue-green gives them no successor.
    let digest = before[0].2.clone();
    world.app(|app| app.machines.iter_mut().filter(|one| !one.cordoned).for_each(|one| one.digest.clone_from(&digest)));
    let targets = console.back(&green(false)).await;
    let plan = console.request("production", Request::RollBack(targets), None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let Act::FlySwap { blues, .. } = &plan.parts[0].act else { panic!("{:?}", plan.parts[0].act) };
    assert_eq!(blues.iter().map(Text::as_str).collect::<Vec<_>>(), [&*before[0].0, &*before[1].0]);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    world.sim.shared().advance(Duration::from_secs(10));
    let after = fleet(&world);
    assert_eq!((after.len(), after.iter().filter(|one| one.1).count()), (4, 2), "{after:?}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_of_a_colleague_that_is_under_way_needs_a_reason() {
    let world = World::start(20.0).await;
    let mut console = console(&world);
    let plan = back(&mut console, Strategy { kind: StrategyKind::Rolling, ..Strategy::default() }).await;
    assert!(gate(&plan.overrides, "no ").is_none(), "nothing is under way: {:?}", plan.overrides);
    let op = plan.op;
    world.fault(&serde_json::json!({"platform": "fly_machines", "route": "/machines/{id}$", "method": "POST", "count": 1, "kind": "late", "ms": 36_000_000})).await;
    console.begins(plan);
    let shared = world.sim.shared();
    world.soon(|| shared.taken() > 0).await;
    console.stop().await;
    shared.faults().clear();
    let own = world.app(|app| app.release().unwrap().clone());
    assert_eq!(own.status, "running");
    // Somebody deploys another commit through the pipeline.
    let run = {
        let mut state = shared.world();
        let commit = state.commits.len() - 1;
        let (health, event, actor) = (Health::good(), "workflow_dispatch".to_owned(), Some("ines".to_owned()));
        let (env, gated) = (Env::PRODUCTION, false);
        state.deploy(Deploy { env, commit, backend: true, frontend: false, health, gated, event, actor })
    };
    let mut console = self::console(&world);
    let targets = console.back(&Strategy::default()).await;
    let early = console.try_plan(targets, Some(op)).await.unwrap();
    // It is seen as a run, and then as a release.
    let says = gate(&early.overrides, "no run deploys production").or(gate(&early.overrides, "no deploy of backend"));
    assert!(says.is_some_and(|says| says.as_str().contains(" since ")), "{run:?}: {:?}", early.overrides);
    console.stop().await;
}
