//! A deploy as the pipeline does it: a run on GitHub, a release row and a roll on Fly, a build and its aliases on Vercel.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::github::NewRun;
use super::{Action, Env, Health, World, ids, vercel};

/// A deploy that is asked for.
#[derive(Debug, Clone)]
pub struct Deploy {
    /// Where to.
    pub env: Env,
    /// Index into the commits.
    pub commit: usize,
    /// The backend is part of it.
    pub backend: bool,
    /// The frontend is part of it.
    pub frontend: bool,
    /// How what it brings behaves; the frontend stays well.
    pub health: Health,
    /// The deploy jobs wait for an approval.
    pub gated: bool,
    /// `push` or `workflow_dispatch`.
    pub event: String,
    /// Login; `None` = the commit's author.
    pub actor: Option<String>,
}

/// A step of a deploy that is due.
#[derive(Debug, Clone)]
pub enum Step {
    /// The deploy jobs of a run begin.
    Begin(u64, Deploy),
    /// The pipeline has built an image: release row, then the machines.
    FlyRelease(Deploy),
    /// One machine gets the new image.
    FlyMachine(Roll),
    /// The row is patched to its last status.
    FlyDone(Roll),
    /// The pipeline asks Vercel for a build.
    VercelBuild(Deploy),
    /// A finished build takes over the domains.
    VercelAssign(Env, String),
}

/// A roll over the machines of an app.
#[derive(Debug, Clone)]
pub struct Roll {
    /// Which app.
    pub env: Env,
    /// Machine ids still to do, in order.
    pub machines: Vec<String>,
    /// The image.
    pub reference: String,
    /// Its digest.
    pub digest: String,
    /// Id of the release row.
    pub release: String,
    /// Its version.
    pub version: u64,
    /// Tries left while someone else holds a lease.
    pub tries: u32,
}

/// Between two machines of a roll.
const NEXT_MACHINE: SignedDuration = SignedDuration::from_millis(3_000);

impl World {
    /// Starts the deploy workflow and gives the run's id.
    pub fn deploy(&mut self, deploy: Deploy) -> u64 {
        let actor = deploy.actor.clone().or_else(|| Some(self.commits.get(deploy.commit)?.login.clone()));
        let new = NewRun {
            env: deploy.env,
            commit: deploy.commit,
            event: deploy.event.clone(),
            actor: actor.unwrap_or_default(),
            gated: deploy.gated,
        };
        let run = self.github.add_run(self.seed, new, self.now);
        let start = self.github.run(run).and_then(|run| run.jobs.get(1)?.starts_at);
        if let Some(at) = start {
            self.schedule(at, Action::Deploy(Step::Begin(run, deploy)));
        }
        run
    }

    /// A gate of a run is answered: its held jobs begin, or end as rejected. `false` = nothing was held.
    pub fn answer_gate(&mut self, run: u64, approved: bool, health: Health) -> bool {
        let now = self.now;
        let Some(found) = self.github.run_mut(run) else { return false };
        let mut held = false;
        for job in found.jobs.iter_mut().filter(|job| job.starts_at.is_none() && job.rejected_at.is_none()) {
            held = true;
            if approved {
                job.starts_at = Some(now + SignedDuration::from_millis(500));
            } else {
                job.rejected_at = Some(now);
            }
        }
        let (env, commit, event) = (found.env.unwrap_or(Env::Staging), found.commit, found.event.clone());
        if held && approved {
            let deploy =
                Deploy { env, commit, backend: true, frontend: true, health, gated: false, event, actor: None };
            self.schedule(now + SignedDuration::from_millis(500), Action::Deploy(Step::Begin(run, deploy)));
        }
        held
    }

    /// Another attempt of a run that is over: what its deploy jobs do is done again.
    pub fn rerun(&mut self, run: u64, failed_only: bool) {
        let now = self.now;
        let environments = &self.github.environments;
        let env = self.github.run(run).and_then(|run| run.env);
        let gated = environments.iter().any(|one| Some(one.env) == env && !one.reviewers.is_empty());
        let Some(found) = self.github.run_mut(run) else { return };
        let begun = found.again(failed_only, gated, now);
        let start = found.jobs.get(1).and_then(|job| job.starts_at);
        let (Some(env), Some(at)) = (env, start.filter(|at| *at >= now)) else { return };
        let named = |name: &str| begun.iter().any(|job| job == name);
        let (backend, frontend) = (named("deploy-backend"), named("deploy-frontend"));
        let (commit, event) = (found.commit, found.event.clone());
        let health = Health::good();
        let deploy = Deploy { env, commit, backend, frontend, health, gated: false, event, actor: None };
        self.schedule(at, Action::Deploy(Step::Begin(run, deploy)));
    }

    pub(super) fn deploy_step(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Begin(run, deploy) => {
                if self.github.run(run).is_none_or(|run| run.canceled_at.is_some()) {
                    return;
                }
                let soon = now + SignedDuration::from_millis(300);
                if deploy.backend {
                    self.schedule(soon, Action::Deploy(Step::FlyRelease(deploy.clone())));
                }
                if deploy.frontend {
                    self.schedule(soon, Action::Deploy(Step::VercelBuild(deploy)));
                }
            }
            Step::FlyRelease(deploy) => self.fly_release(&deploy),
            Step::FlyMachine(roll) => self.fly_machine(roll),
            Step::FlyDone(roll) => self.fly_done(&roll, "complete"),
            Step::VercelBuild(deploy) => {
                let health = Health { slow_ms: 0, ..Health::good() };
                let id = self.vercel.add_deployment(self.seed, deploy.env, deploy.commit, health, now);
                let ready = now + vercel::BUILT + SignedDuration::from_millis(400);
                self.schedule(ready, Action::Deploy(Step::VercelAssign(deploy.env, id)));
            }
            Step::VercelAssign(env, id) => self.vercel_assign(env, &id),
        }
    }

    fn fly_release(&mut self, deploy: &Deploy) {
        let (now, seed) = (self.now, self.seed);
        let user = self.commits.get(deploy.commit).map(|commit| format!("{}@acme.dev", commit.login));
        let label = self.sha(deploy.commit).to_owned();
        let Some(app) = self.fly.env_mut(deploy.env) else { return };
        let (reference, digest) = app.push_image(seed, deploy.commit, Some(&label), deploy.health.clone());
        let row = app.add_release(seed, &reference, "ROLLING", &user.unwrap_or_default(), now);
        let Some(release) = app.releases.get_mut(row) else { return };
        "running".clone_into(&mut release.status);
        let roll = Roll {
            env: deploy.env,
            machines: app.machines.iter().map(|machine| machine.id.clone()).collect(),
            reference,
            digest,
            release: release.id.clone(),
            version: release.version,
            tries: 60,
        };
        self.schedule(now + SignedDuration::from_millis(700), Action::Deploy(Step::FlyMachine(roll)));
    }

    fn fly_machine(&mut self, mut roll: Roll) {
        let (now, seed, n) = (self.now, self.seed, self.count());
        if roll.machines.is_empty() {
            return;
        }
        let Some(app) = self.fly.env_mut(roll.env) else { return };
        let Some(machine) = roll.machines.first().and_then(|id| app.machine_mut(id)) else { return };
        if machine.lease.is_some() || !machine.next.is_empty() {
            roll.tries -= 1;
            if roll.tries == 0 {
                self.fly_done(&roll, "failed");
            } else {
                self.schedule(now + SignedDuration::from_secs(1), Action::Deploy(Step::FlyMachine(roll)));
            }
            return;
        }
        let config = with_release(&machine.config, &roll.reference, &roll.release, roll.version);
        let launch = machine.state == "started";
        machine.replace(ids::ulid(seed, "instance", n), roll.digest.clone(), config, launch, now);
        roll.machines.remove(0);
        if roll.machines.is_empty() {
            self.schedule(now + SignedDuration::from_millis(2_600), Action::Deploy(Step::FlyDone(roll)));
        } else {
            self.schedule(now + NEXT_MACHINE, Action::Deploy(Step::FlyMachine(roll)));
        }
    }

    fn fly_done(&mut self, roll: &Roll, status: &str) {
        let Some(app) = self.fly.env_mut(roll.env) else { return };
        if let Some(release) = app.releases.iter_mut().find(|release| release.id == roll.release) {
            status.clone_into(&mut release.status);
        }
    }

    fn vercel_assign(&mut self, env: Env, id: &str) {
        let now: Timestamp = self.now;
        let pinned = env == Env::Production && !self.vercel.project.auto_assign;
        let ready = self.vercel.deployment(id).is_some_and(|one| one.state(now) == "READY");
        if ready && !pinned {
            self.vercel.assign(env, id, now);
        }
    }
}

/// A machine's configuration with another image and the metadata of a release.
#[must_use]
pub fn with_release(config: &Value, image: &str, release: &str, version: u64) -> Value {
    let mut config = config.clone();
    if let Some(map) = config.as_object_mut() {
        map.insert("image".to_owned(), json!(image));
        let metadata = map.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("fly_release_id".to_owned(), json!(release));
            metadata.insert("fly_release_version".to_owned(), json!(version.to_string()));
        }
    }
    config
}
