//! Finding, reading and checking the configuration: flag, then environment variable, then project file, then user file, then
//! default (console.md section 10).

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::file::{self, File};
use super::{
    Access, FlyAccess, ObserveAt, ObserveSettings, PollSettings, ProbeSettings, SecretRules, Settings, UiSettings,
    credentials,
};
use crate::domain::environment::{EnvInfo, Platform, ServiceInfo};
use crate::domain::ids::{EnvId, ServiceId};
use crate::error::{ExitCode, UserError};

/// Flags that reach into the configuration.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// `--write`: every environment may be changed.
    pub write: bool,
    /// `--readonly`: none may, whatever the file says.
    pub readonly: bool,
    /// `--ascii`.
    pub ascii: bool,
    /// `--no-color`.
    pub no_color: bool,
}

/// Environment variables by name; tests hand in their own.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Finds and reads the configuration.
///
/// # Errors
/// With the place and the advice when there is no file, it cannot be read, or it says something impossible.
pub fn load(flags: &Flags, env: Env<'_>) -> Result<Settings, UserError> {
    let path = find(flags, env)?;
    let text = read(&path)?;
    let mut settings = parse(&text, Some(&path), flags, env)?;
    settings.origin = Some(path);
    Ok(settings)
}

fn find(flags: &Flags, env: Env<'_>) -> Result<PathBuf, UserError> {
    if let Some(path) = &flags.config {
        return Ok(path.clone());
    }
    if let Some(path) = env("FLIGHTDECK_CONFIG").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let user = config_home(env).map(|home| home.join("flightdeck").join("config.toml"));
    let project = PathBuf::from("flightdeck.toml");
    let candidates = std::iter::once(project).chain(user);
    candidates.into_iter().find(|path| path.exists()).ok_or_else(|| {
        UserError::new(ExitCode::Usage, "no configuration found")
            .now("nothing was started; looked for flightdeck.toml here and config.toml in the user's configuration folder")
            .hint("try it without one: flightdeck demo")
            .hint("begin one: flightdeck config example > flightdeck.toml")
    })
}

fn config_home(env: Env<'_>) -> Option<PathBuf> {
    env("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| env("HOME").map(|home| Path::new(&home).join(".config")))
}

fn read(path: &Path) -> Result<String, UserError> {
    let bytes = std::fs::read(path).map_err(|error| {
        UserError::new(ExitCode::Usage, format!("{} cannot be read: {error}", path.display()))
            .now("nothing was started")
            .hint("name another file with --config FILE")
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let line = 1 + error.as_bytes().iter().take(error.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count();
        UserError::new(ExitCode::Usage, format!("{}:{line}: the file is not UTF-8 text", path.display()))
            .now("nothing was started")
            .hint("save it as UTF-8")
    })
}

/// Checks a configuration text. `path` names it in messages and is checked for its mode when it holds a token.
///
/// # Errors
/// With line and column when the text cannot be understood.
pub fn parse(text: &str, path: Option<&Path>, flags: &Flags, env: Env<'_>) -> Result<Settings, UserError> {
    let name = path.map_or_else(|| "configuration".to_owned(), |path| path.display().to_string());
    if text.trim().is_empty() {
        return Err(UserError::new(ExitCode::Usage, format!("{name} is empty"))
            .now("nothing was started")
            .hint("begin one: flightdeck config example > flightdeck.toml"));
    }
    let file: File = toml::from_str(text).map_err(|error| syntax(&name, text, &error))?;
    private_if_it_holds_a_token(&file, path)?;
    let mut warnings = file::unknown_keys(text);
    for warning in &mut warnings {
        warning.insert_str(0, &format!("{name}: "));
    }
    Builder { name: &name, flags, env }.settings(file, warnings)
}

fn syntax(name: &str, text: &str, error: &toml::de::Error) -> UserError {
    let offset = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    UserError::new(ExitCode::Usage, format!("{name}:{line}:{column}: {}", error.message()))
        .now("nothing was started")
        .hint("flightdeck config example shows every key with its form")
}

/// A token in a file that others may read is no secret.
fn private_if_it_holds_a_token(file: &File, path: Option<&Path>) -> Result<(), UserError> {
    let accounts = [&file.platforms.github, &file.platforms.fly, &file.platforms.vercel, &file.platforms.supabase];
    let holds = accounts.into_iter().flatten().any(|account| account.token.is_some());
    let (true, Some(path)) = (holds, path) else { return Ok(()) };
    credentials::check_private(path)
}

struct Builder<'a> {
    name: &'a str,
    flags: &'a Flags,
    env: Env<'a>,
}

impl Builder<'_> {
    fn settings(&self, file: File, mut warnings: Vec<String>) -> Result<Settings, UserError> {
        let mut environments = Vec::new();
        let mut probes = Vec::new();
        let mut observe = Vec::new();
        for environment in &file.environments {
            environments.push(self.environment(environment, &mut observe)?);
            for probe in &environment.probes {
                probes.push(self.probe(environment, probe)?);
            }
        }
        if environments.is_empty() {
            return Err(self.refuse("no [[environments]]", "name at least one, with its services"));
        }
        let platforms = file.platforms;
        let github =
            self.access(Platform::Github, platforms.github.as_ref(), "https://api.github.com", &mut warnings)?;
        let vercel =
            self.access(Platform::Vercel, platforms.vercel.as_ref(), "https://api.vercel.com", &mut warnings)?;
        let supabase =
            self.access(Platform::Supabase, platforms.supabase.as_ref(), "https://api.supabase.com", &mut warnings)?;
        let fly = self.fly(platforms.fly.as_ref(), &mut warnings)?;
        self.every_service_has_a_platform(&environments, &[&github, &vercel, &supabase], fly.is_some(), &mut warnings);
        Ok(Settings {
            project: file.project.as_deref().unwrap_or("unnamed").into(),
            repository: file.repository.as_deref().map(Into::into),
            environments,
            probes,
            observe,
            github,
            fly,
            vercel_team: platforms.vercel.and_then(|account| account.team).map(Into::into),
            vercel,
            supabase,
            secrets: rules(&file.secrets, &mut warnings),
            ui: self.ui(&file.ui)?,
            state_dir: self.state_dir(file.state.dir.as_deref()),
            write: self.flags.write && !self.flags.readonly,
            poll: PollSettings {
                fast: self.duration("poll.fast", file.poll.fast.as_deref(), 2)?,
                calm: self.duration("poll.calm", file.poll.calm.as_deref(), 10)?,
            },
            warnings,
            origin: None,
        })
    }

    fn refuse(&self, what: &str, hint: &str) -> UserError {
        UserError::new(ExitCode::Usage, format!("{}: {what}", self.name)).now("nothing was started").hint(hint)
    }

    fn environment(
        &self,
        environment: &file::Environment,
        observe: &mut Vec<ObserveSettings>,
    ) -> Result<EnvInfo, UserError> {
        let id = EnvId::from(environment.name.as_str());
        let mut services = Vec::new();
        for service in &environment.services {
            if let Some(rule) = &service.observe {
                observe.push(ObserveSettings {
                    env: id.clone(),
                    service: service.name.as_str().into(),
                    url: self.checked_url(&rule.url)?,
                    at: self.observe_at(&service.name, rule)?,
                });
            }
            services.push(ServiceInfo {
                id: ServiceId::new(id.clone(), &service.name),
                platform: service.platform,
                resource: service.resource.as_str().into(),
                url: service.url.as_deref().map(|url| self.checked_url(url)).transpose()?.map(Into::into),
            });
        }
        let writable = environment.access == file::Access::Write || self.flags.write;
        Ok(EnvInfo { id, tier: environment.tier, services, writable: writable && !self.flags.readonly })
    }

    fn observe_at(&self, service: &str, rule: &file::Observe) -> Result<ObserveAt, UserError> {
        match (&rule.json, &rule.header, &rule.meta) {
            (Some(pointer), None, None) => Ok(ObserveAt::Json(pointer.clone())),
            (None, Some(header), None) => Ok(ObserveAt::Header(header.clone())),
            (None, None, Some(meta)) => Ok(ObserveAt::Meta(meta.clone())),
            _ => Err(self.refuse(
                &format!("observe of {service} must name exactly one of json, header, meta"),
                "for example observe = { url = \"https://…/version\", json = \"/commit\" }",
            )),
        }
    }

    fn probe(&self, environment: &file::Environment, probe: &file::Probe) -> Result<ProbeSettings, UserError> {
        Ok(ProbeSettings {
            env: environment.name.as_str().into(),
            name: probe.name.as_str().into(),
            url: self.checked_url(&probe.url)?,
            status: probe.status.clone(),
            contains: probe.contains.clone(),
            json: probe.json.as_ref().map(|rule| (rule.pointer.clone(), rule.equals.clone())),
            max_latency: probe
                .max_latency
                .as_deref()
                .map(|text| self.duration("max_latency", Some(text), 0))
                .transpose()?,
            cors_origin: probe.cors_origin.clone(),
            interval: self.duration("interval", probe.interval.as_deref(), 5)?,
            timeout: self.duration("timeout", probe.timeout.as_deref(), 5)?,
        })
    }

    fn duration(&self, key: &str, text: Option<&str>, default_seconds: u64) -> Result<Duration, UserError> {
        let Some(text) = text else { return Ok(Duration::from_secs(default_seconds)) };
        let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
        parsed.filter(|span| !span.is_zero()).ok_or_else(|| {
            self.refuse(&format!("{key} = \"{text}\" is no duration"), "write it as \"500ms\", \"5s\" or \"1m 30s\"")
        })
    }

    /// Any http or https address: probes and observations carry no token.
    fn checked_url(&self, url: &str) -> Result<String, UserError> {
        if url.starts_with("https://") || url.starts_with("http://") {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        Err(self.refuse(&format!("\"{url}\" is no web address"), "begin it with https:// (or http:// on loopback)"))
    }

    /// An address that a token is sent to: https, or loopback.
    fn base(&self, url: Option<&str>, default: &str) -> Result<String, UserError> {
        let url = self.checked_url(url.unwrap_or(default))?;
        let plain = url.strip_prefix("http://");
        let loopback = plain.is_some_and(|rest| {
            let host = rest.split(['/', ':']).next().unwrap_or_default();
            host == "localhost" || host == "127.0.0.1" || rest.starts_with("[::1]")
        });
        if plain.is_some() && !loopback {
            return Err(self.refuse(&format!("{url} would carry a token without encryption"), "use https://"));
        }
        Ok(url)
    }

    fn token(
        &self,
        platform: Platform,
        account: &file::Account,
        warnings: &mut Vec<String>,
    ) -> (Option<SecretString>, String) {
        credentials::find(platform, account, self.env, warnings)
    }

    fn access(
        &self,
        platform: Platform,
        account: Option<&file::Account>,
        default: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Access>, UserError> {
        let Some(account) = account else { return Ok(None) };
        let (token, token_origin) = self.token(platform, account, warnings);
        Ok(Some(Access { base: self.base(account.base.as_deref(), default)?, token, token_origin }))
    }

    fn fly(&self, account: Option<&file::Account>, warnings: &mut Vec<String>) -> Result<Option<FlyAccess>, UserError> {
        let Some(account) = account else { return Ok(None) };
        let (token, token_origin) = self.token(Platform::Fly, account, warnings);
        Ok(Some(FlyAccess {
            machines: self.base(account.machines.as_deref(), "https://api.machines.dev")?,
            api: self.base(account.api.as_deref(), "https://api.fly.io")?,
            token,
            token_origin,
        }))
    }

    fn every_service_has_a_platform(
        &self,
        environments: &[EnvInfo],
        others: &[&Option<Access>; 3],
        fly: bool,
        warnings: &mut Vec<String>,
    ) {
        for service in environments.iter().flat_map(|env| &env.services) {
            let there = match service.platform {
                Platform::Github => others[0].is_some(),
                Platform::Vercel => others[1].is_some(),
                Platform::Supabase => others[2].is_some(),
                Platform::Fly => fly,
                Platform::Edge => true,
            };
            if !there {
                let platform = service.platform;
                warnings.push(format!(
                    "{}: {} is on {platform}, but [platforms.{platform}] is missing",
                    self.name, service.id
                ));
            }
        }
    }

    fn ui(&self, ui: &file::Ui) -> Result<UiSettings, UserError> {
        let set = |name: &str| (self.env)(name).is_some_and(|value| !value.is_empty() && value != "0");
        Ok(UiSettings {
            theme: ui.theme.as_deref().unwrap_or("dark").into(),
            no_color: self.flags.no_color || set("NO_COLOR") || set("FLIGHTDECK_NO_COLOR"),
            ascii: self.flags.ascii || set("FLIGHTDECK_ASCII") || ui.ascii.unwrap_or(false),
            mouse: ui.mouse.unwrap_or(true),
            log_bytes: self.bytes(ui.log_memory.as_deref().unwrap_or("64MiB"))?,
        })
    }

    fn bytes(&self, text: &str) -> Result<usize, UserError> {
        let parsed = text.strip_suffix("MiB").and_then(|number| number.trim().parse::<usize>().ok());
        parsed.filter(|mib| (1..=65_536).contains(mib)).map(|mib| mib << 20).ok_or_else(|| {
            self.refuse(
                &format!("ui.log_memory = \"{text}\" is no size"),
                "write it as \"64MiB\", between 1MiB and 65536MiB",
            )
        })
    }

    fn state_dir(&self, dir: Option<&str>) -> PathBuf {
        if let Some(dir) = (self.env)("FLIGHTDECK_STATE_DIR").filter(|dir| !dir.is_empty()) {
            return dir.into();
        }
        if let Some(dir) = dir {
            return dir.into();
        }
        let home = (self.env)("XDG_STATE_HOME").map(PathBuf::from);
        let home = home.or_else(|| (self.env)("HOME").map(|home| Path::new(&home).join(".local").join("state")));
        home.unwrap_or_else(std::env::temp_dir).join("flightdeck")
    }
}

fn rules(secrets: &file::Secrets, warnings: &mut Vec<String>) -> SecretRules {
    let pairs = |map: &std::collections::BTreeMap<String, Vec<String>>| -> Vec<_> {
        map.iter()
            .flat_map(|(service, keys)| keys.iter().map(|key| (service.as_str().into(), key.as_str().into())))
            .collect()
    };
    let mut required = pairs(&secrets.required);
    for (service, path) in &secrets.templates {
        match std::fs::read_to_string(path) {
            Ok(text) => required.extend(template_keys(&text).map(|key| (service.as_str().into(), key.into()))),
            Err(error) => warnings.push(format!("secrets.templates.{service}: {path} cannot be read: {error}")),
        }
    }
    required.sort();
    required.dedup();
    SecretRules { required, optional: pairs(&secrets.optional) }
}

/// The keys of a `.env.example`: what stands before `=` on lines that are no comment. Values are not looked at.
fn template_keys(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("export ");
        let (key, _) = line.split_once('=')?;
        let key = key.trim();
        let named = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        named.then_some(key)
    })
}
