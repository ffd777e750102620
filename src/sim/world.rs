//! The ground truth: one product on four platforms, advanced in discrete steps to the simulator's time.
//!
//! Whatever changes by itself is either a function of the time (runs, builds) or an entry of the queue (deploy steps,
//! scenario events), so that the same seed, time and calls always give the same world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub mod budget;
pub mod checks;
pub mod ci;
pub mod commits;
pub mod deploy;
pub mod event;
pub mod fly;
pub mod github;
pub mod host;
pub mod ids;
pub mod jobs;
pub mod lane;
pub mod lines;
pub mod rolling;
pub mod scenarios;
pub mod seed;
pub mod setting;
pub mod supabase;
pub mod traffic;
pub mod truth;
pub mod vercel;

use commits::Commit;
use deploy::Step;
use event::Event;
use fly::FlyWorld;
use github::GithubWorld;
use supabase::SupabaseWorld;
use vercel::VercelWorld;

pub use super::product::Env;
use super::product::Product;

/// How a build behaves once it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// It is well.
    pub healthy: bool,
    /// What it says and logs when it is not.
    pub error: Option<String>,
    /// Added to every answer, milliseconds.
    pub slow_ms: u64,
    /// An unhealthy build still answers well for this long after its start.
    pub grace: SignedDuration,
}

impl Health {
    /// A build that is well.
    #[must_use]
    pub fn good() -> Self {
        Self { healthy: true, error: None, slow_ms: 0, grace: SignedDuration::ZERO }
    }

    /// Whether it answers well at this age.
    #[must_use]
    pub fn ok(&self, age: SignedDuration) -> bool {
        self.healthy || age < self.grace
    }

    /// The text of its error.
    #[must_use]
    pub fn error_text(&self) -> &str {
        self.error.as_deref().unwrap_or("RuntimeError: worker failed to boot")
    }
}

/// Something that is due at a time.
#[derive(Debug, Clone)]
pub enum Action {
    /// An event of the scenario language.
    Event(Box<Event>),
    /// A step of a deploy.
    Deploy(Step),
}

/// The whole world.
#[derive(Debug, Clone)]
pub struct World {
    /// What is simulated.
    pub product: Arc<Product>,
    /// Where every id comes from.
    pub seed: u64,
    /// When the simulator started.
    pub start: Timestamp,
    /// The time that the world has reached.
    pub now: Timestamp,
    /// Name of the scenario.
    pub scenario: String,
    /// Oldest first.
    pub commits: Vec<Commit>,
    /// Fly.
    pub fly: FlyWorld,
    /// Vercel.
    pub vercel: VercelWorld,
    /// GitHub.
    pub github: GithubWorld,
    /// Supabase.
    pub supabase: SupabaseWorld,
    /// How far the log lines have been written.
    pub traffic_until: Timestamp,
    /// Lines a second of a service's log, where it is not the usual rate.
    pub rates: BTreeMap<(Env, &'static str), Option<u64>>,
    /// Something may have been changed from outside since the last step.
    pub touched: bool,
    /// What was true of the environments.
    truths: truth::History,
    /// The environments of which nothing becomes true by the passing of time alone.
    quiet: BTreeSet<Env>,
    queue: BTreeMap<(Timestamp, u64), Action>,
    counter: u64,
}

impl World {
    /// Puts an action in the queue.
    pub fn schedule(&mut self, at: Timestamp, action: Action) {
        let n = self.count();
        self.queue.insert((at, n), action);
    }

    /// The next number of this world, for ids.
    pub fn count(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Moves the world to `to`: everything that is due happens, in order, at its own time.
    pub fn advance(&mut self, to: Timestamp) {
        self.touched = true;
        self.pass(to);
    }

    /// The same where nobody but who set `touched` can have changed the world since the last step: environments at rest are not
    /// looked at again, so that a step costs little however many there are.
    pub(super) fn pass(&mut self, to: Timestamp) {
        if std::mem::take(&mut self.touched) {
            self.quiet.clear();
        }
        // What was changed from outside since the last step is true since then.
        self.remember_truth();
        while let Some(at) = self.due().filter(|at| *at <= to) {
            let at = at.max(self.now);
            traffic::write(self, at);
            self.now = at;
            self.settle();
            while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= at) {
                let action = entry.remove();
                self.apply(action);
            }
            self.quiet.clear();
            self.remember_truth();
        }
        if to > self.now {
            traffic::write(self, to);
            self.now = to;
            self.settle();
            self.remember_truth();
        }
    }

    /// What is going to happen.
    fn pending(&self) -> impl Iterator<Item = &Action> {
        self.queue.values()
    }

    /// A commit's full SHA.
    #[must_use]
    pub fn sha(&self, commit: usize) -> &str {
        self.commits.get(commit).map_or("", |commit| &commit.sha)
    }

    /// A commit by its full SHA or an unambiguous beginning of it.
    #[must_use]
    pub fn find_commit(&self, sha: &str) -> Option<usize> {
        if sha.len() < 7 {
            return None;
        }
        self.commits.iter().position(|commit| commit.sha.starts_with(sha))
    }

    /// The commit that the most machines of an environment run.
    #[must_use]
    pub fn backend_commit(&self, env: Env) -> Option<usize> {
        let app = self.fly.env(env)?;
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for machine in &app.machines {
            if let Some(image) = app.image_of(machine) {
                *counts.entry(image.commit).or_default() += 1;
            }
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(commit, _)| commit)
    }

    fn due(&self) -> Option<Timestamp> {
        let queue = self.queue.first_key_value().map(|((at, _), _)| *at);
        let machines = self.fly.apps.iter().flat_map(|app| &app.machines).filter_map(fly::Machine::due).min();
        let walks = self.supabase.projects.iter().filter_map(|project| Some(project.walk.front()?.0)).min();
        [queue, machines, walks, self.vercel.due(), self.turns()].into_iter().flatten().min()
    }

    fn settle(&mut self) {
        let now = self.now;
        self.fly.apps.iter_mut().for_each(|app| app.settle(now));
        self.vercel.settle(now);
        self.supabase.projects.iter_mut().for_each(|project| project.settle(now));
    }

    /// Does one thing, now.
    pub fn apply(&mut self, action: Action) {
        match action {
            Action::Event(event) => self.happen(&event),
            Action::Deploy(step) => self.deploy_step(step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(seed: u64) -> World {
        let start = "2026-11-20T09:00:00Z".parse().expect("a time");
        seed::world(seed, start, "bad-deploy").expect("a scenario")
    }

    #[test]
    fn one_big_step_gives_the_same_world_as_many_small_ones() {
        let (mut big, mut small) = (world(7), world(7));
        let end = big.start + SignedDuration::from_secs(45);
        big.advance(end);
        while small.now < end {
            small.advance((small.now + SignedDuration::from_millis(170)).min(end));
        }
        assert_eq!(format!("{:?}", big.fly.apps), format!("{:?}", small.fly.apps));
        assert_eq!(format!("{:?}", big.vercel), format!("{:?}", small.vercel));
    }

    #[test]
    fn the_bad_deploy_rolls_machine_by_machine() {
        let mut world = world(7);
        let mut seen = BTreeSet::new();
        for second in 0..40 {
            world.advance(world.start + SignedDuration::from_secs(second));
            let app = world.fly.env(Env::PRODUCTION).expect("an app");
            let digests: BTreeSet<&str> = app.machines.iter().map(|one| one.digest.as_str()).collect();
            seen.insert(digests.len());
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [1, 2], "uniform, and mixed in between");
        let app = world.fly.env(Env::PRODUCTION).expect("an app");
        assert!(app.machines.iter().all(|machine| !app.healthy(machine, world.now)));
        assert_eq!(app.release().map(|release| (release.version, release.status.as_str())), Some((42, "complete")));
    }
}
