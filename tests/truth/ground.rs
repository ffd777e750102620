//! The ground truth, reckoned from what the simulator says of its world and from nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// How good something is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    Failing,
    Mixed,
    Deploying,
    Degraded,
    Healthy,
}

/// The world at one moment.
pub struct Ground {
    services: BTreeMap<(String, String), Rank>,
    envs: BTreeMap<String, Rank>,
}

impl Ground {
    /// From the answer of `/_sim/state`.
    pub fn of(state: &Value) -> Self {
        let (mut services, mut envs) = (BTreeMap::new(), BTreeMap::new());
        for (env, value) in state["environments"].as_object().into_iter().flatten() {
            let parts = &value["services"];
            let ranks = [
                ("backend", backend(&parts["backend"])),
                ("frontend", frontend(&parts["frontend"])),
                ("database", database(&parts["database"])),
            ];
            let known: Vec<(&str, Rank)> =
                ranks.into_iter().filter_map(|(name, rank)| rank.map(|rank| (name, rank))).collect();
            let mut worst = known.iter().map(|(_, rank)| *rank).min().unwrap_or(Rank::Healthy);
            let (back, front) = (&parts["backend"]["sha"], &parts["frontend"]["sha"]);
            if back.is_string() && front.is_string() && back != front {
                worst = worst.min(Rank::Mixed);
            }
            envs.insert(env.clone(), worst);
            services.extend(known.into_iter().map(|(name, rank)| ((env.clone(), name.to_owned()), rank)));
        }
        Self { services, envs }
    }

    pub fn env(&self, env: &str) -> Option<Rank> {
        self.envs.get(env).copied()
    }

    pub fn service(&self, env: &str, service: &str) -> Option<Rank> {
        self.services.get(&(env.to_owned(), service.to_owned())).copied()
    }
}

fn backend(one: &Value) -> Option<Rank> {
    let machines = one["machines"].as_array()?;
    let well = machines.iter().filter(|machine| machine["healthy"] == true).count();
    let digests: BTreeSet<&str> = machines.iter().filter_map(|machine| machine["digest"].as_str()).collect();
    Some(if well == 0 {
        Rank::Failing
    } else if digests.len() > 1 {
        // A deploy under way is no mixed pair yet; what it leaves behind is.
        if one["release"]["status"] == "running" { Rank::Deploying } else { Rank::Mixed }
    } else if well < machines.len() {
        Rank::Degraded
    } else {
        Rank::Healthy
    })
}

fn frontend(one: &Value) -> Option<Rank> {
    let aliases: BTreeSet<&str> = one["aliases"].as_object()?.values().filter_map(Value::as_str).collect();
    Some(if one["healthy"] != true || one["paused"] == true {
        Rank::Failing
    } else if aliases.len() > 1 {
        Rank::Mixed
    } else {
        Rank::Healthy
    })
}

fn database(one: &Value) -> Option<Rank> {
    Some(if one["healthy"].as_bool()? { Rank::Healthy } else { Rank::Failing })
}
