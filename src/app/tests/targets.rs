//! What the keys of operations act on: what is under the cursor of the pane that has the keys, and nothing that is selected elsewhere.

use super::transitions::full;
use crate::app::model::{Model, Pane, Place};
use crate::app::navigate::{self, Jump};
use crate::app::operations::dialog::{Asks, Rollback};
use crate::app::operations::menu::{self, Run};
use crate::app::testing::{at, keys, run};
use crate::domain::environment::Status;
use crate::domain::ids::ServiceId;
use crate::domain::operation::Request;
use crate::domain::pipeline::RunState;
use crate::domain::readiness::Criterion;
use crate::domain::secret::{Rule, SecretFinding};
use crate::sanitize::Text;

/// Where the open dialog sets a secret, or puts a lock.
fn place(model: &Model) -> Option<&str> {
    match &model.dialog.rollback {
        Some(Rollback::Entering(entry)) => Some(entry.env.as_str()),
        Some(Rollback::Commenting { env, asks: Asks::Lock(_), .. }) => Some(env.as_str()),
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
        keys(&mut model, letter);
        assert_eq!(place(&model), Some("staging"), "{letter}: the point is about the source");
        for (selected, about) in [("staging", "production"), ("production", "staging")] {
            let mut model = full();
            model.screen.selection.place = Some(Place::Env(selected.into()));
            model.facts.secrets[1].findings = vec![missing(about)];
            keys(&mut model, "6j");
            keys(&mut model, letter);
            assert_eq!(place(&model), Some(about), "{letter}: it is missing there");
            keys(&mut model, "⎋k");
            model.facts.secrets[0].findings.clear();
            keys(&mut model, letter);
            assert_eq!(place(&model), Some(selected), "{letter}: nothing is said of it");
        }
    }
}

#[test]
fn what_led_elsewhere_gives_the_selection_back_when_its_view_is_left() {
    let mut model = full();
    keys(&mut model, "7");
    let release = model.facts.releases[&ServiceId::new("staging", "backend")][0].clone();
    navigate::to(&mut model, Jump::Deployment(release.service.clone(), release.id.clone()));
    assert_eq!(
        (model.screen.selection.place.clone(), model.screen.focus),
        (Some(Place::Service(release.service)), Pane::Releases)
    );
    keys(&mut model, "⎋");
    assert_eq!(model.screen.selection.place, Some(Place::Env("production".into())));
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
}
