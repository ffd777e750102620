//! Fly: two apps with their releases, images, machines and secrets (docs/platforms/fly.md sections 2, 3, 5, 9).

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::budget::Buckets;
use super::host::Host;
use super::traffic::LogLine;
use super::{Env, Health, ids};

/// How long a machine is `replacing` after an update.
const REPLACING: SignedDuration = SignedDuration::from_millis(500);
/// How long a machine is in any other transient state, and the end of `starting` after an update.
const TRANSIENT: SignedDuration = SignedDuration::from_millis(1000);
/// How long a started machine's checks are unknown.
pub const CHECK_DELAY: SignedDuration = SignedDuration::from_millis(800);

/// Everything Fly knows.
#[derive(Debug, Clone)]
pub struct FlyWorld {
    /// Organisation slug.
    pub org: String,
    /// The token that is accepted, a macaroon (`fm2_…`), without its scheme word.
    pub token: String,
    /// Production and staging.
    pub apps: Vec<FlyApp>,
    /// What is left of the limits of the Machines API.
    pub buckets: Buckets,
}

/// One app.
#[derive(Debug, Clone)]
pub struct FlyApp {
    /// Which environment it is.
    pub env: Env,
    /// `maria-api`.
    pub name: String,
    /// Opaque id.
    pub id: String,
    /// Oldest first.
    pub releases: Vec<FlyRelease>,
    /// What the registry holds.
    pub images: Vec<Image>,
    /// In a fixed order.
    pub machines: Vec<Machine>,
    /// Those that are no more.
    pub destroyed: Vec<Machine>,
    /// The vault.
    pub secrets: Vec<FlySecret>,
    /// Version of the vault.
    pub secrets_version: u64,
    /// Recent log lines, oldest first.
    pub logs: VecDeque<LogLine>,
    /// The list of releases shows a row only so long after it was made.
    pub lag: SignedDuration,
}

/// A row of the release table: a label, not the truth.
#[derive(Debug, Clone)]
pub struct FlyRelease {
    /// Opaque id.
    pub id: String,
    /// 41 for v41.
    pub version: u64,
    /// Free text: pending, running, complete, failed, interrupted.
    pub status: String,
    /// Image reference as it was asked for.
    pub image_ref: String,
    /// Upper case.
    pub strategy: String,
    /// Who.
    pub user: String,
    /// When the row was made: before any machine changed.
    pub created_at: Timestamp,
    /// What the GraphQL row says.
    pub description: String,
    /// Metadata as patched.
    pub metadata: Value,
    /// The app's configuration as it was deployed with it.
    pub definition: Value,
}

/// An image in the registry.
#[derive(Debug, Clone)]
pub struct Image {
    /// `registry.fly.io/maria-api:deployment-<ULID>`.
    pub reference: String,
    /// `sha256:…`.
    pub digest: String,
    /// Index into the commits.
    pub commit: usize,
    /// How a machine with it behaves.
    pub health: Health,
    /// The registry no longer has it.
    pub pruned: bool,
}

/// A secret: never its value.
#[derive(Debug, Clone)]
pub struct FlySecret {
    /// Its name.
    pub name: String,
    /// 16 hex digits, opaque.
    pub digest: String,
    /// First set.
    pub created_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
}

/// A lease on a machine.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The key to it.
    pub nonce: String,
    /// End.
    pub expires_at: Timestamp,
    /// `<uuid>@tokens.fly.io`.
    pub owner: String,
    /// As given.
    pub description: String,
}

/// A state that will be entered, unless something comes before it.
#[derive(Debug, Clone)]
pub struct Next {
    /// When.
    pub at: Timestamp,
    /// What.
    pub state: &'static str,
}

/// One machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// 14 hex digits.
    pub id: String,
    /// A name.
    pub name: String,
    /// Current state.
    pub state: String,
    /// `iad`.
    pub region: String,
    /// ULID, one per version of the configuration.
    pub instance_id: String,
    /// What runs: the digest.
    pub digest: String,
    /// The whole configuration as it was posted.
    pub config: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
    /// When it last became `started`.
    pub started_at: Timestamp,
    /// Newest first.
    pub events: Vec<Value>,
    /// Held by someone.
    pub lease: Option<Lease>,
    /// Out of the proxy.
    pub cordoned: bool,
    /// Earlier configurations: (instance id, configuration), newest last.
    pub versions: Vec<(String, Value)>,
    /// Coming states.
    pub next: Vec<Next>,
    /// The next new configuration does not start, and the machine goes back to the one before by itself.
    pub falls_back: bool,
    /// What it goes back to: instance id, digest, configuration.
    pub fallback: Option<(String, String, Value)>,
    /// What the Machines API knows of it.
    pub host: Host,
    /// How much of it is told beside that.
    pub shown: Shown,
    /// It stays in lists when it is destroyed.
    pub lingers: bool,
    /// Its visitors are not answered either.
    pub dark: bool,
}

/// How much of a machine Fly answers (docs/platforms/fly.md section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// All of it.
    #[default]
    Whole,
    /// `incomplete_config` instead of `config`, and no image.
    Incomplete,
    /// `config: null`.
    Null,
    /// Neither of the two fields.
    Absent,
    /// `config: null`, and nothing else that comes from its host.
    Hollow,
}

/// Why an action on a machine was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// 404.
    NoApp,
    /// 404.
    NoMachine,
    /// 409 with the text.
    Lease(String),
    /// 412 / 409 with the text.
    Precondition(String),
    /// 400 with the text: the image cannot be pulled.
    Image(String),
}

impl Machine {
    /// A machine that was made a moment ago and runs nothing yet.
    #[must_use]
    pub fn new(id: String, name: String, region: String, instance_id: String, now: Timestamp) -> Self {
        let mut machine = Self {
            id,
            name,
            state: "created".to_owned(),
            region,
            instance_id,
            digest: String::new(),
            config: Value::Null,
            created_at: now,
            updated_at: now,
            started_at: now,
            events: Vec::new(),
            lease: None,
            cordoned: false,
            versions: Vec::new(),
            next: Vec::new(),
            falls_back: false,
            fallback: None,
            host: Host::Ok,
            shown: Shown::Whole,
            lingers: false,
            dark: false,
        };
        machine.event("launch", "created", now);
        machine
    }

    /// A machine that was made starts by itself.
    pub fn launch(&mut self, now: Timestamp) {
        let starts = now + REPLACING;
        self.next = vec![Next { at: starts, state: "starting" }, Next { at: starts + TRANSIENT, state: "started" }];
    }

    /// Enters the states that are due.
    pub fn settle(&mut self, now: Timestamp) {
        while let Some(next) = self.next.first().cloned() {
            if next.at > now {
                break;
            }
            self.next.remove(0);
            next.state.clone_into(&mut self.state);
            self.updated_at = next.at;
            match next.state {
                "started" => {
                    if let Some((instance, digest, config)) = self.fallback.take() {
                        // Whoever waits for `started` without naming a version takes this for success (docs/platforms/fly.md
                        // section 3.5).
                        (self.instance_id, self.digest, self.config) = (instance, digest, config);
                    }
                    self.started_at = next.at;
                    self.event("start", "started", next.at);
                }
                "stopped" => self.event("exit", "stopped", next.at),
                _ => {}
            }
        }
        if self.lease.as_ref().is_some_and(|lease| lease.expires_at <= now) {
            self.lease = None;
        }
    }

    /// When the next state is due.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.next.first().map(|next| next.at)
    }

    /// Adds an event, newest first.
    pub fn event(&mut self, kind: &str, status: &str, at: Timestamp) {
        let id = format!("{}-{}", self.id, self.events.len());
        let event =
            json!({"id": id, "type": kind, "status": status, "source": "flyd", "timestamp": at.as_millisecond()});
        self.events.insert(0, event);
        self.events.truncate(50);
    }

    /// Serves requests: started, in the proxy, and on a host that answers.
    #[must_use]
    pub fn serving(&self) -> bool {
        self.state == "started" && !self.cordoned && !self.dark
    }

    /// Refuses whoever does not hold the lease (docs/platforms/fly.md section 3.4).
    ///
    /// # Errors
    ///
    /// [`Refused::Lease`] with Fly's text.
    pub fn guard(&self, nonce: Option<&str>) -> Result<(), Refused> {
        match &self.lease {
            Some(lease) if nonce != Some(lease.nonce.as_str()) => Err(Refused::Lease(format!(
                "machine ID {} lease currently held by {}, expires at {}",
                self.id, lease.owner, lease.expires_at
            ))),
            _ => Ok(()),
        }
    }

    /// Plans `transient` now and `rest` after a second.
    pub fn transit(&mut self, transient: &'static str, rest: &'static str, now: Timestamp) {
        transient.clone_into(&mut self.state);
        self.updated_at = now;
        self.next = vec![Next { at: now + TRANSIENT, state: rest }];
        self.event(transient, transient, now);
    }

    /// Takes a whole new configuration: a new version at once, the start after about a second.
    pub fn replace(&mut self, instance_id: String, digest: String, config: Value, launch: bool, now: Timestamp) {
        let old = std::mem::replace(&mut self.instance_id, instance_id);
        let before = std::mem::replace(&mut self.config, config);
        if std::mem::take(&mut self.falls_back) && launch {
            self.fallback = Some((old.clone(), self.digest.clone(), before.clone()));
        }
        self.versions.push((old, before));
        self.digest = digest;
        self.updated_at = now;
        self.event("update", "replacing", now);
        "replacing".clone_into(&mut self.state);
        self.next = if launch {
            vec![
                Next { at: now + REPLACING, state: "starting" },
                Next { at: now + REPLACING + TRANSIENT, state: "started" },
            ]
        } else {
            vec![Next { at: now + REPLACING, state: "stopped" }]
        };
    }
}

impl FlyApp {
    /// The image that a machine runs, whether the registry still has it or not.
    #[must_use]
    pub fn image_of(&self, machine: &Machine) -> Option<&Image> {
        self.images.iter().find(|image| image.digest == machine.digest)
    }

    /// An image by digest, by `sha256:…` at the end of a reference, or by reference.
    #[must_use]
    pub fn image(&self, text: &str) -> Option<&Image> {
        // A tag that was pushed twice names the newer image.
        self.images.iter().rev().find(|image| {
            !image.pruned
                && (image.reference == text
                    || image.digest == text
                    || text.split_once('@').is_some_and(|(_, digest)| digest == image.digest))
        })
    }

    /// The newest release row.
    #[must_use]
    pub fn release(&self) -> Option<&FlyRelease> {
        self.releases.last()
    }

    /// The rows that the platform's lists show already, oldest first.
    pub fn listed(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &FlyRelease> {
        self.releases.iter().filter(move |row| row.created_at + self.lag <= now)
    }

    /// A machine by id.
    pub fn machine_mut(&mut self, id: &str) -> Option<&mut Machine> {
        self.machines.iter_mut().find(|machine| machine.id == id)
    }

    /// A machine by id.
    #[must_use]
    pub fn machine(&self, id: &str) -> Option<&Machine> {
        self.machines.iter().find(|machine| machine.id == id)
    }

    /// The release version that a machine's metadata names: a label only.
    #[must_use]
    pub fn version_of(machine: &Machine) -> Option<u64> {
        machine.config.pointer("/metadata/fly_release_version")?.as_str()?.parse().ok()
    }

    /// A machine by id, also one that is destroyed.
    #[must_use]
    pub fn known(&self, id: &str) -> Option<&Machine> {
        self.machine(id).or_else(|| self.destroyed.iter().find(|machine| machine.id == id))
    }

    /// Enters what is due, machine by machine; what is destroyed is no longer among them.
    pub fn settle(&mut self, now: Timestamp) {
        self.machines.iter_mut().for_each(|machine| machine.settle(now));
        self.destroyed.extend(self.machines.extract_if(.., |machine| machine.state == "destroyed" && !machine.lingers));
    }

    /// Whether the image of a machine answers well at `now`.
    #[must_use]
    pub fn healthy(&self, machine: &Machine, now: Timestamp) -> bool {
        let age = now.duration_since(machine.started_at);
        self.image_of(machine).is_some_and(|image| image.health.ok(age))
    }

    /// The machines that the proxy sends visitors to: those that pass their checks (docs/platforms/fly.md section 10). Where none does, Fly
    /// holds each connection until one passes; here the failing ones answer, so that a drill shows why.
    #[must_use]
    pub fn routed(&self, now: Timestamp) -> Vec<&Machine> {
        let serving = || self.machines.iter().filter(|machine| machine.serving());
        let passing: Vec<&Machine> = serving().filter(|machine| self.healthy(machine, now)).collect();
        if passing.is_empty() { serving().collect() } else { passing }
    }

    /// Writes a row of the release table and gives its position.
    pub fn add_release(&mut self, seed: u64, image_ref: &str, strategy: &str, user: &str, now: Timestamp) -> usize {
        let version = self.releases.last().map_or(1, |release| release.version + 1);
        self.releases.push(FlyRelease {
            id: ids::base62(seed, &format!("release-{}", self.name), version, 14),
            version,
            status: "pending".to_owned(),
            image_ref: image_ref.to_owned(),
            strategy: strategy.to_owned(),
            user: user.to_owned(),
            created_at: now,
            description: format!("Deploy image {image_ref}"),
            metadata: Value::Null,
            definition: self.releases.last().map_or_else(|| self.first_definition(), |last| last.definition.clone()),
        });
        self.releases.len() - 1
    }

    fn first_definition(&self) -> Value {
        json!({
            "app": self.name,
            "primary_region": "iad",
            "http_service": {"internal_port": 8080, "force_https": true, "concurrency": {"type": "requests", "soft_limit": 150}},
        })
    }

    /// Pushes an image of a commit to the registry and gives its reference and digest. The pipeline labels its images
    /// with the commit (`fly deploy --image-label`); without a label the tag is `deployment-<ULID>` and names none.
    pub fn push_image(&mut self, seed: u64, commit: usize, label: Option<&str>, health: Health) -> (String, String) {
        let n = self.images.len() as u64;
        let tag = label.map_or_else(
            || format!("deployment-{}", ids::ulid(seed, &format!("image-{}", self.name), n)),
            |sha| format!("sha-{sha}"),
        );
        let reference = format!("registry.fly.io/{}:{tag}", self.name);
        let digest = format!("sha256:{}", ids::hex(seed, &format!("digest-{}", self.name), n, 64));
        self.images.push(Image { reference: reference.clone(), digest: digest.clone(), commit, health, pruned: false });
        (reference, digest)
    }

    /// Writes a secret; machines that run keep the old value until they restart.
    pub fn set_secret(&mut self, name: &str, value: Option<&str>, now: Timestamp) {
        self.secrets_version += 1;
        let Some(value) = value else {
            self.secrets.retain(|secret| secret.name != name);
            return;
        };
        let digest = ids::digest16(&format!("{}/{name}/{value}", self.id));
        if let Some(secret) = self.secrets.iter_mut().find(|secret| secret.name == name) {
            secret.digest = digest;
            secret.updated_at = now;
        } else {
            self.secrets.push(FlySecret { name: name.to_owned(), digest, created_at: now, updated_at: now });
            self.secrets.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
}

impl FlyWorld {
    /// An image of any app of the organization: its registry is one.
    #[must_use]
    pub fn image(&self, text: &str) -> Option<&Image> {
        self.apps.iter().find_map(|app| app.image(text))
    }

    /// Its digest, after which the app knows it as its own.
    pub fn pull(&mut self, app: &str, text: &str) -> Option<String> {
        let image = self.image(text)?.clone();
        let digest = image.digest.clone();
        let app = self.app_mut(app)?;
        if app.image(text).is_none() {
            app.images.push(image);
        }
        Some(digest)
    }

    /// An app by name.
    #[must_use]
    pub fn app(&self, name: &str) -> Option<&FlyApp> {
        self.apps.iter().find(|app| app.name == name)
    }

    /// An app by name.
    pub fn app_mut(&mut self, name: &str) -> Option<&mut FlyApp> {
        self.apps.iter_mut().find(|app| app.name == name)
    }

    /// The app of an environment.
    #[must_use]
    pub fn env(&self, env: Env) -> Option<&FlyApp> {
        self.apps.iter().find(|app| app.env == env)
    }

    /// The app of an environment.
    pub fn env_mut(&mut self, env: Env) -> Option<&mut FlyApp> {
        self.apps.iter_mut().find(|app| app.env == env)
    }
}
