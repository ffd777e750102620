//! What a world may not say, and how that is told.

use std::collections::{BTreeMap, BTreeSet};

use super::{Backend, Env, Environment, Probes, Product, Secret, Secrets, Tier, Trigger, file, refusal};
use crate::error::UserError;
use crate::sim::world::commits::HISTORY;
use crate::sim::world::fly::REGIONS;
use crate::sim::world::scenarios;

/// So many environments at most: their number is kept in 16 bits, and each has an origin or a path.
const MOST: usize = 5_000;
/// So many with ports of their own.
const MOST_PORTS: usize = 100;
/// So many machines in a region.
const MOST_MACHINES: usize = 20;
/// Slugs that Vercel keeps for itself.
const RESERVED: [&str; 3] = ["production", "preview", "development"];

/// Looks at a file that could be read.
pub(super) struct Check<'a> {
    /// What errors call the file.
    pub place: &'a str,
}

fn slug(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    plain && (1..=40).contains(&text.len()) && !text.starts_with('-') && !text.ends_with('-')
}

fn domain(text: &str) -> bool {
    text.len() <= 200 && text.contains('.') && text.split('.').all(slug)
}

fn key(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain && (1..=100).contains(&text.len()) && !text.starts_with(|first: char| first.is_ascii_digit())
}

impl Check<'_> {
    fn refuse(&self, what: &str, hint: impl Into<String>) -> UserError {
        refusal(format!("world {}: {what}", self.place)).hint(hint)
    }

    pub fn product(&self, written: file::World, environments: Option<usize>) -> Result<Product, UserError> {
        self.slug("name", &written.name)?;
        let project = written.project.unwrap_or_else(|| format!("{}-web", written.name));
        self.slug("project", &project)?;
        if scenarios::text(&written.scenario).is_none() {
            let what = format!("there is no scenario '{}'", written.scenario);
            return Err(self.refuse(&what, format!("scenario is one of: {}", scenarios::NAMES.join(", "))));
        }
        let page = written.page.unwrap_or_else(|| written.name.clone());
        if page.is_empty() || !page.chars().all(|char| char.is_alphanumeric() || " ,".contains(char)) {
            return Err(self.refuse("page is not letters, digits, commas and spaces", "page = \"Harbour\""));
        }
        let mut all = Vec::new();
        let fleet = self.fleet(written.fleet, environments)?;
        let platforms = !written.environment.is_empty() || fleet.as_ref().is_some_and(|fleet| fleet.platforms);
        if written.environment.len() > MOST_PORTS {
            let what = format!("{} [[environment]]s, of {MOST_PORTS} at most", written.environment.len());
            return Err(self.refuse(&what, "a [fleet] makes many environments that are alike"));
        }
        let names = self.names(
            written
                .environment
                .iter()
                .map(|one| one.name.clone())
                .chain(fleet.iter().flat_map(|fleet| (1..=fleet.count).map(|n| fleet_name(fleet, n)))),
        )?;
        for one in written.environment {
            all.push(self.environment(one, &names)?);
        }
        if let Some(fleet) = &fleet {
            all.extend((1..=fleet.count).map(|n| one_of(fleet, n)));
        }
        self.promotions(&all)?;
        self.owned(&all)?;
        let secrets = self.secrets(written.secrets, &names, &all)?;
        let (name, title, scenario) = (written.name, written.title, written.scenario);
        Ok(Product { name, title, scenario, project, page, secrets, platforms, environments: all, names })
    }

    fn slug(&self, what: &str, text: &str) -> Result<(), UserError> {
        if slug(text) {
            return Ok(());
        }
        let hint = "names are lower-case letters, digits and hyphens, 40 at most, no hyphen at either end";
        Err(self.refuse(&format!("{what} '{text}' cannot be a name"), hint))
    }

    fn names(&self, names: impl Iterator<Item = String>) -> Result<BTreeMap<String, Env>, UserError> {
        let mut all = BTreeMap::new();
        for (n, name) in names.enumerate() {
            self.slug("environment", &name)?;
            let place = u16::try_from(n).ok().filter(|_| n < MOST);
            let place = place.ok_or_else(|| self.refuse(&format!("more than {MOST} environments"), "have fewer"))?;
            if all.contains_key(&name) {
                return Err(self.refuse(&format!("environment '{name}' is there twice"), "give each a name of its own"));
            }
            all.insert(name, Env(place));
        }
        if all.is_empty() {
            return Err(self.refuse("no environment", "add an [[environment]] with its services, or a [fleet]"));
        }
        Ok(all)
    }

    fn fleet(&self, fleet: Option<file::Fleet>, asked: Option<usize>) -> Result<Option<file::Fleet>, UserError> {
        let Some(mut fleet) = fleet else {
            return match asked {
                None => Ok(None),
                Some(_) => {
                    let hint = "--environments fills the [fleet] of a world; without --world there is one";
                    Err(self.refuse("it has no [fleet]", hint))
                }
            };
        };
        fleet.count = asked.unwrap_or(fleet.count);
        if !(1..=MOST).contains(&fleet.count) {
            return Err(self.refuse(&format!("a fleet of {} environments", fleet.count), format!("1 to {MOST}")));
        }
        self.slug("[fleet] name", &fleet.name)?;
        if fleet.probe == 0 {
            return Err(self.refuse("[fleet] probe is 0", "probe = 5 asks each every five seconds"));
        }
        Ok(Some(fleet))
    }

    fn environment(&self, one: file::Environment, names: &BTreeMap<String, Env>) -> Result<Environment, UserError> {
        let place = format!("environment '{}'", one.name);
        if one.backend.is_none() && one.frontend.is_none() && one.database.is_none() {
            let hint = "give it at least one of backend, frontend and database";
            return Err(self.refuse(&format!("{place} has no service"), hint));
        }
        let promotes_to = match &one.promotes_to {
            None => None,
            Some(name) => Some(names.get(name).copied().filter(|_| *name != one.name).ok_or_else(|| {
                let known: Vec<&str> = names.keys().filter(|known| **known != one.name).map(String::as_str).collect();
                let hint = format!("promotes_to names another environment: {}", known.join(", "));
                self.refuse(&format!("{place}: promotes_to = '{name}' is no other environment"), hint)
            })?),
        };
        let rises = one.runs.windows(2).all(|pair| pair.first() < pair.last());
        if one.runs.is_empty() || !rises || one.runs.last().is_some_and(|last| *last >= HISTORY) {
            let hint =
                format!("runs lists the commits that it has run, oldest first, 0 to {}: runs = [6, 7, 8]", HISTORY - 1);
            return Err(self.refuse(&format!("{place}: runs = {:?} is no such list", one.runs), hint));
        }
        if !(0..=10_000).contains(&one.deployed_after) {
            return Err(
                self.refuse(&format!("{place}: deployed_after = {}", one.deployed_after), "minutes, 0 to 10000")
            );
        }
        if let Some(backend) = &one.backend {
            self.backend(&place, backend)?;
        }
        if let Some(frontend) = &one.frontend {
            if frontend.domains.is_empty() || !frontend.domains.iter().all(|one| domain(one)) {
                let what = format!("{place}: frontend has no domain, or one that is none: {:?}", frontend.domains);
                return Err(self.refuse(&what, "frontend = { domains = [\"shop.example.com\"] }"));
            }
            if one.tier != Tier::Production && RESERVED.contains(&one.name.as_str()) {
                let what = format!(
                    "{place} of tier {} has a frontend, and Vercel keeps that name for itself",
                    one.tier.word()
                );
                return Err(self.refuse(&what, "name it differently: it is a custom environment on Vercel"));
            }
        }
        if let Some(database) = &one.database {
            self.slug(&format!("{place}: database name"), &database.name)?;
            if database.connections > 100 {
                let what = format!("{place}: {} connections", database.connections);
                return Err(self.refuse(&what, "connections in use, 0 to 100"));
            }
        }
        Ok(Environment {
            name: one.name,
            tier: one.tier,
            promotes_to,
            runs: one.runs,
            deployed_after: one.deployed_after,
            trigger: one.trigger,
            reviewers: one.reviewers,
            branches: one.branches,
            backend: one.backend,
            frontend: one.frontend,
            database: one.database,
            probes: one.probes,
            fleet: false,
        })
    }

    fn backend(&self, place: &str, backend: &Backend) -> Result<(), UserError> {
        self.slug(&format!("{place}: app"), &backend.app)?;
        let known: Vec<&str> = REGIONS.iter().map(|region| region.0).collect();
        let unknown = backend.regions.iter().find(|region| !known.contains(&region.as_str()));
        if let Some(unknown) = unknown {
            let hint = format!("the simulated Fly has these: {}", known.join(", "));
            return Err(self.refuse(&format!("{place}: there is no region '{unknown}'"), hint));
        }
        if backend.regions.is_empty() || !(1..=MOST_MACHINES).contains(&backend.machines) {
            let what = format!("{place}: {} machines in each of {} regions", backend.machines, backend.regions.len());
            return Err(self.refuse(&what, format!("at least one region, and 1 to {MOST_MACHINES} machines in each")));
        }
        let sized = (1..=16).contains(&backend.cpus) && (256..=131_072).contains(&backend.memory_mb);
        if !sized || !backend.memory_mb.is_multiple_of(256) {
            let what = format!("{place}: machines of {} CPUs and {} MB", backend.cpus, backend.memory_mb);
            return Err(self.refuse(&what, "1 to 16 cpus, memory_mb in steps of 256"));
        }
        Ok(())
    }

    /// Promotions are a path: the console refuses anything else, so it would refuse the written configuration.
    fn promotions(&self, all: &[Environment]) -> Result<(), UserError> {
        let mut taken: BTreeMap<Env, &str> = BTreeMap::new();
        for one in all {
            let Some(to) = one.promotes_to else { continue };
            if let Some(other) = taken.insert(to, &one.name) {
                let what = format!("environment '{}': '{other}' promotes to the same environment", one.name);
                return Err(self.refuse(&what, "chain them: staging promotes to the first, the first to the second"));
            }
        }
        for one in all {
            let (mut at, mut steps) = (one.promotes_to, 0);
            while let Some(next) = at.and_then(|env| all.get(env.index())) {
                (at, steps) = (next.promotes_to, steps + 1);
                if steps > all.len() || next.name == one.name {
                    let what = format!("environment '{}': promotes_to leads in a circle", one.name);
                    return Err(self.refuse(&what, "leave promotes_to out where the path ends"));
                }
            }
        }
        Ok(())
    }

    /// What only one environment can have.
    fn owned(&self, all: &[Environment]) -> Result<(), UserError> {
        let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
        for one in all {
            let app = one.backend.iter().map(|backend| ("app", backend.app.as_str()));
            let domains =
                one.frontend.iter().flat_map(|frontend| &frontend.domains).map(|name| ("domain", name.as_str()));
            let database = one.database.iter().map(|database| ("database", database.name.as_str()));
            for (what, name) in app.chain(domains).chain(database) {
                if !seen.insert((what, name)) {
                    let what = format!("environment '{}': {what} '{name}' belongs to another one already", one.name);
                    return Err(self.refuse(&what, "give each environment its own"));
                }
            }
        }
        let mut served = all.iter().filter(|one| one.frontend.is_some() && one.tier == Tier::Production);
        if let (Some(first), Some(second)) = (served.next(), served.next()) {
            let what =
                format!("'{}' and '{}' are both of tier production and have a frontend", first.name, second.name);
            return Err(self.refuse(
                &what,
                "the world has one Vercel project, and that has one production: leave one frontend out",
            ));
        }
        Ok(())
    }

    fn secrets(
        &self,
        written: file::Secrets,
        names: &BTreeMap<String, Env>,
        all: &[Environment],
    ) -> Result<Secrets, UserError> {
        let list = |table: &str, list: Vec<file::Secret>| -> Result<Vec<Secret>, UserError> {
            list.into_iter().map(|one| self.secret(table, one, names, all)).collect()
        };
        Ok(Secrets {
            backend: list("backend", written.backend)?,
            frontend: list("frontend", written.frontend)?,
            functions: list("functions", written.functions)?,
            pipeline: list("pipeline", written.pipeline)?,
            variables: list("variables", written.variables)?,
        })
    }

    fn secret(
        &self,
        table: &str,
        one: file::Secret,
        names: &BTreeMap<String, Env>,
        all: &[Environment],
    ) -> Result<Secret, UserError> {
        let place = format!("[[secrets.{table}]] {}", one.key);
        if !key(&one.key) {
            return Err(
                self.refuse(&format!("{place}: no such key can be"), "letters, digits and underscores, no digit first")
            );
        }
        let (mut values, mut repository) = (BTreeMap::new(), None);
        for (name, value) in one.values {
            if name == "repository" && matches!(table, "pipeline" | "variables") {
                repository = Some(value);
                continue;
            }
            let Some(env) = names.get(&name).copied() else {
                let known: Vec<&str> = names.keys().take(20).map(String::as_str).collect();
                let hint = format!("values are by environment: {}", known.join(", "));
                return Err(self.refuse(&format!("{place}: there is no environment '{name}'"), hint));
            };
            let kept = all.get(env.index()).is_some_and(|one| match table {
                "backend" => one.backend.is_some(),
                "frontend" => one.frontend.is_some(),
                "functions" => one.database.is_some(),
                _ => true,
            });
            if !kept {
                let what = format!("{place}: environment '{name}' has no service that keeps it");
                return Err(self.refuse(&what, "leave the value out, or give the environment that service"));
            }
            values.insert(env, value);
        }
        Ok(Secret { key: one.key, kind: one.kind, required: one.required, repository, values })
    }
}

fn fleet_name(fleet: &file::Fleet, n: usize) -> String {
    format!("{}-{n:04}", fleet.name)
}

/// One environment of a fleet: one service, one machine, one probe, two releases.
fn one_of(fleet: &file::Fleet, n: usize) -> Environment {
    let name = fleet_name(fleet, n);
    let backend = Backend {
        app: name.clone(),
        regions: vec!["iad".to_owned()],
        machines: 1,
        cpus: 1,
        memory_mb: 512,
        first_release: 1,
        lost_release: None,
        lines: Some(fleet.lines),
    };
    Environment {
        name,
        tier: fleet.tier,
        promotes_to: None,
        runs: vec![HISTORY - 4, HISTORY - 3],
        deployed_after: 15,
        trigger: Trigger::Dispatch,
        reviewers: Vec::new(),
        branches: Vec::new(),
        backend: Some(backend),
        frontend: None,
        database: None,
        probes: Probes { backend: fleet.probe, frontend: 0, through: 0 },
        fleet: true,
    }
}
