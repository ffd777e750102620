//! GitHub as operations need it beside its runs: the secrets of an environment, which jobs read.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::Host;
use super::secrets::{At, Secrets, Setting};
use crate::domain::environment::EnvInfo;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::secret::SecretEntry;
use crate::engine::operations::operator::Trouble;
use crate::platform::capabilities::Asked;
use crate::platform::github::Github;
use crate::sanitize::Text;

/// The repository.
pub(super) struct Repository<'a> {
    pub(super) github: Option<&'a Github>,
}

impl Host for Repository<'_> {
    fn secrets(&self) -> Option<&dyn Secrets> {
        self.github.map(|github| github as &dyn Secrets)
    }
}

impl Secrets for Github {
    fn environment(&self, env: &EnvInfo, _: &str) -> Text {
        Text::from(env.id.as_str())
    }

    fn place(&self, at: At<'_>) -> Text {
        Text::from(format!("environment {} on GitHub", at.environment))
    }

    fn takes_effect(&self, _: &ServiceId) -> String {
        "jobs that start after it get it, also those that wait at a gate now".to_owned()
    }

    fn listed<'a>(&'a self, at: At<'a>, env: &'a EnvId) -> Asked<'a, Vec<SecretEntry>> {
        self.secrets(Some(at.environment), env).boxed()
    }

    fn send<'a>(&'a self, setting: Setting<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        let At { environment, key, .. } = setting.at;
        let work = async move {
            let seal = setting.operator.look(|| self.seal_key(environment)).await?;
            setting.unmoved().await?;
            let call = format!("PUT secret {key} of environment {environment}");
            setting.call(self, &call, || self.put_secret(environment, key, setting.value, &seal)).await
        };
        work.boxed()
    }
}
