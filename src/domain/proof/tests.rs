//! What is claimed and what is said of it.

use std::time::Duration;

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
    let alias =
        |name: &str, found| Observation { witness: Witness::Alias(Text::from(name)), ..machine("frontend", "", found) };
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
