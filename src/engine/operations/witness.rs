//! What the witnesses of a service say that was to go somewhere, and its edge as it is configured.

use super::operator::Operator;
use crate::config::ObserveAt;
use crate::domain::ids::Sha;
use crate::domain::proof::{Claim, Found, Observation, Witness};
use crate::platform::observe;
use crate::sanitize::Text;

/// What the witnesses of a service say, and what stands before its pages.
#[derive(Debug, Default)]
pub(in crate::engine) struct Seen {
    pub(in crate::engine) observations: Vec<Observation>,
    /// Its visitors are challenged, and no program is let through.
    pub(in crate::engine) challenged: bool,
    /// Its platform says that it is paused, and so does every answer of its edge that failed: no later look tells more of them.
    pub(in crate::engine) paused: bool,
}

impl Seen {
    pub(in crate::engine) fn of(observations: Vec<Observation>) -> Self {
        Self { observations, ..Self::default() }
    }
}

impl Operator {
    /// The edge of a service as it is configured.
    pub(in crate::engine) async fn configured(&self, claim: &Claim) -> Option<(Observation, bool)> {
        let rule = self.rule(&claim.service)?;
        Some(self.asks(claim, Witness::Address(Text::from(host(&rule.url))), (&rule.url, &rule.at)).await)
    }

    /// Asks a domain, or another address, and tells whether its platform answered for a paused project.
    pub(in crate::engine) async fn asks(
        &self,
        claim: &Claim,
        witness: Witness,
        (url, at): (&str, &ObserveAt),
    ) -> (Observation, bool) {
        let answer = observe::ask(&self.clients.http, url, at).await;
        let paused = answer.as_ref().is_ok_and(|asked| asked.paused);
        let (found, words) = match answer {
            Err(error) => (Found::Silent, format!("does not answer: {error}")),
            Ok(asked) if asked.challenged => (Found::NotObserved, "attack mode".to_owned()),
            Ok(asked) if asked.paused => (Found::Silent, "is paused: every visitor gets 503".to_owned()),
            Ok(asked) => {
                let from = asked.region.as_ref().map_or_else(String::new, |region| format!(" from {region}"));
                match (&asked.sha, asked.status) {
                    (Some(sha), _) if claim.sha.is_none() => (
                        Found::NotObserved,
                        format!("answers {}{from}; the commit to expect is not known", sha.short()),
                    ),
                    (Some(sha), status) if !wanted(claim, sha) => {
                        (Found::Differs, format!("answers {}{from}{}", sha.short(), failing(status)))
                    }
                    (Some(sha), 200..=399) => (Found::Seen, format!("answers {}{from}", sha.short())),
                    (Some(sha), status) => {
                        (Found::Failing, format!("answers {}{from} with HTTP {status}", sha.short()))
                    }
                    (None, status @ 400..) => (Found::Silent, format!("HTTP {status}{from}")),
                    (None, _) => {
                        let why = asked.why_not.as_ref().map_or("it names no commit", Text::as_str);
                        (Found::NotObserved, why.to_owned())
                    }
                }
            }
        };
        (observation(claim, witness, found, words), paused)
    }
}

pub(in crate::engine) fn observation(claim: &Claim, witness: Witness, found: Found, words: String) -> Observation {
    Observation { service: claim.service.clone(), witness, found, words: Text::from(words) }
}

fn wanted(claim: &Claim, sha: &Sha) -> bool {
    claim.sha.as_ref().is_none_or(|wanted| wanted.same(sha))
}

fn failing(status: u16) -> String {
    if status < 400 { String::new() } else { format!(" with HTTP {status}") }
}

pub(in crate::engine) fn host(url: &str) -> &str {
    let at = origin(url);
    at.split_once("://").map_or(at, |(_, host)| host)
}

/// Scheme, host and port of an address.
pub(in crate::engine) fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(start..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(url.len(), |at| start + at);
    url.get(..end).unwrap_or(url)
}
