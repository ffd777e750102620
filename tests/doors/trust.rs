//! A project file of somebody else's: what it may do before it is approved, and after.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{flightdeck, said};

/// A file as a hostile repository would hold it: each of its commands leaves a trace, and the platforms lie at `base`.
fn hostile(dir: &Path, base: &str) -> String {
    let run = |trace: &str| format!("[\"sh\", \"-c\", \"touch {}/{trace}; echo t0ken\"]", dir.display());
    let text = format!(
        "project = \"cloned\"\nrepository = \"acme/shop\"\n[platforms.github]\nbase = \"{base}\"\n\
         [platforms.vercel]\ntoken_command = {}\n[platforms.fly]\nmachines = \"{base}/\"\napi = \"{base}\"\n\
         [platforms.supabase]\nbase = \"https://api.supabase.com/\"\n\
         [[environments]]\nname = \"production\"\ntier = \"production\"\n\
         [[environments.services]]\nname = \"backend\"\nplatform = \"fly\"\nresource = \"shop\"\n\
         postgres = {{ url_command = {} }}\nobserve = {{ url = \"{base}/version\", json = \"/sha\" }}\n\
         [[environments.probes]]\nname = \"router\"\nurl = \"{base}/reboot\"\n\
         [[environments.logs]]\nname = \"worker\"\ncommand = {}\n\
         [[environments.logs]]\nname = \"tail\"\nurl = \"{base}/tail\"\n\
         [[environments.logs]]\nname = \"file\"\nfile = \"app.log\"\n[state]\ndir = \"elsewhere\"\n",
        run("token-ran"),
        run("url-ran"),
        run("log-ran"),
    );
    std::fs::write(dir.join("flightdeck.toml"), &text).unwrap();
    std::fs::write(dir.join("app.log"), "2026-11-28T08:00:00Z INFO it runs\n").unwrap();
    text
}

fn traces(dir: &Path) -> Vec<String> {
    let all = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut all: Vec<String> = all.filter(|name| name.ends_with("-ran") || name == "elsewhere").collect();
    all.sort();
    all
}

/// The tokens that a person has in the environment.
const TOKENS: [(&str, &str); 4] = [
    ("GH_TOKEN", "s3cr3t"),
    ("FLY_API_TOKEN", "s3cr3t"),
    ("VERCEL_TOKEN", "s3cr3t"),
    ("SUPABASE_ACCESS_TOKEN", "s3cr3t"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_project_file_runs_nothing_and_gets_no_token_until_it_is_approved() {
    let dir = tempfile::tempdir().unwrap();
    let server = wiremock::MockServer::start().await;
    let any = wiremock::Mock::given(wiremock::matchers::any()).respond_with(wiremock::ResponseTemplate::new(404));
    any.mount(&server).await;
    hostile(dir.path(), &server.uri());
    // Nothing else is asked: the test has no network, and needs none.
    let variables = [&TOKENS[..], &[("HTTPS_PROXY", "http://127.0.0.1:9")]].concat();
    let ask = async |words: &[&str]| {
        let told = flightdeck(dir.path(), words, &variables).await;
        (told.status.code(), said(&told))
    };
    let status = ["status", "--timeout", "3"];
    let logs = ["logs", "--timeout", "3", "--environment", "production"];
    for words in [&["config", "check"][..], &["info"], &status, &logs, &["health", "--timeout", "2"]] {
        let (_, told) = ask(words).await;
        assert_eq!(traces(dir.path()), [""; 0], "{words:?}: {told}");
        assert_eq!(server.received_requests().await.unwrap().len(), 0, "{words:?}: {told}");
        assert!(told.contains("flightdeck config trust"), "{words:?}: {told}");
        assert!(!told.contains("s3cr3t"), "{words:?}: {told}");
    }
    assert!(ask(&logs).await.1.contains("it runs"), "the harmless part is used");

    let (code, told) = ask(&["config", "trust"]).await;
    assert_eq!(code, Some(0), "{told}");
    for asked in [
        "platforms.github.base",
        "platforms.fly.machines",
        "platforms.fly.api",
        "environments.production.services.backend.observe asks",
        "environments.production.probes.router asks",
        "state.dir",
        "/token-ran; echo t0ken\"",
    ] {
        assert!(told.contains(asked), "{asked}: {told}");
    }
    assert!(!told.contains("supabase"), "its usual address, with a slash: {told}");
    let (code, checked) = ask(&["config", "check"]).await;
    assert_eq!((code, traces(dir.path())), (Some(0), Vec::new()), "a check runs nothing: {checked}");
    assert!(
        checked.contains("nothing of it was done now") && checked.contains("command sh, which was not run"),
        "{checked}"
    );
    ask(&status).await;
    assert!(traces(dir.path()).contains(&"token-ran".to_owned()) && traces(dir.path()).contains(&"url-ran".to_owned()));
    assert!(!server.received_requests().await.unwrap().is_empty(), "what is approved is asked");

    // Another content is another file.
    let text = std::fs::read_to_string(dir.path().join("flightdeck.toml")).unwrap();
    std::fs::write(dir.path().join("flightdeck.toml"), text.replace("cloned", "changed")).unwrap();
    assert!(ask(&["info"]).await.1.contains("is not approved"));
    std::fs::write(dir.path().join("flightdeck.toml"), text).unwrap();
    assert!(!ask(&["config", "check"]).await.1.contains("not approved"));
    let (_, list) = ask(&["config", "trust", "--list"]).await;
    assert!(list.contains("flightdeck.toml") && list.lines().count() == 1, "{list}");
    let (code, told) = ask(&["config", "trust", "--revoke"]).await;
    assert!(code == Some(0) && told.contains("is not approved any more"), "{told}");
    assert!(ask(&["info"]).await.1.contains("is not approved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_named_is_trusted_and_checked_without_running_it() {
    let dir = tempfile::tempdir().unwrap();
    hostile(dir.path(), "http://127.0.0.1:9");
    let check = flightdeck(dir.path(), &["--config", "flightdeck.toml", "config", "check"], &TOKENS).await;
    let told = said(&check);
    assert!(check.status.success() && traces(dir.path()).is_empty(), "{told}");
    assert!(told.contains("environments.production.logs.worker.command runs [\"sh\", \"-c\","), "{told}");
    assert!(!told.contains("not approved"), "{told}");
    let named = [("FLIGHTDECK_CONFIG", "flightdeck.toml")];
    let told = said(&flightdeck(dir.path(), &["info"], &named).await);
    assert!(traces(dir.path()).contains(&"token-ran".to_owned()) && !told.contains("not approved"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_check_runs_a_tool_for_its_login() {
    let dir = tempfile::tempdir().unwrap();
    let gh = dir.path().join("gh");
    std::fs::write(&gh, format!("#!/bin/sh\ntouch {}/gh-ran\necho t0ken\n", dir.path().display())).unwrap();
    std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).unwrap();
    let text = "[platforms.github]\n[[environments]]\nname = \"production\"\ntier = \"production\"\n";
    std::fs::write(dir.path().join("c.toml"), text).unwrap();
    let path = [("PATH", &*format!("{}:/usr/bin:/bin", dir.path().display()))];
    let told = said(&flightdeck(dir.path(), &["--config", "c.toml", "config", "check"], &path).await);
    assert!(told.contains("gh auth token, which was not run") && traces(dir.path()).is_empty(), "{told}");
    flightdeck(dir.path(), &["--config", "c.toml", "info"], &path).await;
    assert_eq!(traces(dir.path()), ["gh-ran"], "the same elsewhere is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_file_does_not_change_anybodys_keys() {
    let (dir, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let text =
        "[[environments]]\nname = \"production\"\ntier = \"production\"\n[ui.keys]\nroll_back = \"j\"\ndown = \"v\"\n";
    std::fs::write(dir.path().join("flightdeck.toml"), text).unwrap();
    std::fs::create_dir(home.path().join("flightdeck")).unwrap();
    std::fs::write(home.path().join("flightdeck/config.toml"), "[ui.keys]\nhealth = \"b h\"\n").unwrap();
    let variables = [("XDG_CONFIG_HOME", home.path().to_str().unwrap())];
    let told = said(&flightdeck(dir.path(), &["keys"], &variables).await);
    assert!(told.contains("| `b h` | health | `health` |"), "{told}");
    assert!(told.contains("| `j` `down` | down | `down` |") && told.contains("| `!R` | roll back |"), "{told}");
    let told = said(&flightdeck(dir.path(), &["config", "check"], &variables).await);
    assert!(told.contains("flightdeck.toml:4: ui.keys counts in your own configuration alone"), "{told}");
}
