//! What the console asks about a repository.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::Github;
use crate::domain::ids::EnvId;
use crate::domain::posture::Looked;
use crate::domain::secret::SecretEntry;
use crate::platform::adapters::{Adapter, Asked};
use crate::platform::{ErrorKind, PlatformError};

/// The repository, as far as it matters to one environment.
pub struct Repository {
    /// The client, which knows the repository.
    pub github: Github,
    /// The environment, which has its own rules and secrets there.
    pub env: EnvId,
}

impl Adapter for Repository {
    /// A repository without such an environment, or a token that may not list it, has nothing to show: that is no reason to show nothing of
    /// the places where the product runs.
    fn secrets(&self) -> Option<Asked<'_, Vec<SecretEntry>>> {
        let listed = |list: Result<Vec<SecretEntry>, PlatformError>| match list {
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Forbidden) => Ok(Vec::new()),
            other => other,
        };
        let read = async move {
            let place = Some(self.env.as_str());
            let mut all = listed(self.github.secrets(place, &self.env).await)?;
            all.extend(listed(self.github.variables(place, &self.env).await)?);
            Ok(all)
        };
        Some(read.boxed())
    }

    fn condition(&self) -> Option<BoxFuture<'_, Vec<Looked<PlatformError>>>> {
        Some(self.github.posture(self.env.as_str()).boxed())
    }
}
