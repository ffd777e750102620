//! The model: everything that the screen shows and nothing else. `update` alone changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::geometry::Geometry;
use super::msg::Now;
pub use super::panes::{DASHBOARD, Pane, Place, Selection, View};
use crate::app::dialogs::Overlay;
use crate::app::insight::banner::{Banner, Trouble};
use crate::app::insight::needs;
use crate::app::insight::timeline::Event;
use crate::app::insight::verified::SeenWell;
use crate::app::insight::watch::Judged;
use crate::app::logs::buffer::LogBuf;
use crate::app::logs::display::Reading;
use crate::app::logs::saving::Saving;
use crate::app::operations::dialog::Rollback;
use crate::config::{SecretRules, Settings};
use crate::domain::environment::{EnvInfo, Platform};
use crate::domain::extent::Extent;
use crate::domain::feed::{Budget, FeedId, FeedStatus};
use crate::domain::finding::Check;
use crate::domain::freeze::{self, Freeze};
use crate::domain::health::ProbeId;
use crate::domain::history::History;
use crate::domain::ids::{EnvId, OpId, ServiceId};
use crate::domain::judge::Known;
use crate::domain::names::Names;
use crate::domain::notice::Notice;
use crate::domain::operation::Operation;
use crate::domain::pipeline::Run;
use crate::domain::probes::Probes;
use crate::domain::promotion::Promotions;
use crate::domain::release::Deployment;
use crate::domain::secret::{Names as SecretNames, SecretRow};
use crate::domain::secret_matrix;
use crate::domain::state::State;
use crate::domain::status::{Judgement, ServiceState};
use crate::domain::trust::ProjectFile;
use crate::sanitize::Text;

/// The model.
#[derive(Debug)]
pub struct Model {
    /// Product name.
    pub project: Arc<str>,
    /// Environments as configured.
    pub environments: Vec<EnvInfo>,
    /// Where each of them stands in that list.
    ranks: BTreeMap<EnvId, usize>,
    /// How they were judged last.
    pub(super) judged: Judged,
    /// The platform of each service.
    pub(super) homes: BTreeMap<ServiceId, Platform>,
    /// The contract of the secrets.
    pub rules: SecretRules,
    /// Logs that no platform gives, and the services whose deployments they are told by.
    pub log_sources: BTreeMap<ServiceId, ServiceId>,
    /// A log is read without a project: nothing but its lines is known.
    pub alone: bool,
    /// What is shown.
    pub view: View,
    /// The pane that keys go to.
    pub focus: Pane,
    /// What lies over the panes, if anything does.
    pub overlay: Option<Overlay>,
    /// The filter being typed, if one is.
    pub prompt: Option<String>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Where the last frame put things.
    pub geometry: Geometry,
    /// The first row that shows of the dialog, once a person has scrolled it.
    pub scroll: Option<usize>,
    /// The selected things.
    pub selection: Selection,
    /// The place that was selected before a row led to another one, until the view that it led to is left.
    pub(super) came_from: Option<Option<Place>>,
    /// What is known of each service.
    pub services: BTreeMap<ServiceId, ServiceState>,
    /// Deployments of each service, newest first.
    pub releases: BTreeMap<ServiceId, Vec<Deployment>>,
    /// How much of the lists was read, by feed.
    pub extents: BTreeMap<FeedId, Extent>,
    /// Every probe, production's first.
    pub probes: Probes,
    /// The service that a probe asks, where its address tells.
    pub aimed: BTreeMap<ProbeId, ServiceId>,
    /// The HTTP statuses that a probe passes on, where its configuration names them.
    pub expected: BTreeMap<ProbeId, Vec<u16>>,
    /// Which environment is promoted to which.
    pub promotions: Promotions,
    /// Names of environments and services, so that short forms are told apart.
    pub names: Names,
    /// When which environment is frozen.
    pub freezes: Vec<(EnvId, Freeze)>,
    /// What services say of their condition.
    pub findings: BTreeMap<ServiceId, Vec<Check>>,
    /// Secrets by environment, as read.
    pub secret_names: BTreeMap<EnvId, SecretNames>,
    /// The matrix made of them.
    pub secrets: Vec<SecretRow>,
    /// Recent runs.
    pub runs: Vec<Run>,
    /// Freshness of every feed.
    pub feeds: BTreeMap<FeedId, FeedStatus>,
    /// Services whose platform is not configured.
    pub absent: BTreeMap<ServiceId, Platform>,
    /// Budgets of the platforms.
    pub budgets: BTreeMap<Platform, Budget>,
    /// How far the clocks of the platforms are ahead of ours.
    pub clocks: BTreeMap<Platform, jiff::SignedDuration>,
    /// Log lines.
    pub logs: LogBuf,
    /// The failing production, if there is one.
    pub banner: Option<Banner>,
    /// The project file that waits for the person, or is in use.
    pub project_file: Option<ProjectFile>,
    /// It is another one than the settings were made of.
    pub project_changed: bool,
    /// What the disk remembers.
    pub history: History,
    /// Since when an environment is not well, and how.
    pub trouble: BTreeMap<EnvId, Trouble>,
    /// Deployments that look healthy, and since when.
    pub seen_well: BTreeMap<ServiceId, SeenWell>,
    /// What happened, newest first; made anew when something did.
    pub timeline: Vec<Event>,
    /// How log lines are shown.
    pub reading: Reading,
    /// Lines that are being written to a file, if some are.
    pub saving: Option<Saving>,
    /// The key that is being taken came faster than a person types.
    pub hurried: bool,
    /// Names, people and messages are veiled.
    pub private: bool,
    /// The rollback dialog, if it is open.
    pub rollback: Option<Rollback>,
    /// What the person gives as comment or reason of the operation in the dialog.
    pub reason: Option<Text>,
    /// Environments that a workflow deploys, with its file.
    pub workflows: BTreeMap<EnvId, Arc<str>>,
    /// Who works here, as in the configuration.
    pub who: Arc<str>,
    /// Operations seen, by identity, oldest first.
    pub operations: BTreeMap<OpId, Operation>,
    /// Operations that were begun here: they end with this console.
    pub own: BTreeSet<OpId>,
    /// Quitting was asked for once while an operation was under way.
    pub quitting: bool,
    /// Numbers given to questions; an answer to another one is dropped.
    pub asked: u64,
    /// The last thing told, until the next key.
    pub notice: Option<Notice>,
}

/// Every name that may be cut on the screen.
fn names(settings: &Settings) -> Names {
    let environments = settings.environments.iter().map(|env| env.id.clone()).collect();
    let services = settings.environments.iter().flat_map(|env| &env.services).map(|service| service.id.name.clone());
    let logs = settings.log_sources.iter().map(|source| source.id.name.clone());
    Names::new(environments, services.chain(logs))
}

impl Model {
    /// A model that knows the settings and nothing else.
    #[must_use]
    pub fn new(settings: &Settings, now: Now) -> Self {
        let mut environments = settings.environments.clone();
        // Production first, the rest as configured: it is what people look for.
        environments.sort_by_key(|env| std::cmp::Reverse(env.tier));
        let production = environments.first().map(|env| Place::Env(env.id.clone()));
        let mut model = Self {
            project: settings.project.clone(),
            ranks: environments.iter().enumerate().map(|(at, env)| (env.id.clone(), at)).collect(),
            judged: Judged::default(),
            homes: environments
                .iter()
                .flat_map(|env| &env.services)
                .map(|one| (one.id.clone(), one.platform))
                .collect(),
            probes: Probes::new(environments.iter().map(|env| env.id.clone())),
            environments,
            rules: settings.secrets.clone(),
            log_sources: settings
                .log_sources
                .iter()
                .filter_map(|one| Some((one.id.clone(), one.service.clone()?)))
                .collect(),
            alone: false,
            hurried: false,
            view: View::Dashboard,
            focus: Pane::Environments,
            overlay: None,
            prompt: None,
            size: (0, 0),
            geometry: Geometry::default(),
            scroll: None,
            selection: Selection { place: production, ..Selection::default() },
            came_from: None,
            services: BTreeMap::new(),
            releases: BTreeMap::new(),
            extents: BTreeMap::new(),
            aimed: settings.aimed(),
            expected: settings.expected(),
            promotions: settings.promotions.clone(),
            names: names(settings),
            freezes: settings.freezes.clone(),
            findings: BTreeMap::new(),
            secret_names: BTreeMap::new(),
            secrets: Vec::new(),
            runs: Vec::new(),
            absent: settings.absent(),
            feeds: BTreeMap::new(),
            budgets: BTreeMap::new(),
            clocks: BTreeMap::new(),
            logs: LogBuf::new(settings.ui.log_bytes),
            banner: None,
            project_file: settings.project_file.clone(),
            project_changed: false,
            history: History::default(),
            trouble: BTreeMap::new(),
            seen_well: BTreeMap::new(),
            timeline: Vec::new(),
            reading: Reading::default(),
            saving: None,
            private: false,
            rollback: None,
            reason: None,
            who: Arc::clone(&settings.who),
            workflows: settings.workflows.iter().map(|one| (one.env.clone(), one.file.as_str().into())).collect(),
            operations: BTreeMap::new(),
            own: BTreeSet::new(),
            quitting: false,
            asked: 0,
            notice: settings.warnings.first().map(|warning| Notice::refused(Text::clean(warning))),
        };
        super::trust::ask(&mut model, now);
        model
    }

    /// The clock and the ages on the screen change with the seconds.
    #[must_use]
    pub fn needs_tick(&self) -> bool {
        true
    }

    /// Remembers where the last frame put things.
    pub fn set_geometry(&mut self, geometry: Geometry) {
        self.geometry = geometry;
        super::scroll::shown(self);
    }

    /// All that judgements are made of, as it is known at `now`.
    #[must_use]
    pub fn known(&self, now: Now) -> Known<'_> {
        Known {
            services: &self.services,
            probes: &self.probes,
            aimed: &self.aimed,
            findings: &self.findings,
            releases: &self.releases,
            runs: &self.runs,
            workflows: &self.workflows,
            operations: &self.operations,
            absent: &self.absent,
            feeds: &self.feeds,
            now: now.wall,
        }
    }

    /// What a probe is configured to pass on, where that is not any success: `expects 503`.
    #[must_use]
    pub fn expects(&self, probe: &ProbeId) -> Option<String> {
        let all: Vec<String> = self.expected.get(probe)?.iter().map(u16::to_string).collect();
        Some(format!("expects {}", all.join(" or ")))
    }

    /// The judgement on an environment.
    #[must_use]
    pub fn judge(&self, env: &EnvInfo, now: Now) -> Judgement {
        let kept = self.judged.at(&env.id, now.wall).cloned();
        kept.unwrap_or_else(|| self.known(now).environment(env))
    }

    /// The state of an environment alone.
    #[must_use]
    pub fn state(&self, env: &EnvInfo, now: Now) -> State {
        let kept = self.judged.at(&env.id, now.wall).map(|judged| judged.state);
        kept.unwrap_or_else(|| self.known(now).environment(env).state)
    }

    /// Where an environment stands among all.
    #[must_use]
    pub fn rank(&self, id: &EnvId) -> Option<usize> {
        self.ranks.get(id).copied()
    }

    /// The judgement on a service.
    #[must_use]
    pub fn judge_service(&self, id: &ServiceId, now: Now) -> Judgement {
        self.known(now).service(id)
    }

    /// The window that an environment is in now; `None` = it is not frozen.
    #[must_use]
    pub fn frozen(&self, env: &EnvId, now: Now) -> Option<freeze::Frozen> {
        freeze::frozen(&self.freezes, env, now.wall)
    }

    /// Rows of the environments pane.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        for env in &self.environments {
            places.push(Place::Env(env.id.clone()));
            places.extend(needs::of(self, &env.id).into_iter().map(|need| Place::Need(env.id.clone(), need)));
            places.extend(env.services.iter().map(|service| Place::Service(service.id.clone())));
        }
        places
    }

    /// The environment that the selected place belongs to.
    #[must_use]
    pub fn selected_env(&self) -> Option<&EnvInfo> {
        self.env(self.selection.place.as_ref()?.env())
    }

    /// What the keys of operations act on: what is under the cursor of the pane that has the keys.
    #[must_use]
    pub fn target(&self) -> Option<Place> {
        self.focus.listed().target(self)
    }

    /// The environment that it belongs to.
    #[must_use]
    pub fn target_env(&self) -> Option<&EnvInfo> {
        self.env(self.target()?.env())
    }

    /// Deployments of the selected place, newest first.
    pub fn shown_releases(&self) -> Vec<&Deployment> {
        let mut shown: Vec<&Deployment> = match &self.selection.place {
            Some(Place::Service(id)) => self.releases.get(id).into_iter().flatten().collect(),
            Some(Place::Env(env) | Place::Need(env, _)) => {
                self.releases.iter().filter(|(id, _)| &id.env == env).flat_map(|(_, list)| list).collect()
            }
            None => self.releases.values().flatten().collect(),
        };
        shown.sort_by_key(|deployment| std::cmp::Reverse(deployment.created_at));
        shown
    }

    /// What a deployment is about. The release row of a machine names an image; the build of a frontend has the commit's own words.
    #[must_use]
    pub fn subject<'m>(&'m self, one: &'m Deployment) -> &'m Text {
        let sha = one.sha.as_ref().filter(|_| one.image.is_some());
        let same = |row: &&Deployment| {
            row.image.is_none()
                && !row.message.is_empty()
                && sha.zip(row.sha.as_ref()).is_some_and(|(sha, other)| sha.same(other))
        };
        let services = self.env(&one.service.env).into_iter().flat_map(|env| &env.services);
        let found = services.filter_map(|info| self.releases.get(&info.id)?.iter().find(same)).next();
        found.map_or(&one.message, |row| &row.message)
    }

    /// The operation that is carried out now, here or by another console.
    #[must_use]
    pub fn running(&self) -> Option<&Operation> {
        self.operations.values().find(|operation| !operation.state.ended() && !operation.interrupted)
    }

    /// Operations that a person has to decide about: cut short.
    pub fn interrupted(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values().filter(|operation| operation.interrupted)
    }

    /// Leaves nothing but what is about this environment, and what is about all of them.
    pub fn narrow(&mut self, env: &EnvId) {
        self.environments.retain(|one| one.id == *env);
        self.ranks = self.environments.iter().enumerate().map(|(at, one)| (one.id.clone(), at)).collect();
        self.probes = self.probes.of(env).iter().cloned().collect();
        self.releases.retain(|of, _| of.env == *env);
        self.findings.retain(|of, _| of.env == *env);
        self.secret_names.retain(|of, _| of == env);
        self.feeds.retain(|feed, _| feed.env().is_none_or(|of| of == env));
        self.runs.iter_mut().for_each(|run| run.gates.retain(|gate| gate.env.as_str() == env.as_str()));
    }

    /// An environment by its name.
    #[must_use]
    pub fn env(&self, id: &EnvId) -> Option<&EnvInfo> {
        self.environments.get(self.rank(id)?)
    }

    /// Makes the matrix anew from what was read.
    pub(super) fn rebuild_secrets(&mut self) {
        let (required, contract) = (self.rules.required_keys(), |key: &str| self.rules.contract(key));
        // Once it is known who reads secrets: what nobody reads holds none.
        let reads = self.feeds.keys().any(|id| matches!(id, FeedId::Secrets(_)));
        let holds = |env: &&EnvInfo| {
            !reads
                || self.feeds.contains_key(&FeedId::Secrets(env.id.clone()))
                || self.secret_names.contains_key(&env.id)
        };
        let environments: Vec<&EnvInfo> = self.environments.iter().filter(holds).collect();
        let mut rows = secret_matrix::rows(&environments, &self.secret_names, contract, &required);
        let built = |env: &EnvId, platform: Platform| {
            let service = self.env(env)?.services.iter().find(|service| service.platform == platform)?;
            self.services.get(&service.id)?.declared.as_ref()?.created_at
        };
        secret_matrix::note_late(&mut rows, built);
        self.secrets = rows;
    }
}
