//! GitHub: runs, jobs, gates, commits, secrets and variables by name (docs/platforms/github.md).

mod adapter;
mod change;
mod findings;
mod lanes;
mod logs;
mod pages;
mod secrets;
mod unfinished;
mod wire;
mod words;

use std::sync::Arc;

pub use adapter::Repository;
pub use change::{Review, Verdict};
pub use logs::JobLog;

use jiff::Timestamp;

use super::http::{Call, Http, segment};
use super::{PlatformError, TokenInfo};
use crate::config::Access;
use crate::domain::distance::Distance;
use crate::domain::environment::Platform;
use crate::domain::extent::{Extent, Listed};
use crate::domain::ids::{EnvId, Sha};
use crate::domain::pipeline::{Gate, Job, Run};
use crate::domain::release::Commit;
use crate::domain::secret::{Digest, SecretEntry};
use crate::domain::shipment::Pull;
use crate::sanitize::Text;

const GITHUB: Platform = Platform::Github;
/// The version of the API that the reference describes.
const VERSION: &str = "2022-11-28";
/// Pages of jobs read of one run: a matrix has 256 at most, and a run a few of them.
const JOB_PAGES: u32 = 10;
/// Pages of environments that are read; a repository has a few.
const ENVIRONMENT_PAGES: u32 = 5;
/// Pages of secrets or variables read of one place; GitHub allows a few hundred.
const NAME_PAGES: u32 = 34;

/// The client of one repository.
#[derive(Debug, Clone)]
pub struct Github {
    http: Http,
    access: Arc<Access>,
    owner: Arc<str>,
    name: Arc<str>,
}

/// What lies between two commits.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// `ahead`, `behind`, `diverged`, `identical`: where head stands, seen from base.
    pub status: Text,
    /// Commits that head has and base has not.
    pub ahead_by: u32,
    /// Commits that base has and head has not.
    pub behind_by: u32,
    /// The commits that head has and base has not, oldest first, at most 250.
    pub commits: Vec<Commit>,
    /// Files that they add, and how many of the files that they change were read.
    pub added: Listed<Text>,
}

/// Files that a comparison names at most, all of them on its first page.
const COMPARED: usize = 300;

/// A deployment record (docs/platforms/github.md section 5.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubDeployment {
    /// Its number.
    pub id: u64,
    /// The commit.
    pub sha: Sha,
    /// The environment it names.
    pub environment: Text,
    /// Who.
    pub creator: Text,
    /// When.
    pub created_at: Option<Timestamp>,
}

/// A list that means nothing in part: a name that was not read would be told as missing.
fn whole<T>(all: Listed<T>, what: &str) -> Result<Vec<T>, PlatformError> {
    match all.extent.missing(what) {
        None => Ok(all.items),
        Some(missing) => Err(super::http::garbage(GITHUB, &format!("the list is not whole: {missing}"))),
    }
}

impl Github {
    /// A client of `owner/name`.
    #[must_use]
    pub fn new(http: Http, access: Access, repository: &str) -> Self {
        let (owner, name) = repository.split_once('/').unwrap_or((repository, ""));
        Self { http, access: Arc::new(access), owner: owner.into(), name: name.into() }
    }

    /// How far the platform's clock is ahead of ours, by its last answers.
    #[must_use]
    pub fn ahead(&self) -> jiff::SignedDuration {
        self.http.ahead(GITHUB)
    }

    /// `GET /user`: the cheapest call that needs the token.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn check_token(&self) -> Result<TokenInfo, PlatformError> {
        let answer = self.signed(self.http.get(GITHUB, &format!("{}/user", self.access.base))).answer().await?;
        let scopes = answer.headers.get("x-oauth-scopes").and_then(|scopes| scopes.to_str().ok()).map(str::to_owned);
        let login: wire::Login = serde_json::from_slice(&answer.body)
            .map_err(|error| super::http::garbage(GITHUB, &format!("GET /user with unexpected data: {error}")))?;
        let note = scopes.filter(|scopes| !scopes.is_empty()).map(|scopes| Text::clean(&format!("scopes {scopes}")));
        Ok(TokenInfo { who: Text::clean(&login.login), note })
    }

    /// `GET R/actions/runs`, newest first, without a filter: filtered lists lag behind (docs/platforms/github.md section 3). Jobs
    /// and gates are empty; ask for them run by run.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Run>, PlatformError> {
        let call = self.get("actions/runs").query("per_page", &limit.clamp(1, 100).to_string());
        let list: wire::Runs = call.query("exclude_pull_requests", "true").read().await?;
        Ok(list.workflow_runs.into_iter().map(Run::from).collect())
    }

    /// `GET R/actions/runs/{id}`.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn run(&self, run: u64) -> Result<Run, PlatformError> {
        let run: wire::Run = self.get(&format!("actions/runs/{run}")).read().await?;
        Ok(run.into())
    }

    /// `GET R/actions/runs/{id}/jobs`, the newest attempt of each job, with its steps: all of them, up to a thousand.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn jobs(&self, run: u64) -> Result<Listed<Job>, PlatformError> {
        let path = format!("actions/runs/{run}/jobs");
        let open = |page: wire::Jobs| (page.jobs.into_iter().map(Job::from).collect(), page.total_count);
        self.numbered(|| self.get(&path).query("filter", "latest"), (100, JOB_PAGES), open).await
    }

    /// `GET R/actions/runs/{id}/pending_deployments`: what holds a waiting run.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn pending_deployments(&self, run: u64) -> Result<Vec<Gate>, PlatformError> {
        let list: Vec<wire::Pending> = self.get(&format!("actions/runs/{run}/pending_deployments")).read().await?;
        Ok(list.into_iter().map(Gate::from).collect())
    }

    /// `GET R/compare/{base}...{head}`.
    ///
    /// # Errors
    /// [`PlatformError`]; 404 when the repository does not know one of them.
    pub async fn compare(&self, base: &str, head: &str) -> Result<Comparison, PlatformError> {
        let path = format!("compare/{}...{}", segment(base), segment(head));
        let compared: wire::Compared = self.get(&path).read().await?;
        let files = compared.files.as_deref().unwrap_or_default();
        let extent = match &compared.files {
            Some(files) => Extent::of(files.len(), None, files.len() >= COMPARED),
            None => Extent::NOTHING,
        };
        let added = files.iter().filter(|file| file.status == "added");
        let added = added.map(|file| Text::clean(&file.filename)).collect();
        Ok(Comparison {
            status: Text::clean(&compared.status),
            ahead_by: compared.ahead_by,
            behind_by: compared.behind_by,
            commits: compared.commits.into_iter().map(Commit::from).collect(),
            added: Listed { items: added, extent },
        })
    }

    /// `GET R/compare/{base}...{head}`, the counts alone. Either end may be a branch.
    ///
    /// # Errors
    /// [`PlatformError`]; 404 when the repository does not know one of them.
    pub async fn distance(&self, base: &str, head: &str) -> Result<Distance, PlatformError> {
        let path = format!("compare/{}...{}", segment(base), segment(head));
        let told: wire::Distance = self.get(&path).query("per_page", "1").read().await?;
        Ok(Distance { ahead: told.ahead_by, behind: told.behind_by })
    }

    /// `GET R`: the name of the default branch.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn default_branch(&self) -> Result<Text, PlatformError> {
        let url = format!("{}/repos/{}/{}", self.access.base, segment(&self.owner), segment(&self.name));
        let told: wire::Repository = self.signed(self.http.get(GITHUB, &url)).read().await?;
        Ok(Text::clean(&told.default_branch))
    }

    /// `GET R/commits/{sha}/pulls`: the pull requests that brought a commit.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn pulls_of(&self, commit: &Sha) -> Result<Vec<Pull>, PlatformError> {
        let list: Vec<wire::PullRequest> =
            self.get(&format!("commits/{}/pulls", segment(commit.as_str()))).read().await?;
        Ok(list.into_iter().map(Pull::from).collect())
    }

    /// `GET R/deployments`, newest first, of one environment or all.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn deployments(
        &self,
        environment: Option<&str>,
        limit: u32,
    ) -> Result<Vec<GithubDeployment>, PlatformError> {
        let call = self.get("deployments").maybe("environment", environment);
        let list: Vec<wire::Deployment> = call.query("per_page", &limit.clamp(1, 100).to_string()).read().await?;
        let deployment = |wire: wire::Deployment| GithubDeployment {
            id: wire.id,
            sha: Sha::from(wire.sha),
            environment: Text::clean(&wire.environment),
            creator: Text::clean(&wire.creator.login),
            created_at: wire.created_at,
        };
        Ok(list.into_iter().map(deployment).collect())
    }

    /// Names of the secrets of the repository (`environment` = `None`) or of one GitHub environment; values are never
    /// readable.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn secrets(&self, environment: Option<&str>, env: &EnvId) -> Result<Vec<SecretEntry>, PlatformError> {
        let place = Self::place(environment, "secrets");
        let open = |page: wire::Secrets| (page.secrets, page.total_count);
        let all = self.numbered(|| self.get(&place), (100, NAME_PAGES), open).await?;
        let entry = |secret| self.entry(&secret, environment, env, None);
        Ok(whole(all, "secrets")?.into_iter().map(entry).collect())
    }

    /// Names of the variables of the repository or of one environment. Their values are readable on GitHub, but the
    /// console does not keep them.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn variables(&self, environment: Option<&str>, env: &EnvId) -> Result<Vec<SecretEntry>, PlatformError> {
        let place = Self::place(environment, "variables");
        let open = |page: wire::Variables| (page.variables, page.total_count);
        // Lists of variables are the exception: at most 30 a page.
        let all = self.numbered(|| self.get(&place), (30, NAME_PAGES), open).await?;
        let entry = |variable| self.entry(&variable, environment, env, Some("variable"));
        Ok(whole(all, "variables")?.into_iter().map(entry).collect())
    }

    /// `GET R/environments`: whether the repository has an environment of this name, in whatever case; `None` = the list could not be
    /// read to its end.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn has_environment(&self, name: &str) -> Result<Option<bool>, PlatformError> {
        let open = |page: wire::Environments| (page.environments, page.total_count);
        let all = self.numbered(|| self.get("environments"), (100, ENVIRONMENT_PAGES), open).await?;
        let there = all.items.iter().any(|one| one.name.eq_ignore_ascii_case(name));
        Ok(if there { Some(true) } else { all.extent.whole().then_some(false) })
    }

    fn place(environment: Option<&str>, what: &str) -> String {
        match environment {
            Some(name) => format!("environments/{}/{what}", segment(name)),
            None => format!("actions/{what}"),
        }
    }

    fn entry(&self, named: &wire::Named, environment: Option<&str>, env: &EnvId, note: Option<&str>) -> SecretEntry {
        SecretEntry {
            key: Text::clean(&named.name),
            env: env.clone(),
            platform: GITHUB,
            place: Text::clean(environment.unwrap_or("repository")),
            digest: Digest::Hidden,
            updated_at: named.updated_at,
            note: note.map(Text::clean),
        }
    }

    fn get(&self, path: &str) -> Call {
        self.signed(self.repository_call(path))
    }

    fn repository_call(&self, path: &str) -> Call {
        let url = format!("{}/repos/{}/{}/{path}", self.access.base, segment(&self.owner), segment(&self.name));
        self.http.get(GITHUB, &url)
    }

    /// A read: redirects are followed, and what has not changed is not sent again.
    fn signed(&self, call: Call) -> Call {
        self.authorized(call).follow().conditional()
    }

    fn authorized(&self, call: Call) -> Call {
        let call = call.signed(&self.access.token, super::http::bearer).header("accept", "application/vnd.github+json");
        call.header("x-github-api-version", VERSION)
    }
}
