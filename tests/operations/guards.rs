//! What people say between a plan and its first call: read again, and what cannot be read refuses.

use flightdeck::clock::SystemClock;
use flightdeck::domain::confirmation::Level;
use flightdeck::domain::environment::Status;
use flightdeck::domain::ids::OpId;
use flightdeck::domain::lock::{Lock, Mark};
use flightdeck::domain::operation::{Move, OpKind, OpState, Operation, Plan, Request};
use flightdeck::domain::overrides::Override;
use flightdeck::domain::readiness::Criterion;
use flightdeck::domain::strategy::Strategy;
use flightdeck::sim::world::Env;
use flightdeck::store::journal::CallOutcome;
use flightdeck::store::{Locked, Store};
use serde_json::json;

use crate::crashes::sql;
use crate::world::{Console, World};

#[tokio::test(flavor = "multi_thread")]
async fn marks_and_locks_that_came_after_the_plan_and_a_store_that_cannot_be_read_refuse_it() {
    let world = World::start(20.0).await;
    let state = world.state.path();
    let store = Store::open(state, SystemClock::shared()).await.unwrap();
    let now = SystemClock::shared().now();
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets.clone()).await;
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    // An identity of its own for each try of the same plan.
    let again = || {
        let op = OpId(uuid::Uuid::now_v7());
        Plan { op, ..plan.clone() }
    };
    let sha = plan.goes_to().next().unwrap().clone();
    let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: now };
    store.mark(&sha, Some(&mark), "maria").await.unwrap();
    let refused = console.carry_out(again()).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    assert!(refused.outcome.as_str().contains("is marked bad: corrupts rows (maria)"), "{}", refused.outcome);
    store.mark(&sha, None, "maria").await.unwrap();
    let lock = Lock { who: "maria".into(), why: "migration".into(), at: now, until: None };
    assert_eq!(store.lock(&"production".into(), &lock).await.unwrap(), Locked::Taken);
    let refused = console.carry_out(again()).await;
    assert!(refused.outcome.as_str().contains("locked by maria: migration"), "{}", refused.outcome);
    store.unlock(&"production".into(), "maria", None).await.unwrap();
    let begun =
        Operation::begun(OpId(uuid::Uuid::now_v7()), OpKind::Promote, "production".into(), "promote x".into(), now);
    store.begin(&begun).await.unwrap();
    let refused = console.carry_out(again()).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    let says = refused.outcome.as_str();
    assert!(says.contains("promote x was cut short") && says.contains("flightdeck finish"), "{says}");
    let new = console.plan(targets.clone()).await;
    assert!(new.refusals.iter().any(|why| why.as_str().contains("was cut short")), "{:?}", new.refusals);
    store.abandon(begun.id, "looked").await.unwrap();
    assert_eq!(store.lock(&"staging".into(), &lock).await.unwrap(), Locked::Taken);
    sql(state, "update locks set at = x'ff'".to_owned()).await;
    let refused = console.carry_out(again()).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    let place = state.display().to_string();
    assert!(refused.outcome.as_str().contains(&place), "{}", refused.outcome);
    let plan = console.plan(targets).await;
    assert!(plan.refusals[0].as_str().contains(&place), "{:?}", plan.refusals);
    let events: Vec<String> = store.list(99).await.unwrap().into_iter().map(|row| row.event).collect();
    assert_eq!(
        events.iter().filter(|event| *event == "begin").count(),
        1,
        "but the one that was cut short: {events:?}"
    );
    console.stop().await;
}

fn leased(world: &World) -> usize {
    let state = world.sim.shared().world();
    let machines = &state.fly.env(Env::PRODUCTION).unwrap().machines;
    machines.iter().filter(|machine| machine.lease.is_some()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_in_the_middle_gives_the_lease_back_and_says_so() {
    let world = World::start(20.0).await;
    let state = world.state.path();
    let store = Store::open(state, SystemClock::shared()).await.unwrap();
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets.clone()).await;
    let op = plan.op;
    // From the first lease on nothing can be written.
    let full = "create trigger full before insert on journal when exists \
                (select 1 from journal where event = 'outcome' and body like '%lease machine%') \
                begin select raise(abort, 'database or disk is full'); end";
    sql(state, full.to_owned()).await;
    let failed = console.carry_out(plan).await;
    assert_eq!(failed.state, OpState::Failed, "{failed:#?}");
    let says = failed.outcome.as_str();
    assert!(says.contains("disk is full") && says.contains("what serves was not changed"), "{says}");
    assert!(says.contains("leases given back, which the journal does not hold"), "{says}");
    assert_eq!(leased(&world), 0);
    sql(state, "drop trigger full".to_owned()).await;
    let found = store.interrupted().await.unwrap();
    assert_eq!((found.len(), found[0].leases.len()), (1, 1), "all that the disk knows: {found:#?}");
    let rest = console.try_plan(targets, Some(op)).await.unwrap();
    let done = console.carry_out(rest).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    assert!(store.interrupted().await.unwrap().is_empty());
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_left_meanwhile_is_not_finished() {
    let world = World::start(20.0).await;
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets.clone()).await;
    let fault = json!({"platform": "vercel", "route": "/rollback/", "kind": "status", "status": 403, "count": 1});
    world.fault(&fault).await;
    let half = console.carry_out(plan).await;
    assert_eq!(half.state, OpState::HalfDone, "{half:#?}");
    let rest = console.try_plan(targets, Some(half.id)).await.unwrap();
    assert!(store.abandon(half.id, "maria looks after it").await.unwrap());
    let refused = console.carry_out(rest).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    let says = refused.outcome.as_str();
    assert!(says.contains("finished or left meanwhile") && says.contains("maria looks after it"), "{says}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatch_that_may_have_been_taken_is_not_sent_again_though_its_run_is_not_listed() {
    let world = World::start(20.0).await;
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let mut console = world.console();
    let op = OpId(uuid::Uuid::now_v7());
    let now = SystemClock::shared().now();
    let begun = Operation::begun(op, OpKind::Promote, "production".into(), "production: promotion".into(), now);
    store.begin(&Operation { request: Some(Request::Promote), ..begun }).await.unwrap();
    let before = console.request("production", Request::Promote, Some(op)).await.unwrap();
    assert!(before.refusals.is_empty(), "no intent was written, so nothing was sent: {:?}", before.refusals);
    store.intent(op, "POST dispatch").await.unwrap();
    store.outcome(op, "POST dispatch", "accepted", CallOutcome::Taken, None).await.unwrap();
    let why = console.request("production", Request::Promote, Some(op)).await.unwrap_err();
    assert!(why.as_str().contains("may have been taken and its run is not listed"), "{why}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_cannot_be_read_is_asked_like_a_pin() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let read = console.request("production", Request::Promote, None).await.unwrap();
    let unread = |plan: &Plan| {
        plan.warnings.iter().any(|one| one.as_str().contains("whether frontend is pinned could not be read"))
    };
    assert!(!unread(&read), "{read:#?}");
    world
        .fault(&json!({"platform": "vercel", "route": "/projects/", "method": "GET", "kind": "status", "status": 502}))
        .await;
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    assert!(unread(&plan) && plan.level == Level::Critical, "{plan:#?}");
    console.stop().await;
}

/// All probes pass while the database of staging and a machine do not: what is promoted is judged as the screen judges it.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_by_its_platforms_alone_needs_a_reason() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let source = async |console: &mut Console| {
        let plan = console.request("production", Request::Promote, None).await.unwrap();
        let red = plan
            .overrides
            .iter()
            .any(|one| matches!(one, Override::RedGate { asks, .. } if *asks == Criterion::Source));
        let ships = plan.ships.unwrap();
        let point = ships.points.into_iter().find(|one| one.asks == Criterion::Source).unwrap();
        (point.says.to_string(), red)
    };
    assert_eq!(source(&mut console).await, ("staging: healthy".to_owned(), false));
    let set = json!({"platform": "supabase", "resource": "staging", "state": "INIT_FAILED"});
    let url = format!("{}/_sim/state", world.sim.control());
    let answer = reqwest::Client::new().post(url).json(&set).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let (says, red) = source(&mut console).await;
    assert!(red && says.starts_with("staging: failing: "), "{says}");
    console.stop().await;
}

/// The next operation would not know of a service that the one which goes on with it has left behind.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_finished_leaves_nothing_behind_that_cannot_be_read() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    let commit = plan.goes_to().next().unwrap().clone();
    let request = Request::RollBackTo { commit, alone: None, strategy: Strategy::default(), named: Vec::new() };
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let (op, now) = (OpId(uuid::Uuid::now_v7()), SystemClock::shared().now());
    let begun = Operation::begun(op, OpKind::RollBack, "production".into(), "production: back".into(), now);
    let moves = plan.parts.iter().map(|part| Move {
        service: part.service.clone(),
        from: part.from_id.clone(),
        to: part.to_id.clone(),
    });
    store.begin(&Operation { request: Some(request.clone()), moves: moves.collect(), ..begun }).await.unwrap();
    let read = console.request("production", request.clone(), Some(op)).await.unwrap();
    assert!(read.refusals.is_empty(), "{read:#?}");
    world.fault(&json!({"platform": "fly", "kind": "status", "status": 503})).await;
    let why = console.request("production", request, Some(op)).await.unwrap_err();
    assert!(why.as_str().contains("fly"), "{why}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_consoles_that_finish_at_once_one_does_and_the_other_says_so() {
    let world = World::start(20.0).await;
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let (mut one, mut other) = (world.console(), world.console());
    let targets = one.targets().await;
    let plan = one.plan(targets.clone()).await;
    world
        .fault(&json!({"platform": "vercel", "route": "/rollback/", "kind": "status", "status": 403, "count": 1}))
        .await;
    let half = one.carry_out(plan).await;
    assert_eq!(half.state, OpState::HalfDone, "{half:#?}");
    let (first, second) =
        tokio::join!(one.try_plan(targets.clone(), Some(half.id)), other.try_plan(targets, Some(half.id)));
    let (first, second) = tokio::join!(one.carry_out(first.unwrap()), other.carry_out(second.unwrap()));
    let mut ends = [first.state, second.state];
    ends.sort_by_key(|state| *state == OpState::Refused);
    assert_eq!(ends, [OpState::Done, OpState::Refused], "{first:#?} {second:#?}");
    let rows = store.list(1_000).await.unwrap();
    let taken = rows.iter().filter(|row| row.event == "abandon" && row.op == half.id.to_string()).count();
    assert_eq!(taken, 1, "one of them went on with it");
    assert_eq!(world.requests("vercel", "POST /{v}/projects/{id}/rollback/{deployment}").await, 2, "403, then taken");
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_names_the_job_and_the_step_that_failed_for_its_commit() {
    let world = World::start(20.0).await;
    let commit = world.sim.shared().world().vercel.live(Env::STAGING).unwrap().commit;
    world.sim.shared().world().check_push(commit, Some(("backend", "Test")));
    world.sim.shared().advance(std::time::Duration::from_secs(300));
    let mut console = world.console();
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    let ships = plan.ships.as_ref().unwrap();
    let built = ships.points.iter().find(|point| point.asks == Criterion::Pipeline).unwrap();
    assert_eq!(built.status, Status::Fail, "{built:?}");
    assert!(built.says.as_str().contains("job backend, step Test"), "{}", built.says);
    let lines: Vec<String> = ships.lines().into_iter().map(|(_, line)| line).collect();
    assert!(lines.iter().any(|line| line.starts_with("not met: its pipeline passed: ")), "{lines:?}");
    let mut red = plan.overrides.iter().map(Override::words);
    assert!(red.any(|words| words.contains("step Test")), "it is overridden by a reason alone");
    console.stop().await;
}

/// What a promotion says of a criterion.
fn point(plan: &Plan, asks: Criterion) -> (Status, String) {
    let points = &plan.ships.as_ref().unwrap().points;
    let point = points.iter().find(|point| point.asks == asks).unwrap();
    (point.status, point.says.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_calls_nothing_well_that_it_could_not_read_and_brings_nothing_from_an_unread_source() {
    let world = World::start(20.0).await;
    // Without the contract nothing that is missing blocks.
    let lax = |text: String| text.split("\n[secrets]").next().unwrap().to_owned();
    let mut console = world.console_with(world.state.path(), lax);
    // An answer of one request only: 5xx would keep the console from asking the others.
    let fault =
        |route: &str| json!({"platform": "fly", "route": route, "method": "GET", "kind": "status", "status": 422});
    // A key that is not listed may be missing, or be the same.
    world.fault(&fault("/apps/maria-api-staging/secrets")).await;
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    let (status, says) = point(&plan, Criterion::Secrets);
    assert!(status == Status::Unknown && says.contains("staging secrets: not read: "), "{says}");
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    // Who promotes into what nobody can see says why.
    let needs = |plan: &Plan| {
        let unread = |one: &Override| matches!(one, Override::RedGate { asks: Criterion::Target, unread: true, .. });
        plan.overrides.iter().any(unread)
    };
    assert!(!needs(&plan), "{:?}", plan.overrides);
    world.fault(&fault("/apps/maria-api/machines")).await;
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    assert_eq!(point(&plan, Criterion::Target).0, Status::Unknown, "{plan:#?}");
    assert!(needs(&plan) && plan.refusals.is_empty(), "{:?} {:?}", plan.overrides, plan.refusals);
    world.fault(&fault("/apps/maria-api-staging/machines")).await;
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    assert!(plan.refusals.iter().any(|why| why.as_str().starts_with("staging is unknown: ")), "{:?}", plan.refusals);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_addresses_alone_answer_runs_nowhere_already() {
    let world = World::start(20.0).await;
    // Production's addresses answer as staging does; its machines and its pointer stay where they are.
    let elsewhere = |text: String| {
        let of = |env: &str| {
            let own =
                text.split("[[environments]]").find(|part| part.starts_with(&format!("\nname = \"{env}\""))).unwrap();
            own.lines().filter(|line| line.starts_with("observe = ")).map(str::to_owned).collect::<Vec<_>>()
        };
        let pairs = of("production").into_iter().zip(of("staging"));
        pairs.fold(text.clone(), |text, (own, other)| text.replace(&own, &other))
    };
    let mut console = world.console_with(world.state.path(), elsewhere);
    let plan = console.request("production", Request::Promote, None).await.unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let (status, says) = point(&plan, Criterion::Target);
    assert!(status == Status::Fail && says.starts_with("production: mixed: "), "{says}");
    assert!(plan.commits_out.is_none() && plan.ships.as_ref().unwrap().pulls.is_none(), "{plan:#?}");
    let told =
        |one: &flightdeck::sanitize::Text| one.as_str().starts_with("what ships is not known: production is mixed");
    assert!(plan.warnings.iter().any(told), "{:?}", plan.warnings);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_last_look_before_the_first_call_and_the_end_is_said() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    world.fault(&json!({"platform": "fly", "route": "/machines", "method": "GET", "kind": "stall"})).await;
    let route = "GET /v1/apps/{app}/machines";
    let before = world.requests("fly_machines", route).await;
    console.begins(plan);
    while world.requests("fly_machines", route).await == before {
        tokio::task::yield_now().await;
    }
    console.engine.stop("SIGINT");
    let ended = console.until(|one| one.state.ended()).await;
    assert_eq!(ended.state, OpState::Refused, "{ended:#?}");
    let says = "refused: stopped by SIGINT before its first call; nothing was changed";
    assert_eq!(ended.outcome.as_str(), says);
    console.stop().await;
}
