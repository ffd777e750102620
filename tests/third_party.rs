//! Clients that others wrote, as they are, against the simulator: octokit, Vercel's own CLI, a Supabase and a Fly client. They
//! are installed from the npm registry when FLIGHTDECK_THIRD_PARTY=1 asks for it, because that takes a network.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use flightdeck::clock::SystemClock;
use flightdeck::sim::{self, Options};
use serde_json::json;
use tokio::process::Command;

/// Where the clients are installed; one installation serves every run.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("third_party")
}

async fn npm(folder: &Path) -> Result<(), String> {
    let words = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--loglevel=error"];
    let ended = Command::new("npm").args(words).current_dir(folder).stdin(Stdio::null()).output().await;
    let ended = ended.map_err(|error| format!("npm cannot be run: {error}"))?;
    if ended.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ended.stderr).into_owned()) }
}

/// The folder with the clients in it, or why there is none.
async fn installed() -> Result<PathBuf, String> {
    if std::env::var_os("FLIGHTDECK_THIRD_PARTY").is_none_or(|value| value != "1") {
        return Err("FLIGHTDECK_THIRD_PARTY=1 would install them".to_owned());
    }
    let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/third_party"), folder());
    std::fs::create_dir_all(&to).unwrap();
    for file in ["package.json", "clients.mjs"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    npm(&to).await?;
    Ok(to)
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_others_wrote_work_as_they_are() {
    let folder = match installed().await {
        Ok(folder) => folder,
        Err(why) => {
            eprintln!("SKIPPED: third-party clients are not here: {why}");
            return;
        }
    };
    let listen = "127.0.0.1:0".parse().unwrap();
    let options = Options { listen, scenario: "calm".to_owned(), seed: 7, speed: 20.0 };
    let sim = sim::start(options, SystemClock::shared()).await.unwrap();
    let origins = sim.origins().clone();
    let what = {
        let world = sim.shared().world();
        let target = world.vercel.deployments.iter().rev().find(|one| sim::is_candidate(&world, one)).unwrap();
        json!({
            "github": {"base": origins.github, "token": world.github.token,
                "repository": format!("{}/{}", world.github.owner, world.github.repo)},
            "fly": {"machines": origins.fly_machines, "api": origins.fly_api, "token": world.fly.token,
                "app": world.fly.apps[0].name},
            "vercel": {"base": origins.vercel, "token": world.vercel.token, "team": world.vercel.team_slug,
                "project": world.vercel.project.name, "target": target.id},
            "supabase": {"base": origins.supabase, "token": world.supabase.token},
        })
    };
    let told = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(told.path(), what.to_string()).unwrap();
    let script = folder.join("clients.mjs");
    let ended = Command::new("node").arg(script).arg(told.path()).stdin(Stdio::null()).output().await.unwrap();
    eprintln!("{}", String::from_utf8_lossy(&ended.stdout));
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    sim.stop().await;
}
