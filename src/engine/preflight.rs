//! Reads what a plan needs, now and in parallel. It changes nothing.

pub(super) mod fleet;
pub(super) mod green;
mod lane;
pub(super) mod lever;
pub(super) mod pipeline;
mod promotion;
mod redeploy;
pub(super) mod rerun;
pub(super) mod scale;
pub(super) mod secret;
mod since;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fleet::Fleet;

use super::feeds::{Clients, vercel_target};
use super::plan::{self, Left, PartFacts, PlanFacts};
use crate::clock::{SharedClock, Timestamp};
use crate::config::Settings;
use crate::domain::claim::{Lock, Mark};
use crate::domain::consent::Level;
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo, Status, Tier};
use crate::domain::ids::{DeploymentId, EnvId, OpId, ServiceId, Sha};
use crate::domain::operation::{Operation, Plan, Target, Wish};
use crate::domain::overrides::Override;
use crate::domain::release::{Deployment, Presence};
use crate::platform::PlatformError;
use crate::platform::fly::{Fly, Machine};
use crate::platform::github::Comparison;
use crate::platform::vercel::Vercel;
use crate::sanitize::Text;

/// What the store knows beside the platforms.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// How long such operations took here, seconds.
    pub(super) durations: Vec<i64>,
    /// What was seen healthy.
    pub(super) verified: BTreeSet<(ServiceId, DeploymentId, Sha)>,
    /// Who claims the environment.
    pub(super) lock: Option<Lock>,
    /// Commits that are marked bad.
    pub(super) marks: BTreeMap<Sha, Mark>,
    /// The operation that the plan continues.
    pub(super) continues: Option<OpId>,
    /// That operation, as the journal tells it.
    pub(super) earlier: Option<Operation>,
}

impl Past {
    /// Another person's lock.
    fn claimed(&self, who: &str) -> Option<Override> {
        let lock = self.lock.as_ref().filter(|lock| lock.who.as_str() != who)?;
        Some(Override::Lock(lock.clone()))
    }

    /// Whether we saw this deployment, or another one of its commit there, healthy.
    fn saw(&self, one: &Deployment) -> bool {
        let same = |sha: &Sha| one.sha.as_ref() == Some(sha);
        self.verified.iter().any(|(service, id, sha)| *service == one.service && (*id == one.id || same(sha)))
    }
}

/// Computes a plan, or says why there can be none.
pub(super) async fn preflight(
    clients: &Clients,
    settings: &Settings,
    clock: &SharedClock,
    env: &EnvId,
    wish: &Wish,
    past: Past,
) -> Result<Plan, Text> {
    let info = settings.environment(env).ok_or_else(|| Text::from(format!("no environment {env}")))?;
    let (past, now) = (&past, clock.now());
    let mut plan = match wish {
        Wish::RollBack(targets) => roll_back(clients, info, targets, past, now).await?,
        Wish::Scale(service, counts) => scale::plan(clients, info, (service, counts), now).await?,
        Wish::Restart(service) => fleet::restart(clients, info, service, past, now).await?,
        Wish::Redeploy(service) => redeploy::plan(clients, info, service, past, now).await?,
        Wish::SetSecret { service, key, value } => {
            secret::plan(clients, info, (service, key, value), past, now).await?
        }
        Wish::Throw(service, lever) => lever::plan(clients, info, (service, lever), now).await?,
        Wish::Promote if !settings.workflows.iter().any(|workflow| workflow.env == *env) => {
            promotion::plan(clients, settings, info, past, now).await?
        }
        _ => pipeline::plan(clients, settings, info, wish, past, now).await?,
    };
    plan.refusals.splice(0..0, info.read_only());
    plan.expected = plan::usual(past.durations.clone());
    plan.continues = past.continues;
    // What is left of a rollback is not what was wished for; any other plan names it itself.
    if let Wish::RollBack(_) = wish {
        plan.wish = wish.clone();
    }
    let marked = Mark::against(&past.marks, plan.goes_to());
    plan.refusals.extend(marked);
    // Others' claims are broken by a reason, as a freeze is.
    plan.overrides.extend(past.claimed(&settings.who));
    if !plan.kind.stops() {
        plan.overrides.extend(settings.frozen(env, clock.now()).map(Override::Freeze));
    }
    plan.level = plan.level.max(Level::of(plan.kind, info.tier));
    if !plan.overrides.is_empty() {
        plan.level = Level::Critical;
    }
    Ok(plan)
}

async fn roll_back(
    clients: &Clients,
    info: &EnvInfo,
    targets: &[Target],
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let mut parts = Vec::new();
    for target in targets {
        let service = info.services.iter().find(|service| service.id == target.service);
        let service = service.ok_or_else(|| Text::from(format!("no service {}", target.service)))?;
        let facts = part(clients, service, info.tier, target, past.continues.is_some()).await;
        let mut facts = facts.map_err(told)?;
        if past.saw(&facts.to) {
            facts.to.verified = Some(true);
        }
        parts.push(facts);
    }
    if past.continues.is_some() {
        // A part that has arrived already is no reason to refuse the rest.
        parts.retain(|part| !part.already);
        if parts.is_empty() {
            return Err(Text::from("everything is where it was to go already; nothing is left to do"));
        }
    }
    let mut unread = Vec::new();
    let pair = parts.iter().find_map(|part| part.to.sha.clone().zip(part.from.1.clone()));
    let (between, told) = tokio::join!(between(clients, pair, &mut unread), since::told(clients, info, &parts));
    let mut since = told.0;
    since.extend(between.iter().flat_map(since::migrations));
    unread.extend(told.1);
    let commits = between.map(|between| between.commits);
    let facts = PlanFacts { env: info.clone(), parts, commits, since, unread };
    Ok(plan::plan(facts, now))
}

/// Commits that are live now and will not be.
async fn between(clients: &Clients, pair: Option<(Sha, Sha)>, unread: &mut Vec<Text>) -> Option<Comparison> {
    let (to, from) = pair?;
    let github = clients.github.as_ref()?;
    match github.compare(to.as_str(), from.as_str()).await {
        Ok(comparison) => Some(comparison),
        Err(error) => {
            unread.push(Text::from(format!("commits going out are unknown: {error}")));
            None
        }
    }
}

async fn part(
    clients: &Clients,
    service: &ServiceInfo,
    tier: Tier,
    target: &Target,
    continuing: bool,
) -> Result<PartFacts, PlatformError> {
    match (service.platform, &clients.fly, &clients.vercel) {
        (Platform::Fly, Some(fly), _) => fly_part(fly, service, target, continuing).await,
        (Platform::Vercel, _, Some(vercel)) => vercel_part(vercel, service, tier, target, continuing).await,
        _ => Err(missing(service, target)),
    }
}

async fn fly_part(
    fly: &Fly,
    service: &ServiceInfo,
    target: &Target,
    continuing: bool,
) -> Result<PartFacts, PlatformError> {
    let app = &service.resource;
    let (machines, listed) = tokio::try_join!(fly.machines(app), fly.deployments(app, &service.id, Duration::ZERO))?;
    let from_id = listed.iter().find(|one| one.current).map(|one| one.id.clone());
    let to = listed.iter().find(|one| one.id == target.deployment).cloned();
    let to = to.ok_or_else(|| missing(service, target))?;
    // A row that is still open with the very image is what the operation cut short left behind.
    let open = listed.first().filter(|row| continuing && row.status == Status::Running);
    let version = |row: &Deployment| row.label.as_str().strip_prefix('v')?.parse().ok();
    let left =
        open.and_then(|row| Some(Left::Row(Text::from(row.id.as_str()), version(row)?))).unwrap_or(Left::Nothing);
    let listed = Fleet::of(machines);
    let fleet: Vec<&Machine> = listed.whole.iter().chain(&listed.unread).collect();
    let own = open.is_some_and(|row| row.image == to.image);
    let greens = green::left(&fleet, &left, !own);
    let left = if own || greens.is_some() { left } else { Left::Nothing };
    let there = fly.image(app, to.image.as_ref().map_or("", Text::as_str)).await?;
    let newest = listed.whole.iter().filter_map(|machine| machine.release_version).max();
    let live = listed.whole.iter().find(|machine| machine.release_version == newest);
    let moving: Vec<_> = listed.whole.iter().filter(|machine| there.is_none() || machine.digest != there).collect();
    let id = |machine: &Machine| Text::from(machine.id.as_str());
    let idle = moving.is_empty() && left == Left::Nothing;
    let mut against = green::against(&fleet, &target.manner, greens.as_ref());
    if let Some(part) = listed.part().filter(|_| idle) {
        let what = if listed.whole.is_empty() {
            "no machine can be read"
        } else {
            "every machine that can be read runs it already"
        };
        against.push(Text::from(format!("{what}: {part}")));
    }
    Ok(PartFacts {
        service: service.clone(),
        from: (
            Text::from(newest.map_or_else(|| "?".to_owned(), |version| format!("v{version}"))),
            live.and_then(|machine| machine.sha.clone()),
        ),
        from_id,
        domains: Vec::new(),
        against,
        greens,
        manner: target.manner.clone(),
        already: idle && listed.unread.is_empty(),
        machines: moving.iter().map(|machine| (id(machine), machine.region.clone())).collect(),
        unread: listed.warnings(&service.id.name),
        left,
        revisions: listed.revisions(),
        presence: if there.is_some() { Presence::There } else { Presence::Gone },
        to,
    })
}

async fn vercel_part(
    vercel: &Vercel,
    service: &ServiceInfo,
    tier: Tier,
    target: &Target,
    continuing: bool,
) -> Result<PartFacts, PlatformError> {
    let environment = vercel_target(&service.id.env, tier);
    let project = vercel.project(&service.resource).await?;
    let (to, live) =
        tokio::try_join!(vercel.deployment(target.deployment.as_str()), vercel.live(&project, &environment))?;
    let live = live.ok_or_else(|| missing(service, target))?;
    let domains =
        if tier == Tier::Production { Vec::new() } else { vercel.own_domains(&project, &environment).await? };
    if tier != Tier::Production && domains.is_empty() {
        let mut error = missing(service, target);
        error.message = Text::from(format!("{} has no domain of its own that could be pointed elsewhere", service.id));
        return Err(error);
    }
    let revisions = if domains.is_empty() {
        vec![(Text::from("production"), Text::from(live.id.as_str()))]
    } else {
        domains.iter().map(|domain| (domain.clone(), Text::from(live.id.as_str()))).collect()
    };
    let candidate = to.deployment(&service.id, false);
    let job = project.last_alias_request.as_ref();
    let under_way = job.is_some_and(|job| job.in_motion() && job.to == to.id && job.kind.as_str() == "rollback");
    let left = if continuing && under_way { Left::Job } else { Left::Nothing };
    Ok(PartFacts {
        manner: target.manner.clone(),
        greens: None,
        against: Vec::new(),
        service: service.clone(),
        from: (Text::from(live.id.as_str()), live.sha.clone()),
        from_id: Some(live.id.as_str().into()),
        domains,
        already: live.id == to.id && left == Left::Nothing,
        left,
        presence: candidate.presence,
        to: candidate,
        machines: Vec::new(),
        unread: Vec::new(),
        revisions,
    })
}

/// The clocks of two machines differ by so much, seconds.
const SKEW: i64 = 5;

/// Whether a platform's moment belongs to what began here at `start`: taken for older by a slow clock, it would be done twice.
fn not_before(at: Timestamp, start: Timestamp) -> bool {
    at.duration_since(start).as_secs() >= -SKEW
}

/// An error as a person reads it.
fn told(error: PlatformError) -> Text {
    Text::from(format!("{error}. {}", error.advice()))
}

fn missing(service: &ServiceInfo, target: &Target) -> PlatformError {
    PlatformError {
        platform: service.platform,
        kind: crate::platform::ErrorKind::NotFound,
        status: None,
        code: None,
        message: Text::from(format!("{}: {} is not among its deployments", service.id, target.deployment)),
        request_id: None,
        retry_after: None,
        until: None,
    }
}
