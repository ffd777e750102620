//! `[[environments]]`: where a product runs, and where each environment is promoted to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::freezes::FreezeWindow;
use super::logs::{LogSource, Logs};
use super::postgres::DatabaseSettings;
use super::probes::{Probe, ProbeSettings};
use super::services::{ObserveSettings, Service};
use super::workflows::{Workflow, WorkflowSettings};
use crate::config::Settings;
use crate::config::check::Check;
use crate::config::effective::{self, Origin, Sheet};
use crate::config::inputs::Flags;
use crate::domain::environment::{EnvInfo, Tier};
use crate::domain::freeze::Freeze;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::promotion::{Promotion, Promotions};
use crate::error::UserError;

/// An environment as it is written.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Environment {
    pub name: String,
    #[serde(default = "staging")]
    pub tier: Tier,
    #[serde(default)]
    pub access: Access,
    /// The environment that what runs here is promoted to.
    pub promotes_to: Option<String>,
    pub workflow: Option<Workflow>,
    #[serde(default)]
    pub freeze: Vec<FreezeWindow>,
    #[serde(default)]
    pub services: Vec<Service>,
    #[serde(default)]
    pub probes: Vec<Probe>,
    #[serde(default)]
    pub logs: Vec<Logs>,
}

fn staging() -> Tier {
    Tier::Staging
}

/// Whether it may be changed from here.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Access {
    #[default]
    Read,
    Write,
}

/// What all environments hold.
#[derive(Default)]
pub(in crate::config) struct Product {
    pub(in crate::config) environments: Vec<EnvInfo>,
    pub(in crate::config) probes: Vec<ProbeSettings>,
    pub(in crate::config) observe: Vec<ObserveSettings>,
    pub(in crate::config) freezes: Vec<(EnvId, Freeze)>,
    pub(in crate::config) databases: Vec<DatabaseSettings>,
    pub(in crate::config) log_sources: Vec<LogSource>,
    pub(in crate::config) workflows: Vec<WorkflowSettings>,
    pub(in crate::config) promotions: Promotions,
}

/// Checks all environments.
pub(in crate::config) fn product(
    written: &[Environment],
    check: &Check<'_>,
    warnings: &mut Vec<String>,
) -> Result<Product, UserError> {
    if written.is_empty() && !check.flags.alone {
        return Err(check.refuse("no [[environments]]", "name at least one, with its services"));
    }
    check.once("environment", written.iter().map(|one| one.name.as_str()))?;
    alike(written, check, warnings);
    let mut product = Product::default();
    for one in written {
        one.add_to(&mut product, check, warnings)?;
    }
    product.promotions = Promotions::new(promotions(written, check)?, &product.environments);
    Ok(product)
}

impl Environment {
    /// The keys that are paths.
    pub(in crate::config) fn paths(&mut self) -> impl Iterator<Item = &mut String> {
        let databases = self.services.iter_mut().filter_map(|service| service.postgres.as_mut());
        self.logs.iter_mut().flat_map(Logs::paths).chain(databases.flat_map(|one| one.paths()))
    }

    pub(in crate::config) fn told(&self, all: &ByEnvironment<'_>, check: &Check<'_>, sheet: &mut Sheet<'_>) {
        let key = |last: &str| format!("environments.{}.{last}", self.name);
        let id = EnvId::from(self.name.as_str());
        sheet.add(key("tier"), format!("{:?}", self.tier).to_lowercase());
        let write = all.environments.get(&id).is_some_and(|env| env.writable);
        let origin = match check.flags {
            Flags { readonly: true, .. } => Origin::Flag("--readonly"),
            Flags { write: true, .. } => Origin::Flag("--write"),
            _ => sheet.written(&key("access")),
        };
        sheet.put(key("access"), if write { "write" } else { "read" }, origin);
        sheet.add(key("promotes_to"), all.targets.get(&id).map_or("nothing", |to| to.as_str()));
        of(&all.workflows, &id).for_each(|one| one.told(sheet));
        if !self.freeze.is_empty() {
            sheet.add(key("freeze"), effective::list(self.freeze.iter().map(|one| &one.reason)));
        }
        self.services.iter().for_each(|one| one.told(&self.name, sheet));
        of(&all.databases, &id).for_each(|one| one.told(sheet));
        of(&all.probes, &id).for_each(|one| one.told(sheet));
        of(&all.log_sources, &id).for_each(|one| one.told(sheet));
    }

    fn add_to(&self, product: &mut Product, check: &Check<'_>, warnings: &mut Vec<String>) -> Result<(), UserError> {
        let (name, id) = (self.name.as_str(), EnvId::from(self.name.as_str()));
        let named: Vec<&str> = self.services.iter().map(|one| one.name.as_str()).collect();
        check.once(&format!("service of {id}"), named.iter().copied())?;
        let mut services = Vec::new();
        for one in &self.services {
            services.push(one.info(&id, check)?);
            product.observe.extend(one.observe(&id, check)?);
            if let Some(postgres) = &one.postgres {
                let service = ServiceId::new(id.clone(), &one.name);
                product.databases.push(postgres.settings(service, check, warnings)?);
            }
        }
        check.once(&format!("probe of {id}"), self.probes.iter().map(|one| one.name.as_str()))?;
        for one in &self.probes {
            product.probes.push(one.settings(name, check)?);
        }
        if let Some(workflow) = &self.workflow {
            product.workflows.push(workflow.settings(name, check)?);
        }
        for one in &self.freeze {
            let hint = "for example { days = [\"fri\"], from = \"16:00\", to = \"24:00\", zone = \"Europe/Berlin\", reason = \"weekend\" }";
            let freeze = one.freeze().map_err(|why| check.refuse(&format!("freeze of {id}: {why}"), hint))?;
            product.freezes.push((id.clone(), freeze));
        }
        check.once(&format!("log of {id}"), self.logs.iter().map(|one| one.name.as_str()))?;
        for one in &self.logs {
            let hint = "for example { name = \"worker\", command = [\"docker\", \"logs\", \"-f\", \"worker\"] }";
            let bad = |why: String| check.refuse(&format!("log of {id}: {}: {why}", one.name), hint);
            product.log_sources.push(one.source(name, &named).map_err(bad)?);
        }
        let writable = (self.access == Access::Write || check.flags.write) && !check.flags.readonly;
        product.environments.push(EnvInfo { id, tier: self.tier, services, writable });
        Ok(())
    }
}

/// GitHub compares names of environments without case, so that two of ours would be one to it.
fn alike(environments: &[Environment], check: &Check<'_>, warnings: &mut Vec<String>) {
    let mut seen = BTreeMap::new();
    for name in environments.iter().map(|environment| environment.name.as_str()) {
        if let Some(other) = seen.insert(name.to_lowercase(), name) {
            warnings.push(format!(
                "{}: the environments \"{other}\" and \"{name}\" differ in case only: GitHub takes them for one",
                check.name
            ));
        }
    }
}

/// Each environment is promoted from one other at most, so that nobody has to guess which.
fn promotions(environments: &[Environment], check: &Check<'_>) -> Result<Vec<Promotion>, UserError> {
    let hint = "promotes_to names another environment, for example promotes_to = \"production\"";
    let known: BTreeSet<&str> = environments.iter().map(|one| one.name.as_str()).collect();
    let (mut all, mut sources, mut targets) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for written in environments {
        let Some(to) = &written.promotes_to else { continue };
        let place = format!("promotes_to of {}", written.name);
        if *to == written.name || !known.contains(to.as_str()) {
            let what = format!("{place} = \"{}\" is not another environment", to.escape_debug());
            return Err(check.refuse(&what, hint));
        }
        if let Some(other) = sources.insert(to.as_str(), written.name.as_str()) {
            let what = format!("{place}: {other} promotes to {to} already, and only one may");
            return Err(check.refuse(&what, hint));
        }
        targets.insert(written.name.as_str(), to.as_str());
        all.push(Promotion { from: written.name.as_str().into(), to: to.as_str().into() });
    }
    // Each has one source at most: what no way from a beginning comes past stands in a circle.
    let beginnings = targets.keys().copied().filter(|from| !sources.contains_key(from));
    let passed: BTreeSet<&str> =
        beginnings.flat_map(|from| std::iter::successors(Some(from), |at| targets.get(at).copied())).collect();
    if let Some(circle) = all.iter().find(|one| !passed.contains(one.from.as_str())) {
        return Err(check.refuse(&format!("promotes_to of {} leads in a circle back to it", circle.from), hint));
    }
    Ok(all)
}

/// What settings hold, by environment: each is looked up, where a search for each of many environments would look at all of them.
pub(in crate::config) struct ByEnvironment<'s> {
    environments: BTreeMap<&'s EnvId, &'s EnvInfo>,
    targets: BTreeMap<&'s EnvId, &'s EnvId>,
    workflows: BTreeMap<&'s EnvId, Vec<&'s WorkflowSettings>>,
    databases: BTreeMap<&'s EnvId, Vec<&'s DatabaseSettings>>,
    probes: BTreeMap<&'s EnvId, Vec<&'s ProbeSettings>>,
    log_sources: BTreeMap<&'s EnvId, Vec<&'s LogSource>>,
}

impl<'s> ByEnvironment<'s> {
    pub(in crate::config) fn new(settings: &'s Settings) -> Self {
        Self {
            environments: settings.environments.iter().map(|env| (&env.id, env)).collect(),
            targets: settings.promotions.all().map(|one| (&one.from, &one.to)).collect(),
            workflows: grouped(&settings.workflows, |one| &one.env),
            databases: grouped(&settings.databases, |one| &one.service.env),
            probes: grouped(&settings.probes, |one| &one.env),
            log_sources: grouped(&settings.log_sources, |one| &one.id.env),
        }
    }
}

fn grouped<T>(all: &[T], env: impl Fn(&T) -> &EnvId) -> BTreeMap<&EnvId, Vec<&T>> {
    let mut grouped: BTreeMap<&EnvId, Vec<&T>> = BTreeMap::new();
    for one in all {
        grouped.entry(env(one)).or_default().push(one);
    }
    grouped
}

fn of<'s, T>(grouped: &BTreeMap<&EnvId, Vec<&'s T>>, env: &EnvId) -> impl Iterator<Item = &'s T> {
    grouped.get(env).into_iter().flatten().copied()
}
