//! What the palette finds, and what its rows do.

use super::*;
use crate::action::TABLE;
use crate::app::dialogs::Overlay;
use crate::app::model::{Pane, View};
use crate::app::operations::dialog::OperationDialog;
use crate::app::testing::{NEW, OLD, at, deployment, fresh, keys, model, run, tell};
use crate::domain::environment::Status;
use crate::domain::fact::Fact;
use crate::domain::feed::FeedId;
use crate::domain::gate::Gate;
use crate::domain::ids::ServiceId;
use crate::domain::pipeline::{Run, RunState};

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
fn a_release_that_its_dialog_does_not_have_is_no_row_and_one_that_went_away_is_refused_in_words() {
    let mut model = product();
    let id = ServiceId::new("production", "backend");
    let (new, old) = (deployment(&id, NEW, 5, true), deployment(&id, OLD, 2, false));
    let ended = crate::domain::release::Deployment { status: Status::Unknown, ..old };
    let title = format!("roll back backend to {}", &OLD[..7]);
    let named =
        |model: &Model| titles(model, &title).iter().any(|row| row.starts_with("roll back production/backend to"));
    assert!(named(&model));
    keys(&mut model, &format!(":{title}"));
    // It goes while the palette shows it.
    tell(&mut model, Fact::Releases(id.clone(), vec![new, ended]));
    keys(&mut model, "\u{23ce}");
    assert!(!named(&model));
    let told = model.screen.notice.as_ref().map(|told| told.says.to_string()).unwrap_or_default();
    assert!(told.contains(&format!("production/backend cannot go back to {}", &OLD[..7])), "{told}");
    let Some(OperationDialog::Pick { chosen, .. }) = model.dialog.operation() else {
        panic!("{:?}", model.dialog.overlay)
    };
    assert_eq!(*chosen, None, "no other release is chosen in its place");
}

#[test]
fn a_release_is_chosen_whose_commit_a_list_has_cut() {
    let mut model = product();
    keys(&mut model, &format!(":roll back backend to {}", &OLD[..7]));
    let id = ServiceId::new("production", "backend");
    let (new, old) = (deployment(&id, NEW, 5, true), deployment(&id, OLD, 2, false));
    let cut = crate::domain::release::Deployment { sha: Some(OLD[..7].into()), ..old };
    tell(&mut model, Fact::Releases(id, vec![new, cut]));
    keys(&mut model, "\u{23ce}");
    assert!(matches!(model.dialog.operation(), Some(OperationDialog::Preflighting(..))), "{:?}", model.screen.notice);
}

/// A run whose gate waits for a person.
fn waits(number: u64) -> Run {
    let gate = Gate {
        env: "production".into(),
        env_number: 1,
        wait_minutes: 0,
        wait_since: None,
        reviewers: Vec::new(),
        may_approve: true,
    };
    Run { gates: vec![gate], ..run(number, RunState::Gated, Status::Paused) }
}

#[test]
fn what_is_done_to_a_named_run_is_done_to_no_other() {
    for verb in ["approve", "reject", "cancel"] {
        let mut model = product();
        let (one, other) = (waits(137), waits(138));
        let name = one.name().to_string();
        fresh(&mut model, FeedId::Pipeline);
        tell(&mut model, Fact::Pipeline(vec![one.clone(), other.clone()]));
        keys(&mut model, &format!(":{verb} {name}"));
        // Somebody else has answered meanwhile.
        let over = Run { gates: Vec::new(), ..run(137, RunState::Succeeded, Status::Ok) };
        tell(&mut model, Fact::Pipeline(vec![other.clone(), over]));
        keys(&mut model, "\u{23ce}");
        assert_eq!(model.dialog.overlay, None, "{verb}");
        let told = model.screen.notice.as_ref().map(|told| told.says.to_string()).unwrap_or_default();
        assert!(told.contains("any more") || told.contains("it is over"), "{verb}: {told}");
        // The run itself is gone from the list.
        keys(&mut model, &format!(":{verb} {}", other.name()));
        tell(&mut model, Fact::Pipeline(vec![waits(139)]));
        keys(&mut model, "\u{23ce}");
        assert_eq!(model.dialog.overlay, None, "{verb}");
    }
}

#[test]
fn releases_come_newest_first_and_identities_are_found_as_they_are_written() {
    let mut model = product();
    let id = ServiceId::new("production", "backend");
    let released = |second: u64, message: &str| crate::domain::release::Deployment {
        message: message.into(),
        ..deployment(&id, &format!("{second:07}a41f09df49c2a41f09df49c2a41f09df4"), second, second == 41)
    };
    let all = vec![
        released(41, "A"),
        released(40, "A much longer subject"),
        released(39, "B"),
        released(38, "Another subject that is long"),
    ];
    tell(&mut model, Fact::Releases(id, all));
    let rows = titles(&model, "roll back backend to v");
    let labels: Vec<&str> =
        rows.iter().filter_map(|row| row.strip_prefix("roll back production/backend to ")?.split(' ').next()).collect();
    assert_eq!(labels, ["v40", "v39", "v38"], "{rows:?}");
    let other = ServiceId::new("staging", "frontend");
    let named =
        |label: &str| crate::domain::release::Deployment { label: label.into(), ..deployment(&other, OLD, 2, false) };
    tell(&mut model, Fact::Releases(other.clone(), vec![named("dpl_Yuw0v4x1quit")]));
    let rows = |text: &str| titles(&model, text);
    assert!(!rows("roll back to v41").iter().any(|row| row.contains("dpl_")), "{:?}", rows("roll back to v41"));
    assert!(!rows("yw0q").iter().any(|row| row.contains("dpl_")), "{:?}", rows("yw0q"));
    assert!(rows("dpl_yuw").iter().any(|row| row.contains("dpl_")));
    assert!(rows("release w0v4").iter().any(|row| row.contains("dpl_")), "four letters of its middle");
}

#[test]
fn what_people_call_an_action_finds_it() {
    let model = product();
    assert_eq!(first(&model, "url"), "copy its address");
    for (typed, action) in [("first error", Action::Patterns), ("cause", Action::Why), ("link", Action::CopyAddress)] {
        let title = TABLE.iter().find(|entry| entry.action == action).unwrap().title;
        assert_eq!(first(&model, typed), title, "{typed}");
    }
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
    keys(&mut model, "1");
    let _ = enter(&mut model, &palette, at(2));
    assert_eq!(model.screen.view, View::Only(Pane::Journal), "the first row is the last one that was chosen");
}
