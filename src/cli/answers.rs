//! The answers of commands as programs read them (`--json`): a type for each, of which `assets/schemas` is derived.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::domain::candidates::Choice;
use crate::domain::environment::{Declared, Observed, Platform, Tier};
use crate::domain::finding::Check;
use crate::domain::ids::{EnvId, OpId, Sha};
use crate::domain::lock::{Lock, Mark};
use crate::domain::log::{Level, LogKind};
use crate::domain::operation::{Operation, Plan, StepReport};
use crate::domain::release::Deployment;
use crate::domain::secret::SecretRow;
use crate::domain::state::State;
use crate::sanitize::Text;
use crate::store::chain::Broken;

/// What the names of our answers begin with, and those of a step of an operation end with.
pub(super) const OURS: &str = "flightdeck/";
pub(super) const STEP: &str = "-step";

/// An answer: what it is, in which version of that, and what it says.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Envelope<T> {
    /// `flightdeck/` and the name of the schema.
    pub(super) schema: String,
    pub(super) version: u32,
    #[serde(flatten)]
    pub(super) says: T,
}

/// An answer in one line.
pub(super) fn line<T: Serialize>(name: &str, version: u32, says: T) -> String {
    format!("{}\n", json!(Envelope { schema: format!("{OURS}{name}"), version, says }))
}

/// `status`: how everything stands.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Status<'a> {
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub(super) at: Timestamp,
    pub(super) project: &'a str,
    pub(super) environments: Vec<Environment<'a>>,
    /// What could not be read.
    pub(super) failing: Vec<Failing<'a>>,
    /// Operations that were cut short; null where the store could not be read.
    pub(super) cut_short: Option<Vec<&'a Operation>>,
    pub(super) store: Remembers,
}

/// A feed that fails.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Failing<'a> {
    pub(super) feed: &'a str,
    pub(super) why: &'a str,
}

/// Since when locks, marks and operations are known.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Remembers {
    /// When the first was written; null where none ever was, or it could not be read.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub(super) began: Option<Timestamp>,
    /// What is to be told of a store without a past.
    pub(super) says: Option<Text>,
}

/// What is said of an environment or a service.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Judged {
    pub(super) state: State,
    pub(super) why: String,
    /// The commit that is live; null where it is not known or there are several.
    pub(super) sha: Option<Sha>,
    pub(super) commits: Vec<Sha>,
    /// The platform's own word, of a service.
    pub(super) platform_state: Option<Text>,
    /// When the oldest fact behind it was read; null where some was never.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub(super) read_at: Option<Timestamp>,
}

/// An environment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Environment<'a> {
    pub(super) name: &'a EnvId,
    pub(super) tier: Tier,
    #[serde(flatten)]
    pub(super) judged: Judged,
    pub(super) services: Vec<Service<'a>>,
    /// What a person has to know of: gates, deploys, operations, locks, pins.
    pub(super) needs: Vec<Need>,
}

/// A service.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Service<'a> {
    pub(super) name: &'a str,
    pub(super) platform: Platform,
    #[serde(flatten)]
    pub(super) judged: Judged,
    /// The platform's word; null where it was not read.
    pub(super) declared: Option<&'a Declared>,
    /// The edge's answer; null where it was not read.
    pub(super) observed: Option<&'a Observed>,
    /// Checks that are not well, or were not read.
    pub(super) findings: Vec<&'a Check>,
}

/// Something that a person has to know of.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Need {
    pub(super) state: Option<State>,
    pub(super) says: String,
}

/// `releases`, `health`, `secrets diff` and `approvals`: a list, and when all of it was read.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Rows<T> {
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub(super) at: Timestamp,
    /// When the oldest part was read; null where not all of it was.
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub(super) read_at: Option<Timestamp>,
    pub(super) rows: Vec<T>,
}

/// A row of one of the lists.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Row<'a> {
    /// Of `releases`.
    Release(&'a Deployment),
    /// Of `health`.
    Health(Health<'a>),
    /// Of `secrets diff`.
    Secret(&'a SecretRow),
    /// Of `approvals`.
    Approval(Box<Approval<'a>>),
}

/// A row of `health`: a probe, or a check of what a platform or a database says of itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(super) enum Health<'a> {
    Probe(Probe<'a>),
    Check(Checked<'a>),
}

/// `keys`: every key of the console and of its dialogs.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Keys {
    pub(super) keys: Vec<Bound>,
}

impl Keys {
    /// All of them.
    pub(super) fn all() -> Self {
        let all = crate::action::keys();
        Self { keys: all.map(|(within, keys, does)| Bound { within, keys, does }).collect() }
    }
}

/// What one thing is done by.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Bound {
    /// Where it works, as the help is ordered.
    pub(super) within: &'static str,
    /// The keys that do it.
    pub(super) keys: &'static [&'static str],
    pub(super) does: &'static str,
}

/// A probe.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Probe<'a> {
    pub(super) environment: &'a EnvId,
    /// The service that it asks, where its address tells.
    pub(super) service: Option<&'a str>,
    pub(super) probe: &'a str,
    pub(super) target: &'a Text,
    pub(super) state: State,
    pub(super) why: String,
    pub(super) passed: bool,
    pub(super) latency_ms: u64,
    /// The HTTP statuses that it passes on, where its configuration names them; empty = any success.
    pub(super) expects: &'a [u16],
}

/// A check.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Checked<'a> {
    pub(super) environment: &'a EnvId,
    pub(super) service: &'a str,
    pub(super) check: &'a Text,
    /// A state, or `off` where nothing is checked.
    pub(super) state: &'static str,
    pub(super) why: String,
    pub(super) reading: crate::domain::finding::Read,
}

/// A gate that waits.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Approval<'a> {
    pub(super) run: u64,
    pub(super) workflow: &'a Text,
    pub(super) number: u64,
    pub(super) commit: &'a Sha,
    pub(super) title: &'a Text,
    pub(super) by: &'a Text,
    pub(super) url: &'a Text,
    pub(super) environment: &'a EnvId,
    pub(super) reviewers: Vec<&'a str>,
    #[cfg_attr(test, schemars(with = "Option<crate::domain::testing::Moment>"))]
    pub(super) waiting_since: Option<Timestamp>,
    pub(super) timer_seconds_left: Option<u64>,
    pub(super) may_approve: bool,
    pub(super) blocking: bool,
    #[serde(rename = "concurrency_groups")]
    pub(super) lanes: &'a [crate::domain::gate::Lane],
}

/// `wait`: how an environment stands now.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Waiting<'a> {
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub(super) at: Timestamp,
    pub(super) environment: &'a EnvId,
    pub(super) state: State,
    pub(super) why: &'a str,
    pub(super) commits: &'a [Sha],
    pub(super) says: &'a str,
}

/// What an operation would do.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Planned<'a> {
    pub(super) plan: &'a Plan,
}

/// `rollback` without a release that was verified healthy: what there is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Candidates<'a> {
    pub(super) environment: &'a EnvId,
    pub(super) rows: &'a [Choice],
}

/// The end of an operation.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Ended<'a> {
    pub(super) operation: &'a Operation,
}

/// A step that stands differently now.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Stepped<'a> {
    /// Its place among the steps.
    pub(super) index: usize,
    pub(super) step: &'a StepReport,
}

/// A step that has been silent for longer than such steps are.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Stuck<'a> {
    pub(super) index: usize,
    pub(super) silent_seconds: u64,
    pub(super) step: &'a StepReport,
}

/// An operation that was cut short.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CutShort<'a> {
    pub(super) operation: &'a Operation,
    /// What would be done to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) says: Option<&'a str>,
}

/// `leave`: an operation that was left as it is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Left<'a> {
    pub(super) operation: OpId,
    pub(super) says: &'a str,
}

/// `switch`: the answer to a held operation.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Switched<'a> {
    pub(super) operation: OpId,
    pub(super) environment: &'a EnvId,
    /// It goes on; else it is called off.
    pub(super) go: bool,
    /// It was told; else this is what would be told.
    pub(super) done: bool,
}

/// `lock`, `unlock`, `mark` and `unmark`: what was done.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct LockOrMark<'a> {
    /// The environment, or the commit.
    pub(super) of: &'a str,
    pub(super) says: &'a str,
    /// A lock that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lock: Option<&'a Lock>,
    /// A mark that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<&'a Mark>,
    /// What stood there before and is replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replaced: Option<Replaced<'a>>,
}

/// What a lock or a mark replaced.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(super) enum Replaced<'a> {
    Lock(&'a Lock),
    Mark(&'a Mark),
}

/// `journal`: rows, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Journal<'a> {
    pub(super) rows: Vec<JournalRow<'a>>,
}

/// A row of the journal.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct JournalRow<'a> {
    pub(super) id: i64,
    pub(super) at: &'a str,
    pub(super) op: &'a str,
    pub(super) event: &'a str,
    pub(super) body: &'a Value,
}

/// `journal --verify`: whether every row is as it was written.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Verified<'a> {
    pub(super) holds: bool,
    /// How many rows there are, where it holds.
    pub(super) rows: Option<u64>,
    pub(super) broken: Option<&'a Broken>,
}

/// `config check`: what was understood.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Understood<'a> {
    pub(super) files: Vec<ReadFile>,
    pub(super) project: &'a str,
    pub(super) state_dir: Text,
    pub(super) environments: Vec<Configured<'a>>,
    pub(super) platforms: BTreeMap<&'static str, Account>,
    pub(super) logs: Vec<String>,
    pub(super) proxy: Option<String>,
    pub(super) warnings: &'a [String],
}

/// A configuration file.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ReadFile {
    pub(super) path: Text,
    pub(super) approved: bool,
    pub(super) wants: Vec<Wants>,
}

/// What a file asks for that only an approved one gets.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Wants {
    pub(super) key: Text,
    pub(super) says: Text,
}

/// An environment as it is configured.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Configured<'a> {
    pub(super) name: &'a EnvId,
    pub(super) tier: Tier,
    pub(super) write: bool,
    pub(super) services: Vec<&'a str>,
}

/// Where a platform is, and where its token comes from.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Account {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) base: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) machines: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) api: Option<String>,
    pub(super) token_from: String,
}

/// `config trust`: what became of an approval.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Trusted<'a> {
    pub(super) path: Text,
    pub(super) approved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) was_approved: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wants: Option<Vec<Wants>>,
}

/// `config trust --list`: every approval.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TrustedFiles {
    pub(super) rows: Vec<Approved>,
}

/// A file that was approved.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Approved {
    pub(super) at: String,
    pub(super) sha256: String,
    pub(super) path: String,
}

/// `logs`: a line.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Line<'a> {
    pub(super) schema: &'static str,
    pub(super) version: u32,
    #[cfg_attr(test, schemars(with = "crate::domain::testing::Moment"))]
    pub(super) at: Timestamp,
    pub(super) environment: &'a str,
    pub(super) service: &'a str,
    pub(super) platform: Platform,
    pub(super) kind: LogKind,
    pub(super) instance: &'a str,
    pub(super) region: &'a str,
    pub(super) level: Level,
    pub(super) message: &'a Text,
    pub(super) raw: Option<&'a Text>,
}

/// `logs`: lines that are missing.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Gap<'a> {
    pub(super) environment: &'a EnvId,
    pub(super) service: &'a str,
    pub(super) at_least: u64,
    pub(super) why: &'a str,
}

/// `info`: facts for a bug report.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Info {
    pub(super) program: Program,
    /// What the terminal is, as far as the environment tells.
    pub(super) terminal: Value,
    /// What is configured, or why that cannot be told.
    pub(super) configuration: Value,
}

/// What runs.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Program {
    pub(super) version: &'static str,
    pub(super) os: &'static str,
    pub(super) arch: &'static str,
    pub(super) debug: bool,
}

/// Why there is no answer, or not the one that was asked for; the same stands on standard error in words.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Failed {
    /// How the process ends.
    pub(super) code: u8,
    /// What happened.
    pub(super) error: Text,
    /// What is true now; empty when nothing changed.
    pub(super) now: Text,
    /// What to do.
    pub(super) hints: Vec<Text>,
}
