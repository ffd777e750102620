//! What happens to the world: deploys that are well, ill or fall back, things that break and heal, and platforms that do not
//! answer as they should.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

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
}

impl Weather {
    /// Whether every platform has answered as it should for a while.
    pub fn quiet(&self, now: Duration) -> bool {
        now > self.troubled_until + AFTERMATH
    }

    /// The last things drawn.
    pub fn told(&self) -> String {
        self.last.iter().rev().take(8).rev().cloned().collect::<Vec<_>>().join("; ")
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
        if !fair && random.random_bool(1.0 / 12.0) {
            let (fault, seconds) = fault(random);
            self.note(now, &fault);
            self.troubled_until = self.troubled_until.max(now + Duration::from_secs(seconds));
            sky.fault(&fault);
        }
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
