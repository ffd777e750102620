//! Decides which deployments are verified healthy: the platform declares what the edge answers, every probe of the environment
//! passes, and both last for a while. Only such a deployment is proposed as the way back.

use std::time::Duration;

use super::fresh;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::environment::{EnvInfo, Status};
use crate::domain::feed::{FeedId, FeedStatus};
use crate::domain::finding::Check;
use crate::domain::ids::{DeploymentId, ServiceId, Sha};
use crate::domain::state::State;

/// How long it must last.
pub const STEADY: Duration = Duration::from_secs(10);

/// A deployment that looks healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenWell {
    /// Which.
    pub deployment: DeploymentId,
    /// Its commit.
    pub sha: Sha,
    /// Since when, by the monotonic clock.
    pub since: Duration,
    /// It was remembered.
    pub told: bool,
}

/// Looks at a service; asks once per deployment to remember it.
pub(in crate::app) fn of(model: &mut Model, env: &EnvInfo, id: &ServiceId, now: Now) -> Option<Effect> {
    let Some((deployment, sha)) = healthy(model, env, id, now) else {
        model.facts.seen_well.remove(id);
        return None;
    };
    let fresh = SeenWell { deployment: deployment.clone(), sha: sha.clone(), since: now.mono, told: false };
    let seen_well = model.facts.seen_well.entry(id.clone()).or_insert_with(|| fresh.clone());
    if seen_well.deployment != deployment {
        *seen_well = fresh;
    }
    let due = !seen_well.told && now.mono.saturating_sub(seen_well.since) >= STEADY;
    if !due {
        return None;
    }
    seen_well.told = true;
    let known = model.facts.history.verified.contains(&(id.clone(), deployment.clone(), sha.clone()));
    (!known).then(|| Effect::Verified(id.clone(), deployment, sha))
}

/// Whether a check of the environment's services is there that the token may not read.
fn withheld(model: &Model, env: &EnvInfo) -> bool {
    let mut checks = env.services.iter().filter_map(|info| model.facts.findings.get(&info.id)).flatten();
    // The start of each token's check tells the same of a whole platform, as a feed that was never allowed.
    let mut feeds = env.services.iter().filter_map(|info| model.facts.feeds.get(&FeedId::Findings(info.id.clone())));
    checks.any(Check::withheld) || feeds.any(FeedStatus::never_allowed)
}

/// The deployment that is healthy now, as far as can be seen.
fn healthy(model: &Model, env: &EnvInfo, id: &ServiceId, now: Now) -> Option<(DeploymentId, Sha)> {
    // What was not read lately was not seen now; one half of a mixed pair proves nothing of the other; and what the token may not
    // read may be what is wrong.
    let needed = [FeedId::Declared(id.clone()), FeedId::Observed(id.clone()), FeedId::Health(env.id.clone())];
    let well = matches!(model.facts.state(env, now), State::Healthy | State::Degraded);
    if !well || fresh::stale(model, needed, now).is_some() || withheld(model, env) {
        return None;
    }
    let state = model.facts.services.get(id)?;
    let declared = state.declared.as_ref()?;
    let sound = declared.status == Status::Ok && declared.rollout.is_none() && state.agrees() == Some(true);
    let probes = model.facts.probes.of(&env.id);
    let probed = !probes.is_empty() && probes.iter().all(|probe| probe.status == Status::Ok);
    (sound && probed).then(|| Some((declared.deployment.clone(), declared.sha.clone()?)))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::msg::Msg;
    use crate::domain::environment::{Declared, Observed};
    use crate::domain::fact::Fact;
    use crate::domain::finding::{Finding, Reading, Seen};
    use crate::domain::health::{Anatomy, ProbeId, Sample};
    use crate::sanitize::Text;

    const SHA: &str = "9df49c2000000000000000000000000000000000";

    fn at(second: i64) -> Now {
        let mono = Duration::from_secs(u64::try_from(second).unwrap());
        Now { wall: jiff::Timestamp::from_second(1_800_000_000 + second).unwrap(), mono }
    }

    fn declared(sha: Option<&str>) -> Declared {
        Declared { deployment: "v41".into(), ..crate::domain::testing::declared(sha, Status::Ok) }
    }

    /// Whether the backend is remembered within half a minute in which its probe passes, beside this check of the database.
    fn remembered(check: Option<Reading>) -> bool {
        let service = |name: &str, platform: &str| {
            format!("[[environments.services]]\nname = \"{name}\"\nplatform = \"{platform}\"\nresource = \"shop\"\n")
        };
        let text = "[[environments]]\nname = \"production\"\ntier = \"production\"\n".to_owned();
        let text = text + &service("backend", "fly") + &service("database", "supabase");
        let flags = crate::config::load::Flags::default();
        let settings = crate::config::load::parse(&text, None, &flags, &|_| None).unwrap();
        let mut model = Model::new(&settings, at(0));
        let (backend, database) = (ServiceId::new("production", "backend"), ServiceId::new("production", "database"));
        let edge = Observed {
            sha: Some(SHA.into()),
            version: None,
            at: at(0).wall,
            source: Text::default(),
            edges: Vec::new(),
        };
        let state = model.facts.services.entry(backend.clone()).or_default();
        (state.declared, state.observed) = (Some(declared(Some(SHA))), Some(edge));
        model.facts.services.entry(database.clone()).or_default().declared = Some(declared(None));
        model.facts.findings.extend(check.map(|reading| (database, vec![Check { name: Text::from("disk"), reading }])));
        let effects = (0..30).flat_map(|second| {
            let id = ProbeId { env: "production".into(), name: "/health".into() };
            let sample = Sample { at: at(second).wall, anatomy: Anatomy::default(), failure: None };
            crate::app::update(&mut model, Msg::Fact(Fact::Probe(id, Text::default(), sample)), at(second))
        });
        let told: Vec<Effect> = effects.filter(|one| matches!(one, Effect::Verified(..))).collect();
        assert!(told.iter().all(|one| matches!(one, Effect::Verified(id, ..) if *id == backend)), "{told:?}");
        !told.is_empty()
    }

    #[test]
    fn nothing_is_verified_healthy_beside_what_the_token_may_not_read_or_what_is_not_well() {
        let why = || Text::from("supabase: 403");
        let good_for = Duration::from_secs(3_600);
        let found = |finding| Reading::Read(Seen { finding, at: at(0).wall, good_for });
        assert!(remembered(None) && remembered(Some(found(Finding::new("disk", Status::Warn, "80 % used")))));
        assert!(remembered(Some(Reading::Absent(why()))), "there is nothing to read");
        assert!(!remembered(Some(Reading::Denied(why()))));
        assert!(!remembered(Some(Reading::Unread { why: why(), since: at(0).wall, last: None })));
        assert!(!remembered(Some(found(Finding::new("writable", Status::Fail, "read-only").stopping()))));
    }
}
