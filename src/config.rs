//! Settings: validated, immutable, made once at the start.

pub(crate) mod address;
mod aimed;
mod check;
pub mod credentials;
mod dotenv;
pub mod effective;
pub mod file;
pub mod files;
mod inputs;
mod layers;
pub mod load;
mod person;
pub mod places;
pub mod proxy;
mod settings;
mod tables;
mod text;
pub mod theme;
pub mod token;
pub mod trust;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::effective::Effective;
pub use self::layers::PROJECT;
use self::proxy::Proxy;
pub use self::tables::logs::LogSource;
pub use self::tables::platforms::{Access, FlyAccess};
pub use self::tables::poll::PollSettings;
pub use self::tables::postgres::{DatabaseSettings, DatabaseTls};
pub use self::tables::probes::ProbeSettings;
pub use self::tables::secrets::SecretRules;
pub use self::tables::services::{ObserveAt, ObserveSettings};
pub use self::tables::ui::{Colours, OwnTheme, UiSettings};
pub use self::tables::workflows::WorkflowSettings;
use self::trust::Approvals;
use crate::domain::environment::{EnvInfo, Platform};
use crate::domain::freeze::{self, Freeze};
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::keep::Keep;
use crate::domain::promotion::Promotions;
use crate::domain::trust::ProjectFile;

/// Everything the console needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Product name, header line.
    pub project: Arc<str>,
    /// `owner/name` on GitHub.
    pub repository: Option<Arc<str>>,
    /// Environments in the order of the configuration.
    pub environments: Vec<EnvInfo>,
    /// Probes in the order of the configuration.
    pub probes: Vec<ProbeSettings>,
    /// Where to observe the running release of a service, beyond the default.
    pub observe: Vec<ObserveSettings>,
    /// When which environment is frozen.
    pub freezes: Vec<(EnvId, Freeze)>,
    /// Databases that are looked at directly.
    pub databases: Vec<DatabaseSettings>,
    /// Logs that no platform gives.
    pub log_sources: Vec<LogSource>,
    /// Who sits at the keyboard, for locks, marks and the journal.
    pub who: Arc<str>,
    /// Which environment is promoted to which.
    pub promotions: Promotions,
    /// Workflows that deploy.
    pub workflows: Vec<WorkflowSettings>,
    /// Access to each platform that has one address.
    pub accesses: BTreeMap<Platform, Access>,
    /// Fly: Machines API, web API (GraphQL, logs) and release routes have bases of their own.
    pub fly: Option<FlyAccess>,
    /// Team id or slug of Vercel requests.
    pub vercel_team: Option<Arc<str>>,
    /// The rules of the secrets matrix.
    pub secrets: SecretRules,
    /// How the screen looks and behaves.
    pub ui: UiSettings,
    /// Where journal and history live.
    pub state_dir: PathBuf,
    /// Where layouts and saved lines lie, where the store goes with this run; `None` = beside the store.
    pub lasting: Option<PathBuf>,
    /// Where it is kept that stores were there, apart from them; `None` = nowhere.
    pub twins: Option<PathBuf>,
    /// Mutations allowed (flag `--write`, or per environment `access = "write"`).
    pub write: bool,
    /// Shortest interval of a feed while something changes, and the calm one.
    pub poll: PollSettings,
    /// Which requests go through a proxy.
    pub proxy: Proxy,
    /// Things to tell the person: unknown keys with the nearest name, files that were not readable.
    pub warnings: Vec<String>,
    /// The project file that is part of it, if one is.
    pub project_file: Option<ProjectFile>,
    /// The person's approvals of project files.
    pub approvals: Approvals,
    /// One's own file; `None` = there is no place for one.
    pub own_file: Option<OwnFile>,
    /// The file that was read, if any.
    pub origin: Option<PathBuf>,
    /// Every setting with where it came from.
    pub effective: Vec<Effective>,
}

/// One's own configuration file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnFile {
    /// Where it lies, or would.
    pub path: PathBuf,
    /// SHA-256 of its content, in hex; `None` = it is not there.
    pub digest: Option<String>,
}

impl Settings {
    /// The window that an environment is in at this time; `None` = it is not frozen.
    #[must_use]
    pub fn frozen(&self, env: &EnvId, now: jiff::Timestamp) -> Option<freeze::Frozen> {
        freeze::frozen(&self.freezes, env, now)
    }

    /// Looks an environment up.
    #[must_use]
    pub fn environment(&self, id: &EnvId) -> Option<&EnvInfo> {
        self.environments.iter().find(|env| &env.id == id)
    }

    /// Keeps the store in another folder, of which nothing is expected elsewhere.
    pub fn keep_in(&mut self, folder: PathBuf) {
        if let Some(row) = self.effective.iter_mut().find(|row| row.key.as_str() == "state.dir") {
            row.value = folder.as_path().into();
        }
        (self.state_dir, self.twins) = (folder, None);
    }

    /// Keeps the store in a folder that goes with this run; what a person saves and arranges stays in `lasting`.
    pub fn keep_while_running(&mut self, folder: PathBuf, lasting: PathBuf) {
        self.keep_in(folder);
        self.lasting = Some(lasting);
    }

    /// The folder of what a person saves and arranges.
    #[must_use]
    pub fn lasting(&self) -> &Path {
        self.lasting.as_deref().unwrap_or(&self.state_dir)
    }

    /// Where the store lies, and what says in another place that it is there. Among temporary files nothing is expected to stay.
    #[must_use]
    pub fn keep(&self) -> Keep {
        let dir = std::path::absolute(&self.state_dir).unwrap_or_else(|_| self.state_dir.clone());
        let twins = self.twins.as_ref().filter(|_| !dir.starts_with(std::env::temp_dir()));
        let name = || format!("{}.head", &trust::digest(dir.as_os_str().as_encoded_bytes())[..16]);
        Keep { twin: twins.map(|folder| folder.join(name())), dir: self.state_dir.clone() }
    }

    /// Services whose platform the configuration does not name.
    #[must_use]
    pub fn absent(&self) -> BTreeMap<ServiceId, Platform> {
        let known = self.platforms();
        let services = self.environments.iter().flat_map(|env| &env.services);
        let absent = services.filter(|one| one.platform.configured() && !known.contains(&one.platform));
        absent.map(|one| (one.id.clone(), one.platform)).collect()
    }

    /// Where a platform that the configuration names is asked, by the keys of its addresses, and with which token.
    #[must_use]
    pub fn asked_at(&self, platform: Platform) -> Option<(Vec<(&'static str, &str)>, &token::Token)> {
        let of_fly = || {
            let fly = self.fly.as_ref().filter(|_| platform == Platform::Fly)?;
            Some((vec![("machines", &*fly.machines), ("api", &*fly.api)], &fly.token))
        };
        let access = self.accesses.get(&platform).map(|access| (vec![("base", &*access.base)], &access.token));
        access.or_else(of_fly)
    }

    /// Platforms that the configuration names.
    #[must_use]
    pub fn platforms(&self) -> Vec<Platform> {
        let named = |platform: &Platform| {
            self.accesses.contains_key(platform) || *platform == Platform::Fly && self.fly.is_some()
        };
        Platform::CONFIGURED.into_iter().filter(named).collect()
    }
}
