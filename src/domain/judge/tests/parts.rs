//! The parts of one service: machines and domains.

use super::*;

/// The edge is one address; a rollback that stopped half-way left another domain behind.
#[test]
fn domains_that_point_at_two_commits_are_mixed_and_what_was_not_read_of_them_is_unknown() {
    let at_commit = |domain: &str, deployment: &str, sha: &str| Pointed {
        domain: domain.into(),
        deployment: deployment.into(),
        sha: Some(sha.into()),
        unread: None,
    };
    let mut world = World::calm();
    world.declared("frontend").pointed = vec![at_commit("a.app", "dpl_1", OLD), at_commit("b.app", "dpl_2", NEW)];
    let pair = "a.app points at 9df49c2 (dpl_1), b.app points at 3e60eac (dpl_2)";
    let judged = world.known().service(&id("frontend"));
    assert_eq!((judged.words(), judged.short()), (format!("mixed: {pair}"), "9df49c2+3e60eac".to_owned()));
    let judged = world.env();
    assert_eq!((judged.words(), judged.commits.len()), (format!("mixed: frontend {pair}"), 2));
    // A build that no domain serves yet moves none of them; once one serves it, the others are on their way.
    let build = |deployment: &str, sha: &str| Coming { deployment: deployment.into(), sha: Some(sha.into()) };
    let calm = world.clone();
    let third = "aaaaaaa000000000000000000000000000000000";
    world.declared("frontend").status = Status::Running;
    world.declared("frontend").coming = Some(build("dpl_3", third));
    assert_eq!(world.known().service(&id("frontend")).state, State::Mixed);
    world.declared("frontend").coming = Some(build("dpl_2", NEW));
    assert_eq!(world.known().service(&id("frontend")).state, State::Deploying);
    // Nor does it explain another answer of the edge than its own.
    world.declared("frontend").pointed.clear();
    world.services.get_mut(&id("frontend")).unwrap().observe(Observed { at: at(1), ..observed(NEW) });
    for (sha, state) in [(NEW, State::Deploying), (third, State::Mixed)] {
        world.declared("frontend").coming = Some(build("dpl_3", sha));
        world.feed(FeedId::Declared(id("frontend")), FeedState::Fresh(at(2)));
        assert_eq!(world.known().service(&id("frontend")).state, state);
    }
    world = calm;
    // What is broken stays so.
    world.declared("frontend").status = Status::Fail;
    assert_eq!(world.known().service(&id("frontend")).state, State::Failing);
    world.declared("frontend").status = Status::Ok;
    let unread = Pointed { unread: Some(Text::from("502")), sha: None, ..at_commit("every domain", "", OLD) };
    world.declared("frontend").pointed = vec![unread];
    assert_eq!(world.says(), "unknown: frontend every domain points at what could not be read (502)");
    world.declared("frontend").pointed = vec![at_commit("a.app", "dpl_1", OLD), at_commit("b.app", "dpl_1", OLD)];
    assert_eq!(world.env().state, State::Healthy);
}

/// A rollback moved the machine in iad; the host of the one in fra does not answer.
#[test]
fn a_machine_that_cannot_be_read_keeps_the_commit_that_it_ran() {
    let (iad, fra) = (machine(OLD), Instance { id: Text::from("fra1"), region: Text::from("fra"), ..machine(OLD) });
    let dark = Instance { digest: None, sha: None, unread: Some(Text::from("host unreachable")), ..fra.clone() };
    let mut world = World::calm();
    let state = world.services.get_mut(&id("backend")).unwrap();
    let fleet = |instances: Vec<Instance>, status| Declared { instances, ..declared(OLD, status) };
    state.declare(fleet(vec![iad.clone(), fra.clone()], Status::Ok), at(0));
    state.declare(fleet(vec![iad, dark.clone()], Status::Warn), at(1));
    let says = "degraded: backend complete; fra not read for 1s, was 9df49c2";
    assert_eq!(world.says(), says, "as far as is known both run the same");
    let state = world.services.get_mut(&id("backend")).unwrap();
    state.observed = Some(Observed { at: at(2), ..observed(NEW) });
    state.declare(Declared { sha: Some(NEW.into()), ..fleet(vec![machine(NEW), dark], Status::Warn) }, at(1));
    let judged = world.known().service(&id("backend"));
    assert_eq!(judged.words(), "mixed: iad 3e60eac, fra not read for 1s, was 9df49c2");
    assert_eq!(judged.short(), "3e60eac+9df49c2");
    assert_eq!(world.env().commits.len(), 2);
    // Both can be read, and each region runs its own.
    let fleet = fleet(vec![machine(NEW), fra], Status::Ok);
    world.services.get_mut(&id("backend")).unwrap().declare(Declared { sha: Some(NEW.into()), ..fleet }, at(1));
    assert_eq!(world.known().service(&id("backend")).words(), "mixed: iad 3e60eac, fra 9df49c2");
    world.declared("backend").instances[0].checks = (0, 1);
    assert_eq!(world.known().service(&id("backend")).state, State::Failing, "visitors in iad get errors");
}

/// A console that is started while a host does not answer has nothing that the machine was last known to run.
#[test]
fn a_machine_that_was_never_read_is_unknown_and_what_the_edge_answers_in_turn_is_mixed_with_every_answer() {
    let dark = Instance {
        id: Text::from("fra1"),
        region: Text::from("fra"),
        digest: None,
        sha: None,
        unread: Some(Text::from("host unreachable")),
        ..machine(NEW)
    };
    let mut world = World::calm();
    let fleet = Declared { instances: vec![machine(NEW), dark], ..declared(NEW, Status::Warn) };
    *world.services.get_mut(&id("backend")).unwrap() = ServiceState::default();
    world.services.remove(&id("frontend"));
    let answers = |world: &mut World, second: i64, sha: &str| {
        let state = world.services.get_mut(&id("backend")).unwrap();
        state.declare(fleet.clone(), at(second));
        state.observe(Observed { at: at(second), ..observed(sha) });
        for feed in world.feeds.values_mut() {
            feed.state = FeedState::Fresh(at(second));
        }
        world.feed(FeedId::Declared(id("backend")), FeedState::Fresh(at(second + 1)));
        world.now = at(second + 1);
        (world.says(), world.known().service(&id("backend")).short())
    };
    let never = "unknown: backend machine fra1 in fra never read: host unreachable";
    assert_eq!(answers(&mut world, 0, NEW), (never.to_owned(), "3e60eac".to_owned()));
    let pair = "9df49c2+3e60eac".to_owned();
    let says = "mixed: backend the edge answers 9df49c2, the platform says 3e60eac".to_owned();
    assert_eq!(answers(&mut world, 10, OLD), (says, pair));
    let says = "mixed: backend the edge answered 9df49c2 11s ago, the platform says 3e60eac".to_owned();
    assert_eq!(
        answers(&mut world, 20, NEW),
        (says, "3e60eac+9df49c2".to_owned()),
        "the next answer takes nothing back"
    );
    assert!(answers(&mut world, 185, NEW).0.starts_with("mixed: "));
    assert_eq!(answers(&mut world, 200, NEW).0, never, "it does not answer it any more");
}

/// Each deploy has a moment in which the edge answers both: they are no pair once it is over.
#[test]
fn what_the_edge_answered_before_or_while_something_moved_is_no_pair_of_now() {
    let mut state = ServiceState::default();
    let answers = |state: &mut ServiceState, second: i64, sha: &str| {
        state.observe(Observed { at: at(second), ..observed(sha) });
    };
    state.declare(declared(OLD, Status::Ok), at(0));
    answers(&mut state, 1, OLD);
    answers(&mut state, 2, NEW);
    answers(&mut state, 3, OLD);
    assert!(state.beside().is_some());
    let moving =
        Declared { rollout: Some(Rollout { done: 1, total: 2, fleet: Status::Ok }), ..declared(OLD, Status::Running) };
    state.declare(moving, at(4));
    answers(&mut state, 5, OLD);
    answers(&mut state, 5, NEW);
    state.declare(declared(NEW, Status::Ok), at(6));
    answers(&mut state, 14, OLD);
    answers(&mut state, 17, NEW);
    assert_eq!(state.beside(), None, "an edge follows within seconds");
    answers(&mut state, 18, OLD);
    answers(&mut state, 19, NEW);
    assert_eq!(state.beside().map(|(sha, _)| sha.short()), Some("9df49c2"));
    // A machine that is replaced beside the others moves too.
    let fleet = |sha: &str| Declared { instances: vec![machine(sha)], ..declared(NEW, Status::Ok) };
    state.declare(fleet(OLD), at(20));
    answers(&mut state, 31, OLD);
    state.declare(fleet(NEW), at(32));
    assert_eq!(state.beside(), None);
}

/// The rollback of a release that fails takes its time: until the last machine is moved, its visitors get errors.
#[test]
fn a_machine_that_fails_its_checks_is_failing_while_others_are_moved_unless_it_has_just_started() {
    let mut world = World::calm();
    world.now = at(20);
    for feed in world.feeds.values_mut() {
        feed.state = FeedState::Fresh(at(19));
    }
    let sick = |since| Instance { checks: (0, 1), failing_since: Some(at(since)), ..machine(NEW) };
    let declared = world.declared("backend");
    (declared.status, declared.rollout) = (Status::Running, Some(Rollout { done: 1, total: 2, fleet: Status::Ok }));
    declared.instances = vec![machine(OLD), sick(10)];
    assert_eq!(world.env().state, State::Deploying, "{}", world.says());
    world.declared("backend").instances[1] = sick(4);
    assert_eq!(world.says(), "failing: backend 1 of 2 machines; 148e in iad fails its checks");
    // What it was before it could not be read says nothing of now.
    world.declared("backend").instances[1].unread = Some(Text::from("host unreachable"));
    assert_eq!(world.env().state, State::Deploying, "{}", world.says());
}

/// Who was killed between making a machine and letting it in has harmed no visitor, and left something there.
#[test]
fn a_machine_out_of_the_proxy_is_told_beside_a_healthy_service() {
    let mut world = World::calm();
    let out = || Instance { cordoned: true, ..machine(OLD) };
    world.declared("backend").instances = vec![machine(OLD), out()];
    let says = |world: &World| world.known().service(&id("backend")).words();
    assert_eq!(says(&world), "healthy: machine 148e in iad is out of the proxy");
    assert_eq!(world.says(), "healthy", "the environment's row has a line for the operation that was cut short");
    world.declared("backend").instances.push(out());
    assert_eq!(says(&world), "healthy: 2 machines are out of the proxy");
}

#[test]
fn a_probe_that_a_pause_explains_does_not_fail_and_one_that_it_does_not_explain_does() {
    let paused = |aimed: &str| {
        let mut world = World::calm();
        world.declared("frontend").switches.paused = true;
        world.probe("frontend /", &[false, false, false]);
        let probe = ProbeId { env: "production".into(), name: "frontend /".into() };
        world.aimed.insert(probe, id(aimed));
        world
    };
    assert_eq!(paused("frontend").says(), "paused: frontend visitors get 503");
    assert!(paused("backend").says().starts_with("failing: frontend / 503"), "{}", paused("backend").says());
    // No pause makes a name unknown, or breaks a handshake, or fails in the server.
    for status in [None, Some(500)] {
        let mut other = paused("frontend");
        let mut probe = other.probes.iter().next().unwrap().clone();
        let anatomy = Anatomy { status, ..Anatomy::default() };
        probe.push(Sample { at: at(3), anatomy, failure: Some(Text::from("no such host")) });
        other.probes = [probe].into_iter().collect();
        assert!(other.says().starts_with("failing: frontend / no such host"), "{status:?}: {}", other.says());
    }
    // That it is paused was read long ago: what fails now may fail by itself.
    let mut old = paused("frontend");
    old.feed(FeedId::Declared(id("frontend")), FeedState::Fresh(at(-600)));
    assert!(old.says().starts_with("failing: frontend / 503"), "{}", old.says());
}
