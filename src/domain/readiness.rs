//! What is asked before a promotion, and what the answers mean. The screen asks from what it knows, a plan from what it has read anew; both
//! judge by these functions, so that they say the same of the same facts.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

use super::environment::{EnvInfo, ServiceInfo, Status};
use super::health::ProbeState;
use super::ids::{EnvId, ServiceId, Sha};
use super::overrides::Override;
use super::pipeline::Run;
use super::release::Deployment;
use super::secret::SecretRow;
use super::shipment::listed;
use super::state::State;
use super::status::{Judgement, ServiceState};
use crate::sanitize::Text;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criterion {
    /// Whether the configuration says what is promoted to where.
    Configured,
    /// Whether the environment that is promoted is healthy.
    Source,
    /// Whether it runs another commit than the target, and one that may go there.
    Candidate,
    /// Whether the runs of the commit ended well.
    Pipeline,
    /// Whether a gate waits.
    Gates,
    /// Whether a lock, a mark, a freeze or a pin stands against it.
    Claims,
    /// Whether the target has the secrets that it needs.
    Secrets,
    /// Whether the target is healthy before it is changed.
    Target,
    /// Whether platforms, repository and databases of the target report no problem.
    Platforms,
    /// What they say of their condition, where a judgement on the target says more: no promise that all is well.
    Condition,
    /// Whether an operation is under way.
    Operations,
    /// Whether all of this was read lately.
    Fresh,
}

impl Criterion {
    /// Of whom it is told that nothing is wrong: of the target's platforms alone, and never beside a judgement on the target that says
    /// otherwise.
    #[must_use]
    pub const fn of_platforms(target: Status, platforms: Status) -> Self {
        match (target, platforms) {
            (_, Status::Fail) | (Status::Ok, Status::Ok) => Self::Platforms,
            _ => Self::Condition,
        }
    }

    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Configured => "promotes_to is configured",
            Self::Source => "the source is healthy",
            Self::Candidate => "there is something to promote",
            Self::Pipeline => "its pipeline passed",
            Self::Gates => "no gate is in the way",
            Self::Claims => "nobody holds it",
            Self::Secrets => "secrets are in place",
            Self::Target => "the target is healthy now",
            Self::Platforms => "the target's platforms are well",
            Self::Condition => "the target's platforms",
            Self::Operations => "nothing is in flight",
            Self::Fresh => "all of this is fresh",
        }
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

impl Serialize for Criterion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.words())
    }
}

/// What a rating means for a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// It is not in the way.
    Clear,
    /// It is.
    Blocks,
    /// It was not read, not lately, or not whole.
    Unread,
}

impl Means {
    /// What a status means by itself.
    #[must_use]
    pub const fn of(status: Status) -> Self {
        match status {
            Status::Unknown => Self::Unread,
            Status::Ok | Status::Warn => Self::Clear,
            Status::Fail | Status::Paused | Status::Running => Self::Blocks,
        }
    }
}

/// What has to be overridden with a reason where a question is answered like this: what is red, and a target of which nobody knows how it
/// stands. A source like that is promoted by no reason ([`cannot`]).
#[must_use]
pub fn against(asks: Criterion, status: Status, says: &Text) -> Option<Override> {
    let unread = status == Status::Unknown && asks == Criterion::Target;
    (status == Status::Fail || unread).then(|| Override::RedGate { asks, says: says.clone(), unread })
}

/// How a criterion is met, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// How it stands.
    pub status: Status,
    /// What that means for a promotion.
    pub means: Means,
    /// What is known.
    pub says: Text,
}

impl Rating {
    /// A rating that means what its status does.
    #[must_use]
    pub fn new(status: Status, says: impl AsRef<str>) -> Self {
        Self { status, means: Means::of(status), says: Text::clean(says.as_ref()) }
    }
}

/// Whether an environment is healthy, by its judgement and by what its probes saw last: what fails now is not promoted without a reason,
/// also where it has not failed for long enough to be called failing.
#[must_use]
pub fn healthy(
    env: &EnvInfo,
    judged: &Judgement,
    services: &BTreeMap<ServiceId, ServiceState>,
    probes: &[ProbeState],
) -> Rating {
    let declared = env.services.iter().filter_map(|info| services.get(&info.id)?.declared.as_ref());
    // A challenge answers a probe as it answers a robot.
    let challenged = declared.into_iter().any(|one| one.switches.challenged);
    let mut samples = probes.iter().filter_map(|probe| Some((probe, probe.samples.back()?)));
    let failed = samples.find_map(|(probe, sample)| Some((probe, sample.failure.as_ref()?))).filter(|_| !challenged);
    let words = judged.words();
    match (judged.state, failed) {
        // What is paused serves nobody: as with what fails, somebody has to say why it is gone on with.
        (State::Failing | State::Mixed | State::Paused, _) => Rating::new(Status::Fail, format!("{}: {words}", env.id)),
        // What is not known is not made known by one probe.
        (State::Unknown, _) => Rating::new(Status::Unknown, format!("{}: {words}", env.id)),
        (_, Some((probe, why))) => Rating::new(Status::Fail, format!("{}: {} fails: {why}", env.id, probe.id.name)),
        (State::Flapping, None) => {
            Rating { means: Means::Blocks, ..Rating::new(Status::Warn, format!("{}: {words}", env.id)) }
        }
        (State::Healthy, None) if probes.is_empty() => {
            Rating::new(Status::Warn, format!("{}: {words}, and nothing probes it", env.id))
        }
        (state, None) => Rating::new(state.tone(), format!("{}: {words}", env.id)),
    }
}

/// Why what an environment runs can be promoted by nobody: it must be known to run there, alone, and to serve.
#[must_use]
pub fn cannot(from: &EnvId, judged: &Judgement) -> Option<String> {
    match judged.state {
        State::Mixed | State::Unknown | State::Paused => Some(format!("{from} is {}", judged.words())),
        _ if judged.mixed => Some(format!("{from} is {}", judged.words())),
        _ => None,
    }
}

/// Whether an environment runs a commit already: every service of it, by all that is declared and observed of its machines and domains. One
/// whose service stays behind may be brought there.
#[must_use]
pub fn runs_already(judged: &Judgement, sha: &Sha) -> bool {
    let known =
        !judged.mixed && !judged.stays && !matches!(judged.state, State::Mixed | State::Unknown | State::Deploying);
    known && judged.sha().is_some_and(|live| live.same(sha))
}

/// Whether there is something to bring to the target: `new` is what the source runs, `judged` how the target stands.
#[must_use]
pub fn candidate(
    target: &EnvInfo,
    (new, judged): (Option<&Sha>, &Judgement),
    services: &BTreeMap<ServiceId, ServiceState>,
    releases: &BTreeMap<ServiceId, Vec<Deployment>>,
) -> Rating {
    let Some(new) = new else {
        return Rating::new(Status::Unknown, "the source does not run one known commit");
    };
    let Some(live) = judged.sha() else {
        return Rating::new(Status::Unknown, format!("{} does not run one known commit", target.id));
    };
    if new.same(live) && judged.stays {
        return Rating::new(Status::Warn, format!("both run {}; in {}, {}", new.short(), target.id, judged.why));
    }
    if new.same(live) {
        return Rating::new(Status::Paused, format!("both run {}", new.short()));
    }
    match taken_back(target, new, services, releases) {
        Some(why) => Rating::new(Status::Fail, format!("{} {why}", new.short())),
        None => Rating::new(Status::Ok, format!("{} would replace {}", new.short(), live.short())),
    }
}

/// How a commit left an environment for an older one, if it did: it was rolled back, and is proposed to nobody.
fn taken_back(
    env: &EnvInfo,
    sha: &Sha,
    services: &BTreeMap<ServiceId, ServiceState>,
    releases: &BTreeMap<ServiceId, Vec<Deployment>>,
) -> Option<String> {
    let back = |info: &ServiceInfo| -> Option<String> {
        let rows = releases.get(&info.id)?;
        let first = |of: &Sha| {
            let own = rows.iter().filter(|row| row.sha.as_ref().is_some_and(|it| it.same(of)));
            own.map(|row| row.created_at).min()
        };
        let state = services.get(&info.id)?;
        let seen = state.observed.as_ref().and_then(|observed| observed.sha.as_ref());
        let live = seen.or_else(|| state.declared.as_ref()?.sha.as_ref()).filter(|live| !live.same(sha))?;
        // It was there, and what runs now had been there before it.
        (first(live)? < first(sha)?).then(|| live.short().to_owned())
    };
    let mut to: Vec<(String, Vec<&str>)> = Vec::new();
    for info in &env.services {
        let Some(live) = back(info) else { continue };
        let name = &*info.id.name;
        match to.iter_mut().find(|one| one.0 == live) {
            Some((_, names)) => names.push(name),
            None => to.push((live, vec![name])),
        }
    }
    let to: Vec<String> = to.into_iter().map(|(live, names)| format!("{live} ({})", names.join(", "))).collect();
    (!to.is_empty()).then(|| format!("was rolled back in {} to {}", env.id, to.join(" and ")))
}

/// Runs that speak for a commit or against it, the newest of each workflow. `deploys` tells those that bring it to the target: their end is
/// no judgement on the commit.
#[must_use]
pub fn runs_of<'a>(runs: &'a [Run], commit: &Sha, deploys: impl Fn(&Run) -> bool) -> Vec<&'a Run> {
    let mut newest: Vec<&Run> = Vec::new();
    for run in runs.iter().filter(|run| run.sha.same(commit) && !deploys(run)) {
        // Two of which nobody knows the workflow may be of two: the newer one says nothing of the older.
        match newest.iter_mut().find(|one| one.file == run.file && !run.placeless()) {
            Some(known) if known.id < run.id => *known = run,
            Some(_) => {}
            None => newest.push(run),
        }
    }
    newest
}

/// How a run ended: `CI #12 failure`.
#[must_use]
pub fn told(run: &Run) -> String {
    format!("{} {}", run.name(), run.words)
}

/// Whether the pipeline of a commit passed, by its runs, each in words.
#[must_use]
pub fn passed(runs: &[&Run], told: impl ExactSizeIterator<Item = String>) -> Rating {
    // A run that ended well and does not tell its workflow may be the deploy itself: it speaks for no commit.
    let speaks = |run: &&Run| match run.status {
        Status::Ok if run.placeless() => Status::Unknown,
        status => status,
    };
    match runs.iter().map(speaks).max() {
        None => Rating::new(Status::Unknown, "no recent run is of this commit"),
        Some(worst) => Rating::new(worst, listed(told)),
    }
}

/// Whether the target has the secrets that it needs. `unread` names the lists that were not read, or not lately: what they hold may be
/// missing, or be the same value.
#[must_use]
pub fn secrets(target: &EnvId, rows: &[SecretRow], unread: &[String]) -> Rating {
    let all = rows.iter().flat_map(|row| row.findings.iter().map(move |finding| (row, finding)));
    let own: Vec<_> = all.filter(|(_, finding)| finding.envs.contains(target)).collect();
    let words = |blocks: bool| {
        let some = own.iter().filter(|(_, finding)| finding.blocks == blocks);
        some.map(|(row, finding)| format!("{} {}", row.key, finding.says)).collect::<Vec<_>>()
    };
    let (blocking, rest) = (words(true), words(false));
    if !blocking.is_empty() {
        return Rating::new(Status::Fail, listed(blocking.into_iter()));
    }
    if !unread.is_empty() {
        let found = if rest.is_empty() { String::new() } else { format!("; {}", listed(rest.into_iter())) };
        return Rating::new(Status::Unknown, format!("{}{found}", listed(unread.iter().cloned())));
    }
    if !rest.is_empty() {
        return Rating::new(Status::Warn, listed(rest.into_iter()));
    }
    Rating::new(Status::Ok, "none is missing, none differs that should not")
}

#[cfg(test)]
mod tests;
