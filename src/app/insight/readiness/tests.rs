//! What the points come to.

use jiff::Timestamp;

use super::*;
use crate::domain::environment::{Declared, Observed, Pin};
use crate::domain::release::{Deployment, Presence};
use crate::domain::testing::declared;

fn now() -> Now {
    Now { wall: Timestamp::from_second(1_800_000_000).unwrap(), mono: std::time::Duration::ZERO }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn model() -> Model {
    let env = |name: &str| {
        format!(
            "[[environments]]\nname = \"{name}\"\ntier = \"{name}\"\n[[environments.services]]\n\
             name = \"frontend\"\nplatform = \"vercel\"\nresource = \"shop\"\n"
        )
    };
    let flags = crate::config::load::Flags::default();
    let settings = crate::config::load::parse(&(env("production") + &env("staging")), None, &flags, &|_| None).unwrap();
    Model::new(&settings, now())
}

/// It is said and seen to run there.
fn runs(model: &mut Model, env: &str, sha: &str, pin: Option<Pin>) {
    let declared = Declared { pin, ..declared(Some(sha), Status::Ok) };
    let edge = Observed { sha: Some(sha.into()), version: None, at: at(0), source: Text::default(), edges: Vec::new() };
    let state = model.facts.services.entry(ServiceId::new(env, "frontend")).or_default();
    (state.declared, state.observed) = (Some(declared), Some(edge));
}

fn deployed(sha: &str, second: i64) -> Deployment {
    Deployment {
        service: ServiceId::new("production", "frontend"),
        id: sha.into(),
        label: Text::from("dpl"),
        sha: Some(sha.into()),
        image: None,
        status: Status::Ok,
        words: Text::from("READY"),
        stage: None,
        created_at: at(second),
        ran_for: None,
        author: Text::default(),
        message: Text::default(),
        current: false,
        verified: None,
        presence: Presence::There,
        bad: None,
    }
}

const OLD: &str = "9df49c2000000000000000000000000000000000";
const NEW: &str = "3e60eac000000000000000000000000000000000";

fn check(status: Status, means: Means, says: &str) -> Check {
    Check::new(Criterion::Candidate, status, says, Jump::Pane(Pane::Journal)).meaning(means)
}

#[test]
fn the_verdict_is_the_first_thing_that_blocks_then_what_is_not_known() {
    let ready = check(Status::Ok, Means::Clear, "3e60eac would replace 9df49c2");
    let unread = check(Status::Unknown, Means::Unread, "pipeline: not read for 47s");
    let locked = check(Status::Warn, Means::Blocks, "locked by maria");
    let said = |all: &[&Check]| verdict(&all.iter().copied().cloned().collect::<Vec<_>>());
    assert_eq!(said(&[&ready]), (State::Healthy, "ready: 3e60eac would replace 9df49c2".to_owned()));
    assert_eq!(said(&[&ready, &unread]), (State::Unknown, "unknown: pipeline: not read for 47s".to_owned()));
    let both = said(&[&ready, &unread, &locked, &locked]);
    assert_eq!(both, (State::Failing, "not ready: locked by maria (+1 more)".to_owned()));
}

#[test]
fn what_was_rolled_back_is_not_proposed_again_and_a_pin_blocks() {
    let mut model = model();
    let frontend = ServiceId::new("production", "frontend");
    runs(&mut model, "staging", NEW, None);
    runs(&mut model, "production", OLD, None);
    model.facts.releases.insert(frontend.clone(), vec![deployed(OLD, -500)]);
    let find = |model: &Model, asks: Criterion| checks(model, now()).into_iter().find(|one| one.asks == asks).unwrap();
    let fresh = find(&model, Criterion::Candidate);
    assert_eq!((fresh.status, fresh.says.as_str()), (Status::Ok, "3e60eac would replace 9df49c2"));
    // Production had it, and runs again what it had before that.
    model.facts.releases.insert(frontend, vec![deployed(NEW, -20), deployed(OLD, -500)]);
    let back = find(&model, Criterion::Candidate);
    assert_eq!(back.means, Means::Blocks, "{back:?}");
    assert_eq!(back.says.as_str(), "3e60eac was rolled back in production to 9df49c2 (frontend)");
    assert!(verdict(&checks(&model, now())).1.starts_with("not ready: 3e60eac was rolled back"));
    let backend = ServiceId::new("production", "backend");
    let production = model.facts.environments.iter_mut().find(|env| env.id.as_str() == "production").unwrap();
    production
        .services
        .push(crate::domain::environment::ServiceInfo { id: backend.clone(), ..production.services[0].clone() });
    model
        .facts
        .services
        .insert(backend.clone(), model.facts.services[&ServiceId::new("production", "frontend")].clone());
    model.facts.releases.insert(backend, vec![deployed(NEW, -20), deployed(OLD, -500)]);
    let both = find(&model, Criterion::Candidate).says;
    assert_eq!(both.as_str(), "3e60eac was rolled back in production to 9df49c2 (frontend, backend)");
    // The platform holds its automation since: a promotion would not go live by itself.
    runs(&mut model, "production", OLD, Some(Pin { why: Text::from("rolled back"), at: None, by: None }));
    let held = find(&model, Criterion::Claims);
    assert!(held.means == Means::Blocks && held.says.as_str().starts_with("PINNED frontend"), "{held:?}");
}

#[test]
fn platforms_are_not_said_to_be_well_beside_a_target_that_is_not() {
    let mut model = model();
    let frontend = ServiceId::new("production", "frontend");
    runs(&mut model, "production", OLD, None);
    let fine = finding::Finding::new("open alerts", Status::Ok, "none");
    let fine = finding::Check::read(fine, at(0), std::time::Duration::from_secs(60));
    model.facts.findings.insert(frontend.clone(), vec![fine]);
    let probe = crate::domain::health::ProbeId { env: "production".into(), name: "/".into() };
    let mut probe = crate::domain::health::ProbeState::new(probe, Text::default(), at(0));
    let anatomy = crate::domain::health::Anatomy { status: Some(200), ..Default::default() };
    probe.push(crate::domain::health::Sample { at: at(0), anatomy, failure: None });
    model.facts.probes.add(probe);
    let title = |model: &Model| {
        let all = checks(model, now());
        all.into_iter().find(|one| one.asks == Criterion::Platforms).unwrap().title
    };
    assert_eq!(title(&model), Criterion::Platforms);
    model.facts.services.get_mut(&frontend).unwrap().declared.as_mut().unwrap().status = Status::Fail;
    assert_eq!(title(&model), Criterion::Condition);
}
