//! What keys do: each test presses some and looks at what the application holds then.

use flightdeck::app::dialogs::Overlay;
use flightdeck::app::effect::Effect;
use flightdeck::app::insight::detail::Subject;
use flightdeck::app::logs::buffer::Filter;
use flightdeck::app::model::{Model, Pane, Place, View};
use flightdeck::app::msg::{Key, KeyCode, Mouse, MouseKind, Msg};
use flightdeck::app::operations::dialog::OperationDialog;
use flightdeck::app::update;
use flightdeck::domain::environment::{Declared, Instance, Status};
use flightdeck::domain::fact::Fact;
use flightdeck::domain::finding::{Check, Reading};
use flightdeck::domain::history::History;
use flightdeck::domain::ids::ServiceId;
use flightdeck::domain::lock::Lock;
use flightdeck::domain::log::Level;
use flightdeck::domain::notice::Notice;
use flightdeck::sanitize::Text;

use crate::screen::{failing, now, press, tell, text, theme, world};

fn key(code: KeyCode) -> Key {
    Key { code, ctrl: false, alt: false, repeat: false }
}

fn send(model: &mut Model, key: Key) -> Vec<Effect> {
    update(model, Msg::Key(key), now())
}

fn ctrl(model: &mut Model, c: char) -> Vec<Effect> {
    send(model, Key { ctrl: true, ..key(KeyCode::Char(c)) })
}

fn typed(model: &mut Model, text: &str) {
    text.chars().for_each(|c| press(model, c));
}

/// Lets what was typed be looked for in all that is held.
fn looked(model: &mut Model) -> usize {
    while model.logs().lines().searching() {
        update(model, Msg::Work, now());
    }
    model.logs().lines().shown_len()
}

fn prompt(model: &Model) -> Option<String> {
    match model.dialog().overlay() {
        Some(Overlay::Prompt(line)) => Some(line.text()),
        _ => None,
    }
}

/// The last row at 120 columns.
fn hints(model: &Model) -> String {
    text(model, &theme("dark", false), (120, 30)).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_level_that_does_not_exist_is_told_and_lets_no_other_lines_pass() {
    let mut model = world();
    typed(&mut model, "/level:error");
    let errors = looked(&mut model);
    assert!(errors > 0 && errors < model.logs().lines().len());
    typed(&mut model, "x");
    assert_eq!(looked(&mut model), errors, "the filter before stays");
    assert!(hints(&model).contains("no level yet: trace, debug, info, warn, error or fatal"), "{}", hints(&model));
    send(&mut model, key(KeyCode::Enter));
    assert_eq!(prompt(&model).as_deref(), Some("level:errorx"), "enter does not take it");
    send(&mut model, key(KeyCode::Tab));
    assert!(model.logs().lines().filter().chips.is_empty(), "nor is it kept");
    send(&mut model, key(KeyCode::Backspace));
    assert!(!hints(&model).contains("no level yet"));
    send(&mut model, key(KeyCode::Enter));
    assert_eq!((prompt(&model), looked(&mut model)), (None, errors));
}

#[test]
fn half_an_expression_and_half_a_window_leave_the_filter_before() {
    let mut model = world();
    typed(&mut model, "/~no conn");
    let hits = looked(&mut model);
    assert!(hits > 0 && hits < model.logs().lines().len());
    typed(&mut model, "(");
    assert_eq!(looked(&mut model), hits);
    assert!(hints(&model).contains("no whole expression yet"), "{}", hints(&model));
    ctrl(&mut model, 'u');
    assert_eq!(model.logs().lines().shown_len(), model.logs().lines().len());
    typed(&mut model, "@1m");
    let window = model.logs().lines().filter().window;
    assert!(window.is_some());
    typed(&mut model, "oo");
    assert_eq!(model.logs().lines().filter().window, window);
    assert!(hints(&model).contains("no time window yet"), "{}", hints(&model));
}

#[test]
fn the_filter_is_edited_as_a_line_of_a_shell() {
    let mut model = world();
    typed(&mut model, "/one two");
    ctrl(&mut model, 'w');
    assert_eq!(prompt(&model).as_deref(), Some("one "));
    ctrl(&mut model, 'a');
    typed(&mut model, "!");
    assert_eq!(prompt(&model).as_deref(), Some("!one "));
    assert!(model.logs().lines().filter().term.inverse);
    send(&mut model, key(KeyCode::End));
    send(&mut model, Key { alt: true, ..key(KeyCode::Char('b')) });
    typed(&mut model, "x");
    assert_eq!(prompt(&model).as_deref(), Some("x!one "));
    ctrl(&mut model, 'e');
    ctrl(&mut model, 'u');
    assert_eq!((prompt(&model).as_deref(), model.logs().lines().filter()), (Some(""), &Filter::default()));
    typed(&mut model, "far away");
    assert!(hints(&model).contains("far away"), "{}", hints(&model));
    send(&mut model, key(KeyCode::Esc));
    assert_eq!(prompt(&model), None);
}

#[test]
fn keys_that_edit_a_line_mean_half_pages_where_none_is_typed() {
    let mut model = world();
    typed(&mut model, ":lo");
    ctrl(&mut model, 'u');
    assert!(
        matches!(model.dialog().overlay(), Some(Overlay::Palette(palette)) if palette.find.text.is_empty()),
        "{:?}",
        model.dialog().overlay()
    );
    typed(&mut model, "one two");
    ctrl(&mut model, 'w');
    assert!(
        matches!(model.dialog().overlay(), Some(Overlay::Palette(palette)) if palette.find.text == "one "),
        "{:?}",
        model.dialog().overlay()
    );
    send(&mut model, key(KeyCode::Esc));
    typed(&mut model, "2");
    ctrl(&mut model, 'd');
    assert_eq!((model.dialog().overlay().cloned(), model.screen().focus()), (None, Pane::Releases));
}

#[test]
fn every_list_has_a_chosen_row_from_the_start_and_enter_opens_it() {
    type Opened = fn(&Subject) -> bool;
    let views: [(char, Pane, Opened); 5] = [
        ('2', Pane::Releases, |one| matches!(one, Subject::Deployment(..))),
        ('3', Pane::Pipeline, |one| matches!(one, Subject::Run(_))),
        ('5', Pane::Health, |one| matches!(one, Subject::Probe(_))),
        ('6', Pane::Secrets, |one| matches!(one, Subject::Secret(_))),
        ('8', Pane::Journal, |one| matches!(one, Subject::Row(_))),
    ];
    for (view, pane, right) in views {
        let mut model = world();
        press(&mut model, view);
        assert_eq!(model.screen().view(), View::Only(pane));
        send(&mut model, key(KeyCode::Enter));
        let Some(Overlay::Detail(subject)) = model.dialog().overlay() else {
            panic!("{view}: {:?}", model.dialog().overlay())
        };
        assert!(right(subject), "{view}: {subject:?}");
    }
    for view in ['7', '9'] {
        let mut model = world();
        press(&mut model, view);
        let before = model.screen().view();
        send(&mut model, key(KeyCode::Enter));
        assert!(
            model.screen().view() != before
                || model.dialog().operation().is_some()
                || model.dialog().overlay().is_some(),
            "{view} leads nowhere"
        );
    }
}

#[test]
fn a_row_that_comes_after_the_view_was_opened_is_chosen_too() {
    let mut model = crate::screen::empty();
    for view in ['2', '3', '5', '6', '8'] {
        press(&mut model, view);
        send(&mut model, key(KeyCode::Enter));
        assert!(model.screen().notice().is_some(), "{view}: a dead key says nothing");
        model.pose_notice(None);
    }
    let whole = world();
    press(&mut model, '3');
    tell(&mut model, Fact::Pipeline(whole.facts().runs().to_vec()));
    assert!(model.screen().selection().run.is_some());
}

#[test]
fn what_a_person_chose_stays_chosen_while_rows_come() {
    let mut model = world();
    press(&mut model, '3');
    press(&mut model, 'j');
    let chosen = model.screen().selection().run;
    let runs = model.facts().runs().to_vec();
    tell(&mut model, Fact::Pipeline(runs));
    assert_eq!(model.screen().selection().run, chosen);
    assert_ne!(chosen, model.facts().runs().first().map(|run| run.id));
}

#[test]
fn a_run_that_nobody_chose_is_not_the_one_that_is_run_again() {
    let mut model = world();
    let rerun = |model: &Model| {
        let items = flightdeck::app::operations::menu::items(model, now());
        let item = items.into_iter().find(|item| item.letter == 'E').unwrap();
        format!("{} {}", item.title, item.why_not.unwrap_or_default())
    };
    press(&mut model, '3');
    assert!(rerun(&model).contains(&format!("#{}", model.facts().runs()[0].number.0)), "{}", rerun(&model));
    send(&mut model, key(KeyCode::Esc));
    assert!(rerun(&model).contains("select a run in 3"), "{}", rerun(&model));
}

#[test]
fn the_palette_locks_and_says_for_how_long() {
    let mut model = world();
    typed(&mut model, ":lock");
    let shown = text(&model, &theme("dark", false), (120, 30));
    assert!(shown.contains("!L") && shown.contains("lock or unlock an environment"), "{shown}");
    send(&mut model, key(KeyCode::Enter));
    let shown = text(&model, &theme("dark", false), (80, 24));
    assert!(
        shown.contains("others need a reason to change it until it is given back") && shown.contains("tab changes"),
        "{shown}"
    );
    send(&mut model, key(KeyCode::Tab));
    let shown = text(&model, &theme("dark", false), (80, 24));
    assert!(shown.contains("for 30m00s, until 2026-03-04 14:32Z"), "{shown}");
    typed(&mut model, "pool");
    let effects = send(&mut model, key(KeyCode::Enter));
    let [Effect::Lock(env, why, until)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((env.as_str(), why.as_str()), ("production", "pool"));
    assert_eq!(*until, now().wall.checked_add(jiff::SignedDuration::from_mins(30)).ok());
    assert_eq!(model.dialog().operation(), None);
}

#[test]
fn a_lock_says_who_since_when_until_when_and_why_on_eighty_columns() {
    let mut model = world();
    let at = now().wall - jiff::SignedDuration::from_mins(5);
    let until = now().wall.checked_add(jiff::SignedDuration::from_hours(1)).ok();
    let who = "Maria Inês <maria@users.noreply.example.com> (uid 501 on laptop)";
    let lock = Lock { who: who.into(), why: "migration".into(), at, until };
    let locks = [("production".into(), lock)].into();
    tell(&mut model, Fact::History(Box::new(History { locks, ..History::default() })));
    let shown = text(&model, &theme("dark", false), (80, 24));
    assert!(shown.contains("LOCKED by Maria Inês 5m00s ago, until 15:02Z: migration"), "{shown}");
    press(&mut model, '!');
    let shown = text(&model, &theme("dark", false), (80, 24));
    assert!(shown.contains("unlock production: LOCKED by Maria Inês 5m00s ago"), "{shown}");
    press(&mut model, 'L');
    assert!(
        matches!(model.dialog().operation(), Some(OperationDialog::Commenting { .. })),
        "another person's lock asks for a reason"
    );
}

fn declare(model: &mut Model, change: impl FnOnce(&mut Declared)) {
    let id = ServiceId::new("production", "backend");
    let mut declared = model.facts().services()[&id].declared.clone().unwrap();
    change(&mut declared);
    tell(model, Fact::Declared(id, Box::new(declared)));
}

/// The lines of X at 120 columns.
fn why(model: &mut Model) -> String {
    press(model, 'X');
    text(model, &theme("dark", false), (120, 40))
}

#[test]
fn the_reason_of_a_failing_production_is_given_once() {
    let mut model = world();
    declare(&mut model, |declared| {
        declared.status = Status::Fail;
        declared.words = Text::from("503 Service Unavailable (check servicecheck-00-http-8080: critical)");
    });
    let shown = why(&mut model);
    assert_eq!(shown.split("Why:").nth(1).unwrap().matches("503 Service Unavailable").count(), 1, "{shown}");
    assert!(shown.contains("production is failing") && shown.contains("backend is failing: 503"), "{shown}");
    assert!(!shown.contains(" s ago"), "{shown}");
}

#[test]
fn a_probe_that_fails_says_for_how_long() {
    let mut model = failing();
    let shown = why(&mut model);
    assert!(shown.contains("probe frontend → api fails for 0s: CORS refused"), "{shown}");
}

#[test]
fn the_cause_fits_beside_a_state_on_eighty_columns() {
    let mut model = world();
    declare(&mut model, |declared| {
        declared.status = Status::Fail;
        declared.words = Text::from("503 Service Unavailable (check servicecheck-00-http-8080: critical)");
    });
    let shown = text(&model, &theme("dark", false), (80, 24));
    assert!(
        shown.contains("failing: 503 Service") && shown.contains("failing: backend 503 Service Unavailable"),
        "{shown}"
    );
    let header = shown.lines().next().unwrap();
    assert!(header.contains("PROD a1b2c3d ✖ failing"), "no half words there: {header}");
}

#[test]
fn a_machine_on_its_way_out_and_checks_that_nobody_knows_stand_where_their_service_does() {
    let mut model = world();
    let machine = |id: &str, state: &str, unread: Option<&str>| Instance {
        id: id.into(),
        region: "iad".into(),
        state: state.into(),
        digest: None,
        release: Some("v41".into()),
        sha: None,
        checks: (1, 1),
        failing_since: None,
        unread: unread.map(Text::from),
        cordoned: false,
    };
    declare(&mut model, |declared| {
        let going = Some("it has been destroying for 20m");
        declared.instances = vec![machine("aaa1", "started", None), machine("bbb2", "destroying", going)];
    });
    let backend = ServiceId::new("production", "backend");
    let denied = Check { name: "secrets".into(), reading: Reading::Denied("fly: the token may not".into()) };
    let since = now().wall - jiff::SignedDuration::from_secs(47);
    let reading = Reading::Unread { why: "fly: timeout".into(), since, last: None };
    tell(&mut model, Fact::Findings(backend, vec![denied.clone(), Check { name: "exits".into(), reading }]));
    let row = |model: &Model| {
        let shown = text(model, &theme("dark", false), (200, 50));
        shown.lines().find(|line| line.contains("┃   backend ")).unwrap_or_default().to_owned()
    };
    assert!(row(&model).contains("unknown: machine bbb2 in iad never"), "{}", row(&model));
    let mut alone = world();
    tell(&mut alone, Fact::Findings(ServiceId::new("production", "backend"), vec![denied.clone()]));
    assert!(row(&alone).contains("healthy, 1 check denied"), "{}", row(&alone));
    let shown = why(&mut model);
    for said in ["machine bbb2 iad destroying", "secrets: not for this token", "exits: never read since"] {
        assert!(shown.contains(said), "{said}\n{shown}");
    }
    send(&mut model, key(KeyCode::Esc));
    model.pose_place(Some(Place::Service(ServiceId::new("production", "backend"))));
    send(&mut model, key(KeyCode::Enter));
    let shown = text(&model, &theme("dark", false), (120, 40));
    for said in ["bbb2", "destroying", "not for this token", "never read since"] {
        assert!(shown.contains(said), "{said}\n{shown}");
    }
}

#[test]
fn a_dialog_with_more_to_say_names_the_keys_that_show_it() {
    let mut model = crate::screen::planned(&[]);
    model.pose_size((80, 24));
    let shown = text(&model, &theme("dark", false), (80, 24));
    assert!(shown.contains("more: the arrows, pgdn"), "{shown}");
    let whole = text(&model, &theme("dark", false), (120, 60));
    assert!(!whole.contains("the arrows, pgdn"), "{whole}");
}

#[test]
fn the_lowest_level_goes_round() {
    let mut model = world();
    let mut levels = Vec::new();
    for _ in 0..3 {
        press(&mut model, 'l');
        levels.push(model.logs().lines().filter().level);
    }
    assert_eq!(levels, [Level::Warn, Level::Error, Level::Trace]);
}

#[test]
fn a_look_at_the_newest_line_does_not_end_the_following_of_lines() {
    let mut model = world();
    press(&mut model, '4');
    assert!(model.logs().lines().following());
    for leaves in [KeyCode::Esc, KeyCode::Enter, KeyCode::Char('q')] {
        send(&mut model, key(KeyCode::Enter));
        assert!(
            matches!(model.dialog().overlay(), Some(Overlay::Detail(Subject::Line(_))))
                && !model.logs().lines().following()
        );
        send(&mut model, key(leaves));
        assert!(model.logs().lines().following() && model.dialog().overlay().is_none(), "{leaves:?}");
    }
    press(&mut model, ' ');
    let chosen = model.logs().lines().cursor();
    send(&mut model, key(KeyCode::Enter));
    send(&mut model, key(KeyCode::Esc));
    assert!(
        !model.logs().lines().following() && model.logs().lines().cursor() == chosen,
        "who paused by hand stays there"
    );
    let shown = text(&model, &theme("dark", false), (120, 30));
    assert!(shown.contains("paused, space follows"), "{shown}");
}

#[test]
fn a_point_of_readiness_is_looked_at_and_the_keys_still_mean_the_environment_that_was_chosen() {
    let mut model = failing();
    let before = model.screen().selection().place.clone();
    press(&mut model, '9');
    for _ in 0..10 {
        send(&mut model, key(KeyCode::Enter));
        assert_eq!(model.screen().selection().place, before);
        send(&mut model, key(KeyCode::Esc));
        press(&mut model, '9');
        press(&mut model, 'j');
    }
    let shown = text(&model, &theme("dark", false), (120, 30));
    assert!(shown.contains("Readiness  staging → production"), "{shown}");
}

#[test]
fn the_alarm_has_a_row_of_its_own_wherever_the_selection_is_and_dialogs_say_when_they_are_about_another_place() {
    let mut model = failing();
    model.pose_place(Some(Place::Env("staging".into())));
    press(&mut model, '!');
    let shown = text(&model, &theme("dark", false), (120, 40));
    assert!(
        shown.contains("Actions: staging") && shown.contains("! roll back production, which is failing"),
        "{shown}"
    );
    send(&mut model, key(KeyCode::Esc));
    model.pose_dialog(Some(OperationDialog::Pick {
        env: "staging".into(),
        alone: None,
        choices: Vec::new(),
        chosen: None,
        by_hand: false,
        strategy: flightdeck::domain::strategy::Strategy::default(),
    }));
    for size in [(80, 24), (120, 30)] {
        let shown = text(&model, &theme("dark", false), size).replace("│", " ");
        let words: Vec<&str> = shown.split_whitespace().collect();
        let told = "this is about staging, while production is failing: esc, then !! rolls production back";
        let told: Vec<&str> = told.split(' ').collect();
        assert!(words.windows(told.len()).any(|window| window == told), "{shown}");
    }
    send(&mut model, key(KeyCode::Esc));
    let calm = &mut world();
    press(calm, ':');
    typed(calm, "!!");
    send(calm, key(KeyCode::Enter));
    assert!(hints(calm).contains("nothing fails, so ! has no alarm"), "{}", hints(calm));
}

#[test]
fn every_letter_of_the_menu_is_in_the_table_of_actions() {
    for mut model in [world(), failing()] {
        for place in [Place::Env("production".into()), Place::Service(ServiceId::new("production", "frontend"))] {
            model.pose_place(Some(place));
            for item in flightdeck::app::operations::menu::items(&model, now()) {
                let key = format!("!{}", item.letter);
                assert!(flightdeck::action::Keys::default().by_key(&key).is_some(), "{key}: {}", item.title);
            }
        }
    }
}

#[test]
fn the_help_begins_with_what_works_in_the_pane_that_has_the_keys() {
    let first = |view: char| {
        let mut model = world();
        press(&mut model, view);
        press(&mut model, '?');
        let shown = text(&model, &theme("dark", false), (80, 24));
        let row = shown.lines().skip_while(|line| !line.contains("Help")).nth(1);
        row.unwrap_or_default().to_owned()
    };
    assert!(first('4').contains("Log lines"), "{}", first('4'));
    assert!(first('3').contains("The selected row"), "{}", first('3'));
}

#[test]
fn the_help_knows_the_keys_of_dialogs() {
    let mut model = world();
    typed(&mut model, "?make it anew");
    let shown = text(&model, &theme("dark", false), (120, 30));
    assert!(shown.contains("In a plan") && shown.contains("make it anew"), "{shown}");
}

#[test]
fn a_success_is_not_told_with_the_mark_of_a_warning() {
    let mut model = world();
    for (notice, mark) in [
        (Notice::done("production is unlocked"), "✔"),
        (Notice::refused("production was not unlocked"), "▲"),
        (Notice::under_way("looking for it"), "◌"),
        (Notice::failed("no browser here"), "✖"),
    ] {
        let said = format!(" {mark} {}", notice.as_str());
        tell(&mut model, Fact::Notice(notice));
        assert_eq!(hints(&model), said);
    }
}

#[test]
fn one_frame_alone_looks_as_if_it_had_the_keys() {
    for (view, pane) in [("", "Environments"), ("\t", "Logs")] {
        let mut model = failing();
        view.chars().for_each(|_| drop(send(&mut model, key(KeyCode::Tab))));
        for size in [(80, 24), (120, 30)] {
            let shown = text(&model, &theme("mono", false), size);
            // The view bar and the release train have marks of their own.
            let frames = shown.lines().take(usize::from(size.1) - 2).skip(1);
            let marked: Vec<&str> = frames.filter(|line| line.contains('▸')).collect();
            assert!(
                marked
                    .iter()
                    .all(|line| line.contains(&format!("▸ {pane}")) || line.contains(&format!("▸ PROD  {pane}"))),
                "{shown}"
            );
            assert!(!marked.is_empty(), "{shown}");
        }
    }
}

#[test]
fn the_view_bar_marks_the_view_that_shows_and_those_with_trouble_and_is_clicked() {
    for size in [(200, 50), (120, 30), (80, 24), (60, 15)] {
        let mut model = failing();
        model.pose_size(size);
        let bar = |model: &Model| {
            let shown = text(model, &theme("dark", false), size);
            shown.lines().rev().nth(1).unwrap_or_default().to_owned()
        };
        let said = bar(&model);
        assert!(
            said.contains("▸1 dash") && said.contains("health ✖1") && said.contains("secrets ✖1"),
            "{size:?}: {said}"
        );
        assert!(('1'..='9').all(|number| said.contains(number)), "{size:?}: {said}");
        let (_, geometry) = crate::screen::drawn(&model, &theme("dark", false), size);
        model.set_geometry(geometry);
        for (number, area) in model.screen().geometry().views.clone() {
            let click = Mouse { kind: MouseKind::Click, column: area.x + 1, row: area.y };
            update(&mut model, Msg::Mouse(click), now());
            if number == 0 {
                let shown = text(&model, &theme("dark", false), size);
                assert!(shown.contains("Further views") && shown.contains(" s Settings"), "{size:?}: {shown}");
                press(&mut model, 's');
            }
            assert!(bar(&model).contains(&format!("▸{number}")), "{size:?} {number}: {}", bar(&model));
        }
    }
}

#[test]
fn hints_are_those_of_the_selected_thing_as_it_stands() {
    let mut calm = world();
    let cases: [(&str, &[&str]); 8] = [
        ("1", &["enter open", "! actions", ": palette", "? help", "q back, quit"]),
        ("2", &["enter open", "!R roll back", "!B mark bad"]),
        ("3", &["enter open", "o browser"]),
        ("3j", &["enter open", "!G rerun what failed"]),
        ("4", &["space pause", "/ filter", "e errors", "c patterns"]),
        ("4 ", &["space follow"]),
        ("7", &["enter go there"]),
        ("9", &["enter what it is about", "!P promote"]),
    ];
    for (keys, expected) in cases {
        typed(&mut calm, keys);
        for hint in expected {
            assert!(hints(&calm).contains(hint), "{keys}: {hint}: {}", hints(&calm));
        }
        assert!(hints(&calm).split("  ").count() <= 9, "{}", hints(&calm));
    }
    let mut burning = failing();
    assert!(hints(&burning).starts_with(" !R roll back production  X why"), "{}", hints(&burning));
    burning.pose_place(Some(Place::Env("staging".into())));
    assert!(hints(&burning).starts_with(" !! roll back production  X why"), "{}", hints(&burning));
    burning.pose_filter(Filter { level: Level::Error, ..Filter::default() });
    press(&mut burning, '4');
    assert!(hints(&burning).contains("esc all lines"), "{}", hints(&burning));
}

#[test]
fn every_hint_names_a_key_that_does_it() {
    for mut model in [world(), failing(), crate::screen::empty()] {
        for view in '1'..='9' {
            press(&mut model, view);
            for hint in flightdeck::app::hints::hints(&model, now()) {
                let keys = model.screen().keys();
                assert_eq!(keys.by_key(hint.key(keys)), Some(hint.action), "{view}: {hint:?}");
            }
        }
    }
}

#[test]
fn no_pane_above_the_log_lines_is_empty_by_half_while_the_lines_have_the_width() {
    for model in [failing(), world()] {
        for size in [(200, 50), (160, 42), (120, 30)] {
            let (buffer, geometry) = crate::screen::drawn(&model, &theme("dark", false), size);
            for (pane, area) in &geometry.panes {
                let blank = |y: &u16| (area.x..area.x + area.width).all(|x| buffer[(x, *y)].symbol().trim().is_empty());
                let empty = (area.y..area.y + area.height).filter(blank).count();
                match pane {
                    Pane::Logs => assert_eq!(area.width, size.0 - 2, "{size:?}"),
                    _ => assert!(
                        empty <= usize::from(area.height) / 3,
                        "{pane:?} at {size:?}: {empty} of {}",
                        area.height
                    ),
                }
            }
        }
    }
}
