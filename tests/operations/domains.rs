//! The domains of a frontend one by one: a plan looks at each, brings back what is elsewhere, and the proof names what it cannot ask.

use flightdeck::clock::SystemClock;
use flightdeck::domain::environment::Declared;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::feed::FeedId;
use flightdeck::domain::ids::{OpId, ServiceId};
use flightdeck::domain::operation::{Act, OpKind, OpState, Operation, Plan, Request, Target};
use flightdeck::domain::proof::Stays;
use flightdeck::domain::state::State;
use flightdeck::domain::{cut_short, spread};
use flightdeck::platform::vercel::LOOKED_UP;
use flightdeck::sim::world::Env;
use flightdeck::sim::world::vercel::{AliasRequest, VercelAlias};
use flightdeck::store::Store;
use serde_json::json;

use crate::ROLLBACK;
use crate::world::{Console, World};

fn frontend() -> ServiceId {
    ServiceId::new("production", "frontend")
}

/// The domains of production, each with the deployment that it serves.
fn served(world: &World) -> Vec<(String, String)> {
    let state = world.sim.shared().world();
    let own = state.vercel.aliases.iter().filter(|alias| alias.env == Env::PRODUCTION);
    own.map(|alias| (alias.alias.clone(), alias.deployment.clone())).collect()
}

/// The domains that a plan points one by one.
fn pointed(plan: &Plan) -> Vec<String> {
    match plan.parts.as_slice() {
        [part] if let Act::VercelAliases(domains) = &part.act => domains.iter().map(ToString::to_string).collect(),
        _ => panic!("{:#?}", plan.parts),
    }
}

/// The request to have the frontend at what its pointer is at already.
fn there(world: &World) -> Request {
    let state = world.sim.shared().world();
    let commit = state.vercel.live(Env::PRODUCTION).unwrap().commit;
    let commit = state.commits[commit].sha.as_str().into();
    Request::RollBackTo { commit, alone: Some(frontend()), strategy: Default::default(), named: Vec::new() }
}

/// Points production's second domain at another deployment, as somebody's hand does.
fn astray(world: &World, to: &str) -> (String, String) {
    let [(_, live), (domain, _)] = served(world).try_into().unwrap();
    assert_ne!(live, to);
    let setting = json!({"platform": "vercel", "resource": "project", "point": {&*domain: to}});
    world.sim.shared().world().set(&serde_json::from_value(setting).unwrap()).unwrap();
    (domain, live)
}

/// Production gets more domains than are looked up, all of them where its first one is.
pub(crate) fn many(world: &World) {
    let mut state = world.sim.shared().world();
    let first = state.vercel.aliases.iter().find(|alias| alias.env == Env::PRODUCTION).unwrap().clone();
    let more = (0..LOOKED_UP).map(|n| VercelAlias { alias: format!("{n}.more.test"), ..first.clone() });
    state.vercel.aliases.extend(more);
}

async fn earlier(console: &mut Console) -> String {
    let targets = console.targets().await;
    targets.iter().find(|target| target.service == frontend()).unwrap().deployment.as_str().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_somebody_pointed_elsewhere_is_brought_back_alone() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let old = earlier(&mut console).await;
    let nothing = console.request("production", there(&world), None).await.unwrap();
    assert!(nothing.refusals[0].as_str().contains("already runs"), "{:?}", nothing.refusals);
    let (domain, live) = astray(&world, &old);
    // Whoever looks now sees both, though no job has moved anything.
    let mut second = world.console();
    second
        .fact(|fact| match fact {
            Fact::Declared(id, declared) if id == frontend() => {
                assert_eq!(
                    spread::judged(spread::Live::of(&declared), &declared.pointed).unwrap().0,
                    State::Mixed,
                    "{declared:?}"
                );
                Some(())
            }
            _ => None,
        })
        .await;
    second.stop().await;
    let plan = console.request("production", there(&world), None).await.unwrap();
    assert_eq!((pointed(&plan), plan.refusals.as_slice()), (vec![domain.clone()], [].as_slice()));
    let told = format!("frontend: its pointer is at {live} already, its domains are not");
    assert!(plan.warnings.iter().any(|one| one.as_str().starts_with(&told)), "{:?}", plan.warnings);
    assert!(!plan.warnings.iter().any(|one| one.as_str().contains("PINNED")), "no job: {:?}", plan.warnings);
    // It moves while the plan is read: the plan is void.
    let stale = plan.clone();
    let other = world.sim.shared().world().vercel.deployments.first().unwrap().id.clone();
    drop(astray(&world, &other));
    let refused = console.carry_out(stale).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    drop(astray(&world, &old));
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    assert_eq!(cut_short::undone(&done), None, "the way back of one domain is no rollback of all");
    assert!(served(&world).iter().all(|(_, at)| *at == live), "{:?}", served(&world));
    assert_eq!(world.requests("vercel", ROLLBACK).await, 0);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_domains_than_are_looked_up_one_by_one_the_list_tells_where_the_others_point() {
    let world = World::start(20.0).await;
    many(&world);
    let mut console = world.console();
    let declared = console.fact(declared).await;
    assert_eq!(
        spread::judged(spread::Live::of(&declared), &declared.pointed),
        None,
        "every domain is known: {declared:?}"
    );
    let old = earlier(&mut console).await;
    let nothing = console.request("production", there(&world), None).await.unwrap();
    let says = nothing.refusals[0].as_str();
    assert!(says.contains("already runs") && !says.contains("not known"), "{says}");
    let far = format!("{}.more.test", LOOKED_UP - 1);
    let setting = json!({"platform": "vercel", "resource": "project", "point": {&*far: &*old}});
    world.sim.shared().world().set(&serde_json::from_value(setting).unwrap()).unwrap();
    let plan = console.request("production", there(&world), None).await.unwrap();
    assert_eq!(pointed(&plan), [far]);
    mixed_at_once(&mut console).await;
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    assert!(done.outcome.as_str().contains("102 of 102 aliases point at it"), "{}", done.outcome);
    console.stop().await;
}

fn declared(fact: Fact) -> Option<Box<Declared>> {
    match fact {
        Fact::Declared(id, declared) if id == frontend() => Some(declared),
        _ => None,
    }
}

/// A person who asks for what is declared sees at once that a domain was moved by hand, though nothing else tells of it.
async fn mixed_at_once(console: &mut Console) {
    let asked = FeedId::Declared(frontend());
    console.engine.refresh(std::slice::from_ref(&asked));
    let mixed = |fact| {
        let declared = declared(fact)?;
        spread::judged(spread::Live::of(&declared), &declared.pointed)
            .filter(|(state, _)| *state == State::Mixed)
            .map(drop)
    };
    // Where nobody asks they are looked up after a minute.
    let soon = std::time::Duration::from_secs(30);
    tokio::time::timeout(soon, console.fact(mixed)).await.expect("every domain is looked up anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refreshes_by_hand_sees_a_domain_that_was_moved_at_once() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let old = earlier(&mut console).await;
    console.fact(declared).await;
    drop(astray(&world, &old));
    mixed_at_once(&mut console).await;
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_cannot_be_looked_up_is_not_told_as_there() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    drop(console.targets().await);
    let domain = served(&world)[1].0.clone();
    let fault = json!({"platform": "vercel", "route": "/aliases/", "kind": "status", "status": 403});
    world.fault(&fault).await;
    let why = console.request("production", there(&world), None).await.unwrap_err();
    assert!(why.as_str().contains("could not be read"), "{domain}: {why}");
    console.stop().await;
}

/// A rollback of which one domain does not move, and its end.
async fn stuck(domain: usize, on: bool) {
    let world = World::start(60.0).await;
    let mut console = world.console();
    let (name, from) = served(&world)[domain].clone();
    let targets = console.targets().await.into_iter().filter(|target| target.service == frontend());
    let targets: Vec<Target> = targets.collect();
    let to = targets[0].deployment.as_str().to_owned();
    let plan = console.plan(targets).await;
    world.sim.shared().world().vercel.project.stuck_domains = vec![name.clone()];
    let half = console.carry_out(plan).await;
    assert_eq!(half.state, OpState::HalfDone, "{half:#?}");
    assert!(half.outcome.as_str().contains(&name), "{} names {name}", half.outcome);
    world.sim.shared().world().vercel.project.stuck_domains.clear();
    let request = if on { cut_short::finished(&half) } else { cut_short::undone(&half) };
    let plan = console.request("production", request.unwrap(), Some(half.id)).await.unwrap();
    assert!(plan.refusals.is_empty() && !plan.parts.is_empty(), "{plan:#?}");
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    let wanted = if on { to } else { from };
    assert!(served(&world).iter().all(|(_, at)| *at == wanted), "{:?}", served(&world));
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_domain_of_several_that_does_not_move_is_named_and_there_is_a_way_on_and_a_way_back() {
    // Where the pointer is already, nothing but the domain is left to move.
    tokio::join!(stuck(1, true), stuck(0, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_redirects_is_no_part_of_the_claim_and_is_named() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let [(to, _), (domain, _)] = served(&world).try_into().unwrap();
    let setting = json!({"platform": "vercel", "resource": "project", "redirect": {&*domain: to}});
    world.sim.shared().world().set(&serde_json::from_value(setting).unwrap()).unwrap();
    let request = console.targets().await;
    let plan = console.plan(request).await;
    assert!(plan.rest.iter().all(|one| one.state == Stays::NotMoved), "{:#?}", plan.rest);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    let told = format!("{domain}: it redirects to {to}");
    assert!(done.outcome.as_str().contains(&told), "{}", done.outcome);
    assert!(done.outcome.as_str().contains("(1 of 1 alias points at it)"), "{}", done.outcome);
    // Whatever it points at itself, a visitor gets what the other one serves: the truth says the same.
    let truth = world.sim.shared().world().truth(Env::PRODUCTION);
    let state = serde_json::to_value(truth.state).unwrap();
    assert_eq!((truth.services["frontend"].parts.len(), state.as_str()), (1, Some("healthy")), "{truth:?}");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_left_open_for_days_is_not_followed_and_says_so() {
    let world = World::start(60.0).await;
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let mut console = world.console();
    let targets: Vec<Target> =
        console.targets().await.into_iter().filter(|target| target.service == frontend()).collect();
    let (op, now) = (OpId(uuid::Uuid::now_v7()), SystemClock::shared().now());
    let begun = Operation::begun(op, OpKind::RollBack, "production".into(), "production: rollback".into(), now);
    store.begin(&Operation { request: Some(Request::RollBack(targets.clone())), ..begun }).await.unwrap();
    let requested_at = world.sim.shared().now() - jiff::SignedDuration::from_hours(72);
    world.sim.shared().world().vercel.project.last_alias_request = Some(AliasRequest {
        kind: "rollback",
        from: None,
        to: targets[0].deployment.as_str().to_owned(),
        requested_at,
        aliases: Vec::new(),
        skipped: false,
        forced: Some("in-progress"),
    });
    let plan = console.try_plan(targets, Some(op)).await.unwrap();
    assert!(matches!(plan.parts[0].act, Act::VercelRollback { asked: false }), "{:?}", plan.parts[0].act);
    let told = |one: &flightdeck::sanitize::Text| {
        one.as_str().contains("in-progress since") && one.as_str().ends_with("is not followed any more")
    };
    assert!(plan.warnings.iter().any(told), "{:?}", plan.warnings);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    console.stop().await;
}
