//! What the palette finds, and what its rows do.

use super::*;
use crate::action::TABLE;
use crate::app::dialogs::Overlay;
use crate::app::operations::dialog::OperationDialog;
use crate::app::testing::{NEW, OLD, at, deployment, fresh, keys, model, run, tell};
use crate::domain::environment::Status;
use crate::domain::fact::Fact;
use crate::domain::feed::FeedId;
use crate::domain::ids::ServiceId;
use crate::domain::pipeline::RunState;

/// A product with releases and a run.
fn product() -> Model {
    let mut model = model();
    for service in ["backend", "frontend"] {
        let id = ServiceId::new("production", service);
        let (new, old) = (deployment(&id, NEW, 5, true), deployment(&id, OLD, 2, false));
        tell(&mut model, Fact::Releases(id.clone(), vec![new, old]));
        for feed in [FeedId::Declared(id.clone()), FeedId::Releases(id.clone())] {
            fresh(&mut model, feed);
        }
    }
    tell(&mut model, Fact::Pipeline(vec![run(137, RunState::Succeeded, Status::Ok)]));
    model
}

fn titles(model: &Model, text: &str) -> Vec<String> {
    let mut palette = Palette::open(model);
    palette.find.text = text.to_owned();
    palette.narrow();
    palette.rows().into_iter().map(|row| row.title.clone()).collect()
}

fn first(model: &Model, text: &str) -> String {
    titles(model, text).into_iter().next().unwrap_or_default()
}

#[test]
fn it_finds_by_key_by_word_and_by_letters_with_others_between() {
    let model = product();
    assert_eq!(first(&model, "X"), "why is this red");
    assert_eq!(first(&model, "journal"), "journal");
    assert_eq!(first(&model, "promotion"), "readiness for a promotion");
    assert_eq!(first(&model, "rfshev"), "refresh everything");
    assert!(titles(&model, "qqqq").is_empty());
}

#[test]
fn while_nothing_is_typed_the_actions_are_listed_and_no_things() {
    let model = product();
    assert_eq!(titles(&model, "").len(), TABLE.len());
}

#[test]
fn things_are_found_by_words_of_their_names_in_any_order() {
    let mut model = product();
    assert_eq!(first(&model, "environment stag"), "staging");
    assert!(
        first(&model, "backend release").starts_with("production/backend "),
        "{}",
        first(&model, "backend release")
    );
    let of_commit = titles(&model, &NEW[..7]);
    assert!(of_commit.iter().any(|title| title.starts_with("deploy #537")), "the run of a commit: {of_commit:?}");
    keys(&mut model, ":service staging/frontend\u{23ce}");
    let staging = Place::Service(ServiceId::new("staging", "frontend"));
    assert_eq!(model.screen.selection.place, Some(staging));
}

#[test]
fn an_action_is_found_with_what_it_is_done_to() {
    let model = product();
    assert_eq!(first(&model, "roll back staging"), "roll back staging");
    assert_eq!(first(&model, "lock production"), "lock or unlock production");
    assert!(first(&model, "rerun 537").starts_with("rerun deploy #537"), "{}", first(&model, "rerun 537"));
    // Only where it can be done at all.
    let paused = titles(&model, "pause or resume frontend");
    let has = |title: &str| paused.iter().any(|one| one == title);
    assert!(has("pause or resume production/frontend") && !has("pause or resume staging/frontend"), "{paused:?}");
    assert!(!titles(&model, "restart frontend").iter().any(|title| title.starts_with("restart the machines")));
}

#[test]
fn a_rollback_to_a_named_release_asks_for_its_plan() {
    let mut model = product();
    let typed = format!(":roll back backend to {}\u{23ce}", &OLD[..7]);
    keys(&mut model, &typed);
    let Some(Overlay::Operation(OperationDialog::Preflighting(_, question))) = &model.dialog.overlay else {
        panic!("{:?} {:?}", model.dialog.overlay, model.screen.notice)
    };
    let asked = format!("{:?}", question.request);
    assert!(asked.contains(OLD) && asked.contains("backend"), "{asked}");
}

#[test]
fn of_several_environments_the_one_under_the_cursor_comes_first() {
    let mut model = product();
    for env in ["staging", "production"] {
        model.screen.selection.place = Some(Place::Env(env.into()));
        assert_eq!(first(&model, "lock"), format!("lock or unlock {env}"));
    }
}

#[test]
fn what_was_chosen_lately_stands_first() {
    let mut model = product();
    keys(&mut model, ":service staging/frontend\u{23ce}");
    keys(&mut model, ":journal\u{23ce}");
    assert_eq!(titles(&model, "")[..2], ["journal", "staging/frontend"]);
    // A row of before does not come twice.
    assert_eq!(titles(&model, "").iter().filter(|title| *title == "journal").count(), 1);
    let palette = Palette::open(&model);
    assert_eq!(palette.rows().len(), TABLE.len() + 1);
    assert!(
        enter(&mut model, &palette, at(2)).is_empty(),
        "the first row is the last one that was chosen: the journal"
    );
}
