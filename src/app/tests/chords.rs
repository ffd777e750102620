//! Keys that a person chose: what they ask for, what shows them, and two that are pressed one after the other.

use crate::action::{Action, Keys};
use crate::app::dialogs::Overlay;
use crate::app::effect::Effect;
use crate::app::hints;
use crate::app::model::{Model, Pane, View};
use crate::app::testing::{at, keys, model, press, tell};
use crate::app::trust;
use crate::config::load::{Flags, parse};
use crate::domain::fact::Fact;
use crate::domain::trust::ProjectFile;

/// A console whose person chose these keys.
fn with(chosen: &str) -> Model {
    let text = format!("[[environments]]\nname = \"production\"\ntier = \"production\"\n[ui.keys]\n{chosen}");
    let settings = parse(&text, None, &Flags::default(), &|_| None).unwrap();
    let mut model = Model::new(&settings, at(0));
    model.screen.notice = None;
    model
}

fn told(model: &Model) -> String {
    model.screen.notice.as_ref().map(|notice| notice.says.to_string()).unwrap_or_default()
}

#[test]
fn two_keys_do_what_one_did_and_the_old_one_does_nothing() {
    let mut model = with("health = \"b h\"\n");
    keys(&mut model, "5");
    assert_eq!(model.screen.view, View::Dashboard, "5 is nobody's key");
    assert_eq!(told(&model), "5 is not bound: ? lists the keys");
    keys(&mut model, "b");
    assert_eq!(model.screen.pending.as_deref(), Some("b"));
    keys(&mut model, "h");
    assert_eq!((model.screen.view, model.screen.pending.as_deref()), (View::Only(Pane::Health), None));
}

#[test]
fn sentences_name_the_keys_in_force() {
    let mut model = with("menu = \"b\"\n");
    model.screen.size = (120, 40);
    let file = ProjectFile {
        path: "/repo/flightdeck.toml".into(),
        digest: "abc".to_owned(),
        wants: Vec::new(),
        approved: false,
    };
    tell(&mut model, Fact::ProjectFile(Box::new(file)));
    let Some(Overlay::Trust(asked)) = model.dialog.overlay else { panic!("{:?}", model.dialog.overlay) };
    assert!(trust::last(&model, asked).ends_with("b 0 asks again"), "{}", trust::last(&model, asked));
    keys(&mut model, "⎋");
    let file = ProjectFile {
        path: "/repo/flightdeck.toml".into(),
        digest: "def".to_owned(),
        wants: Vec::new(),
        approved: false,
    };
    keys(&mut model, "?");
    tell(&mut model, Fact::ProjectFile(Box::new(file)));
    assert!(told(&model).ends_with("b 0 asks about it"), "{}", told(&model));
}

#[test]
fn escape_leaves_the_first_of_two_keys_and_nothing_else() {
    let mut model = with("health = \"b h\"\n");
    keys(&mut model, "6b⎋");
    assert_eq!((model.screen.view, model.screen.pending.as_deref()), (View::Only(Pane::Secrets), None));
    keys(&mut model, "bx");
    assert_eq!(told(&model), "b x means nothing: b goes on with h");
    assert_eq!(model.screen.pending, None);
    keys(&mut model, "h");
    assert!(matches!(model.dialog.overlay, Some(Overlay::Chart(_))), "h alone is what it was");
}

#[test]
fn a_letter_that_begins_two_keys_is_text_where_text_is_typed() {
    let mut model = with("health = \"b h\"\n");
    keys(&mut model, "/b");
    assert_eq!(model.screen.pending, None);
    assert_eq!(model.logs.lines.filter().term.text, "b");
}

#[test]
fn ctrl_c_is_the_way_out_after_the_first_of_two_keys_too() {
    let mut model = with("back = \"Q\"\nhealth = \"b h\"\n");
    keys(&mut model, "b");
    let ctrl_c =
        crate::app::msg::Key { code: crate::app::msg::KeyCode::Char('c'), ctrl: true, alt: false, repeat: false };
    let effects = crate::app::update(&mut model, crate::app::msg::Msg::Key(ctrl_c), at(2));
    assert_eq!(effects, [Effect::Quit]);
    assert_eq!(keys(&mut model, "q"), [], "q was given up");
    assert_eq!(keys(&mut model, "Q"), [Effect::Quit]);
}

#[test]
fn hints_name_the_keys_in_force() {
    let mut model = with("help = \"ctrl-e\"\n");
    let hint = hints::hints(&model, at(1)).into_iter().find(|hint| hint.action == Action::Help).unwrap();
    assert_eq!(hint.key(model.screen.keys), "ctrl-e");
    keys(&mut model, "?");
    assert!(model.dialog.overlay.is_none());
}

#[test]
fn no_key_of_the_table_begins_two() {
    let mut model = model();
    for entry in Keys::default().entries() {
        assert!(Keys::default().after(entry.keys[0]).next().is_none(), "{}", entry.name);
    }
    press(&mut model, crate::app::msg::KeyCode::Char('b'));
    assert_eq!(model.screen.pending, None);
}
