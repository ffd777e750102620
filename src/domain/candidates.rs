//! The releases that an environment can go back to, joined over its services by commit, and which of them is proposed. Pure.

use std::collections::BTreeSet;

use serde::Serialize;

use super::environment::Status;
use super::ids::{ServiceId, Sha};
use super::release::{Deployment, Presence};

/// One thing to go back to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Choice {
    /// Its commit.
    pub sha: Sha,
    /// The deployments it consists of.
    pub deployments: Vec<Deployment>,
    /// Services that have none of it among those that were read.
    pub lacks: Vec<ServiceId>,
    /// Every service runs it now, as far as is known: declared, and not contradicted by its edge.
    pub live: bool,
}

impl Choice {
    /// Whether machines are moved by it: then it is asked how.
    #[must_use]
    pub fn has_machines(&self) -> bool {
        self.deployments.iter().any(|one| one.image.is_some())
    }

    /// Whether all of it was verified healthy by us.
    #[must_use]
    pub fn verified(&self) -> bool {
        self.deployments.iter().all(|one| one.verified == Some(true))
    }

    /// Whether it may be proposed without anybody having chosen it.
    fn sound(&self) -> bool {
        let whole = |one: &Deployment| one.bad.is_none() && one.presence != Presence::Gone;
        !self.live && self.lacks.is_empty() && self.verified() && self.deployments.iter().all(whole)
    }
}

/// The releases of these services, newest first. What was verified healthy is always among them, also where a service has nothing of it any
/// more or its platform does not call it successful. What a list calls current may have been replaced since it was read: the edge's
/// word, where there is one, decides what is live.
#[must_use]
pub fn choices<'a>(
    services: &[ServiceId],
    of: impl Fn(&ServiceId) -> &'a [Deployment],
    runs: impl Fn(&Deployment) -> bool,
) -> Vec<Choice> {
    let usable = |one: &&Deployment| one.status == Status::Ok || one.current || one.verified == Some(true);
    let mut seen: BTreeSet<&Sha> = BTreeSet::new();
    let mut choices: Vec<Choice> = Vec::new();
    for sha in services.iter().flat_map(&of).filter(usable).filter_map(|one| one.sha.as_ref()) {
        if !seen.insert(sha) || choices.iter().any(|choice| choice.sha.same(sha)) {
            continue;
        }
        let same = |one: &&Deployment| one.sha.as_ref().is_some_and(|of| of.same(sha));
        let found = |id: &ServiceId| {
            let mut own = of(id).iter().filter(same).filter(usable);
            own.clone().find(|one| one.current).or_else(|| own.next()).cloned()
        };
        let deployments: Vec<Deployment> = services.iter().filter_map(found).collect();
        let lacks: Vec<ServiceId> =
            services.iter().filter(|id| deployments.iter().all(|one| one.service != **id)).cloned().collect();
        let live = lacks.is_empty() && deployments.iter().all(&runs);
        let choice = Choice { sha: sha.clone(), deployments, lacks, live };
        if choice.lacks.is_empty() || choice.verified() {
            choices.push(choice);
        }
    }
    let newest = |choice: &Choice| choice.deployments.iter().map(|one| one.created_at).max();
    choices.sort_by_key(|choice| std::cmp::Reverse(newest(choice)));
    choices
}

/// The release that is proposed: the newest that was verified healthy and is not what runs.
#[must_use]
pub fn proposed(choices: &[Choice]) -> Option<&Choice> {
    choices.iter().find(|choice| choice.sound())
}

/// Why none is proposed, in words; `None` = one is. What was verified healthy and cannot be proposed is named with what stands against it.
#[must_use]
pub fn unproposed(choices: &[Choice]) -> Option<String> {
    if proposed(choices).is_some() {
        return None;
    }
    let against = |choice: &Choice| {
        let any = |is: fn(&Deployment) -> bool| choice.deployments.iter().any(is);
        match () {
            () if choice.live => "already runs",
            () if any(|one| one.bad.is_some()) => "is marked bad",
            () if any(|one| one.presence == Presence::Gone) => "has lost its image or build",
            () => "is not there for every service",
        }
    };
    let verified: Vec<&Choice> = choices.iter().filter(|choice| choice.verified()).collect();
    let named: Vec<String> =
        verified.iter().map(|choice| format!("{} {}", choice.sha.short(), against(choice))).collect();
    Some(match named.is_empty() {
        true => "none of them was verified healthy".to_owned(),
        false if verified.iter().all(|choice| choice.live) => "the only verified release already runs".to_owned(),
        false => format!("no verified release can be proposed: {}", named.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sanitize::Text;

    fn deployment(service: &str, sha: &str, at: i64, current: bool) -> Deployment {
        Deployment {
            service: ServiceId::new("production", service),
            id: format!("{service}-{sha}").into(),
            label: Text::from("v1"),
            sha: Some(sha.into()),
            image: None,
            status: Status::Ok,
            words: Text::from("complete"),
            stage: None,
            created_at: jiff::Timestamp::from_second(at).unwrap(),
            ran_for: None,
            author: Text::default(),
            message: Text::default(),
            current,
            verified: Some(true),
            presence: Presence::There,
            bad: None,
        }
    }

    fn services() -> [ServiceId; 2] {
        [ServiceId::new("production", "backend"), ServiceId::new("production", "frontend")]
    }

    #[test]
    fn a_list_that_is_older_than_the_deploy_still_proposes_the_last_good_release() {
        let lists = ["backend", "frontend"]
            .map(|name| vec![deployment(name, "9df49c2", 20, true), deployment(name, "0df7e5a", 10, false)]);
        let of = |id: &ServiceId| if &*id.name == "backend" { &lists[0][..] } else { &lists[1][..] };
        let all = choices(&services(), of, |one| one.current && &*one.service.name != "backend");
        assert_eq!(proposed(&all).map(|one| one.sha.as_str()), Some("9df49c2"), "the edge runs something else");
        let all = choices(&services(), of, |one| one.current);
        assert!(all[0].live);
        assert_eq!(proposed(&all).map(|one| one.sha.as_str()), Some("0df7e5a"));
    }

    #[test]
    fn what_was_seen_healthy_is_listed_whatever_became_of_it_and_proposed_only_whole() {
        let mut ended = deployment("backend", "9df49c2", 20, false);
        ended.status = Status::Warn;
        let backend = [deployment("backend", "3e60eac", 30, true), ended];
        let frontend = [deployment("frontend", "3e60eac", 30, true)];
        let of = |id: &ServiceId| if &*id.name == "backend" { &backend[..] } else { &frontend[..] };
        let all = choices(&services(), of, |one| one.current);
        assert_eq!(all.iter().map(|one| one.sha.as_str()).collect::<Vec<_>>(), ["3e60eac", "9df49c2"]);
        assert_eq!(all[1].lacks, [ServiceId::new("production", "frontend")]);
        assert_eq!(proposed(&all), None);
        // The list says so itself: one was verified healthy, whatever stands against it.
        let why = "no verified release can be proposed: 3e60eac already runs, 9df49c2 is not there for every service";
        assert_eq!(unproposed(&all).as_deref(), Some(why));
        let never = |one: &Deployment| Deployment { verified: Some(false), ..one.clone() };
        let (backend, frontend) = ([never(&backend[0])], [never(&frontend[0])]);
        let of = |id: &ServiceId| if &*id.name == "backend" { &backend[..] } else { &frontend[..] };
        let none = choices(&services(), of, |one| one.current);
        assert_eq!(unproposed(&none).as_deref(), Some("none of them was verified healthy"));
    }
}
