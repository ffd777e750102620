//! Facts into the model.

use super::effect::Effect;
use super::model::Model;
use super::msg::Now;
use super::{banner, rollback};
use crate::domain::fact::Fact;
use crate::domain::health::ProbeState;

pub(super) fn fact(model: &mut Model, fact: Fact, now: Now) -> Vec<Effect> {
    match fact {
        Fact::Feed(id, status) => {
            model.feeds.insert(id, status);
        }
        Fact::Declared(id, declared) => model.services.entry(id).or_default().declared = Some(*declared),
        Fact::Observed(id, observed) => model.services.entry(id).or_default().observed = Some(observed),
        Fact::Releases(id, list) => {
            model.releases.insert(id, list);
        }
        Fact::Logs(batch) => {
            model.logs.push(batch);
            return Vec::new();
        }
        Fact::Probe(id, target, sample) => {
            let known = model.probes.iter_mut().find(|probe| probe.id == id);
            match known {
                Some(probe) => {
                    probe.push(sample);
                }
                None => {
                    let mut probe = ProbeState::new(id, target, now.wall);
                    probe.push(sample);
                    model.probes.push(probe);
                }
            }
        }
        Fact::Secrets(env, entries) => {
            model.secret_entries.insert(env, entries);
            model.rebuild_secrets();
        }
        Fact::Pipeline(runs) => model.runs = runs,
        Fact::Budget(platform, budget) => {
            model.budgets.insert(platform, budget);
        }
        Fact::Plan(req, plan) => rollback::planned(model, req, plan),
        Fact::Operation(operation) => {
            model.operations.insert(operation.id, *operation);
        }
        Fact::Notice(text) => model.notice = Some(text),
    }
    banner::judge(model, now)
}
