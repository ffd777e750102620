//! Which commit `!B` names, and when it asks once more.

use super::*;
use crate::app::effect::Effect;
use crate::app::operations::dialog::OperationDialog;
use crate::app::operations::menu;
use crate::app::testing::{NEW, OLD, at, deployment, keys, model, operation, runs, tell};
use crate::domain::environment::Status;
use crate::domain::fact::Fact;
use crate::domain::ids::ServiceId;
use crate::domain::operation::{Move, OpKind};

fn live(model: &mut Model, sha: &str, status: Status) {
    for service in ["backend", "frontend"] {
        runs(model, "production", service, sha, status);
    }
}

fn title(model: &Model) -> String {
    menu::items(model, at(2)).into_iter().find(|item| item.letter == 'B').unwrap().title
}

#[test]
fn what_runs_well_is_named_and_asked_about_once_more() {
    let mut model = model();
    live(&mut model, NEW, Status::Ok);
    assert!(title(&model).starts_with("mark 3e60eac bad, which production runs, "), "{}", title(&model));
    assert!(keys(&mut model, "!Bwrong rows⏎").is_empty(), "a reason alone does not mark what runs well");
    assert!(matches!(model.dialog.operation(), Some(OperationDialog::Sure(_))), "{:?}", model.dialog.operation());
    assert!(keys(&mut model, "⏎").is_empty() && model.dialog.operation().is_none(), "enter is a no");
    keys(&mut model, "!Bwrong rows⏎");
    // The question is armed a moment after it showed.
    let yes =
        crate::app::msg::Key { code: crate::app::msg::KeyCode::Char('y'), ctrl: false, alt: false, repeat: false };
    let effects = crate::app::update(&mut model, crate::app::msg::Msg::Key(yes), at(9));
    assert_eq!(effects, [Effect::Mark(NEW.into(), Some("wrong rows".into()))]);
}

#[test]
fn what_fails_is_marked_for_a_reason_alone() {
    let mut model = model();
    live(&mut model, NEW, Status::Fail);
    assert!(title(&model).contains("production runs, failing"), "{}", title(&model));
    assert_eq!(keys(&mut model, "!Bbad⏎"), [Effect::Mark(NEW.into(), Some("bad".into()))]);
}

#[test]
fn what_fails_in_one_environment_is_not_said_to_run_well_because_another_one_runs_it_too() {
    let mut model = model();
    live(&mut model, NEW, Status::Fail);
    for service in ["backend", "frontend"] {
        runs(&mut model, "staging", service, NEW, Status::Ok);
    }
    assert_eq!(runs_well(&model, &NEW.into(), at(2)), Vec::<String>::new());
    assert_eq!(keys(&mut model, "!Bbad⏎"), [Effect::Mark(NEW.into(), Some("bad".into()))]);
    live(&mut model, NEW, Status::Ok);
    assert!(!runs_well(&model, &NEW.into(), at(2)).is_empty(), "it runs in both and fails in none");
}

#[test]
fn after_a_restore_the_commit_that_was_rolled_back_from_is_offered_and_not_the_restored_one() {
    let mut model = model();
    let backend = ServiceId::new("production", "backend");
    live(&mut model, OLD, Status::Ok);
    let rows = vec![deployment(&backend, NEW, 5, false), deployment(&backend, OLD, 1, true)];
    let moved = Move { service: backend.clone(), from: Some(rows[0].id.clone()), to: rows[1].id.clone() };
    tell(&mut model, Fact::Releases(backend, rows));
    assert!(title(&model).contains("9df49c2"), "a newer row alone is no rollback: {}", title(&model));
    let back = operation(1, OpKind::RollBack, "production", OpState::Done, vec![moved], OLD);
    tell(&mut model, Fact::Operation(Box::new(back)));
    assert!(
        title(&model).starts_with("mark 3e60eac bad (New thing), which production was rolled back from"),
        "{}",
        title(&model)
    );
    assert_eq!(keys(&mut model, "⎋!Bbad⏎"), [Effect::Mark(NEW.into(), Some("bad".into()))], "it runs nowhere");
}

#[test]
fn a_rollback_that_another_hand_made_shows_in_the_list() {
    let mut model = model();
    let backend = ServiceId::new("production", "backend");
    live(&mut model, OLD, Status::Ok);
    let row = |sha, second, current| deployment(&backend, sha, second, current);
    let rows = vec![row(OLD, 9, true), row(NEW, 5, false), row(OLD, 1, false)];
    tell(&mut model, Fact::Releases(backend.clone(), rows));
    assert!(title(&model).contains("mark 3e60eac bad"), "{}", title(&model));
    // A release that followed another one as releases do was no rollback.
    tell(&mut model, Fact::Releases(backend.clone(), vec![row(OLD, 9, true), row(NEW, 5, false)]));
    assert!(title(&model).contains("mark 9df49c2 bad"), "{}", title(&model));
}

#[test]
fn the_row_of_a_machine_is_told_by_the_words_of_its_commit() {
    let mut model = model();
    live(&mut model, NEW, Status::Ok);
    let (backend, frontend) = (ServiceId::new("production", "backend"), ServiceId::new("production", "frontend"));
    let image = Some("registry.example/shop:sha-3e60eac".into());
    // What is declared of both is this deployment.
    let row = |service, second| Deployment { id: NEW.into(), ..deployment(service, NEW, second, true) };
    let own = Deployment { image, message: "Deploy image registry".into(), ..row(&backend, 5) };
    tell(&mut model, Fact::Releases(backend.clone(), vec![own]));
    assert!(title(&model).contains("(Deploy image registry)"), "it is all that is known: {}", title(&model));
    let long = Deployment { label: "dpl_y5GR5lA3sxmErRuIIPtVY0hMwdQ1".into(), ..row(&frontend, 6) };
    tell(&mut model, Fact::Releases(frontend, vec![long]));
    assert!(title(&model).contains("(New thing)"), "{}", title(&model));
    let says: Vec<&str> = model.facts.timeline.iter().map(|event| event.says.as_str()).collect();
    assert_eq!(
        says,
        ["3e60eac New thing: dpl_y5GR complete, live, maria", "3e60eac New thing: v5 complete, live, maria"]
    );
}
