//! What runs in a service now, told for each region and for the edge: two commits side by side are never told as one.

use crate::app::model::Model;
use crate::app::msg::Now;
use crate::domain::environment::Declared;
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::operation::Operation;
use crate::domain::span::age;
use crate::domain::spread;

/// What runs there, in words: `backend: iad runs 7f49b8b, fra runs 340f57f; the edge answers 340f57f, 4s ago (mixed …)`.
#[must_use]
pub fn live(model: &Model, service: &ServiceId, now: Now) -> String {
    let judged = model.facts.judge_service(service, now).words();
    let Some(state) = model.facts.services.get(service) else { return format!("{}: {judged}", service.name) };
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
    services
        .retain(|service| model.facts.environments.iter().flat_map(|env| &env.services).any(|one| one.id == **service));
    services.into_iter().map(|service| live(model, service, now)).collect()
}

fn declared(declared: &Declared) -> String {
    if !declared.pointed.is_empty() {
        return spread::domains(&declared.pointed);
    }
    if declared.instances.is_empty() {
        // What runs no commit, as a database, is told in its platform's words.
        return match &declared.sha {
            Some(sha) => format!("{} {} is live", declared.label, sha.short()),
            None => format!("{} is {}", declared.label, declared.words),
        };
    }
    spread::machines(&declared.instances)
}

fn short(sha: Option<&Sha>) -> String {
    sha.map_or_else(|| "an unknown commit".to_owned(), |sha| sha.short().to_owned())
}
