//! The engine over real HTTP against a simulated world, for tests of operations.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flightdeck::clock::{Clock, SystemClock, Timestamp};
use flightdeck::config::load::{Flags, parse};
use flightdeck::domain::fact::Fact;
use flightdeck::domain::ids::{OpId, ReqId, ServiceId};
use flightdeck::domain::operation::{Operation, Plan, Request, Target};
use flightdeck::domain::overrides::Override;
use flightdeck::domain::release::Deployment;
use flightdeck::domain::strategy::Strategy;
use flightdeck::engine::{Engine, EngineHandle, Lanes, Scope};
use flightdeck::sanitize::Text;
use flightdeck::sim::product::Product;
use flightdeck::sim::world::Env;
use flightdeck::sim::world::fly::FlyApp;
use flightdeck::sim::{self, Options, Sim};
use serde_json::Value;

/// Longest wait for anything: generous, because a busy machine is not a failure.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Production's backend.
pub fn backend() -> ServiceId {
    ServiceId::new("production", "backend")
}

/// A simulated world.
pub struct World {
    pub sim: Sim,
    pub state: tempfile::TempDir,
}

impl World {
    /// A calm world, so many times faster than life that transient states pass quickly.
    pub async fn start(speed: f64) -> Self {
        provider();
        let listen = "127.0.0.1:0".parse().unwrap();
        let options = Options { listen, scenario: "calm".to_owned(), seed: 7, speed };
        let sim = sim::start(options, SystemClock::shared()).await.unwrap();
        Self { sim, state: tempfile::tempdir().unwrap() }
    }

    /// The same of another product.
    pub async fn of(product: Product, speed: f64) -> Self {
        provider();
        let listen = "127.0.0.1:0".parse().unwrap();
        let options = Options { listen, scenario: "calm".to_owned(), seed: 7, speed };
        let sim = sim::start_world(product, options, SystemClock::shared()).await.unwrap();
        Self { sim, state: tempfile::tempdir().unwrap() }
    }

    /// A console without a screen, on the world's state folder.
    pub fn console(&self) -> Console {
        self.console_in(self.state.path())
    }

    /// A console without a screen, on another state folder.
    pub fn console_in(&self, state: &Path) -> Console {
        self.console_with(state, |text| text)
    }

    /// The same, with another configuration.
    pub fn console_with(&self, state: &Path, change: impl Fn(String) -> String) -> Console {
        let dir = state.to_str().unwrap().to_owned();
        let env = move |name: &str| (name == "FLIGHTDECK_STATE_DIR").then(|| dir.clone());
        let settings = parse(&change(self.sim.config_toml()), None, &Flags::default(), &env).unwrap();
        let (engine, lanes) = Engine::start(Arc::new(settings), SystemClock::shared(), Scope::State);
        Console { engine, lanes }
    }

    /// The same, on a clock of its own.
    pub fn console_at(&self, clock: Arc<Ahead>, change: impl Fn(String) -> String) -> Console {
        let dir = self.state.path().to_str().unwrap().to_owned();
        let env = move |name: &str| (name == "FLIGHTDECK_STATE_DIR").then(|| dir.clone());
        let settings = parse(&change(self.sim.config_toml()), None, &Flags::default(), &env).unwrap();
        let (engine, lanes) = Engine::start(Arc::new(settings), clock, Scope::State);
        Console { engine, lanes }
    }

    /// Looks at the app of production's backend, or changes it.
    pub fn app<T>(&self, look: impl FnOnce(&mut FlyApp) -> T) -> T {
        look(self.sim.shared().world().fly.env_mut(Env::PRODUCTION).unwrap())
    }

    /// Waits until it is so; it is looked at whenever the world was changed.
    pub async fn soon(&self, mut so: impl FnMut() -> bool) {
        let wait = async { while !so() && self.sim.shared().changed().await {} };
        tokio::time::timeout(PATIENCE, wait).await.expect("it is seen in the world");
    }

    /// Waits until as many requests of a route came in as there were and `more`.
    pub async fn asked(&self, origin: &str, route: &str, more: u64) {
        let before = self.requests(origin, route).await;
        let wait =
            async { while self.requests(origin, route).await < before + more && self.sim.shared().changed().await {} };
        tokio::time::timeout(PATIENCE, wait).await.expect("it is asked");
    }

    /// The ground truth.
    pub async fn truth(&self) -> Value {
        let url = format!("{}/_sim/state", self.sim.control());
        reqwest::get(url).await.unwrap().json().await.unwrap()
    }

    /// Switches a fault on.
    pub async fn fault(&self, fault: &Value) {
        let url = format!("{}/_sim/faults", self.sim.control());
        let answer = reqwest::Client::new().post(url).json(fault).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }

    /// Makes an event happen.
    pub async fn event(&self, event: &Value) {
        let url = format!("{}/_sim/events", self.sim.control());
        let answer = reqwest::Client::new().post(url).json(event).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }

    /// Requests of a route, by the beginning of their name: `POST /v1/apps/…`.
    pub async fn requests(&self, origin: &str, route: &str) -> u64 {
        self.truth().await["requests"][origin][route].as_u64().unwrap_or(0)
    }
}

/// The machine's clock, and what a test puts on top of it.
pub struct Ahead {
    base: SystemClock,
    by: Mutex<Duration>,
}

impl Ahead {
    pub fn shared() -> Arc<Self> {
        Arc::new(Self { base: SystemClock::new(), by: Mutex::default() })
    }

    /// Lets time pass at once.
    pub fn jump(&self, span: Duration) {
        *self.by.lock().unwrap() += span;
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.base.now() + *self.by.lock().unwrap()
    }

    fn mono(&self) -> Duration {
        self.base.mono() + *self.by.lock().unwrap()
    }
}

/// A running engine.
pub struct Console {
    pub engine: EngineHandle,
    pub lanes: Lanes,
}

impl Console {
    /// Waits for a fact that `pick` accepts.
    pub async fn fact<T>(&mut self, pick: impl Fn(Fact) -> Option<T>) -> T {
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
    pub async fn targets(&mut self) -> Vec<Target> {
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
        let target = |one: &Deployment| Target::new(one.service.clone(), one.id.clone());
        vec![target(pair.1), target(pair.0)]
    }

    /// The first news of an operation that `pick` accepts.
    pub async fn until(&mut self, pick: impl Fn(&Operation) -> bool) -> Operation {
        self.fact(|fact| match fact {
            Fact::Operation(one) if pick(&one) => Some(*one),
            _ => None,
        })
        .await
    }

    /// The earlier release of the backend alone, moved in this strategy.
    pub async fn back(&mut self, strategy: &Strategy) -> Vec<Target> {
        let targets = self.targets().await.into_iter().filter(|one| one.service == backend());
        targets.map(|one| Target { strategy: strategy.clone(), ..one }).collect()
    }

    /// A plan, or why there is none.
    pub async fn try_plan(&mut self, targets: Vec<Target>, continues: Option<OpId>) -> Result<Plan, Text> {
        self.request("production", Request::RollBack(targets), continues).await
    }

    /// The plan of a request, or why there is none.
    pub async fn request(&mut self, env: &str, request: Request, continues: Option<OpId>) -> Result<Plan, Text> {
        self.engine.preflight(ReqId(1), env.into(), request, continues);
        let plan = self.fact(|fact| if let Fact::Plan(ReqId(1), plan) = fact { Some(plan) } else { None }).await;
        plan.map(|plan| *plan)
    }

    /// A plan.
    pub async fn plan(&mut self, targets: Vec<Target>) -> Plan {
        self.try_plan(targets, None).await.unwrap()
    }

    /// Begins what a plan says. What is red is overridden here: what these tests are about comes after.
    pub fn begins(&self, plan: Plan) {
        let red = plan.overrides.iter().any(|one| !matches!(one, Override::Lock(_) | Override::Freeze(_)));
        self.engine.operate(plan, red.then(|| Text::from("the test wants it")));
    }

    /// Carries a plan out to its end.
    pub async fn carry_out(&mut self, plan: Plan) -> Operation {
        let parts = plan.parts.iter().flat_map(|part| &part.steps);
        let told: Vec<String> =
            parts.chain(plan.proof.iter().map(|one| &one.step)).map(|step| step.title.to_string()).collect();
        self.begins(plan);
        let ended = self
            .fact(|fact| match fact {
                Fact::Operation(operation) if operation.state.ended() => Some(*operation),
                _ => None,
            })
            .await;
        let done: Vec<String> = ended.steps.iter().map(|step| step.title.to_string()).collect();
        assert_eq!(done, told, "the operation goes through the steps that its plan lists");
        ended
    }

    /// Ends it.
    pub async fn stop(self) {
        self.engine.shutdown().await;
    }
}

/// The tests' own requests go out before any client of ours was made, which would have chosen it.
fn provider() {
    drop(rustls::crypto::ring::default_provider().install_default());
}
