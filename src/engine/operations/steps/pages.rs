//! Vercel as the proof and the end of an operation need it: every domain is a witness, by lookup and by asking it.

mod anew;
mod back;
mod build;
mod onward;
mod others;
mod releases;
mod secrets;

use futures_util::future::{BoxFuture, join_all};

use super::releases::Releases;
use super::secrets::Secrets;
use super::{Host, Image};
use crate::config::ObserveSettings;
use crate::domain::environment::Pointed;
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::proof::{Claim, Found, Observation, Witness, shown_by_edge};
use crate::domain::spread;
use crate::engine::feeds::vercel_target;
use crate::engine::operations::operator::Operator;
use crate::engine::operations::steps::Stands;
use crate::engine::operations::witness::{Seen, host, observation, origin};
use crate::platform::vercel::{AT_ONCE, Served, Vercel};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// The domains of a frontend.
pub(super) struct Pages<'a> {
    pub(super) vercel: &'a Vercel,
}

impl Host for Pages<'_> {
    fn releases(&self) -> Option<&dyn Releases> {
        Some(self)
    }

    fn secrets(&self) -> Option<&dyn Secrets> {
        Some(self)
    }

    fn witnesses<'a>(&'a self, operator: &'a Operator, claim: &'a Claim, _: &'a Image) -> BoxFuture<'a, Seen> {
        Box::pin(self.all(operator, claim))
    }

    fn stands<'a>(
        &'a self,
        operator: &'a Operator,
        service: &'a ServiceId,
        resource: &'a str,
        wanted: Option<&'a Sha>,
    ) -> BoxFuture<'a, Stands> {
        Box::pin(async move {
            let tier = operator.settings.environment(&service.env).map(|env| env.tier);
            let target = tier.map_or("production".into(), |tier| vercel_target(&service.env, tier));
            let pointed = async { self.vercel.pointers(&self.vercel.project(resource).await?, &target).await };
            match pointed.await {
                Ok::<Vec<Pointed>, PlatformError>(pointed) if pointed.is_empty() => {
                    Stands::unknown("no domain of its own is listed")
                }
                Ok(pointed) => {
                    let spread = spread::spread(pointed.iter().map(|one| one.sha.as_ref()), wanted);
                    Stands { spread, words: spread::domains(&pointed) }
                }
                Err(error) => Stands::unread("its domains", &error),
            }
        })
    }
}

impl Pages<'_> {
    /// A frontend: each of its domains is looked up, and asked where that is possible.
    async fn all(&self, operator: &Operator, claim: &Claim) -> Seen {
        let vercel = self.vercel;
        let unread = |what: &str, error: &dyn std::fmt::Display| {
            let words = format!("{what} could not be read: {error}");
            vec![observation(claim, Witness::Service, Found::Unread, words)]
        };
        let project = match vercel.project(claim.resource.as_str()).await {
            Ok(project) => project,
            Err(error) => return Seen::of(unread("its project", &error)),
        };
        let tier = operator.settings.environment(&claim.service.env).map(|env| env.tier);
        let target = tier.map(|tier| vercel_target(&claim.service.env, tier));
        let target = target.as_deref().unwrap_or("production");
        let served = match vercel.served(&project, target).await {
            Ok(served) => served,
            Err(error) => return Seen { challenged: project.challenged, ..Seen::of(unread("its domains", &error)) },
        };
        let domains = &served.domains;
        let mut seen = redirected(claim, &served);
        if !served.many.is_empty() {
            let all = Witness::Domain(served.all());
            match vercel.listed(&project, &served).await {
                Ok(listed) => {
                    seen.extend(listed.iter().map(|one| of_list(claim, one)));
                    let words = "looked up in the list of aliases, not asked from here".to_owned();
                    seen.push(observation(claim, all, Found::NotObserved, words));
                }
                Err(error) => seen.push(observation(claim, all, Found::Unread, format!("not looked up: {error}"))),
            }
        }
        let among = (domains.len(), operator.clock.mono());
        for some in domains.chunks(AT_ONCE) {
            let look = |domain| operator.lookups.of((&claim.service, domain), among, alias(vercel, claim, domain));
            seen.extend(join_all(some.iter().map(look)).await);
        }
        if domains.is_empty() && served.many.is_empty() {
            seen.push(match vercel.live(&project, target).await {
                Ok(Some(live)) => pointed(claim, Witness::Service, (&live.id, live.sha.as_ref())),
                Ok(None) => pointed(claim, Witness::Service, ("", None)),
                Err(error) => {
                    return Seen { challenged: project.challenged, ..Seen::of(unread("what is live", &error)) };
                }
            });
        }
        let (rule, challenged) = (operator.rule(&claim.service), project.challenged);
        // Of those that were asked.
        let (mut held, mut open) = (false, false);
        for some in asked(rule, domains).chunks(AT_ONCE) {
            let asked = some.iter().cloned().map(|(witness, url)| async move {
                let silent =
                    |why: &str| (observation(claim, witness.clone(), Found::NotObserved, why.to_owned()), false);
                match (rule, url) {
                    _ if challenged => silent("attack mode"),
                    (Some(rule), Some(url)) => operator.asks(claim, witness, (&url, &rule.at)).await,
                    (Some(_), None) => silent("looked up, not asked from here"),
                    (None, _) => silent("looked up, not asked: nothing says how its commit is read"),
                }
            });
            for (one, paused) in join_all(asked).await {
                held |= paused;
                open |= !paused && matches!(one.found, Found::Failing | Found::Silent | Found::Differs);
                seen.push(one);
            }
        }
        shown_by_edge(&mut seen);
        Seen { observations: seen, challenged, paused: project.paused && held && !open }
    }
}

/// The domains that its platform lists for a frontend, and the configured address where that is none of them, with the address at which
/// each is asked; without one, it is not asked from here. Where the configured address is one of this machine, or is not encrypted, the
/// others are not asked: what answers there is not known to be what answers at them.
fn asked(rule: Option<&ObserveSettings>, domains: &[Text]) -> Vec<(Witness, Option<String>)> {
    let listed = |url: &dyn Fn(&Text) -> Option<String>| -> Vec<(Witness, Option<String>)> {
        domains.iter().map(|domain| (Witness::Domain(domain.clone()), url(domain))).collect()
    };
    let Some(rule) = rule else { return listed(&|_| None) };
    let (own, at) = (host(&rule.url), origin(&rule.url));
    let path = rule.url.get(at.len()..).unwrap_or_default();
    let url = |domain: &Text| match domain.as_str() {
        one if one == own => Some(rule.url.clone()),
        _ => at.starts_with("https://").then(|| format!("https://{domain}{path}")),
    };
    let apart = domains.iter().all(|domain| domain.as_str() != own);
    let apart = apart.then(|| (Witness::Address(Text::from(own)), Some(rule.url.clone())));
    apart.into_iter().chain(listed(&url)).collect()
}

/// The domains of a frontend that only send visitors elsewhere, which are no part of its claim.
fn redirected(claim: &Claim, served: &Served) -> Vec<Observation> {
    let says = |to: &Text| format!("it redirects to {to}");
    let silent =
        |(name, to): &(Text, Text)| observation(claim, Witness::Domain(name.clone()), Found::NotObserved, says(to));
    served.redirects.iter().map(silent).collect()
}

/// A domain as the list of aliases tells it.
fn of_list(claim: &Claim, one: &Pointed) -> Observation {
    let witness = Witness::Alias(one.domain.clone());
    match &one.unread {
        Some(why) if claim.deployment.is_none() => observation(claim, witness, Found::Unread, why.to_string()),
        _ if one.deployment.as_str().is_empty() => {
            observation(claim, witness, Found::NotObserved, "the platform knows no alias of it".to_owned())
        }
        _ => pointed(claim, witness, (one.deployment.as_str(), one.sha.as_ref())),
    }
}

/// Who answers a domain, as its platform tells; the reliable answer (docs/platforms/vercel.md section 6).
async fn alias(vercel: &Vercel, claim: &Claim, domain: &Text) -> Observation {
    let witness = Witness::Alias(domain.clone());
    let id = match vercel.alias(domain.as_str()).await {
        Ok(id) => id,
        Err(error) if error.kind == ErrorKind::NotFound => {
            return observation(claim, witness, Found::NotObserved, "the platform knows no alias of it".to_owned());
        }
        Err(error) => return observation(claim, witness, Found::Unread, error.to_string()),
    };
    if claim.deployment.is_some() {
        return pointed(claim, witness, (&id, None));
    }
    match vercel.deployment(&id).await {
        Ok(live) => pointed(claim, witness, (&live.id, live.sha.as_ref())),
        Err(error) => observation(claim, witness, Found::Unread, error.to_string()),
    }
}

/// What something points at, against what it has to point at.
fn pointed(claim: &Claim, witness: Witness, (id, sha): (&str, Option<&Sha>)) -> Observation {
    let found = match (&claim.deployment, &claim.sha, sha) {
        (Some(wanted), ..) if wanted.as_str() == id => Found::Seen,
        (Some(_), ..) => Found::Differs,
        (None, Some(wanted), Some(sha)) if wanted.same(sha) => Found::Seen,
        (None, Some(_), Some(_)) => Found::Differs,
        (None, ..) => Found::NotObserved,
    };
    let commit = sha.map_or_else(String::new, |sha| format!(" ({})", sha.short()));
    let id = if id.is_empty() { "no deployment" } else { id };
    observation(claim, witness, found, format!("points at {id}{commit}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ObserveAt;

    #[test]
    fn every_domain_of_the_platform_is_asked_or_told_and_a_configured_address_is_none_of_them() {
        let rule = |url: &str| ObserveSettings {
            env: "production".into(),
            service: "frontend".into(),
            url: url.into(),
            at: ObserveAt::Header("x-release".into()),
        };
        let domains = [Text::from("maria.app"), Text::from("www.maria.app")];
        let domain = |name: &str| Witness::Domain(Text::from(name));
        let address = |name: &str| Witness::Address(Text::from(name));
        assert_eq!(
            asked(Some(&rule("https://www.maria.app/release")), &domains),
            [
                (domain("maria.app"), Some("https://maria.app/release".to_owned())),
                (domain("www.maria.app"), Some("https://www.maria.app/release".to_owned())),
            ]
        );
        assert_eq!(
            asked(Some(&rule("http://127.0.0.1:8080/release")), &domains),
            [
                (address("127.0.0.1:8080"), Some("http://127.0.0.1:8080/release".to_owned())),
                (domain("maria.app"), None),
                (domain("www.maria.app"), None),
            ]
        );
        assert_eq!(asked(None, &domains), [(domain("maria.app"), None), (domain("www.maria.app"), None)]);
    }
}
