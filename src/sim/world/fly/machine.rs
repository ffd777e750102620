//! A machine of Fly: its states and when each is entered, its lease, and what Fly shows of it (docs/platforms/fly.md section 3).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sim::world::host::Host;

/// How long a machine is `replacing` after an update.
const REPLACING: SignedDuration = SignedDuration::from_millis(500);
/// How long a machine is in any other transient state, and the end of `starting` after an update.
const TRANSIENT: SignedDuration = SignedDuration::from_millis(1000);
/// How long a started machine's checks are unknown.
pub const CHECK_DELAY: SignedDuration = SignedDuration::from_millis(800);

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
