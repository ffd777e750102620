//! What the machines of an app amount to: its condition, the words for it, and whether a release that is open still moves anything.

use jiff::{SignedDuration, Timestamp};

use crate::domain::environment::Status;
use crate::platform::fly::{FlyRelease, Machine, Stage};
use crate::sanitize::Text;

/// How long an open row is believed while no machine changes: whoever deploys goes from one machine to the next within seconds, and one
/// that it waits for either changes its state or fails its checks.
pub const QUIET: SignedDuration = SignedDuration::from_mins(2);
/// The same while machines stand ready outside the proxy: a person may have to say that they begin to serve.
pub const READY: SignedDuration = SignedDuration::from_mins(15);

/// What a machine of the fleet is for the judgement of its app.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// It was not read, or what it does is not known.
    Unknown,
    /// It vanishes by itself.
    Leaves,
    /// It runs, and no check fails.
    Serves,
    /// It rests, and its platform puts it to rest and starts it.
    Idles,
    /// It rests, and a request starts it.
    Wakes,
    /// It rests, and nothing starts it.
    Lies,
    /// It runs, and its platform does not tell how its checks are.
    Untold,
    /// It changes.
    Moves,
    /// It is not well, or no machine any more.
    Fails,
}

fn part(machine: &Machine, now: Timestamp) -> Part {
    let Some(whole) = machine.whole() else {
        return if machine.leaving() { Part::Leaves } else { Part::Unknown };
    };
    let bad = machine.checks.0 < machine.checks.1;
    match machine.stands(now).0 {
        Stage::Rests if whole.idles() => Part::Idles,
        Stage::Rests if whole.wakes() => Part::Wakes,
        Stage::Rests => Part::Lies,
        Stage::Failed | Stage::Ended => Part::Fails,
        _ if bad => Part::Fails,
        // One that has just started has not reported them yet.
        Stage::Runs if machine.checks.1 == 0 && whole.has_checks() => {
            let reports = machine.updated_at.is_some_and(|at| now.duration_since(at) < REPORTS);
            if reports { Part::Moves } else { Part::Untold }
        }
        Stage::Runs => Part::Serves,
        Stage::Moves => Part::Moves,
        Stage::Unknown => Part::Unknown,
    }
}

/// The fleet, not the release row, says how an app is doing (docs/platforms/fly.md section 3.2).
pub(super) fn condition(fleet: &[&Machine], now: Timestamp) -> Status {
    // One that the proxy sends nobody to serves nobody, however well it is; and where there is none, nobody is served.
    let parts: Vec<Part> = fleet.iter().filter(|one| !one.cordoned).map(|machine| part(machine, now)).collect();
    if parts.is_empty() {
        return Status::Fail;
    }
    let count = |kind: Part| parts.iter().filter(|part| **part == kind).count();
    let any = |kind: Part| count(kind) > 0;
    let up = count(Part::Serves) + count(Part::Moves) + count(Part::Untold);
    if count(Part::Unknown) + count(Part::Leaves) == parts.len() {
        Status::Unknown
    } else if any(Part::Fails) && up == 0 {
        Status::Fail
    } else if any(Part::Untold) && !any(Part::Fails) {
        // It may fail every one of them.
        Status::Unknown
    } else if any(Part::Fails) || any(Part::Unknown) {
        Status::Warn
    } else if any(Part::Leaves) || any(Part::Moves) {
        // It is in motion: what it is afterwards is not settled yet.
        Status::Running
    } else if any(Part::Serves) || any(Part::Idles) {
        Status::Ok
    } else if any(Part::Wakes) {
        Status::Warn
    } else {
        Status::Fail
    }
}

/// How long a machine that has started may take to report its checks.
const REPORTS: SignedDuration = SignedDuration::from_secs(30);

/// What of a fleet its checks do not tell: that there is none, that none of it runs, or which machine has failed or ended.
fn lies(fleet: &[&Machine], now: Timestamp) -> Option<Text> {
    let is = |one: &Machine, kinds: &[Part]| kinds.contains(&part(one, now));
    if fleet.is_empty() {
        return Some(Text::from("there is no machine: no visitor is answered"));
    }
    if let Some(one) = fleet.iter().find(|one| !one.cordoned && is(one, &[Part::Untold])) {
        let (id, region) = (&one.id, &one.region);
        return Some(Text::from(format!("machine {id} {region} runs, and how its checks are is not told")));
    }
    if fleet.iter().all(|one| one.cordoned) {
        return Some(Text::from("every machine is out of the proxy: no visitor reaches one"));
    }
    if let Some(bad) = fleet.iter().find(|one| is(one, &[Part::Fails]) && one.check_words.is_empty()) {
        return Some(Text::from(format!("machine {} {}: {}", bad.id, bad.region, bad.stands(now).1)));
    }
    let rest = fleet.iter().all(|one| is(one, &[Part::Wakes, Part::Lies]));
    rest.then(|| match fleet.iter().any(|one| is(one, &[Part::Wakes])) {
        true => Text::from("no machine runs until a request starts one"),
        false => Text::from("no machine runs, and nothing starts one by itself"),
    })
}

/// Since when nothing has moved for a release whose row is open, where that is for longer than a deploy rests: whoever deployed has left
/// the row behind, and the fleet alone says how the app is doing.
pub(super) fn still(row: &FlyRelease, machines: &[Machine], now: Timestamp) -> Option<Timestamp> {
    let settled = |one: &Machine| one.stands(now).0 != Stage::Moves;
    // A throw-away machine that runs is a command of the release, which may take its time.
    let works =
        |one: &Machine| !one.in_fleet() && one.stands(now).0 == Stage::Runs && one.process_group.as_str() != "app";
    if machines.iter().any(|one| !settled(one) || works(one)) {
        return None;
    }
    let changed = machines.iter().filter(|one| one.in_fleet()).filter_map(|one| one.updated_at).max();
    let last = row.created_at?.max(changed?);
    let ready = machines.iter().any(|one| one.in_fleet() && one.cordoned);
    (now.duration_since(last) >= if ready { READY } else { QUIET }).then_some(last)
}

/// The release that the machines carry, and the newest one.
type Carried<'a> = (Option<&'a FlyRelease>, Option<&'a FlyRelease>);

pub(super) fn words(
    fleet: &[&Machine],
    (release, newest): Carried<'_>,
    still: Option<Timestamp>,
    now: Timestamp,
) -> Text {
    let dark = |machine: &Machine| matches!(part(machine, now), Part::Unknown | Part::Leaves);
    let known = fleet.iter().filter(|machine| !dark(machine)).count();
    let mut told = told(fleet, release, newest, now);
    if let Some(since) = still {
        told = Text::from(format!("{told}, and no machine has changed since {}", since.strftime("%F %H:%MZ")));
    }
    if known == fleet.len() {
        return told;
    }
    let more = if told.is_empty() { String::new() } else { format!("; {told}") };
    // Those that share a reason are told by the first of them.
    let why = |one: &Machine| one.unread().map_or_else(|| one.stands(now).1.to_string(), ToString::to_string);
    let mut reasons: Vec<(String, Vec<&Machine>)> = Vec::new();
    for one in fleet.iter().copied().filter(|one| dark(one)) {
        let why = why(one);
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, of)) => of.push(one),
            None => reasons.push((why, vec![one])),
        }
    }
    let named = reasons.iter().filter_map(|(why, of)| {
        let (one, more) = (of.first()?, of.len() - 1);
        let more = if more > 0 { format!(" (+{more} more)") } else { String::new() };
        Some(format!(", machine {} {}{more}: {why}", one.id, one.region))
    });
    let named: String = named.collect();
    Text::from(format!("{known} of {} known{named}{more}", fleet.len()))
}

fn told(fleet: &[&Machine], release: Option<&FlyRelease>, newest: Option<&FlyRelease>, now: Timestamp) -> Text {
    if let Some(failing) = fleet.iter().find_map(|machine| machine.check_words.first()) {
        return failing.clone();
    }
    if let Some(lies) = lies(fleet, now) {
        return lies;
    }
    let row = release.map(|release| release.stands(now).1.to_string()).unwrap_or_default();
    match newest {
        Some(newest) if release.is_none_or(|release| release.version != newest.version) => {
            let newest = format!("v{} {}", newest.version, newest.stands(now).1);
            Text::clean(&if row.is_empty() { newest } else { format!("{row}; {newest}") })
        }
        _ => Text::clean(&row),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::platform::fly::carried;
    use crate::platform::fly::wire;

    fn machine(state: &str, group: &str, at: &str) -> Machine {
        let metadata = json!({"fly_platform_version": "v2", "fly_process_group": group});
        let config = json!({"image": "registry/app:41", "metadata": metadata});
        let body = json!({"id": "a", "state": state, "instance_id": "01", "updated_at": at, "config": config});
        serde_json::from_value::<wire::Machine>(body).unwrap().into()
    }

    #[test]
    fn a_row_that_was_left_open_is_no_deploy_under_way_once_nothing_moves() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let row = json!({"id": "r", "version": 43, "status": "running", "created_at": "2026-11-28T12:00:00Z"});
        let row: FlyRelease = serde_json::from_value::<wire::Release>(row).unwrap().into();
        let (before, during) = ("2026-11-28T11:00:00Z", "2026-11-28T12:10:00Z");
        let told = |machines: &[Machine], now: &str| still(&row, machines, time(now));
        let old = [machine("started", "app", before)];
        assert_eq!(told(&old, "2026-11-28T12:01:00Z"), None, "its deploy may only begin");
        assert_eq!(told(&old, "2026-11-28T12:02:00Z"), Some(time("2026-11-28T12:00:00Z")));
        let half = [machine("started", "app", during), machine("started", "app", before)];
        assert_eq!(told(&half, "2026-11-28T12:11:00Z"), None);
        assert_eq!(told(&half, "2026-11-28T12:12:00Z"), Some(time(during)));
        let held = [Machine { cordoned: true, ..half[0].clone() }, half[1].clone()];
        assert_eq!(told(&held, "2026-11-28T12:20:00Z"), None, "a person says when it begins to serve");
        assert_eq!(told(&held, "2026-11-28T12:26:00Z"), Some(time(during)));
        let moving = [machine("replacing", "app", "2026-11-28T12:19:00Z")];
        assert_eq!(told(&moving, "2026-11-28T12:26:00Z"), None);
        let stuck = [machine("replacing", "app", during)];
        assert_eq!(told(&stuck, "2026-11-28T12:26:00Z"), Some(time(during)), "none replaces for a quarter of an hour");
        let command = [old[0].clone(), machine("started", "fly_app_release_command", before)];
        assert_eq!(told(&command, "2026-11-28T12:26:00Z"), None, "a command of the release runs");
        assert_eq!(told(&[], "2026-11-28T12:26:00Z"), None, "nothing is known of machines");
    }

    #[test]
    fn an_app_is_what_its_machines_are_known_to_do() {
        let (then, now) = ("2026-11-28T12:00:00Z", |minutes| {
            "2026-11-28T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
        });
        let with = |state: &str, service: Value| {
            let metadata = json!({"fly_platform_version": "v2"});
            let config = json!({"image": "registry/app:41", "metadata": metadata, "services": [service]});
            let body = json!({"id": "a", "region": "fra", "state": state, "instance_id": "01", "updated_at": then,
                "config": config});
            Machine::from(serde_json::from_value::<wire::Machine>(body).unwrap())
        };
        let judged = |states: &[&str], service: Value, minutes: i64| {
            let all: Vec<Machine> = states.iter().map(|state| with(state, service.clone())).collect();
            let fleet: Vec<&Machine> = all.iter().collect();
            (condition(&fleet, now(minutes)), words(&fleet, (None, None), None, now(minutes)).to_string())
        };
        let fixed = |states: &[&str], minutes| judged(states, json!({}), minutes);
        assert_eq!(fixed(&["started", "started"], 99), (Status::Ok, String::new()));
        assert_eq!(fixed(&["started", "starting"], 5).0, Status::Running);
        let stuck = "machine a fra: unknown (starting since 2026-11-28 12:00Z)";
        assert_eq!(fixed(&["started", "starting"], 6), (Status::Warn, format!("1 of 2 known, {stuck}")));
        assert_eq!(fixed(&["starting"], 6), (Status::Unknown, format!("0 of 1 known, {stuck}")));
        let odd = "0 of 1 known, machine a fra: unknown (hibernating)".to_owned();
        assert_eq!(fixed(&["hibernating"], 0), (Status::Unknown, odd));
        assert_eq!(fixed(&["launch_failed"], 0), (Status::Fail, "machine a fra: launch_failed".to_owned()));
        assert_eq!(fixed(&["started", "migrated"], 0), (Status::Warn, "machine a fra: migrated".to_owned()));
        assert_eq!(fixed(&["started", "stopped"], 99).0, Status::Ok);
        let lies = "no machine runs, and nothing starts one by itself".to_owned();
        assert_eq!(fixed(&["stopped", "created"], 99), (Status::Fail, lies));
        assert_eq!(judged(&["stopped"], json!({"autostop": "stop"}), 99).0, Status::Ok);
        let none = "there is no machine: no visitor is answered".to_owned();
        assert_eq!(fixed(&[], 0), (Status::Fail, none));
        let odd = "0 of 2 known, machine a fra (+1 more): unknown (hibernating)".to_owned();
        assert_eq!(fixed(&["hibernating", "hibernating"], 0), (Status::Unknown, odd));
        // It names checks in its configuration, and answers with none.
        let checked = json!({"checks": [{"type": "http"}]});
        assert_eq!(judged(&["started"], checked.clone(), 0).0, Status::Running, "it has just started");
        let untold = "machine a fra runs, and how its checks are is not told".to_owned();
        assert_eq!(judged(&["started", "started"], checked, 1), (Status::Unknown, untold));
        let row = json!({"id": "r", "version": 43, "status": "complete", "created_at": then});
        let row: FlyRelease = serde_json::from_value::<wire::Release>(row).unwrap().into();
        assert_eq!(words(&[&with("started", json!({}))], (None, Some(&row)), None, now(9)).as_str(), "v43 complete");
        let wakes = "no machine runs until a request starts one".to_owned();
        assert_eq!(judged(&["stopped"], json!({"autostop": "off", "autostart": true}), 99), (Status::Warn, wakes));
    }

    #[test]
    fn what_is_live_is_what_visitors_reach() {
        let now = "2026-11-28T12:00:00Z".parse::<Timestamp>().unwrap();
        let one = |version: u64, cordoned: bool| Machine {
            release_version: Some(version),
            cordoned,
            ..machine("started", "app", "2026-11-28T11:00:00Z")
        };
        assert_eq!(carried(&[one(44, false), one(42, false)]), Some(42), "a roll that has not won");
        assert_eq!(carried(&[one(43, true), one(43, true), one(42, false)]), Some(42), "new ones beside it");
        assert_eq!(carried(&[one(43, true), one(43, true)]), Some(43));
        let sick = Machine { checks: (0, 1), ..one(42, false) };
        let (spare, out) = (one(43, true), one(43, true));
        assert_eq!(condition(&[&sick, &spare], now), Status::Fail, "no visitor reaches the one that is well");
        assert_eq!(condition(&[&one(42, false), &spare], now), Status::Ok);
        assert_eq!(condition(&[&spare, &out], now), Status::Fail);
        assert!(lies(&[&spare, &out], now).unwrap().as_str().contains("no visitor reaches one"));
    }
}
