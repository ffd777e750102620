//! People at work: at random moments something is rolled back, restarted, promoted, paused and resumed, by another console that has a
//! journal, and what each operation says of itself is held against the world.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flightdeck::clock::Timestamp;
use flightdeck::config::load::{Flags, parse};
use flightdeck::domain::fact::Fact;
use flightdeck::domain::ids::{EnvId, OpId, ReqId, ServiceId, Sha};
use flightdeck::domain::operation::{OpKind, Operation, Plan, ProjectSwitch, Request, StepState};
use flightdeck::domain::strategy::Strategy;
use flightdeck::engine::{Engine, EngineHandle, Lanes, Scope};
use flightdeck::sim::shared::Shared;
use rand::Rng as _;
use rand::rngs::StdRng;
use tokio::sync::Notify;

use crate::past::Past;
use crate::sky::Sky;
use crate::weather::Weather;

/// What has come from the console, and what the world was meanwhile.
#[derive(Default)]
struct Heard {
    facts: VecDeque<(Timestamp, Fact)>,
    past: Past,
    busy: bool,
}

/// An operation under way.
struct Running {
    plan: Plan,
    began: Duration,
    /// The watching console is the one that carries it out.
    told: bool,
    /// What it said last, and when.
    said: Option<(Timestamp, Operation)>,
}

impl Running {
    fn hear(&mut self, at: Timestamp, op: &Operation) {
        if self.said.as_ref().is_none_or(|(_, before)| before != op) {
            self.said = Some((at, op.clone()));
        }
    }

    /// Whether it has said something new within a minute, or within twice the time that its open step took before.
    fn goes_on(&self, now: Timestamp) -> bool {
        let Some((at, op)) = &self.said else { return false };
        let open = op.steps.iter().filter(|step| step.state == StepState::Running);
        let usual = open.filter_map(|step| step.pace).map(|pace| pace.p95 * 2).max().unwrap_or_default();
        now.duration_since(*at).unsigned_abs() <= usual.max(Duration::from_secs(60)) && !op.state.ended()
    }
}

/// Those who operate.
pub struct Crew {
    engine: EngineHandle,
    heard: Arc<Mutex<Heard>>,
    begins: Arc<Notify>,
    listener: tokio::task::JoinHandle<()>,
    asked: BTreeMap<u64, (Request, Duration)>,
    running: BTreeMap<OpId, Running>,
    /// What is asked for later.
    later: Vec<(Duration, &'static str, Request)>,
    next: Duration,
    number: u64,
    reviewed: Duration,
    /// How those that were drawn ended.
    pub ends: BTreeMap<String, u64>,
    /// Statements of plans and of ended operations that were held.
    pub held: u64,
    _state: tempfile::TempDir,
}

/// Tokio's clock stands still while work that blocks is under way: here, while the threads of the journal's database have anything to do.
/// They do not know of the jumping clock, and a busy machine would let minutes pass between two rows. They sleep when nobody asks them;
/// what is asked wakes them at once.
async fn settled(pace: PathBuf) {
    let threads = std::path::Path::new("/proc/self/task");
    let stands = tokio::task::spawn_blocking(move || {
        if threads.is_dir() {
            while at_work(threads) {
                std::thread::yield_now();
            }
            return Ok(());
        }
        // Where nobody tells of threads, as long as the disk takes for a row.
        let mut file = std::fs::File::create(pace)?;
        std::io::Write::write_all(&mut file, b"now")?;
        file.sync_all()
    });
    stands.await.unwrap().unwrap();
}

/// Whether a thread of a database runs, or waits for the disk.
fn at_work(threads: &std::path::Path) -> bool {
    let of = |dir: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(dir.ok()?.path().join("stat")).ok();
    // `4711 (sqlx-sqlite-wor) S 1 …`
    std::fs::read_dir(threads).unwrap().filter_map(of).any(|stat| {
        let state = stat.split_once("(sqlx-sqlite").and_then(|(_, rest)| rest.split_once(") "));
        state.is_some_and(|(_, rest)| !rest.starts_with('S'))
    })
}

/// So often the world is looked at while operations are under way, and the database waited for: a row takes no longer than that.
const LOOK: Duration = Duration::from_millis(100);

async fn listen(mut lanes: Lanes, shared: Shared, heard: Arc<Mutex<Heard>>, begins: Arc<Notify>, pace: PathBuf) {
    let lock = || heard.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let busy = lock().busy;
        let next = async {
            if !busy {
                return begins.notified().await;
            }
            settled(pace.clone()).await;
            // On the jumping clock: nobody waits.
            tokio::time::sleep(LOOK).await;
        };
        let fact = tokio::select! {
            fact = lanes.control.recv() => Some(fact),
            () = next => None,
        };
        lock().past.look(&shared, fact.is_some());
        match fact {
            Some(None) => return,
            Some(Some(fact)) => lock().facts.push_back((shared.now(), fact)),
            None => (),
        }
    }
}

impl Crew {
    /// A second console, with a journal.
    pub fn start(sky: &Sky) -> Self {
        let state = tempfile::tempdir().unwrap();
        let dir = state.path().to_str().unwrap().to_owned();
        let env = move |name: &str| (name == "FLIGHTDECK_STATE_DIR").then(|| dir.clone());
        let settings = parse(&sky.config, None, &Flags::default(), &env).unwrap();
        let (engine, lanes) = Engine::start(Arc::new(settings), Arc::clone(&sky.clock), Scope::Commands);
        let (heard, begins) = (Arc::<Mutex<Heard>>::default(), Arc::<Notify>::default());
        let listening =
            listen(lanes, sky.sim.shared().clone(), Arc::clone(&heard), Arc::clone(&begins), state.path().join("pace"));
        #[expect(clippy::disallowed_methods, reason = "a test has no supervisor; the task is aborted at its end")]
        let listener = tokio::spawn(listening);
        Self {
            engine,
            heard,
            begins,
            listener,
            asked: BTreeMap::new(),
            running: BTreeMap::new(),
            later: Vec::new(),
            next: Duration::from_secs(60),
            number: 0,
            reviewed: Duration::ZERO,
            ends: BTreeMap::new(),
            held: 0,
            _state: state,
        }
    }

    /// What was heard within the last second is judged, and perhaps something is begun. What is wrong is returned.
    pub fn work(&mut self, sky: &mut Sky, weather: &mut Weather, random: &mut StdRng) -> Vec<String> {
        let mut wrong = Vec::new();
        let facts = std::mem::take(&mut self.lock().facts);
        for (at, fact) in facts {
            match fact {
                Fact::Plan(ReqId(number), plan) => wrong.extend(self.planned(sky, weather, number, plan, random)),
                Fact::Operation(op) => {
                    let told = self.running.get_mut(&op.id).is_some_and(|one| {
                        one.hear(at, &op);
                        one.told
                    });
                    if op.state.ended() {
                        wrong.extend(self.ended(sky, weather, &op, at));
                    }
                    if told {
                        sky.know(Fact::Operation(op));
                    }
                }
                _ => (),
            }
        }
        self.begin(sky, weather, random);
        let busy = !self.asked.is_empty() || !self.running.is_empty();
        self.lock().busy = busy;
        if busy {
            self.begins.notify_one();
        }
        wrong
    }

    /// Environments that are moved by an operation that goes on and that the watching console knows of.
    pub fn moving(&self, sky: &Sky) -> Vec<(EnvId, Timestamp)> {
        let now = sky.now().wall;
        let mine = self.running.values().filter(|one| one.told && one.plan.kind.goes() && one.goes_on(now));
        mine.map(|one| (one.plan.env.clone(), now)).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&mut self, kind: OpKind, end: &str) {
        *self.ends.entry(format!("{} {end}", kind.name())).or_default() += 1;
    }

    fn planned(
        &mut self,
        sky: &Sky,
        weather: &mut Weather,
        number: u64,
        plan: Result<Box<Plan>, flightdeck::sanitize::Text>,
        random: &mut StdRng,
    ) -> Vec<String> {
        let Some((request, _)) = self.asked.remove(&number) else { return Vec::new() };
        let plan = match plan {
            Ok(plan) if plan.refusals.is_empty() => *plan,
            Ok(plan) => {
                self.count(request.kind(), "refused by its plan");
                weather.say(sky.mono(), &format!("no {}: {}", request.kind().name(), plan.refusals[0]));
                self.again(sky, request);
                return Vec::new();
            }
            Err(why) => {
                self.count(request.kind(), "without a plan");
                weather.say(sky.mono(), &format!("no {}: {why}", request.kind().name()));
                self.again(sky, request);
                return Vec::new();
            }
        };
        self.held += 1 + Past::held(&plan);
        let wrong = self.lock().past.planned(&plan);
        weather.say(sky.mono(), &format!("{} begins", plan.kind.name()));
        self.engine.operate(plan.clone(), Some("the test draws it".into()));
        let told = random.random_bool(0.5);
        self.running.insert(plan.op, Running { plan, began: sky.mono(), told, said: None });
        wrong
    }

    /// What must not stay as it is is asked for again.
    fn again(&mut self, sky: &Sky, request: Request) {
        let paused = sky.sim.shared().world().vercel.project.paused;
        if request.kind() == OpKind::Resume && paused {
            self.later.push((sky.mono() + Duration::from_secs(10), "production", request));
        }
    }

    fn ended(&mut self, sky: &Sky, weather: &mut Weather, op: &Operation, at: Timestamp) -> Vec<String> {
        let Some(Running { plan, began, .. }) = self.running.remove(&op.id) else { return Vec::new() };
        self.count(op.kind, op.state.word());
        weather.say(sky.mono(), &format!("{} of {} is {}: {}", op.kind.name(), op.env, op.state.word(), op.outcome));
        // An event that came before it may be under way still when it begins; the past tells.
        let calm = weather.calm_since(began, op.env.as_str()) && self.running.is_empty();
        self.held += 1 + u64::try_from(op.proof.len()).unwrap();
        let mut wrong = self.lock().past.ended(op, &plan, at, calm);
        for one in &mut wrong {
            *one = format!("{} of {} is {} ({}): {one}", op.kind.name(), op.env, op.state.word(), op.outcome);
        }
        if let Some(request) = &op.request {
            self.again(sky, request.clone());
        }
        wrong
    }

    fn ask(&mut self, sky: &Sky, env: &str, request: Request) {
        self.number += 1;
        self.asked.insert(self.number, (request.clone(), sky.mono()));
        self.lock().busy = true;
        self.begins.notify_one();
        self.engine.preflight(ReqId(self.number), env.into(), request, None);
    }

    fn begin(&mut self, sky: &Sky, weather: &mut Weather, random: &mut StdRng) {
        let now = sky.mono();
        self.review(sky, random);
        if let Some(at) = self.later.iter().position(|(due, ..)| *due <= now)
            && self.asked.is_empty()
        {
            let (_, env, request) = self.later.remove(at);
            return self.ask(sky, env, request);
        }
        if now < self.next || !self.asked.is_empty() || !self.running.is_empty() {
            return;
        }
        self.next = now + Duration::from_secs(random.random_range(60..180));
        let (env, request) = draw(sky, random);
        weather.say(now, &format!("{} of {env} is asked for", request.kind().name()));
        let soon = |random: &mut StdRng, from, to| now + Duration::from_secs(random.random_range(from..to));
        let frontend = || ServiceId::new("production", "frontend");
        match request.kind() {
            OpKind::Pause => {
                self.later.push((soon(random, 20, 60), env, Request::Throw(frontend(), ProjectSwitch::Resume)));
            }
            // What is pinned stays where it is at every later deploy.
            OpKind::RollBack if env == "production" => {
                self.later.push((soon(random, 60, 180), env, Request::Throw(frontend(), ProjectSwitch::Unpin)));
            }
            _ => (),
        }
        self.ask(sky, env, request);
    }

    /// A run that an operation waits for is let through, or seldom rejected, once the watching console sees its gate.
    fn review(&mut self, sky: &Sky, random: &mut StdRng) {
        let now = sky.mono();
        let gated = self.running.values().any(|one| one.plan.kind.gated());
        if !gated || !self.asked.is_empty() || now < self.reviewed + Duration::from_secs(15) {
            return;
        }
        let Some(run) = sky.model.facts().runs().iter().find(|run| run.gates.iter().any(|gate| gate.may_approve))
        else {
            return;
        };
        self.reviewed = now;
        let approve = !random.random_bool(0.15);
        self.ask(sky, "production", Request::Review { run: run.id, approve });
    }

    /// Ends it, and tells what was under way still.
    pub async fn stop(mut self) -> (BTreeMap<String, u64>, u64) {
        for kind in self.running.values().map(|one| one.plan.kind).collect::<Vec<_>>() {
            self.count(kind, "under way");
        }
        self.engine.shutdown().await;
        self.listener.abort();
        (self.ends, self.held)
    }
}

/// A commit that an environment ran earlier.
fn earlier(sky: &Sky, env: &str, random: &mut StdRng) -> Sha {
    let world = sky.sim.shared().world();
    let app = world.fly.env(world.product.find(env).unwrap()).unwrap();
    let live = app.machines.first().and_then(|one| app.image_of(one)).map(|image| image.commit);
    let commits = app.releases.iter().rev().filter_map(|one| app.image(&one.image_ref)).map(|image| image.commit);
    let mut found: Vec<usize> = Vec::new();
    for commit in commits.filter(|commit| Some(*commit) != live) {
        if !found.contains(&commit) {
            found.push(commit);
        }
    }
    world.sha(found[random.random_range(0..found.len().min(3))]).into()
}

/// What is asked for now, and where.
fn draw(sky: &Sky, random: &mut StdRng) -> (&'static str, Request) {
    let env = if random.random_bool(0.7) { "production" } else { "staging" };
    let service = |name: &str| ServiceId::new(env, name);
    let back = |alone, random: &mut StdRng| Request::RollBackTo {
        commit: earlier(sky, env, random),
        alone,
        strategy: Strategy::default(),
        named: Vec::new(),
    };
    match random.random_range(0..11) {
        0..=3 => (env, back(None, random)),
        4 => {
            let alone = ["backend", "frontend"][random.random_range(0..2)];
            (env, back(Some(service(alone)), random))
        }
        5 | 6 => (env, Request::Restart(service("backend"))),
        7 | 8 => ("production", Request::Promote),
        9 => ("production", Request::Throw(ServiceId::new("production", "frontend"), ProjectSwitch::Pause)),
        _ => (env, Request::Redeploy(service("backend"))),
    }
}
