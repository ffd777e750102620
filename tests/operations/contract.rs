//! Every request that the console makes and every answer that the simulator gives, judged by the platforms' own descriptions.
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use flightdeck::clock::SystemClock;
use flightdeck::config::Settings;
use flightdeck::config::load::{Flags, parse};
use flightdeck::domain::environment::Platform;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::feed::{FeedId, FeedState};
use flightdeck::domain::ids::{DeploymentId, ServiceId};
use flightdeck::domain::operation::{OpState, Operation, PIPELINE, ProjectSwitch, Request, Target};
use flightdeck::domain::pipeline::Run;
use flightdeck::domain::secret_value::SecretValue;
use flightdeck::domain::strategy::{Strategy, StrategyKind};
use flightdeck::engine::{Engine, Scope};
use flightdeck::sim::world::deploy::Deploy;
use flightdeck::sim::world::fly::FlyRelease;
use flightdeck::sim::world::rolling::RollingConfig;
use flightdeck::sim::world::supabase::{Branch, BranchRun};
use flightdeck::sim::world::{Env, Health};

use crate::proxy::{self, Exchange, Exchanges};
use crate::spec::{Mode, Spec};
use crate::world::{Console, World};

/// Settings whose platforms are all behind proxies.
async fn watched(world: &World) -> (Settings, Exchanges) {
    flightdeck::platform::http::install_crypto();
    let seen = Exchanges::default();
    let origins = world.sim.origins().clone();
    let mut text = world.sim.config_toml().replace("[platforms.fly]", "[platforms.fly]\ndrain = \"50ms\"");
    for (name, origin) in [
        ("github", &origins.github),
        ("fly-machines", &origins.fly_machines),
        ("fly", &origins.fly_api),
        ("vercel", &origins.vercel),
        ("supabase", &origins.supabase),
    ] {
        text = text.replace(origin.as_str(), &proxy::before(name, origin, &seen).await);
    }
    let dir = world.state.path().to_str().unwrap().to_owned();
    let env = move |name: &str| (name == "FLIGHTDECK_STATE_DIR").then(|| dir.clone());
    (parse(&text, None, &Flags::default(), &env).unwrap(), seen)
}

/// Everything a console does in an evening: all feeds, and every kind of operation.
async fn evening() -> Vec<Exchange> {
    let world = World::start(20.0).await;
    branched(&world);
    let (settings, seen) = watched(&world).await;
    let settings = Arc::new(settings);
    let (engine, lanes) = Engine::start(Arc::clone(&settings), SystemClock::shared(), Scope::All);
    let mut awaited: BTreeSet<FeedId> = engine.feeds().cloned().collect();
    let mut console = Console { engine, lanes };
    while !awaited.is_empty() {
        let fresh = |fact| match fact {
            Fact::Feed(id, status) if matches!(status.state, FeedState::Fresh(_)) => Some(id),
            _ => None,
        };
        let id = console.fact(fresh).await;
        awaited.remove(&id);
    }
    console.engine.refresh(&[]);
    let mut answered = 0;
    for approve in [false, true] {
        let plan = console.request("production", Request::Promote, None).await.unwrap();
        let promotion = plan.op;
        console.begins(plan);
        let run = held(&mut console, answered).await;
        answered = run;
        behind(&world, &mut console).await;
        let review = console.request("production", Request::Review { run, approve }, None).await.unwrap();
        console.begins(review);
        let ended = |fact| match fact {
            Fact::Operation(one) if one.state.ended() && one.id == promotion => Some(*one),
            _ => None,
        };
        let ended = console.fact(ended).await;
        assert_eq!(ended.state, if approve { OpState::Done } else { OpState::Failed }, "{ended:#?}");
    }
    // The promotion first: after a rollback the frontend is pinned.
    console.engine.refresh(&[]);
    // A plan made while the last change still settles is refused as out of date, which is right.
    let mut done = None;
    while done.as_ref().is_none_or(|one: &Operation| one.state == OpState::Refused) {
        let targets = console.targets().await;
        let plan = console.plan(targets).await;
        done = Some(console.carry_out(plan).await);
    }
    assert_eq!(done.as_ref().map(|one| one.state), Some(OpState::Done), "{done:#?}");
    let backend =
        settings.environments[0].services.iter().find(|one| one.platform == Platform::Fly).unwrap().id.clone();
    let frontend = ServiceId::new("production", "frontend");
    // After the rollback the project is pinned: the new build stays staged, and may be rolled out.
    let built = carried_out(&mut console, Request::Redeploy(frontend.clone())).await;
    let canary = DeploymentId::from(built.follows.unwrap().as_str());
    world.sim.shared().world().vercel.project.rolling_config =
        Some(RollingConfig { manual: true, stages: vec![(10, None), (50, None), (100, None)] });
    let rolling = [
        ProjectSwitch::RollOut(canary.clone()),
        ProjectSwitch::Advance(None),
        ProjectSwitch::Abort,
        ProjectSwitch::RollOut(canary),
        ProjectSwitch::Complete,
    ];
    let switches = [
        ProjectSwitch::Pause,
        ProjectSwitch::Resume,
        ProjectSwitch::Challenge,
        ProjectSwitch::Unchallenge,
        ProjectSwitch::Unpin,
    ];
    for lever in rolling.into_iter().chain(switches) {
        carried_out(&mut console, Request::Throw(frontend.clone(), lever)).await;
    }
    let value = || SecretValue::new("n0t-to-be-seen".to_owned());
    for (service, key) in [
        (backend.clone(), "NEW_KEY"),
        (frontend.clone(), "NEW_KEY"),
        (frontend.clone(), "NEXT_PUBLIC_API_URL"),
        (ServiceId::new("production", "database"), "NEW_KEY"),
        (ServiceId::new("production", PIPELINE), "NEW_KEY"),
    ] {
        let request = Request::SetSecret { service, key: key.into(), value: value() };
        carried_out(&mut console, request).await;
    }
    let two = vec![("iad".into(), 2)];
    carried_out(&mut console, Request::Scale(backend.clone(), two)).await;
    swapped(&world, &mut console, &backend).await;
    carried_out(&mut console, Request::Scale(backend.clone(), vec![("iad".into(), 1)])).await;
    carried_out(&mut console, Request::Restart(backend)).await;
    let over = console
        .fact(|fact| match fact {
            Fact::Pipeline(runs) => runs.into_iter().find(Run::over).map(|run| run.id),
            _ => None,
        })
        .await;
    let plan = console.request("staging", Request::Rerun { run: over, failed: false }, None).await.unwrap();
    console.begins(plan);
    console
        .fact(|fact| match fact {
            Fact::Operation(one) if one.steps.first().is_some_and(|step| step.ended_at.is_some()) => Some(()),
            _ => None,
        })
        .await;
    console.stop().await;
    world.sim.stop().await;
    let seen = seen.lock().unwrap();
    seen.clone()
}

/// A branch of the staging database, whose run goes on.
fn branched(world: &World) {
    let mut state = world.sim.shared().world();
    let created_at = state.now;
    let run = BranchRun { id: "4f1c9f0e-6c5c-4a5e-9d0e-0a1b2c3d4e60".to_owned(), created_at, dies_at: Some("migrate") };
    let branch = Branch {
        id: "5f0b4f0e-6c5c-4a5e-9d0e-0a1b2c3d4e5f".to_owned(),
        name: "login".to_owned(),
        git_branch: None,
        reference: "abcdefghijklmnopqrst".to_owned(),
        persistent: false,
        created_at,
        deletion_at: None,
        runs: vec![run],
    };
    state.supabase.projects[0].branches = Some(vec![branch]);
}

/// The release before the last one, by new machines in the place of the old ones.
async fn swapped(world: &World, console: &mut Console, backend: &ServiceId) {
    let deployment = {
        let state = world.sim.shared().world();
        let app = state.fly.env(Env::PRODUCTION).unwrap();
        let live = app.machines[0].digest.clone();
        let other = |one: &&FlyRelease| app.image(&one.image_ref).is_some_and(|image| image.digest != live);
        DeploymentId::from(app.releases.iter().rev().find(other).unwrap().id.as_str())
    };
    let strategy = Strategy { kind: StrategyKind::BlueGreen, ..Strategy::default() };
    let target = Target { service: backend.clone(), deployment, strategy };
    carried_out(console, Request::RollBack(vec![target])).await;
}

/// A request of production, planned anew while the last change still settles.
async fn carried_out(console: &mut Console, request: Request) -> Operation {
    loop {
        let plan = console.request("production", request.clone(), None).await.unwrap();
        let done = console.carry_out(plan).await;
        if done.state != OpState::Refused {
            assert_eq!(done.state, OpState::Done, "{done:#?}");
            return done;
        }
    }
}

/// Another run waits for the lane of the one at the gate, is seen to, and is called off.
async fn behind(world: &World, console: &mut Console) {
    let id = {
        let (env, health, event) = (Env::PRODUCTION, Health::good(), "push".to_owned());
        let deploy = Deploy { env, commit: 3, backend: true, frontend: true, health, gated: false, event, actor: None };
        world.sim.shared().world().deploy(deploy)
    };
    let waits = |fact| match fact {
        Fact::Pipeline(runs) => runs.into_iter().find(|run| run.id == id && !run.lanes.is_empty()),
        _ => None,
    };
    let run = console.fact(waits).await;
    assert_eq!((run.lanes[0].ahead.len(), run.lanes[0].behind.len()), (1, 0), "{run:#?}");
    let mut state = world.sim.shared().world();
    let now = state.now;
    state.github.run_mut(id).unwrap().canceled_at = Some(now);
}

/// The run that waits at a gate now, and was not answered before.
async fn held(console: &mut Console, answered: u64) -> u64 {
    console
        .fact(|fact| match fact {
            Fact::Pipeline(runs) => {
                runs.into_iter().find(|run| run.id != answered && !run.gates.is_empty()).map(|run| run.id)
            }
            _ => None,
        })
        .await
}

/// What the platforms' own tools send although the description does not have it (docs/platforms/fly.md section 11,
/// docs/platforms/vercel.md section 8, docs/platforms/supabase.md section 1).
const KNOWN_FROM_TOOLS: [&str; 3] = [
    "fly-machines GET /v1/platform/regions: 200: $.regions[].capacity: not described",
    "vercel GET /v10/projects/{idOrName}/env: request: query target: not described",
    "supabase GET /v1/projects/{ref}/branches: 422: status 422: not described",
];

/// Routes that no description has: they are known from the tools' own sources (docs/platforms/fly.md sections 5 and 8,
/// docs/platforms/vercel.md section 5).
fn undescribed(exchange: &Exchange) -> bool {
    exchange.origin == "fly"
}

/// The same fault of every item of a list is one.
fn every_item(fault: &str) -> String {
    let parts = fault.split('[').enumerate().map(|(n, part)| match part.split_once(']') {
        Some((_, rest)) if n > 0 => format!("]{rest}"),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("[")
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_answers_are_what_the_descriptions_say() {
    let specs: BTreeMap<&str, Spec> = ["github", "fly-machines", "vercel", "supabase"]
        .into_iter()
        .filter_map(|name| Some((name, Spec::of(name)?)))
        .collect();
    if specs.is_empty() {
        return;
    }
    let seen = tokio::time::timeout(Duration::from_secs(120), evening()).await.unwrap();
    let mut covered: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut faults = BTreeSet::new();
    // Unchanged answers have no body, and the descriptions do not name them.
    for exchange in seen.iter().filter(|one| !undescribed(one) && one.status != 304) {
        let Some(spec) = specs.get(exchange.origin) else { continue };
        let asked = format!("{} {} {}", exchange.origin, exchange.method, exchange.path);
        let Some((template, operation)) = spec.operation(&exchange.method, &exchange.path) else {
            faults.insert(format!("{asked}: not described"));
            continue;
        };
        covered.entry(exchange.origin).or_default().insert(format!("{} {template}", exchange.method));
        let request = spec.request_faults((template, operation), &exchange.query, exchange.body.as_ref());
        let answer = spec.answer_faults(operation, exchange.status, exchange.answer.as_ref(), Mode::Whole);
        let name = format!("{} {} {template}", exchange.origin, exchange.method);
        faults.extend(request.into_iter().map(|fault| format!("{name}: request: {fault}")));
        faults.extend(answer.into_iter().map(|fault| format!("{name}: {}: {fault}", exchange.status)));
    }
    for (platform, operations) in &covered {
        println!("{platform}: {} operations", operations.len());
        operations.iter().for_each(|operation| println!("  {operation}"));
    }
    let undescribed: BTreeSet<_> = seen.iter().filter(|one| undescribed(one)).map(|one| &one.path).collect();
    println!("not described anywhere: {}", undescribed.len());
    let faults: BTreeSet<String> = faults.iter().map(|fault| every_item(fault)).collect();
    let faults: Vec<String> = faults.into_iter().filter(|fault| !KNOWN_FROM_TOOLS.contains(&fault.as_str())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
