//! The secrets of an app.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::Machines;
use crate::domain::environment::EnvInfo;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::names;
use crate::domain::secret::SecretEntry;
use crate::engine::operations::operator::Trouble;
use crate::engine::operations::steps::secrets::{At, Secrets, Setting};
use crate::platform::capabilities::Asked;
use crate::sanitize::Text;

impl Secrets for Machines<'_> {
    fn environment(&self, env: &EnvInfo, _: &str) -> Text {
        Text::from(env.id.as_str())
    }

    fn takes_effect(&self, service: &ServiceId) -> String {
        let redeploys = names::command("redeploy", service);
        format!("machines get it when they are deployed or restarted: {redeploys} deploys them all now")
    }

    fn listed<'a>(&'a self, at: At<'a>, env: &'a EnvId) -> Asked<'a, Vec<SecretEntry>> {
        self.fly.secrets(at.resource, env).boxed()
    }

    fn send<'a>(&'a self, setting: Setting<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        let At { resource, key, .. } = setting.at;
        let work = async move {
            setting.unmoved().await?;
            let call = format!("POST secret {key} of {resource}");
            setting.call(self, &call, || self.fly.set_secret(resource, key, setting.value)).await
        };
        work.boxed()
    }
}
