//! Episodes of trouble, and the key that the alarm line offers.

use super::*;
use crate::app::msg::{Key, KeyCode, Msg};
use crate::app::operations::menu::{self, Run};
use crate::domain::fact::Fact;
use crate::domain::health::{Anatomy, ProbeId};
use crate::domain::ids::ServiceId;

fn at(second: i64) -> Now {
    Now { wall: Timestamp::from_second(1_800_000_000 + second).unwrap(), mono: Duration::ZERO }
}

fn model() -> Model {
    let env = |name: &str| {
        format!(
            "[[environments]]\nname = \"{name}\"\ntier = \"{name}\"\naccess = \"write\"\n[[environments.services]]\n\
             name = \"backend\"\nplatform = \"fly\"\nresource = \"shop-{name}\"\n"
        )
    };
    let flags = crate::config::load::Flags::default();
    let settings = crate::config::load::parse(&(env("production") + &env("staging")), None, &flags, &|_| None).unwrap();
    Model::new(&settings, at(0))
}

/// A probe of production answers.
fn probe(model: &mut Model, second: i64, pass: bool) {
    let id = ProbeId { env: "production".into(), name: "/health".into() };
    let anatomy = Anatomy { status: Some(if pass { 200 } else { 503 }), ..Anatomy::default() };
    let failure = (!pass).then(|| Text::from("503"));
    let sample = Sample { at: at(second).wall, anatomy, failure };
    drop(crate::app::update(model, Msg::Fact(Fact::Probe(id, Text::default(), sample)), at(second)));
}

/// It fails from this second on until it counts as failing.
fn fails(model: &mut Model, from: i64) {
    (from..from + 3).for_each(|second| probe(model, second, false));
}

#[test]
fn a_wobble_does_not_begin_the_trouble_anew() {
    let mut model = model();
    // What else there is was not read and says nothing: unknown neither begins an episode nor ends one.
    model.environments.iter_mut().for_each(|env| env.services.clear());
    let backend = ServiceId::new("production", "backend");
    model.environments[0].services.push(crate::domain::environment::ServiceInfo {
        id: backend.clone(),
        platform: crate::domain::environment::Platform::Fly,
        resource: "shop".into(),
        url: None,
    });
    model.services.entry(backend.clone()).or_default().declared = Some(declared("9df49c2"));
    (0..20).for_each(|second| probe(&mut model, second, true));
    fails(&mut model, 20);
    let since = |model: &Model| model.banner.as_ref().map(|banner| banner.since.as_second() - 1_800_000_000);
    assert_eq!(since(&model), Some(22));
    let passed = model.banner.as_ref().unwrap().passed.unwrap();
    assert_eq!((passed.before, passed.after, passed.over), (100, 0, Duration::from_secs(2)));
    // Who pauses it in the middle of its trouble has not ended that.
    let mut paused = declared("9df49c2");
    paused.switches.paused = true;
    model.services.entry(backend.clone()).or_default().declared = Some(paused);
    (24..30).for_each(|second| probe(&mut model, second, true));
    assert_eq!(model.banner.as_ref().map(|banner| banner.state), Some(State::Paused));
    assert_eq!(since(&model), Some(22));
    model.services.entry(backend.clone()).or_default().declared = Some(declared("9df49c2"));
    // It passes for half a minute and fails again: the same trouble.
    (30..60).for_each(|second| probe(&mut model, second, true));
    assert_eq!(since(&model), None, "the line goes while it passes");
    fails(&mut model, 60);
    assert_eq!(since(&model), Some(22));
    // Another commit that fails is another trouble; and so is what comes after a long calm.
    probe(&mut model, 70, true);
    probe(&mut model, 71, true);
    model.services.entry(backend).or_default().declared = Some(declared("3e60eac"));
    fails(&mut model, 80);
    // Three of the last samples had failed before: the first failure counts.
    assert_eq!(since(&model), Some(80));
    (90..800).for_each(|second| probe(&mut model, second, true));
    fails(&mut model, 800);
    assert_eq!(since(&model), Some(802));
}

fn declared(sha: &str) -> crate::domain::environment::Declared {
    crate::domain::testing::declared(Some(sha), Status::Ok)
}

#[test]
fn the_key_of_the_alarm_line_acts_on_what_the_line_names() {
    let mut model = model();
    fails(&mut model, 0);
    model.banner = Some(Banner {
        env: "production".into(),
        state: State::Failing,
        commits: Vec::new(),
        evidence: Text::from("503"),
        passed: None,
        since: at(0).wall,
        others: Vec::new(),
    });
    let backend = |env: &str| Place::Service(ServiceId::new(env, "backend"));
    for (place, own) in [
        (Place::Env("production".into()), true),
        (Place::Env("staging".into()), false),
        (backend("production"), false),
        (backend("staging"), false),
    ] {
        model.selection.place = Some(place.clone());
        assert_eq!(selected(&model), own, "{place:?}");
        let items = menu::items(&model, at(3));
        let alarm = items.iter().find(|item| item.letter == menu::ALARM);
        let alarm = alarm.unwrap_or_else(|| panic!("{place:?}"));
        assert_eq!(items[0], *alarm, "it stands first");
        assert_eq!(alarm.run, Run::RollBackOf("production".into()));
        assert_eq!(alarm.title, "roll back production, which is failing");
    }
    // Pressed on staging's row it opens production, whole.
    for letter in ['!', '!'] {
        let key = Key { code: KeyCode::Char(letter), ctrl: false, alt: false, repeat: false };
        drop(crate::app::update(&mut model, Msg::Key(key), at(3)));
    }
    let Some(crate::app::operations::dialog::Rollback::Pick { env, alone, .. }) = &model.rollback else {
        panic!("{:?}", model.rollback);
    };
    assert_eq!((env.as_str(), alone), ("production", &None));
}
