//! Settings of Vercel (docs/platforms/vercel.md sections 4 to 6 and 11).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{span, word};
use crate::sim::world::World;
use crate::sim::world::vercel::{VercelAlias, VercelWorld};

/// `ANALYZING` and `DEPLOYING` are on no list of today, but its own clients still know them.
const STATES: [&str; 10] = [
    "QUEUED",
    "INITIALIZING",
    "BUILDING",
    "READY",
    "ERROR",
    "CANCELED",
    "BLOCKED",
    "DELETED",
    "ANALYZING",
    "DEPLOYING",
];
const SUBSTATES: [&str; 3] = ["STAGED", "ROLLING", "PROMOTED"];
const JOBS: [&str; 5] = ["pending", "in-progress", "succeeded", "failed", "skipped"];

/// `resource` is the project (`project`) or a deployment: what an environment serves (`production`), the newest one
/// (`latest`, `latest:production`), or an id.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Which deployment, or the project.
    pub resource: String,
    /// Deployment: its `readyState`, where it stays; `true` = what it is by itself. Project: the status of its last promotion or
    /// rollback.
    #[serde(default)]
    pub state: Option<String>,
    /// Deployment: its `readySubstate`.
    #[serde(default)]
    pub substate: Option<String>,
    /// Deployment: its build ends with this error.
    #[serde(default)]
    pub build_error: Option<String>,
    /// Project: lists of deployments show one only so many seconds after it was made.
    #[serde(default)]
    pub lag: Option<f64>,
    /// Project: visitors are challenged.
    #[serde(default)]
    pub attack_mode: Option<bool>,
    /// Project: visitors get 503.
    #[serde(default)]
    pub paused: Option<bool>,
    /// Project: a new build does not take the production domains.
    #[serde(default)]
    pub pinned: Option<bool>,
    /// Project: domains that do not move with the next promotions and rollbacks.
    #[serde(default)]
    pub stuck_domains: Option<Vec<String>>,
    /// Project: the deployment that a domain serves from now on, as somebody's hand points it: without a job, and nothing else moves. Empty =
    /// nothing serves it.
    #[serde(default)]
    pub point: BTreeMap<String, String>,
    /// Project: production's pointer stays where it is, whatever its first domain is pointed at, until something is promoted.
    #[serde(default)]
    pub pointer_stays: bool,
    /// Project: the domain that a domain sends its visitors to; empty = it serves them itself.
    #[serde(default)]
    pub redirect: BTreeMap<String, String>,
}

impl VercelWorld {
    fn alias_mut(&mut self, domain: &str) -> Result<&mut VercelAlias, String> {
        let found = self.aliases.iter_mut().find(|alias| alias.alias == domain);
        found.ok_or_else(|| format!("there is no domain '{domain}'"))
    }
}

impl World {
    pub(super) fn set_vercel(&mut self, setting: &Setting) -> Result<(), String> {
        let vercel = &mut self.vercel;
        if setting.resource == "project" {
            let project = &mut vercel.project;
            if let Some(state) = &setting.state {
                let state = (state != "true").then(|| word(&JOBS, state)).transpose()?;
                project.last_alias_request.as_mut().ok_or("there was no promotion and no rollback")?.forced = state;
            }
            if let Some(lag) = setting.lag {
                project.lag = span(lag)?;
            }
            if let Some(on) = setting.attack_mode {
                project.challenged = (on, None);
            }
            project.paused = setting.paused.unwrap_or(project.paused);
            project.auto_assign = setting.pinned.map_or(project.auto_assign, |pinned| !pinned);
            if let Some(domains) = &setting.stuck_domains {
                project.stuck_domains.clone_from(domains);
            }
            // One that nothing serves any more takes no pointer along.
            if setting.pointer_stays || setting.point.values().any(String::is_empty) {
                let live = vercel.live_production().map(|live| live.id.clone());
                vercel.project.pointer = vercel.project.pointer.take().or(live);
            }
            for (domain, id) in &setting.point {
                let known = id.is_empty() || vercel.deployment(id).is_some();
                known.then_some(()).ok_or_else(|| format!("there is no deployment '{id}'"))?;
                vercel.alias_mut(domain)?.deployment.clone_from(id);
            }
            for (domain, to) in &setting.redirect {
                vercel.alias_mut(domain)?.redirect = Some(to.clone()).filter(|to| !to.is_empty());
            }
            return Ok(());
        }
        let state = setting.state.as_deref().filter(|state| *state != "true");
        let state = state.map(|state| word(&STATES, state)).transpose()?;
        let substate = setting.substate.as_deref().map(|state| word(&SUBSTATES, state)).transpose()?;
        let id = match setting.resource.split_once(':').unwrap_or((&setting.resource, "")) {
            ("latest", env) => {
                let env = self.product.find(env);
                vercel
                    .deployments
                    .iter()
                    .rev()
                    .find(|one| env.is_none_or(|env| env == one.env))
                    .map(|one| one.id.clone())
            }
            (name, _) => match self.product.find(name) {
                Some(env) => vercel.live(env).map(|one| one.id.clone()),
                None => Some(name.to_owned()),
            },
        };
        let one = id.and_then(|id| vercel.deployment_mut(&id));
        let one = one.ok_or_else(|| format!("there is no deployment '{}'", setting.resource))?;
        if setting.state.is_some() {
            one.forced = state;
        }
        one.substate = substate.or(one.substate);
        if let Some(error) = &setting.build_error {
            one.build_error = Some(error.clone());
        }
        Ok(())
    }
}
