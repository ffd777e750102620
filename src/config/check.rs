//! Checks every value of the configuration once and turns it into settings, so that the rest of the program may rely on them.

use std::path::PathBuf;
use std::time::Duration;

use super::address;
use super::file::{self, File};
use super::load::{Env, Flags};
use super::proxy::Proxy;
use super::sources;
use super::token::Token;
use super::trust::Approvals;
use super::{
    Access, DatabaseSettings, DatabaseTls, FlyAccess, LogSource, ObserveAt, ObserveSettings, PollSettings,
    ProbeSettings, Settings, UiSettings, WorkflowSettings, contract, credentials, database, freezes, layers,
};
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo};
use crate::domain::freeze::Freeze;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::promotion::{Promotion, Promotions};
use crate::error::{ExitCode, UserError};
use crate::sanitize;

/// Themes that are part of the program; a test holds the list against the files.
const THEMES: &[&str] = &["dark", "light", "mono", "high-contrast"];

/// Nothing is asked more often than this, whatever is written: a typo must not become an attack.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// Checks a file. `name` says in messages where it came from.
///
/// # Errors
/// When it says something impossible.
pub(super) fn settings(
    file: File,
    name: &str,
    flags: &Flags,
    env: Env<'_>,
    warnings: Vec<String>,
) -> Result<Settings, UserError> {
    Check { name, flags, env }.settings(file, warnings)
}

struct Check<'a> {
    name: &'a str,
    flags: &'a Flags,
    env: Env<'a>,
}

impl Check<'_> {
    fn settings(&self, file: File, mut warnings: Vec<String>) -> Result<Settings, UserError> {
        let (environments, probes, observe) = self.environments(&file.environments)?;
        self.alike(&file.environments, &mut warnings);
        let promotions = Promotions::new(self.promotions(&file.environments)?, &environments);
        let repository = file.repository.as_deref().map(|text| self.repository(text)).transpose()?;
        let all = file.platforms;
        let github = self.access(Platform::Github, all.github.as_ref(), &mut warnings)?;
        let vercel = self.access(Platform::Vercel, all.vercel.as_ref(), &mut warnings)?;
        let supabase = self.access(Platform::Supabase, all.supabase.as_ref(), &mut warnings)?;
        let fly = self.fly(all.fly.as_ref(), &mut warnings)?;
        let mut settings = Settings {
            project: self.plain("project", file.project.as_deref().unwrap_or("unnamed"))?.into(),
            repository: repository.map(Into::into),
            environments,
            probes,
            observe,
            freezes: self.freezes(&file.environments)?,
            databases: self.databases(&file.environments, &mut warnings)?,
            log_sources: self.log_sources(&file.environments)?,
            who: super::person::who(self.env).into(),
            promotions,
            workflows: self.workflows(&file.environments)?,
            github,
            fly,
            vercel_team: all.vercel.and_then(|account| account.team).map(Into::into),
            vercel,
            supabase,
            secrets: contract::rules(&file.secrets, &mut warnings),
            ui: self.ui(&file.ui, &mut warnings)?,
            state_dir: self.state_dir(file.state.dir.as_deref(), &mut warnings),
            write: self.flags.write && !self.flags.readonly,
            poll: self.poll(&file.poll, &mut warnings)?,
            proxy: Proxy::from_env(self.env),
            warnings,
            origin: None,
            project_file: None,
            approvals: Approvals::of(self.env),
        };
        self.every_service_has_a_platform(&mut settings);
        Ok(settings)
    }

    fn refuse(&self, what: &str, hint: &str) -> UserError {
        UserError::new(ExitCode::Usage, format!("{}: {what}", self.name)).now("nothing was started").hint(hint)
    }

    #[expect(clippy::type_complexity, reason = "three lists of one walk, taken apart at once by the only caller")]
    fn environments(
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

    /// Selection, journal and `--confirm` go by name: two of one name would be one to them.
    fn once<'n>(&self, what: &str, names: impl Iterator<Item = &'n str>) -> Result<(), UserError> {
        let mut seen = std::collections::BTreeSet::new();
        for name in names {
            self.plain(what, name)?;
            if !seen.insert(name) {
                return Err(self.refuse(&format!("{what} \"{name}\" is there twice"), "give each a name of its own"));
            }
        }
        Ok(())
    }

    /// GitHub compares names of environments without case, so that two of ours would be one to it.
    fn alike(&self, environments: &[file::Environment], warnings: &mut Vec<String>) {
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

    /// A name as it will stand on the screen: some text, and nothing that a terminal obeys.
    fn plain<'n>(&self, what: &str, name: &'n str) -> Result<&'n str, UserError> {
        if name.trim().is_empty() {
            return Err(self.refuse(&format!("{what}: the name is empty"), "give it a name"));
        }
        if !sanitize::is_clean(name) {
            return Err(self.refuse(
                &format!("{what}: the name \"{}\" holds a control character or an invisible one", name.escape_debug()),
                "leave it out",
            ));
        }
        Ok(name)
    }

    fn repository<'n>(&self, text: &'n str) -> Result<&'n str, UserError> {
        let part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        let named = text.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name));
        named.then_some(text).ok_or_else(|| {
            self.refuse(
                &format!("repository = \"{}\" is not a repository", text.escape_debug()),
                "write it as \"owner/name\"",
            )
        })
    }

    fn freezes(&self, environments: &[file::Environment]) -> Result<Vec<(EnvId, Freeze)>, UserError> {
        let all = environments.iter().flat_map(|env| env.freeze.iter().map(move |one| (env, one)));
        all.map(|(env, written)| {
            let hint = "for example { days = [\"fri\"], from = \"16:00\", to = \"24:00\", zone = \"Europe/Berlin\", reason = \"weekend\" }";
            let bad = |why: String| self.refuse(&format!("freeze of {}: {why}", env.name), hint);
            Ok((EnvId::from(env.name.as_str()), freezes::window(written).map_err(bad)?))
        })
        .collect()
    }

    fn log_sources(&self, environments: &[file::Environment]) -> Result<Vec<LogSource>, UserError> {
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

    fn databases(
        &self,
        environments: &[file::Environment],
        warnings: &mut Vec<String>,
    ) -> Result<Vec<DatabaseSettings>, UserError> {
        let mut all = Vec::new();
        for (environment, service) in environments.iter().flat_map(|env| env.services.iter().map(move |one| (env, one)))
        {
            let Some(written) = &service.postgres else { continue };
            let place = format!("postgres of {}/{}", environment.name, service.name);
            let tls = database::tls(&written.tls).ok_or_else(|| {
                let what = format!("{place}: tls = \"{}\" is not a known value", written.tls.escape_debug());
                self.refuse(&what, "write verified, unverified, or off (for a database on this machine)")
            })?;
            if tls == DatabaseTls::Unverified {
                warnings.push(format!("{place}: the server's certificate is not verified; name a ca_file instead"));
            }
            all.push(DatabaseSettings {
                service: ServiceId::new(environment.name.as_str(), &service.name),
                url: database::url(&place, written, self.flags.dry, |name| self.variable(name), warnings),
                tls,
                ca_file: written.ca_file.as_ref().map(PathBuf::from),
                interval: self.interval(&format!("{place}: interval"), written.interval.as_deref(), 60)?,
            });
        }
        Ok(all)
    }

    /// Each environment is promoted from one other at most, so that nobody has to guess which.
    fn promotions(&self, environments: &[file::Environment]) -> Result<Vec<Promotion>, UserError> {
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

    fn workflows(&self, environments: &[file::Environment]) -> Result<Vec<WorkflowSettings>, UserError> {
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

    fn environment(
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

    fn observe_at(&self, service: &str, rule: &file::Observe) -> Result<ObserveAt, UserError> {
        match (&rule.json, &rule.header, &rule.meta) {
            (Some(pointer), None, None) => Ok(ObserveAt::Json(self.pointer(pointer)?)),
            (None, Some(header), None) => Ok(ObserveAt::Header(header.clone())),
            (None, None, Some(meta)) => Ok(ObserveAt::Meta(meta.clone())),
            _ => Err(self.refuse(
                &format!("observe of {service} must name exactly one of json, header, meta"),
                "for example observe = { url = \"https://…/version\", json = \"/commit\" }",
            )),
        }
    }

    fn pointer(&self, text: &str) -> Result<String, UserError> {
        if text.is_empty() || text.starts_with('/') {
            return Ok(text.to_owned());
        }
        let what = format!("\"{}\" is not a JSON pointer", text.escape_debug());
        Err(self.refuse(&what, "begin it with a slash, as in \"/status\""))
    }

    fn probe(&self, environment: &file::Environment, probe: &file::Probe) -> Result<ProbeSettings, UserError> {
        let place = |key: &str| format!("{key} of probe \"{}\" of {}", probe.name, environment.name);
        if let Some(status) = probe.status.iter().find(|status| !(100..=599).contains(*status)) {
            return Err(
                self.refuse(&format!("{}: {status} is not an HTTP status", place("status")), "write 100 to 599")
            );
        }
        if let Some(origin) = &probe.cors_origin {
            let origin = address::read(origin).map_err(|why| self.bad_address(&place("cors_origin"), why))?;
            if !origin.rest.is_empty() {
                return Err(self.bad_address(&place("cors_origin"), "has more than a scheme, a host and a port"));
            }
        }
        let rule = probe.json.as_ref();
        Ok(ProbeSettings {
            env: environment.name.as_str().into(),
            name: probe.name.as_str().into(),
            url: self.url(&place("url"), &probe.url)?.to_owned(),
            status: probe.status.clone(),
            contains: probe.contains.clone(),
            json: rule.map(|rule| Ok((self.pointer(&rule.pointer)?, rule.equals.clone()))).transpose()?,
            max_latency: probe
                .max_latency
                .as_deref()
                .map(|text| self.duration(&place("max_latency"), Some(text), 0))
                .transpose()?,
            cors_origin: probe.cors_origin.clone(),
            interval: self.interval(&place("interval"), probe.interval.as_deref(), 5)?,
            timeout: self.duration(&place("timeout"), probe.timeout.as_deref(), 5)?,
        })
    }

    fn duration(&self, key: &str, text: Option<&str>, default_seconds: u64) -> Result<Duration, UserError> {
        let Some(text) = text else { return Ok(Duration::from_secs(default_seconds)) };
        let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
        parsed.filter(|span| !span.is_zero()).ok_or_else(|| {
            let what = format!("{key} = \"{}\" is not a duration", text.escape_debug());
            self.refuse(&what, "write it as \"500ms\", \"5s\" or \"1m 30s\"")
        })
    }

    fn interval(&self, key: &str, text: Option<&str>, default_seconds: u64) -> Result<Duration, UserError> {
        let interval = self.duration(key, text, default_seconds)?;
        if interval < SHORTEST_INTERVAL {
            return Err(self.refuse(&format!("{key} is shorter than 100ms"), "ask less often, for example \"2s\""));
        }
        Ok(interval)
    }

    fn poll(&self, poll: &file::Poll, warnings: &mut Vec<String>) -> Result<PollSettings, UserError> {
        let fast = self.interval("poll.fast", poll.fast.as_deref(), 2)?;
        let calm = self.interval("poll.calm", poll.calm.as_deref(), 10)?;
        if fast > calm {
            warnings.push(format!("{}: poll.fast is slower than poll.calm", self.name));
        }
        Ok(PollSettings { fast, calm })
    }

    fn bad_address(&self, key: &str, why: &str) -> UserError {
        self.refuse(&format!("{key} {why}"), "write a whole address, as in https://host.example/path")
    }

    /// Any http or https address: probes and observations carry no token. It stays as written, final slash and all.
    fn url<'n>(&self, key: &str, url: &'n str) -> Result<&'n str, UserError> {
        address::read(url).map_err(|why| self.bad_address(key, why))?;
        Ok(url)
    }

    /// An address that a token is sent to: https, or loopback; paths are added to it, so it ends without a slash.
    fn base(&self, key: &str, url: Option<&str>, default: &str) -> Result<String, UserError> {
        let url = url.unwrap_or(default);
        let read = address::read(url).map_err(|why| self.bad_address(key, why))?;
        if !read.encrypted && !read.loopback {
            let what = format!("{key} would carry a token without encryption");
            return Err(self.refuse(&what, "use https:// (http:// is for this machine only)"));
        }
        if read.rest.contains(['?', '#']) {
            return Err(self.bad_address(key, "holds a query or a fragment"));
        }
        Ok(url.trim_end_matches('/').to_owned())
    }

    fn access(
        &self,
        platform: Platform,
        account: Option<&file::Account>,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Access>, UserError> {
        let Some(account) = account else { return Ok(None) };
        let default = credentials::default_base(platform);
        let base = self.base(&format!("platforms.{platform}.base"), account.base.as_deref(), default)?;
        let token = self.token(platform, account, base == default, warnings);
        Ok(Some(Access { base, token }))
    }

    fn fly(&self, account: Option<&file::Account>, warnings: &mut Vec<String>) -> Result<Option<FlyAccess>, UserError> {
        let Some(account) = account else { return Ok(None) };
        let home = credentials::FLY_BASES;
        let machines = self.base("platforms.fly.machines", account.machines.as_deref(), home[0])?;
        let api = self.base("platforms.fly.api", account.api.as_deref(), home[1])?;
        let token = self.token(Platform::Fly, account, [&*machines, &*api] == home, warnings);
        let drain = self.duration("platforms.fly.drain", account.drain.as_deref(), 10)?;
        Ok(Some(FlyAccess { machines, api, token, drain }))
    }

    fn token(&self, platform: Platform, account: &file::Account, at_home: bool, warnings: &mut Vec<String>) -> Token {
        credentials::find(platform, account, (at_home, self.flags.dry), self.env, warnings)
    }

    fn every_service_has_a_platform(&self, settings: &mut Settings) {
        let known = settings.platforms();
        for service in settings.environments.iter().flat_map(|env| &env.services) {
            let platform = service.platform;
            if platform != Platform::Edge && !known.contains(&platform) {
                settings.warnings.push(format!(
                    "{}: {} is on {platform}, but [platforms.{platform}] is missing",
                    self.name, service.id
                ));
            }
        }
    }

    fn ui(&self, ui: &file::Ui, warnings: &mut Vec<String>) -> Result<UiSettings, UserError> {
        let theme = ui.theme.as_deref().unwrap_or("dark");
        if !THEMES.contains(&theme) {
            let shown = theme.escape_debug();
            let near = THEMES.iter().min_by_key(|known| strsim::damerau_levenshtein(theme, known)).unwrap_or(&"dark");
            warnings.push(format!("{}: ui.theme = \"{shown}\" is not a theme: did you mean `{near}`?", self.name));
        }
        let ascii = self.variable("FLIGHTDECK_ASCII").map(|value| value != "0");
        Ok(UiSettings {
            theme: theme.into(),
            no_color: self.no_color(),
            ascii: self.flags.ascii || ascii.or(ui.ascii).unwrap_or_else(|| !self.unicode()),
            mouse: ui.mouse.unwrap_or(true),
            log_bytes: self.bytes(ui.log_memory.as_deref().unwrap_or("256MiB"))?,
        })
    }

    /// A variable that is set to something.
    fn variable(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.is_empty())
    }

    /// `NO_COLOR` counts whatever it holds, `0` too: that is its contract.
    fn no_color(&self) -> bool {
        let is = |name: &str, value: &str| self.variable(name).is_some_and(|found| found == value);
        let on = |name: &str| self.variable(name).is_some_and(|value| value != "0");
        let forced = on("CLICOLOR_FORCE") || on("FORCE_COLOR");
        let asked = self.flags.no_color || self.variable("NO_COLOR").is_some() || on("FLIGHTDECK_NO_COLOR");
        asked || (!forced && (is("CLICOLOR", "0") || self.variable("TERM").is_some_and(|term| monochrome(&term))))
    }

    /// Whether text may be more than ASCII: a locale that is set says so by its encoding. Where none is set, nothing was said.
    fn unicode(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| self.variable(name));
        locale.is_none_or(|locale| {
            let plain = locale.to_lowercase().replace('-', "");
            plain.ends_with("utf8") || plain.contains("utf8@")
        })
    }

    fn bytes(&self, text: &str) -> Result<usize, UserError> {
        let parsed = text.strip_suffix("MiB").and_then(|number| number.trim().parse::<usize>().ok());
        parsed.filter(|mib| (1..=65_536).contains(mib)).map(|mib| mib << 20).ok_or_else(|| {
            self.refuse(
                &format!("ui.log_memory = \"{}\" is not a size", text.escape_debug()),
                "write it as \"256MiB\", between 1MiB and 65536MiB",
            )
        })
    }

    fn state_dir(&self, dir: Option<&str>, warnings: &mut Vec<String>) -> PathBuf {
        if let Some(dir) = self.variable("FLIGHTDECK_STATE_DIR") {
            return dir.into();
        }
        if let Some(dir) = dir.filter(|dir| !dir.is_empty()) {
            return dir.into();
        }
        layers::folder(self.env, "XDG_STATE_HOME", ".local/state").map_or_else(
            || {
                warnings.push("no home folder: the journal is kept among temporary files; set state.dir".to_owned());
                std::env::temp_dir().join("flightdeck")
            },
            |home| home.join("flightdeck"),
        )
    }
}

/// Whether a terminal of this name has no colours, by the names that terminfo gives them.
fn monochrome(term: &str) -> bool {
    let old = ["dumb", "unknown", "vt52", "vt100", "vt102", "vt220", "vt320"];
    old.contains(&term) || term.ends_with("-mono") || term.ends_with("-m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_themes_is_the_list_of_files() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join("themes");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut known = THEMES.to_vec();
        files.sort();
        known.sort_unstable();
        assert_eq!(files, known);
    }
}
