//! The dashboard as a person arranges it, by key and by mouse, and what else the mouse presses.

use flightdeck::app::dialogs::Overlay;
use flightdeck::app::effect::Effect;
use flightdeck::app::layout::{Arranged, Edge};
use flightdeck::app::model::{Model, Pane, View};
use flightdeck::app::msg::{Key, KeyCode, Mouse, MouseKind, Msg};
use flightdeck::app::update;

use crate::screen::{burning, drawn, failing, now, press, text, theme, world};

/// A frame of this size is shown.
fn shown(model: &mut Model, size: (u16, u16)) -> String {
    model.pose_size(size);
    let (_, geometry) = drawn(model, &theme("dark", false), size);
    model.set_geometry(geometry);
    text(model, &theme("dark", false), size)
}

fn typed(model: &mut Model, size: (u16, u16), keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.chars() {
        shown(model, size);
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        effects.extend(update(model, Msg::Key(Key { code, ctrl: false, alt: false, repeat: false }), now()));
    }
    effects
}

fn mouse(model: &mut Model, kind: MouseKind, column: u16, row: u16) -> Vec<Effect> {
    update(model, Msg::Mouse(Mouse { kind, column, row }), now())
}

fn panes(model: &mut Model, size: (u16, u16)) -> Vec<Pane> {
    shown(model, size);
    model.screen().geometry().panes.iter().map(|(pane, _)| *pane).collect()
}

#[test]
fn a_hidden_pane_is_passed_by_and_the_last_one_stays() {
    for size in [(200, 50), (120, 30), (80, 24)] {
        let mut model = world();
        typed(&mut model, size, "H");
        assert!(!panes(&mut model, size).contains(&Pane::Environments), "{size:?}");
        assert_eq!(model.screen().focus(), Pane::Logs);
        for _ in 0..3 {
            let tab = Key { code: KeyCode::Tab, ctrl: false, alt: false, repeat: false };
            update(&mut model, Msg::Key(tab), now());
            assert_ne!(model.screen().focus(), Pane::Environments, "{size:?}");
            let focus = model.screen().focus();
            assert!(panes(&mut model, size).contains(&focus), "{size:?} {focus:?}");
        }
        typed(&mut model, size, "HHH");
        assert_eq!(panes(&mut model, size).iter().filter(|pane| **pane != Pane::Timeline).count(), 1, "{size:?}");
        let effects = typed(&mut model, size, "=");
        assert_eq!(effects, [Effect::Arrange(Arranged::default().text())]);
        assert!(panes(&mut model, size).contains(&Pane::Environments));
    }
}

#[test]
fn the_palette_and_a_key_wear_the_named_layouts() {
    let size = (160, 42);
    let mut model = world();
    typed(&mut model, size, "5:layout calm\n");
    assert_eq!(model.screen().view(), View::Dashboard);
    assert!(!panes(&mut model, size).contains(&Pane::Logs));
    typed(&mut model, size, "v");
    // What happened last stands where there is room.
    let named: Vec<Pane> = panes(&mut model, size).into_iter().filter(|pane| *pane != Pane::Timeline).collect();
    assert_eq!(named, [Pane::Environments, Pane::Logs]);
    // What looks for log lines finds them wherever they are.
    typed(&mut model, size, "v:layout calm\n/");
    assert_eq!(model.screen().view(), View::Only(Pane::Logs));
}

#[test]
fn a_border_that_nobody_has_seen_let_go_is_let_go_by_what_comes_next() {
    let size = (200, 50);
    let upright = |model: &Model| *model.screen().geometry().borders.iter().find(|border| border.upright).unwrap();
    // The mouse is handed over in the middle of a drag, the console is left, or the release is lost and something else is clicked.
    for end in ['M', 'z', ' '] {
        let mut model = burning();
        shown(&mut model, size);
        let border = upright(&model);
        let at = (border.line.x, border.line.y + border.line.height / 2);
        mouse(&mut model, MouseKind::Click, at.0, at.1);
        mouse(&mut model, MouseKind::Drag, at.0 + 5, at.1);
        let effects = match end {
            ' ' => mouse(&mut model, MouseKind::Click, 1, 1),
            key => {
                let key = Key { code: KeyCode::Char(key), ctrl: key == 'z', alt: false, repeat: false };
                update(&mut model, Msg::Key(key), now())
            }
        };
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Arrange(_))), "{end}: {effects:?}");
        let before = model.screen().arranged().clone();
        mouse(&mut model, MouseKind::Drag, at.0 + 20, at.1);
        assert_eq!(*model.screen().arranged(), before, "{end}: nothing is held any more");
    }
}

#[test]
fn keys_and_the_mouse_move_borders_and_what_they_did_is_remembered_once() {
    for (model, size) in [(burning(), (200, 50)), (burning(), (120, 30)), (failing(), (200, 50)), (failing(), (80, 24))]
    {
        let mut model = model;
        shown(&mut model, size);
        let edges: Vec<Edge> = model.screen().geometry().borders.iter().map(|border| border.edge).collect();
        let mut moved = 0;
        for edge in edges.iter().copied() {
            let border = |model: &Model| {
                let borders = &model.screen().geometry().borders;
                borders.iter().find(|border| border.edge == edge).copied()
            };
            // What happened last has no room any more where others took it.
            let Some(before) = border(&model) else { continue };
            let middle = (before.line.x + before.line.width / 2, before.line.y + before.line.height / 2);
            let by = |at: (u16, u16), by: u16| if before.upright { (at.0 + by, at.1) } else { (at.0, at.1 + by) };
            mouse(&mut model, MouseKind::Click, middle.0, middle.1);
            let to = by(middle, 3);
            assert!(mouse(&mut model, MouseKind::Drag, to.0, to.1).is_empty(), "it is not written while it moves");
            let effects = mouse(&mut model, MouseKind::Release, to.0, to.1);
            assert!(matches!(effects.as_slice(), [Effect::Arrange(_)]), "{before:?} {effects:?}");
            shown(&mut model, size);
            let far = border(&model).map(|after| i32::from(after.cells()) - i32::from(before.cells()));
            // Behind the last one there may be no row left to take.
            assert!(far.is_none_or(|far| (0..=4).contains(&far)), "{size:?} {before:?} went {far:?}");
            moved += usize::from(far.is_some_and(|far| far > 0));
        }
        assert!(moved > 0 && moved + 1 >= edges.len(), "{size:?}: {moved} of {edges:?}");
        let kept = Arranged::read(&model.screen().arranged().text()).unwrap();
        assert_eq!(&kept, model.screen().arranged());
    }
    let mut model = burning();
    let before = shown(&mut model, (200, 50));
    typed(&mut model, (200, 50), "]");
    assert!(model.screen().arranged().share(Edge::Column).is_some());
    typed(&mut model, (200, 50), "[[");
    assert_ne!(shown(&mut model, (200, 50)), before);
    let rows = |model: &mut Model| {
        shown(model, (200, 50));
        model.screen().geometry().rows(Pane::Environments)
    };
    let natural = rows(&mut model);
    typed(&mut model, (200, 50), "++");
    assert_eq!(rows(&mut model), natural + 2);
    typed(&mut model, (200, 50), "---");
    assert_eq!(rows(&mut model), natural - 1);
    typed(&mut model, (200, 50), "=");
    assert_eq!(rows(&mut model), natural);
}

#[test]
fn what_a_dialog_asks_is_answered_by_a_click_on_the_key_that_it_names() {
    use flightdeck::app::geometry::Hit;
    let size = (120, 30);
    let pressed = |model: &mut Model, code: KeyCode| {
        shown(model, size);
        let hits = model.screen().geometry().hits.clone();
        let (_, area) =
            hits.iter().find(|(hit, _)| *hit == Hit::Press(code)).unwrap_or_else(|| panic!("{code:?}: {hits:?}"));
        mouse(model, MouseKind::Click, area.x + 1, area.y)
    };
    // What the environment is held by ends by a yes, or stays by a no.
    let lock = |model: &mut Model| {
        let held = flightdeck::domain::lock::Lock {
            who: model.facts().who().into(),
            why: "migration".into(),
            at: now().wall,
            until: None,
        };
        let history = flightdeck::domain::history::History {
            locks: [("production".into(), held)].into(),
            ..model.facts().history().clone()
        };
        update(model, Msg::Fact(flightdeck::domain::fact::Fact::History(Box::new(history))), now());
        model.pose_place(Some(flightdeck::app::model::Place::Env("production".into())));
        typed(model, size, "!L");
    };
    let mut model = world();
    lock(&mut model);
    assert!(shown(&mut model, size).contains("y gives it back"), "{}", shown(&mut model, size));
    assert!(pressed(&mut model, KeyCode::Char('n')).is_empty());
    assert!(model.dialog().overlay().is_none());
    lock(&mut model);
    // A click that came with the question is none.
    assert!(pressed(&mut model, KeyCode::Char('y')).is_empty());
    assert!(model.dialog().overlay().is_some());
    let hits = model.screen().geometry().hits.clone();
    let (_, area) = hits.iter().find(|(hit, _)| *hit == Hit::Press(KeyCode::Char('y'))).unwrap();
    let mut later = now();
    later.mono += std::time::Duration::from_secs(1);
    let click = Mouse { kind: MouseKind::Click, column: area.x + 1, row: area.y };
    let effects = update(&mut model, Msg::Mouse(click), later);
    assert_eq!(effects, [Effect::Unlock("production".into(), None)]);
}

#[test]
fn a_click_on_a_hint_does_what_its_key_does_and_the_second_on_a_row_opens_it() {
    let size = (120, 30);
    let mut model = failing();
    let told = shown(&mut model, size);
    let hints = model.screen().geometry().hints.clone();
    assert!(hints.len() > 4, "{told}");
    for (action, area) in hints {
        let last = told.lines().last().unwrap();
        let said: String = last.chars().skip(area.x.into()).take(area.width.into()).collect();
        assert!(said.trim().starts_with(model.screen().keys().of(action)), "{said}");
    }
    let help = model.screen().geometry().hints.iter().find(|(action, _)| *action == flightdeck::action::Action::Help);
    let (_, area) = *help.unwrap();
    mouse(&mut model, MouseKind::Click, area.x + 1, area.y);
    assert!(shown(&mut model, size).contains(" Help "));
    let close = |model: &Model| {
        let geometry = model.screen().geometry();
        geometry.hits.iter().find(|(hit, _)| *hit == flightdeck::app::geometry::Hit::Close).map(|(_, area)| *area)
    };
    let area = close(&model).unwrap();
    mouse(&mut model, MouseKind::Click, area.x + 1, area.y);
    assert!(model.dialog().overlay().is_none());
    press(&mut model, 'X');
    shown(&mut model, size);
    let row = |model: &Model, at| {
        let hits = &model.screen().geometry().hits;
        hits.iter().find(|(hit, _)| *hit == flightdeck::app::geometry::Hit::Row(at)).map(|(_, area)| *area)
    };
    let second = row(&model, 1).unwrap();
    mouse(&mut model, MouseKind::Click, second.x + 3, second.y);
    assert_eq!(model.dialog().overlay(), Some(&Overlay::Why(1)), "it is chosen");
    mouse(&mut model, MouseKind::Click, second.x + 3, second.y);
    assert!(model.dialog().overlay().is_none(), "it went where the row leads");
}

#[test]
fn a_key_hands_the_mouse_back() {
    let mut model = world();
    assert_eq!(typed(&mut model, (120, 30), "M"), [Effect::Mouse(false)]);
    assert_eq!(typed(&mut model, (120, 30), "M"), [Effect::Mouse(true)]);
}

#[test]
fn a_very_wide_screen_keeps_the_detail_of_what_is_selected_open() {
    let size = (300, 80);
    for mut model in [burning(), world()] {
        let wide = shown(&mut model, size);
        let subject = model.screen().focus().listed().subject(&model, now()).unwrap();
        let title = format!("╭ {} ─", flightdeck::app::insight::detail::title(&subject));
        assert!(wide.contains(&title), "{title}\n{wide}");
        assert!(!shown(&mut model, (200, 50)).contains(&title));
    }
}
