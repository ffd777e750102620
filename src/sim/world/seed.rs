//! The world as it stands when the simulator starts.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::budget::Buckets;
use super::budget::Budgets;
use super::commits::{Commit, history};
use super::event::{Scenario, seconds};
use super::fly::{FlyApp, FlyWorld, Machine};
use super::github::{Deploys, GithubEnvironment, GithubSecret, GithubVariable, GithubWorld, NewRun, Workflow};
use super::lane::{Group, Overlap};
use super::supabase::{Migration, Restrictions, SupabaseProject, SupabaseSecret, SupabaseWorld};
use super::vercel::{Custom, VercelAlias, VercelProject, VercelVariable, VercelWorld};
use super::{Action, Env, Health, World, ci, ids, scenarios, traffic};
use crate::sim::product::{Backend, Environment, Product, Secret, Tier, Trigger};

/// Reads a scenario.
///
/// # Errors
///
/// Words that say which scenario is unknown or what its file gets wrong.
pub fn scenario(name: &str) -> Result<Scenario, String> {
    let text = scenarios::text(name)
        .ok_or_else(|| format!("there is no scenario named '{name}'; known: {}", scenarios::NAMES.join(", ")))?;
    toml::from_str(text).map_err(|error| format!("scenario '{name}': {error}"))
}

/// The world of a seed and a scenario at its start, of the product that comes with the program.
///
/// # Errors
///
/// As [`scenario`].
pub fn world(seed: u64, start: Timestamp, name: &str) -> Result<World, String> {
    let product = Product::usual().map_err(|error| error.what)?;
    world_of(Arc::new(product), seed, start, name)
}

/// The same of any product.
///
/// # Errors
///
/// As [`scenario`], and an event for an environment that the product does not have.
pub fn world_of(product: Arc<Product>, seed: u64, start: Timestamp, name: &str) -> Result<World, String> {
    let scenario = scenario(name)?;
    let commits = history(seed, start);
    let mut world = World {
        seed,
        start,
        now: start,
        scenario: scenario.name,
        fly: fly(&product, seed, &commits, start),
        vercel: vercel(&product, seed, &commits, start),
        github: github(&product, seed, &commits),
        supabase: supabase(&product, seed, &commits),
        commits,
        traffic_until: start - SignedDuration::from_secs(60),
        rates: rates(&product),
        touched: true,
        truths: super::truth::History::default(),
        quiet: std::collections::BTreeSet::new(),
        queue: std::collections::BTreeMap::new(),
        counter: 0,
        product,
    };
    traffic::write(&mut world, start);
    world.remember_truth();
    for event in scenario.event {
        world.place(&event).map_err(|why| format!("scenario '{name}': {why}"))?;
        world.schedule(start + seconds(event.at), Action::Event(Box::new(event)));
    }
    Ok(world)
}

/// The services that do not write as much as is usual.
fn rates(product: &Product) -> std::collections::BTreeMap<(Env, &'static str), Option<u64>> {
    let of = |(env, one): (Env, &Environment)| {
        let backend = one.backend.as_ref().and_then(|one| one.lines);
        let frontend = one.frontend.as_ref().and_then(|one| one.lines);
        let database = one.database.as_ref().and_then(|one| one.lines);
        [("backend", backend), ("frontend", frontend), ("database", database)].map(|(name, rate)| ((env, name), rate))
    };
    product.environments().flat_map(of).filter(|(_, rate)| rate.is_some()).collect()
}

/// Every deploy of the past: when, where, which commit; oldest first.
fn deploys(product: &Product, commits: &[Commit]) -> Vec<(Timestamp, Env, usize)> {
    let of = |(env, one): (Env, &Environment)| {
        let after = SignedDuration::from_mins(one.deployed_after);
        one.runs.iter().map(move |commit| (deployed_at(commits, *commit, after), env, *commit)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = product.environments().flat_map(of).collect();
    all.sort();
    all
}

fn deployed_at(commits: &[Commit], commit: usize, after: SignedDuration) -> Timestamp {
    commits.get(commit).map_or(Timestamp::UNIX_EPOCH, |one| one.at + after)
}

fn fly(product: &Product, seed: u64, commits: &[Commit], start: Timestamp) -> FlyWorld {
    let token = format!("fm2_{}", ids::base62(seed, "fly-token", 0, 32));
    let apps = product.environments().filter_map(|(env, one)| {
        let backend = one.backend.as_ref()?;
        let mut app = fly_app(seed, commits, backend, (env, one));
        for (n, region) in backend.regions.iter().flat_map(|one| std::iter::repeat_n(one, backend.machines)).enumerate()
        {
            let machine = machine(seed, &app, n as u64, (region, &one.name, backend));
            app.machines.push(machine);
        }
        let set = start - SignedDuration::from_hours(24 * 30);
        for secret in &product.secrets.backend {
            if let Some(value) = secret.values.get(&env) {
                app.set_secret(&secret.key, Some(value), set);
            }
        }
        Some(app)
    });
    FlyWorld { org: "acme".to_owned(), token, apps: apps.collect(), buckets: Buckets::default() }
}

fn fly_app(seed: u64, commits: &[Commit], backend: &Backend, (env, one): (Env, &Environment)) -> FlyApp {
    let name = backend.app.as_str();
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
    // Where there is a past, its two oldest were deployed by hand, without the pipeline's label, and the image of the first is
    // gone from the registry: a rollback to it is impossible.
    let past = one.runs.len() > 3;
    for (n, commit) in one.runs.iter().copied().enumerate() {
        let at = deployed_at(commits, commit, SignedDuration::from_mins(one.deployed_after));
        let label = commits.get(commit).map(|one| one.sha.as_str()).filter(|_| n >= 2 || !past);
        let (reference, _) = app.push_image(seed, commit, label, Health::good());
        let user = commits.get(commit).map(|one| format!("{}@acme.dev", one.login)).unwrap_or_default();
        let row = app.add_release(seed, &reference, "ROLLING", &user, at);
        let release = &mut app.releases[row];
        release.version = backend.first_release + n as u64;
        release.id = ids::base62(seed, &format!("release-{name}"), release.version, 14);
        // The newest was deployed with a higher limit than those before it.
        let newest = n + 1 == one.runs.len();
        release.definition["http_service"]["concurrency"]["soft_limit"] = json!(if newest { 200 } else { 150 });
        // A row stays `running` for ever when its last patch was lost (docs/platforms/fly.md section 5).
        let lost = backend.lost_release == Some(release.version);
        release.status = if lost { "running" } else { "complete" }.to_owned();
    }
    if let Some(image) = app.images.first_mut().filter(|_| past) {
        image.pruned = true;
    }
    app
}

fn machine(seed: u64, app: &FlyApp, n: u64, (region, env, backend): (&str, &str, &Backend)) -> Machine {
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
    machine.config = super::deploy::with_release(&config(env, backend), &reference, &release_id, version);
    "started".clone_into(&mut machine.state);
    (machine.updated_at, machine.started_at) = (at, at);
    machine.event("start", "started", at);
    machine
}

fn config(env: &str, backend: &Backend) -> Value {
    json!({
        "image": "",
        "env": {"APP_ENV": env, "PORT": "8080", "WEB_CONCURRENCY": "2"},
        "guest": {"cpu_kind": "shared", "cpus": backend.cpus, "memory_mb": backend.memory_mb},
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

fn vercel(product: &Product, seed: u64, commits: &[Commit], start: Timestamp) -> VercelWorld {
    let with_frontend = || product.environments().filter(|(_, one)| one.frontend.is_some());
    let production = with_frontend().find(|(_, one)| one.tier == Tier::Production).map(|(env, _)| env);
    let customs = with_frontend().filter(|(env, _)| Some(*env) != production).zip(0..).map(|((env, one), n)| Custom {
        env,
        slug: one.name.clone(),
        id: format!("env_{}", ids::base62(seed, "custom", n, 28)),
    });
    let customs = customs.collect();
    let mut world = VercelWorld {
        token: format!("vcp_{}", ids::base62(seed, "vercel-token", 0, 24)),
        team_id: format!("team_{}", ids::base62(seed, "team", 0, 24)),
        team_slug: "acme".to_owned(),
        plan: "pro",
        username: "inesduarte".to_owned(),
        project: VercelProject {
            id: format!("prj_{}", ids::base62(seed, "project", 0, 28)),
            name: product.project.clone(),
            auto_assign: true,
            last_alias_request: None,
            rollback_description: None,
            hides_production: false,
            paused: false,
            challenged: (false, None),
            rolling_config: None,
            rolling_release: None,
            production,
            customs,
            lag: SignedDuration::ZERO,
            stuck_domains: Vec::new(),
            pointer: None,
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
    // Production's domains stand first.
    let mut served: Vec<_> =
        product.environments().filter_map(|(env, one)| Some((env, one.frontend.as_ref()?))).collect();
    served.sort_by_key(|(env, _)| Some(*env) != production);
    for (env, domain) in served.iter().flat_map(|(env, one)| one.domains.iter().map(|domain| (*env, domain))) {
        let uid = ids::base62(seed, domain, 0, 22);
        let (alias, deployment) = (domain.clone(), String::new());
        let alias = VercelAlias { uid, alias, env, deployment, redirect: None, updated_at: start };
        world.aliases.push(alias);
    }
    let with_frontend = |env: Env| product.get(env).is_some_and(|one| one.frontend.is_some());
    for (at, env, commit) in deploys(product, commits).into_iter().filter(|(_, env, _)| with_frontend(*env)) {
        let id = world.add_deployment(seed, env, commit, Health::good(), at);
        world.assign(env, &id, at + super::vercel::BUILT);
    }
    let set = start - SignedDuration::from_hours(24 * 21);
    let mut n = 1_000_000;
    for secret in &product.secrets.frontend {
        for env in product.all() {
            n += 1;
            if let Some(value) = secret.values.get(&env) {
                world.env.push(variable(seed, n, (&secret.key, secret.kind.word(), value), env, set));
            }
        }
    }
    world
}

fn github(product: &Product, seed: u64, commits: &[Commit]) -> GithubWorld {
    let mut world = GithubWorld {
        refused: Vec::new(),
        token: format!("github_pat_{}", ids::base62(seed, "github-token", 0, 30)),
        login: "inesduarte".to_owned(),
        owner: "acme".to_owned(),
        repo: product.name.clone(),
        branch: "main".to_owned(),
        workflows: workflows(product),
        runs: Vec::new(),
        environments: product.environments().map(|(env, one)| environment(env, one)).collect(),
        deployments: Vec::new(),
        secrets: Vec::new(),
        variables: Vec::new(),
        budgets: Budgets::default(),
        features: std::collections::BTreeMap::new(),
        lag: SignedDuration::ZERO,
    };
    let mut checks = ci::history(commits);
    checks.sort_by_key(|one| one.at);
    let mut checks = checks.into_iter().peekable();
    for (at, env, commit) in deploys(product, commits) {
        while let Some(check) = checks.next_if(|check| check.at <= at) {
            world.add_check(seed, commits, &check);
        }
        let pushed = product.get(env).is_some_and(|one| one.trigger == Trigger::Push);
        let event = if pushed { "push" } else { "workflow_dispatch" };
        let actor = commits.get(commit).map(|one| one.login.clone()).unwrap_or_default();
        world.add_run(seed, NewRun { env, commit, event: event.to_owned(), actor, gate: None }, at);
    }
    for check in checks {
        world.add_check(seed, commits, &check);
    }
    let at = commits.first().map_or(Timestamp::UNIX_EPOCH, |one| one.at);
    for (name, env, value) in product.secrets.pipeline.iter().flat_map(places) {
        let digest = ids::digest16(value);
        world.secrets.push(GithubSecret { name: name.to_owned(), env, digest, created_at: at, updated_at: at });
    }
    for (name, env, value) in product.secrets.variables.iter().flat_map(places) {
        let variable = GithubVariable { name: name.to_owned(), env, value: value.to_owned(), updated_at: at };
        world.variables.push(variable);
    }
    world
}

/// A secret in every place that has it: the repository first, then the environments.
fn places(one: &Secret) -> impl Iterator<Item = (&str, Option<Env>, &str)> {
    let repository = one.repository.iter().map(|value| (one.key.as_str(), None, value.as_str()));
    repository.chain(one.values.iter().map(|(env, value)| (one.key.as_str(), Some(*env), value.as_str())))
}

/// A deploy workflow per environment, and the one that checks; that one has had the third number since there were two.
fn workflows(product: &Product) -> Vec<Workflow> {
    let deploys = product.environments().map(|(env, one)| {
        let n = env.index() as u64 + 1;
        Workflow {
            id: 88_100_000 + if n < CHECKS { n } else { n + 1 },
            name: format!("Deploy {}", one.name),
            path: format!(".github/workflows/deploy-{}.yml", one.name),
            inputs: (one.trigger == Trigger::Dispatch).then(|| vec!["sha"]),
            group: Some(Group { name: format!("deploy-{}", one.name), overlap: Overlap::Replace }),
            state: "active",
            deploys: Some(Deploys { env, backend: one.backend.is_some(), frontend: one.frontend.is_some() }),
        }
    });
    let mut all: Vec<Workflow> = deploys.collect();
    all.push(Workflow {
        id: 88_100_000 + CHECKS,
        name: "CI".to_owned(),
        path: format!(".github/workflows/{}", ci::FILE),
        inputs: None,
        group: None,
        state: "active",
        deploys: None,
    });
    all.sort_by_key(|one| one.id);
    all
}

const CHECKS: u64 = 3;

fn environment(env: Env, one: &Environment) -> GithubEnvironment {
    GithubEnvironment {
        id: 5_500_000_001 + env.index() as u64,
        env,
        name: one.name.clone(),
        reviewers: one.reviewers.clone(),
        prevent_self_review: false,
        wait_minutes: 0,
        branches: one.branches.clone(),
    }
}

fn supabase(product: &Product, seed: u64, commits: &[Commit]) -> SupabaseWorld {
    let projects = product
        .environments()
        .filter_map(|(env, one)| Some((env, one, one.database.as_ref()?)))
        .map(|(env, one, database)| {
            let last = one.runs.last().copied().unwrap_or_default();
            let crossed = commits.iter().take(last + 1).filter_map(|commit| commit.migration.clone());
            let base = [("20260112081500", "initial_schema"), ("20260204101000", "row_level_security")];
            let base = base.into_iter().map(|(version, name)| (version.to_owned(), name.to_owned()));
            let created_at = commits.first().map_or(Timestamp::UNIX_EPOCH, |one| one.at);
            SupabaseProject {
                env,
                reference: ids::letters(seed, &format!("ref-{}", one.name), 0, 20),
                name: database.name.clone(),
                region: database.region.clone(),
                status: "ACTIVE_HEALTHY".to_owned(),
                created_at: created_at - SignedDuration::from_hours(24 * 300),
                migrations: base.chain(crossed).map(|(version, name)| Migration { version, name }).collect(),
                secrets: supabase_secrets(product, env, created_at),
                services: ["auth", "db", "db_postgres_user", "pooler", "realtime", "rest", "storage"]
                    .into_iter()
                    .map(|name| (name, None))
                    .collect(),
                connections: (database.connections, 100),
                logs: VecDeque::new(),
                walk: VecDeque::new(),
                branches: None,
                coming_up: Vec::new(),
                read_only: false,
                disk_percent: 32,
                lints: Vec::new(),
                tls_enforced: database.tls,
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

fn supabase_secrets(product: &Product, env: Env, at: Timestamp) -> Vec<SupabaseSecret> {
    let held = product.secrets.functions.iter().filter_map(|one| Some((one, one.values.get(&env)?)));
    // The platform shows the plain SHA-256 of the value, so that drift can be found without it.
    held.map(|(one, value)| SupabaseSecret { name: one.key.clone(), digest: ids::sha256(value), updated_at: at })
        .collect()
}
