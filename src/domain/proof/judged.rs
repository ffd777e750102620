//! What observations amount to.

use super::{Claim, Found, Observation, Rest, Stays, Witness};
use crate::domain::ids::ServiceId;
use crate::sanitize::Text;

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
