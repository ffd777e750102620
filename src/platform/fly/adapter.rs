//! What the console asks about an app.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, TryFutureExt as _};

use super::{Fly, LISTED};
use crate::domain::environment::Declared;
use crate::domain::finding::Looked;
use crate::domain::secret::Names;
use crate::platform::PlatformError;
use crate::platform::capabilities::{Adapter, Asked, Newest, On};

impl Adapter for On<Fly> {
    fn declared(&self) -> Option<Asked<'_, Declared>> {
        Some(self.client.declared(&self.service.resource).boxed())
    }

    fn deployments(&self, age: Duration) -> Option<Asked<'_, Newest>> {
        let read = async move {
            let list = self.client.deployments(&self.service.resource, &self.service.id, age).await?;
            Ok(Newest { list, most: LISTED as usize })
        };
        Some(read.boxed())
    }

    fn secrets(&self) -> Option<Asked<'_, Names>> {
        Some(self.client.secrets(&self.service.resource, &self.service.id.env).map_ok(Names::from).boxed())
    }

    fn condition(&self) -> Option<BoxFuture<'_, Vec<Looked<PlatformError>>>> {
        Some(self.client.findings(&self.service.resource).boxed())
    }
}
