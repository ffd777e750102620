//! Environments: their services, where they are promoted to, what deploys them, when they are frozen, whose lines they have.

use super::Check;
use crate::config::file;
use crate::config::{LogSource, ObserveSettings, ProbeSettings, WorkflowSettings, freezes, sources};
use crate::domain::environment::{EnvInfo, ServiceInfo};
use crate::domain::freeze::Freeze;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::promotion::Promotion;
use crate::error::UserError;

impl Check<'_> {
    #[expect(clippy::type_complexity, reason = "three lists of one walk, taken apart at once by the only caller")]
    pub(super) fn environments(
        &self,
        written: &[file::Environment],
    ) -> Result<(Vec<EnvInfo>, Vec<ProbeSettings>, Vec<ObserveSettings>), UserError> {
        if written.is_empty() && !self.flags.alone {
            return Err(self.refuse("no [[environments]]", "name at least one, with its services"));
        }
        self.once("environment", written.iter().map(|environment| environment.name.as_str()))?;
        let (mut environments, mut probes, mut observe) = (Vec::new(), Vec::new(), Vec::new());
        for environment in written {
            environments.push(self.environment(environment, &mut observe)?);
            let place = format!("probe of {}", environment.name);
            self.once(&place, environment.probes.iter().map(|probe| probe.name.as_str()))?;
            for probe in &environment.probes {
                probes.push(self.probe(environment, probe)?);
            }
        }
        Ok((environments, probes, observe))
    }

    /// GitHub compares names of environments without case, so that two of ours would be one to it.
    pub(super) fn alike(&self, environments: &[file::Environment], warnings: &mut Vec<String>) {
        let mut seen = std::collections::BTreeMap::new();
        for name in environments.iter().map(|environment| environment.name.as_str()) {
            if let Some(other) = seen.insert(name.to_lowercase(), name) {
                warnings.push(format!(
                    "{}: the environments \"{other}\" and \"{name}\" differ in case only: GitHub takes them for one",
                    self.name
                ));
            }
        }
    }

    pub(super) fn environment(
        &self,
        environment: &file::Environment,
        observe: &mut Vec<ObserveSettings>,
    ) -> Result<EnvInfo, UserError> {
        let id = EnvId::from(environment.name.as_str());
        let place = format!("service of {id}");
        self.once(&place, environment.services.iter().map(|service| service.name.as_str()))?;
        let mut services = Vec::new();
        for service in &environment.services {
            self.plain(&format!("resource of {}", service.name), &service.resource)?;
            if let Some(rule) = &service.observe {
                observe.push(ObserveSettings {
                    env: id.clone(),
                    service: service.name.as_str().into(),
                    url: self.url(&format!("observe of {}", service.name), &rule.url)?.to_owned(),
                    at: self.observe_at(&service.name, rule)?,
                });
            }
            let url =
                service.url.as_deref().map(|url| self.url(&format!("url of {}", service.name), url)).transpose()?;
            services.push(ServiceInfo {
                id: ServiceId::new(id.clone(), &service.name),
                platform: service.platform,
                resource: service.resource.as_str().into(),
                url: url.map(|url| url.trim_end_matches('/').into()),
            });
        }
        let writable = environment.access == file::Access::Write || self.flags.write;
        Ok(EnvInfo { id, tier: environment.tier, services, writable: writable && !self.flags.readonly })
    }

    /// Each environment is promoted from one other at most, so that nobody has to guess which.
    pub(super) fn promotions(&self, environments: &[file::Environment]) -> Result<Vec<Promotion>, UserError> {
        let mut all: Vec<Promotion> = Vec::new();
        let hint = "promotes_to names another environment, for example promotes_to = \"production\"";
        for written in environments {
            let Some(to) = &written.promotes_to else { continue };
            let place = format!("promotes_to of {}", written.name);
            if *to == written.name || !environments.iter().any(|one| one.name == *to) {
                let what = format!("{place} = \"{}\" is not another environment", to.escape_debug());
                return Err(self.refuse(&what, hint));
            }
            if let Some(other) = all.iter().find(|one| one.to.as_str() == to) {
                let what = format!("{place}: {} promotes to {to} already, and only one may", other.from);
                return Err(self.refuse(&what, hint));
            }
            all.push(Promotion { from: written.name.as_str().into(), to: to.as_str().into() });
        }
        for start in &all {
            // Each has one source at most: after as many steps as there are promotions the way has ended, or is a circle.
            let next = |at: &Promotion| all.iter().find(|one| one.from == at.to);
            let mut way = std::iter::successors(Some(start), |at| next(at)).skip(1).take(all.len());
            if way.any(|one| one == start) {
                return Err(self.refuse(&format!("promotes_to of {} leads in a circle back to it", start.from), hint));
            }
        }
        Ok(all)
    }

    pub(super) fn workflows(&self, environments: &[file::Environment]) -> Result<Vec<WorkflowSettings>, UserError> {
        let mut all = Vec::new();
        for environment in environments {
            let Some(workflow) = &environment.workflow else { continue };
            let plain = |what: &str, text: Option<&str>, default: &str| -> Result<String, UserError> {
                Ok(self.plain(&format!("workflow.{what} of {}", environment.name), text.unwrap_or(default))?.to_owned())
            };
            all.push(WorkflowSettings {
                env: EnvId::from(environment.name.as_str()),
                file: plain("file", Some(&workflow.file), "")?,
                reference: plain("ref", workflow.reference.as_deref(), "main")?,
                input: plain("input", workflow.input.as_deref(), "sha")?,
            });
        }
        Ok(all)
    }

    pub(super) fn freezes(&self, environments: &[file::Environment]) -> Result<Vec<(EnvId, Freeze)>, UserError> {
        let all = environments.iter().flat_map(|env| env.freeze.iter().map(move |one| (env, one)));
        all.map(|(env, written)| {
            let hint = "for example { days = [\"fri\"], from = \"16:00\", to = \"24:00\", zone = \"Europe/Berlin\", reason = \"weekend\" }";
            let bad = |why: String| self.refuse(&format!("freeze of {}: {why}", env.name), hint);
            Ok((EnvId::from(env.name.as_str()), freezes::window(written).map_err(bad)?))
        })
        .collect()
    }

    pub(super) fn log_sources(&self, environments: &[file::Environment]) -> Result<Vec<LogSource>, UserError> {
        let mut all = Vec::new();
        for environment in environments {
            let place = format!("log of {}", environment.name);
            self.once(&place, environment.logs.iter().map(|one| one.name.as_str()))?;
            for written in &environment.logs {
                let bad = |why: String| {
                    let hint =
                        "for example { name = \"worker\", command = [\"docker\", \"logs\", \"-f\", \"worker\"] }";
                    self.refuse(&format!("{place}: {}: {why}", written.name), hint)
                };
                all.push(sources::source(environment, written).map_err(bad)?);
            }
        }
        Ok(all)
    }
}
