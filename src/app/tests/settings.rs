//! One's own configuration is written anew while the console runs.

use crate::action::Action;
use crate::app::effect::Effect;
use crate::app::model::{Model, Pane};
use crate::app::msg::Msg;
use crate::app::settings::Reread;
use crate::app::testing::{at, keys, tell};
use crate::config::Settings;
use crate::config::load::{Flags, parse};
use crate::domain::environment::Status;
use crate::domain::fact::Fact;
use crate::sanitize::Text;

fn settings(written: &str) -> Settings {
    let text = format!("[[environments]]\nname = \"production\"\ntier = \"production\"\n{written}");
    parse(&text, None, &Flags::default(), &|name| (name == "HOME").then(|| "/nobody".to_owned())).unwrap()
}

fn reread(model: &mut Model, written: &str) -> Vec<Effect> {
    crate::app::update(model, Msg::Settings(Ok(Box::new(Reread::from(settings(written))))), at(3))
}

fn told(model: &Model) -> String {
    model.screen.notice.as_ref().map(|notice| notice.says.to_string()).unwrap_or_default()
}

/// What is in force of a key, and what is after a restart.
fn row(model: &Model, key: &str) -> (String, Option<String>) {
    let row = model.facts.in_force.rows().iter().find(|row| row.now.key.as_str() == key);
    row.map(|row| (row.now.value.to_string(), row.next.as_ref().map(ToString::to_string))).unwrap_or_default()
}

#[test]
fn another_content_is_read_and_what_is_about_the_screen_is_used_at_once() {
    let mut model = Model::new(&settings(""), at(0));
    assert_eq!(tell(&mut model, Fact::Configuration), [Effect::Reread]);
    let effects = reread(
        &mut model,
        "[ui]\ntheme = \"light\"\nmouse = false\n[poll]\ncalm = \"20s\"\n[ui.keys]\nhealth = \"b h\"\n",
    );
    let [Effect::Look(ui), Effect::Mouse(false), Effect::Poll(poll)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((&*ui.theme, poll.calm.as_secs()), ("light", 20));
    assert_eq!(model.screen.keys.by_chord("b", "h"), Some(Action::View(5)));
    assert_eq!(row(&model, "ui.theme"), ("light".to_owned(), None));
    assert_eq!(row(&model, "poll.calm"), ("20s".to_owned(), None));
    assert_eq!(told(&model), "the configuration was read anew");
    assert_eq!(
        reread(&mut model, "[ui]\ntheme = \"light\"\nmouse = false\n[poll]\ncalm = \"20s\"\n"),
        [],
        "the keys alone"
    );
    assert_eq!(model.screen.keys.by_key("5"), Some(Action::View(5)));
    assert_eq!(row(&model, "ui.keys.health"), (String::new(), None));
}

#[test]
fn what_needs_a_restart_says_so_and_the_old_value_stays() {
    let mut model = Model::new(&settings(""), at(0));
    assert_eq!(reread(&mut model, "access = \"write\"\n[ui]\nlog_memory = \"64MiB\"\n"), []);
    assert_eq!(row(&model, "ui.log_memory"), ("256MiB".to_owned(), Some("64MiB".to_owned())));
    assert_eq!(row(&model, "environments.production.access"), ("read".to_owned(), Some("write".to_owned())));
    assert_eq!(told(&model), "the configuration was read anew; 2 settings are used after a restart: 0s lists them");
    assert!(!model.facts.environments[0].writable, "nothing may be changed that could not be before");
    keys(&mut model, "0s");
    assert_eq!(model.screen.focus, Pane::Settings);
    reread(&mut model, "");
    assert_eq!(model.facts.in_force.waiting(), 0, "it was taken back");
}

#[test]
fn of_a_broken_file_the_settings_before_stay_in_force_and_that_is_said() {
    let mut model = Model::new(&settings("[ui.keys]\nhealth = \"b h\"\n"), at(0));
    let broken = Msg::Settings(Err(Text::from("config.toml:3:8: string values must be quoted")));
    assert_eq!(crate::app::update(&mut model, broken, at(3)), []);
    assert_eq!(told(&model), "config.toml:3:8: string values must be quoted; the previous settings stay in use");
    assert_eq!(model.screen.notice.as_ref().map(|notice| notice.status), Some(Status::Fail));
    assert_eq!(model.screen.keys.by_chord("b", "h"), Some(Action::View(5)));
    assert!(model.facts.in_force.broken().is_some());
    reread(&mut model, "");
    assert!(model.facts.in_force.broken().is_none());
}
