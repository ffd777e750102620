//! The pure planner of a rollback: from what was read a moment ago to what would be done, what goes back, what does not, and
//! why it may not be done.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, ServiceInfo};
use crate::domain::ids::{DeploymentId, Sha};
use crate::domain::operation::{Act, Plan, PlanPart, PlanStep, Request, Target};
use crate::domain::release::{Commit, Deployment, Presence};
use crate::domain::strategy::Strategy;
use crate::sanitize::Text;

/// What was read of one service, and what its platform makes of it.
#[derive(Debug, Clone)]
pub struct PartFacts {
    /// The service.
    pub service: ServiceInfo,
    /// What is live: label and commit.
    pub from: (Text, Option<Sha>),
    /// The deployment that is live, where it is known as one.
    pub from_id: Option<DeploymentId>,
    /// The commit that its platform declares to be live.
    pub declared: Option<Sha>,
    /// Whether that is the chosen deployment already: then it is no part of the plan.
    pub already: bool,
    /// The chosen deployment.
    pub to: Deployment,
    /// The deployment by whose identity the platform tells that it has arrived, where it tells one.
    pub claimed: Option<DeploymentId>,
    /// Instances that cannot be read and take no part, and domains that are elsewhere or cannot be read, in words.
    pub unread: Vec<Text>,
    /// How its machines are moved.
    pub strategy: Strategy,
    /// Why that is not possible.
    pub against: Vec<Text>,
    /// The calls that it takes.
    pub act: Act,
    /// The steps that they are shown as.
    pub steps: Vec<PlanStep>,
    /// What of the service does not go back, in words.
    pub stays: Text,
    /// What is so once it has gone back, and has to be known, in words.
    pub afterwards: Option<Text>,
    /// Revisions that must still hold at the start.
    pub revisions: Vec<(Text, Text)>,
    /// Whether image or build is still there, checked now.
    pub presence: Presence,
}

/// Everything that a plan is made of.
#[derive(Debug, Clone)]
pub struct PlanFacts {
    /// Where.
    pub env: EnvInfo,
    /// Service by service.
    pub parts: Vec<PartFacts>,
    /// Commits that go out; `None` = could not be read.
    pub commits: Option<Vec<Commit>>,
    /// What has changed since and does not go back, in words.
    pub since: Vec<Text>,
    /// Reads that failed, and where platform and edge differ, in words.
    pub unread: Vec<Text>,
}

/// Makes the plan. Backend before frontend: an old page on a new API breaks less than the reverse.
#[must_use]
pub fn plan(mut facts: PlanFacts, now: Timestamp) -> Plan {
    facts.parts.sort_by_key(|part| part.service.platform.has_frontends());
    let refusals = refusals(&facts);
    let mut stays = vec![Text::from("database schema and rows: nothing is migrated back")];
    let mut warnings = facts.unread.clone();
    for part in &facts.parts {
        warnings.extend(part.unread.iter().cloned());
        stays.push(part.stays.clone());
        warnings.extend(part.afterwards.clone());
        if part.to.verified != Some(true) {
            let (name, label) = (&part.service.id.name, &part.to.label);
            warnings.push(Text::from(format!("{name} {label} was never verified healthy, as far as this store knows")));
        }
    }
    let target = |part: &PartFacts| Target {
        service: part.service.id.clone(),
        deployment: part.to.id.clone(),
        strategy: part.strategy.clone(),
    };
    stays.extend(facts.since);
    let request = Request::RollBack(facts.parts.iter().map(target).collect());
    let parts = facts.parts.into_iter().map(part).collect();
    Plan { commits_out: facts.commits, stays, refusals, warnings, ..Plan::of(request, facts.env.id, parts, now) }
}

/// The median: one that hung does not frighten.
pub(in crate::engine) fn usual(mut seconds: Vec<i64>) -> Option<Duration> {
    seconds.sort_unstable();
    let middle = *seconds.get(seconds.len() / 2)?;
    u64::try_from(middle).ok().map(Duration::from_secs)
}

fn refusals(facts: &PlanFacts) -> Vec<Text> {
    let mut refusals: Vec<Text> = Vec::new();
    for part in &facts.parts {
        let name = &part.service.id.name;
        if part.presence == Presence::Gone {
            refusals.push(Text::from(format!("{name}: the image or build of {} is gone", part.to.label)));
        }
        refusals.extend(part.against.iter().map(|why| Text::from(format!("{name}: {why}"))));
        if let Some(why) = &part.to.bad {
            refusals.push(Text::from(format!("{name}: {} is marked bad: {why}", part.to.label)));
        }
    }
    refusals
}

fn part(facts: PartFacts) -> PlanPart {
    PlanPart {
        service: facts.service.id,
        platform: facts.service.platform,
        resource: Text::from(&*facts.service.resource),
        from: facts.from,
        to: (facts.to.label, facts.to.sha),
        to_id: facts.to.id,
        from_id: facts.from_id,
        act: facts.act,
        revisions: facts.revisions,
        presence: facts.presence,
        steps: facts.steps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::{Platform, Status, Tier};
    use crate::domain::ids::ServiceId;

    fn facts(name: &str, platform: Platform) -> PartFacts {
        let id = ServiceId::new("production", name);
        let service = ServiceInfo { id: id.clone(), platform, resource: "app".into(), url: None };
        let to = Deployment {
            service: id,
            id: "r41".into(),
            label: Text::from("v41"),
            sha: None,
            image: Some(Text::from("registry/app:41")),
            status: Status::Ok,
            words: Text::from("complete"),
            stage: None,
            created_at: Timestamp::UNIX_EPOCH,
            ran_for: None,
            author: Text::default(),
            message: Text::default(),
            current: false,
            verified: Some(true),
            presence: Presence::There,
            bad: None,
        };
        PartFacts {
            service,
            from: (Text::from("v42"), None),
            from_id: Some("r42".into()),
            declared: None,
            already: false,
            claimed: None,
            to,
            unread: Vec::new(),
            strategy: Strategy::default(),
            against: Vec::new(),
            act: Act::VercelRollback { asked: false },
            steps: Vec::new(),
            stays: Text::from(format!("{name}: its settings stay as they are now")),
            afterwards: Some(Text::from(format!("{name} is pinned"))),
            revisions: Vec::new(),
            presence: Presence::There,
        }
    }

    fn made(parts: Vec<PartFacts>) -> Plan {
        let env = EnvInfo { id: "production".into(), tier: Tier::Production, services: Vec::new(), writable: true };
        let facts = PlanFacts { env, parts, commits: None, since: Vec::new(), unread: Vec::new() };
        plan(facts, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_backend_goes_first_and_each_says_what_stays_and_what_is_so_afterwards() {
        let plan = made(vec![facts("frontend", Platform::Vercel), facts("backend", Platform::Fly)]);
        assert_eq!(plan.parts[0].platform, Platform::Fly);
        assert_eq!(usual(vec![90, 1, 30]), Some(Duration::from_secs(30)), "the median");
        assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
        let said = |all: &[Text], text: &str| all.iter().any(|one| one.as_str() == text);
        assert!(said(&plan.stays, "backend: its settings stay as they are now"), "{:?}", plan.stays);
        assert!(said(&plan.warnings, "frontend is pinned"), "{:?}", plan.warnings);
    }

    #[test]
    fn what_must_not_be_done_is_refused_with_its_reason() {
        let mut gone = facts("backend", Platform::Fly);
        gone.presence = Presence::Gone;
        let mut bad = facts("other", Platform::Fly);
        bad.to.bad = Some(Text::from("corrupts rows"));
        assert_eq!(made(vec![gone, bad]).refusals.len(), 2);
    }
}
