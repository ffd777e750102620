use std::time::Duration;

use super::*;
use crate::app::model::Place;
use crate::app::msg::Msg;
use crate::app::testing::{NEW, OLD, at, fresh, model, runs, tell};
use crate::app::update;
use crate::domain::distance::Distances;
use crate::domain::environment::Status;
use crate::domain::fact::Fact;
use crate::domain::feed::{FeedState, FeedStatus};

/// The name of each station and what waits before it.
fn stations(model: &Model) -> Vec<(String, Option<String>)> {
    let train = train(model, at(1));
    train.stations.iter().map(|one| (one.env.id.to_string(), one.waiting.map(Distance::short))).collect()
}

fn said(all: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
    all.iter().map(|(name, count)| ((*name).to_owned(), count.map(str::to_owned))).collect()
}

/// Staging runs the new commit, production the old one.
fn apart() -> Model {
    let mut model = model();
    for service in ["backend", "frontend"] {
        runs(&mut model, "staging", service, NEW, Status::Ok);
        runs(&mut model, "production", service, OLD, Status::Ok);
    }
    model
}

fn ends(base: &str, head: Head) -> Ends {
    Ends { base: base.into(), head }
}

/// The counts that a second asks for.
fn asked(model: &mut Model) -> Vec<Vec<Ends>> {
    let effects = update(model, Msg::Tick, at(1));
    effects.into_iter().filter_map(|effect| if let Effect::Count(ends) = effect { Some(ends) } else { None }).collect()
}

#[test]
fn commits_are_counted_only_where_they_were_read() {
    let mut model = apart();
    assert_eq!(stations(&model), said(&[("staging", None), ("production", None)]));
    assert!(train(&model, at(1)).branch.is_none(), "no repository is read");
    assert_eq!(asked(&mut model), Vec::<Vec<Ends>>::new());
    fresh(&mut model, FeedId::Distances);
    let (first, next) = (ends(NEW, Head::DefaultBranch), ends(OLD, Head::Commit(NEW.into())));
    assert_eq!(asked(&mut model), [vec![first.clone(), next.clone()]]);
    assert_eq!(asked(&mut model), Vec::<Vec<Ends>>::new(), "once");
    let (three, two) = (Distance { ahead: 3, behind: 0 }, Distance { ahead: 2, behind: 0 });
    let distances =
        Distances { branch: "trunk".into(), counted: vec![(first, three), (next, two)], ..Distances::default() };
    tell(&mut model, Fact::Distances(distances));
    assert_eq!(stations(&model), said(&[("staging", Some("3")), ("production", Some("2"))]));
    assert_eq!(train(&model, at(1)).branch.map(Text::as_str), Some("trunk"));
}

#[test]
fn what_cannot_be_counted_says_why() {
    let mut model = apart();
    fresh(&mut model, FeedId::Distances);
    let why = |model: &Model, env: &str| to_come(model, model.facts.env(&env.into()).unwrap(), at(1))?.why_not;
    assert_eq!(why(&model, "production"), None, "it was not read yet");
    let unknown = vec![ends(OLD, Head::Commit(NEW.into())), ends(NEW, Head::DefaultBranch)];
    tell(&mut model, Fact::Distances(Distances { branch: "trunk".into(), unknown, ..Distances::default() }));
    let says = |other: &str, head: &str| Some(format!("not counted: the repository does not know {other} or {head}"));
    assert_eq!(why(&model, "production"), says("9df49c2", "3e60eac"));
    assert_eq!(why(&model, "staging"), says("3e60eac", "trunk"));
}

#[test]
fn a_branch_that_nobody_reads_any_more_has_gone_on_and_two_commits_stay_as_far_apart() {
    let mut model = apart();
    fresh(&mut model, FeedId::Distances);
    let one = Distance { ahead: 1, behind: 0 };
    let counted = vec![(ends(NEW, Head::DefaultBranch), one), (ends(OLD, Head::Commit(NEW.into())), one)];
    tell(&mut model, Fact::Distances(Distances { branch: "main".into(), counted, ..Distances::default() }));
    // What runs where is read all the time; the branch is not.
    for service in model.facts.services.keys().cloned().collect::<Vec<_>>() {
        for feed in [FeedId::Declared(service.clone()), FeedId::Observed(service.clone())] {
            let status = FeedStatus { state: FeedState::Fresh(at(600).wall), interval: Duration::from_secs(5) };
            let _ = update(&mut model, Msg::Fact(Fact::Feed(feed, status)), at(600));
        }
    }
    let later = train(&model, at(600));
    assert!(later.stations.iter().all(|one| one.judged.sha().is_some()), "{:?}", later.stations);
    assert_eq!(later.stations.iter().map(|one| one.waiting).collect::<Vec<_>>(), [None, Some(one)]);
    runs(&mut model, "production", "backend", NEW, Status::Ok);
    assert_eq!(stations(&model)[1].1, None, "two commits are live there: nobody counts to both");
    runs(&mut model, "production", "frontend", NEW, Status::Ok);
    assert_eq!(stations(&model)[1].1.as_deref(), Some("0"));
}

#[test]
fn the_way_goes_through_the_environment_that_is_looked_at_and_the_rest_stands_aside() {
    let text = r#"
[[environments]]
name = "dev"
tier = "development"

[[environments]]
name = "eu-staging"
tier = "staging"
promotes_to = "eu"

[[environments]]
name = "us-staging"
tier = "staging"
promotes_to = "us"

[[environments]]
name = "eu"
tier = "production"

[[environments]]
name = "us"
tier = "production"
"#;
    let flags = crate::config::load::Flags::default();
    let settings = crate::config::load::parse(text, None, &flags, &|_| None).unwrap();
    let mut model = Model::new(&settings, at(0));
    for (here, way) in [
        ("us", vec!["us-staging", "us"]),
        ("us-staging", vec!["us-staging", "us"]),
        ("eu", vec!["eu-staging", "eu"]),
        // Two ways, and it stands on neither.
        ("dev", vec![]),
    ] {
        model.screen.selection.place = Some(Place::Env(here.into()));
        let train = train(&model, at(1));
        assert_eq!(train.stations.iter().map(|one| one.env.id.as_str()).collect::<Vec<_>>(), way);
        assert_eq!(train.aside.len() + train.stations.len(), 5);
    }
}
