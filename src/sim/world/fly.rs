//! Fly: two apps with their releases, images, machines and secrets (docs/platforms/fly.md sections 2, 3, 5, 9).

mod machine;

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub use machine::{CHECK_DELAY, Lease, Machine, Next, Refused, Shown};

use super::budget::Buckets;
use super::traffic::LogLine;
use super::{Env, Health, ids};

/// Its regions: code, name, latitude, longitude, part of the world.
pub const REGIONS: [(&str, &str, f64, f64, &str); 3] = [
    ("iad", "Ashburn, Virginia (US)", 39.02, -77.54, "north_america"),
    ("fra", "Frankfurt, Germany", 50.03, 8.55, "europe"),
    ("sin", "Singapore, Singapore", 1.35, 103.82, "asia_pacific"),
];

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
