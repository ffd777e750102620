//! Plans for the machines of a Fly app as they are: started anew, or deployed anew with the image that they run.

use crate::domain::environment::{EnvInfo, Platform, ServiceInfo};
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::operation::{Act, PlanPart, PlanStep, StepKind};
use crate::domain::release::{Deployment, Presence};
use crate::domain::strategy::StrategyKind;
use crate::engine::feeds::Clients;
use crate::engine::operations::blue_green::held;
use crate::engine::operations::operator::Operator;
use crate::engine::operations::past::told;
use crate::engine::operations::revisions::Revisions;
use crate::platform::PlatformError;
use crate::platform::fly::{Fly, Machine, MachineConfig, carried};
use crate::sanitize::Text;

pub(in crate::engine) fn fly<'a>(
    clients: &'a Clients,
    env: &'a EnvInfo,
    service: &ServiceId,
    what: &str,
) -> Result<(&'a Fly, &'a ServiceInfo), Text> {
    let info = env.services.iter().find(|one| one.id == *service && one.platform.has_machines());
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

/// The machines of a part as they are now.
pub(in crate::engine) async fn now(operator: &Operator, part: &PlanPart) -> Result<Revisions, PlatformError> {
    let Some(fly) = &operator.clients.fly else { return Ok(Vec::new()) };
    let machines = fly.machines(part.resource.as_str()).await?;
    Ok(machines.iter().filter(|machine| machine.in_fleet()).map(revision).collect())
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
    pub(in crate::engine) fn live(&self) -> Option<&Machine> {
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

    /// What visitors do not reach: told before anybody confirms, because it counts as a machine and serves nobody.
    pub(in crate::engine) fn out_of_the_proxy(&self, name: &str) -> Vec<Text> {
        let out = self.whole.iter().filter(|machine| machine.cordoned);
        let says = |one: &Machine| match self.held(one) {
            true => "a new one that was made to take another's place: it is left as it is",
            false => "no visitor reaches it",
        };
        let one = |one: &Machine| {
            Text::from(format!("{name}: machine {} {} is out of the proxy, {}", one.id, one.region, says(one)))
        };
        out.map(one).collect()
    }

    /// Whether it is a new machine of a blue-green deploy that has not taken its place.
    pub(in crate::engine) fn held(&self, machine: &Machine) -> bool {
        let all: Vec<&Machine> = self.whole.iter().chain(&self.unread).collect();
        held(machine, &all)
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

pub(in crate::engine) fn label(machine: &Machine) -> (Text, Option<Sha>) {
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

/// A release with an image, machine by machine.
pub(in crate::engine) fn rolled(
    info: &ServiceInfo,
    all: &Fleet,
    fleet: &[Machine],
    (image, row): (Text, Option<(Text, u64)>),
    (what, anew): (&str, bool),
) -> PlanPart {
    let first = match &row {
        Some((_, version)) => format!("go on with release v{version}, left open"),
        None => format!("record a release with {what}"),
    };
    let update = |machine: &Machine| {
        let title = format!("machine {} {}: lease, update, wait, checks", machine.id, machine.region);
        StepKind::UpdateMachine.step_of(&machine.id, title)
    };
    let steps = std::iter::once(StepKind::OpenRelease.step(first))
        .chain(fleet.iter().map(update))
        .chain([StepKind::CloseRelease.step("close the release")]);
    let waves = fleet.iter().map(|machine| vec![Text::from(machine.id.as_str())]).collect();
    let act = Act::FlyImage { image, waves, strategy: StrategyKind::Rolling, row, aside: None, anew };
    part(info, all, act, steps.collect())
}

pub(in crate::engine) fn version(row: &Deployment) -> Option<(Text, u64)> {
    Some((Text::from(row.id.as_str()), row.label.as_str().strip_prefix('v')?.parse().ok()?))
}
