//! What ended half-way is told until somebody decides on it, with the ways on that there are.

use std::path::Path;

use flightdeck::clock::SystemClock;
use flightdeck::domain::ids::OpId;
use flightdeck::domain::operation::{Move, OpKind, OpState, Operation};
use flightdeck::store::Store;

use super::{flightdeck, lines, world};

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// A rollback that ended half-way; where it came from is known, or not. Its name.
async fn half_done(dir: &Path, from: Option<&str>) -> String {
    let clock = SystemClock::shared();
    let store = Store::open(&dir.join("state"), clock.clone()).await.unwrap();
    let (id, now) = (OpId(uuid::Uuid::now_v7()), clock.now());
    let title = "roll back production to 9df49c2".into();
    let begun = Operation::begun(id, OpKind::RollBack, "production".into(), title, now);
    let service = flightdeck::domain::ids::ServiceId::new("production", "backend");
    let moves = vec![Move { service, from: from.map(Into::into), to: "v41".into() }];
    let begun = Operation { moves, ..begun };
    store.begin(&begun).await.unwrap();
    let (state, outcome) = (OpState::HalfDone, "backend is half-done".into());
    store.end(&Operation { state, outcome, ended_at: Some(now), ..begun }).await.unwrap();
    flightdeck::domain::cut_short::name(id)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ended_half_way_is_told_with_the_ways_on_until_it_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let _sim = world(dir.path()).await;
    let status = async || said(&flightdeck(dir.path(), &["status"]).await);
    let first = half_done(dir.path(), Some("v42")).await;
    let told = status().await;
    let ways = format!("flightdeck finish {first}, flightdeck undo {first}, flightdeck leave {first}");
    assert!(
        told.contains("half-done 0s ago: roll back production to 9df49c2") || told.contains("half-done 1s ago"),
        "{told}"
    );
    assert!(told.contains(&ways), "{told}");
    let json = flightdeck(dir.path(), &["status", "--json"]).await;
    let needs = lines(&json)[0]["environments"].to_string();
    assert!(needs.contains(&ways), "{needs}");

    let shown = flightdeck(dir.path(), &["leave", &first]).await;
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    assert!(
        said(&shown).starts_with("half-done: roll back") && said(&shown).contains("nothing was changed"),
        "{shown:?}"
    );
    let left = flightdeck(dir.path(), &["leave", &first, "--confirm=production", "--reason", "looked"]).await;
    assert_eq!(left.status.code(), Some(0), "{left:?}");
    assert!(said(&left).starts_with("left as it is"), "{left:?}");
    assert!(!status().await.contains("half-done"), "it was decided on");
    let again = flightdeck(dir.path(), &["leave", &first, "--confirm=production"]).await;
    assert_eq!(again.status.code(), Some(5), "{again:?}");

    let second = half_done(dir.path(), None).await;
    let told = status().await;
    assert!(told.contains(&format!("flightdeck finish {second}")) && !told.contains("undo"), "{told}");
    let undo = flightdeck(dir.path(), &["undo", &second]).await;
    assert_eq!(undo.status.code(), Some(5), "{undo:?}");
    assert!(said(&undo).contains("cannot be undone: which release backend ran before was not listed"), "{undo:?}");
}
