//! Signals during an operation without a screen: it ends between two calls, holds nothing, says what is open, and is finished or
//! taken back from another shell.

use std::path::Path;
use std::process::Output;

use flightdeck::sim::Sim;
use flightdeck::sim::faults::Fault;
use flightdeck::sim::world::Env;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use super::{PATIENCE, flightdeck, lines, world, world_at};

const ASK: [&str; 6] = ["rollback", "--environment", "production", "--to", "v40", "--confirm=production"];

/// Runs a rollback, sends signals once a line of its output begins like this and the world is ready, and reads to its end.
async fn signalled(dir: &Path, at: &str, ready: impl Fn() -> bool, signals: &[&str]) -> (Option<i32>, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(ASK).current_dir(dir).env("FLIGHTDECK_STATE_DIR", dir.join("state"));
    command
        .env("FLIGHTDECK_CONFIG", dir.join("flightdeck.toml"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.lines().last().unwrap_or_default().starts_with(at) {
        assert!(out.read_line(&mut said).await.unwrap() > 0, "it ended before {at}: {said}");
    }
    let wait = async {
        while !ready() {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "the world is not ready at {at}: {said}");
    let id = child.id().unwrap().to_string();
    for (index, signal) in signals.iter().enumerate() {
        if index > 0 {
            // The first one has been heard.
            err.read_line(&mut said).await.unwrap();
        }
        assert!(tokio::process::Command::new("kill").args([signal, id.as_str()]).status().await.unwrap().success());
    }
    let status = child.wait().await.unwrap();
    out.read_to_string(&mut said).await.unwrap();
    err.read_to_string(&mut said).await.unwrap();
    (status.code(), said)
}

fn leased(sim: &Sim) -> usize {
    let world = sim.shared().world();
    let machines = &world.fly.env(Env::PRODUCTION).unwrap().machines;
    machines.iter().filter(|machine| machine.lease.is_some()).count()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_an_operation_between_two_calls_and_it_is_finished_or_taken_back_later() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    for (signal, name, code, then) in
        [("-INT", "SIGINT", 130, "undo"), ("-TERM", "SIGTERM", 143, "undo"), ("-HUP", "SIGHUP", 129, "finish")]
    {
        // One machine is done, the other follows.
        let (ended, said) = signalled(dir.path(), "done     backend · machine", || true, &[signal]).await;
        assert_eq!(ended, Some(code), "{name}: {said}");
        assert!(said.contains(&format!("stopped by {name} between two calls")), "{said}");
        assert!(
            said.contains("cut short: roll back production to ") && said.contains("  not begun frontend"),
            "{said}"
        );
        assert!(said.contains("to go on: flightdeck finish "), "{said}");
        // Beside it nothing else is begun, and it is said how it goes on.
        let beside = flightdeck(dir.path(), &ASK).await;
        assert_eq!(beside.status.code(), Some(5), "{beside:?}");
        let refused = text(&beside);
        assert!(refused.contains("was cut short after") && refused.contains("flightdeck finish "), "{refused}");
        assert!(refused.contains("nothing was changed"), "{refused}");
        assert_eq!(leased(&sim), 0, "{name}: {said}");
        let status = flightdeck(dir.path(), &["status", "--json"]).await;
        let open = lines(&status)[0]["cut_short"].clone();
        assert_eq!((open.as_array().unwrap().len(), &open[0]["interrupted"]), (1, &json!(true)), "{open}");
        for later in [&["status"][..], &["journal"], &["releases"], &ASK[..5]] {
            let said = text(&flightdeck(dir.path(), later).await);
            assert!(said.contains("cut short: roll back production"), "{later:?}: {said}");
        }
        let journal = lines(&flightdeck(dir.path(), &["journal", "--json"]).await);
        assert_eq!(journal[1]["schema"], "flightdeck/cut-short", "{journal:?}");
        let ended = flightdeck(dir.path(), &[then, "--environment", "production", "--confirm=production"]).await;
        assert_eq!(ended.status.code(), Some(0), "{then}: {ended:?}");
        let status = flightdeck(dir.path(), &["status", "--json"]).await;
        assert_eq!(lines(&status)[0]["cut_short"], json!([]), "it has its end");
    }
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_leaves_at_once_and_the_lease_that_is_left_is_told_and_given_back() {
    let dir = tempfile::tempdir().unwrap();
    // A lease of two minutes has to last.
    let sim = world_at(dir.path(), 1.0).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("{}/_sim/faults", sim.control());
    // The lease is answered at once, the update is carried out and not answered.
    for ms in [0, 600_000] {
        let fault = json!({"platform": "fly_machines", "route": "/machines/{id}", "method": "POST", "kind": "late", "ms": ms, "count": 1});
        assert!(reqwest::Client::new().post(&url).json(&fault).send().await.unwrap().status().is_success());
    }
    let update = "POST /v1/apps/{app}/machines/{id}";
    let sent = || sim.shared().counts().get("fly_machines").is_some_and(|routes| routes.contains_key(update));
    let (ended, said) = signalled(dir.path(), "running  backend · machine", sent, &["-TERM", "-TERM"]).await;
    assert_eq!(ended, Some(143), "{said}");
    assert!(said.contains("left during a call"), "{said}");
    assert_eq!(leased(&sim), 1, "{said}");
    let status = text(&flightdeck(dir.path(), &["status"]).await);
    assert!(status.contains("not known whether it was taken: update machine"), "{status}");
    assert!(status.contains("stays leased until"), "{status}");
    let leave = ["leave", "--environment", "production", "--reason", "the other team deploys"];
    let shown = text(&flightdeck(dir.path(), &leave).await);
    assert!(shown.contains("nothing was changed") && leased(&sim) == 1, "{shown}");
    let left = flightdeck(dir.path(), &[&leave[..], &["--confirm=production"]].concat()).await;
    assert_eq!(left.status.code(), Some(0), "{left:?}");
    assert!(text(&left).contains("iad runs") && text(&left).contains("its edge answers"), "{left:?}");
    assert!(text(&left).contains("the lease of machine") && text(&left).contains("was given back"), "{left:?}");
    assert_eq!(leased(&sim), 0);
    let status = flightdeck(dir.path(), &["status", "--json"]).await;
    assert_eq!(lines(&status)[0]["cut_short"], json!([]));
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_reads_says_what_a_signal_leaves() {
    // A world for each: what one command asked late is no sign of the other.
    for ask in [&["status"][..], &ASK[..5]] {
        let dir = tempfile::tempdir().unwrap();
        let sim = world(dir.path()).await;
        let stall = json!({"platform": "fly_machines", "kind": "stall"});
        let stall = Fault { spec: serde_json::from_value(stall).unwrap(), until: None };
        sim.shared().faults().push(stall);
        let asked = || sim.shared().counts().values().flat_map(|routes| routes.values()).sum::<u64>();
        let before = asked();
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.args(ask).current_dir(dir.path()).env("FLIGHTDECK_STATE_DIR", dir.path().join("state"));
        command.env("FLIGHTDECK_CONFIG", dir.path().join("flightdeck.toml"));
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let child = command.kill_on_drop(true).spawn().unwrap();
        let wait = async {
            while asked() == before {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
        let id = child.id().unwrap().to_string();
        assert!(tokio::process::Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
        let ended = child.wait_with_output().await.unwrap();
        let said = text(&ended);
        assert_eq!(ended.status.code(), Some(130), "{ask:?}: {said}");
        assert!(said.contains("SIGINT came while it was reading") && said.contains("nothing was changed"), "{said}");
        sim.stop().await;
    }
}
