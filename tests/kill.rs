//! `kill -9` between taken and answered, while the platforms go on: at changing calls of a rollback, and at a call of every other
//! operation. The next commands tell of it, `finish` brings it to its end, and no call is sent twice. A sample, unless `FLIGHTDECK_LONG`
//! asks for all; `operations` tries every call of every operation in one process.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use flightdeck::clock::SystemClock;
use flightdeck::sim::world::deploy::Deploy;
use flightdeck::sim::world::rolling::RollingConfig;
use flightdeck::sim::world::vercel::VercelDeployment;
use flightdeck::sim::world::{Env, Health};
use flightdeck::sim::{self, Options, Sim};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(180);

/// A changing call: whose it is, what it is, and how many of its kind come before it.
#[derive(Debug, Clone, Copy)]
struct Call {
    origin: &'static str,
    method: &'static str,
    route: &'static str,
    before: u64,
}

/// The changing calls of a rollback of two machines and a frontend, in their order.
fn calls() -> Vec<Call> {
    let call = |origin, method, route, before| Call { origin, method, route, before };
    let (release, machine) = ("/api/v1/releases", "/machines/{id}");
    vec![
        call("fly_api", "POST", release, 0),
        call("fly_api", "PATCH", release, 0),
        call("fly_machines", "POST", machine, 0),
        call("fly_machines", "POST", machine, 1),
        call("fly_machines", "DELETE", machine, 0),
        call("fly_machines", "POST", machine, 2),
        call("fly_machines", "POST", machine, 3),
        call("fly_machines", "DELETE", machine, 1),
        call("fly_api", "PATCH", release, 1),
        call("vercel", "POST", "/rollback/", 0),
    ]
}

async fn world(dir: &Path) -> Sim {
    use std::os::unix::fs::PermissionsExt as _;
    let listen = "127.0.0.1:0".parse().unwrap();
    // The library insists on a provider of cryptography, even where there is none to be done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A lease of two minutes that nobody gives back is over in six seconds.
    let options = Options { listen, scenario: "calm".to_owned(), seed: 5, speed: 20.0 };
    let sim = sim::start(options, SystemClock::shared()).await.unwrap();
    let path = dir.join("flightdeck.toml");
    std::fs::write(&path, sim.config_toml()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    sim
}

fn command(dir: &Path, arguments: &[&str]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(["--config", "flightdeck.toml"]).args(arguments).current_dir(dir);
    command.env("FLIGHTDECK_STATE_DIR", dir.join("state")).env_remove("FLIGHTDECK_CONFIG").kill_on_drop(true);
    command
}

async fn said(dir: &Path, arguments: &[&str]) -> Output {
    tokio::time::timeout(PATIENCE, command(dir, arguments).output()).await.unwrap().unwrap()
}

fn fault(sim: &Sim, call: Call, kind: Value, count: u64) {
    let mut fault = kind;
    fault["platform"] = call.origin.into();
    fault["method"] = call.method.into();
    fault["route"] = call.route.into();
    fault["count"] = count.into();
    let spec = serde_json::from_value(fault).unwrap();
    sim.shared().faults().push(sim::faults::Fault { spec, until: None });
}

/// Kills it once its call was taken.
async fn killed(sim: &Sim, child: &mut tokio::process::Child, what: &str) {
    let taken = async {
        while sim.shared().taken() == 0 && sim.shared().changed().await {
            assert!(child.try_wait().unwrap().is_none(), "{what}: it ended before the call");
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.unwrap();
    child.kill().await.unwrap();
    sim.shared().faults().clear();
}

/// The operations that are cut short now, as `status` tells them.
async fn cut_short(dir: &Path) -> Vec<Value> {
    let status = said(dir, &["status", "--json"]).await;
    let told: Value = serde_json::from_slice(&status.stdout).unwrap();
    told["cut_short"].as_array().unwrap().clone()
}

/// Kills a rollback at a call, looks at what is told, and finishes it.
async fn kill_at(call: Call) {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    if call.before > 0 {
        fault(&sim, call, json!({"kind": "latency", "ms": 0}), call.before);
    }
    // Taken at once, answered when nobody listens any more.
    fault(&sim, call, json!({"kind": "late", "ms": 3_600_000}), 1);
    let rollback = ["rollback", "--environment", "production", "--to", "v40", "--confirm=production"];
    let mut child = command(dir.path(), &rollback).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    killed(&sim, &mut child, &format!("{call:?}")).await;

    let open = cut_short(dir.path()).await;
    assert_eq!(open.len(), 1, "{call:?}: {open:?}");
    assert!(!open[0]["unknown_calls"].as_array().unwrap().is_empty(), "{call:?}: the open call is told: {open:?}");

    // The call that was cut off may still land: whoever goes on says why.
    let finish = ["finish", "--environment", "production", "--confirm=production", "--reason=it was killed"];
    let ended = said(dir.path(), &finish).await;
    assert_eq!(ended.status.code(), Some(0), "{call:?}: {ended:?}");
    let truth = sim.truth();
    let count = |origin: &str, route: &str| truth["requests"][origin][route].as_u64().unwrap_or(0);
    assert_eq!(count("fly_api", "POST /api/v1/releases"), 1, "{call:?}: {truth}");
    assert_eq!(count("fly_machines", "POST /v1/apps/{app}/machines/{id}"), 2, "{call:?}: {truth}");
    assert_eq!(count("vercel", "POST /{v}/projects/{id}/rollback/{deployment}"), 1, "{call:?}: {truth}");
    let services = &truth["environments"]["production"]["services"];
    let machines = services["backend"]["machines"].as_array().unwrap();
    assert!(machines.iter().all(|one| one["sha"] == services["frontend"]["sha"]), "{call:?}: {services}");
    assert!(machines.iter().all(|one| one["leased"] == false), "{call:?}: {services}");
    assert_eq!(cut_short(dir.path()).await, Vec::<Value>::new(), "{call:?}: it has its end");
    sim.stop().await;
}

/// Every call where there is time, else one of each kind.
fn long() -> bool {
    std::env::var_os("FLIGHTDECK_LONG").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_taken_and_answered_is_told_and_finished_without_a_repetition() {
    // A release, an update, and the frontend.
    let sample = |(at, _): &(usize, Call)| long() || matches!(at, 0 | 3 | 9);
    let calls = calls().into_iter().enumerate().filter(sample).map(|(_, call)| kill_at(call));
    stream::iter(calls).buffer_unordered(4).collect::<Vec<()>>().await;
}

/// An operation at the command line: what the world is made to be, and the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Promote,
    Approve,
    Reject,
    Cancel,
    Rerun,
    Redeploy,
    Restart,
    Scale,
    BlueGreen,
    FlySecret,
    VercelSecret,
    GithubSecret,
    Pause,
    Resume,
    Challenge,
    Unchallenge,
    Unpin,
    Start,
    Advance,
    Complete,
    Abort,
}

const KINDS: [Kind; 21] = [
    Kind::Promote,
    Kind::Restart,
    Kind::Scale,
    Kind::BlueGreen,
    Kind::FlySecret,
    Kind::Approve,
    Kind::Rerun,
    Kind::Pause,
    Kind::Complete,
    Kind::Reject,
    Kind::Cancel,
    Kind::Redeploy,
    Kind::VercelSecret,
    Kind::GithubSecret,
    Kind::Resume,
    Kind::Challenge,
    Kind::Unchallenge,
    Kind::Unpin,
    Kind::Start,
    Kind::Advance,
    Kind::Abort,
];

impl Kind {
    /// Makes the world so that there is something to do; what is said at the command line.
    fn words(self, sim: &Sim) -> String {
        let mut state = sim.shared().world();
        let now = state.now;
        match self {
            Self::Promote => {
                state.github.environments.iter_mut().for_each(|one| one.reviewers.clear());
                "promote".to_owned()
            }
            Self::Approve | Self::Reject | Self::Cancel => {
                let (health, event, actor) = (Health::good(), "workflow_dispatch".to_owned(), Some("ines".to_owned()));
                let commit = state.commits.len() - 1;
                let (env, gated) = (Env::PRODUCTION, true);
                let run =
                    state.deploy(Deploy { env, commit, backend: true, frontend: true, health, gated, event, actor });
                state.github.run_mut(run).unwrap().gate.as_mut().unwrap().opens_at = now;
                let verb = match self {
                    Self::Approve => "approve",
                    Self::Reject => "reject",
                    _ => "cancel",
                };
                format!("{verb} {run}")
            }
            Self::Rerun => {
                state.github.environments.iter_mut().for_each(|one| one.reviewers.clear());
                let live = state.backend_commit(Env::PRODUCTION);
                let run =
                    state.github.runs.iter().rfind(|run| run.env == Some(Env::PRODUCTION) && Some(run.commit) == live);
                format!("rerun {}", run.unwrap().id)
            }
            Self::Redeploy => "redeploy backend".to_owned(),
            Self::Restart => "restart backend".to_owned(),
            Self::Scale => "scale backend iad=2".to_owned(),
            Self::BlueGreen => "rollback --service backend --to v40 --strategy bluegreen".to_owned(),
            Self::FlySecret => "secrets set API_KEY --service backend".to_owned(),
            Self::VercelSecret => "secrets set API_KEY --service frontend".to_owned(),
            Self::GithubSecret => "secrets set API_KEY".to_owned(),
            Self::Pause => "pause frontend".to_owned(),
            Self::Resume => {
                state.vercel.project.paused = true;
                "resume frontend".to_owned()
            }
            Self::Challenge => "challenge frontend".to_owned(),
            Self::Unchallenge => {
                state.vercel.project.challenged = (true, None);
                "challenge frontend --end".to_owned()
            }
            Self::Unpin => {
                state.vercel.project.auto_assign = false;
                "unpin frontend".to_owned()
            }
            Self::Start | Self::Advance | Self::Complete | Self::Abort => {
                let stages = vec![(10, None), (50, None), (100, None)];
                state.vercel.project.rolling_config = Some(RollingConfig { manual: true, stages });
                let live = state.vercel.live(Env::PRODUCTION).unwrap().id.clone();
                let ready =
                    |one: &&VercelDeployment| one.env == Env::PRODUCTION && one.id != live && one.state(now) == "READY";
                let canary = state.vercel.deployments.iter().rfind(ready).unwrap().id.clone();
                if self == Self::Start {
                    return format!("rolling start frontend --deployment {canary}");
                }
                assert!(state.vercel.start_rolling(&canary, now));
                match self {
                    Self::Advance => "rolling advance frontend",
                    Self::Complete => "rolling complete frontend",
                    _ => "rolling abort frontend",
                }
                .to_owned()
            }
        }
    }

    /// The call at which it is killed, by a part of its route.
    fn call(self) -> (&'static str, &'static str) {
        match self {
            Self::Promote => ("github", "/dispatches"),
            Self::Approve | Self::Reject => ("github", "/pending_deployments"),
            Self::Cancel => ("github", "/cancel"),
            Self::Rerun => ("github", "/rerun"),
            Self::Redeploy => ("fly_machines", "/machines/{id}$"),
            Self::Restart => ("fly_machines", "/restart"),
            Self::Scale | Self::BlueGreen => ("fly_machines", "/machines$"),
            Self::FlySecret => ("fly_machines", "/secrets"),
            Self::GithubSecret => ("github", "/secrets/"),
            _ => ("vercel", ""),
        }
    }
}

/// Kills an operation when its call was taken, looks at what is told, and brings it to its end.
async fn kill_kind(kind: Kind) {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let words = format!("{} --environment production --confirm=production --reason=drill", kind.words(&sim));
    let (platform, route) = kind.call();
    let fault =
        json!({"platform": platform, "method": "CHANGE", "route": route, "kind": "late", "ms": 36_000_000, "count": 1});
    let spec = serde_json::from_value(fault).unwrap();
    sim.shared().faults().push(sim::faults::Fault { spec, until: None });
    let words: Vec<&str> = words.split(' ').collect();
    let mut child = command(dir.path(), &words);
    child.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.spawn().unwrap();
    // The value of a secret; nobody else reads it.
    let mut value = child.stdin.take().unwrap();
    let _ = tokio::io::AsyncWriteExt::write_all(&mut value, b"k3y-of-the-kill").await;
    drop(value);
    killed(&sim, &mut child, &format!("{kind:?}")).await;
    let sent = sim.truth()["requests"][platform].clone();

    let open = cut_short(dir.path()).await;
    assert_eq!(open.len(), 1, "{kind:?}: {open:?}");
    assert!(!open[0]["unknown_calls"].as_array().unwrap().is_empty(), "{kind:?}: the open call is told: {open:?}");
    let finish = ["finish", "--environment", "production", "--confirm=production", "--reason=it was killed"];
    let ended = said(dir.path(), &finish).await;
    if ended.status.code() != Some(0) {
        // Who set a secret is told by no platform, and its value is kept nowhere.
        let secret = matches!(kind, Kind::FlySecret | Kind::VercelSecret | Kind::GithubSecret);
        let says = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(secret && says.contains("whether by this is not known"), "{kind:?}: {ended:?}");
        let left = said(dir.path(), &["leave", "--environment", "production", "--confirm=production"]).await;
        assert_eq!(left.status.code(), Some(0), "{kind:?}: {left:?}");
    }
    assert_eq!(cut_short(dir.path()).await, Vec::<Value>::new(), "{kind:?}: it has its end");
    // The very call is not sent again; where several machines get one each, `operations` counts them.
    let (now, several) = (sim.truth(), matches!(kind, Kind::Redeploy | Kind::Restart | Kind::BlueGreen));
    for (name, count) in now["requests"][platform].as_object().unwrap().iter().filter(|_| !several) {
        let here = route.strip_suffix('$').map_or_else(|| name.contains(route), |end| name.ends_with(end));
        let meant = here && !name.contains("/lease");
        if meant && !name.starts_with("GET ") {
            assert_eq!(*count, sent[name], "{kind:?}: {name} was sent again");
        }
    }
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_a_call_of_every_operation_is_told_and_brought_to_its_end_without_a_repetition() {
    let some = if long() { KINDS.len() } else { 9 };
    stream::iter(KINDS.into_iter().take(some)).map(kill_kind).buffer_unordered(4).collect::<Vec<()>>().await;
}
