//! Nothing that is said is better than the world was: deploys, failures, broken platforms and lagging lists are drawn at random
//! over jumped time, and every statement of the console is held against the simulator's ground truth.
//!
//! The order is healthy > degraded > deploying > mixed > failing. A statement may lag by what its feeds may lag: while all is
//! well with the platforms by one interval, else until the feeds are stale. `unknown` is never wrong, but it is counted.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "it prints what it counted")]

#[path = "truth/crew.rs"]
mod crew;
#[path = "truth/doors.rs"]
mod doors;
#[path = "truth/past.rs"]
mod past;
#[path = "support/sky.rs"]
#[expect(dead_code, reason = "the test of weather uses more of it")]
mod sky;
#[path = "truth/weather.rs"]
mod weather;

use std::collections::BTreeMap;
use std::time::Duration;

use flightdeck::app::msg::Now;
use flightdeck::domain::feed::FeedId;
use flightdeck::domain::ids::{EnvId, ServiceId};
use flightdeck::domain::state::State;
use flightdeck::sim::world::truth::State as Truth;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sky::Sky;

/// An answer is on its way, and the loop looks once a second.
const TRANSIT: Duration = Duration::from_secs(3);
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
}

/// How good a word says that it is; `None` = it says nothing.
fn claimed(state: State) -> Option<Truth> {
    match state {
        State::Healthy => Some(Truth::Healthy),
        State::Degraded | State::Waiting => Some(Truth::Degraded),
        State::Deploying => Some(Truth::Deploying),
        State::Mixed => Some(Truth::Mixed),
        // It passes and fails in turn: visitors get errors, which is what the world calls failing.
        State::Flapping | State::Failing | State::Paused => Some(Truth::Failing),
        State::Unknown => None,
    }
}

/// How far what these feeds bring may lie back.
fn lag(sky: &Sky, quiet: bool, mine: impl Fn(&FeedId) -> bool) -> Duration {
    let feeds = sky.model.feeds.iter().filter(|(id, _)| mine(id));
    let spans = feeds.map(|(_, status)| if quiet { status.interval.mul_f64(1.1) } else { status.horizon() });
    spans.max().unwrap_or_default() + TRANSIT
}

fn probe_lag(sky: &Sky, env: &EnvId) -> Duration {
    let health = sky.model.feeds.get(&FeedId::Health(env.clone()));
    health.map_or(Duration::ZERO, |status| status.interval * HYSTERESIS + Duration::from_secs(10))
}

/// Holds one statement against what was true at its best within the time that it may stand for.
fn hold(
    sky: &Sky,
    tally: &mut Tally,
    (env, service): (&EnvId, Option<&ServiceId>),
    state: State,
    lags: (Duration, Duration),
) {
    tally.statements += 1;
    *tally.words.entry(state.word()).or_default() += 1;
    let Some(said) = claimed(state) else {
        tally.unknown += 1;
        return;
    };
    // That something is wrong is seen by the first failure; that it fails, by the third.
    let window = if said == Truth::Healthy { lags.0 } else { lags.0 + lags.1 };
    let world = sky.sim.shared().world();
    let from = world.now.checked_sub(window).unwrap();
    let place = world.product.find(env.as_str()).unwrap();
    let best = world.best_since(place, service.map(|id| &*id.name), from);
    // A pipeline that runs before anything of the product moves makes the world `deploying`; who serves less than well meanwhile may be
    // called degraded.
    let ahead = said == Truth::Degraded && best == Truth::Deploying;
    if said < best && !ahead {
        let what = service.map_or_else(|| env.to_string(), ToString::to_string);
        tally.wrong.push(format!("{what} is called {} and was {best:?} at best for {window:?}", state.word()));
    }
}

/// How far a statement may lie back by its feeds, and by what probes need to count as failing.
fn lags(sky: &Sky, quiet: bool, env: &EnvId, service: Option<&ServiceId>) -> (Duration, Duration) {
    let mine = |feed: &FeedId| match feed {
        FeedId::Declared(one) | FeedId::Observed(one) => service.map_or(one.env == *env, |id| one == id),
        FeedId::Health(one) => one == env,
        _ => false,
    };
    (lag(sky, quiet, mine), probe_lag(sky, env))
}

/// Holds everything that is said now against the past.
fn judge(sky: &Sky, quiet: bool, tally: &mut Tally) {
    let now: Now = sky.now();
    for env in &sky.model.environments {
        hold(sky, tally, (&env.id, None), sky.model.judge(env, now).state, lags(sky, quiet, &env.id, None));
        for info in &env.services {
            let state = sky.model.judge_service(&info.id, now).state;
            hold(sky, tally, (&env.id, Some(&info.id)), state, lags(sky, quiet, &env.id, Some(&info.id)));
        }
    }
    let mut met = |door: &'static str, all: Vec<doors::Statement>| {
        *tally.doors.entry(door).or_default() += all.len();
        for (env, service, state) in all {
            let lags = lags(sky, quiet, &env, service.as_ref());
            hold(sky, tally, (&env, service.as_ref()), state, lags);
        }
    };
    met("concluded", doors::concluded(sky));
    // Drawing and printing take longer than judging: every few seconds they are held against the world as well.
    if now.mono.as_secs().is_multiple_of(7) {
        met("drawn", doors::drawn(sky));
        met("printed", doors::printed(sky));
    }
}

/// A span of random weather on one seed.
async fn statements(seed: u64, span: Duration) -> Tally {
    let mut random = StdRng::seed_from_u64(seed);
    let mut sky = Sky::start(seed).await;
    let mut tally = Tally::default();
    let mut weather = weather::Weather::default();
    sky.pass(Duration::from_secs(30), |_| ()).await;
    let mut crew = crew::Crew::start(&sky, long());
    let mut luck = StdRng::seed_from_u64(seed.wrapping_add(0x0c4e));
    let end = sky.mono() + span;
    while sky.mono() < end {
        weather.change(&sky, &mut random);
        let wrong = crew.work(&mut sky, &mut weather, &mut luck);
        tally.wrong.extend(
            wrong.iter().map(|one| format!("seed {seed} after {} s: {one}; {}", sky.mono().as_secs(), weather.told())),
        );
        sky.pass(Duration::from_secs(1), |sky| {
            let before = tally.wrong.len();
            judge(sky, weather.quiet(sky.mono()), &mut tally);
            for wrong in tally.wrong.iter_mut().skip(before) {
                *wrong = format!("seed {seed} after {} s: {wrong}; {}", sky.mono().as_secs(), weather.told());
            }
        })
        .await;
        // What is wrong for long would be told a thousand times.
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
    let ended: u64 = tally.operations.values().sum();
    println!("seed {seed}: {ended} operations drawn, {held} statements of their own: {:?}", tally.operations);
    for wrong in &tally.wrong {
        println!("{wrong}");
    }
    // It must not be the way out: the platforms answer most of the time.
    assert!(!tally.wrong.is_empty() || share < 40.0, "seed {seed}: {share:.1} % of all statements are unknown");
    assert!(
        !tally.wrong.is_empty() || tally.words.get("healthy").is_some_and(|count| *count > tally.statements / 20),
        "{:?}",
        tally.words
    );
    tally
}

/// Whether there is time.
fn long() -> bool {
    std::env::var_os("FLIGHTDECK_LONG").is_some()
}

/// An hour on one seed; ten seeds, with operations, where there is time (`FLIGHTDECK_LONG=1`).
#[tokio::test(start_paused = true)]
async fn no_statement_is_better_than_the_world_was() {
    let seeds = if long() { 1..=10 } else { 1..=1 };
    let (mut all, mut wrong) = (0, Vec::new());
    for seed in seeds {
        let tally = statements(seed, Duration::from_secs(3_600)).await;
        all += tally.statements;
        wrong.extend(tally.wrong);
    }
    println!("{all} statements held against the ground truth");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
