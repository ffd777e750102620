//! Settings of Fly (docs/platforms/fly.md sections 3.1, 3.2 and 5).

use serde::{Deserialize, Serialize};

use super::{span, word};
use crate::sim::world::World;
use crate::sim::world::fly::{FlyApp, Shown};
use crate::sim::world::host::Host;

/// The states of a machine.
const STATES: [&str; 17] = [
    "created",
    "started",
    "stopped",
    "suspended",
    "failed",
    "creating",
    "starting",
    "stopping",
    "restarting",
    "suspending",
    "updating",
    "replacing",
    "replaced",
    "destroying",
    "launch_failed",
    "destroyed",
    "migrated",
];
/// `resource` is an app or an environment (`maria-api`, `production`), a machine by its position, id or name
/// (`production/0`), or a row of the release table (`production/release`, `production/release/41`).
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Which app, machine or release row.
    pub resource: String,
    /// Machine: one of its states, where it stays. Release: any text.
    #[serde(default)]
    pub state: Option<String>,
    /// Machine: what the Machines API knows of its host: `ok`, `unknown`, `unreachable`, `silent`, `destroyed`.
    #[serde(default)]
    pub host: Option<Host>,
    /// Machine: how much of it is told beside that.
    #[serde(default)]
    pub config: Option<Shown>,
    /// Machine: it stays in lists when it is destroyed.
    #[serde(default)]
    pub listed: Option<bool>,
    /// Machine: its next update does not start, and it goes back to the version before by itself.
    #[serde(default)]
    pub falls_back: Option<bool>,
    /// Machine: its visitors are not answered either.
    #[serde(default)]
    pub dark: Option<bool>,
    /// Machine: out of the proxy.
    #[serde(default)]
    pub cordoned: Option<bool>,
    /// App: its list of releases shows a row only so many seconds after it was made.
    #[serde(default)]
    pub lag: Option<f64>,
}

impl World {
    pub(super) fn set_fly(&mut self, setting: &Setting) -> Result<(), String> {
        let now = self.now;
        let (name, rest) = setting.resource.split_once('/').unwrap_or((&setting.resource, ""));
        let env = self.product.find(name);
        let app = self.fly.apps.iter_mut().find(|app| app.name == name || Some(app.env) == env);
        let app = app.ok_or_else(|| format!("there is no app '{name}'"))?;
        if let Some(lag) = setting.lag {
            app.lag = span(lag)?;
        }
        match rest.strip_prefix("release") {
            Some(which) => release(app, which.trim_start_matches('/'), setting),
            None if rest.is_empty() => Ok(()),
            None => machine(app, rest, setting, now),
        }
    }
}

fn release(app: &mut FlyApp, which: &str, setting: &Setting) -> Result<(), String> {
    let row = match which {
        "" => app.releases.last_mut(),
        version => app.releases.iter_mut().find(|row| row.version.to_string() == version),
    };
    let row = row.ok_or_else(|| format!("there is no release '{which}'"))?;
    row.status.clone_from(setting.state.as_ref().ok_or("a release needs its state")?);
    Ok(())
}

fn machine(app: &mut FlyApp, which: &str, setting: &Setting, now: jiff::Timestamp) -> Result<(), String> {
    let position = which.parse::<usize>().ok().filter(|at| *at < app.machines.len());
    let named = || app.machines.iter().position(|one| one.id == which || one.name == which);
    let at = position.or_else(named).ok_or_else(|| format!("there is no machine '{which}'"))?;
    let state = setting.state.as_deref().map(|state| word(&STATES, state)).transpose()?;
    let Some(machine) = app.machines.get_mut(at) else { return Ok(()) };
    machine.lingers = setting.listed.unwrap_or(machine.lingers);
    machine.falls_back = setting.falls_back.unwrap_or(machine.falls_back);
    machine.cordoned = setting.cordoned.unwrap_or(machine.cordoned);
    machine.dark = setting.dark.unwrap_or(machine.dark);
    machine.host = setting.host.unwrap_or(machine.host);
    machine.shown = setting.config.unwrap_or(machine.shown);
    if let Some(state) = state {
        machine.next.clear();
        state.clone_into(&mut machine.state);
        machine.updated_at = now;
        if state == "started" {
            machine.started_at = now;
        }
        machine.event(state, state, now);
    }
    app.settle(now);
    Ok(())
}
