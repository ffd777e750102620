//! What is kept of judgements is never better than what would be judged now.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::app::msg::Msg;
use crate::domain::environment::{Observed, Status};
use crate::domain::feed::FeedState;
use crate::domain::health::{Anatomy, ProbeId, Sample};
use crate::domain::ids::ServiceId;
use crate::domain::testing::declared;
use crate::sanitize::Text;

fn at(millis: u64) -> Now {
    let wall = Timestamp::from_millisecond(1_800_000_000_000 + i64::try_from(millis).unwrap()).unwrap();
    Now { wall, mono: Duration::from_millis(millis) }
}

fn model(environments: usize) -> Model {
    let env = |number: usize| {
        let tier = if number.is_multiple_of(2) { "production" } else { "staging" };
        format!(
            "[[environments]]\nname = \"env-{number}\"\ntier = \"{tier}\"\n[[environments.services]]\n\
             name = \"backend\"\nplatform = \"fly\"\nresource = \"shop-{number}\"\n"
        )
    };
    let text: String = (0..environments).map(env).collect();
    let flags = crate::config::load::Flags::default();
    Model::new(&crate::config::load::parse(&text, None, &flags, &|_| None).unwrap(), at(0))
}

/// A fact of an environment, or none, and the time that passes before it.
type Step = (usize, u8, bool, u64);

fn fact(number: usize, kind: u8, well: bool, now: Now) -> Fact {
    let env = EnvId::from(&*format!("env-{number}"));
    let service = ServiceId { env: env.clone(), name: "backend".into() };
    let fresh = || FeedStatus { state: FeedState::Fresh(now.wall), interval: Duration::from_secs(5) };
    match kind {
        0 => Fact::Feed(FeedId::Declared(service), fresh()),
        1 => {
            let declared = declared(Some("9df49c2"), if well { Status::Ok } else { Status::Fail });
            Fact::Declared(service, Box::new(declared))
        }
        2 => Fact::Feed(FeedId::Health(env), fresh()),
        _ => {
            let anatomy = Anatomy { status: Some(200), ..Anatomy::default() };
            let sample = Sample { at: now.wall, anatomy, failure: (!well).then(|| Text::from("503")) };
            Fact::Probe(ProbeId { env, name: "/health".into() }, Text::default(), sample)
        }
    }
}

proptest! {
    #[test]
    fn what_is_kept_says_what_would_be_judged_now(
        steps in proptest::collection::vec((0usize..3, 0u8..4, any::<bool>(), 0u64..4_000), 1..60),
    ) {
        let (mut model, mut millis) = (model(3), 0);
        for (number, kind, well, passes) in steps {
            let _: Step = (number, kind, well, passes);
            // The loop ticks on every second that passes.
            for _ in 0..passes / 1_000 {
                millis += 1_000;
                drop(crate::app::update(&mut model, Msg::Tick, at(millis)));
            }
            millis += passes % 1_000;
            let now = at(millis);
            drop(crate::app::update(&mut model, Msg::Fact(fact(number, kind, well, now)), now));
            for env in &model.facts.environments {
                let made = model.facts.known(now).environment(env);
                let kept = model.facts.judge(env, now);
                prop_assert_eq!(kept.state, made.state);
                prop_assert_eq!(&kept.commits, &made.commits);
                prop_assert_eq!(kept.basis, made.basis);
            }
        }
    }
}

#[test]
fn a_fact_of_one_environment_judges_no_other() {
    let mut model = model(4);
    drop(crate::app::update(&mut model, Msg::Fact(fact(1, 0, true, at(0))), at(0)));
    let judged: Vec<&EnvId> = model.facts.judged.0.keys().collect();
    assert_eq!(judged, [&EnvId::from("env-1")]);
    drop(crate::app::update(&mut model, Msg::Tick, at(10)));
    assert_eq!(model.facts.judged.0.len(), 4);
}

#[test]
fn a_healthy_environment_is_not_judged_again_until_a_feed_of_it_is_stale() {
    let mut model = model(1);
    for kind in 0..4 {
        drop(crate::app::update(&mut model, Msg::Fact(fact(0, kind, true, at(0))), at(0)));
    }
    let env = model.facts.environments[0].clone();
    assert_eq!(model.facts.judge(&env, at(0)).state, State::Healthy);
    assert!(model.facts.judged.at(&env.id, at(14_999).wall).is_some(), "three intervals of five seconds");
    assert!(model.facts.judged.at(&env.id, at(15_001).wall).is_none());
    assert_eq!(model.facts.judge(&env, at(15_001)).state, State::Unknown);
}

#[test]
fn a_deployment_that_begins_to_be_steady_is_looked_at_again_within_a_second() {
    let mut model = model(1);
    let service = ServiceId::new("env-0", "backend");
    let source = Text::default();
    let edge = Observed { sha: Some("9df49c2".into()), version: None, at: at(0).wall, source, edges: Vec::new() };
    drop(crate::app::update(&mut model, Msg::Fact(Fact::Observed(service.clone(), edge)), at(0)));
    for kind in 0..4 {
        drop(crate::app::update(&mut model, Msg::Fact(fact(0, kind, true, at(0))), at(0)));
    }
    assert!(model.facts.seen_well.get(&service).is_some_and(|seen_well| !seen_well.told));
    let env = service.env;
    assert!(
        model.facts.judged.at(&env, at(999).wall).is_some() && model.facts.judged.at(&env, at(1_000).wall).is_none()
    );
}
