//! What speaks for a service: its platform, its edge, its checks and its probes.

use jiff::{SignedDuration, Timestamp};

use super::part::Part;
use super::{Known, distinct};
use crate::domain::environment::{Declared, Instance, Observed, Status};
use crate::domain::feed::{FeedId, FeedStatus};
use crate::domain::health::ProbeState;
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::span::since;
use crate::domain::state::State;
use crate::domain::status::ServiceState;
use crate::domain::{live, spread};

/// How long a machine that has just started may fail its checks while something is under way.
const STARTING: SignedDuration = SignedDuration::from_secs(15);

impl Known<'_> {
    /// What speaks for a service.
    pub(super) fn parts(&self, id: &ServiceId) -> Vec<Part> {
        let unread = ServiceState::default();
        let state = self.services.get(id).unwrap_or(&unread);
        let mut parts = Vec::new();
        let standing = state.declared.as_ref().map(|declared| self.standing(id, declared));
        let declared = match &standing {
            Some((declared, note)) => {
                let part = self.moving(id, state, platform(state, declared, self.now));
                let note =
                    note.as_ref().map(|note| if part.why.is_empty() { note.clone() } else { format!("; {note}") });
                Part { why: format!("{}{}", part.why, note.unwrap_or_default()), ..part }
            }
            None => Part { said: None, ..Part::new(State::Unknown, "") },
        };
        parts.push(match self.absent.get(id).filter(|_| declared.said.is_none()) {
            Some(platform) => {
                let gap = Some(format!("not configured: [platforms.{platform}] is missing"));
                Part { gap, absent: true, ..declared }
            }
            None => self.aged(&FeedId::Declared(id.clone()), "", declared),
        });
        let feed = FeedId::Observed(id.clone());
        if state.observed.is_some() || self.feeds.contains_key(&feed) {
            let observed =
                Part { said: state.observed.as_ref().map(|_| State::Healthy), ..Part::new(State::Healthy, "") };
            let divided = state.observed.as_ref().and_then(Observed::divided);
            let observed = match standing.as_ref().map(|(declared, _)| declared) {
                _ if divided.is_some() => Part::new(State::Mixed, divided.unwrap_or_default()),
                Some(declared) if state.agrees() == Some(false) => {
                    differs(state, declared, self.ahead(id)).unwrap_or(observed)
                }
                Some(declared) => self.beside(id, state, declared).unwrap_or(observed),
                _ => observed,
            };
            let observed = self.moving(id, state, observed);
            parts.push(self.aged(&feed, "the edge ", observed));
        }
        parts.extend(self.checked(id));
        // A probe aims at services of its own environment only.
        let own = self.probes.of(&id.env).iter().filter(|probe| self.aimed.get(&probe.id) == Some(id));
        let own: Vec<&ProbeState> = own.collect();
        if !own.is_empty() {
            parts.extend(self.probed(&id.env, own));
        }
        parts
    }

    /// Another commit than the declared one, that the edge answered a moment ago and does not answer now: both are live, unless the platform
    /// was not asked since.
    fn beside(&self, id: &ServiceId, state: &ServiceState, declared: &Declared) -> Option<Part> {
        let (sha, at) = state.beside().filter(|_| !declared.moves())?;
        let listed = self.feeds.get(&FeedId::Declared(id.clone())).and_then(FeedStatus::last_ok);
        let (says, ago) = (declared.sha.as_ref()?.short(), since(at, self.now));
        Some(if listed.is_some_and(|listed| listed <= at) {
            Part::new(State::Deploying, format!("{says} declared, the edge answered {} {ago} ago", sha.short()))
        } else {
            let why = format!("the edge answered {} {ago} ago, the platform says {says}", sha.short());
            Part::new(State::Mixed, why)
        })
    }
}

/// The commits of a service: one, or those of its machines, or the edge's and the platform's where they differ.
pub(super) fn commits(state: &ServiceState) -> Vec<Sha> {
    let edges = state.observed.iter().flat_map(|one| one.edges.iter().filter_map(|edge| edge.sha.clone()));
    let observed = state.observed.iter().filter_map(|observed| observed.sha.clone()).chain(edges);
    let Some(declared) = &state.declared else { return distinct(observed) };
    let fleet = live::fleet(&declared.instances).map(|(_, commits)| commits);
    let remembered = || Some(live::remembered(state, &declared.instances)).filter(|commits| commits.len() > 1);
    let fleet = fleet.or_else(remembered).unwrap_or_default();
    let beside = state.beside().map(|(sha, _)| sha.clone());
    let pointed = declared.pointed.iter().filter_map(|one| one.sha.clone());
    let declared = declared.sha.clone().filter(|_| fleet.is_empty());
    distinct(observed.chain(declared).chain(fleet).chain(pointed).chain(beside))
}

/// What a platform's own word says.
fn platform(state: &ServiceState, declared: &Declared, now: Timestamp) -> Part {
    if declared.switches.paused {
        return Part::new(State::Paused, "visitors get 503");
    }
    let domains = spread::judged(spread::Live::of(declared), &declared.pointed);
    // Who comes to a domain that nothing serves gets nothing, whatever is under way.
    if let Some((State::Failing, why)) = domains {
        return Part::new(State::Failing, why);
    }
    if let Some(rolling) = declared.switches.rolling {
        let why = format!("{}% of visitors get the new one", rolling.percent);
        return Part::new(if rolling.waits { State::Waiting } else { State::Deploying }, why);
    }
    // What no visitor reaches fails nobody.
    let reached = || declared.instances.iter().filter(|one| !one.cordoned);
    if declared.status == Status::Running {
        let progress = declared.rollout.map(|rollout| format!("{} of {} machines", rollout.done, rollout.total));
        // Without figures the platform's own word says what is under way: a build, a restore.
        let words = progress.unwrap_or_else(|| declared.words.to_string());
        // Visitors who meet a machine that fails get errors, whatever is under way.
        return match (domains, reached().find(|one| ails(one, now))) {
            (Some((State::Mixed, why)), _) if !declared.explains() => {
                Part::new(State::Mixed, format!("{why}; {words}"))
            }
            (_, Some(one)) => {
                Part::new(State::Failing, format!("{words}; {} in {} fails its checks", one.id, one.region))
            }
            (_, None) => Part::new(State::Deploying, words),
        };
    }
    if let (Some((state, why)), true) = (domains, declared.status != Status::Fail) {
        return Part::new(state, why);
    }
    if let Some((words, _)) = live::fleet(&declared.instances) {
        // Where one of them fails its checks, visitors who meet it get errors: that is worse than two commits.
        let sick = reached().find(|one| one.unread.is_none() && one.checks.0 < one.checks.1);
        return match sick {
            _ if declared.status == Status::Fail => Part::new(State::Failing, words),
            Some(one) => Part::new(State::Failing, format!("{words}; {} in {} fails its checks", one.id, one.region)),
            None => Part::new(State::Mixed, words),
        };
    }
    if let Some(rollout) = declared.rollout {
        return Part::new(State::Mixed, format!("live on {} of {}", rollout.done, rollout.total));
    }
    if let Some(part) = dark(state, declared, now) {
        return part;
    }
    match (declared.status, &declared.claimed) {
        (Status::Ok, Some(claimed)) => Part::new(State::Degraded, claimed.against(&declared.label)),
        (Status::Ok, None) => Part::new(State::Healthy, aside(declared)),
        (status, _) => Part::new(State::of(status), declared.words.as_str()),
    }
}

/// What machines say that cannot be read: what each ran when it was last read counts until it is read again, and of one that was never
/// read nothing is known. `None` where all were read, or where those that were do not serve.
fn dark(state: &ServiceState, declared: &Declared, now: Timestamp) -> Option<Part> {
    let reached = || declared.instances.iter().filter(|one| !one.cordoned);
    let unread: Vec<&Instance> = reached().filter(|one| one.unread.is_some()).collect();
    let (first, fails) = (unread.first()?, declared.status == Status::Fail);
    if fails {
        return None;
    }
    if live::remembered(state, &declared.instances).len() > 1 {
        return Some(Part::new(State::Mixed, live::recalled(state, &declared.instances, now)));
    }
    // An image tells as much where no commit is known.
    let image = |one: &&Instance| state.last(one).and_then(|ran| ran.digest.as_ref());
    let alike = |one: &&Instance| {
        let image = image(one);
        image.is_some() && reached().any(|other| other.digest.as_ref() == image)
    };
    let known = |one: &&Instance| state.runs(one).is_some() || alike(one);
    let more = if unread.len() > 1 { format!(" (+{} more)", unread.len() - 1) } else { String::new() };
    let told = |one: &Instance| format!("{}{more}", live::unread(state, one, now));
    if let Some(one) = unread.iter().find(|one| !known(one)) {
        return Some(Part::new(State::Unknown, told(one)));
    }
    let all = reached().count();
    let words = match declared.status {
        Status::Ok => format!("{} of {all} machines known", all - unread.len()),
        _ => declared.words.to_string(),
    };
    let state = if declared.status == Status::Unknown { State::Unknown } else { State::Degraded };
    Some(Part::new(state, format!("{words}; {}", told(first))))
}

/// Machines that no visitor reaches beside those that serve: nobody misses them, and somebody has left them there.
fn aside(declared: &Declared) -> String {
    let out = || declared.instances.iter().filter(|one| one.cordoned);
    match (out().next(), out().count()) {
        (Some(one), 1) => format!("machine {} in {} is out of the proxy", one.id, one.region),
        (Some(_), count) => format!("{count} machines are out of the proxy"),
        (None, _) => String::new(),
    }
}

/// Whether a machine fails its checks for longer than one needs that has just started.
fn ails(machine: &Instance, now: Timestamp) -> bool {
    let since = machine.failing_since.filter(|_| machine.unread.is_none());
    since.is_some_and(|since| now.duration_since(since) >= STARTING)
}

/// The edge answers another commit than the platform declares; `ahead` = it changed after the platform was last asked.
fn differs(state: &ServiceState, declared: &Declared, ahead: bool) -> Option<Part> {
    let (observed, says) = (state.observed.as_ref()?, declared.sha.as_ref()?);
    let sha = observed.sha.as_ref()?;
    // In motion both are true; and an answer from before the change says nothing about it.
    let moves = declared.moves() && declared.explains_answer(sha);
    if moves || ahead || state.declared_at.is_some_and(|at| observed.at <= at) {
        let why = format!("{} declared, the edge answers {}", says.short(), sha.short());
        return Some(Part::new(State::Deploying, why));
    }
    Some(Part::new(State::Mixed, format!("the edge answers {}, the platform says {}", sha.short(), says.short())))
}
