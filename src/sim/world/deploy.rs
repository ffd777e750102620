//! A deploy as the pipeline does it: a run on GitHub, a release row and a roll on Fly, a build and its aliases on Vercel.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::checks::Verdict;
use super::github::{Gate, NewRun};
use super::{Action, Env, Health, World, ids, lane, vercel};

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
    /// A run that waits for its concurrency group looks whether it is free.
    Lane(u64),
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

/// A job leaves `waiting` a moment after its approval (docs/platforms/github.md section 5.1).
const SETTLES: SignedDuration = SignedDuration::from_millis(500);

/// Between two machines of a roll.
const NEXT_MACHINE: SignedDuration = SignedDuration::from_millis(3_000);

impl World {
    /// Starts the deploy workflow and gives the run's id.
    pub fn deploy(&mut self, mut deploy: Deploy) -> u64 {
        let has = self.product.get(deploy.env);
        deploy.backend &= has.is_some_and(|one| one.backend.is_some());
        deploy.frontend &= has.is_some_and(|one| one.frontend.is_some());
        let actor = deploy.actor.clone().or_else(|| Some(self.commits.get(deploy.commit)?.login.clone()));
        let new = NewRun {
            env: deploy.env,
            commit: deploy.commit,
            event: deploy.event.clone(),
            actor: actor.unwrap_or_default(),
            gate: self.gate(deploy.env, deploy.gated),
        };
        let id = self.github.add_run(self.seed, new, self.now);
        if let Some(run) = self.github.run_mut(id) {
            run.brings = Some(deploy.clone());
        }
        self.arrive(id, deploy);
        id
    }

    /// What holds the deploy jobs of an environment: a person who has to approve, a timer, both or nothing.
    fn gate(&self, env: Env, review: bool) -> Option<Gate> {
        let minutes = self.github.environments.iter().find(|one| one.env == env).map_or(0, |one| one.wait_minutes);
        let timer = SignedDuration::from_mins(i64::try_from(minutes).unwrap_or(0));
        let gate = Gate { opens_at: self.now, timer, review, approved_at: None };
        (review || minutes > 0).then_some(gate)
    }

    /// A run begins, or waits for its concurrency group.
    fn arrive(&mut self, run: u64, deploy: Deploy) {
        if self.github.arrive(run, &deploy, self.now) {
            self.start(run, deploy);
        } else {
            self.schedule(self.now + lane::LOOK, Action::Deploy(Step::Lane(run)));
        }
    }

    fn start(&mut self, run: u64, deploy: Deploy) {
        let now = self.now;
        let starts = |job: &super::github::Job| job.env.and(job.starts_at).filter(|at| *at >= now);
        let start = self.github.run(run).and_then(|run| run.jobs.iter().filter_map(starts).min());
        if let Some(at) = start {
            self.schedule(at, Action::Deploy(Step::Begin(run, deploy)));
        }
    }

    fn look_at_lane(&mut self, id: u64) {
        let now = self.now;
        if self.github.run(id).is_none_or(|run| !run.pending(now)) {
            return;
        }
        if !self.github.turn_of(id, now) {
            self.schedule(now + lane::LOOK, Action::Deploy(Step::Lane(id)));
        } else if let Some(brings) = self.github.run_mut(id).and_then(|run| run.acquire(now)) {
            self.start(id, brings);
        }
    }

    /// The gate of a run is answered: its held jobs begin once its timer has run out, too, or end as rejected. `false` =
    /// nothing waited for an answer.
    pub fn answer_gate(&mut self, id: u64, approved: bool) -> bool {
        let now = self.now;
        let Some(run) = self.github.run_mut(id).filter(|run| !run.canceled(now)) else { return false };
        let Some(gate) = run.gate.as_mut().filter(|gate| gate.holds(now) && gate.approved_at.is_none()) else {
            return false;
        };
        let begin = (now + SETTLES).max(gate.timer_ends());
        let (mut backend, mut frontend) = (false, false);
        for job in run.jobs.iter_mut().filter(|job| job.starts_at.is_none() && job.rejected_at.is_none()) {
            backend |= job.name == "deploy-backend";
            frontend |= job.name == "deploy-frontend";
            if approved {
                job.starts_at = Some(begin);
            } else {
                job.rejected_at = Some(now);
            }
        }
        if !approved {
            run.gate = None;
            return backend || frontend;
        }
        gate.approved_at = Some(now);
        if let Some(brings) = run.brings.clone() {
            let (backend, frontend) = (backend && brings.backend, frontend && brings.frontend);
            let deploy = Deploy { backend, frontend, ..brings };
            self.schedule(begin, Action::Deploy(Step::Begin(id, deploy)));
        }
        true
    }

    /// Another attempt of a run that is over: what its deploy jobs do is done again.
    pub fn rerun(&mut self, id: u64, failed_only: bool) {
        let now = self.now;
        let environments = &self.github.environments;
        let Some(env) = self.github.run(id).and_then(|run| run.env) else { return };
        let review = environments.iter().any(|one| one.env == env && !one.reviewers.is_empty());
        let gate = self.gate(env, review);
        let Some(run) = self.github.run_mut(id) else { return };
        let begun = run.again(failed_only, gate, now);
        let named = |name: &str| begun.iter().any(|job| job == name);
        let (backend, frontend) = (named("deploy-backend"), named("deploy-frontend"));
        let (commit, event, health) = (run.commit, run.event.clone(), Health::good());
        let deploy = Deploy { env, commit, backend, frontend, health, gated: review, event, actor: None };
        run.brings = Some(deploy.clone());
        self.arrive(id, deploy);
    }

    pub(super) fn deploy_step(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Lane(run) => self.look_at_lane(run),
            Step::Begin(run, deploy) => {
                // Deploy jobs need the ones before them.
                let stopped = |run: &super::github::Run| {
                    let needed = run.jobs.iter().filter(|job| job.env.is_none());
                    run.canceled(now) || needed.into_iter().any(super::github::Job::fails)
                };
                if self.github.run(run).is_none_or(stopped) {
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
        let pinned = self.vercel.pinned(env);
        let ready = self.vercel.deployment(id).is_some_and(|one| one.state(now) == "READY");
        match self.vercel.verdict(id, "deployment-alias", now).0 {
            Verdict::Passed => {}
            Verdict::Failed => return,
            Verdict::Pending => {
                self.schedule(now + lane::LOOK, Action::Deploy(Step::VercelAssign(env, id.to_owned())));
                return;
            }
        }
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
