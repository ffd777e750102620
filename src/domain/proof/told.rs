//! The words in which a proof is told.

use std::time::Duration;

use super::{Claim, Found, Observation, Rest, Stays, Witness};
use crate::domain::ids::Sha;
use crate::sanitize::Text;

/// What was counted: `2 of 2 machines run and 2 of 2 domains answer 9df49c2 (2 of 2 aliases point at it)`, with what was not observed.
/// Domains are those that a platform lists; a configured address that is none of them is counted as what it is. What could not be read is
/// never counted as elsewhere.
#[must_use]
pub fn counted(claims: &[Claim], proof: &[Observation]) -> String {
    // A fleet is as large as it is listed, once one of its machines was read; of anything else what was not read is told apart.
    let count = |is: fn(&Witness) -> bool| {
        let all: Vec<&Observation> = proof.iter().filter(|one| is(&one.witness)).collect();
        let of = |found: &[Found]| all.iter().filter(|one| found.contains(&one.found)).count();
        let there = of(&[Found::Seen, Found::Failing]);
        let read = there + of(&[Found::Silent, Found::Differs]);
        let machines =
            all.iter().filter(|one| matches!(one.witness, Witness::Machine { .. }) && one.found == Found::Unread);
        (there, if read > 0 { read + machines.count() } else { 0 })
    };
    let part = |(there, all): (usize, usize), one: &str, many: &str| match all {
        0 => None,
        1 => Some(format!("{there} of 1 {one}")),
        _ => Some(format!("{there} of {all} {many}")),
    };
    let machines = part(count(|one| matches!(one, Witness::Machine { .. })), "machine runs", "machines run");
    let domains = part(count(|one| matches!(one, Witness::Domain(_))), "domain answers", "domains answer");
    let addresses = count(|one| matches!(one, Witness::Address(_)));
    let addresses = part(addresses, "configured address answers", "configured addresses answer");
    let aliases = part(count(|one| matches!(one, Witness::Alias(_))), "alias points at", "aliases point at");
    let mut commits: Vec<&str> = claims.iter().filter_map(|claim| claim.sha.as_ref()).map(Sha::short).collect();
    commits.dedup();
    let commit = if commits.is_empty() { "what was asked for".to_owned() } else { commits.join(" and ") };
    let main: Vec<String> = machines.into_iter().chain(domains).chain(addresses).collect();
    let mut text = match (main.is_empty(), aliases) {
        (true, None) => "nothing was observed".to_owned(),
        (true, Some(aliases)) => format!("{aliases} {commit}"),
        (false, None) => format!("{} {commit}", listed(&main)),
        (false, Some(aliases)) => format!("{} {commit} ({aliases} it)", listed(&main)),
    };
    let mut missing: Vec<(&Text, Vec<String>)> = Vec::new();
    for one in proof.iter().filter(|one| matches!(one.found, Found::NotObserved | Found::Unread)) {
        let name = match &one.witness {
            Witness::Service => one.service.name.to_string(),
            witness => witness.to_string(),
        };
        match missing.iter_mut().find(|(why, _)| *why == &one.words) {
            Some((_, names)) => names.push(name),
            None => missing.push((&one.words, vec![name])),
        }
    }
    let missing: Vec<String> = missing.iter().map(|(why, names)| format!("{}: {why}", names.join(", "))).collect();
    if !missing.is_empty() {
        text.push_str(&format!("; not observed: {}", missing.join("; ")));
    }
    text
}

/// `a, b and c`.
fn listed(all: &[String]) -> String {
    match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => all.concat(),
    }
}

/// What was left where it is on purpose: `; frontend left as it is (3e60eac)`.
#[must_use]
pub fn left(rest: &[Rest]) -> String {
    let alone = rest.iter().filter(|one| one.state == Stays::Alone);
    let one = |one: &Rest| {
        let sha = one.sha.as_ref().map_or("not read", |sha| sha.short());
        format!("; {} left as it is ({sha})", one.service.name)
    };
    alone.map(one).collect()
}

/// Time taken as it is said: `8 s`, `1m42s`.
#[must_use]
pub fn took(span: Duration) -> String {
    let seconds = span.as_secs();
    if seconds < 60 { format!("{seconds} s") } else { format!("{}m{:02}s", seconds / 60, seconds % 60) }
}
