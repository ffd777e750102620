//! Two commits: mixed, or under way.

use super::*;

/// The worst night: v42 is "complete", the machines fell back to v41, the frontend is on the new commit.
#[test]
fn declared_success_over_old_machines_is_mixed_and_names_the_pair() {
    let mut world = World::calm();
    world.declared("backend").instances = vec![machine(OLD), machine(OLD)];
    world.runs_at("frontend", NEW);
    for name in ["backend", "frontend"] {
        world.releases.get_mut(&id(name)).unwrap().insert(0, deployment(name, NEW, -20));
    }
    let judged = world.env();
    assert_eq!(judged.words(), "mixed: backend 9df49c2, frontend 3e60eac");
    assert_eq!((judged.sha(), judged.commits.len()), (None, 2));
    let mut old = world.clone();
    old.now = at(47);
    assert_eq!(old.env().state, State::Unknown, "a pair that was seen long ago is none of now");
    assert!(old.says().contains("was mixed"), "{}", old.says());
    // While somebody moves it, it is deploying.
    let op = OpId(uuid::Uuid::nil());
    let begun = Operation::begun(op, OpKind::RollBack, "production".into(), Text::from("roll back"), at(0));
    let moves = vec![Move { service: id("frontend"), from: None, to: "dpl_1".into() }];
    let moving = Operation { moves, commit: Some(OLD.into()), ..begun };
    world.operations.insert(op, moving.clone());
    assert_eq!(world.says(), "deploying: roll back is under way: backend 9df49c2, frontend 3e60eac");
    // Nobody knows that it ends, when it is silent for longer than such operations are: both are told.
    world.operations.insert(op, Operation { started_at: at(-90), ..moving });
    assert_eq!(world.says(), "mixed: backend 9df49c2, frontend 3e60eac; roll back: silent for 1m31s, stuck?");
    // What is not read may be worse than a pair: it is told beside it.
    world.operations.clear();
    world.feed(FeedId::Health("production".into()), silent(Some(-46)));
    let says = "mixed: backend 9df49c2, frontend 3e60eac; unknown: probes not read for 47s, was healthy";
    assert_eq!(world.says(), says);
    world.feed(FeedId::Health("production".into()), FeedState::Fresh(at(0)));
    // Visitors of a paused service get nothing, which is worse for them than two releases; the pair is told beside it.
    world.declared("frontend").switches.paused = true;
    assert_eq!(world.says(), "paused: frontend visitors get 503; mixed: backend 9df49c2, frontend 3e60eac");
}

/// A platform that leads visitors itself is asked where: what it says is half of a pair, also where no edge is asked.
#[test]
fn a_service_that_is_seen_by_its_pointer_and_its_domains_alone_is_part_of_a_pair() {
    let mut world = World::calm();
    world.runs_at("frontend", NEW);
    for name in ["backend", "frontend"] {
        world.releases.get_mut(&id(name)).unwrap().insert(0, deployment(name, NEW, -20));
    }
    world.services.get_mut(&id("frontend")).unwrap().observed = None;
    world.feeds.remove(&FeedId::Observed(id("frontend")));
    assert_eq!(world.env().state, State::Healthy, "nobody has seen it: what is only said is no half of a pair");
    world.declared("frontend").routed = true;
    assert_eq!(world.says(), "mixed: backend 9df49c2, frontend 3e60eac");
    // That a database restarts explains no second commit.
    let restarts = Declared { words: Text::from("RESTARTING"), ..declared(OLD, Status::Running) };
    world.services.entry(id("database")).or_default().declared = Some(restarts);
    assert_eq!(world.says(), "mixed: backend 9df49c2, frontend 3e60eac");
    world.services.remove(&id("database"));
    // All domains were pointed elsewhere by hand: that is what visitors get, whatever the pointer says.
    world.runs_at("frontend", OLD);
    world.services.get_mut(&id("frontend")).unwrap().observed = None;
    let at = |domain: &str| Pointed {
        domain: Text::from(domain),
        deployment: "dpl_2".into(),
        sha: Some(NEW.into()),
        unread: None,
    };
    let declared = world.declared("frontend");
    (declared.routed, declared.pointed) = (true, vec![at("a.app"), at("b.app")]);
    let judged = world.env();
    assert_eq!(judged.state, State::Mixed, "{judged:?}");
    let service = world.known().service(&id("frontend")).words();
    assert!(
        service.starts_with("mixed: a.app and b.app point at 3e60eac (dpl_2); the platform says 9df49c2 "),
        "{service}"
    );
    let (together, _) = world.known().together(&world.info());
    assert_eq!(together, Together::Mixed(vec![NEW.into(), OLD.into()]));
    // What nothing serves is healthy for nobody, and no deploy excuses it.
    let declared = world.declared("frontend");
    declared.pointed = vec![Pointed { deployment: "".into(), sha: None, ..at("a.app") }];
    let says = "failing: frontend a.app points at no deployment; the platform says 9df49c2 ";
    assert!(world.says().starts_with(says), "{}", world.says());
    world.declared("frontend").status = Status::Running;
    assert!(world.says().starts_with(says), "{}", world.says());
}

/// Nobody goes on with what was cut short, whatever the release row says that it has left open.
#[test]
fn a_deploy_whose_operation_was_cut_short_is_a_mixed_pair() {
    let mut world = World::calm();
    let declared = world.declared("backend");
    declared.instances = vec![machine(OLD), machine(NEW)];
    (declared.status, declared.rollout) = (Status::Running, Some(Rollout { done: 1, total: 2, fleet: Status::Ok }));
    assert!(world.says().starts_with("deploying: "), "{}", world.says());
    let op = OpId(uuid::Uuid::nil());
    let begun = Operation::begun(op, OpKind::RollBack, "production".into(), Text::from("roll back"), at(-5));
    let moves = vec![Move { service: id("backend"), from: None, to: "row".into() }];
    let cut = Operation { moves, interrupted: true, commit: Some(OLD.into()), ..begun };
    world.operations.insert(op, cut.clone());
    let says = world.says();
    assert!(says.starts_with("mixed: backend ") && says.ends_with("roll back was cut short"), "{says}");
    let half = Operation { interrupted: false, state: OpState::HalfDone, ..cut.clone() };
    world.operations.insert(op, half);
    assert!(world.says().starts_with("mixed: backend "), "{}", world.says());
    // Somebody deploys long after it was left: that is under way, and nobody's ruin.
    let long_ago = Operation { interrupted: false, state: OpState::Left, started_at: at(-300), ..cut.clone() };
    let mut later = world.clone();
    later.operations.insert(op, long_ago);
    later.releases.get_mut(&id("backend")).unwrap().insert(0, deployment("backend", NEW, -20));
    assert!(later.says().starts_with("deploying: "), "{}", later.says());
    world.operations.insert(op, cut.clone());
    // Another one goes on with it.
    let next = OpId(uuid::Uuid::max());
    world.operations.insert(next, Operation { id: next, interrupted: false, started_at: at(-1), ..cut });
    assert!(world.says().starts_with("deploying: "), "{}", world.says());
}

/// The row of a release that an operation made right before it was killed: no machine was moved, and nobody goes on.
#[test]
fn a_release_row_without_a_machine_of_an_operation_that_was_cut_short_is_no_deploy_under_way() {
    let mut world = World::calm();
    let declared = world.declared("backend");
    declared.instances = vec![machine(OLD), machine(OLD)];
    declared.status = Status::Running;
    declared.rollout = Some(Rollout { done: 0, total: 2, fleet: Status::Ok });
    assert_eq!(world.says(), "deploying: backend 0 of 2 machines", "nobody knows whose it is");
    let op = OpId(uuid::Uuid::nil());
    let begun = Operation::begun(op, OpKind::RollBack, "production".into(), Text::from("roll back"), at(-5));
    let moves = vec![Move { service: id("backend"), from: None, to: "row".into() }];
    let cut = Operation { moves, interrupted: true, commit: Some(NEW.into()), ..begun };
    world.operations.insert(op, cut.clone());
    assert_eq!(world.says(), "healthy");
    assert_eq!(world.known().service(&id("backend")).words(), "healthy: roll back was cut short");
    // An operation that names no move and opened a release says as much.
    let mut opened = world.clone();
    let step = StepReport {
        service: id("backend"),
        kind: StepKind::OpenRelease,
        title: Text::from("record a release"),
        state: StepState::Done,
        detail: Text::default(),
        started_at: None,
        spoke_at: None,
        ended_at: None,
        pace: None,
    };
    opened.operations.insert(op, Operation { moves: Vec::new(), steps: vec![step], ..cut.clone() });
    assert_eq!(opened.says(), "healthy");
    // What its machines and its edge say counts, and nothing better.
    world.declared("backend").rollout = Some(Rollout { done: 0, total: 2, fleet: Status::Warn });
    assert!(world.says().starts_with("degraded: backend "), "{}", world.says());
    world.declared("backend").rollout = Some(Rollout { done: 0, total: 2, fleet: Status::Fail });
    assert!(world.says().starts_with("failing: backend "), "{}", world.says());
    // One machine got its update before the end, and goes on by itself.
    world.declared("backend").rollout = Some(Rollout { done: 0, total: 2, fleet: Status::Running });
    assert!(world.says().starts_with("deploying: backend "), "{}", world.says());
    world.declared("backend").rollout = Some(Rollout { done: 0, total: 2, fleet: Status::Ok });
    world.services.get_mut(&id("backend")).unwrap().observed = Some(Observed { at: at(1), ..observed(NEW) });
    assert!(world.says().starts_with("mixed: "), "{}", world.says());
}

/// When two commits are one release: docs/adr/0001-one-release.md.
#[test]
fn two_commits_are_mixed_only_where_they_belong_together() {
    let ahead = || {
        let mut world = World::calm();
        world.runs_at("frontend", NEW);
        world.releases.get_mut(&id("frontend")).unwrap().insert(0, deployment("frontend", NEW, -20));
        world
    };
    // The backend was never given the newer commit: it stays where it is, and that is told.
    let judged = ahead().env();
    assert_eq!(judged.words(), "healthy: backend stays at 9df49c2");
    assert_eq!(judged.sha().map(Sha::short), Some("3e60eac"));
    // Its machines started anew with the old commit are no newer release.
    let mut restarted = ahead();
    restarted.releases.get_mut(&id("backend")).unwrap().insert(0, deployment("backend", OLD, -5));
    assert_eq!(restarted.says(), "healthy: backend stays at 9df49c2");
    // Its deployments have to be read after the newer commit came: whether it was given that one is not known before.
    let mut unlisted = ahead();
    unlisted.feed(FeedId::Releases(id("backend")), FeedState::Fresh(at(-10)));
    let says = "deploying: the deployments of backend are not read since: backend 9df49c2, frontend 3e60eac";
    assert_eq!(unlisted.says(), says);
    unlisted.feed(FeedId::Releases(id("backend")), FeedState::Fresh(at(0)));
    assert_eq!(unlisted.says(), "healthy: backend stays at 9df49c2");
    // A row without a commit may be the newer one, built and never live.
    let mut nameless = ahead();
    nameless
        .releases
        .get_mut(&id("backend"))
        .unwrap()
        .insert(0, Deployment { sha: None, ..deployment("backend", NEW, -20) });
    nameless.feed(FeedId::Releases(id("backend")), FeedState::Fresh(at(0)));
    let says = "unknown: releases of backend do not tell their commits: whether it was given 3e60eac is not known";
    assert_eq!(nameless.says(), says);
    // The run that brought it decides: done, under way, cut short.
    for (status, state) in
        [(Status::Ok, State::Healthy), (Status::Running, State::Deploying), (Status::Fail, State::Mixed)]
    {
        let mut world = ahead();
        world.runs = vec![run(NEW, status)];
        assert_eq!(world.env().state, state, "{status:?}");
        // A run of another workflow says nothing of what is deployed here.
        world.runs[0].file = Text::from(".github/workflows/lint.yml");
        assert_eq!(world.env().state, State::Healthy, "{status:?}");
    }
    // Rolled back alone: it was given the newer commit once.
    let mut rolled = ahead();
    let list = rolled.releases.get_mut(&id("backend")).unwrap();
    list.insert(0, deployment("backend", NEW, -20));
    list.insert(0, deployment("backend", OLD, -5));
    assert_eq!(rolled.says(), "mixed: backend 9df49c2, frontend 3e60eac");
    // A database has no commit that anybody sees.
    let mut database = World::calm();
    let state = ServiceState { declared: Some(declared(NEW, Status::Ok)), ..ServiceState::default() };
    database.services.insert(id("database"), state);
    assert_eq!(database.env().state, State::Healthy);
}

fn silent(last_ok: Option<i64>) -> FeedState {
    let why = Text::from("github: 502");
    FeedState::Failing { last_ok: last_ok.map(at), since: at(-600), why, denied: false, again: None }
}

/// A list that was never read does not tell that a service was not given the commit.
#[test]
fn a_pair_is_unknown_while_the_deployments_of_one_were_never_read() {
    let mut world = World::calm();
    world.runs_at("frontend", NEW);
    world.releases.get_mut(&id("frontend")).unwrap().insert(0, deployment("frontend", NEW, -20));
    for name in ["backend", "frontend"] {
        world.feed(FeedId::Releases(id(name)), FeedState::Fresh(at(0)));
    }
    assert_eq!(world.says(), "healthy: backend stays at 9df49c2");
    for name in ["backend", "frontend"] {
        let mut unread = world.clone();
        unread.releases.remove(&id(name));
        for (state, says) in [(silent(None), "never read: github: 502"), (FeedState::Starting, "not read yet")] {
            unread.feed(FeedId::Releases(id(name)), state);
            assert_eq!(unread.says(), format!("unknown: releases of {name} {says}"));
            assert_eq!(unread.env().commits.len(), 2, "nobody knows whether they are one release");
        }
    }
    // Both were read, and none names a commit that is live.
    world.releases.clear();
    assert_eq!(world.says(), "unknown: releases of backend do not tell when 9df49c2 was deployed");
}

/// The pipeline that answers no more leaves a run under way for ever.
#[test]
fn a_pair_that_the_runs_explain_is_unknown_once_they_are_old() {
    let mut world = World::calm();
    world.runs_at("frontend", NEW);
    for name in ["backend", "frontend"] {
        world.releases.get_mut(&id(name)).unwrap().insert(0, deployment(name, NEW, -20));
    }
    world.runs = vec![run(NEW, Status::Running)];
    world.feed(FeedId::Pipeline, FeedState::Fresh(at(0)));
    assert_eq!(world.says(), "deploying: a deployment is under way: backend 9df49c2, frontend 3e60eac");
    world.feed(FeedId::Pipeline, silent(Some(-599)));
    assert_eq!(world.says(), "unknown: pipeline not read for 10m00s, was deploying");
    // The platform itself says that it moves.
    let mut rollout = world.clone();
    rollout.declared("backend").status = Status::Running;
    assert_eq!(rollout.env().state, State::Deploying);
    // Nobody was given the commit, and whether the run that brought it was cut short since is not known either.
    world.releases.get_mut(&id("backend")).unwrap().remove(0);
    world.runs = vec![run(NEW, Status::Ok)];
    assert_eq!(world.says(), "unknown: pipeline not read for 10m00s, was healthy");
    for (state, says) in [(silent(None), "never read: github: 502"), (FeedState::Starting, "not read yet")] {
        world.feed(FeedId::Pipeline, state);
        assert_eq!(world.says(), format!("unknown: pipeline {says}"));
    }
    world.feed(FeedId::Pipeline, FeedState::Fresh(at(0)));
    assert_eq!(world.says(), "healthy: backend stays at 9df49c2");
    // Where no workflow deploys it, the pipeline says nothing of it.
    world.feed(FeedId::Pipeline, silent(None));
    world.workflows.clear();
    assert_eq!(world.says(), "healthy: backend stays at 9df49c2");
}

/// Where the token may not see runs or releases, the commits themselves were read: what is not known is whether a deploy explains them.
#[test]
fn what_may_never_be_read_does_not_keep_two_commits_unknown() {
    let barred = || FeedState::Failing {
        last_ok: None,
        since: at(-600),
        why: Text::from("github: 403"),
        denied: true,
        again: None,
    };
    let world = || {
        let mut world = World::calm();
        world.services.get_mut(&id("frontend")).unwrap().observe(observed(NEW));
        world.declared("frontend").sha = Some(NEW.into());
        world.releases.get_mut(&id("frontend")).unwrap().insert(0, deployment("frontend", NEW, -20));
        world
    };
    for feed in [FeedId::Pipeline, FeedId::Releases(id("backend"))] {
        let mut one = world();
        let told = format!("is not known: {feed} withheld (github: 403)");
        one.feed(feed, barred());
        let judged = one.env();
        assert_eq!(judged.state, State::Mixed, "{}", judged.words());
        assert!(
            judged.why.starts_with("backend 9df49c2, frontend 3e60eac; whether a deploy")
                && judged.why.ends_with(&told)
        );
        assert_eq!(judged.commits.len(), 2);
    }
    // One commit is one release, whatever may not be read.
    let mut one = World::calm();
    one.feed(FeedId::Pipeline, barred());
    assert_eq!(one.env().commits.len(), 1);
    assert_ne!(one.env().state, State::Mixed);
}

/// An ordinary deploy by the pipeline is nowhere mixed: not while it runs, and not until the platform's list follows the edge.
#[test]
fn a_service_in_motion_is_deploying_and_mixed_names_both_commits() {
    let mut world = World::calm();
    world.declared("backend").sha = Some(OLD.into());
    world.services.get_mut(&id("backend")).unwrap().observe(Observed { at: at(5), ..observed(NEW) });
    world.now = at(6);
    // The list was read at 0, the edge changed at 5: it says nothing about that.
    let judged = world.known().service(&id("backend"));
    assert_eq!(judged.words(), "deploying: 9df49c2 declared, the edge answers 3e60eac");
    world.feed(FeedId::Declared(id("backend")), FeedState::Fresh(at(6)));
    let judged = world.env();
    assert_eq!(judged.words(), "mixed: backend the edge answers 3e60eac, the platform says 9df49c2");
    assert_eq!(judged.commits.len(), 2, "a mixed state names the pair");
    // A run of the commit that is on its way explains it; one of another commit, or one that was read long ago, does not.
    world.runs = vec![run(NEW, Status::Running)];
    assert_eq!(world.env().state, State::Deploying, "{}", world.says());
    world.runs = vec![run("aaaaaaa000000000000000000000000000000000", Status::Running)];
    assert_eq!(world.env().state, State::Mixed);
    world.runs = vec![run(NEW, Status::Running)];
    world.feed(FeedId::Pipeline, FeedState::Fresh(at(-600)));
    assert_eq!(world.known().service(&id("backend")).state, State::Mixed);
    // So does an operation that moves it.
    let op = OpId(uuid::Uuid::nil());
    let begun = |kind| Operation::begun(op, kind, "production".into(), Text::from("roll back"), at(0));
    let moves = |service: &str, to: &str| Move { service: id(service), from: None, to: to.into() };
    let to_new =
        Operation { moves: vec![moves("backend", "v42")], commit: Some(NEW.into()), ..begun(OpKind::RollBack) };
    world.operations.insert(op, to_new.clone());
    assert_eq!(world.known().service(&id("backend")).state, State::Deploying);
    // One that moves nothing, another service, or this one to a third commit or to one that nobody knows, explains nothing.
    let third = Some("aaaaaaa000000000000000000000000000000000".into());
    for explains_nothing in [
        begun(OpKind::SetSecret),
        Operation { commit: Some(NEW.into()), ..begun(OpKind::Restart) },
        Operation { moves: vec![moves("frontend", "dpl_2")], ..to_new.clone() },
        Operation { moves: vec![moves("backend", "v39")], commit: None, ..to_new.clone() },
        Operation { commit: third, ..to_new },
    ] {
        let told = format!("{explains_nothing:?}");
        world.operations.insert(op, explains_nothing);
        assert_eq!(world.known().service(&id("backend")).state, State::Mixed, "{told}");
        assert_eq!(world.env().state, State::Mixed, "{told}");
    }
}

/// The pipeline of an environment is the first thing of a deploy that runs: no machine has moved, and its end is near all the same.
#[test]
fn a_deploy_is_under_way_from_the_moment_its_run_runs() {
    let mut world = World::calm();
    world.runs = vec![run(NEW, Status::Running)];
    assert_eq!(world.env().state, State::Deploying, "{}", world.says());
    assert!(world.says().ends_with("is under way"), "{}", world.says());
    // What serves less than well meanwhile is no better than that.
    world.declared("backend").claimed =
        Some(Claimed { label: Text::from("v42"), sha: None, words: Text::from("complete") });
    assert_eq!(world.env().state, State::Deploying, "{}", world.says());
    assert_eq!(world.known().service(&id("backend")).state, State::Degraded);
    // What waits for a person moves nothing, and an old answer tells nothing of now.
    world.runs[0].state = RunState::Gated;
    assert_eq!(world.env().state, State::Degraded, "{}", world.says());
    world.runs[0].state = RunState::Running;
    world.feed(FeedId::Pipeline, FeedState::Fresh(at(-600)));
    assert_eq!(world.env().state, State::Degraded, "{}", world.says());
}

/// The run of a deploy has ended, and a service was last read before that; or an edge has changed, and its platform was not asked since.
#[test]
fn a_pair_at_the_edges_of_an_ordinary_deploy_is_not_mixed() {
    let deployed = || {
        let mut world = World::calm();
        world.runs_at("backend", NEW);
        for name in ["backend", "frontend"] {
            world.releases.get_mut(&id(name)).unwrap().insert(0, deployment(name, NEW, -20));
        }
        world.now = at(20);
        for feed in [FeedId::Declared(id("backend")), FeedId::Observed(id("backend")), FeedId::Declared(id("frontend"))]
        {
            world.feed(feed, FeedState::Fresh(at(19)));
        }
        world.feed(FeedId::Observed(id("frontend")), FeedState::Fresh(at(9)));
        world.feed(FeedId::Health("production".into()), FeedState::Fresh(at(19)));
        world.feed(FeedId::Pipeline, FeedState::Fresh(at(19)));
        world.runs = vec![Run { updated_at: Some(at(12)), ..run(NEW, Status::Ok) }];
        world
    };
    let mut world = deployed();
    let says = "deploying: frontend is not read since Deploy #141 ended: backend 3e60eac, frontend 9df49c2";
    assert_eq!(world.says(), says);
    world.feed(FeedId::Observed(id("frontend")), FeedState::Fresh(at(15)));
    assert_eq!(world.says(), "mixed: backend 3e60eac, frontend 9df49c2", "it was read, and stays behind");
    // What is not read for long is not under way for ever, and one that failed has stopped half-way.
    world = deployed();
    world.now = at(50);
    assert_eq!(world.env().state, State::Unknown, "{}", world.says());
    world = deployed();
    world.runs[0].status = Status::Fail;
    assert_eq!(world.env().state, State::Mixed, "{}", world.says());
    // The edge of one answers a commit that no list names yet: a deploy that nobody was asked about since.
    let mut world = World::calm();
    world.services.get_mut(&id("frontend")).unwrap().observe(Observed { at: at(5), ..observed(NEW) });
    world.now = at(6);
    assert_eq!(world.env().state, State::Deploying, "{}", world.says());
    world.feed(FeedId::Declared(id("frontend")), FeedState::Fresh(at(6)));
    assert_eq!(world.env().state, State::Mixed, "its platform says that nothing moves");
}

#[test]
fn an_answer_of_the_edge_from_before_a_deployment_says_nothing_about_it() {
    let mut world = World::calm();
    let state = world.services.get_mut(&id("backend")).unwrap();
    state.declare(declared(NEW, Status::Ok), at(1));
    assert_eq!(world.known().service(&id("backend")).state, State::Deploying);
    let state = world.services.get_mut(&id("backend")).unwrap();
    state.observed = Some(Observed { at: at(2), ..observed(OLD) });
    let judged = world.known().service(&id("backend"));
    assert_eq!((judged.state, judged.short().as_str()), (State::Mixed, "9df49c2+3e60eac"));
}

/// A word that nobody knows, or a run of which nobody knows what it deploys, may be a deploy that is under way.
#[test]
fn a_run_that_tells_no_state_or_no_workflow_leaves_unknown_whether_a_deploy_is_under_way() {
    let unclear =
        |sha| Run { state: RunState::Unknown, words: Text::from("unknown (thinking)"), ..run(sha, Status::Unknown) };
    let mut world = World::calm();
    world.runs = vec![unclear(NEW)];
    assert_eq!(
        world.says(),
        "unknown: whether Deploy #141 is under way is not known: it is unknown (thinking)",
        "before the first machine moves"
    );
    world.runs = vec![Run { file: Text::default(), ..run(NEW, Status::Running) }];
    assert_eq!(world.says(), "unknown: whether Deploy #141 deploys here is not known: its workflow's file is not told");
    world.runs[0].state = RunState::Succeeded;
    assert_eq!(world.env().state, State::Healthy, "what is over deploys nothing more");
    // Two commits are no better than a pair meanwhile, and not said to be on their way.
    world.services.get_mut(&id("frontend")).unwrap().observe(observed(NEW));
    world.declared("frontend").sha = Some(NEW.into());
    world.releases.get_mut(&id("frontend")).unwrap().insert(0, deployment("frontend", NEW, -20));
    world.runs = vec![unclear(NEW)];
    let judged = world.env();
    assert_eq!(judged.state, State::Mixed, "{}", judged.words());
    assert_eq!(
        judged.why,
        "backend 9df49c2, frontend 3e60eac; whether a deploy is under way is not known: Deploy #141 is unknown (thinking)"
    );
}

/// A build that serves nobody is no deploy of a mixed environment, as long as it is staged or of a third commit.
#[test]
fn a_build_that_reaches_nobody_does_not_explain_a_pair() {
    let mut world = World::calm();
    world.services.get_mut(&id("frontend")).unwrap().observe(observed(NEW));
    world.declared("frontend").sha = Some(NEW.into());
    let rows = world.releases.get_mut(&id("backend")).unwrap();
    rows.insert(0, deployment("backend", NEW, -20));
    world.releases.get_mut(&id("frontend")).unwrap().insert(0, deployment("frontend", NEW, -20));
    assert_eq!(world.env().state, State::Mixed, "{}", world.says());
    let third = "aaaaaaa000000000000000000000000000000000";
    let pin = Pin { why: Text::from("rolled back"), at: None, by: None };
    for (sha, pinned, state) in [
        (OLD, false, State::Deploying),
        (OLD, true, State::Mixed),
        (third, false, State::Mixed),
        (third, true, State::Mixed),
    ] {
        let declared = world.declared("frontend");
        declared.status = Status::Running;
        declared.coming = Some(Coming { deployment: "dpl_3".into(), sha: Some(sha.into()) });
        declared.pin = pinned.then(|| pin.clone());
        assert_eq!(world.env().state, state, "{sha} {pinned}: {}", world.says());
    }
}
