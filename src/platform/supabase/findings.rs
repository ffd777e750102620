//! Reads findings about a project beside its health: backups, advisors, disk, upgrades, branches, functions
//! (docs/platforms/supabase.md section 3).

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Supabase, words};
use crate::domain::amount::amount;
use crate::domain::environment::Status;
use crate::domain::extent::{Extent, Listed};
use crate::domain::finding::{Finding, Looked};
use crate::platform::http::fault;
use crate::platform::lenient::{maybe_time, or_default, text};
use crate::platform::{ErrorKind, PlatformError};

/// A daily backup that is older than this was missed.
const DAILY: SignedDuration = SignedDuration::from_hours(30);

/// Runs of branches that are asked for in one page, and pages that are read at most.
const PAGE: usize = 100;
const PAGES: usize = 10;

/// What decides a check is required of its answer: `{}` is no list without backups, and no database that is writable.
#[derive(Deserialize)]
struct Backups {
    #[serde(default, deserialize_with = "or_default")]
    pitr_enabled: bool,
    backups: Vec<Backup>,
    #[serde(default, deserialize_with = "or_default")]
    physical_backup_data: Physical,
}

#[derive(Deserialize)]
struct Backup {
    #[serde(default, deserialize_with = "text")]
    status: String,
    #[serde(default, deserialize_with = "maybe_time")]
    inserted_at: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
struct Physical {
    #[serde(default, deserialize_with = "maybe_time")]
    latest_physical_backup_date_unix: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Lints {
    lints: Vec<Lint>,
}

#[derive(Deserialize)]
struct Lint {
    #[serde(default, deserialize_with = "text")]
    title: String,
    #[serde(default, deserialize_with = "text")]
    level: String,
    #[serde(default, deserialize_with = "text")]
    detail: String,
}

#[derive(Deserialize)]
struct ReadOnly {
    enabled: bool,
}

#[derive(Deserialize)]
struct DiskUse {
    metrics: Metrics,
}

#[derive(Deserialize)]
struct Metrics {
    fs_size_bytes: f64,
    fs_used_bytes: f64,
}

#[derive(Deserialize)]
struct Upgrade {
    // Said to be null where there never was one; an answer without it says nothing.
    #[serde(rename = "databaseUpgradeStatus", deserialize_with = "or_default")]
    status: Option<UpgradeStatus>,
}

#[derive(Deserialize)]
struct UpgradeStatus {
    #[serde(default, deserialize_with = "text")]
    error: String,
    #[serde(default, deserialize_with = "text")]
    progress: String,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default, deserialize_with = "text")]
    id: String,
    #[serde(default, deserialize_with = "text")]
    name: String,
}

#[derive(Deserialize)]
struct Run {
    #[serde(default, deserialize_with = "text")]
    id: String,
    #[serde(default, deserialize_with = "text")]
    branch_id: String,
    #[serde(default, deserialize_with = "maybe_time")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_default")]
    run_steps: Vec<RunStep>,
}

#[derive(Deserialize)]
struct RunStep {
    #[serde(default, deserialize_with = "text")]
    name: String,
    #[serde(default, deserialize_with = "text")]
    status: String,
}

#[derive(Deserialize)]
struct Function {
    #[serde(default, deserialize_with = "text")]
    slug: String,
    #[serde(default, deserialize_with = "text")]
    status: String,
}

impl Supabase {
    /// Every check, each for itself: one endpoint that a plan or a token does not allow hides no other.
    pub async fn findings(&self, reference: &str) -> Vec<Looked<PlatformError>> {
        let (backups, security, performance) = tokio::join!(
            self.backups(reference),
            self.advisors(reference, "security"),
            self.advisors(reference, "performance")
        );
        let (writable, disk, upgrade) =
            tokio::join!(self.writable(reference), self.disk(reference), self.upgrade(reference));
        let (branches, functions) = tokio::join!(self.branches(reference), self.functions(reference));
        vec![
            ("backups", backups),
            ("security advisor", security),
            ("performance advisor", performance),
            ("writable", writable),
            ("disk", disk),
            ("upgrade", upgrade),
            ("branches", branches),
            ("edge functions", functions),
        ]
    }

    /// `GET P/database/backups`: how old the newest is.
    async fn backups(&self, reference: &str) -> Result<Finding, PlatformError> {
        let found: Backups = self.project_call(reference, "/database/backups").read().await?;
        let done = found.backups.iter().filter(|one| one.status == "COMPLETED").filter_map(|one| one.inserted_at);
        let newest = done.chain(found.physical_backup_data.latest_physical_backup_date_unix).max();
        let how = if found.pitr_enabled { "to any moment" } else { "daily" };
        let Some(newest) = newest else { return Ok(Finding::new("backups", Status::Fail, "there is none")) };
        let age = self.http.now_at(super::SUPABASE).duration_since(newest);
        let status = if age > DAILY { Status::Warn } else { Status::Ok };
        Ok(Finding::new("backups", status, format!("{how}, the newest is {} h old", age.as_hours())))
    }

    /// `GET P/advisors/{kind}` (deprecated, still answering).
    async fn advisors(&self, reference: &str, kind: &str) -> Result<Finding, PlatformError> {
        let name = format!("{kind} advisor");
        let found: Lints = self.project_call(reference, &format!("/advisors/{kind}")).read().await?;
        let of = |level: &str| found.lints.iter().filter(|one| one.level == level).count();
        let (errors, warnings, hints) = (of("ERROR"), of("WARN"), of("INFO"));
        // A level that no document names may be worse than those that are known.
        let other = found.lints.iter().find(|one| !matches!(one.level.as_str(), "ERROR" | "WARN" | "INFO"));
        let status = match other {
            _ if errors > 0 => Status::Fail,
            _ if warnings > 0 => Status::Warn,
            Some(_) => Status::Unknown,
            None => Status::Ok,
        };
        let rank = |level: &str| ["INFO", "WARN", "ERROR"].iter().position(|one| *one == level).unwrap_or(1);
        let worst = found.lints.iter().rev().max_by_key(|one| rank(&one.level));
        let worst = worst.map(|one| format!(": {} ({})", one.title, one.detail)).unwrap_or_default();
        let other = other.map(|one| format!(", one of an unknown level ({})", one.level)).unwrap_or_default();
        // What is told of a hint belongs to a hint.
        let hints = if hints == 0 { String::new() } else { format!(", {}", amount(hints, "hint")) };
        Ok(Finding::new(&name, status, format!("{errors} errors, {warnings} warnings{hints}{other}{worst}")))
    }

    /// `GET P/readonly`: the platform switches it on when the disk fills.
    async fn writable(&self, reference: &str) -> Result<Finding, PlatformError> {
        let found: ReadOnly = self.project_call(reference, "/readonly").read().await?;
        Ok(match found.enabled {
            true => Finding::new("writable", Status::Fail, "the platform has made it read-only").stopping(),
            false => Finding::new("writable", Status::Ok, "yes"),
        })
    }

    /// `GET P/config/disk/util`.
    async fn disk(&self, reference: &str) -> Result<Finding, PlatformError> {
        let found: DiskUse = self.project_call(reference, "/config/disk/util").read().await?;
        let Metrics { fs_size_bytes: size, fs_used_bytes: used } = found.metrics;
        // No disk is that small, and none holds less than nothing.
        if size < 1.0 || used < 0.0 {
            let words = format!("the disk is told as {used} of {size} bytes");
            return Err(fault(super::SUPABASE, ErrorKind::Garbage, &words));
        }
        let percent = 100.0 * used / size;
        let status = match percent {
            over if over >= 90.0 => Status::Fail,
            over if over >= 75.0 => Status::Warn,
            _ => Status::Ok,
        };
        Ok(Finding::new("disk", status, format!("{percent:.0}% used")))
    }

    /// `GET P/upgrade/status`: `null` when there never was one.
    async fn upgrade(&self, reference: &str) -> Result<Finding, PlatformError> {
        let found: Upgrade = self.project_call(reference, "/upgrade/status").read().await?;
        Ok(match found.status {
            Some(one) if !one.error.is_empty() => Finding::new("upgrade", Status::Fail, one.error),
            Some(one) if !one.progress.starts_with("10_") => Finding::new("upgrade", Status::Running, one.progress),
            _ => Finding::new("upgrade", Status::Ok, "none is under way"),
        })
    }

    /// `GET P/branches`, where 422 means that branching is off, and `GET P/actions`: a branch stands as its newest run does, its own
    /// status is given up (docs/platforms/supabase.md section 3.3).
    async fn branches(&self, reference: &str) -> Result<Finding, PlatformError> {
        let found: Result<Vec<Branch>, _> = self.project_call(reference, "/branches").read().await;
        let found = match found {
            Err(error) if error.status == Some(422) => {
                return Ok(Finding::new("branches", Status::Ok, "branching is off"));
            }
            other => other?,
        };
        if found.is_empty() {
            return Ok(Finding::new("branches", Status::Ok, "none"));
        }
        let Listed { items: runs, extent } = self.runs(reference).await?;
        let newest = |branch: &Branch| {
            let own = runs.iter().filter(|run| run.branch_id == branch.id);
            own.max_by_key(|run| run.created_at)
        };
        let steps = found.iter().flat_map(|branch| {
            let steps = newest(branch).into_iter().flat_map(|run| &run.run_steps);
            steps.map(move |step| (branch, step, words::step(&step.status)))
        });
        let worst = steps.max_by_key(|(.., (status, _))| *status);
        Ok(match worst.filter(|(.., (status, _))| *status != Status::Ok) {
            Some((branch, step, (status, words))) => {
                Finding::new("branches", status, format!("{}: {} {words}", branch.name, step.name))
            }
            // A run that was not read may be the newest of its branch.
            None => match extent.missing("runs") {
                Some(missing) => {
                    Finding::new("branches", Status::Unknown, format!("{} of them; {missing}", found.len()))
                }
                None => Finding::new("branches", Status::Ok, format!("{} of them", found.len())),
            },
        })
    }

    /// `GET P/actions`, page by page. No order is promised, and a page may be shorter than was asked for: the list is whole when a page
    /// is empty.
    async fn runs(&self, reference: &str) -> Result<Listed<Run>, PlatformError> {
        let (mut items, mut offset): (Vec<Run>, usize) = (Vec::new(), 0);
        for _ in 0..PAGES {
            let call = self.project_call(reference, "/actions").query("offset", &offset.to_string());
            let mut page: Vec<Run> = call.query("limit", &PAGE.to_string()).read().await?;
            if page.is_empty() {
                return Ok(Listed { items, extent: Extent::Whole });
            }
            offset += page.len();
            page.retain(|run| items.iter().all(|known| known.id != run.id));
            // The same page again: the platform does not go on from there.
            if page.is_empty() {
                break;
            }
            items.extend(page);
        }
        let extent = Extent::of(items.len(), None, true);
        Ok(Listed { items, extent })
    }

    /// `GET P/functions`.
    async fn functions(&self, reference: &str) -> Result<Finding, PlatformError> {
        let found: Result<Vec<Function>, _> = self.project_call(reference, "/functions").read().await;
        let found = match found {
            Err(error) if error.kind == ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        let bad = found
            .iter()
            .map(|one| (one, words::function(&one.status)))
            .filter(|(_, (status, _))| *status != Status::Ok);
        let bad = bad.max_by_key(|(_, (status, _))| *status);
        Ok(match bad {
            Some((one, (status, words))) => Finding::new("edge functions", status, format!("{} {words}", one.slug)),
            None => Finding::new("edge functions", Status::Ok, format!("{} active", found.len())),
        })
    }
}
