//! The truth about an environment, as its visitors would find it, whatever the platforms say. The statements of a console are
//! measured against it. Earlier states are kept, so that a statement can be compared with the time that it is about.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

use super::deploy::Step;
use super::fly::{FlyApp, Machine};
use super::github::Run;
use super::supabase::SupabaseProject;
use super::{Action, Env, World};

/// How an environment or a service stands. What is worse is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Every visitor is served well, by one version.
    Healthy,
    /// Visitors are served, slower or by less than there should be.
    Degraded,
    /// A change is under way.
    Deploying,
    /// Two versions serve, and nothing is under way that would end that.
    Mixed,
    /// Visitors get errors, or nothing.
    Failing,
}

/// What a visitor of one machine or domain gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answers {
    /// A good answer.
    Ok,
    /// A good answer that takes a second or longer.
    Slow,
    /// An error of the product.
    Error,
    /// Nothing of the product: it does not run, is out of the proxy, or is paused.
    None,
}

/// A machine or a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// The commit that it serves.
    pub sha: Option<String>,
    /// What visitors get from it.
    pub answers: Answers,
    /// The platform's word for it: the state of a machine, the deployment behind a domain.
    pub platform_state: String,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// How it stands.
    pub state: State,
    /// The platform's own state: of the newest release row, of the deployment served, of the project.
    pub platform_state: Option<String>,
    /// Machines by id, or domains by name; empty for the database.
    pub parts: BTreeMap<String, Part>,
    /// It is switched off on purpose.
    pub paused: bool,
    /// Visitors meet a challenge before it.
    pub challenged: bool,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// The worst of its services; `mixed` also when backend and frontend serve different commits and nothing is under way.
    pub state: State,
    /// The worst of its services alone.
    pub services_state: State,
    /// A deploy, a move of domains or an update of a machine is under way.
    pub under_way: bool,
    /// Its services by name.
    pub services: BTreeMap<&'static str, Service>,
}

/// The services of an environment.
pub const SERVICES: [&str; 3] = ["backend", "frontend", "database"];

/// A change of what is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Since when.
    pub at: Timestamp,
    /// Where.
    pub environment: Env,
    /// Of which service; `None` = of the whole environment.
    pub service: Option<&'static str>,
    /// What.
    pub state: State,
}

/// So many changes are remembered.
const REMEMBERED: usize = 20_000;

/// What was true, oldest first.
#[derive(Debug, Clone, Default)]
pub struct History {
    changes: VecDeque<Change>,
    last: BTreeMap<(Env, Option<&'static str>), State>,
}

impl History {
    fn add(&mut self, at: Timestamp, environment: Env, service: Option<&'static str>, state: State) {
        if self.last.insert((environment, service), state) == Some(state) {
            return;
        }
        self.changes.push_back(Change { at, environment, service, state });
        if self.changes.len() > REMEMBERED {
            self.changes.pop_front();
        }
    }
}

/// A slower answer is not what visitors should get.
const SLOW_MS: u64 = 1_000;

/// The worst of what applies.
fn worst<const N: usize>(applies: [(bool, State); N]) -> State {
    applies.into_iter().filter_map(|(is, state)| is.then_some(state)).max().unwrap_or(State::Healthy)
}

fn differ<'a>(mut all: impl Iterator<Item = &'a str>) -> bool {
    let first = all.next();
    all.any(|one| Some(one) != first)
}

fn resting(machine: &Machine) -> bool {
    let rests = matches!(machine.state.as_str(), "created" | "started" | "stopped" | "suspended" | "failed");
    rests && machine.next.is_empty()
}

impl World {
    /// What is true of an environment now.
    #[must_use]
    pub fn truth(&self, env: Env) -> Environment {
        let under_way = self.under_way(env);
        let backend = self.fly.env(env).map(|app| self.backend(app));
        let database = self.supabase.env(env).map(database);
        let frontend = self.product.get(env).is_some_and(|one| one.frontend.is_some()).then(|| self.frontend(env));
        let services: BTreeMap<&'static str, Service> =
            [("backend", backend), ("frontend", frontend), ("database", database)]
                .into_iter()
                .filter_map(|(name, service)| Some((name, service?)))
                .collect();
        let services_state = services.values().map(|one| one.state).max().unwrap_or(State::Healthy);
        let serving = |one: &&Part| one.answers != Answers::None;
        let commits = services.values().flat_map(|one| one.parts.values().filter(serving));
        let pair = differ(commits.filter_map(|part| part.sha.as_deref()));
        let apart = if under_way { State::Deploying } else { State::Mixed };
        let state = services_state.max(if pair { apart } else { State::Healthy });
        Environment { state, services_state, under_way, services }
    }

    /// The best that was true of a service, or of a whole environment, at any moment since `from`.
    #[must_use]
    pub fn best_since(&self, env: Env, service: Option<&str>, from: Timestamp) -> State {
        let mine = |one: &&Change| one.environment == env && one.service == service;
        let mut states = Vec::new();
        for change in self.truths.changes.iter().rev().filter(mine) {
            states.push(change.state);
            if change.at <= from {
                break;
            }
        }
        let truth = self.truth(env);
        let now = match service {
            Some(name) => truth.services.get(name).map_or(State::Failing, |one| one.state),
            None => truth.state,
        };
        states.into_iter().min().map_or(now, |best| best.min(now))
    }

    /// The changes since a moment, oldest first, with what was true at that moment.
    #[must_use]
    pub fn changes_since(&self, from: Timestamp) -> Vec<Change> {
        let mut before = BTreeMap::new();
        let mut after = Vec::new();
        for change in &self.truths.changes {
            if change.at > from {
                after.push(change.clone());
            } else {
                before.insert((change.environment, change.service), change.clone());
            }
        }
        before.into_values().chain(after).collect()
    }

    /// Remembers what is true at the time that the world has reached.
    pub(super) fn remember_truth(&mut self) {
        for env in self.product.all() {
            if self.quiet.contains(&env) {
                continue;
            }
            let truth = self.truth(env);
            if self.rests(env, &truth) {
                self.quiet.insert(env);
            }
            let (at, whole) = (self.now, truth.state);
            for (name, service) in truth.services {
                self.truths.add(at, env, Some(name), service.state);
            }
            self.truths.add(at, env, None, whole);
        }
    }

    /// Whether nothing of an environment changes before the next thing that is due: no run of its pipeline is open, nothing of it
    /// moves. When a build's grace ends is such a thing itself.
    fn rests(&self, env: Env, truth: &Environment) -> bool {
        let open = |run: &Run| run.env == Some(env) && run.progress(self.now).status != "completed";
        !truth.under_way && !self.github.runs.iter().any(open)
    }

    /// When something becomes true or false by the passing of time alone.
    pub(super) fn turns(&self) -> Option<Timestamp> {
        let all = self.fly.apps.iter().flat_map(|app| app.machines.iter().map(move |machine| (app, machine)));
        let ends = all.filter_map(|(app, machine)| {
            let health = &app.image_of(machine)?.health;
            (!health.healthy).then(|| machine.started_at + health.grace)
        });
        ends.filter(|at| *at > self.now).min()
    }

    fn under_way(&self, env: Env) -> bool {
        let queued = self.pending().any(|action| match action {
            Action::Deploy(Step::FlyRelease(deploy) | Step::VercelBuild(deploy)) => deploy.env == env,
            Action::Deploy(Step::FlyMachine(roll)) => roll.env == env,
            Action::Deploy(Step::VercelAssign(of, _)) => *of == env && !self.vercel.pinned(env),
            _ => false,
        });
        let app = self.fly.env(env);
        let machines =
            app.is_some_and(|app| app.machines.iter().any(|one| one.lease.is_some() || !one.next.is_empty()));
        // Before anything of the product moves, its pipeline does.
        let runs = &self.github.runs;
        let run = runs.iter().any(|run| run.env == Some(env) && run.progress(self.now).status == "in_progress");
        queued || machines || run || self.moving(env)
    }

    /// Domains move, or visitors are moved stage by stage.
    fn moving(&self, env: Env) -> bool {
        let request = self.vercel.project.last_alias_request.as_ref();
        let moves = request.is_some_and(|one| !one.skipped && one.aliases.iter().any(|step| !step.done));
        self.vercel.is_production(env) && (moves || self.vercel.rolling().is_some())
    }

    fn backend(&self, app: &FlyApp) -> Service {
        let routed: Vec<&str> = app.routed(self.now).into_iter().map(|machine| machine.id.as_str()).collect();
        let part = |machine: &Machine| {
            let health = app.image_of(machine).map(|image| &image.health);
            let slow = health.is_some_and(|health| health.healthy && health.slow_ms >= SLOW_MS);
            let answers = match () {
                () if !routed.contains(&machine.id.as_str()) => Answers::None,
                () if !app.healthy(machine, self.now) => Answers::Error,
                () if slow => Answers::Slow,
                () => Answers::Ok,
            };
            let sha = app.image_of(machine).map(|image| self.sha(image.commit).to_owned());
            Part { sha, answers, platform_state: machine.state.clone() }
        };
        let live = app.machines.iter().filter(|machine| machine.state != "destroyed");
        let parts: BTreeMap<String, Part> = live.map(|machine| (machine.id.clone(), part(machine))).collect();
        let any = |answers: Answers| parts.values().any(|part| part.answers == answers);
        let serving = || app.machines.iter().filter(|machine| machine.serving());
        // Out of the proxy: fewer serve than there should be.
        let out = serving().count() > routed.len();
        let rolls =
            self.pending().any(|one| matches!(one, Action::Deploy(Step::FlyMachine(roll)) if roll.env == app.env));
        let transient = app.machines.iter().any(|machine| machine.state != "destroyed" && !resting(machine));
        let held = app.machines.iter().any(|machine| machine.lease.is_some());
        let visited = serving().filter(|machine| routed.contains(&machine.id.as_str()));
        let apart = differ(visited.map(|machine| machine.digest.as_str()));
        let broken = |machine: &Machine| machine.dark || matches!(machine.state.as_str(), "failed" | "launch_failed");
        let state = worst([
            (any(Answers::Error) || serving().next().is_none(), State::Failing),
            (apart && !(rolls || transient || held), State::Mixed),
            (apart || transient, State::Deploying),
            (any(Answers::Slow) || out || app.machines.iter().any(broken), State::Degraded),
        ]);
        let platform_state = app.release().map(|release| release.status.clone());
        Service { state, platform_state, parts, paused: false, challenged: false }
    }

    fn frontend(&self, env: Env) -> Service {
        let project = &self.vercel.project;
        let paused = self.vercel.is_production(env) && project.paused;
        let parts: BTreeMap<String, Part> = self
            .vercel
            .aliases
            .iter()
            // Who comes to one that redirects gets what the other one serves.
            .filter(|alias| alias.env == env && alias.redirect.is_none())
            .map(|alias| {
                let one = self.vercel.deployment(&alias.deployment);
                let answers = match one.map(|one| &one.health) {
                    None => Answers::None,
                    Some(_) if paused => Answers::None,
                    Some(health) if !health.healthy => Answers::Error,
                    Some(health) if health.slow_ms >= SLOW_MS => Answers::Slow,
                    Some(_) => Answers::Ok,
                };
                let sha = one.map(|one| self.sha(one.commit).to_owned());
                (alias.alias.clone(), Part { sha, answers, platform_state: alias.deployment.clone() })
            })
            .collect();
        // Who comes to a domain that nothing serves gets nothing, however well the other ones are served.
        let any = |answers: Answers| parts.values().any(|part| part.answers == answers);
        let canary = self.vercel.rolling().filter(|_| self.vercel.is_production(env));
        let canary = canary.filter(|one| one.percent() > 0).and_then(|one| self.vercel.deployment(&one.canary));
        let moving = self.moving(env);
        let apart = differ(parts.values().filter_map(|part| part.sha.as_deref()));
        let errors = any(Answers::Error) || any(Answers::None) || canary.is_some_and(|one| !one.health.healthy);
        let state = worst([
            (errors || parts.is_empty(), State::Failing),
            (apart && !moving, State::Mixed),
            (moving, State::Deploying),
            (any(Answers::Slow), State::Degraded),
        ]);
        let live = self.vercel.live(env).map(|one| one.state(self.now).to_owned());
        let challenged = project.challenges(self.now);
        Service { state, platform_state: live, parts, paused, challenged }
    }
}

/// A project answers when it is active; what else it may be, its states say (docs/platforms/supabase.md section 3.1).
fn database(project: &SupabaseProject) -> Service {
    let own = match project.status.as_str() {
        "ACTIVE_HEALTHY" => State::Healthy,
        "COMING_UP" | "RESTORING" | "UPGRADING" | "RESTARTING" | "RESIZING" | "UNKNOWN" => State::Deploying,
        _ => State::Failing,
    };
    let sick =
        |core: bool| project.services.iter().any(|(name, wrong)| wrong.is_some() && name.starts_with("db") == core);
    let state = own.max(worst([
        (sick(true), State::Failing),
        (!project.coming_up.is_empty(), State::Deploying),
        (sick(false) || project.read_only, State::Degraded),
    ]));
    let paused = matches!(project.status.as_str(), "INACTIVE" | "PAUSING" | "GOING_DOWN");
    let platform_state = Some(project.status.clone());
    Service { state, platform_state, parts: BTreeMap::new(), paused, challenged: false }
}
