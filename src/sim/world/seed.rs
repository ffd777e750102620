//! The world as it stands when the simulator starts.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::budget::Buckets;
use super::budget::Budgets;
use super::commits::{Commit, history};
use super::event::{Scenario, seconds};
use super::fly::{FlyApp, FlyWorld, Machine};
use super::github::{GithubEnvironment, GithubSecret, GithubVariable, GithubWorld, NewRun, Workflow};
use super::lane::{Group, Overlap};
use super::supabase::{Migration, Restrictions, SupabaseProject, SupabaseSecret, SupabaseWorld};
use super::vercel::{VercelAlias, VercelProject, VercelVariable, VercelWorld};
use super::{Action, Env, Health, World, ci, ids, traffic};

/// The commits that production has run, oldest first: v36 to v41.
const PRODUCTION: [usize; 6] = [2, 3, 4, 6, 7, 8];
/// The commits that staging has run, oldest first.
const STAGING: [usize; 6] = [5, 6, 7, 8, 9, 10];

const BACKEND_SECRETS: [(&str, &str, &str); 8] = [
    ("DATABASE_URL", "postgresql://staging", "postgresql://production"),
    ("SECRET_KEY", "k-staging", "k-production"),
    ("OPENAI_API_KEY", "shared", "shared"),
    ("SUPABASE_SERVICE_ROLE_KEY", "role-staging", "role-production"),
    ("SENTRY_DSN", "https://dsn", ""),
    ("STRIPE_SECRET_KEY", "your-stripe-key-here", "live"),
    ("REDIS_URL", "redis://staging", "redis://production"),
    ("LEGACY_FEATURE_FLAG", "", "on"),
];

const FRONTEND_VARIABLES: [(&str, &str, &str, &str); 5] = [
    ("NEXT_PUBLIC_API_URL", "plain", "https://api.staging.maria.example.com", "https://api.maria.example.com"),
    ("NEXT_PUBLIC_SUPABASE_URL", "plain", "https://staging.supabase.example", "https://production.supabase.example"),
    ("NEXT_PUBLIC_SUPABASE_ANON_KEY", "encrypted", "anon-staging", "anon-production"),
    ("SESSION_SECRET", "sensitive", "s-staging", "s-production"),
    ("NEXT_PUBLIC_POSTHOG_KEY", "encrypted", "phc_staging", ""),
];

/// The names of the scenarios, and their texts.
const SCENARIOS: [(&str, &str); 6] = [
    ("calm", include_str!("../../../assets/scenarios/calm.toml")),
    ("flood", include_str!("../../../assets/scenarios/flood.toml")),
    ("gated", include_str!("../../../assets/scenarios/gated.toml")),
    ("stuck-gate", include_str!("../../../assets/scenarios/stuck-gate.toml")),
    ("silent", include_str!("../../../assets/scenarios/silent.toml")),
    ("bad-deploy", include_str!("../../../assets/scenarios/bad-deploy.toml")),
];

/// Scenario names, as `--scenario` takes them.
pub const NAMES: [&str; 6] =
    [SCENARIOS[0].0, SCENARIOS[1].0, SCENARIOS[2].0, SCENARIOS[3].0, SCENARIOS[4].0, SCENARIOS[5].0];

/// Reads a scenario.
///
/// # Errors
///
/// Words that say which scenario is unknown or what its file gets wrong.
pub fn scenario(name: &str) -> Result<Scenario, String> {
    let (_, text) = SCENARIOS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| format!("there is no scenario named '{name}'; known: {}", NAMES.join(", ")))?;
    toml::from_str(text).map_err(|error| format!("scenario '{name}': {error}"))
}

/// The world of a seed and a scenario at its start.
///
/// # Errors
///
/// As [`scenario`].
pub fn world(seed: u64, start: Timestamp, name: &str) -> Result<World, String> {
    let scenario = scenario(name)?;
    let commits = history(seed, start);
    let mut world = World {
        seed,
        start,
        now: start,
        scenario: scenario.name,
        fly: fly(seed, &commits, start),
        vercel: vercel(seed, &commits, start),
        github: github(seed, &commits),
        supabase: supabase(seed, &commits),
        commits,
        traffic_until: start - SignedDuration::from_secs(60),
        rates: std::collections::BTreeMap::new(),
        truths: super::truth::History::default(),
        queue: std::collections::BTreeMap::new(),
        counter: 0,
    };
    traffic::write(&mut world, start);
    world.remember_truth();
    for event in scenario.event {
        world.schedule(start + seconds(event.at), Action::Event(Box::new(event)));
    }
    Ok(world)
}

fn deployed_at(commits: &[Commit], commit: usize, env: Env) -> Timestamp {
    let after = if env == Env::Production { 95 } else { 12 };
    commits.get(commit).map_or(Timestamp::UNIX_EPOCH, |one| one.at + SignedDuration::from_mins(after))
}

fn ran(env: Env) -> [usize; 6] {
    if env == Env::Production { PRODUCTION } else { STAGING }
}

fn fly(seed: u64, commits: &[Commit], start: Timestamp) -> FlyWorld {
    let token = format!("fm2_{}", ids::base62(seed, "fly-token", 0, 32));
    let apps = Env::ALL.into_iter().map(|env| fly_app(seed, commits, env, start)).collect();
    FlyWorld { org: "acme".to_owned(), token, apps, buckets: Buckets::default() }
}

fn fly_app(seed: u64, commits: &[Commit], env: Env, start: Timestamp) -> FlyApp {
    let name = if env == Env::Production { "maria-api" } else { "maria-api-staging" };
    let mut app = FlyApp {
        env,
        name: name.to_owned(),
        id: ids::base62(seed, name, 0, 14),
        releases: Vec::new(),
        images: Vec::new(),
        machines: Vec::new(),
        destroyed: Vec::new(),
        secrets: Vec::new(),
        secrets_version: 0,
        logs: VecDeque::new(),
        lag: SignedDuration::ZERO,
    };
    let first = if env == Env::Production { 36 } else { 52 };
    for (n, commit) in ran(env).into_iter().enumerate() {
        let at = deployed_at(commits, commit, env);
        // The two oldest were deployed by hand, without the pipeline's label.
        let label = commits.get(commit).map(|one| one.sha.as_str()).filter(|_| n >= 2);
        let (reference, _) = app.push_image(seed, commit, label, Health::good());
        let user = commits.get(commit).map(|one| format!("{}@acme.dev", one.login)).unwrap_or_default();
        let row = app.add_release(seed, &reference, "ROLLING", &user, at);
        let release = &mut app.releases[row];
        release.version = first + n as u64;
        release.id = ids::base62(seed, &format!("release-{name}"), release.version, 14);
        // The newest was deployed with a higher limit than those before it.
        release.definition["http_service"]["concurrency"]["soft_limit"] = json!(if n == 5 { 200 } else { 150 });
        // One row stays `running` for ever: its last patch was lost (docs/platforms/fly.md section 5).
        let lost = env == Env::Staging && n == 2;
        release.status = if lost { "running" } else { "complete" }.to_owned();
    }
    // The oldest image is gone from the registry: a rollback to it is impossible.
    if let Some(image) = app.images.first_mut() {
        image.pruned = true;
    }
    for (n, region) in ["iad", "fra"].into_iter().enumerate() {
        let machine = machine(seed, &app, n as u64, region);
        app.machines.push(machine);
    }
    let set = start - SignedDuration::from_hours(24 * 30);
    for (key, staging, production) in BACKEND_SECRETS {
        let value = if env == Env::Production { production } else { staging };
        if !value.is_empty() {
            app.set_secret(key, Some(value), set);
        }
    }
    app
}

fn machine(seed: u64, app: &FlyApp, n: u64, region: &str) -> Machine {
    let release = app.releases.last();
    let image = app.images.last();
    let at = release.map_or(Timestamp::UNIX_EPOCH, |one| one.created_at);
    let id = ids::hex(seed, &format!("machine-{}", app.name), n, 14);
    let reference = image.map(|one| one.reference.clone()).unwrap_or_default();
    let release_id = release.map(|one| one.id.clone()).unwrap_or_default();
    let version = release.map_or(0, |one| one.version);
    let name = format!("{}-{n:04}", ["quiet-river", "late-meadow"][n as usize % 2]);
    let instance = ids::ulid(seed, &format!("instance-{}", app.name), n);
    let mut machine = Machine::new(id, name, region.to_owned(), instance, at - SignedDuration::from_hours(24 * 90));
    machine.digest = image.map(|one| one.digest.clone()).unwrap_or_default();
    machine.config = super::deploy::with_release(&config(app.env), &reference, &release_id, version);
    "started".clone_into(&mut machine.state);
    (machine.updated_at, machine.started_at) = (at, at);
    machine.event("start", "started", at);
    machine
}

fn config(env: Env) -> Value {
    json!({
        "image": "",
        "env": {"APP_ENV": env.name(), "PORT": "8080", "WEB_CONCURRENCY": "2"},
        "guest": {"cpu_kind": "shared", "cpus": 1, "memory_mb": 512},
        "metadata": {"fly_platform_version": "v2", "fly_process_group": "app", "fly_flyctl_version": "0.3.190"},
        "restart": {"policy": "on-failure", "max_retries": 10},
        "services": [{
            "protocol": "tcp",
            "internal_port": 8080,
            "ports": [{"port": 80, "handlers": ["http"], "force_https": true}, {"port": 443, "handlers": ["http", "tls"]}],
            "concurrency": {"type": "requests", "soft_limit": 200, "hard_limit": 250},
            "autostop": false,
            "autostart": true,
            "min_machines_running": 1,
            "checks": [{"type": "http", "interval": "5s", "timeout": "2s", "grace_period": "1s", "method": "GET", "path": "/health"}],
        }],
    })
}

/// A variable of the Vercel project: (name, kind, value).
#[must_use]
pub fn variable(seed: u64, n: u64, what: (&str, &'static str, &str), env: Env, at: Timestamp) -> VercelVariable {
    let (key, kind, value) = what;
    VercelVariable {
        id: ids::base62(seed, "variable", n, 16),
        key: key.to_owned(),
        kind,
        env,
        digest: ids::digest16(value),
        plain: (kind == "plain").then(|| value.to_owned()),
        managed: None,
        created_at: at,
        updated_at: at,
    }
}

fn vercel(seed: u64, commits: &[Commit], start: Timestamp) -> VercelWorld {
    let mut world = VercelWorld {
        token: format!("vcp_{}", ids::base62(seed, "vercel-token", 0, 24)),
        team_id: format!("team_{}", ids::base62(seed, "team", 0, 24)),
        team_slug: "acme".to_owned(),
        plan: "pro",
        username: "inesduarte".to_owned(),
        project: VercelProject {
            id: format!("prj_{}", ids::base62(seed, "project", 0, 28)),
            name: "maria-web".to_owned(),
            auto_assign: true,
            last_alias_request: None,
            rollback_description: None,
            hides_production: false,
            paused: false,
            challenged: (false, None),
            rolling_config: None,
            rolling_release: None,
            staging_environment: format!("env_{}", ids::base62(seed, "custom", 0, 28)),
            lag: SignedDuration::ZERO,
            stuck_domains: Vec::new(),
        },
        deployments: Vec::new(),
        aliases: Vec::new(),
        env: Vec::new(),
        logs: VecDeque::new(),
        budgets: Budgets::default(),
        default_team: true,
        checks: Vec::new(),
        check_runs: Vec::new(),
    };
    let mut all: Vec<(Timestamp, Env, usize)> = Env::ALL
        .into_iter()
        .flat_map(|env| ran(env).into_iter().map(move |commit| (env, commit)))
        .map(|(env, commit)| (deployed_at(commits, commit, env), env, commit))
        .collect();
    all.sort();
    for domain in ["maria.example.com", "www.maria.example.com", "staging.maria.example.com"] {
        let env = if domain.starts_with("staging") { Env::Staging } else { Env::Production };
        let uid = ids::base62(seed, domain, 0, 22);
        let alias = VercelAlias { uid, alias: domain.to_owned(), env, deployment: String::new(), updated_at: start };
        world.aliases.push(alias);
    }
    for (at, env, commit) in all {
        let id = world.add_deployment(seed, env, commit, Health::good(), at);
        world.assign(env, &id, at + super::vercel::BUILT);
    }
    let set = start - SignedDuration::from_hours(24 * 21);
    let mut n = 1_000_000;
    for (key, kind, staging, production) in FRONTEND_VARIABLES {
        for (env, value) in [(Env::Staging, staging), (Env::Production, production)] {
            n += 1;
            if !value.is_empty() {
                world.env.push(variable(seed, n, (key, kind, value), env, set));
            }
        }
    }
    world
}

fn github(seed: u64, commits: &[Commit]) -> GithubWorld {
    let workflow = |n: u64, name: &str, env: Env, inputs| Workflow {
        id: 88_100_000 + n,
        name: name.to_owned(),
        path: format!(".github/workflows/deploy-{}.yml", env.name()),
        inputs,
        group: Some(Group { name: format!("deploy-{}", env.name()), overlap: Overlap::Replace }),
        state: "active",
    };
    let mut world = GithubWorld {
        refused: Vec::new(),
        token: format!("github_pat_{}", ids::base62(seed, "github-token", 0, 30)),
        login: "inesduarte".to_owned(),
        owner: "acme".to_owned(),
        repo: "maria-ai-agent".to_owned(),
        branch: "main".to_owned(),
        workflows: vec![
            workflow(1, "Deploy staging", Env::Staging, None),
            workflow(2, "Deploy production", Env::Production, Some(vec!["sha"])),
            Workflow {
                id: 88_100_003,
                name: "CI".to_owned(),
                path: format!(".github/workflows/{}", ci::FILE),
                inputs: None,
                group: None,
                state: "active",
            },
        ],
        runs: Vec::new(),
        environments: vec![
            environment(1, Env::Staging, &[]),
            environment(2, Env::Production, &["tkowal", "inesduarte"]),
        ],
        deployments: Vec::new(),
        secrets: Vec::new(),
        variables: Vec::new(),
        budgets: Budgets::default(),
        features: std::collections::BTreeMap::new(),
        lag: SignedDuration::ZERO,
    };
    let mut all: Vec<(Timestamp, Env, usize)> = Env::ALL
        .into_iter()
        .flat_map(|env| ran(env).into_iter().map(move |commit| (env, commit)))
        .map(|(env, commit)| (deployed_at(commits, commit, env), env, commit))
        .collect();
    all.sort();
    let mut checks = ci::history(commits);
    checks.sort_by_key(|one| one.at);
    let mut checks = checks.into_iter().peekable();
    for (at, env, commit) in all {
        while let Some(check) = checks.next_if(|check| check.at <= at) {
            world.add_check(seed, commits, &check);
        }
        let event = if env == Env::Production { "workflow_dispatch" } else { "push" };
        let actor = commits.get(commit).map(|one| one.login.clone()).unwrap_or_default();
        world.add_run(seed, NewRun { env, commit, event: event.to_owned(), actor, gate: None }, at);
    }
    for check in checks {
        world.add_check(seed, commits, &check);
    }
    let at = commits.first().map_or(Timestamp::UNIX_EPOCH, |one| one.at);
    for (name, env) in [
        ("FLY_API_TOKEN", None),
        ("VERCEL_TOKEN", None),
        ("SUPABASE_ACCESS_TOKEN", None),
        ("SENTRY_AUTH_TOKEN", Some(Env::Staging)),
        ("DATABASE_URL", Some(Env::Staging)),
        ("DATABASE_URL", Some(Env::Production)),
    ] {
        let value = format!("{name}-{}", env.map_or("repository", Env::name));
        let digest = ids::digest16(&value);
        world.secrets.push(GithubSecret { name: name.to_owned(), env, digest, created_at: at, updated_at: at });
    }
    for (name, env, value) in [
        ("PYTHON_VERSION", None, "3.12"),
        ("FLY_APP", Some(Env::Staging), "maria-api-staging"),
        ("FLY_APP", Some(Env::Production), "maria-api"),
    ] {
        let variable = GithubVariable { name: name.to_owned(), env, value: value.to_owned(), updated_at: at };
        world.variables.push(variable);
    }
    world
}

fn environment(n: u64, env: Env, reviewers: &[&str]) -> GithubEnvironment {
    GithubEnvironment {
        id: 5_500_000_000 + n,
        env,
        reviewers: reviewers.iter().map(|one| (*one).to_owned()).collect(),
        prevent_self_review: false,
        wait_minutes: 0,
        branches: if env == Env::Production { vec!["main".to_owned()] } else { Vec::new() },
    }
}

fn supabase(seed: u64, commits: &[Commit]) -> SupabaseWorld {
    let projects = Env::ALL
        .into_iter()
        .map(|env| {
            let last = ran(env)[5];
            let crossed = commits.iter().take(last + 1).filter_map(|commit| commit.migration.clone());
            let base = [("20260112081500", "initial_schema"), ("20260204101000", "row_level_security")];
            let base = base.into_iter().map(|(version, name)| (version.to_owned(), name.to_owned()));
            let created_at = commits.first().map_or(Timestamp::UNIX_EPOCH, |one| one.at);
            SupabaseProject {
                env,
                reference: ids::letters(seed, &format!("ref-{}", env.name()), 0, 20),
                name: format!("maria-{}", env.name()),
                region: "us-east-1".to_owned(),
                status: "ACTIVE_HEALTHY".to_owned(),
                created_at: created_at - SignedDuration::from_hours(24 * 300),
                migrations: base.chain(crossed).map(|(version, name)| Migration { version, name }).collect(),
                secrets: supabase_secrets(env, created_at),
                services: ["auth", "db", "db_postgres_user", "pooler", "realtime", "rest", "storage"]
                    .into_iter()
                    .map(|name| (name, None))
                    .collect(),
                connections: (if env == Env::Production { 37 } else { 11 }, 100),
                logs: VecDeque::new(),
                walk: VecDeque::new(),
                branches: None,
                coming_up: Vec::new(),
                read_only: false,
                disk_percent: 32,
                lints: Vec::new(),
                tls_enforced: env == Env::Production,
                restrictions: Restrictions::open(),
            }
        })
        .collect();
    SupabaseWorld {
        token: format!("sbp_{}", ids::hex(seed, "supabase-token", 0, 40)),
        org: "acme".to_owned(),
        projects,
        budgets: Budgets::default(),
    }
}

fn supabase_secrets(env: Env, at: Timestamp) -> Vec<SupabaseSecret> {
    let all = [("RESEND_API_KEY", false), ("WEBHOOK_SECRET", false), ("OPENAI_API_KEY", true), ("SENTRY_DSN", false)];
    all.into_iter()
        .filter(|(name, _)| env == Env::Staging || *name != "SENTRY_DSN")
        .map(|(name, shared)| {
            let of = if shared { "shared" } else { env.name() };
            // The platform shows the plain SHA-256 of the value, so that drift can be found without it.
            let digest = ids::sha256(&format!("{name}-{of}"));
            SupabaseSecret { name: name.to_owned(), digest, updated_at: at }
        })
        .collect()
}
