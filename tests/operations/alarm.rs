//! The worst minutes: a rollback that is opened right after the alarm, by a person at the keyboard, on tokio's clock, which jumps to the
//! next thing that happens. What is said at its end is held against the simulator's ground truth.

use std::sync::Arc;
use std::time::Duration;

use flightdeck::app::effect::Effect;
use flightdeck::app::geometry::Geometry;
use flightdeck::app::model::{Model, Place};
use flightdeck::app::msg::{Key, KeyCode, Msg, Now};
use flightdeck::app::operations::dialog::OperationDialog;
use flightdeck::app::update;
use flightdeck::clock::{Clock, SharedClock, Timestamp};
use flightdeck::config::load::{Flags, parse};
use flightdeck::domain::environment::Tier;
use flightdeck::domain::ids::{ReqId, ServiceId, Sha};
use flightdeck::domain::operation::{OpState, Operation, Plan, Request};
use flightdeck::domain::proof::{Found, Stays, Witness};
use flightdeck::domain::strategy::Strategy;
use flightdeck::domain::{environment::Platform, fact::Fact};
use flightdeck::engine::{Engine, EngineHandle, Lanes, Scope};
use flightdeck::sim::faults::{Fault, FaultSpec};
use flightdeck::sim::world::Env;
use flightdeck::sim::{self, Options, Sim};
use flightdeck::ui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};

/// Tokio's time as everybody's.
struct TokioClock {
    base: Timestamp,
    start: tokio::time::Instant,
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        self.base + self.start.elapsed()
    }

    fn mono(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A console at work in a simulated world.
struct Night {
    sim: Sim,
    model: Model,
    theme: Theme,
    engine: EngineHandle,
    lanes: Lanes,
    clock: SharedClock,
    pace: tokio::task::JoinHandle<()>,
    _state: tempfile::TempDir,
}

/// The thread of the journal's database does not know of the jumping clock: time passes no faster than the disk takes a write, so that a
/// write is never late by it.
async fn as_fast_as_the_disk(path: std::path::PathBuf) {
    // A tick of the jumping clock, which stands still while the disk writes.
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        let path = path.clone();
        let written = tokio::task::spawn_blocking(move || {
            let mut file = std::fs::File::create(path)?;
            std::io::Write::write_all(&mut file, b"now")?;
            file.sync_all()
        });
        written.await.unwrap().unwrap();
    }
}

impl Night {
    async fn begins(scenario: &str, seed: u64, scope: Scope) -> Self {
        let base = "2026-11-20T02:00:00Z".parse().unwrap();
        let clock: SharedClock = Arc::new(TokioClock { base, start: tokio::time::Instant::now() });
        let listen = "127.0.0.1:0".parse().unwrap();
        let options = Options { listen, scenario: scenario.to_owned(), seed, speed: 1.0 };
        let sim = sim::start(options, Arc::clone(&clock)).await.unwrap();
        let state = tempfile::tempdir().unwrap();
        let dir = state.path().to_str().unwrap().to_owned();
        let env = move |name: &str| (name == "FLIGHTDECK_STATE_DIR").then(|| dir.clone());
        let settings = parse(&sim.config_toml(), None, &Flags::default(), &env).unwrap();
        let theme = Theme::load(&settings.ui);
        let mut model = Model::new(&settings, Now { wall: clock.now(), mono: clock.mono() });
        model.pose_size((200, 50));
        let production = model.facts().environments().iter().find(|one| one.tier == Tier::Production).unwrap();
        model.pose_place(Some(Place::Env(production.id.clone())));
        #[expect(clippy::disallowed_methods, reason = "a test has no supervisor; the task is aborted at its end")]
        let pace = tokio::spawn(as_fast_as_the_disk(state.path().join("pace")));
        let (engine, lanes) = Engine::start(Arc::new(settings), Arc::clone(&clock), scope);
        Self { sim, model, theme, engine, lanes, clock, pace, _state: state }
    }

    /// The next fact reaches the model, and what the application asks for is done; the plan is handed out as it is shown.
    async fn step(&mut self) {
        if let Some(fact) = self.lanes.control.recv().await {
            self.tell(Msg::Fact(fact));
        }
    }

    fn tell(&mut self, msg: Msg) {
        let now = Now { wall: self.clock.now(), mono: self.clock.mono() };
        for effect in update(&mut self.model, msg, now) {
            match effect {
                Effect::Refresh(feeds) => self.engine.refresh(&feeds),
                Effect::Preflight(req, env, request, continues) => self.engine.preflight(req, env, request, continues),
                Effect::Operate(plan, reason) => self.engine.operate(*plan, reason),
                Effect::Verified(service, deployment, sha) => {
                    // What the memory tells back of it.
                    self.model.pose_verified((service.clone(), deployment.clone(), sha.clone()));
                    self.engine.verified(service, deployment, sha);
                }
                _ => {}
            }
        }
    }

    /// Presses a key on what the frame before shows.
    fn press(&mut self, code: KeyCode) {
        let now = Now { wall: self.clock.now(), mono: self.clock.mono() };
        let mut terminal =
            Terminal::new(TestBackend::new(self.model.screen().size().0, self.model.screen().size().1)).unwrap();
        let mut geometry = Geometry::default();
        terminal.draw(|frame| geometry = flightdeck::ui::draw(&self.model, &self.theme, frame, now)).unwrap();
        self.model.set_geometry(geometry);
        self.tell(Msg::Key(Key { code, ctrl: false, alt: false, repeat: false }));
    }

    async fn until(&mut self, what: &str, done: impl Fn(&Model) -> bool) {
        let end = self.clock.mono() + Duration::from_secs(600);
        while !done(&self.model) {
            assert!(self.clock.mono() < end, "waited for {what}: {:?}", self.model.dialog().operation());
            self.step().await;
        }
    }

    /// So much time passes.
    async fn pass(&mut self, span: Duration) {
        let end = self.clock.mono() + span;
        while self.clock.mono() < end {
            let left = end.saturating_sub(self.clock.mono());
            if let Ok(Some(fact)) = tokio::time::timeout(left, self.lanes.control.recv()).await {
                self.tell(Msg::Fact(fact));
            }
        }
    }

    fn fault(&self, fault: &Value) {
        let spec: FaultSpec = serde_json::from_value(fault.clone()).unwrap();
        self.sim.shared().faults().push(Fault { spec, until: None });
    }

    /// The plan of a request.
    async fn plan(&mut self, request: Request) -> Result<Plan, String> {
        self.engine.preflight(ReqId(7_000), "production".into(), request, None);
        loop {
            match self.lanes.control.recv().await.unwrap() {
                Fact::Plan(ReqId(7_000), plan) => return plan.map(|plan| *plan).map_err(|why| why.to_string()),
                fact => self.tell(Msg::Fact(fact)),
            }
        }
    }

    async fn carry_out(&mut self, plan: Plan) -> Operation {
        let op = plan.op;
        // What cannot be read stays behind: a person gives a reason for that.
        let reason = (!plan.overrides.is_empty()).then(|| "its platform does not answer".into());
        self.engine.operate(plan, reason);
        self.ended(op).await
    }

    async fn ended(&mut self, op: flightdeck::domain::ids::OpId) -> Operation {
        self.until("the operation", |model| model.facts().operations().get(&op).is_some_and(|one| one.state.ended()))
            .await;
        self.model.facts().operations()[&op].clone()
    }

    /// What each machine and each domain of production really runs.
    fn truth(&self) -> (Vec<String>, Vec<String>) {
        let world = self.sim.shared().world();
        let app = world.fly.env(Env::PRODUCTION).unwrap();
        let machines = app.machines.iter().filter_map(|one| Some(world.sha(app.image_of(one)?.commit).to_owned()));
        let own = world.vercel.aliases.iter().filter(|alias| alias.env == Env::PRODUCTION);
        let domains =
            own.filter_map(|one| Some(world.sha(world.vercel.deployment(&one.deployment)?.commit).to_owned()));
        (machines.collect(), domains.collect())
    }

    /// The release before the one that runs, which both services have.
    fn earlier(&self) -> Sha {
        let world = self.sim.shared().world();
        let app = world.fly.env(Env::PRODUCTION).unwrap();
        let live = app.image_of(&app.machines[0]).unwrap().commit;
        let image = |reference: &str| app.image(reference).map(|image| image.commit);
        let before = app.releases.iter().rev().filter_map(|one| image(&one.image_ref)).find(|commit| *commit != live);
        world.sha(before.unwrap()).into()
    }

    async fn stop(self) {
        self.pace.abort();
        self.engine.shutdown().await;
        self.sim.stop().await;
    }
}

fn to(commit: &Sha, alone: Option<&str>) -> Request {
    let alone = alone.map(|name| ServiceId::new("production", name));
    Request::RollBackTo { commit: commit.clone(), alone, strategy: Strategy::default(), named: Vec::new() }
}

/// `!` `R`, enter, the name, enter: so many seconds after the alarm.
async fn opened_after_the_alarm(seed: u64, seconds: u64) {
    let what = format!("seed {seed}, {seconds} s after the alarm");
    let mut night = Night::begins("bad-deploy", seed, Scope::State).await;
    night.pass(Duration::from_secs(19)).await;
    let good = night.truth().0[0].clone();
    night.until("the alarm", |model| model.facts().banner().is_some()).await;
    night.pass(Duration::from_secs(seconds)).await;
    night.press(KeyCode::Char('!'));
    night.press(KeyCode::Char('R'));
    let proposed = |model: &Model| match model.dialog().operation() {
        Some(OperationDialog::Pick { chosen, .. }) => chosen.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(proposed(&night.model).as_ref().map(Sha::as_str), Some(good.as_str()), "{what}: the last good release");
    night.press(KeyCode::Enter);
    night
        .until("the plan", |model| !matches!(model.dialog().operation(), Some(OperationDialog::Preflighting(..))))
        .await;
    let Some(OperationDialog::Ready(plan, _)) = night.model.dialog().operation() else {
        panic!("{what}: {:?}", night.model.dialog().operation())
    };
    let op = plan.op;
    let named = |name: &str| {
        plan.parts.iter().any(|part| &*part.service.name == name)
            || plan.rest.iter().any(|rest| &*rest.service.name == name)
    };
    assert!(["backend", "frontend", "database"].iter().all(|name| named(name)), "{what}: {plan:#?}");
    for letter in "production".chars() {
        night.press(KeyCode::Char(letter));
    }
    night.press(KeyCode::Enter);
    let ended = night.ended(op).await;
    let (machines, domains) = night.truth();
    let there = machines.iter().chain(&domains).all(|sha| *sha == good);
    if ended.state == OpState::Done {
        assert!(there && machines.len() == 2 && domains.len() == 2, "{what}: {machines:?} {domains:?} {ended:#?}");
        assert!(ended.outcome.as_str().starts_with("restored in"), "{what}: {}", ended.outcome);
        assert!(ended.outcome.as_str().contains("2 of 2 machines run"), "{what}: {}", ended.outcome);
    } else {
        assert!(!ended.outcome.as_str().contains("restored"), "{what}: {}", ended.outcome);
        let told = ["backend", "frontend", "probe"].iter().any(|name| ended.outcome.as_str().contains(name));
        assert!(told, "{what}: it says what did not go back: {}", ended.outcome);
    }
    night.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_right_after_the_alarm_ends_with_every_service_there_or_says_what_is_not() {
    let long = std::env::var_os("FLIGHTDECK_LONG").is_some();
    let (seeds, delays): (&[u64], &[u64]) =
        if long { (&[1, 2, 3, 4, 5], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) } else { (&[3], &[0, 2]) };
    for seed in seeds {
        for delay in delays {
            opened_after_the_alarm(*seed, *delay).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_read_is_a_row_of_the_plan_and_no_part_of_the_claim() {
    let mut night = Night::begins("calm", 7, Scope::Commands).await;
    let earlier = night.earlier();
    night.fault(&json!({"platform": "vercel", "route": "/projects/", "kind": "status", "status": 500, "count": 3}));
    let plan = night.plan(to(&earlier, None)).await.unwrap();
    let rest = plan.rest.iter().find(|one| &*one.service.name == "frontend").unwrap();
    assert_eq!(rest.state, Stays::Unread, "{:?}", plan.rest);
    assert!(rest.words.as_str().starts_with("could not be read"), "{}", rest.words);
    let [asked] = plan.overrides.as_slice() else { panic!("{:?}", plan.overrides) };
    assert!(
        asked.words().starts_with("not met: production/frontend goes along: could not be read"),
        "{}",
        asked.words()
    );
    let ended = night.carry_out(plan).await;
    assert_eq!(ended.state, OpState::HalfDone, "{ended:#?}");
    assert!(ended.outcome.as_str().contains("frontend: could not be read"), "{}", ended.outcome);
    // Now it can be read: the rest goes, what has gone is not touched, and the whole is seen.
    let plan = night.plan(to(&earlier, None)).await.unwrap();
    let moves: Vec<&str> = plan.parts.iter().map(|part| &*part.service.name).collect();
    let stays = plan.rest.iter().find(|one| &*one.service.name == "backend").unwrap();
    assert_eq!((moves, stays.state), (vec!["frontend"], Stays::Already), "{plan:#?}");
    let words = format!("already runs {}: declared and observed", earlier.short());
    assert_eq!(stays.words.as_str(), words);
    let ended = night.carry_out(plan).await;
    assert_eq!(ended.state, OpState::Done, "{ended:#?}");
    // Nothing would move: refused with what runs where.
    let plan = night.plan(to(&earlier, None)).await.unwrap();
    assert!(plan.refusals[0].as_str().starts_with("nothing would move: backend already runs"), "{:?}", plan.refusals);
    night.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_alone_claims_itself_alone() {
    let mut night = Night::begins("calm", 7, Scope::Commands).await;
    let (earlier, before) = (night.earlier(), night.truth());
    let plan = night.plan(to(&earlier, Some("backend"))).await.unwrap();
    assert_eq!(plan.rest.iter().map(|one| one.state).collect::<Vec<_>>(), [Stays::Alone, Stays::NotMoved]);
    let live = Sha::from(before.1[0].as_str());
    let pair = format!("production then runs two commits: backend {}, frontend {}", earlier.short(), live.short());
    assert!(plan.warnings.iter().any(|one| one.as_str() == pair), "{pair}: {:?}", plan.warnings);
    let ended = night.carry_out(plan).await;
    assert_eq!(ended.state, OpState::Done, "{ended:#?}");
    let (outcome, left) = (ended.outcome.as_str(), Sha::from(before.1[0].as_str()));
    assert!(outcome.starts_with("backend restored in"), "{outcome}");
    assert!(outcome.ends_with(&format!("frontend left as it is ({})", left.short())), "{outcome}");
    assert_eq!(night.truth().1, before.1, "the frontend stays");
    night.stop().await;
}

#[tokio::test(start_paused = true)]
async fn under_attack_mode_the_lookup_proves_and_the_domain_is_not_observed() {
    let mut night = Night::begins("calm", 7, Scope::Commands).await;
    let earlier = night.earlier();
    night.sim.shared().world().vercel.project.challenged = (true, None);
    let plan = night.plan(to(&earlier, None)).await.unwrap();
    let ended = night.carry_out(plan).await;
    assert_eq!(ended.state, OpState::Done, "{ended:#?}");
    let of = |found| ended.proof.iter().filter(move |one| one.found == found);
    assert_eq!(of(Found::Seen).filter(|one| matches!(one.witness, Witness::Alias(_))).count(), 2);
    let domains = of(Found::NotObserved).filter(|one| matches!(one.witness, Witness::Domain(_)));
    assert!(domains.clone().count() > 0 && domains.clone().all(|one| one.words.as_str() == "attack mode"));
    assert!(ended.outcome.as_str().contains("not observed: ") && ended.outcome.as_str().contains("attack mode"));
    night.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_has_arrived_and_fails_is_not_called_restored() {
    let mut night = Night::begins("calm", 7, Scope::Commands).await;
    let earlier = night.earlier();
    let plan = night.plan(to(&earlier, None)).await.unwrap();
    let page = plan.claims.iter().find(|claim| claim.platform == Platform::Vercel).unwrap().deployment.clone().unwrap();
    night.sim.shared().world().vercel.deployment_mut(page.as_str()).unwrap().health.healthy = false;
    let ended = night.carry_out(plan).await;
    assert_eq!(ended.state, OpState::ArrivedFailing, "{ended:#?}");
    assert!(ended.outcome.as_str().starts_with("arrived, still failing after 2m"), "{}", ended.outcome);
    assert!(ended.outcome.as_str().contains("frontend /: HTTP 500"), "{}", ended.outcome);
    assert!(ended.open_question());
    night.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_short_in_its_proof_is_proven_by_its_finish() {
    let mut night = Night::begins("calm", 7, Scope::Commands).await;
    let earlier = night.earlier();
    let plan = night.plan(to(&earlier, None)).await.unwrap();
    let op = plan.op;
    assert_eq!(night.carry_out(plan).await.state, OpState::Done);
    // As if its end had never been written.
    night.engine.preflight(ReqId(8_000), "production".into(), to(&earlier, None), Some(op));
    let rest = loop {
        if let Fact::Plan(ReqId(8_000), plan) = night.lanes.control.recv().await.unwrap() {
            break plan.unwrap();
        }
    };
    assert!(rest.parts.is_empty() && rest.refusals.is_empty() && rest.claims.len() == 2, "{rest:#?}");
    let ended = night.carry_out(*rest).await;
    assert_eq!(ended.state, OpState::Done, "{ended:#?}");
    assert!(ended.title.as_str().contains("see that production"), "{}", ended.title);
    night.stop().await;
}
