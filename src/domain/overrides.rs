//! What stands against an operation and may be overridden with a reason.

use serde::{Serialize, Serializer};

use super::freeze::Frozen;
use super::ids::ServiceId;
use super::lock::Lock;
use super::readiness::Criterion;
use crate::sanitize::Text;

/// One thing that a reason overrides. Two are compared by what they are; the words are made where a person reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Override {
    /// Another person's lock on the environment.
    Lock(Lock),
    /// A window in which nothing is to be changed.
    Freeze(Frozen),
    /// A check of readiness that fails, or of which nothing is known.
    RedGate {
        /// What it asks.
        asks: Criterion,
        /// What it found.
        says: Text,
        /// Whether it could not be answered.
        unread: bool,
    },
    /// A service that could not be read and is left behind.
    Behind {
        /// Which one.
        service: ServiceId,
        /// Why.
        says: Text,
    },
    /// What others do there, or have done since.
    Others {
        /// What should be so: `no deploy of backend is under way`.
        asks: Text,
        /// What was found, when and by whom.
        says: Text,
    },
}

impl Override {
    /// One word for programs: `lock`, `freeze`, `red_gate`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Lock(_) => "lock",
            Self::Freeze(_) => "freeze",
            Self::RedGate { .. } | Self::Behind { .. } | Self::Others { .. } => "red_gate",
        }
    }

    /// Whether a reason that was given for one is a reason for the other: a check is the same however it words what it found, a lock is
    /// somebody's word of its own each time.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::RedGate { asks, .. }, Self::RedGate { asks: other, .. }) => asks == other,
            (Self::Behind { service, .. }, Self::Behind { service: other, .. }) => service == other,
            (Self::Others { asks, .. }, Self::Others { asks: other, .. }) => asks == other,
            _ => self == other,
        }
    }

    /// The first of these that nobody was told of.
    #[must_use]
    pub fn untold<'a>(all: &'a [Self], told: &[Self]) -> Option<&'a Self> {
        all.iter().find(|one| !told.iter().any(|known| known.same(one)))
    }

    /// All that was told before and what is told now; of one thing its newer words.
    #[must_use]
    pub fn with(told: Vec<Self>, now: Vec<Self>) -> Vec<Self> {
        let before = told.into_iter().filter(|one| !now.iter().any(|new| new.same(one)));
        let before: Vec<Self> = before.collect();
        now.into_iter().chain(before).collect()
    }

    /// In one line: `it is locked by maria: migration, since 14:02Z`.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Lock(lock) => format!("it is {}", lock.words()),
            Self::Freeze(frozen) => frozen.words(),
            Self::RedGate { asks, says, unread } => {
                format!("not {}: {asks}: {says}", if *unread { "known" } else { "met" })
            }
            Self::Behind { service, says } => format!("not met: {}: {says}", along(service)),
            Self::Others { asks, says } => format!("not met: {asks}: {says}"),
        }
    }
}

/// What is asked of a service that is left behind.
fn along(service: &ServiceId) -> String {
    format!("{service} goes along")
}

/// The same as programs read it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Told<'a> {
    kind: &'static str,
    text: String,
    #[serde(flatten)]
    what: What<'a>,
}

/// What has to be overridden.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum What<'a> {
    Lock(&'a Lock),
    Freeze(&'a Frozen),
    Check(String),
}

impl Serialize for Override {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let what = match self {
            Self::Lock(lock) => What::Lock(lock),
            Self::Freeze(frozen) => What::Freeze(frozen),
            Self::RedGate { asks, .. } => What::Check(asks.to_string()),
            Self::Behind { service, .. } => What::Check(along(service)),
            Self::Others { asks, .. } => What::Check(asks.to_string()),
        };
        Told { kind: self.kind(), text: self.words(), what }.serialize(serializer)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Override {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Override".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Told::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_stays_told_so_that_two_who_know_different_things_never_ask_in_turn() {
        let gate = |asks, says: &str| Override::RedGate { asks, says: Text::from(says), unread: false };
        let (model, plan) = (vec![gate(Criterion::Target, "mixed")], vec![gate(Criterion::Pipeline, "CI failed")]);
        let told = Override::with(model.clone(), plan.clone());
        assert!(Override::untold(&model, &told).is_none() && Override::untold(&plan, &told).is_none());
        let newer = Override::with(told, vec![gate(Criterion::Pipeline, "CI failed twice")]);
        assert_eq!(newer, [gate(Criterion::Pipeline, "CI failed twice"), gate(Criterion::Target, "mixed")]);
    }

    #[test]
    fn programs_get_a_kind_and_people_a_sentence() {
        let at = "2026-11-20T14:02:00Z".parse().unwrap();
        let lock = Override::Lock(Lock { who: "maria".into(), why: "migration".into(), at, until: None });
        let value = serde_json::json!(lock);
        assert_eq!((value["kind"].as_str(), value["lock"]["who"].as_str()), (Some("lock"), Some("maria")));
        assert_eq!(value["text"], "it is locked by maria: migration, since 14:02Z");
    }
}
