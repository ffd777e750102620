//! The outline of a plan from what was read last, shown while everything it needs is read again. It confirms nothing.

use crate::app::model::Model;
use crate::domain::environment::{Declared, Status};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::operation::{Request, Target};
use crate::domain::release::Deployment;

/// What would move from where to where in an environment, line by line.
#[must_use]
pub fn lines(model: &Model, env: &EnvId, request: &Request) -> Vec<String> {
    match request {
        Request::RollBack(targets) => targets.iter().flat_map(|target| moved(model, target)).collect(),
        Request::RollBackTo { commit, alone, strategy, .. } => {
            let own = model.facts.releases.iter().filter(|(id, _)| id.env == *env);
            let own = own.filter(|(id, _)| alone.as_ref().is_none_or(|alone| alone == *id));
            let of = |(id, list): (&ServiceId, &Vec<Deployment>)| {
                let one = list.iter().find(|one| one.sha.as_ref() == Some(commit) && one.status == Status::Ok)?;
                Some(Target { service: id.clone(), deployment: one.id.clone(), strategy: strategy.clone() })
            };
            own.filter_map(of).flat_map(|target| moved(model, &target)).collect()
        }
        Request::Restart(service) => machines(model, service, "restart"),
        Request::Scale(service, counts) => {
            let counts: Vec<String> = counts.iter().map(|(region, count)| format!("{region} {count}")).collect();
            vec![format!(" {}: {}", service.name, counts.join(", "))]
        }
        Request::Review { run, .. } | Request::Cancel { run } | Request::Rerun { run, .. } => {
            let found = model.facts.runs.iter().find(|one| one.id == *run);
            found.map(|run| format!(" {}: {} {}", run.name(), run.sha.short(), run.title)).into_iter().collect()
        }
        Request::Redeploy(service) | Request::Throw(service, _) | Request::SetSecret { service, .. } => {
            declared(model, service).map(|one| format!(" {}: {}", service.name, one.label)).into_iter().collect()
        }
        // What is not known here is told by the plan.
        _ => Vec::new(),
    }
}

fn declared<'a>(model: &'a Model, service: &ServiceId) -> Option<&'a Declared> {
    model.facts.services.get(service)?.declared.as_ref()
}

fn moved(model: &Model, target: &Target) -> Vec<String> {
    let Some(now) = declared(model, &target.service) else { return Vec::new() };
    let list = model.facts.releases.get(&target.service).into_iter().flatten();
    let Some(to) = list.into_iter().find(|one| one.id == target.deployment) else { return Vec::new() };
    let short = |sha: &Option<crate::domain::ids::Sha>| {
        sha.as_ref().map_or_else(|| "?".to_owned(), |sha| sha.short().to_owned())
    };
    let head = format!(" {}: {} {} → {} {}", target.service.name, now.label, short(&now.sha), to.label, short(&to.sha));
    let fleet = machines(model, &target.service, &target.strategy.words());
    std::iter::once(head).chain(fleet).collect()
}

fn machines(model: &Model, service: &ServiceId, how: &str) -> Vec<String> {
    let instances = declared(model, service).map(|declared| declared.instances.as_slice()).unwrap_or_default();
    if instances.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = instances.iter().map(|one| format!("{} {}", one.id, one.region)).collect();
    vec![format!("    {how}: {}", names.join(", "))]
}
