//! Reads what the console shows of an app: what is declared, and the releases that it could go back to.

mod condition;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use self::condition::{QUIET, READY};
use self::condition::{condition, still, words};
use super::{FLY, Fly, FlyRelease, Machine};
use crate::domain::environment::{Claimed, Declared, Instance, Rollout, Status, Switches};
use crate::domain::ids::{DeploymentId, ServiceId, Sha};
use crate::domain::release::{Deployment, Presence};
use crate::platform::http::garbage;
use crate::platform::{PlatformError, lenient};
use crate::sanitize::Text;

const IMAGES: &str = "query($app: String!, $first: Int!) { app(name: $app) { releasesUnprocessed(first: $first) { \
                      nodes { version description image { digest manifest } } } } }";
/// The annotation by which builders name the commit (OCI image spec).
const REVISION: &str = "org.opencontainers.image.revision";

/// Releases listed, the newest ones.
pub const LISTED: u32 = 50;
/// How old release rows may be while machines and rows agree and none is open, and while they do not.
const SETTLED: Duration = Duration::from_secs(25);
const UNSETTLED: Duration = Duration::from_millis(1_500);

/// What the web API knows of a release beside its row.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseImage {
    /// The image's digest; `None` = the registry no longer has it.
    pub digest: Option<Text>,
    /// The commit that the image's manifest names.
    pub sha: Option<Sha>,
    /// The platform's words: `Deploy image`, `Update secrets`.
    pub description: Text,
}

/// Release rows with what the web API adds to them.
#[derive(Debug)]
pub(super) struct Rows {
    releases: Vec<FlyRelease>,
    images: HashMap<u64, ReleaseImage>,
}

impl Rows {
    /// A row is open, or a machine carries a release that is not among them: they are about to change.
    fn unsettled(&self, machines: &[Machine], now: Timestamp) -> bool {
        let known = |version: &u64| self.releases.iter().any(|release| release.version == *version);
        let newest = self.releases.first().is_some_and(|release| release.stands(now).0 == Status::Running);
        let carried =
            machines.iter().filter(|machine| machine.in_fleet()).filter_map(|machine| machine.release_version);
        newest || carried.into_iter().any(|version| !known(&version))
    }
}

impl Fly {
    /// The machines with those on their way out, read at most `age` ago.
    pub(super) async fn recent_machines(&self, app: &str, age: Duration) -> Result<Arc<Vec<Machine>>, PlatformError> {
        self.recent.machines.get(app, self.http.clock(), age, self.listed(app)).await
    }

    /// The release rows and images, read at most `age` ago.
    async fn recent_rows(&self, app: &str, age: Duration) -> Result<Arc<Rows>, PlatformError> {
        self.recent.rows.get(app, self.http.clock(), age, self.rows(app)).await
    }

    /// Rows and images together.
    async fn rows(&self, app: &str) -> Result<Rows, PlatformError> {
        let (releases, images) = tokio::join!(self.releases(app, LISTED), self.release_images(app, LISTED));
        Ok(Rows { releases: releases?, images: images.unwrap_or_default() })
    }

    /// The images of the newest releases by version (GraphQL `releasesUnprocessed`).
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn release_images(&self, app: &str, limit: u32) -> Result<HashMap<u64, ReleaseImage>, PlatformError> {
        let call = self.http.post(FLY, &format!("{}/graphql", self.access.api)).reading();
        let call = call.json(&json!({ "query": IMAGES, "variables": { "app": app, "first": limit } }));
        let answer: Value = self.graphql_auth(call).read().await?;
        let nodes = answer.pointer("/data/app/releasesUnprocessed/nodes").and_then(Value::as_array);
        let nodes = nodes.ok_or_else(|| garbage(FLY, "the answer lists no releases"))?;
        let image = |node: &Value| {
            let text = |pointer: &str| node.pointer(pointer).and_then(Value::as_str);
            let annotations = node.pointer("/image/manifest/annotations");
            let image = ReleaseImage {
                digest: text("/image/digest").map(Text::clean),
                sha: annotations.and_then(|all| lenient::sha(all.get(REVISION)?.as_str()?)),
                description: Text::clean(text("/description").unwrap_or_default()),
            };
            Some((node.get("version")?.as_u64()?, image))
        };
        Ok(nodes.iter().filter_map(image).collect())
    }

    /// The newest releases as candidates of a rollback: with presence of their images, commits where an image names one,
    /// and the one that the machines carry marked as current. Only the list itself is essential; where the others do not
    /// answer, presence and current stay unknown. Nothing is older than `age`.
    ///
    /// # Errors
    /// [`PlatformError`] when the list cannot be read.
    pub async fn deployments(
        &self,
        app: &str,
        service: &ServiceId,
        age: Duration,
    ) -> Result<Vec<Deployment>, PlatformError> {
        let (rows, machines) = tokio::join!(self.recent_rows(app, age), self.recent_machines(app, age));
        let (rows, machines) = (rows?, machines.unwrap_or_default());
        let (releases, images) = (&rows.releases, &rows.images);
        let (live, now) = (carried(&machines), self.http.now_at(FLY));
        let mut ended: Option<Timestamp> = None;
        let mut all = Vec::with_capacity(releases.len());
        for release in releases {
            let mut deployment = release.deployment(service, live == Some(release.version), now);
            if let Some(image) = images.get(&release.version) {
                deployment.presence = if image.digest.is_some() { Presence::There } else { Presence::Gone };
                deployment.sha = deployment.sha.or_else(|| image.sha.clone());
                if !image.description.is_empty() {
                    deployment.message = image.description.clone();
                }
            }
            if let (Some(began), Some(end)) = (release.created_at, ended) {
                deployment.ran_for = end.duration_since(began).try_into().ok();
            }
            if release.stands(now).0 == Status::Ok {
                ended = release.created_at;
            }
            all.push(deployment);
        }
        Ok(all)
    }

    /// What the platform declares of an app: the release that the machines carry, its checks, a roll in motion.
    ///
    /// # Errors
    /// [`PlatformError`] when machines or releases cannot be read.
    pub async fn declared(&self, app: &str) -> Result<Declared, PlatformError> {
        // A first reading waits for both at once.
        let (machines, rows) = tokio::join!(self.recent_machines(app, Duration::ZERO), self.recent_rows(app, SETTLED));
        let (machines, mut rows) = (machines?, rows?);
        let now = self.http.now_at(FLY);
        if rows.unsettled(&machines, now) {
            rows = self.recent_rows(app, UNSETTLED).await?;
        }
        let (releases, images) = (&rows.releases, &rows.images);
        let fleet: Vec<&Machine> = machines.iter().filter(|machine| machine.in_fleet()).collect();
        let newest = releases.first();
        // No release row stands in for what machines run, least of all where there is none.
        let live = carried(&machines);
        let release = releases.iter().find(|release| Some(release.version) == live);
        let open = newest.filter(|release| release.stands(now).0 == Status::Running);
        let still = open.and_then(|release| still(release, &machines, now));
        let rolling = open.filter(|_| still.is_none());
        let rollout = rolling.map(|release| {
            let done = fleet.iter().filter(|machine| machine.release_version == Some(release.version)).count();
            Rollout { done: count(done), total: count(fleet.len()), fleet: condition(&fleet, now) }
        });
        let image = live.and_then(|version| images.get(&version));
        let sha =
            fleet.iter().filter(|machine| machine.release_version == live).find_map(|machine| machine.sha.clone());
        Ok(Declared {
            deployment: DeploymentId::from(release.map(|release| release.id.as_str()).unwrap_or_default()),
            label: match live {
                Some(version) => Text::from(format!("v{version}")),
                None if fleet.is_empty() => Text::from("no machine"),
                None => Text::from("release unknown"),
            },
            sha: sha.or_else(|| image?.sha.clone()),
            status: if rollout.is_some() { Status::Running } else { condition(&fleet, now) },
            words: words(&fleet, (release, newest), still, now),
            created_at: release.and_then(|release| release.created_at),
            rollout,
            pin: None,
            switches: Switches::default(),
            instances: fleet.iter().map(|machine| instance(machine, images, now)).collect(),
            pointed: Vec::new(),
            routed: false,
            coming: None,
            claimed: claimed(newest.filter(|row| Some(row.version) != live && row.stands(now).0 == Status::Ok), images)
                .filter(|claimed| !fleet.is_empty() && !runs(&machines, claimed, images)),
        })
    }
}

/// A machine, with what its state means, and with the commit that its release's image names where its own does not.
fn instance(machine: &Machine, images: &HashMap<u64, ReleaseImage>, now: Timestamp) -> Instance {
    Instance { state: machine.stands(now).1, sha: commit(machine, images), ..machine.instance() }
}

fn commit(machine: &Machine, images: &HashMap<u64, ReleaseImage>) -> Option<Sha> {
    let image = machine.release_version.and_then(|version| images.get(&version));
    machine.sha.clone().or_else(|| image?.sha.clone())
}

/// The newest release, where the platform calls it live and the machines carry another one.
fn claimed(newest: Option<&FlyRelease>, images: &HashMap<u64, ReleaseImage>) -> Option<Claimed> {
    let row = newest?;
    let image = images.get(&row.version).and_then(|image| image.sha.clone());
    let sha = super::image_sha(row.image_ref.as_str()).or(image);
    Some(Claimed { label: Text::clean(&format!("v{}", row.version)), sha, words: row.status.clone() })
}

/// Whether every machine runs the commit of a release, whichever release it is labelled with: one that ran the image before was not
/// moved.
fn runs(machines: &[Machine], claimed: &Claimed, images: &HashMap<u64, ReleaseImage>) -> bool {
    let fleet = || machines.iter().filter(|machine| machine.in_fleet() && !machine.leaving());
    let same = |machine: &Machine| {
        let sha = commit(machine, images);
        sha.zip(claimed.sha.as_ref()).is_some_and(|(sha, claimed)| sha.same(claimed))
    };
    fleet().next().is_some() && fleet().all(same)
}

/// The version that is live: most of the managed machines that visitors reach carry it; of equals the older, because a roll has not won
/// yet. Whoever says which release is live says it by this.
#[must_use]
pub fn carried(machines: &[Machine]) -> Option<u64> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    let own = || machines.iter().filter(|machine| machine.in_fleet());
    let reached = own().any(|machine| !machine.cordoned && machine.release_version.is_some());
    for version in own().filter(|one| !reached || !one.cordoned).filter_map(|machine| machine.release_version) {
        *counts.entry(version).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(version, count)| (*count, std::cmp::Reverse(*version))).map(|(version, _)| version)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
