//! Writes a secret of an environment, encrypted to the environment's public key (docs/platforms/github.md section 7).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_box::PublicKey;
use crypto_box::aead::OsRng;
use serde::Deserialize;
use serde_json::json;

use super::{GITHUB, Github};
use crate::domain::secret_value::SecretValue;
use crate::platform::PlatformError;
use crate::platform::http::{garbage, segment};

/// The key of an environment, that its secrets are sealed to.
#[derive(Debug, Clone)]
pub struct SealKey {
    id: String,
    key: PublicKey,
}

#[derive(Deserialize)]
struct WireKey {
    key_id: String,
    key: String,
}

impl Github {
    /// `GET R/environments/{name}/secrets/public-key`.
    ///
    /// # Errors
    /// [`PlatformError`]; a key that is none is an unreadable answer.
    pub async fn seal_key(&self, environment: &str) -> Result<SealKey, PlatformError> {
        let wire: WireKey = self.get(&Self::place(Some(environment), "secrets/public-key")).read().await?;
        let bytes = STANDARD.decode(&wire.key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| garbage(GITHUB, "the key for secrets is not 32 bytes in base64"))?;
        Ok(SealKey { id: wire.key_id, key: PublicKey::from(bytes) })
    }

    /// `PUT R/environments/{name}/secrets/{key}`: 201 made, 204 changed. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`]; 422 when the key is not the environment's any more.
    pub async fn put_secret(
        &self,
        environment: &str,
        key: &str,
        value: &SecretValue,
        seal: &SealKey,
    ) -> Result<(), PlatformError> {
        let sealed = seal.key.seal(&mut OsRng, value.expose().as_bytes());
        let sealed = sealed.map_err(|_| garbage(GITHUB, "the value cannot be sealed"))?;
        let path = Self::place(Some(environment), &format!("secrets/{}", segment(key)));
        let url = format!("{}/repos/{}/{}/{path}", self.access.base, segment(&self.owner), segment(&self.name));
        let body = json!({ "encrypted_value": STANDARD.encode(sealed), "key_id": seal.id });
        let call = self.authorized(self.http.put(GITHUB, &url)).json(&body);
        call.done().await.map_err(|error| error.veiled(value))
    }
}

#[cfg(test)]
mod tests {
    use crypto_box::SecretKey;

    use super::*;

    #[tokio::test]
    async fn an_answer_that_repeats_the_value_is_told_without_it() {
        use crate::clock::SystemClock;
        use crate::config::{Access, token::Token};
        use crate::platform::http::Http;
        use crate::redact::Redactor;
        use std::sync::Arc;
        use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

        let server = MockServer::start().await;
        let says = ResponseTemplate::new(422).set_body_json(json!({ "message": "k3y-of-the-night is no secret" }));
        Mock::given(method("PUT")).respond_with(says).mount(&server).await;
        let http = Http::new(SystemClock::shared(), Arc::new(Redactor::default()), None);
        let token = Token::fixed(Some(secrecy::SecretString::from("t0ken")), "test");
        let github = Github::new(http, Access { base: server.uri(), token }, "acme/shop");
        let seal = SealKey { id: "1".into(), key: SecretKey::from([7; 32]).public_key() };
        let value = SecretValue::new("k3y-of-the-night".to_owned());
        let error = github.put_secret("production", "API_KEY", &value, &seal).await.unwrap_err().to_string();
        assert!(error.contains("is no secret") && !error.contains("k3y"), "{error}");
    }

    #[test]
    fn what_is_sealed_is_48_bytes_longer_and_only_its_owner_opens_it() {
        let mine = SecretKey::from([7; 32]);
        let sealed = mine.public_key().seal(&mut OsRng, "päss".as_bytes()).unwrap();
        assert_eq!(sealed.len(), "päss".len() + 48);
        assert_eq!(mine.unseal(&sealed).unwrap(), "päss".as_bytes());
        assert!(SecretKey::from([8; 32]).unseal(&sealed).is_err());
    }
}
