//! The engine over real HTTP against a simulated world, both on tokio's clock, which jumps to the next thing that happens:
//! minutes of weather pass in seconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use flightdeck::app::model::Model;
use flightdeck::app::msg::{Msg, Now};
use flightdeck::app::update;
use flightdeck::clock::{Clock, SharedClock, Timestamp};
use flightdeck::config::Settings;
use flightdeck::config::load::{Flags, parse};
use flightdeck::domain::environment::Platform;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::feed::{FeedId, FeedState, Freshness};
use flightdeck::domain::log::LogBatch;
use flightdeck::domain::status::Judgement;
use flightdeck::engine::{Engine, EngineHandle, Lanes, Scope};
use flightdeck::sim::faults::{Fault, FaultSpec};
use flightdeck::sim::{self, Options, Sim};
use flightdeck::ui::theme::Theme;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};

/// Tokio's time as the console's and the simulator's.
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

/// A world, its console, and what the console knows.
pub struct Sky {
    pub sim: Sim,
    pub model: Model,
    pub clock: SharedClock,
    state: (EngineHandle, Lanes),
    /// Who follows the logs.
    logs: Option<(EngineHandle, Lanes)>,
    marked: u32,
    heard: BTreeMap<String, Vec<String>>,
    gaps: BTreeMap<String, u64>,
    /// The configuration that it has.
    pub config: String,
}

impl Sky {
    /// A silent world and a console that watches it.
    pub async fn start(seed: u64) -> Self {
        Self::with(seed, |text| text).await
    }

    /// The same, with a console that follows no logs: they say nothing of how anything stands, and cost as much as all the rest.
    pub async fn without_logs(seed: u64, change: impl Fn(String) -> String) -> Self {
        Self::under(seed, change, false).await
    }

    /// The same, with another configuration.
    pub async fn with(seed: u64, change: impl Fn(String) -> String) -> Self {
        Self::under(seed, change, true).await
    }

    async fn under(seed: u64, change: impl Fn(String) -> String, follows: bool) -> Self {
        let base = "2026-11-20T09:00:00Z".parse().unwrap();
        let clock: SharedClock = Arc::new(TokioClock { base, start: tokio::time::Instant::now() });
        let listen = "127.0.0.1:0".parse().unwrap();
        let options = Options { listen, scenario: "silent".to_owned(), seed, speed: 1.0 };
        let sim = sim::start(options, Arc::clone(&clock)).await.unwrap();
        let config = change(sim.config_toml());
        let settings = parse(&config, None, &Flags::default(), &|_| None).unwrap();
        let now = Now { wall: clock.now(), mono: clock.mono() };
        let model = Model::new(&settings, now);
        let settings: Arc<Settings> = Arc::new(settings);
        // No journal: the thread of its database does not know of this clock.
        let start = |scope| Engine::start(Arc::clone(&settings), Arc::clone(&clock), scope);
        let (state, logs) = (start(Scope::State), follows.then(|| start(Scope::Logs)));
        Self { sim, model, clock, state, logs, marked: 0, heard: BTreeMap::new(), gaps: BTreeMap::new(), config }
    }

    /// The moment, on the jumping clock.
    pub fn now(&self) -> Now {
        Now { wall: self.clock.now(), mono: self.clock.mono() }
    }

    /// Time since this world began.
    pub fn mono(&self) -> Duration {
        self.clock.mono()
    }

    /// An event of the scenario language happens.
    pub fn happens(&self, event: &Value) {
        self.sim.shared().world().happen(&serde_json::from_value(event.clone()).unwrap());
        self.sim.shared().wake();
    }

    /// Switches a fault on.
    pub fn fault(&self, fault: &Value) {
        let spec: FaultSpec = serde_json::from_value(fault.clone()).unwrap();
        let shared = self.sim.shared();
        let until = spec.seconds.map(|span| shared.now() + Duration::from_secs_f64(span));
        shared.faults().push(Fault { spec, until });
    }

    /// Fair weather.
    pub fn clear(&self) {
        self.sim.shared().faults().clear();
    }

    /// Lets time pass. Every second each backend and frontend writes a numbered line, where logs are followed, and `look` sees what is known.
    pub async fn pass(&mut self, span: Duration, mut look: impl FnMut(&Self)) {
        let end = self.clock.mono() + span;
        while self.clock.mono() < end {
            self.mark();
            // What comes within a second of the jumping clock.
            let collected = async {
                loop {
                    let state = self.state.1.control.recv();
                    let Some((_, logs)) = &mut self.logs else {
                        let Some(fact) = state.await else { panic!("the engine has ended") };
                        self.know(fact);
                        continue;
                    };
                    tokio::select! {
                        Some(fact) = state => self.know(fact),
                        Some(fact) = logs.control.recv() => self.know(fact),
                        Some(batch) = logs.data.recv() => self.hear(&batch),
                    }
                }
            };
            let _: Result<(), _> = tokio::time::timeout(Duration::from_secs(1), collected).await;
            // As the loop does: what the time alone changes is judged once a second.
            let now = self.now();
            drop(update(&mut self.model, Msg::Tick, now));
            look(self);
        }
    }

    /// A fact reaches the console.
    pub fn know(&mut self, fact: Fact) {
        let now = self.now();
        drop(update(&mut self.model, Msg::Fact(fact), now));
    }

    fn hear(&mut self, batch: &LogBatch) {
        let service = batch.service.to_string();
        *self.gaps.entry(service.clone()).or_default() += batch.gap;
        let marked = batch.lines.iter().map(|line| line.message.to_string()).filter(|text| text.contains("mark "));
        self.heard.entry(service).or_default().extend(marked);
    }

    fn mark(&mut self) {
        if self.logs.is_none() {
            return;
        }
        self.marked += 1;
        let text = format!("mark {:06}", self.marked);
        for (environment, service) in [("production", "backend"), ("staging", "backend"), ("production", "frontend")] {
            self.happens(&json!({"kind": "log", "environment": environment, "service": [service], "message": text}));
        }
    }

    /// What is said of an environment now.
    pub fn judged(&self, env: &str) -> Judgement {
        let env = self.model.facts().env(&env.into()).unwrap();
        self.model.facts().judge(env, self.now())
    }

    /// The screen as it would be drawn now.
    pub fn screen(&self, (width, height): (u16, u16)) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let theme = Theme::load(&parse(&self.sim.config_toml(), None, &Flags::default(), &|_| None).unwrap().ui);
        terminal.draw(|frame| drop(flightdeck::ui::draw(&self.model, &theme, frame, self.now()))).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |y| (0..width).map(move |x| buffer[(x, y)].symbol()).collect::<String>();
        (0..height).map(row).collect::<Vec<_>>().join("\n")
    }

    /// Feeds that do not have a fresh answer, with why.
    pub fn troubled(&self) -> Vec<String> {
        self.troubled_where(|_| true)
    }

    /// The same, without those that ask this platform.
    pub fn troubled_except(&self, platform: Platform) -> Vec<String> {
        self.troubled_where(|id| !self.asks(id, platform))
    }

    /// The same, of those that ask the edge alone.
    pub fn troubled_at_the_edge(&self) -> Vec<String> {
        self.troubled_where(|id| matches!(id, FeedId::Observed(_) | FeedId::Health(_)))
    }

    fn troubled_where(&self, mine: impl Fn(&FeedId) -> bool) -> Vec<String> {
        let now = self.clock.now();
        let troubled = |(id, status): (&FeedId, &flightdeck::domain::feed::FeedStatus)| {
            let fresh = matches!(status.freshness(now), Freshness::Fresh(_));
            let ok = fresh && matches!(status.state, FeedState::Fresh(_));
            (mine(id) && !ok).then(|| format!("{id}: {status:?}"))
        };
        self.model.facts().feeds().iter().filter_map(troubled).collect()
    }

    /// Why the feeds that ask this platform fail, as the panes say.
    pub fn failing(&self, platform: Platform) -> Vec<String> {
        let feeds = self.model.facts().feeds().iter().filter(|(id, _)| self.asks(id, platform));
        let why = feeds.filter_map(|(_, status)| match &status.state {
            FeedState::Failing { why, .. } => Some(why.to_string()),
            _ => None,
        });
        why.filter(|why| why.contains(platform.name())).collect()
    }

    fn asks(&self, id: &FeedId, platform: Platform) -> bool {
        let services = self.model.facts().environments().iter().flat_map(|env| &env.services);
        match id {
            FeedId::Findings(of) if &*of.name == "repository" => platform == Platform::Github,
            FeedId::Declared(of)
            | FeedId::Releases(of)
            | FeedId::Logs(of)
            | FeedId::Builds(of)
            | FeedId::Findings(of) => {
                services.into_iter().any(|service| service.id == *of && service.platform == platform)
            }
            FeedId::Secrets(_) => true,
            FeedId::Pipeline | FeedId::Distances => platform == Platform::Github,
            FeedId::Token(of) => *of == platform,
            FeedId::Observed(_) | FeedId::Health(_) => platform == Platform::Edge,
            FeedId::Journal => false,
        }
    }

    /// Waits until everything is fresh again.
    pub async fn settles(&mut self, within: Duration, after: &str) {
        let end = self.mono() + within;
        while !self.troubled().is_empty() {
            assert!(self.mono() < end, "after {after}: {:?}", self.troubled());
            self.pass(Duration::from_secs(1), |_| ()).await;
        }
    }

    /// Every marked line has come, once and in order: what a stream of the frontend left out was read from its history.
    pub async fn has_every_line(&mut self) {
        self.pass(Duration::from_secs(15), |_| ()).await;
        for service in ["production/backend", "staging/backend"] {
            let heard = &self.heard[service];
            let numbers: Vec<u32> = heard.iter().map(|line| number(line)).collect();
            let mut sorted = numbers.clone();
            sorted.sort_unstable();
            let mut once = sorted.clone();
            once.dedup();
            assert_eq!(sorted, once, "{service}: lines came twice");
            // The last ones may be on their way.
            let missing: Vec<u32> = (1..self.marked - 3).filter(|n| once.binary_search(n).is_err()).collect();
            assert!(missing.is_empty(), "{service}: {missing:?} of {} are missing", self.marked);
        }
        let numbers: Vec<u32> = self.heard["production/frontend"].iter().map(|line| number(line)).collect();
        let mut once = numbers.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), numbers.len(), "frontend: lines came twice");
        // Its history is read every few seconds, up to a moment before: lines of the last ten seconds may be on their way.
        let whole = once.len() + 10 >= usize::try_from(self.marked).unwrap();
        let gaps = self.gaps["production/frontend"];
        assert!(whole, "{} of {} lines of the frontend came, {gaps} gaps", once.len(), self.marked);
    }

    /// Requests by platform, as the simulator counted them.
    pub fn requests(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        self.sim.shared().counts()
    }

    /// No platform was asked more often than it allows, with half to spare, for as long as this world has stood.
    pub fn within_budget(&self) {
        let minutes = self.clock.mono().as_secs_f64() / 60.0;
        for (origin, routes) in self.requests() {
            for (route, count) in routes {
                let per_minute = count as f64 / minutes;
                let allowed = match origin.as_str() {
                    // Five thousand an hour, for all routes.
                    "github" => 83.0,
                    "vercel" if route.contains("runtime-logs") => 100.0,
                    "vercel" => 500.0,
                    // Two projects, each with its own count per endpoint.
                    "supabase" if route.contains("analytics") => 60.0,
                    "supabase" => 240.0,
                    // No machine's and not limited by word; its own tool asks every 128 ms. Two apps.
                    "fly_api" if route.contains("/logs") => 936.0,
                    // One a second per app and action, two apps.
                    "fly_machines" | "fly_api" => 120.0,
                    _ => continue,
                };
                assert!(per_minute * 2.0 <= allowed, "{origin} {route}: {per_minute:.1} a minute of {allowed}");
            }
        }
    }

    /// Ends it.
    pub async fn stop(self) {
        for (engine, _) in std::iter::once(self.state).chain(self.logs) {
            engine.shutdown().await;
        }
        self.sim.stop().await;
    }
}

fn number(line: &str) -> u32 {
    let at = line.find("mark ").unwrap() + 5;
    line[at..at + 6].parse().unwrap()
}
