//! What the console asks about a database project. It has no deployments.

use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, TryFutureExt as _};

use super::Supabase;
use crate::domain::environment::Declared;
use crate::domain::finding::Looked;
use crate::domain::secret::Names;
use crate::platform::PlatformError;
use crate::platform::capabilities::{Adapter, Asked, On};

impl Adapter for On<Supabase> {
    fn declared(&self) -> Option<Asked<'_, Declared>> {
        Some(self.client.declared(&self.service.resource).boxed())
    }

    fn secrets(&self) -> Option<Asked<'_, Names>> {
        Some(self.client.secrets(&self.service.resource, &self.service.id.env).map_ok(Names::from).boxed())
    }

    fn condition(&self) -> Option<BoxFuture<'_, Vec<Looked<PlatformError>>>> {
        Some(self.client.findings(&self.service.resource).boxed())
    }
}
