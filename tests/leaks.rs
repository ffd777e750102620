//! Values of secrets appear nowhere: not in frames, answers, complaints, the journal, the diagnostics, or in `Debug`.

use std::path::Path;

use crate::console::{Person, supervise};
use crate::loops::{lever, world};
use flightdeck::app::msg::KeyCode;
use serde_json::json;

/// Values that look like what platforms give out, and ordinary ones behind a name.
const SHAPES: [&str; 7] = [
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_11ABCDEFG0123456789_abcdefghijklmnopqrstuvwxyz",
    "sbp_0123456789abcdef0123456789abcdef01234567",
    "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg",
    "correct-horse-battery-staple",
];

/// The console's own tokens, as the simulator has written them into the configuration.
fn own(config: &str) -> Vec<String> {
    let table: toml::Value = toml::from_str(config).unwrap();
    let all = table["platforms"].as_table().unwrap().values();
    let tokens = all.filter_map(|one| one.get("token")?.as_str());
    // A macaroon is a list: none of its parts may appear, either.
    let parts = tokens.flat_map(|token| token.split([' ', ',']).map(str::to_owned));
    parts.filter(|part| part.len() > 12).collect()
}

fn clean(what: &str, text: &str, secrets: &[String]) {
    let found = secrets.iter().find(|secret| text.contains(secret.as_str()));
    assert!(found.is_none(), "{what} holds {found:?}:\n{}", text.chars().take(4000).collect::<String>());
}

fn files(dir: &Path, secrets: &[String]) -> usize {
    let mut seen = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            seen += files(&path, secrets);
        } else {
            let bytes = match std::fs::read(&path) {
                // The database takes its side files away when its last connection ends, which may be now.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                read => read.unwrap(),
            };
            clean(&path.display().to_string(), &String::from_utf8_lossy(&bytes), secrets);
            seen += 1;
        }
    }
    seen
}

fn message(secret: &str) -> String {
    if secret.starts_with("correct") {
        format!("connecting with postgres://app:{secret}@db.internal:5432/app password={secret}")
    } else {
        format!("calling upstream with Authorization: Bearer {secret} and again {secret}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_reaches_the_screen_or_the_disk() {
    let state = tempfile::tempdir().unwrap();
    let (sim, settings) = world("calm", state.path()).await;
    let (control, mut secrets) = (sim.control().to_owned(), own(&sim.config_toml()));
    assert!(secrets.len() >= 4, "the configuration holds tokens");
    secrets.extend(SHAPES.map(str::to_owned));
    clean("Debug of the settings", &format!("{settings:?}"), &secrets);
    supervise(settings, (200, 50), async |mut person: Person| {
        person.sees_that("all is read", |frame| frame.matches("● healthy").count() >= 4).await;
        for secret in &secrets {
            lever(&control, "events", &json!({"kind": "log", "level": "error", "message": message(secret)})).await;
        }
        lever(&control, "events", &json!({"kind": "log", "level": "error", "message": "the last of them"})).await;
        person.types("4ll").await;
        let frame = person.sees("the last of them").await;
        clean("the logs", &frame, &secrets);
        assert!(frame.contains("redacted"), "it says that it redacted:\n{frame}");
        person.types("w k").await;
        person.presses(KeyCode::Enter).await;
        clean("a line opened", &person.sees("Log line").await, &secrets);
        person.presses(KeyCode::Esc).await;
        for view in ["2", "3", "5", "6", "7", "8", "9"] {
            person.types(view).await;
            let frame = person.sees_that("another view", |frame| !frame.contains("the last of them")).await;
            clean(view, &frame, &secrets);
        }
        person.types("1X").await;
        clean("the evidence", &person.sees("Why:").await, &secrets);
        person.presses(KeyCode::Esc).await;
        person.types("q").await;
    })
    .await;
    assert!(files(state.path(), &secrets) > 0, "something was written");
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_value_is_in_what_a_command_says() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let (sim, _) = world("calm", dir.path()).await;
    let config = dir.path().join("flightdeck.toml");
    std::fs::write(&config, sim.config_toml()).unwrap();
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut secrets = own(&sim.config_toml());
    secrets.extend(SHAPES.map(str::to_owned));
    for secret in &secrets {
        lever(sim.control(), "events", &json!({"kind": "log", "message": message(secret)})).await;
    }
    let rollback = ["rollback", "--environment", "production", "--to", "v40", "--confirm=production", "--reason"];
    let lock = ["lock", "production", "--reason", "sk_live_4eC39HqLyjWDarjtT1zdp7dc is what broke"];
    let commands: [&[&str]; 12] = [
        &["status"],
        &["status", "--json"],
        &["logs", "--json"],
        &["logs"],
        &["secrets", "diff", "--json"],
        &["info", "--json"],
        &["config", "check"],
        &[&rollback[..], &["ghp_16C7e42F292c6912E7710c838347Ae178B4a is no reason"]].concat(),
        &lock,
        &["journal", "--json"],
        &["status", "--json"],
        &["releases", "--json"],
    ];
    for arguments in commands {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
        // A file that only lies there is not trusted: its tokens and addresses are used because it is named.
        command.args(arguments).current_dir(dir.path()).env("FLIGHTDECK_CONFIG", &config);
        command.env("FLIGHTDECK_STATE_DIR", dir.path().join("state"));
        let output = command.env("RUST_BACKTRACE", "1").env("FLIGHTDECK_LOG", "trace").output().await.unwrap();
        assert!(output.status.code().is_some_and(|code| code < 100), "{arguments:?} {output:?}");
        for bytes in [&output.stdout, &output.stderr] {
            let said = String::from_utf8_lossy(bytes);
            assert!(!said.contains("not approved"), "{arguments:?} went without its tokens: {said}");
            clean(&format!("{arguments:?}"), &said, &secrets);
        }
    }
    assert!(files(&dir.path().join("state"), &secrets) > 0, "the journal was written");
    sim.stop().await;
}
