//! What an operation claims at its end, and the observations that the claim rests on: machine by machine, domain by domain, probe by
//! probe. Pure: the engine observes, this judges and words it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::environment::Platform;
use super::ids::{DeploymentId, ServiceId, Sha};
use crate::sanitize::Text;

/// What a plan leaves where it is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rest {
    /// Which service.
    pub service: ServiceId,
    /// Why it stays.
    pub state: Stays,
    /// The commit that it stays on, where it was read.
    pub sha: Option<Sha>,
    /// The same for people: `already runs 9df49c2: declared and observed`.
    pub words: Text,
}

/// Why a service is not moved by a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Stays {
    /// It is where the plan goes already.
    Already,
    /// Such a service is never moved by this kind of operation.
    NotMoved,
    /// Its platform declares one commit and its edge answers with another one.
    Differs,
    /// It could not be read.
    Unread,
    /// Another service was chosen alone.
    Alone,
}

impl Stays {
    /// Whether a person has to know it before confirming.
    #[must_use]
    pub fn alarming(self) -> bool {
        matches!(self, Self::Differs | Self::Unread)
    }
}

/// What a service has to be seen as at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Claim {
    /// Which service.
    pub service: ServiceId,
    /// On which platform.
    pub platform: Platform,
    /// The platform's name of it.
    pub resource: Text,
    /// The commit.
    pub sha: Option<Sha>,
    /// The image that every machine has to run, where the plan names one.
    pub image: Option<Text>,
    /// The deployment that every domain has to point at, where the plan names one.
    pub deployment: Option<DeploymentId>,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// A machine: its image and its checks.
    Machine {
        /// Its id.
        id: Text,
        /// Where it runs.
        region: Text,
    },
    /// A domain that its platform lists, asked from here.
    Domain(Text),
    /// An address that is configured, and that its platform does not list as a domain.
    Address(Text),
    /// A domain, looked up on its platform.
    Alias(Text),
    /// A probe of the environment.
    Probe(Text),
    /// The service as a whole, where its parts could not be listed.
    Service,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine { id, region } => write!(f, "machine {id} {region}"),
            Self::Domain(name) | Self::Address(name) => write!(f, "{name}"),
            Self::Alias(name) => write!(f, "alias {name}"),
            Self::Probe(name) => write!(f, "probe {name}"),
            Self::Service => f.write_str("service"),
        }
    }
}

/// What a witness says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It is at the target, and well.
    Seen,
    /// It is at the target, and not well; or it is a probe that fails.
    Failing,
    /// It answers nothing, or is broken before it can tell where it is: it is not known to be at the target.
    Silent,
    /// It is elsewhere.
    Differs,
    /// It cannot be asked. It is no part of the claim.
    NotObserved,
    /// It should have been observed and could not be read: without it nothing whole is claimed.
    Unread,
}

impl Found {
    /// One or two words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Failing => "failing",
            Self::Silent => "silent",
            Self::Differs => "differs",
            Self::NotObserved => "not observed",
            Self::Unread => "not read",
        }
    }

    /// Whether another look may change what it says.
    fn open(self) -> bool {
        matches!(self, Self::Failing | Self::Silent | Self::Differs | Self::Unread)
    }
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Observation {
    /// Of which service; a probe belongs to its environment and names the service `probes`.
    pub service: ServiceId,
    /// Who was asked.
    pub witness: Witness,
    /// What it says.
    pub found: Found,
    /// The same for people: `runs 9df49c2, 2/2 checks pass`.
    pub words: Text,
}

impl Observation {
    /// `backend machine 3d8d iad: runs 3e60eac`.
    fn told(&self) -> String {
        match &self.witness {
            Witness::Probe(name) => format!("{name}: {}", self.words),
            Witness::Service => format!("{}: {}", self.service.name, self.words),
            witness => format!("{} {witness}: {}", self.service.name, self.words),
        }
    }
}

/// What the observations amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every service is observed at the target, and every probe passes.
    Whole,
    /// Every service is seen at the target by some witness, and something fails or does not answer: what.
    Failing(Vec<String>),
    /// Something is elsewhere, or a part could not be read: what.
    Partly(Vec<String>),
    /// Of some service nothing could be observed: which, and why.
    Unobserved(Vec<String>),
}

/// Judges the observations of what is claimed. What the plan could not read at all is never part of a whole.
#[must_use]
pub fn judge(claims: &[Claim], rest: &[Rest], proof: &[Observation]) -> Verdict {
    let told = |found: &[Found]| -> Vec<String> {
        proof.iter().filter(|one| found.contains(&one.found)).map(Observation::told).collect()
    };
    let claimed = |service: &ServiceId| claims.iter().any(|claim| claim.service == *service);
    let unread = rest.iter().filter(|one| one.state.alarming() && !claimed(&one.service));
    let unread: Vec<String> = unread.map(|one| format!("{}: {}", one.service.name, one.words)).collect();
    if proof.iter().any(|one| one.found == Found::Differs) || !unread.is_empty() {
        return Verdict::Partly(unread.into_iter().chain(told(&[Found::Differs, Found::Unread])).collect());
    }
    let there = |one: &Observation| matches!(one.found, Found::Seen | Found::Failing);
    let silent = claims.iter().filter(|claim| !of(claim, proof).any(there));
    let silent: Vec<String> = silent
        .map(|claim| {
            let why: Vec<String> = of(claim, proof).map(|one| one.words.to_string()).collect();
            let why = if why.is_empty() { "nothing was observed".to_owned() } else { why.join(", ") };
            format!("{}: not observed: {why}", claim.service.name)
        })
        .collect();
    if !silent.is_empty() {
        return Verdict::Unobserved(silent);
    }
    let unread = told(&[Found::Unread]);
    if !unread.is_empty() {
        return Verdict::Partly(unread);
    }
    let failing = told(&[Found::Failing, Found::Silent]);
    if failing.is_empty() { Verdict::Whole } else { Verdict::Failing(failing) }
}

/// The claims that an operation has verified healthy, as an open console means it: everything of the environment was to arrive and
/// was seen, the edge of the service itself answers with the commit, and every probe was asked and passes. Where there is no probe,
/// or a service was moved alone, nothing is known of how the release serves as a whole.
pub fn healthy<'a>(claims: &'a [Claim], rest: &[Rest], proof: &'a [Observation]) -> impl Iterator<Item = &'a Claim> {
    let whole = judge(claims, rest, proof) == Verdict::Whole && rest.iter().all(|one| one.state != Stays::Alone);
    let mut probes = proof.iter().filter(|one| matches!(one.witness, Witness::Probe(_))).peekable();
    let probed = probes.peek().is_some() && probes.all(|one| one.found == Found::Seen);
    let edge = |witness: &Witness| matches!(witness, Witness::Domain(_) | Witness::Address(_));
    let answers = move |one: &Observation| edge(&one.witness) && one.found == Found::Seen;
    let all = if whole && probed { claims } else { &[] };
    all.iter().filter(move |claim| claim.sha.is_some() && of(claim, proof).any(answers))
}

/// What was observed of a service.
fn of<'a>(claim: &'a Claim, proof: &'a [Observation]) -> impl Iterator<Item = &'a Observation> {
    proof.iter().filter(|one| one.service == claim.service)
}

/// Whether another look may change the verdict. A machine that cannot be read seldom can a moment later: it is waited for only while
/// one is `patient`.
#[must_use]
pub fn open(proof: &[Observation], patient: bool) -> bool {
    let silent = |one: &Observation| one.found == Found::Unread && matches!(one.witness, Witness::Machine { .. });
    proof.iter().any(|one| one.found.open() && (patient || !silent(one)))
}

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

/// A domain that answers with the commit needs no lookup: where one could not be had, that is told and takes nothing from what was seen.
pub fn shown_by_edge(proof: &mut [Observation]) {
    let answers = |one: &Observation| match &one.witness {
        Witness::Domain(name) if one.found == Found::Seen => Some((one.service.clone(), name.clone())),
        _ => None,
    };
    let seen: Vec<(ServiceId, Text)> = proof.iter().filter_map(answers).collect();
    for one in proof.iter_mut().filter(|one| one.found == Found::Unread) {
        let Witness::Alias(name) = &one.witness else { continue };
        if seen.iter().any(|(service, domain)| *service == one.service && domain == name) {
            one.found = Found::NotObserved;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(name: &str) -> Claim {
        Claim {
            service: ServiceId::new("production", name),
            platform: Platform::Fly,
            resource: Text::from("app"),
            sha: Some("9df49c2aaaa".into()),
            image: None,
            deployment: None,
        }
    }

    fn machine(name: &str, id: &str, found: Found) -> Observation {
        let witness = Witness::Machine { id: Text::from(id), region: Text::from("iad") };
        Observation { service: ServiceId::new("production", name), witness, found, words: Text::from("says so") }
    }

    fn domain(name: &str, found: Found) -> Observation {
        Observation { witness: Witness::Domain(Text::from(name)), ..machine(name, "", found) }
    }

    fn address(name: &str, found: Found) -> Observation {
        Observation { witness: Witness::Address(Text::from(name)), ..machine(name, "", found) }
    }

    #[test]
    fn whole_is_said_only_when_every_service_was_seen() {
        let claims = [claim("backend"), claim("frontend")];
        let backend = machine("backend", "a", Found::Seen);
        assert!(matches!(judge(&claims, &[], std::slice::from_ref(&backend)), Verdict::Unobserved(_)));
        let seen = [backend.clone(), domain("frontend", Found::Seen)];
        assert_eq!(judge(&claims, &[], &seen), Verdict::Whole);
        let challenged = [backend.clone(), domain("frontend", Found::NotObserved)];
        assert!(matches!(judge(&claims, &[], &challenged), Verdict::Unobserved(_)), "no alias was looked up");
        let elsewhere = [backend.clone(), machine("backend", "b", Found::Differs), domain("frontend", Found::Seen)];
        assert_eq!(judge(&claims, &[], &elsewhere), Verdict::Partly(vec!["backend machine b iad: says so".to_owned()]));
        let ill = [backend.clone(), domain("frontend", Found::Failing)];
        assert!(matches!(judge(&claims, &[], &ill), Verdict::Failing(_)));
        let unread = [backend, machine("backend", "b", Found::Unread), domain("frontend", Found::Seen)];
        assert!(matches!(judge(&claims, &[], &unread), Verdict::Partly(_)));
    }

    #[test]
    fn verified_healthy_is_what_the_edge_and_every_probe_show_of_a_whole_environment() {
        let claims = [claim("backend")];
        let probe = |found| Observation { witness: Witness::Probe(Text::from("api")), ..machine("probes", "", found) };
        // The edge of a service on Fly is a configured address; of a frontend, a domain that its platform lists.
        let seen = [machine("backend", "a", Found::Seen), address("backend", Found::Seen), probe(Found::Seen)];
        let listed = [seen[0].clone(), domain("backend", Found::Seen), seen[2].clone()];
        let count = |rest: &[Rest], proof: &[Observation]| healthy(&claims, rest, proof).count();
        assert_eq!(count(&[], &seen), 1);
        assert_eq!(count(&[], &listed), 1);
        assert_eq!(count(&[], &seen[..2]), 0, "no probe says how it serves");
        assert_eq!(count(&[], &[seen[0].clone(), seen[2].clone()]), 0, "its edge was not asked");
        let challenged = [seen[0].clone(), seen[1].clone(), seen[2].clone(), probe(Found::NotObserved)];
        assert_eq!(count(&[], &challenged), 0, "a probe was not asked");
        let failing = [seen[0].clone(), seen[1].clone(), probe(Found::Failing)];
        assert_eq!(count(&[], &failing), 0);
        let service = ServiceId::new("production", "frontend");
        let alone = Rest { service, state: Stays::Alone, sha: None, words: Text::from("left as it is") };
        assert_eq!(count(&[alone], &seen), 0, "it was moved alone");
    }

    #[test]
    fn what_does_not_answer_is_not_there() {
        let claims = [claim("backend")];
        let silent = [domain("backend", Found::Silent)];
        assert!(open(&silent, false), "it may answer a moment later");
        let said = Verdict::Unobserved(vec!["backend: not observed: says so".to_owned()]);
        assert_eq!(judge(&claims, &[], &silent), said, "nothing shows that it arrived");
        assert_eq!(counted(&claims, &silent), "0 of 1 domain answers 9df49c2");
        let other = [machine("backend", "a", Found::Seen), domain("backend", Found::Silent)];
        assert_eq!(judge(&claims, &[], &other), Verdict::Failing(vec!["backend backend: says so".to_owned()]));
        assert_eq!(counted(&claims, &other), "1 of 1 machine runs and 0 of 1 domain answers 9df49c2");
    }

    #[test]
    fn a_machine_that_cannot_be_read_is_not_waited_for_long() {
        let unread = [machine("backend", "a", Found::Unread), domain("backend", Found::Seen)];
        assert!(open(&unread, true) && !open(&unread, false));
        assert!(open(&[machine("backend", "a", Found::Differs)], false));
        assert!(!open(&[domain("backend", Found::NotObserved)], true));
    }

    #[test]
    fn what_the_plan_could_not_read_is_no_part_of_a_whole() {
        let rest = |state| Rest {
            service: ServiceId::new("production", "frontend"),
            state,
            sha: None,
            words: Text::from("could not be read: 502"),
        };
        let seen = [machine("backend", "a", Found::Seen)];
        let claims = [claim("backend")];
        assert!(matches!(judge(&claims, &[rest(Stays::Unread)], &seen), Verdict::Partly(_)));
        assert_eq!(judge(&claims, &[rest(Stays::Alone)], &seen), Verdict::Whole, "it was chosen alone");
        assert_eq!(left(&[rest(Stays::Alone)]), "; frontend left as it is (not read)");
    }

    #[test]
    fn the_outcome_counts_what_was_seen_and_names_what_was_not() {
        let claims = [claim("backend"), claim("frontend")];
        let alias = Observation { witness: Witness::Alias(Text::from("maria.app")), ..domain("frontend", Found::Seen) };
        let mut proof = vec![
            machine("backend", "a", Found::Seen),
            machine("backend", "b", Found::Seen),
            domain("backend", Found::Seen),
            domain("frontend", Found::Seen),
        ];
        assert_eq!(counted(&claims, &proof), "2 of 2 machines run and 2 of 2 domains answer 9df49c2");
        let address = Observation { witness: Witness::Address(Text::from("127.0.0.1:80")), ..proof[2].clone() };
        assert_eq!(
            counted(&claims, &[proof.clone(), vec![address]].concat()),
            "2 of 2 machines run, 2 of 2 domains answer and 1 of 1 configured address answers 9df49c2"
        );
        proof.pop();
        proof.push(Observation { words: Text::from("attack mode"), ..domain("frontend", Found::NotObserved) });
        proof.push(alias);
        assert_eq!(
            counted(&claims, &proof),
            "2 of 2 machines run and 1 of 1 domain answers 9df49c2 (1 of 1 alias points at it); not observed: \
             frontend: attack mode"
        );
        assert_eq!(took(Duration::from_secs(102)), "1m42s");
    }

    #[test]
    fn what_could_not_be_read_is_told_as_that_and_never_as_elsewhere() {
        let claims = [claim("frontend")];
        let alias = |name: &str, found| Observation {
            witness: Witness::Alias(Text::from(name)),
            ..machine("frontend", "", found)
        };
        let none = [alias("a.app", Found::Unread), alias("b.app", Found::Unread)];
        assert_eq!(counted(&claims, &none), "nothing was observed; not observed: alias a.app, alias b.app: says so");
        let one = [alias("a.app", Found::Seen), alias("b.app", Found::Unread)];
        assert_eq!(counted(&claims, &one), "1 of 1 alias points at 9df49c2; not observed: alias b.app: says so");
        assert!(matches!(judge(&claims, &[], &one), Verdict::Partly(_)), "and nothing whole is claimed");
        let fleet = [machine("frontend", "a", Found::Seen), machine("frontend", "b", Found::Unread)];
        assert_eq!(
            counted(&claims, &fleet),
            "1 of 2 machines run 9df49c2; not observed: machine b iad: says so",
            "a fleet is as large as it is listed"
        );
        assert_eq!(counted(&claims, &fleet[1..]), "nothing was observed; not observed: machine b iad: says so");
    }

    #[test]
    fn a_domain_that_answers_with_the_commit_needs_no_lookup() {
        let claims = [claim("frontend")];
        let named = |witness, found| Observation { witness, ..machine("frontend", "", found) };
        let alias = |found| named(Witness::Alias(Text::from("a.app")), found);
        let shown = |mut proof: Vec<Observation>| {
            shown_by_edge(&mut proof);
            proof
        };
        let proof = shown(vec![alias(Found::Unread), domain("frontend", Found::Seen)]);
        assert!(matches!(judge(&claims, &[], &proof), Verdict::Partly(_)), "another domain answers");
        let own = |found| named(Witness::Domain(Text::from("a.app")), found);
        let proof = shown(vec![alias(Found::Unread), own(Found::Seen)]);
        assert_eq!(judge(&claims, &[], &proof), Verdict::Whole);
        assert_eq!(counted(&claims, &proof), "1 of 1 domain answers 9df49c2; not observed: alias a.app: says so");
        for found in [Found::Silent, Found::Failing, Found::NotObserved] {
            assert_eq!(shown(vec![alias(Found::Unread), own(found)])[0].found, Found::Unread, "{found:?}");
        }
        assert_eq!(shown(vec![alias(Found::Differs), own(Found::Seen)])[0].found, Found::Differs, "it was read");
    }
}
