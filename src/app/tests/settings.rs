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
    read(written, &Flags::default())
}

/// On a terminal that can be asked for its ground.
fn read(written: &str, flags: &Flags) -> Settings {
    let text = format!("[[environments]]\nname = \"production\"\ntier = \"production\"\n{written}");
    let env = |name: &str| match name {
        "HOME" => Some("/nobody".to_owned()),
        "TERM" => Some("xterm-256color".to_owned()),
        _ => None,
    };
    parse(&text, None, flags, &env).unwrap()
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

/// The theme that is worn.
fn worn(model: &Model) -> String {
    model.facts.in_force.look().theme.to_string()
}

/// Where the value of a key came from.
fn origin(model: &Model, key: &str) -> String {
    let row = model.facts.in_force.rows().iter().find(|row| row.now.key.as_str() == key);
    row.map(|row| row.now.origin.to_string()).unwrap_or_default()
}

#[test]
fn another_content_is_read_and_what_is_about_the_screen_is_used_at_once() {
    let mut model = Model::new(&settings(""), at(0));
    assert_eq!(tell(&mut model, Fact::Configuration), [Effect::Reread]);
    let effects = reread(
        &mut model,
        "[ui]\ntheme = \"light\"\nmouse = false\n[poll]\ncalm = \"20s\"\n[ui.keys]\nhealth = \"b h\"\n",
    );
    let [Effect::Mouse(false), Effect::Poll(poll)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((worn(&model), poll.calm.as_secs()), ("light".to_owned(), 20));
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

#[test]
fn the_ground_of_the_terminal_goes_on_to_decide_after_another_setting_was_written() {
    let mut model = Model::new(&settings(""), at(0));
    let (theme, from) = (|model: &Model| row(model, "ui.theme").0, "the terminal's ground");
    assert_eq!(
        (worn(&model), theme(&model), origin(&model, "ui.theme")),
        ("dark".into(), "dark".into(), "default".into())
    );
    let _ = crate::app::update(&mut model, Msg::Ground(true), at(1));
    assert_eq!(
        (worn(&model), theme(&model), origin(&model, "ui.theme")),
        ("light".into(), "light".into(), from.into())
    );
    reread(&mut model, "[ui]\nascii = true\n");
    assert!(model.facts.in_force.look().ascii);
    assert_eq!(
        (worn(&model), theme(&model), origin(&model, "ui.theme")),
        ("light".into(), "light".into(), from.into())
    );
}

#[test]
fn a_theme_that_is_written_is_worn_on_any_ground_and_the_ground_is_asked_for_when_it_is_taken_back() {
    let mut model = Model::new(&settings(""), at(0));
    let _ = crate::app::update(&mut model, Msg::Ground(true), at(1));
    assert_eq!(reread(&mut model, "[ui]\ntheme = \"dark\"\n"), []);
    assert_eq!((worn(&model), origin(&model, "ui.theme")), ("dark".to_owned(), "configuration:5".to_owned()));
    assert_eq!(reread(&mut model, ""), [Effect::AskGround]);
    assert_eq!(worn(&model), "light", "as it said before");
    let _ = crate::app::update(&mut model, Msg::Ground(false), at(4));
    assert_eq!((worn(&model), origin(&model, "ui.theme")), ("dark".to_owned(), "the terminal's ground".to_owned()));
}

#[test]
fn a_table_that_is_written_and_taken_back_again_leaves_nothing() {
    let mut model = Model::new(&settings(""), at(0));
    let rows = |model: &Model| model.facts.in_force.rows().len();
    let before = rows(&model);
    let table = "[platforms.supabase]\nbase = \"https://supabase.example\"\n";
    reread(&mut model, table);
    assert_eq!(rows(&model), before + 2, "its address and its token");
    assert_eq!(row(&model, "platforms.supabase.token"), ("none".to_owned(), None), "there is none before and after");
    assert_eq!(model.facts.in_force.waiting(), 1, "the address");
    reread(&mut model, table);
    assert_eq!(model.facts.in_force.waiting(), 1, "however often it is read");
    reread(&mut model, "");
    assert_eq!((rows(&model), model.facts.in_force.waiting()), (before, 0));
    let mut model = Model::new(&settings(table), at(0));
    reread(&mut model, "");
    let gone = |key: &str| row(&model, key).1;
    assert_eq!((gone("platforms.supabase.base"), gone("platforms.supabase.token")), (Some("none".to_owned()), None));
}

#[test]
fn a_token_that_a_command_gives_is_as_it_was_when_nothing_was_run() {
    let table = |command: &str| format!("[platforms.supabase]\ntoken_command = [\"{command}\", \"t0ken\"]\n");
    let mut model = Model::new(&settings(&table("echo")), at(0));
    let mut dry = |command: &str| {
        let found = read(&table(command), &Flags { dry: true, ..Flags::default() });
        let _ = crate::app::update(&mut model, Msg::Settings(Ok(Box::new(Reread::from(found)))), at(3));
        (row(&model, "platforms.supabase.token"), origin(&model, "platforms.supabase.token"))
    };
    let there = "there, not shown".to_owned();
    assert_eq!(dry("echo"), ((there.clone(), None), "command echo".to_owned()));
    let waits = (there.clone(), Some("not looked at".to_owned()));
    assert_eq!(dry("printf"), (waits, "command echo".to_owned()), "another one is run by the next console");
    assert_eq!(dry("echo"), ((there, None), "command echo".to_owned()));
}

#[test]
fn an_edit_beside_another_project_file_is_read_once_that_is_taken_back() {
    let file = |digest: &str| {
        let digest = digest.to_owned();
        crate::domain::trust::ProjectFile {
            path: "/repo/flightdeck.toml".into(),
            digest,
            wants: Vec::new(),
            approved: false,
        }
    };
    let mut begun = settings("");
    begun.project_file = Some(file("abc"));
    let mut model = Model::new(&begun, at(0));
    let broken = Msg::Settings(Err(Text::from("config.toml:3:8: string values must be quoted")));
    let _ = crate::app::update(&mut model, broken, at(3));
    tell(&mut model, Fact::ProjectFile(Box::new(file("def"))));
    let mut found = Reread::from(settings("[ui]\nascii = true\n"));
    found.project = Some("def".to_owned());
    assert_eq!(crate::app::update(&mut model, Msg::Settings(Ok(Box::new(found))), at(3)), []);
    assert!(told(&model).starts_with("flightdeck.toml has changed too"), "{}", told(&model));
    assert!(model.facts.in_force.broken().is_none() && !model.facts.in_force.look().ascii);
    assert_eq!(tell(&mut model, Fact::ProjectFile(Box::new(file("abc")))), [Effect::Reread]);
    let mut found = Reread::from(settings("[ui]\nascii = true\n"));
    found.project = Some("abc".to_owned());
    let _ = crate::app::update(&mut model, Msg::Settings(Ok(Box::new(found))), at(3));
    assert!(model.facts.in_force.look().ascii);
    assert_eq!(tell(&mut model, Fact::ProjectFile(Box::new(file("abc")))), [], "nothing was left out");
}

#[test]
fn another_text_of_a_theme_counts_while_that_theme_is_in_force() {
    let own = |name: &str| crate::config::OwnTheme { path: name.into(), text: "#".into() };
    let mut begun = settings("");
    begun.ui.own_theme = Some(own("first"));
    let mut model = Model::new(&begun, at(0));
    let text = |model: &Model| model.facts.in_force.look().own_theme.map(|own| own.text.to_string());
    tell(&mut model, Fact::Theme("first".into(), "# anew".into()));
    assert_eq!(text(&model).as_deref(), Some("# anew"));
    let mut found = Reread::from(settings(""));
    found.ui.own_theme = Some(own("second"));
    let effects = crate::app::update(&mut model, Msg::Settings(Ok(Box::new(found))), at(3));
    assert_eq!(effects, [Effect::WatchTheme(Some(own("second")))]);
    tell(&mut model, Fact::Theme("first".into(), "# late".into()));
    assert_eq!(text(&model).as_deref(), Some("#"), "nobody wears that one any more");
}
