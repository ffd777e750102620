//! Fly.io: machines over the Machines API, images over GraphQL, logs and releases over the web API (docs/platforms/fly.md).

mod adapter;
mod auth;
mod config;
mod findings;
mod fleet;
mod machines;
mod releases;
mod secrets;
mod view;
mod wire;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

pub use config::{MachineConfig, NextConfig, Unread, WholeConfig};
pub use view::{LISTED, QUIET, READY, ReleaseImage, carried};
pub use words::Stage;

use super::http::{BODY_CAP, Call, Http, segment};
use super::recent::Recent;
use super::{PlatformError, TokenInfo, logparse};
use crate::config::FlyAccess;
use crate::domain::environment::{Instance, Platform, Status};
use crate::domain::ids::{DeploymentId, EnvId, ServiceId, Sha};
use crate::domain::log::{LogKind, LogLine};
use crate::domain::release::{Deployment, Presence};
use crate::domain::secret::{Digest, SecretEntry};
use crate::sanitize::Text;

const FLY: Platform = Platform::Fly;

/// The client.
#[derive(Debug, Clone)]
pub struct Fly {
    http: Http,
    access: Arc<FlyAccess>,
    recent: Arc<Shared>,
}

/// What feeds share.
#[derive(Debug, Default)]
struct Shared {
    machines: Recent<Vec<Machine>>,
    rows: Recent<view::Rows>,
}

/// One app (docs/platforms/fly.md section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlyApp {
    /// Its name.
    pub name: Text,
    /// `deployed`, `suspended`, `pending`.
    pub status: Text,
    /// Slug of its organization.
    pub organization: Text,
}

/// One machine (docs/platforms/fly.md section 3.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// 14 hex digits.
    pub id: String,
    /// `started`, `stopped`, `replacing`, …
    pub state: Text,
    /// Region code.
    pub region: Text,
    /// One per configuration version: the revision of an update.
    pub instance_id: String,
    /// What was asked for (`config.image`); empty when it was not read.
    pub image: Text,
    /// What runs; `None` when the platform cannot tell. A machine that cannot be read has neither digest, commit, release nor checks.
    pub digest: Option<Text>,
    /// The commit that the image's labels name.
    pub sha: Option<Sha>,
    /// Label `fly_release_version`; only a label, compare digests.
    pub release_version: Option<u64>,
    /// Passing and all checks; (0, 0) = unchecked.
    pub checks: (u32, u32),
    /// Words of the checks that do not pass.
    pub check_words: Vec<Text>,
    /// Since when the first of them does not pass.
    pub failing_since: Option<Timestamp>,
    /// The configuration, and whether it was read whole.
    pub config: MachineConfig,
    /// Metadata that was told (`config.metadata`).
    pub labels: BTreeMap<String, String>,
    /// Process group; `app` by default.
    pub process_group: Text,
    /// Whether deploys manage it.
    pub membership: Membership,
    /// The proxy sends it nothing.
    pub cordoned: bool,
    /// Last change.
    pub updated_at: Option<Timestamp>,
}

/// Marks a machine as one of a blue-green deploy; Fly's own tool writes the same.
pub const TAG: &str = "fly_bluegreen_deployment_tag";
/// Which old machine a new one takes the place of.
pub const TWIN: &str = "flightdeck_in_place_of";

/// Whether a machine is one of the fleet that deploys manage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It is.
    Fleet,
    /// It is detached, or a throw-away machine of a deploy.
    Apart,
    /// What would tell was not read: it is listed with the fleet.
    Unknown,
}

/// One release row (docs/platforms/fly.md section 5).
#[derive(Debug, Clone, PartialEq)]
pub struct FlyRelease {
    /// The row's id.
    pub id: String,
    /// Its number: 41 = `v41`.
    pub version: u64,
    /// `pending`, `running`, `complete`, `failed`, `interrupted`; free text.
    pub status: Text,
    /// The platform calls it stable.
    pub stable: bool,
    /// A deploy says that it goes on.
    pub in_progress: bool,
    /// `ROLLING`, `CANARY`, `BLUEGREEN`, `IMMEDIATE`.
    pub strategy: Text,
    /// Who.
    pub user: Text,
    /// When the row was made, before any machine changed.
    pub created_at: Option<Timestamp>,
    /// The image.
    pub image_ref: Text,
}

/// A lease on one machine (docs/platforms/fly.md section 3.4).
#[derive(Debug, Clone)]
pub struct Lease {
    /// Sent with every guarded call; whoever has it holds the machine.
    pub nonce: SecretString,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// The machine's revision when it was taken, if the platform told.
    pub version: Option<String>,
    /// By whom it was taken, as the platform names its tokens; empty where it does not tell.
    pub owner: Text,
    /// What for, in the words of whoever took it; empty where they gave none.
    pub description: Text,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitResult {
    /// The machine is in that state, with that version.
    Reached,
    /// Not within the time (408).
    TimedOut,
}

/// A page of log lines.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPage {
    /// The lines with their ids, oldest first; the id joins pages without duplicates.
    pub lines: Vec<(String, LogLine)>,
    /// Where to go on; `None` = ask with the old one again.
    pub next: Option<String>,
}

impl FlyRelease {
    /// What the platform's word means now, and as what it is told: a row that its deploy left open says `running` for ever.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> (Status, Text) {
        words::release(self.status.as_str(), self.created_at, now)
    }

    /// The release as a candidate of a rollback. `current` is for the caller to know: it takes the machines to say so.
    #[must_use]
    pub fn deployment(&self, service: &ServiceId, current: bool, now: Timestamp) -> Deployment {
        let (status, words) = self.stands(now);
        Deployment {
            service: service.clone(),
            id: DeploymentId::from(self.id.as_str()),
            label: Text::clean(&format!("v{}", self.version)),
            sha: image_sha(self.image_ref.as_str()),
            image: Some(self.image_ref.clone()).filter(|image| !image.is_empty()),
            status,
            words,
            stage: None,
            created_at: self.created_at.unwrap_or(Timestamp::UNIX_EPOCH),
            ran_for: None,
            author: self.user.clone(),
            message: Text::clean(&self.strategy.as_str().to_lowercase()),
            current,
            verified: None,
            presence: Presence::Unknown,
            bad: None,
        }
    }
}

impl Machine {
    /// What its state means now, and as what it is told.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> (Stage, Text) {
        words::machine(self.state.as_str(), self.updated_at, now)
    }

    /// Whether it does not run, and will not by itself: an update leaves it so (docs/platforms/fly.md section 6).
    #[must_use]
    pub fn rests(&self) -> bool {
        matches!(self.state.as_str(), "stopped" | "suspended" | "created")
    }

    /// Whether it counts among the machines of the fleet: all that are not known to be none of them.
    #[must_use]
    pub fn in_fleet(&self) -> bool {
        self.membership != Membership::Apart
    }

    /// The configuration, where it was read whole.
    #[must_use]
    pub fn whole(&self) -> Option<&WholeConfig> {
        match &self.config {
            MachineConfig::Whole(whole) => Some(whole),
            MachineConfig::Unreadable(_) => None,
        }
    }

    /// Why it cannot be judged, if that is so.
    #[must_use]
    pub fn unread(&self) -> Option<&Unread> {
        match &self.config {
            MachineConfig::Whole(_) => None,
            MachineConfig::Unreadable(why) => Some(why),
        }
    }

    /// Whether it is on its way out, and will not be listed in a moment.
    #[must_use]
    pub fn leaving(&self) -> bool {
        self.unread().is_some_and(Unread::is_leaving)
    }

    /// A value of its metadata that was told.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    /// What the screen shows of it.
    #[must_use]
    pub fn instance(&self) -> Instance {
        Instance {
            id: Text::clean(&self.id),
            region: self.region.clone(),
            state: self.state.clone(),
            digest: self.digest.clone(),
            release: self.release_version.map(|version| Text::clean(&format!("v{version}"))),
            sha: self.sha.clone(),
            checks: self.checks,
            failing_since: self.failing_since,
            unread: self.unread().map(|why| Text::from(why.to_string())),
            cordoned: self.cordoned,
        }
    }
}

/// A commit in an image tag, such as `registry.fly.io/app:sha-a1b2c3d` or `…:a1b2c3d`; deploy tags (ULIDs) name none.
#[must_use]
pub fn image_sha(image: &str) -> Option<Sha> {
    let tag = image.split('@').next()?.rsplit_once(':')?.1;
    super::lenient::sha(tag).or_else(|| tag.rsplit(['-', '_', '.']).find_map(super::lenient::sha))
}

impl Fly {
    /// A client of these three bases.
    #[must_use]
    pub fn new(http: Http, access: FlyAccess) -> Self {
        Self { http, access: Arc::new(access), recent: Arc::default() }
    }

    /// `GET /v1/tokens/current`: the cheapest call.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn check_token(&self) -> Result<TokenInfo, PlatformError> {
        let url = format!("{}/v1/tokens/current", self.access.machines);
        let current: wire::Tokens = self.machines_auth(self.http.get(FLY, &url)).read().await?;
        let mut who: Vec<String> =
            current.tokens.iter().map(wire::Token::owner).filter(|who| !who.is_empty()).collect();
        who.dedup();
        Ok(TokenInfo { who: Text::clean(&who.join(", ")), note: None })
    }

    /// `GET /v1/apps/{app}`.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn app(&self, app: &str) -> Result<FlyApp, PlatformError> {
        let call = self.http.get(FLY, &self.app_url(app));
        let app: wire::App = self.machines_auth(call).read().await?;
        let organization = Text::clean(&app.organization.slug);
        Ok(FlyApp { name: Text::clean(&app.name), status: Text::clean(&app.status), organization })
    }

    /// `GET /api/v1/apps/{app}/logs`: the newest lines without a token, what follows with one (docs/platforms/fly.md section 8).
    ///
    /// # Errors
    /// [`PlatformError`]; a deploy token usually may not read logs (401).
    pub async fn logs(
        &self,
        app: &str,
        service: &ServiceId,
        next_token: Option<&str>,
    ) -> Result<LogPage, PlatformError> {
        let url = format!("{}/api/v1/apps/{}/logs", self.access.api, segment(app));
        // A hundred lines, of which one may be of megabytes.
        let call = self.http.get(FLY, &url).maybe("next_token", next_token).cap(4 * BODY_CAP);
        let page: Result<wire::Logs, _> = self.machines_auth(call).read().await;
        let page = page.map_err(|mut error| {
            // The platform does not say so itself (docs/platforms/fly.md section 1).
            if error.status == Some(401) {
                error.message =
                    Text::from(format!("{} (a deploy token may not read logs; a readonly token may)", error.message));
            }
            error
        })?;
        let now = self.http.clock().now();
        let lines = page.data.into_iter().map(|entry| {
            let attributes = entry.attributes;
            let meta = attributes.meta;
            let provider = meta.pointer("/event/provider").and_then(Value::as_str).unwrap_or("app");
            let words = meta.pointer("/error/message").and_then(Value::as_str).filter(|words| !words.is_empty());
            let origin = logparse::Origin {
                service: service.clone(),
                platform: FLY,
                kind: if provider == "app" { LogKind::App } else { LogKind::System },
                at: attributes.timestamp.unwrap_or(now),
                instance: Text::clean(&attributes.instance).as_str().into(),
                region: Text::clean(&attributes.region).as_str().into(),
                level: logparse::level_word(&attributes.level),
            };
            (entry.id, logparse::line(origin, words.unwrap_or(&attributes.message), self.http.redactor()))
        });
        Ok(LogPage { lines: lines.collect(), next: Some(page.meta.next_token).filter(|token| !token.is_empty()) })
    }

    /// `GET /v1/apps/{app}/secrets`: names and opaque digests (docs/platforms/fly.md section 9).
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn secrets(&self, app: &str, env: &EnvId) -> Result<Vec<SecretEntry>, PlatformError> {
        let url = format!("{}/secrets", self.app_url(app));
        let list: wire::Secrets = self.machines_auth(self.http.get(FLY, &url)).read().await?;
        let entry = |secret: wire::Secret| SecretEntry {
            key: Text::clean(&secret.name),
            env: env.clone(),
            platform: FLY,
            place: Text::clean(app),
            digest: if secret.digest.is_empty() { Digest::Hidden } else { Digest::Opaque(Text::clean(&secret.digest)) },
            updated_at: secret.updated_at.or(secret.created_at),
            note: None,
        };
        Ok(list.secrets.into_iter().map(entry).collect())
    }

    fn app_url(&self, app: &str) -> String {
        format!("{}/v1/apps/{}", self.access.machines, segment(app))
    }

    fn machine_url(&self, app: &str, machine: &str) -> String {
        format!("{}/machines/{}", self.app_url(app), segment(machine))
    }

    /// Machines API and logs: macaroons alone if there are any.
    fn machines_auth(&self, call: Call) -> Call {
        call.signed(&self.access.token, |raw| auth::Tokens::parse(raw).machines())
    }

    fn graphql_auth(&self, call: Call) -> Call {
        call.signed(&self.access.token, |raw| auth::Tokens::parse(raw).graphql())
    }

    fn release_auth(&self, call: Call) -> Call {
        call.signed(&self.access.token, |raw| auth::Tokens::parse(raw).releases())
    }
}

/// An update may pull an image before it answers.
const UPDATE_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest wait that the platform allows (docs/platforms/fly.md section 3.5).
const WAIT_MAX: Duration = Duration::from_secs(60);
