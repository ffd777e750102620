//! Which service a probe asks.

use std::collections::BTreeMap;

use super::Settings;
use crate::domain::environment::EnvInfo;
use crate::domain::health::ProbeId;
use crate::domain::ids::{EnvId, ServiceId};

impl Settings {
    /// The service that each probe asks: the one of its environment whose address its own begins with, the longest where several do.
    #[must_use]
    pub fn aimed(&self) -> BTreeMap<ProbeId, ServiceId> {
        let environments: BTreeMap<&EnvId, &EnvInfo> = self.environments.iter().map(|one| (&one.id, one)).collect();
        let service = |env: &EnvId, url: &str| {
            let services = environments.get(env).into_iter().flat_map(|one| &one.services);
            let below = services.filter_map(|info| {
                let own = info.url.as_deref()?.trim_end_matches('/');
                let rest = url.strip_prefix(own)?;
                let whole = rest.is_empty() || rest.starts_with(['/', '?', '#']);
                whole.then_some((own.len(), info.id.clone()))
            });
            below.max_by_key(|(length, _)| *length).map(|(_, id)| id)
        };
        let aimed = |probe: &super::ProbeSettings| {
            let id = ProbeId { env: probe.env.clone(), name: probe.name.clone() };
            Some((id, service(&probe.env, &probe.url)?))
        };
        self.probes.iter().filter_map(aimed).collect()
    }

    /// The HTTP statuses that a probe passes on, where it names them.
    #[must_use]
    pub fn expected(&self) -> BTreeMap<ProbeId, Vec<u16>> {
        let named = self.probes.iter().filter(|probe| !probe.status.is_empty());
        let id = |probe: &super::ProbeSettings| ProbeId { env: probe.env.clone(), name: probe.name.clone() };
        named.map(|probe| (id(probe), probe.status.clone())).collect()
    }
}
