//! Fly as the proof and the end of an operation need it: every machine of every region is a witness.

mod anew;
mod back;
mod onward;
mod others;
mod releases;
mod secrets;

use std::sync::PoisonError;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::machine::at_rest;
use super::releases::Releases;
use super::secrets::Secrets;
use super::{Host, Image};
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::proof::{Claim, Found, Observation, Witness};
use crate::domain::spread;
use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::steps::Stands;
use crate::engine::operations::witness::{Seen, observation};
use crate::platform::capabilities::Asked;
use crate::platform::fly::{Fly, Machine};
use crate::sanitize::Text;

/// The machines of an app.
pub(super) struct Machines<'a> {
    pub(super) fly: &'a Fly,
}

impl Host for Machines<'_> {
    fn releases(&self) -> Option<&dyn Releases> {
        Some(self)
    }

    fn secrets(&self) -> Option<&dyn Secrets> {
        Some(self)
    }

    fn resting<'a>(&'a self, resource: &'a str) -> Asked<'a, Vec<Text>> {
        let read = async move {
            let all = self.fly.machines(resource).await?;
            Ok(all.into_iter().filter(Machine::rests).map(|machine| Text::from(machine.id)).collect())
        };
        read.boxed()
    }

    fn sees(&self) -> &'static str {
        "see every machine and the edge"
    }

    fn wanted<'a>(&'a self, operator: &'a Operator, claim: &'a Claim) -> BoxFuture<'a, Image> {
        Box::pin(async move {
            let Some(image) = &claim.image else { return Ok(None) };
            match operator.look(|| self.fly.image(claim.resource.as_str(), image.as_str())).await {
                Ok(Some(digest)) => Ok(Some(digest)),
                Ok(None) => Err(Text::from("the registry does not name its image")),
                Err(Trouble::Failed(why) | Trouble::Unknown(why)) => Err(why),
                Err(Trouble::Stopped) => Err(Text::from("the operation was stopped")),
            }
        })
    }

    fn witnesses<'a>(&'a self, operator: &'a Operator, claim: &'a Claim, image: &'a Image) -> BoxFuture<'a, Seen> {
        Box::pin(async move {
            let (mut seen, edge) = tokio::join!(self.all(operator, claim, image), operator.configured(claim));
            seen.extend(edge.map(|(one, _)| one));
            Seen::of(seen)
        })
    }

    fn stands<'a>(
        &'a self,
        _: &'a Operator,
        _: &'a ServiceId,
        resource: &'a str,
        wanted: Option<&'a Sha>,
    ) -> BoxFuture<'a, Stands> {
        Box::pin(async move {
            match self.fly.declared(resource).await {
                Ok(declared) if declared.instances.is_empty() => {
                    Stands::unknown("no machine that deploys manage is listed")
                }
                Ok(declared) => {
                    // What no visitor reaches is neither here nor there.
                    let reached = declared.instances.iter().filter(|one| !one.cordoned);
                    let commits = reached.map(|one| one.sha.as_ref().filter(|_| one.unread.is_none()));
                    let spread = spread::spread(commits, wanted);
                    Stands { spread, words: spread::machines(&declared.instances) }
                }
                Err(error) => Stands::unread("what its machines run", &error),
            }
        })
    }
}

impl Machines<'_> {
    /// Every machine of every region: its image and its checks.
    async fn all(&self, operator: &Operator, claim: &Claim, image: &Image) -> Vec<Observation> {
        let unread = |words: String| vec![observation(claim, Witness::Service, Found::Unread, words)];
        let image = match image {
            Ok(image) => image.as_ref(),
            Err(why) => return unread(format!("its image could not be looked up: {why}")),
        };
        let fleet = match self.fly.listed(claim.resource.as_str()).await {
            Ok(fleet) => fleet,
            Err(error) => return unread(format!("its machines could not be read: {error}")),
        };
        let rested = operator.rested.lock().unwrap_or_else(PoisonError::into_inner).clone();
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
