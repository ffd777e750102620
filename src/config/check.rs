//! Checks every value of the configuration once and turns it into settings, so that the rest of the program may rely on them.

mod environments;
mod platforms;
mod probes;
mod screen;
mod values;

use std::path::PathBuf;

use super::file::{self, File};
use super::inputs::{Env, Flags};
use super::proxy::Proxy;
use super::trust::Approvals;
use super::{PollSettings, Settings, UiSettings, contract, layers};
use crate::domain::environment::Platform;
use crate::domain::promotion::Promotions;
use crate::error::{ExitCode, UserError};

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

/// How the screen looks, by its table alone.
///
/// # Errors
/// When it says something impossible.
pub(super) fn looks(ui: &file::Ui, flags: &Flags, env: Env<'_>) -> Result<UiSettings, UserError> {
    Check { name: "configuration", flags, env }.ui(ui, &mut Vec::new())
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
        let account = |platform: Platform| file.platforms.get(platform.name());
        let mut accesses = std::collections::BTreeMap::new();
        for platform in
            Platform::CONFIGURED.into_iter().filter(|one| !super::credentials::default_base(*one).is_empty())
        {
            if let Some(account) = account(platform) {
                accesses.insert(platform, self.access(platform, account, &mut warnings)?);
            }
        }
        let fly = self.fly(account(Platform::Fly), &mut warnings)?;
        let vercel_team = account(Platform::Vercel).and_then(|account| account.team.as_deref());
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
            accesses,
            fly,
            vercel_team: vercel_team.map(Into::into),
            secrets: contract::rules(&file.secrets, &mut warnings),
            ui: self.ui(&file.ui, &mut warnings)?,
            state_dir: self.state_dir(file.state.dir.as_deref(), &mut warnings),
            twins: layers::folder(self.env, "XDG_DATA_HOME", ".local/share")
                .map(|home| home.join("flightdeck").join("stores")),
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

    fn poll(&self, poll: &file::Poll, warnings: &mut Vec<String>) -> Result<PollSettings, UserError> {
        let fast = self.interval("poll.fast", poll.fast.as_deref(), 2)?;
        let calm = self.interval("poll.calm", poll.calm.as_deref(), 10)?;
        if fast > calm {
            warnings.push(format!("{}: poll.fast is slower than poll.calm", self.name));
        }
        Ok(PollSettings { fast, calm })
    }

    /// A variable that is set to something.
    fn variable(&self, name: &str) -> Option<String> {
        (self.env)(name).filter(|value| !value.is_empty())
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
