//! Calls of which nobody knows whether they were taken: a gateway may hold one and let it land after the operation that sent it has been
//! taken back.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::operation::{Operation, Request};
use super::overrides::Override;
use crate::sanitize::Text;

/// How long after it was sent a call may still land.
pub const HELD: SignedDuration = SignedDuration::from_mins(2);

/// A call whose answer nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LateCall {
    /// What was sent: `POST update machine 148e…`.
    pub call: Text,
    /// When it was sent.
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub sent_at: Timestamp,
    /// It leads elsewhere than the operation that it is told of, which takes back the one that sent it.
    #[serde(default)]
    pub against: bool,
}

impl LateCall {
    /// Whether it may still land.
    #[must_use]
    pub fn may_land(&self, now: Timestamp) -> bool {
        now.duration_since(self.sent_at) < HELD
    }

    fn until(&self) -> Timestamp {
        self.sent_at.checked_add(HELD).unwrap_or(self.sent_at)
    }

    /// `POST update machine 148e…, sent 2026-11-28T14:02:11Z`, and until when it may land.
    fn named(&self, now: Timestamp) -> String {
        let may = format!("; it may still land, until {:.0}", self.until());
        format!("{}, sent {:.0}{}", self.call, self.sent_at, if self.may_land(now) { &may } else { "" })
    }

    /// The same within a sentence.
    fn brief(&self) -> String {
        format!("{} (sent {:.0}, may land until {:.0})", self.call, self.sent_at, self.until())
    }

    /// The same as a sentence.
    #[must_use]
    pub fn words(&self, now: Timestamp) -> String {
        format!("not known whether it was taken: {}", self.named(now))
    }
}

/// What whoever goes on with an operation has to know of its calls: a reason is needed while one of them may still land.
#[must_use]
pub fn against(earlier: &Operation, now: Timestamp) -> Option<Override> {
    let open = earlier.late_calls.iter().filter(|call| call.may_land(now));
    let says: Vec<String> = open.map(|call| call.words(now)).collect();
    (!says.is_empty()).then(|| Override::Others {
        asks: Text::from("no call of it is on its way"),
        says: Text::from(says.join("; ")),
    })
}

/// What is told of the calls that are too old to land.
pub fn warnings(earlier: &Operation, now: Timestamp) -> impl Iterator<Item = Text> {
    earlier.late_calls.iter().filter(move |call| !call.may_land(now)).map(move |call| Text::from(call.words(now)))
}

/// The calls that whoever goes on with an operation takes over: once it is taken back, they lead elsewhere.
#[must_use]
pub fn taken_over(earlier: &Operation, request: &Request) -> Vec<LateCall> {
    let Request::RollBack(targets) = request else { return earlier.late_calls.clone() };
    let back = targets.iter().any(|target| {
        let moved = earlier.moves.iter().find(|one| one.service == target.service);
        moved.is_some_and(|one| one.from.as_ref() == Some(&target.deployment) && one.to != target.deployment)
    });
    let of = |call: &LateCall| LateCall { against: call.against || back, ..call.clone() };
    earlier.late_calls.iter().map(of).collect()
}

/// What is said at an end of calls that may land after it; whether one of them would undo what was seen.
#[must_use]
pub fn unobserved(operation: &Operation, now: Timestamp) -> Option<(String, bool)> {
    let open: Vec<&LateCall> = operation.late_calls.iter().filter(|call| call.may_land(now)).collect();
    let named: Vec<String> = open.iter().map(|call| call.brief()).collect();
    let against = open.iter().any(|call| call.against);
    (!open.is_empty()).then(|| (format!("not observed: whether {} still lands", named.join(" or ")), against))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{OpId, ServiceId};
    use crate::domain::operation::{Move, OpKind, Target};

    #[test]
    fn a_call_that_may_land_needs_a_reason_and_leads_elsewhere_once_it_is_taken_back() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let service = ServiceId::new("production", "backend");
        let moves = vec![Move { service: service.clone(), from: Some("v42".into()), to: "v41".into() }];
        let call = LateCall { call: Text::from("POST update machine 1"), sent_at: at(1000), against: false };
        let (id, title) = (OpId(uuid::Uuid::nil()), Text::default());
        let begun = Operation::begun(id, OpKind::RollBack, "production".into(), title, at(990));
        let earlier = Operation { moves, late_calls: vec![call], ..begun };
        let says = against(&earlier, at(1060)).unwrap().words();
        assert_eq!(
            says,
            "not met: no call of it is on its way: not known whether it was taken: POST update machine 1, sent \
             1970-01-01T00:16:40Z; it may still land, until 1970-01-01T00:18:40Z"
        );
        assert_eq!(warnings(&earlier, at(1060)).count(), 0);
        assert!(against(&earlier, at(1121)).is_none() && warnings(&earlier, at(1121)).count() == 1);
        let to = |deployment: &str| {
            let target =
                Target { service: service.clone(), deployment: deployment.into(), strategy: Default::default() };
            let request = Request::RollBack(vec![target]);
            Operation { late_calls: taken_over(&earlier, &request), ..earlier.clone() }
        };
        let (finish, undo) = (unobserved(&to("v41"), at(1060)), unobserved(&to("v42"), at(1060)));
        let (says, leads_elsewhere) = finish.unwrap();
        let told = "not observed: whether POST update machine 1 (sent 1970-01-01T00:16:40Z, may land until \
                    1970-01-01T00:18:40Z) still lands";
        assert_eq!((says.as_str(), leads_elsewhere), (told, false));
        assert!(undo.is_some_and(|(_, against)| against) && unobserved(&to("v42"), at(1121)).is_none());
    }
}
