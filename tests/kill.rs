//! `kill -9` between taken and answered, at every changing call of a rollback, while the platforms go on: the next commands tell of
//! it, `finish` brings it to its end, and no call is sent twice.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use flightdeck::clock::SystemClock;
use flightdeck::sim::{self, Options, Sim};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// Whether every fault has had its requests.
fn struck(sim: &Sim) -> bool {
    sim.shared().faults().iter().all(|fault| fault.spec.count == Some(0))
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
    let taken = async {
        while !struck(&sim) {
            tokio::task::yield_now().await;
            assert!(child.try_wait().unwrap().is_none(), "{call:?}: it ended before the call");
        }
        // The world has answered another question since.
        let _ = reqwest::get(format!("{}/_sim/state", sim.control())).await.unwrap().bytes().await;
    };
    tokio::time::timeout(PATIENCE, taken).await.unwrap();
    child.kill().await.unwrap();

    let status = said(dir.path(), &["status", "--json"]).await;
    let told: Value = serde_json::from_slice(&status.stdout).unwrap();
    let open = told["cut_short"].as_array().unwrap();
    assert_eq!(open.len(), 1, "{call:?}: {told}");
    assert!(!open[0]["unknown_calls"].as_array().unwrap().is_empty(), "{call:?}: the open call is told: {told}");

    let finish = ["finish", "--environment", "production", "--confirm=production"];
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
    let status = said(dir.path(), &["status", "--json"]).await;
    let told: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(told["cut_short"], json!([]), "{call:?}: it has its end");
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_taken_and_answered_is_told_and_finished_without_a_repetition() {
    stream::iter(calls()).map(kill_at).buffer_unordered(4).collect::<Vec<()>>().await;
}
