//! Drills of the references: what platforms do on a bad night, and what is said and not done again then.

use std::time::Duration;

use flightdeck::domain::fact::Fact;
use flightdeck::domain::operation::{OpState, StepState};
use flightdeck::domain::strategy::Strategy;
use flightdeck::sim::world::Env;
use flightdeck::sim::world::fly::Lease;
use serde_json::json;

use crate::world::World;

const UPDATE: &str = "POST /v1/apps/{app}/machines/{id}";

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_somebody_holds_stops_it_before_anything_moves() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.back(&Strategy::default()).await;
    let plan = console.plan(targets).await;
    {
        let mut state = world.sim.shared().world();
        let expires_at = state.now + Duration::from_secs(3_600);
        let (nonce, owner) = ("theirs".to_owned(), "somebody@tokens.fly.io".to_owned());
        for machine in &mut state.fly.env_mut(Env::PRODUCTION).unwrap().machines {
            let (nonce, owner) = (nonce.clone(), owner.clone());
            machine.lease = Some(Lease { nonce, expires_at, owner, description: String::new() });
        }
    }
    let failed = console.carry_out(plan).await;
    assert_eq!(failed.state, OpState::Failed, "{failed:#?}");
    assert!(failed.outcome.as_str().contains("somebody@tokens.fly.io"), "who holds it: {}", failed.outcome);
    assert!(failed.outcome.as_str().contains("was not changed"), "{}", failed.outcome);
    assert_eq!(world.requests("fly_machines", UPDATE).await, 0);
    let row = world.sim.shared().world().fly.env(Env::PRODUCTION).unwrap().release().unwrap().status.clone();
    assert_eq!(row, "failed", "the row does not stay open");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_of_the_platform_on_a_create_is_unknown_and_not_sent_again() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.back(&Strategy::default()).await;
    let plan = console.plan(targets).await;
    let fault =
        json!({"platform": "fly_api", "route": "/api/v1/releases", "method": "POST", "kind": "status", "status": 408});
    world.fault(&fault).await;
    let unknown = console.carry_out(plan).await;
    assert_eq!(unknown.state, OpState::Unknown, "{unknown:#?}");
    assert_eq!(world.requests("fly_api", "POST /api/v1/releases").await, 1);
    assert_eq!(world.requests("fly_machines", UPDATE).await, 0, "no machine is touched after it");
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_in_the_middle_is_waited_for() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.back(&Strategy::default()).await;
    let plan = console.plan(targets).await;
    let machines = plan.parts[0].steps.len() as u64 - 2;
    let fault = json!({"platform": "fly_machines", "route": "/machines/{id}", "method": "POST", "kind": "status", "status": 429, "retry_after": 1, "count": 1});
    world.fault(&fault).await;
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    assert!(done.steps.iter().all(|step| step.state == StepState::Done));
    assert!(world.requests("fly_machines", UPDATE).await <= machines + 1);
    console.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_stays_running_since_its_deploy_died_is_no_reason_not_to_go_back() {
    let world = World::start(20.0).await;
    "running".clone_into(
        &mut world.sim.shared().world().fly.env_mut(Env::PRODUCTION).unwrap().releases.last_mut().unwrap().status,
    );
    let mut console = world.console();
    let targets = console.back(&Strategy::default()).await;
    let plan = console.plan(targets).await;
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{done:#?}");
    let newest = world.sim.shared().world().fly.env(Env::PRODUCTION).unwrap().release().unwrap().clone();
    assert_eq!(newest.status, "complete", "a row of its own: {newest:?}");
    console.stop().await;
}

/// Two people, each at a machine of their own: no journal is shared.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_consoles_the_second_sees_what_the_first_did_and_does_nothing_twice() {
    let world = World::start(20.0).await;
    let elsewhere = tempfile::tempdir().unwrap();
    let (mut first, mut second) = (world.console(), world.console_in(elsewhere.path()));
    let targets = first.targets().await;
    let plan = first.plan(targets.clone()).await;
    let late = second.plan(targets.clone()).await;
    assert_eq!(first.carry_out(plan).await.state, OpState::Done);
    let sent = world.requests("fly_machines", UPDATE).await;
    let refused = second.carry_out(late).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    assert!(refused.outcome.as_str().contains("has moved"), "{}", refused.outcome);
    // What it is told without asking: the deployment that the first one went back to.
    let frontend = targets.iter().find(|target| &*target.service.name == "frontend").unwrap();
    second
        .fact(|fact| match fact {
            Fact::Declared(id, live) if id == frontend.service && live.deployment == frontend.deployment => Some(()),
            _ => None,
        })
        .await;
    let again = second.plan(targets).await;
    assert!(again.refusals.iter().any(|why| why.as_str().contains("already")), "{:?}", again.refusals);
    assert_eq!(world.requests("fly_machines", UPDATE).await, sent);
    first.stop().await;
    second.stop().await;
}

/// The sequence of docs/platforms/fly.md section 7 and docs/platforms/vercel.md section 6, and not one change more.
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_sends_no_change_that_its_sequence_does_not_need() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    let machines = plan.parts[0].steps.len() as u64 - 2;
    assert_eq!(machines, 2);
    assert_eq!(console.carry_out(plan).await.state, OpState::Done);
    console.stop().await;
    let lease = "/v1/apps/{app}/machines/{id}/lease";
    for (origin, route, most) in [
        ("fly_api", "POST /api/v1/releases".to_owned(), 1),
        ("fly_api", "PATCH /api/v1/releases/{id}".to_owned(), 2),
        ("fly_machines", format!("POST {lease}"), machines),
        ("fly_machines", UPDATE.to_owned(), machines),
        ("fly_machines", format!("DELETE {lease}"), machines),
        ("vercel", "POST /{v}/projects/{id}/rollback/{deployment}".to_owned(), 1),
    ] {
        assert_eq!(world.requests(origin, &route).await, most, "{route}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_tells_what_was_changed_since_and_does_not_go_back() {
    let world = World::start(20.0).await;
    let mut console = world.console();
    for service in ["backend", "frontend"] {
        world
            .event(&json!({"kind": "secret_set", "environment": "production", "service": [service], "name": "ROTATED", "value": "x"}))
            .await;
    }
    for commit in &mut world.sim.shared().world().commits {
        let (version, name) = ("20261101090000".to_owned(), "feedback".to_owned());
        commit.files = vec![format!("supabase/migrations/{version}_{name}.sql")];
        commit.migration = Some((version, name));
    }
    let targets = console.targets().await;
    let plan = console.plan(targets).await;
    let stays: Vec<&str> = plan.stays.iter().map(flightdeck::sanitize::Text::as_str).collect();
    let tells = |words: &str| stays.iter().any(|line| line.contains(words));
    assert!(tells("secrets set since v40 keep their new values: ROTATED"), "{stays:#?}");
    assert!(tells("was built are not in it: ROTATED"), "{stays:#?}");
    assert!(tells("http_service.concurrency.soft_limit 150 → 200"), "{stays:#?}");
    let crossed = plan.stays.iter().find(|line| line.as_str().contains("migration"));
    assert!(crossed.is_some_and(|line| line.as_str().contains(".sql")), "{:#?}", plan.stays);
    console.stop().await;
}
