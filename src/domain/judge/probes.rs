//! What probes say.

use super::Known;
use super::part::{Part, told};
use crate::domain::feed::FeedId;
use crate::domain::health::ProbeState;
use crate::domain::ids::EnvId;
use crate::domain::state::State;

impl Known<'_> {
    /// How a probe stands, and why.
    #[must_use]
    pub fn probe(&self, probe: &ProbeState) -> (State, String) {
        let part = self.probed_one(probe);
        let was = part.said.unwrap_or(State::Unknown);
        (part.state(), told(&part, was))
    }

    /// What probes say, each one.
    pub(super) fn probed(&self, env: &EnvId, probes: Vec<&ProbeState>) -> Vec<Part> {
        let feed = FeedId::Health(env.clone());
        if probes.is_empty() {
            // None has answered; whether there are any, the feed tells.
            let none = self.probes.of(env).is_empty();
            let unread = Part { said: None, ..Part::new(State::Unknown, "") };
            let unread = (none && self.feeds.contains_key(&feed)).then(|| self.aged(&feed, "probes ", unread));
            return unread.map(|part| Part { named: true, ..part }).into_iter().collect();
        }
        let part = |probe: &ProbeState| {
            let part = self.probed_one(probe);
            let why = if part.why.is_empty() { String::new() } else { format!("{} {}", probe.id.name, part.why) };
            let gap = part.gap.map(|gap| format!("probes {gap}"));
            Part { named: true, why, gap, ..part }
        };
        probes.into_iter().map(part).collect()
    }

    /// What one probe says.
    fn probed_one(&self, probe: &ProbeState) -> Part {
        let aimed = self.aimed.get(&probe.id);
        let switches = aimed.and_then(|of| Some(&self.services.get(of)?.declared.as_ref()?.switches));
        let challenged = switches.is_some_and(|switches| switches.challenged);
        let (mut state, why) = probe.stands(challenged, self.now);
        // What a person has paused answers everybody with 503: that is no failure of its own, for as long as its platform goes on saying
        // so. A name that is not found, a handshake that fails or another answer is one.
        let answered = probe.samples.back().and_then(|sample| sample.anatomy.status);
        let paused = switches.is_some_and(|switches| switches.paused) && answered == Some(503);
        let said = || aimed.is_some_and(|of| self.fresh(&FeedId::Declared(of.clone())));
        if paused && matches!(state, State::Failing | State::Flapping | State::Degraded) && said() {
            state = State::Paused;
        }
        self.aged(&FeedId::Health(probe.id.env.clone()), "", Part::new(state, why))
    }
}
