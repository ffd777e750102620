//! The probes of a product, by environment: what concerns one environment is found without looking at the others.

use std::collections::BTreeMap;

use super::health::{ProbeId, ProbeState};
use super::ids::EnvId;

/// Probes in the order of their environments, and within one in the order in which they first answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Probes {
    groups: Vec<Vec<ProbeState>>,
    at: BTreeMap<EnvId, usize>,
}

impl Probes {
    /// No probe yet; probes will stand in the order of these environments.
    #[must_use]
    pub fn new(environments: impl IntoIterator<Item = EnvId>) -> Self {
        let at: BTreeMap<EnvId, usize> = environments.into_iter().enumerate().map(|(at, env)| (env, at)).collect();
        Self { groups: vec![Vec::new(); at.len()], at }
    }

    /// Takes in a probe. One of an environment that was not named stands last.
    pub fn add(&mut self, probe: ProbeState) {
        let at = *self.at.entry(probe.id.env.clone()).or_insert(self.groups.len());
        if at == self.groups.len() {
            self.groups.push(Vec::new());
        }
        self.groups[at].push(probe);
    }

    /// Those of one environment.
    #[must_use]
    pub fn of(&self, env: &EnvId) -> &[ProbeState] {
        self.at.get(env).and_then(|at| self.groups.get(*at)).map_or(&[], Vec::as_slice)
    }

    /// One by its identity.
    #[must_use]
    pub fn get(&self, id: &ProbeId) -> Option<&ProbeState> {
        self.of(&id.env).iter().find(|probe| probe.id == *id)
    }

    /// One by its identity, to take in what it answered.
    pub fn get_mut(&mut self, id: &ProbeId) -> Option<&mut ProbeState> {
        let group = self.at.get(&id.env).and_then(|at| self.groups.get_mut(*at))?;
        group.iter_mut().find(|probe| probe.id == *id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ProbeState> {
        self.groups.iter().flatten()
    }
}

impl FromIterator<ProbeState> for Probes {
    fn from_iter<I: IntoIterator<Item = ProbeState>>(probes: I) -> Self {
        let mut all = Self::default();
        for probe in probes {
            all.add(probe);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::Text;

    fn probe(env: &str, name: &str) -> ProbeState {
        let id = ProbeId { env: env.into(), name: name.into() };
        ProbeState::new(id, Text::default(), jiff::Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn probes_stand_in_the_order_of_their_environments_whatever_answers_first() {
        let mut all = Probes::new(["production", "staging"].map(EnvId::from));
        for (env, name) in [("elsewhere", "a"), ("staging", "b"), ("production", "c"), ("staging", "a")] {
            all.add(probe(env, name));
        }
        let names: Vec<String> = all.iter().map(|one| format!("{} {}", one.id.env, one.id.name)).collect();
        assert_eq!(names, ["production c", "staging b", "staging a", "elsewhere a"]);
        assert_eq!(all.of(&"staging".into()).len(), 2);
        assert!(all.of(&"nowhere".into()).is_empty());
        assert!(all.get(&probe("staging", "a").id).is_some() && all.get(&probe("production", "a").id).is_none());
    }
}
