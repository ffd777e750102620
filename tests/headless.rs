//! The commands without a screen, as a script uses them: the binary against the simulator, judged by output and exit code.

#[path = "headless/open.rs"]
mod open;
#[path = "headless/schemas.rs"]
mod schemas;
#[path = "headless/signals.rs"]
mod signals;
#[path = "headless/store.rs"]
mod store;

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use flightdeck::clock::SystemClock;
use flightdeck::sim::{self, Options, Sim};
use serde_json::Value;
use tokio::io::AsyncBufReadExt as _;

/// Longest wait for a command: generous, because a busy machine is not a failure.
const PATIENCE: Duration = Duration::from_secs(120);

async fn world(dir: &Path) -> Sim {
    world_at(dir, 20.0).await
}

/// A calm world, so many times faster than life.
async fn world_at(dir: &Path, speed: f64) -> Sim {
    use std::os::unix::fs::PermissionsExt as _;
    let listen = "127.0.0.1:0".parse().unwrap();
    let options = Options { listen, scenario: "calm".to_owned(), seed: 5, speed };
    let sim = sim::start(options, SystemClock::shared()).await.unwrap();
    let path = dir.join("flightdeck.toml");
    // A busy machine is not a slow backend.
    let config = sim.config_toml().replace("max_latency = \"1s\"", "max_latency = \"1m\"");
    assert!(config.contains("max_latency = \"1m\""), "{config}");
    std::fs::write(&path, config).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    sim
}

async fn flightdeck(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(arguments).current_dir(dir).env("FLIGHTDECK_STATE_DIR", dir.join("state"));
    let ended = command.env("FLIGHTDECK_CONFIG", dir.join("flightdeck.toml")).kill_on_drop(true).output();
    tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_reports_each_step_and_ends_well() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let ask = ["rollback", "--environment", "production", "--to", "v40", "--json"];
    let plan = flightdeck(dir.path(), &ask).await;
    assert_eq!(plan.status.code(), Some(0), "{plan:?}");
    assert_eq!(lines(&plan)[0]["schema"], "flightdeck/plan");
    let done = flightdeck(dir.path(), &[&ask[..], &["--confirm=production"]].concat()).await;
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let said = lines(&done);
    assert!(said.len() > 8 && said[0]["schema"] == "flightdeck/rollback-step", "{said:?}");
    assert_eq!(said.last().unwrap()["operation"]["state"], "done");
    // What was proven is remembered as verified healthy: it is proposed later, by itself and without a warning.
    let status = flightdeck(dir.path(), &["status"]).await;
    let told = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(told.contains("flightdeck unpin frontend --environment production releases it"), "{told}");
    assert!(!told.contains("!U") && !told.contains('…'), "keys are of the screen, and a pipe has room: {told}");
    let forward = ["rollback", "--environment", "production", "--to", "v41"];
    let plan = flightdeck(dir.path(), &forward).await;
    let warned = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(warned.contains("backend v41 was never verified healthy"), "{warned}");
    assert_eq!(
        flightdeck(dir.path(), &[&forward[..], &["--confirm=production"]].concat()).await.status.code(),
        Some(0)
    );
    let proposed = flightdeck(dir.path(), &["plan", "rollback", "--environment", "production"]).await;
    let told = String::from_utf8_lossy(&proposed.stdout).into_owned();
    assert_eq!(proposed.status.code(), Some(0), "{proposed:?}");
    assert!(told.contains("add --confirm=production to carry it out") && !told.contains("verified"), "{told}");
    let back = [&ask[..], &["--confirm=production"]].concat();
    assert_eq!(flightdeck(dir.path(), &back).await.status.code(), Some(0));
    let again = flightdeck(dir.path(), &[&ask[..], &["--confirm=production"]].concat()).await;
    assert_ne!(again.status.code(), Some(0), "what is live is not rolled back to: {again:?}");
    let journal = flightdeck(dir.path(), &["journal", "--verify"]).await;
    assert_eq!(journal.status.code(), Some(0), "{journal:?}");
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_mistakes_have_their_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let base = ["rollback", "--environment", "production", "--service", "backend", "--to", "v40"];
    let code = async |more: &[&str]| flightdeck(dir.path(), &[&base[..], more].concat()).await.status.code();
    assert_eq!(code(&["--confirm=staging"]).await, Some(2));
    let refused = flightdeck(dir.path(), &[&base[..], &["--readonly"]].concat()).await;
    let said = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert_eq!(refused.status.code(), Some(5), "a plan that is refused is no success: {refused:?}");
    assert!(
        said.contains("refused: ") && said.contains("nothing was changed") && !said.contains("--confirm"),
        "{said}"
    );
    let elsewhere = ["rollback", "--environment", "prod"];
    for unnamed in [
        &["rollback"][..],
        &elsewhere,
        &["wait"],
        &["lock", "prod", "--reason", "x"],
        &["finish", "--environment", "prod"],
    ] {
        let asked = flightdeck(dir.path(), unnamed).await;
        assert_eq!(asked.status.code(), Some(2), "{asked:?}");
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        assert!(said.contains("there is ") && said.contains("production, staging"), "{unnamed:?}: {said}");
    }
    // What is no commit is never there, and no digits at all are the beginning of each.
    for commit in ["", "4", "v41"] {
        let asked = flightdeck(dir.path(), &["wait", "--environment", "production", "--commit", commit]).await;
        assert_eq!(asked.status.code(), Some(2), "{commit}: {asked:?}");
    }
    for (ask, key) in [(&["journal", "--verify", "--json"], "holds"), (&["config", "check", "--json"], "environments")]
    {
        let answer = flightdeck(dir.path(), ask).await;
        assert!(!lines(&answer)[0][key].is_null(), "{answer:?}");
    }
    assert_eq!(code(&["--confirm=production", "--readonly"]).await, Some(5));
    assert_eq!(flightdeck(dir.path(), &["status", "--json"]).await.status.code(), Some(0));
    assert_eq!(flightdeck(dir.path(), &["health", "--json"]).await.status.code(), Some(0));
    let releases = flightdeck(dir.path(), &["releases", "--json"]).await;
    assert!(lines(&releases)[0]["rows"].as_array().unwrap().len() > 5, "{releases:?}");
    let diff = flightdeck(dir.path(), &["secrets", "diff"]).await;
    assert_eq!(diff.status.code(), Some(1), "a difference is 1, as with diff: {diff:?}");
    assert!(String::from_utf8_lossy(&diff.stdout).contains("missing in production"), "{diff:?}");
    assert_eq!(flightdeck(dir.path(), &["--config", "absent.toml", "status"]).await.status.code(), Some(2));
    sim.stop().await;
    let gone = flightdeck(dir.path(), &["status", "--json"]).await;
    assert_eq!(gone.status.code(), Some(3), "no platform answers: {gone:?}");
    assert_eq!(lines(&gone)[0]["schema"], "flightdeck/status");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_project_file_lies_over_the_users_own_and_no_token_goes_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let user = dir.path().join("flightdeck");
    std::fs::create_dir(&user).unwrap();
    std::fs::write(
        user.join("config.toml"),
        "project = \"mine\"\n[ui]\ntheme = \"light\"\n[platforms.vercel]\ntoken_file = \"vercel\"\n",
    )
    .unwrap();
    let project = "project = \"ours\"\n[[environments]]\nname = \"production\"\ntier = \"production\"\n[platforms.vercel]\nbase = \"https://vercel.example\"\n";
    std::fs::write(dir.path().join("flightdeck.toml"), project).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(["config", "check"]).current_dir(dir.path()).env("XDG_CONFIG_HOME", dir.path());
    command.env_remove("FLIGHTDECK_CONFIG").env_remove("VERCEL_TOKEN");
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(said.contains("project ours"), "{said}");
    assert!(said.contains("is not sent there"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_merged_by_time_filtered_and_read_by_programs() {
    let dir = tempfile::tempdir().unwrap();
    // Not so fast that between two runs on a busy machine more is written than a platform gives back.
    let sim = world_at(dir.path(), 4.0).await;
    let output = flightdeck(dir.path(), &["logs", "--environment", "production", "--json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = lines(&output);
    let at: Vec<jiff::Timestamp> = said.iter().filter_map(|line| line["at"].as_str()?.parse().ok()).collect();
    assert!(at.len() == said.len() && at.len() > 10 && at.is_sorted());
    assert!(said.iter().all(|line| line["environment"] == "production" && line["version"] == 1));
    let few = flightdeck(dir.path(), &["logs", "--service", "backend", "--grep", "get /", "--limit", "3"]).await;
    let text = String::from_utf8_lossy(&few.stdout).into_owned();
    assert!((1..=3).contains(&text.lines().count()) && text.lines().all(|line| line.contains("/backend ")), "{text}");
    assert!(text.lines().all(|line| line.to_lowercase().contains("get /")), "{text}");
    for wrong in [&["logs", "--since", "soon"][..], &["logs", "--regex", "("], &["logs", "--service", "nobody"]] {
        assert_eq!(flightdeck(dir.path(), wrong).await.status.code(), Some(2), "{wrong:?}");
    }
    let resumed = ["logs", "--environment", "production", "--json", "--resume", "place"];
    let key = |line: &Value| format!("{} {} {} {}", line["at"], line["service"], line["instance"], line["raw"]);
    let first: Vec<String> = lines(&flightdeck(dir.path(), &resumed).await).iter().map(key).collect();
    let second = lines(&flightdeck(dir.path(), &resumed).await);
    let again: Vec<&Value> =
        second.iter().filter(|line| line["raw"].is_string() && first.contains(&key(line))).collect();
    assert!(first.len() > 20 && again.is_empty(), "{again:?}");
    assert!(
        second.iter().all(|line| line["schema"] == "flightdeck/log"),
        "nothing is missing between two runs: {second:?}"
    );
    std::fs::write(dir.path().join("place"), "{}").unwrap();
    assert_eq!(flightdeck(dir.path(), &resumed).await.status.code(), Some(2), "it is no such file");
    let late = flightdeck(dir.path(), &["logs", "--follow", "--timeout", "1"]).await;
    assert_eq!(late.status.code(), Some(124), "{late:?}");
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_has_its_own_exit_code_and_is_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let path = dir.path().join("flightdeck.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("FlyV1 fm2_", "FlyV1 fm2_wrong");
    std::fs::write(&path, text).unwrap();
    let status = flightdeck(dir.path(), &["status"]).await;
    assert_eq!(status.status.code(), Some(4), "{status:?}");
    let said = String::from_utf8_lossy(&status.stdout);
    assert!(said.contains("not read: production/backend declared") && !said.contains("fm2_wrong"), "{said}");
    let ask = ["rollback", "--environment", "production", "--to", "v40", "--confirm", "production"];
    let rollback = flightdeck(dir.path(), &ask).await;
    assert_eq!(rollback.status.code(), Some(4), "{rollback:?}");
    let info = flightdeck(dir.path(), &["info", "--json"]).await;
    assert_eq!(info.status.code(), Some(0), "{info:?}");
    assert!(!String::from_utf8_lossy(&info.stdout).contains("fm2_wrong"));
    assert_eq!(lines(&info)[0]["configuration"]["fly"]["token from"], "the configuration file");
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_pages_and_completions_are_made_without_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let ask = ["snapshot", "--demo", "--scenario", "calm", "--until", "healthy", "--size", "100x30"];
    let text = flightdeck(dir.path(), &ask).await;
    assert_eq!(text.status.code(), Some(0), "{text:?}");
    assert!(String::from_utf8_lossy(&text.stdout).contains("PROD  Environments"), "{text:?}");
    let picture = dir.path().join("console.svg");
    let drawn = flightdeck(dir.path(), &[&ask[..], &["--output", picture.to_str().unwrap()]].concat()).await;
    assert_eq!(drawn.status.code(), Some(0), "{drawn:?}");
    assert!(std::fs::read_to_string(picture).unwrap().starts_with("<svg"));
    let never = flightdeck(dir.path(), &["snapshot", "--demo", "--until", "no such words", "--timeout", "1"]).await;
    assert_eq!(never.status.code(), Some(124), "{never:?}");
    let man = flightdeck(dir.path(), &["man"]).await;
    assert!(String::from_utf8_lossy(&man.stdout).contains(".TH flightdeck"), "{man:?}");
    let completions = flightdeck(dir.path(), &["completions", "bash"]).await;
    assert!(String::from_utf8_lossy(&completions.stdout).contains("_flightdeck"), "{completions:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn following_ends_by_a_signal_with_its_code_and_quietly_without_a_reader() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    for (signal, code) in [(Some("-INT"), 130), (Some("-TERM"), 143), (None, 0)] {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.args(["logs", "--follow"]).current_dir(dir.path());
        command.env("FLIGHTDECK_CONFIG", dir.path().join("flightdeck.toml"));
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut first = String::new();
        // The reader goes away behind the first line in the last round.
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut first).await.unwrap();
        assert!(first.contains('/'), "{first}");
        let reader = signal.map(|_| reader);
        if let Some(signal) = signal {
            let id = child.id().unwrap().to_string();
            assert!(tokio::process::Command::new("kill").args([signal, &id]).status().await.unwrap().success());
        }
        let ended = child.wait_with_output().await.unwrap();
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        assert!(!String::from_utf8_lossy(&ended.stderr).contains("pipe"), "{ended:?}");
        drop(reader);
    }
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_that_waits_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let none = flightdeck(dir.path(), &["approvals"]).await;
    let said = String::from_utf8_lossy(&none.stdout).into_owned();
    assert!(said.starts_with("no gate waits: all of it read at "), "{none:?}");
    let event = r#"{"kind": "deploy", "environment": "production", "commit": "next", "gated": true}"#;
    sim.shared().world().happen(&serde_json::from_str(event).unwrap());
    // The run comes to its gate when its first jobs have ended; every question takes time by itself.
    for _ in 0..40 {
        let asked = flightdeck(dir.path(), &["approvals", "--json"]).await;
        assert_eq!(asked.status.code(), Some(0), "{asked:?}");
        if let Some(gate) = lines(&asked)[0]["rows"].as_array().unwrap().first() {
            assert_eq!(gate["environment"], "production");
            assert!(gate["may_approve"].is_boolean() && gate["run"].is_number(), "{gate}");
            return sim.stop().await;
        }
    }
    panic!("no gate was listed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promotion_waits_for_its_gate_and_is_approved_from_another_shell() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let plan = flightdeck(dir.path(), &["promote"]).await;
    let said = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(plan.status.code() == Some(0) && said.contains("nothing was changed"), "{plan:?}");
    for shown in [
        "commits ship",
        "written by",
        "pull requests: ",
        "migrations: ",
        "its pipeline passed: ",
        "the source is healthy",
    ] {
        assert!(said.contains(shown), "{shown}: {said}");
    }
    // Production lacks a secret that is required: without a screen, too, somebody has to say why nevertheless.
    assert!(said.contains("needs a reason: not met: secrets are in place: SENTRY_DSN"), "{said}");
    let dared = flightdeck(dir.path(), &["promote", "--confirm", "production"]).await;
    assert_eq!(dared.status.code(), Some(5), "{dared:?}");
    assert!(String::from_utf8_lossy(&dared.stderr).contains("--reason"), "{dared:?}");
    let whole = lines(&flightdeck(dir.path(), &["plan", "promote", "--json"]).await);
    let ships = &whole[0]["plan"]["ships"];
    assert!(ships["pulls"][0]["number"].is_u64() && ships["authors"][0].is_string(), "{ships}");
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(["promote", "--confirm", "production", "--reason", "planned", "--json"]).current_dir(dir.path());
    command.env("FLIGHTDECK_STATE_DIR", dir.path().join("state"));
    command.env("FLIGHTDECK_CONFIG", dir.path().join("flightdeck.toml")).stdout(std::process::Stdio::piped());
    let mut promote = command.kill_on_drop(true).spawn().unwrap();
    let mut out = tokio::io::BufReader::new(promote.stdout.take().unwrap()).lines();
    let mut said: Vec<Value> = Vec::new();
    // Nobody approves before it has said that it waits.
    while !said.last().is_some_and(|line| line["step"]["state"]["waiting"].is_object()) {
        said.push(serde_json::from_str(&out.next_line().await.unwrap().unwrap()).unwrap());
    }
    let list = flightdeck(dir.path(), &["approvals", "--json"]).await;
    let run = lines(&list)[0]["rows"][0]["run"].as_u64().unwrap().to_string();
    let wrong = flightdeck(dir.path(), &["approve", &run, "--confirm", "staging"]).await;
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    let refused = flightdeck(dir.path(), &["approve", &run, "--confirm", "production", "--readonly"]).await;
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    // A comment for the record is no reason for what speaks against it.
    let remarked = flightdeck(dir.path(), &["approve", &run, "--confirm=production", "--comment=fine"]).await;
    assert_eq!(remarked.status.code(), Some(5), "{remarked:?}");
    let approved = flightdeck(dir.path(), &["approve", &run, "--confirm=production", "--reason=fine"]).await;
    assert_eq!(approved.status.code(), Some(0), "{approved:?}");
    while let Some(line) = out.next_line().await.unwrap() {
        said.push(serde_json::from_str(&line).unwrap());
    }
    assert_eq!(promote.wait().await.unwrap().code(), Some(0), "{said:?}");
    assert_eq!(said[0]["schema"], "flightdeck/promote-step");
    assert_eq!(said.last().unwrap()["operation"]["state"], "done");
    let gate = said.iter().find_map(|line| line["step"]["state"]["waiting"].as_object());
    assert!(
        gate.is_some_and(|gate| gate["env"] == "production" && gate["run"].is_u64() && gate["mine"] == true),
        "{gate:?}"
    );
    // Who had it carried out, why, and what that overrode stands in the journal.
    let order = &said.last().unwrap()["operation"]["order"];
    assert!(order["reason"] == "planned" && !order["by"].as_str().unwrap().is_empty(), "{order}");
    assert!(order["overridden"][0].as_str().unwrap().contains("SENTRY_DSN"), "{order}");
    let journal = flightdeck(dir.path(), &["journal", "--limit", "1000"]).await;
    let journal = String::from_utf8_lossy(&journal.stdout).into_owned();
    assert!(journal.contains(": planned (overrides: not met: secrets are in place"), "{journal}");
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_and_marks_hold_against_others() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let by = async |who: &str, arguments: &[&str]| {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.args(arguments).current_dir(dir.path()).env("FLIGHTDECK_STATE_DIR", dir.path().join("state"));
        command
            .env("FLIGHTDECK_CONFIG", dir.path().join("flightdeck.toml"))
            .env("FLIGHTDECK_WHO", who)
            .output()
            .await
            .unwrap()
    };
    let lock = by("maria", &["lock", "production", "--reason", "migration", "--for", "2h"]).await;
    assert_eq!(lock.status.code(), Some(0), "{lock:?}");
    assert_eq!(by("ali", &["lock", "production", "--reason", "mine"]).await.status.code(), Some(5));
    let ask = ["rollback", "--environment", "production", "--to", "v40", "--confirm=production"];
    let refused = by("ali", &ask).await;
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("locked by maria: migration"), "{refused:?}");
    let plan = by("ali", &ask[..5]).await;
    let said = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(said.contains("add --confirm=production --reason='…' to carry it out"), "{said}");
    // Another person's lock goes by name and for a reason, and the journal keeps both.
    for few in [&["unlock", "production"][..], &["unlock", "production", "--confirm=production"]] {
        let refused = by("ali", few).await;
        assert_eq!(refused.status.code(), Some(5), "{refused:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("locked by maria: migration") && said.contains("--reason="), "{said}");
    }
    let again = by("maria", &["lock", "production", "--reason", "longer", "--json"]).await;
    assert_eq!(lines(&again)[0]["replaced"]["why"], "migration", "{again:?}");
    let taken =
        by("ali", &["unlock", "production", "--confirm=production", "--reason", "she is asleep", "--json"]).await;
    assert_eq!(taken.status.code(), Some(0), "{taken:?}");
    assert_eq!(lines(&taken)[0]["lock"]["who"], "maria");
    let kept = by("ali", &["journal", "--json", "--limit", "1"]).await;
    let row = &lines(&kept)[0]["rows"][0];
    assert_eq!((&row["event"], &row["body"]["who"]), (&"unlock".into(), &"ali".into()), "{row}");
    let why = row["body"]["why"].as_str().unwrap();
    assert!(why.starts_with("she is asleep; it was locked by maria: longer"), "{why}");
    assert_eq!(by("ali", &["lock", "production", "--reason", "x", "--for=-2h"]).await.status.code(), Some(2));
    let releases = by("ali", &["releases", "--json"]).await;
    let rows = lines(&releases)[0]["rows"].as_array().unwrap().clone();
    let v40 = rows.iter().find(|row| row["label"] == "v40").unwrap()["sha"].as_str().unwrap().to_owned();
    let marked = by("ali", &["mark", &v40[..8], "--reason", "corrupts rows"]).await;
    assert!(marked.status.code() == Some(0) && String::from_utf8_lossy(&marked.stdout).starts_with(&v40), "{marked:?}");
    let refused = by("ali", &ask).await;
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("marked bad: corrupts rows (ali)"), "{refused:?}");
    let again = by("maria", &["mark", &v40, "--reason", "leaks", "--json"]).await;
    assert_eq!(lines(&again)[0]["replaced"]["why"], "corrupts rows", "{again:?}");
    let journal = by("maria", &["journal", "--environment", "production"]).await;
    let said = String::from_utf8_lossy(&journal.stdout).into_owned();
    assert!(said.contains("leaks, by maria; this replaces corrupts rows (ali)"), "{said}");
    let other = by("maria", &["journal", "--environment", "staging", "--json"]).await;
    let rows = lines(&other)[0]["rows"].as_array().unwrap().clone();
    assert!(rows.len() == 2 && rows.iter().all(|row| row["event"] == "mark"), "{rows:?}");
    let gone = by("maria", &["unmark", &v40[..8]]).await;
    assert!(String::from_utf8_lossy(&gone.stdout).contains("it was: leaks (maria)"), "{gone:?}");
    assert_eq!(by("maria", &ask).await.status.code(), Some(0));
    assert_eq!(by("maria", &["journal", "--verify"]).await.status.code(), Some(0));
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_when_the_environment_is_there_and_says_only_what_changes() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let well = flightdeck(dir.path(), &["wait", "--environment", "production", "--json"]).await;
    assert_eq!(well.status.code(), Some(0), "{well:?}");
    let said: Vec<String> = lines(&well).iter().map(|line| line["says"].to_string()).collect();
    assert!(said.last().unwrap().contains("healthy") && said.windows(2).all(|pair| pair[0] != pair[1]), "{said:?}");
    let other = ["wait", "--environment", "production", "--commit", "0000000"];
    let late = flightdeck(dir.path(), &[&other[..], &["--timeout", "2"]].concat()).await;
    assert_eq!(late.status.code(), Some(124), "{late:?}");
    let pending = flightdeck(dir.path(), &[&other[..], &["--no-wait"]].concat()).await;
    assert_eq!(pending.status.code(), Some(8), "{pending:?}");
    sim.stop().await;
}

/// What is down is asked once a second at most, whoever waits for it: `wait` made 252 requests in 20 s. The requests with which it begins
/// are under way at once, before anybody knows.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_what_is_down_asks_once_a_second() {
    const AT_ONCE: u64 = 12;
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    for fault in [
        serde_json::json!({"kind": "status", "status": 500, "platform": "supabase"}),
        serde_json::json!({"kind": "status", "status": 503, "platform": "fly"}),
        serde_json::json!({"kind": "reset", "platform": "vercel"}),
    ] {
        let spec = serde_json::from_value(fault).unwrap();
        sim.shared().faults().push(sim::faults::Fault { spec, until: None });
    }
    let clock = SystemClock::shared();
    let began = clock.mono();
    let waited = flightdeck(dir.path(), &["wait", "--environment", "production", "--timeout", "6"]).await;
    let seconds = (clock.mono() - began).as_secs() + 1;
    assert_eq!(waited.status.code(), Some(124), "{waited:?}");
    for (origin, routes) in sim.shared().counts() {
        let asked: u64 = routes.values().sum();
        if ["supabase", "fly_machines", "fly_api", "vercel"].contains(&origin.as_str()) {
            assert!((2..=seconds + AT_ONCE).contains(&asked), "{origin} in {seconds} s: {asked} {routes:?}");
        }
    }
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_of_ones_own_are_written_and_one_that_cannot_be_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = r#"
[[environments]]
name = "production"
logs = [
    { name = "worker", command = ["printf", "2026-01-31T12:00:00Z [warn] line %s\n", "0", "1", "2"] },
    { name = "nginx", file = "access.log" },
    { name = "gone", command = ["/no/such/thing"] },
]
"#;
    std::fs::write(dir.path().join("flightdeck.toml"), config).unwrap();
    std::fs::write(dir.path().join("access.log"), "2026-01-31T11:59:00Z ERROR earlier\n").unwrap();
    let checked = flightdeck(dir.path(), &["config", "check"]).await;
    assert!(
        String::from_utf8_lossy(&checked.stdout).contains("log production/worker: what printf writes"),
        "{checked:?}"
    );
    let all = flightdeck(dir.path(), &["logs", "--json"]).await;
    assert_eq!(all.status.code(), Some(3), "{all:?}");
    assert!(String::from_utf8_lossy(&all.stderr).contains("/no/such/thing cannot be run"), "{all:?}");
    let said: Vec<(String, String, String)> = lines(&all)
        .iter()
        .map(|line| {
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            (text("service"), text("level"), text("message"))
        })
        .collect();
    let line = |service: &str, level: &str, message: &str| (service.to_owned(), level.to_owned(), message.to_owned());
    assert_eq!(
        said,
        [
            line("nginx", "error", "ERROR earlier"),
            line("worker", "warn", "[warn] line 0"),
            line("worker", "warn", "[warn] line 1"),
            line("worker", "warn", "[warn] line 2"),
        ]
    );
    let one = flightdeck(dir.path(), &["logs", "--service", "worker", "--limit", "1"]).await;
    assert_eq!((one.status.code(), String::from_utf8_lossy(&one.stdout).lines().count()), (Some(0), 1), "{one:?}");
}
