//! A simulated world for tests of the whole loop, and its levers.

use std::time::Duration;

use flightdeck::clock::SystemClock;
use flightdeck::config::Settings;
use flightdeck::config::load::{Flags, parse};
use flightdeck::sim::{self, Options, Sim};
use serde_json::Value;

/// A world ten times faster than life, and settings of a console in a hurry.
pub async fn world(scenario: &str, state: &std::path::Path) -> (Sim, Settings) {
    let listen = "127.0.0.1:0".parse().unwrap();
    let options = Options { listen, scenario: scenario.to_owned(), seed: 3, speed: 10.0 };
    let sim = sim::start(options, SystemClock::shared()).await.unwrap();
    let dir = state.to_str().unwrap().to_owned();
    let env = move |name: &str| (name == "FLIGHTDECK_STATE_DIR").then(|| dir.clone());
    let mut settings = parse(&sim.config_toml(), None, &Flags::default(), &env).unwrap();
    (settings.poll.fast, settings.poll.calm) = (Duration::from_millis(200), Duration::from_millis(500));
    (sim, settings)
}

/// A client of plain HTTP.
pub fn http() -> reqwest::Client {
    // The library insists on a provider of cryptography, even where there is none to be done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// Posts to a lever of the simulator.
pub async fn lever(control: &str, path: &str, body: &Value) {
    let answer = http().post(format!("{control}/_sim/{path}")).json(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{path} {answer:?}");
}
