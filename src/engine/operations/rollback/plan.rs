//! The pure planner of a rollback: from what was read a moment ago to what would be done, what goes back, what does not, and
//! why it may not be done.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo, Tier};
use crate::domain::ids::{DeploymentId, Sha};
use crate::domain::operation::{Plan, PlanPart, Request, Target};
use crate::domain::release::{Commit, Deployment, Presence};
use crate::domain::strategy::Strategy;
use crate::engine::operations::blue_green::{Greens, Left};
use crate::engine::operations::steps::machines::back::machines;
use crate::engine::operations::steps::pages::back::domains;
use crate::sanitize::Text;

/// What was read of one service.
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
    /// Domains that are moved one by one: the platform has no rollback of the environment, or its pointer is there already.
    pub domains: Vec<Text>,
    /// Whether that is the chosen deployment already: then it is no part of the plan.
    pub already: bool,
    /// The chosen deployment.
    pub to: Deployment,
    /// Machines (id, region) that do not run the image yet.
    pub machines: Vec<(Text, Text)>,
    /// Machines that cannot be read and take no part, and domains that are elsewhere or cannot be read, in words.
    pub unread: Vec<Text>,
    /// How its machines are moved.
    pub strategy: Strategy,
    /// New machines beside the old ones that a blue-green deploy cut short left behind.
    pub greens: Option<Greens>,
    /// Why the strategy is not possible.
    pub against: Vec<Text>,
    /// What an operation cut short left under way on the platform: a release row (id, version), or a rollback's job.
    pub left: Left,
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
    facts.parts.sort_by_key(|part| match part.service.platform {
        Platform::Fly => 0,
        _ => 1,
    });
    let refusals = refusals(&facts);
    let mut stays = vec![Text::from("database schema and rows: nothing is migrated back")];
    let mut warnings = facts.unread.clone();
    for part in &facts.parts {
        warnings.extend(part.unread.iter().cloned());
        match part.service.platform {
            Platform::Fly => stays.push(Text::from(format!(
                "{}: secrets, environment and machine settings stay as they are now; only the image goes back",
                part.service.id.name
            ))),
            // The pointer of production stays as it is, with its pin or without.
            Platform::Vercel if !part.domains.is_empty() && facts.env.tier == Tier::Production => {
                stays.push(Text::from(format!(
                    "{}: variables of the project stay as they are now; the build has those it was built with",
                    part.service.id.name
                )));
            }
            Platform::Vercel if !part.domains.is_empty() => {
                stays.push(Text::from(format!(
                    "{}: variables of the project stay as they are now; the build has those it was built with",
                    part.service.id.name
                )));
                warnings.push(Text::from(format!(
                    "{}: its next build takes the domains back, because nothing pins them",
                    part.service.id.name
                )));
            }
            Platform::Vercel => {
                stays.push(Text::from(format!(
                    "{}: variables of the project stay as they are now; the build has those it was built with",
                    part.service.id.name
                )));
                warnings.push(Text::from(format!(
                    "{} is PINNED afterwards: new builds stay staged until a promote",
                    part.service.id.name
                )));
            }
            _ => {}
        }
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
    let (act, steps) = match facts.service.platform {
        Platform::Fly => machines(&facts),
        _ => domains(&facts),
    };
    PlanPart {
        service: facts.service.id,
        platform: facts.service.platform,
        resource: Text::from(&*facts.service.resource),
        from: facts.from,
        to: (facts.to.label.clone(), facts.to.sha.clone()),
        to_id: facts.to.id,
        from_id: facts.from_id,
        act,
        revisions: facts.revisions,
        presence: facts.presence,
        steps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Status;
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
        let machines = vec![(Text::from("m1"), Text::from("iad")), (Text::from("m2"), Text::from("fra"))];
        PartFacts {
            service,
            from: (Text::from("v42"), None),
            from_id: Some("r42".into()),
            declared: None,
            domains: Vec::new(),
            already: false,
            to,
            machines,
            unread: Vec::new(),
            strategy: Strategy::default(),
            greens: None,
            against: Vec::new(),
            left: Left::Nothing,
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
    fn the_backend_goes_first_and_each_machine_is_a_step() {
        let plan = made(vec![facts("frontend", Platform::Vercel), facts("backend", Platform::Fly)]);
        assert_eq!(plan.parts[0].platform, Platform::Fly);
        assert_eq!(plan.parts[0].steps.len(), 4);
        assert_eq!(usual(vec![90, 1, 30]), Some(Duration::from_secs(30)), "the median");
        assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
        assert!(plan.warnings.iter().any(|warning| warning.as_str().contains("PINNED")));
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
