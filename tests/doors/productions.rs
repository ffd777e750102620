//! Two productions: neither is taken for the other, by a command, by a key or by an eye.

use flightdeck::app::effect::Effect;
use flightdeck::app::insight::readiness;
use flightdeck::app::model::{Model, Place};
use flightdeck::app::msg::Now;
use flightdeck::app::operations::menu;
use flightdeck::config::load::{Flags, parse};
use flightdeck::domain::environment::Platform;
use flightdeck::domain::fact::Fact;
use flightdeck::domain::health::{Anatomy, ProbeId, Sample};
use flightdeck::domain::ids::{EnvId, ServiceId};
use flightdeck::domain::log::{Level, LogBatch, LogKind, LogLine};
use flightdeck::sanitize::Text;

use super::{flightdeck, said};
use crate::screen;

const NAMES: [&str; 4] = ["prod-europe-west-1", "prod-europe-west-2", "staging-blue", "staging-green"];

fn config(promotions: [&str; 2]) -> String {
    let mut text = "[platforms.fly]\n".to_owned();
    for (index, name) in NAMES.into_iter().enumerate() {
        let tier = if index < 2 { "production" } else { "staging" };
        let to = promotions.get(index.wrapping_sub(2)).filter(|to| !to.is_empty());
        let to = to.map(|to| format!("promotes_to = \"{to}\"\n")).unwrap_or_default();
        text.push_str(&format!(
            "[[environments]]\nname = \"{name}\"\ntier = \"{tier}\"\naccess = \"write\"\n{to}\
             services = [{{ name = \"backend\", platform = \"fly\", resource = \"a{index}\" }}]\n"
        ));
    }
    text
}

fn model(promotions: [&str; 2]) -> Model {
    let settings = parse(&config(promotions), None, &Flags::default(), &|_| None).unwrap();
    let mut model = Model::new(&settings, screen::now());
    model.pose_notice(None);
    model
}

fn select(model: &mut Model, env: &str) {
    model.pose_place(Some(Place::Env(EnvId::from(env))));
}

fn promotion(model: &Model) -> menu::Item {
    menu::items(model, screen::now()).into_iter().find(|item| item.letter == 'P').unwrap()
}

#[test]
fn a_promotion_goes_where_it_is_said_to_go_and_asks_where_nothing_is_said() {
    let mut unsaid = model(["", ""]);
    select(&mut unsaid, "prod-europe-west-2");
    assert!(promotion(&unsaid).why_not.unwrap().contains("promotes_to"));
    let mut said = model(["prod-europe-west-2", "prod-europe-west-1"]);
    select(&mut said, "staging-blue");
    assert!(promotion(&said).title.ends_with("staging-blue runs to prod-europe-west-2, straight on its platforms"));
    select(&mut said, "prod-europe-west-1");
    assert!(promotion(&said).title.contains("staging-green runs to prod-europe-west-1"), "{}", promotion(&said).title);
    let checks = readiness::checks(&said, screen::now());
    assert!(checks[0].says.as_str().starts_with("staging-green: "), "{checks:?}");
    said.pose_place(None);
    let why = promotion(&said).why_not.unwrap();
    assert_eq!(why, "select one of prod-europe-west-2, prod-europe-west-1");
}

#[test]
fn what_is_impossible_is_refused_when_it_is_written() {
    let refused = |text: String| parse(&text, None, &Flags::default(), &|_| None).unwrap_err().what;
    let twice = refused(config(["prod-europe-west-1", "prod-europe-west-1"]));
    assert!(twice.contains("staging-blue promotes to prod-europe-west-1 already"), "{twice}");
    assert!(refused(config(["prod-eu", ""])).contains("is not another environment"));
    assert!(refused(config(["staging-blue", ""])).contains("is not another environment"));
    assert!(refused(config(["staging-green", "staging-blue"])).contains("leads in a circle"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_could_mean_both_names_both_and_does_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let ask = async |promotions: [&str; 2], words: &[&str]| {
        std::fs::write(dir.path().join("c.toml"), config(promotions)).unwrap();
        let told = flightdeck(dir.path(), &[&["--config", "c.toml"], words].concat(), &[("FLY_API_TOKEN", "t")]).await;
        (told.status.code(), said(&told))
    };
    let both = "hint: --environment prod-europe-west-1 or --environment prod-europe-west-2";
    for words in
        [&["restart", "backend"][..], &["promote"], &["approve", "12"], &["switch"], &["scale", "backend", "iad=2"]]
    {
        let (code, told) = ask(["", ""], words).await;
        assert!(code == Some(2) && told.contains(both), "{words:?}: {told}");
    }
    let (code, told) = ask(["prod-europe-west-2", "prod-europe-west-1"], &["promote"]).await;
    assert!(code == Some(2) && told.contains("--environment prod-europe-west-2 or"), "{told}");
    let named = ["promote", "--environment", "prod-europe-west-1", "--timeout", "5"];
    let (code, told) = ask(["", ""], &named).await;
    assert!(code != Some(0) && told.contains("set promotes_to = \"prod-europe-west-1\""), "{told}");
}

fn fails(model: &mut Model, env: &str, failure: Option<&str>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for second in (0..4).rev() {
        let at = screen::now().wall - jiff::SignedDuration::from_secs(second);
        let sample = Sample { at, anatomy: Anatomy::default(), failure: failure.map(Text::from) };
        let id = ProbeId { env: env.into(), name: "health".into() };
        let now = Now { wall: at, ..screen::now() };
        let fact = Fact::Probe(id, Text::from("GET https://x.dev"), sample);
        effects.extend(flightdeck::app::update(model, flightdeck::app::msg::Msg::Fact(fact), now));
    }
    effects
}

#[test]
fn a_second_production_that_fails_rings_too_and_stands_in_the_alarm_line() {
    let mut model = model(["", ""]);
    let alerts = |effects: &[Effect]| effects.iter().filter(|effect| matches!(effect, Effect::Alert(_))).count();
    assert_eq!(alerts(&fails(&mut model, "prod-europe-west-1", Some("HTTP 503"))), 1);
    let second = fails(&mut model, "prod-europe-west-2", Some("HTTP 502"));
    assert_eq!(alerts(&second), 1, "{second:?}");
    let banner = model.facts().banner().cloned().unwrap();
    assert_eq!((banner.env.as_str(), banner.others), ("prod-europe-west-1", vec!["prod-europe-west-2".into()]));
    assert!(banner.evidence.as_str().contains("also: prod-europe-west-2 failing"));
    let better = fails(&mut model, "prod-europe-west-1", None);
    assert_eq!(alerts(&better), 0, "it rang for the other one already: {better:?}");
}

#[test]
fn no_two_names_are_cut_to_look_alike() {
    let mut model = model(["", ""]);
    for env in NAMES {
        fails(&mut model, env, None);
        let service = ServiceId::new(env, "backend");
        let line = LogLine {
            at: screen::now().wall,
            service: service.clone(),
            platform: Platform::Fly,
            kind: LogKind::App,
            instance: "d8917eb0".into(),
            region: "iad".into(),
            level: Level::Info,
            message: Text::from(format!("line of {env}")),
            raw: None,
        };
        screen::tell(&mut model, Fact::Logs(LogBatch { service, lines: vec![line], gap: 0, gap_why: None }));
    }
    let theme = screen::theme("dark", false);
    for size in [(80, 24), (120, 30), (160, 42)] {
        let shown = screen::text(&model, &theme, size);
        // Beside its line each environment stands in a form of its own.
        let place = |env: &str| {
            let line = shown.lines().find(|line| line.contains(&format!("line of {env}")));
            let line = line.unwrap_or_else(|| panic!("{env} is missing:\n{shown}"));
            line.split_whitespace().find(|word| word.contains("/backend")).unwrap().to_owned()
        };
        let all: std::collections::BTreeSet<String> = NAMES.into_iter().map(place).collect();
        assert_eq!(all.len(), NAMES.len(), "{all:?}\n{shown}");
        if size.0 > 80 {
            let rows = |part: &str| shown.lines().filter(|line| line.contains(part)).count();
            for env in ["prod-eu", "staging-"] {
                assert!(rows(env) >= 2, "{shown}");
            }
        }
    }
}
