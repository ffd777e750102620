//! The statements by name, and the rows that they return. The file is data: a test runs every statement on a real server.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::platform::lenient::{or_default, text};

const FILE: &str = include_str!("../../../assets/postgres.sql");

/// A statement of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Its name.
    pub name: &'static str,
    /// The SQLSTATE by which a server says that the statement does not apply to it; any other refusal is an error.
    pub may_lack: Option<&'static str>,
    /// The SQL, with `$schema$` and `$expected$` where a statement takes something.
    pub sql: &'static str,
}

static ALL: LazyLock<Vec<Statement>> = LazyLock::new(|| {
    let blocks = FILE.split("-- name: ").skip(1);
    let statement = |(head, sql): (&'static str, &'static str)| {
        let (name, may_lack) = match head.split_once(" may lack ") {
            Some((name, code)) => (name, Some(code.trim())),
            None => (head, None),
        };
        Statement { name, may_lack, sql: sql.trim() }
    };
    blocks.filter_map(|block| block.split_once('\n')).map(statement).collect()
});

/// Every statement, in the order of the file.
#[must_use]
pub fn statements() -> &'static [Statement] {
    &ALL
}

/// The SQLSTATE by which a server says that a statement does not apply to it.
pub(super) fn may_lack(name: &str) -> Option<&'static str> {
    ALL.iter().find(|one| one.name == name).and_then(|one| one.may_lack)
}

/// The SQL of a name; empty when there is no such statement, which the server refuses in words.
pub(super) fn sql(name: &str) -> &'static str {
    ALL.iter().find(|one| one.name == name).map_or("", |one| one.sql)
}

#[derive(Debug, Deserialize)]
pub(super) struct Server {
    pub(super) version_num: u32,
    pub(super) in_recovery: bool,
    pub(super) uptime_s: i64,
    pub(super) read_only: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Connections {
    pub(super) used: u32,
    pub(super) max: u32,
    pub(super) idle_in_tx: u32,
    pub(super) waiting_on_lock: u32,
    pub(super) pct: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Transaction {
    pub(super) pid: i32,
    #[serde(default, deserialize_with = "text")]
    pub(super) role: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) state: String,
    pub(super) xact_s: i64,
    #[serde(default, deserialize_with = "text")]
    pub(super) query: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Lock {
    pub(super) waiting_pid: i32,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) wait_s: i64,
    #[serde(default, deserialize_with = "text")]
    pub(super) relation: String,
    pub(super) blocking_pid: i32,
    #[serde(default, deserialize_with = "text")]
    pub(super) blocking_state: String,
    pub(super) is_root: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct CacheHit {
    pub(super) kind: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) hit: i64,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) read: i64,
    pub(super) ratio: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Standby {
    #[serde(default, deserialize_with = "text")]
    pub(super) standby: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) state: String,
    pub(super) replay_lag_s: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Replay {
    pub(super) lag_s: Option<f64>,
    pub(super) paused: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Slot {
    pub(super) slot_name: String,
    pub(super) active: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) retained_bytes: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Dead {
    pub(super) tbl: String,
    pub(super) dead_pct: Option<f64>,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) vacuum_due: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Wraparound {
    pub(super) datname: String,
    pub(super) pct_to_wrap: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Database {
    pub(super) db_bytes: i64,
    pub(super) deadlocks: i64,
    pub(super) rollback_pct: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WithoutRls {
    pub(super) schema: String,
    pub(super) tbl: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) exposed: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    #[serde(alias = "view", alias = "fn")]
    pub(super) tbl: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct View {
    pub(super) view: String,
    pub(super) kind: String,
    pub(super) security_invoker: bool,
    pub(super) anon_can_read: bool,
    pub(super) populated: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Function {
    #[serde(rename = "fn")]
    pub(super) name: String,
    pub(super) security_definer: bool,
    pub(super) search_path_mutable: bool,
    pub(super) anon_exec: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Expected {
    pub(super) object: String,
    pub(super) state: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Index {
    pub(super) idx: String,
    pub(super) valid: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct ForeignKey {
    pub(super) fk: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct HasHistory {
    pub(super) has_history: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Applied {
    pub(super) version: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Sequence {
    pub(super) seq: String,
    pub(super) pct: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Progress {
    pub(super) op: String,
    #[serde(default, deserialize_with = "text")]
    pub(super) rel: String,
    pub(super) pct: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Archiver {
    pub(super) failed_count: i64,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) failing: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Prepared {
    pub(super) gid: String,
    pub(super) age_s: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Bloat {
    pub(super) tbl: String,
    pub(super) bloat_bytes: i64,
    pub(super) bloat_pct: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Print {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) h: String,
}
