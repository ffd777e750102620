//! A secret gets its value: one call, and a look that the platform lists it as changed.

use futures_util::future::BoxFuture;

use crate::engine::operations::operator::{Operator, Trouble};
use crate::engine::operations::revisions::Revisions;
use crate::engine::operations::{On, Performs};
use crate::platform::PlatformError;
use std::time::Duration;

use crate::domain::environment::Platform;
use crate::domain::operation::{Operation, PlanPart, Request};
use crate::domain::secret_value::SecretValue;
use crate::engine::operations::operator::LOOK;
use crate::engine::operations::secret;
use crate::engine::operations::sought::Trace;
use crate::sanitize::Text;

/// How long a list may lag behind a change.
const LAG: Duration = Duration::from_secs(10);

/// A secret that gets the value of the request.
pub(in crate::engine) struct Work<'a> {
    pub(in crate::engine) key: &'a Text,
    pub(in crate::engine) place: &'a Text,
}

impl Performs for Work<'_> {
    fn perform<'a>(&'a self, on: On<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        Box::pin(async move { on.operator.set_secret(on.part, (self.key, self.place), on.op, on.first).await })
    }

    fn revisions<'a>(
        &'a self,
        operator: &'a Operator,
        part: &'a PlanPart,
    ) -> BoxFuture<'a, Result<Revisions, PlatformError>> {
        Box::pin(operator.secret_now(part, self.key, self.place))
    }

    // No commit changes by it.
    fn shows(&self, _: &PlanPart) -> bool {
        false
    }
}

impl Operator {
    pub(in crate::engine) async fn set_secret(
        &self,
        part: &PlanPart,
        (key, place): (&Text, &Text),
        op: &mut Operation,
        first: usize,
    ) -> Result<(), Trouble> {
        let Request::SetSecret { value, .. } = &self.plan.request else {
            return Err(Trouble::Failed(Text::from("the plan holds no value")));
        };
        let work = async {
            self.send_secret(part, (key, place), value).await?;
            self.listed(part, key, place).await.map(|told| ((), told))
        };
        self.step(op, first, work).await
    }

    /// The secret as it is now, and on Vercel the variable that it is.
    async fn secret_now(&self, part: &PlanPart, key: &Text, place: &Text) -> Result<Revisions, PlatformError> {
        let there = (part.platform, part.resource.as_str(), place.as_str());
        let seen = secret::seen(&self.clients, &self.plan.env, there, key.as_str()).await?;
        let mut now = vec![secret::revision(key, seen.as_ref())];
        if let (Platform::Vercel, Some(vercel)) = (part.platform, &self.clients.vercel) {
            now.push(secret::slot_revision(&vercel.slot(there.1, there.2, key.as_str()).await?));
        }
        Ok(now)
    }

    async fn send_secret(
        &self,
        part: &PlanPart,
        (key, place): (&Text, &Text),
        value: &SecretValue,
    ) -> Result<(), Trouble> {
        let resource = part.resource.as_str();
        let clients = &self.clients;
        let shown = || async {
            let there = (part.platform, resource, place.as_str());
            let seen = secret::seen(clients, &self.plan.env, there, key.as_str()).await?;
            Ok(match secret::shows(key, seen.as_ref(), value, &part.revisions) {
                secret::Shows::Ours => Trace::Taken(()),
                secret::Shows::Changed => Trace::Changed,
                secret::Shows::Nothing => Trace::Nothing,
            })
        };
        match (part.platform, &clients.fly, &clients.vercel, &clients.github, &clients.supabase) {
            (Platform::Fly, Some(fly), ..) => {
                self.unmoved(part, key).await?;
                let call = format!("POST secret {key} of {resource}");
                self.change_or_find(&call, || fly.set_secret(resource, key.as_str(), value), shown).await
            }
            (Platform::Supabase, .., Some(supabase)) => {
                self.unmoved(part, key).await?;
                let call = format!("POST secret {key} of {resource}");
                self.change_or_find(&call, || supabase.set_secret(resource, key.as_str(), value), shown).await
            }
            (Platform::Vercel, _, Some(vercel), ..) => {
                self.unmoved(part, key).await?;
                // What is sent names the variable that is read here: it must be the one that the plan saw, for the same places.
                let slot = self.look(|| vercel.slot(resource, place.as_str(), key.as_str())).await?;
                if !part.revisions.contains(&secret::slot_revision(&slot)) {
                    return Err(moved(key));
                }
                let call = format!("set variable {key} of {resource} for {place}");
                self.change_or_find(&call, || vercel.set_variable(resource, (key.as_str(), &slot), value), shown).await
            }
            (Platform::Github, .., Some(github), _) => {
                let seal = self.look(|| github.seal_key(place.as_str())).await?;
                self.unmoved(part, key).await?;
                let call = format!("PUT secret {key} of environment {place}");
                let send = || github.put_secret(place.as_str(), key.as_str(), value, &seal);
                self.change_or_find(&call, send, shown).await
            }
            _ => Err(Trouble::Failed(Text::from("no client for this platform is configured"))),
        }
    }

    /// Reads a secret just before it is set: what somebody else has set since the plan was made is not overwritten.
    async fn unmoved(&self, part: &PlanPart, key: &Text) -> Result<(), Trouble> {
        let now = self.look(|| self.revisions(part)).await?;
        if crate::engine::operations::revisions::same(&now, &part.revisions) { Ok(()) } else { Err(moved(key)) }
    }

    /// Looks until the list shows the change. One that keeps its date may have had this value before: platforms need not count
    /// that as a change.
    async fn listed(&self, part: &PlanPart, key: &Text, place: &Text) -> Result<Text, Trouble> {
        let there = (part.platform, part.resource.as_str(), place.as_str());
        let end = self.clock.mono() + LAG;
        loop {
            let seen = self.look(|| secret::seen(&self.clients, &self.plan.env, there, key.as_str())).await?;
            let moved = !part.revisions.contains(&secret::revision(key, seen.as_ref()));
            match (seen, moved) {
                (Some(_), true) => return Ok(Text::from("listed as changed")),
                (Some(_), false) if self.clock.mono() > end => {
                    return Ok(Text::from("accepted; its date did not change, so it may have had this value already"));
                }
                (None, _) if self.clock.mono() > end => {
                    return Err(Trouble::Unknown(Text::from("it was accepted, and is not listed after 10 s")));
                }
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }
}

fn moved(key: &Text) -> Trouble {
    Trouble::Failed(Text::from(format!("{key} was changed since the plan was made; nothing was sent")))
}
