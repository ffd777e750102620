//! What is known: the product as configured, what its platforms and its store said, and the judgements on that. Nothing of it depends on
//! what is shown.

use super::msg::Now;
use crate::app::insight::banner::{Banner, Trouble};
use crate::app::insight::brought::Sought;
use crate::app::insight::timeline::Event;
use crate::app::insight::verified::SeenWell;
use crate::app::insight::watch::Judged;
use crate::app::settings::InForce;
use crate::config::{SecretRules, Settings};
use crate::domain::distance::{Distances, Ends};
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
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is known: the product as configured, what its platforms said, and what follows from both.
#[derive(Debug)]
pub struct Facts {
    /// The HTTP statuses that a probe passes on, where its configuration names them.
    pub(in crate::app) expected: BTreeMap<ProbeId, Vec<u16>>,
    /// Product name.
    pub(in crate::app) project: Arc<str>,
    /// The settings, and where each came from.
    pub(in crate::app) in_force: InForce,
    /// Environments as configured.
    pub(in crate::app) environments: Vec<EnvInfo>,
    /// Where each of them stands in that list.
    pub(in crate::app) ranks: BTreeMap<EnvId, usize>,
    /// How they were judged last.
    pub(in crate::app) judged: Judged,
    /// The platform of each service.
    pub(in crate::app) homes: BTreeMap<ServiceId, Platform>,
    /// The contract of the secrets.
    pub(in crate::app) rules: SecretRules,
    /// What is known of each service.
    pub(in crate::app) services: BTreeMap<ServiceId, ServiceState>,
    /// Deployments of each service, newest first.
    pub(in crate::app) releases: BTreeMap<ServiceId, Vec<Deployment>>,
    /// What is live and in no list yet, so that the list is read again.
    pub(in crate::app) sought: Sought,
    /// How much of the lists was read, by feed.
    pub(in crate::app) extents: BTreeMap<FeedId, Extent>,
    /// Every probe, production's first.
    pub(in crate::app) probes: Probes,
    /// The service that a probe asks, where its address tells.
    pub(in crate::app) aimed: BTreeMap<ProbeId, ServiceId>,
    /// Which environment is promoted to which.
    pub(in crate::app) promotions: Promotions,
    /// Names of environments and services, so that short forms are told apart.
    pub(in crate::app) names: Names,
    /// When which environment is frozen.
    pub(in crate::app) freezes: Vec<(EnvId, Freeze)>,
    /// What services say of their condition.
    pub(in crate::app) findings: BTreeMap<ServiceId, Vec<Check>>,
    /// Secrets by environment, as read.
    pub(in crate::app) secret_names: BTreeMap<EnvId, SecretNames>,
    /// The matrix made of them.
    pub(in crate::app) secrets: Vec<SecretRow>,
    /// Recent runs.
    pub(in crate::app) runs: Vec<Run>,
    /// Freshness of every feed.
    pub(in crate::app) feeds: BTreeMap<FeedId, FeedStatus>,
    /// Services whose platform is not configured.
    pub(in crate::app) absent: BTreeMap<ServiceId, Platform>,
    /// Budgets of the platforms.
    pub(in crate::app) budgets: BTreeMap<Platform, Budget>,
    /// How many commits lie between the stations of the release train.
    pub(in crate::app) distances: Distances,
    /// Between what they are counted.
    pub(in crate::app) counting: Vec<Ends>,
    /// How far the clocks of the platforms are ahead of ours.
    pub(in crate::app) clocks: BTreeMap<Platform, jiff::SignedDuration>,
    /// The failing production, if there is one.
    pub(in crate::app) banner: Option<Banner>,
    /// The project file that waits for the person, or is in use.
    pub(in crate::app) project_file: Option<ProjectFile>,
    /// It is another one than the settings were made of.
    pub(in crate::app) project_changed: bool,
    /// What the disk remembers.
    pub(in crate::app) history: History,
    /// Since when an environment is not well, and how.
    pub(in crate::app) trouble: BTreeMap<EnvId, Trouble>,
    /// Deployments that look healthy, and since when.
    pub(in crate::app) seen_well: BTreeMap<ServiceId, SeenWell>,
    /// What happened, newest first; made anew when something did.
    pub(in crate::app) timeline: Vec<Event>,
    /// Environments that a workflow deploys, with its file.
    pub(in crate::app) workflows: BTreeMap<EnvId, Arc<str>>,
    /// Who works here, as in the configuration.
    pub(in crate::app) who: Arc<str>,
    /// Operations seen, by identity, oldest first.
    pub(in crate::app) operations: BTreeMap<OpId, Operation>,
    /// Operations that were begun here: they end with this console.
    pub(in crate::app) own: BTreeSet<OpId>,
}

/// Every name that may be cut on the screen.
fn names(settings: &Settings) -> Names {
    let environments = settings.environments.iter().map(|env| env.id.clone()).collect();
    let services = settings.environments.iter().flat_map(|env| &env.services).map(|service| service.id.name.clone());
    let logs = settings.log_sources.iter().map(|source| source.id.name.clone());
    Names::new(environments, services.chain(logs))
}

impl Facts {
    /// The settings and nothing else.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let mut environments = settings.environments.clone();
        // Production first, the rest as configured: it is what people look for.
        environments.sort_by_key(|env| std::cmp::Reverse(env.tier));
        Self {
            project: settings.project.clone(),
            in_force: InForce::new(settings),
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
            services: BTreeMap::new(),
            releases: BTreeMap::new(),
            sought: Sought::default(),
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
            distances: Distances::default(),
            counting: Vec::new(),
            clocks: BTreeMap::new(),
            banner: None,
            project_file: settings.project_file.clone(),
            project_changed: false,
            history: History::default(),
            trouble: BTreeMap::new(),
            seen_well: BTreeMap::new(),
            timeline: Vec::new(),
            who: Arc::clone(&settings.who),
            workflows: settings.workflows.iter().map(|one| (one.env.clone(), one.file.as_str().into())).collect(),
            operations: BTreeMap::new(),
            own: BTreeSet::new(),
        }
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
    pub(super) fn narrow(&mut self, env: &EnvId) {
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

    /// The HTTP statuses that a probe passes on, where its configuration names them.
    #[must_use]
    pub fn expected(&self) -> &BTreeMap<ProbeId, Vec<u16>> {
        &self.expected
    }

    /// The settings, and where each came from.
    #[must_use]
    pub fn in_force(&self) -> &InForce {
        &self.in_force
    }

    /// Product name.
    #[must_use]
    pub fn project(&self) -> &str {
        &self.project
    }

    /// Environments as configured.
    #[must_use]
    pub fn environments(&self) -> &[EnvInfo] {
        &self.environments
    }

    /// What is known of each service.
    #[must_use]
    pub fn services(&self) -> &BTreeMap<ServiceId, ServiceState> {
        &self.services
    }

    /// Deployments of each service, newest first.
    #[must_use]
    pub fn releases(&self) -> &BTreeMap<ServiceId, Vec<Deployment>> {
        &self.releases
    }

    /// How much of the lists was read, by feed.
    #[must_use]
    pub fn extents(&self) -> &BTreeMap<FeedId, Extent> {
        &self.extents
    }

    /// Who works here, as in the configuration.
    #[must_use]
    pub fn who(&self) -> &str {
        &self.who
    }

    /// Every probe, production's first.
    #[must_use]
    pub fn probes(&self) -> &Probes {
        &self.probes
    }

    /// The service that a probe asks, where its address tells.
    #[must_use]
    pub fn aimed(&self) -> &BTreeMap<ProbeId, ServiceId> {
        &self.aimed
    }

    /// Names of environments and services, so that short forms are told apart.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What services say of their condition.
    #[must_use]
    pub fn findings(&self) -> &BTreeMap<ServiceId, Vec<Check>> {
        &self.findings
    }

    /// Secrets by environment, as read.
    #[must_use]
    pub fn secret_names(&self) -> &BTreeMap<EnvId, SecretNames> {
        &self.secret_names
    }

    /// The matrix made of them.
    #[must_use]
    pub fn secrets(&self) -> &[SecretRow] {
        &self.secrets
    }

    /// Recent runs.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Freshness of every feed.
    #[must_use]
    pub fn feeds(&self) -> &BTreeMap<FeedId, FeedStatus> {
        &self.feeds
    }

    /// Budgets of the platforms.
    #[must_use]
    pub fn budgets(&self) -> &BTreeMap<Platform, Budget> {
        &self.budgets
    }

    /// How far the clocks of the platforms are ahead of ours.
    #[must_use]
    pub fn clocks(&self) -> &BTreeMap<Platform, jiff::SignedDuration> {
        &self.clocks
    }

    /// The failing production, if there is one.
    #[must_use]
    pub fn banner(&self) -> Option<&Banner> {
        self.banner.as_ref()
    }

    /// What the disk remembers.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// What happened, newest first; made anew when something did.
    #[must_use]
    pub fn timeline(&self) -> &[Event] {
        &self.timeline
    }

    /// Operations seen, by identity, oldest first.
    #[must_use]
    pub fn operations(&self) -> &BTreeMap<OpId, Operation> {
        &self.operations
    }
}
