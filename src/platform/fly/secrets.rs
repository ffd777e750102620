//! Writes an app's secrets. No machine changes by it (docs/platforms/fly.md section 9).

use serde_json::json;

use super::{FLY, Fly};
use crate::domain::secret_value::SecretValue;
use crate::platform::PlatformError;

impl Fly {
    /// `POST /v1/apps/{app}/secrets`: the value is staged; machines read it when they are updated or started anew. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`] without the value; 409 when somebody else writes the vault now.
    pub async fn set_secret(&self, app: &str, key: &str, value: &SecretValue) -> Result<(), PlatformError> {
        let call = self.http.post(FLY, &format!("{}/secrets", self.app_url(app)));
        let body = json!({ "values": { key: value.expose() } });
        self.machines_auth(call.json(&body)).done().await.map_err(|error| error.veiled(value))
    }
}
