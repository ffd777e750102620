//! What is under way: two commits beside each other are one release on its way, or a mixed pair.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::part::Part;
use super::service::commits;
use super::{Known, distinct};

use crate::domain::environment::{Declared, EnvInfo, ServiceInfo, Status};
use crate::domain::feed::{FeedId, FeedState, FeedStatus, Freshness};
use crate::domain::ids::{EnvId, ServiceId, Sha};
use crate::domain::live::{self, Seen, Together};
use crate::domain::operation::{OpState, Operation, StepKind, StepReport, StepState};
use crate::domain::pipeline::Run;
use crate::domain::run_state::RunState;
use crate::domain::spread;
use crate::domain::state::State;
use crate::domain::status::ServiceState;
use crate::domain::step_durations;

/// A list of deployments may be made of what was read this long before.
const LISTED: SignedDuration = SignedDuration::from_secs(15);

/// A deploy makes its rows on several platforms within this.
const BESIDE: SignedDuration = SignedDuration::from_hours(1);

/// The clocks of two machines differ by so much.
const SKEW: SignedDuration = SignedDuration::from_secs(2);

impl Known<'_> {
    /// Whether the services run one release, and what that says of the environment.
    pub(super) fn together(&self, env: &EnvInfo) -> (Together, Option<Part>) {
        let states = env.services.iter().filter_map(|info| Some((&info.id, self.services.get(&info.id)?)));
        let seen: Vec<Seen<'_>> =
            states.filter_map(|(service, state)| Some(Seen { service, sha: seen(state)? })).collect();
        let file = self.workflows.get(&env.id);
        let runs: Vec<&Run> = self.runs.iter().filter(|run| file.is_some_and(|file| run.of_file(file))).collect();
        let clear: Vec<&Run> = runs.iter().copied().filter(|run| !unclear(run)).collect();
        let mut together = live::together(&seen, self.releases, &clear);
        // That something is under way, or that nothing was cut short, is a word of the pipeline.
        let by_runs = file.is_some() && matches!(together, Together::Moving(_) | Together::Apart(..));
        let (mut unlisted, mut never) = (None, None);
        let commits = || distinct(seen.iter().map(|one| one.sha.clone()));
        let pair = || {
            let each = seen.iter().map(|one| format!("{} {}", one.service.name, one.sha.short()));
            each.collect::<Vec<_>>().join(", ")
        };
        let listed = || seen.iter().find_map(|one| self.barred(&FeedId::Releases(one.service.clone())));
        let apart = matches!(together, Together::Apart(..));
        let barred = by_runs.then(|| self.barred(&FeedId::Pipeline)).flatten();
        let barred = barred.or_else(|| apart.then(listed).flatten());
        // A word that nobody knows may say that it runs, or that it ended.
        let worded = || {
            let pair = matches!(together, Together::Mixed(_) | Together::Apart(..));
            let brings = |run: &&&Run| unclear(run) && seen.iter().any(|one| one.sha.same(&run.sha));
            runs.iter().find(brings).filter(|_| pair).map(|run| format!("{} is {}", named(run), run.words))
        };
        let barred = barred.or_else(worded);
        if barred.is_some() {
            together = Together::Mixed(commits());
        }
        if let Together::Apart(newest, others) = &together {
            let brought = live::brought(newest, &seen, self.releases, &runs);
            never = self.never_listed(&seen, newest, brought);
            unlisted = self.unlisted(others, brought).filter(|_| never.is_none());
        }
        if unlisted.is_some() {
            together = Together::Moving(commits());
        }
        // A build that stays staged, or that is of a third commit and serves nobody yet, ends no pair.
        let reaches = |declared: &Declared| {
            let Some(coming) = &declared.coming else { return true };
            let one_of_them = |sha: &Sha| seen.iter().any(|one| one.sha.same(sha));
            declared.explains() || declared.pin.is_none() && coming.sha.as_ref().is_none_or(one_of_them)
        };
        let moving = |info: &ServiceInfo| {
            let declared = self.services.get(&info.id).and_then(|state| state.declared.as_ref());
            declared.is_some_and(|declared| declared.status == Status::Running && reaches(declared))
                && self.cut_short(&info.id).is_none()
        };
        let behind = match &together {
            Together::Mixed(_) if barred.is_none() => self.behind(&seen, &runs),
            _ => None,
        };
        let services: Vec<&ServiceId> = env.services.iter().map(|info| &info.id).collect();
        let operation = match &together {
            Together::Mixed(commits) | Together::Moving(commits) => self.operation(&env.id, &services, commits),
            _ => None,
        };
        // The edge changed, and the platform was not asked since: something is on its way.
        // A database that restarts brings no commit to anybody: what moves has to be one of those that are seen.
        let shown = |info: &ServiceInfo| seen.iter().any(|one| *one.service == info.id);
        let edge = |info: &ServiceInfo| {
            let differs = self.services.get(&info.id).is_some_and(|state| state.agrees() == Some(false));
            differs && self.ahead(&info.id)
        };
        let rollout = env.services.iter().any(|info| shown(info) && moving(info) || edge(info));
        if let Together::Mixed(commits) = &together
            && (operation.is_some() || rollout || behind.is_some())
        {
            together = Together::Moving(commits.clone());
        }
        let part = match &together {
            Together::Mixed(commits) => {
                let pair = barred.as_ref().map_or_else(&pair, |why| untold(&pair(), why));
                let why = format!("{pair}{}", self.halted(&env.id, &services, commits));
                Some(Part { named: true, ..Part::new(State::Mixed, why) })
            }
            Together::Moving(_) => {
                let why = match (operation, &unlisted) {
                    (None, Some(service)) => {
                        format!("the deployments of {} are not read since: {}", service.name, pair())
                    }
                    (None, None) => match &behind {
                        Some((service, run)) => {
                            format!("{} is not read since {} ended: {}", service.name, named(run), pair())
                        }
                        None => format!("a deployment is under way: {}", pair()),
                    },
                    (Some(one), _) => format!("{} is under way: {}", one.title, pair()),
                };
                Some(Part { named: true, ..Part::new(State::Deploying, why) })
            }
            Together::Apart(..) => return (together, never.or_else(|| self.apart(by_runs))),
            _ => None,
        };
        // Commits that were seen long ago are no pair of now, and a run that was read long ago moves nothing now.
        let by_runs = by_runs && barred.is_none() && operation.is_none() && unlisted.is_none() && !rollout;
        let feeds = seen.iter().flat_map(|one| {
            let service = one.service.clone();
            [FeedId::Declared(service.clone()), FeedId::Observed(service)]
        });
        let old = feeds.chain(by_runs.then_some(FeedId::Pipeline)).find(|feed| self.old(feed));
        let part = part.map(|part| match old {
            Some(feed) => self.aged(&feed, &format!("{feed} "), part),
            None => part,
        });
        (together, part)
    }

    /// A service that was last read before the run ended that brought a commit to the others, and that run: it may have brought it there too.
    fn behind(&self, seen: &[Seen<'_>], runs: &[&Run]) -> Option<(ServiceId, Run)> {
        let brings = |run: &&&Run| run.status == Status::Ok && seen.iter().any(|one| one.sha.same(&run.sha));
        let run = runs.iter().filter(brings).max_by_key(|run| run.updated_at)?;
        let ended = run.updated_at? + SKEW;
        let before = |one: &&Seen<'_>| {
            let answers = self
                .services
                .get(one.service)
                .is_some_and(|state| state.observed.as_ref().is_some_and(|observed| observed.sha.is_some()));
            let id = one.service.clone();
            let feed = if answers { FeedId::Observed(id) } else { FeedId::Declared(id) };
            self.feeds.get(&feed).and_then(FeedStatus::last_ok).is_some_and(|read| read < ended)
        };
        let late = seen.iter().filter(|one| !one.sha.same(&run.sha)).find(before)?;
        Some((late.service.clone(), (*run).clone()))
    }

    /// Why a feed was never read and will not be: the token may not see it. What it would tell is not waited for.
    fn barred(&self, feed: &FeedId) -> Option<String> {
        let status = self.feeds.get(feed).filter(|_| self.old(feed))?;
        match &status.state {
            FeedState::Failing { denied: true, last_ok: None, why, .. } => Some(format!("{feed} withheld ({why})")),
            _ => None,
        }
    }

    /// Services that stay where they are: unknown where the runs were not read lately, as one of them may have stopped half-way.
    fn apart(&self, by_runs: bool) -> Option<Part> {
        let feed = FeedId::Pipeline;
        let status = self.feeds.get(&feed).filter(|_| by_runs)?;
        let said = status.last_ok().map(|_| State::Healthy);
        let part = self.aged(&feed, "pipeline ", Part { said, named: true, ..Part::new(State::Healthy, "") });
        part.gap.is_some().then_some(part)
    }

    /// Deployments that were never read, or that do not reach the newest commit: they tell neither which commit is the newest nor who
    /// was given it.
    fn never_listed(&self, seen: &[Seen<'_>], newest: &Sha, brought: Option<Timestamp>) -> Option<Part> {
        let unread = || Part { said: None, named: true, ..Part::new(State::Unknown, "") };
        let listed = |one: &Seen<'_>| {
            let feed = FeedId::Releases(one.service.clone());
            self.feeds.get(&feed).map(|status| (feed, status))
        };
        let mut feeds = seen.iter().filter_map(|one| Some((one.service, listed(one)?)));
        if let Some((service, (feed, _))) = feeds.clone().find(|(_, (_, status))| status.last_ok().is_none()) {
            return Some(self.aged(&feed, &format!("releases of {} ", service.name), unread()));
        }
        let Some(brought) = brought else {
            let (service, _) = feeds.next()?;
            let gap = format!("releases of {} do not tell when {} was deployed", service.name, newest.short());
            return Some(Part { gap: Some(gap), ..unread() });
        };
        // A row without a commit may be the newest one, given and not taken: a build that waits behind a pin, a release that failed.
        let since = brought.checked_sub(BESIDE).unwrap_or(brought);
        let nameless = |one: &&Seen<'_>| {
            let rows = self.releases.get(one.service).map(Vec::as_slice).unwrap_or_default();
            rows.is_empty() || rows.iter().any(|row| row.sha.is_none() && row.created_at >= since)
        };
        let mut others = seen.iter().filter(|one| !one.sha.same(newest) && listed(one).is_some());
        let name = &others.find(nameless)?.service.name;
        let gap = format!(
            "releases of {name} do not tell their commits: whether it was given {} is not known",
            newest.short()
        );
        Some(Part { gap: Some(gap), ..unread() })
    }

    /// A service whose deployments were not read since a commit was brought: whether it was given that one is not known, and the deploy
    /// is not over before it is.
    fn unlisted(&self, services: &[(ServiceId, Sha)], brought: Option<Timestamp>) -> Option<ServiceId> {
        let unread = |id: &ServiceId| {
            let read = self.feeds.get(&FeedId::Releases(id.clone())).and_then(FeedStatus::last_ok);
            read.zip(brought).is_some_and(|(read, brought)| read < brought + LISTED)
        };
        services.iter().map(|(id, _)| id).find(|id| unread(id)).cloned()
    }

    /// The operation that moves one of these services to one of these commits now.
    fn operation(&self, env: &EnvId, services: &[&ServiceId], commits: &[Sha]) -> Option<&Operation> {
        self.open(env, services, commits).find(|one| step_durations::halt(one, self.now).is_none())
    }

    /// Operations that have not ended and bring one of these commits to one of these services. Not all of them make progress: one that
    /// waits for a machine that nobody can reach, or for a person, ends no mixed pair.
    fn open(&self, env: &EnvId, services: &[&ServiceId], commits: &[Sha]) -> impl Iterator<Item = &Operation> {
        self.operations.values().filter(move |one| {
            let open = one.env == *env && !one.interrupted && !one.state.ended() && !one.kind.gated();
            open && self.brings(one, services, commits)
        })
    }

    /// What is said beside a mixed pair of an operation that would end it and makes no progress.
    fn halted(&self, env: &EnvId, services: &[&ServiceId], commits: &[Sha]) -> String {
        let mut open = self.open(env, services, commits);
        let halted = open.find_map(|one| Some((one, step_durations::halt(one, self.now)?)));
        halted.map(|(one, halt)| format!("; {}: {halt}", one.title)).unwrap_or_default()
    }

    /// Whether an operation brings one of these commits to one of these services. One that sets a secret, pauses or restarts explains no
    /// second commit.
    fn brings(&self, operation: &Operation, services: &[&ServiceId], commits: &[Sha]) -> bool {
        let wanted = |sha: &Sha| commits.iter().any(|one| one.same(sha));
        let commit = operation.commit.as_ref();
        let moved = operation.moves.iter().filter(|one| services.contains(&&one.service)).any(|one| {
            let known = self.releases.get(&one.service).into_iter().flatten().find(|row| row.id == one.to);
            // A deployment whose commit nobody knows explains no commit.
            known.and_then(|row| row.sha.as_ref()).or(commit).is_some_and(wanted)
        });
        // A build is made anew: it is no deployment that could be named before.
        let built = || operation.steps.iter().any(|step| services.contains(&&step.service));
        moved || (operation.kind.goes() && commit.is_some_and(wanted) && built())
    }

    /// A run of the workflow that deploys an environment: it is under way before the first machine moves. Where nothing tells whether one
    /// runs, or where to, that is not known.
    pub(super) fn begins(&self, env: &EnvId, told: bool) -> Option<Part> {
        if let Some(run) = self.deploys(env).find(|run| run.state == RunState::Running) {
            return Some(Part { named: true, ..Part::new(State::Deploying, format!("{} is under way", named(run))) });
        }
        let unknown = |gap| Part { said: None, named: true, gap: Some(gap), ..Part::new(State::Unknown, "") };
        if let Some(run) = self.deploys(env).find(|run| unclear(run)).filter(|_| !told) {
            return Some(unknown(format!("whether {} is under way is not known: it is {}", named(run), run.words)));
        }
        let read = self.workflows.contains_key(env) && !self.old(&FeedId::Pipeline);
        let placeless = |run: &&Run| run.placeless() && matches!(run.state, RunState::Running | RunState::Unknown);
        let run = self.runs.iter().find(placeless).filter(|_| read)?;
        Some(unknown(format!("whether {} deploys here is not known: its workflow's file is not told", named(run))))
    }

    /// Whether a feed has answered long ago, or never and fails.
    fn old(&self, feed: &FeedId) -> bool {
        let freshness = self.feeds.get(feed).map(|status| status.freshness(self.now));
        matches!(freshness, Some(Freshness::Stale(_) | Freshness::Failed))
    }

    /// The runs of the workflow that deploys an environment; none where they were not read lately.
    fn deploys(&self, env: &EnvId) -> impl Iterator<Item = &Run> {
        let file = self.workflows.get(env).filter(|_| !self.old(&FeedId::Pipeline));
        self.runs.iter().filter(move |run| file.is_some_and(|file| run.of_file(file)))
    }

    /// What is under way there and explains that these commits are live beside each other in a service: an operation, or a run that
    /// deploys one of them. A run that was not read lately explains nothing.
    fn under_way(&self, service: &ServiceId, commits: &[Sha]) -> Option<String> {
        let env = &service.env;
        if let Some(operation) = self.operation(env, &[service], commits) {
            return Some(operation.title.to_string());
        }
        let mut running = self.deploys(env).filter(|run| run.status == Status::Running);
        running.find(|run| commits.iter().any(|sha| sha.same(&run.sha))).map(named)
    }

    /// The operation that moved a service last, where it was cut short or ended half-way and nothing else is under way there. The deploy
    /// that it has left open at the platform goes on no more.
    fn cut_short(&self, id: &ServiceId) -> Option<&Operation> {
        let opened = |step: &StepReport| {
            let begun = !matches!(step.state, StepState::Todo | StepState::Skipped);
            step.service == *id && step.kind == StepKind::OpenRelease && begun
        };
        let moved = |one: &&Operation| {
            let moves = one.moves.iter().any(|one| one.service == *id) || one.steps.iter().any(opened);
            one.env == id.env && moves
        };
        let last = self.operations.values().filter(moved).max_by_key(|one| one.started_at)?;
        let stays = last.interrupted || matches!(last.state, OpState::HalfDone | OpState::Unknown | OpState::Left);
        // A deployment that was made after it is somebody else's.
        let newest = self.releases.get(id).into_iter().flatten().map(|one| one.created_at).max();
        let own = newest.is_none_or(|newest| newest <= last.last_heard() + LISTED);
        let open = Some(last).filter(|_| stays && own)?;
        let commits = self.services.get(id).map(commits).unwrap_or_default();
        self.under_way(id, &commits).is_none().then_some(open)
    }

    /// What is declared, as it stands: a deploy of which nothing goes on, because the operation that made it was cut short, is none. Its
    /// machines say how the service is, and the operation is told beside that.
    pub(super) fn standing<'d>(&self, id: &ServiceId, declared: &'d Declared) -> (Cow<'d, Declared>, Option<String>) {
        let rollout = declared.rollout.filter(|_| declared.status == Status::Running);
        let Some((rollout, one)) = rollout.zip(rollout.and_then(|_| self.cut_short(id))) else {
            return (Cow::Borrowed(declared), None);
        };
        let how = if one.interrupted { "was cut short" } else { one.state.word() };
        let note = Some(format!("{} {how}", one.title));
        // A machine that was sent its update goes on by itself; two commits are no better than a pair meanwhile.
        if rollout.fleet == Status::Running && live::fleet(&declared.instances).is_none() {
            return (Cow::Borrowed(declared), note);
        }
        let status = if rollout.fleet == Status::Running { Status::Unknown } else { rollout.fleet };
        (Cow::Owned(Declared { status, rollout: None, ..declared.clone() }), note)
    }

    /// Whether the edge changed after the platform's list was read: that list says nothing about it.
    pub(super) fn ahead(&self, id: &ServiceId) -> bool {
        let changed = self.services.get(id).and_then(|state| state.observed_at);
        let listed = self.feeds.get(&FeedId::Declared(id.clone())).and_then(FeedStatus::last_ok);
        listed.zip(changed).is_some_and(|(listed, at)| listed < at)
    }

    /// Two commits in one service are in motion while something is under way that puts one of them there.
    pub(super) fn moving(&self, id: &ServiceId, state: &ServiceState, part: Part) -> Part {
        if part.said != Some(State::Mixed) {
            return part;
        }
        match self.under_way(id, &commits(state)) {
            Some(what) => Part { why: format!("{what} is under way: {}", part.why), ..part.saying(State::Deploying) },
            None => Part { why: format!("{}{}", part.why, self.halted(&id.env, &[id], &commits(state))), ..part },
        }
    }
}

/// The commits that are live, where nothing tells whether a deploy explains them: they are no better than mixed.
fn untold(pair: &str, why: &str) -> String {
    format!("{pair}; whether a deploy is under way is not known: {why}")
}

/// The commit that is seen to run: the edge's answer, else what the machines run, or where the platform leads visitors.
fn seen(state: &ServiceState) -> Option<&Sha> {
    let observed = state.observed.as_ref().and_then(|observed| observed.sha.as_ref());
    let declared = state.declared.as_ref();
    let machines = || declared.filter(|declared| !declared.instances.is_empty())?.sha.as_ref();
    observed.or_else(machines).or_else(|| spread::led(declared?))
}

/// Whether nobody knows if it goes on: its state is a word that the documentation does not have, or none.
fn unclear(run: &Run) -> bool {
    run.state == RunState::Unknown
}

/// What people call a run: `deploy #148`.
fn named(run: &Run) -> String {
    run.name()
}
