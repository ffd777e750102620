//! Crash points of every operation but the rollback, whose are in `crashes`: one scheme for all of them. What an operation sends when
//! nothing happens to it is the most that it may send over a crash and its finish. Every third row is a crash point, each with
//! `FLIGHTDECK_LONG`.

use std::collections::BTreeMap;

use flightdeck::clock::SystemClock;
use flightdeck::domain::cut_short;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::ids::{DeploymentId, ServiceId};
use flightdeck::domain::operation::{OpState, Operation, PIPELINE, Plan, ProjectSwitch, Request, Target};
use flightdeck::domain::secret_value::SecretValue;
use flightdeck::domain::strategy::{AtOnce, Strategy, StrategyKind};
use flightdeck::sim::world::deploy::Deploy;
use flightdeck::sim::world::rolling::RollingConfig;
use flightdeck::sim::world::{Env, Health, ids};
use flightdeck::store::Store;
use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;

use crate::crashes::{SPEED, crash_after, each_point, sql};
use crate::world::{Console, World};

/// The value of a secret.
const VALUE: &str = "k3y-of-the-crash";

/// Cases tried side by side.
const CASES_AT_ONCE: usize = 2;

/// An operation: what the world is made to be, and what is asked for there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    RollBack,
    Promote,
    PromoteStraight,
    Approve,
    Reject,
    Cancel,
    Rerun,
    RedeployMachines,
    RedeployPage,
    Restart,
    Unpin,
    Pause,
    Resume,
    Challenge,
    Unchallenge,
    RollOut,
    Advance,
    Complete,
    Abort,
    SetSecret,
    SetVariable,
    SetPipelineSecret,
    RollTwoAtOnce,
    Immediate,
    BlueGreen,
    ScaleUp,
    ScaleDown,
}

pub const CASES: [Case; 24] = [
    Case::Promote,
    Case::PromoteStraight,
    Case::Approve,
    Case::Reject,
    Case::Cancel,
    Case::Rerun,
    Case::RedeployMachines,
    Case::RedeployPage,
    Case::Restart,
    Case::Unpin,
    Case::Pause,
    Case::Resume,
    Case::Challenge,
    Case::Unchallenge,
    Case::RollOut,
    Case::Advance,
    Case::Complete,
    Case::Abort,
    Case::SetSecret,
    Case::RollTwoAtOnce,
    Case::Immediate,
    Case::BlueGreen,
    Case::ScaleUp,
    Case::ScaleDown,
];

impl Case {
    /// Makes the world so that the request has something to do.
    pub fn prepare(self, world: &World) -> Request {
        let shared = world.sim.shared();
        let mut state = shared.world();
        let now = state.now;
        let throw = |lever| Request::Throw(ServiceId::new("production", "frontend"), lever);
        let backend = || ServiceId::new("production", "backend");
        match self {
            Self::Approve | Self::Reject | Self::Cancel => {
                let commit = state.commits.len() - 1;
                let run = state.deploy(Deploy {
                    env: Env::PRODUCTION,
                    commit,
                    backend: true,
                    frontend: true,
                    health: Health::good(),
                    gated: true,
                    event: "workflow_dispatch".to_owned(),
                    actor: Some("ines".to_owned()),
                });
                // The build is over.
                state.github.run_mut(run).unwrap().gate.as_mut().unwrap().opens_at = now;
                match self {
                    Self::Cancel => Request::Cancel { run },
                    _ => Request::Review { run, approve: self == Self::Approve },
                }
            }
            Self::Promote | Self::PromoteStraight => {
                // Nobody has to approve: the run goes through.
                state.github.environments.iter_mut().for_each(|one| one.reviewers.clear());
                Request::Promote
            }
            Self::Rerun => {
                state.github.environments.iter_mut().for_each(|one| one.reviewers.clear());
                let live = state.backend_commit(Env::PRODUCTION);
                let over = state.github.runs.iter().rev();
                let run = over.into_iter().find(|run| run.env == Some(Env::PRODUCTION) && Some(run.commit) == live);
                Request::Rerun { run: run.unwrap().id, failed: false }
            }
            Self::RedeployMachines => Request::Redeploy(backend()),
            Self::RedeployPage => Request::Redeploy(ServiceId::new("production", "frontend")),
            Self::RollTwoAtOnce | Self::Immediate | Self::BlueGreen => {
                let at_once = if self == Self::RollTwoAtOnce { AtOnce::Count(2) } else { AtOnce::default() };
                let strategy = match self {
                    Self::RollTwoAtOnce => StrategyKind::Rolling,
                    Self::Immediate => StrategyKind::Immediate,
                    _ => StrategyKind::BlueGreen,
                };
                let strategy = Strategy { kind: strategy, at_once, ..Strategy::default() };
                let releases = &state.fly.env(Env::PRODUCTION).unwrap().releases;
                let deployment = DeploymentId::from(releases[releases.len() - 2].id.as_str());
                Request::RollBack(vec![Target { service: backend(), deployment, strategy }])
            }
            Self::ScaleUp => Request::Scale(backend(), vec![("iad".into(), 2)]),
            Self::ScaleDown => Request::Scale(backend(), vec![("fra".into(), 0)]),
            Self::Restart => Request::Restart(backend()),
            Self::SetSecret | Self::SetVariable | Self::SetPipelineSecret => {
                let value = SecretValue::new(VALUE.to_owned());
                let service = match self {
                    Self::SetSecret => backend(),
                    Self::SetVariable => ServiceId::new("production", "frontend"),
                    _ => ServiceId::new("production", PIPELINE),
                };
                Request::SetSecret { service, key: "API_KEY".into(), value }
            }
            Self::RollBack => {
                let releases = &state.fly.env(Env::PRODUCTION).unwrap().releases;
                let target = &releases[releases.len() - 2];
                let image = state.fly.env(Env::PRODUCTION).unwrap().image(&target.image_ref).unwrap();
                let commit = state.commits[image.commit].sha.as_str();
                Request::RollBackTo {
                    commit: commit.into(),
                    alone: None,
                    strategy: Strategy::default(),
                    named: Vec::new(),
                }
            }
            Self::Unpin => {
                state.vercel.project.auto_assign = false;
                throw(ProjectSwitch::Unpin)
            }
            Self::Pause => throw(ProjectSwitch::Pause),
            Self::Resume => {
                state.vercel.project.paused = true;
                throw(ProjectSwitch::Resume)
            }
            Self::Challenge => throw(ProjectSwitch::Challenge),
            Self::Unchallenge => {
                state.vercel.project.challenged = (true, None);
                throw(ProjectSwitch::Unchallenge)
            }
            Self::RollOut | Self::Advance | Self::Complete | Self::Abort => {
                let stages = vec![(10, None), (50, None), (100, None)];
                state.vercel.project.rolling_config = Some(RollingConfig { manual: true, stages });
                let live = state.vercel.live(Env::PRODUCTION).unwrap().id.clone();
                let mut ready = state.vercel.deployments.iter().rev();
                let one = ready.find(|one| one.env == Env::PRODUCTION && one.id != live && one.state(now) == "READY");
                let canary = one.unwrap().id.clone();
                if self != Self::RollOut {
                    assert!(state.vercel.start_rolling(&canary, now));
                }
                throw(match self {
                    Self::RollOut => ProjectSwitch::RollOut(DeploymentId::from(canary.as_str())),
                    Self::Advance => ProjectSwitch::Advance(None),
                    Self::Complete => ProjectSwitch::Complete,
                    _ => ProjectSwitch::Abort,
                })
            }
        }
    }

    /// Whether it can be seen that all of it was done, whoever did it: then finishing it writes its end.
    fn sees_its_end(self) -> bool {
        matches!(
            self,
            Self::Approve
                | Self::Reject
                | Self::Cancel
                | Self::Rerun
                | Self::RollOut
                | Self::Complete
                | Self::Abort
                | Self::Pause
                | Self::Resume
                | Self::Unpin
                | Self::Challenge
                | Self::Unchallenge
                | Self::Advance
                | Self::Restart
                | Self::ScaleUp
                | Self::ScaleDown
                | Self::RedeployMachines
        )
    }

    pub fn console(self, world: &World) -> Console {
        let straight = self == Self::PromoteStraight;
        world.console_with(world.state.path(), |text| {
            let kept = |line: &&str| !(straight && line.starts_with("workflow"));
            text.replace("[platforms.fly]", "[platforms.fly]\ndrain = \"50ms\"")
                .lines()
                .filter(kept)
                .collect::<Vec<_>>()
                .join("\n")
        })
    }
}

/// Changing requests by origin and route. Leases are claims that are taken as often as they are needed, and the queries that are
/// sent by POST change nothing.
pub async fn changes(world: &World) -> BTreeMap<String, u64> {
    let truth = world.truth().await;
    let origins = truth["requests"].as_object().unwrap().iter();
    let routes = origins.flat_map(|(origin, routes)| {
        let routes = routes.as_object().into_iter().flatten();
        routes.map(move |(route, count)| (format!("{origin} {route}"), count.as_u64().unwrap_or(0)))
    });
    let changing = |route: &str| {
        !["GET", "HEAD", "OPTIONS"].iter().any(|method| route.contains(&format!(" {method} ")))
            && !["/lease", "graphql", "database/query"].iter().any(|part| route.contains(part))
    };
    routes.filter(|(route, _)| changing(route)).collect()
}

/// The plan, asked for again while the world, which goes on by itself, is in the middle of a deploy.
pub async fn planned(case: Case, console: &mut Console, request: &Request) -> Plan {
    let mut why = String::new();
    for _ in 0..200 {
        match console.request("production", request.clone(), None).await {
            Ok(plan) if plan.refusals.is_empty() => return plan,
            Ok(plan) => why = format!("{:?}", plan.refusals),
            Err(refused) => why = refused.to_string(),
        }
    }
    panic!("{case:?} has no plan: {why}")
}

/// What it sends when nothing happens to it, and how many changing calls those are with its leases.
pub async fn undisturbed(case: Case) -> (BTreeMap<String, u64>, u64) {
    let world = World::start(SPEED).await;
    let request = case.prepare(&world);
    let mut console = case.console(&world);
    let plan = planned(case, &mut console, &request).await;
    let done = console.carry_out(plan).await;
    assert_eq!(done.state, OpState::Done, "{case:?}: {done:#?}");
    console.stop().await;
    let sent = changes(&world).await;
    assert!(!sent.is_empty(), "{case:?} changes something");
    let store = Store::open(world.state.path(), SystemClock::shared()).await.unwrap();
    let rows = store.list(10_000).await.unwrap();
    (sent, rows.iter().filter(|row| row.event == "intent").count() as u64)
}

/// Cuts it off after `rows` rows, starts again, and finishes it. False when it was not cut off any more.
async fn crash_and_finish(case: Case, rows: usize, most: &BTreeMap<String, u64>) -> bool {
    let world = World::start(SPEED).await;
    let request = case.prepare(&world);
    let state = world.state.path();
    let store = Store::open(state, SystemClock::shared()).await.unwrap();
    crash_after(state, rows).await;
    let mut console = case.console(&world);
    let plan = planned(case, &mut console, &request).await;
    let op = plan.op;
    let first = console.carry_out(plan).await;
    console.stop().await;
    sql(state, "drop trigger crash".to_owned()).await;
    let mut found = store.interrupted().await.unwrap();
    // Its lock is a file's: a process that another test starts at this moment holds it until it runs its own program.
    for _ in 0..2_000 {
        if !found.is_empty() || matches!(first.state, OpState::Done | OpState::Refused) {
            break;
        }
        found = store.interrupted().await.unwrap();
    }
    if first.state == OpState::Done && found.is_empty() {
        return false;
    }
    let what = format!("{case:?} after {rows} rows");
    if rows == 0 {
        assert!(found.is_empty() && first.state == OpState::Refused, "{what}: nothing was begun: {found:?}");
        return true;
    }
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [op], "{what}");
    finish(case, &world, &found[0], &what).await;
    let sent = changes(&world).await;
    for (route, count) in &sent {
        assert!(most.get(route).is_some_and(|most| count <= most), "{what}: {route} {count} times, at most {most:?}");
    }
    true
}

/// What a person does at the next start: asks for its finish; where it says that it is done already, that is so.
pub async fn finish(case: Case, world: &World, cut_short: &Operation, what: &str) {
    let mut console = case.console(world);
    let (op, mut request) = (cut_short.id, cut_short::finished(cut_short).unwrap());
    // Of a secret the platforms tell when it was set, and not by whom: the answer to our call is what proves it.
    let proven = cut_short.unknown_calls.is_empty();
    if let Request::SetSecret { value, .. } = &mut request {
        assert!(value.is_empty(), "{what}: a value was kept");
        // A person gives it again.
        *value = SecretValue::new(VALUE.to_owned());
    }
    let mut tries = 0;
    let said = loop {
        tries += 1;
        assert!(tries < 1_000, "{what}: its finish is out of date a thousand times");
        match console.request("production", request.clone(), Some(op)).await {
            // A platform under load that is out of time is asked again, as a person does.
            Err(why) if why.as_str().contains("did not answer in time") => {}
            Err(why) => break Some(why.to_string()),
            Ok(plan) if !plan.refusals.is_empty() => break Some(plan.refusals[0].to_string()),
            Ok(plan) => {
                let done = console.carry_out(plan).await;
                // What was under way at the platform may arrive between the plan and its begin, and a machine under load may take a minute
                // to plan: it is planned anew.
                let again = ["has moved", "older than a minute"].iter().any(|why| done.outcome.as_str().contains(why));
                if done.state == OpState::Refused && again {
                    continue;
                }
                assert_eq!(done.state, OpState::Done, "{what}: {done:#?}");
                break None;
            }
        }
    };
    if let Some(why) = said {
        assert!(!case.sees_its_end(), "{what}: {why}");
        let secret = matches!(case, Case::SetSecret | Case::SetVariable | Case::SetPipelineSecret);
        assert!(!(secret && proven), "{what}: {why}");
        let done = ["already", "leave the operation as it is", "is over"];
        assert!(done.iter().any(|words| why.contains(words)), "{what}: {why}");
        console.engine.leave(op, flightdeck::sanitize::Text::from("as it is"));
        console.fact(|fact| matches!(fact, Fact::Left(id, Ok(_)) if id == op).then_some(())).await;
    }
    console.stop().await;
    let truth: Value = world.truth().await;
    let frontend = &truth["environments"]["production"]["services"]["frontend"];
    match case {
        Case::RollBack => {
            let backend = &truth["environments"]["production"]["services"]["backend"];
            let machines = backend["machines"].as_array().unwrap();
            assert!(
                machines.iter().all(|one| one["sha"] == frontend["sha"] && one["leased"] == false),
                "{what}: {truth}"
            );
        }
        Case::SetSecret => {
            let state = world.sim.shared().world();
            let app = state.fly.env(Env::PRODUCTION).unwrap();
            let digest = ids::digest16(&format!("{}/API_KEY/{VALUE}", app.id));
            assert!(app.secrets.iter().any(|one| one.name == "API_KEY" && one.digest == digest), "{what}");
        }
        Case::RollTwoAtOnce | Case::Immediate | Case::BlueGreen => {
            // What is being destroyed is listed for a moment longer.
            world.sim.shared().advance(std::time::Duration::from_secs(10));
            let state = world.sim.shared().world();
            let app = state.fly.env(Env::PRODUCTION).unwrap();
            let wanted = &app.releases.iter().rfind(|one| one.status == "complete").unwrap().image_ref;
            let digest = &app.image(wanted).unwrap().digest;
            assert_eq!(app.machines.len(), 2, "{what}: {:#?}", app.machines);
            assert!(
                app.machines.iter().all(|one| one.digest == *digest && one.serving()),
                "{what}: {:#?}",
                app.machines
            );
        }
        Case::ScaleUp | Case::ScaleDown => {
            let state = world.sim.shared().world();
            let app = state.fly.env(Env::PRODUCTION).unwrap();
            let count = if case == Case::ScaleUp { 3 } else { 1 };
            assert_eq!(app.machines.iter().filter(|one| one.serving()).count(), count, "{what}: {:#?}", app.machines);
        }
        Case::Pause => assert_eq!(frontend["paused"], true, "{what}"),
        Case::Resume => assert_eq!(frontend["paused"], false, "{what}"),
        Case::Unpin => assert_eq!(frontend["pinned"], false, "{what}"),
        Case::RollOut => assert_eq!(frontend["rolling"], 10, "{what}"),
        Case::Advance => assert_eq!(frontend["rolling"], 50, "{what}"),
        Case::Complete | Case::Abort => assert_eq!(frontend["rolling"], Value::Null, "{what}"),
        Case::Promote | Case::PromoteStraight => {
            let staging = &truth["environments"]["staging"]["services"];
            let production = &truth["environments"]["production"]["services"];
            assert_eq!(production["backend"]["sha"], staging["backend"]["sha"], "{what}");
            assert_eq!(production["frontend"]["sha"], staging["frontend"]["sha"], "{what}");
        }
        _ => {}
    }
}

/// The crash points of a case that are tried; the last of them.
async fn every_point(case: Case) -> (Case, usize) {
    let (most, _) = undisturbed(case).await;
    let last = each_point(case as usize, |rows| crash_and_finish(case, rows, &most)).await;
    assert!(last >= 2, "{case:?} writes more rows than {last}");
    (case, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_every_crash_every_operation_is_finished_and_no_call_is_repeated() {
    // They wait more than they compute: for leases, for machines, for what is polled.
    let all: Vec<_> = stream::iter(CASES).map(every_point).buffer_unordered(CASES_AT_ONCE).collect().await;
    println!("the last crash points: {all:?}");
}
