//! Platforms that misbehave, and lines that would: the console says so in the pane, goes on with the others, and recovers by
//! itself.

use crate::console::{Person, supervise};
use crate::loops::{http, lever, world};
use flightdeck::app::msg::KeyCode;
use serde_json::{Value, json};

/// Every way of failing, one after the other, on one platform.
const FAULTS: [(&str, Option<u16>); 13] = [
    ("status", Some(500)),
    ("status", Some(502)),
    ("status", Some(404)),
    ("status", Some(403)),
    ("status", Some(401)),
    ("status", Some(429)),
    ("html", None),
    ("html", Some(200)),
    ("empty", None),
    ("empty", Some(503)),
    ("garbage", None),
    ("reset", None),
    ("lost", None),
];

async fn clear(control: &str) {
    http().delete(format!("{control}/_sim/faults")).send().await.unwrap();
}

fn no_control_characters(frame: &str) {
    let bad = frame
        .chars()
        .find(|c| c.is_control() && *c != '\n' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    assert!(bad.is_none(), "{bad:?} in\n{frame}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_of_failing_is_told_in_its_pane_and_ends_by_itself() {
    let state = tempfile::tempdir().unwrap();
    let (sim, settings) = world("calm", state.path()).await;
    let control = sim.control().to_owned();
    supervise(settings, (200, 50), async |mut person: Person| {
        let well = |frame: &str| !frame.contains("✖ vercel") && frame.matches("● healthy").count() >= 4;
        person.sees_that("all is well", well).await;
        for (kind, status) in FAULTS {
            lever(&control, "faults", &json!({"platform": "vercel", "kind": kind, "status": status})).await;
            let frame = person.sees_that(&format!("{kind} {status:?}"), |frame| frame.contains("✖ vercel")).await;
            no_control_characters(&frame);
            // Health asks the edge and the backend's platform answers: both go on.
            assert!(frame.contains("frontend /") && !frame.contains("✖ fly"), "{kind} {status:?}\n{frame}");
            clear(&control).await;
            if matches!(status, Some(401 | 403)) {
                // A refused token is asked again after a minute; a person who has renewed it need not wait.
                person.types("R").await;
            }
            person.sees_that(&format!("well again after {kind} {status:?}"), well).await;
        }
        person.types("q").await;
    })
    .await;
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_answers_nothing_at_all_does_not_hold_the_others() {
    let state = tempfile::tempdir().unwrap();
    let (sim, settings) = world("calm", state.path()).await;
    lever(sim.control(), "faults", &json!({"platform": "vercel", "kind": "stall"})).await;
    supervise(settings, (200, 50), async |mut person: Person| {
        person.sees_that("the backends", |frame| frame.matches("● healthy").count() >= 2).await;
        person.sees("frontend /").await;
        person.types("2").await;
        person.sees("Releases").await;
        person.types("1").await;
        person.sees("✖ vercel").await;
        person.types("q").await;
    })
    .await;
    sim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_would_disturb_the_screen_do_not() {
    let state = tempfile::tempdir().unwrap();
    let (sim, settings) = world("silent", state.path()).await;
    let control = sim.control().to_owned();
    let huge = format!("huge {}", "x".repeat(10 << 20));
    let nasty = "bomb \u{1b}[2J\u{1b}[?1049l\u{1b}]0;owned\u{7}\u{1b}]52;c;aGk=\u{7}\u{9b}31m\r\u{8}\u{0}\u{202e}gnp.exe\u{2066} tail";
    supervise(settings, (200, 50), async |mut person: Person| {
        person.sees(" sources").await;
        for message in [huge.as_str(), nasty, "marker of the end"] {
            lever(&control, "events", &json!({"kind": "log", "message": message})).await;
        }
        person.types("4").await;
        let frame = person.sees("marker of the end").await;
        no_control_characters(&frame);
        assert!(frame.contains("huge xxx") && frame.contains("bomb") && frame.contains("tail"), "{frame}");
        // Wrapped and opened, the line of ten megabytes is cut as it came in.
        person.types("w").await;
        person.types("k").await;
        person.types("k").await;
        person.presses(KeyCode::Enter).await;
        no_control_characters(&person.sees("Log line").await);
        person.presses(KeyCode::Esc).await;
        person.types("qq").await;
    })
    .await;
    sim.stop().await;
}

/// What the row of a service must say, from the ground truth.
fn said_of(service: &Value) -> Vec<String> {
    let label = service["label"].as_str().unwrap();
    let mut said = vec![label.chars().take(8).collect()];
    said.extend(service["sha"].as_str().map(|sha| sha[..7].to_owned()));
    if service["pinned"] == true {
        said.push("PINNED".to_owned());
    }
    said
}

fn agrees(frame: &str, truth: &Value) -> Result<(), String> {
    for (env, place) in truth["environments"].as_object().unwrap() {
        let rows: Vec<&str> = frame.lines().skip_while(|line| !line.contains(&format!("┃ {env}"))).collect();
        for name in ["backend", "frontend", "database"] {
            // What needs a person stands between an environment and its services.
            let row = rows.iter().find(|line| line.contains(&format!("┃   {name} ")));
            let row = row.copied().unwrap_or_default().split("┃│").next().unwrap_or_default();
            for said in said_of(&place["services"][name]) {
                if !row.contains(&said) {
                    return Err(format!("{env} {name}: {said} is not in {row}"));
                }
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_says_what_is_true_before_and_after_a_bad_deploy_and_its_rollback() {
    let state = tempfile::tempdir().unwrap();
    let (sim, settings) = world("calm", state.path()).await;
    let url = format!("{}/_sim/state", sim.control());
    let control = sim.control().to_owned();
    let truth = async || http().get(&url).send().await.unwrap().json::<Value>().await.unwrap();
    supervise(settings, (200, 50), async |mut person: Person| {
        let before = truth().await;
        person.sees_that("what was live", |frame| agrees(frame, &before).is_ok()).await;
        let deploy = json!({"kind": "deploy", "environment": "production", "service": ["backend", "frontend"],
            "commit": "next", "healthy": false, "error": "FATAL: no connection slots", "slow_ms": 1400, "grace": 1.5});
        lever(&control, "events", &deploy).await;
        person.sees("production failing").await;
        let bad = truth().await;
        assert_ne!(before["environments"]["production"]["services"], bad["environments"]["production"]["services"]);
        person.sees_that("the bad deploy", |frame| agrees(frame, &bad).is_ok()).await;
        person.types("!R").await;
        person.sees("to which release?").await;
        // What is live stands first, whatever was proposed.
        person.types("kkkkkkj").await;
        person.presses(KeyCode::Enter).await;
        person.sees("type production").await;
        person.confirms("production").await;
        person.sees("restored in").await;
        person.presses(KeyCode::Esc).await;
        let restored = truth().await;
        assert_eq!(restored["environments"]["production"]["services"]["frontend"]["pinned"], true);
        person.sees_that("what was restored", |frame| agrees(frame, &restored).is_ok()).await;
        // Every secret of the matrix is one of the platforms', and none is left out.
        person.types("6").await;
        let frame = person.sees_that("the secrets alone", |frame| !frame.contains("Environments")).await;
        let production = &restored["environments"]["production"]["secrets"];
        for secret in ["fly", "vercel", "supabase"].iter().flat_map(|at| production[at].as_array().unwrap()) {
            let name: String = secret["name"].as_str().unwrap().chars().take(24).collect();
            assert!(frame.contains(&name), "{name}\n{frame}");
        }
        person.types("qq").await;
    })
    .await;
    sim.stop().await;
}
