//! What happens to the world: deploys that are well, ill or fall back, things that break and heal, and platforms that do not
//! answer as they should.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use flightdeck::sim::world::World;

use crate::sky::Sky;

/// So long after a platform's trouble its feeds may still be late.
const AFTERMATH: Duration = Duration::from_secs(90);

/// What was drawn, and until when it disturbs.
#[derive(Default)]
pub struct Weather {
    troubled_until: Duration,
    last: Vec<String>,
    /// When something was last drawn that moves an environment.
    moved: BTreeMap<String, Duration>,
    /// What was set, as it was before: it is set back then.
    back: Vec<(Duration, Value)>,
    /// Domains that a hand has moved: the environment, and each with where it was and where it went.
    hands: Vec<(Duration, &'static str, Vec<Moved>)>,
    /// When a hand last moved domains of an environment.
    astray: BTreeMap<&'static str, Duration>,
}

/// A domain, the deployment that served it, and the one that a hand gave it.
type Moved = (String, String, String);

impl Weather {
    /// Whether every platform has answered as it should for a while.
    pub fn quiet(&self, now: Duration) -> bool {
        now > self.troubled_until + AFTERMATH
    }

    /// The last things drawn.
    pub fn told(&self) -> String {
        self.last.iter().rev().take(14).rev().cloned().collect::<Vec<_>>().join("; ")
    }

    /// One second's luck.
    pub fn change(&mut self, sky: &Sky, random: &mut StdRng) {
        let now = sky.mono();
        // Half of the time belongs to good weather: a tight bound is checked there.
        let fair = (now.as_secs() / 600).is_multiple_of(2);
        if random.random_bool(1.0 / 70.0) {
            let event = event(random);
            self.moved.insert(event["environment"].as_str().unwrap().to_owned(), now);
            self.note(now, &event);
            sky.happens(&event);
        }
        // What platforms say of themselves: hosts that do not answer, configurations that are not told, lists that lag, projects that pause.
        if random.random_bool(1.0 / 90.0) {
            let (environment, there, back) = setting(random);
            // What is looked for every three minutes has to stand for longer.
            let span = if there.get("read_only").is_some() { 200..400 } else { 20..150 };
            self.moved.insert(environment.to_owned(), now);
            self.note(now, &there);
            set(sky, &there);
            self.back.push((now + Duration::from_secs(random.random_range(span)), back));
        }
        // Somebody's hand on the domains, which no job and no list tells of: one or all of them are elsewhere, or served by nothing.
        if crate::long() && self.hands.is_empty() && random.random_bool(1.0 / 200.0) {
            self.hand(sky, random);
        }
        let due: Vec<_> = self.hands.extract_if(.., |(at, ..)| *at <= now).collect();
        for (_, environment, moved) in due {
            self.moved.insert(environment.to_owned(), now);
            self.astray.insert(environment, now);
            let there = |world: &World, (domain, _, to): &Moved| {
                world.vercel.aliases.iter().any(|alias| alias.alias == *domain && alias.deployment == *to)
            };
            // What was promoted meanwhile took its domains along.
            let mut back = moved;
            back.retain(|one| there(&sky.sim.shared().world(), one));
            let back: BTreeMap<&str, &str> = back.iter().map(|(domain, from, _)| (&**domain, &**from)).collect();
            let there = json!({"platform": "vercel", "resource": "project", "point": back});
            self.note(now, &there);
            set(sky, &there);
        }
        let due: Vec<Value> = self.back.extract_if(.., |(at, _)| *at <= now).map(|(_, back)| back).collect();
        for back in due {
            self.note(now, &back);
            set(sky, &back);
        }
        if !fair && random.random_bool(1.0 / 12.0) {
            let (fault, seconds) = fault(random);
            self.note(now, &fault);
            self.troubled_until = self.troubled_until.max(now + Duration::from_secs(seconds));
            sky.fault(&fault);
        }
    }

    /// Points domains elsewhere, or at nothing.
    fn hand(&mut self, sky: &Sky, random: &mut StdRng) {
        let now = sky.mono();
        let environment = ["production", "production", "staging"][random.random_range(0..3)];
        let world = sky.sim.shared().world();
        let env = world.product.find(environment).unwrap();
        let own = world.vercel.aliases.iter().filter(|alias| alias.env == env && alias.redirect.is_none());
        let own: Vec<(String, String)> = own.map(|alias| (alias.alias.clone(), alias.deployment.clone())).collect();
        // One that the other half was given as well: else it may be a change that concerned the frontend alone (docs/adr/0001-one-release.md).
        let app = world.fly.env(env).unwrap();
        let releases = app.releases.iter().filter_map(|one| app.image(&one.image_ref));
        let given: Vec<usize> = releases.map(|image| image.commit).collect();
        let ready = world.vercel.deployments.iter().filter(|one| one.env == env && one.state(world.now) == "READY");
        let well = ready.filter(|one| one.health.healthy && given.contains(&one.commit));
        let others: Vec<String> =
            well.map(|one| one.id.clone()).filter(|id| own.iter().all(|(_, at)| at != id)).collect();
        drop(world);
        let to = match random.random_range(0..3) {
            0 => String::new(),
            _ if others.is_empty() => return,
            _ => others[random.random_range(0..others.len())].clone(),
        };
        // The edge and the probes ask the first one: how well another one is served that stays behind alone, nobody could tell.
        let some = if random.random_bool(0.5) { 0..own.len() } else { own.len() - 1..own.len() };
        let moved: Vec<Moved> =
            own[some].iter().map(|(domain, from)| (domain.clone(), from.clone(), to.clone())).collect();
        let point: BTreeMap<&str, &str> = moved.iter().map(|(domain, _, to)| (&**domain, &**to)).collect();
        let stays = random.random_bool(0.5);
        let there = json!({"platform": "vercel", "resource": "project", "point": point, "pointer_stays": stays});
        self.moved.insert(environment.to_owned(), now);
        self.astray.insert(environment, now);
        self.note(now, &there);
        set(sky, &there);
        // What is looked for every three minutes has to stand for longer.
        let span = if random.random_bool(0.5) { 20..150 } else { 200..400 };
        self.hands.push((now + Duration::from_secs(random.random_range(span)), environment, moved));
    }

    /// When a hand last moved the domains of an environment.
    pub fn astray(&self, env: &str) -> Option<Duration> {
        self.astray.get(env).copied()
    }

    /// Whether nothing was drawn since then that moves this environment.
    pub fn calm_since(&self, then: Duration, env: &str) -> bool {
        self.moved.get(env).is_none_or(|at| *at < then)
    }

    fn note(&mut self, now: Duration, what: &Value) {
        self.say(now, &what.to_string());
    }

    /// Something else that happened.
    pub fn say(&mut self, now: Duration, what: &str) {
        self.last.push(format!("at {} s {what}", now.as_secs()));
    }
}

fn event(random: &mut StdRng) -> Value {
    let environment = ["production", "staging"][random.random_range(0..2)];
    let service =
        [json!(["backend"]), json!(["frontend"]), json!(["backend", "frontend"])][random.random_range(0..3)].clone();
    match random.random_range(0..10) {
        0..=2 => {
            json!({"kind": "deploy", "environment": environment, "service": ["backend", "frontend"], "commit": "next"})
        }
        3 => json!({"kind": "deploy", "environment": environment, "service": ["backend", "frontend"], "commit": "next",
                    "healthy": false, "error": "pool exhausted", "grace": 1.5}),
        4 => json!({"kind": "fallback", "environment": environment}),
        5 | 6 => {
            json!({"kind": "unhealthy", "environment": environment, "service": service, "error": "pool exhausted"})
        }
        _ => json!({"kind": "healthy", "environment": environment, "service": service}),
    }
}

/// A state that the platforms can be in is set.
fn set(sky: &Sky, setting: &Value) {
    let shared = sky.sim.shared();
    shared.world().set(&serde_json::from_value(setting.clone()).unwrap()).unwrap();
    shared.wake();
}

/// A state that is set, of which environment, and what sets it back.
fn setting(random: &mut StdRng) -> (&'static str, Value, Value) {
    let environment = ["production", "staging"][random.random_range(0..2)];
    let machine = format!("production/{}", random.random_range(0..2));
    let fly =
        |resource: &str, field: &str, value: Value| json!({"platform": "fly", "resource": resource, field: value});
    let own = |field: &str, value: Value| {
        let database = if field == "state" { "production" } else { "staging" };
        json!({"platform": "supabase", "resource": database, field: value})
    };
    match random.random_range(0..7) {
        0 => {
            let host = ["unreachable", "unknown", "silent"][random.random_range(0..3)];
            ("production", fly(&machine, "host", host.into()), fly(&machine, "host", "ok".into()))
        }
        1 => {
            let config = ["incomplete", "null", "absent"][random.random_range(0..3)];
            ("production", fly(&machine, "config", config.into()), fly(&machine, "config", "whole".into()))
        }
        2 => {
            let lag = random.random_range(5..40);
            (environment, fly(environment, "lag", lag.into()), fly(environment, "lag", 0.into()))
        }
        // Its visitors are not answered either. A machine that is dark while the platform calls its host well is not drawn: its checks run
        // on it and pass, and the proxy leads everybody past it, so that nobody who can be asked knows.
        3 => {
            let mut there = fly(&machine, "host", "unreachable".into());
            let mut back = fly(&machine, "host", "ok".into());
            (there["dark"], back["dark"]) = (true.into(), false.into());
            ("production", there, back)
        }
        // Each database has its own kind of trouble: what a platform says of the health of one that restarts is not known.
        4 | 5 => {
            let states = [
                "RESTARTING",
                "UPGRADING",
                "RESIZING",
                "INIT_FAILED",
                "RESTORE_FAILED",
                "INACTIVE",
                "PAUSING",
                "GOING_DOWN",
                "PAUSE_FAILED",
            ];
            let state = states[random.random_range(0..states.len())];
            ("production", own("state", state.into()), own("state", "ACTIVE_HEALTHY".into()))
        }
        _ if random.random_bool(0.3) => ("staging", own("read_only", true.into()), own("read_only", false.into())),
        _ => {
            let services = |word: &str| json!({"db": word});
            ("staging", own("services", services("UNHEALTHY")), own("services", services("ACTIVE_HEALTHY")))
        }
    }
}

fn fault(random: &mut StdRng) -> (Value, u64) {
    let platforms = ["github", "fly", "vercel", "supabase", "fly_machines", "edge"];
    let platform = platforms[random.random_range(0..platforms.len())];
    let seconds = random.random_range(2..120);
    let kinds = [
        json!({"kind": "status", "status": 500}),
        json!({"kind": "status", "status": 429, "retry_after": 30}),
        json!({"kind": "status", "status": 401}),
        json!({"kind": "status", "status": 404}),
        json!({"kind": "stall"}),
        json!({"kind": "reset"}),
        json!({"kind": "empty"}),
        json!({"kind": "garbage"}),
        json!({"kind": "truncated"}),
        json!({"kind": "missing"}),
        json!({"kind": "unknown_enum"}),
        json!({"kind": "latency", "ms": 4_000}),
        json!({"kind": "reordered"}),
        json!({"kind": "duplicated"}),
    ];
    let mut fault = kinds[random.random_range(0..kinds.len())].clone();
    fault["platform"] = platform.into();
    fault["seconds"] = seconds.into();
    (fault, seconds)
}
