//! What is old, or was never read.

use super::*;

#[test]
fn what_is_old_is_unknown_with_what_it_was_whichever_feed_it_is() {
    let feeds =
        [FeedId::Declared(id("backend")), FeedId::Observed(id("frontend")), FeedId::Health("production".into())];
    let names = ["backend", "frontend the edge", "probes"];
    for (feed, name) in feeds.into_iter().zip(names) {
        let mut world = World::calm();
        for known in world.feeds.values_mut() {
            known.state = FeedState::Fresh(at(47));
        }
        let why = Text::from("supabase does not answer");
        world.feed(feed, FeedState::Failing { last_ok: Some(at(0)), since: at(10), why, denied: false, again: None });
        world.now = at(30);
        assert_eq!(world.env().state, State::Healthy, "three intervals have not passed");
        world.now = at(47);
        let judged = world.env();
        assert_eq!(judged.words(), format!("unknown: {name} not read for 47s, was healthy"));
        assert_eq!(judged.basis, Some(at(0)), "the oldest fact decides");
        // What is known to be broken now is said all the same.
        world.declared("frontend").status = Status::Fail;
        let broken = world.env().state;
        assert_eq!(broken == State::Failing, name != "frontend", "{name}: {broken}");
    }
}

#[test]
fn a_check_that_was_not_read_is_no_verdict_and_then_unknown() {
    let unread = |last| Check {
        name: Text::from("locks"),
        reading: Reading::Unread { why: Text::from("timeout"), since: at(20), last },
    };
    let checks = |all: Vec<Check>, second| {
        let mut world = World::calm();
        for known in world.feeds.values_mut() {
            known.state = FeedState::Fresh(at(second));
        }
        world.now = at(second);
        world.findings.insert(id("backend"), all);
        (world.known().service(&id("backend")).words(), world.says())
    };
    let seen = |finding| checked(finding).last().cloned();
    let fine = Finding::new("locks", Status::Ok, "nobody waits");
    // It was read a minute ago at most: what is known without it, and which is not read, since when.
    let late = vec![checked(Finding::new("connections", Status::Ok, "4 of 100")), unread(seen(fine.clone()))];
    assert_eq!(checks(late.clone(), 25), ("healthy: locks not read for 25s".to_owned(), "healthy".to_owned()));
    // What was wrong stays wrong until it was read anew.
    let stuck = Finding::new("locks", Status::Fail, "pid 7 waits 40s").stopping();
    assert_eq!(checks(vec![unread(seen(stuck))], 25).1, "failing: backend locks pid 7 waits 40s");
    // Then it is unknown, as every fact that is old; also where its reader tells nothing any more.
    let old = "unknown: backend locks not read for 1m01s, was healthy";
    assert_eq!(checks(late, 61).1, old.replace("locks", "connections").replace("1m01s", "1m01s (+1 more)"));
    assert_eq!(checks(vec![checked(fine)], 61).1, old);
    // What never answered is not well.
    assert_eq!(checks(vec![unread(None)], 25).1, "unknown: backend locks never read, tried for 5s: timeout");
    // What the token may not see has no verdict.
    let denied = Check { name: Text::from("locks"), reading: Reading::Denied(Text::from("42501")) };
    assert_eq!(checks(vec![denied], 61).1, "healthy");
}

#[test]
fn what_never_answered_is_no_better_than_what_did() {
    let mut world = World::calm();
    world.services.get_mut(&id("backend")).unwrap().observed = None;
    world.feed(FeedId::Observed(id("backend")), FeedState::Starting);
    assert_eq!(world.says(), "unknown: backend the edge not read yet");
    let why = Text::from("fly refuses the token");
    world.feed(
        FeedId::Observed(id("backend")),
        FeedState::Failing { last_ok: None, since: at(0), why, denied: true, again: None },
    );
    assert_eq!(world.says(), "unknown: backend the edge never read: fly refuses the token");
}
