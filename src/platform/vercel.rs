//! Vercel: projects, deployments, logs, variables, domains and the production pointer (docs/platforms/vercel.md).

mod adapter;
mod domains;
mod findings;
mod history;
mod levers;
mod logs;
mod pointer;
mod rolling;
mod variables;
mod view;
mod wire;
mod words;

use std::sync::Arc;

use jiff::Timestamp;

pub use adapter::{VercelService, target};
pub use domains::{AT_ONCE, LOOKED_UP, Served};
pub use history::{History, Span};
pub use levers::BuildFor;
pub use logs::{BuildEvents, RuntimeLogs};
pub use pointer::{AliasOutcome, AliasRequest};
pub use rolling::RollingRelease;
pub use variables::{Slot, Variable};
pub use view::LISTED;

use super::http::{Call, Http, segment};
use super::recent::Recent;
use super::{PlatformError, TokenInfo};
use crate::config::Access;
use crate::domain::environment::{Pin, Platform, Status};
use crate::domain::ids::{DeploymentId, EnvId, ServiceId, Sha};
use crate::domain::release::{Deployment, Presence, Stage};
use crate::domain::secret::{Digest, SecretEntry};
use crate::sanitize::Text;

const VERCEL: Platform = Platform::Vercel;
/// Pages of a hundred that are read of a list that must be whole.
const PAGES: u32 = 20;
/// The environments that every project has; others are custom ones with a slug.
const STANDARD: [&str; 3] = ["production", "preview", "development"];

/// The client.
#[derive(Debug, Clone)]
pub struct Vercel {
    http: Http,
    access: Arc<Access>,
    team: Option<Arc<str>>,
    recent: Arc<Shared>,
}

/// What feeds share.
#[derive(Debug, Default)]
struct Shared {
    projects: Recent<VercelProject>,
    lists: Recent<Vec<VercelDeployment>>,
    live: Recent<Option<VercelDeployment>>,
    rolling: Recent<Option<RollingRelease>>,
    pointed: Recent<domains::Places>,
    spare: std::sync::Mutex<domains::Spare>,
}

/// A project, as far as a release console needs it (docs/platforms/vercel.md section 4).
#[derive(Debug, Clone, PartialEq)]
pub struct VercelProject {
    /// `prj_…`.
    pub id: String,
    /// The team that owns it: `team_…`.
    pub owner: String,
    /// Its name.
    pub name: Text,
    /// The deployment that production points at.
    pub production: Option<VercelDeployment>,
    /// `false` = production is pinned: after a rollback, or by configuration.
    pub auto_assign: bool,
    /// The reason given with the last rollback, by whom and when.
    pub rolled_back: Option<Pin>,
    /// The last promote or rollback job.
    pub last_alias_request: Option<AliasRequest>,
    /// Production is paused.
    pub paused: bool,
    /// Rolling releases are on: a promotion begins one.
    pub rolls: bool,
    /// Every visitor is challenged (attack mode).
    pub challenged: bool,
    /// Its custom environments: slug and id (`env_…`).
    pub environments: Vec<(String, String)>,
}

/// One deployment (docs/platforms/vercel.md section 5).
#[derive(Debug, Clone, PartialEq)]
pub struct VercelDeployment {
    /// `dpl_…`.
    pub id: String,
    /// Host name without scheme; empty until uploaded.
    pub url: Text,
    /// `QUEUED`, `INITIALIZING`, `BUILDING`, `READY`, `ERROR`, `CANCELED`, `BLOCKED`, or something newer.
    pub state: Text,
    /// `STAGED`, `ROLLING`, `PROMOTED`; empty while not ready.
    pub substate: Text,
    /// `production`, or empty for a preview.
    pub target: Text,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was ready.
    pub ready_at: Option<Timestamp>,
    /// The commit.
    pub sha: Option<Sha>,
    /// Who.
    pub author: Text,
    /// First line of the commit message.
    pub message: Text,
    /// The list calls it a candidate; `None` where the answer does not say.
    pub rollback_candidate: Option<bool>,
    /// Its domains point at it, or did.
    pub alias_assigned: bool,
    /// Its aliases, where the answer names them.
    pub aliases: Vec<Text>,
    /// Why it failed.
    pub error: Option<Text>,
    /// How its checks ended; empty where there are none, or they have not ended.
    pub checks: Text,
    /// Its domains could not be assigned.
    pub alias_error: bool,
}

impl VercelProject {
    /// What an environment of the console is called here: `production`, the slug of a custom environment with its id, or
    /// `preview` for whatever has no environment of its own.
    #[must_use]
    pub fn scope<'a>(&'a self, name: &'a str) -> (&'a str, Option<&'a str>) {
        if STANDARD.contains(&name) {
            return (name, None);
        }
        let custom = self.environments.iter().find(|(slug, _)| slug == name);
        custom.map_or(("preview", None), |(slug, id)| (slug, Some(id)))
    }

    /// Whether an environment has domains that lead its visitors: a preview has none of its own.
    #[must_use]
    pub fn routes(&self, environment: &str) -> bool {
        let (target, custom) = self.scope(environment);
        target == "production" || custom.is_some()
    }

    /// The last job that moves the domains of an environment: production's alone are moved by one.
    #[must_use]
    pub fn job(&self, environment: &str) -> Option<&AliasRequest> {
        self.last_alias_request.as_ref().filter(|_| self.scope(environment).0 == "production")
    }
}

impl VercelDeployment {
    /// What the platform's words mean now, and as what they are told: `READY PROMOTED`.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> (Status, Text) {
        let said = words::Said {
            state: self.state.as_str(),
            substate: self.substate.as_str(),
            checks: self.checks.as_str(),
            alias_error: self.alias_error,
            created_at: self.created_at,
        };
        words::deployment(&said, now)
    }

    /// True while the platform says that it is being built.
    #[must_use]
    pub fn in_motion(&self) -> bool {
        self.stands(Timestamp::MIN).0 == Status::Running
    }

    /// State and substate in the platform's words.
    #[must_use]
    pub fn words(&self) -> Text {
        self.stands(Timestamp::MIN).1
    }

    /// How many visitors it was given; `None` while it is not ready, and for a word that is not known.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        match (self.state.as_str(), self.substate.as_str()) {
            ("READY", "STAGED") => Some(Stage::Staged),
            ("READY", "ROLLING") => Some(Stage::Rolling),
            ("READY", "PROMOTED") => Some(Stage::Promoted),
            _ => None,
        }
    }

    /// The deployment as a candidate of a rollback.
    #[must_use]
    pub fn deployment(&self, service: &ServiceId, current: bool) -> Deployment {
        let (status, words) = self.stands(Timestamp::MIN);
        Deployment {
            service: service.clone(),
            id: DeploymentId::from(self.id.as_str()),
            label: Text::clean(&self.id),
            sha: self.sha.clone(),
            image: None,
            status,
            words,
            stage: self.stage(),
            created_at: self.created_at.unwrap_or(Timestamp::UNIX_EPOCH),
            ran_for: None,
            author: self.author.clone(),
            message: self.message.clone(),
            current,
            verified: None,
            presence: if self.state.as_str() == "DELETED" { Presence::Gone } else { Presence::There },
            bad: None,
        }
    }
}

/// A domain of a project (docs/platforms/vercel.md section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VercelDomain {
    /// Its name.
    pub name: Text,
    /// Ownership is proven.
    pub verified: bool,
    /// It only sends visitors elsewhere.
    pub redirect: Option<Text>,
    /// The custom environment (`env_…`) that it belongs to; `None` = production, or a branch.
    pub environment: Option<String>,
    /// The branch that it belongs to.
    pub branch: Option<Text>,
}

impl Vercel {
    /// A client; `team` is an id (`team_…`) or a slug.
    #[must_use]
    pub fn new(http: Http, access: Access, team: Option<Arc<str>>) -> Self {
        Self { http, access: Arc::new(access), team, recent: Arc::default() }
    }

    /// How far the platform's clock is ahead of ours, by its last answers.
    #[must_use]
    pub fn ahead(&self) -> jiff::SignedDuration {
        self.http.ahead(VERCEL)
    }

    /// `GET /v2/user`: the cheapest call.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn check_token(&self) -> Result<TokenInfo, PlatformError> {
        // A person's own account knows no team.
        let call = self.http.get(VERCEL, &format!("{}/v2/user", self.access.base));
        let answer: wire::UserAnswer = call.signed(&self.access.token, super::http::bearer).read().await?;
        let user = answer.user;
        let who = if user.username.is_empty() { user.email } else { user.username };
        let note = user.limited.then(|| Text::clean("the token has limited access to the account"));
        Ok(TokenInfo { who: Text::clean(&who), note })
    }

    /// `GET /v9/projects/{id or name}?rollbackInfo=true`.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn project(&self, project: &str) -> Result<VercelProject, PlatformError> {
        let call = self.get(&format!("/v9/projects/{}", segment(project))).query("rollbackInfo", "true");
        let project: wire::Project = call.read().await?;
        Ok(project.into())
    }

    /// `GET /v7/deployments`, newest first, at most 100; `target` is `production`, `preview` or an environment's slug.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn deployments(
        &self,
        project: &str,
        target: Option<&str>,
        limit: u32,
    ) -> Result<Vec<VercelDeployment>, PlatformError> {
        let call = self.get("/v7/deployments").query("projectId", project).maybe("target", target);
        let list: wire::Deployments = call.query("limit", &limit.min(100).to_string()).read().await?;
        Ok(list.deployments.into_iter().map(VercelDeployment::from).collect())
    }

    /// `GET /v7/deployments` of one commit: the list of the newest may not reach back to it. A commit that is not known whole is
    /// looked for among the newest hundred.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn deployments_of(
        &self,
        project: &str,
        target: &str,
        commit: &Sha,
    ) -> Result<Vec<VercelDeployment>, PlatformError> {
        let whole = Some(commit.as_str()).filter(|sha| sha.len() == 40);
        let call = self.get("/v7/deployments").query("projectId", project).query("target", target);
        let list: wire::Deployments = call.maybe("sha", whole).query("limit", "100").read().await?;
        Ok(list.deployments.into_iter().map(VercelDeployment::from).collect())
    }

    /// `GET /v13/deployments/{id or host}`.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn deployment(&self, id: &str) -> Result<VercelDeployment, PlatformError> {
        let deployment: wire::Deployment = self.get(&format!("/v13/deployments/{}", segment(id))).read().await?;
        Ok(deployment.into())
    }

    /// `GET /v10/projects/{id}/env`: names, targets and ages; the list never carries a value that can be trusted, so none
    /// is read. `target` keeps the variables of one environment: `production`, `preview`, `development`, or the slug of a
    /// custom one.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn env(
        &self,
        project: &str,
        target: Option<&str>,
        env: &EnvId,
    ) -> Result<Vec<SecretEntry>, PlatformError> {
        let scope = match target {
            None => None,
            Some(standard) if STANDARD.contains(&standard) => Some((standard.to_owned(), None)),
            Some(slug) => {
                let project = self.project(project).await?;
                let (target, custom) = project.scope(slug);
                Some((target.to_owned(), custom.map(str::to_owned)))
            }
        };
        let call = self.get(&format!("/v10/projects/{}/env", segment(project)));
        let call = match &scope {
            None => call,
            Some((slug, Some(_))) => call.query("customEnvironmentSlug", slug),
            Some((target, None)) => call.query("target", target),
        };
        let list: wire::Envs = call.read().await?;
        if list.more {
            return Err(super::http::garbage(VERCEL, "the list of variables is not whole: another page is offered"));
        }
        let production = scope.as_ref().is_none_or(|(target, _)| target == "production");
        if production && list.hidden > 0 {
            return Err(variables::hidden(list.hidden));
        }
        let wanted = |variable: &wire::Env| match &scope {
            None => true,
            Some((_, Some(id))) => variable.custom_environment_ids.contains(id),
            Some((target, None)) => variable.targets().contains(target),
        };
        let entry = |variable: wire::Env| SecretEntry {
            key: Text::clean(&variable.key),
            env: env.clone(),
            platform: VERCEL,
            place: Text::clean(project),
            digest: Digest::Hidden,
            updated_at: variable.updated_at.or(variable.created_at),
            note: Some(Text::clean(&variable.note())).filter(|note| !note.is_empty()),
        };
        Ok(list.envs.into_iter().filter(wanted).map(entry).collect())
    }

    /// `GET /v9/projects/{id}/domains`.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn domains(&self, project: &str) -> Result<Vec<VercelDomain>, PlatformError> {
        let path = format!("/v9/projects/{}/domains", segment(project));
        let list =
            self.whole_list("domains", &path, |page: wire::Domains| (page.domains, page.pagination.next)).await?;
        let domain = |domain: wire::Domain| VercelDomain {
            name: Text::clean(&domain.name),
            verified: domain.verified,
            redirect: Some(Text::clean(&domain.redirect)).filter(|to| !to.is_empty()),
            environment: Some(domain.custom_environment_id).filter(|id| !id.is_empty()),
            branch: Some(Text::clean(&domain.git_branch)).filter(|branch| !branch.is_empty()),
        };
        Ok(list.into_iter().map(domain).collect())
    }

    /// A list that means nothing in part, page by page to its end (docs/platforms/vercel.md section 1).
    async fn whole_list<W: serde::de::DeserializeOwned, I>(
        &self,
        what: &str,
        path: &str,
        open: impl Fn(W) -> (Vec<I>, Option<u64>),
    ) -> Result<Vec<I>, PlatformError> {
        let (mut all, mut until) = (Vec::new(), None);
        for _ in 0..PAGES {
            let call = self.get(path).query("limit", "100");
            let (items, next) = open(call.maybe("until", until.as_deref()).read().await?);
            all.extend(items);
            match next {
                Some(next) => until = Some(next.to_string()),
                None => return Ok(all),
            }
        }
        Err(super::http::garbage(VERCEL, &format!("the list is not whole: more than {} {what}", all.len())))
    }

    fn get(&self, path: &str) -> Call {
        self.signed(self.http.get(VERCEL, &format!("{}{path}", self.access.base)))
    }

    fn signed(&self, call: Call) -> Call {
        let call = call.signed(&self.access.token, super::http::bearer);
        match &self.team {
            Some(team) if team.starts_with("team_") => call.query("teamId", team),
            Some(slug) => call.query("slug", slug),
            None => call,
        }
    }
}
