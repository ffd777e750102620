//! The whole loop in memory: keys in, frames out, the engine over HTTP against the simulator.

use std::sync::Arc;

use crate::console::{Person, supervise};
use flightdeck::app::msg::{Key, KeyCode, Msg};
use flightdeck::clock::SystemClock;
use flightdeck::config::Settings;
use flightdeck::config::load::{Flags, parse};
use flightdeck::runtime::Console;
use flightdeck::runtime::surface::MemorySurface;
use flightdeck::sim::{self, Options, Sim};
use futures_util::StreamExt as _;

async fn world(scenario: &str, state: &std::path::Path, change: impl Fn(String) -> String) -> (Sim, Settings) {
    let listen = "127.0.0.1:0".parse().unwrap();
    let options = Options { listen, scenario: scenario.to_owned(), seed: 3, speed: 10.0 };
    let sim = sim::start(options, SystemClock::shared()).await.unwrap();
    let dir = state.to_str().unwrap().to_owned();
    let env = move |name: &str| (name == "FLIGHTDECK_STATE_DIR").then(|| dir.clone());
    let settings = parse(&change(sim.config_toml()), None, &Flags::default(), &env).unwrap();
    (sim, settings)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_deploy_is_seen_and_rolled_back_at_the_keyboard() {
    let state = tempfile::tempdir().unwrap();
    let (sim, settings) = world("bad-deploy", state.path(), |text| text).await;
    supervise(settings, (200, 50), async |mut person: Person| {
        person.sees("production failing").await;
        person.types("!").await;
        person.sees("Actions").await;
        person.types("R").await;
        person.sees("to which release?").await;
        // What runs is known to be what runs: it is not the one that is gone to.
        let known = |frame: &str| frame.lines().any(|row| row.contains("v42") && row.contains(" live "));
        person.sees_that("which release is live", known).await;
        person.types("j").await;
        person.presses(KeyCode::Enter).await;
        person.sees("type production").await;
        // Pasted by a terminal that does not say so: the letters stand there, and nothing is begun.
        person.types("production").await;
        person.presses(KeyCode::Enter).await;
        person.sees("press it again to confirm").await;
        for _ in 0.."production".len() {
            person.presses(KeyCode::Backspace).await;
        }
        person.confirms("production").await;
        person.sees("restored in").await;
        person.presses(KeyCode::Esc).await;
        person.sees_that("calm again", |frame| !frame.contains("production failing") && frame.contains("PINNED")).await;
        person.types("q").await;
    })
    .await;
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_arranged_just_before_the_end_is_remembered() {
    let state = tempfile::tempdir().unwrap();
    let dir = state.path().to_str().unwrap().to_owned();
    let env = move |name: &str| (name == "FLIGHTDECK_STATE_DIR").then(|| dir.clone());
    let text = "project = \"shop\"\n[[environments]]\nname = \"production\"\ntier = \"production\"\n";
    let settings = parse(text, None, &Flags::default(), &env).unwrap();
    let mut console = Console::new(Arc::new(settings), SystemClock::shared());
    let mut surface = MemorySurface::new(120, 40, |_| {});
    let key = |c| Msg::Key(Key { code: KeyCode::Char(c), ctrl: false, alt: false, repeat: false });
    // Both are there before anything is done.
    let typed = futures_util::stream::iter(['H', 'q'].map(key)).chain(futures_util::stream::pending());
    console.run(&mut surface, typed, futures_util::stream::pending()).await.unwrap();
    let files: Vec<_> =
        std::fs::read_dir(state.path().join("layouts")).unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(std::fs::read_to_string(file).unwrap(), "hidden = [\"environments\"]\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_told_in_its_pane_and_the_others_go_on() {
    let state = tempfile::tempdir().unwrap();
    let wrong = |text: String| {
        let spoil = |line: &str| {
            if line.starts_with("token = \"FlyV1") { "token = \"FlyV1 fm2_wrong\"".to_owned() } else { line.to_owned() }
        };
        text.lines().map(spoil).collect::<Vec<_>>().join("\n")
    };
    let (sim, settings) = world("calm", state.path(), wrong).await;
    supervise(settings, (200, 50), async |mut person: Person| {
        person.sees("check the token").await;
        let frame = person.sees("vercel   ● healthy").await;
        assert!(!frame.contains("fm2_wrong"), "a token must never be drawn:\n{frame}");
        person.sees("staging  frontend /").await;
        person.types("q").await;
    })
    .await;
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_is_followed_line_by_line_from_the_pipeline_to_the_build() {
    let state = tempfile::tempdir().unwrap();
    let (sim, settings) = world("bad-deploy", state.path(), |text| text).await;
    supervise(settings, (200, 50), async |mut person: Person| {
        person.types("4").await;
        person.types("/step ").await;
        person.presses(KeyCode::Enter).await;
        person.sees_that("steps of jobs", |frame| frame.contains("/pipeline") && frame.contains("ended well")).await;
        person.types("/").await;
        for _ in 0.."step ".len() {
            person.presses(KeyCode::Backspace).await;
        }
        person.types("Run ").await;
        person.presses(KeyCode::Enter).await;
        person.sees_that("the log of a job", |frame| frame.contains("/pipeline") && frame.contains("Run ")).await;
        person.types("qq").await;
    })
    .await;
    sim.stop().await;
}
