//! How the machines of an app go back.

use std::time::Duration;

use super::others::{open_rows, recorded};
use crate::domain::environment::{ServiceInfo, Status};
use crate::domain::operation::{Act, PlanStep, StepKind};
use crate::domain::release::{Deployment, Presence};
use crate::domain::strategy::{Strategy, StrategyKind};
use crate::engine::operations::blue_green::{self, Greens, Left};
use crate::engine::operations::rollback::plan::PartFacts;
use crate::engine::operations::steps::fleet::Fleet;
use crate::engine::operations::steps::releases::Way;
use crate::platform::PlatformError;
use crate::platform::fly::{Fly, Machine, carried};
use crate::sanitize::Text;

/// What is to move, and with what.
struct Moves<'a> {
    to: &'a Deployment,
    strategy: &'a Strategy,
    /// Machines (id, region) that do not run the image yet.
    machines: Vec<(Text, Text)>,
    /// New machines beside the old ones that a blue-green deploy cut short left behind.
    greens: Option<Greens>,
    /// The release row that an operation cut short left open.
    left: Left,
}

/// What is read of an app for a rollback; `None` = it has no such release.
pub(super) async fn part(
    fly: &Fly,
    service: &ServiceInfo,
    Way { aim, strategy, past }: Way<'_>,
) -> Result<Option<PartFacts>, PlatformError> {
    let (app, continuing) = (&service.resource, past.continues.is_some());
    let (machines, listed) = tokio::try_join!(fly.listed(app), fly.deployments(app, &service.id, Duration::ZERO))?;
    let from_id = listed.iter().find(|one| one.current).map(|one| one.id.clone());
    let Some(to) = aim.find(&listed).cloned() else { return Ok(None) };
    let taken = aim.why(&listed, &to);
    // A row that is still open with the very image is what the operation cut short left behind.
    let open = listed.first().filter(|row| continuing && row.status == Status::Running);
    let version = |row: &Deployment| row.label.as_str().strip_prefix('v')?.parse().ok();
    let number = |row: &Deployment| Some((Text::from(row.id.as_str()), version(row)?));
    let left = open.and_then(number).map_or(Left::Nothing, |(id, version)| Left::Row(id, version));
    // One with another image ends with the way back, where the operation that is taken back has recorded it; and so does one that a
    // newer release hides.
    let aside = match &past.earlier {
        Some(earlier) => {
            let rows = open_rows(fly, app).await?;
            let its = |row: &&Deployment| {
                rows.iter().any(|id| row.id.as_str() == id) && recorded(earlier, row, (&listed, fly.ahead()))
            };
            let goes_on = |row: &&Deployment| open.is_some_and(|open| open.id == row.id && row.image == to.image);
            listed.iter().filter(|row| !goes_on(row)).find(its).and_then(number)
        }
        None => None,
    };
    let newest = carried(&machines);
    let listed = Fleet::of(machines);
    let mut told = listed.warnings(&service.id.name);
    told.extend(taken.map(|why| Text::from(format!("{}: {why}", service.id.name))));
    let fleet: Vec<&Machine> = listed.whole.iter().chain(&listed.unread).collect();
    let own = open.is_some_and(|row| row.image == to.image);
    let greens = blue_green::left(&fleet, &left, !own);
    told.extend(blue_green::outside(&fleet, (&service.id, strategy), greens.as_ref(), &past.open));
    let swaps = strategy.kind == StrategyKind::BlueGreen;
    let stays = |machine: &Machine| (swaps && machine.cordoned) || blue_green::held(machine, &fleet);
    let left = match aside {
        _ if own || greens.is_some() => left,
        Some((id, version)) => Left::Aside(id, version),
        None => Left::Nothing,
    };
    let there = fly.image(app, to.image.as_ref().map_or("", Text::as_str)).await?;
    let live = listed.whole.iter().find(|machine| machine.release_version == newest);
    let other = |machine: &&Machine| there.is_none() || machine.digest != there;
    let moving: Vec<_> = listed.whole.iter().filter(|machine| other(machine) && !stays(machine)).collect();
    let id = |machine: &Machine| Text::from(machine.id.as_str());
    let idle = moving.is_empty() && left == Left::Nothing;
    let mut against = blue_green::against(&fleet, strategy, greens.as_ref());
    if listed.len() == 0 {
        against.push(Text::from("no machine that deploys manage is listed"));
    }
    if let Some(part) = listed.part().filter(|_| idle) {
        let what = if listed.whole.is_empty() {
            "no machine can be read"
        } else {
            "every machine that can be read runs it already"
        };
        against.push(Text::from(format!("{what}: {part}")));
    }
    let machines = moving.iter().map(|machine| (id(machine), machine.region.clone())).collect();
    let (act, steps) = steps(&Moves { to: &to, strategy, machines, greens, left });
    Ok(Some(PartFacts {
        service: service.clone(),
        from: (
            Text::from(newest.map_or_else(|| "?".to_owned(), |version| format!("v{version}"))),
            live.and_then(|machine| machine.sha.clone()),
        ),
        from_id,
        declared: live.and_then(|machine| machine.sha.clone()),
        claimed: None,
        against,
        strategy: strategy.clone(),
        already: idle && listed.len() > 0 && listed.part().is_none(),
        act,
        steps,
        stays: Text::from(format!(
            "{}: secrets, environment and machine settings stay as they are now; only the image goes back",
            service.id.name
        )),
        afterwards: None,
        unread: told,
        revisions: listed.revisions(),
        presence: if there.is_some() { Presence::There } else { Presence::Gone },
        to,
    }))
}

/// Machines get the image in waves, or new ones with it take the place of the old ones.
fn steps(moves: &Moves<'_>) -> (Act, Vec<PlanStep>) {
    let image = moves.to.image.clone().unwrap_or_default();
    let row = match &moves.left {
        Left::Row(id, version) => Some((id.clone(), *version)),
        _ => None,
    };
    if let (Some(Greens { greens, blues, back: true, .. }), Some(row)) = (&moves.greens, &row) {
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
        None => format!("record a release with the image of {}", moves.to.label),
    });
    let aside = match &moves.left {
        Left::Aside(id, version) => Some((id.clone(), *version)),
        _ => None,
    };
    let ends = |version: u64| format!("release v{version}, left open, ends as interrupted");
    if let (Some((_, version)), true) = (&aside, moves.machines.is_empty()) {
        let (waves, strategy) = (Vec::new(), moves.strategy.kind);
        let steps = vec![StepKind::CloseRelease.step(ends(*version))];
        return (Act::FlyImage { image, waves, strategy, row: None, aside, anew: false }, steps);
    }
    let first = match &aside {
        Some((_, version)) => StepKind::OpenRelease.step(format!("{}; {}", first.title, ends(*version))),
        None => first,
    };
    let close = StepKind::CloseRelease.step("close the release: image and checks of every machine");
    if moves.strategy.kind == StrategyKind::BlueGreen {
        let blues = moves.greens.as_ref().map_or(&moves.machines, |left| &left.blues);
        let hold = moves.strategy.hold && !moves.greens.as_ref().is_some_and(|left| left.serving);
        let steps = std::iter::once(first).chain(swap_steps(blues, hold)).chain([close]).collect();
        let blues = blues.iter().map(|(id, _)| id.clone()).collect();
        return (Act::FlySwap { image, blues, hold, row, aside }, steps);
    }
    let waves = moves.strategy.waves(&moves.machines);
    let careful = moves.strategy.kind == StrategyKind::Rolling;
    let region = |id: &Text| moves.machines.iter().find(|(one, _)| one == id).map(|(_, region)| region.clone());
    let update = |id: &Text| {
        let (kind, what) = match careful {
            true => (StepKind::UpdateMachine, "lease, update, wait, checks"),
            false => (StepKind::SendUpdate, "lease, update"),
        };
        kind.step_of(id.as_str(), format!("machine {id} {}: {what}", region(id).unwrap_or_default()))
    };
    let look = (!careful).then(|| StepKind::JudgeFleet.step("every machine: version, image, checks"));
    let steps = std::iter::once(first).chain(waves.iter().flatten().map(update)).chain(look).chain([close]).collect();
    (Act::FlyImage { image, waves, strategy: moves.strategy.kind, row, aside, anew: false }, steps)
}

/// The steps between the row and its end: one for each new machine, the hold, the switch, and the end of the old ones.
fn swap_steps(blues: &[(Text, Text)], hold: bool) -> impl Iterator<Item = PlanStep> + '_ {
    let green = |(id, region): &(Text, Text)| {
        let title = format!("new machine for {id} {region}: create outside the proxy, wait, checks");
        StepKind::CreateMachine.step_of(id.as_str(), title)
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
    use crate::clock::Timestamp;
    use crate::domain::ids::ServiceId;

    #[test]
    fn each_machine_is_a_step_between_the_release_and_its_end() {
        let to = Deployment {
            service: ServiceId::new("production", "backend"),
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
            verified: None,
            presence: Presence::There,
            bad: None,
        };
        let machines = || vec![(Text::from("m1"), Text::from("iad")), (Text::from("m2"), Text::from("fra"))];
        let titles = |left, machines| {
            let moves = Moves { to: &to, strategy: &Strategy::default(), machines, greens: None, left };
            steps(&moves).1.iter().map(|one| one.title.to_string()).collect::<Vec<_>>()
        };
        let told = titles(Left::Nothing, machines());
        assert_eq!(told.len(), 4, "{told:?}");
        assert_eq!(told[0], "record a release with the image of v41");
        assert!(told[1].starts_with("machine m1 iad: ") && told[2].starts_with("machine m2 fra: "), "{told:?}");
        let row = |make: fn(Text, u64) -> Left| make(Text::from("r42"), 42);
        assert_eq!(titles(row(Left::Row), machines())[0], "go on with release v42, left open");
        assert_eq!(titles(row(Left::Aside), Vec::new()), ["release v42, left open, ends as interrupted"]);
    }
}
