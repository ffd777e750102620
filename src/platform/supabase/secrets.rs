//! Writes a project's secrets (docs/platforms/supabase.md section 3.4).

use serde_json::json;

use super::{SUPABASE, Supabase};
use crate::domain::secret_value::SecretValue;
use crate::platform::PlatformError;
use crate::platform::http::segment;

impl Supabase {
    /// `POST P/secrets`: an array of names and values, made or replaced; 201 without a body. Edge functions read it at their next
    /// call. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`] without the value.
    pub async fn set_secret(&self, reference: &str, key: &str, value: &SecretValue) -> Result<(), PlatformError> {
        let url = format!("{}/v1/projects/{}/secrets", self.access.base, segment(reference));
        let call = self.http.post(SUPABASE, &url).signed(&self.access.token, crate::platform::http::bearer);
        let body = json!([{ "name": key, "value": value.expose() }]);
        call.json(&body).done().await.map_err(|error| error.veiled(value))
    }
}
