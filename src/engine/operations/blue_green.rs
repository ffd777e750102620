//! Blue-green: what a fleet must be for it, and what one that was cut short left behind (docs/platforms/fly.md section 6).

pub(super) mod perform;

use super::rollback::plan::{Greens, Left};
use crate::domain::manner::{Manner, Strategy};
use crate::platform::fly::{Machine, WholeConfig};
pub(in crate::engine) use crate::platform::fly::{TAG, TWIN};
use crate::sanitize::Text;

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
    let blues: Vec<(Text, Text)> =
        fleet.iter().filter(|machine| !green(machine)).map(|one| (id(one), one.region.clone())).collect();
    let twins = greens.iter().filter_map(|machine| machine.label(TWIN)).map(Text::from);
    let lost = twins.filter(|twin| blues.iter().all(|(id, _)| id != twin)).collect();
    let serving = greens.iter().any(|machine| !machine.cordoned);
    Some(Greens { greens: greens.into_iter().map(id).collect(), blues, lost, back, serving })
}

/// Why the fleet cannot be moved in this manner.
pub(in crate::engine) fn against(fleet: &[&Machine], manner: &Manner, left: Option<&Greens>) -> Vec<Text> {
    let unread: Vec<&&Machine> = fleet.iter().filter(|machine| machine.unread().is_some()).collect();
    if let Some(machine) = unread.first().filter(|_| left.is_some() || manner.strategy == Strategy::BlueGreen) {
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
    if let Some(region) = manner.first.as_ref().filter(|region| fleet.iter().all(|one| one.region != **region)) {
        why.push(Text::from(format!("it has no machine in {region}")));
    }
    if manner.strategy != Strategy::BlueGreen || left.is_some() {
        return why;
    }
    if manner.first.is_some() {
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
    let volume = |machine: &&&Machine| machine.whole().is_some_and(WholeConfig::has_volume);
    if let Some(machine) = fleet.iter().find(volume) {
        why.push(Text::from(format!("machine {} has a volume, which a new one cannot have; roll instead", machine.id)));
    }
    why
}
