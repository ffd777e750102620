//! What stands on the screen: at four sizes, in every theme, and at any size without a panic.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "screens/arranged.rs"]
mod arranged;
#[path = "screens/found.rs"]
mod found;
#[path = "screens/keys.rs"]
mod keys;
#[path = "screens/pictures.rs"]
mod pictures;
#[path = "screens/room.rs"]
mod room;
#[path = "support/screen.rs"]
mod screen;
#[path = "screens/views.rs"]
mod views;

use flightdeck::app::model::Model;
use flightdeck::app::msg::{Key, KeyCode, Msg};
use flightdeck::app::operations::dialog::OperationDialog;
use flightdeck::domain::confirmation::Level;
use flightdeck::domain::environment::Status;
use flightdeck::domain::notice::Notice;
use flightdeck::domain::operation::Request;
use flightdeck::domain::readiness::Criterion;
use flightdeck::domain::shipment::{Point, Shipment};
use proptest::prelude::*;
use ratatui::style::Color;
use screen::{deployed, drawn, empty, failing, healthy, now, planned, press, text, theme};

const SIZES: [(u16, u16); 4] = [(300, 80), (200, 50), (120, 30), (80, 24)];

fn snapshots(name: &str, model: &Model) {
    for (width, height) in SIZES {
        let shown = text(model, &theme("dark", false), (width, height));
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), shown);
    }
}

#[test]
fn a_console_that_was_just_started() {
    snapshots("empty", &empty());
}

#[test]
fn a_calm_production() {
    snapshots("healthy", &healthy());
}

#[test]
fn a_failing_production() {
    snapshots("failing", &failing());
}

#[test]
fn the_patterns_since_a_deployment() {
    let mut model = deployed();
    press(&mut model, 'c');
    snapshots("patterns", &model);
}

#[test]
fn the_sources_of_lines() {
    let mut model = deployed();
    press(&mut model, 's');
    snapshots("sources", &model);
}

#[test]
fn the_help_over_the_dashboard() {
    let mut model = healthy();
    press(&mut model, '?');
    snapshots("help", &model);
}

#[test]
fn the_plan_of_a_rollback() {
    snapshots("rollback_plan", &planned(&[]));
}

#[test]
fn a_plan_tells_each_finding_once_and_the_comment_that_goes_with_it() {
    let request = Request::Review { run: 137, approve: true };
    let (asks, says) = (Criterion::Secrets, "SENTRY_DSN missing in production");
    let mut model = planned(&[]);
    model.pose_reason(Some("looks good".into()));
    let Some(OperationDialog::Ready(plan, _)) = model.posed_dialog() else { unreachable!() };
    (plan.kind, plan.request) = (request.kind(), request);
    let points = vec![Point::new(asks, Status::Fail, says)];
    plan.ships = Some(Box::new(Shipment { points, ..Shipment::default() }));
    plan.overrides = plan.ships.iter().flat_map(|ships| ships.red()).collect();
    let shown = text(&model, &theme("dark", false), (200, 50));
    let plan = shown.split("┃").filter(|cell| cell.contains(says)).count();
    assert_eq!(plan, 1, "{shown}");
    assert!(shown.contains("your comment: looks good"), "{shown}");
}

/// At any size that has panes: a plan that cannot be read whole must still say what enter would do and what forbids it.
#[test]
fn the_plan_always_shows_what_confirms_it_and_what_forbids_it() {
    let why = "production is read-only; start with --write";
    for height in 15..=40 {
        let open = text(&planned(&[]), &theme("dark", false), (80, height));
        assert!(open.contains("type production and enter: prod") && open.contains("PROD  Roll back"), "{open}");
        let refused = text(&planned(&[why]), &theme("mono", false), (80, height));
        assert!(refused.contains(why) && refused.contains("cannot be done now"), "{refused}");
    }
}

#[test]
fn a_failing_production_is_told_with_its_numbers_on_a_small_terminal() {
    let shown = text(&failing(), &theme("dark", false), (80, 24));
    for said in ["production failing", "CORS refused", "0s", "!R", "5 health ✖1", "PROD", "14:02:11Z", "? help"] {
        assert!(shown.contains(said), "{said}\n{shown}");
    }
}

#[test]
fn production_is_marked_without_colour_and_without_unicode() {
    for name in ["dark", "light", "mono", "high-contrast", "no such theme"] {
        for ascii in [false, true] {
            let shown = text(&healthy(), &theme(name, ascii), (120, 30));
            let frame = if ascii { "# > PROD" } else { "┏ ▸ PROD" };
            assert!(shown.contains(frame), "{name}\n{shown}");
        }
    }
}

#[test]
fn ascii_means_ascii() {
    let mut model = empty();
    press(&mut model, '?');
    let help = text(&model, &theme("dark", true), (120, 30));
    press(&mut model, '?');
    press(&mut model, '/');
    let prompt = text(&model, &theme("dark", true), (80, 24));
    assert!(help.is_ascii() && prompt.is_ascii(), "{help}\n{prompt}");
}

#[test]
fn the_theme_without_colour_draws_without_colour() {
    let (buffer, _) = drawn(&failing(), &theme("mono", false), (120, 30));
    let coloured = buffer.content().iter().find(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
    assert!(coloured.is_none(), "{coloured:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_size_is_drawn(width in 1u16..=300, height in 1u16..=100, keys in "[123456z?/\t ]{0,4}") {
        let mut model = failing();
        for key in keys.chars() {
            press(&mut model, key);
        }
        for name in ["dark", "mono"] {
            let (_, geometry) = drawn(&model, &theme(name, name == "mono"), (width, height));
            for (pane, area) in geometry.panes {
                let inside = area.x + area.width <= width && area.y + area.height <= height;
                prop_assert!(inside, "{pane:?} {area:?} in {width}x{height}");
            }
        }
    }
}

#[test]
fn every_small_size_is_drawn() {
    let (model, plan) = (failing(), planned(&[]));
    for width in 1..=110 {
        for height in 1..=24 {
            let (shown, _) = drawn(&model, &theme("dark", false), (width, height));
            assert!(shown.content.iter().any(|cell| !cell.symbol().trim().is_empty()), "{width}x{height} is empty");
            drawn(&plan, &theme("dark", true), (width, height));
        }
    }
}

/// The plan of [`planned`], a while after it was made.
fn aged(seconds: i64, level: Level) -> Model {
    let mut model = planned(&[]);
    let Some(OperationDialog::Ready(plan, _)) = model.posed_dialog() else { unreachable!("it is ready") };
    plan.computed_at = now().wall - jiff::SignedDuration::from_secs(seconds);
    plan.level = level;
    model
}

#[test]
fn a_plan_says_how_long_it_may_be_confirmed_and_what_makes_it_anew() {
    for (size, level) in SIZES[1..].iter().copied().zip([Level::Critical, Level::Severe, Level::Moderate]) {
        let shown = |seconds| text(&aged(seconds, level), &theme("dark", false), size);
        assert!(shown(11).contains("49 s left"), "{}", shown(11));
        assert!(shown(61).contains("older than a minute: r makes it anew"), "{}", shown(61));
    }
}

/// Presses a key, and draws the frame that answers it.
fn step(model: &mut Model, code: KeyCode, size: (u16, u16)) -> String {
    let key = Key { code, ctrl: false, alt: false, repeat: false };
    let _ = flightdeck::app::update(model, Msg::Key(key), now());
    let (_, geometry) = drawn(model, &theme("dark", false), size);
    model.set_geometry(geometry);
    text(model, &theme("dark", false), size)
}

#[test]
fn a_plan_longer_than_the_screen_is_scrolled_and_its_name_is_typed_meanwhile() {
    let (mut model, size) = (planned(&[]), (80, 24));
    model.pose_size(size);
    let first = step(&mut model, KeyCode::Char('u'), size);
    assert!(first.contains("enter: produ") && first.contains("more") && !first.contains("frontend step 4"), "{first}");
    let end = step(&mut model, KeyCode::End, size);
    assert!(end.contains("frontend step 4") && end.contains("↑") && end.contains("enter: produ"), "{end}");
    let top = step(&mut model, KeyCode::Home, size);
    assert_eq!(top, first);
}

#[test]
fn what_warns_has_to_have_been_on_the_screen_before_a_plan_is_confirmed() {
    let (mut model, size) = (planned(&[]), (80, 24));
    model.pose_size(size);
    let Some(OperationDialog::Ready(plan, confirm)) = model.posed_dialog() else { unreachable!("it is ready") };
    plan.warnings = (1..=30).map(|number| format!("warning {number}").as_str().into()).collect();
    confirm.typed = "production".to_owned();
    assert!(step(&mut model, KeyCode::Down, size).contains("to read before it can be confirmed"));
    let refused = step(&mut model, KeyCode::Enter, size);
    assert!(
        refused.contains("there is more to read")
            && matches!(model.dialog().operation(), Some(OperationDialog::Ready(..))),
        "{refused}"
    );
    for _ in 0..4 {
        step(&mut model, KeyCode::PageDown, size);
    }
    step(&mut model, KeyCode::Enter, size);
    assert!(
        matches!(model.dialog().operation(), Some(OperationDialog::Following(_))),
        "{:?}",
        model.dialog().operation()
    );
}

#[test]
fn the_help_is_scrolled_to_its_end_at_every_size() {
    for size in SIZES {
        let mut model = healthy();
        model.pose_size(size);
        press(&mut model, '?');
        let mut seen = step(&mut model, KeyCode::Home, size);
        for _ in 0..8 {
            seen += &step(&mut model, KeyCode::PageDown, size);
        }
        for entry in flightdeck::action::TABLE {
            assert!(seen.contains(entry.title), "{size:?}: {}\n{seen}", entry.title);
        }
    }
}

#[test]
fn what_a_small_screen_cannot_show_does_nothing_and_says_so() {
    let (mut model, size) = (healthy(), (50, 12));
    model.pose_size(size);
    let opened = step(&mut model, KeyCode::Char('!'), size);
    assert!(opened.contains("needs 60x15"), "{opened}");
    let key = Key { code: KeyCode::Char('L'), ctrl: false, alt: false, repeat: false };
    assert!(flightdeck::app::update(&mut model, Msg::Key(key), now()).is_empty());
    assert!(model.dialog().operation().is_none() && model.dialog().overlay().is_some());
    step(&mut model, KeyCode::Esc, size);
    assert!(model.dialog().overlay().is_none());
}

#[test]
fn what_is_told_and_the_key_that_helps_are_never_cut() {
    let mut model = failing();
    let told =
        "roll back production is under way: quitting ends it between two calls and leaves it open; q again quits";
    model.pose_notice(Some(Notice::refused(told)));
    for size in SIZES {
        model.pose_size(size);
        let shown = text(&model, &theme("dark", false), size);
        let words: Vec<&str> = shown.split_whitespace().collect();
        let told: Vec<&str> = told.split(' ').collect();
        assert!(words.windows(told.len()).any(|window| window == told), "{shown}");
        assert!(shown.contains("!R rolls back"), "{shown}");
    }
}

#[test]
fn the_chosen_action_is_whole_and_the_rest_of_the_menu_is_announced() {
    let (mut model, size) = (failing(), (80, 20));
    model.pose_size(size);
    let mut shown = step(&mut model, KeyCode::Char('!'), size);
    assert!(shown.contains("↓"), "{shown}");
    for _ in 0..30 {
        shown = step(&mut model, KeyCode::Down, size);
    }
    assert!(shown.contains("L locks it now") && shown.contains("↑"), "{shown}");
}
