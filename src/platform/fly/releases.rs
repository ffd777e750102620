//! Release rows and images (docs/platforms/fly.md sections 5 and 7).

use serde_json::{Value, json};

use super::{FLY, Fly, FlyRelease, wire};
use crate::domain::environment::Status;
use crate::platform::http::{garbage, segment};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

const IMAGE: &str = "query($app: String!, $ref: String!) { app(name: $app) { image(ref: $ref) { id digest ref } } }";

const DEFINITIONS: &str = "query($app: String!, $first: Int!) { app(name: $app) { releasesUnprocessed(first: $first) { \
                           nodes { version configDefinition } } } }";

impl Fly {
    /// The configurations of the newest releases by version, newest first (GraphQL `configDefinition`).
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn definitions(&self, app: &str) -> Result<Vec<(u64, Value)>, PlatformError> {
        let call = self.http.post(FLY, &format!("{}/graphql", self.access.api)).reading();
        let call = call.json(&json!({ "query": DEFINITIONS, "variables": { "app": app, "first": 50 } }));
        let answer: Value = self.graphql_auth(call).read().await?;
        let nodes = answer.pointer("/data/app/releasesUnprocessed/nodes").and_then(Value::as_array);
        let nodes = nodes.ok_or_else(|| garbage(FLY, "the answer lists no releases"))?;
        let one = |node: &Value| Some((node.get("version")?.as_u64()?, node.get("configDefinition")?.clone()));
        Ok(nodes.iter().filter_map(one).collect())
    }

    /// `GET /api/v1/apps/{app}/releases`, newest first.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn releases(&self, app: &str, limit: u32) -> Result<Vec<FlyRelease>, PlatformError> {
        let url = format!("{}/api/v1/apps/{}/releases", self.access.api, segment(app));
        let call = self.http.get(FLY, &url).query("limit", &limit.to_string());
        let list: wire::Releases = self.release_auth(call).read().await?;
        let mut releases: Vec<FlyRelease> = list.releases.into_iter().map(FlyRelease::from).collect();
        releases.sort_by_key(|release| std::cmp::Reverse(release.version));
        Ok(releases)
    }

    /// How far the platform's clock is ahead of ours, by its last answers.
    #[must_use]
    pub fn ahead(&self) -> jiff::SignedDuration {
        self.http.ahead(FLY)
    }

    /// The newest release, where its row says that a deploy is under way.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn open_release(&self, app: &str) -> Result<Option<FlyRelease>, PlatformError> {
        let newest = self.releases(app, 1).await?.into_iter().next();
        let now = self.http.now_at(FLY);
        Ok(newest.filter(|row| row.stands(now).0 == Status::Running))
    }

    /// Whether the registry still has an image (GraphQL `app.image(ref:)`): its digest, or `None` when it is gone.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn image(&self, app: &str, image: &str) -> Result<Option<Text>, PlatformError> {
        let call = self.http.post(FLY, &format!("{}/graphql", self.access.api)).reading();
        let call = call.json(&json!({ "query": IMAGE, "variables": { "app": app, "ref": image } }));
        let answer: Value = self.graphql_auth(call).read().await?;
        if let Some(words) = answer.pointer("/errors/0/message").and_then(Value::as_str) {
            let mut error = garbage(FLY, words);
            error.kind = ErrorKind::Refused;
            return Err(error);
        }
        match answer.pointer("/data/app") {
            Some(app) if app.is_object() => {
                let image = app.get("image").filter(|image| image.is_object());
                Ok(image.map(|image| Text::clean(image.get("digest").and_then(Value::as_str).unwrap_or_default())))
            }
            _ => Err(garbage(FLY, "the answer names no app")),
        }
    }

    /// Whether the registry still has an image.
    ///
    /// # Errors
    /// As [`Fly::image`].
    pub async fn image_exists(&self, app: &str, image: &str) -> Result<bool, PlatformError> {
        self.image(app, image).await.map(|found| found.is_some())
    }

    /// `POST /api/v1/releases`: makes the row, before any machine changes. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`]; after [`ErrorKind::Timeout`] the row may exist.
    pub async fn create_release(
        &self,
        app: &str,
        image: &str,
        strategy: &str,
        definition: &Value,
    ) -> Result<FlyRelease, PlatformError> {
        let call = self.http.post(FLY, &format!("{}/api/v1/releases", self.access.api));
        let strategy = strategy.to_uppercase();
        let call =
            call.json(&json!({ "app_name": app, "image": image, "strategy": strategy, "definition": definition }));
        let created: wire::Created = self.release_auth(call).read().await?;
        Ok(created.release.into())
    }

    /// `PATCH /api/v1/releases/{id}`: `running`, `complete`, `failed`, `interrupted`. Sent once.
    ///
    /// # Errors
    /// [`PlatformError`] in the platform's words.
    pub async fn patch_release(&self, id: &str, status: &str) -> Result<FlyRelease, PlatformError> {
        let call = self.http.patch(FLY, &format!("{}/api/v1/releases/{}", self.access.api, segment(id)));
        let release: wire::Release = self.release_auth(call.json(&json!({ "status": status }))).read().await?;
        Ok(release.into())
    }
}

impl From<wire::Release> for FlyRelease {
    fn from(wire: wire::Release) -> Self {
        Self {
            id: wire.id,
            version: wire.version,
            status: Text::clean(&wire.status),
            stable: wire.stable,
            in_progress: wire.in_progress,
            strategy: Text::clean(&wire.strategy),
            user: Text::clean(&wire.user),
            created_at: wire.created_at,
            image_ref: Text::clean(&wire.image_ref),
        }
    }
}
