//! Menu entries for services: redeploy, restart, scale, and the emergency stops.

use super::{Item, Run, barred, old};
use crate::action::Choice;
use crate::app::model::{Model, Pane, Place};
use crate::app::msg::Now;
use crate::domain::environment::{EnvInfo, ServiceInfo, Switches, Tier};
use crate::domain::feed::FeedId;
use crate::domain::operation::{ProjectSwitch, Request};
use crate::domain::release::{Deployment, Stage};

/// The selected service, else the first of the selected environment that this can be done to.
fn chosen(model: &Model, can: impl Fn(&ServiceInfo) -> bool) -> Option<(&EnvInfo, &ServiceInfo)> {
    let env = model.target_env()?;
    let service = match model.target() {
        Some(Place::Service(id)) => env.services.iter().find(|one| one.id == id),
        _ => env.services.iter().find(|one| can(one)),
    };
    service.filter(|one| can(one)).map(|service| (env, service))
}

/// Whether a row of the menu can be done to a service at all.
pub(super) fn can(choice: Choice, env: &EnvInfo, service: &ServiceInfo) -> bool {
    match choice {
        Choice::Restart | Choice::Scale => has_machines(service),
        Choice::Unpin | Choice::Pause | Choice::Challenge | Choice::Advance => {
            is_frontend(service) && env.tier == Tier::Production
        }
        _ => is_deployed(service),
    }
}

fn has_machines(service: &ServiceInfo) -> bool {
    service.platform.has_machines()
}

fn is_frontend(service: &ServiceInfo) -> bool {
    service.platform.has_frontends()
}

fn is_deployed(service: &ServiceInfo) -> bool {
    service.platform.has_releases()
}

/// Why nothing may be done to a service now, or by what is known of it.
fn barred_or_old(model: &Model, env: &EnvInfo, service: &ServiceInfo, now: Now) -> Option<String> {
    barred(model, env).or_else(|| old(model, [FeedId::Declared(service.id.clone())], now))
}

fn none(choice: Choice, title: &str, why: &str) -> Item {
    Item { letter: choice.letter(), title: title.to_owned(), why_not: Some(why.to_owned()), run: Run::Nothing }
}

/// The machines of a service started anew.
pub(super) fn restart(model: &Model, now: Now) -> Item {
    let Some((env, service)) = chosen(model, has_machines) else {
        return none(Choice::Restart, "restart machines", "what is selected has no machines");
    };
    let title = format!("restart the machines of {}, one by one", service.id);
    let run = Run::Request(env.id.clone(), Request::Restart(service.id.clone()));
    Item { letter: Choice::Restart.letter(), title, why_not: barred_or_old(model, env, service, now), run }
}

/// More machines, or fewer.
pub(super) fn scale(model: &Model, now: Now) -> Item {
    let Some((env, service)) = chosen(model, has_machines) else {
        return none(Choice::Scale, "scale", "what is selected has no machines");
    };
    let spread = crate::app::operations::scale::spread(model, &service.id);
    let regions: Vec<String> = spread.iter().map(|(region, count)| format!("{region} {count}")).collect();
    let has = if regions.is_empty() { String::new() } else { format!(": it has {}", regions.join(", ")) };
    let title = format!("scale {}{has}", service.id);
    let unread = spread.is_empty().then(|| "its machines are not known yet".to_owned());
    Item {
        letter: Choice::Scale.letter(),
        title,
        why_not: unread.or_else(|| barred_or_old(model, env, service, now)),
        run: Run::Scale(service.id.clone()),
    }
}

/// The commit of a service deployed anew.
pub(super) fn redeploy(model: &Model, now: Now) -> Item {
    let Some((env, service)) = chosen(model, is_deployed) else {
        return none(Choice::Redeploy, "redeploy", "what is selected is not deployed");
    };
    let title = format!("redeploy {}: the same commit, with the secrets and variables of now", service.id);
    let run = Run::Request(env.id.clone(), Request::Redeploy(service.id.clone()));
    Item { letter: Choice::Redeploy.letter(), title, why_not: barred_or_old(model, env, service, now), run }
}

/// The switches of the frontend in production.
pub(super) fn levers(model: &Model, now: Now) -> Vec<Item> {
    let found = chosen(model, is_frontend).filter(|(env, _)| env.tier == Tier::Production);
    let Some((env, service)) = found else {
        let why = "select a frontend in production";
        let titles = [
            (Choice::Unpin, "unpin"),
            (Choice::Pause, "pause"),
            (Choice::Challenge, "challenge visitors"),
            (Choice::Advance, "rolling release"),
        ];
        return titles.map(|(choice, title)| none(choice, title, why)).into();
    };
    let declared = model.facts.services.get(&service.id).and_then(|state| state.declared.as_ref());
    let switches = declared.map(|declared| declared.switches).unwrap_or_default();
    let pinned = declared.is_some_and(|declared| declared.pin.is_some());
    let item = |choice: Choice, title: String, lever, why_not: Option<&str>| Item {
        letter: choice.letter(),
        title,
        why_not: why_not.map(str::to_owned).or_else(|| barred_or_old(model, env, service, now)),
        run: Run::Request(env.id.clone(), Request::Throw(service.id.clone(), lever)),
    };
    let id = &service.id;
    let unpin = format!("unpin {id}: new builds go live by themselves again");
    let mut items = vec![item(Choice::Unpin, unpin, ProjectSwitch::Unpin, (!pinned).then_some("it is not pinned"))];
    items.push(match switches.paused {
        true => item(Choice::Pause, format!("resume {id}: it answers again"), ProjectSwitch::Resume, None),
        false => item(Choice::Pause, format!("pause {id}: EVERY visitor gets 503"), ProjectSwitch::Pause, None),
    });
    items.push(match switches.challenged {
        true => {
            item(Choice::Challenge, format!("end the challenge of {id}'s visitors"), ProjectSwitch::Unchallenge, None)
        }
        false => item(
            Choice::Challenge,
            format!("attack mode of {id}: EVERY visitor is challenged for an hour"),
            ProjectSwitch::Challenge,
            None,
        ),
    });
    items.extend(rolling(model, service, switches, item));
    items
}

/// A rolling release: its next stage, its end, its abort; or its start with a build that is staged.
fn rolling(
    model: &Model,
    service: &ServiceInfo,
    switches: Switches,
    item: impl Fn(Choice, String, ProjectSwitch, Option<&str>) -> Item,
) -> Vec<Item> {
    let id = &service.id;
    if let Some(now) = switches.rolling {
        let to = now.next.map_or_else(|| "everybody".to_owned(), |next| format!("{next}% of visitors"));
        let why_not = (!now.waits).then_some("it advances by itself");
        return vec![
            item(
                Choice::Advance,
                format!("advance the rolling release of {id} from {}% to {to}", now.percent),
                ProjectSwitch::Advance(None),
                why_not,
            ),
            item(
                Choice::Complete,
                format!("complete the rolling release of {id}: everybody gets the new one"),
                ProjectSwitch::Complete,
                None,
            ),
            item(
                Choice::Abort,
                format!("abort the rolling release of {id}: everybody gets the old one"),
                ProjectSwitch::Abort,
                None,
            ),
        ];
    }
    let staged = |one: &&Deployment| !one.current && one.stage == Some(Stage::Staged);
    let list = model.facts.releases.get(id).into_iter().flatten();
    let marked = model.screen.selection.deployment.as_ref().filter(|_| model.screen.focus == Pane::Releases);
    let mut staged: Vec<&Deployment> = list.filter(staged).collect();
    staged.sort_by_key(|one| marked.is_none_or(|(_, id)| one.id != *id));
    match staged.first() {
        Some(one) => {
            let title = format!("start a rolling release of {id} with {}", one.label);
            vec![item(Choice::Advance, title, ProjectSwitch::RollOut(one.id.clone()), None)]
        }
        None => vec![none(Choice::Advance, "start a rolling release", "no build of it is staged")],
    }
}
