//! Plans for the machines of a Fly app as they are: started anew, or deployed anew with the image that they run.

use crate::clock::Timestamp;
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo, Status};
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::manner::Strategy;
use crate::domain::operation::{Act, Plan, PlanPart, PlanStep, StepKind, Wish};
use crate::domain::release::{Deployment, Presence};
use crate::engine::feeds::Clients;
use crate::engine::operations::preflight::{Past, not_before, told};
use crate::platform::fly::{Fly, Machine, MachineConfig, carried};
use crate::sanitize::Text;

pub(in crate::engine) fn fly<'a>(
    clients: &'a Clients,
    env: &'a EnvInfo,
    service: &ServiceId,
    what: &str,
) -> Result<(&'a Fly, &'a ServiceInfo), Text> {
    let info = env.services.iter().find(|one| one.id == *service && one.platform == Platform::Fly);
    match (info, &clients.fly) {
        (Some(info), Some(fly)) => Ok((fly, info)),
        _ => Err(Text::from(format!("{service} has no machines that could be {what}"))),
    }
}

/// The machines of deploys, as they were listed.
pub(in crate::engine) struct Fleet {
    /// Those that were read whole, newest release first.
    pub(in crate::engine) whole: Vec<Machine>,
    /// Those that were not: they are there, and take part in nothing.
    pub(in crate::engine) unread: Vec<Machine>,
    /// Those on their way out: nothing is planned on them, and without them nothing is complete for as long as they are listed.
    pub(in crate::engine) leaving: Vec<Machine>,
}

/// A machine as a plan saw it: its version and what its configuration consists of, or why it could not be read.
pub(in crate::engine) fn revision(machine: &Machine) -> (Text, Text) {
    let seen = match &machine.config {
        MachineConfig::Whole(whole) => format!("{} {}", machine.instance_id, whole.outline()),
        MachineConfig::Unreadable(why) => format!("{} not read: {why}", machine.instance_id),
    };
    (Text::from(machine.id.as_str()), Text::from(seen))
}

impl Fleet {
    pub(in crate::engine) fn of(machines: Vec<Machine>) -> Self {
        let all = machines.into_iter().filter(Machine::in_fleet);
        let (leaving, all): (Vec<Machine>, Vec<Machine>) = all.partition(Machine::leaving);
        let (mut whole, unread): (Vec<Machine>, Vec<Machine>) =
            all.into_iter().partition(|machine| machine.whole().is_some());
        whole.sort_by_key(|machine| std::cmp::Reverse(machine.release_version));
        Self { whole, unread, leaving }
    }

    /// A machine of the release that is live.
    fn live(&self) -> Option<&Machine> {
        let version = carried(&self.whole);
        self.whole.iter().find(|machine| version.is_some() && machine.release_version == version).or(self.whole.first())
    }

    /// How many there are that are to stay.
    pub(in crate::engine) fn len(&self) -> usize {
        self.whole.len() + self.unread.len()
    }

    /// How many are listed.
    pub(in crate::engine) fn total(&self) -> usize {
        self.len() + self.leaving.len()
    }

    /// All that are to stay, as a plan keeps them.
    pub(in crate::engine) fn revisions(&self) -> Vec<(Text, Text)> {
        self.whole.iter().chain(&self.unread).map(revision).collect()
    }

    /// What is told before anybody confirms: which machines take no part.
    pub(in crate::engine) fn warnings(&self, name: &str) -> Vec<Text> {
        let (known, all) = (self.whole.len(), self.total());
        let one = |machine: &Machine| {
            Text::from(format!("{name}: {known} of {all} machines take part, not {}", named(machine)))
        };
        self.unread.iter().chain(&self.leaving).map(one).collect()
    }

    /// `2 of 3 machines; machine d89 fra: host does not answer`: where not all of them were read.
    pub(in crate::engine) fn part(&self) -> Option<String> {
        let named: Vec<String> = self.unread.iter().chain(&self.leaving).map(named).collect();
        let known = format!("{} of {} machines; {}", self.whole.len(), self.total(), named.join("; "));
        (!named.is_empty()).then_some(known)
    }
}

fn named(machine: &Machine) -> String {
    let why = machine.unread().map(ToString::to_string).unwrap_or_default();
    format!("machine {} {}: {why}", machine.id, machine.region).replace("  ", " ")
}

/// The machines of deploys; at least one that can be read.
pub(in crate::engine) async fn fleet(fly: &Fly, info: &ServiceInfo) -> Result<Fleet, Text> {
    let fleet = Fleet::of(fly.listed(&info.resource).await.map_err(told)?);
    match (fleet.whole.is_empty(), fleet.part()) {
        (false, _) => Ok(fleet),
        (true, None) => Err(Text::from(format!("{} has no machine that deploys manage", info.id))),
        (true, Some(part)) => Err(Text::from(format!("none of the machines of {} can be read: {part}", info.id))),
    }
}

fn label(machine: &Machine) -> (Text, Option<Sha>) {
    let version = machine.release_version.map(|version| format!("v{version}"));
    (Text::from(version.unwrap_or_default()), machine.sha.clone())
}

pub(in crate::engine) fn part(info: &ServiceInfo, fleet: &Fleet, act: Act, steps: Vec<PlanStep>) -> PlanPart {
    let live = fleet.live().map(label).unwrap_or_default();
    PlanPart {
        service: info.id.clone(),
        platform: Platform::Fly,
        resource: Text::from(&*info.resource),
        from: live.clone(),
        from_id: None,
        to: live,
        to_id: String::new().into(),
        act,
        revisions: fleet.revisions(),
        presence: Presence::There,
        steps,
    }
}

/// Every machine started anew, one by one; after an operation cut short, those that it has not come to.
pub(in crate::engine) async fn restart(
    clients: &Clients,
    env: &EnvInfo,
    service: &ServiceId,
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let (fly, info) = fly(clients, env, service, "restarted")?;
    let all = fleet(fly, info).await?;
    let (mut fleet, alone) = (all.whole.clone(), all.len() == 1);
    let resting = |machine: &&Machine| machine.rests();
    let rest: Vec<Text> = fleet
        .iter()
        .filter(resting)
        .map(|one| {
            let text = format!("{}: machine {} {} is {} and stays so", info.id.name, one.id, one.region, one.state);
            Text::from(text)
        })
        .collect();
    if rest.len() == all.len() {
        return Err(Text::from(format!("no machine of {} runs: there is nothing to restart", info.id)));
    }
    fleet.retain(|machine| !machine.rests());
    if let Some(earlier) = &past.earlier {
        fleet.retain(|machine| machine.updated_at.is_none_or(|at| !not_before(at, earlier.started_at)));
    }
    let step = |machine: &Machine| {
        let title = format!("machine {} {}: restart, wait, checks", machine.id, machine.region);
        StepKind::RestartMachine.step(title)
    };
    // One on its way out need not be restarted.
    let short = !all.unread.is_empty();
    let whole = short.then(|| StepKind::JudgeFleet.step(format!("see that all {} machines were restarted", all.len())));
    let steps = fleet.iter().map(step).chain(whole).collect();
    let machines = fleet.iter().map(|machine| Text::from(machine.id.as_str())).collect();
    let part = part(info, &all, Act::FlyRestart { machines }, steps);
    let alone = alone.then(|| Text::from("it has one machine: nothing serves while it starts"));
    Ok(Plan {
        stays: vec![Text::from("image and settings")],
        // docs/platforms/fly.md section 9: whatever starts reads the vault.
        warnings: all
            .warnings(&info.id.name)
            .into_iter()
            .chain(rest)
            .chain(alone)
            .chain([Text::from("secrets that were set meanwhile take effect")])
            .collect(),
        ..Plan::of(Wish::Restart(service.clone()), env.id.clone(), vec![part], now)
    })
}

/// A release with the image that runs, so that secrets set since are taken up (docs/platforms/fly.md section 9).
pub(in crate::engine) async fn redeploy(
    clients: &Clients,
    env: &EnvInfo,
    service: &ServiceId,
    past: &Past,
    now: Timestamp,
) -> Result<Plan, Text> {
    let (fly, info) = fly(clients, env, service, "deployed anew")?;
    let all = fleet(fly, info).await?;
    let mut fleet = all.whole.clone();
    let image = fleet.first().map(|machine| machine.image.clone()).unwrap_or_default();
    let there = fly.image(&info.resource, image.as_str()).await.map_err(told)?;
    let mut row = None;
    if let Some(earlier) = &past.earlier {
        let listed = fly.deployments(&info.resource, service, std::time::Duration::ZERO).await.map_err(told)?;
        let own =
            |one: &&Deployment| not_before(one.created_at, earlier.started_at) && one.image.as_ref() == Some(&image);
        row = listed.iter().find(own).filter(|one| one.status == Status::Running).and_then(version);
        let newest = listed.iter().find(own).and_then(version).map(|(_, version)| version);
        fleet.retain(|machine| newest.is_none() || machine.release_version != newest);
        if fleet.is_empty() && row.is_none() {
            if let Some(part) = all.part() {
                let text = format!("{service}: every machine that can be read is of the new release already: {part}");
                return Err(Text::from(text));
            }
            // Nothing is sent any more: the edge is asked, and the end written down.
            let part = part(info, &all, Act::FlyRestart { machines: Vec::new() }, Vec::new());
            let stays = vec![Text::from("every machine is of the new release already: only the edge is asked")];
            let wish = Wish::Redeploy(service.clone());
            return Ok(Plan { stays, ..Plan::of(wish, env.id.clone(), vec![part], now) });
        }
    }
    let mut part = rolled(info, &all, &fleet, (image, row), "the image that runs");
    part.presence = if there.is_some() { Presence::There } else { Presence::Gone };
    let gone =
        there.is_none().then(|| Text::from(format!("{}: the image that runs is gone from the registry", info.id)));
    Ok(Plan {
        stays: vec![Text::from("image and machine settings")],
        refusals: gone.into_iter().collect(),
        warnings: all
            .warnings(&info.id.name)
            .into_iter()
            .chain([Text::from("secrets that were set since the last release take effect on every machine")])
            .collect(),
        ..Plan::of(Wish::Redeploy(service.clone()), env.id.clone(), vec![part], now)
    })
}

/// An image of a commit, where it was found.
struct Source {
    image: Text,
    digest: Text,
    label: (Text, Option<Sha>),
}

/// The image of a commit: what a machine of staging runs; for an operation that was cut short also what a release of the app itself or of
/// staging names, because staging may have gone on.
async fn source(
    fly: &Fly,
    (info, twin): (&ServiceInfo, &ServiceInfo),
    staging: &Fleet,
    commit: &Sha,
    past: &Past,
) -> Result<Source, Text> {
    let of = |sha: Option<&Sha>| sha.is_some_and(|sha| sha.same(commit));
    let runs = staging.live().into_iter().chain(&staging.whole).find(|machine| of(machine.sha.as_ref()));
    if let Some(machine) = runs {
        let digest = machine.digest.clone().ok_or_else(|| {
            let text = format!(
                "machine {} of {} does not tell the digest of its image: what runs it already is not known",
                machine.id, twin.id
            );
            Text::from(text)
        })?;
        return Ok(Source { image: machine.image.clone(), digest, label: label(machine) });
    }
    for app in [info, twin].into_iter().filter(|_| past.earlier.is_some()) {
        let listed = fly.deployments(&app.resource, &app.id, std::time::Duration::ZERO).await.map_err(told)?;
        for row in listed.iter().filter(|row| of(row.sha.as_ref())) {
            let Some(image) = &row.image else { continue };
            let there = fly.image(&app.resource, image.as_str()).await.map_err(told)?;
            if let Some(digest) = there.filter(|digest| !digest.is_empty()) {
                return Ok(Source { image: image.clone(), digest, label: (row.label.clone(), row.sha.clone()) });
            }
        }
    }
    Err(Text::from(format!("no machine of {} runs {}", twin.id, commit.short())))
}

/// The image that staging runs, for the machines that do not run it yet; `None` when all do.
pub(in crate::engine) async fn take(
    clients: &Clients,
    info: &ServiceInfo,
    twin: &ServiceInfo,
    commit: &Sha,
    past: &Past,
) -> Result<Option<(PlanPart, Vec<Text>)>, Text> {
    let fly = clients.fly.as_ref().ok_or_else(|| Text::from("Fly is not configured"))?;
    let (staging, all) = tokio::try_join!(fleet(fly, twin), fleet(fly, info))?;
    let source = source(fly, (info, twin), &staging, commit, past).await?;
    let mut fleet = all.whole.clone();
    fleet.retain(|machine| machine.digest.as_ref() != Some(&source.digest));
    let listed = fly.deployments(&info.resource, &info.id, std::time::Duration::ZERO).await.map_err(told)?;
    let row = past.earlier.as_ref().and_then(|earlier| {
        let own = |one: &&Deployment| {
            not_before(one.created_at, earlier.started_at) && one.image.as_ref() == Some(&source.image)
        };
        listed.iter().find(own).filter(|one| one.status == Status::Running).and_then(version)
    });
    if fleet.is_empty() && row.is_none() {
        return match all.part() {
            None => Ok(None),
            Some(part) => {
                Err(Text::from(format!("{}: every machine that can be read runs it already: {part}", info.id)))
            }
        };
    }
    let mut part = rolled(info, &all, &fleet, (source.image, row), "the image of staging");
    part.from_id = listed.iter().find(|one| one.current).map(|one| one.id.clone());
    part.to = source.label;
    part.to.0 = Text::from(format!("staging's {}", part.to.0));
    Ok(Some((part, all.warnings(&info.id.name))))
}

/// A release with an image, machine by machine.
fn rolled(
    info: &ServiceInfo,
    all: &Fleet,
    fleet: &[Machine],
    (image, row): (Text, Option<(Text, u64)>),
    what: &str,
) -> PlanPart {
    let first = match &row {
        Some((_, version)) => format!("go on with release v{version}, left open"),
        None => format!("record a release with {what}"),
    };
    let update = |machine: &Machine| {
        StepKind::UpdateMachine.step(format!("machine {} {}: lease, update, wait, checks", machine.id, machine.region))
    };
    let steps = std::iter::once(StepKind::OpenRelease.step(first))
        .chain(fleet.iter().map(update))
        .chain([StepKind::CloseRelease.step("close the release")]);
    let waves = fleet.iter().map(|machine| vec![Text::from(machine.id.as_str())]).collect();
    part(info, all, Act::FlyImage { image, waves, strategy: Strategy::Rolling, row, aside: None }, steps.collect())
}

fn version(row: &Deployment) -> Option<(Text, u64)> {
    Some((Text::from(row.id.as_str()), row.label.as_str().strip_prefix('v')?.parse().ok()?))
}
