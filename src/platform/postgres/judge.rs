//! Judges the rows: which findings they are, and how bad. The thresholds are those of docs/platforms/postgres.md section 5.

use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio_postgres::Client;

use super::catalogue::{
    Applied, Archiver, Bloat, CacheHit, Connections, Database, Dead, Expected, ForeignKey, Function, HasHistory, Index,
    Lock, Named, Prepared, Print, Progress, Replay, Sequence, Server, Slot, Standby, Transaction, View, WithoutRls,
    Wraparound, may_lack, sql,
};
use super::session;
use crate::clock::SharedClock;
use crate::domain::amount::amount;
use crate::domain::environment::Status;
use crate::domain::finding::Finding;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// A slot that nobody reads and that holds more than this fills the disk.
const RETAINED: i64 = 1 << 30;
/// Counters below this many reads say nothing about a cache.
const COUNTED: i64 = 100_000;
/// Dead space below this is no matter, whatever its share.
const BLOATED: i64 = 64 << 20;

/// A check by its name: what it found, or why it could not be made.
pub(super) type Row = (Text, Result<Finding, PlatformError>);

/// What is said of a statement that must have a row.
const NO_ROW: &str = "the server gave no row";

/// Everything, one statement after the other: the console takes one connection and one slot of the server.
pub(super) async fn everything(
    client: &Client,
    clock: &SharedClock,
) -> Result<(Vec<Row>, Duration, Vec<(Text, Text, Text)>), PlatformError> {
    let began = clock.mono();
    session::ping(client).await?;
    let ping = clock.mono().saturating_sub(began);
    // Some statements fail on a replica: this one is asked first, and without it nothing is.
    let server: Vec<Server> = session::rows(client, sql("server")).await?;
    let replica = server.first().is_some_and(|one| one.in_recovery);
    let mut checks: Vec<Row> = server.iter().map(|one| (Text::from("server"), Ok(self::server(one)))).collect();
    checks.push(check_one(client, "connections", connections).await);
    checks.push(check(client, "transactions", transactions).await);
    checks.push(check(client, "locks", locks).await);
    checks.push(check(client, "cache", cache).await);
    checks.push(check_one(client, "replay", replay).await);
    if !replica {
        checks.push(check(client, "standbys", standbys).await);
        checks.push(check(client, "slots", slots).await);
    }
    checks.push(check(client, "vacuum", vacuum).await);
    checks.push(check(client, "bloat", bloat).await);
    checks.push(check_one(client, "wraparound", wraparound).await);
    checks.push(check_one(client, "database", database).await);
    checks.push(check(client, "without_rls", without_rls).await);
    checks.push(
        check(client, "without_policy", |rows: Vec<Named>| {
            named(&rows, Status::Warn, "has no policy: nobody has access")
        })
        .await,
    );
    checks.push(
        check(client, "idle_policies", |rows: Vec<Named>| named(&rows, Status::Fail, "has policies and no RLS")).await,
    );
    checks.push(check(client, "views", views).await);
    checks.push(check(client, "functions", functions).await);
    checks.push(check(client, "indexes", indexes).await);
    checks.push(check(client, "foreign_keys", foreign_keys).await);
    checks.push(history(client).await);
    checks.push(check(client, "sequences", sequences).await);
    checks.push(check(client, "progress", progress).await);
    checks.push(check(client, "archiver", archiver).await);
    checks.push(check(client, "prepared", prepared).await);
    let prints: Vec<Print> = session::rows(client, sql("fingerprint")).await.unwrap_or_default();
    let print = |one: Print| (Text::clean(&one.kind), Text::clean(&one.name), Text::clean(&one.h));
    Ok((checks, ping, prints.into_iter().map(print).collect()))
}

/// Which of these objects are there and whole.
pub(super) async fn expected(client: &Client, objects: &serde_json::Value) -> Result<Finding, PlatformError> {
    let literal = format!("'{}'::jsonb", objects.to_string().replace('\'', "''"));
    let asked = sql("expected").replace("$expected$", &literal);
    let rows: Result<Vec<Expected>, _> = session::rows(client, &asked).await;
    let judged = rows.map(|rows| {
        let bad = rows.iter().filter(|one| one.state != "ok").map(|one| format!("{} {}", one.object, one.state));
        verdict(&bad.collect::<Vec<_>>(), Status::Fail, "", "all are there")
    });
    finding("expected objects", judged)
}

/// Runs a statement and judges its rows, or says why it could not be run.
async fn check<T: DeserializeOwned>(
    client: &Client,
    name: &str,
    judge: impl FnOnce(Vec<T>) -> (Status, String),
) -> Row {
    let rows = session::rows(client, sql(name)).await;
    (Text::from(name.replace('_', " ")), finding(name, rows.map(judge)))
}

/// As [`check`], for a statement that always has a row.
async fn check_one<T: DeserializeOwned>(
    client: &Client,
    name: &str,
    judge: impl FnOnce(&T) -> (Status, String),
) -> Row {
    let rows: Result<Vec<T>, _> = session::rows(client, sql(name)).await;
    let one = rows.and_then(|rows| rows.first().map(judge).ok_or_else(|| session::refused(ErrorKind::Garbage, NO_ROW)));
    (Text::from(name.replace('_', " ")), finding(name, one))
}

fn finding(name: &str, judged: Result<(Status, String), PlatformError>) -> Result<Finding, PlatformError> {
    let lacks = may_lack(name);
    let name = name.replace('_', " ");
    match judged {
        Ok((status, says)) => Ok(Finding::new(&name, status, says)),
        // A plain server has no `anon`: what is meant for the platform does not apply to it.
        Err(error) if lacks.is_some() && lacks == error.code.as_ref().map(Text::as_str) => {
            Ok(Finding::new(&name, Status::Paused, format!("does not apply: {}", error.message)))
        }
        // The statement does not fit this server: what it asks about is not known.
        Err(error) if error.kind == ErrorKind::NotFound => Err(PlatformError { kind: ErrorKind::Refused, ..error }),
        Err(error) => Err(error),
    }
}

fn verdict(bad: &[String], status: Status, what: &str, well: &str) -> (Status, String) {
    match bad {
        [] => (Status::Ok, well.to_owned()),
        [one] => (status, format!("{one} {what}").trim_end().to_owned()),
        [one, rest @ ..] => (status, format!("{one} and {} more {what}", rest.len()).trim_end().to_owned()),
    }
}

fn server(one: &Server) -> Finding {
    let version = format!("{}.{}", one.version_num / 10_000, one.version_num % 10_000);
    let role = if one.in_recovery { "replica" } else { "primary" };
    let up = Duration::from_secs(u64::try_from(one.uptime_s).unwrap_or_default());
    let (status, limits) = if one.read_only == "on" { (Status::Fail, ", refuses to write") } else { (Status::Ok, "") };
    Finding::new("server", status, format!("{version} {role}, up {}h{limits}", up.as_secs() / 3_600)).stopping()
}

fn connections(one: &Connections) -> (Status, String) {
    let status = match one.pct {
        pct if pct >= 90.0 => Status::Fail,
        pct if pct >= 70.0 => Status::Warn,
        _ => Status::Ok,
    };
    let waits =
        if one.waiting_on_lock > 0 { format!(", {} wait for a lock", one.waiting_on_lock) } else { String::new() };
    (status, format!("{} of {} ({:.0}%), {} idle in a transaction{waits}", one.used, one.max, one.pct, one.idle_in_tx))
}

fn transactions(rows: Vec<Transaction>) -> (Status, String) {
    // An idle one holds its locks for nothing: half the patience.
    let weight = |one: &Transaction| if one.state.starts_with("idle") { one.xact_s * 2 } else { one.xact_s };
    let Some(longest) = rows.iter().max_by_key(|one| weight(one)) else {
        return (Status::Ok, "none is long".to_owned());
    };
    let status = match weight(longest) {
        over if over > 300 => Status::Fail,
        over if over > 60 => Status::Warn,
        _ => Status::Ok,
    };
    let query: String = longest.query.chars().take(60).collect();
    (status, format!("{}s by pid {} {} ({}) {query}", longest.xact_s, longest.pid, longest.role, longest.state))
}

fn locks(rows: Vec<Lock>) -> (Status, String) {
    let Some(worst) = rows.iter().max_by_key(|one| one.wait_s) else { return (Status::Ok, "nobody waits".to_owned()) };
    let status = match worst.wait_s {
        over if over > 30 => Status::Fail,
        over if over > 5 => Status::Warn,
        _ => Status::Ok,
    };
    let root = rows.iter().find(|one| one.is_root).unwrap_or(worst);
    let (pid, state) = (root.blocking_pid, &root.blocking_state);
    (
        status,
        format!(
            "pid {} waits {}s for {}; pid {pid} ({state}) holds it",
            worst.waiting_pid, worst.wait_s, worst.relation
        ),
    )
}

fn cache(rows: Vec<CacheHit>) -> (Status, String) {
    let cold = rows.iter().any(|one| one.hit + one.read > COUNTED && one.ratio.is_some_and(|ratio| ratio < 0.99));
    let says = rows.iter().filter_map(|one| Some(format!("{} {:.1}%", one.kind, one.ratio? * 100.0)));
    let says: Vec<String> = says.collect();
    (
        if cold { Status::Warn } else { Status::Ok },
        if says.is_empty() { "nothing was read yet".to_owned() } else { says.join(", ") },
    )
}

fn lagging(seconds: f64) -> Status {
    match seconds {
        over if over > 60.0 => Status::Fail,
        over if over > 10.0 => Status::Warn,
        _ => Status::Ok,
    }
}

fn replay(one: &Replay) -> (Status, String) {
    match (one.paused, one.lag_s) {
        (Some(true), _) => (Status::Fail, "replay is paused".to_owned()),
        (Some(false), Some(lag)) => (lagging(lag), format!("{lag:.1}s behind")),
        _ => (Status::Ok, "no replica".to_owned()),
    }
}

fn standbys(rows: Vec<Standby>) -> (Status, String) {
    let worst = rows.iter().max_by(|a, b| a.replay_lag_s.unwrap_or(0.0).total_cmp(&b.replay_lag_s.unwrap_or(0.0)));
    let Some(one) = worst else { return (Status::Ok, "there is none".to_owned()) };
    let lag = one.replay_lag_s.unwrap_or(0.0);
    (lagging(lag), format!("{} of them, {} {} {lag:.1}s behind", rows.len(), one.standby, one.state))
}

fn slots(rows: Vec<Slot>) -> (Status, String) {
    let stuck = rows.iter().filter(|one| !one.active && one.retained_bytes > RETAINED);
    let bad: Vec<String> =
        stuck.map(|one| format!("{} holds {} MiB", one.slot_name, one.retained_bytes >> 20)).collect();
    verdict(&bad, Status::Fail, "for nobody", &format!("{} slots", rows.len()))
}

fn vacuum(rows: Vec<Dead>) -> (Status, String) {
    let due = rows.iter().filter(|one| one.vacuum_due && one.dead_pct.is_some_and(|pct| pct > 20.0));
    let bad: Vec<String> = due.map(|one| format!("{} {:.0}% dead", one.tbl, one.dead_pct.unwrap_or(0.0))).collect();
    verdict(&bad, Status::Warn, "and due", "keeps up")
}

fn bloat(rows: Vec<Bloat>) -> (Status, String) {
    let over = rows.iter().filter(|one| one.bloat_bytes > BLOATED && one.bloat_pct.is_some_and(|pct| pct > 50.0));
    let bad: Vec<String> = over.map(|one| format!("{} about {} MiB", one.tbl, one.bloat_bytes >> 20)).collect();
    verdict(&bad, Status::Warn, "of dead space", "little")
}

fn wraparound(one: &Wraparound) -> (Status, String) {
    let status = if one.pct_to_wrap > 80.0 {
        Status::Fail
    } else if one.pct_to_wrap > 40.0 {
        Status::Warn
    } else {
        Status::Ok
    };
    (status, format!("{} at {:.1}% of transaction id wraparound", one.datname, one.pct_to_wrap))
}

fn database(one: &Database) -> (Status, String) {
    let rolled = one.rollback_pct.unwrap_or(0.0);
    (Status::Ok, format!("{} MiB, {} deadlocks ever, {rolled:.1}% rolled back", one.db_bytes >> 20, one.deadlocks))
}

fn without_rls(rows: Vec<WithoutRls>) -> (Status, String) {
    let open = rows.iter().filter(|one| !one.exposed.is_empty());
    let bad: Vec<String> = open.map(|one| format!("{}.{} ({})", one.schema, one.tbl, one.exposed.join(" "))).collect();
    verdict(&bad, Status::Fail, "without row level security", &format!("{}, none exposed", amount(rows.len(), "table")))
}

fn named(rows: &[Named], status: Status, what: &str) -> (Status, String) {
    let bad: Vec<String> = rows.iter().map(|one| one.tbl.clone()).collect();
    verdict(&bad, status, what, "none")
}

fn views(rows: Vec<View>) -> (Status, String) {
    let empty = rows
        .iter()
        .filter(|one| one.populated == Some(false))
        .map(|one| format!("{} is empty and cannot be read", one.view));
    let bad: Vec<String> = empty.collect();
    if !bad.is_empty() {
        return verdict(&bad, Status::Fail, "", "");
    }
    let open = rows.iter().filter(|one| one.anon_can_read && (one.kind == "m" || !one.security_invoker));
    let bad: Vec<String> = open.map(|one| one.view.clone()).collect();
    verdict(&bad, Status::Warn, "shows anon what row level security would hide", &format!("{} views", rows.len()))
}

fn functions(rows: Vec<Function>) -> (Status, String) {
    let open = rows.iter().filter(|one| one.security_definer && one.search_path_mutable && one.anon_exec);
    let bad: Vec<String> = open.map(|one| one.name.clone()).collect();
    verdict(
        &bad,
        Status::Warn,
        "is security definer with a changeable search_path, and anon may call it",
        &format!("{} functions", rows.len()),
    )
}

fn indexes(rows: Vec<Index>) -> (Status, String) {
    let bad: Vec<String> = rows.iter().filter(|one| !one.valid).map(|one| one.idx.clone()).collect();
    let unused = rows.len() - bad.len();
    verdict(&bad, Status::Fail, "is invalid", &format!("all valid, {unused} never used"))
}

fn foreign_keys(rows: Vec<ForeignKey>) -> (Status, String) {
    let bad: Vec<String> = rows.iter().map(|one| one.fk.clone()).collect();
    verdict(&bad, Status::Warn, "has no index", "all have an index")
}

async fn history(client: &Client) -> Row {
    let name = || Text::from("history");
    let has: Result<Vec<HasHistory>, _> = session::rows(client, sql("history_where")).await;
    match has {
        Ok(rows) if rows.iter().any(|one| one.has_history) => {
            let newest = |rows: Vec<Applied>| match rows.first() {
                Some(one) => (Status::Ok, format!("{} {}", one.version, one.name).trim_end().to_owned()),
                None => (Status::Ok, "none applied".to_owned()),
            };
            check(client, "history", newest).await
        }
        Ok(_) => (name(), Ok(Finding::new("history", Status::Ok, "no table of migrations"))),
        Err(error) => (name(), finding("history", Err(error))),
    }
}

fn sequences(rows: Vec<Sequence>) -> (Status, String) {
    let Some(one) = rows.first() else { return (Status::Ok, "there is none".to_owned()) };
    let status = match one.pct {
        over if over > 90.0 => Status::Fail,
        over if over > 70.0 => Status::Warn,
        _ => Status::Ok,
    };
    (status, format!("{} {:.1}% used", one.seq, one.pct))
}

fn progress(rows: Vec<Progress>) -> (Status, String) {
    let under_way = rows.iter().map(|one| format!("{} {} {:.0}%", one.op, one.rel, one.pct.unwrap_or(0.0)));
    verdict(&under_way.collect::<Vec<_>>(), Status::Running, "", "nothing is being built")
}

fn archiver(rows: Vec<Archiver>) -> (Status, String) {
    match rows.first() {
        Some(one) if one.failing => (Status::Fail, format!("archiving fails, {} failures so far", one.failed_count)),
        _ => (Status::Ok, "does not fail".to_owned()),
    }
}

fn prepared(rows: Vec<Prepared>) -> (Status, String) {
    let bad: Vec<String> = rows.iter().map(|one| format!("{} {}s", one.gid, one.age_s)).collect();
    verdict(&bad, Status::Warn, "is prepared and was never committed", "none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_statement_may_lack_switches_it_off() {
        let asked = |name: &str, kind, code: &str| {
            let error = PlatformError { code: Some(Text::from(code)), ..session::refused(kind, "is not there") };
            finding(name, Err(error)).map(|told| told.status).map_err(|error| error.kind)
        };
        for name in ["without_rls", "views", "functions"] {
            assert_eq!(
                asked(name, ErrorKind::NotFound, "42704"),
                Ok(Status::Paused),
                "{name}: a plain server has no anon"
            );
            assert_eq!(asked(name, ErrorKind::Refused, "42703"), Err(ErrorKind::Refused), "{name}");
        }
        for name in ["connections", "locks", "expected objects"] {
            assert_eq!(asked(name, ErrorKind::NotFound, "42704"), Err(ErrorKind::Refused), "{name}");
            assert_eq!(asked(name, ErrorKind::Refused, "42883"), Err(ErrorKind::Refused), "{name}");
        }
    }
}
