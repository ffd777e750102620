//! What others do beside an operation and after it was cut short: their machines are left alone, and what they moved is not taken away
//! unsaid.

use flightdeck::clock::SystemClock;
use flightdeck::domain::cut_short;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::ids::ServiceId;
use flightdeck::domain::operation::{Act, OpState, Request};
use flightdeck::domain::overrides::Override;
use flightdeck::domain::strategy::{Strategy, StrategyKind};
use flightdeck::sanitize::Text;
use flightdeck::sim::world::deploy::Deploy;
use flightdeck::sim::world::{Env, Health};
use flightdeck::store::Store;
use std::time::Duration;

use crate::crashes::sql;
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
    assert!(told(&blocked.warnings, "by roll back production"), "{:?}", blocked.warnings);
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
    // It is seen as a run, then as a release, and on a machine that has much to do as one that has ended.
    let gates = ["no run deploys production", "no deploy of backend", "nobody else has moved backend"];
    let says = gates.iter().find_map(|one| gate(&early.overrides, one));
    assert!(says.is_some_and(|says| says.as_str().contains(" since ")), "{run:?}: {:?}", early.overrides);
    console.stop().await;
}

/// A commit that neither backend nor frontend of production runs, deployed there by a colleague to its end.
async fn colleague_deploys(world: &World) -> String {
    let shared = world.sim.shared();
    let (commit, sha) = {
        let mut state = shared.world();
        let commit = state.commits.len() - 1;
        let (health, event, actor) = (Health::good(), "workflow_dispatch".to_owned(), Some("ines".to_owned()));
        let (env, gated) = (Env::PRODUCTION, false);
        state.deploy(Deploy { env, commit, backend: true, frontend: true, health, gated, event, actor });
        (commit, state.commits[commit].sha.clone())
    };
    world
        .soon(|| {
            shared.advance(Duration::from_secs(5));
            let state = shared.world();
            let live = state.vercel.live(Env::PRODUCTION).is_some_and(|live| live.commit == commit);
            let closed = state.fly.env(Env::PRODUCTION).unwrap().release().is_some_and(|row| row.status == "complete");
            live && closed && state.backend_commit(Env::PRODUCTION) == Some(commit)
        })
        .await;
    sha
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_was_cut_off_and_overtaken_by_a_deploy_tells_both_moves_and_needs_a_reason() {
    let world = World::start(20.0).await;
    let state = world.state.path();
    let mut first = console(&world);
    let targets = first.targets().await;
    let plan = first.plan(targets).await;
    let op = plan.op;
    let one = "create trigger crash before insert on journal when exists (select 1 from journal where event = 'outcome' \
               and body like '%update machine%') begin select raise(abort, 'crash'); end";
    sql(state, one.to_owned()).await;
    first.carry_out(plan).await;
    first.stop().await;
    sql(state, "drop trigger crash".to_owned()).await;
    let open = Store::open(state, SystemClock::shared()).await.unwrap().one(op).await.unwrap();
    assert!(open.interrupted, "{open:#?}");
    let sha = colleague_deploys(&world).await;
    let mut console = console(&world);
    for (name, request) in [("finish", cut_short::finished(&open)), ("undo", cut_short::undone(&open))] {
        let plan = console.request("production", request.unwrap(), Some(op)).await.unwrap();
        for service in ["backend", "frontend"] {
            let asked = format!("nobody else has moved {service} since this operation began");
            let says = gate(&plan.overrides, &asked).unwrap_or_else(|| panic!("{name}: {:#?}", plan.overrides));
            assert!(says.as_str().contains(&sha[..7]) && says.as_str().contains(" since 20"), "{name}: {says}");
        }
        let own = plan.op;
        console.engine.operate(plan, None);
        let refused = console.until(|one| one.id == own && one.state.ended()).await;
        assert_eq!(refused.state, OpState::Refused, "{name}: {refused:#?}");
        assert!(refused.outcome.as_str().contains("a reason alone"), "{name}: {}", refused.outcome);
    }
    // With one it is done, and the colleague's release goes.
    let plan = console.request("production", cut_short::finished(&open).unwrap(), Some(op)).await.unwrap();
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    assert!(done.order.overridden.iter().any(|one| one.as_str().contains(&sha[..7])), "{:?}", done.order);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redeploy_that_was_cut_off_is_not_gone_on_with_once_a_colleague_has_rolled_back() {
    let world = World::start(20.0).await;
    let mut first = console(&world);
    let page = ServiceId::new("production", "frontend");
    let plan = first.request("production", Request::Redeploy(page), None).await.unwrap();
    let op = plan.op;
    first.begins(plan);
    let follows = first.until(|one| one.id == op && one.follows.is_some()).await.follows.unwrap();
    first.stop().await;
    let open = Store::open(world.state.path(), SystemClock::shared()).await.unwrap().one(op).await.unwrap();
    assert!(open.interrupted, "{open:#?}");
    let shared = world.sim.shared();
    let live = |id: &str| shared.world().vercel.live(Env::PRODUCTION).is_some_and(|live| live.id == id);
    world
        .soon(|| {
            shared.advance(Duration::from_secs(5));
            live(follows.as_str())
        })
        .await;
    // The build went ready and live by itself; a colleague goes back to an older commit.
    let (old, sha) = {
        let mut state = shared.world();
        let new = state.vercel.live(Env::PRODUCTION).unwrap().commit;
        let now = state.now;
        let mut ready = state.vercel.deployments.iter().rev();
        let one = ready.find(|one| one.env == Env::PRODUCTION && one.commit != new && one.state(now) == "READY");
        let (old, commit) = one.map(|one| (one.id.clone(), one.commit)).unwrap();
        let own = state.vercel.aliases.iter().filter(|alias| alias.env == Env::PRODUCTION);
        let point: serde_json::Map<_, _> = own.map(|alias| (alias.alias.clone(), old.as_str().into())).collect();
        let setting = serde_json::json!({"platform": "vercel", "resource": "project", "point": point});
        state.set(&serde_json::from_value(setting).unwrap()).unwrap();
        (old, state.commits[commit].sha.clone())
    };
    assert!(live(&old));
    let before = world.requests("vercel", "POST /v13/deployments").await;
    let mut console = console(&world);
    let says = match console.request("production", cut_short::finished(&open).unwrap(), Some(op)).await {
        Err(why) => why.to_string(),
        Ok(plan) => plan.refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    };
    assert!(says.contains(&old) && says.contains(&sha[..7]) && says.contains(" is live since 20"), "{says}");
    assert!(says.ends_with("leave the operation as it is"), "{says}");
    assert_eq!(world.requests("vercel", "POST /v13/deployments").await, before);
    console.stop().await;
}

/// A deploy that goes on needs a reason for whatever changes machines, also where GitHub leaves out of which workflow its run is.
#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_is_under_way_stands_against_a_redeploy_a_restart_and_a_scale() {
    let world = World::start(1.0).await;
    let mut console = console(&world);
    let service = || ServiceId::new("production", "backend");
    let scale = || Request::Scale(service(), vec![(Text::from("fra"), 3)]);
    let calm = console.request("production", scale(), None).await.unwrap();
    assert!(gate(&calm.overrides, "no run deploys").is_none(), "nothing is under way: {:?}", calm.overrides);
    {
        let mut state = world.sim.shared().world();
        let commit = state.commits.len() - 1;
        let (health, event, actor) = (Health::good(), "workflow_dispatch".to_owned(), Some("ines".to_owned()));
        let (env, gated) = (Env::PRODUCTION, false);
        state.deploy(Deploy { env, commit, backend: true, frontend: false, health, gated, event, actor });
        // It goes on, however long the plans take.
        let going = serde_json::json!({"platform": "github", "resource": "latest:production", "state": "in_progress"});
        state.set(&serde_json::from_value(going).unwrap()).unwrap();
    }
    for request in [Request::Redeploy(service()), Request::Restart(service()), scale()] {
        let plan = console.request("production", request, None).await.unwrap();
        let says = gate(&plan.overrides, "no run deploys production");
        assert!(says.is_some_and(|says| says.as_str().contains(", by ines")), "{:?}", plan.overrides);
    }
    world.fault(&serde_json::json!({"platform": "github", "kind": "missing", "field": "path"})).await;
    let back = back(&mut console, Strategy::default()).await;
    let says = gate(&back.overrides, "no run deploys production");
    assert!(
        says.is_some_and(|says| says.as_str().ends_with("its workflow's file is not told")),
        "{:?}",
        back.overrides
    );
    console.stop().await;
}

/// A gateway holds the update of a machine: it is taken back while the update may still land, which is no end.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_while_a_call_of_it_may_land_needs_a_reason_and_stays_open() {
    let world = World::start(20.0).await;
    let mut first = console(&world);
    let plan = back(&mut first, Strategy::default()).await;
    let op = plan.op;
    let held = serde_json::json!({"platform": "fly_machines", "route": "/machines/{id}$", "method": "POST", "count": 1, "kind": "late", "ms": 36_000_000});
    world.fault(&held).await;
    first.begins(plan);
    let shared = world.sim.shared();
    world.soon(|| shared.taken() > 0).await;
    first.stop().await;
    shared.faults().clear();
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let open = store.one(op).await.unwrap();
    let call = open.late_calls[0].call.to_string();
    assert!(call.contains("machine"), "{open:#?}");
    let mut console = console(&world);
    for request in [cut_short::finished(&open), cut_short::undone(&open)] {
        let plan = console.request("production", request.unwrap(), Some(op)).await.unwrap();
        let says = gate(&plan.overrides, "no call of it is on its way").map(Text::as_str).unwrap_or_default();
        assert!(says.contains(&call) && says.contains("may still land"), "{:?}", plan.overrides);
    }
    let undo = console.request("production", cut_short::undone(&open).unwrap(), Some(op)).await.unwrap();
    let own = undo.op;
    let ended = console.carry_out(undo).await;
    assert_eq!(ended.state, OpState::Unknown, "{ended:#?}");
    let told = "not known as a whole: not observed: whether";
    assert!(ended.outcome.as_str().starts_with(told) && ended.outcome.as_str().contains(&call), "{}", ended.outcome);
    // It is no end of the one that looks again, either, as long as the call may land.
    let open = store.one(own).await.unwrap();
    assert!(open.open_question() && open.late_calls.iter().any(|one| one.against), "{open:#?}");
    let again = console.request("production", cut_short::finished(&open).unwrap(), Some(own)).await.unwrap();
    assert!(gate(&again.overrides, "no call of it is on its way").is_some(), "{:?}", again.overrides);
    console.engine.leave(own, "not tonight".into());
    let told = console.fact(|fact| if let Fact::Left(id, told) = fact { (id == own).then_some(told) } else { None });
    let told = told.await.unwrap();
    assert!(told.as_str().contains("not known whether it was taken") && told.as_str().contains(&call), "{told}");
    console.stop().await;
}
