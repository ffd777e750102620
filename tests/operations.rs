//! A rollback end to end: the real engine over HTTP against the simulator, from the plan to the proof at the edge.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use flightdeck::clock::SystemClock;
use flightdeck::config::load::{Flags, parse};
use flightdeck::domain::fact::Fact;
use flightdeck::domain::ids::ReqId;
use flightdeck::domain::operation::{OpState, Operation, Plan, StepState, Target};
use flightdeck::domain::release::Deployment;
use flightdeck::engine::{Engine, EngineHandle, Lanes, Scope};
use flightdeck::sim::{self, Options, Sim};
use flightdeck::store::Store;

/// Longest wait for anything: generous, because a busy machine is not a failure.
const PATIENCE: Duration = Duration::from_secs(90);

struct World {
    sim: Sim,
    engine: EngineHandle,
    lanes: Lanes,
    state: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        // Faster than life, so that transient states pass quickly.
        let options = Options { listen, scenario: "calm".to_owned(), seed: 7, speed: 20.0 };
        let sim = sim::start(options, SystemClock::shared()).await.unwrap();
        let state = tempfile::tempdir().unwrap();
        let dir = state.path().to_str().unwrap().to_owned();
        let env = move |name: &str| (name == "FLIGHTDECK_STATE_DIR").then(|| dir.clone());
        let settings = parse(&sim.config_toml(), None, &Flags::default(), &env).unwrap();
        let (engine, lanes) = Engine::start(Arc::new(settings), SystemClock::shared(), Scope::State);
        Self { sim, engine, lanes, state }
    }

    /// Waits for a fact that `pick` accepts.
    async fn fact<T>(&mut self, pick: impl Fn(Fact) -> Option<T>) -> T {
        let wait = async {
            loop {
                if let Some(found) = pick(self.lanes.control.recv().await.unwrap()) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap()
    }

    /// An earlier release that backend and frontend of production both have.
    async fn targets(&mut self) -> Vec<Target> {
        let mut backend: Vec<Deployment> = Vec::new();
        let mut frontend: Vec<Deployment> = Vec::new();
        while backend.is_empty() || frontend.is_empty() {
            let (id, list) = self
                .fact(|fact| match fact {
                    Fact::Releases(id, list) if id.env.as_str() == "production" => Some((id, list)),
                    _ => None,
                })
                .await;
            if &*id.name == "backend" { backend = list } else { frontend = list }
        }
        let earlier = backend.iter().filter(|one| !one.current && one.sha.is_some());
        let pair =
            earlier.filter_map(|one| Some((one, frontend.iter().find(|other| other.sha == one.sha)?))).next().unwrap();
        let target = |one: &Deployment| Target { service: one.service.clone(), deployment: one.id.clone() };
        vec![target(pair.1), target(pair.0)]
    }

    async fn plan(&mut self, targets: Vec<Target>) -> Plan {
        self.engine.preflight(ReqId(1), "production".into(), targets, None);
        let plan = self.fact(|fact| if let Fact::Plan(ReqId(1), plan) = fact { Some(plan) } else { None }).await;
        *plan.unwrap()
    }

    async fn carry_out(&mut self, plan: Plan) -> Operation {
        self.engine.operate(plan, None);
        self.fact(|fact| match fact {
            Fact::Operation(operation) if operation.state.ended() => Some(*operation),
            Fact::Notice(text) => panic!("{text}"),
            _ => None,
        })
        .await
    }

    async fn stop(self) {
        self.engine.shutdown().await;
        self.sim.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn production_goes_back_and_the_edge_proves_it() {
    let mut world = World::start().await;
    let targets = world.targets().await;
    let plan = world.plan(targets).await;
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    assert!(plan.commits_out.as_ref().is_some_and(|commits| !commits.is_empty()));
    assert_eq!(&*plan.parts[0].service.name, "backend", "the backend goes first");
    let operation = world.carry_out(plan).await;
    assert_eq!(operation.state, OpState::Done, "{operation:#?}");
    assert!(operation.outcome.as_str().starts_with("restored in"));
    assert!(operation.steps.iter().all(|step| step.state == StepState::Done));
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    assert!(store.interrupted().await.unwrap().is_empty());
    let rows = store.list(1000).await.unwrap();
    let count = |event: &str| rows.iter().filter(|row| row.event == event).count();
    assert_eq!(count("intent"), count("outcome"), "every call has its intent and its outcome");
    assert!(count("intent") >= 8);
    assert_eq!(store.verify().await.unwrap(), Ok(rows.len() as u64));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_world_has_moved_is_refused_and_nothing_is_written() {
    let mut world = World::start().await;
    let targets = world.targets().await;
    let first = world.plan(targets.clone()).await;
    let second = world.plan(targets).await;
    assert_eq!(world.carry_out(first).await.state, OpState::Done);
    let refused = world.carry_out(second).await;
    assert_eq!(refused.state, OpState::Refused, "{refused:#?}");
    assert!(refused.outcome.as_str().contains("has moved"), "{}", refused.outcome);
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let begun = store.list(1000).await.unwrap().iter().filter(|row| row.event == "begin").count();
    assert_eq!(begun, 1);
    world.stop().await;
}
