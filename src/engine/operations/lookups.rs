//! How often a proof looks domains up, so that it leaves most of what the platform answers to others.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::operator::{LOOK, PATIENCE};
use crate::domain::ids::ServiceId;
use crate::domain::proof::{Found, Observation};
use crate::sanitize::Text;

/// A lookup that failed is made anew after so long.
const FAILED: Duration = Duration::from_secs(10);
/// More domains than these are looked up when a proof begins and before it ends.
const MANY: usize = 30;

/// What a proof has looked up of domains. The platform answers 300 lookups in ten minutes to everybody together: each is used for a while,
/// and before anything is concluded all are made anew.
#[derive(Debug, Default)]
pub(in crate::engine) struct Lookups(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    all: BTreeMap<(ServiceId, Text), (Duration, Observation)>,
    /// The domains of each service: they share what the platform answers.
    domains: BTreeMap<ServiceId, usize>,
    /// Something was told that was not looked up in the same moment.
    reused: bool,
}

impl Lookups {
    /// How long the lookups of so many domains are used: one a second, and those of many twice in a proof.
    fn age(domains: usize) -> Duration {
        if domains > MANY { PATIENCE } else { LOOK * u32::try_from(domains).unwrap_or(u32::MAX) }
    }

    /// What was looked up of a domain, among so many of its service; else what is looked up now.
    pub(in crate::engine) async fn of(
        &self,
        (service, domain): (&ServiceId, &Text),
        (domains, now): (usize, Duration),
        look: impl Future<Output = Observation>,
    ) -> Observation {
        let key = (service.clone(), domain.clone());
        {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.domains.insert(service.clone(), domains);
            let age = Self::age(held.domains.values().sum());
            let age = |known: &Observation| if known.found == Found::Unread { age.min(FAILED) } else { age };
            let known = held.all.get(&key).filter(|(at, known)| now.saturating_sub(*at) < age(known));
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::domain::proof::Witness;

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

    /// How many lookups a proof of a minute makes, whose services have so many domains each, and finds this.
    async fn asked(services: usize, domains: usize, found: Found) -> u32 {
        let (lookups, asked) = (Lookups::default(), AtomicU32::new(0));
        for second in 0..60 {
            for service in 0..services {
                let service = ServiceId::new("production", &format!("frontend-{service}"));
                for domain in 0..domains {
                    let domain = Text::from(format!("{domain}.app"));
                    let look = async {
                        asked.fetch_add(1, Ordering::Relaxed);
                        let witness = Witness::Alias(domain.clone());
                        Observation { service: service.clone(), witness, found, words: Text::default() }
                    };
                    lookups.of((&service, &domain), (domains, Duration::from_secs(second)), look).await;
                }
            }
        }
        asked.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn the_domains_of_all_services_share_what_the_platform_answers() {
        let one = asked(1, 20, Found::Differs).await;
        assert!(asked(3, 20, Found::Differs).await <= one + 40, "{one}");
    }

    #[tokio::test]
    async fn a_lookup_that_failed_is_not_used_for_long() {
        assert_eq!(asked(1, MANY + 1, Found::Differs).await, 31);
        assert_eq!(asked(1, MANY + 1, Found::Unread).await, 31 * 6);
    }
}
