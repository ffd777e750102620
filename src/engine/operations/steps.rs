//! The steps of a platform, as more than one operation takes them, and what operations ask of a platform: each is a [`Host`], which has
//! releases and secrets, or has not. Nothing else in the operations decides by which platform it is.

mod databases;
pub(super) mod domains;
pub(super) mod fleet;
pub(super) mod fly;
pub(super) mod github;
pub(super) mod machine;
mod machines;
pub(super) mod pages;
pub(super) mod releases;
mod repository;
pub(super) mod secrets;
pub(super) mod vercel;

use std::future::ready;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use self::releases::Releases;
use self::secrets::Secrets;
use super::operator::Operator;
use super::witness::Seen;
use crate::domain::environment::Platform;
use crate::domain::ids::{ServiceId, Sha};
use crate::domain::proof::Claim;
use crate::domain::spread::Spread;
use crate::engine::feeds::Clients;
use crate::platform::capabilities::Asked;
use crate::sanitize::Text;

/// The digest of the image that is claimed, where the plan names one, or why it could not be looked up.
pub(super) type Image = Result<Option<Text>, Text>;

/// How a service stands.
pub(in crate::engine) struct Stands {
    /// Which of its machines or domains are where they were to go.
    pub(in crate::engine) spread: Spread,
    /// The same for people: `fra runs 340f57f, iad runs 7f49b8b`.
    pub(in crate::engine) words: String,
}

impl Stands {
    /// It could not be read.
    pub(in crate::engine) fn unread(what: &str, error: &dyn std::fmt::Display) -> Self {
        Self { spread: Spread::Unknown, words: format!("{what} could not be read: {error}") }
    }

    pub(in crate::engine) fn unknown(words: &str) -> Self {
        Self { spread: Spread::Unknown, words: words.to_owned() }
    }
}

/// A platform that services run on. What it does not say of itself is as for one without a client: its edge can be asked.
pub(super) trait Host: Send + Sync {
    /// Its releases, where there are some that can be gone back to.
    fn releases(&self) -> Option<&dyn Releases> {
        None
    }

    /// Its secrets, where they can be set.
    fn secrets(&self) -> Option<&dyn Secrets> {
        None
    }

    /// Why a service stays where it is when others go back, where the platform has no releases.
    fn stays(&self) -> &'static str {
        "it has no deployments of its own"
    }

    /// The versions of the migrations that a database has applied; `None` = it is none, or cannot be asked.
    fn migrations<'a>(&'a self, _: &'a str) -> Option<Asked<'a, Vec<Text>>> {
        None
    }

    /// Instances that do not run now, and need not at the end.
    fn resting<'a>(&'a self, _: &'a str) -> Asked<'a, Vec<Text>> {
        ready(Ok(Vec::new())).boxed()
    }

    /// What the step of a proof is called.
    fn sees(&self) -> &'static str {
        "see every domain"
    }

    /// The digest that every machine of a claim has to run.
    fn wanted<'a>(&'a self, _: &'a Operator, _: &'a Claim) -> BoxFuture<'a, Image> {
        Box::pin(ready(Ok(None)))
    }

    /// Asks all witnesses of a service once.
    fn witnesses<'a>(&'a self, operator: &'a Operator, claim: &'a Claim, _: &'a Image) -> BoxFuture<'a, Seen> {
        Box::pin(async move { Seen::of(operator.configured(claim).await.map(|(one, _)| one).into_iter().collect()) })
    }

    /// What a service is at now. Read once: who gives up does not wait for platforms that do not answer.
    fn stands<'a>(
        &'a self,
        _: &'a Operator,
        _: &'a ServiceId,
        _: &'a str,
        _: Option<&'a Sha>,
    ) -> BoxFuture<'a, Stands> {
        Box::pin(ready(Stands::unknown("what runs there was not read")))
    }
}

/// The platform of a service.
pub(super) fn host(clients: &Clients, platform: Platform) -> Box<dyn Host + '_> {
    match (platform, &clients.fly, &clients.vercel) {
        (Platform::Fly, Some(fly), _) => Box::new(machines::Machines { fly }),
        (Platform::Vercel, _, Some(vercel)) => Box::new(pages::Pages { vercel }),
        (Platform::Supabase, ..) => Box::new(databases::Databases { supabase: clients.supabase.as_ref() }),
        (Platform::Github, ..) => Box::new(repository::Repository { github: clients.github.as_ref() }),
        _ => Box::new(Elsewhere),
    }
}

/// A platform without a client.
struct Elsewhere;

impl Host for Elsewhere {}
