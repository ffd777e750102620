//! Who is let in and what is let out: proxies, the simulator's door, and names, paths and arguments that others have chosen.

#[path = "doors/names.rs"]
mod names;
#[path = "doors/productions.rs"]
mod productions;
#[path = "doors/proxies.rs"]
mod proxies;
#[path = "doors/trust.rs"]
mod trust;

use std::path::Path;
use std::process::Output;

use flightdeck::clock::SystemClock;
use flightdeck::sim::{self, Options, Sim};

/// A simulator, and its configuration in a folder, under this name.
async fn world(dir: &Path, name: &str) -> Sim {
    use std::os::unix::fs::PermissionsExt as _;
    let listen = "127.0.0.1:0".parse().unwrap();
    let options = Options { listen, scenario: "calm".to_owned(), seed: 5, speed: 20.0 };
    let sim = sim::start(options, SystemClock::shared()).await.unwrap();
    let path = dir.join(name);
    std::fs::write(&path, sim.config_toml()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    sim
}

/// The binary, alone with these variables, in a folder that is its home too.
async fn flightdeck(dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_flightdeck"));
    command.args(arguments).current_dir(dir).env_clear().env("HOME", dir).env("PATH", "/usr/bin:/bin");
    command.env("XDG_STATE_HOME", dir.join("state")).envs(variables.iter().copied()).output().await.unwrap()
}

/// All that a command said, on both ways out.
fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
