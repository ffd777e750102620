//! Creates machines, takes them out of the proxy, stops and destroys them (docs/platforms/fly.md section 3.3). Each call is
//! sent once.

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::machines::NONCE;
use super::{FLY, Fly, Lease, Machine, NextConfig, UPDATE_TIMEOUT, wire};
use crate::platform::http::Call;
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

impl Fly {
    /// `POST /v1/apps/{app}/machines`: a machine that starts at once; `outside` = the proxy sends it nothing until it is
    /// uncordoned.
    ///
    /// # Errors
    /// [`PlatformError`]; after [`ErrorKind::Timeout`] the machine may exist: nothing but its metadata tells it apart.
    pub async fn create_machine(
        &self,
        app: &str,
        region: &str,
        config: &NextConfig,
        outside: bool,
    ) -> Result<Machine, PlatformError> {
        let call = self.http.post(FLY, &format!("{}/machines", self.app_url(app))).timeout(UPDATE_TIMEOUT);
        let body = json!({ "config": config.body(), "region": region, "skip_service_registration": outside });
        let machine: wire::Machine = self.machines_auth(call.json(&body)).read().await?;
        Ok(machine.into())
    }

    /// `DELETE …/machines/{id}?force=true`: also of one that runs. One that is gone already counts as destroyed.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when somebody else has the lease.
    pub async fn destroy_machine(&self, app: &str, id: &str, lease: Option<&Lease>) -> Result<(), PlatformError> {
        let call = self.http.delete(FLY, &self.machine_url(app, id)).query("force", "true");
        match self.machines_auth(leased(call, lease)).done().await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// `POST …/cordon` or `…/uncordon`: whether the proxy sends it requests. Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when somebody else has the lease.
    pub async fn set_cordoned(
        &self,
        app: &str,
        id: &str,
        cordoned: bool,
        lease: Option<&Lease>,
    ) -> Result<(), PlatformError> {
        let word = if cordoned { "cordon" } else { "uncordon" };
        self.act(app, id, word, lease).await
    }

    /// `GET /v1/platform/regions`: the codes of the regions where machines can be.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn regions(&self) -> Result<Vec<Text>, PlatformError> {
        let call = self.http.get(FLY, &format!("{}/v1/platform/regions", self.access.machines));
        let list: wire::Regions = self.machines_auth(call).read().await?;
        Ok(list.regions.into_iter().map(|one| Text::clean(&one.code)).collect())
    }

    /// `POST …/stop`, with the machine's own signal and patience.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when somebody else has the lease.
    pub async fn stop_machine(&self, app: &str, id: &str, lease: Option<&Lease>) -> Result<(), PlatformError> {
        self.act(app, id, "stop", lease).await
    }

    /// `POST …/start`.
    ///
    /// # Errors
    /// A refusal when it is neither stopped nor suspended.
    pub async fn start_machine(&self, app: &str, id: &str, lease: Option<&Lease>) -> Result<(), PlatformError> {
        self.act(app, id, "start", lease).await
    }

    async fn act(&self, app: &str, id: &str, word: &str, lease: Option<&Lease>) -> Result<(), PlatformError> {
        let call = self.http.post(FLY, &format!("{}/{word}", self.machine_url(app, id))).timeout(UPDATE_TIMEOUT);
        self.machines_auth(leased(call, lease)).done().await
    }
}

fn leased(call: Call, lease: Option<&Lease>) -> Call {
    match lease {
        Some(lease) => call.secret(NONCE, lease.nonce.expose_secret()),
        None => call,
    }
}
