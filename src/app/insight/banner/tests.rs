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
    drop(probed(model, second, pass));
}

fn probed(model: &mut Model, second: i64, pass: bool) -> Vec<Effect> {
    let id = ProbeId { env: "production".into(), name: "/health".into() };
    let anatomy = Anatomy { status: Some(if pass { 200 } else { 503 }), ..Anatomy::default() };
    let failure = (!pass).then(|| Text::from("503"));
    let sample = Sample { at: at(second).wall, anatomy, failure };
    crate::app::update(model, Msg::Fact(Fact::Probe(id, Text::default(), sample)), at(second))
}

/// It fails from this second on until it counts as failing.
fn fails(model: &mut Model, from: i64) {
    (from..from + 3).for_each(|second| probe(model, second, false));
}

#[test]
fn of_a_trouble_that_is_older_than_the_samples_nothing_is_said_of_before() {
    let mut model = model();
    (0..20).for_each(|second| probe(&mut model, second, true));
    let held = i64::try_from(crate::domain::health::KEPT).unwrap();
    let passed = |model: &Model| model.facts.banner.as_ref().unwrap().passed.unwrap();
    (20..40).for_each(|second| probe(&mut model, second, false));
    assert_eq!((passed(&model).before, passed(&model).after), (Some(100), 0));
    // One that passes in between is no time before the trouble.
    (40..40 + held).for_each(|second| probe(&mut model, second, second == 40 + held - 20));
    assert_eq!((passed(&model).before, passed(&model).after), (None, 0), "1 of {held} is less than one percent");
}

#[test]
fn a_wobble_does_not_begin_the_trouble_anew() {
    let mut model = model();
    // What else there is was not read and says nothing: unknown neither begins an episode nor ends one.
    model.facts.environments.iter_mut().for_each(|env| env.services.clear());
    let backend = ServiceId::new("production", "backend");
    model.facts.environments[0].services.push(crate::domain::environment::ServiceInfo {
        id: backend.clone(),
        platform: crate::domain::environment::Platform::Fly,
        resource: "shop".into(),
        url: None,
    });
    model.facts.services.entry(backend.clone()).or_default().declared = Some(declared("9df49c2"));
    (0..20).for_each(|second| probe(&mut model, second, true));
    fails(&mut model, 20);
    let since = |model: &Model| model.facts.banner.as_ref().map(|banner| banner.since.as_second() - 1_800_000_000);
    assert_eq!(since(&model), Some(22));
    let passed = model.facts.banner.as_ref().unwrap().passed.unwrap();
    assert_eq!((passed.before, passed.after, passed.over), (Some(100), 0, Duration::from_secs(2)));
    // Who pauses it in the middle of its trouble has not ended that.
    let mut paused = declared("9df49c2");
    paused.switches.paused = true;
    model.facts.services.entry(backend.clone()).or_default().declared = Some(paused);
    (24..30).for_each(|second| probe(&mut model, second, true));
    assert_eq!(model.facts.banner.as_ref().map(|banner| banner.state), Some(State::Paused));
    assert_eq!(since(&model), Some(22));
    model.facts.services.entry(backend.clone()).or_default().declared = Some(declared("9df49c2"));
    // It passes for half a minute and fails again: the same trouble.
    (30..60).for_each(|second| probe(&mut model, second, true));
    assert_eq!(since(&model), None, "the line goes while it passes");
    fails(&mut model, 60);
    assert_eq!(since(&model), Some(22));
    // Another commit that fails is another trouble; and so is what comes after a long calm.
    probe(&mut model, 70, true);
    probe(&mut model, 71, true);
    model.facts.services.entry(backend).or_default().declared = Some(declared("3e60eac"));
    fails(&mut model, 80);
    // Three of the last samples had failed before: the first failure counts.
    assert_eq!(since(&model), Some(80));
    (90..800).for_each(|second| probe(&mut model, second, true));
    fails(&mut model, 800);
    assert_eq!(since(&model), Some(802));
}

/// A production with a backend and a frontend that is not asked for anything.
fn pair() -> (Model, [ServiceId; 2]) {
    let mut model = model();
    let both = ["backend", "frontend"].map(|name| ServiceId::new("production", name));
    let info = |id: &ServiceId| crate::domain::environment::ServiceInfo {
        id: id.clone(),
        platform: crate::domain::environment::Platform::Fly,
        resource: "shop".into(),
        url: None,
    };
    model.facts.environments[0].services = both.iter().map(info).collect();
    model.facts.environments[1].services.clear();
    (model, both)
}

fn lives(model: &mut Model, id: &ServiceId, sha: &str, paused: bool) {
    let mut declared = declared(sha);
    declared.switches.paused = paused;
    let state = model.facts.services.entry(id.clone()).or_default();
    state.observed = Some(crate::domain::environment::Observed {
        sha: Some(sha.into()),
        version: None,
        at: at(0).wall,
        source: Text::default(),
        edges: Vec::new(),
    });
    state.declared = Some(declared);
}

/// Both were given both commits: that is one release, and a pair is none.
fn deployed(model: &mut Model, both: &[ServiceId]) {
    for id in both {
        let of = |sha: &str, second| crate::app::testing::deployment(id, sha, second, false);
        model.facts.releases.insert(id.clone(), vec![of("3e60eac", 100), of("9df49c2", 10)]);
    }
}

fn ticks(model: &mut Model, seconds: std::ops::Range<i64>) -> Vec<Effect> {
    seconds.flat_map(|second| crate::app::update(model, Msg::Tick, at(second))).collect()
}

#[test]
fn a_paused_production_whose_services_become_mixed_rings() {
    let (mut model, both) = pair();
    deployed(&mut model, &both);
    lives(&mut model, &both[0], "9df49c2", false);
    lives(&mut model, &both[1], "9df49c2", true);
    let rings = |effects: &[Effect]| effects.iter().filter(|one| matches!(one, Effect::Alert(_))).count();
    assert_eq!(rings(&ticks(&mut model, 0..40)), 0, "who pauses it knows that");
    assert!(model.facts.banner.is_none());
    lives(&mut model, &both[0], "3e60eac", false);
    let effects = ticks(&mut model, 40..80);
    assert_eq!(rings(&effects), 1, "{effects:?}");
    let banner = model.facts.banner.clone().unwrap();
    assert_eq!((banner.state, banner.since), (State::Paused, at(40).wall));
    assert!(banner.evidence.as_str().contains("mixed: backend 3e60eac, frontend 9df49c2"), "{}", banner.evidence);
    // It is one release again, and paused still: nothing is left that rings.
    lives(&mut model, &both[0], "9df49c2", false);
    drop(ticks(&mut model, 80..90));
    assert!(model.facts.banner.is_none(), "{:?}", model.facts.banner);
}

#[test]
fn what_a_rollback_left_half_done_has_an_age_of_its_own() {
    let (mut model, both) = pair();
    deployed(&mut model, &both);
    both.iter().for_each(|id| lives(&mut model, id, "3e60eac", false));
    fails(&mut model, 20);
    assert_eq!(model.facts.banner.as_ref().map(|one| (one.since, one.first)), Some((at(20).wall, at(20).wall)));
    drop(ticks(&mut model, 23..300));
    lives(&mut model, &both[0], "9df49c2", false);
    let mut effects: Vec<Effect> = (300..304).flat_map(|second| probed(&mut model, second, true)).collect();
    effects.extend(ticks(&mut model, 304..320));
    let titles =
        effects.iter().filter_map(|one| if let Effect::Title(title) = one { Some(title.as_str()) } else { None });
    assert_eq!(titles.collect::<Vec<_>>(), ["mixed production · flightdeck"], "it does not stand there as failing");
    let banner = model.facts.banner.clone().unwrap();
    assert_eq!((banner.state, banner.first), (State::Mixed, at(20).wall), "it is in trouble since then");
    assert!(banner.since >= at(300).wall, "and mixed since a moment: {:?}", banner.since);
}

fn declared(sha: &str) -> crate::domain::environment::Declared {
    crate::domain::testing::declared(Some(sha), Status::Ok)
}

#[test]
fn the_release_that_is_proposed_is_told_with_the_alarm() {
    use crate::app::testing::{NEW, OLD, deployment, tell};
    for told in [true, false] {
        let mut model = crate::app::testing::model();
        for service in ["backend", "frontend"] {
            let id = ServiceId::new("production", service);
            let old = deployment(&id, OLD, 2, false);
            if told {
                model.facts.history.verified.insert((id.clone(), old.id.clone(), OLD.into()));
            }
            tell(&mut model, Fact::Releases(id.clone(), vec![deployment(&id, NEW, 5, true), old]));
        }
        crate::app::testing::probed(&mut model, "production", "/health", Some("503"), 6);
        let banner = model.facts.banner.as_ref().unwrap();
        assert_eq!(banner.back.as_ref().map(|back| back.sha.as_str()), told.then_some(OLD));
    }
}

#[test]
fn the_key_of_the_alarm_line_acts_on_what_the_line_names() {
    let mut model = model();
    fails(&mut model, 0);
    model.facts.banner = Some(Banner {
        back: None,
        env: "production".into(),
        state: State::Failing,
        commits: Vec::new(),
        evidence: Text::from("503"),
        passed: None,
        since: at(0).wall,
        first: at(0).wall,
        others: Vec::new(),
        title: String::new(),
    });
    let backend = |env: &str| Place::Service(ServiceId::new(env, "backend"));
    for (place, own) in [
        (Place::Env("production".into()), true),
        (Place::Env("staging".into()), false),
        (backend("production"), false),
        (backend("staging"), false),
    ] {
        model.screen.selection.place = Some(place.clone());
        assert_eq!(targeted(&model), own, "{place:?}");
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
    let Some(crate::app::operations::dialog::OperationDialog::Pick { env, alone, .. }) = model.dialog.operation()
    else {
        panic!("{:?}", model.dialog.operation());
    };
    assert_eq!((env.as_str(), alone), ("production", &None));
}
