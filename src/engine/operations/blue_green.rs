//! Blue-green: what a fleet must be for it, and what one that was cut short left behind (docs/platforms/fly.md section 6).

pub(super) mod perform;

use crate::clock::Timestamp;
use crate::domain::cut_short;
use crate::domain::ids::ServiceId;
use crate::domain::operation::{Operation, StepKind};
use crate::domain::strategy::{Strategy, StrategyKind};
use crate::platform::fly::{Machine, WholeConfig};
pub(in crate::engine) use crate::platform::fly::{TAG, TWIN};
use crate::sanitize::Text;

/// An operation begins so many seconds after its plan, at most: a plan lives for a minute, and is read again before it begins.
const BEGINS: i64 = 120;

/// The release row that an operation cut short left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// A release row that is still `running`: its id and version.
    Row(Text, u64),
    /// Such a row with another image than the one that is gone to: nothing goes on with it, and it is closed.
    Aside(Text, u64),
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

/// The new machines that the open release made.
pub(in crate::engine) fn of_release<'a>(machines: &'a [Machine], row: &str) -> impl Iterator<Item = &'a Machine> {
    machines.iter().filter(move |machine| {
        machine.label(TAG).is_some() && machine.label(TWIN).is_some() && machine.label("fly_release_id") == Some(row)
    })
}

/// What is left of a blue-green deploy whose row is open still.
pub(in crate::engine) fn left(fleet: &[&Machine], left: &Left, back: bool) -> Option<Greens> {
    let Left::Row(row, _) = left else { return None };
    let id = |machine: &Machine| Text::from(machine.id.as_str());
    let fleet: Vec<Machine> = fleet.iter().map(|machine| (*machine).clone()).collect();
    let greens: Vec<&Machine> = of_release(&fleet, row.as_str()).collect();
    if greens.is_empty() {
        return None;
    }
    let green = |machine: &&Machine| greens.iter().any(|one| one.id == machine.id);
    let replaced = |machine: &&Machine| greens.iter().any(|one| one.label(TWIN) == Some(&machine.id));
    // One out of the proxy is old where a new one takes its place; else it has nothing to do with this.
    let old = fleet.iter().filter(|machine| !green(machine) && (!machine.cordoned || replaced(machine)));
    let blues: Vec<(Text, Text)> = old.map(|one| (id(one), one.region.clone())).collect();
    let twins = greens.iter().filter_map(|machine| machine.label(TWIN)).map(Text::from);
    let lost = twins.filter(|twin| blues.iter().all(|(id, _)| id != twin)).collect();
    let serving = greens.iter().any(|machine| !machine.cordoned);
    Some(Greens { greens: greens.into_iter().map(id).collect(), blues, lost, back, serving })
}

/// Whether it is a new machine beside an old one that is there still, and waits outside the proxy for whoever made it.
pub(in crate::engine) fn held(machine: &Machine, fleet: &[&Machine]) -> bool {
    let twin = machine.label(TWIN).filter(|_| machine.cordoned && machine.unread().is_none());
    twin.is_some_and(|twin| fleet.iter().any(|one| one.id == twin))
}

/// The machines that no visitor reaches and that are none of what is `left`: what each is, and what becomes of it.
pub(in crate::engine) fn outside(
    fleet: &[&Machine],
    (service, strategy): (&ServiceId, &Strategy),
    left: Option<&Greens>,
    open: &[Operation],
) -> Vec<Text> {
    let own = |machine: &Machine| {
        let id = machine.id.as_str();
        left.is_some_and(|left| {
            left.greens.iter().any(|one| one.as_str() == id) || left.blues.iter().any(|(one, _)| one.as_str() == id)
        })
    };
    let out = fleet.iter().filter(|one| one.cordoned && one.unread().is_none() && !own(one));
    let one = |machine: &&Machine| {
        let named = format!("{}: machine {} {} is out of the proxy", service.name, machine.id, machine.region);
        let becomes = match (held(machine, fleet), strategy.kind) {
            (true, _) => format!("{}: it is left as it is", whose(machine, service, open)),
            (false, StrategyKind::BlueGreen) => {
                "no visitor reaches it: no new machine takes its place, and it stays".to_owned()
            }
            (false, _) => "no visitor reaches it, and none will: it gets the image too".to_owned(),
        };
        Text::from(format!("{named}, {becomes}"))
    };
    out.map(one).collect()
}

/// By whom a new machine is held: an operation that is open here, or the time and the release by which it can be looked for.
fn whose(machine: &Machine, service: &ServiceId, open: &[Operation]) -> String {
    let twin = machine.label(TWIN).unwrap_or_default();
    let made = machine.label(TAG).and_then(|at| at.parse().ok()).and_then(|at| Timestamp::from_second(at).ok());
    let version = machine.release_version.map_or_else(String::new, |version| format!(" for v{version}"));
    // The tag is the time of its plan, which begins within a minute or not at all.
    let began = |one: &&Operation| {
        let after = made.is_some_and(|at| (0..=BEGINS).contains(&one.started_at.duration_since(at).as_secs()));
        after && one.steps.iter().any(|step| step.service == *service && step.kind == StepKind::CreateMachine)
    };
    match (open.iter().find(began), made) {
        (Some(one), _) => {
            format!("held in place of {twin}{version} by {} ({})", one.title, cut_short::name(one.id))
        }
        (None, Some(at)) => {
            format!("made in place of {twin}{version} at {at:.0} by an operation that is not open here")
        }
        (None, None) => format!("made in place of {twin}{version} by an operation that is not open here"),
    }
}

/// Why the fleet cannot be moved in this strategy.
pub(in crate::engine) fn against(fleet: &[&Machine], strategy: &Strategy, left: Option<&Greens>) -> Vec<Text> {
    let unread: Vec<&&Machine> = fleet.iter().filter(|machine| machine.unread().is_some()).collect();
    if let Some(machine) = unread.first().filter(|_| left.is_some() || strategy.kind == StrategyKind::BlueGreen) {
        let why = machine.unread().map(ToString::to_string).unwrap_or_default();
        let end = match left {
            Some(_) => "it is not known whether it is old or new, so no machine is destroyed",
            None => "blue-green needs all of them; roll instead",
        };
        return vec![Text::from(format!("machine {} {}: {why}; {end}", machine.id, machine.region))];
    }
    if let Some(left) = left.filter(|left| left.back && !left.lost.is_empty()) {
        let lost: Vec<&str> = left.lost.iter().map(Text::as_str).collect();
        let text = format!("{} destroyed already: finish it, then it can be rolled back", lost.join(", "));
        return vec![Text::from(text)];
    }
    let mut why = Vec::new();
    if let Some(region) = strategy.first.as_ref().filter(|region| fleet.iter().all(|one| one.region != **region)) {
        why.push(Text::from(format!("it has no machine in {region}")));
    }
    if strategy.kind != StrategyKind::BlueGreen || left.is_some() {
        return why;
    }
    // What no visitor reaches gets no successor.
    let fleet: Vec<&&Machine> = fleet.iter().filter(|machine| !machine.cordoned).collect();
    if fleet.is_empty() {
        why.push(Text::from("every machine is out of the proxy: no new one could take a place; roll instead"));
        return why;
    }
    if strategy.first.is_some() {
        why.push(Text::from("blue-green switches all regions together: no region goes first"));
    }
    let digests: std::collections::BTreeSet<Option<&str>> =
        fleet.iter().map(|machine| machine.digest.as_ref().map(Text::as_str)).collect();
    if digests.len() > 1 {
        why.push(Text::from("its machines run several images: blue-green needs one; roll instead"));
    }
    if !fleet.iter().any(|machine| machine.whole().is_some_and(WholeConfig::has_checks)) {
        why.push(Text::from("no check is configured: nothing tells whether new machines are well; roll instead"));
    }
    if let Some(machine) = fleet.iter().find(|machine| machine.rests()) {
        let text = format!(
            "machine {} {} is {}, and the new one in its place would be started; roll instead, which leaves it at rest",
            machine.id, machine.region, machine.state
        );
        why.push(Text::from(text));
    }
    let volume = |machine: &&&&Machine| machine.whole().is_some_and(WholeConfig::has_volume);
    if let Some(machine) = fleet.iter().find(volume) {
        why.push(Text::from(format!("machine {} has a volume, which a new one cannot have; roll instead", machine.id)));
    }
    why
}
