//! Blue-green: what a fleet must be for it, and what one that was cut short left behind (fly.md section 6).

use serde_json::Value;

use crate::domain::manner::{Manner, Strategy};
use crate::engine::operate::fly::has_checks;
use crate::engine::plan::{Greens, Left};
use crate::platform::fly::Machine;
use crate::sanitize::Text;

/// Marks a machine as new: the release row's id and the machine that it takes the place of. Fly's own tool knows the first.
pub(in crate::engine) const TAG: &str = "fly_bluegreen_deployment_tag";
/// Which old machine a new one takes the place of.
pub(in crate::engine) const TWIN: &str = "flightdeck_in_place_of";

/// A value of a machine's metadata.
pub(in crate::engine) fn metadata<'a>(machine: &'a Machine, key: &str) -> Option<&'a str> {
    machine.config.get("metadata")?.get(key).and_then(Value::as_str)
}

/// The new machines that the open release made.
pub(in crate::engine) fn of_release<'a>(machines: &'a [Machine], row: &str) -> impl Iterator<Item = &'a Machine> {
    machines.iter().filter(move |machine| {
        metadata(machine, TAG).is_some()
            && metadata(machine, TWIN).is_some()
            && metadata(machine, "fly_release_id") == Some(row)
    })
}

/// What is left of a blue-green deploy whose row is open still.
pub(super) fn left(fleet: &[&Machine], left: &Left, back: bool) -> Option<Greens> {
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
    let twins = greens.iter().filter_map(|machine| metadata(machine, TWIN)).map(Text::from);
    let lost = twins.filter(|twin| blues.iter().all(|(id, _)| id != twin)).collect();
    let serving = greens.iter().any(|machine| !machine.cordoned);
    Some(Greens { greens: greens.into_iter().map(id).collect(), blues, lost, back, serving })
}

/// Why the fleet cannot be moved in this manner.
pub(super) fn against(fleet: &[&Machine], manner: &Manner, left: Option<&Greens>) -> Vec<Text> {
    if let Some(left) = left.filter(|left| left.back && !left.lost.is_empty()) {
        let lost: Vec<&str> = left.lost.iter().map(Text::as_str).collect();
        let text = format!("{} destroyed already: F finishes it, then it can be rolled back", lost.join(", "));
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
    if !fleet.iter().any(|machine| has_checks(&machine.config)) {
        why.push(Text::from("no check is configured: nothing tells whether new machines are well; roll instead"));
    }
    let mounts = |machine: &&&Machine| machine.config["mounts"].as_array().is_some_and(|all| !all.is_empty());
    if let Some(machine) = fleet.iter().find(mounts) {
        why.push(Text::from(format!("machine {} has a volume, which a new one cannot have; roll instead", machine.id)));
    }
    if let Some(machine) = fleet.iter().find(|machine| machine.host_status.as_str() != "ok") {
        why.push(Text::from(format!("the host of machine {} is {}; roll instead", machine.id, machine.host_status)));
    }
    why
}
