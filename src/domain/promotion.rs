//! Where an environment is promoted from and to. No environment is taken for production because it comes first.

use super::environment::{EnvInfo, Tier};
use super::ids::EnvId;

/// Which environment brings its commits to which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Promotions(Vec<Promotion>);

/// One step on the way to customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// What it runs is brought on.
    pub from: EnvId,
    /// Where it is brought.
    pub to: EnvId,
}

impl Promotions {
    /// What is configured. Where nothing is, the one staging is promoted to the one production; where there are more of either,
    /// somebody has to say which.
    #[must_use]
    pub fn new(configured: Vec<Promotion>, environments: &[EnvInfo]) -> Self {
        if !configured.is_empty() {
            return Self(configured);
        }
        match (of_tier(environments, Tier::Staging).as_slice(), of_tier(environments, Tier::Production).as_slice()) {
            ([from], [to]) => Self(vec![Promotion { from: from.id.clone(), to: to.id.clone() }]),
            _ => Self(Vec::new()),
        }
    }

    /// Every promotion, in the order of the configuration.
    pub fn all(&self) -> impl Iterator<Item = &Promotion> {
        self.0.iter()
    }

    /// From where an environment is promoted.
    #[must_use]
    pub fn source(&self, to: &EnvId) -> Option<&EnvId> {
        self.0.iter().find(|one| one.to == *to).map(|one| &one.from)
    }

    /// Where an environment is promoted to.
    #[must_use]
    pub fn target(&self, from: &EnvId) -> Option<&EnvId> {
        self.0.iter().find(|one| one.from == *from).map(|one| &one.to)
    }

    /// Every environment that something is promoted to, in the order of the configuration.
    pub fn targets(&self) -> impl Iterator<Item = &EnvId> {
        self.0.iter().map(|one| &one.to)
    }

    /// The promotion that a person means who looks at this environment: into it, else out of it, else the only one there is.
    #[must_use]
    pub fn near(&self, env: Option<&EnvId>) -> Option<&Promotion> {
        let into = self.0.iter().find(|one| Some(&one.to) == env);
        let mut out = self.0.iter().filter(|one| Some(&one.from) == env);
        let out = out.next().filter(|_| out.next().is_none());
        let only = match self.0.as_slice() {
            [one] => Some(one),
            _ => None,
        };
        into.or(out).or(only)
    }
}

/// The key that says it, for those who have to be asked.
pub const KEY: &str = "set promotes_to = \"…\" in the [[environments]] that is promoted";

/// The environments of a tier.
#[must_use]
pub fn of_tier(environments: &[EnvInfo], tier: Tier) -> Vec<&EnvInfo> {
    environments.iter().filter(|env| env.tier == tier).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str, tier: Tier) -> EnvInfo {
        EnvInfo { id: name.into(), tier, services: Vec::new(), writable: true }
    }

    fn promotion(from: &str, to: &str) -> Promotion {
        Promotion { from: from.into(), to: to.into() }
    }

    #[test]
    fn one_staging_goes_to_one_production_and_more_have_to_be_said() {
        let (staging, eu, us) =
            (env("staging", Tier::Staging), env("prod-eu", Tier::Production), env("prod-us", Tier::Production));
        let inferred = Promotions::new(Vec::new(), &[eu.clone(), staging.clone(), env("dev", Tier::Development)]);
        assert_eq!(inferred.source(&"prod-eu".into()), Some(&"staging".into()));
        assert_eq!(inferred.near(None), Some(&promotion("staging", "prod-eu")));
        assert_eq!(inferred.near(Some(&"dev".into())), Some(&promotion("staging", "prod-eu")));
        let several = Promotions::new(Vec::new(), &[eu.clone(), us.clone(), staging.clone()]);
        assert_eq!((several.source(&"prod-eu".into()), several.near(Some(&"prod-eu".into()))), (None, None));
        let chain = vec![promotion("staging", "prod-us"), promotion("prod-us", "prod-eu")];
        let said = Promotions::new(chain.clone(), &[eu, us, staging]);
        assert_eq!(said.source(&"prod-eu".into()), Some(&"prod-us".into()));
        assert_eq!(said.near(Some(&"prod-us".into())), Some(&chain[0]), "into what is looked at comes first");
        assert_eq!(said.near(Some(&"staging".into())), Some(&chain[0]));
        assert_eq!(said.near(None), None, "there are two");
    }
}
