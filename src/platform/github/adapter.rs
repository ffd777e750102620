//! What the console asks about a repository.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{GITHUB, Github};
use crate::domain::ids::EnvId;
use crate::domain::posture::Looked;
use crate::domain::secret::{Names, Withheld};
use crate::platform::adapters::{Adapter, Asked};
use crate::platform::{ErrorKind, PlatformError};
use crate::sanitize::Text;

/// The repository, as far as it matters to one environment.
pub struct Repository {
    /// The client, which knows the repository.
    pub github: Github,
    /// The environment, which has its own rules and secrets there.
    pub env: EnvId,
}

impl Adapter for Repository {
    /// What the token may not list is told as withheld: that is no reason to show nothing of the places where the product runs. A repository
    /// that has no environment of this name has no secrets for it.
    fn secrets(&self) -> Option<Asked<'_, Names>> {
        let read = async move {
            let place = Some(self.env.as_str());
            let (secrets, variables) =
                tokio::join!(self.github.secrets(place, &self.env), self.github.variables(place, &self.env));
            let mut names = Names::default();
            let mut hidden = Vec::new();
            for (what, list) in [("secrets", secrets), ("variables", variables)] {
                match list {
                    Ok(entries) => names.entries.extend(entries),
                    Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Forbidden) => {
                        hidden.push((what, error));
                    }
                    Err(error) => return Err(error),
                }
            }
            // "Not found" is also said of what the token may not see.
            let absent = hidden.iter().any(|(_, error)| error.kind == ErrorKind::NotFound)
                && matches!(self.github.has_environment(self.env.as_str()).await, Ok(Some(false)));
            hidden.retain(|(_, error)| error.kind != ErrorKind::NotFound || !absent);
            names.unread = hidden
                .into_iter()
                .map(|(what, error)| Withheld { platform: GITHUB, what, why: Text::from(error.to_string()) })
                .collect();
            Ok(names)
        };
        Some(read.boxed())
    }

    fn condition(&self) -> Option<BoxFuture<'_, Vec<Looked<PlatformError>>>> {
        Some(self.github.posture(self.env.as_str()).boxed())
    }
}
