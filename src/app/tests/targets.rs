//! What the keys of operations act on: what is under the cursor of the pane that has the keys, and nothing that is selected elsewhere.

use super::transitions::full;
use crate::action::Action;
use crate::app::hints::hints;
use crate::app::insight::needs::Need;
use crate::app::model::{Model, Pane, Place, View};
use crate::app::navigate::{self, Jump};
use crate::app::operations::dialog::{Asks, OperationDialog};
use crate::app::operations::menu::{self, Run};
use crate::app::operations::outline;
use crate::app::testing::{OLD, at, keys, probed, run};
use crate::domain::environment::{EnvInfo, Status};
use crate::domain::ids::ServiceId;
use crate::domain::lock::Lock;
use crate::domain::operation::Request;
use crate::domain::pipeline::RunState;
use crate::domain::promotion::{Promotion, Promotions};
use crate::domain::readiness::Criterion;
use crate::domain::secret::{Rule, SecretFinding};
use crate::domain::strategy::Strategy;
use crate::sanitize::Text;

/// Where the open dialog sets a secret, or puts a lock.
fn place(model: &Model) -> Option<&str> {
    match model.dialog.operation() {
        Some(OperationDialog::Entering(entry)) => Some(entry.env.as_str()),
        Some(OperationDialog::Commenting { env, asks: Asks::Lock(_), .. }) => Some(env.as_str()),
        _ => None,
    }
}

fn missing(env: &str) -> SecretFinding {
    SecretFinding {
        rule: Rule::Missing,
        envs: vec![env.into()],
        status: Status::Fail,
        blocks: true,
        says: Text::from(format!("missing in {env}")),
    }
}

#[test]
fn a_secret_is_set_and_a_lock_is_put_where_the_cursor_is() {
    for letter in ["!S", "!L"] {
        let mut model = full();
        model.screen.selection.place = Some(Place::Env("staging".into()));
        keys(&mut model, "9j");
        assert_ne!(model.screen.selection.check, Some(Criterion::Source));
        keys(&mut model, letter);
        assert_eq!(place(&model), Some("production"), "{letter}: the view is about what production gets");
        keys(&mut model, "⎋9g");
        assert_eq!(model.screen.selection.check, Some(Criterion::Source));
        keys(&mut model, letter);
        assert_eq!(place(&model), Some("production"), "{letter}: also on the point about the source");
        for (selected, about) in [("staging", "production"), ("production", "staging")] {
            let mut model = full();
            model.screen.selection.place = Some(Place::Env(selected.into()));
            model.facts.secrets[1].findings = vec![missing(about)];
            keys(&mut model, "6j");
            keys(&mut model, letter);
            assert_eq!(place(&model), Some(about), "{letter}: it is missing there");
            keys(&mut model, "⎋");
            model.facts.secrets[1].findings.push(missing(selected));
            keys(&mut model, letter);
            assert_eq!(place(&model), Some(selected), "{letter}: it is missing there as well, and that is looked at");
            keys(&mut model, "⎋k");
            model.facts.secrets[0].findings.clear();
            keys(&mut model, letter);
            assert_eq!(place(&model), Some(selected), "{letter}: nothing is said of it");
        }
    }
}

#[test]
fn the_keys_of_a_probe_act_on_its_environment_those_of_a_promotion_too() {
    let mut model = full();
    assert_eq!(model.screen.selection.place, Some(Place::Env("production".into())));
    keys(&mut model, "5jG");
    assert_eq!(model.screen.selection.probe.as_ref().map(|probe| probe.env.as_str()), Some("staging"));
    keys(&mut model, "!L");
    assert_eq!(place(&model), Some("staging"));
    // Where several are promoted to, the row under the cursor says which one is meant.
    let third = EnvInfo { id: "demo".into(), ..model.facts.environments[0].clone() };
    model.facts.environments.push(third);
    let promotion = |from: &str, to: &str| Promotion { from: from.into(), to: to.into() };
    let both = vec![promotion("demo", "production"), promotion("production", "staging")];
    model.facts.promotions = Promotions::new(both, &[]);
    let item = menu::items(&model, at(2)).into_iter().find(|item| item.letter == 'P').unwrap();
    assert_eq!(item.run, Run::Request("staging".into(), Request::Promote), "{}", item.title);
}

#[test]
fn the_key_that_the_alarm_offers_rolls_back_what_the_alarm_names() {
    // What is selected, where the keys go, and what is said of a secret.
    for (selected, moves, about) in [
        ("production", "1", "production"),
        ("staging", "1", "production"),
        ("production", "5jG", "production"),
        ("production", "6j", "staging"),
        ("staging", "6j", "production"),
        ("production", "9g", "production"),
        ("staging", "9g", "production"),
        ("staging", "9j", "production"),
    ] {
        let mut model = full();
        probed(&mut model, "production", "/health", Some("503"), 6);
        model.screen.selection.place = Some(Place::Env(selected.into()));
        model.facts.secrets[1].findings = vec![missing(about)];
        keys(&mut model, moves);
        let hint = hints(&model, at(2)).into_iter().next().unwrap();
        assert_eq!(hint.does, "roll back production");
        let Action::Start(key) = hint.action else { panic!("{hint:?}") };
        keys(&mut model, &format!("!{key}"));
        let place = format!("{selected} {moves} {about}: !{key}");
        let Some(OperationDialog::Pick { env, alone: None, .. }) = model.dialog.operation() else { panic!("{place}") };
        assert_eq!(env.as_str(), "production", "{place}");
    }
}

#[test]
fn the_outline_of_a_plan_is_that_of_its_environment_whatever_is_selected() {
    let mut model = full();
    let (commit, strategy) = (OLD.into(), Strategy::default());
    let asked = Request::RollBackTo { commit, alone: None, strategy, named: Vec::new() };
    assert_eq!(model.screen.selection.place, Some(Place::Env("production".into())));
    let told = outline::lines(&model, &"staging".into(), &asked);
    assert!(told.len() == 2 && told.iter().all(|line| line.contains("3e60eac → v1 9df49c2")), "{told:?}");
    model.screen.selection.place = Some(Place::Env("staging".into()));
    assert_eq!(outline::lines(&model, &"staging".into(), &asked), told);
}

#[test]
fn what_is_not_there_any_more_is_neither_offered_nor_led_to() {
    let mut model = full();
    // A lock that somebody has taken away while the cursor was on its row.
    model.screen.selection.place = Some(Place::Need("production".into(), Need::Lock));
    let offered = |model: &Model| hints(model, at(2)).iter().any(|hint| hint.action == Action::Start('L'));
    assert!(!offered(&model));
    let lock = Lock { who: Text::from("maria"), why: Text::from("migration"), at: at(1).wall, until: None };
    model.facts.history.locks.insert("production".into(), lock);
    assert!(offered(&model));
    // The service's address leads to what is live, and an old release is not.
    let backend = ServiceId::new("production", "backend");
    model.facts.environments[0].services[0].url = Some("https://shop.example.com".into());
    assert_eq!(model.facts.environments[0].services[0].id, backend);
    let mut address = |index: usize| {
        let id = model.facts.releases[&backend][index].id.clone();
        model.screen.selection.deployment = Some((backend.clone(), id));
        Pane::Releases.listed().address(&model)
    };
    assert_eq!((address(0).as_deref(), address(1)), (Some("https://shop.example.com"), None));
}

#[test]
fn what_led_elsewhere_gives_the_selection_back_when_its_view_is_left() {
    let mut model = full();
    keys(&mut model, "7");
    let release = model.facts.releases[&ServiceId::new("staging", "backend")][0].clone();
    navigate::to(&mut model, Jump::Deployment(release.service.clone(), release.id.clone()));
    assert_eq!(
        (model.screen.selection.place.clone(), model.screen.focus),
        (Some(Place::Service(release.service.clone())), Pane::Releases)
    );
    keys(&mut model, "⎋");
    assert_eq!(model.screen.selection.place, Some(Place::Env("production".into())));
    // Who has seen it selected on the dashboard, by the key of zoom, has chosen it.
    keys(&mut model, "7");
    navigate::to(&mut model, Jump::Deployment(release.service.clone(), release.id));
    keys(&mut model, "z");
    assert_eq!(model.screen.view, View::Dashboard);
    keys(&mut model, "z⎋");
    assert_eq!(model.screen.selection.place, Some(Place::Service(release.service)));
    // On the dashboard it is seen to be selected.
    navigate::to(&mut model, Jump::Place(Place::Env("staging".into())));
    keys(&mut model, "2⎋");
    assert_eq!(model.screen.selection.place, Some(Place::Env("staging".into())));
}

#[test]
fn a_run_that_nobody_selected_is_run_again_by_nobody() {
    let rerun = |model: &Model| {
        let item = menu::items(model, at(2)).into_iter().find(|item| item.letter == 'E').unwrap();
        match item.run {
            Run::Request(_, Request::Rerun { run, .. }) => Ok((run, item.title)),
            _ => Err(item.why_not.unwrap()),
        }
    };
    let mut model = full();
    assert!(rerun(&model).unwrap_err().contains("select a run in 3"), "{:?}", rerun(&model));
    // The newest run of the workflow that deploys what is selected, however it ended; an older failed one is selected by hand.
    model.facts.workflows.insert("production".into(), "deploy.yml".into());
    model.facts.runs.insert(0, run(4, RunState::Failed, Status::Fail));
    model.facts.runs[0].file = Text::from(".github/workflows/ci.yml");
    let (id, title) = rerun(&model).unwrap();
    assert!(id == 3 && title.contains("deploy #403"), "{title}");
    model.screen.selection.place = Some(Place::Env("staging".into()));
    assert!(rerun(&model).is_err(), "no workflow deploys it");
    keys(&mut model, "3jj");
    assert_eq!(rerun(&model).unwrap().0, 2);
    let cancel = |model: &Model| {
        let item = menu::items(model, at(2)).into_iter().find(|item| item.letter == 'C').unwrap();
        item.why_not.unwrap()
    };
    assert_eq!(cancel(&model), "no run is under way");
    model.facts.runs.insert(0, run(5, RunState::Running, Status::Running));
    let told = cancel(&model);
    assert!(told.starts_with("the selected run is over (") && told.ends_with("select one that is under way"), "{told}");
    model.screen.selection.run = None;
    assert_eq!(cancel(&model), "select a run");
}
