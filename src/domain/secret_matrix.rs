//! The matrix of secrets: keys over environments, judged against the contract. Pure; sees names and digests only.

use std::collections::BTreeMap;

use super::environment::{EnvInfo, Platform, Status, Tier};
use super::ids::EnvId;
use super::secret::{Contract, Digest, Names, Rule, SecretEntry, SecretFinding, SecretRow};
use crate::sanitize::Text;

/// Builds the rows, worst first, then by name. `environments` are those whose list was read: an environment that was not is
/// not missing anything, it is unknown.
#[must_use]
pub fn rows(
    environments: &[&EnvInfo],
    names: &BTreeMap<EnvId, Names>,
    contract: impl Fn(&str) -> Contract,
    required: &[&str],
) -> Vec<SecretRow> {
    let mut by_key: BTreeMap<&str, Vec<&SecretEntry>> = BTreeMap::new();
    for entry in names.values().flat_map(|names| &names.entries) {
        by_key.entry(entry.key.as_str()).or_default().push(entry);
    }
    for key in required {
        by_key.entry(key).or_default();
    }
    let lists = |id: &EnvId| {
        let held = |names: &Names| names.entries.iter().any(|one| one.platform == Platform::Github);
        names.get(id).is_some_and(|names| held(names) && !names.lacks(Platform::Github))
    };
    let read: Vec<&EnvInfo> = environments.iter().copied().filter(|env| names.contains_key(&env.id)).collect();
    let whole = |id: &EnvId| names.get(id).is_some_and(|names| names.unread.is_empty());
    let mut rows: Vec<SecretRow> = by_key
        .into_iter()
        .map(|(key, found)| {
            let contract = contract(key);
            let mut findings = missing(&read, &found, contract, lists);
            findings.extend(shared(&read, &found));
            findings.sort_by_key(|finding| std::cmp::Reverse((finding.blocks, finding.status)));
            let dark = environments.iter().map(|env| &env.id).filter(|id| !whole(id));
            let unread = dark.filter(|id| found.iter().all(|one| one.env != **id)).cloned().collect();
            SecretRow {
                key: Text::from(key),
                contract,
                entries: found.into_iter().cloned().collect(),
                unread,
                findings,
            }
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.findings.first().map(|finding| (finding.blocks, finding.status))));
    rows
}

/// `lists` says of which environments GitHub has shown a list, whole: what it withholds is not missing.
fn missing(
    read: &[&EnvInfo],
    found: &[&SecretEntry],
    contract: Contract,
    lists: impl Fn(&EnvId) -> bool,
) -> Vec<SecretFinding> {
    // What a pipeline holds is not where the product runs.
    let running = |entry: &SecretEntry| entry.platform != Platform::Github;
    let has = |env: &EnvInfo| found.iter().any(|entry| entry.env == env.id && running(entry));
    let elsewhere = read.iter().any(|env| has(env));
    // A key of pipelines alone, such as a token that builds upload with: nothing that runs lacks it, and one of the pipelines does.
    let piped = |env: &EnvInfo| found.iter().any(|entry| entry.env == env.id);
    let pipelines = !elsewhere && read.iter().any(|env| piped(env));
    let lacks = |env: &EnvInfo| pipelines && !piped(env) && lists(&env.id);
    let absent = read.iter().filter(|env| !has(env));
    absent
        .filter_map(|env| {
            let place = if pipelines && contract == Contract::Unlisted { "GitHub's " } else { "" };
            let says = Text::from(format!("missing in {place}{}", env.id));
            let found = |status, blocks| SecretFinding {
                rule: Rule::Missing,
                envs: vec![env.id.clone()],
                status,
                blocks,
                says,
            };
            match contract {
                Contract::Required => Some(found(Status::Fail, env.tier == Tier::Production)),
                Contract::Unlisted if elsewhere || lacks(env) => Some(found(Status::Warn, false)),
                Contract::Optional | Contract::Unlisted => None,
            }
        })
        .collect()
}

/// Variables of a build that were set after the build that is live (docs/platforms/vercel.md section 8): they wait for the next
/// one. `built` says when what runs on a platform in an environment was made.
pub fn note_late(rows: &mut [SecretRow], built: impl Fn(&EnvId, Platform) -> Option<jiff::Timestamp>) {
    for row in rows {
        let late = row.entries.iter().filter(|entry| {
            let set = entry.updated_at.filter(|_| entry.platform == Platform::Vercel);
            set.zip(built(&entry.env, entry.platform)).is_some_and(|(set, built)| set > built)
        });
        let says = |entry: &SecretEntry| Text::from(format!("set after the last deploy: not live in {}", entry.env));
        let found = |entry: &SecretEntry| SecretFinding {
            rule: Rule::SetAfterDeploy,
            envs: vec![entry.env.clone()],
            status: Status::Warn,
            blocks: false,
            says: says(entry),
        };
        let found: Vec<SecretFinding> = late.map(found).collect();
        row.findings.extend(found);
        row.findings.sort_by_key(|finding| std::cmp::Reverse((finding.blocks, finding.status)));
    }
}

/// The same value in production and elsewhere, where digests are comparable across places.
fn shared(read: &[&EnvInfo], found: &[&SecretEntry]) -> Vec<SecretFinding> {
    let tier = |id: &EnvId| read.iter().find(|env| &env.id == id).map(|env| env.tier);
    let mut findings = Vec::new();
    for (index, one) in found.iter().enumerate() {
        for other in &found[index + 1..] {
            let (Digest::Keyed(a), Digest::Keyed(b)) = (&one.digest, &other.digest) else { continue };
            let tiers = (tier(&one.env), tier(&other.env));
            let across =
                one.env != other.env && (tiers.0 == Some(Tier::Production) || tiers.1 == Some(Tier::Production));
            if a == b && across {
                let says = Text::from(format!("same value in {} and {}", one.env, other.env));
                let envs = vec![one.env.clone(), other.env.clone()];
                let (rule, status) = (Rule::SharedWithProduction, Status::Warn);
                findings.push(SecretFinding { rule, envs, status, blocks: false, says });
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::Platform;
    use crate::domain::secret::Withheld;

    fn env(name: &str, tier: Tier) -> EnvInfo {
        EnvInfo { id: name.into(), tier, services: Vec::new(), writable: false }
    }

    fn entry(key: &str, env: &str, digest: &str) -> SecretEntry {
        SecretEntry {
            key: Text::from(key),
            env: env.into(),
            platform: Platform::Supabase,
            place: Text::from("place"),
            digest: Digest::Keyed(Text::from(digest)),
            updated_at: None,
            note: None,
        }
    }

    #[test]
    fn a_required_key_that_production_lacks_blocks_and_comes_first() {
        let (staging, production) = (env("staging", Tier::Staging), env("production", Tier::Production));
        let entries = BTreeMap::from([
            ("staging".into(), vec![entry("DSN", "staging", "a"), entry("A", "staging", "b")].into()),
            ("production".into(), vec![entry("A", "production", "b")].into()),
        ]);
        let contract = |key: &str| if key == "DSN" { Contract::Required } else { Contract::Unlisted };
        let rows = rows(&[&staging, &production], &entries, contract, &["DSN"]);
        assert_eq!(rows[0].key.as_str(), "DSN");
        assert!(rows[0].findings[0].blocks);
        assert_eq!(rows[1].findings[0].says.as_str(), "same value in production and staging");
    }

    #[test]
    fn a_key_of_one_pipeline_is_missing_in_that_of_another_environment() {
        let (staging, production) = (env("staging", Tier::Staging), env("production", Tier::Production));
        let piped = |env: &str| SecretEntry { platform: Platform::Github, ..entry("UPLOAD", env, "a") };
        let said = |own: &[&str], unread: &[Withheld]| {
            let own = own.iter().map(|key| SecretEntry { key: Text::from(*key), ..piped("production") }).collect();
            let own = Names { entries: own, unread: unread.to_vec() };
            let names = BTreeMap::from([("staging".into(), vec![piped("staging")].into()), ("production".into(), own)]);
            let rows = rows(&[&staging, &production], &names, |_| Contract::Unlisted, &[]);
            let row = rows.into_iter().find(|row| row.key.as_str() == "UPLOAD").unwrap();
            let missing = row.findings.iter().find(|one| one.rule == Rule::Missing);
            (missing.map(|one| (one.status, one.says.to_string())), row.unread)
        };
        let missing = Some((Status::Warn, "missing in GitHub's production".to_owned()));
        assert_eq!(said(&["OTHER"], &[]), (missing, vec![]));
        assert_eq!(said(&["OTHER", "UPLOAD"], &[]), (None, vec![]));
        assert_eq!(said(&[], &[]), (None, vec![]), "nothing of it goes through a pipeline");
        let withheld = Withheld { platform: Platform::Github, what: "secrets", why: Text::from("403") };
        assert_eq!(said(&["OTHER"], &[withheld]), (None, vec!["production".into()]), "it may be there");
    }

    #[test]
    fn an_environment_that_was_not_read_misses_nothing() {
        let (staging, production) = (env("staging", Tier::Staging), env("production", Tier::Production));
        let entries = BTreeMap::from([("staging".into(), vec![entry("DSN", "staging", "a")].into())]);
        let rows = rows(&[&staging, &production], &entries, |_| Contract::Required, &["DSN"]);
        assert!(rows[0].findings.is_empty(), "{rows:?}");
        assert_eq!(rows[0].unread, ["production".into()], "it is not known whether it is there");
    }
}
