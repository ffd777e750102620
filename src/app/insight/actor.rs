//! What a person is called: by the journal, where what they did is an operation of its own, else by the platform. One person has one name,
//! whichever list tells of them.

use jiff::{SignedDuration, Timestamp};

use crate::app::model::Model;
use crate::domain::environment::Pin;
use crate::domain::ids::ServiceId;
use crate::domain::release::Deployment;
use crate::sanitize::Text;

/// What a platform writes down of an operation may be so much earlier or later, as clocks differ.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// Who made a deployment.
#[must_use]
pub fn of(model: &Model, one: &Deployment) -> Text {
    operator(model, &one.service, one.created_at).unwrap_or_else(|| named(&one.author))
}

/// A pin with the name of who set it.
#[must_use]
pub fn pin(model: &Model, service: &ServiceId, pin: &Pin) -> Pin {
    let own = pin.at.and_then(|at| operator(model, service, at));
    Pin { by: own.or_else(|| pin.by.as_ref().map(named)), ..pin.clone() }
}

/// Who had the operation carried out that moved a service at that time.
fn operator(model: &Model, service: &ServiceId, at: Timestamp) -> Option<Text> {
    let within = |begun: Timestamp, ended: Option<Timestamp>| {
        let late = ended.is_some_and(|ended| at.duration_since(ended) > SKEW);
        at.duration_since(begun) >= -SKEW && !late
    };
    let own = model.facts.operations.values().rev().find(|one| {
        let moved = one.moves.iter().any(|moved| moved.service == *service);
        moved && within(one.started_at, one.ended_at)
    })?;
    Some(named(&own.order.by)).filter(|by| !by.is_empty())
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
    use crate::domain::operation::{Move, OpKind, OpState};
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
}
