//! What people say between a plan and its first call: read again, and what cannot be read refuses.

use flightdeck::clock::SystemClock;
use flightdeck::domain::claim::{Lock, Mark};
use flightdeck::domain::operation::OpState;
use flightdeck::store::Store;

use crate::crashes::sql;
use crate::world::World;

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
        let op = flightdeck::domain::ids::OpId(uuid::Uuid::now_v7());
        flightdeck::domain::operation::Plan { op, ..plan.clone() }
    };
    let sha = plan.goes_to().next().unwrap().clone();
    let mark = Mark { who: "maria".into(), why: "corrupts rows".into(), at: now };
    store.mark(&sha, Some(&mark), "maria").await.unwrap();
    let refused = console.carry_out(again()).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    assert!(refused.outcome.as_str().contains("is marked bad: corrupts rows (maria)"), "{}", refused.outcome);
    store.mark(&sha, None, "maria").await.unwrap();
    let lock = Lock { who: "maria".into(), why: "migration".into(), at: now, until: None };
    assert_eq!(store.lock(&"production".into(), &lock).await.unwrap(), None);
    let refused = console.carry_out(again()).await;
    assert!(refused.outcome.as_str().contains("locked by maria: migration"), "{}", refused.outcome);
    store.unlock(&"production".into(), "maria").await.unwrap();
    assert_eq!(store.lock(&"staging".into(), &lock).await.unwrap(), None);
    sql(state, "update locks set at = x'ff'".to_owned()).await;
    let refused = console.carry_out(again()).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    let place = state.display().to_string();
    assert!(refused.outcome.as_str().contains(&place), "{}", refused.outcome);
    let plan = console.plan(targets).await;
    assert!(plan.refusals[0].as_str().contains(&place), "{:?}", plan.refusals);
    let events: Vec<String> = store.list(99).await.unwrap().into_iter().map(|row| row.event).collect();
    assert!(!events.iter().any(|event| event == "begin"), "{events:?}");
    console.stop().await;
}
