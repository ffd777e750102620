//! What the console asks about a frontend.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, TryFutureExt as _};

use super::{LISTED, Vercel};
use crate::domain::environment::{Declared, ServiceInfo, Tier};
use crate::domain::finding::Looked;
use crate::domain::ids::EnvId;
use crate::domain::secret::Names;
use crate::platform::PlatformError;
use crate::platform::capabilities::{Adapter, Asked, Newest};
use crate::sanitize::Text;

/// What an environment is called on Vercel: production by its tier, whatever the console calls it; others by their name, which
/// the client looks up among the project's custom environments.
#[must_use]
pub fn target(env: &EnvId, tier: Tier) -> Arc<str> {
    if tier == Tier::Production { "production".into() } else { env.as_str().into() }
}

/// A project in one environment.
pub struct VercelService {
    client: Vercel,
    service: ServiceInfo,
    target: Arc<str>,
}

impl VercelService {
    /// A project in the environment that its service belongs to.
    #[must_use]
    pub fn new(client: Vercel, service: ServiceInfo, tier: Tier) -> Self {
        let target = target(&service.id.env, tier);
        Self { client, service, target }
    }
}

impl Adapter for VercelService {
    fn anew(&self) -> Option<Text> {
        self.client.anew(&self.service.resource, &self.target)
    }

    fn declared(&self) -> Option<Asked<'_, Declared>> {
        Some(self.client.declared(&self.service.resource, &self.target).boxed())
    }

    fn deployments(&self, age: Duration) -> Option<Asked<'_, Newest>> {
        let read = async move {
            let (project, id) = (&self.service.resource, &self.service.id);
            let list = self.client.candidates(project, &self.target, id, age).await?;
            Ok(Newest { list, most: LISTED as usize })
        };
        Some(read.boxed())
    }

    fn secrets(&self) -> Option<Asked<'_, Names>> {
        Some(
            self.client
                .env(&self.service.resource, Some(&self.target), &self.service.id.env)
                .map_ok(Names::from)
                .boxed(),
        )
    }

    fn condition(&self) -> Option<BoxFuture<'_, Vec<Looked<PlatformError>>>> {
        Some(self.client.findings(&self.service.resource, &self.target).boxed())
    }
}
