//! What runs in a service now, told for each region and for the edge: two commits side by side are never told as one.

use std::collections::BTreeMap;

use super::model::Model;
use super::msg::Now;
use crate::domain::environment::{Declared, Instance};
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::operation::Operation;
use crate::domain::span::age;

/// What runs there, in words: `backend: iad runs 7f49b8b, fra runs 340f57f; the edge answers 340f57f, 4s ago (mixed …)`.
#[must_use]
pub fn live(model: &Model, service: &ServiceId, now: Now) -> String {
    let judged = model.judge_service(service, now).words();
    let Some(state) = model.services.get(service) else { return format!("{}: {judged}", service.name) };
    let declared = state.declared.as_ref().map_or_else(|| "nothing was read of it".to_owned(), declared);
    let observed = state.observed.as_ref().map_or_else(
        || "its edge was not asked".to_owned(),
        |seen| {
            let ago = now.wall.duration_since(seen.at).unsigned_abs();
            format!("its edge answers {}, {} ago", short(seen.sha.as_ref()), age(ago))
        },
    );
    format!("{}: {declared}; {observed} ({judged})", service.name)
}

/// What runs in every service that an operation is about.
#[must_use]
pub fn of_operation(model: &Model, operation: &Operation, now: Now) -> Vec<String> {
    let moved = operation.moves.iter().map(|one| &one.service);
    let mut services: Vec<&ServiceId> = moved.chain(operation.steps.iter().map(|step| &step.service)).collect();
    services.sort_unstable();
    services.dedup();
    services.retain(|service| model.environments.iter().flat_map(|env| &env.services).any(|one| one.id == **service));
    services.into_iter().map(|service| live(model, service, now)).collect()
}

fn declared(declared: &Declared) -> String {
    if declared.instances.is_empty() {
        return format!("{} {} is live", declared.label, short(declared.sha.as_ref()));
    }
    machines(&declared.instances)
}

fn machines(instances: &[Instance]) -> String {
    let mut regions: BTreeMap<&str, Vec<(String, usize)>> = BTreeMap::new();
    for one in instances {
        let what = runs(one);
        let here = regions.entry(one.region.as_str()).or_default();
        match here.iter_mut().find(|(known, _)| *known == what) {
            Some((_, count)) => *count += 1,
            None => here.push((what, 1)),
        }
    }
    let told = regions.into_iter().map(|(region, all)| {
        let several = all.len() > 1;
        let words = all.into_iter().map(|(what, count)| if several { format!("{what} on {count}") } else { what });
        format!("{region} runs {}", words.collect::<Vec<_>>().join(" and "))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// A machine by its image's commit; a label alone is no proof of what it runs.
fn runs(one: &Instance) -> String {
    if let Some(why) = &one.unread {
        return format!("what could not be read ({why})");
    }
    let what = match (&one.sha, &one.release) {
        (Some(sha), _) => sha.short().to_owned(),
        (None, Some(release)) => format!("an unknown commit (labelled {release})"),
        (None, None) => "an unknown commit".to_owned(),
    };
    if one.state.as_str() == "started" { what } else { format!("{what} ({})", one.state) }
}

fn short(sha: Option<&Sha>) -> String {
    sha.map_or_else(|| "an unknown commit".to_owned(), |sha| sha.short().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(region: &str, sha: Option<&str>, state: &str) -> Instance {
        Instance {
            id: "m".into(),
            region: region.into(),
            state: state.into(),
            digest: None,
            release: Some("v41".into()),
            sha: sha.map(Sha::from),
            checks: (1, 1),
            unread: None,
        }
    }

    #[test]
    fn two_commits_are_told_for_each_region() {
        let told = |instances: Vec<Instance>| machines(&instances);
        let (one, two) = (Some("7f49b8b0000"), Some("340f57f0000"));
        assert_eq!(
            told(vec![machine("iad", one, "started"), machine("fra", two, "started")]),
            "fra runs 340f57f, iad runs 7f49b8b"
        );
        assert_eq!(
            told(vec![machine("iad", one, "started"), machine("iad", two, "started"), machine("iad", one, "started")]),
            "iad runs 7f49b8b on 2 and 340f57f on 1"
        );
        assert_eq!(
            told(vec![machine("iad", None, "started"), machine("fra", one, "stopped")]),
            "fra runs 7f49b8b (stopped), iad runs an unknown commit (labelled v41)"
        );
    }
}
