//! Tables of what may be said.

use std::time::Duration;

use super::*;
use crate::domain::environment::{
    Claimed, Edge, Instance, Observed, Platform, Pointed, Rollout, ServiceInfo, Switches, Tier,
};
use crate::domain::extent::Extent;
use crate::domain::feed::FeedState;
use crate::domain::health::{Anatomy, Sample};
use crate::domain::operation::{Move, OpKind};
use crate::domain::pipeline::RunState;
use crate::domain::release::Presence;
use crate::sanitize::Text;

const OLD: &str = "9df49c2000000000000000000000000000000000";
const NEW: &str = "3e60eac000000000000000000000000000000000";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn id(name: &str) -> ServiceId {
    ServiceId::new("production", name)
}

fn declared(sha: &str, status: Status) -> Declared {
    Declared {
        deployment: sha.into(),
        label: Text::from("v41"),
        sha: Some(sha.into()),
        status,
        words: Text::from("complete"),
        created_at: None,
        rollout: None,
        pin: None,
        switches: Switches::default(),
        instances: Vec::new(),
        pointed: Vec::new(),
        claimed: None,
    }
}

fn observed(sha: &str) -> Observed {
    Observed { sha: Some(sha.into()), version: None, at: at(0), source: Text::default(), edges: Vec::new() }
}

/// A check that was read at the beginning and may stand for a minute.
fn checked(finding: Posture) -> Check {
    Check::read(finding, at(0), Duration::from_secs(60))
}

fn machine(sha: &str) -> Instance {
    Instance {
        id: Text::from("148e"),
        region: Text::from("iad"),
        state: Text::from("started"),
        digest: Some(Text::from(format!("sha256:{sha}"))),
        release: None,
        sha: Some(sha.into()),
        checks: (1, 1),
        unread: None,
    }
}

fn deployment(service: &str, sha: &str, second: i64) -> Deployment {
    Deployment {
        service: id(service),
        id: format!("{service}{second}").into(),
        label: Text::from("v"),
        sha: Some(sha.into()),
        image: None,
        status: Status::Ok,
        words: Text::from("complete"),
        stage: None,
        created_at: at(second),
        ran_for: None,
        author: Text::default(),
        message: Text::default(),
        current: false,
        verified: None,
        presence: Presence::Unknown,
        bad: None,
    }
}

fn run(sha: &str, status: Status) -> Run {
    Run {
        id: 1,
        workflow: Text::from("Deploy"),
        title: Text::default(),
        number: (141, 1),
        sha: sha.into(),
        branch: Text::default(),
        actor: Text::default(),
        state: if status == Status::Running { RunState::Running } else { RunState::Ended },
        status,
        words: Text::default(),
        event: Text::default(),
        file: Text::from(".github/workflows/deploy.yml"),
        created_at: None,
        started_at: None,
        updated_at: None,
        url: Text::default(),
        jobs: Vec::new(),
        jobs_read: Extent::Whole,
        gates: Vec::new(),
        lanes: Vec::new(),
    }
}

/// A backend and a frontend at one commit, everything read a second ago.
#[derive(Clone)]
struct World {
    services: BTreeMap<ServiceId, ServiceState>,
    probes: Vec<ProbeState>,
    aimed: BTreeMap<ProbeId, ServiceId>,
    posture: BTreeMap<ServiceId, Vec<Check>>,
    releases: BTreeMap<ServiceId, Vec<Deployment>>,
    runs: Vec<Run>,
    workflows: BTreeMap<EnvId, Arc<str>>,
    operations: BTreeMap<OpId, Operation>,
    feeds: BTreeMap<FeedId, FeedStatus>,
    now: Timestamp,
}

impl World {
    fn calm() -> Self {
        let mut world = Self {
            services: BTreeMap::new(),
            probes: Vec::new(),
            aimed: BTreeMap::new(),
            posture: BTreeMap::new(),
            releases: BTreeMap::new(),
            runs: Vec::new(),
            workflows: BTreeMap::from([("production".into(), "deploy.yml".into())]),
            operations: BTreeMap::new(),
            feeds: BTreeMap::new(),
            now: at(1),
        };
        for name in ["backend", "frontend"] {
            world.runs_at(name, OLD);
            world.releases.insert(id(name), vec![deployment(name, OLD, -500)]);
            for feed in [FeedId::Declared(id(name)), FeedId::Observed(id(name))] {
                world.feed(feed, FeedState::Fresh(at(0)));
            }
        }
        world.feed(FeedId::Health("production".into()), FeedState::Fresh(at(0)));
        world.probe("backend /health", &[true]);
        world
    }

    fn feed(&mut self, feed: FeedId, state: FeedState) {
        self.feeds.insert(feed, FeedStatus { state, interval: Duration::from_secs(10) });
    }

    fn runs_at(&mut self, name: &str, sha: &str) {
        let state = self.services.entry(id(name)).or_default();
        state.declared = Some(declared(sha, Status::Ok));
        state.observed = Some(observed(sha));
    }

    fn declared(&mut self, name: &str) -> &mut Declared {
        self.services.get_mut(&id(name)).and_then(|state| state.declared.as_mut()).unwrap()
    }

    fn probe(&mut self, name: &str, samples: &[bool]) {
        let probe = ProbeId { env: "production".into(), name: name.into() };
        self.aimed.insert(probe.clone(), id("backend"));
        let mut state = ProbeState::new(probe, Text::default(), at(0));
        for (second, pass) in samples.iter().enumerate() {
            let failure = (!pass).then(|| Text::from("503"));
            let second = i64::try_from(second).unwrap();
            let anatomy = Anatomy { status: Some(if *pass { 200 } else { 503 }), ..Anatomy::default() };
            state.push(Sample { at: at(second), anatomy, failure });
        }
        self.probes = vec![state];
    }

    fn known(&self) -> Known<'_> {
        Known {
            services: &self.services,
            probes: &self.probes,
            aimed: &self.aimed,
            posture: &self.posture,
            releases: &self.releases,
            runs: &self.runs,
            workflows: &self.workflows,
            operations: &self.operations,
            feeds: &self.feeds,
            now: self.now,
        }
    }

    fn env(&self) -> Judgement {
        let service = |name: &str, platform| ServiceInfo { id: id(name), platform, resource: "r".into(), url: None };
        let services = self.services.keys().map(|id| service(&id.name, Platform::Fly)).collect();
        let env = EnvInfo { id: "production".into(), tier: Tier::Production, services, writable: true };
        self.known().environment(&env)
    }

    fn says(&self) -> String {
        self.env().words()
    }
}

#[test]
fn all_read_and_all_well_is_healthy_and_names_the_commit() {
    let judged = World::calm().env();
    assert_eq!((judged.state, judged.sha().map(Sha::short)), (State::Healthy, Some("9df49c2")));
    assert_eq!(judged.basis, Some(at(0)));
}

/// One thing that is changed, and what may be said then.
#[test]
fn one_thing_is_enough_to_be_no_longer_healthy() {
    type Change = fn(&mut World);
    let table: Vec<(Change, &str)> = vec![
        (|world| world.declared("backend").status = Status::Fail, "failing: backend complete"),
        (|world| world.declared("backend").status = Status::Unknown, "unknown: backend complete"),
        (|world| world.declared("frontend").switches.paused = true, "paused: frontend visitors get 503"),
        (
            |world| {
                let declared = world.declared("backend");
                (declared.status, declared.rollout) = (Status::Running, Some(Rollout { done: 1, total: 2 }));
            },
            "deploying: backend 1 of 2 machines",
        ),
        (
            |world| world.declared("backend").instances = vec![machine(OLD), machine(NEW), machine(OLD)],
            "mixed: backend 2 of 3 machines run 9df49c2, 1 runs 3e60eac",
        ),
        (
            |world| {
                let dark = Instance { digest: None, unread: Some(Text::from("host unreachable")), ..machine(OLD) };
                world.declared("backend").instances = vec![machine(OLD), dark];
            },
            "degraded: backend 1 of 2 machines known",
        ),
        (
            |world| world.declared("frontend").sha = Some(NEW.into()),
            "mixed: frontend the edge answers 9df49c2, the platform says 3e60eac",
        ),
        (
            |world| {
                let edge = |host: &str, sha: &str| Edge { host: Text::from(host), sha: Some(sha.into()) };
                let state = world.services.get_mut(&id("frontend")).unwrap();
                state.observed.as_mut().unwrap().edges = vec![edge("a.example", OLD), edge("b.example", NEW)];
            },
            "mixed: frontend a.example 9df49c2, b.example 3e60eac",
        ),
        (
            |world| {
                let words = Text::from("complete");
                let claimed = Claimed { label: Text::from("v42"), sha: Some(NEW.into()), words };
                world.declared("backend").claimed = Some(claimed);
            },
            "degraded: backend v42 3e60eac is complete by the platform's word, the machines run v41",
        ),
        (|world| world.probe("backend /health", &[false]), "failing: backend /health 503 for 1s"),
        (|world| world.probe("backend /health", &[true, false]), "degraded: backend /health 503"),
        (
            |world| world.probe("/", &[true, false, false, false, true, true, false, false, false, true, true]),
            "flapping: / changed 7 times within 10 min",
        ),
        (
            |world| {
                world.probe("backend /health", &[true, false, false, false]);
                world.declared("backend").switches.challenged = true;
            },
            "unknown: backend /health attack mode",
        ),
        (
            |world| {
                let finding = Posture::new("row level security", Status::Fail, "table notes is exposed");
                drop(world.posture.insert(id("backend"), vec![checked(finding)]));
            },
            "degraded: backend row level security table notes is exposed",
        ),
        (
            |world| {
                let finding = Posture::new("connections", Status::Fail, "60 of 60").stopping();
                drop(world.posture.insert(id("backend"), vec![checked(finding)]));
            },
            "failing: backend connections 60 of 60",
        ),
        (
            |world| drop(world.services.insert(id("database"), ServiceState::default())),
            "unknown: database not read yet",
        ),
    ];
    for (change, says) in table {
        let mut world = World::calm();
        change(&mut world);
        assert_eq!(world.says(), says);
    }
}

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
        world.posture.insert(id("backend"), all);
        (world.known().service(&id("backend")).words(), world.says())
    };
    let seen = |finding| checked(finding).last().cloned();
    let fine = Posture::new("locks", Status::Ok, "nobody waits");
    // It was read a minute ago at most: what is known without it, and which is not read, since when.
    let late = vec![checked(Posture::new("connections", Status::Ok, "4 of 100")), unread(seen(fine.clone()))];
    assert_eq!(checks(late.clone(), 25), ("healthy: locks not read for 25s".to_owned(), "healthy".to_owned()));
    // What was wrong stays wrong until it was read anew.
    let stuck = Posture::new("locks", Status::Fail, "pid 7 waits 40s").stopping();
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
    world.operations.insert(op, Operation { moves, commit: Some(OLD.into()), ..begun });
    assert_eq!(world.says(), "deploying: roll back is under way: backend 9df49c2, frontend 3e60eac");
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
    // One that moves nothing, another service, or this one to a third commit, explains nothing.
    let third = Some("aaaaaaa000000000000000000000000000000000".into());
    for explains_nothing in [
        begun(OpKind::SetSecret),
        Operation { commit: Some(NEW.into()), ..begun(OpKind::Restart) },
        Operation { moves: vec![moves("frontend", "dpl_2")], ..to_new.clone() },
        Operation { commit: third, ..to_new },
    ] {
        let told = format!("{explains_nothing:?}");
        world.operations.insert(op, explains_nothing);
        assert_eq!(world.known().service(&id("backend")).state, State::Mixed, "{told}");
        assert_eq!(world.env().state, State::Mixed, "{told}");
    }
}

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
    assert_eq!(world.env().state, State::Degraded, "as far as is known both run the same");
    let state = world.services.get_mut(&id("backend")).unwrap();
    state.observed = Some(Observed { at: at(2), ..observed(NEW) });
    state.declare(Declared { sha: Some(NEW.into()), ..fleet(vec![machine(NEW), dark], Status::Warn) }, at(1));
    let judged = world.known().service(&id("backend"));
    assert_eq!(judged.words(), "mixed: iad 3e60eac, fra 9df49c2 when it was last read");
    assert_eq!(judged.short(), "3e60eac+9df49c2");
    assert_eq!(world.env().commits.len(), 2);
    // Both can be read, and each region runs its own.
    let fleet = fleet(vec![machine(NEW), fra], Status::Ok);
    world.services.get_mut(&id("backend")).unwrap().declare(Declared { sha: Some(NEW.into()), ..fleet }, at(1));
    assert_eq!(world.known().service(&id("backend")).words(), "mixed: iad 3e60eac, fra 9df49c2");
    world.declared("backend").instances[0].checks = (0, 1);
    assert_eq!(world.known().service(&id("backend")).state, State::Failing, "visitors in iad get errors");
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
