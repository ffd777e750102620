//! What has changed since the release that is gone back to was live, and does not go back with it: secrets and variables, the
//! configuration of machines, migrations.

use futures_util::future::join_all;
use serde_json::Value;

use super::plan::PartFacts;
use crate::clock::Timestamp;
use crate::domain::amount::amount;
use crate::domain::environment::EnvInfo;
use crate::domain::secret::SecretEntry;
use crate::engine::feeds::Clients;
use crate::engine::operations::steps;
use crate::platform::github::Comparison;
use crate::sanitize::Text;

/// Names that are listed; of the rest the count.
const LISTED: usize = 5;

/// What is told, and what could not be read.
pub(in crate::engine) type Told = (Vec<Text>, Vec<Text>);

/// Told part by part.
pub(in crate::engine) async fn told(clients: &Clients, env: &EnvInfo, parts: &[PartFacts]) -> Told {
    let all = join_all(parts.iter().map(|part| async {
        let (mut one, other) = tokio::join!(set(clients, env, part), drifted(clients, part));
        one.0.extend(other.0);
        one.1.extend(other.1);
        one
    }));
    all.await.into_iter().fold(Told::default(), |mut sum, one| {
        sum.0.extend(one.0);
        sum.1.extend(one.1);
        sum
    })
}

/// Secrets and variables.
async fn set(clients: &Clients, env: &EnvInfo, part: &PartFacts) -> Told {
    let (name, label) = (&part.service.id.name, &part.to.label);
    let (host, adapter) = (steps::host(clients, part.service.platform), clients.of(&part.service, env.tier));
    let secrets = adapter.as_ref().and_then(|adapter| adapter.secrets());
    let (Some(releases), Some(secrets)) = (host.releases(), secrets) else { return Told::default() };
    let what = releases.set_since(name, label);
    match secrets.await {
        Ok(names) => (listed(&what, &changed(&names.entries, part.to.created_at)).into_iter().collect(), Vec::new()),
        Err(error) => (Vec::new(), vec![Text::from(format!("{name}: what was set since {label} is unknown: {error}"))]),
    }
}

/// The configuration of machines.
async fn drifted(clients: &Clients, part: &PartFacts) -> Told {
    let host = steps::host(clients, part.service.platform);
    let Some(releases) = host.releases() else { return Told::default() };
    let (name, label) = (&part.service.id.name, &part.to.label);
    match releases.configurations(&part.service).await {
        Ok(all) => {
            let of = |label: &Text| all.iter().find(|(of, _)| of == label);
            let both = of(label).zip(of(&part.from.0));
            let drift = both.map(|((_, then), (_, now))| drift(then, now)).unwrap_or_default();
            let what = format!("{name}: configuration stays where it differs from {label}'s");
            (listed(&what, &drift).into_iter().collect(), Vec::new())
        }
        Err(error) => (Vec::new(), vec![Text::from(format!("{name}: drift of its configuration is unknown: {error}"))]),
    }
}

/// The versions of the migrations that a database has applied, or why they are not known; `None` = the environment has no database that
/// tells.
pub(in crate::engine) type Applied = Option<Result<Vec<Text>, Text>>;

/// What the database of an environment has applied.
pub(in crate::engine) async fn applied(clients: &Clients, env: &EnvInfo) -> Applied {
    for service in &env.services {
        let host = steps::host(clients, service.platform);
        if let Some(read) = host.migrations(&service.resource) {
            return Some(read.await.map_err(|error| Text::from(error.to_string())));
        }
    }
    None
}

/// Migrations that came with the commits which leave: those that the database has applied stay, the others it never had.
pub(in crate::engine) fn migrations(between: &Comparison, applied: &Applied) -> Vec<Text> {
    let least = if between.added.extent.whole() { "" } else { "at least " };
    let tell = |names: Vec<String>, one: &str, many: &str| {
        let does = if names.len() == 1 { one } else { many };
        let what = format!("database: {least}{} that came with them {does}", amount(names.len(), "migration"));
        listed(&what, &names)
    };
    let names = added(between);
    let Some(Ok(versions)) = applied else {
        let why = applied.as_ref().and_then(|read| read.as_ref().err());
        let why = why.map_or_else(|| "no database of it tells".to_owned(), ToString::to_string);
        let unknown = format!("may be applied and would stay ({why})");
        return tell(names, &unknown, &unknown).into_iter().collect();
    };
    let there = |name: &String| {
        let version: String = name.chars().take_while(char::is_ascii_digit).collect();
        !version.is_empty() && versions.iter().any(|one| one.as_str() == version)
    };
    let (stay, never): (Vec<String>, Vec<String>) = names.into_iter().partition(there);
    let stay = tell(stay, "stays applied", "stay applied");
    stay.into_iter().chain(tell(never, "is not applied there", "are not applied there")).collect()
}

/// What is not known of the commits that `go` (ship, leave), because a comparison lists so many of them, and so many files.
pub(in crate::engine) fn cut(between: &Comparison, go: &str) -> Vec<Text> {
    let (listed, all) = (between.commits.len(), between.ahead_by);
    let commits = (listed < all as usize).then(|| format!("only {listed} of the {all} commits that {go} are listed"));
    let files = between.added.extent.missing("files");
    let files = files.map(|more| format!("which migrations are of the commits that {go} is not known: {more}"));
    commits.into_iter().chain(files).map(Text::from).collect()
}

/// Migrations that are added between two commits, by the names of their files.
pub(in crate::engine) fn added(between: &Comparison) -> Vec<String> {
    let brought = |path: &&Text| {
        let sql = std::path::Path::new(path.as_str()).extension().is_some_and(|ending| ending == "sql");
        sql && path.as_str().contains("migrations/")
    };
    between.added.items.iter().filter(brought).map(|path| file(path.as_str()).to_owned()).collect()
}

fn file(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn changed(entries: &[SecretEntry], since: Timestamp) -> Vec<String> {
    let later = entries.iter().filter(|entry| entry.updated_at.is_some_and(|at| at > since));
    later.map(|entry| entry.key.to_string()).collect()
}

fn listed(what: &str, names: &[String]) -> Option<Text> {
    let shown = names.get(..LISTED.min(names.len())).unwrap_or_default().join(", ");
    let more = names.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| Text::from(format!("{what}: {shown}{more}")))
}

/// Where two configurations differ: `http_service.concurrency.soft_limit 200 → 250`.
fn drift(then: &Value, now: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", then, now, &mut found);
    found
}

fn compare(path: &str, then: &Value, now: &Value, found: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for key in keys {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                compare(&below, &of(one), &of(other), found);
            }
        }
        // Values of the environment may be secrets that somebody wrote there: only that they differ is told.
        _ if then != now && path.starts_with("env.") => found.push(path.to_owned()),
        _ if then != now => found.push(format!("{path} {} → {}", short(then), short(now))),
        _ => {}
    }
}

fn short(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Array(all) => format!("[{}]", all.len()),
        Value::Object(_) => "{…}".to_owned(),
        Value::String(text) => Text::clean(text).as_str().chars().take(30).collect(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::extent::{Extent, Listed};

    #[test]
    fn drift_names_the_places_and_never_a_value_of_the_environment() {
        let then = json!({"http_service": {"concurrency": {"soft_limit": 200}}, "env": {"KEY": "s3cret"}});
        let now = json!({"http_service": {"concurrency": {"soft_limit": 250}}, "env": {"KEY": "other"}, "mounts": [1]});
        assert_eq!(
            drift(&then, &now),
            ["env.KEY", "http_service.concurrency.soft_limit 200 → 250", "mounts none → [1]"]
        );
        assert!(drift(&then, &then).is_empty());
    }

    #[test]
    fn migrations_are_counted_and_named() {
        let between = |added: &[&str], extent: Extent| Comparison {
            status: Text::from("ahead"),
            ahead_by: 1,
            behind_by: 0,
            commits: Vec::new(),
            added: Listed { items: added.iter().copied().map(Text::from).collect(), extent },
        };
        let has = |versions: &[&str]| Some(Ok(versions.iter().copied().map(Text::from).collect()));
        assert!(migrations(&between(&["backend/app.py", "docs/migrations.md"], Extent::Whole), &has(&[])).is_empty());
        let path = "supabase/migrations/20261101_x.sql";
        let told = |applied: Applied| {
            let one = migrations(&between(&[path, "supabase/migrations/20261102_y.sql"], Extent::Whole), &applied);
            one.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let (stays, never) = (
            "database: 1 migration that came with them stays applied: 20261101_x.sql",
            "database: 1 migration that came with them is not applied there: 20261102_y.sql",
        );
        assert_eq!(told(has(&["20261101"])), [stays, never]);
        assert_eq!(told(has(&[])).len(), 1, "the database has none of them");
        let both = "database: 2 migrations that came with them may be applied and would stay";
        assert!(told(Some(Err(Text::from("403"))))[0].starts_with(&format!("{both} (403): ")));
        assert!(told(None)[0].starts_with(&format!("{both} (no database of it tells): ")));
        let part = between(&[path], Extent::of(300, None, true));
        assert!(migrations(&part, &has(&[]))[0].as_str().starts_with("database: at least 1 migration that"));
        let told: Vec<String> = cut(&part, "leave").iter().map(ToString::to_string).collect();
        let files = "which migrations are of the commits that leave is not known: more files not read";
        assert_eq!(told, ["only 0 of the 1 commits that leave are listed", files]);
        assert!(cut(&Comparison { ahead_by: 0, ..between(&[], Extent::Whole) }, "ship").is_empty());
    }
}
