//! Tables of what may be said.

use std::time::Duration;

use super::*;
use crate::domain::environment::{
    Claimed, Coming, Declared, Edge, Instance, Observed, Pin, Platform, Pointed, Rollout, ServiceInfo, Status, Tier,
};
use crate::domain::extent::Extent;
use crate::domain::feed::FeedState;
use crate::domain::finding::{Finding, Reading};
use crate::domain::health::{Anatomy, Sample};
use crate::domain::operation::{Move, OpKind, OpState, StepKind, StepReport, StepState};
use crate::domain::pipeline::RunState;
use crate::domain::release::Presence;
use crate::sanitize::Text;

mod age;
mod motion;
mod parts;

const OLD: &str = "9df49c2000000000000000000000000000000000";
const NEW: &str = "3e60eac000000000000000000000000000000000";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn id(name: &str) -> ServiceId {
    ServiceId::new("production", name)
}

fn declared(sha: &str, status: Status) -> Declared {
    crate::domain::testing::declared(Some(sha), status)
}

fn observed(sha: &str) -> Observed {
    Observed { sha: Some(sha.into()), version: None, at: at(0), source: Text::default(), edges: Vec::new() }
}

/// A check that was read at the beginning and may stand for a minute.
fn checked(finding: Finding) -> Check {
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
        failing_since: None,
        unread: None,
        cordoned: false,
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
    probes: Probes,
    aimed: BTreeMap<ProbeId, ServiceId>,
    findings: BTreeMap<ServiceId, Vec<Check>>,
    releases: BTreeMap<ServiceId, Vec<Deployment>>,
    runs: Vec<Run>,
    workflows: BTreeMap<EnvId, Arc<str>>,
    operations: BTreeMap<OpId, Operation>,
    absent: BTreeMap<ServiceId, Platform>,
    feeds: BTreeMap<FeedId, FeedStatus>,
    now: Timestamp,
}

impl World {
    fn calm() -> Self {
        let mut world = Self {
            services: BTreeMap::new(),
            probes: Probes::default(),
            aimed: BTreeMap::new(),
            findings: BTreeMap::new(),
            releases: BTreeMap::new(),
            runs: Vec::new(),
            workflows: BTreeMap::from([("production".into(), "deploy.yml".into())]),
            operations: BTreeMap::new(),
            absent: BTreeMap::new(),
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
        self.probes = [state].into_iter().collect();
    }

    /// A probe that has had nothing but good answers that came late.
    fn late(&mut self, name: &str, times: i64) {
        self.probe(name, &[]);
        let probe = ProbeId { env: "production".into(), name: name.into() };
        for second in 0..times {
            let anatomy = Anatomy { status: Some(200), late: true, ..Anatomy::default() };
            let failure = Some(Text::from("slow: 1.6s > 1.0s"));
            self.probes.get_mut(&probe).unwrap().push(Sample { at: at(second), anatomy, failure });
        }
    }

    fn known(&self) -> Known<'_> {
        Known {
            services: &self.services,
            probes: &self.probes,
            aimed: &self.aimed,
            findings: &self.findings,
            releases: &self.releases,
            runs: &self.runs,
            workflows: &self.workflows,
            operations: &self.operations,
            absent: &self.absent,
            feeds: &self.feeds,
            now: self.now,
        }
    }

    fn info(&self) -> EnvInfo {
        let service = |name: &str, platform| ServiceInfo { id: id(name), platform, resource: "r".into(), url: None };
        let services = self.services.keys().map(|id| service(&id.name, Platform::Fly)).collect();
        EnvInfo { id: "production".into(), tier: Tier::Production, services, writable: true }
    }

    fn env(&self) -> Judgement {
        self.known().environment(&self.info())
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
                (declared.status, declared.rollout) =
                    (Status::Running, Some(Rollout { done: 1, total: 2, fleet: Status::Ok }));
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
            "unknown: backend machine 148e in iad never read: host unreachable",
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
        (|world| world.probe("backend /health", &[false]), "failing: backend /health 503 (1 answer)"),
        (|world| world.probe("backend /health", &[true, false]), "degraded: backend /health 503"),
        // One of two machines answers with errors: no visitor is helped by the other one.
        (
            |world| world.probe("backend /health", &[true, false, true, false, true, false]),
            "failing: backend /health 503 for 0s",
        ),
        (|world| world.late("backend /health", 1), "degraded: backend /health slow: 1.6s > 1.0s (1 answer)"),
        (|world| world.late("backend /health", 3), "failing: backend /health slow: 1.6s > 1.0s for 0s"),
        (
            |world| world.probe("/", &[true, false, false, false, true, true, false, false, false, true, true]),
            "flapping: / changed 6 times within 10 min",
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
                let finding = Finding::new("row level security", Status::Fail, "table notes is exposed");
                drop(world.findings.insert(id("backend"), vec![checked(finding)]));
            },
            "degraded: backend row level security table notes is exposed",
        ),
        (
            |world| {
                let finding = Finding::new("connections", Status::Fail, "60 of 60").stopping();
                drop(world.findings.insert(id("backend"), vec![checked(finding)]));
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
fn what_nobody_reads_as_it_is_configured_is_not_told_as_read_soon() {
    let mut world = World::calm();
    world.services.insert(id("database"), ServiceState::default());
    assert_eq!(world.says(), "unknown: database not read yet");
    world.absent.insert(id("database"), Platform::Supabase);
    assert_eq!(world.says(), "unknown: database not configured: [platforms.supabase] is missing");
    assert_eq!(
        world.known().service(&id("database")).words(),
        "unknown: not configured: [platforms.supabase] is missing"
    );
    world.services.retain(|service, _| *service == id("database"));
    world.probes = Probes::default();
    assert_eq!(world.says(), "unknown: database not configured: [platforms.supabase] is missing", "it alone");
}
