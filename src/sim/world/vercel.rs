//! Vercel: one project, its deployments, aliases and variables (docs/platforms/vercel.md sections 4 to 8). A deployment's state is
//! a function of the time, so that nothing has to be scheduled but the move of the aliases.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::budget::Budgets;
use super::checks::{Check, CheckRun};
use super::rolling::{RollingConfig, RollingRelease};
use super::traffic::LogLine;
use super::{Env, Health, ids};

/// After creation: the build starts.
pub const QUEUED: SignedDuration = SignedDuration::from_millis(1000);
/// After creation: the build runs (before: initializing).
pub const INITIALIZING: SignedDuration = SignedDuration::from_millis(1800);
/// After creation: the deployment is ready.
pub const BUILT: SignedDuration = SignedDuration::from_millis(6000);
/// Between acceptance of a rollback or promotion and the first alias, and between aliases.
pub const ALIAS_STEP: SignedDuration = SignedDuration::from_millis(700);

/// Everything Vercel knows.
#[derive(Debug, Clone)]
pub struct VercelWorld {
    /// The token that is accepted.
    pub token: String,
    /// `team_…`.
    pub team_id: String,
    /// Slug of the team.
    pub team_slug: String,
    /// `hobby`, `pro` or `enterprise`; on hobby a rollback reaches the previous deployment only.
    pub plan: &'static str,
    /// Login of the token's owner.
    pub username: String,
    /// The project.
    pub project: VercelProject,
    /// Oldest first.
    pub deployments: Vec<VercelDeployment>,
    /// Who serves which domain; an empty deployment = nothing does.
    pub aliases: Vec<VercelAlias>,
    /// Environment variables.
    pub env: Vec<VercelVariable>,
    /// Recent runtime lines, oldest first; `instance` is the deployment id.
    pub logs: VecDeque<LogLine>,
    /// Rate limits.
    pub budgets: Budgets,
    /// A call that names no team is one of the user's default team; `false` = of the personal scope, which owns nothing.
    pub default_team: bool,
    /// Definitions of checks.
    pub checks: Vec<Check>,
    /// Their runs, oldest first.
    pub check_runs: Vec<CheckRun>,
}

/// A custom environment of the project.
#[derive(Debug, Clone)]
pub struct Custom {
    /// Which one.
    pub env: Env,
    /// Its name on Vercel.
    pub slug: String,
    /// `env_…`.
    pub id: String,
}

/// The project.
#[derive(Debug, Clone)]
pub struct VercelProject {
    /// `prj_…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `false` = production is pinned.
    pub auto_assign: bool,
    /// One slot shared by promote and rollback.
    pub last_alias_request: Option<AliasRequest>,
    /// Reason of the last rollback.
    pub rollback_description: Option<(String, Timestamp)>,
    /// The token may not see the variables of production.
    pub hides_production: bool,
    /// Visitors get 503.
    pub paused: bool,
    /// Visitors are challenged, and since when it is so or not so.
    pub challenged: (bool, Option<Timestamp>),
    /// Template of rolling releases; `None` = off.
    pub rolling_config: Option<RollingConfig>,
    /// The rolling release under way, or the last one.
    pub rolling_release: Option<RollingRelease>,
    /// The environment that its production is.
    pub production: Option<Env>,
    /// The environments that are custom ones of it.
    pub customs: Vec<Custom>,
    /// Lists of deployments show one only so long after it was made.
    pub lag: SignedDuration,
    /// Domains that do not move with promotions and rollbacks.
    pub stuck_domains: Vec<String>,
    /// The deployment that production's pointer names where its first domain does not tell: a hand moves domains and no pointer.
    pub pointer: Option<String>,
}

impl VercelProject {
    /// Whether attack mode holds visitors now.
    #[must_use]
    pub fn challenges(&self, now: Timestamp) -> bool {
        let (on, until) = self.challenged;
        on && until.is_none_or(|until| until > now)
    }
}

/// A promotion or rollback under way or done.
#[derive(Debug, Clone)]
pub struct AliasRequest {
    /// `promote` or `rollback`.
    pub kind: &'static str,
    /// The deployment before.
    pub from: Option<String>,
    /// The deployment after.
    pub to: String,
    /// When it was asked.
    pub requested_at: Timestamp,
    /// Each alias, when it moves, and whether that fails.
    pub aliases: Vec<AliasMove>,
    /// A later request took the slot.
    pub skipped: bool,
    /// A status that was set from outside.
    pub forced: Option<&'static str>,
}

/// One alias of a request.
#[derive(Debug, Clone)]
pub struct AliasMove {
    /// The domain.
    pub alias: String,
    /// When it is done.
    pub at: Timestamp,
    /// It will fail.
    pub fails: bool,
    /// It has been applied.
    pub done: bool,
}

impl AliasRequest {
    /// `pending`, `in-progress`, `succeeded`, `failed` or `skipped`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> &'static str {
        if let Some(forced) = self.forced {
            return forced;
        }
        if self.skipped {
            return "skipped";
        }
        let done = self.aliases.iter().filter(|step| step.at <= now).count();
        if done < self.aliases.len() {
            let begun = now.duration_since(self.requested_at) >= SignedDuration::from_millis(300);
            return if begun { "in-progress" } else { "pending" };
        }
        if self.aliases.iter().any(|step| step.fails) { "failed" } else { "succeeded" }
    }
}

/// A domain and the deployment behind it.
#[derive(Debug, Clone)]
pub struct VercelAlias {
    /// Opaque id.
    pub uid: String,
    /// The domain, no scheme.
    pub alias: String,
    /// Which environment it belongs to.
    pub env: Env,
    /// `dpl_…`.
    pub deployment: String,
    /// It only sends visitors to this domain.
    pub redirect: Option<String>,
    /// When it moved.
    pub updated_at: Timestamp,
}

/// One deployment.
#[derive(Debug, Clone)]
pub struct VercelDeployment {
    /// `dpl_…`.
    pub id: String,
    /// Hostname, no scheme.
    pub url: String,
    /// Which environment it was built for.
    pub env: Env,
    /// Index into the commits.
    pub commit: usize,
    /// Created.
    pub created_at: Timestamp,
    /// Cancelled, when.
    pub canceled_at: Option<Timestamp>,
    /// It is never built: its author has no seat; the platform's code of that.
    pub blocked: Option<&'static str>,
    /// The build fails at its end with this text.
    pub build_error: Option<String>,
    /// Has had production traffic.
    pub promoted: bool,
    /// How the page behaves.
    pub health: Health,
    /// Who.
    pub creator: String,
    /// A `readyState` that was set from outside.
    pub forced: Option<&'static str>,
    /// A `readySubstate` that was set from outside.
    pub substate: Option<&'static str>,
}

impl VercelDeployment {
    /// `readyState` at `now`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> &'static str {
        if let Some(forced) = self.forced {
            return forced;
        }
        let age = now.duration_since(self.created_at);
        if self.canceled_at.is_some_and(|at| at <= now) {
            return "CANCELED";
        }
        if self.blocked.is_some() {
            return "BLOCKED";
        }
        if age < QUEUED {
            "QUEUED"
        } else if age < INITIALIZING {
            "INITIALIZING"
        } else if age < BUILT {
            "BUILDING"
        } else if self.build_error.is_some() {
            "ERROR"
        } else {
            "READY"
        }
    }

    /// When the build started, if it has.
    #[must_use]
    pub fn building_at(&self, now: Timestamp) -> Option<Timestamp> {
        Some(self.created_at + INITIALIZING).filter(|at| *at <= now)
    }

    /// When it became ready, if it is.
    #[must_use]
    pub fn ready_at(&self, now: Timestamp) -> Option<Timestamp> {
        Some(self.created_at + BUILT).filter(|_| self.state(now) == "READY")
    }

    /// The lines of the build so far: (when, level, text).
    #[must_use]
    pub fn build_events(&self, repo: &str, sha: &str, now: Timestamp) -> Vec<(Timestamp, &'static str, String)> {
        let short = sha.get(..7).unwrap_or(sha);
        let done = match &self.build_error {
            Some(error) => ("stderr", format!("Error: {error}")),
            None => ("stdout", "Build Completed in /vercel/output [4s]".to_owned()),
        };
        let lines: [(i64, &'static str, String); 9] = [
            (1000, "stdout", "Running build in Washington, D.C., USA (East) – iad1".to_owned()),
            (1200, "stdout", format!("Cloning github.com/acme/{repo} (Branch: main, Commit: {short})")),
            (1800, "stdout", "Running \"vercel build\"".to_owned()),
            (2200, "stdout", "Detected Next.js version: 15.5.4".to_owned()),
            (2900, "stdout", "   \u{1b}[1mCreating an optimized production build ...\u{1b}[22m".to_owned()),
            (4300, "stdout", " \u{1b}[32m✓\u{1b}[39m Compiled successfully in 1384ms".to_owned()),
            (5100, "stdout", " \u{1b}[32m✓\u{1b}[39m Generating static pages (24/24)".to_owned()),
            (5600, done.0, done.1),
            (5900, "stdout", "Deploying outputs...".to_owned()),
        ];
        let until = self.canceled_at.map_or(now, |at| at.min(now));
        lines
            .into_iter()
            .map(|(ms, kind, text)| (self.created_at + SignedDuration::from_millis(ms), kind, text))
            .filter(|(at, _, _)| *at <= until)
            .collect()
    }
}

/// An environment variable: never its value.
#[derive(Debug, Clone)]
pub struct VercelVariable {
    /// Opaque id.
    pub id: String,
    /// Its name.
    pub key: String,
    /// `plain`, `encrypted`, `sensitive`.
    pub kind: &'static str,
    /// Production, or a custom environment.
    pub env: Env,
    /// Digest for the ground truth only; the API does not show it.
    pub digest: String,
    /// The value of a `plain` variable.
    pub plain: Option<String>,
    /// The integration that keeps it: `icfg_…`.
    pub managed: Option<String>,
    /// First set.
    pub created_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
}

impl VercelWorld {
    /// A deployment by id or by hostname.
    #[must_use]
    pub fn deployment(&self, id_or_url: &str) -> Option<&VercelDeployment> {
        self.deployments.iter().find(|one| one.id == id_or_url || one.url == id_or_url)
    }

    /// A deployment by id or by hostname.
    pub fn deployment_mut(&mut self, id_or_url: &str) -> Option<&mut VercelDeployment> {
        self.deployments.iter_mut().find(|one| one.id == id_or_url || one.url == id_or_url)
    }

    /// The deployments that the platform's lists show already, oldest first.
    pub fn listed(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &VercelDeployment> {
        self.deployments.iter().filter(move |one| one.created_at + self.project.lag <= now)
    }

    /// The deployment that an environment's first domain serves.
    #[must_use]
    pub fn live(&self, env: Env) -> Option<&VercelDeployment> {
        let alias = self.aliases.iter().find(|alias| alias.env == env)?;
        self.deployment(&alias.deployment)
    }

    /// Whether an environment is the project's production.
    #[must_use]
    pub fn is_production(&self, env: Env) -> bool {
        self.project.production == Some(env)
    }

    /// The deployment that the project calls live in production.
    #[must_use]
    pub fn live_production(&self) -> Option<&VercelDeployment> {
        match &self.project.pointer {
            Some(id) => self.deployment(id),
            None => self.live(self.project.production?),
        }
    }

    /// The custom environment that an environment is.
    #[must_use]
    pub fn custom(&self, env: Env) -> Option<&Custom> {
        self.project.customs.iter().find(|one| one.env == env)
    }

    /// A custom environment by its id or its slug.
    #[must_use]
    pub fn custom_named(&self, name: &str) -> Option<&Custom> {
        self.project.customs.iter().find(|one| one.id == name || one.slug == name)
    }

    /// What a target means: `production`, `preview`, which is the first custom environment, or the slug of one.
    #[must_use]
    pub fn target(&self, target: &str) -> Option<Env> {
        match target {
            "production" => self.project.production,
            "preview" => self.project.customs.first().map(|one| one.env),
            slug => self.project.customs.iter().find(|one| one.slug == slug).map(|one| one.env),
        }
    }

    /// The word of an environment's target, as variables have it.
    #[must_use]
    pub fn target_word(&self, env: Env) -> &'static str {
        if self.is_production(env) { "production" } else { "preview" }
    }

    /// Whether finished builds do not get an environment's domains.
    #[must_use]
    pub fn pinned(&self, env: Env) -> bool {
        self.is_production(env) && !self.project.auto_assign
    }

    /// Adds a deployment that begins to build now.
    pub fn add_deployment(&mut self, seed: u64, env: Env, commit: usize, health: Health, now: Timestamp) -> String {
        let n = self.deployments.len() as u64;
        let id = format!("dpl_{}", ids::base62(seed, "dpl", n, 28));
        self.deployments.push(VercelDeployment {
            id: id.clone(),
            url: format!("{}-{}-acme.vercel.app", self.project.name, ids::letters(seed, "url", n, 9)),
            env,
            commit,
            created_at: now,
            canceled_at: None,
            blocked: None,
            build_error: None,
            promoted: false,
            health,
            creator: self.username.clone(),
            forced: None,
            substate: None,
        });
        id
    }

    /// Accepts a `promote` or `rollback`; the aliases move one by one as the time goes on.
    pub fn move_aliases(&mut self, kind: &'static str, to: &str, now: Timestamp) {
        if let Some(last) = &mut self.project.last_alias_request
            && last.aliases.iter().any(|step| !step.done)
        {
            last.skipped = true;
        }
        let from = self.live_production().map(|one| one.id.clone());
        let aliases = self.aliases.iter().filter(|alias| self.is_production(alias.env)).enumerate();
        let aliases = aliases
            .map(|(n, alias)| AliasMove {
                alias: alias.alias.clone(),
                at: now + ALIAS_STEP * (n as i32 + 1),
                fails: self.project.stuck_domains.contains(&alias.alias),
                done: false,
            })
            .collect();
        self.project.auto_assign = kind == "promote";
        self.project.last_alias_request = Some(AliasRequest {
            kind,
            from,
            to: to.to_owned(),
            requested_at: now,
            aliases,
            skipped: false,
            forced: None,
        });
    }

    /// Applies alias moves that are due.
    pub fn settle(&mut self, now: Timestamp) {
        self.settle_rolling(now);
        let Some(request) = &mut self.project.last_alias_request else { return };
        for step in &mut request.aliases {
            if step.done || step.at > now {
                continue;
            }
            step.done = true;
            // From here on it follows the first domain, as long as no hand moves that one.
            self.project.pointer = None;
            if step.fails {
                continue;
            }
            if let Some(alias) = self.aliases.iter_mut().find(|alias| alias.alias == step.alias) {
                alias.deployment.clone_from(&request.to);
                alias.updated_at = step.at;
            }
            if let Some(one) = self.deployments.iter_mut().find(|one| one.id == request.to) {
                one.promoted = true;
            }
        }
    }

    /// When the next alias moves.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        let steps = self.project.last_alias_request.iter().flat_map(|request| &request.aliases);
        let alias = steps.filter(|step| !step.done).map(|step| step.at).min();
        alias.into_iter().chain(self.rolling_due()).min()
    }

    /// Points every domain of an environment at a deployment, as a finished build does.
    pub fn assign(&mut self, env: Env, deployment: &str, now: Timestamp) {
        for alias in self.aliases.iter_mut().filter(|alias| alias.env == env) {
            deployment.clone_into(&mut alias.deployment);
            alias.updated_at = now;
        }
        if self.is_production(env) {
            self.project.pointer = None;
        }
        if self.is_production(env)
            && let Some(one) = self.deployments.iter_mut().find(|one| one.id == deployment)
        {
            one.promoted = true;
        }
    }
}
