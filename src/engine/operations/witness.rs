//! What the witnesses of a service say that was to go somewhere, and its edge as it is configured.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::operator::{LOOK, Operator, PATIENCE};
use super::prove::origin;
use crate::config::ObserveAt;
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::proof::{Claim, Found, Observation, Witness};
use crate::platform::observe;
use crate::sanitize::Text;

/// More domains than these are looked up when a proof begins and before it ends.
const MANY: usize = 30;

/// Lookups of domains during a proof: the platform counts them, and answers 300 in ten minutes to everybody together. Each is used for a
/// while, and before anything is concluded all are made anew.
#[derive(Debug, Default)]
pub(in crate::engine) struct Lookups(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    all: BTreeMap<(ServiceId, Text), (Duration, Observation)>,
    /// Something was told that was not looked up in the same moment.
    reused: bool,
}

impl Lookups {
    /// How long the lookups of so many domains are used: one a second, and those of many twice in a proof.
    fn age(domains: usize) -> Duration {
        if domains > MANY { PATIENCE } else { LOOK * u32::try_from(domains).unwrap_or(u32::MAX) }
    }

    /// What was looked up of a domain, among so many; else what is looked up now.
    pub(in crate::engine) async fn of(
        &self,
        (service, domain): (&ServiceId, &Text),
        (domains, now): (usize, Duration),
        look: impl Future<Output = Observation>,
    ) -> Observation {
        let key = (service.clone(), domain.clone());
        {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let known = held.all.get(&key).filter(|(at, _)| now.saturating_sub(*at) < Self::age(domains));
            if let Some((_, known)) = known.cloned() {
                held.reused = true;
                return known;
            }
        }
        let seen = look.await;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).all.insert(key, (now, seen.clone()));
        seen
    }

    /// The next look is made anew; whether that tells more than the last one, which used what was known before.
    pub(in crate::engine) fn anew(&self) -> bool {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).reused
    }
}

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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_proof_of_two_minutes_leaves_most_of_the_platforms_lookups_to_others() {
        for domains in [1_usize, 2, 10, MANY, 100] {
            let (lookups, asked) = (Lookups::default(), AtomicU32::new(0));
            let service = ServiceId::new("production", "frontend");
            let pass = async |now: Duration| {
                for domain in 0..domains {
                    let domain = Text::from(format!("{domain}.app"));
                    let look = async {
                        asked.fetch_add(1, Ordering::Relaxed);
                        let witness = Witness::Alias(domain.clone());
                        Observation { service: service.clone(), witness, found: Found::Differs, words: Text::default() }
                    };
                    lookups.of((&service, &domain), (domains, now), look).await;
                }
            };
            for second in 0..=PATIENCE.as_secs() {
                pass(Duration::from_secs(second)).await;
            }
            let during = asked.load(Ordering::Relaxed);
            // What is concluded is seen now, and not from before.
            let reused = lookups.anew();
            assert_eq!(reused, domains > 1, "{domains}");
            pass(PATIENCE).await;
            assert_eq!(asked.load(Ordering::Relaxed) - during, u32::try_from(domains).unwrap(), "{domains}");
            assert!(!lookups.anew(), "nothing was used from before");
            assert!(asked.load(Ordering::Relaxed) <= 300, "{domains}: {asked:?}");
        }
    }
}
