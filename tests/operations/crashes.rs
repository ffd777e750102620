//! Crash points: an operation is cut off before a write of its journal, as a kill would, and the next start has to tell the truth, offer
//! to finish, and never send again what may have been taken. Every third write is tried, each with `FLIGHTDECK_LONG`.
use std::path::Path;

use flightdeck::clock::SystemClock;
use flightdeck::domain::cut_short;
use flightdeck::domain::environment::Status;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::ids::OpId;
use flightdeck::domain::operation::{OpKind, OpState, Operation, Request, StepReport, StepState, Target, Wait};
use flightdeck::domain::strategy::Strategy;
use flightdeck::sim::world::Env;
use flightdeck::sim::world::fly::{Lease, Machine};
use flightdeck::store::Store;
use futures_util::stream::{self, StreamExt as _};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::world::{World, backend};

/// Simulated seconds per second: leases of two minutes pass quickly.
pub const SPEED: f64 = 60.0;
/// Crash points tried side by side.
const AT_ONCE: usize = 4;

/// Tries crash points until an operation ends before one, and returns the last that cut it off: every third number of rows from one that
/// the operation decides, every number where there is time (`FLIGHTDECK_LONG=1`).
pub async fn each_point<F: Future<Output = bool>>(from: usize, cut_off: impl Fn(usize) -> F) -> usize {
    let step = if std::env::var_os("FLIGHTDECK_LONG").is_some() { 1 } else { 3 };
    let (mut next, mut last) = (from % step, 0);
    loop {
        let tries = (0..AT_ONCE).map(|index| next + index * step).map(|rows| {
            let tried = cut_off(rows);
            async move { (rows, tried.await) }
        });
        let batch: Vec<(usize, bool)> = stream::iter(tries).buffered(AT_ONCE).collect().await;
        last = batch.iter().filter(|(_, cut)| *cut).map(|(rows, _)| *rows).fold(last, usize::max);
        if batch.iter().any(|(_, cut)| !cut) {
            return last;
        }
        next += AT_ONCE * step;
    }
}

pub async fn sql(state: &Path, statement: String) {
    let options = SqliteConnectOptions::new().filename(state.join("flightdeck.sqlite"));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    pool.close().await;
}

/// From its `rows`-th row on the journal takes no more: what has not been written is not called either, which is what a
/// process that is gone leaves behind.
pub async fn crash_after(state: &Path, rows: usize) {
    let trigger = format!(
        "create trigger crash before insert on journal when (select count(*) from journal) >= {rows} \
         begin select raise(abort, 'crash'); end"
    );
    sql(state, trigger).await;
}

/// Runs a rollback that is cut off after `rows` rows, starts again, and finishes it. False when it was not cut off any more.
async fn crash_and_finish(rows: usize) -> bool {
    let world = World::start(SPEED).await;
    let state = world.state.path();
    let store = Store::open(state, SystemClock::shared()).await.unwrap();
    crash_after(state, rows).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets.clone()).await;
    let op = plan.op;
    let first = console.carry_out(plan).await;
    console.stop().await;
    sql(state, "drop trigger crash".to_owned()).await;
    if first.state == OpState::Done && store.interrupted().await.unwrap().is_empty() {
        return false;
    }
    let written = store.list(10_000).await.unwrap();
    let found = store.interrupted().await.unwrap();
    if rows == 0 {
        assert!(found.is_empty() && first.state == OpState::Refused, "nothing was begun: {found:?}");
    } else {
        assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [op], "after {rows} rows");
        // The journal's last word decides what is unknown: an intent without its outcome.
        let last = written.first().unwrap();
        let open: Vec<&str> = found[0].unknown_calls.iter().map(flightdeck::sanitize::Text::as_str).collect();
        let expected: Vec<&str> =
            if last.event == "intent" { vec![last.body["call"].as_str().unwrap()] } else { Vec::new() };
        assert_eq!(open, expected, "after {rows} rows");
    }
    finish(&world, targets, (rows > 0).then_some(op), rows).await;
    let left = store.interrupted().await.unwrap();
    assert!(left.is_empty(), "after {rows} rows it is open for ever: {left:?}");
    true
}

async fn finish(world: &World, targets: Vec<Target>, continues: Option<OpId>, rows: usize) {
    let mut console = world.console();
    let wanted = targets.clone();
    // Also where nothing is left to be sent: it is proven, and its end is written.
    let plan = console.try_plan(targets, continues).await.unwrap_or_else(|why| panic!("after {rows} rows: {why}"));
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "after {rows} rows: {done:#?}");
    console.stop().await;
    let truth = world.truth().await;
    let requests = &truth["requests"];
    let count = |origin: &str, route: &str| requests[origin][route].as_u64().unwrap_or(0);
    assert_eq!(
        count("fly_api", "POST /api/v1/releases"),
        1,
        "after {rows} rows a release was recorded twice: {requests}"
    );
    assert_eq!(count("fly_machines", "POST /v1/apps/{app}/machines/{id}"), 2, "after {rows} rows: {requests}");
    assert_eq!(count("vercel", "POST /{v}/projects/{id}/rollback/{deployment}"), 1, "after {rows} rows: {requests}");
    let live = &truth["environments"]["production"];
    let frontend = wanted.iter().find(|target| &*target.service.name == "frontend").unwrap();
    assert!(live.to_string().contains(frontend.deployment.as_str()), "after {rows} rows: {live}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_every_crash_the_rollback_is_finished_and_no_call_is_repeated() {
    let last = each_point(0, crash_and_finish).await;
    assert!(last > 27, "a rollback of two machines and one project writes more rows than {last}");
}

/// A finish that is cut off after its first rows leaves one operation open, which is finished: never two that refuse each other.
async fn finish_cut_off(rows: usize) {
    let world = World::start(SPEED).await;
    let state = world.state.path();
    let store = Store::open(state, SystemClock::shared()).await.unwrap();
    let mut console = world.console();
    let targets = console.targets().await;
    let op = OpId(uuid::Uuid::now_v7());
    let now = SystemClock::shared().now();
    let begun = Operation::begun(op, OpKind::RollBack, "production".into(), "production: rollback".into(), now);
    store.begin(&Operation { request: Some(Request::RollBack(targets.clone())), ..begun }).await.unwrap();
    let plan = console.try_plan(targets.clone(), Some(op)).await.unwrap();
    let next = plan.op;
    crash_after(state, 1 + rows).await;
    let first = console.carry_out(plan).await;
    assert_ne!(first.state, OpState::Done, "{rows}: {first:#?}");
    console.stop().await;
    sql(state, "drop trigger crash".to_owned()).await;
    let open: Vec<OpId> = store.interrupted().await.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(open, [if rows < 2 { op } else { next }], "{rows}");
    finish(&world, targets, Some(open[0]), rows).await;
    assert!(store.interrupted().await.unwrap().is_empty(), "{rows}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finish_that_is_cut_off_at_its_beginning_leaves_one_operation_open() {
    tokio::join!(finish_cut_off(0), finish_cut_off(1), finish_cut_off(2), finish_cut_off(4));
}

/// A rollback of the backend that is cut off after `rows` rows, and taken back: how many machines it had moved.
async fn crash_and_take_back(rows: usize) -> usize {
    let world = World::start(SPEED).await;
    let state = world.state.path();
    let store = Store::open(state, SystemClock::shared()).await.unwrap();
    let mut console = world.console();
    let targets = console.back(&Strategy::default()).await;
    let plan = console.plan(targets).await;
    let began = plan.parts[0].from.0.clone();
    crash_after(state, rows).await;
    console.carry_out(plan).await;
    console.stop().await;
    sql(state, "drop trigger crash".to_owned()).await;
    let open = store.interrupted().await.unwrap().remove(0);
    let status = |world: &World| world.app(|app| app.releases.iter().map(|one| one.status.clone()).collect::<Vec<_>>());
    assert_eq!(status(&world).last().map(String::as_str), Some("running"), "after {rows} rows its release is open");
    let newest = world.app(|app| format!("v{}", app.releases.last().unwrap().version));
    let moved = world.app(|app| {
        let number =
            |one: &Machine| format!("v{}", one.config["metadata"]["fly_release_version"].as_str().unwrap_or("?"));
        let label = |one: &&Machine| number(one) == newest;
        app.machines.iter().filter(label).count()
    });
    let mut console = world.console();
    let declared = console
        .fact(|fact| match fact {
            Fact::Declared(id, declared) if id == backend() => Some(declared),
            _ => None,
        })
        .await;
    let plan = console.request("production", cut_short::undone(&open).unwrap(), Some(open.id)).await.unwrap();
    assert_eq!(plan.parts[0].from.0, declared.label, "plan and status say the same of what is live");
    let done = console.carry_out(plan).await;
    // What it sent without hearing may land after it was taken back.
    let end = if open.late_calls.is_empty() { OpState::Done } else { OpState::Unknown };
    assert_eq!(done.state, end, "after {rows} rows: {done:#?}");
    let after = status(&world);
    assert!(!after.contains(&"running".to_owned()), "after {rows} rows a release stays open: {after:?}");
    assert!(after.contains(&"interrupted".to_owned()), "{after:?}");
    assert!(moved < 2, "{began} was left");
    console.stop().await;
    moved
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_back_what_was_cut_off_closes_its_release_and_says_of_what_is_live_what_status_says() {
    let (none, one) = tokio::join!(crash_and_take_back(8), crash_and_take_back(17));
    assert_eq!((none, one), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_lease_a_finish_waits_for_is_told_with_its_end() {
    let world = World::start(SPEED).await;
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let mut console = world.console();
    let targets = console.targets().await;
    let op = OpId(uuid::Uuid::now_v7());
    let now = SystemClock::shared().now();
    let begun = Operation::begun(op, OpKind::RollBack, "production".into(), "production: rollback".into(), now);
    store.begin(&Operation { request: Some(Request::RollBack(targets.clone())), ..begun }).await.unwrap();
    {
        let until = world.sim.shared().now() + jiff::SignedDuration::from_secs(90);
        let mut state = world.sim.shared().world();
        let machine = &mut state.fly.env_mut(Env::PRODUCTION).unwrap().machines[0];
        machine.lease = Some(Lease {
            nonce: "of-maria".to_owned(),
            expires_at: until,
            owner: "maria@tokens.fly.io".to_owned(),
            description: String::new(),
        });
    }
    let plan = console.try_plan(targets, Some(op)).await.unwrap();
    console.begins(plan);
    let (mut waited, mut done) = (None, None);
    while done.is_none() {
        let one = console.fact(|fact| if let Fact::Operation(one) = fact { Some(*one) } else { None }).await;
        let leased = |step: &&StepReport| matches!(step.state, StepState::Waiting(Wait::Lease { .. }));
        waited = waited.or_else(|| one.steps.iter().find(leased).cloned());
        done = Some(one).filter(|one| one.state.ended());
    }
    let waited = waited.expect("it was told");
    assert!(matches!(waited.state, StepState::Waiting(Wait::Lease { until: Some(_) })), "{waited:?}");
    let says = waited.detail.as_str();
    assert!(says.contains("held by maria@tokens.fly.io") && says.contains("which ends by itself at"), "{says}");
    assert_eq!(done.map(|one| one.state), Some(OpState::Done));
    console.stop().await;
}

/// A machine that an operation has made and never let into the proxy harms no visitor. It is told with the operation, and going on lets it in.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_was_made_by_what_was_cut_off_is_told_and_let_in_by_going_on() {
    let world = World::start(SPEED).await;
    let state = world.state.path();
    let store = Store::open(state, SystemClock::shared()).await.unwrap();
    let made = "create trigger crash before insert on journal when exists (select 1 from journal where event = 'outcome' \
                and body like '%POST machine in%') begin select raise(abort, 'crash'); end";
    sql(state, made.to_owned()).await;
    let mut console = world.console();
    let plan = console.request("production", Request::Scale(backend(), vec![("iad".into(), 2)]), None).await.unwrap();
    console.carry_out(plan).await;
    console.stop().await;
    sql(state, "drop trigger crash".to_owned()).await;
    let open = store.interrupted().await.unwrap();
    assert_eq!(open.len(), 1, "it is told beside: {open:?}");
    let out = world.app(|app| app.machines.iter().filter(|one| one.cordoned).count());
    assert_eq!(out, 1, "it was made and not let in");
    let mut console = world.console();
    let aside = |fact| match fact {
        Fact::Declared(id, one) if id == backend() => {
            Some((one.status, one.instances.iter().filter(|one| one.cordoned).count()))
        }
        _ => None,
    };
    assert_eq!(console.fact(aside).await, (Status::Ok, 1), "every visitor is served, and it is seen");
    let truth = world.sim.shared().world().truth(Env::PRODUCTION).services["backend"].state;
    assert_eq!(truth, flightdeck::sim::world::truth::State::Healthy);
    // Going on lets it in, and all is well.
    let plan = console.request("production", cut_short::finished(&open[0]).unwrap(), Some(open[0].id)).await.unwrap();
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    let well =
        |fact| matches!(fact, Fact::Declared(id, one) if id == backend() && one.status == Status::Ok).then_some(());
    console.fact(well).await;
    console.stop().await;
}
