//! What keys and lists do where people looked for something and did not find it.

use flightdeck::app::dialogs::Overlay;
use flightdeck::app::logs::buffer::Filter;
use flightdeck::app::model::{Model, Pane, Place, View};
use flightdeck::app::msg::{KeyCode, Msg};
use flightdeck::app::operations::dialog::OperationDialog;
use flightdeck::app::update;
use flightdeck::domain::confirmation::Level;
use flightdeck::domain::ids::{OpId, ServiceId};

use crate::screen::{deployed, empty, failing, healthy, now, planned, press, text, theme, world};
use crate::step;

fn told(model: &Model) -> String {
    model.screen().notice().map(|notice| notice.as_str().to_owned()).unwrap_or_default()
}

#[test]
fn escape_clears_the_filter_of_the_lines_that_are_seen_before_it_leads_home() {
    let (mut model, size) = (world(), (120, 30));
    for key in "4/request".chars() {
        press(&mut model, key);
    }
    step(&mut model, KeyCode::Enter, size);
    press(&mut model, 'f');
    assert_ne!(model.logs().lines().filter(), &Filter::default());
    step(&mut model, KeyCode::Esc, size);
    assert_eq!(model.screen().view(), View::Only(Pane::Logs));
    assert!(
        model.logs().lines().filter().term.text.is_empty() && model.logs().lines().filter().fold,
        "how traces are shown is no filter"
    );
    for _ in 0..2 {
        step(&mut model, KeyCode::Esc, size);
    }
    assert_eq!(model.screen().view(), View::Dashboard);
}

#[test]
fn keys_of_the_logs_say_where_they_work_and_change_nothing_that_nobody_sees() {
    let mut model = world();
    press(&mut model, '2');
    let before = (model.logs().lines().filter().clone(), model.logs().reading());
    for key in ['x', 'm', 'w', 't', 'l', 'f', ' '] {
        press(&mut model, key);
        assert!(
            told(&model).contains("works in the logs") && told(&model).contains("4 opens them"),
            "{}",
            told(&model)
        );
        assert_eq!(
            (model.screen().view(), model.screen().focus()),
            (View::Only(Pane::Releases), Pane::Releases),
            "{key}"
        );
    }
    assert_eq!((model.logs().lines().filter().clone(), model.logs().reading()), before);
    // On a dashboard they are seen, and x is about a line that nobody chose.
    press(&mut model, '1');
    press(&mut model, 'w');
    assert_ne!(model.logs().reading().wrap, before.1.wrap);
    press(&mut model, 'x');
    assert!(told(&model).contains("x works in the logs"), "{}", told(&model));
}

#[test]
fn the_view_bar_marks_environments_of_which_nothing_is_known() {
    let shown = text(&empty(), &theme("dark", false), (120, 30));
    let bar = shown.lines().nth_back(1).unwrap_or_default();
    assert!(bar.contains("1 dashboard ?2"), "{bar}");
    let shown = text(&failing(), &theme("dark", false), (120, 30));
    let bar = shown.lines().nth_back(1).unwrap_or_default();
    assert!(bar.contains("1 dashboard ✖1"), "what fails comes first: {bar}");
}

#[test]
fn the_key_of_the_alarm_says_that_nothing_fails_where_nothing_does() {
    let mut model = healthy();
    press(&mut model, '!');
    press(&mut model, '!');
    assert!(
        told(&model).starts_with("nothing fails") && model.dialog().overlay() == Some(&Overlay::Menu(0)),
        "{}",
        told(&model)
    );
    press(&mut model, '%');
    assert!(told(&model).starts_with("% is not an action"), "{}", told(&model));
}

/// With arrows, pages, half pages and the ends: every action is seen, and how many more there are.
#[test]
fn every_action_of_the_menu_is_reached_on_eighty_columns_while_production_fails() {
    let size = (80, 24);
    let open = || {
        let mut model = failing();
        model.pose_size(size);
        let first = step(&mut model, KeyCode::Char('!'), size);
        (model, first)
    };
    let (mut model, first) = open();
    let titles: Vec<String> = flightdeck::app::operations::menu::items(&model, now())
        .into_iter()
        .map(|item| format!("┃ {} {}", item.letter, item.title.chars().take(30).collect::<String>()))
        .collect();
    let seen = |shown: &str| titles.iter().filter(|title| shown.contains(title.as_str())).count();
    let rest = titles.len() - seen(&first);
    assert!(rest > 0 && first.contains(&format!("↓ {rest} more")), "{first}");
    for key in [KeyCode::PageDown, KeyCode::Down] {
        let mut all = first.clone();
        for _ in 0..titles.len() {
            all.push_str(&step(&mut model, key, size));
        }
        assert_eq!(seen(&all), titles.len(), "{key:?}");
        (model, _) = open();
    }
    let end = step(&mut model, KeyCode::End, size);
    assert!(end.contains(titles.last().unwrap()) && end.contains(&format!("↑ {rest} more")), "{end}");
    // The wheel's place of the text and the chosen row never part.
    let half = flightdeck::app::msg::Key { code: KeyCode::Char('u'), ctrl: true, alt: false, repeat: false };
    let _ = update(&mut model, Msg::Key(half), now());
    assert!(
        matches!(model.dialog().overlay(), Some(Overlay::Menu(at)) if at + 1 < titles.len())
            && model.dialog().scroll().is_none()
    );
}

#[test]
fn what_confirms_a_severe_plan_is_one_letter_for_all_and_says_why() {
    for op in ["018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"] {
        let mut model = planned(&[]);
        let Some(OperationDialog::Ready(plan, _)) = model.posed_dialog() else { unreachable!("it is ready") };
        (plan.level, plan.op) = (Level::Severe, OpId(op.parse().unwrap()));
        let shown = text(&model, &theme("dark", false), (80, 24));
        assert!(shown.contains("press K to carry it out"), "{shown}");
    }
}

#[test]
fn the_cause_is_the_first_pattern_and_frames_of_its_trace_come_after_it() {
    let mut model = deployed();
    let service = ServiceId::new("production", "backend");
    for (level, message, count) in [
        (flightdeck::domain::log::Level::Error, "File \"pool.py\" line 12 in getconn", 40),
        (flightdeck::domain::log::Level::Error, "couldn't get a connection", 9),
        (flightdeck::domain::log::Level::Fatal, "remaining connection slots are reserved", 3),
    ] {
        crate::screen::lines(&mut model, &service, level, message, count);
    }
    press(&mut model, 'c');
    let shown = text(&model, &theme("dark", false), (120, 30));
    let at = |words: &str| shown.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{shown}"));
    assert!(at("remaining connection") < at("couldn't get"), "{shown}");
    assert!(at("couldn't get") < at("line <*>").min(at("pool.py")), "{shown}");
    assert!(at("pool.py") < at("GET /x"), "{shown}");
}

#[test]
fn errors_since_the_deploy_stand_before_old_ones_which_are_called_so() {
    let mut model = deployed();
    let old = ServiceId::new("production", "frontend");
    crate::screen::spread(&mut model, &old, "duplicate key");
    press(&mut model, 'X');
    let shown = text(&model, &theme("dark", false), (200, 50));
    let at = |words: &str| shown.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{shown}"));
    assert!(at("backend: 19 errors since the deploy of v42, 0 among the ") < at("frontend: old: "), "{shown}");
}

#[test]
fn a_database_is_said_to_have_no_releases_and_none_is_offered() {
    let mut model = world();
    model.pose_place(Some(Place::Service(ServiceId::new("production", "database"))));
    press(&mut model, '2');
    let shown = text(&model, &theme("dark", false), (120, 30));
    assert!(shown.contains("a database has no releases") && !shown.contains("waiting for the first"), "{shown}");
    let hints = shown.lines().last().unwrap_or_default();
    assert!(!hints.contains("roll back") && !hints.contains("mark bad"), "{hints}");
}

#[test]
fn environments_that_do_not_fit_say_how_many_more_there_are() {
    let mut model = world();
    let theme = theme("dark", false);
    let last = model.places().last().cloned();
    let rows = model.places().len();
    let size = (80, 15);
    let shown = text(&model, &theme, size);
    assert!(shown.contains("↓ ") && shown.contains(" more"), "{rows} rows: {shown}");
    step(&mut model, KeyCode::Char('G'), size);
    assert_eq!(model.screen().selection().place, last);
    let shown = text(&model, &theme, size);
    assert!(shown.contains("↑ ") && !shown.contains("↓ "), "the last one shows: {shown}");
}
