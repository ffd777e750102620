//! What a part of a plan is at when it was given up: machine by machine, domain by domain, so that an end half-way says how it stands.

use super::operator::Operator;
use super::steps;
use crate::domain::environment::Platform;
use crate::domain::operation::PlanPart;
use crate::domain::spread::Spread;

/// How a service stands.
pub(in crate::engine) struct Stands {
    /// Which of its machines or domains are where they were to go.
    pub(in crate::engine) spread: Spread,
    /// The same for people: `fra runs 340f57f, iad runs 7f49b8b`.
    pub(in crate::engine) words: String,
}

impl Stands {
    /// It could not be read.
    pub(in crate::engine) fn unread(what: &str, error: &dyn std::fmt::Display) -> Self {
        Self { spread: Spread::Unknown, words: format!("{what} could not be read: {error}") }
    }

    pub(in crate::engine) fn unknown(words: &str) -> Self {
        Self { spread: Spread::Unknown, words: words.to_owned() }
    }
}

impl Operator {
    /// What a part is at now; who is told to stop does not wait for it.
    pub(in crate::engine) async fn stands_now(&self, part: &PlanPart) -> Stands {
        let unread =
            |_| Stands { spread: Spread::Unknown, words: "stopped before it was read how it stands".to_owned() };
        self.unless_stopped(Box::pin(self.standing(part))).await.unwrap_or_else(unread)
    }

    /// What a part is at now. What goes through the pipeline stands by the services that were to get its commit.
    async fn standing(&self, part: &PlanPart) -> Stands {
        if part.platform != Platform::Github {
            let host = steps::host(&self.clients, part.platform);
            return host.stands(self, &part.service, part.resource.as_str(), part.to.1.as_ref()).await;
        }
        let mut all = Vec::new();
        for claim in &self.plan.claims {
            let host = steps::host(&self.clients, claim.platform);
            let one = host.stands(self, &claim.service, claim.resource.as_str(), claim.sha.as_ref()).await;
            all.push((&claim.service.name, one));
        }
        let words: Vec<String> = all.iter().map(|(name, one)| format!("{name}: {}", one.words)).collect();
        let count = |spread: Spread| all.iter().filter(|(_, one)| one.spread == spread).count();
        let spread = match (count(Spread::All), count(Spread::Some), count(Spread::None)) {
            (there, ..) if there == all.len() && there > 0 => Spread::All,
            (0, 0, not) if not == all.len() && not > 0 => Spread::None,
            (0, 0, _) => Spread::Unknown,
            _ => Spread::Some,
        };
        Stands { spread, words: words.join("; ") }
    }
}
