//! The pure planner of a rollback: from what was read a moment ago to what would be done, what goes back, what does not, and
//! why it may not be done.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo, Tier};
use crate::domain::ids::{DeploymentId, Sha};
use crate::domain::operation::{Act, Plan, PlanPart, PlanStep, Request, StepKind, Target};
use crate::domain::release::{Commit, Deployment, Presence};
use crate::domain::strategy::{Strategy, StrategyKind};
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

/// What an operation that was cut short left under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// A release row that is still `running`: its id and version.
    Row(Text, u64),
    /// Such a row with another image than the one that is gone to: nothing goes on with it, and it is closed.
    Aside(Text, u64),
    /// A rollback's job that moves the domains still.
    Job,
}

/// What a blue-green deploy that was cut short left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Greens {
    /// The new machines.
    pub greens: Vec<Text>,
    /// The old ones that are still there.
    pub blues: Vec<(Text, Text)>,
    /// Old ones that were destroyed already.
    pub lost: Vec<Text>,
    /// What is asked for is the old image: the new machines go.
    pub back: bool,
    /// Some of them serve already: nobody is asked again.
    pub serving: bool,
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

fn domains(facts: &PartFacts) -> (Act, Vec<PlanStep>) {
    let follow = || StepKind::FollowPointer.step("follow the job until every domain has moved");
    if !facts.domains.is_empty() {
        let point = |domain: &Text| StepKind::PointDomain.step(format!("point {domain} at {}", facts.to.label));
        return (Act::VercelAliases(facts.domains.clone()), facts.domains.iter().map(point).collect());
    }
    if facts.left == Left::Job {
        let text = "follow the job that was left under way until every domain has moved";
        let steps = vec![StepKind::FollowPointer.step(text)];
        return (Act::VercelRollback { asked: true }, steps);
    }
    let ask = StepKind::AskPointer.step(format!("ask for the instant rollback to {}", facts.to.label));
    (Act::VercelRollback { asked: false }, vec![ask, follow()])
}

/// Machines get the image in waves, or new ones with it take the place of the old ones.
fn machines(facts: &PartFacts) -> (Act, Vec<PlanStep>) {
    let image = facts.to.image.clone().unwrap_or_default();
    let row = match &facts.left {
        Left::Row(id, version) => Some((id.clone(), *version)),
        _ => None,
    };
    if let (Some(Greens { greens, blues, back: true, .. }), Some(row)) = (&facts.greens, &row) {
        let steps = vec![
            StepKind::EnterProxy.step(format!("{} old machines: start, into the proxy, checks", blues.len())),
            StepKind::DestroyMachines.step(format!("{} new machines: out of the proxy, destroy", greens.len())),
            StepKind::CloseRelease.step("close the release as interrupted"),
        ];
        let blues = blues.iter().map(|(id, _)| id.clone()).collect();
        return (Act::FlySwapBack { greens: greens.clone(), blues, row: row.clone() }, steps);
    }
    let first = StepKind::OpenRelease.step(match &row {
        Some((_, version)) => format!("go on with release v{version}, left open"),
        None => format!("record a release with the image of {}", facts.to.label),
    });
    let aside = match &facts.left {
        Left::Aside(id, version) => Some((id.clone(), *version)),
        _ => None,
    };
    let ends = |version: u64| format!("release v{version}, left open, ends as interrupted");
    if let (Some((_, version)), true) = (&aside, facts.machines.is_empty()) {
        let (waves, strategy) = (Vec::new(), facts.strategy.kind);
        let steps = vec![StepKind::CloseRelease.step(ends(*version))];
        return (Act::FlyImage { image, waves, strategy, row: None, aside, anew: false }, steps);
    }
    let first = match &aside {
        Some((_, version)) => StepKind::OpenRelease.step(format!("{}; {}", first.title, ends(*version))),
        None => first,
    };
    let close = StepKind::CloseRelease.step("close the release: image and checks of every machine");
    if facts.strategy.kind == StrategyKind::BlueGreen {
        let blues = facts.greens.as_ref().map_or(&facts.machines, |left| &left.blues);
        let hold = facts.strategy.hold && !facts.greens.as_ref().is_some_and(|left| left.serving);
        let steps = std::iter::once(first).chain(swap_steps(blues, hold)).chain([close]).collect();
        let blues = blues.iter().map(|(id, _)| id.clone()).collect();
        return (Act::FlySwap { image, blues, hold, row, aside }, steps);
    }
    let waves = facts.strategy.waves(&facts.machines);
    let careful = facts.strategy.kind == StrategyKind::Rolling;
    let region = |id: &Text| facts.machines.iter().find(|(one, _)| one == id).map(|(_, region)| region.clone());
    let update = |id: &Text| {
        let (kind, what) = match careful {
            true => (StepKind::UpdateMachine, "lease, update, wait, checks"),
            false => (StepKind::SendUpdate, "lease, update"),
        };
        kind.step(format!("machine {id} {}: {what}", region(id).unwrap_or_default()))
    };
    let look = (!careful).then(|| StepKind::JudgeFleet.step("every machine: version, image, checks"));
    let steps = std::iter::once(first).chain(waves.iter().flatten().map(update)).chain(look).chain([close]).collect();
    (Act::FlyImage { image, waves, strategy: facts.strategy.kind, row, aside, anew: false }, steps)
}

/// The steps between the row and its end: one for each new machine, the hold, the switch, and the end of the old ones.
fn swap_steps(blues: &[(Text, Text)], hold: bool) -> impl Iterator<Item = PlanStep> + '_ {
    let green = |(id, region): &(Text, Text)| {
        StepKind::CreateMachine.step(format!("new machine for {id} {region}: create outside the proxy, wait, checks"))
    };
    let held = hold.then(|| StepKind::Hold.step("hold until a person switches"));
    let rest = [
        StepKind::EnterProxy.step("new machines into the proxy"),
        StepKind::LeaveProxy.step("old machines out of the proxy"),
        StepKind::DestroyMachines.step("old machines: stop, destroy"),
    ];
    blues.iter().map(green).chain(held).chain(rest)
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
