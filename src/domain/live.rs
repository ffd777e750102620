//! Which commits are live, and whether they are one release (docs/adr/0001-one-release.md).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::environment::Instance;
use super::environment::Status;
use super::ids::{ServiceId, Sha};
use super::pipeline::Run;
use super::release::Deployment;
use super::span::since;
use super::status::{Ran, ServiceState};
use crate::sanitize::Text;

/// A service with the commit that is seen to run there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Which service.
    pub service: &'a ServiceId,
    /// The edge's answer, or what the machines run.
    pub sha: &'a Sha,
}

/// How the live commits of an environment stand to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Together {
    /// No commit is seen.
    Nothing,
    /// All run this one.
    One(Sha),
    /// The newest one, and services that it did not concern: they were never given it.
    Apart(Sha, Vec<(ServiceId, Sha)>),
    /// They belong to one release and run several commits, the newest first.
    Mixed(Vec<Sha>),
    /// The same, while the deployment of the newest one is under way.
    Moving(Vec<Sha>),
}

/// Whether the commits that are seen are one release. `runs` are those that deploy this environment.
#[must_use]
pub fn together(seen: &[Seen<'_>], releases: &BTreeMap<ServiceId, Vec<Deployment>>, runs: &[&Run]) -> Together {
    let mut commits: Vec<&Sha> = Vec::new();
    for one in seen {
        if commits.iter().all(|known| !known.same(one.sha)) {
            commits.push(one.sha);
        }
    }
    // The newest is the one that was deployed here last for the first time: a rollback deploys an old commit anew.
    commits.sort_by_key(|sha| std::cmp::Reverse(first_deployed(sha, seen, releases)));
    let Some(newest) = commits.first().copied() else { return Together::Nothing };
    if commits.len() == 1 {
        return Together::One(newest.clone());
    }
    let others = || seen.iter().filter(|one| !one.sha.same(newest));
    let given = |service: &ServiceId| {
        let own = releases.get(service).into_iter().flatten();
        own.into_iter().any(|one| one.sha.as_ref().is_some_and(|sha| sha.same(newest)))
    };
    let all = || commits.iter().map(|sha| (*sha).clone()).collect();
    let of_newest = || runs.iter().filter(|run| run.sha.same(newest));
    // The platform's list may not know the newest yet: a run that deploys any of them is on its way.
    let running = runs.iter().any(|run| run.status == Status::Running && commits.iter().any(|sha| sha.same(&run.sha)));
    if running || of_newest().any(|run| !run.over()) {
        return Together::Moving(all());
    }
    // A run that ended well gave the commit to everything that it concerns; one that did not may have stopped half-way.
    let cut_short = of_newest().max_by_key(|run| run.id).is_some_and(|run| run.status != Status::Ok);
    if cut_short || others().any(|one| given(one.service)) {
        return Together::Mixed(all());
    }
    Together::Apart(newest.clone(), others().map(|one| (one.service.clone(), one.sha.clone())).collect())
}

/// When a commit was brought: the end of the run that did it, else when it was first deployed to any of these services.
#[must_use]
pub fn brought(
    sha: &Sha,
    seen: &[Seen<'_>],
    releases: &BTreeMap<ServiceId, Vec<Deployment>>,
    runs: &[&Run],
) -> Option<Timestamp> {
    let ends = runs.iter().filter(|run| run.sha.same(sha)).filter_map(|run| run.updated_at);
    ends.max().or_else(|| first_deployed(sha, seen, releases))
}

/// When a commit was first deployed to any of these services, as far back as their lists reach.
fn first_deployed(sha: &Sha, seen: &[Seen<'_>], releases: &BTreeMap<ServiceId, Vec<Deployment>>) -> Option<Timestamp> {
    let rows = seen.iter().filter_map(|one| releases.get(one.service)).flatten();
    rows.filter(|row| row.sha.as_ref().is_some_and(|of| of.same(sha))).map(|row| row.created_at).min()
}

/// What machines run where they do not run the same image: `iad 7f49b8b, fra 340f57f`, or `2 of 3 machines run 9df49c2, 1 runs 3e60eac`
/// where a region runs both. Machines whose image is not known are no part of it, nor are those that no visitor reaches.
#[must_use]
pub fn fleet(instances: &[Instance]) -> Option<(String, Vec<Sha>)> {
    let mut images: Vec<(&str, Vec<&Instance>)> = Vec::new();
    for one in instances.iter().filter(|one| !one.cordoned) {
        let Some(digest) = &one.digest else { continue };
        match images.iter_mut().find(|(known, _)| *known == digest.as_str()) {
            Some((_, of)) => of.push(one),
            None => images.push((digest.as_str(), vec![one])),
        }
    }
    if images.len() < 2 {
        return None;
    }
    images.sort_by_key(|(_, of)| std::cmp::Reverse(of.len()));
    let name = |of: &[&Instance], digest: &str| {
        let sha = of.iter().find_map(|one| one.sha.as_ref()).map(|sha| sha.short().to_owned());
        let release = || of.iter().find_map(|one| one.release.as_ref()).map(ToString::to_string);
        sha.or_else(release).unwrap_or_else(|| digest.trim_start_matches("sha256:").chars().take(8).collect())
    };
    let all: usize = images.iter().map(|(_, of)| of.len()).sum();
    let words = images.iter().enumerate().map(|(index, (digest, of))| {
        let verb = if of.len() == 1 { "runs" } else { "run" };
        let count = if index == 0 { format!("{} of {all} machines", of.len()) } else { of.len().to_string() };
        format!("{count} {verb} {}", name(of, digest))
    });
    let mut words = words.collect::<Vec<_>>().join(", ");
    let region =
        |of: &[&Instance]| of.first().map(|one| one.region.clone()).filter(|it| of.iter().all(|one| one.region == *it));
    let regions: Option<Vec<(Text, String)>> =
        images.iter().map(|(digest, of)| Some((region(of)?, name(of, digest)))).collect();
    // Each commit in a region of its own: that is what a person asks for.
    if let Some(regions) =
        regions.filter(|all| (1..all.len()).all(|at| all[..at].iter().all(|(one, _)| *one != all[at].0)))
    {
        words = regions.iter().map(|(region, name)| format!("{region} {name}")).collect::<Vec<_>>().join(", ");
    }
    let shas = images.iter().filter_map(|(_, of)| of.iter().find_map(|one| one.sha.clone()));
    let mut distinct: Vec<Sha> = Vec::new();
    for sha in shas {
        if distinct.iter().all(|known| !known.same(&sha)) {
            distinct.push(sha);
        }
    }
    Some((words, distinct))
}

/// The commits that machines run, with those that machines ran which cannot be read now; those that no visitor reaches are no part of it.
#[must_use]
pub fn remembered(state: &ServiceState, instances: &[Instance]) -> Vec<Sha> {
    let mut distinct: Vec<Sha> = Vec::new();
    for sha in instances.iter().filter(|one| !one.cordoned).filter_map(|one| state.runs(one)) {
        if distinct.iter().all(|known| !known.same(sha)) {
            distinct.push(sha.clone());
        }
    }
    distinct
}

/// The same machine by machine: `iad 3e60eac, fra not read for 40s, was 9df49c2`.
#[must_use]
pub fn recalled(state: &ServiceState, instances: &[Instance], now: Timestamp) -> String {
    let mut words: Vec<String> = Vec::new();
    for one in instances.iter().filter(|one| !one.cordoned) {
        let said = match (&one.unread, state.runs(one)) {
            (Some(_), _) => unread(state, one, now),
            (None, Some(sha)) => format!("{} {}", one.region, sha.short()),
            (None, None) => continue,
        };
        if !words.contains(&said) {
            words.push(said);
        }
    }
    words.join(", ")
}

/// What is known of a machine that cannot be read: `fra not read for 40s, was 9df49c2`, `machine 148e in fra never read: host unreachable`.
#[must_use]
pub fn unread(state: &ServiceState, one: &Instance, now: Timestamp) -> String {
    let why = one.unread.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    match state.last(one) {
        Some(Ran { sha: Some(sha), at, .. }) => {
            format!("{} not read for {}, was {}", one.region, since(*at, now), sha.short())
        }
        Some(Ran { sha: None, at, .. }) => {
            format!("machine {} in {} not read for {}{why}", one.id, one.region, since(*at, now))
        }
        None => format!("machine {} in {} never read{why}", one.id, one.region),
    }
}
