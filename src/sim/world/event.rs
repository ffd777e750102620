//! The scenario language: a timeline of events, as TOML in `assets/scenarios` and as JSON on `/_sim/events`.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::deploy::Deploy;
use super::host::Host;
use super::setting::Setting;
use super::{Env, Health, World, traffic};

/// A scripted world.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, as on the command line.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What happens.
    #[serde(default)]
    pub event: Vec<Event>,
}

/// What kind of thing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A deploy workflow runs.
    Deploy,
    /// A line is logged.
    Log,
    /// A secret is set (or removed, without a value).
    SecretSet,
    /// What runs becomes unhealthy.
    Unhealthy,
    /// What runs becomes healthy again.
    Healthy,
    /// The next update of every backend machine does not start: each falls back to its old version.
    Fallback,
    /// The Machines API loses sight of backend machines, or sees them again; `machine` names one by its place.
    Host,
    /// Who asked for a run may not approve it.
    NoSelfReview,
    /// Deploys to an environment wait for a timer of so many minutes; 0 = no longer.
    WaitTimer,
    /// The log of a service, and the one of its neighbours, is written at another rate.
    Traffic,
    /// A new commit on the default branch, and its checks; unless `healthy`, those of `service` fail.
    Push,
    /// A new state of a pull request, and its checks.
    PullRequest,
    /// A state of a platform is set as `set` says.
    Set,
}

/// Which commit a deploy brings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Which {
    /// Its position in the history, 0 = oldest.
    Index(usize),
    /// `next` (what staging runs if it is ahead, else a new commit), `staging`, or a SHA.
    Name(String),
}

/// One event.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Seconds after the start.
    #[serde(default)]
    pub at: f64,
    /// What.
    pub kind: Kind,
    /// Where: the name of an environment, or a tier, which is the first of it; production, if nothing is said.
    #[serde(default)]
    pub environment: Option<String>,
    /// Which services; the backend if none is named.
    #[serde(default)]
    pub service: Vec<String>,
    /// Deploy: the commit.
    #[serde(default)]
    pub commit: Option<Which>,
    /// Deploy: what it brings is well.
    #[serde(default)]
    pub healthy: Option<bool>,
    /// Deploy, unhealthy: what it logs and answers.
    #[serde(default)]
    pub error: Option<String>,
    /// Deploy, unhealthy: added to every answer, milliseconds.
    #[serde(default)]
    pub slow_ms: u64,
    /// Deploy: an unhealthy build answers well for so many seconds after its start.
    #[serde(default)]
    pub grace: f64,
    /// Deploy: wait for an approval on GitHub.
    #[serde(default)]
    pub gated: bool,
    /// Secret: its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Secret: its value.
    #[serde(default)]
    pub value: Option<String>,
    /// Log: the text.
    #[serde(default)]
    pub message: Option<String>,
    /// Log: `info`, `warn`, `error`.
    #[serde(default)]
    pub level: Option<String>,
    /// Wait timer: how long.
    #[serde(default)]
    pub minutes: u64,
    /// Host: which machine of the app, 0 = the first; absent = every one.
    #[serde(default)]
    pub machine: Option<usize>,
    /// Host: what is known of it.
    #[serde(default)]
    pub host: Host,
    /// Traffic: lines a second; absent = the usual rate.
    #[serde(default)]
    pub rate: Option<u64>,
    /// Set: what, and where.
    #[serde(default)]
    pub set: Option<Setting>,
}

/// Seconds as a span; nonsense counts as zero.
#[must_use]
pub fn seconds(value: f64) -> SignedDuration {
    SignedDuration::try_from_secs_f64(value).unwrap_or(SignedDuration::ZERO)
}

impl Event {
    fn health(&self) -> Health {
        if self.healthy.unwrap_or(self.error.is_none()) {
            return Health { slow_ms: self.slow_ms, ..Health::good() };
        }
        Health { healthy: false, error: self.error.clone(), slow_ms: self.slow_ms, grace: seconds(self.grace) }
    }

    /// The job and the step of the checks that fail.
    fn failing_check(&self) -> Option<(&'static str, &'static str)> {
        let fails = !self.healthy.unwrap_or(self.error.is_none());
        let step = if self.touches("frontend") { ("frontend", "Type check") } else { ("backend", "Test") };
        fails.then_some(step)
    }

    fn touches(&self, service: &str) -> bool {
        if self.service.is_empty() { service == "backend" } else { self.service.iter().any(|one| one == service) }
    }
}

impl World {
    /// Where an event happens.
    ///
    /// # Errors
    ///
    /// Words that say which environments there are.
    pub fn place(&self, event: &Event) -> Result<Env, String> {
        let name = event.environment.as_deref().unwrap_or("production");
        let found =
            self.product.meant(name).or_else(|| self.product.all().next().filter(|_| event.environment.is_none()));
        found.ok_or_else(|| {
            let known: Vec<&str> = self.product.environments().take(20).map(|(_, one)| one.name.as_str()).collect();
            format!("there is no environment '{name}', only: {}", known.join(", "))
        })
    }

    /// An event of the scenario language happens now; one in an environment that is not there changes nothing.
    pub fn happen(&mut self, event: &Event) {
        let Ok(env) = self.place(event) else { return };
        match event.kind {
            Kind::Deploy => {
                let commit = self.which(env, event.commit.as_ref());
                self.deploy(Deploy {
                    env,
                    commit,
                    backend: event.touches("backend"),
                    frontend: event.touches("frontend"),
                    health: event.health(),
                    gated: event.gated,
                    event: "push".to_owned(),
                    actor: None,
                });
            }
            Kind::Log => self.log_event(env, event),
            Kind::SecretSet => self.secret_event(env, event),
            Kind::Fallback => {
                let app = self.fly.env_mut(env);
                app.into_iter().flat_map(|app| &mut app.machines).for_each(|machine| machine.falls_back = true);
            }
            Kind::Host => {
                let machines = self.fly.env_mut(env).into_iter().flat_map(|app| &mut app.machines);
                let chosen = machines.enumerate().filter(|(n, _)| event.machine.is_none_or(|one| one == *n));
                chosen.for_each(|(_, machine)| machine.host = event.host);
            }
            Kind::NoSelfReview => {
                let all = self.github.environments.iter_mut().filter(|one| one.env == env);
                all.for_each(|one| one.prevent_self_review = true);
            }
            Kind::WaitTimer => {
                let all = self.github.environments.iter_mut().filter(|one| one.env == env);
                all.for_each(|one| one.wait_minutes = event.minutes);
            }
            Kind::Traffic => {
                for service in ["backend", "frontend", "database"].into_iter().filter(|one| event.touches(one)) {
                    self.rates.insert((env, service), event.rate);
                }
            }
            Kind::Push => {
                self.push(event.failing_check());
            }
            Kind::PullRequest => {
                self.check_pull(self.commits.len(), event.failing_check());
            }
            Kind::Set => {
                // What is asked for over HTTP is checked before; a scenario that names what is not there changes nothing.
                let _ = event.set.as_ref().map(|setting| self.set(setting));
            }
            Kind::Healthy => self.set_health(env, event, Health::good()),
            Kind::Unhealthy => self.set_health(env, event, Health { healthy: false, ..event.health() }),
        }
    }

    /// A new commit on the default branch, checked.
    fn push(&mut self, fails: Option<(&'static str, &'static str)>) {
        self.commits.push(super::commits::commit(self.seed, self.commits.len(), self.now));
        self.check_push(self.commits.len() - 1, fails);
    }

    fn which(&mut self, env: Env, which: Option<&Which>) -> usize {
        let running = self.backend_commit(env).unwrap_or(0);
        let before = self.product.source(env);
        let staging = self.product.find("staging").or(before).and_then(|env| self.backend_commit(env)).unwrap_or(0);
        let ahead = before.and_then(|env| self.backend_commit(env)).filter(|commit| *commit > running);
        match which {
            Some(Which::Index(index)) if *index < self.commits.len() => *index,
            Some(Which::Name(name)) if name == "staging" => staging,
            Some(Which::Name(name)) if name != "next" => self.find_commit(name).unwrap_or(running),
            _ => {
                if let Some(ahead) = ahead {
                    return ahead;
                }
                if running + 1 >= self.commits.len() {
                    self.push(None);
                }
                running + 1
            }
        }
    }

    fn log_event(&mut self, env: Env, event: &Event) {
        let level = match event.level.as_deref() {
            Some("error") => "error",
            Some("warn" | "warning") => "warn",
            _ => "info",
        };
        let text = event.message.clone().unwrap_or_default();
        traffic::say(self, env, level, &text, event.touches("frontend"));
    }

    fn secret_event(&mut self, env: Env, event: &Event) {
        let Some(name) = event.name.clone() else { return };
        let now = self.now;
        if event.touches("backend")
            && let Some(app) = self.fly.env_mut(env)
        {
            app.set_secret(&name, event.value.as_deref(), now);
        }
        if event.touches("frontend") {
            self.set_variable(env, &name, event.value.as_deref());
        }
    }

    fn set_variable(&mut self, env: Env, name: &str, value: Option<&str>) {
        let now = self.now;
        self.vercel.env.retain(|one| value.is_some() || one.key != name || one.env != env);
        let Some(value) = value else { return };
        let digest = super::ids::digest16(value);
        if let Some(one) = self.vercel.env.iter_mut().find(|one| one.key == name && one.env == env) {
            one.digest = digest;
            one.updated_at = now;
            return;
        }
        let n = self.count();
        let variable = super::seed::variable(self.seed, n, (name, "sensitive", value), env, now);
        self.vercel.env.push(variable);
    }

    fn set_health(&mut self, env: Env, event: &Event, health: Health) {
        if event.touches("backend")
            && let Some(app) = self.fly.env_mut(env)
        {
            let running: Vec<String> = app.machines.iter().map(|machine| machine.digest.clone()).collect();
            for image in app.images.iter_mut().filter(|image| running.contains(&image.digest)) {
                image.health = health.clone();
            }
        }
        if event.touches("frontend")
            && let Some(id) = self.vercel.live(env).map(|one| one.id.clone())
            && let Some(one) = self.vercel.deployment_mut(&id)
        {
            one.health = health;
        }
    }
}
