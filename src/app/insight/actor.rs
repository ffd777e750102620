//! What a person is called: by the journal, where what they did is an operation of its own, else by the platform. One person has one name,
//! whichever list tells of them.

use jiff::{SignedDuration, Timestamp};

use crate::app::model::Model;
use crate::domain::environment::Pin;
use crate::domain::ids::ServiceId;
use crate::domain::operation::{Move, Operation};
use crate::domain::release::Deployment;
use crate::sanitize::Text;

/// What a platform writes down of an operation may be so much earlier or later, as clocks differ.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// Who made a deployment.
#[must_use]
pub fn of(model: &Model, one: &Deployment) -> Text {
    operator(model, &one.service, one.created_at, Some(one)).unwrap_or_else(|| named(&one.author))
}

/// A pin with the name of who set it.
#[must_use]
pub fn pin(model: &Model, service: &ServiceId, pin: &Pin) -> Pin {
    let own = pin.at.and_then(|at| operator(model, service, at, None));
    Pin { by: own.or_else(|| pin.by.as_ref().map(named)), ..pin.clone() }
}

/// Who had the operation carried out that moved a service at that time, to that row where one is meant.
fn operator(model: &Model, service: &ServiceId, at: Timestamp, row: Option<&Deployment>) -> Option<Text> {
    let within = |one: &Operation| {
        // What was cut short does nothing any more since it was last heard of.
        let ended = one.ended_at.or_else(|| one.interrupted.then(|| one.last_heard()));
        let late = ended.is_some_and(|ended| at.duration_since(ended) > SKEW);
        at.duration_since(one.started_at) >= -SKEW && !late
    };
    let listed = model.facts.releases.get(service).map(Vec::as_slice).unwrap_or_default();
    let went = |moved: &Move| {
        // A build that the operation had made has no row that could be named before.
        let named = listed.iter().find(|one| one.id == moved.to);
        named.zip(row).is_none_or(|(named, row)| same(named, row))
    };
    let mut all = model.facts.operations.values().rev();
    let own = all.find(|one| within(one) && one.moves.iter().any(|moved| moved.service == *service && went(moved)))?;
    Some(named(&own.order.by)).filter(|by| !by.is_empty())
}

/// Whether two rows are of one thing: Fly writes a new one for the image that it is moved to.
fn same(one: &Deployment, other: &Deployment) -> bool {
    one.id == other.id || (one.image.is_some() && one.image == other.image)
}

/// The name before the address of a mailbox: some platforms and git tell the one, some the other.
fn named(who: &Text) -> Text {
    match who.as_str().split_once('@') {
        Some((name, _)) if !name.is_empty() => Text::from(name),
        _ => who.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{OLD, at, deployment, model, operation, tell};
    use crate::domain::fact::Fact;
    use crate::domain::operation::{OpKind, OpState};
    use crate::domain::order::Order;

    #[test]
    fn a_person_has_one_name_that_of_the_journal_where_it_was_an_operation_of_its_own() {
        let mut model = model();
        let backend = ServiceId::new("production", "backend");
        let row = |second| Deployment {
            author: Text::from("inesduarte@acme.dev"),
            ..deployment(&backend, OLD, second, true)
        };
        let pinned = |second: u64| Pin {
            why: Text::from("rolled back"),
            at: Some(at(second).wall),
            by: Some(Text::from("inesduarte")),
        };
        let names = |model: &Model, second| {
            let by = pin(model, &backend, &pinned(second)).by.unwrap();
            (of(model, &row(second)).to_string(), by.to_string())
        };
        assert_eq!(names(&model, 1), ("inesduarte".to_owned(), "inesduarte".to_owned()));
        let moves = vec![Move { service: backend.clone(), from: None, to: "v41".into() }];
        let mut own = operation(1, OpKind::RollBack, "production", OpState::Done, moves, OLD);
        own.order = Order { by: Text::from("Inês Duarte"), ..Order::default() };
        tell(&mut model, Fact::Operation(Box::new(own)));
        assert_eq!(names(&model, 1), ("Inês Duarte".to_owned(), "Inês Duarte".to_owned()));
        assert_eq!(names(&model, 60), ("inesduarte".to_owned(), "inesduarte".to_owned()), "long after it");
    }

    #[test]
    fn a_strangers_deployment_is_none_of_an_operation_that_was_cut_short_or_that_went_elsewhere() {
        let mut model = model();
        let backend = ServiceId::new("production", "backend");
        let row = |id: &str, image: &str, second: u64| Deployment {
            id: id.into(),
            image: Some(Text::from(image)),
            author: Text::from("maria"),
            ..deployment(&backend, OLD, second, false)
        };
        let moves = vec![Move { service: backend.clone(), from: None, to: "v41".into() }];
        let mut open = operation(1, OpKind::RollBack, "production", OpState::Running, moves, OLD);
        open.order = Order { by: Text::from("ines"), ..Order::default() };
        tell(&mut model, Fact::Operation(Box::new(open.clone())));
        assert_eq!(of(&model, &row("v43", "app:41", 3_600)).as_str(), "ines", "it is under way for an hour");
        open.interrupted = true;
        tell(&mut model, Fact::Operation(Box::new(open)));
        assert_eq!(of(&model, &row("v43", "app:41", 3_600)).as_str(), "maria", "an hour after it was cut short");
        assert_eq!(of(&model, &row("v43", "app:41", 2)).as_str(), "ines");
        // Where the row that it went to is listed, another image beside it is somebody else's.
        tell(&mut model, Fact::Releases(backend.clone(), vec![row("v41", "app:41", 0)]));
        assert_eq!(of(&model, &row("v43", "app:41", 2)).as_str(), "ines");
        assert_eq!(of(&model, &row("v44", "app:44", 2)).as_str(), "maria");
    }
}
