//! The variables of a project.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::Pages;
use crate::domain::environment::EnvInfo;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::names;
use crate::domain::secret::SecretEntry;
use crate::engine::feeds::vercel_target;
use crate::engine::operations::operator::Trouble;
use crate::engine::operations::steps::secrets::{Around, At, Secrets, Setting};
use crate::platform::capabilities::Asked;
use crate::platform::vercel::Slot;
use crate::sanitize::Text;

impl Secrets for Pages<'_> {
    fn environment(&self, env: &EnvInfo, _: &str) -> Text {
        Text::from(&*vercel_target(&env.id, env.tier))
    }

    fn takes_effect(&self, service: &ServiceId) -> String {
        let redeploys = names::command("redeploy", service);
        format!("builds that come after it get it: {redeploys} rebuilds what is live")
    }

    fn listed<'a>(&'a self, at: At<'a>, env: &'a EnvId) -> Asked<'a, Vec<SecretEntry>> {
        self.vercel.env(at.resource, Some(at.environment), env).boxed()
    }

    fn around<'a>(&'a self, at: At<'a>) -> Asked<'a, Around> {
        let read = async move {
            let slot = self.vercel.slot(at.resource, at.environment, at.key).await?;
            let mut around = Around { revisions: vec![revision(&slot)], ..Around::default() };
            let Some(one) = slot.held else { return Ok(around) };
            if one.managed {
                let text = format!("{} is kept by an integration: set it where that comes from", at.key);
                around.refusals.push(Text::from(text));
            }
            if one.targets.len() > 1 {
                let all: Vec<&str> = one.targets.iter().map(Text::as_str).collect();
                let text = format!("it is one variable for {}: the value changes for all", all.join(", "));
                around.warnings.push(Text::from(text));
            }
            Ok(around)
        };
        read.boxed()
    }

    fn send<'a>(&'a self, setting: Setting<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        let At { resource, environment, key } = setting.at;
        let work = async move {
            setting.unmoved().await?;
            // What is sent names the variable that is read here: it must be the one that the plan saw, for the same places.
            let slot = setting.operator.look(|| self.vercel.slot(resource, environment, key)).await?;
            if !setting.part.revisions.contains(&revision(&slot)) {
                return Err(setting.moved());
            }
            let call = format!("set variable {key} of {resource} for {environment}");
            setting.call(self, &call, || self.vercel.set_variable(resource, (key, &slot), setting.value)).await
        };
        work.boxed()
    }
}

/// A variable as a plan saw it: a change of it changes the value for everything that it is for.
fn revision(slot: &Slot) -> (Text, Text) {
    let seen = slot.held.as_ref().map_or_else(
        || "not there".to_owned(),
        |one| {
            let mut targets: Vec<&str> = one.targets.iter().map(Text::as_str).collect();
            targets.sort_unstable();
            let keeper = if one.managed { " by an integration" } else { "" };
            format!("{} for {}{keeper}", one.id, targets.join(", "))
        },
    );
    (Text::from("variable"), Text::from(seen))
}
