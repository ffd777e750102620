//! The product's log: lines are written slot by slot, each slot from a generator of its own, so that how often the
//! world is advanced changes nothing.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::{Env, World, ids, lines};

/// One slot.
const SLOT: SignedDuration = SignedDuration::from_millis(200);
/// Lines that each stream keeps at least, and for how long it keeps more.
const KEEP: usize = 6_000;
const KEEP_FOR: SignedDuration = SignedDuration::from_secs(2);
/// A longer gap is not filled: the past before it is lost, as on the real platforms.
const LONGEST_GAP: SignedDuration = SignedDuration::from_secs(300);

/// A line of a log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// Unique within its stream and growing with the time.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// `info`, `warn`, `error`.
    pub level: &'static str,
    /// The text as it was written, escape sequences and all.
    pub message: String,
    /// Machine id, `dpl_…`, or the project.
    pub instance: String,
    /// `iad`.
    pub region: String,
    /// Fly: `app`, `runner`, `proxy`. Vercel: `serverless`. Supabase: `postgres`.
    pub provider: &'static str,
    /// Of an access line: method, path, status.
    pub request: Option<(&'static str, &'static str, u16)>,
}

/// What a generator makes of one line.
#[derive(Debug, Clone)]
pub struct Draft {
    /// `info`, `warn`, `error`.
    pub level: &'static str,
    /// The text.
    pub message: String,
    /// Of an access line.
    pub request: Option<(&'static str, &'static str, u16)>,
}

impl Draft {
    /// A plain line.
    #[must_use]
    pub fn new(level: &'static str, message: impl Into<String>) -> Self {
        Self { level, message: message.into(), request: None }
    }
}

/// Where lines come from.
#[derive(Debug, Clone)]
struct Emitter {
    instance: String,
    region: String,
    provider: &'static str,
    error: Option<String>,
    slow_ms: u64,
}

/// Adds a line and drops the oldest beyond the bound.
fn push(log: &mut VecDeque<LogLine>, line: LogLine) {
    let newest = line.at;
    log.push_back(line);
    while log.len() > KEEP && log.front().is_some_and(|first| first.at < newest - KEEP_FOR) {
        log.pop_front();
    }
}

/// Writes the lines of all whole slots before `until`.
pub fn write(world: &mut World, until: Timestamp) {
    if until.duration_since(world.traffic_until) > LONGEST_GAP {
        let slots = until.duration_since(world.traffic_until).as_millis() / SLOT.as_millis();
        let skip = slots - LONGEST_GAP.as_millis() / SLOT.as_millis();
        world.traffic_until += SLOT * i32::try_from(skip).unwrap_or(0);
    }
    while world.traffic_until + SLOT <= until {
        let slot = world.traffic_until;
        for env in world.product.all() {
            backend(world, env, slot);
            frontend(world, env, slot);
            database(world, env, slot);
        }
        world.traffic_until = slot + SLOT;
    }
}

fn generator(world: &World, stream: &str, slot: Timestamp) -> SmallRng {
    SmallRng::seed_from_u64(ids::number(world.seed, stream, slot.as_millisecond().unsigned_abs()))
}

/// Nothing is written: no generator has to be asked.
fn silent(world: &World, env: Env, service: &'static str) -> bool {
    world.rates.get(&(env, service)) == Some(&Some(0))
}

/// Lines of a slot at the rate that a scenario asks for, else at the usual one.
fn lines_of_slot(world: &World, env: Env, service: &'static str, usual: usize) -> usize {
    let asked = world.rates.get(&(env, service)).copied().flatten();
    let per_slot = |rate: u64| usize::try_from(u128::from(rate) * SLOT.unsigned_abs().as_millis() / 1000).unwrap_or(0);
    asked.map_or(usual, per_slot)
}

/// Spreads drafts over a slot and gives them to a log.
fn emit(log: &mut VecDeque<LogLine>, source: &Emitter, drafts: Vec<Draft>, slot: Timestamp, first: usize) {
    // Every line of a slot has a time of its own: readers by time would miss one of two that share it.
    let parts = (first + drafts.len()).max(64) as i128;
    for (n, draft) in drafts.into_iter().enumerate() {
        let step = SLOT.as_nanos() / parts;
        let offset = i64::try_from(step * ((first + n) as i128 % parts) + 7_919).unwrap_or(0);
        let at = slot + SignedDuration::from_nanos(offset);
        push(
            log,
            LogLine {
                id: format!("{:020}-{:03}-{}", at.as_nanosecond(), first + n, source.instance),
                at,
                level: draft.level,
                message: draft.message,
                instance: source.instance.clone(),
                region: source.region.clone(),
                provider: source.provider,
                request: draft.request,
            },
        );
    }
}

fn backend(world: &mut World, env: Env, slot: Timestamp) {
    if silent(world, env, "backend") {
        return;
    }
    let mut rng = generator(world, &format!("backend-{}", world.product.name(env)), slot);
    let Some(app) = world.fly.env(env) else { return };
    let sources: Vec<Emitter> = app
        .routed(slot)
        .into_iter()
        .map(|machine| {
            let health = app.image_of(machine).map(|image| image.health.clone());
            let bad = health.as_ref().filter(|_| !app.healthy(machine, slot));
            Emitter {
                instance: machine.id.clone(),
                region: machine.region.clone(),
                provider: "app",
                error: bad.map(|health| health.error_text().to_owned()),
                slow_ms: health.map_or(0, |health| health.slow_ms),
            }
        })
        .collect();
    if sources.is_empty() {
        return;
    }
    let usual = rng.random_range(1..=3_usize);
    let count = lines_of_slot(world, env, "backend", usual);
    let mut batches = Vec::new();
    for _ in 0..count {
        let source = &sources[rng.random_range(0..sources.len())];
        batches.push((source.clone(), lines::backend(&mut rng, source.error.as_deref(), source.slow_ms)));
    }
    let Some(app) = world.fly.env_mut(env) else { return };
    let mut first = 0;
    for (source, drafts) in batches {
        let count = drafts.len();
        emit(&mut app.logs, &source, drafts, slot, first);
        first += count;
    }
}

fn frontend(world: &mut World, env: Env, slot: Timestamp) {
    if silent(world, env, "frontend") {
        return;
    }
    let mut rng = generator(world, &format!("frontend-{}", world.product.name(env)), slot);
    let Some(live) = world.vercel.live(env) else { return };
    let failing = world.fly.env(env).is_some_and(|app| app.machines.iter().any(|one| !app.healthy(one, slot)));
    let source = Emitter {
        instance: live.id.clone(),
        region: "iad1".to_owned(),
        provider: "serverless",
        error: None,
        slow_ms: live.health.slow_ms,
    };
    let usual = rng.random_range(0..=2_usize);
    let count = lines_of_slot(world, env, "frontend", usual);
    let drafts = (0..count).map(|_| lines::frontend(&mut rng, failing)).collect();
    emit(&mut world.vercel.logs, &source, drafts, slot, 8 * env.index());
}

fn database(world: &mut World, env: Env, slot: Timestamp) {
    if silent(world, env, "database") {
        return;
    }
    let mut rng = generator(world, &format!("database-{}", world.product.name(env)), slot);
    let usual = usize::from(rng.random_bool(0.4));
    let count = lines_of_slot(world, env, "database", usual);
    let Some(project) = world.supabase.env_mut(env) else { return };
    let source = Emitter {
        instance: project.reference.clone(),
        region: project.region.clone(),
        provider: "postgres",
        error: None,
        slow_ms: 0,
    };
    let drafts = (0..count).map(|_| lines::database(&mut rng)).collect();
    emit(&mut project.logs, &source, drafts, slot, 0);
}

/// One line, now, from a scenario.
pub fn say(world: &mut World, env: Env, level: &'static str, text: &str, frontend: bool) {
    let n = world.count();
    // The free end of the last written slot: later lines stay later, so that a reader by time misses none.
    let now = world.traffic_until - SignedDuration::from_millis(3) + SignedDuration::from_micros((n % 2_900) as i64);
    let line = |instance: String, region: &str, provider| LogLine {
        id: format!("{:020}-e{n:02}-{instance}", now.as_nanosecond()),
        at: now,
        level,
        message: text.to_owned(),
        instance,
        region: region.to_owned(),
        provider,
        request: None,
    };
    if frontend {
        let id = world.vercel.live(env).map(|one| one.id.clone()).unwrap_or_default();
        push(&mut world.vercel.logs, line(id, "iad1", "serverless"));
    } else if let Some(app) = world.fly.env_mut(env)
        && let Some((id, region)) = app.machines.first().map(|one| (one.id.clone(), one.region.clone()))
    {
        push(&mut app.logs, line(id, &region, "app"));
    }
}
