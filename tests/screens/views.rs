//! Every view and dialog at four sizes, of a world in which something of everything is there.

use flightdeck::app::msg::{Key, KeyCode, Msg};
use flightdeck::app::update;

use crate::screen::{now, press, world};
use crate::snapshots;

/// What the keys show, each `\n` an enter.
fn shown(name: &str, keys: &str) {
    let mut model = world();
    for key in keys.chars() {
        match key {
            '\n' => {
                update(
                    &mut model,
                    Msg::Key(Key { code: KeyCode::Enter, ctrl: false, alt: false, repeat: false }),
                    now(),
                );
            }
            key => press(&mut model, key),
        }
    }
    snapshots(name, &model);
}

#[test]
fn the_views() {
    for (key, name) in [
        ("2", "releases"),
        ("3", "pipeline"),
        ("4", "logs"),
        ("5", "health"),
        ("6", "secrets"),
        ("7", "timeline"),
        ("8", "journal"),
        ("9", "readiness"),
    ] {
        shown(&format!("view_{name}"), key);
    }
}

#[test]
fn what_waits_for_a_person_is_told_in_views_that_list_no_environments() {
    let mut model = world();
    let mut runs = model.facts().runs().to_vec();
    runs[0].gates = vec![flightdeck::domain::gate::Gate {
        env: "production".into(),
        env_number: 1,
        wait_minutes: 0,
        wait_since: None,
        reviewers: Vec::new(),
        may_approve: true,
    }];
    update(&mut model, Msg::Fact(flightdeck::domain::fact::Fact::Pipeline(runs)), now());
    for size in [(200, 50), (120, 30), (80, 24)] {
        for (view, told) in [('1', false), ('5', true), ('3', true), ('9', true)] {
            press(&mut model, view);
            let shown = crate::screen::text(&model, &crate::screen::theme("dark", false), size);
            let second = shown.lines().nth(1).unwrap_or_default();
            assert_eq!(
                second.contains("production waiting") && second.contains("!A approves"),
                told,
                "{view}: {shown}"
            );
        }
    }
}

#[test]
fn every_view_has_its_number_on_the_bar_while_production_fails() {
    for model in [crate::screen::failing(), crate::screen::burning(), world()] {
        for size in [(60, 20), (70, 24), (80, 24), (120, 30)] {
            let (_, geometry) = crate::screen::drawn(&model, &crate::screen::theme("dark", false), size);
            let numbers: Vec<u8> = geometry.views.iter().map(|(number, _)| *number).collect();
            assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 0], "{size:?}");
        }
    }
}

#[test]
fn the_view_of_settings() {
    let mut model = crate::screen::settled();
    press(&mut model, '0');
    press(&mut model, 's');
    snapshots("view_settings", &model);
}

#[test]
fn settings_say_where_they_came_from_at_every_size() {
    let mut model = world();
    press(&mut model, '0');
    press(&mut model, 's');
    for size in [(200, 50), (120, 30), (80, 24)] {
        let shown = crate::screen::text(&model, &crate::screen::theme("dark", false), size);
        let row = shown.lines().find(|line| line.contains("ui.log_memory")).unwrap_or_default();
        assert!(row.contains("256MiB") && row.contains("default"), "{size:?}: {shown}");
        assert!(shown.lines().any(|line| line.contains("▸0")), "{size:?}: {shown}");
    }
}

#[test]
fn the_dialogs() {
    for (keys, name) in [
        ("0", "more"),
        ("X", "why"),
        ("!", "menu"),
        (":lock", "palette"),
        ("!L", "lock"),
        ("!R", "refused_action"),
        ("\n", "environment"),
        ("2\n", "deployment"),
        ("3\n", "run"),
        ("5\n", "probe"),
        ("6\n", "secret"),
        ("8\n", "journal_row"),
        ("/level:erro", "filter"),
    ] {
        shown(&format!("dialog_{name}"), keys);
    }
}
