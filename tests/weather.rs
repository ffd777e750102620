//! Ten minutes of bad weather and more, on a clock that jumps: whatever a platform does, the others stay fresh, the one that
//! fails is told and recovers by itself, and no log line is lost that it still offers.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/sky.rs"]
#[expect(dead_code, reason = "the test of truth starts it without logs")]
mod sky;

use std::time::Duration;

use flightdeck::domain::environment::Platform;
use flightdeck::domain::state::State;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use sky::Sky;

/// Ways of failing that must be told, with what makes them.
fn told() -> Vec<Value> {
    vec![
        json!({"kind": "stall"}),
        json!({"kind": "status", "status": 401}),
        json!({"kind": "status", "status": 403}),
        json!({"kind": "sso"}),
        json!({"kind": "secondary", "status": 429}),
        json!({"kind": "status", "status": 404}),
        json!({"kind": "status", "status": 429}),
        json!({"kind": "status", "status": 429, "retry_after": 2}),
        json!({"kind": "status", "status": 500}),
        json!({"kind": "status", "status": 502}),
        json!({"kind": "html"}),
        json!({"kind": "empty"}),
        json!({"kind": "garbage"}),
        json!({"kind": "reset"}),
        json!({"kind": "lost"}),
        json!({"kind": "truncated"}),
        json!({"kind": "huge"}),
    ]
}

/// Ways that must disturb nothing.
fn borne() -> Vec<Value> {
    vec![
        json!({"kind": "latency", "ms": 2_500}),
        json!({"kind": "missing"}),
        json!({"kind": "unknown_enum"}),
        json!({"kind": "duplicated"}),
        json!({"kind": "reordered"}),
        json!({"kind": "skew", "ms": 300_000}),
        json!({"kind": "skew", "ms": -300_000}),
    ]
}

const PLATFORMS: [Platform; 4] = [Platform::Github, Platform::Fly, Platform::Vercel, Platform::Supabase];

fn on(platform: Platform, fault: &Value) -> Value {
    let mut fault = fault.clone();
    fault["platform"] = platform.name().into();
    fault
}

/// Each failure of a platform alone is told, leaves the others fresh, and ends by itself.
async fn each_alone(platform: Platform) {
    let mut sky = Sky::start(11).await;
    sky.pass(Duration::from_secs(30), |_| ()).await;
    assert_eq!(sky.troubled(), Vec::<String>::new(), "all is well before");
    for fault in told() {
        let what = on(platform, &fault);
        sky.fault(&what);
        let mut said = false;
        sky.pass(Duration::from_secs(60), |now| {
            let troubled = now.troubled_except(platform);
            assert!(troubled.is_empty(), "{what}: {troubled:?}");
            said |= now.failing(platform).iter().any(|why| why.len() > 10);
        })
        .await;
        assert!(said, "{what}: nobody said so");
        sky.clear();
        sky.settles(Duration::from_secs(100), &what.to_string()).await;
    }
    for fault in borne() {
        let what = on(platform, &fault);
        sky.fault(&what);
        sky.pass(Duration::from_secs(45), |now| {
            let troubled = now.troubled();
            assert!(troubled.is_empty(), "{what}: {troubled:?}");
        })
        .await;
        sky.clear();
        sky.settles(Duration::from_secs(30), &what.to_string()).await;
    }
    sky.has_every_line().await;
    sky.stop().await;
}

#[tokio::test(start_paused = true)]
async fn each_failure_of_github_alone_is_told_and_ends_by_itself() {
    each_alone(Platform::Github).await;
}

#[tokio::test(start_paused = true)]
async fn each_failure_of_fly_alone_is_told_and_ends_by_itself() {
    each_alone(Platform::Fly).await;
}

#[tokio::test(start_paused = true)]
async fn each_failure_of_vercel_alone_is_told_and_ends_by_itself() {
    each_alone(Platform::Vercel).await;
}

#[tokio::test(start_paused = true)]
async fn each_failure_of_supabase_alone_is_told_and_ends_by_itself() {
    each_alone(Platform::Supabase).await;
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_is_down_is_asked_once_a_second_and_what_is_held_back_is_told() {
    let mut sky = Sky::start(13).await;
    sky.pass(Duration::from_secs(30), |_| ()).await;
    let asked = |sky: &Sky| sky.requests().get("vercel").map_or(0, |routes| routes.values().sum::<u64>());
    let before = asked(&sky);
    sky.fault(&json!({"platform": "vercel", "kind": "status", "status": 503}));
    let (mut held, mut told) = (false, std::collections::BTreeSet::new());
    sky.pass(Duration::from_secs(20), |now| {
        let failing = now.failing(Platform::Vercel);
        held |= failing.iter().any(|why| why.contains("not asked: vercel "));
        told.extend(failing);
    })
    .await;
    // Two consoles, as it were: the engine of the states and that of the logs have a client each.
    let asked = asked(&sky) - before;
    assert!((10..=60).contains(&asked), "{asked} requests in 20 s");
    assert!(held, "nobody said that it was not asked: {told:#?}");
    sky.clear();
    sky.settles(Duration::from_secs(15), "an outage").await;
    sky.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_type_anywhere_is_told_or_borne_and_ends_by_itself() {
    let mut sky = Sky::start(12).await;
    sky.pass(Duration::from_secs(30), |_| ()).await;
    let fields = [
        (Platform::Github, "workflow_runs"),
        (Platform::Github, "head_sha"),
        (Platform::Github, "conclusion"),
        (Platform::Fly, "state"),
        (Platform::Fly, "image_ref"),
        (Platform::Fly, "data"),
        (Platform::Fly, "version"),
        (Platform::Fly, "timestamp"),
        (Platform::Vercel, "deployments"),
        (Platform::Vercel, "readyState"),
        (Platform::Vercel, "targets"),
        (Platform::Vercel, "created"),
        (Platform::Supabase, "status"),
        (Platform::Supabase, "result"),
        (Platform::Supabase, "version"),
    ];
    for (platform, field) in fields {
        let what = on(platform, &json!({"kind": "wrong_type", "field": field}));
        sky.fault(&what);
        sky.pass(Duration::from_secs(40), |now| {
            let troubled = now.troubled_except(platform);
            assert!(troubled.is_empty(), "{what}: {troubled:?}");
        })
        .await;
        sky.clear();
        sky.settles(Duration::from_secs(100), &what.to_string()).await;
    }
    sky.has_every_line().await;
    sky.stop().await;
}

/// The back-off of a failing feed must not make its old facts look young.
#[tokio::test(start_paused = true)]
async fn a_platform_that_cannot_be_reached_is_not_healthy_and_its_feed_is_named() {
    let mut sky = Sky::start(41).await;
    sky.pass(Duration::from_secs(30), |_| ()).await;
    assert_eq!(sky.judged("production").state, State::Healthy, "{}", sky.judged("production").words());
    sky.fault(&json!({"platform": "supabase", "kind": "reset"}));
    for project in &mut sky.sim.shared().world().supabase.projects {
        project.status = "ACTIVE_UNHEALTHY".to_owned();
    }
    // Three intervals of a calm feed and what an answer takes.
    sky.pass(Duration::from_secs(36), |_| ()).await;
    // Longer than the longest pause between two tries.
    sky.pass(Duration::from_secs(150), |now| {
        let judged = now.judged("production");
        assert_eq!(judged.state, State::Unknown, "{}", judged.words());
        assert!(judged.why.contains("database not read for") && judged.why.contains("was healthy"), "{}", judged.why);
    })
    .await;
    let screen = sky.screen((160, 42));
    for said in ["STALE", "/database declared)", "? unknown: database not read for", "sb ✖ fails"] {
        assert!(screen.contains(said), "{said}\n{screen}");
    }
    let small = sky.screen((80, 24));
    let train = small.lines().next().unwrap_or_default();
    assert!(train.split_once(" PROD ").is_some_and(|(_, rest)| rest.contains("? unknown")), "{small}");
    sky.clear();
    sky.settles(Duration::from_secs(100), "the fault").await;
    sky.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_stream_the_lines_of_the_frontend_come_from_its_history() {
    let mut sky = Sky::start(31).await;
    sky.fault(&json!({"platform": "vercel", "kind": "status", "status": 404, "route": "runtime-logs"}));
    sky.pass(Duration::from_secs(90), |_| ()).await;
    assert_eq!(sky.troubled(), Vec::<String>::new());
    sky.has_every_line().await;
    // The stream is back: what both bring comes once.
    sky.clear();
    sky.pass(Duration::from_secs(30), |_| ()).await;
    sky.has_every_line().await;
    sky.within_budget();
    sky.stop().await;
}

/// Faults of all kinds on all platforms, as they come, for ten minutes.
async fn mixed(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut sky = Sky::start(seed).await;
    let kinds: Vec<Value> = told().into_iter().chain(borne()).collect();
    let mut left = Duration::from_secs(600);
    while !left.is_zero() {
        for _ in 0..random.random_range(0..3) {
            let platform = PLATFORMS[random.random_range(0..PLATFORMS.len())];
            let mut fault = on(platform, &kinds[random.random_range(0..kinds.len())]);
            if random.random_bool(0.5) {
                fault["seconds"] = random.random_range(1..30).into();
            } else {
                fault["count"] = random.random_range(1..20).into();
            }
            sky.fault(&fault);
        }
        let span = Duration::from_secs(random.random_range(2..20)).min(left);
        left -= span;
        // The edge has good weather throughout: what comes from there is never old.
        sky.pass(span, |now| {
            let troubled = now.troubled_at_the_edge();
            assert!(troubled.is_empty(), "seed {seed}: {troubled:?}");
        })
        .await;
    }
    sky.clear();
    sky.settles(Duration::from_secs(120), &format!("seed {seed}")).await;
    sky.has_every_line().await;
    sky.within_budget();
    sky.stop().await;
}

#[tokio::test(start_paused = true)]
async fn ten_minutes_of_mixed_failures_lose_nothing() {
    let seeds = if std::env::var_os("FLIGHTDECK_LONG").is_some() { 12 } else { 4 };
    for seed in 1..=seeds {
        mixed(seed).await;
    }
}

/// Eight more environments, of frontends: GitHub and Vercel count by person, whatever the number of environments, while Fly and
/// Supabase count by app and project, and two of each tell as much as ten.
fn ten(mut text: String) -> String {
    let begin = text.find("[[environments]]\nname = \"staging\"").unwrap();
    let end = text.find("\n[secrets]").unwrap();
    let staging = text[begin..end].to_owned();
    let frontend = staging.find("[[environments.services]]\nname = \"frontend\"").unwrap();
    let database = staging.find("[[environments.services]]\nname = \"database\"").unwrap();
    for n in 3..=10 {
        let head = format!("\n[[environments]]\nname = \"preview-{n}\"\ntier = \"preview\"\n\n");
        text.insert_str(begin, &format!("{head}{}\n", &staging[frontend..database]));
    }
    text
}

#[tokio::test(start_paused = true)]
async fn an_hour_with_ten_environments_stays_within_half_of_every_limit() {
    let mut sky = Sky::with(21, ten).await;
    assert_eq!(sky.model.facts().environments().len(), 10);
    let mut least = std::collections::BTreeMap::new();
    sky.pass(Duration::from_secs(3_600), |now| {
        for (platform, budget) in now.model.facts().budgets() {
            let share = f64::from(budget.remaining) / f64::from(budget.limit);
            let held = least.entry(*platform).or_insert(1.0_f64);
            *held = held.min(share);
        }
    })
    .await;
    assert_eq!(sky.troubled(), Vec::<String>::new());
    println!("least that was left of a budget: {least:?}");
    for (route, count) in sky.requests().iter().flat_map(|(origin, routes)| routes.iter().map(move |one| (origin, one)))
    {
        println!("{route:<24} {:>6} {}", count.1, count.0);
    }
    for platform in [Platform::Github, Platform::Vercel, Platform::Supabase] {
        assert!(least[&platform] >= 0.5, "{platform}: {least:?}");
    }
    sky.within_budget();
    sky.stop().await;
}
