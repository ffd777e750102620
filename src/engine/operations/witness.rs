//! Who is asked whether a service is where it was to go: every machine of every region on Fly, every domain on Vercel by lookup and by
//! asking it, and the edge as it is configured.

use std::sync::PoisonError;

use futures_util::future::join_all;

use super::operator::{Operator, Trouble};
use super::prove::origin;
use super::steps::machine::at_rest;
use crate::config::{ObserveAt, ObserveSettings};
use crate::domain::environment::{Platform, Pointed};
use crate::domain::ids::Sha;
use crate::domain::proof::{Claim, Found, Observation, Witness};
use crate::engine::feeds::vercel_target;
use crate::platform::fly::{Fly, Machine};
use crate::platform::vercel::{AT_ONCE, Served, Vercel};
use crate::platform::{ErrorKind, observe};
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
    fn of(observations: Vec<Observation>) -> Self {
        Self { observations, ..Self::default() }
    }
}

impl Operator {
    /// The digest that every machine of a claim has to run; `None` = the plan names no image.
    pub(in crate::engine) async fn wanted(&self, claim: &Claim) -> Result<Option<Text>, Text> {
        let (Platform::Fly, Some(fly), Some(image)) = (claim.platform, &self.clients.fly, &claim.image) else {
            return Ok(None);
        };
        match self.look(|| fly.image(claim.resource.as_str(), image.as_str())).await {
            Ok(Some(digest)) => Ok(Some(digest)),
            Ok(None) => Err(Text::from("the registry does not name its image")),
            Err(Trouble::Failed(why) | Trouble::Unknown(why)) => Err(why),
            Err(Trouble::Stopped) => Err(Text::from("the operation was stopped")),
        }
    }

    /// Asks all witnesses of a service once.
    pub(in crate::engine) async fn witnesses(&self, claim: &Claim, image: &Result<Option<Text>, Text>) -> Seen {
        match (claim.platform, &self.clients.fly, &self.clients.vercel) {
            (Platform::Fly, Some(fly), _) => {
                let (mut seen, edge) = tokio::join!(self.machines(fly, claim, image), self.configured(claim));
                seen.extend(edge.map(|(one, _)| one));
                Seen::of(seen)
            }
            (Platform::Vercel, _, Some(vercel)) => self.page(vercel, claim).await,
            _ => Seen::of(self.configured(claim).await.map(|(one, _)| one).into_iter().collect()),
        }
    }

    /// Every machine of every region: its image and its checks.
    async fn machines(&self, fly: &Fly, claim: &Claim, image: &Result<Option<Text>, Text>) -> Vec<Observation> {
        let unread = |words: String| vec![observation(claim, Witness::Service, Found::Unread, words)];
        let image = match image {
            Ok(image) => image.as_ref(),
            Err(why) => return unread(format!("its image could not be looked up: {why}")),
        };
        let fleet = match fly.listed(claim.resource.as_str()).await {
            Ok(fleet) => fleet,
            Err(error) => return unread(format!("its machines could not be read: {error}")),
        };
        let rested = self.rested.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let own: Vec<&Machine> = fleet.iter().filter(|one| one.in_fleet()).collect();
        let reached = own.iter().any(|one| !one.cordoned);
        let all: Vec<Observation> = own
            .into_iter()
            .map(|one| match one.cordoned {
                true => out_of_the_proxy(claim, one, reached),
                false => machine(claim, one, image, rested.contains(&one.id)),
            })
            .collect();
        if all.is_empty() {
            return vec![observation(
                claim,
                Witness::Service,
                Found::Differs,
                "no machine that deploys manage is running".to_owned(),
            )];
        }
        all
    }

    /// The edge of a service as it is configured.
    async fn configured(&self, claim: &Claim) -> Option<(Observation, bool)> {
        let rule = self.rule(&claim.service)?;
        Some(self.asks(claim, Witness::Address(Text::from(host(&rule.url))), (&rule.url, &rule.at)).await)
    }

    /// Asks a domain, or another address, and tells whether its platform answered for a paused project.
    async fn asks(&self, claim: &Claim, witness: Witness, (url, at): (&str, &ObserveAt)) -> (Observation, bool) {
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

    /// A frontend: each of its domains is looked up, and asked where that is possible.
    async fn page(&self, vercel: &Vercel, claim: &Claim) -> Seen {
        let unread = |what: &str, error: &dyn std::fmt::Display| {
            let words = format!("{what} could not be read: {error}");
            vec![observation(claim, Witness::Service, Found::Unread, words)]
        };
        let project = match vercel.project(claim.resource.as_str()).await {
            Ok(project) => project,
            Err(error) => return Seen::of(unread("its project", &error)),
        };
        let tier = self.settings.environment(&claim.service.env).map(|env| env.tier);
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
        for some in domains.chunks(AT_ONCE) {
            seen.extend(join_all(some.iter().map(|domain| alias(vercel, claim, domain))).await);
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
        let (rule, challenged) = (self.rule(&claim.service), project.challenged);
        // Of those that were asked.
        let (mut held, mut open) = (false, false);
        for some in asked(rule, domains).chunks(AT_ONCE) {
            let asked = some.iter().cloned().map(|(witness, url)| async move {
                let silent =
                    |why: &str| (observation(claim, witness.clone(), Found::NotObserved, why.to_owned()), false);
                match (rule, url) {
                    _ if challenged => silent("attack mode"),
                    (Some(rule), Some(url)) => self.asks(claim, witness, (&url, &rule.at)).await,
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

fn observation(claim: &Claim, witness: Witness, found: Found, words: String) -> Observation {
    Observation { service: claim.service.clone(), witness, found, words: Text::from(words) }
}

fn wanted(claim: &Claim, sha: &Sha) -> bool {
    claim.sha.as_ref().is_none_or(|wanted| wanted.same(sha))
}

fn failing(status: u16) -> String {
    if status < 400 { String::new() } else { format!(" with HTTP {status}") }
}

fn host(url: &str) -> &str {
    let at = origin(url);
    at.split_once("://").map_or(at, |(_, host)| host)
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

/// A machine that no visitor reaches proves nothing; where there is no other, the service answers nobody.
fn out_of_the_proxy(claim: &Claim, one: &Machine, reached: bool) -> Observation {
    let witness = Witness::Machine { id: Text::from(one.id.as_str()), region: one.region.clone() };
    let found = if reached { Found::NotObserved } else { Found::Silent };
    observation(claim, witness, found, "is out of the proxy: no visitor reaches it".to_owned())
}

fn machine(claim: &Claim, one: &Machine, image: Option<&Text>, rested: bool) -> Observation {
    let witness = Witness::Machine { id: Text::from(one.id.as_str()), region: one.region.clone() };
    let says = |found, words: String| observation(claim, witness.clone(), found, words);
    let Some(whole) = one.whole() else {
        let why = one.unread().map_or_else(|| "it was not read".to_owned(), ToString::to_string);
        let more = if one.leaving() { "" } else { ": what it runs is not known" };
        return says(Found::Unread, format!("{why}{more}"));
    };
    let version = || one.release_version.map_or_else(|| "another image".to_owned(), |version| format!("v{version}"));
    let runs = one.sha.as_ref().map_or_else(version, |sha| sha.short().to_owned());
    let there = match (image, &one.digest, &claim.sha, &one.sha) {
        (Some(wanted), Some(digest), ..) => digest == wanted,
        (Some(_), None, ..) => return says(Found::Unread, "the platform does not tell which image it runs".to_owned()),
        (None, _, Some(wanted), Some(sha)) => wanted.same(sha),
        (None, ..) => return says(Found::NotObserved, "its image names no commit".to_owned()),
    };
    if !there {
        return says(Found::Differs, format!("runs {runs}"));
    }
    let (passing, all) = one.checks;
    match one.state.as_str() {
        "started" if all > 0 && passing < all => {
            says(Found::Failing, format!("runs {runs}, {passing}/{all} checks pass"))
        }
        "started" if all == 0 && whole.has_checks() => {
            says(Found::Failing, format!("runs {runs}, its checks have not answered"))
        }
        "started" if all == 0 => says(Found::Seen, format!("runs {runs}; no checks are configured")),
        "started" => says(Found::Seen, format!("runs {runs}, {passing}/{all} checks pass")),
        // What its configuration or what it was before promises of it.
        _ if one.rests() && (rested || whole.idles()) => {
            says(Found::Seen, format!("has {runs}, {}", at_rest(one, whole)))
        }
        "stopped" | "suspended" => {
            let who = if whole.wakes() {
                "a request starts it, and its platform does not put it to rest"
            } else {
                "nothing starts it by itself"
            };
            says(Found::Silent, format!("has {runs}, {}: {who}", one.state))
        }
        // It has the image and does not run it.
        state => says(Found::Silent, format!("has {runs}, {state}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
