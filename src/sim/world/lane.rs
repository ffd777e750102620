//! Concurrency groups of workflows (docs/platforms/github.md section 4.6): one run holds its group, others wait in front of it
//! without jobs.

use jiff::{SignedDuration, Timestamp};

use super::deploy::Deploy;
use super::github::{GithubWorld, Job, Run};

/// What a group does with an arrival while it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// The default: one waits; a newer arrival cancels the one that waited.
    Replace,
    /// `cancel-in-progress: true`: the one that runs is cancelled, too.
    CancelRunning,
    /// `queue: max`: up to 100 wait and run one after the other.
    Queue,
}

/// A concurrency group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name; GitHub compares names without regard to case.
    pub name: String,
    /// What it does with an arrival.
    pub overlap: Overlap,
}

/// A run that waits for its group.
#[derive(Debug, Clone)]
pub struct Parked {
    /// The jobs that it will have.
    pub jobs: Vec<Job>,
    /// Since when it waits.
    pub since: Timestamp,
    /// What it brings once it runs.
    pub brings: Deploy,
}

/// How many may wait in a queue.
const QUEUE: usize = 100;

impl Run {
    /// It waits for its group.
    #[must_use]
    pub fn pending(&self, now: Timestamp) -> bool {
        self.parked.is_some() && !self.canceled(now)
    }

    /// It is called off, and that has taken effect.
    #[must_use]
    pub fn canceled(&self, now: Timestamp) -> bool {
        self.canceled_at.is_some_and(|at| at <= now)
    }

    /// It has to wait: its jobs are put away.
    fn park(&mut self, brings: Deploy, since: Timestamp) {
        self.parked = Some(Parked { jobs: std::mem::take(&mut self.jobs), since, brings });
    }

    /// It has its group now: its jobs begin, later by as long as it waited.
    pub fn acquire(&mut self, now: Timestamp) -> Option<Deploy> {
        let parked = self.parked.take()?;
        let late = now.duration_since(parked.since);
        self.jobs = parked.jobs;
        for job in self.jobs.iter_mut().filter(|job| job.starts_at.is_none_or(|start| start >= parked.since)) {
            job.starts_at = job.starts_at.map(|start| start + late);
        }
        if let Some(gate) = &mut self.gate {
            gate.opens_at += late;
        }
        self.acquired_at = now;
        Some(parked.brings)
    }
}

impl GithubWorld {
    /// The group of a run, if its workflow has one.
    #[must_use]
    pub fn group(&self, run: &Run) -> Option<&Group> {
        self.workflows.iter().find(|one| one.id == run.workflow)?.group.as_ref()
    }

    /// Who is in a group: first the one that holds it, then those that wait, oldest first.
    #[must_use]
    pub fn members(&self, group: &str, now: Timestamp) -> Vec<&Run> {
        let mine = |run: &&Run| self.group(run).is_some_and(|one| one.name.eq_ignore_ascii_case(group));
        let mut all: Vec<&Run> =
            self.runs.iter().filter(mine).filter(|run| run.progress(now).status != "completed").collect();
        all.sort_by_key(|run| (run.pending(now), run.parked.as_ref().map(|parked| parked.since)));
        all
    }

    /// A run arrives at its group. `true` = it may begin at once; else it waits, and who had waited may be called off.
    pub fn arrive(&mut self, id: u64, brings: &Deploy, now: Timestamp) -> bool {
        let Some(group) = self.run(id).and_then(|run| self.group(run)).cloned() else { return true };
        let others = self.members(&group.name, now).into_iter().filter(|run| run.id != id);
        let (waiting, holding): (Vec<_>, Vec<_>) =
            others.map(|run| (run.id, run.pending(now))).partition(|(_, pending)| *pending);
        let full = waiting.len() >= QUEUE;
        let gone: Vec<u64> = match group.overlap {
            Overlap::Queue => full.then_some(id).into_iter().collect(),
            Overlap::Replace => waiting.iter().map(|(id, _)| *id).collect(),
            Overlap::CancelRunning => waiting.iter().chain(&holding).map(|(id, _)| *id).collect(),
        };
        for run in self.runs.iter_mut().filter(|run| gone.contains(&run.id)) {
            run.canceled_at = Some(now);
        }
        let free = holding.iter().all(|(id, _)| gone.contains(id));
        if !free && let Some(run) = self.run_mut(id) {
            run.park(brings.clone(), now);
        }
        free
    }

    /// Whether a waiting run is the next and its group is free.
    #[must_use]
    pub fn turn_of(&self, id: u64, now: Timestamp) -> bool {
        let Some(group) = self.run(id).and_then(|run| self.group(run)) else { return true };
        self.members(&group.name, now).first().is_some_and(|run| run.id == id)
    }
}

/// How often a waiting run looks whether its group is free.
pub(super) const LOOK: SignedDuration = SignedDuration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::world::{Env, Health, World, seed};

    fn world(overlap: Overlap) -> World {
        let start = "2026-11-20T09:00:00Z".parse().expect("a time");
        let mut world = seed::world(7, start, "calm").expect("a scenario");
        let group = Group { name: "deploy-production".to_owned(), overlap };
        world.github.workflows.get_mut(1).expect("production").group = Some(group);
        world
    }

    fn deploy(world: &mut World, gated: bool) -> u64 {
        let (env, health, event) = (Env::PRODUCTION, Health::good(), "workflow_dispatch".to_owned());
        world.deploy(Deploy { env, commit: 3, backend: true, frontend: true, health, gated, event, actor: None })
    }

    fn pass(world: &mut World, seconds: i64) {
        world.advance(world.now + SignedDuration::from_secs(seconds));
    }

    fn words(world: &World, id: u64) -> (&'static str, Option<&'static str>) {
        let progress = world.github.run(id).expect("a run").progress(world.now);
        (progress.status, progress.conclusion)
    }

    #[test]
    fn a_gate_keeps_its_group_and_a_newer_arrival_replaces_the_one_that_waits() {
        let mut world = world(Overlap::Replace);
        let held = deploy(&mut world, true);
        pass(&mut world, 5);
        let (second, third) = (deploy(&mut world, false), deploy(&mut world, false));
        assert_eq!(words(&world, held), ("waiting", None));
        assert_eq!(words(&world, second), ("completed", Some("cancelled")), "replaced");
        assert!(world.github.run(second).expect("a run").jobs.is_empty(), "it never had jobs");
        pass(&mut world, 3_600);
        assert_eq!(words(&world, third), ("pending", None), "a forgotten gate holds the lane");
        assert!(world.answer_gate(held, true));
        pass(&mut world, 5);
        assert_eq!((words(&world, held).0, words(&world, third).0), ("in_progress", "pending"));
        pass(&mut world, 12);
        assert_eq!((words(&world, held).0, words(&world, third).0), ("completed", "in_progress"));
        pass(&mut world, 30);
        assert_eq!(words(&world, third), ("completed", Some("success")));
    }

    #[test]
    fn a_group_may_cancel_what_runs_or_let_all_of_them_wait() {
        let mut world = world(Overlap::CancelRunning);
        let (first, second) = (deploy(&mut world, false), deploy(&mut world, false));
        pass(&mut world, 1);
        assert_eq!(words(&world, first), ("completed", Some("cancelled")));
        assert_eq!(words(&world, second).0, "in_progress");
        let mut world = self::world(Overlap::Queue);
        let all = [(); 3].map(|()| deploy(&mut world, false));
        assert_eq!(all.map(|id| words(&world, id).0), ["requested", "pending", "pending"]);
        pass(&mut world, 1);
        assert_eq!(all.map(|id| words(&world, id).0), ["in_progress", "pending", "pending"]);
        pass(&mut world, 15);
        assert_eq!(all.map(|id| words(&world, id).0), ["completed", "in_progress", "pending"]);
        pass(&mut world, 30);
        assert_eq!(all.map(|id| words(&world, id).1), [Some("success"); 3]);
    }

    #[test]
    fn a_run_called_off_while_it_waits_never_begins_and_leaves_its_place() {
        let mut world = world(Overlap::Queue);
        let all = [(); 3].map(|()| deploy(&mut world, false));
        let now = world.now;
        world.github.run_mut(all[1]).expect("a run").canceled_at = Some(now);
        pass(&mut world, 15);
        assert_eq!(words(&world, all[1]), ("completed", Some("cancelled")));
        assert_eq!(words(&world, all[2]).0, "in_progress");
    }
}
