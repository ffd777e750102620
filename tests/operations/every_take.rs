//! A console that is gone between taken and answered, at every changing call of every operation, while the platforms go on: the call is
//! told as one whose fate is not known, `finish` brings the operation to its end, and nothing is sent twice. A sample, one call of each
//! operation, unless `FLIGHTDECK_LONG` asks for all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use flightdeck::clock::SystemClock;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::operation::OpState;
use flightdeck::store::Store;
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;

use crate::crashes::SPEED;
use crate::every_crash::{CASES, Case, changes, finish, planned, undisturbed};
use crate::world::World;

/// Cases tried side by side: they wait more than they compute.
const AT_ONCE: usize = 6;

/// Kills it when its `call`-th changing call was taken; false when it had ended before.
async fn taken_and_gone(case: Case, call: u64, most: &BTreeMap<String, u64>) -> bool {
    let what = format!("{case:?}, call {call}");
    let world = World::start(SPEED).await;
    let request = case.prepare(&world);
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let mut console = case.console(&world);
    let plan = planned(case, &mut console, &request).await;
    let op = plan.op;
    let late =
        json!({"platform": "*", "method": "CHANGE", "after": call, "count": 1, "kind": "late", "ms": 36_000_000});
    world.fault(&late).await;
    console.begins(plan);
    let shared = world.sim.shared();
    let taken = async { while shared.taken() == 0 && shared.changed().await {} };
    let ended = console.fact(|fact| match fact {
        Fact::Operation(one) if one.id == op && one.state.ended() => Some(*one),
        _ => None,
    });
    tokio::select! {
        biased;
        () = taken => {}
        ended = ended => {
            assert_eq!(ended.state, OpState::Done, "{what}: {ended:#?}");
            return false;
        }
    }
    // Its connection ends in the midst of the call, as that of a process which is killed; the platforms go on.
    console.stop().await;
    shared.faults().clear();
    shared.advance(Duration::from_secs(1));
    let found = store.interrupted().await.unwrap();
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [op], "{what}");
    assert!(!found[0].unknown_calls.is_empty(), "{what}: the open call is told: {found:#?}");
    finish(case, &world, &found[0], &what).await;
    for (route, count) in &changes(&world).await {
        assert!(most.get(route).is_some_and(|most| count <= most), "{what}: {route} {count} times, at most {most:?}");
    }
    assert!(store.interrupted().await.unwrap().is_empty(), "{what}: it has its end");
    true
}

async fn case_of(case: Case, all: bool) -> u64 {
    let (most, calls) = undisturbed(case).await;
    if !all {
        assert!(taken_and_gone(case, calls / 2, &most).await, "{case:?} has a call {} of {calls}", calls / 2);
        return 1;
    }
    // How often a lease is prolonged depends on the speed of the machine: each run has its own number of calls.
    let (least, bound) = (most.values().sum::<u64>(), 3 * calls + 10);
    let mut tried = 0;
    while taken_and_gone(case, tried, &most).await {
        tried += 1;
        assert!(tried < bound, "{case:?} has more than {bound} calls; {calls} when nothing happens to it");
    }
    assert!(tried >= least, "{case:?} sends {least} changes at least: {tried} calls were tried");
    tried
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_taken_while_its_console_is_gone_is_told_and_finished_without_a_repetition() {
    let all = std::env::var_os("FLIGHTDECK_LONG").is_some();
    let more = [Case::RollBack, Case::SetVariable, Case::SetPipelineSecret];
    let cases = CASES.into_iter().chain(more).map(|case| case_of(case, all));
    let tried: Vec<u64> = stream::iter(cases).buffer_unordered(AT_ONCE).collect().await;
    println!("{} calls taken and never answered", tried.iter().sum::<u64>());
    assert_eq!(tried.len(), CASES.len() + 3);
}
