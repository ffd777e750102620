//! A store that cannot be read: every change is refused with its place and the way out, and what is printed says so.

use std::path::{Path, PathBuf};
use std::process::Output;

use flightdeck::clock::SystemClock;
use flightdeck::domain::ids::OpId;
use flightdeck::domain::operation::{OpKind, Operation};
use flightdeck::sim::Sim;
use flightdeck::sim::faults::Fault;
use flightdeck::store::Store;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use super::{lines, world};

async fn sql(state: &Path, statement: &str) {
    let options = SqliteConnectOptions::new().filename(state.join("flightdeck.sqlite"));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&pool).await.unwrap();
    pool.close().await;
}

async fn flightdeck(dir: &Path, state: &Path, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(arguments).current_dir(dir).env("FLIGHTDECK_STATE_DIR", state).env("FLIGHTDECK_WHO", "ali");
    command.env("FLIGHTDECK_CONFIG", dir.join("flightdeck.toml")).output().await.unwrap()
}

/// Changing requests that the platforms of production have seen.
fn changes(sim: &Sim) -> Vec<String> {
    let counts = sim.shared().counts();
    let routes = counts.into_values().flat_map(|routes| routes.into_keys());
    routes.filter(|route| route.starts_with("POST /v1/apps") || route.starts_with("POST /{v}/projects")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_left_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let state: PathBuf = dir.path().join("state");
    let store = Store::open(&state, SystemClock::shared()).await.unwrap();
    let (op, now) = (OpId(uuid::Uuid::now_v7()), SystemClock::shared().now());
    let title = "roll back production to 9df49c2".into();
    store.begin(&Operation::begun(op, OpKind::RollBack, "production".into(), title, now)).await.unwrap();
    let leave = ["leave", "--environment", "production", "--confirm=production"];
    let full = "create trigger full before insert on journal when new.event = 'abandon' begin select raise(abort, 'full'); end";
    sql(&state, full).await;
    let refused = flightdeck(dir.path(), &state, &leave).await;
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("it was not left by this"), "{refused:?}");
    sql(&state, "drop trigger full").await;
    assert_eq!(store.interrupted().await.unwrap().len(), 1);
    assert_eq!(flightdeck(dir.path(), &state, &leave).await.status.code(), Some(0));
    assert!(store.interrupted().await.unwrap().is_empty());
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_may_not_read_is_told_and_one_environment_may_be_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let state: PathBuf = dir.path().join("state");
    let run = async |arguments: &[&str]| {
        let output = flightdeck(dir.path(), &state, arguments).await;
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert!(run(&["journal"]).await.1.starts_with("no journal: nothing was ever done"));
    assert!(!state.exists(), "who only looks makes nothing");
    for (platform, route) in [("supabase", "/advisors/"), ("supabase", "/config/disk"), ("vercel", "/domains")] {
        let spec =
            serde_json::from_value(json!({"platform": platform, "route": route, "kind": "status", "status": 403}));
        sim.shared().faults().push(Fault { spec: spec.unwrap(), until: None });
    }
    let (code, text) = run(&["status", "--environment", "production"]).await;
    for name in ["security advisor", "performance advisor", "disk", "domains"] {
        assert!(text.contains(&format!("unknown {name}: not for this token: ")), "{name}: {text}");
    }
    let row = text.lines().nth(1).unwrap_or_default();
    assert!(text.starts_with("environment") && row.starts_with("production") && !text.contains("staging"), "{text}");
    assert_eq!(code, Some(0), "{text}");
    let (_, json) = run(&["status", "--json", "--environment", "production"]).await;
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["environments"].as_array().unwrap().len(), 1);
    let (_, health) = run(&["health", "--environment", "staging"]).await;
    assert!(health.contains("staging") && !health.contains("production"), "{health}");
    assert_eq!(run(&["status", "--environment", "prod"]).await.0, Some(2));
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_or_deleted_store_forgets_no_lock() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let state: PathBuf = dir.path().join("state");
    let run = async |arguments: &[&str]| flightdeck(dir.path(), &state, arguments).await;
    assert_eq!(run(&["lock", "production", "--reason", "a migration runs"]).await.status.code(), Some(0));
    for deleted in [false, true] {
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(state.join(format!("flightdeck.sqlite{suffix}")));
        }
        let file = state.join("flightdeck.sqlite");
        if deleted {
            std::fs::remove_file(&file).unwrap()
        } else {
            std::fs::write(&file, "").unwrap()
        }
        let changes: [&[&str]; 3] = [
            &["rollback", "--environment", "production", "--to", "v40", "--confirm=production"],
            &["unlock", "production"],
            &["mark", "0123456789012345678901234567890123456789", "--reason", "corrupts rows"],
        ];
        for change in changes {
            let refused = run(change).await;
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert_eq!(refused.status.code(), Some(5), "{change:?}: {refused:?}");
            let words = if deleted { "flightdeck.sqlite is gone" } else { "flightdeck.sqlite is empty" };
            assert!(said.contains(&state.display().to_string()) && said.contains(words), "{said}");
            assert!(said.contains("put a copy of the file back"), "the way out: {said}");
        }
        let status = run(&["status", "--json"]).await;
        assert_eq!(status.status.code(), Some(3), "{status:?}");
        assert_eq!(lines(&status)[0]["failing"][0]["feed"], "journal");
    }
    assert_eq!(changes(&sim), Vec::<String>::new());
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_refuses_and_names_the_store_and_the_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let spoiled = [
        ("lock", "insert into locks values ('staging', x'ff00', 'why', '2026-01-01T00:00:00Z', null)"),
        ("marks", "drop table marks"),
        (
            "operation",
            "insert into journal (at, op, event, body, hash) values ('2026-01-01T00:00:00Z', 'x', 'begin', \
             '{\"id\":\"0192f0c1-2d3e-7a4b-8c5d-6e7f80910213\",\"kind\":\"teleport\",\"env\":\"staging\"}', '')",
        ),
        ("newer", "pragma user_version = 99"),
    ];
    for (name, statement) in spoiled {
        let state: PathBuf = dir.path().join(name);
        let run = async |arguments: &[&str]| flightdeck(dir.path(), &state, arguments).await;
        let status = run(&["status", "--json"]).await;
        assert_eq!(status.status.code(), Some(0), "{status:?}");
        assert!(!state.exists(), "who only looks makes nothing");
        assert_eq!(run(&["unlock", "staging"]).await.status.code(), Some(0));
        sql(&state, statement).await;
        let ask = ["rollback", "--environment", "production", "--to", "v40", "--confirm=production"];
        let refused = run(&ask).await;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(5), "{name}: {refused:?}");
        let place = state.display().to_string();
        assert!(said.contains(&place) && said.contains("[state] dir"), "{name}: {said}");
        assert!(said.contains("nothing was changed"), "{name}: {said}");
        if name != "lock" {
            let proposed = run(&["rollback", "--environment", "production"]).await;
            let said = String::from_utf8_lossy(&proposed.stderr).into_owned();
            assert_eq!(proposed.status.code(), Some(if name == "operation" { 3 } else { 5 }), "{name}: {proposed:?}");
            assert!(!said.contains("--to says"), "where to go is not what is missing: {said}");
        }
        let status = run(&["status", "--json"]).await;
        assert_eq!(status.status.code(), Some(3), "{name}: {status:?}");
        let failing = lines(&status)[0]["failing"].clone();
        assert_eq!(failing[0]["feed"], "journal", "{name}: {failing}");
        assert!(lines(&status)[0]["cut_short"].is_null(), "{name}: what was not read is no empty list");
        assert!(failing[0]["why"].as_str().unwrap().contains(&place), "{name}: {failing}");
        let text = run(&["status"]).await;
        let text = String::from_utf8_lossy(&text.stdout).into_owned();
        assert!(text.contains(&format!("not read: journal: the journal in {place}")), "{name}: {text}");
        if name == "newer" {
            let lock = run(&["lock", "production", "--reason", "mine"]).await;
            assert_eq!(lock.status.code(), Some(5), "as every other change: {lock:?}");
        }
    }
    assert_eq!(changes(&sim), Vec::<String>::new());
    sim.stop().await;
}

/// A setting of the simulated world, as a drill makes it.
async fn set(sim: &Sim, setting: serde_json::Value) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = format!("{}/_sim/state", sim.control());
    assert!(reqwest::Client::new().post(&url).json(&setting).send().await.unwrap().status().is_success(), "{setting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_programs_what_the_database_says_of_itself() {
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let state: PathBuf = dir.path().join("state");
    let found = async || {
        let output = flightdeck(dir.path(), &state, &["health", "--json", "--environment", "production"]).await;
        let rows = lines(&output)[0]["rows"].as_array().unwrap().clone();
        let own = rows.into_iter().filter(|row| row["service"] == "database" && !row["check"].is_null());
        let all: Vec<_> = own.map(|row| (row["check"].as_str().unwrap().to_owned(), row)).collect();
        (output.status.code(), all.into_iter().collect::<std::collections::BTreeMap<_, _>>())
    };
    let (code, calm) = found().await;
    assert_eq!(
        (&calm["security advisor"]["state"], &calm["security advisor"]["reading"]),
        (&json!("healthy"), &json!("read"))
    );
    assert_eq!((code, &calm["disk"]["state"]), (Some(0), &json!("healthy")), "{calm:?}");
    set(
        &sim,
        json!({"platform": "supabase", "resource": "production", "lints": ["rls_disabled_in_public"], "disk": 97}),
    )
    .await;
    let (_, sick) = found().await;
    for (check, says) in [("security advisor", "1 errors"), ("disk", "97% used")] {
        assert_eq!(sick[check]["state"], "degraded", "{check}: it serves still: {sick:?}");
        assert!(sick[check]["why"].as_str().unwrap().contains(says), "{check}: {sick:?}");
    }
    set(&sim, json!({"platform": "supabase", "resource": "production", "read_only": true})).await;
    let (code, stopped) = found().await;
    assert_eq!((code, &stopped["writable"]["state"]), (Some(1), &json!("failing")), "{stopped:?}");
    sim.stop().await;
}

/// The most memory that a process has had, in kilobytes, as long as it can be asked.
#[cfg(target_os = "linux")]
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    peak?.parse().ok()
}

/// A journal of 150 MB, as one of a million rows has: each row hangs on the one before it, as the store writes them.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_long_journal_is_verified_in_little_memory() {
    use sha2::Digest as _;
    const ROWS: usize = 25_000;
    let dir = tempfile::tempdir().unwrap();
    let sim = world(dir.path()).await;
    let state: PathBuf = dir.path().join("state");
    drop(Store::open(&state, SystemClock::shared()).await.unwrap());
    let options = SqliteConnectOptions::new().filename(state.join("flightdeck.sqlite"));
    let pool = SqlitePool::connect_with(options).await.unwrap();
    let body = json!({"call": "x".repeat(6_000)}).to_string();
    let mut tx = pool.begin().await.unwrap();
    let mut last = String::new();
    for _ in 0..ROWS {
        let mut hasher = sha2::Sha256::new();
        for part in [last.as_str(), "now", "op", "intent", &body] {
            hasher.update(part.len().to_be_bytes());
            hasher.update(part);
        }
        last = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let insert = "insert into journal (at, op, event, body, hash) values ('now', 'op', 'intent', ?, ?)";
        sqlx::query(insert).bind(&body).bind(&last).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    pool.close().await;
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(["journal", "--verify"]).current_dir(dir.path()).env("FLIGHTDECK_STATE_DIR", &state);
    command.env("FLIGHTDECK_CONFIG", dir.path().join("flightdeck.toml")).stdout(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let pid = child.id().unwrap();
    let asked = tokio::task::spawn_blocking(move || {
        // The last answer before it is gone is the highest.
        let mut most = 0;
        while let Some(now) = peak(pid) {
            most = now;
            std::thread::yield_now();
        }
        most
    });
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("the chain of {ROWS} rows holds\n"), "{output:?}");
    let most = asked.await.unwrap();
    assert!((1_000..100_000).contains(&most), "it took {most} kB");
    sim.stop().await;
}

/// Names of the folders in there that begin like this.
fn folders(dir: &Path, begin: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    all.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(begin))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_demo_keeps_a_journal_of_its_own_that_goes_with_it_unless_a_folder_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (temporary, home) = (dir.path().join("tmp"), dir.path().join("home"));
    std::fs::create_dir_all(&temporary).unwrap();
    let named = dir.path().join("named");
    for state in [None, Some(&named)] {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        command.args(["demo", "--linear", "--scenario", "calm"]).current_dir(dir.path()).env("TMPDIR", &temporary);
        command.env("XDG_STATE_HOME", &home).env_remove("FLIGHTDECK_STATE_DIR").env_remove("FLIGHTDECK_CONFIG");
        command.envs(state.map(|folder| ("FLIGHTDECK_STATE_DIR", folder)));
        let mut child = command.stdout(std::process::Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut out = tokio::io::BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("healthy") {
            let line = tokio::io::AsyncBufReadExt::read_line(&mut out, &mut said);
            assert!(tokio::time::timeout(super::PATIENCE, line).await.unwrap().unwrap() > 0, "it ended: {said}");
        }
        let own = folders(&temporary, "flightdeck-demo-");
        assert_eq!(own.len(), usize::from(state.is_none()), "{own:?}");
        let kept = state.map_or_else(|| own[0].clone(), |folder| folder.join("demo"));
        assert!(kept.join("flightdeck.sqlite").is_file(), "{kept:?}");
        let id = child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let ended = tokio::time::timeout(super::PATIENCE, child.wait()).await.unwrap().unwrap();
        assert_eq!(ended.code(), Some(143), "{said}");
        assert_eq!(folders(&temporary, "flightdeck-demo-"), Vec::<PathBuf>::new());
        assert_eq!(kept.join("flightdeck.sqlite").is_file(), state.is_some());
    }
    let lasting = home.join("flightdeck/demo");
    assert!(!lasting.join("flightdeck.sqlite").exists() && lasting.is_dir(), "its log alone stays");
}
