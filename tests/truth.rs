//! Nothing that is said is better than the world was: deploys, failures, operations, broken platforms and lagging lists are drawn at random
//! over jumped time, and every statement of the console is held against the simulator's ground truth.
//!
//! The order is healthy > degraded > deploying > mixed > failing. A statement may lag by what its feeds may lag: while all is
//! well with the platforms by one interval, else until the feeds are stale. `unknown` is never wrong, but it is counted.
//!
//! What is drawn follows from the seed. Feeds ask in a rhythm that is jittered by chance, so that a seed is the same weather and not the same
//! second; how fast the machine is decides nothing, for the clock jumps and stands still while anything works that does not know of it.
//!
//! `FLIGHTDECK_SEEDS=3` or `2..5` (both included) chooses the seeds. Several pass side by side, each with a paused clock of its own.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints what it counted")]

#[path = "truth/crew.rs"]
mod crew;
#[path = "truth/doors.rs"]
mod doors;
#[path = "truth/past.rs"]
mod past;
#[path = "truth/rows.rs"]
mod rows;
#[path = "support/sky.rs"]
#[expect(dead_code, reason = "the test of weather uses more of it")]
mod sky;
#[path = "truth/weather.rs"]
mod weather;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use flightdeck::app::msg::Now;
use flightdeck::clock::Timestamp;
use flightdeck::domain::feed::FeedId;
use flightdeck::domain::ids::{EnvId, ServiceId};
use flightdeck::domain::state::State;
use flightdeck::platform::fly::QUIET;
use flightdeck::sim::world::truth::{Answers, Part, State as Truth};
use flightdeck::sim::world::{Env, World};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sky::Sky;

/// An answer is on its way, and the loop looks once a second.
const TRANSIT: Duration = Duration::from_secs(3);
/// Percent of all statements of an hour that may say nothing.
const UNKNOWN: f64 = 20.0;
/// A mixed pair rings after half a minute: two platforms never change at one instant.
const RINGS: Duration = Duration::from_secs(31);
/// Domains at rest are looked up as seldom as this.
const HANDS: Duration = Duration::from_secs(90);
/// Probes fail at their third failure in a row.
const HYSTERESIS: u32 = 3;

/// What was counted.
#[derive(Debug, Default)]
struct Tally {
    statements: u64,
    unknown: u64,
    words: BTreeMap<&'static str, u64>,
    doors: BTreeMap<&'static str, usize>,
    operations: BTreeMap<String, u64>,
    wrong: Vec<String>,
    /// Where what is held now is said.
    door: &'static str,
    /// When each statement was last found wrong: one that stays is told once.
    told: BTreeMap<String, Duration>,
    /// Seconds in which a pair was called mixed though none was left alone while the platforms answered, by what was said.
    harsh: BTreeMap<String, u64>,
    /// When a visitor of a service was last served well.
    served: BTreeMap<ServiceId, Timestamp>,
    /// When an operation was last seen to go on that this console knows of and that moves an environment.
    moving: BTreeMap<EnvId, Timestamp>,
    seen: rows::Seen,
    /// When a hand last moved the domains of an environment.
    astray: BTreeMap<EnvId, Timestamp>,
}

impl Tally {
    /// Whether everything that serves visitors has served some of them well since then.
    fn served(&self, env: &EnvId, service: Option<&ServiceId>, since: Timestamp) -> bool {
        let mut mine = self.served.iter().filter(|(of, _)| service.map_or(of.env == *env, |id| *of == id));
        mine.all(|(_, at)| *at >= since)
    }

    fn wrong(&mut self, sky: &Sky, what: String, more: &str) {
        let what = format!("{}: {what}", self.door);
        // Ages in it change.
        let known: String = what.chars().filter(|c| !c.is_ascii_digit()).collect();
        let before = self.told.insert(known, sky.mono());
        if before.is_none_or(|before| before + Duration::from_secs(30) < sky.mono()) {
            self.wrong.push(format!("{what} {more}"));
        }
    }

    fn look(&mut self, sky: &Sky) {
        self.seen.look(sky);
        let world = sky.sim.shared().world();
        for env in sky.model.facts().environments() {
            for (name, service) in world.truth(world.product.find(env.id.as_str()).unwrap()).services {
                if service.parts.values().any(|part| matches!(part.answers, Answers::Ok | Answers::Slow)) {
                    self.served.insert(ServiceId::new(env.id.clone(), name), world.now);
                }
            }
        }
    }
}

/// How good a word says that it is; `None` = it says nothing.
fn claimed(state: State) -> Option<Truth> {
    match state {
        State::Healthy => Some(Truth::Healthy),
        State::Degraded | State::Waiting => Some(Truth::Degraded),
        State::Deploying => Some(Truth::Deploying),
        State::Mixed => Some(Truth::Mixed),
        // It passes and fails in turn: some visitors get errors, which is what the world calls failing. That it passes is held as well.
        State::Flapping | State::Failing | State::Paused => Some(Truth::Failing),
        State::Unknown => None,
    }
}

/// How far what these feeds bring may lie back.
fn lag(sky: &Sky, quiet: bool, mine: impl Fn(&FeedId) -> bool) -> Duration {
    let feeds = sky.model.facts().feeds().iter().filter(|(id, _)| mine(id));
    let spans = feeds.map(|(_, status)| if quiet { status.interval.mul_f64(1.1) } else { status.horizon() });
    spans.max().unwrap_or_default() + TRANSIT
}

fn probe_lag(sky: &Sky, env: &EnvId) -> Duration {
    let health = sky.model.facts().feeds().get(&FeedId::Health(env.clone()));
    health.map_or(Duration::ZERO, |status| status.interval * HYSTERESIS + Duration::from_secs(10))
}

/// Holds one statement against what was true at its best within the time that it may stand for.
fn hold(sky: &Sky, tally: &mut Tally, (env, service): (&EnvId, Option<&ServiceId>), state: State, lags: Lags) {
    tally.statements += 1;
    *tally.words.entry(state.word()).or_default() += 1;
    let Some(said) = claimed(state) else {
        tally.unknown += 1;
        return;
    };
    // That something is wrong is seen by the first failure; that it fails, by the third.
    let mut window = if said == Truth::Healthy { lags.facts } else { lags.facts + lags.probes };
    let world = sky.sim.shared().world();
    let place = world.product.find(env.as_str()).unwrap();
    let best = |window| world.best_since(place, service.map(|id| &*id.name), world.now.checked_sub(window).unwrap());
    // Before anything of the product moves its pipeline does, and that is read at its own pace. So is what a database says of itself.
    if service.is_none() && best(window) == Truth::Deploying {
        window = window.max(lags.pipeline);
    }
    if best(window) == Truth::Degraded {
        window = window.max(lags.condition);
    }
    // A domain that a hand moves is looked up within [`HANDS`].
    if tally.astray.get(env).is_some_and(|at| *at >= world.now.checked_sub(window + HANDS).unwrap()) {
        window += HANDS;
    }
    let best = best(window);
    let from = world.now.checked_sub(window).unwrap();
    // The world sees what the platforms do; that somebody is at work between two of their changes, the operation tells. It is under way as
    // long as it goes on, and is no answer to a mixed pair after that.
    let moves = said == Truth::Deploying && best == Truth::Mixed && tally.moving.get(env).is_some_and(|at| *at >= from);
    // What is known to be wrong is said before what is not known, so that it rings: what could not be read may be worse, and is named
    // beside the pair.
    let beside = || service.is_none() && sky.judged(env.as_str()).why.contains("; unknown: ");
    let unread = said == Truth::Mixed && best == Truth::Failing && beside();
    // A release that is open is believed for two minutes: what the tool that opened it does next nobody can see.
    let open = said == Truth::Deploying && best == Truth::Mixed && left_open(&world, place, from);
    let passes = || tally.served(env, service, from);
    if (said < best && !moves && !unread && !open) || (state == State::Flapping && !passes()) {
        let what = service.map_or_else(|| env.to_string(), ToString::to_string);
        let words = match service {
            Some(id) => sky.model.facts().judge_service(id, sky.now()).words(),
            None => sky.judged(env.as_str()).words(),
        };
        let truth = world.truth(place);
        let parts = truth.services.iter().flat_map(|(name, one)| one.parts.iter().map(move |part| (name, part)));
        let part = |(of, (name, one)): (&&str, (&String, &Part))| {
            let sha = one.sha.as_deref().map_or("nothing", |sha| &sha[..7]);
            format!("{of} {name} {sha} {} answers {:?}", one.platform_state, one.answers)
        };
        let parts = parts.map(part).collect::<Vec<_>>().join(", ");
        let more =
            format!("and was {best:?} at best for {window:?}; it says \"{words}\"; true is {:?}: {parts}", truth.state);
        drop(world);
        tally.wrong(sky, format!("{what} is called {}", state.word()), &more);
    }
}

/// Whether the newest release of an environment is open, and it or a machine changed shortly before that time.
fn left_open(world: &World, env: Env, from: Timestamp) -> bool {
    let Some(app) = world.fly.env(env) else { return false };
    let open = app.release().filter(|release| matches!(release.status.as_str(), "pending" | "running"));
    let changed = app.machines.iter().map(|machine| machine.updated_at).max();
    open.is_some_and(|release| changed.map_or(release.created_at, |at| at.max(release.created_at)) + QUIET > from)
}

/// Counts what is called mixed by the judge while the world was never so within the time that its feeds may lag. That is worse than it was,
/// which is no lie, and rings all the same.
fn harsh(sky: &Sky, tally: &mut Tally, env: &EnvId, lags: Lags) {
    let judged = sky.judged(env.as_str());
    if judged.state != State::Mixed {
        return;
    }
    let world = sky.sim.shared().world();
    let place = world.product.find(env.as_str()).unwrap();
    let from = world.now.checked_sub(lags.facts.max(lags.pipeline)).unwrap();
    let own = |one: &&flightdeck::sim::world::truth::Change| one.environment == place && one.service.is_none();
    if world.changes_since(from).iter().filter(own).all(|one| one.state < Truth::Mixed) {
        *tally.harsh.entry(format!("{env} {}", judged.why)).or_default() += 1;
    }
}

/// How far a statement may lie back.
#[derive(Debug, Clone, Copy)]
struct Lags {
    /// By the feeds that tell of its services.
    facts: Duration,
    /// By what probes need to count as failing.
    probes: Duration,
    /// By the feed of the runs that deploy.
    pipeline: Duration,
    /// By what databases and platforms say of themselves.
    condition: Duration,
}

impl Lags {
    /// The same, of what is said so much later.
    fn later(self, by: Duration) -> Self {
        Self { facts: self.facts + by, pipeline: self.pipeline + by, condition: self.condition + by, ..self }
    }
}

fn lags(sky: &Sky, quiet: bool, env: &EnvId, service: Option<&ServiceId>) -> Lags {
    let mine = |feed: &FeedId| match feed {
        FeedId::Declared(one) | FeedId::Observed(one) => service.map_or(one.env == *env, |id| one == id),
        FeedId::Health(one) => one == env,
        _ => false,
    };
    Lags {
        facts: lag(sky, quiet, mine),
        probes: probe_lag(sky, env),
        pipeline: lag(sky, quiet, |feed| *feed == FeedId::Pipeline),
        condition: lag(
            sky,
            quiet,
            |feed| matches!(feed, FeedId::Findings(one) if service.map_or(one.env == *env, |id| one == id)),
        ),
    }
}

/// Holds everything that is said now against the past.
fn judge(sky: &Sky, quiet: bool, tally: &mut Tally) {
    let now: Now = sky.now();
    tally.look(sky);
    tally.door = "judged";
    for env in sky.model.facts().environments() {
        hold(sky, tally, (&env.id, None), sky.model.facts().judge(env, now).state, lags(sky, quiet, &env.id, None));
        if quiet {
            harsh(sky, tally, &env.id, lags(sky, quiet, &env.id, None));
        }
        for info in &env.services {
            let state = sky.model.facts().judge_service(&info.id, now).state;
            hold(sky, tally, (&env.id, Some(&info.id)), state, lags(sky, quiet, &env.id, Some(&info.id)));
        }
    }
    let met = |tally: &mut Tally, door: &'static str, all: Vec<doors::Statement>| {
        tally.door = door;
        *tally.doors.entry(door).or_default() += all.len();
        for (env, service, state) in all {
            let lags = lags(sky, quiet, &env, service.as_ref());
            hold(sky, tally, (&env, service.as_ref()), state, lags);
        }
    };
    met(tally, "concluded", doors::concluded(sky));
    let (told, silent) = tally.seen.alarm(sky);
    met(tally, "alarm", told);
    // Drawing, printing and asking every point take longer than judging: every few seconds they are held against the world as well.
    let second = now.mono.as_secs();
    let often = second.is_multiple_of(7);
    let since = |feed: &FeedId| sky.now().wall.checked_sub(lag(sky, quiet, |one| one == feed)).unwrap();
    let mut rows = tally.seen.needs(sky, since);
    if often {
        let size = if second.is_multiple_of(2) { (120, 30) } else { (80, 24) };
        met(tally, if size.0 > 100 { "drawn" } else { "drawn narrow" }, doors::drawn(sky, size));
        met(tally, "printed", doors::printed(sky));
        let (points, more) = tally.seen.readiness(sky, since);
        met(tally, "readiness", points);
        rows.extend(more);
        // Where a domain was moved by hand it may be known [`HANDS`] later.
        let behind = |span: Duration| sky.now().wall.checked_sub(span + HANDS).unwrap();
        let facts = |env: &EnvId| behind(lags(sky, quiet, env, None).facts);
        rows.extend(tally.seen.lists(sky, |feed| behind(lag(sky, quiet, |one| one == feed)), facts));
    }
    tally.door = "silent alarm";
    *tally.doors.entry(tally.door).or_default() += silent.len();
    for (env, state) in silent {
        hold(sky, tally, (&env, None), state, lags(sky, quiet, &env, None).later(RINGS));
    }
    tally.door = "rows";
    *tally.doors.entry(tally.door).or_default() += rows.len();
    tally.statements += u64::try_from(rows.len()).unwrap();
    for (row, wrong) in rows.into_iter().filter_map(|(row, wrong)| Some((row, wrong?))) {
        tally.wrong(sky, row, &wrong);
    }
}

/// A configuration in which some services have no edge that is asked: production's frontend or its backend, every one, or none, by the seed.
fn blind(text: &str, seed: u64) -> String {
    let (mut env, mut service, mut left) = (String::new(), String::new(), String::new());
    for line in text.lines() {
        let name = line.strip_prefix("name = ").map(|name| name.trim_matches('"').to_owned());
        match line {
            "[[environments]]" => (env, service) = (String::new(), String::new()),
            "[[environments.services]]" => service = String::new(),
            _ if env.is_empty() => env = name.unwrap_or_default(),
            _ if service.is_empty() => service = name.unwrap_or_default(),
            _ => {}
        }
        let asked = match (seed % 4, &*env, &*service) {
            (1, "production", of) => of != "frontend",
            (2, "production", of) => of != "backend",
            (3, ..) => false,
            _ => true,
        };
        if asked || !line.starts_with("observe = ") {
            left.push_str(line);
            left.push('\n');
        }
    }
    left
}

/// A span of random weather on one seed.
async fn statements(seed: u64, span: Duration) -> Tally {
    let mut random = StdRng::seed_from_u64(seed);
    let mut sky = Sky::without_logs(seed, |text| blind(&text, seed)).await;
    let mut tally = Tally::default();
    let mut weather = weather::Weather::default();
    sky.pass(Duration::from_secs(30), |_| ()).await;
    let mut crew = crew::Crew::start(&sky);
    let mut luck = StdRng::seed_from_u64(seed.wrapping_add(0x0c4e));
    let end = sky.mono() + span;
    while sky.mono() < end {
        weather.change(&sky, &mut random);
        let wrong = crew.work(&mut sky, &mut weather, &mut luck);
        tally.wrong.extend(
            wrong.iter().map(|one| format!("seed {seed} after {} s: {one}; {}", sky.mono().as_secs(), weather.told())),
        );
        tally.moving.extend(crew.moving(&sky));
        let ago = |at: Duration| sky.now().wall.checked_sub(sky.mono() - at).unwrap();
        for env in sky.model.facts().environments() {
            tally.astray.extend(weather.astray(env.id.as_str()).map(|at| (env.id.clone(), ago(at))));
        }
        sky.pass(Duration::from_secs(1), |sky| {
            let before = tally.wrong.len();
            judge(sky, weather.quiet(sky.mono()), &mut tally);
            for wrong in tally.wrong.iter_mut().skip(before) {
                *wrong = format!("seed {seed} after {} s: {wrong}; {}", sky.mono().as_secs(), weather.told());
            }
        })
        .await;
        if tally.wrong.len() > 12 {
            break;
        }
    }
    let (ends, held) = crew.stop().await;
    tally.operations = ends;
    tally.statements += held;
    sky.stop().await;
    let share = 100.0 * tally.unknown as f64 / tally.statements as f64;
    println!(
        "seed {seed}: {} statements, {share:.1} % unknown, {:?}, {:?}",
        tally.statements, tally.words, tally.doors
    );
    println!("seed {seed}: called mixed and never so, in seconds: {:?}", tally.harsh);
    let ended: u64 = tally.operations.values().sum();
    println!("seed {seed}: {ended} operations drawn, {held} statements of their own: {:?}", tally.operations);
    if tally.wrong.is_empty() {
        // It must not be the way out: the platforms answer most of the time.
        if share > UNKNOWN {
            tally.wrong.push(format!("seed {seed}: {share:.1} % of all statements are unknown"));
        }
        if tally.words.get("healthy").is_none_or(|count| *count < tally.statements / 20) {
            tally.wrong.push(format!("seed {seed}: hardly anything is ever healthy"));
        }
    }
    for wrong in &tally.wrong {
        println!("{wrong}");
    }
    tally
}

/// Whether there is time.
fn long() -> bool {
    std::env::var_os("FLIGHTDECK_LONG").is_some()
}

/// The seeds that were asked for; ten where there is time, else one.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let Ok(text) = std::env::var("FLIGHTDECK_SEEDS") else { return 1..=if long() { 10 } else { 1 } };
    let (first, last) = text.split_once("..").unwrap_or((&text, &text));
    first.parse().unwrap()..=last.trim_start_matches('=').parse().unwrap()
}

/// The next seeds, one after the other, until none is left.
fn pass(left: &Mutex<std::ops::RangeInclusive<u64>>, tallies: &Mutex<Vec<Tally>>) {
    loop {
        let Some(seed) = left.lock().unwrap().next() else { return };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let tally = runtime.block_on(statements(seed, Duration::from_secs(3_600)));
        tallies.lock().unwrap().push(tally);
    }
}

/// An hour on one seed; ten seeds where there is time (`FLIGHTDECK_LONG=1`).
#[test]
fn no_statement_is_better_than_the_world_was() {
    let (left, tallies) = (Mutex::new(seeds()), Mutex::default());
    let hands = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| (0..hands).for_each(|_| drop(scope.spawn(|| pass(&left, &tallies)))));
    let tallies: Vec<Tally> = tallies.into_inner().unwrap();
    let all: u64 = tallies.iter().map(|tally| tally.statements).sum();
    println!("{all} statements of {} seeds held against the ground truth", tallies.len());
    let wrong: Vec<String> = tallies.into_iter().flat_map(|tally| tally.wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
