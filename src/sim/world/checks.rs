//! Vercel's checks, which have to succeed before a deployment goes on (docs/platforms/vercel.md section 9).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::vercel::VercelWorld;

/// A definition.
#[derive(Debug, Clone)]
pub struct Check {
    /// `chk_…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What has to be there before it runs.
    pub requires: &'static str,
    /// What it holds.
    pub blocks: &'static str,
    /// Environments; empty = all.
    pub targets: Vec<String>,
    /// Who reports its runs.
    pub source: Value,
    /// Seconds that a run may take.
    pub timeout: u64,
    /// It may be asked for again.
    pub rerequestable: bool,
    /// When it was defined.
    pub created_at: Timestamp,
}

/// A run of a check on a deployment.
#[derive(Debug, Clone)]
pub struct CheckRun {
    /// Opaque id.
    pub id: String,
    /// `chk_…`.
    pub check: String,
    /// `dpl_…`.
    pub deployment: String,
    /// The check's name.
    pub name: String,
    /// What it holds.
    pub blocks: &'static str,
    /// Seconds that it may take.
    pub timeout: u64,
    /// Who reports it.
    pub source: Value,
    /// `queued`, `running`, `completed`.
    pub status: &'static str,
    /// How it ended.
    pub conclusion: Option<&'static str>,
    /// And why.
    pub text: Option<String>,
    /// Where a person reads more.
    pub external_url: Option<String>,
    /// The reporter's own id.
    pub external_id: Option<String>,
    /// As the reporter sent it.
    pub output: Option<Value>,
    /// When it began.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

/// How what is held by checks stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Some are not over.
    Pending,
    /// All are over well, or there are none.
    Passed,
    /// One has failed.
    Failed,
}

/// A word of a list, as the list has it.
#[must_use]
pub fn word(known: &[&'static str], asked: &str) -> Option<&'static str> {
    known.iter().copied().find(|one| *one == asked)
}

impl CheckRun {
    /// A run that begins now.
    #[must_use]
    pub fn new(id: String, deployment: String, check: &Check, now: Timestamp) -> Self {
        Self {
            id,
            check: check.id.clone(),
            deployment,
            name: check.name.clone(),
            blocks: check.blocks,
            timeout: check.timeout,
            source: check.source.clone(),
            status: "queued",
            conclusion: None,
            text: None,
            external_url: None,
            external_id: None,
            output: None,
            created_at: now,
            updated_at: now,
            completed_at: None,
        }
    }

    /// Status, conclusion and end; what takes too long ends by itself.
    #[must_use]
    pub fn progress(&self, now: Timestamp) -> (&'static str, Option<&'static str>, Option<Timestamp>) {
        let end = self.created_at + SignedDuration::from_secs(i64::try_from(self.timeout).unwrap_or(i64::MAX / 2));
        if self.status != "completed" && now >= end {
            return ("completed", Some("timeout"), Some(end));
        }
        (self.status, self.conclusion, self.completed_at)
    }
}

impl VercelWorld {
    /// How the checks stand that hold `what` of a deployment, and since when the first of them runs.
    #[must_use]
    pub fn verdict(&self, deployment: &str, what: &str, now: Timestamp) -> (Verdict, Option<Timestamp>) {
        let mine = || self.check_runs.iter().filter(|run| run.deployment == deployment && run.blocks == what);
        let since = mine().map(|run| run.created_at).min();
        let ends = |run: &CheckRun| run.progress(now).1;
        let well = |end: &str| matches!(end, "succeeded" | "neutral" | "skipped");
        let verdict = match () {
            () if mine().filter_map(ends).any(|end| !well(end)) => Verdict::Failed,
            () if mine().any(|run| ends(run).is_none()) => Verdict::Pending,
            () => Verdict::Passed,
        };
        (verdict, since)
    }
}
