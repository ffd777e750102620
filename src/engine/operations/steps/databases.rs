//! Supabase as operations need it: a project is never rolled back, tells which migrations it has applied, and keeps secrets.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sha2::{Digest as _, Sha256};

use super::Host;
use super::secrets::{At, Secrets, Setting};
use crate::domain::environment::EnvInfo;
use crate::domain::ids::{EnvId, ServiceId};
use crate::domain::secret::{Digest, SecretEntry};
use crate::domain::secret_value::SecretValue;
use crate::engine::operations::operator::Trouble;
use crate::platform::capabilities::Asked;
use crate::platform::supabase::Supabase;
use crate::sanitize::Text;

/// The projects of an account.
pub(super) struct Databases<'a> {
    pub(super) supabase: Option<&'a Supabase>,
}

impl Host for Databases<'_> {
    fn secrets(&self) -> Option<&dyn Secrets> {
        self.supabase.map(|supabase| supabase as &dyn Secrets)
    }

    fn stays(&self) -> &'static str {
        "schema and rows are never rolled back"
    }

    fn migrations<'a>(&'a self, resource: &'a str) -> Option<Asked<'a, Vec<Text>>> {
        let supabase = self.supabase?;
        let read = async move {
            let all = supabase.migrations(resource).await?;
            Ok(all.into_iter().map(|one| one.version).collect())
        };
        Some(read.boxed())
    }
}

impl Secrets for Supabase {
    fn environment(&self, _: &EnvInfo, resource: &str) -> Text {
        Text::from(resource)
    }

    fn takes_effect(&self, _: &ServiceId) -> String {
        "edge functions get it at their next call".to_owned()
    }

    fn has(&self, one: &SecretEntry, value: &SecretValue) -> Option<bool> {
        let (Digest::Opaque(digest), false) = (&one.digest, value.is_empty()) else { return None };
        let ours: String = Sha256::digest(value.expose()).iter().map(|byte| format!("{byte:02x}")).collect();
        Some(digest.as_str() == ours)
    }

    fn listed<'a>(&'a self, at: At<'a>, env: &'a EnvId) -> Asked<'a, Vec<SecretEntry>> {
        self.secrets(at.resource, env).boxed()
    }

    fn send<'a>(&'a self, setting: Setting<'a>) -> BoxFuture<'a, Result<(), Trouble>> {
        let At { resource, key, .. } = setting.at;
        let work = async move {
            setting.unmoved().await?;
            let call = format!("POST secret {key} of {resource}");
            setting.call(self, &call, || self.set_secret(resource, key, setting.value)).await
        };
        work.boxed()
    }
}
